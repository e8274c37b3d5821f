"""The report in a real browser: it opens offline, fits every screen, and can be used without a mouse or a script."""

import pandas as pd
import pytest
from made_up_run import write_run

from depthsounder.figures import FIGURES
from depthsounder.figures.style import save
from depthsounder.report import render_report
from depthsounder.sweep.runs import load_run

Axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=\"document.title='evil'\">"


@pytest.fixture(scope="module")
def address(tmp_path_factory, root):
    """The address of a report, as a file."""
    folder = tmp_path_factory.mktemp("reports")
    results = write_run(
        folder / "results",
        [1, 5, 20],
        ["sigmoid", "tanh", "relu"],
        ["naive_small", "naive_large", "glorot_normal", "he_normal", "critical"],
        classes=["a", "b", EVIL, "d"],
    )
    run = load_run(results)
    for name, record in FIGURES.items():
        save(record.draw(run), folder / "figures" / f"{name}.svg")
    page = render_report(run, folder / "figures", root / "workflow" / "report", folder / "index.html")
    (folder / "index.html").write_text(page, encoding="utf-8")
    return (folder / "index.html").as_uri()


@pytest.fixture
def open_page(browser, address):
    """Opens the report in a window of its own, and says what went wrong and what was asked for."""
    contexts = []

    def open_page(width=1280, fragment="", **options):
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.problems, page.asked = [], []
        page.on("console", lambda message: page.problems.append(message.text))
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(address + fragment)
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_the_page_opens_without_a_request_or_a_complaint(open_page, address):
    page = open_page(offline=True)

    page.wait_for_timeout(300)

    assert page.problems == []
    assert [url for url in page.asked if not url.startswith("data:")] == [address]
    assert page.title() == "Depthsounder: made-up"


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_never_scrolls_sideways(open_page, width, scheme):
    page = open_page(width, color_scheme=scheme)

    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(open_page, scheme):
    page = open_page(color_scheme=scheme)

    # WCAG 2.1, success criterion 1.4.3: 4.5 to 1.
    faint = page.evaluate(CONTRASTS)

    assert faint == []


def test_dark_and_light_differ(open_page):
    grounds = {
        open_page(color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }

    assert len(grounds) == 2


def test_every_figure_is_drawn_and_has_its_size(open_page):
    page = open_page()

    for name in FIGURES:
        box = page.locator(f"#figure-{name} .canvas svg").bounding_box()
        assert box["width"] > 200, name
        assert box["height"] > 60, name


def test_rows_are_downloaded_from_the_file(open_page, tmp_path):
    page = open_page()

    with page.expect_download() as waiting:
        page.click("#figure-answer a[download]")
    waiting.value.save_as(tmp_path / "answer.csv")

    assert waiting.value.suggested_filename == "answer.csv"
    assert len(pd.read_csv(tmp_path / "answer.csv")) == 15


# --- the explorer ---


def heading(page, panel=0):
    return page.locator("#explorer .panel h3").nth(panel).inner_text()


def test_the_address_opens_a_cell_and_one_to_compare_it_with(open_page):
    page = open_page(fragment="#cell=20/tanh/he_normal&against=5/relu/naive_small/0.1")

    assert (heading(page), heading(page, 1)) == ("tanh, he normal, depth 20", "relu, naive small, depth 5")
    assert "rate 0.1" in page.locator("#explorer .panel").nth(1).locator("svg").last.text_content()
    assert page.problems == []


def test_another_choice_is_drawn_and_kept_in_the_address(open_page, address):
    page = open_page(390)

    page.select_option("#explorer select[name=activation]", "relu")
    page.select_option("#explorer select[name=depth]", "20")

    assert heading(page) == "relu, naive small, depth 20"
    assert page.url == f"{address}#cell=20/relu/naive_small"
    again = open_page(fragment="#cell=20/relu/naive_small")
    assert again.inner_text("#explorer .panel") == page.inner_text("#explorer .panel")


def test_the_explorer_is_walked_through_by_keyboard(open_page):
    page = open_page()
    page.focus("#explorer select[name=activation]")

    walked = []
    for _ in range(5):
        walked.append(page.evaluate("document.activeElement.name || document.activeElement.id"))
        page.keyboard.press("Tab")
    assert walked == ["activation", "init", "depth", "rate", "explorer-compare"]

    page.focus("#explorer select[name=depth]")
    page.keyboard.press("ArrowDown")
    assert heading(page) == "sigmoid, naive small, depth 5"
    assert page.evaluate("document.activeElement.name") == "depth"
    page.focus("#explorer-compare")
    page.keyboard.press("Enter")
    assert page.locator("#explorer .panel").count() == 2


def test_a_click_on_the_failure_map_opens_its_cell(open_page):
    page = open_page()

    page.locator("[id='failure_map-cell:20:relu:naive_large']").click()

    assert heading(page) == "relu, naive large, depth 20"
    assert page.url.endswith("#cell=20/relu/naive_large")


@pytest.mark.parametrize(
    "fragment",
    [
        "#cell=7/relu/he_normal",
        "#cell=constructor",
        "#cell=5/<img src=x onerror=alert(1)>/he_normal",
        "#cell=%",
        "#&=&=",
    ],
)
def test_an_address_that_names_no_cell_is_ignored(open_page, fragment):
    page = open_page(fragment=fragment)

    assert heading(page) == "sigmoid, naive small, depth 1"
    assert page.problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_to_complain_about(open_page, width, scheme):
    page = open_page(
        width, color_scheme=scheme, bypass_csp=True, fragment="#cell=20/tanh/he_normal&against=5/relu/he_normal"
    )

    found = Axe().run(page).response["violations"]

    assert [(rule["id"], [node["html"][:120] for node in rule["nodes"][:3]]) for rule in found] == []


def test_the_keyboard_reaches_the_answer_first(open_page):
    page = open_page()

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("location.hash") == "#answer"


def test_what_scrolls_can_be_scrolled_from_the_keyboard(open_page):
    page = open_page(390)

    stuck = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => getComputedStyle(e).overflowX === 'auto'"
        " && e.scrollWidth > e.clientWidth && e.tabIndex < 0).map(e => e.className)"
    )

    assert stuck == []


def test_the_contents_follow_the_reader(open_page):
    page = open_page()

    page.locator("#theory").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('#theory').scrollIntoView()")
    page.wait_for_selector(".contents a[aria-current][href='#theory']", timeout=3000)


def test_the_page_is_complete_without_a_script(open_page):
    page = open_page(java_script_enabled=False)

    assert "Of the 15 combinations" in page.inner_text("#answer")
    assert page.locator(".canvas svg[role=img]").count() == len(FIGURES)


def test_printing_shows_what_is_folded_away(open_page):
    page = open_page()

    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    opened = page.evaluate("[...document.querySelectorAll('details')].every(e => e.open)")
    page.evaluate("dispatchEvent(new Event('afterprint'))")

    assert opened
    assert page.evaluate("[...document.querySelectorAll('details')].every(e => !e.open)")


def test_the_page_prints_to_pages(open_page):
    page = open_page()

    assert page.pdf(format="A4").startswith(b"%PDF")


CONTRASTS = """
() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const style = getComputedStyle(e);
      if (style.backgroundImage !== 'none') return null;
      const color = parse(style.backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  for (const element of document.querySelectorAll('body *:not(svg *)')) {
    const text = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!text || !element.checkVisibility()) continue;
    const back = ground(element);
    if (back === null) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return [...faint];
}
"""
