"""The report in a real browser: it opens offline, fits every screen, and can be used without a mouse or a script."""

import re

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from made_up_report import write_report
from playwright.sync_api import expect

from depthsounder.figures import FIGURES

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=\"document.title='evil'\">"


@pytest.fixture(scope="module")
def address(tmp_path_factory, root):
    """The address of a report on plain networks."""
    return write_report(
        tmp_path_factory.mktemp("reports"),
        root,
        [1, 5, 20],
        ["sigmoid", "tanh", "relu"],
        ["naive_small", "naive_large", "glorot_normal", "he_normal", "critical"],
        classes=["a", "b", EVIL, "d"],
        comparisons=[
            {"activation": activation, "depth": 5, "init": "glorot_normal", "against": "he_normal"}
            for activation in ("tanh", "relu")
        ],
    )


@pytest.fixture(scope="module")
def address_of_architectures(tmp_path_factory, root):
    """The address of a report on two architectures."""
    return write_report(
        tmp_path_factory.mktemp("reports of architectures"),
        root,
        [1, 20],
        ["tanh", "relu"],
        ["naive_small", "he_normal"],
        architectures=["plain", "layer_norm"],
    )


def assert_shown(page, name, panel=0):
    """Wait for a cell's name over a panel: the page follows its address a moment after a click."""
    expect(page.locator("#explorer .panel h3").nth(panel)).to_have_text(name)


def assert_panels(page, number):
    """Wait until so many cells are shown side by side."""
    expect(page.locator("#explorer .panel")).to_have_count(number)


def assert_address(page, fragment):
    """Wait for the end of an address: the browser tells of a new one a moment after a click or a key."""
    expect(page).to_have_url(re.compile(re.escape(fragment) + "$"))


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


@pytest.mark.parametrize("width", [320, 1280])
def test_a_page_of_architectures_never_scrolls_sideways(open_page, address_of_architectures, width):
    page = open_page(width, address=address_of_architectures)

    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(open_page, scheme):
    page = open_page(color_scheme=scheme)

    # WCAG 2.1, success criterion 1.4.3: 4.5 to 1.
    faint = page.evaluate(CONTRASTS)

    assert faint == []


def test_the_dark_page_leaves_the_figures_contrasts_as_they_are(open_page):
    # The colors on tiles are chosen to read well, and a filter over them would take some of it away.
    page = open_page(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.querySelector('.canvas')).filter") == "none"


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


# --- the first screen ---


def test_the_first_screen_holds_the_answer_and_its_cards(open_page):
    page = open_page(1280)

    boxes = [page.locator(f"#answer {part}").first.bounding_box() for part in (".points", "#figure-answer svg")]

    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]
    cards = page.locator("#figure-answer svg a.cell")
    assert cards.count() == 15
    assert all(box["y"] + box["height"] <= 800 for box in (cards.nth(at).bounding_box() for at in range(15)))


def test_the_first_screen_of_a_phone_says_who_fails_why_and_what_works(open_page):
    page = open_page(390)

    last = page.locator("#answer .points > div").last

    assert last.locator("dt").inner_text() == "What works"
    assert last.bounding_box()["y"] + last.bounding_box()["height"] <= 844


@pytest.mark.parametrize("way", ["hover", "focus"])
def test_a_word_is_explained_under_the_pointer_and_on_focus(open_page, way):
    page = open_page()
    word = page.locator("#backward a.word[href='#word-D']").first

    getattr(word, way)()

    expect(page.locator("#tip")).to_have_text(re.compile("^D: how much of the error arrives"))
    assert word.get_attribute("aria-describedby") == "tip"
    page.keyboard.press("Escape")
    expect(page.locator("#tip")).to_be_hidden()


@pytest.mark.parametrize("way", ["hover", "focus"])
def test_a_cell_that_is_named_says_what_became_of_it_and_leads_to_it(open_page, way):
    page = open_page()
    link = page.locator("#answer .points a.cell").first
    depth, _, activation, init = link.get_attribute("href").removeprefix("#cell=").split("/")

    getattr(link, way)()
    tip = page.locator("#tip").inner_text()
    page.keyboard.press("Enter") if way == "focus" else link.click()

    name = f"{activation}, {init}, depth {depth}".replace("_", " ")
    assert tip.startswith(f"{name}: ")
    assert "networks trained" in tip
    assert f"{activation}: " in tip
    assert "Var(W) = " in tip
    assert_shown(page, name)


