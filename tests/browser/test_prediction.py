"""Predict, then reveal: verdicts are hidden, predictions are painted by hand, and the score is that of the tables."""

import random

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from made_up_report import write_report
from playwright.sync_api import expect

from depthsounder.judging.verdicts import FAILURES
from depthsounder.report.links import cell_key
from depthsounder.storage.frames import cell_of
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import load_run

pytestmark = pytest.mark.browser

DEPTHS, ACTIVATIONS = [2, 5, 10, 20], ["tanh", "relu"]
INITS = ["naive_small", "glorot_normal", "he_normal", "naive_large"]
LINES = "() => [...document.querySelectorAll('main > section:not(#failure-map)')].map((section) => section.outerHTML)"


@pytest.fixture(scope="module")
def reports(tmp_path_factory, root):
    """The addresses of a plain report and of one on two architectures, with their runs."""
    found = {}
    for name, architectures in (("plain", ["plain"]), ("several", ["layer_norm", "plain"])):
        folder = tmp_path_factory.mktemp(name)
        address = write_report(folder, root, DEPTHS, ACTIVATIONS, INITS, architectures=architectures)
        found[name] = address, load_run(folder / "results")
    return found


@pytest.fixture(scope="module")
def address(reports):
    return reports["plain"][0]


def outcomes(run):
    """Whether each cell fails, by its key."""
    cells = run.verdicts[CELL_KEYS].itertuples(index=False)
    return dict(zip(map(cell_key, map(cell_of, cells)), run.verdicts["training_verdict"].isin(FAILURES), strict=True))


def foretold(run):
    """Whether theory's D leaves the bounds, for each cell of more than one layer."""
    first = run.theory[(run.theory["layer"] == 1) & run.theory["delta_second_moment_ratio_probe"].notna()]
    ratios = np.sqrt(first["delta_second_moment_ratio_probe"])
    steps = run.config.training.steps
    keys = map(cell_key, map(cell_of, first[CELL_KEYS].itertuples(index=False)))
    return dict(zip(keys, (ratios < 3 / steps) | (ratios > steps / 3), strict=True))


def begin(page):
    page.click(".predict-hide")
    return page.locator(".predict td button")


def test_verdicts_are_hidden_until_they_are_revealed(open_page):
    page = open_page()
    buttons = begin(page)
    drawing = page.locator("#figure-failure_map .canvas svg")

    expect(drawing).to_be_hidden()
    expect(page.locator("#figure-failure_map .message")).to_be_hidden()
    for link in page.locator("#figure-failure_map .tools a").all():
        expect(link).to_be_hidden()
    assert {button.inner_text() for button in buttons.all()} == {"–"}
    said = [button.get_attribute("aria-label") for button in buttons.all()]
    assert all(words.endswith(": no prediction") for words in said)

    buttons.first.click()
    assert buttons.first.get_attribute("aria-label") == "naive small, depth 2: predicted: fails"
    page.click(".predict-reveal")

    expect(drawing).to_be_visible()
    expect(page.locator(".predict-reveal")).to_be_hidden()
    assert buttons.first.inner_text()[0] in "✓✗"
    assert buttons.nth(1).inner_text() == "–"


def test_all_depths_of_the_default_sweep_are_seen_at_once_on_a_phone(open_page, root):
    page = open_page(390, address=(root / "reports/example/index.html").as_uri())
    begin(page)
    place = page.locator(".predict .scroll")

    assert place.evaluate("e => e.scrollWidth <= e.clientWidth")


