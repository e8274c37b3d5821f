"""What the page names leads somewhere: words to their definitions, cells to the explorer, names to their formulas."""

import re

import numpy as np
import pytest
from made_up_run import write_run

from depthsounder.elements.activation import Activation
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.axes import Cell, Design
from depthsounder.elements.initializers import INITIALIZERS
from depthsounder.report.counts import Count, training_counts
from depthsounder.report.glossary import Word, glossary, mark_words, named_elements
from depthsounder.report.links import cell_address, cell_words, linked_drawing, named_cells
from depthsounder.report.names import activation_rows, curve, init_rows
from depthsounder.sweep.runs import load_run

WORDS = [Word("D", "D", "a ratio."), Word("tail loss", "tail loss(?:es)?", "a mean.")]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return load_run(
        write_run(folder, [2, 5], ["sigmoid", "relu"], ["naive_small", "he_normal", "critical", "gaussian_w1.5_b0.05"])
    )


def marked(html, names=None):
    return str(mark_words(f"<main>{html}</main>", WORDS, names or {}))[6:-7]


# --- words ---


def test_a_word_leads_to_its_definition_where_it_first_stands_in_a_section():
    page = marked("<section><p>D and D</p></section><section><p>tail losses, D</p></section>")
    assert page == (
        '<section><p><a class="word" href="#word-D">D</a> and D</p></section>'
        '<section><p><a class="word" href="#word-tail-loss">tail losses</a>, <a class="word" href="#word-D">D</a></p>'
        "</section>"
    )


@pytest.mark.parametrize("html", ["<a>D</a>", "<h2>D</h2>", "<svg><text>D</text></svg>", "<code>D</code>", "DD 2D"])
def test_what_is_a_link_or_a_title_or_another_word_is_left_alone(html):
    assert marked(html) == html


def test_within_its_own_definition_a_word_is_not_explained_by_it():
    html = '<div id="word-D"><dt><dfn>D</dfn></dt><dd>D, of a tail loss</dd></div>'
    assert marked(html).count("<a ") == 1
    assert 'href="#word-tail-loss"' in marked(html)


def test_what_stands_outside_of_the_main_part_is_left_alone():
    assert str(mark_words("<nav>D</nav><main>x</main>D", WORDS, {})) == "<nav>D</nav><main>x</main>D"


def test_every_word_that_the_page_needs_is_defined_with_the_bounds_of_the_run(run):
    meanings = {word.name: word.meaning for word in glossary(run)}
    assert {"D", "H", "q", "nat", "tail loss", "law", "borderline", "blind", "partial", "mixed"} <= set(meanings)
    assert "Below 0.01 it vanishes, above 100 it explodes" in meanings["D"]
    assert "1.39 nat" in meanings["H"]
    assert "last 5 batches" in meanings["tail loss"]
    assert {"unit", "activation", "initialization"} <= set(meanings)
    assert meanings["width"] == "the units of a hidden layer, 8 here."
    assert f"after {run.config.training.batch_size} examples" in meanings["step"]
    assert meanings["trains"].startswith("in 80 % of the networks or more the tail loss comes to at most 0.1 of")


def test_the_words_that_a_first_reader_lacks_are_explained_where_they_stand(run):
    html = "<p>Trained within 30 steps; no unit trains by a complex step, whatever the width, activation or init.</p>"
    page = str(mark_words(f"<main>{html}</main>", glossary(run), {}))
    assert re.findall(r'#(word-\w+)">([^<]+)</a>', page) == [
        ("word-trains", "Trained"),
        ("word-step", "steps"),
        ("word-unit", "unit"),
        ("word-width", "width"),
        ("word-activation", "activation"),
        ("word-initialization", "init"),
    ]


