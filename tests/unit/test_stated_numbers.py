"""Every number that the config decides is stated as the config has it: in captions, figures, messages and the page."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from made_up_run import make_config, write_run

from depthsounder.claims import ledger
from depthsounder.figures import FIGURES
from depthsounder.figures.style import save
from depthsounder.report import render_report
from depthsounder.report.captions import caption_text
from depthsounder.report.counts import forward_counts
from depthsounder.studies import STUDIES, figures_of
from depthsounder.sweep.runs import load_run

CAPTIONS = Path(__file__).resolve().parents[2] / "workflow" / "report"
VERDICTS = {
    "exploding_ratio": 350.0,
    "vanishing_ratio": 0.004,
    "collapsed_share": 0.03,
    "trains_loss": 0.17,
    "trains_share": 0.6,
    "stalled_loss": 0.93,
    "plateau_loss": 1.3,
    "diverged_loss": 3.5,
    "tail_steps": 7,
}
TRAINING = {
    "optimizer": "sgd",
    "batch_size": 9,
    "steps": 37,
    "learning_rates": [0.02, 0.2, 0.7],
    "logged_steps": [0, 1, 10, "last"],
}
CHECK = {"depths": [1, 2], "width": 4, "examples": 3, "complex_step_threshold": 2.5e-12, "not_analytic": "refuse"}
CHANGED = {"verdicts": VERDICTS, "training": TRAINING, "gradient_check": CHECK, "width": 13}
CELLS = {"depths": [2, 5], "activations": ["tanh", "relu"], "inits": ["naive_small", "glorot_normal", "he_normal"]}

# The thresholds and sizes of the default sweep and of the presets, as figures and as words.
STALE = re.compile(
    r"H/10|\btenths?\b|\bhalf of H\b|\b(one|a) hundred\b|100-fold|\bdecades?\b|(?<![\d.])2 %|(?<![\d.])98 %|80 %|"
    r"\b0\.98\b|\b0\.1 H\b|(?<![\d,.])50 (batch|step|loss)|\b0\.01 (and|or|of)\b|"
    r"\b(1,000|6,000|10,000) steps|\bwidth (of )?64\b|\b64 (wide|units)|\bhave 64\b|limit 10⁻¹²"
)


def stale(text):
    """What a text states of another config."""
    return [match[0] for match in STALE.finditer(text)]


class Texts(HTMLParser):
    """The pieces of text in a page, but those of styles and scripts."""

    def __init__(self, page):
        super().__init__()
        self.pieces, self.silent = [], False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.silent = tag in ("style", "script", "pre")
        self.pieces += [value for name, value in attributes if name in ("aria-label", "title")]

    def handle_endtag(self, tag):
        self.silent = False

    def handle_data(self, data):
        if not self.silent:
            self.pieces.append(data)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    names = [claim.name for claim in ledger()]
    texts = {"claim": names, "statement": names, "observed": names, "expected": names, "evidence": names}
    claims = {**texts, "verdict": ["confirmed"] * len(names)}
    folder = tmp_path_factory.mktemp("results")
    return load_run(write_run(folder, **CELLS, **CHANGED, study="plateau", claims=claims))


@pytest.fixture(scope="module")
def figures(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    for name, record in figures_of(run.config).items():
        save(record.draw(run), folder / f"{name}.svg")
    return folder


@pytest.fixture(scope="module")
def page(run, figures):
    """The pieces of text of the page of a run whose numbers are nobody's default."""
    return Texts(render_report(run, figures, CAPTIONS, figures.parent / "index.html")).pieces


@pytest.mark.parametrize(
    ("name", "stated"),
    [
        ("failure_map", ["less than 0.004 of", "more than 350 times"]),
        ("loss_traces", ["0.17 H", "its last 7 batch losses"]),
        ("he2015", ["7 batches", "below 0.93 times", "below 0.17 times"]),
        ("plateau", ["7 batches", "below 0.93 times", "below 0.17 times"]),
    ],
)
def test_a_caption_states_the_configs_numbers(name, stated):
    text = " ".join(caption_text(CAPTIONS / f"{name}.rst", make_config(**CELLS, **CHANGED)).split())

    assert [words for words in stated if words not in text] == []


