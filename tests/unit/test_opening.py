"""The first screen: who fails where, why, and what works, as the numbers have it, and the opposite on other numbers."""

import re
from html import unescape

import numpy as np
import pytest
from made_up_run import with_tables, write_run

from depthsounder.report.causes import cause_of_activation, part, percent, times
from depthsounder.report.opening import points, title
from depthsounder.sweep.runs import load_run


def plain(markup):
    return unescape(re.sub("<[^>]*>", "", str(markup)))


def said(run):
    return {point.about: plain(point.text) for point in points(run)}


def made_up(folder, activations, inits, factors, depths=(2, 5, 10), **options):
    """A run; `factors` are given by activation, by init, or by both, and are 1 where none is."""

    def factor(activation, init):
        return factors.get((activation, init), factors.get(init, factors.get(activation, 1.0)))

    return load_run(write_run(folder, list(depths), activations, inits, factor=factor, **options))


def with_fates(run, fates):
    """The run with other training verdicts, by depth, activation and init; what is not named keeps its own."""
    verdicts = run.verdicts.copy()
    for (depth, activation, init), verdict in fates.items():
        chosen = (verdicts["depth"] == depth) & (verdicts["activation"] == activation) & (verdicts["init"] == init)
        assert chosen.sum() == 1
        verdicts.loc[chosen, "training_verdict"] = verdict
    return with_tables(run, verdicts=verdicts)


# --- the headline ---


@pytest.mark.parametrize(
    ("activations", "inits", "factors", "expected"),
    [
        (["sigmoid", "tanh"], ["naive_small", "he_normal"], {"sigmoid": 0.05, "naive_small": 0.05},
         "Where sigmoid and naive initialization fail, and why"),
        (["sigmoid", "tanh"], ["glorot_normal", "he_normal"], {"sigmoid": 0.05}, "Where sigmoid fails, and why"),
        (["sigmoid", "tanh"], ["naive_small", "he_normal"], {("tanh", "naive_small"): 0.05},
         "Where naive initialization fails, and why"),
        (["tanh", "relu"], ["xavier_note", "he_normal"], {"relu": 0.05}, "Where relu fails, and why"),
        (["sigmoid", "tanh"], ["xavier_note", "he_normal"], {"tanh": 0.05}, "Where networks failed, and why"),
        (["sigmoid", "tanh"], ["naive_small", "he_normal"], {}, "Nothing failed, up to 10 layers"),
    ],
)  # fmt: skip
def test_the_headline_names_what_failed_and_nothing_else(tmp_path, activations, inits, factors, expected):
    assert title(made_up(tmp_path, activations, inits, factors)) == expected


# --- an activation ---


def test_a_failing_sigmoid_is_counted_by_depth_and_by_what_a_layer_leaves(tmp_path):
    run = made_up(tmp_path, ["sigmoid", "tanh"], ["glorot_normal", "he_normal", "critical"],
                  {("sigmoid", "glorot_normal"): 0.05, ("sigmoid", "he_normal"): 0.04})  # fmt: skip
    run = with_fates(run, {(2, "sigmoid", "glorot_normal"): "trains", (2, "sigmoid", "he_normal"): "trains",
                           (5, "sigmoid", "he_normal"): "partial"})  # fmt: skip

    # √0.05 = 0.22 a layer; over the four steps back from the fifth, a 400th.
    assert said(run)["Sigmoid"] == (
        "At 5 layers most networks learn nothing in 30 steps with 1 of 3 initializations, at 10 layers with 2. "
        "The error that a layer learns from comes back through all layers above it, and with glorot normal each passes "
        "on only 22 % (sigmoid is nowhere steeper than 0.25): of 5 layers, the first gets 1 part in 400."
    )


INITS = ["glorot_normal", "lecun_normal", "orthogonal", "xavier_note", "he_normal", "critical"]
"""Laws are told apart by what they measure: with these factors all are, for sigmoid and for relu."""
FACTORS = dict(zip(INITS, (0.98, 0.05, 1.02, 0.95, 1.1, 1.2), strict=True))


