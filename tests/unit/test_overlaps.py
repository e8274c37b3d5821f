"""The infinitely wide network on a batch: against exact kernels, independent quadrature and a wide random network."""

from math import pi

import numpy as np
import pytest
from scipy.integrate import quad

from depthsounder.activations import ACTIVATIONS, ERF, LINEAR, RELU, SELU, SIGMOID, TANH
from depthsounder.gaussian import second_moment, squared_slope
from depthsounder.initializers import ZEROS, initializer
from depthsounder.overlaps import correlation_series, hermite_coefficients, probe_trajectory


def batch(examples=24, n_inputs=20, seed=0):
    """Return inputs whose norms differ by far and whose mean is not 0."""
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(examples, n_inputs)) + 0.5
    return inputs * random.uniform(0.3, 3.0, size=(examples, 1))


def batch_variance(covariance):
    return np.trace(covariance) / len(covariance) - covariance.mean()


def relu_image(covariance):
    # Cho & Saul 2009, equation 6.
    norms = np.sqrt(np.diag(covariance))
    scale = np.multiply.outer(norms, norms)
    angle = np.arccos(np.clip(covariance / scale, -1.0, 1.0))
    return scale * (np.sin(angle) + (pi - angle) * np.cos(angle)) / (2.0 * pi)


def erf_image(covariance):
    # Williams 1997, equation 11.
    norms = 1.0 + 2.0 * np.diag(covariance)
    return 2.0 / pi * np.arcsin(2.0 * covariance / np.sqrt(np.multiply.outer(norms, norms)))


@pytest.mark.parametrize(
    ("activation", "image", "accuracy"),
    [(LINEAR, lambda covariance: covariance, 1e-12), (ERF, erf_image, 1e-12), (RELU, relu_image, 1e-5)],
    ids=["linear", "erf", "relu"],
)
@pytest.mark.parametrize("name", ["lecun_normal", "gaussian_w2_b0", "gaussian_w2.5_b0.05"])
def test_the_batch_variance_of_fifty_layers_follows_the_exact_kernel(activation, image, accuracy, name):
    inputs, init = batch(), initializer(name)
    trajectory = probe_trajectory(activation, init, inputs, width=64, depth=50)
    gain = init.gain(64, 64, activation)
    covariance = gain * inputs @ inputs.T / inputs.shape[1] + init.bias_variance
    for layer in range(50):
        np.testing.assert_allclose(trajectory.second_moments[layer], np.diag(covariance), rtol=1e-10)
        assert trajectory.batch_variances[layer] == pytest.approx(batch_variance(covariance), rel=accuracy)
        covariance = gain * image(covariance) + init.bias_variance


@pytest.mark.parametrize("activation", [TANH, SIGMOID, SELU], ids=lambda activation: activation.name)
def test_one_layer_matches_two_dimensional_quadrature(activation):
    inputs = np.array([[1.0, 0.2], [-0.4, 1.7]])
    init = initializer("gaussian_w1.5_b0.05")
    second_layer = probe_trajectory(activation, init, inputs, width=10, depth=2).batch_variances[1]
    (q_a, q_ab), (_, q_b) = 1.5 * inputs @ inputs.T / 2.0 + 0.05
    slope, rest = q_ab / np.sqrt(q_a), np.sqrt(q_b - q_ab**2 / q_a)

    def over_second_input(x):
        def integrand(y):
            difference = np.diff(activation(np.array([np.sqrt(q_a) * x, slope * x + rest * y])))[0]
            return float(difference) ** 2 * np.exp(-0.5 * y * y) / np.sqrt(2.0 * pi)

        kink = -slope * x / rest
        points = [kink] if abs(kink) < 9.0 else None
        return quad(integrand, -9.0, 9.0, points=points)[0] * np.exp(-0.5 * x * x) / np.sqrt(2.0 * pi)

    distance = quad(over_second_input, -9.0, 9.0, points=[0.0])[0]
    assert second_layer == pytest.approx(1.5 * distance / 4.0, rel=1e-6)


