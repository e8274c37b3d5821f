"""Tables of cells sort by value and filter, by pointer and keyboard, and the explorer opens on two telling cells."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from made_up_report import write_report
from playwright.sync_api import expect

from depthsounder.judging.verdicts import FAILURES
from depthsounder.sweep.runs import load_run

pytestmark = pytest.mark.browser

PAIRS = [
    {"activation": "tanh", "depth": depth, "init": "glorot_normal", "against": against}
    for depth in (2, 5, 10)
    for against in ("naive_small", "he_normal", "naive_large")
]
SHOWN = "rows => rows.filter(row => !row.hidden).map(row => [...row.cells].map(cell => cell.textContent.trim()))"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def address(results, root):
    inits = ["naive_small", "glorot_normal", "he_normal", "naive_large"]
    return write_report(results, root, [1, 2, 5, 10], ["tanh", "relu"], inits, comparisons=PAIRS)


@pytest.fixture(scope="module")
def run(address, results):
    return load_run(results / "results")


def rows_of(table):
    return table.locator("tbody tr").evaluate_all(SHOWN)


def all_cells(page):
    page.click(".all-cells summary")
    return page.locator(".all-cells table")


def test_all_cells_are_a_table_that_sorts_by_value_and_not_by_text(open_page, run):
    page = open_page()
    table = all_cells(page)
    heading = table.locator("th", has_text="Depth")

    assert len(rows_of(table)) == len(run.verdicts)
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    depths = [int(row[2]) for row in rows_of(table)]
    assert depths == sorted(run.verdicts["depth"])

    heading.get_by_role("button").press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert [int(row[2]) for row in rows_of(table)] == depths[::-1]
    expect(table.locator("th[aria-sort]")).to_have_count(1)


def test_powers_of_ten_are_in_order_and_what_is_missing_stands_last_either_way(open_page, run):
    page = open_page()
    table = all_cells(page)
    column = table.locator("th").all_inner_texts().index("D")
    inits = {name.replace("_", " "): name for name in run.inits}
    # One hidden layer has no D.
    ratios = run.verdicts.set_index(["activation", "init", "depth"])["delta_ratio"]
    for descending in (False, True):
        table.locator("th").nth(column).get_by_role("button").click()
        shown = rows_of(table)
        missing = [row[column] == "–" for row in shown]
        assert missing == sorted(missing)
        assert sum(missing) == ratios.isna().sum() > 0
        found = [ratios[row[1], inits[row[0]], int(row[2])] for row in shown if row[column] != "–"]
        # Two digits are shown, and equal ones may stand in any order.
        rounded = [float(f"{value:.1e}") for value in found]
        assert rounded == sorted(rounded, reverse=descending)


def test_a_filter_says_how_many_rows_remain_and_print_shows_all(open_page, run):
    page = open_page()
    table = all_cells(page)
    field = page.locator(".all-cells input")
    field.fill("TANH large")

    remaining = rows_of(table)
    assert {(row[0], row[1]) for row in remaining} == {("naive large", "tanh")}
    expect(page.locator(".all-cells output")).to_have_text(f"{len(remaining)} of {len(run.verdicts)} rows")
    page.emulate_media(media="print")
    expect(table.locator("tbody tr").first).to_be_visible()
    expect(table.locator("tbody tr").last).to_be_visible()
    expect(field).to_be_hidden()


def test_a_number_in_the_filter_stands_for_itself_and_no_part_of_another_one(open_page):
    page = open_page()
    table = all_cells(page)
    page.locator(".all-cells input").fill("tanh 10")

    assert {(row[1], row[2]) for row in rows_of(table)} >= {("tanh", "10")}
    assert all("10" in re.split(r"[^\d.]+", " ".join(row)) for row in rows_of(table))


@pytest.mark.parametrize(("section", "column"), [("comparisons", "Ratio"), ("claims", "Verdict"), ("method", "Value")])
def test_comparisons_claims_and_thresholds_sort_too(open_page, section, column):
    page = open_page()
    for summary in page.locator(f"#{section} details:has(table) > summary").all():
        summary.click()
    table = page.locator(f"#{section} table").first
    place = [text.strip() for text in table.locator("thead th").all_inner_texts()].index(column)
    before = rows_of(table)
    for _ in range(2):
        table.locator("thead th").nth(place).get_by_role("button").click()

    assert sorted(rows_of(table)) == sorted(before)
    values = [row[place] for row in rows_of(table)]
    if section == "claims":
        assert values == sorted(values, reverse=True)
    else:
        assert [float(value) for value in values] == sorted(map(float, values), reverse=True)


def test_a_row_of_a_claim_leads_to_it(open_page):
    page = open_page()
    page.click("#claims details:has(table) > summary")
    link = page.locator("#claims table a").first
    page.click(f"#claims table a >> text={link.inner_text()}")
    assert page.locator(":target h3").inner_text() == link.inner_text()


def test_without_a_script_tables_stay_as_they_are(open_page):
    page = open_page(java_script_enabled=False)
    expect(page.locator(".sort, .filter-bar")).to_have_count(0)
    expect(page.locator(".all-cells")).to_be_hidden()
    assert len(rows_of(page.locator("#comparisons table"))) == len(PAIRS)


def test_the_explorer_opens_on_the_deepest_cell_that_trains_beside_one_that_fails(open_page, run):
    page = open_page()
    panels = page.locator("#explorer .panel")
    expect(panels).to_have_count(2)
    names = [heading.lower() for heading in panels.locator("h3").all_inner_texts()]
    verdicts = run.verdicts.set_index(["activation", "init", "depth"])["training_verdict"]

    def cell(name):
        activation, init, depth = name.split(", ")
        return activation, init.replace(" ", "_"), int(depth.removeprefix("depth "))

    first, second = map(cell, names)
    assert verdicts[first] == "trains"
    assert first[2] == max(depth for (_, _, depth), verdict in verdicts.items() if verdict == "trains")
    assert verdicts[second] in FAILURES
    assert first[0] == second[0]
    said = page.locator("#explorer .look")
    expect(said).to_contain_text("Look at the lower row of boxes")
    for activation, init, depth in (first, second):
        expect(said).to_contain_text(f"{activation} with {init.replace('_', ' ')} at depth {depth}")

    panels.first.locator("select[name=init]").select_option("naive_small")
    expect(said).to_be_hidden()


def test_an_address_comes_before_the_telling_cells(open_page):
    page = open_page(fragment="#cell=2/plain/relu/he_normal")
    expect(page.locator("#explorer .panel h3")).to_have_text("relu, he normal, depth 2")
    expect(page.locator("#explorer .look")).to_be_hidden()


def test_one_cell_uses_the_width_that_there_is(open_page):
    page = open_page()
    page.click("#explorer-compare")
    panel, section = (page.locator(place).bounding_box() for place in ("#explorer .panel", "#explorer"))
    assert panel["width"] > 0.98 * section["width"]
    drawings = [drawing.bounding_box() for drawing in page.locator("#explorer .drawings svg").all()]
    assert len({round(box["x"]) for box in drawings}) == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_to_complain_about_in_open_tables(open_page, width, scheme):
    page = open_page(width, color_scheme=scheme)
    all_cells(page).locator("th button").first.click()
    page.click("#claims details:has(table) > summary")
    for section in ("#failure-map", "#claims", "#comparisons"):
        found = Axe().run(page, context=section).response["violations"]
        assert [(item["id"], [node["html"] for node in item["nodes"]]) for item in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.problems == []