def test_where_two_names_are_one_law_the_page_says_why_it_counts_one_less(tmp_path):
    found = said(made_up(tmp_path, ["sigmoid", "relu"], INITS, {**FACTORS, ("relu", "critical"): 1.1}))

    assert "with 1 of 6 initializations, at" in found["Sigmoid"]
    assert "relu at 10 layers (4 of 5 initializations; critical is he normal)" in found["What works"]
    assert "sigmoid at 10 layers (5 of 6 initializations)" in found["What works"]


def test_the_activation_of_which_the_screen_speaks_counts_a_law_once_and_says_so(tmp_path):
    failing = said(made_up(tmp_path / "failing", ["sigmoid"], INITS, {**FACTORS, "critical": 1.1}))["Sigmoid"]
    fine = said(made_up(tmp_path / "fine", ["sigmoid"], INITS[2:], {**FACTORS, "critical": 1.1}))["Sigmoid"]
    alike = said(made_up(tmp_path / "alike", ["sigmoid"], INITS, {}))["Sigmoid"]

    assert "with 1 of 5 initializations (critical is he normal), at 10 layers" in failing
    assert "Nothing failed: all 3 initializations (critical is he normal) trained" in fine
    assert "Nothing failed: the one initialization (5 draw what others draw) trained" in alike


def test_a_sigmoid_that_does_not_fail_is_not_said_to(tmp_path):
    run = made_up(tmp_path, ["sigmoid", "tanh"], ["xavier_note", "he_normal"], {"tanh": 0.05, "he_normal": 1.1})
    assert said(run)["Sigmoid"] == "Nothing failed: all 2 initializations trained at every depth up to 10 layers."

    slower = with_fates(run, {(10, "sigmoid", "xavier_note"): "partial"})
    assert said(slower)["Sigmoid"] == (
        "Nothing failed: 1 of 2 initializations trained at every depth up to 10 layers; the other learned, but not "
        "fast enough."
    )


def test_without_sigmoid_the_screen_speaks_of_the_activation_that_fails_most(tmp_path):
    run = made_up(tmp_path, ["tanh", "relu"], ["xavier_note", "he_normal"], {"relu": 0.05, ("relu", "he_normal"): 0.04})

    found = said(run)

    assert list(found) == ["Relu", "What works"]
    assert "all 2 initializations" in found["Relu"]
    assert "sigmoid" not in " ".join(found.values())


def test_an_activation_that_passes_more_on_than_its_slope_is_not_explained_by_it(tmp_path):
    # 0.3 squared a layer: more than sigmoid's slope of 0.25 would leave by itself.
    run = made_up(tmp_path, ["sigmoid"], ["glorot_normal"], {"sigmoid": 0.09}, depths=[5])
    assert "passes on only 30 %: of 5 layers" in said(run)["Sigmoid"]


def test_an_activation_whose_errors_explode_is_said_to_blow_up(tmp_path):
    run = made_up(tmp_path, ["relu"], ["he_normal"], {"relu": 9.0}, depths=[10])
    assert said(run)["Relu"] == (
        "At 10 layers most networks blow up in 30 steps with the one initialization. With he normal the error that "
        "comes back is multiplied by 3 in each layer, until at 10 layers a single step throws the weights far off."
    )


def test_an_exploding_error_under_which_networks_still_guess_throws_no_weights_off(tmp_path):
    run = made_up(tmp_path, ["tanh"], ["he_normal"], {"tanh": 9.0}, depths=[10], losses=np.ones(31))
    assert said(run)["Tanh"].endswith(
        "With he normal the error that comes back is multiplied by 3 in each layer, and at 10 layers most networks "
        "still guess."
    )


@pytest.mark.parametrize(("ratio", "arrives"), [(0.4, "40 %"), (3.0, "3 times as much")])
def test_a_failure_with_a_healthy_signal_is_not_laid_to_the_error(ratio, arrives):
    row = {"architecture": "plain", "activation": "tanh", "init": "he_normal", "depth": 5}
    row |= {"delta_ratio": ratio, "signal_verdict": "healthy"}
    assert plain(cause_of_activation(row)) == (
        f"That is not for want of an error to learn from: with he normal at 5 layers, {arrives} of what the last layer "
        "gets reaches the first."
    )