def test_a_name_leads_to_its_row_and_is_not_explained_there(run):
    html = '<dt>Sigmoid</dt><dd>He normal, he_normal and relu</dd><tr id="init-critical"><td>critical</td></tr>'
    page = str(mark_words(f"<main>{html}</main>", named_elements(run), {}))
    assert re.findall(r'href="#([^"]+)">([^<]+)</a>', page) == [
        ("activation-sigmoid", "Sigmoid"),
        ("init-he_normal", "He normal"),
        ("activation-relu", "relu"),
    ]


def test_of_two_names_that_end_alike_the_longer_is_meant(tmp_path):
    run = load_run(write_run(tmp_path, [2], ["relu", "leaky_relu"], ["he_normal"]))
    page = str(mark_words("<main>leaky relu, relu</main>", named_elements(run), {}))
    assert re.findall(r'href="#([^"]+)"', page) == ["activation-leaky_relu", "activation-relu"]


# --- cells ---


@pytest.mark.parametrize(
    "text",
    [
        "relu with he normal at depth 5",
        "relu with he_normal at depth 5",
        "relu, he normal, depth 5",
        "(relu, he normal)",
    ],
)
def test_a_sentence_that_names_a_cell_leads_to_it(run, text):
    page = marked(f"the worst is {text}.", named_cells(run))
    assert page == f'the worst is <a class="cell" href="#cell=5/plain/relu/he_normal">{text}</a>.'


@pytest.mark.parametrize("text", ["relu with he normal at depth 50", "tanh with he normal at depth 5", "(relu, zeros)"])
def test_what_names_no_cell_of_the_run_leads_nowhere(run, text):
    page = marked(text, named_cells(run))
    assert page == text


def test_a_group_of_a_drawing_that_stands_for_a_cell_is_a_link_with_its_name(run):
    drawing = '<svg role="img"><g id="x-cell:5:plain:relu:he_normal"><path/></g><g id="other"><path/></g></svg>'
    linked = str(linked_drawing(drawing, cell_words(run)))
    assert re.search(
        r'<a class="cell" href="#cell=5/plain/relu/he_normal" aria-label="relu, he normal, depth 5: \w+"', linked
    )
    assert linked.count("<a ") == 1
    assert 'role="group"' in linked


def test_a_comparison_leads_to_both_of_its_cells(run):
    drawing = '<svg role="img"><g id="cell:5:plain:relu:he_normal:naive_small"><path/></g></svg>'
    linked = str(linked_drawing(drawing, cell_words(run)))
    assert 'href="#cell=5/plain/relu/he_normal&amp;against=5/plain/relu/naive_small"' in linked
    assert "; against naive small" in linked


def test_a_drawing_without_cells_stays_a_picture(run):
    drawing = '<svg role="img"><g id="cell:7:plain:relu:he_normal"><path/></g></svg>'
    assert str(linked_drawing(drawing, cell_words(run))) == drawing


def test_a_map_of_cells_is_one_stop_of_the_tab_key(run):
    groups = "".join(f'<g id="cell:5:plain:{name}:he_normal"><g><path/></g></g>' for name in ("relu", "sigmoid"))
    linked = str(linked_drawing(f'<svg role="img">{groups}</svg>', cell_words(run)))
    assert re.findall(r'tabindex="(-?\d)"', linked) == ["0", "-1"]
    assert linked.count("</g></g></a>") == 2


def test_counted_cells_are_grouped_and_none_is_lost(run):
    counted = training_counts(run)
    assert sum(len(cells) for count in counted for cells in count.groups.values()) == len(run.verdicts)
    two = Count(2, "cells", cells=(Cell(2, "plain", "relu", "he_normal"), Cell(5, "plain", "relu", "he_normal")))
    assert two.groups == {Design("plain", "relu", "he_normal"): list(two.cells)}
    assert cell_address(two.cells[0]) == "#cell=2/plain/relu/he_normal"


# --- names ---


