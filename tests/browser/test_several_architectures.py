"""The page of a run of several architectures: it opens with what rescues, and its explorer switches between them."""

import pytest
from made_up_run import write_run

from depthsounder.figures.style import save
from depthsounder.report import render_report
from depthsounder.studies import figures_of
from depthsounder.sweep.runs import load_run

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

pytestmark = pytest.mark.browser


def write_page(folder, root, **changes):
    """Write the report of a made-up run, and return its address."""
    results = write_run(folder / "results", [2, 20], ["tanh", "relu"], ["naive_small", "he_normal"], **changes)
    run = load_run(results)
    for name, record in figures_of(run.config).items():
        save(record.draw(run), folder / "figures" / f"{name}.svg")
    page = render_report(run, folder / "figures", root / "workflow" / "report", folder / "index.html")
    (folder / "index.html").write_text(page, encoding="utf-8")
    return (folder / "index.html").as_uri()


@pytest.fixture
def open_page(browser):
    contexts = []

    def open_page(address):
        contexts.append(browser.new_context())
        page = contexts[-1].new_page()
        page.problems = []
        page.on("console", lambda message: page.problems.append(message.text))
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_the_explorer_switches_the_architecture_and_the_address_keeps_it(open_page, tmp_path, root):
    address = write_page(tmp_path, root, architectures=["plain", "layer_norm"], study="rescue")
    page = open_page(f"{address}#cell=20/plain/tanh/naive_small")
    verdicts = page.locator("#explorer .panel .verdicts")
    expect(verdicts).to_contain_text("stalled")

    page.locator('#explorer .panel select[name="architecture"]').select_option("layer_norm")

    # Made up: whatever is normalized trains.
    expect(verdicts).to_contain_text("trains")
    expect(page).to_have_url(f"{address}#cell=20/layer_norm/tanh/naive_small")
    again = open_page(f"{address}#cell=20/layer_norm/tanh/naive_small")
    expect(again.locator("#explorer .panel h3").first).to_contain_text("layer norm")
    expect(again.locator("h1")).to_have_text("What rescues networks that fail")
    assert page.problems == again.problems == []


def test_a_page_of_plain_networks_has_no_selector_of_architectures(open_page, tmp_path, root):
    page = open_page(write_page(tmp_path, root))

    expect(page.locator('#explorer .panel select[name="activation"]').first).to_be_visible()
    assert page.locator('select[name="architecture"]').count() == 0
    assert "rescue.yaml" in page.locator("#answer").inner_text()
    assert page.problems == []
