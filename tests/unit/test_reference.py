"""What constant predictions cost: on the very batches, with no noise of their labels left over."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy

from depthsounder.engine.training import batches
from depthsounder.judging.reference import References

STEPS, BATCH, WINDOW = 40, 8, 5


def labels_of(shares, n_examples=240):
    """Labels of which each class has its share, in random order."""
    counts = np.round(np.array(shares) * n_examples).astype(int)
    return np.random.default_rng(0).permutation(np.repeat(np.arange(len(shares)), counts))


def windows(labels, seed=3, root_seed=1):
    """The labels of each window of batches, taken one after another from the batches of training."""
    feed = batches(root_seed, seed, len(labels), BATCH)
    seen = [labels[next(feed)] for _ in range(STEPS + 1)]
    return [np.concatenate(seen[end - WINDOW + 1 : end + 1]) for end in range(WINDOW - 1, STEPS + 1)]


def test_the_least_is_the_entropy_of_each_windows_own_labels():
    labels = labels_of([0.7, 0.2, 0.1])
    guessing = References(1, labels, BATCH, STEPS).guessing(3, WINDOW)
    expected = [entropy(np.bincount(window, minlength=3)) for window in windows(labels)]
    np.testing.assert_allclose(guessing.least, expected, rtol=1e-12)


def test_guessing_by_frequency_costs_what_the_prior_loses_on_the_window_and_at_least_h():
    labels = labels_of([0.7, 0.2, 0.1])
    references = References(1, labels, BATCH, STEPS)
    prior = np.array([0.7, 0.2, 0.1])
    expected = [max(-np.log(prior[window]).mean(), entropy(prior)) for window in windows(labels)]
    np.testing.assert_allclose(references.guessing(3, WINDOW).by_frequency, expected, rtol=1e-12)
    assert references.entropy == pytest.approx(entropy(prior))
    assert references.guessing(3, WINDOW).blind == pytest.approx(np.log(3))


@given(arrays(np.float64, 3, elements=st.floats(1e-6, 1.0)), st.integers(0, 30))
def test_no_constant_prediction_costs_less_than_the_least(weights, seed):
    labels = labels_of([0.9, 0.08, 0.02])
    probabilities = weights / weights.sum()
    costs = [-np.log(probabilities[window]).mean() for window in windows(labels, seed)]
    least = References(1, labels, BATCH, STEPS).guessing(seed, WINDOW).least
    assert (np.array(costs) >= least - 1e-12).all()


def test_the_windows_own_frequencies_cost_exactly_the_least():
    labels = labels_of([0.9, 0.08, 0.02])
    least = References(1, labels, BATCH, STEPS).guessing(3, WINDOW).least
    for window, bound in zip(windows(labels), least, strict=True):
        own = np.bincount(window, minlength=3) / len(window)
        assert -np.log(own[window]).mean() == pytest.approx(bound)


def test_every_seed_and_root_seed_has_its_own_batches_and_asking_again_changes_nothing():
    labels = labels_of([0.7, 0.2, 0.1])
    references = References(1, labels, BATCH, STEPS)
    first = references.guessing(3, WINDOW)
    assert not np.array_equal(first.least, references.guessing(4, WINDOW).least)
    assert not np.array_equal(first.least, References(2, labels, BATCH, STEPS).guessing(3, WINDOW).least)
    assert references.guessing(3, WINDOW) is first
    assert len(references.guessing(3, 1).least) == STEPS + 1


def test_a_class_without_training_examples_costs_nothing():
    guessing = References(1, labels_of([0.5, 0.0, 0.5]), BATCH, STEPS).guessing(0, WINDOW)
    assert np.isfinite(guessing.by_frequency).all()
    assert guessing.blind == pytest.approx(np.log(2))


@pytest.mark.parametrize("share", [0.1, 0.01, 0.0017])
def test_tails_scatter_the_more_the_rarer_a_class_is(share):
    # The standard deviation of −ln p over a tail of independent examples, over H. That of twenty seeds is within 40 %.
    labels = (np.arange(60_000) < share * 60_000).astype(int)
    surprise, prior = -np.log([1 - share, share]), np.array([1 - share, share])
    spread = np.sqrt(prior @ surprise**2 - (prior @ surprise) ** 2)
    expected = spread / np.sqrt(50 * 32) / entropy(prior)
    assert References(1, labels, 32, 300).scatter(50) == pytest.approx(expected, rel=0.4)


def test_tails_of_equal_classes_do_not_scatter():
    assert References(1, np.arange(1440) % 10, 32, 300).scatter(50) == pytest.approx(0.0, abs=1e-12)
