"""The figures: every one is drawn for every run, however odd, and says what the tables say."""

import re
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import seaborn as sns
from made_up_run import with_tables, write_run
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from scipy.stats import chi2

from depthsounder.elements.activations import ACTIVATIONS, LINEAR
from depthsounder.elements.architectures import ARCHITECTURES, PLAIN
from depthsounder.elements.axes import Design, Model
from depthsounder.elements.initializers import INITIALIZERS, ORTHOGONAL, initializer
from depthsounder.figures import (
    FIGURES,
    answer,
    backward_signal,
    comparisons,
    failure_map,
    finite_width,
    forward_signal,
    gradient_check,
    jacobian_spectrum,
    loss_traces,
    phase_diagram,
    prediction,
    style,
    training_signal,
)
from depthsounder.figures.aggregate import median_interval, relative_to_top, spread, within
from depthsounder.figures.curves import Curve, draw_curves
from depthsounder.figures.outcomes import outcomes
from depthsounder.figures.panels import log_limits, training_words
from depthsounder.figures.style import (
    INK,
    MUTED,
    PAPER,
    THEME,
    TRAINING,
    activation_marker,
    init_style,
    ink_on,
    label,
    save,
)
from depthsounder.judging.paired_inits import Pair, compare, evaluation_tails
from depthsounder.judging.verdicts import FAILURES
from depthsounder.sweep.runs import load_run
from depthsounder.theory.columns import theory_columns
from depthsounder.theory.spectra import deep_spectrum