@pytest.mark.parametrize("way", ["hover", "focus"])
@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("init-naive_small", "naive small: weights about ±0.01, at any width; Var(W) = 0.01²"),
        ("activation-sigmoid", "sigmoid: goes to 0 far below 0 and to 1 far above; φ(z) = 1/(1 + exp(−z))"),
        ("word-width", "width: the units of a hidden layer, 8 here."),
    ],
)
def test_what_is_named_on_the_first_screen_is_told_in_words(open_page, row, words, way):
    page = open_page()

    getattr(page.locator(f"#answer .points a.word[href='#{row}']").first, way)()

    expect(page.locator("#tip")).to_have_text(words)


def test_the_explorer_writes_small_numbers_as_the_page_does(open_page):
    page = open_page(fragment="#cell=20/plain/sigmoid/naive_small")

    said = " ".join(page.locator("#explorer svg[aria-label]").evaluate_all("all => all.map(e => e.ariaLabel)"))
    shown = page.locator("#explorer .panel").inner_text()

    assert "× 10⁻" in said
    assert not re.search(r"\de[-+]?\d", said + shown)


def test_the_definition_of_every_word_that_is_marked_stands_on_the_page(open_page):
    page = open_page()

    lost = page.evaluate(
        "[...document.querySelectorAll('a.word')].filter(e => !document.getElementById(e.hash.slice(1)))"
        ".map(e => e.hash)"
    )

    assert lost == []
    assert page.locator("a.word").count() > 20


@pytest.mark.parametrize("figure", ["answer", "failure_map", "learning_rates", "prediction"])
def test_the_cells_of_a_drawing_are_walked_through_by_arrow_keys(open_page, figure):
    page = open_page()
    links = page.locator(f"#figure-{figure} svg a.cell")
    assert page.locator(f"#figure-{figure} svg a.cell[tabindex='0']").count() == 1
    links.first.focus()

    first = page.evaluate("document.activeElement.getAttribute('href')")
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
        if page.evaluate("document.activeElement.getAttribute('href')") != first:
            break
    second = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")

    assert first != second
    assert_address(page, second)
    assert_panels(page, 1)


def test_a_count_opens_to_the_cells_that_it_counts(open_page):
    page = open_page()
    chip = page.locator("#answer .chip").filter(has_text="stalled")
    amount = int(chip.locator("b").inner_text())

    chip.locator("summary").click()

    assert chip.locator("a.cell").count() == amount
    first = chip.locator("a.cell").first
    first.click()
    assert_address(page, first.get_attribute("href"))


# --- the explorer ---


def test_the_address_opens_a_cell_and_one_to_compare_it_with(open_page):
    page = open_page(fragment="#cell=20/plain/tanh/he_normal&against=5/plain/relu/naive_small/0.1")

    assert_shown(page, "tanh, he normal, depth 20")
    assert_shown(page, "relu, naive small, depth 5", panel=1)
    assert "rate 0.1" in page.locator("#explorer .panel").nth(1).locator("svg").last.text_content()
    assert page.problems == []


def test_another_choice_is_drawn_and_kept_in_the_address(open_page, address):
    page = open_page(390, fragment="#cell=1/plain/sigmoid/naive_small")

    page.select_option("#explorer select[name=activation]", "relu")
    page.select_option("#explorer select[name=depth]", "20")

    assert_shown(page, "relu, naive small, depth 20")
    expect(page).to_have_url(f"{address}#cell=20/plain/relu/naive_small")
    again = open_page(fragment="#cell=20/plain/relu/naive_small")
    assert again.inner_text("#explorer .panel") == page.inner_text("#explorer .panel")


