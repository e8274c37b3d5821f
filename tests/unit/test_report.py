"""The report: what it says is in the tables, and nothing that it is given becomes markup."""

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from made_up_run import with_tables, write_run
from markupsafe import escape
from support import without_times

from depthsounder.claims import ledger
from depthsounder.figures import FIGURES, answer, failure_map, prediction
from depthsounder.figures.style import save
from depthsounder.report import code_marks, render_report
from depthsounder.report.counts import prediction_counts, training_counts
from depthsounder.report.explorer import (
    ALPHABET,
    FIRST,
    INFINITE,
    LOWEST,
    MISSING,
    PER_DECADE,
    ZERO,
    encode,
    explorer_data,
    explorer_json,
)
from depthsounder.report.headline import rare_classes, tallies
from depthsounder.report.links import cell_address, cell_words
from depthsounder.report.opening import title
from depthsounder.report.plain_words import terms
from depthsounder.report.provenance import StageTime, network_counts, stage_times, table_files
from depthsounder.report.sensitivity import most_moving, sensitivities
from depthsounder.report.vector import inline_svg
from depthsounder.report.verification import NoDigests, verify_report
from depthsounder.storage import schemas, tables
from depthsounder.studies import STUDIES, figures_of
from depthsounder.sweep.runs import load_run

EVIL = "<script>alert(1)</script>"
EVIL_CLASS = '"><img src=x onerror=alert(1)>'
INITS = ["naive_small", "naive_large", "glorot_normal", "critical", "xavier_note"]


