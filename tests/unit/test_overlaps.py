"""The infinitely wide network on a batch: against exact kernels, independent quadrature and a wide random network."""

from math import pi

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erf, eval_hermitenorm, gammaln

from depthsounder.elements.activation import Activation
from depthsounder.elements.activations import ACTIVATIONS, ERF, LEAKY_RELU, LINEAR, RELU, SELU, SIGMOID, TANH
from depthsounder.elements.architectures import PLAIN
from depthsounder.elements.gaussian import second_moment, squared_slope
from depthsounder.elements.initializers import ZEROS, initializer
from depthsounder.theory.correlation_map import correlation_map
from depthsounder.theory.hermite import hermite_coefficients
from depthsounder.theory.overlaps import probe_trajectory


def _hard_tanh(z, out):
    np.clip(z, -1.0, 1.0, out=out)


def _hard_tanh_slope(z, h, out):
    out[...] = np.abs(z) < 1.0


HARD_TANH = Activation(
    "hard_tanh", _hard_tanh, _hard_tanh_slope, kinks=(-1.0, 1.0), rectifier=False, source="kinks that move with q"
)
STRAIGHT = [LINEAR, RELU, LEAKY_RELU]


def batch(examples=24, n_inputs=20, seed=0):
    """Return inputs whose norms differ by far and whose mean is not 0."""
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(examples, n_inputs)) + 0.5
    return inputs * random.uniform(0.3, 3.0, size=(examples, 1))


def batch_variance(covariance):
    return np.trace(covariance) / len(covariance) - covariance.mean()


def arc_cosine_image(below):
    """The image of a covariance under the slope `below` on the left of 0, and 1 on its right."""

    def image(covariance):
        # Cho & Saul 2009, equation 6: the right halves of both; -c is the correlation of a right and a left half.
        norms = np.sqrt(np.diag(covariance))
        scale = np.multiply.outer(norms, norms)
        angle = np.arccos(np.clip(covariance / scale, -1.0, 1.0))
        same = (np.sin(angle) + (pi - angle) * np.cos(angle)) / (2.0 * pi)
        opposite = (np.sin(angle) - angle * np.cos(angle)) / (2.0 * pi)
        return scale * ((1.0 + below**2) * same - 2.0 * below * opposite)

    return image


def squared_distance(activation, decorrelation):
    """E[(φ(u) - φ(v))²] at variance 1 of a φ that is straight on either side of 0, by quadrature over the angle."""
    angle = 2.0 * np.arcsin(np.sqrt(decorrelation / 2.0))
    edges = np.sort(np.mod([0.0, pi / 2, 3 * pi / 2, angle + pi / 2, angle - pi / 2], 2.0 * pi))
    abscissae, weights = np.polynomial.legendre.leggauss(30)
    total = 0.0
    for start, end in zip(edges, [*edges[1:], 2.0 * pi], strict=True):
        middle = (start + end) / 2.0 + (end - start) / 2.0 * abscissae
        # On a panel φ has one slope for u and one for v. Where they agree, no difference of near numbers is formed.
        u, v = np.cos(middle), np.cos(middle - angle)
        here, there = activation.slope(u), activation.slope(v)
        difference = -2.0 * here * np.sin(middle - angle / 2.0) * np.sin(angle / 2.0) + (here - there) * v
        total += (end - start) / 2.0 * weights @ difference**2 / pi
    return total


def erf_image(covariance):
    # Williams 1997, equation 11.
    norms = 1.0 + 2.0 * np.diag(covariance)
    return 2.0 / pi * np.arcsin(2.0 * covariance / np.sqrt(np.multiply.outer(norms, norms)))