def test_a_selector_switches_the_architecture_where_there_are_several(open_page, address_of_architectures):
    page = open_page(address=address_of_architectures, fragment="#cell=20/plain/tanh/naive_small")
    assert_shown(page, "tanh, naive small, depth 20")
    assert page.locator("#explorer select[name=architecture] option").all_inner_texts() == ["plain", "layer norm"]
    plain = page.inner_text("#explorer .panel .facts")

    page.select_option("#explorer select[name=architecture]", "layer_norm")

    assert_shown(page, "tanh, naive small, layer norm, depth 20")
    expect(page).to_have_url(f"{address_of_architectures}#cell=20/layer_norm/tanh/naive_small")
    # The made-up signal of normalized networks keeps its size, and that of these plain ones does not.
    assert page.inner_text("#explorer .panel .facts") != plain
    page.select_option("#explorer select[name=architecture]", "plain")
    assert_shown(page, "tanh, naive small, depth 20")
    assert page.inner_text("#explorer .panel .facts") == plain
    assert page.problems == []


def test_two_architectures_of_one_cell_are_shown_side_by_side(open_page, address_of_architectures):
    page = open_page(address=address_of_architectures, fragment="#cell=20/plain/relu/he_normal")
    page.click("#explorer-compare")
    assert_panels(page, 2)

    page.locator("#explorer select[name=architecture]").nth(1).select_option("layer_norm")

    assert_shown(page, "relu, he normal, depth 20")
    assert_shown(page, "relu, he normal, layer norm, depth 20", panel=1)
    assert_address(page, "#cell=20/plain/relu/he_normal&against=20/layer_norm/relu/he_normal")


@pytest.mark.parametrize(
    ("architecture", "meaning"),
    [
        ("plain", "plain: leaves a layer's sums as they are. tanh: goes"),
        (
            "layer_norm",
            "layer norm: brings the sums of each example over the units to mean 0 and variance 1, and scales",
        ),
    ],
)
def test_a_cell_that_is_named_says_what_its_architecture_does(
    open_page, address_of_architectures, architecture, meaning
):
    page = open_page(address=address_of_architectures)

    page.locator(f"#figure-failure_map a.cell[href='#cell=20/{architecture}/tanh/he_normal']").focus()

    expect(page.locator("#tip")).to_contain_text(meaning)


def test_a_page_of_plain_networks_alone_has_no_selector_of_architectures(open_page):
    page = open_page(fragment="#cell=1/plain/sigmoid/naive_small")

    assert_panels(page, 1)
    named = page.locator("#explorer .panel select").evaluate_all("all => all.map(e => e.name)")
    assert named == ["activation", "init", "depth", "rate"]


def test_the_explorer_is_walked_through_by_keyboard(open_page):
    page = open_page(fragment="#cell=1/plain/sigmoid/naive_small")
    page.focus("#explorer select[name=activation]")

    walked = []
    for _ in range(5):
        walked.append(page.evaluate("document.activeElement.name || document.activeElement.id"))
        page.keyboard.press("Tab")
    assert walked == ["activation", "init", "depth", "rate", "explorer-compare"]

    page.focus("#explorer select[name=depth]")
    page.keyboard.press("ArrowDown")
    assert_shown(page, "sigmoid, naive small, depth 5")
    assert page.evaluate("document.activeElement.name") == "depth"
    page.focus("#explorer-compare")
    page.keyboard.press("Enter")
    assert_panels(page, 2)


@pytest.mark.parametrize(
    ("figure", "links"), [("answer", 15), ("failure_map", 45), ("learning_rates", 45), ("comparisons", 2)]
)
def test_what_stands_for_a_cell_in_a_drawing_is_found_under_the_pointer(open_page, figure, links):
    page = open_page()
    missed = page.evaluate(
        """(figure) => [...document.querySelectorAll(`#figure-${figure} svg a.cell`)].map((link) => {
            link.scrollIntoView({block: "center", behavior: "instant"});
            const box = link.getBoundingClientRect();
            const found = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            return found?.closest("a") === link ? null : link.getAttribute("href");
        })""",
        figure,
    )
    assert missed == [None] * links


def test_a_row_of_the_comparisons_is_explained_under_the_pointer_and_opens_both_cells(open_page):
    page = open_page()
    row = page.locator("#figure-comparisons svg a.cell").first
    row.hover(timeout=5000)
    expect(page.locator("#tip")).to_have_text(re.compile("^tanh, glorot normal, depth 5: "))
    row.click(timeout=5000)

    assert_address(page, "#cell=5/plain/tanh/glorot_normal&against=5/plain/tanh/he_normal")
    assert_panels(page, 2)