INITS = ["naive_small", "naive_large", "glorot_normal", "xavier_note"]
ODD_RUNS = {
    "usual": {"depths": [2, 5, 10], "activations": ["tanh", "relu"], "inits": INITS},
    "compared": {
        "depths": [2],
        "activations": ["tanh"],
        "inits": ["glorot_normal", "critical", "xavier_note"],
        "comparisons": [
            {"activation": "tanh", "depth": 2, "init": "glorot_normal", "against": against}
            for against in ("critical", "xavier_note")
        ],
    },
    "four_maps": {
        "depths": [2, 3, 4, 5, 6],
        "activations": ["linear", "sigmoid", "tanh", "relu"],
        "inits": ["naive_small", "glorot_normal", "he_normal", "orthogonal", "critical"],
        "seeds": {"measure": 1, "tune": 1, "evaluate": 1},
    },
    "one_cell": {"depths": [5], "activations": ["tanh"], "inits": ["glorot_normal"]},
    "depth_one": {"depths": [1], "activations": ["relu"], "inits": ["he_normal", "zeros"]},
    "one_seed": {
        "depths": [1, 4],
        "activations": ["sigmoid"],
        "inits": ["glorot_normal", "he_normal"],
        "seeds": {"measure": 1, "tune": 1, "evaluate": 1},
    },
    "all_diverged": {
        "depths": [2, 5],
        "activations": ["relu"],
        "inits": ["naive_large"],
        "factor": lambda *cell: 1e200,
    },
    "all_zero": {"depths": [2, 5], "activations": ["relu"], "inits": ["zeros"], "factor": lambda *cell: 0.0},
    "withheld": {
        "depths": [2, 5],
        "activations": ["tanh", "relu"],
        "inits": INITS,
        "withheld": ["naive_large", ("tanh", "xavier_note")],
    },
    "all_withheld": {"depths": [2, 5], "activations": ["linear"], "inits": ["he_normal"], "withheld": ["he_normal"]},
    "gaussian": {"depths": [3], "activations": ["erf"], "inits": ["gaussian_w1.5_b0.05", "gaussian_w2_b0"]},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Each odd run, loaded."""
    return {name: load_run(write_run(tmp_path_factory.mktemp(name), **run)) for name, run in ODD_RUNS.items()}


@pytest.fixture(scope="module")
def usual(runs):
    return runs["usual"]


@pytest.mark.parametrize("name", ODD_RUNS)
@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_drawn_and_worded_for_every_run(runs, figure, name, tmp_path):
    record, run = FIGURES[figure], runs[name]

    drawn = record.draw(run)
    save(drawn, tmp_path / "figure.svg")

    assert isinstance(drawn, Figure)
    assert record.message(run).endswith(".")
    assert "nan" not in record.alternative_text(run)
    assert isinstance(record.rows(run), pd.DataFrame)


def test_the_legend_says_that_most_networks_of_a_stalled_cell_guess_and_not_all(usual):
    assert training_words(usual)["stalled"] == "stalled: most guess after 30 steps"


@pytest.mark.parametrize("figure", FIGURES)
def test_a_legend_lies_within_its_figure(runs, figure):
    # The sizes of the default sweep, and the narrowest figures that there are.
    for run in (runs["four_maps"], runs["one_cell"]):
        drawn = FIGURES[figure].draw(run)
        drawn.draw_without_rendering()

        for legend in drawn.legends:
            extent = legend.get_window_extent()
            assert extent.x0 >= 0
            assert extent.x1 <= drawn.bbox.width


@pytest.fixture(scope="module")
def in_every_architecture(tmp_path_factory):
    """A run whose panels have the longest titles."""
    folder = tmp_path_factory.mktemp("architectures")
    return load_run(write_run(folder, [5], ["sigmoid", "leaky_relu"], ["he_normal"], architectures=list(ARCHITECTURES)))


@pytest.mark.parametrize("figure", FIGURES)
def test_no_title_of_a_panel_leaves_its_figure_or_covers_another(in_every_architecture, figure):
    drawn = FIGURES[figure].draw(in_every_architecture)
    drawn.draw_without_rendering()
    boxes = [title.get_window_extent() for title in titles(drawn)]

    for box in boxes:
        assert box.x0 >= 0
        assert box.x1 <= drawn.bbox.width
        assert not any(box is not other and box.overlaps(other) for other in boxes)


def titles(figure):
    """The titles of the panels of a figure, wherever over its panel one stands."""
    words = [panel.get_title(loc=place) for panel in figure.axes for place in ("left", "center", "right")]
    return [text for text in figure.findobj(Text) if text.get_text() and text.get_text() in words]


@pytest.mark.slow
def test_a_wide_sweep_is_drawn_in_a_size_that_a_page_can_hold(tmp_path):
    inits = [name for name in INITIALIZERS if name != "critical"] + ["gaussian_w1.5_b0.05"]
    seeds = {"measure": 1, "tune": 1, "evaluate": 1}
    folder = write_run(tmp_path, list(range(1, 11)), list(ACTIVATIONS), inits, seeds=seeds)
    run = load_run(folder)

    for name, record in FIGURES.items():
        save(record.draw(run), tmp_path / f"{name}.svg")

        assert (tmp_path / f"{name}.svg").stat().st_size < 6e6, name


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_a_figure_is_byte_identical_when_drawn_again(usual, tmp_path, suffix):
    for attempt in ("first", "second"):
        save(FIGURES["forward_signal"].draw(usual), tmp_path / f"{attempt}.{suffix}")

    assert (tmp_path / f"first.{suffix}").read_bytes() == (tmp_path / f"second.{suffix}").read_bytes()


def test_text_in_an_svg_stays_text(usual, tmp_path):
    save(FIGURES["answer"].draw(usual), tmp_path / "answer.svg")

    assert ">tanh<" in (tmp_path / "answer.svg").read_text()


def test_the_theme_begins_with_seaborn_s_whitegrid_on_paper():
    house = set(THEME) - set(style._WHITEGRID)
    # Every figure names its own color map.
    ours = house | {"image.cmap"}
    seaborns = {**sns.axes_style("whitegrid"), **sns.plotting_context("paper")}
    expected = {name: value for name, value in seaborns.items() if name not in ours}
    found = {name: style._WHITEGRID.get(name, mpl.rcParamsDefault[name]) for name in expected}

    assert set(style._WHITEGRID) <= set(expected)
    assert {name for name, value in expected.items() if found[name] != pytest.approx(value)} == set()


def test_figures_and_report_wait_neither_for_seaborn_nor_for_scipy_stats():
    script = "import sys, depthsounder.report, depthsounder.studies; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()

    assert "matplotlib.figure" in loaded
    assert {"seaborn", "scipy.stats", "sklearn"}.isdisjoint(loaded)


def test_no_two_inits_share_a_color_or_a_marker():
    styles = [init_style(name) for name in INITIALIZERS]

    assert len({style.color for style in styles}) == len(styles)
    assert len({style.marker for style in styles}) == len(styles)


def test_an_init_without_a_color_of_its_own_always_gets_the_same():
    assert init_style("gaussian_w1.5_b0.05") == init_style("gaussian_w1.5_b0.05")
    assert init_style("gaussian_w1.5_b0.05") != init_style("gaussian_w2_b0")


def test_no_two_activations_share_a_marker():
    assert len({activation_marker(name) for name in ACTIVATIONS}) == len(ACTIVATIONS)


def test_verdicts_are_told_apart_without_color():
    assert len({style.letter for style in TRAINING.values()}) == len(TRAINING)


def test_what_learns_in_part_is_no_failure():
    assert not {"partial", "mixed"} & set(FAILURES)


def test_names_are_never_read_as_mathematics():
    assert label("a$b$") == r"a\$b\$"


def test_text_is_dark_on_light_and_light_on_dark():
    assert ink_on("#ffffff") != ink_on("#000000")


def test_outcomes_name_the_first_depth_that_fails(usual):
    table = outcomes(usual).set_index(["activation", "init"])
    small = table.loc["tanh", "naive_small"]
    failing = usual.verdicts.query("activation == 'tanh' and init == 'naive_small' and training_verdict in @FAILURES")

    assert small["outcome"] == "stalled"
    assert small["depth"] == failing["depth"].min()
    assert table.loc["tanh", "glorot_normal"]["outcome"] == "trains"
    assert table.loc["relu", "naive_large"]["outcome"] == "diverged"


def test_outcomes_say_where_a_deeper_network_does_not_fail(usual):
    verdicts = usual.verdicts.copy()
    chosen = (verdicts["activation"] == "tanh") & (verdicts["init"] == "glorot_normal")
    verdicts.loc[chosen, "training_verdict"] = ["partial", "stalled", "trains"]
    changed = with_tables(usual, verdicts=verdicts)

    row = outcomes(changed).query("activation == 'tanh' and init == 'glorot_normal'").iloc[0]

    assert (row["outcome"], row["depth"], row["recovers"], row["deepest_training"]) == ("stalled", 5, True, 10)


@pytest.mark.parametrize(
    ("words", "outcome", "depth", "card"),
    [
        (["trains", "mixed", "partial"], "mixed", 5, ("5", "mixed from here", "trains to 2")),
        (["partial", "mixed", "mixed"], "mixed", 5, ("5", "mixed from here", "never trains")),
        (["trains", "mixed", "stalled"], "stalled", 10, ("10", "stalled", "trains to 2")),
        (["mixed", "mixed", "mixed"], "mixed", 2, ("2", "mixed from here", "never trains")),
    ],
)
def test_a_mixed_cell_is_worse_than_a_slow_one_and_no_failure(usual, words, outcome, depth, card):
    verdicts = usual.verdicts.copy()
    chosen = (verdicts["activation"] == "tanh") & (verdicts["init"] == "glorot_normal")
    verdicts.loc[chosen, "training_verdict"] = words
    changed = with_tables(usual, verdicts=verdicts)

    row = outcomes(changed).query("activation == 'tanh' and init == 'glorot_normal'").iloc[0].to_dict()

    assert (row["outcome"], row["depth"]) == (outcome, depth)
    assert answer._card_text({**row, "same_law_as": None}) == card
    assert "mixed" in failure_map.message(changed)


def test_messages_count_what_the_tables_hold(usual):
    kinds = usual.verdicts["training_verdict"].value_counts()

    message = failure_map.message(usual)

    assert message.startswith(f"Of {len(usual.verdicts)} cells, {kinds['trains']} trained")
    assert f"{kinds['stalled']} stalled" in message


@pytest.mark.parametrize(
    ("figure", "measure", "column"),
    [
        (forward_signal, "z_second_moment", "z_second_moment_probe"),
        (forward_signal, "z_batch_variance", "z_batch_variance_probe"),
        (backward_signal, "delta_second_moment_ratio", "delta_second_moment_ratio_probe"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_figure_over_layers_shows_the_theory_of_the_probe(usual, figure, measure, column):
    rows = figure.rows(usual)
    rows = rows[rows["measure"] == measure]
    keys = ["depth", "activation", "init", "layer"]
    both = rows.merge(usual.theory.astype({"activation": str, "init": str}), on=keys, validate="one_to_one")

    assert len(both) == len(rows) == 2 * len(INITS) * 10
    np.testing.assert_array_equal(both["theory"], both[column])
    canonical = both[column.removesuffix("_probe")] if measure != "z_batch_variance" else both["z_second_moment"]
    assert (canonical != both["theory"]).all()


def test_the_prediction_is_the_root_of_the_probe_s_ratio_at_the_first_layer(usual):
    first = usual.theory[usual.theory["layer"] == 1].astype({"activation": str, "init": str})
    both = (
        prediction.rows(usual).astype({"activation": str, "init": str}).merge(first, on=["depth", "activation", "init"])
    )

    assert len(both) == 3 * 2 * len(INITS)
    np.testing.assert_array_equal(both["predicted_delta_ratio"], np.sqrt(both["delta_second_moment_ratio_probe"]))
    assert (both["predicted_delta_ratio"] != np.sqrt(both["delta_second_moment_ratio"])).all()


def with_real_theory(run):
    """A run with the theory that its cells have, for inputs of norm 1 per unit."""
    tables = []
    for activation in run.activations:
        for init in run.inits:
            inputs, width = np.ones((2, 3)), run.config.width
            columns = theory_columns(
                run.depths, PLAIN, ACTIVATIONS[activation], initializer(init), inputs, np.arange(2), width
            )
            tables += [
                pd.DataFrame(block).assign(depth=depth, architecture="plain", activation=activation, init=init)
                for depth, block in columns.items()
            ]
    return with_tables(run, theory=pd.concat(tables, ignore_index=True))


def test_the_phase_diagram_puts_he_for_relu_on_the_edge_and_every_init_in_its_place(tmp_path):
    inits = ["naive_small", "glorot_normal", "he_normal", "gaussian_w1.5_b0.05"]
    run = with_real_theory(load_run(write_run(tmp_path, [2, 3], ["tanh", "relu"], inits)))

    table = phase_diagram.rows(run)

    # Theory has a row for each depth and layer, and the plane one place for all of them.
    assert list(zip(table["activation"], table["init"], strict=True)) == [
        (a, i) for a in ("tanh", "relu") for i in inits
    ]
    phases = table.set_index(["activation", "init"])["phase"]
    assert phases["relu"].to_dict() == dict(zip(inits, ["order", "order", "edge", "order"], strict=True))
    assert phases["tanh"].to_dict() == dict(zip(inits, ["order", "edge", "chaos", "order"], strict=True))
    places = table.set_index(["activation", "init"])[["weight_gain", "bias_variance"]]
    assert places.loc[("relu", "he_normal")].tolist() == [2.0, 0.0]
    assert places.loc[("tanh", "gaussian_w1.5_b0.05")].tolist() == [1.5, 0.05]
    assert phase_diagram.message(run).endswith("On the edge: tanh with glorot normal; relu with he normal.")


def test_the_prediction_is_judged_by_the_thresholds_of_the_run(usual):
    table = prediction.rows(usual)

    agree = table["predicted_verdict"] == table["signal_verdict"]

    assert set(table["predicted_verdict"]) == {"vanishing", "healthy", "exploding"}
    assert agree.mean() > 0.8


def test_theory_of_the_forward_signal_is_told_by_its_share_and_by_how_far_it_misses(usual):
    theory = usual.theory.copy()
    bent = (theory["activation"] == "tanh") & (theory["init"] == "naive_large")
    for column, factor in (("z_second_moment_probe", 3.0), ("z_batch_variance_probe", 1.5)):
        theory.loc[bent, column] *= factor
    assert forward_signal.message(usual).endswith(
        "Theory of the mean square lies within the 95 % interval of the last layer's median in 8 of 8 (100 %), within "
        "10 % of it in 8 and within a factor of 2 in 8, at worst by a factor of 1.0 (tanh, naive small)"
        "; of the variance in 8 of 8 (100 %), within 10 % of it in 8 and within a factor of 2 in 8, "
        "at worst by a factor of 1.0 (tanh, naive small)."
    )
    message = forward_signal.message(with_tables(usual, theory=theory))
    assert f" of 8 combinations{COPIES.format(5)} inputs collapsed" in message
    assert "in 7 of 8 (88 %), within 10 % of it in 7 and within a factor of 2 in 7, at worst by a factor of" in message
    assert "in 7 of 8 (88 %), within 10 % of it in 7 and within a factor of 2 in 8, at worst by a factor of" in message
    assert message.count("(tanh, naive large)") == 2


COPIES = " ({} that are no exact copy or rescaling of another)"


@pytest.mark.parametrize("figure", [prediction, finite_width])
def test_cells_that_copy_or_rescale_another_are_said_to_be_no_more_than_that(runs, figure):
    # Under ReLU the four inits draw the same normals in four sizes; under tanh each is an experiment.
    cells, distinct = (24, 15) if figure is prediction else (8, 5)
    assert f" of {cells} {'cells' if figure is prediction else 'combinations'}{COPIES.format(distinct)}" in (
        figure.message(runs["usual"])
    )
    assert "copy" not in figure.message(runs["one_cell"])


def texts(figure):
    """Everything that is written in a figure."""
    return [text.get_text() for text in figure.findobj(Text)]


def compared_again(run, traces=None, **laws):
    """The run with its comparisons made again, some inits of a plain network's activation being one law."""
    laws = {Model("plain", activation): groups for activation, groups in laws.items()}
    config = run.config
    traces = (run.evaluation_traces if traces is None else traces).assign(phase="evaluate")
    tails = evaluation_tails(traces, config.training.steps, config.verdicts.tail_steps)
    family = [Pair(**dict(comparison)) for comparison in config.comparisons]
    columns = run.comparisons.dtypes.to_dict()
    return with_tables(run, comparisons=pd.DataFrame(compare(tails, family, config.inits, laws)).astype(columns))


def test_what_is_one_law_is_named_and_not_ranked(runs):
    run = compared_again(runs["compared"], tanh=[["glorot_normal", "critical"]])
    message = comparisons.message(run)

    assert "one law: equal bits, not ranked" in texts(comparisons.draw(run))
    assert message.startswith("Of 1 comparison that the config names, ")
    assert "1 pair of the family is one law in two names: equal, and not ranked." in message
    assert message.endswith("1 other pair of inits has effect sizes and no test.")


def test_what_is_one_law_is_named_outside_the_family_too(runs):
    message = comparisons.message(compared_again(runs["compared"], tanh=[["critical", "xavier_note"]]))

    assert message.endswith("1 other pair of inits has effect sizes and no test; 1 of them is one law in two names.")


@pytest.mark.parametrize(("diverged", "arrow"), [("glorot_normal", ">"), ("critical", "<"), (None, None)])
def test_an_interval_that_a_diverged_network_leaves_open_ends_in_an_arrow(runs, diverged, arrow):
    run = of_ten_seeds(runs["compared"], diverged)

    markers = [line.get_marker() for line in comparisons.draw(run).axes[0].lines if line.get_marker() in ("<", ">")]

    assert set(markers) == {arrow} - {None}


def of_ten_seeds(run, diverged):
    """The comparisons of a run with ten seeds, of which half diverged with one init."""
    traces = pd.concat([run.evaluation_traces.query("seed == 0").assign(seed=seed) for seed in range(10)])
    losses = 1.0 + 0.01 * traces["seed"] * traces["init"].str.len()
    losses[(traces["init"] == diverged) & (traces["seed"] < 5)] = np.inf
    return compared_again(run, traces.assign(train_loss=losses))


def test_why_a_gain_of_pairing_is_not_known_is_said_where_a_network_diverged(runs):
    run = of_ten_seeds(runs["compared"], "glorot_normal")
    failed = run.verdicts.assign(diverged_seeds=np.where(run.verdicts["init"] == "critical", 5, 0))
    some = run.comparisons.assign(pairing_gain=np.where(run.comparisons["against"] == "critical", np.nan, 1.5))
    known = with_tables(run, comparisons=run.comparisons.assign(pairing_gain=1.5), verdicts=failed)

    words = "; none is known for tanh at depth 2, where a network diverged."
    assert words in comparisons.message(with_tables(run, comparisons=some, verdicts=failed))
    assert "none is known" not in comparisons.message(known)
    assert "none is known" not in comparisons.message(with_tables(run, comparisons=some))


def test_how_small_a_p_value_can_be_is_said_with_the_seeds_that_bound_it(runs):
    run = runs["compared"]
    # Three seeds have eight signs between them, of which two are as extreme as any.
    words = "No p-value of 3 seeds lies below 0.25, nor the smallest of 2 below 0.50 by Holm's method; {} of them stand"
    assert words.format(2) in comparisons.message(compared_again(run, of_seeds(run, [1.1, 1.1, 1.1])))
    assert words.format(0) in comparisons.message(compared_again(run, of_seeds(run, [1.1, 0.9, 1.1])))


def of_seeds(run, factors):
    """The evaluation traces of a run, with glorot_normal's losses those of the others times a factor for each seed."""
    traces = run.evaluation_traces
    flat = np.where(traces["init"] == "glorot_normal", np.array(factors)[traces["seed"]], 1.0)
    return traces.assign(train_loss=flat)


def trained_from_to(folder, before, after, sizes=(1.0, 2.0, 3.0)):
    """A run of three cells that learn: D in each before training and at its end. Equal sizes of z make one law."""
    inits = ["naive_unit", "he_normal", "xavier_note"]
    run = load_run(write_run(folder, [5], ["tanh"], inits, factor=lambda *_: 1.0))
    signal = run.signal.copy()
    for step, ratios in ((0, before), (run.config.training.logged_at[-1], after)):
        for init, ratio, size in zip(inits, ratios, sizes, strict=True):
            chosen = (signal["step"] == step) & (signal["init"] == init)
            signal.loc[chosen, "z_second_moment"] *= size
            signal.loc[chosen, "delta_second_moment"] = 1.0
            signal.loc[chosen & (signal["layer"] == 1), "delta_second_moment"] = ratio**2
    return with_tables(run, signal=signal, verdicts=run.verdicts.assign(training_verdict="trains"))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ((2.0, 0.125, 4.0), (8.0, 2.0, 2.0), "in 2 of 3 and away from it in 1; {} was 4.0 before training and 2.0"),
        ((2.0, 0.125, 4.0), (8.0, 8.0, 8.0), "in none of 3 and away from it in 2; {} was 4.0 before training and 8.0"),
        # A D that is 0 lies at no distance.
        ((2.0, 0.0, 4.0), (1.0, 8.0, 4.0), "in 1 of 2 and away from it in none; {} was 2.8 before training and 2.0"),
    ],
)
def test_training_is_said_to_move_d_as_often_as_it_does_whichever_way(tmp_path, before, after, words):
    assert training_signal.message(trained_from_to(tmp_path, before, after)).endswith(
        f"Training moved D towards 1 {words.format('the median factor between D and 1')} at its end."
    )