@pytest.mark.parametrize(
    ("activation", "image"),
    [
        (LINEAR, lambda covariance: covariance),
        (ERF, erf_image),
        (RELU, arc_cosine_image(0.0)),
        (LEAKY_RELU, arc_cosine_image(0.01)),
    ],
    ids=["linear", "erf", "relu", "leaky_relu"],
)
@pytest.mark.parametrize("name", ["lecun_normal", "gaussian_w2_b0", "gaussian_w2.5_b0.05"])
def test_the_batch_variance_of_fifty_layers_follows_the_exact_kernel(activation, image, name):
    inputs, init = batch(), initializer(name)
    trajectory = probe_trajectory(PLAIN, activation, init, inputs, width=64, depth=50)
    gain = init.gain(64, 64, activation)
    covariance = gain * inputs @ inputs.T / inputs.shape[1] + init.bias_variance
    for layer in range(50):
        np.testing.assert_allclose(trajectory.second_moments[layer], np.diag(covariance), rtol=1e-10)
        assert trajectory.batch_variances[layer] == pytest.approx(batch_variance(covariance), rel=1e-10)
        covariance = gain * image(covariance) + init.bias_variance


@pytest.mark.parametrize("decorrelation", [2.0, 1.5, 1.0, 0.3, 0.01, 1e-3, 1e-6, 1e-12, 1e-18])
@pytest.mark.parametrize("activation", STRAIGHT, ids=lambda activation: activation.name)
def test_what_is_lost_between_two_near_examples_is_exact_for_straight_lines(activation, decorrelation):
    expected = 0.7 * squared_distance(activation, decorrelation) / 2.0
    assert correlation_map(activation, 0.7).drop(decorrelation) == pytest.approx(expected, rel=1e-10, abs=0.0)


@pytest.mark.parametrize("correlation", [-0.6, 0.0, 0.5, 0.99, 0.999, 1.0 - 1e-6])
@pytest.mark.parametrize(
    ("activation", "below"), [(LINEAR, 1.0), (RELU, 0.0), (LEAKY_RELU, 0.01)], ids=["linear", "relu", "leaky_relu"]
)
def test_the_correlation_map_of_straight_lines_is_the_arc_cosine_kernel(activation, below, correlation):
    products = correlation_map(activation, 3.0)
    image = arc_cosine_image(below)(np.array([[3.0, 3.0 * correlation], [3.0 * correlation, 3.0]]))[0, 1]
    found = float(second_moment(activation, 3.0)) - products.drop(1.0 - correlation)
    assert found == pytest.approx(image, rel=1e-10)
    # Price's theorem: the map's slope is q E[φ'(u) φ'(v)], of which φ' has the same sign with chance 1 - θ/π.
    same = 1.0 - np.arccos(correlation) / pi
    slope = 3.0 * (same * (1.0 + below**2) / 2.0 + (1.0 - same) * below)
    assert products.slope(1.0 - correlation) == pytest.approx(slope, rel=1e-10)


@pytest.mark.parametrize("offset", [1.0, 0.07, 7e-4, 1e-8])
@pytest.mark.parametrize("activation", STRAIGHT, ids=lambda activation: activation.name)
def test_fifty_layers_of_straight_lines_keep_ten_digits_of_the_distance_of_near_examples(activation, offset):
    init = initializer("critical")
    trajectory = probe_trajectory(
        PLAIN, activation, init, np.array([[1.0, offset], [1.0, -offset]]), width=64, depth=50
    )
    q = init.gain(64, 64, activation) * (1.0 + offset**2) / 2.0
    decorrelation = 2.0 * offset**2 / (1.0 + offset**2)
    for layer in range(50):
        assert trajectory.batch_variances[layer] == pytest.approx(q * decorrelation / 2.0, rel=1e-10, abs=0.0)
        decorrelation = squared_distance(activation, decorrelation) / 2.0 / float(second_moment(activation, 1.0))


