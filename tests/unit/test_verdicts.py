"""The rules of the verdicts, on made-up numbers: each word, each boundary, and the order in which they are tried."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import yaml
from scipy.stats import binom, norm
from support import DEFAULT_THRESHOLDS, FlatReferences

from depthsounder.judging.fates import first_below
from depthsounder.judging.reasons import reason
from depthsounder.judging.verdicts import (
    COLLAPSED,
    DISTINCT,
    NO_SIGNAL_VERDICT,
    ForwardVerdict,
    delta_ratios,
    judge_forward,
    judge_signal,
    judge_training,
)

THRESHOLDS = replace(DEFAULT_THRESHOLDS, tail_steps=5)
STEPS = 20
# A power of two, so that shares of it are exact in single precision where the test wants a boundary.
H = 2.0
RATES = (0.01, 0.1, 1.0)


def trace(tail, start=2.5, steps=STEPS):
    """Losses that begin at `start` and whose last five are `tail`."""
    return np.array([start] * (steps + 1 - 5) + [tail] * 5)


def diverged(at=3, start=2.5, last=np.inf):
    """A trace that ends after some steps with a loss that is not finite."""
    return np.array([start] * at + [last])


def judge(evaluation, tuning=None, best=0.1, thresholds=THRESHOLDS):
    """Judge traces of evaluation seeds at the rate `best`; all tuning traces are good unless given by rate."""
    tuning = tuning or {}
    tuned = {(rate, 100 + seed): losses for rate in RATES for seed, losses in enumerate(tuning.get(rate, [trace(0.1)]))}
    evaluated = {(best, seed): t for seed, t in enumerate(evaluation)}
    return judge_training(tuned, evaluated, FlatReferences(H, STEPS), thresholds)


def word(*arguments, **keywords):
    return judge(*arguments, **keywords).training_verdict


# --- training: the words ---


def test_low_tails_are_called_training():
    assert word([trace(0.1 * H)] * 10) == "trains"


def test_middling_tails_are_called_partial():
    assert word([trace(0.5 * H)] * 10) == "partial"


def test_tails_at_the_entropy_are_called_stalled():
    assert word([trace(H)] * 10) == "stalled"


def test_a_grid_without_a_usable_rate_is_called_diverged():
    assert word([diverged()] * 10, {rate: [diverged(), diverged()] for rate in RATES}) == "diverged"


def test_evaluation_seeds_that_mostly_blow_up_are_called_diverged():
    assert word([diverged()] * 6 + [trace(0.1)] * 4) == "diverged"


# --- training: the boundaries ---


@pytest.mark.parametrize(("successes", "expected"), [(10, "trains"), (8, "trains"), (7, "partial"), (0, "partial")])
def test_eight_of_ten_seeds_must_train(successes, expected):
    verdict = judge([trace(0.1)] * successes + [trace(0.5)] * (10 - successes))
    assert verdict.training_verdict == expected
    assert (verdict.successes, verdict.seeds) == (successes, 10)
    assert verdict.success_rate == successes / 10


def test_a_seed_trains_at_the_threshold_and_not_above_it():
    exact = replace(THRESHOLDS, trains_loss=0.125)
    assert word([trace(0.25)] * 10, thresholds=exact) == "trains"
    assert word([trace(0.2500001)] * 10, thresholds=exact) == "partial"


def test_tails_at_the_threshold_are_stalled_and_those_below_are_not():
    exact = replace(THRESHOLDS, stalled_loss=0.9375)
    assert word([trace(1.875)] * 10, thresholds=exact) == "stalled"
    assert word([trace(1.8749)] * 10, thresholds=exact) == "partial"


@pytest.mark.parametrize(
    ("trained", "learning", "standing", "expected"),
    [
        (0, 8, 2, "partial"),
        (3, 5, 2, "partial"),
        (7, 1, 2, "partial"),
        (8, 0, 2, "trains"),
        (0, 7, 3, "mixed"),
        (7, 0, 3, "mixed"),
        (3, 2, 5, "mixed"),
        (0, 4, 6, "stalled"),
        (4, 0, 6, "stalled"),
    ],
)
def test_the_word_for_seeds_that_disagree_is_by_how_many_learn(trained, learning, standing, expected):
    verdict = judge([trace(0.1)] * trained + [trace(1.0)] * learning + [trace(H)] * standing)
    assert verdict.training_verdict == expected
    assert (verdict.successes, verdict.learning, verdict.on_plateau) == (trained, learning, standing)


def test_two_that_trained_and_a_third_that_diverged_are_mixed():
    verdict = judge([trace(0.1), trace(0.1), diverged()])
    assert verdict.training_verdict == "mixed"
    assert (verdict.successes, verdict.diverged_seeds, verdict.seeds) == (2, 1, 3)


def test_a_loss_that_fell_all_the_way_and_stands_above_the_plateau_is_partial():
    falling = np.linspace(600.0, 10.0, STEPS + 1)
    verdict = judge([falling] * 10, {rate: [falling] for rate in RATES})
    assert (verdict.training_verdict, verdict.falling, verdict.escape_step) == ("partial", 10, None)


def test_a_loss_above_the_plateau_that_has_not_come_down_is_stalled():
    verdict = judge([trace(3.0, start=3.1)] * 10)
    assert (verdict.training_verdict, verdict.above_plateau) == ("stalled", 10)


@pytest.mark.parametrize(
    ("tail", "start", "blown_up"),
    [
        (4.0, 1.0, False),
        (4.001, 1.0, True),
        # A network that starts high is not diverged until it is far above its start, which is one batch's loss.
        (8.1, 8.0, False),
        (16.0, 8.0, False),
        (16.1, 8.0, True),
    ],
)
def test_a_network_is_diverged_above_twice_both_the_entropy_and_its_start(tail, start, blown_up):
    networks = [trace(tail, start)] * 4
    assert (word(networks, dict.fromkeys(RATES, networks)) == "diverged") == blown_up


@pytest.mark.parametrize(("share", "expected"), [(1, "stalled"), (2, "diverged")])
def test_more_than_half_of_the_seeds_must_diverge(share, expected):
    tuning = dict.fromkeys(RATES, [diverged()] * share + [trace(H)] * (2 - share))
    assert word([trace(H)] * 10, tuning) == expected


def test_half_of_the_evaluation_seeds_are_not_yet_more_than_half():
    # The median of the tails is then infinite all the same: the other half did not learn.
    assert word([diverged()] * 5 + [trace(H)] * 5) == "stalled"


def test_a_cell_whose_other_half_trained_is_not_called_stalled():
    assert word([diverged()] * 5 + [trace(0.1)] * 5) == "mixed"


def test_one_usable_rate_is_enough():
    tuning = {0.01: [trace(H)] * 2, 0.1: [diverged()] * 2, 1.0: [diverged()] * 2}
    assert word([trace(H)] * 10, tuning, best=0.01) == "stalled"


@pytest.mark.parametrize("start", [np.inf, np.nan])
def test_a_network_that_is_not_finite_at_once_has_diverged(start):
    # Infinity is not above infinity; it is not finite all the same.
    networks = [diverged(at=0, last=start)] * 4
    assert word(networks, dict.fromkeys(RATES, networks)) == "diverged"


@pytest.mark.parametrize("last", [np.inf, np.nan])
def test_a_loss_that_is_not_finite_at_the_last_step_is_divergence_too(last):
    networks = [np.append(trace(0.1)[:-1], last)] * 4
    verdict = judge(networks, dict.fromkeys(RATES, networks))
    assert verdict.training_verdict == "diverged"
    assert verdict.tail_loss == np.inf


# --- training: the order of the rules ---


def test_diverged_comes_before_trains():
    # At no rate do more than half of the tuning seeds survive, but all evaluation seeds do.
    assert word([trace(0.01)] * 10, dict.fromkeys(RATES, [diverged()] * 2)) == "diverged"


def test_diverged_comes_before_stalled():
    assert word([trace(8.0)] * 10) == "diverged"


# --- training: the numbers ---


@pytest.mark.parametrize(("best", "edge"), [(0.01, True), (0.1, False), (1.0, True)])
def test_a_rate_at_the_edge_of_the_grid_is_flagged(best, edge):
    verdict = judge([trace(0.1)], best=best)
    assert (verdict.best_learning_rate, verdict.edge_of_grid) == (best, edge)


def test_the_tail_loss_is_the_median_over_seeds():
    assert judge([trace(tail) for tail in (0.1, 0.2, 0.9)]).tail_loss == pytest.approx(0.2)
    assert judge([trace(0.1), trace(0.2), diverged()]).tail_loss == pytest.approx(0.2)
    assert judge([trace(0.1), diverged(), diverged()]).tail_loss == np.inf


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (1, 10), (9, 10), (10, 10), (1, 1), (3, 7)])
def test_the_success_rate_has_wilsons_interval(successes, n):
    # Wilson 1927, from the quadratic that he solves.
    verdict = judge([trace(0.1)] * successes + [trace(0.5)] * (n - successes))
    z, p = norm.isf(0.025), successes / n
    center, radius = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = (center - radius) / (1 + z**2 / n), (center + radius) / (1 + z**2 / n)
    assert verdict.success_rate_low == pytest.approx(low, abs=1e-12)
    assert verdict.success_rate_high == pytest.approx(high, abs=1e-12)


def test_a_level_is_passed_at_the_first_step_whose_running_mean_is_below_it():
    losses = np.array([2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0])
    # Means of three end at steps 2, 3, … with 2, 2, 5/3, 4/3, 1, 1.
    for level, expected in ((1.9, 4.0), (1.5, 5.0), (5.0, 2.0), (1.0, np.inf)):
        assert first_below(losses, np.full(6, level), window=3) == expected


def test_each_window_has_its_own_level():
    losses = np.array([2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0])
    assert first_below(losses, np.array([1.9, 1.9, 1.0, 1.2, 1.1, 1.1]), window=3) == 6.0


def test_a_single_low_batch_passes_no_level():
    losses = np.full(60, 2.0)
    losses[30] = 1.0
    assert first_below(losses, np.full(41, 1.9), window=20) == np.inf
    assert first_below(losses, np.full(56, 1.9), window=5) == 30.0


@pytest.mark.parametrize(
    "losses", [diverged(at=4), diverged(at=0), np.full(4, 0.1)], ids=["diverged", "at once", "short"]
)
def test_what_is_shorter_than_the_window_passes_no_level(losses):
    assert first_below(losses, np.full(STEPS - 3, 1.9), window=5) == np.inf


def test_a_network_that_passes_a_level_and_then_diverges_has_passed_it():
    assert first_below(np.array([2.0, 1.0, 1.0, np.inf]), np.full(STEPS, 1.5), window=2) == 2.0


def test_the_escape_of_a_cell_is_the_median_or_null_if_most_never_do():
    early, late, never = (np.array([2.5] * at + [0.5] * (STEPS + 1 - at)) for at in (2, 12, STEPS + 1))
    assert judge([early, late, late]).escape_step == 12
    assert judge([early, late]).escape_step == (2 + 12) / 2
    assert judge([early, never, never]).escape_step is None
    assert judge([early, never]).escape_step is None


# --- the signal ---


def test_d_is_the_root_of_the_ratio_of_second_moments():
    ratios = delta_ratios(np.array([4.0, 1e-8]), np.array([1.0, 1.0]), np.array([True, True]))
    np.testing.assert_allclose(ratios, [2.0, 1e-4])


@pytest.mark.parametrize(
    ("first", "last", "finite", "expected"),
    [
        (0.0, 1.0, True, 0.0),
        (1.0, 0.0, True, 0.0),
        (0.0, 0.0, True, 0.0),
        (np.inf, 1.0, True, np.inf),
        (np.nan, 1.0, True, np.inf),
        (1.0, np.nan, True, np.inf),
        (np.inf, np.inf, True, np.inf),
        (1.0, 1.0, False, np.inf),
        # What is not finite explodes, whatever else it does.
        (0.0, 1.0, False, np.inf),
        (0.0, np.nan, True, 0.0),
    ],
)
def test_zeros_vanish_and_what_is_not_finite_explodes(first, last, finite, expected):
    assert delta_ratios(np.array([first]), np.array([last]), np.array([finite]))[0] == expected


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (0.0, "vanishing"),
        (0.00999, "vanishing"),
        (0.01, "healthy"),
        (1.0, "healthy"),
        (100.0, "healthy"),
        (100.1, "exploding"),
        (np.inf, "exploding"),
    ],
)
def test_the_median_of_d_has_a_word(ratio, expected):
    verdict = judge_signal(np.full(20, ratio), THRESHOLDS)
    assert verdict.signal_verdict == expected
    assert verdict.delta_ratio == ratio


def test_the_verdict_is_that_of_the_median_seed_and_not_of_the_mean():
    assert judge_signal(np.array([1.0] * 11 + [1e9] * 9), THRESHOLDS).signal_verdict == "healthy"
    assert judge_signal(np.array([1.0] * 9 + [np.inf] * 11), THRESHOLDS).signal_verdict == "exploding"
    assert judge_signal(np.array([1.0] * 9 + [0.0] * 11), THRESHOLDS).signal_verdict == "vanishing"


@pytest.mark.parametrize("n", [6, 10, 20, 35])
def test_the_interval_of_d_is_that_of_order_statistics(n):
    ratios = np.random.default_rng(n).lognormal(size=n)
    verdict = judge_signal(ratios, THRESHOLDS)
    ordered = np.sort(ratios)
    # The k-th smallest and the k-th largest, for the greatest k that leaves at most 2.5 % on either side.
    k = max(k for k in range(1, n) if binom.cdf(k - 1, n, 0.5) <= 0.025)
    assert (verdict.delta_ratio_low, verdict.delta_ratio_high) == (ordered[k - 1], ordered[n - k])
    assert verdict.delta_ratio_low <= verdict.delta_ratio == np.median(ratios) <= verdict.delta_ratio_high


@pytest.mark.parametrize("n", [1, 2, 5])
def test_too_few_seeds_have_a_word_and_no_interval(n):
    verdict = judge_signal(np.full(n, 1.0), THRESHOLDS)
    assert verdict.signal_verdict == "healthy"
    assert (verdict.signal_borderline, verdict.delta_ratio_low, verdict.delta_ratio_high) == (None, None, None)


@pytest.mark.parametrize(
    ("ratios", "expected", "borderline"),
    [
        (np.linspace(50.0, 90.0, 20), "healthy", False),
        (np.linspace(50.0, 140.0, 20), "healthy", True),
        (np.linspace(70.0, 160.0, 20), "exploding", True),
        (np.linspace(110.0, 160.0, 20), "exploding", False),
        (np.linspace(0.005, 0.016, 20), "healthy", True),
        (np.linspace(0.005, 0.013, 20), "vanishing", True),
        (np.linspace(0.001, 0.009, 20), "vanishing", False),
        # An interval from vanishing to exploding.
        (np.array([1e-3] * 9 + [1.0] * 2 + [1e3] * 9), "healthy", True),
    ],
)
def test_an_interval_that_covers_a_threshold_is_borderline(ratios, expected, borderline):
    verdict = judge_signal(ratios, THRESHOLDS)
    assert (verdict.signal_verdict, verdict.signal_borderline) == (expected, borderline)


def test_the_ends_of_the_range_have_intervals_too():
    exploded = judge_signal(np.full(20, np.inf), THRESHOLDS)
    assert (exploded.delta_ratio_low, exploded.delta_ratio_high, exploded.signal_borderline) == (np.inf, np.inf, False)
    vanished = judge_signal(np.zeros(20), THRESHOLDS)
    assert (vanished.delta_ratio_low, vanished.delta_ratio_high, vanished.signal_borderline) == (0.0, 0.0, False)
    half = judge_signal(np.array([1.0] * 11 + [np.inf] * 9), THRESHOLDS)
    assert (half.signal_verdict, half.signal_borderline) == ("healthy", True)


def test_one_hidden_layer_has_no_signal_verdict():
    assert set(vars(NO_SIGNAL_VERDICT).values()) == {None}


# --- the signal forward ---


@pytest.mark.parametrize(
    ("variance", "q", "expected", "share"),
    [
        (0.5, 1.0, DISTINCT, 0.5),
        (0.01, 1.0, DISTINCT, 0.01),
        (0.0099, 1.0, COLLAPSED, 0.0099),
        # Small, but all of it differs between inputs.
        (1e-30, 1e-30, DISTINCT, 1.0),
        (0.0, 0.0, COLLAPSED, 0.0),
        (np.inf, np.inf, None, None),
        (np.nan, 1.0, None, None),
    ],
)
def test_inputs_collapse_where_nearly_all_of_q_is_common_to_them(variance, q, expected, share):
    verdict = judge_forward(np.full(9, variance), np.full(9, q), np.full(9, np.nan), THRESHOLDS)
    assert (verdict.forward_verdict, verdict.variance_share, verdict.dead_units) == (expected, share, None)


def test_the_forward_verdict_is_that_of_the_median_seed_which_stayed_finite():
    q = np.ones(5)
    verdict = judge_forward(np.array([1e-3, 1e-3, 0.5, np.nan, np.nan]), q, np.linspace(0.1, 0.5, 5), THRESHOLDS)
    assert verdict == ForwardVerdict(COLLAPSED, 1e-3, pytest.approx(0.3))


# --- the reason ---

ARRIVES = ForwardVerdict(DISTINCT, 1.0, None)


def said(signal=None, forward=ARRIVES, dead_at_birth=0, **changes):
    verdict = replace(judge([trace(0.05)] * 9 + [trace(1.0)]), **changes)
    return reason(signal or NO_SIGNAL_VERDICT, forward, verdict, dead_at_birth, STEPS, THRESHOLDS)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("trains", "Trains within 20 steps"),
        ("partial", "Partly trained within 20 steps"),
        ("mixed", "Mixed within 20 steps"),
        ("stalled", "Stalled within 20 steps"),
        ("diverged", "No usable rate on this grid"),
    ],
)
def test_the_reason_says_no_more_than_was_seen(verdict, words):
    text = said(training_verdict=verdict, usable_rate=verdict != "diverged")
    assert words in text
    assert "of 10 seeds 9 trained, 1 learning" in text
    assert "dead" not in text
    assert "cannot" not in text


def judged_words(evaluation, tuning=None):
    return reason(NO_SIGNAL_VERDICT, ARRIVES, judge(evaluation, tuning), 0, STEPS, THRESHOLDS)


def test_a_usable_rate_at_which_the_judged_seeds_diverge_is_not_called_unusable():
    blown_up = judged_words([diverged()] * 6 + [trace(0.1)] * 4)
    said_of_it = "More than half of the evaluation seeds diverged at the chosen rate, which tuning found usable"
    assert f"{said_of_it}: of 10 seeds 4 trained, 6 diverged;" in blown_up
    assert "No usable rate" not in blown_up


def test_a_grid_whose_every_rate_blows_up_is_said_to_have_no_usable_rate():
    no_rate = judged_words([diverged()] * 10, dict.fromkeys(RATES, [diverged()] * 2))
    assert "No usable rate on this grid: of 10 seeds 10 diverged;" in no_rate
    assert "tuning found usable" not in no_rate


def test_the_reason_names_the_edge_of_the_grid_and_a_borderline():
    assert "the edge of the grid" in said(edge_of_grid=True)
    assert "the edge of the grid" not in said()
    assert "borderline" in said(judge_signal(np.linspace(70.0, 160.0, 20), THRESHOLDS))
    assert "borderline" not in said(judge_signal(np.full(20, 1.0), THRESHOLDS))


@pytest.mark.parametrize("ratio", [0.0, 1.0, np.inf])
@pytest.mark.parametrize("n", [3, 20])
def test_every_verdict_can_be_said(ratio, n):
    signal = judge_signal(np.full(n, ratio), THRESHOLDS)
    assert f"Signal {signal.signal_verdict}" in said(signal, tail_loss=np.inf, training_verdict="diverged")


def test_the_reason_writes_numbers_as_everywhere_on_the_page():
    thresholds = replace(THRESHOLDS, exploding_ratio=1000.0, vanishing_ratio=1e-6)
    signal = replace(judge_signal(np.full(20, 4.4e-62), thresholds), delta_ratio_high=9e-61)
    training = replace(judge([trace(0.05)] * 10), best_learning_rate=1e-5, first_escape=8.0, last_escape=1036.0)
    forward = ForwardVerdict(COLLAPSED, 2.1e-21, 0.997)
    text = reason(signal, forward, training, 0, 3000, thresholds)

    assert "D = 4.4 × 10⁻⁶² (4.4 × 10⁻⁶² to 9.0 × 10⁻⁶¹) is below 10⁻⁶, and inputs" in text
    assert "only 2.1 × 10⁻²¹ of the last layer's mean square" in text
    assert "and 100 % of its units are dead" in text
    assert "Trains within 3,000 steps" in text
    assert "left the plateau at steps 8 to 1,036; at rate 10⁻⁵." in text
    healthy = reason(judge_signal(np.full(20, 1.0), thresholds), ARRIVES, training, 0, 3000, thresholds)
    assert "D = 1.0 (1.0 to 1.0) is between 10⁻⁶ and 1,000." in healthy


def test_one_hidden_layer_is_said_to_have_no_ratio():
    assert said().startswith("One hidden layer has no ratio of errors.")


def test_the_reason_counts_the_seeds_and_says_when_they_left_the_plateau():
    early, late = (np.array([2.5] * at + [1.0] * (STEPS + 1 - at)) for at in (4, 12))
    text = judged_words([early, late, trace(0.1), diverged(), trace(H), trace(H)])
    assert "Mixed within 20 steps: of 6 seeds 1 trained, 2 learning, 2 on the plateau, 1 diverged;" in text
    assert "; 3 left the plateau at steps 4 to 16;" in text
    assert "median tail loss 1.50 nat, 0.75 of what a constant prediction costs at least;" in text


def test_the_reason_counts_what_was_dead_at_birth():
    assert "1 learning (3 dead at birth);" in said(dead_at_birth=3)
    assert "dead" not in said()


def test_a_healthy_ratio_of_errors_does_not_hide_that_inputs_collapsed_or_units_are_dead():
    healthy, vanishing = (judge_signal(np.full(20, ratio), THRESHOLDS) for ratio in (0.89, 1e-9))
    collapsed = ForwardVerdict(COLLAPSED, 0.0025, 0.47)
    text = said(healthy, collapsed)
    assert "Signal healthy: D = 0.89" in text
    assert "between 0.01 and 100, but inputs have collapsed: only 0.0025 of the last layer's mean square" in text
    assert "and 47 % of its units are dead." in text
    assert "is below 0.01, and inputs have collapsed" in said(vanishing, collapsed)
    assert "100, but 30 % of the last layer's units are dead." in said(healthy, ForwardVerdict(DISTINCT, 1.0, 0.3))
    assert "no ratio of errors, and inputs have collapsed" in said(forward=collapsed)


def test_a_tail_without_a_rare_class_has_no_ratio_and_says_why():
    text = said(reference_loss=0.0)
    assert (
        "median tail loss 0.0500 nat, where half of the tails or more hold a single class, which costs guessing" in text
    )
    assert "of what a constant" not in text
    assert "single class" not in said()


def test_who_left_the_plateau_is_counted_and_who_came_back_too():
    leaves = np.array([2.5] * 4 + [1.0] * (STEPS + 1 - 4))
    returns = np.array([2.5] * 4 + [1.0] * 6 + [H] * (STEPS + 1 - 10))
    lost = np.array([2.5] * 4 + [1.0] * 6 + [np.nan])
    assert "; left the plateau at step 4;" in judged_words([leaves, leaves])
    assert "; 1 left the plateau at step 4;" in judged_words([leaves, trace(H)])
    text = judged_words([leaves, returns, lost, trace(H)])
    assert "; 3 left the plateau at step 4, of which 2 did not stay below it;" in text
    assert "left the plateau" not in judged_words([trace(H), diverged()])


def test_one_seed_is_one_seed():
    assert ": of 1 seed 1 on the plateau;" in judged_words([trace(H)])
    assert ": of 2 seeds 2 on the plateau;" in judged_words([trace(H)] * 2)


def test_the_tests_judge_by_the_thresholds_of_the_default_sweep(root):
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    assert config["verdicts"] == asdict(DEFAULT_THRESHOLDS)