def test_a_law_with_two_names_is_one_cell_whose_d_moved(tmp_path):
    message = training_signal.message(trained_from_to(tmp_path, (2.0, 2.0, 8.0), (4.0, 4.0, 4.0), (1.0, 1.0, 3.0)))
    assert "networks learned in 3 cells, 2 of them distinct laws." in message
    assert "towards 1 in 1 of 2 and away from it in 1; the median factor between D and 1 was 4.0" in message


def test_the_lines_that_lead_to_names_are_gray_and_thinner_than_any_curve(usual):
    figure = training_signal.draw(usual)
    leaders = [text.arrow_patch for text in figure.findobj(Annotation) if text.arrow_patch is not None]
    thinnest = min(line.get_linewidth() for panel in figure.axes for line in panel.lines if len(line.get_xdata()) > 1)

    assert leaders
    assert {to_hex(leader.get_edgecolor()) for leader in leaders} == {MUTED}
    assert max(leader.get_linewidth() for leader in leaders) < thinnest / 2


def test_two_inits_that_diverged_everywhere_have_no_ratio_drawn(runs):
    run = runs["compared"]
    cut_short = run.evaluation_traces.groupby(["depth", "init", "seed"], observed=True).head(2)

    drawing = comparisons.draw(compared_again(run, cut_short))

    assert texts(drawing).count("every network of both diverged") == 2


