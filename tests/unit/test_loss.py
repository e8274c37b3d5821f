"""Cross-entropy against SciPy, where logits are moderate and where they are not."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from depthsounder.engine.loss import cross_entropy


def problem(scale=1.0, shape=(3, 5, 4), dtype=np.float64):
    random = np.random.default_rng(0)
    return (scale * random.normal(size=shape)).astype(dtype), random.integers(shape[2], size=shape[:2])


def of_labels(values, labels):
    return np.take_along_axis(values, labels[:, :, None], axis=2)[:, :, 0]


@pytest.mark.parametrize("scale", [1e-8, 1.0, 30.0, 1e4])
def test_the_cost_is_minus_the_log_softmax_of_the_label(scale):
    logits, labels = problem(scale)
    costs = cross_entropy(logits.copy(), labels)
    np.testing.assert_allclose(costs, -of_labels(log_softmax(logits, axis=2), labels), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 30.0, 1e4])
def test_the_gradient_is_the_softmax_minus_the_label(scale):
    logits, labels = problem(scale)
    gradient = logits.copy()
    cross_entropy(gradient, labels)
    expected = softmax(logits, axis=2) - np.eye(4)[labels]
    np.testing.assert_allclose(gradient, expected, rtol=1e-12, atol=1e-16)
    # No constant added to all logits changes the cost.
    np.testing.assert_allclose(gradient.sum(axis=2), 0.0, rtol=0.0, atol=5e-16)


def test_the_gradient_is_the_complex_steps():
    logits, labels = problem()
    gradient = logits.copy()
    cross_entropy(gradient, labels)
    for k in range(4):
        stepped = logits.astype(complex)
        stepped[:, :, k] += 1e-30j
        derivative = cross_entropy(stepped, labels).imag / 1e-30
        np.testing.assert_allclose(derivative, gradient[:, :, k], rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e30), (np.float64, 1e300)])
def test_extreme_logits_overflow_nowhere(dtype, size):
    logits = np.array([[[size, -size, 0.0], [size, -size, 0.0], [0.0, 0.0, 0.0]]], dtype)
    costs = cross_entropy(logits, np.array([[0, 2, 1]]))
    np.testing.assert_allclose(costs[0], [0.0, size, np.log(3.0)], rtol=1e-6)
    np.testing.assert_allclose(logits[0], [[0, 0, 0], [1, 0, -1], [1 / 3, -2 / 3, 1 / 3]], rtol=1e-6)


def test_logits_that_are_not_finite_give_a_cost_that_is_not():
    logits = np.array([[[np.inf, 0.0], [np.nan, 0.0], [-np.inf, 0.0], [1.0, 0.0]]])
    with np.errstate(invalid="ignore"):
        costs = cross_entropy(logits, np.array([[0, 1, 0, 0]]))
    assert np.isfinite(costs[0]).tolist() == [False, False, False, True]


def test_indifferent_logits_cost_the_log_of_the_number_of_classes():
    for n_classes in (2, 10, 1000):
        logits = np.full((1, 1, n_classes), 7.0)
        assert cross_entropy(logits, np.array([[0]]))[0, 0] == pytest.approx(np.log(n_classes), rel=1e-14)


def test_a_confident_right_answer_costs_nothing_and_never_less():
    costs = cross_entropy(np.array([[[60.0, 0.0]]]), np.array([[0]]))
    assert costs[0, 0] == 0.0
    logits, labels = problem(scale=20.0, shape=(1, 500, 3), dtype=np.float32)
    assert (cross_entropy(logits, labels) >= 0.0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_precision_is_kept_and_the_gradient_replaces_the_logits(dtype):
    logits, labels = problem(dtype=dtype)
    before, labels_before = logits.copy(), labels.copy()
    costs = cross_entropy(logits, labels)
    assert (costs.shape, costs.dtype) == (labels.shape, dtype)
    assert not np.array_equal(logits, before)
    np.testing.assert_array_equal(labels, labels_before)
