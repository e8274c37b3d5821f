"""Comparisons of inits: exact tests, Holm's method, and pairs that are one law."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from depthsounder.elements.axes import Model
from depthsounder.judging.paired_inits import (
    Pair,
    compare,
    effect,
    evaluation_tails,
    holm,
    interval_rank,
    least_p_value,
    log_ratios,
    paired_p_value,
)
from depthsounder.storage.schemas import COMPARISONS


def tails(losses, depth=5, activation="tanh"):
    """Tail losses by cell and seed, from those of each init."""
    keys = ["depth", "architecture", "activation", "init", "seed"]
    index = [(depth, "plain", activation, init, seed) for init, column in losses.items() for seed in range(len(column))]
    values = [value for column in losses.values() for value in column]
    return pd.Series(values, index=pd.MultiIndex.from_tuples(index, names=keys))


def by_hand(ratios):
    """The two-sided p-value of the signed-rank test, by going through every sign."""
    ranks = pd.Series(np.abs(ratios)).rank().to_numpy()
    observed = ranks[ratios > 0].sum()
    sums = [ranks[np.array(signs, bool)].sum() for signs in product([0, 1], repeat=len(ranks))]
    below, above = np.mean(np.array(sums) <= observed), np.mean(np.array(sums) >= observed)
    return min(1.0, 2.0 * min(below, above))


@pytest.mark.parametrize("seed", range(5))
def test_the_p_value_is_that_of_all_signs(seed):
    ratios = np.random.default_rng(seed).normal(0.4, 1.0, size=8)
    assert paired_p_value(ratios) == pytest.approx(by_hand(ratios), rel=1e-12)


def test_ties_and_diverged_networks_keep_the_test_exact():
    ratios = np.array([-0.5, -0.5, 0.5, -1.0, -np.inf, -np.inf, -2.0])
    assert paired_p_value(ratios) == pytest.approx(by_hand(ratios), rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_the_test_is_exact_with_ties_and_zeros_at_a_dozen_seeds(seed):
    ratios = np.random.default_rng(seed).integers(-3, 6, size=12).astype(float)
    told = ratios[ratios != 0.0]
    assert len(np.unique(np.abs(told))) < len(told)
    assert paired_p_value(ratios) == pytest.approx(by_hand(told), rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_the_test_is_exact_at_twenty_seeds(seed):
    ratios = np.random.default_rng(seed).normal(0.3, 1.0, size=20)
    assert paired_p_value(ratios) == pytest.approx(stats.wilcoxon(ratios, method="exact").pvalue, rel=1e-12)


def test_twenty_seeds_of_one_sign_have_the_smallest_p_value_that_twenty_seeds_can_have_ties_or_not():
    assert paired_p_value(-np.arange(1.0, 21.0)) == pytest.approx(2.0 / 2**20, rel=1e-12)
    assert paired_p_value(-np.ones(20)) == pytest.approx(2.0 / 2**20, rel=1e-12)
    # Differences of equal size differ in their signs alone: the test is the sign test then.
    signs = np.array([1.0] * 3 + [-1.0] * 17)
    assert paired_p_value(signs) == pytest.approx(stats.binomtest(3, 20).pvalue, rel=1e-12)


def test_ten_seeds_of_one_sign_have_the_smallest_p_value_that_ten_seeds_can_have():
    assert paired_p_value(-np.arange(1.0, 11.0)) == pytest.approx(2.0 / 2**10)
    assert paired_p_value(np.zeros(10)) == 1.0


def test_holm_adjusts_as_in_a_worked_example():
    # Holm 1979: multiply the smallest by the number of tests, the next by one less, and never let the order turn.
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm(np.array([0.6, 0.9])), [1.0, 1.0])
    assert holm(np.zeros(0)).shape == (0,)


def test_holm_errs_in_one_family_of_twenty():
    random = np.random.default_rng(1)
    families = random.uniform(size=(4000, 8))
    wrong = np.mean([(holm(family) <= 0.05).any() for family in families])
    assert wrong == pytest.approx(0.05, abs=0.012)


def test_what_seeds_share_is_what_pairing_gains():
    random = np.random.default_rng(2)
    common, own, others_own = random.normal(size=(3, 600))
    found = effect(np.exp(2.0 * common + own), np.exp(0.5 + 2.0 * common + others_own))
    assert found.pairing_gain == pytest.approx(5.0, rel=0.2)
    assert found.tail_ratio == pytest.approx(np.exp(-0.5), rel=0.1)
    assert found.tail_ratio_low < np.exp(-0.5) < found.tail_ratio_high
    assert found.lower + found.higher == found.seeds == 600


# --- the ratio and the interval that belong to the test ---


def of_ratios(logarithms):
    """The effect of a pair whose ratios have these logarithms."""
    return effect(np.exp(np.asarray(logarithms, dtype=float)), np.ones(len(logarithms)))


def test_the_ratio_and_its_interval_are_those_of_a_worked_example():
    # Hollander, Wolfe & Chicken 2014, examples 3.1, 3.3 and 3.4: nine patients' depression, before and after.
    before = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
    after = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])
    found = of_ratios(after - before)
    assert np.log(found.tail_ratio) == pytest.approx(-0.46, abs=1e-12)
    assert np.log([found.tail_ratio_low, found.tail_ratio_high]) == pytest.approx([-0.786, -0.010], abs=1e-12)
    assert paired_p_value(after - before) == pytest.approx(2 * 0.0195, abs=1e-4)


# The tables of the signed-rank distribution: T of at most 0, 8 and 52 has a probability of at most 2.5 %.
@pytest.mark.parametrize(("seeds", "rank"), [(1, 0), (5, 0), (6, 1), (10, 9), (20, 53)])
def test_the_ends_of_the_interval_are_where_the_tables_put_them(seeds, rank):
    assert interval_rank(seeds) == rank
    found = of_ratios(np.arange(1.0, seeds + 1.0))
    assert (found.tail_ratio_low is None) == (found.tail_ratio_high is None) == (rank == 0)


@pytest.mark.parametrize("seeds", [6, 7, 10, 13])
def test_the_interval_excludes_1_if_and_only_if_the_test_rejects(seeds):
    random = np.random.default_rng(seeds)
    rejected = 0
    for shift in np.repeat([0.0, 0.3, 0.8], 60):
        ratios = random.normal(shift, 1.0, size=seeds)
        found = of_ratios(ratios)
        excluded = not found.tail_ratio_low <= 1.0 <= found.tail_ratio_high
        assert excluded == (paired_p_value(ratios) <= 0.05)
        rejected += excluded
    assert 0 < rejected < 180


def test_the_interval_of_95_percent_covers_the_center_as_often():
    random = np.random.default_rng(5)
    covered = 0
    for _ in range(2000):
        found = of_ratios(0.7 + random.standard_t(2, size=10))
        covered += found.tail_ratio_low <= np.exp(0.7) <= found.tail_ratio_high
    # Exactly 1 - 50/1024 = 95.1 % for ten seeds.
    assert covered / 2000 == pytest.approx(1 - 50 / 1024, abs=0.015)


def test_a_test_that_rejects_is_never_drawn_with_an_interval_that_crosses_1():
    # The interval of the median's order statistics crosses 1 here: two of ten seeds lie above it.
    ratios = np.array([-2.0, -1.8, -1.6, -1.4, -1.2, -1.0, -0.8, -0.6, 0.1, 0.2])
    assert paired_p_value(ratios) <= 0.05
    assert stats.quantile_test(ratios, q=0.0, p=0.5).confidence_interval(0.95).high > 0
    assert of_ratios(ratios).tail_ratio_high < 1.0


def test_a_network_that_diverged_leaves_the_ratio_finite_and_its_interval_open():
    losses = np.linspace(0.1, 0.2, 10)
    others = np.append(np.ones(9), np.inf)
    found = effect(losses, others)
    assert 0.1 < found.tail_ratio < 0.2
    assert (found.tail_ratio_low, found.tail_ratio_high < 0.3) == (0.0, True)
    both = effect(np.array([np.inf, 1.0, 1.0, 1.0, 1.0, 1.0]), np.array([1.0, np.inf, 2.0, 2.0, 2.0, 2.0]))
    assert both.tail_ratio == pytest.approx(0.5)


def test_the_direction_is_that_of_the_ranks_and_not_of_a_count_of_signs():
    # Sixteen seeds are higher by little and fourteen lower by much: the test finds lower.
    ratios = np.concatenate([0.01 * np.arange(1, 17), -np.arange(1.0, 15.0)])
    losses = {"a": np.exp(ratios), "b": np.ones(30)}
    (row,) = compare(tails(losses), [Pair(5, "plain", "tanh", "a", "b")], ("a", "b"))
    assert (row["lower"], row["higher"], row["finding"]) == (14, 16, "lower")
    assert row["tail_ratio_high"] < 1.0


@pytest.mark.parametrize("seeds", [1, 2, 6, 10])
def test_no_p_value_is_below_the_least(seeds):
    assert least_p_value(seeds) == paired_p_value(-np.arange(1.0, seeds + 1.0))


def test_two_networks_that_diverged_are_equal():
    np.testing.assert_array_equal(log_ratios(np.array([np.inf, 1.0]), np.array([np.inf, np.inf])), [0.0, -np.inf])
    found = effect(np.array([1.0, 2.0, 2.0, np.inf]), np.array([np.inf, 4.0, 4.0, np.inf]))
    assert (found.lower, found.higher, found.tail_ratio, found.pairing_gain) == (3, 0, 0.5, None)


def test_only_the_named_family_is_tested_and_every_other_pair_has_its_effect():
    random = np.random.default_rng(3)
    losses = {init: random.uniform(1.0, 2.0, size=10) for init in ("a", "b", "c")}
    losses["a"] = losses["b"] / 100.0
    rows = compare(tails(losses), [Pair(5, "plain", "tanh", "b", "a")], ("a", "b", "c"))
    assert [set(row) for row in rows] == [set(COMPARISONS.names)] * 3
    assert [(row["init"], row["against"], row["in_family"]) for row in rows] == [
        ("b", "a", True), ("a", "c", False), ("b", "c", False),
    ]  # fmt: skip
    assert (rows[0]["finding"], rows[0]["higher"]) == ("higher", 10)
    assert rows[0]["tail_ratio"] == pytest.approx(100.0)
    assert [(row["p_value"], row["p_holm"], row["finding"]) for row in rows[1:]] == [(None, None, None)] * 2


def test_networks_that_all_diverged_have_no_ratio():
    found = effect(np.full(6, np.inf), np.full(6, np.inf))
    assert (found.seeds, found.lower, found.higher) == (6, 0, 0)
    assert (found.tail_ratio, found.tail_ratio_low, found.tail_ratio_high) == (None, None, None)


LAWS = {Model("plain", "tanh"): [["a", "b"]]}


@pytest.mark.parametrize("diverged", [0, 1, 10])
def test_inits_that_are_one_law_are_not_ranked_and_cost_the_family_nothing(diverged):
    equal = np.arange(1.0, 11.0)
    losses = {"a": equal.copy(), "b": equal.copy(), "c": 1.1 * equal}
    for init in ("a", "b"):
        losses[init][:diverged] = np.inf
    losses["c"][:diverged] = 1e-3
    family = [Pair(5, "plain", "tanh", "a", "b"), Pair(5, "plain", "tanh", "a", "c")]

    law, different = compare(tails(losses), family, ("a", "b", "c"), LAWS)[:2]

    assert (law["finding"], law["p_value"], law["p_holm"]) == ("one law", None, None)
    assert different["p_value"] is not None
    assert different["p_holm"] == different["p_value"]


def test_inits_that_are_one_law_are_named_outside_the_family_too():
    losses = {"a": [1.0] * 6, "b": [1.0] * 6, "c": [2.0] * 6}
    rows = compare(tails(losses), [], ("a", "b", "c"), LAWS)
    assert [(row["init"], row["against"], row["in_family"], row["finding"]) for row in rows] == [
        ("a", "b", False, "one law"), ("a", "c", False, None), ("b", "c", False, None),
    ]  # fmt: skip


def test_equal_losses_make_no_law():
    losses = {"a": [1.0] * 6, "c": [1.0] * 6}
    (row,) = compare(tails(losses), [Pair(5, "plain", "tanh", "a", "c")], ("a", "c"), LAWS)
    assert (row["finding"], row["p_value"]) == ("not told apart", 1.0)


def test_inits_that_all_diverged_are_no_law():
    losses = {"a": [np.inf] * 6, "c": [np.inf] * 6}
    (row,) = compare(tails(losses), [Pair(5, "plain", "tanh", "a", "c")], ("a", "c"), LAWS)
    assert (row["finding"], row["p_value"], row["tail_ratio"]) == ("not told apart", 1.0, None)


def test_tails_are_those_of_the_evaluated_networks():
    traces = pd.DataFrame(
        {
            "depth": 2, "architecture": "plain", "activation": "relu", "init": "he_normal",
            "phase": ["evaluate"] * 7 + ["tune"] * 4,
            "seed": [0, 0, 0, 0, 1, 1, 1] + [10_000] * 4,
            "train_loss": [9.0, 3.0, 2.0, 1.0, 9.0, 5.0, np.nan, 1.0, 1.0, 1.0, 1.0],
        }
    )  # fmt: skip
    found = evaluation_tails(traces, steps=3, tail_steps=2)
    assert found.to_dict() == {
        (2, "plain", "relu", "he_normal", 0): 1.5,
        (2, "plain", "relu", "he_normal", 1): np.inf,
    }


def test_inits_are_compared_within_one_architecture():
    plain, normalized = tails({"a": [1.0] * 6, "b": [2.0] * 6}), tails({"a": [8.0] * 6, "b": [4.0] * 6})
    normalized.index = normalized.index.set_levels(["layer_norm"], level="architecture")

    rows = compare(pd.concat([plain, normalized]), [], ("a", "b"))

    assert {(row["architecture"], row["init"], row["against"], row["lower"], row["higher"]) for row in rows} == {
        ("plain", "a", "b", 6, 0),
        ("layer_norm", "a", "b", 0, 6),
    }