def test_each_initialization_has_its_formula_gain_and_name_in_the_course_note(run):
    rows = {row.name: row for row in init_rows(run)}
    # At width 8: 8 · 0.01², 2, and the activation's own; the critical gain of sigmoid is 103.0076.
    assert (rows["naive_small"].formula, rows["naive_small"].gain, rows["naive_small"].called) == (
        "0.01²",
        "8.00 × 10⁻⁴",
        "too small",
    )
    assert (rows["he_normal"].gain, rows["he_normal"].called) == ("2", "He")
    assert rows["critical"].gain == "sigmoid 103; relu 2"
    assert rows["gaussian_w1.5_b0.05"].formula == "1.5/n_in, biases 0.05"


def test_each_initialization_is_told_in_words_by_how_large_its_weights_are(run):
    words = {row.name: row.words for row in init_rows(run)}
    # At width 8: √(2/8) and √(1.5/8); the critical gains are 103.0076 for sigmoid and 2 for relu.
    assert words == {
        "naive_small": "weights about ±0.01, at any width",
        "he_normal": "weights about ±0.5, less in wider layers",
        "critical": "weights about ±0.5 to ±3.6, by the activation, less in wider layers",
        "gaussian_w1.5_b0.05": "weights about ±0.43, less in wider layers",
    }


def test_orthogonal_and_absent_weights_are_told_as_such(tmp_path):
    run = load_run(write_run(tmp_path, [2], ["tanh"], ["orthogonal", "zeros"]))
    assert [row.words for row in init_rows(run)] == [
        "weights about ±0.35, less in wider layers; at right angles",
        "all weights 0",
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("linear", "passes the sum on as it is"),
        ("sigmoid", "goes to 0 far below 0 and to 1 far above"),
        ("tanh", "goes to −1 far below 0 and to 1 far above"),
        ("relu", "goes to 0 far below 0 and has slope 1 far above"),
        ("leaky_relu", "has slope 0.01 far below 0 and slope 1 far above"),
        ("selu", "goes to −1.76 far below 0 and has slope 1.1 far above"),
    ],
)
def test_an_activation_is_told_in_words_by_what_it_does_far_from_zero(name, words):
    assert curve(ACTIVATIONS[name]) == words


def test_an_activation_that_settles_to_nothing_has_no_words():
    def wave(z, out):
        np.sin(z, out=out)

    def slope(z, h, out):
        np.cos(z, out=out)

    assert curve(Activation("wave", wave, slope, (), rectifier=False, source="here")) == ""


def test_each_activation_has_its_slope_at_zero_from_both_sides(run):
    assert {row.name: row.slope for row in activation_rows(run)} == {"sigmoid": "0.25", "relu": "0 and 1"}


FUNCTIONS = {name: function for name, function in vars(np).items() if isinstance(function, np.ufunc)}
FUNCTIONS |= {"ln": np.log, "max": np.maximum, "min": np.minimum}


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"gelu", "erf", "softsign"}))
def test_the_formula_of_an_activation_is_what_it_computes(name):
    z = np.linspace(-3.0, 3.0, 61)
    formula = ACTIVATIONS[name].formula.replace("−", "-")
    python = re.sub(r"(\d|\)) (?=[(a-z])", r"\1 * ", formula)
    computed = eval(python, {"__builtins__": {}}, {**FUNCTIONS, "z": z})
    # The constants of SELU are printed with five digits.
    np.testing.assert_allclose(ACTIVATIONS[name](z), computed, rtol=5e-5, atol=1e-12)


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - {"critical"}))
def test_the_formula_of_an_initialization_is_its_variance(name):
    formula = INITIALIZERS[name].formula.partition(",")[0].replace("²", "**2")
    python = re.sub(r"(\d) (?=n_)", r"\1 * ", formula)
    stated = eval(python, {"__builtins__": {}}, {"n_in": 48, "n_out": 80})
    assert INITIALIZERS[name].weight_variance(48, 80, ACTIVATIONS["tanh"]) == pytest.approx(stated, rel=1e-12)