def test_each_check_is_shown_by_its_worst_parameter(usual):
    table = gradient_check.rows(usual)

    assert set(table["parameter"]) == {"W1"}
    assert (table["passed"] + table["blind"] == 4).all()


def test_a_blind_comparison_does_not_count_as_an_error(usual):
    words = gradient_check.message(usual)
    assert "2.0 × 10⁻¹⁶ by complex step and 3.0 × 10⁻⁹ by central difference." in words
    assert "The complex step is blind nowhere; the central difference is blind to " in words
    assert "(from depth 2)" in words


def test_training_signals_speak_of_the_same_seeds_at_every_step(usual):
    table = training_signal.rows(usual)

    assert set(table["seeds"]) == {usual.config.seeds.evaluate}


def test_the_interval_is_that_of_order_statistics():
    frame = pd.DataFrame({"group": "a", "value": np.arange(1.0, 21.0)})

    row = median_interval(frame, ["group"], "value").iloc[0]

    # The 6th and the 15th of 20 values bound the median with 95.9 %.
    assert (row["median"], row["low"], row["high"], row["seeds"]) == (10.5, 6.0, 15.0, 20)


def test_what_is_not_a_number_counts_as_infinite():
    frame = pd.DataFrame({"group": "a", "value": [1.0, np.nan, np.nan]})

    assert median_interval(frame, ["group"], "value")["median"].iloc[0] == np.inf


