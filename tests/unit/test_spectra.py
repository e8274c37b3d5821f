"""The known spectra of deep products: against determinants, and against networks that are drawn."""

import numpy as np
import pytest
from scipy.special import polygamma

from depthsounder.elements.activations import LINEAR, RELU, TANH
from depthsounder.elements.initializers import (
    GLOROT_UNIFORM,
    HE_NORMAL,
    LECUN_NORMAL,
    NAIVE_SMALL,
    ORTHOGONAL,
    initializer,
)
from depthsounder.engine.drawing import draw_network
from depthsounder.engine.jacobian import log_singular_values
from depthsounder.engine.spec import NetworkSpec
from depthsounder.theory.spectra import deep_spectrum


def drawn(activation, init, sizes, networks):
    """ln of the singular values of ∂h^L/∂x (networks, k), -∞ where there are fewer."""
    found = np.full((networks, min(sizes[:-1])), -np.inf)
    for seed in range(networks):
        weights, biases = draw_network(1, seed, NetworkSpec(sizes, activation), init)
        h, slopes = np.random.default_rng(seed).normal(size=sizes[0]), []
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            z = h @ weight + bias
            slopes.append(activation.slope(z))
            h = activation(z)
        logarithms = log_singular_values(weights[:-1], slopes)
        found[seed, : len(logarithms)] = logarithms
    return found


@pytest.mark.parametrize("init", [LECUN_NORMAL, NAIVE_SMALL], ids=lambda init: init.name)
def test_gaussian_products_have_newmans_exponents(init):
    width, depth, networks = 8, 800, 12
    found = drawn(LINEAR, init, (*[width] * (depth + 1), 2), networks)
    expected = deep_spectrum(LINEAR, init, width, width, depth, np.arange(1, width + 1))
    # Each layer adds half the logarithm of a χ² number: its variance is a quarter of ψ'.
    error = np.sqrt(depth * polygamma(1, np.arange(width, 0, -1) / 2.0) / 4.0 / networks)
    assert (np.abs(found.mean(axis=0) - expected) < 4.0 * error).all()
    assert error.max() < 0.01 * np.ptp(expected)


def test_the_sum_of_newmans_exponents_is_exact_at_any_depth():
    width, depth, networks = 12, 2, 1000
    found = drawn(LINEAR, LECUN_NORMAL, (*[width] * (depth + 1), 2), networks).sum(axis=1)
    expected = deep_spectrum(LINEAR, LECUN_NORMAL, width, width, depth, np.arange(1, width + 1)).sum()
    assert abs(found.mean() - expected) < 4.0 * found.std() / np.sqrt(networks)


def test_the_largest_exponent_is_that_of_the_norm():
    # Cohen & Newman 1984: E ln of a χ² number with n degrees of freedom, over n.
    expected = (np.log(2.0 / 4.0) + 1.0 - np.euler_gamma) / 2.0
    assert deep_spectrum(LINEAR, LECUN_NORMAL, 4, 4, 10, np.array([1])) == pytest.approx(10.0 * expected)


@pytest.mark.parametrize("init", [HE_NORMAL, initializer("gaussian_w1.5_b0.5")], ids=lambda init: init.name)
def test_relu_products_are_gaussian_ones_of_a_random_half_of_the_units(init):
    width, networks, index = 24, 100, np.array([1, 2, 3])
    shallow, deep = 40, 120
    # The difference of two depths, because the limit of many layers leaves a constant open.
    means, errors, expected = [], [], []
    for depth in (shallow, deep):
        found = drawn(RELU, init, (*[width] * (depth + 1), 2), networks)[:, index - 1]
        means.append(found.mean(axis=0))
        errors.append(found.var(axis=0) / networks)
        expected.append(deep_spectrum(RELU, init, width, width, depth, index))
    error = np.sqrt(errors[0] + errors[1])
    assert (np.abs((means[1] - means[0]) - (expected[1] - expected[0])) < 4.0 * error).all()


@pytest.mark.parametrize("depth", [2, 12, 50])
def test_relu_closes_as_many_dimensions_as_are_off_in_the_narrowest_layer(depth):
    found = drawn(RELU, HE_NORMAL, (*[20] * (depth + 1), 2), 200)
    ranks = np.isfinite(found).sum(axis=1)
    expected = np.isfinite(deep_spectrum(RELU, HE_NORMAL, 20, 20, depth, np.arange(1, 21))).sum()
    # 200 ranks know their median to one.
    assert abs(np.median(ranks) - expected) <= 1.0


@pytest.mark.parametrize(("n_inputs", "width"), [(12, 12), (7, 12), (12, 7)])
def test_orthogonal_layers_stretch_every_direction_alike(n_inputs, width):
    depth = 9
    index = np.arange(1, min(n_inputs, width) + 1)
    expected = deep_spectrum(LINEAR, ORTHOGONAL, n_inputs, width, depth, index)
    np.testing.assert_allclose(drawn(LINEAR, ORTHOGONAL, (n_inputs, *[width] * depth, 2), 1)[0], expected, atol=1e-13)
    assert (expected == expected[0]).all()


@pytest.mark.parametrize("n_inputs", [30, 200])
def test_a_first_layer_of_another_shape_shifts_the_largest_values_only_as_it_should(n_inputs):
    width, depth = 40, 60
    found = np.median(drawn(LINEAR, HE_NORMAL, (n_inputs, *[width] * depth, 2), 15), axis=0)
    expected = deep_spectrum(LINEAR, HE_NORMAL, n_inputs, width, depth, np.arange(1, len(found) + 1))
    assert np.abs(found - expected).max() < 0.05 * np.ptp(expected)


@pytest.mark.parametrize(("activation", "init"), [(TANH, HE_NORMAL), (RELU, ORTHOGONAL), (LINEAR, GLOROT_UNIFORM)])
def test_what_nobody_knows_is_no_number(activation, init):
    assert np.isnan(deep_spectrum(activation, init, 8, 8, 3, np.array([1, 8]))).all()


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("activation", [LINEAR, TANH], ids=lambda activation: activation.name)
def test_weights_of_zero_have_zeros(activation, depth):
    assert (deep_spectrum(activation, initializer("zeros"), 8, 8, depth, np.array([1, 8])) == -np.inf).all()