@pytest.mark.parametrize("name", [*FIGURES, *STUDIES])
def test_no_caption_states_a_threshold_by_itself(name):
    source = (CAPTIONS / f"{name}.rst").read_text(encoding="utf-8")

    assert stale(source) == []


@pytest.mark.parametrize(
    ("name", "stated"), [("loss_traces", ">0.17 H: trained<"), ("gradient_check", ">limit 2.5 × 10⁻¹²<")]
)
def test_a_level_in_a_figure_has_the_configs_number_beside_it(figures, name, stated):
    assert stated in (figures / f"{name}.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(("share", "panels"), [(0.0004, 4), (0.17, 4), (0.92, 4)])
def test_the_level_of_training_is_drawn_at_its_share_of_h_and_within_the_frame(tmp_path, share, panels):
    verdicts = {**VERDICTS, "trains_loss": share}
    run = load_run(write_run(tmp_path, **CELLS, **{**CHANGED, "verdicts": verdicts}))

    axes = FIGURES["loss_traces"].draw(run).axes

    levels = [line.get_ydata()[0] for panel in axes for line in panel.lines if line.get_linestyle() == "--"]
    assert levels == pytest.approx([share * run.data.class_entropy] * panels)
    assert all(panel.get_ylim()[0] < level < panel.get_ylim()[1] for panel, level in zip(axes, levels, strict=True))


def test_q_is_counted_and_worded_by_the_configs_bounds(tmp_path):
    # Through one layer q changes as made up: ten times down, and eight times up.
    factors = {"naive_small": 0.1, "he_normal": 8.0}
    shape = {"depths": [2], "activations": ["tanh"], "inits": list(factors)}
    counted = {}
    for low, high in ((0.2, 5.0), (0.05, 20.0)):
        verdicts = {**VERDICTS, "vanishing_ratio": low, "exploding_ratio": high}
        folder = tmp_path / str(low)
        changed = {**CHANGED, "verdicts": verdicts}
        run = load_run(write_run(folder, **shape, factor=lambda _, init: factors[init], **changed))
        counted[low] = {count.words: count.amount for count in forward_counts(run) if "q " in count.words}

    def words(low, high):
        ends = (f"shrinks to less than {low:g} of itself", f"grows to more than {high:g} times itself", "stays within")
        return [f"cells: q {end}" for end in ends]

    assert counted[0.2] == dict(zip(words(0.2, 5), (1, 1, 0), strict=True))
    # Each cell has one of these, and so it is said that what collapses is counted twice.
    assert next(iter(forward_counts(run))).words == "cells: inputs collapse (they also count for q)"
    assert counted[0.05] == dict(zip(words(0.05, 20), (0, 0, 2), strict=True))


@pytest.mark.parametrize("name", STUDIES)
def test_what_a_study_cut_is_said_in_the_runs_own_sizes(run, name):
    text = STUDIES[name].cut(run)

    sizes = {
        "glorot2010": ["have 13", "3 features"],
        "he2015": ["width 13"],
        "plateau": ["width 13", "batches of 9", "rates up to 0.7", "37 steps"],
        "rescue": ["13 units a layer", "37 steps"],
        "schoenholz2017": ["13 wide", "5 deep", "37 steps"],
        "trainability": ["depths, 2 and 5"],
    }[name]
    assert [words for words in sizes if words not in text] == []
    assert stale(text) == []


def test_messages_and_alternative_texts_state_no_other_runs_numbers(run):
    texts = [record.alternative_text(run) for record in figures_of(run.config).values()]

    assert "Within 37 steps" in FIGURES["loss_traces"].message(run)
    assert "0.17 H" in FIGURES["loss_traces"].message(run)
    assert [text for text in texts if stale(text)] == []


def test_the_page_states_the_configs_numbers_and_no_default_but_as_one(page):
    text = " ".join(page)

    for stated in ("0.17 H", "2.5 × 10⁻¹²", "less than 0.004 of itself", "more than 350 times itself"):
        assert stated in text
    # Where a threshold's source is told, its default may be named as what it is.
    assert [piece for piece in page if stale(piece) and "default" not in piece] == []