def test_ratios_are_taken_within_a_network():
    signal = pd.DataFrame(
        {
            "depth": 2,
            "architecture": "plain",
            "activation": "tanh",
            "init": "x",
            "step": 0,
            "seed": [0, 0, 0, 1, 1, 1],
            "layer": [1, 2, 3, 1, 2, 3],
            "delta_second_moment": [4.0, 2.0, 9.0, 5.0, 0.0, 9.0],
        }
    )

    ratios = relative_to_top(signal, "delta_second_moment")

    assert ratios["delta_second_moment"].tolist() == [2.0, 1.0]


def test_a_long_axis_is_thinned_and_keeps_its_ends():
    assert spread([1, 2, 3, 4, 5, 6, 7], 3) == [1, 4, 7]
    assert spread([1, 2], 5) == [1, 2]


@pytest.mark.parametrize(
    ("values", "place", "hollow"),
    [
        ([1.0, 1e-3, 1e-9], (2.5, "v"), False),
        ([1.0, 0.0, 0.0], (2, "v"), True),
        ([1.0, np.inf, np.inf], (2, "^"), True),
        ([1e12, 1.0, 1.0], (1.5, "^"), False),
    ],
)
def test_a_curve_that_leaves_the_frame_is_marked_where_it_does(values, place, hollow):
    panel = Figure().subplots()
    panel.set_yscale("log")
    panel.set_ylim(1e-6, 1e6)

    draw_curves(panel, [Curve(("critical",), np.array([1, 2, 3]), np.array(values))])

    mark = panel.lines[-1]
    assert (mark.get_xdata()[0], mark.get_marker()) == place
    assert (mark.get_markerfacecolor() == PAPER) == hollow