@pytest.mark.parametrize("name", ["plain", "several"])
def test_the_score_and_theory_s_are_those_of_the_tables(open_page, reports, name):
    address, run = reports[name]
    page = open_page(address=address)
    begin(page)
    chance, said = random.Random(7), {}
    choices = {"activation": ACTIVATIONS, **({"architecture": ["layer_norm", "plain"]} if name == "several" else {})}
    for axis, points in choices.items():
        for point in points:
            page.select_option(f".predict select[name={axis}]", point)
            for button in page.locator(".predict td button").all():
                said[button.get_attribute("value")] = brush = chance.choice(["fails", "trains"])
                page.select_option(".predict select[name=brush]", brush)
                button.click()
    page.click(".predict-reveal")

    fails, theory = outcomes(run), foretold(run)
    right = sum((brush == "fails") == fails[key] for key, brush in said.items())
    told = [key for key in said if key in theory]
    agreed = sum(theory[key] == fails[key] for key in told)
    expect(page.locator(".predict-score")).to_contain_text(f"You were right in {right} of {len(said)} cells.")
    expect(page.locator(".predict-score")).to_contain_text(f"Theory alone is right in {agreed} of {len(told)} of them")
    assert run.config.training.steps == 30
    expect(page.locator(".predict-score")).to_contain_text("is below 0.1 or above 10.")


def test_the_keyboard_paints_and_moves(open_page):
    page = open_page()
    buttons = begin(page)
    buttons.first.focus()
    for key in ("Space", "ArrowRight", "Enter", "ArrowDown", "Space", "ArrowLeft", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    expect(buttons.first).to_be_focused()
    assert [button.inner_text() for button in buttons.all()[:6]] == ["fails", "fails", "–", "–", "–", "fails"]

    page.select_option(".predict select[name=brush]", "")
    buttons.first.press("Space")
    assert buttons.first.inner_text() == "–"


def test_a_drag_paints_what_it_passes(open_page):
    page = open_page()
    buttons = begin(page)
    page.select_option(".predict select[name=brush]", "trains")
    buttons.first.scroll_into_view_if_needed()
    first, last = (buttons.nth(number).bounding_box() for number in (0, 3))
    page.mouse.move(first["x"] + 5, first["y"] + 5)
    page.mouse.down()
    page.mouse.move(last["x"] + 5, last["y"] + 5, steps=20)
    page.mouse.up()
    page.mouse.move(first["x"] + 5, first["y"] + 45)

    assert [button.inner_text() for button in buttons.all()[:6]] == ["ok", "ok", "ok", "ok", "–", "–"]


def test_another_attempt_begins_anew_and_an_empty_one_has_no_score(open_page):
    page = open_page()
    buttons = begin(page)
    page.click(".predict-reveal")
    expect(page.locator(".predict-score")).to_have_text("You predicted no cell.")

    begin(page)
    buttons.first.click()
    page.click(".predict-hide")
    assert buttons.first.inner_text() == "–"
    expect(page.locator(".predict-score")).to_have_text("")


def test_the_rest_of_the_page_stays_as_it_is_and_nothing_leaves_it(open_page):
    page = open_page()
    page.wait_for_selector("#laboratory .lab-advice[aria-busy=false]", state="attached")
    before, location = page.evaluate(LINES), page.url
    asked = list(page.asked)
    buttons = begin(page)
    buttons.nth(2).click()
    assert page.evaluate(LINES) == before
    page.click(".predict-reveal")

    assert page.evaluate(LINES) == before
    assert (page.asked, page.url, page.problems) == (asked, location, [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_to_complain_about_hidden_or_revealed(open_page, width, scheme):
    page = open_page(width, color_scheme=scheme)
    buttons = begin(page)
    for number in range(4):
        buttons.nth(number).click()
    for click in (None, ".predict-reveal"):
        if click:
            page.click(click)
        found = Axe().run(page, context="#failure-map").response["violations"]
        assert [(item["id"], [node["html"] for node in item["nodes"]]) for item in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_a_script_and_in_print_there_is_only_the_map(open_page):
    page = open_page(java_script_enabled=False)
    expect(page.locator(".predict")).to_be_hidden()

    page = open_page()
    begin(page)
    page.emulate_media(media="print")
    expect(page.locator(".predict")).to_be_hidden()
    expect(page.locator("#figure-failure_map .canvas svg")).to_be_visible()