@pytest.mark.parametrize("ratio", [0.0, np.nan])
def test_where_no_error_arrives_none_is_said_to(ratio):
    row = {"architecture": "plain", "activation": "tanh", "init": "zeros", "depth": 5}
    row |= {"delta_ratio": ratio, "signal_verdict": "vanishing"}
    assert "each passes on only 0 %: of 5 layers, the first gets nothing at all." in plain(cause_of_activation(row))


def test_a_single_layer_has_nothing_to_lose(tmp_path):
    run = made_up(tmp_path, ["sigmoid"], ["glorot_normal"], {}, depths=[1], losses=np.ones(31))
    assert "With one hidden layer nothing gets lost on the way" in said(run)["Sigmoid"]


# --- naive initializations ---


def test_naive_scales_are_told_apart_by_how_they_fail(tmp_path):
    run = made_up(tmp_path, ["linear", "tanh"], ["naive_small", "naive_large"],
                  {"naive_small": 0.01, ("linear", "naive_large"): 16.0})  # fmt: skip
    run = with_fates(run, {(2, "linear", "naive_small"): "trains", (2, "tanh", "naive_small"): "trains"})

    found = said(run)

    assert found["Naive, too small"] == (
        "Weights of about ±0.01 (naive small) at any width. Most linear and tanh networks learn nothing from 5 layers "
        "on: each layer passes on only 10 % of the error."
    )
    assert found["Naive, too large"] == (
        "Weights of about ±0.5 (naive large) at any width. Most linear networks blow up from 5 layers on: each layer "
        "multiplies the error by 4. Tanh trained at every depth up to 10 layers."
    )


def test_a_sweep_without_naive_initializations_says_nothing_of_them(tmp_path):
    run = made_up(tmp_path, ["sigmoid"], ["glorot_normal", "he_normal"], {"sigmoid": 0.05})
    assert list(said(run)) == ["Sigmoid", "What works"]


def with_flat(run, share):
    return with_tables(run, initial_signal=run.initial_signal.assign(saturated_fraction=share))


def test_flat_units_are_named_where_many_are_flat_and_the_error_arrives(tmp_path):
    run = made_up(tmp_path, ["tanh"], ["naive_large"], {}, losses=np.ones(31))
    for share, expected in ((0.81, ", but 81 % of the units sit where the curve is flat."), (0.1, ".")):
        text = said(with_flat(run, share))["Naive, too large"]
        assert text.endswith(f"Most tanh networks learn nothing from 2 layers on: the error arrives{expected}")


@pytest.mark.parametrize(
    ("factor", "expected"),
    [(0.01, "each layer passes on only 10 % of the error."), (16.0, "each layer multiplies the error by 4.")],
)
def test_flat_units_are_not_blamed_where_the_error_is_lost_or_grows(tmp_path, factor, expected):
    run = made_up(tmp_path, ["tanh"], ["naive_large"], {"tanh": factor}, depths=[10], losses=np.ones(31))
    text = said(with_flat(run, 0.81))["Naive, too large"]
    assert text.endswith(f"at 10 layers: {expected}")
    assert "flat" not in text


def test_each_activation_is_explained_by_its_own_error(tmp_path):
    run = made_up(tmp_path, ["sigmoid", "tanh"], ["naive_large", "naive_unit"],
                  {("sigmoid", "naive_large"): 0.36, ("sigmoid", "naive_unit"): 0.25, "tanh": 4.0},
                  depths=[20], losses=np.ones(31))  # fmt: skip
    assert said(with_flat(run, 0.81))["Naive, too large"].endswith(
        "Most sigmoid and tanh networks learn nothing at 20 layers: with sigmoid each layer passes on only 50 to 60 % "
        "of the error; with tanh each layer multiplies the error by 2."
    )