def test_a_logarithmic_axis_of_nothing_has_limits():
    low, high = log_limits(np.array([0.0, np.inf, np.nan]))

    assert 0 < low < high < np.inf


def test_theory_agrees_where_it_lies_in_the_interval_but_for_rounding():
    theory = pd.Series([1.0, np.nan, 2.0, 1.0 + 1e-12, 0.0])
    low, high = pd.Series([0.5, 0.5, 3.0, 1.0, 0.0]), pd.Series([1.5, 1.5, np.inf, 1.0, 0.0])
    assert within(theory, low, high).tolist() == [True, pd.NA, False, True, True]


def test_the_spread_of_single_networks_is_the_deviation_of_their_logarithm(usual):
    table = finite_width.rows(usual)
    spreads = table[table["measure"] == "spread_of_log_q"]
    signal = usual.initial_signal
    deepest = signal[(signal["depth"] == usual.depths[-1]) & (signal["layer"] == 2)]
    chosen = deepest[(deepest["activation"] == "tanh") & (deepest["init"] == "glorot_normal")]
    of_cell = (spreads["layer"] == 2) & (spreads["activation"] == "tanh") & (spreads["init"] == "glorot_normal")
    row = spreads[of_cell].iloc[0]
    assert row["median"] == pytest.approx(np.log(chosen["z_second_moment_single"]).std())
    # For n normal logarithms, (n - 1) s²/σ² is χ², with n - 1 degrees of freedom.
    assert row["low"] == pytest.approx(row["median"] * np.sqrt(6 / chi2.ppf(0.975, 6)))
    assert row["high"] == pytest.approx(row["median"] * np.sqrt(6 / chi2.ppf(0.025, 6)))
    assert row["theory"] == pytest.approx(0.1)
    medians = table[(table["measure"] == "q_over_theory") & (table["layer"] == 2)]
    np.testing.assert_allclose(medians["theory"], np.exp(-0.005))