class Page(HTMLParser):
    """The elements of a page: (tag, attributes), in order."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def values(self, attribute):
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]


@pytest.fixture(scope="module")
def captions(root):
    return root / "workflow" / "report"


@pytest.fixture(scope="module")
def evil_run(tmp_path_factory):
    """A run whose data and claims hold markup where names should be."""
    return load_run(
        write_run(
            tmp_path_factory.mktemp("results"),
            [2, 5, 10],
            ["tanh", "relu"],
            INITS,
            data={"source": "\"&amp;'.csv", "target": EVIL_CLASS, "test_fraction": 0.2},
            classes=["unit", EVIL, EVIL_CLASS, "&amp;"],
            claims={"observed": [EVIL, EVIL_CLASS, "'"], "claim": ["one_claim", "another_claim", "third_claim"]},
        )
    )


@pytest.fixture(scope="module")
def figures(evil_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    for name, record in FIGURES.items():
        save(record.draw(evil_run), folder / f"{name}.svg")
    return folder


@pytest.fixture(scope="module")
def text(evil_run, figures, captions):
    return render_report(evil_run, figures, captions, figures.parent / "index.html")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_a_name_from_the_users_data_is_no_word_of_the_glossary(text):
    assert "4 classes, with their rows: unit (" in text
    assert 'href="#word-unit"' in text


def test_nothing_that_the_report_is_given_becomes_markup(text, page):
    assert EVIL not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    # Eleven of ours, and the data of explorer and laboratory.
    assert [tag for tag, _ in page.elements].count("script") == 16
    assert "img" not in [tag for tag, _ in page.elements]


def test_the_page_asks_nothing_of_any_network(text, page):
    links = page.values("href") + page.values("src") + page.values("xlink:href")

    assert not [link for link in links if re.match(r"(?!data:)[a-z]+:|//", link)]
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)


def test_every_link_within_the_page_leads_somewhere(page, evil_run):
    known = set(page.values("id")) | {cell_address(cell)[1:] for cell in cell_words(evil_run)}

    assert {link[1:] for link in page.values("href") if link.startswith("#")} <= known


def test_no_id_stands_in_the_page_twice(page):
    ids = page.values("id")

    assert len(ids) == len(set(ids))


def test_every_reference_within_a_drawing_has_its_target(text, page):
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(page.values("id"))


def test_every_figure_stands_in_the_page_with_caption_and_alternative_text(page, evil_run):
    labels = [attributes["aria-label"] for tag, attributes in page.elements if tag == "svg" and "role" in attributes]

    assert labels == [record.alternative_text(evil_run) for record in FIGURES.values()]
    assert {f"figure-{name}" for name in FIGURES} <= set(page.values("id"))


def test_the_story_stands_in_its_order(page):
    order = [attributes["id"] for tag, attributes in page.elements if tag == "section"]

    assert order == [
        "answer", "plain-words", "names", "failure-map", "explorer", "laboratory", "forward", "backward", "training",
        "comparisons", "theory", "claims", "gradient-check", "changes", "method", "settings", "provenance",
    ]  # fmt: skip


def test_every_figure_has_the_command_that_makes_it(text):
    for name in FIGURES:
        assert f"snakemake reports/made-up/figures/{name}.svg --configfile results/made-up/config.json" in text


def test_rows_behind_a_figure_can_be_downloaded_from_the_page_itself(page, evil_run):
    downloads = {
        attributes["download"]: attributes["href"] for _, attributes in page.elements if "download" in attributes
    }

    kind, _, content = downloads["failure_map.csv"].partition(",")
    table = pd.read_csv(StringIO(unquote(content)))

    assert kind == "data:text/csv;charset=utf-8"
    assert table["training_verdict"].tolist() == evil_run.verdicts["training_verdict"].tolist()
    assert {f"{name}.csv" for name in FIGURES} <= set(downloads)


def test_the_page_is_the_same_when_rendered_again(text, evil_run, figures, captions):
    again = render_report(evil_run, figures, captions, figures.parent / "index.html")
    assert without_times(again) == without_times(text)


def test_every_claim_is_shown_once_with_its_verdict(text, evil_run):
    for claim in evil_run.claims.itertuples():
        assert text.count(f'<span class="slug">{claim.claim}</span>') == 1
    assert "0.9²⁰ = 0.12." in text


def test_the_variance_that_keeps_sizes_is_said_to_be_that_of_linear_networks(text):
    caption = re.search(r"<caption>(Initializations .*?)</caption>", text, re.DOTALL)[1]
    assert "keep their size at n·Var(W) = 1 if the activation is linear." in re.sub(r"<[^>]+>", "", caption)


def test_the_words_at_the_head_of_the_page_are_explained_there(text):
    lede = re.sub(r"\s+", " ", re.search(r'<p class="lede">(.*?)</p>', text, re.DOTALL)[1])
    for words in (
        "in 30 steps (updates of the weights)",
        "activations (a unit's output, by its sum)",
        "initializations (rules for the first weights)",
        "of 8 units (the width)",
    ):
        assert words in lede


def test_the_claims_that_are_counted_are_all_of_them(text, evil_run, figures, captions):
    decided = with_tables(evil_run, claims=evil_run.claims.assign(verdict="confirmed"))
    other = render_report(decided, figures, captions, figures.parent / "index.html")

    counted = [re.sub(r"\s+", " ", page) for page in (text, other)]
    assert (
        "confirmed 1, found 0 to hold only under conditions, and refuted 1; 1 was inconclusive. Refuted:" in counted[0]
    )
    assert "confirmed 3, found 0 to hold only under conditions, and refuted 0.</p>" in counted[1]


def test_the_method_says_to_which_norm_gradients_were_clipped_and_nothing_where_none_were(
    text, evil_run, figures, captions
):
    training = evil_run.config.training.model_copy(update={"clip_norm": 2.5})
    clipped = replace(evil_run, config=evil_run.config.model_copy(update={"training": training}))
    other = render_report(clipped, figures, captions, figures.parent / "index.html")

    said = [" ".join(re.sub(r"<[^>]*>", "", page).split()) for page in (other, text)]
    assert "width 8, the gradient of each network clipped to a norm of 2.5. Judge." in said[0]
    assert "width 8. Judge." in said[1]


@pytest.mark.parametrize(("step", "words"), [(8.0, "8"), (8.5, "8.5"), (1200.0, "1,200"), (None, "–")])
def test_the_explorer_writes_a_step_as_people_count(tanh_run, step, words):
    cells = explorer_data(with_verdicts(tanh_run, escape_step=step))["cells"]
    assert {cell["escape_step"] for cell in cells.values()} == {words}


def test_the_explorer_writes_a_rate_as_the_page_does(tanh_run):
    data = explorer_data(with_verdicts(tanh_run, best_learning_rate=1e-5))
    assert {cell["best_learning_rate"] for cell in data["cells"].values()} == {"10⁻⁵"}
    assert all(set(cell["rates"]) <= set(data["rates"]) for cell in data["cells"].values())
    assert "0.01" in data["rates"].values()


def test_a_claim_of_the_ledger_stands_with_its_source_its_hypothesis_and_what_it_reads(evil_run, figures, captions):
    entries = {claim.name: claim for claim in ledger()}
    names = ["sigmoid_gradient_rate", "naive_at_any_width", "no_longer_in_the_ledger"]
    run = with_tables(evil_run, claims=evil_run.claims.assign(claim=names))

    shown = render_report(run, figures, captions, figures.parent / "index.html")

    # A word may be a link to its definition.
    shown = re.sub(r'<a class="word"[^>]*>(.*?)</a>', r"\1", shown)
    articles = {
        name: re.search(rf"<article(?:(?!<article).)*>{name}</span>.*?</article>", shown, re.DOTALL)[0]
        for name in names
    }
    for name in names[:2]:
        assert str(escape(entries[name].source)) in articles[name]
        assert str(escape(entries[name].hypothesis)) in articles[name]
    assert "<code>verdicts</code>, <code>theory</code>." in articles["sigmoid_gradient_rate"]
    assert "No table: the engine itself is asked." in articles["naive_at_any_width"]
    assert "Hypothesis" not in articles["no_longer_in_the_ledger"]


def test_a_missing_figure_is_an_error_and_no_gap(evil_run, tmp_path, captions):
    with pytest.raises(OSError, match=r"answer\.svg"):
        render_report(evil_run, tmp_path, captions, tmp_path / "index.html")


def test_the_answer_says_what_theory_foresaw_and_every_fate_of_what_it_called_healthy(evil_run):
    table = prediction.rows(evil_run)
    healthy = table[table["predicted_verdict"] == "healthy"]
    fates = healthy["shade"].value_counts()

    sentence = tallies(evil_run)[0]

    assert sentence.startswith(f"Was it predictable? In {len(table)} of {len(table)} cells (")
    assert f"Where it does not, none of {len(table) - len(healthy)} trained." in sentence
    assert f"Of {len(healthy)} where it does, {fates['trains']} trained" in sentence
    for kind, words in (("slow", "stayed slow"), ("barely", "barely learned"), ("mixed", "ended mixed")):
        assert (f"{fates.get(kind)} {words}" in sentence) == (kind in fates)


def test_theory_that_was_wrong_is_said_to_be(tanh_run):
    # One of three cells whose error vanished, though theory did not say so, and one that failed all the same.
    run = with_verdicts(
        tanh_run,
        signal_verdict=["healthy", "healthy", "vanishing"],
        training_verdict=["trains", "stalled", "partial"],
        tail_loss=[0.01, 1.39, 0.9 * 1.386],
        reference_loss=1.386,
    )
    assert tallies(run)[0] == (
        "Was it predictable? In 2 of 3 cells theory foresaw whether the error survives. Of 3 where it does, 1 trained, "
        "1 barely learned and 1 failed (tanh with glorot normal at depth 5)."
    )


def test_without_theory_nothing_was_foreseen(tmp_path):
    run = load_run(write_run(tmp_path, [2, 5], ["tanh"], ["glorot_normal"], withheld=["glorot_normal"]))
    assert tallies(run) == []


def test_wherever_combinations_are_counted_it_stands_how_many_are_laws_of_their_own(evil_run, text):
    assert answer.message(evil_run).startswith(
        "Of 10 combinations of activation and initialization, 8 of them distinct laws, 6 failed in training"
    )
    assert failure_map.message(evil_run).startswith("Of 30 cells, 24 of them distinct laws, ")
    assert "30 cells of activation × initialization × depth, 24 of them distinct laws:" in text


def test_a_sweep_whose_inits_all_differ_counts_no_laws(tmp_path):
    run = load_run(write_run(tmp_path, [2], ["tanh"], ["naive_small", "naive_large"]))

    assert answer.message(run).startswith("Of 2 combinations of activation and initialization, 1 failed")
    assert "law" not in "".join([*tallies(run), title(run), failure_map.message(run)])


def test_a_card_and_a_row_of_a_law_that_has_one_already_say_whose_it_is(figures):
    # Critical is Glorot's here, for both activations and at each of three depths.
    assert (figures / "answer.svg").read_text().count(">= glorot normal<") == 2
    assert (figures / "failure_map.svg").read_text().count(">=<") == 2 * 3


def with_verdicts(run, **columns):
    """A run whose tanh cells, ascending in depth, have other entries in the verdicts table."""
    verdicts = run.verdicts.copy()
    for name, values in columns.items():
        verdicts.loc[verdicts["activation"] == "tanh", name] = values
    return with_tables(run, verdicts=verdicts)


@pytest.fixture
def tanh_run(tmp_path):
    return load_run(write_run(tmp_path, [2, 5, 10], ["tanh"], ["glorot_normal"]))


def test_a_mixed_combination_is_told_apart_from_a_slow_and_a_failing_one(tanh_run):
    run = with_verdicts(tanh_run, training_verdict=["trains", "mixed", "partial"])

    assert "1 became mixed" in answer.message(run)
    assert {count.words: count.amount for count in training_counts(run)} == {
        "trains": 1, "slow": 1, "barely": 0, "mixed": 1, "stalled": 0, "diverged": 0,
    }  # fmt: skip
    assert "mixed" not in answer.message(tanh_run)


@pytest.mark.parametrize(("tail", "shade"), [(0.45, "slow"), (0.55, "barely")])
def test_a_partial_cell_is_slow_if_half_of_what_guessing_costs_is_gone(tanh_run, tail, shade):
    run = with_verdicts(tanh_run, training_verdict="partial", tail_loss=tail, reference_loss=1.0)

    assert [count.amount for count in training_counts(run) if count.words == shade] == [3]
    assert {cell["shade"] for cell in explorer_data(run)["cells"].values()} == {shade}


@pytest.mark.parametrize(
    ("words", "signals", "forward", "said"),
    [
        (["stalled", "trains", "trains"], ["healthy"] * 3, "distinct", True),
        (["diverged"] * 3, [None, "healthy", "healthy"], "distinct", True),
        (["mixed", "stalled", "stalled"], ["healthy"] * 3, "distinct", False),
        (["partial", "stalled", "stalled"], ["healthy"] * 3, "distinct", False),
        # What no signal reaches fails for that reason.
        (["stalled"] * 3, ["vanishing"] * 3, "distinct", False),
        (["stalled"] * 3, ["healthy"] * 3, "collapsed", False),
    ],
)
def test_where_the_shallowest_healthy_cell_fails_the_depth_is_not_blamed(tanh_run, words, signals, forward, said):
    run = with_verdicts(tanh_run, training_verdict=words, signal_verdict=signals, forward_verdict=forward)

    sentence = "with tanh at depth 2: that speaks of the data, the rates or the number of steps, and not of the depth."
    assert (sentence in tallies(run)[-1]) == said


def test_rare_classes_are_said_to_leave_little_to_judge(tanh_run):
    labels = (np.arange(20_000) < 200).astype(int)
    thresholds = tanh_run.config.verdicts.model_copy(update={"tail_steps": 50})
    training = tanh_run.config.training.model_copy(update={"batch_size": 32, "steps": 300})
    config = tanh_run.config.model_copy(update={"verdicts": thresholds, "training": training})

    sentence = rare_classes(replace(tanh_run, config=config, data=replace(tanh_run.data, train_labels=labels)))

    assert "a tail has 1,600 examples, of which the rarest class has 16 in the mean" in sentence
    assert 14 <= int(re.search(r"scatters by (\d+) % of H", sentence)[1]) <= 27


def test_classes_that_are_not_rare_are_not_spoken_of(tanh_run):
    labels = np.arange(1437) % 10
    assert rare_classes(replace(tanh_run, data=replace(tanh_run.data, train_labels=labels))) == ""


def test_the_steadiest_network_is_readable_from_both_ends_and_keeps_the_variance_over_inputs(tmp_path):
    # q stays with glorot_normal; of the two that keep a signal, the variance over inputs is nearer with xavier_note.
    inits = ["naive_small", "glorot_normal", "xavier_note", "he_normal"]
    run = load_run(write_run(tmp_path, [2, 5], ["tanh"], inits))
    signal = run.initial_signal
    factors = {"naive_small": 1.0, "glorot_normal": 1.0, "xavier_note": 0.8, "he_normal": 3.0}
    for init, factor in factors.items():
        chosen = (signal["depth"] == 5) & (signal["init"] == init)
        signal.loc[chosen, "z_batch_variance"] = np.where(signal.loc[chosen, "layer"] == 5, factor, 1.0)
    verdicts = run.verdicts.copy()
    verdicts.loc[verdicts["init"] == "glorot_normal", "forward_verdict"] = "collapsed"
    run.verdicts[:] = verdicts

    here = {term.name: term.here for term in terms(run)}["Variance consistency"]

    assert run.verdicts.set_index(["init", "depth"])["signal_verdict"]["naive_small", 5] == "vanishing"
    assert "tanh with xavier note at depth 5 comes nearest" in here
    assert "0.80 times that of the first" in here


def test_a_gradient_that_vanishes_or_explodes_is_not_said_to_keep_networks_from_training(tanh_run):
    signals = {"signal_verdict": ["healthy", "vanishing", "exploding"], "delta_ratio": [1.0, 1e-3, 1e3]}
    for words, trained in ((["trains", "trains", "stalled"], "1"), (["trains", "stalled", "trains"], "none")):
        here = {term.name: term.here for term in terms(with_verdicts(tanh_run, training_verdict=words, **signals))}
        assert (
            "tanh with glorot normal at depth 5 the first layer's error is 0.0010 times" in here["Vanishing gradient"]
        )
        assert here["Vanishing gradient"].endswith(f"of 1 such cell, {trained} trained.")
        assert here["Exploding gradient"].endswith(f"of 1 such cell, {'none' if trained == '1' else '1'} trained.")


def test_the_counts_at_a_sections_head_add_up(evil_run):
    assert sum(count.amount for count in training_counts(evil_run)) == len(evil_run.verdicts)


def test_inits_with_equal_numbers_are_one_law(evil_run):
    one_law = [["glorot_normal", "critical"]]
    assert evil_run.laws == {("plain", activation): one_law for activation in ("tanh", "relu")}


def test_what_is_all_zero_is_no_law(tmp_path):
    run = load_run(write_run(tmp_path, [2], ["relu"], ["zeros", "naive_small"], factor=lambda *cell: 0.0))
    run.initial_signal["z_second_moment"] = 0.0

    assert run.laws == {}


def moving(tmp_path, losses, **changes):
    run = load_run(write_run(tmp_path, [1], ["tanh"], ["he_normal", "glorot_normal"], losses=losses, **changes))
    return most_moving(run, sensitivities(run))


def test_the_threshold_that_moves_most_verdicts_is_named_with_what_becomes_of_them(tmp_path):
    # A loss that stands a little above guessing diverged by a bound of 1, and is stalled by that of 2.
    stands = moving(tmp_path / "stands", np.append(1.0, 1.05 * np.ones(30)))
    assert stands == (
        "Most verdicts change when `diverged_loss` is halved: 2 of 2 cells, all of them from stalled to diverged. "
        "Below `plateau_loss` it takes a network for diverged that stands on its plateau."
    )
    # 0.07 of guessing trains by a bound of 0.1, and not by that of 0.05.
    falls = moving(tmp_path / "falls", np.append(1.0, 0.07 * np.ones(30)))
    assert (
        falls == "Most verdicts change when `trains_loss` is halved: 2 of 2 cells, all of them from trains to partial."
    )
    assert moving(tmp_path / "none", 0.3 * np.ones(31)) == "No verdict changes with any of them."


def test_sensitivity_counts_the_verdicts_that_flip(tmp_path):
    # At depth 3 and a factor of 12.5 a layer, D is 12.5: healthy up to 100, exploding once the bound is at 10.
    thresholds = {
        "exploding_ratio": 20.0, "vanishing_ratio": 0.01, "collapsed_share": 0.01, "trains_loss": 0.1,
        "trains_share": 0.8, "stalled_loss": 0.98, "plateau_loss": 1.1,
        "diverged_loss": 2.0, "tail_steps": 5,
    }  # fmt: skip
    run = load_run(write_run(tmp_path, [3], ["tanh"], ["he_normal"], factor=lambda *cell: 12.5, verdicts=thresholds))

    found = {threshold.name: threshold for threshold in sensitivities(run)}

    assert found["exploding_ratio"].halved.changed == 1
    assert found["exploding_ratio"].doubled.changed == 0
    assert found["trains_share"].halved.value == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("tail", "verdict", "name", "halved", "doubled"),
    [
        (0.07, "trains", "trains_loss", 1, 0),
        (0.15, "partial", "trains_loss", 0, 1),
        (0.30, "partial", "trains_loss", 0, 0),
        (0.985, "stalled", "stalled_loss", 1, 0),
        (0.97, "partial", "stalled_loss", 0, 1),
        (0.90, "partial", "stalled_loss", 0, 0),
        # A tail half as long is lower on the whole, and one twice as long higher.
        (0.105, "partial", "tail_steps", 1, 0),
        (0.095, "trains", "tail_steps", 0, 1),
    ],
)
def test_sensitivity_tells_which_way_of_moving_a_threshold_flips_a_cell(tmp_path, tail, verdict, name, halved, doubled):
    # Made-up losses fall by exp(−0.15 growth) a step, and the last five of thirty are those around step 28.
    growth = -np.log(tail) / (0.15 * 28)
    run = load_run(write_run(tmp_path, [1], ["tanh"], ["he_normal"], factor=lambda *cell: growth))
    assert run.verdicts["training_verdict"].tolist() == [verdict]

    found = {threshold.name: threshold for threshold in sensitivities(run)}

    assert (found[name].halved.changed, found[name].doubled.changed) == (halved, doubled)


@pytest.mark.parametrize(
    ("start", "tail", "verdict", "halved", "doubled"),
    [
        # With a factor of 2 above 1 doubled to 1.2 and halved to 1.05, and a start of no more than that.
        (1.3, 1.15, "stalled", 0, 0),
        (3.0, 1.15, "partial", 0, 1),
        (3.0, 1.08, "stalled", 1, 0),
    ],
)
def test_sensitivity_knows_the_top_of_the_plateau(tmp_path, start, tail, verdict, halved, doubled):
    folder = write_run(tmp_path, [1], ["tanh"], ["he_normal"], losses=np.array([start] * 21 + [tail] * 10))
    run = load_run(folder)
    assert run.verdicts["training_verdict"].tolist() == [verdict]

    found = {threshold.name: threshold for threshold in sensitivities(run)}["plateau_loss"]

    assert (found.halved.value, found.doubled.value) == (pytest.approx(1.05), pytest.approx(1.2))
    assert (found.halved.changed, found.doubled.changed) == (halved, doubled)


@pytest.mark.parametrize(("share", "halved", "doubled"), [(0.015, 0, 1), (0.007, 1, 0), (0.5, 0, 0)])
def test_sensitivity_counts_the_forward_verdicts_that_flip(tanh_run, share, halved, doubled):
    run = with_verdicts(
        tanh_run,
        variance_share=[share, 0.9, np.nan],
        forward_verdict=["collapsed" if share < 0.01 else "distinct", "distinct", None],
    )

    found = {threshold.name: threshold for threshold in sensitivities(run)}["collapsed_share"]

    assert (found.halved.changed, found.doubled.changed) == (halved, doubled)


def test_a_tail_is_no_longer_than_the_training_and_no_shorter_than_a_step(tmp_path):
    for tail_steps, ends in ((1, (1, 2)), (5, (2, 10)), (20, (10, 30))):
        thresholds = {
            "exploding_ratio": 100.0, "vanishing_ratio": 0.01, "collapsed_share": 0.01, "trains_loss": 0.1,
            "trains_share": 0.8, "stalled_loss": 0.98, "plateau_loss": 1.1, "diverged_loss": 2.0,
            "tail_steps": tail_steps,
        }  # fmt: skip
        folder = write_run(tmp_path / str(tail_steps), [2], ["tanh"], ["he_normal"], verdicts=thresholds)
        found = {threshold.name: threshold for threshold in sensitivities(load_run(folder))}["tail_steps"]

        assert (found.halved.value, found.doubled.value) == ends


def test_networks_are_counted_from_the_tables(evil_run):
    counts = network_counts(evil_run)
    seeds, cells = evil_run.config.seeds, len(evil_run.verdicts)

    assert counts.measured == cells * seeds.measure
    assert counts.tuned == cells * seeds.tune * 3
    assert counts.evaluated == cells * seeds.evaluate


def test_every_table_of_the_product_has_its_digest(evil_run, text):
    files = table_files(evil_run)

    assert [file.name for file in files] == list(schemas.SCHEMAS)
    assert all(file.digest in text for file in files)


def test_every_figure_has_a_caption_and_every_caption_a_figure(captions):
    assert {path.stem for path in captions.glob("*.rst")} == {*FIGURES, *STUDIES}


def test_a_run_with_a_study_has_its_section_with_the_source_beside_the_run(tmp_path, captions):
    cells = {"depths": [2, 5], "activations": ["relu"], "inits": ["glorot_normal", "he_normal"]}
    run = load_run(write_run(tmp_path / "results", **cells, study="he2015"))
    for name, record in figures_of(run.config).items():
        save(record.draw(run), tmp_path / f"{name}.svg")

    text = render_report(run, tmp_path, captions, tmp_path / "index.html")

    section = text[text.index('<section id="study"') :].partition("</section>")[0]
    assert "He, Zhang, Ren &amp; Sun 2015" in section
    assert 'id="figure-he2015"' in section
    assert section.count("<tr>") == 1 + len(STUDIES["he2015"].findings(run))


def test_a_run_without_a_study_has_no_such_section(text):
    assert 'id="study"' not in text


def test_drawings_keep_their_shape_when_digits_are_dropped(figures):
    original = (figures / "answer.svg").read_text()

    inlined = str(inline_svg(figures / "answer.svg", "x", "A picture."))

    before, after = (
        np.array(re.findall(r"-?\d+\.?\d*", " ".join(re.findall(r' d="([^"]+)"', text))), dtype=float)
        for text in (original, inlined)
    )
    assert np.abs(before - after).max() < 0.1
    assert len(inlined) < len(original)


def test_what_is_no_svg_is_refused(tmp_path):
    (tmp_path / "x.svg").write_text("nothing")

    with pytest.raises(ValueError, match=r"x\.svg"):
        inline_svg(tmp_path / "x.svg", "x", "")


def test_code_between_backticks_is_marked_and_escaped():
    assert code_marks("see `a<b` & c") == "see <code>a&lt;b</code> &amp; c"


# --- the explorer's data ---


def decode(text):
    """Values of a curve, as templates/explorer.js reads it."""
    codes = [ALPHABET.index(a) * 64**2 + ALPHABET.index(b) * 64 + ALPHABET.index(c) for a, b, c in batched(text, 3)]
    special = {MISSING: np.nan, ZERO: 0.0, INFINITE: np.inf}
    return np.array(
        [special[code] if code in special else 10 ** ((code - FIRST) / PER_DECADE + LOWEST) for code in codes]
    )


def batched(text, size):
    return [text[at : at + size] for at in range(0, len(text), size)]


def test_a_curve_keeps_its_values_to_a_third_of_a_percent_over_all_doubles():
    values = np.array([5e-324, 1e-300, 3.21e-7, 0.999, 1.0, 2.5, 1e77, 1.7e308])
    np.testing.assert_allclose(np.log10(decode(encode(values))), np.log10(values), atol=0.5 / PER_DECADE + 1e-12)


def test_a_curve_keeps_zero_infinity_and_nothing_apart():
    np.testing.assert_array_equal(decode(encode(np.array([0.0, np.inf, np.nan, -1.0]))), [0.0, np.inf, np.nan, np.nan])


def test_the_explorer_knows_every_cell_with_its_curves_and_verdicts(evil_run):
    data = explorer_data(evil_run)
    assert len(data["cells"]) == len(evil_run.verdicts)
    for row in evil_run.verdicts.to_dict("records"):
        cell = data["cells"][f"{row['depth']}/plain/{row['activation']}/{row['init']}"]
        assert cell["training_verdict"] == row["training_verdict"]
        assert len(decode(cell["forward"]["median"])) == len(data["layers"][str(row["depth"])])
        assert all(len(decode(trace)) == len(data["steps"]) for trace in cell["losses"])
        assert list(cell["rates"]) == ["0.01", "0.1", "1"]
    signal = evil_run.initial_signal
    chosen = signal[(signal["depth"] == 5) & (signal["init"] == "xavier_note") & (signal["layer"] <= 5)]
    activation = chosen["activation"].iloc[0]
    medians = chosen[chosen["activation"] == activation].groupby("layer")["z_second_moment"].median()
    np.testing.assert_allclose(
        decode(data["cells"][f"5/plain/{activation}/xavier_note"]["forward"]["median"]), medians, rtol=0.003
    )


def test_a_wide_sweep_gives_the_explorer_no_more_than_a_few_megabytes(tmp_path):
    activations = ["linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softsign"]
    run = load_run(write_run(tmp_path, [5, 50], activations, [f"gaussian_w{k}_b0" for k in range(1, 21)]))
    assert len(run.verdicts) == 400
    assert len(explorer_json(run)) < 1e6


# --- provenance ---


def test_the_time_of_each_stage_is_the_sum_over_its_jobs(evil_run):
    folder = evil_run.folder / "benchmarks"
    header = "s\th:m:s\tmax_rss\tcpu_time\n"
    for name, wall, cpu in (
        ("tune_rate/depth=2/a", 1.5, "1.0"),
        ("tune_rate/depth=5/a", 2.0, "NA"),
        ("prepare_data", 9, "3"),
    ):
        path = folder / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{header}{wall}\t0:00:01\t1.0\t{cpu}\n")

    assert stage_times(evil_run) == [StageTime("prepare_data", 1, 9.0, 3.0), StageTime("tune_rate", 2, 3.5, 1.0)]


def test_a_report_is_verified_by_the_digests_that_it_prints(tmp_path, evil_run, text):
    page, results = tmp_path / "index.html", tmp_path / "results"
    page.write_text(text)
    shutil.copytree(evil_run.folder, results)
    assert {check.finding for check in verify_report(page, results)} == {"the same"}
    assert [check.name for check in verify_report(page, results)] == list(schemas.SCHEMAS)

    tables.write_table(results / "claims.parquet", {name: [] for name in schemas.CLAIMS.names}, schemas.CLAIMS)
    (results / "theory.parquet").unlink()
    findings = {check.name: check.finding for check in verify_report(page, results)}
    assert (findings.pop("claims"), findings.pop("theory")) == ("another", "missing")
    assert set(findings.values()) == {"the same"}


def test_a_page_that_is_no_report_is_not_verified(tmp_path):
    page = tmp_path / "index.html"
    page.write_text("<p>Hello</p>")
    with pytest.raises(NoDigests, match="prints no digests"):
        verify_report(page, tmp_path)


def test_no_text_of_a_table_ends_the_explorers_data(evil_run):
    verdicts = evil_run.verdicts.assign(reason="</script><script>alert(1)</script>", training_verdict="<!--")
    text = explorer_json(with_tables(evil_run, verdicts=verdicts))
    assert "<" not in text
    cell = json.loads(text)["cells"]["5/plain/tanh/naive_small"]
    assert (cell["reason"], cell["training_verdict"]) == ("</script><script>alert(1)</script>", "<!--")


def test_the_page_says_whose_theory_is_withheld_and_why(tmp_path, captions):
    withheld = ["naive_large", ("relu", "critical")]
    run = load_run(write_run(tmp_path / "run", [2, 5], ["tanh", "relu"], INITS, withheld=withheld))
    for name, record in FIGURES.items():
        save(record.draw(run), tmp_path / f"{name}.svg")

    text = render_report(run, tmp_path, captions, tmp_path / "index.html")

    section = text[text.index('<section id="theory"') :].partition("</section>")[0]
    told = [re.sub("&#39;", "'", found) for found in re.findall(r'<p class="withheld">(.*?)</p>', section)]
    assert told == [
        "Theory is withheld: weights of 'naive_large' have mean 0.5, and theory takes it to be 0.",
        "Theory is withheld: weights of 'critical' have mean 0.5, and theory takes it to be 0. So it is with relu.",
    ]
    counted = {count.words: count.amount for count in prediction_counts(run)}
    assert counted["without prediction"] == 2 * 3
    assert sum(counted.values()) == len(run.verdicts)


def test_the_page_of_a_run_with_theory_throughout_says_nothing_of_it(text):
    assert 'class="withheld"' not in text


def test_the_explorer_has_no_curve_of_a_theory_that_is_withheld(tmp_path):
    run = load_run(write_run(tmp_path, [2, 5], ["tanh"], INITS, withheld=["naive_large"]))
    cells = explorer_data(run)["cells"]
    assert "NaN" not in explorer_json(run)
    for init in INITS:
        theory = cells[f"5/plain/tanh/{init}"]["forward"]["theory"]
        assert (set(theory) == {ALPHABET[0]}) == (init == "naive_large")
        assert set(cells[f"5/plain/tanh/{init}"]["forward"]["median"]) != {ALPHABET[0]}