def test_a_click_on_the_failure_map_opens_its_cell(open_page):
    page = open_page()

    page.locator("[id='failure_map-cell:20:plain:relu:naive_large']").click()

    assert_shown(page, "relu, naive large, depth 20")
    assert_address(page, "#cell=20/plain/relu/naive_large")


@pytest.mark.parametrize(
    "fragment",
    [
        "#cell=7/plain/relu/he_normal",
        "#cell=5/layer_norm/relu/he_normal",
        "#cell=5/relu/he_normal",
        "#cell=constructor",
        "#cell=5/plain/<img src=x onerror=alert(1)>/he_normal",
        "#cell=%",
        "#&=&=",
    ],
)
def test_an_address_that_names_no_cell_is_ignored(open_page, fragment):
    page = open_page(fragment=fragment)

    names = "#explorer .panel h3"
    assert page.locator(names).all_inner_texts() == open_page().locator(names).all_inner_texts()
    assert page.problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_to_complain_about(open_page, width, scheme):
    both = "#cell=20/plain/tanh/he_normal&against=5/plain/relu/he_normal"
    page = open_page(width, color_scheme=scheme, bypass_csp=True, fragment=both)

    found = Axe().run(page).response["violations"]

    assert [(rule["id"], [node["html"][:120] for node in rule["nodes"][:3]]) for rule in found] == []


def test_axe_finds_nothing_to_complain_about_in_a_page_of_architectures(open_page, address_of_architectures):
    both = "#cell=20/plain/tanh/he_normal&against=20/layer_norm/tanh/he_normal"
    page = open_page(address=address_of_architectures, bypass_csp=True, fragment=both)

    found = Axe().run(page).response["violations"]

    assert [(rule["id"], [node["html"][:120] for node in rule["nodes"][:3]]) for rule in found] == []


def test_the_keyboard_reaches_the_answer_first(open_page):
    page = open_page()

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert_address(page, "#answer")


def test_what_scrolls_can_be_scrolled_from_the_keyboard(open_page):
    page = open_page(390)

    stuck = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => getComputedStyle(e).overflowX === 'auto'"
        " && e.scrollWidth > e.clientWidth && e.tabIndex < 0).map(e => e.className)"
    )

    assert stuck == []


AT_TOP = """anchor => {
    const { top } = document.getElementById(anchor).getBoundingClientRect();
    const atEnd = innerHeight + scrollY > document.documentElement.scrollHeight - 2;
    return top > -1 && top < (atEnd ? innerHeight : 100);
}"""


@pytest.mark.parametrize("width", [1280, 390])
def test_a_link_to_a_section_leads_to_its_start(open_page, width):
    fragments = open_page().eval_on_selector_all(".contents a", "links => links.map(link => link.hash)")
    assert len(fragments) > 10
    # Figures above a section have a guessed height until they are seen.
    for fragment in fragments:
        page = open_page(width=width, fragment=fragment)
        page.wait_for_timeout(1000)
        assert page.evaluate(AT_TOP, fragment[1:]), fragment

        page = open_page(width=width)
        page.evaluate("fragment => document.querySelector(`a[href='${fragment}']`).click()", fragment)
        page.wait_for_timeout(1000)
        assert page.evaluate(AT_TOP, fragment[1:]), fragment
        assert page.problems == []


def test_a_reader_who_moves_is_not_called_back(open_page):
    page = open_page(width=390, fragment="#forward")
    page.mouse.wheel(0, -3000)
    page.wait_for_timeout(1000)

    assert not page.evaluate(AT_TOP, "forward")


def test_the_contents_follow_the_reader(open_page):
    page = open_page()

    page.locator("#theory").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('#theory').scrollIntoView()")
    page.wait_for_selector(".contents a[aria-current][href='#theory']", timeout=3000)


def test_the_page_is_complete_without_a_script(open_page):
    page = open_page(java_script_enabled=False)

    assert "learn nothing" in page.inner_text("#answer .points")
    assert page.locator(".canvas svg:is([role=img], [role=group])").count() == len(FIGURES)


def test_printing_shows_what_is_folded_away(open_page):
    page = open_page()

    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    # The lists of counted cells stay folded: every cell stands in the failure map.
    opened = page.evaluate("[...document.querySelectorAll('details:not(.chip details)')].every(e => e.open)")
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