def test_the_band_of_single_networks_holds_95_percent_of_normal_logarithms(usual):
    table = finite_width.rows(usual)
    ratios = table[table["measure"] == "q_over_theory"]
    theory = usual.theory[usual.theory["depth"] == usual.depths[-1]].astype({"activation": str, "init": str})
    both = ratios.merge(theory, on=["depth", "activation", "init", "layer"], validate="one_to_one")
    variance = both["z_log_variance_single"]

    assert len(both) == len(theory)
    np.testing.assert_allclose(both["theory"], np.exp(-variance / 2.0))
    np.testing.assert_allclose(both["theory_low"], np.exp(-variance / 2.0 - 1.959964 * np.sqrt(variance)), rtol=1e-6)
    np.testing.assert_allclose(both["theory_high"], np.exp(-variance / 2.0 + 1.959964 * np.sqrt(variance)), rtol=1e-6)
    # What is measured stands over the theory of the very input, and not over the mean of the probe.
    chosen = both[(both["activation"] == "tanh") & (both["init"] == "glorot_normal")].sort_values("layer")
    signal = usual.initial_signal
    of_cell = signal[(signal["depth"] == 10) & (signal["activation"] == "tanh") & (signal["init"] == "glorot_normal")]
    medians = of_cell[of_cell["layer"] <= 10].groupby("layer")["z_second_moment_single"].median()
    np.testing.assert_allclose(chosen["median"], medians.to_numpy() / chosen["z_second_moment_single"])


def test_the_shade_of_single_networks_stays_within_the_frame(usual):
    # One network of each cell lies far from its theory, which a median does not see.
    signal = usual.initial_signal
    far = (signal["depth"] == 10) & (signal["seed"] == signal["seed"].min())
    signal = signal.assign(z_second_moment_single=signal["z_second_moment_single"] * np.where(far, 300.0, 1.0))
    scattered = with_tables(usual, initial_signal=signal)
    shades = [
        (panel.get_ylim(), shade.get_paths()[0].vertices[:, 1])
        for panel in finite_width.draw(scattered).axes
        for shade in panel.collections
        if len(shade.get_paths()) and len(shade.get_paths()[0].vertices)
    ]

    assert max(heights.max() for _, heights in shades) > 100
    assert all(low <= heights.min() and heights.max() <= high for (low, high), heights in shades)


def test_steps_at_an_axis_are_written_in_thousands(usual):
    figure = loss_traces.draw(usual)
    figure.axes[0].set_xlim(0, 3000)
    figure.draw_without_rendering()
    written = {text.get_text() for text in figure.axes[-1].get_xticklabels()}

    assert {"0", "1,000", "2,000", "3,000"} <= written


def test_the_spectrum_is_the_median_of_logarithms_beside_its_theory(tmp_path):
    run = load_run(write_run(tmp_path, [2, 4], ["linear", "tanh"], ["orthogonal", "glorot_normal"]))
    table = jacobian_spectrum.rows(run)
    values = table[table["measure"] == "log10_singular_value"].set_index(["activation", "init", "index"]).sort_index()
    jacobian = run.deepest_jacobian
    assert set(jacobian["depth"]) == {4}
    chosen = jacobian[(jacobian["activation"] == "tanh") & (jacobian["init"] == "glorot_normal")]
    for index in (1, 2, 3):
        logarithms = chosen.loc[chosen["index"] == index, "log_singular_value"]
        row = values.loc["tanh", "glorot_normal", index]
        assert row["median"] == pytest.approx(np.median(logarithms) / np.log(10.0))
        assert row["low"] == pytest.approx(logarithms.min() / np.log(10.0))
        assert row["seeds"] == 7
    known = deep_spectrum(LINEAR, ORTHOGONAL, 3, 8, 4, np.array([1, 2, 3])) / np.log(10.0)
    np.testing.assert_allclose(values.loc[("linear", "orthogonal"), "theory"], known)
    assert values.xs("tanh")["theory"].isna().all()


def test_condition_numbers_are_worded_whatever_their_size(tmp_path):
    # Each layer divides the third of three singular values by ten.
    run = load_run(write_run(tmp_path, [4], ["linear"], ["orthogonal", "glorot_normal"]))
    words = jacobian_spectrum.message(run)
    assert words.startswith("At depth 4 the Jacobian's condition number runs from 10,000 (linear, ")
    assert "same variance: 10,000 against 10,000 for linear." in words

    run.deepest_jacobian["log_singular_value"] *= 100.0
    assert "10⁴⁰⁰ against 10⁴⁰⁰ for linear." in jacobian_spectrum.message(run)
    rows = jacobian_spectrum.rows(run)
    assert np.isfinite(rows["median"]).all()
    assert rows["median"].min() < -380.0


def test_zeros_and_overflow_among_singular_values_are_told_apart(tmp_path):
    run = load_run(write_run(tmp_path, [4], ["linear", "relu"], ["orthogonal", "glorot_normal"]))
    jacobian = run.deepest_jacobian
    closed = (jacobian["activation"] == "relu") & (jacobian["index"] == 3)
    jacobian.loc[closed, "log_singular_value"] = -np.inf
    assert "In 2 of 4 combinations some singular values are exactly 0." in jacobian_spectrum.message(run)

    jacobian.loc[jacobian["activation"] == "linear", "log_singular_value"] = np.nan
    words = jacobian_spectrum.message(run)
    assert words.startswith("At depth 4 each Jacobian that is a number has singular values that are exactly 0.")
    values = jacobian_spectrum.rows(run).query("measure == 'log10_singular_value'").set_index(["activation", "index"])
    assert (values.loc[[("relu", 3)], "median"] == -np.inf).all()
    assert (values.xs("linear")["median"] == np.inf).all()
    jacobian_spectrum.draw(run)