def test_an_activation_whose_initializations_fail_unlike_is_named_with_each(tmp_path):
    run = made_up(tmp_path, ["tanh"], ["naive_large", "naive_unit"], {"naive_large": 0.25, "naive_unit": 4.0},
                  depths=[20], losses=np.ones(31))  # fmt: skip
    assert said(run)["Naive, too large"].endswith(
        "with tanh (naive large) each layer passes on only 50 % of the error; with tanh (naive unit) each layer "
        "multiplies the error by 2."
    )


def test_naive_initializations_that_only_slow_learning_down_are_not_said_to_fail(tmp_path):
    run = made_up(tmp_path, ["tanh", "relu"], ["naive_small"], {})
    slower = with_fates(run, {(10, "relu", "naive_small"): "partial"})
    assert said(slower)["Naive, too small"].endswith(
        "Tanh trained at every depth up to 10 layers. Relu still learned at 10 layers, but too slowly."
    )


def test_a_failure_that_deeper_networks_do_not_share_is_no_limit(tmp_path):
    run = made_up(tmp_path, ["tanh"], ["naive_small"], {})
    assert (
        "Most tanh networks learn nothing first at 5 layers"
        in said(with_fates(run, {(5, "tanh", "naive_small"): "stalled"}))["Naive, too small"]
    )
    assert (
        "Most tanh networks learn nothing at 10 layers"
        in said(with_fates(run, {(10, "tanh", "naive_small"): "stalled"}))["Naive, too small"]
    )


# --- what works ---


def test_what_works_is_named_with_its_depth_and_its_initializations(tmp_path):
    run = made_up(tmp_path, ["sigmoid", "tanh", "relu"], ["naive_small", "glorot_normal", "he_normal"],
                  {"sigmoid": 0.01, "naive_small": 0.01, "he_normal": 1.1, ("sigmoid", "he_normal"): 0.01})  # fmt: skip
    run = with_fates(run, {(10, "relu", "glorot_normal"): "partial", (10, "tanh", "glorot_normal"): "mixed"})

    assert said(run)["What works"] == (
        "Trained within 30 steps: tanh and relu at 10 layers (he normal); sigmoid at no depth. Still learning at 10, "
        "too slowly to finish: relu (glorot normal)."
    )


def test_many_that_still_learn_are_counted(tmp_path):
    inits = ["xavier_note", "he_normal", "lecun_normal", "orthogonal", "uniform_standard"]
    factors = {init: 1.0 + at / 100 for at, init in enumerate(inits)}
    run = made_up(tmp_path, ["tanh"], inits, factors)

    assert "tanh at 10 layers (all 5 initializations)." in said(run)["What works"]
    slow = with_fates(run, {(10, "tanh", init): "partial" for init in inits[1:]})
    assert "too slowly to finish: 4 other combinations." in said(slow)["What works"]


def test_nothing_works_where_nothing_trained(tmp_path):
    run = made_up(tmp_path, ["tanh"], ["naive_small"], {"tanh": 1e-9})
    assert said(run)["What works"] == "Nothing trained within 30 steps, at any depth."


def test_a_law_with_two_names_is_counted_once(tmp_path):
    # Glorot and critical draw equal weights here.
    run = made_up(tmp_path, ["sigmoid"], ["glorot_normal", "critical"], {"sigmoid": 0.01}, depths=[5])
    assert "with the one initialization" in said(run)["Sigmoid"]


# --- numbers in words ---


def test_shares_are_said_in_parts_and_percent():
    assert [part(share) for share in (0.0, 0.0028, 1e-9)] == ["nothing at all", "1 part in 360", "1 part in 10⁹"]
    assert part(0.2) == "20 %"
    assert [percent(0.234), percent(0.02, 0.081), percent(0.004), percent(0.0)] == ["23 %", "2 to 8 %", "0.4 %", "0 %"]
    assert [times([2.0]), times([2.8, 8.0, 3.0])] == ["2", "2.8 to 8"]