def test_an_activation_that_is_not_registered_has_the_kernel_of_its_shape():
    def function(z, out):
        np.abs(z, out=out)

    fold = Activation("fold", function, lambda z, h, out: np.sign(z, out=out), (0.0,), rectifier=True, source="a test")
    assert correlation_map(fold, 1.0).drop(1e-6) == pytest.approx(squared_distance(fold, 1e-6) / 2.0, rel=1e-10)
    # Opposite examples are alike.
    assert correlation_map(fold, 1.0).drop(2.0) == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("activation", [TANH, SIGMOID, SELU, HARD_TANH], ids=lambda activation: activation.name)
def test_one_layer_matches_two_dimensional_quadrature(activation):
    inputs = np.array([[1.0, 0.2], [-0.4, 1.7]])
    init = initializer("gaussian_w1.5_b0.05")
    second_layer = probe_trajectory(PLAIN, activation, init, inputs, width=10, depth=2).batch_variances[1]
    (q_a, q_ab), (_, q_b) = 1.5 * inputs @ inputs.T / 2.0 + 0.05
    slope, rest = q_ab / np.sqrt(q_a), np.sqrt(q_b - q_ab**2 / q_a)

    def over_second_input(x):
        def integrand(y):
            difference = np.diff(activation(np.array([np.sqrt(q_a) * x, slope * x + rest * y])))[0]
            return float(difference) ** 2 * np.exp(-0.5 * y * y) / np.sqrt(2.0 * pi)

        kinks = (np.array([0.0, *activation.kinks]) - slope * x) / rest
        points = sorted({kink for kink in kinks if abs(kink) < 9.0}) or None
        return quad(integrand, -9.0, 9.0, points=points)[0] * np.exp(-0.5 * x * x) / np.sqrt(2.0 * pi)

    first_kinks = {kink / np.sqrt(q_a) for kink in (0.0, *activation.kinks)}
    distance = quad(over_second_input, -9.0, 9.0, points=sorted(first_kinks))[0]
    assert second_layer == pytest.approx(1.5 * distance / 4.0, rel=1e-6)


@pytest.mark.parametrize("name", ["he_normal", "gaussian_w1.5_b0.05"])
@pytest.mark.parametrize("activation", list(ACTIVATIONS.values()), ids=lambda activation: activation.name)
def test_a_wide_random_network_has_the_predicted_moments(activation, name):
    inputs, init, width, depth = batch(), initializer(name), 1000, 3
    trajectory = probe_trajectory(PLAIN, activation, init, inputs, width, depth)
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
    trajectory = probe_trajectory(PLAIN, SIGMOID, initializer("lecun_normal"), batch(), width=64, depth=30)
    assert trajectory.second_moments[-1] == pytest.approx(0.264687, rel=1e-5)
    # At q* distances shrink by χ1 = 0.0557 a layer, and they go on where q itself has no digits left to tell them.
    rates = trajectory.batch_variances[8:] / trajectory.batch_variances[7:-1]
    np.testing.assert_allclose(rates, 0.0557207, rtol=1e-5)
    assert trajectory.batch_variances[-1] < 1e-35


def test_equal_inputs_stay_equal():
    inputs = np.ones((5, 8))
    for activation in ACTIVATIONS.values():
        trajectory = probe_trajectory(PLAIN, activation, initializer("naive_unit"), inputs, width=16, depth=6)
        np.testing.assert_array_equal(trajectory.batch_variances, 0.0)


def test_inputs_that_differ_in_norm_only_keep_their_correlation_under_relu():
    inputs = np.outer([1.0, 2.0, 3.0], np.ones(8))
    trajectory = probe_trajectory(PLAIN, RELU, initializer("he_normal"), inputs, width=16, depth=20)
    expected = 2.0 * np.var([1.0, 2.0, 3.0])
    np.testing.assert_allclose(trajectory.batch_variances, expected, rtol=1e-10)


def test_an_input_of_zeros_is_an_input():
    inputs = np.vstack([np.zeros(6), np.ones(6)])
    for activation in ACTIVATIONS.values():
        trajectory = probe_trajectory(PLAIN, activation, initializer("he_normal"), inputs, width=16, depth=10)
        assert np.isfinite(trajectory.batch_variances).all()