@pytest.mark.parametrize("name", ["he_normal", "gaussian_w1.5_b0.05"])
@pytest.mark.parametrize("activation", list(ACTIVATIONS.values()), ids=lambda activation: activation.name)
def test_a_wide_random_network_has_the_predicted_moments(activation, name):
    inputs, init, width, depth = batch(), initializer(name), 1000, 3
    trajectory = probe_trajectory(activation, init, inputs, width, depth)
    random = np.random.default_rng(1)
    h = inputs
    for layer in range(depth):
        deviation = np.sqrt(init.weight_variance(h.shape[1], width, activation))
        biases = random.normal(size=width) * np.sqrt(init.bias_variance)
        z = h @ random.normal(size=(h.shape[1], width)) * deviation + biases
        h = activation(z)
        # The networks' own spread is √(5 layers/width), or 12 %, for ReLU.
        assert (z**2).mean() == pytest.approx(trajectory.second_moments[layer].mean(), rel=0.2)
        assert z.var(axis=0).mean() == pytest.approx(trajectory.batch_variances[layer], rel=0.2)


def test_the_batch_variance_of_sigmoid_dies_while_its_second_moment_lives():
    trajectory = probe_trajectory(SIGMOID, initializer("lecun_normal"), batch(), width=64, depth=30)
    assert trajectory.second_moments[-1] == pytest.approx(0.264687, rel=1e-5)
    # At q* distances shrink by χ1 = 0.0557 a layer, and they go on where q itself has no digits left to tell them.
    rates = trajectory.batch_variances[8:] / trajectory.batch_variances[7:-1]
    np.testing.assert_allclose(rates, 0.0557207, rtol=1e-5)
    assert trajectory.batch_variances[-1] < 1e-35


def test_equal_inputs_stay_equal():
    inputs = np.ones((5, 8))
    for activation in ACTIVATIONS.values():
        trajectory = probe_trajectory(activation, initializer("naive_unit"), inputs, width=16, depth=6)
        np.testing.assert_array_equal(trajectory.batch_variances, 0.0)


def test_inputs_that_differ_in_norm_only_keep_their_correlation_under_relu():
    inputs = np.outer([1.0, 2.0, 3.0], np.ones(8))
    trajectory = probe_trajectory(RELU, initializer("he_normal"), inputs, width=16, depth=20)
    expected = 2.0 * np.var([1.0, 2.0, 3.0])
    np.testing.assert_allclose(trajectory.batch_variances, expected, rtol=1e-3)


def test_an_input_of_zeros_is_an_input():
    inputs = np.vstack([np.zeros(6), np.ones(6)])
    for activation in ACTIVATIONS.values():
        trajectory = probe_trajectory(activation, initializer("he_normal"), inputs, width=16, depth=10)
        assert np.isfinite(trajectory.batch_variances).all()


@pytest.mark.parametrize("activation", [LINEAR, RELU, SELU], ids=lambda activation: activation.name)
def test_overflow_and_underflow_are_infinite_and_zero_without_a_warning(activation):
    inputs = batch()
    exploding = probe_trajectory(activation, initializer("naive_unit"), inputs, width=10_000, depth=90)
    assert np.isinf(exploding.batch_variances[-1])
    assert np.isinf(exploding.second_moments[-1]).all()
    assert not np.isnan(exploding.batch_variances).any()
    vanishing = probe_trajectory(activation, initializer("naive_small"), inputs, width=10, depth=150)
    assert vanishing.batch_variances[-1] == 0.0
    assert not np.isnan(vanishing.batch_variances).any()


def test_without_weights_nothing_of_the_input_is_left():
    trajectory = probe_trajectory(SIGMOID, ZEROS, batch(), width=16, depth=3)
    np.testing.assert_array_equal(trajectory.second_moments, 0.0)
    np.testing.assert_array_equal(trajectory.batch_variances, 0.0)


def test_hermite_coefficients_of_relu_and_erf_match_their_closed_forms():
    relu = hermite_coefficients(RELU, np.array([4.0]))[0] / 2.0
    np.testing.assert_allclose(
        relu[:5], [1 / np.sqrt(2 * pi), 0.5, 0.5 / np.sqrt(pi), 0.0, -1 / np.sqrt(48 * pi)], atol=1e-13
    )
    erf = hermite_coefficients(ERF, np.array([1.0]))[0]
    np.testing.assert_allclose(erf[:2], [0.0, 2.0 / np.sqrt(3.0 * pi)], atol=1e-13)


@pytest.mark.parametrize("q", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("activation", list(ACTIVATIONS.values()), ids=lambda activation: activation.name)
def test_the_correlation_series_has_the_exact_value_and_slope_at_one(activation, q):
    orders, weights = correlation_series(activation, q)
    assert weights.sum() == pytest.approx(float(second_moment(activation, q)), rel=1e-10)
    assert orders @ weights == pytest.approx(q * float(squared_slope(activation, q)), rel=1e-9)