WITHHELD = {
    Design("plain", *names) for names in (("tanh", "naive_large"), ("relu", "naive_large"), ("tanh", "xavier_note"))
}


def is_withheld(table):
    """Of each row, whether its theory is withheld."""
    return [Design(*names) in WITHHELD for names in table[list(Design._fields)].itertuples(index=False)]


def dashed(figure):
    """How many curves of theory stand in a figure's panels."""
    return sum(line.is_dashed() and line.get_color() == INK for panel in figure.axes for line in panel.lines)


def test_what_is_withheld_is_told_apart_from_what_is_degenerate(runs):
    assert set(runs["withheld"].withheld) == WITHHELD
    note = "theory is withheld: weights of 'naive_large' have mean 0.5, and theory takes it to be 0"
    assert runs["withheld"].withheld[Design("plain", "relu", "naive_large")] == note
    real = with_real_theory(runs["all_zero"])
    assert real.theory["note"].notna().any()
    assert real.withheld == {}
    assert runs["usual"].withheld == {}


@pytest.mark.parametrize("figure", ["forward_signal", "backward_signal"])
def test_no_theory_is_drawn_where_it_is_withheld(runs, figure):
    # In made-up runs the theory of each init is a curve of its own.
    rows = FIGURES[figure].rows(runs["withheld"])
    combinations = 2 * len(INITS)
    assert dashed(FIGURES[figure].draw(runs["usual"])) == rows["measure"].nunique() * combinations
    drawn = dashed(FIGURES[figure].draw(runs["withheld"]))
    assert drawn == rows["measure"].nunique() * (combinations - len(WITHHELD))
    bare = rows[is_withheld(rows)]
    assert len(bare)
    assert bare["theory"].isna().all()
    assert bare["median"].notna().all()


def test_no_scatter_is_set_beside_a_theory_that_is_withheld(runs):
    table = finite_width.rows(runs["withheld"])
    assert not any(is_withheld(table))
    assert dashed(finite_width.draw(runs["withheld"])) > 0
    assert dashed(finite_width.draw(runs["all_withheld"])) == 0


def test_no_spectrum_is_expected_of_weights_whose_law_is_not_the_stated_one(runs):
    rows = jacobian_spectrum.rows(runs["all_withheld"])
    assert len(rows)
    assert rows["theory"].isna().all()
    assert dashed(jacobian_spectrum.draw(runs["all_withheld"])) == 0


def test_a_prediction_that_is_withheld_is_none(runs):
    table = prediction.rows(runs["withheld"])
    bare = is_withheld(table)
    assert table.loc[bare, ["predicted_delta_ratio", "predicted_verdict", "within_interval"]].isna().all(axis=None)
    known = len(table) - sum(bare)
    assert f" of {known} cells" in prediction.message(runs["withheld"])
    assert prediction.message(runs["all_withheld"]) == "Theory makes no prediction for the cells of this run."


def test_a_prediction_is_judged_as_a_rule_of_failure_and_its_misses_are_named(runs):
    table = prediction.rows(runs["withheld"]).dropna(subset=["predicted_verdict", "training_verdict"])
    failed, steps = table["training_verdict"].isin(FAILURES), runs["withheld"].config.training.steps
    foretold = ~table["predicted_delta_ratio"].between(3 / steps, steps / 3)
    balanced = 50 * (foretold[failed].mean() + (~foretold[~failed]).mean())
    rule = prediction.message(runs["withheld"]).partition("The rule that ")[2]

    assert f"is right in {(failed == foretold).sum()} of {len(table)}" in rule
    assert float(re.search(r"balanced accuracy is ([\d.]+) %", rule)[1]) == pytest.approx(balanced, abs=0.06)
    missed = table[failed != foretold]
    assert len(missed) > 0
    assert sum(f"at depth {depth}" in rule for depth in set(missed["depth"])) == len(set(missed["depth"]))


def test_a_rule_of_failure_is_not_judged_where_no_cell_failed_or_all_did(runs):
    verdicts = prediction.rows(runs["compared"])["training_verdict"]

    assert verdicts.isin(FAILURES).nunique() == 1
    assert "balanced accuracy" not in prediction.message(runs["compared"])


def test_an_init_whose_theory_is_withheld_has_no_place_in_the_plane(runs):
    table = phase_diagram.rows(runs["withheld"])
    assert not any(is_withheld(table.assign(architecture="plain")))
    assert len(table) == 2 * len(INITS) - len(WITHHELD)
    assert phase_diagram.message(runs["all_withheld"]) == "In this run no initialization has a place in the plane."
    labels = {text.get_text() for text in phase_diagram.draw(runs["withheld"]).legends[0].get_texts()}
    assert label("naive_large") not in labels
    assert label("xavier_note") in labels