@pytest.mark.parametrize("activation", [LINEAR, RELU, SELU], ids=lambda activation: activation.name)
def test_overflow_and_underflow_are_infinite_and_zero_without_a_warning(activation):
    inputs = batch()
    exploding = probe_trajectory(PLAIN, activation, initializer("naive_unit"), inputs, width=10_000, depth=90)
    assert np.isinf(exploding.batch_variances[-1])
    assert np.isinf(exploding.second_moments[-1]).all()
    assert not np.isnan(exploding.batch_variances).any()
    vanishing = probe_trajectory(PLAIN, activation, initializer("naive_small"), inputs, width=10, depth=150)
    assert vanishing.batch_variances[-1] == 0.0
    assert not np.isnan(vanishing.batch_variances).any()


def test_without_weights_nothing_of_the_input_is_left():
    trajectory = probe_trajectory(PLAIN, SIGMOID, ZEROS, batch(), width=16, depth=3)
    np.testing.assert_array_equal(trajectory.second_moments, 0.0)
    np.testing.assert_array_equal(trajectory.batch_variances, 0.0)


def test_hermite_coefficients_of_relu_and_erf_match_their_closed_forms():
    relu = hermite_coefficients(RELU, np.array([4.0]))[0] / 2.0
    np.testing.assert_allclose(
        relu[:5], [1 / np.sqrt(2 * pi), 0.5, 0.5 / np.sqrt(pi), 0.0, -1 / np.sqrt(48 * pi)], atol=1e-13
    )
    erf = hermite_coefficients(ERF, np.array([1.0]))[0]
    np.testing.assert_allclose(erf[:2], [0.0, 2.0 / np.sqrt(3.0 * pi)], atol=1e-13)


@pytest.mark.parametrize("q", [0.02, 1.0, 4.0, 300.0, 1e8])
def test_hermite_coefficients_follow_kinks_wherever_they_fall(q):
    found = hermite_coefficients(HARD_TANH, np.array([0.5, q]))[1]
    # E[φ(√q z) He_k] = √q E[1(|z| < t) He_(k-1)], t = 1/√q, where He_(k-1) times the density integrates to -He_(k-2).
    t, orders = 1.0 / np.sqrt(q), np.arange(3, len(found), 2)
    expected = np.zeros(len(found))
    expected[1] = np.sqrt(q) * erf(t / np.sqrt(2.0))
    scale = np.exp(-gammaln(orders + 1.0) / 2.0 - t * t / 2.0) / np.sqrt(2.0 * pi)
    expected[3::2] = -2.0 * np.sqrt(q) * eval_hermitenorm(orders - 2, t) * scale
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-13 * np.sqrt(float(second_moment(HARD_TANH, q))))


def test_kinks_do_not_tell_equal_examples_apart():
    trajectory = probe_trajectory(PLAIN, HARD_TANH, initializer("naive_unit"), np.ones((5, 8)), width=16, depth=6)
    np.testing.assert_array_equal(trajectory.batch_variances, 0.0)


@pytest.mark.parametrize("q", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("activation", list(ACTIVATIONS.values()), ids=lambda activation: activation.name)
def test_the_correlation_map_has_the_exact_range_and_slope_at_its_ends(activation, q):
    products, mean = correlation_map(activation, q), hermite_coefficients(activation, np.array([q]))[0, 0]
    variance = float(second_moment(activation, q)) - mean**2
    assert products.drop(1.0) == pytest.approx(variance, rel=1e-10, abs=1e-13 * mean**2)
    assert products.slope(0.0) == pytest.approx(q * float(squared_slope(activation, q)), rel=1e-9)
    assert products.drop(1e-13) == pytest.approx(products.slope(0.0) * 1e-13, rel=1e-4)
