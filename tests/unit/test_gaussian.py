"""The expectations that all theory rests on, against closed forms and against SciPy's adaptive quadrature."""

from math import inf, pi, sqrt

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import expit

from depthsounder.elements.activation import Activation
from depthsounder.elements.activations import (
    ACTIVATIONS,
    ERF,
    GELU,
    LEAKY_RELU,
    LINEAR,
    RELU,
    SIGMOID,
    SILU,
    SOFTPLUS,
    TANH,
)
from depthsounder.elements.gaussian import (
    critical_gain,
    fourth_moment,
    second_moment,
    second_moment_slope,
    squared_slope,
)
from depthsounder.elements.initializers import CRITICAL, GLOROT_NORMAL, HE_NORMAL, LECUN_NORMAL

EVERY_Q = np.logspace(-200.0, 200.0, 81)
MODERATE_Q = np.logspace(-12.0, 12.0, 49)
EVERY_ACTIVATION = list(ACTIVATIONS.values())


def _activation(name, function, slope, kinks=()):
    def write(z, out):
        out[...] = function(z)

    def write_slope(z, h, out):
        out[...] = slope(z)

    return Activation(name, write, write_slope, kinks, rectifier=False, source="a test")


HARD_TANH = _activation("hard_tanh", lambda z: np.clip(z, -1.0, 1.0), lambda z: np.abs(z) < 1.0, kinks=(-1.0, 1.0))
SQUARE = _activation("square", lambda z: z * z, lambda z: 2.0 * z)


def by_adaptive_quadrature(integrand, q, kinks):
    """Return E[integrand(√q z, z)] over z ~ N(0, 1), with both signs of z taken together, which cancels less."""
    splits = {*(abs(kink) / sqrt(q) for kink in kinks), *(u / sqrt(q) for u in (2.0, 8.0)), 2.0, 6.0}

    def density(z):
        both = np.array([z, -z])
        return float(integrand(sqrt(q) * both, both).sum()) * np.exp(-0.5 * z * z) / sqrt(2.0 * pi)

    with np.errstate(over="ignore"):
        points = sorted(point for point in splits if 0.0 < point < 12.0)
        return quad(density, 0.0, 12.0, points=points, limit=400, epsabs=0.0, epsrel=3e-12)[0]


@pytest.mark.parametrize(
    ("activation", "factor"),
    [(LINEAR, 1.0), (RELU, 0.5), (LEAKY_RELU, (1.0 + 0.01**2) / 2.0)],
    ids=lambda x: str(x)[:20],
)
def test_homogeneous_activations_match_their_closed_forms_at_every_scale(activation, factor):
    np.testing.assert_allclose(second_moment(activation, EVERY_Q), factor * EVERY_Q, rtol=1e-10)
    np.testing.assert_allclose(squared_slope(activation, EVERY_Q), factor, rtol=1e-10)
    np.testing.assert_allclose(second_moment_slope(activation, EVERY_Q), factor, rtol=1e-10)


def test_fourth_moments_of_linear_and_relu_match_their_closed_forms():
    q = np.logspace(-60.0, 60.0, 25)
    np.testing.assert_allclose(fourth_moment(LINEAR, q), 3.0 * q**2, rtol=1e-10)
    np.testing.assert_allclose(fourth_moment(RELU, q), 1.5 * q**2, rtol=1e-10)


def test_erf_matches_its_closed_forms():
    # Williams 1997, "Computing with infinite networks".
    expected = 2.0 / pi * np.arcsin(2.0 * MODERATE_Q / (1.0 + 2.0 * MODERATE_Q))
    np.testing.assert_allclose(second_moment(ERF, MODERATE_Q), expected, rtol=1e-10)
    np.testing.assert_allclose(squared_slope(ERF, MODERATE_Q), 4.0 / pi / np.sqrt(1.0 + 4.0 * MODERATE_Q), rtol=1e-10)
    slopes = 4.0 / pi / ((1.0 + 2.0 * MODERATE_Q) * np.sqrt(1.0 + 4.0 * MODERATE_Q))
    np.testing.assert_allclose(second_moment_slope(ERF, MODERATE_Q), slopes, rtol=1e-10)


@pytest.mark.parametrize("q", [1e-4, 1.0, 45.6, 500.0])
@pytest.mark.parametrize("activation", [*EVERY_ACTIVATION, HARD_TANH], ids=lambda activation: activation.name)
def test_expectations_match_adaptive_quadrature(activation, q):
    kinks = activation.kinks
    second = by_adaptive_quadrature(lambda u, z: activation(u) ** 2, q, kinks)
    fourth = by_adaptive_quadrature(lambda u, z: activation(u) ** 4, q, kinks)
    slope = by_adaptive_quadrature(lambda u, z: activation.slope(u) ** 2, q, kinks)
    growth = by_adaptive_quadrature(lambda u, z: activation(u) * activation.slope(u) * z / sqrt(q), q, kinks)
    assert second_moment(activation, q) == pytest.approx(second, rel=1e-10)
    assert fourth_moment(activation, q) == pytest.approx(fourth, rel=1e-10)
    assert squared_slope(activation, q) == pytest.approx(slope, rel=1e-10)
    assert second_moment_slope(activation, q) == pytest.approx(growth, rel=1e-10)


@pytest.mark.parametrize(
    ("activation", "moments", "slopes"),
    [
        (RELU, (0.0, inf), (0.5, 0.5)),
        (SIGMOID, (0.25, 0.5), (1.0 / 16.0, 0.0)),
        (TANH, (0.0, 1.0), (1.0, 0.0)),
        (SOFTPLUS, (np.log(2.0) ** 2, inf), (0.25, 0.5)),
        (GELU, (0.0, inf), (0.25, 0.5)),
        (SILU, (0.0, inf), (0.25, 0.5)),
    ],
    ids=lambda x: getattr(x, "name", None),
)
def test_both_ends_of_q_are_limits(activation, moments, slopes):
    np.testing.assert_allclose(second_moment(activation, [0.0, inf]), moments, rtol=1e-12)
    np.testing.assert_allclose(squared_slope(activation, [0.0, inf]), slopes, rtol=1e-12, atol=1e-140)


@pytest.mark.parametrize("activation", EVERY_ACTIVATION, ids=lambda activation: activation.name)
def test_limits_continue_the_values_beside_them(activation):
    for moment in (second_moment, squared_slope, second_moment_slope):
        assert moment(activation, 0.0) == pytest.approx(float(moment(activation, 1e-10)), rel=1e-4, abs=1e-9)


def test_what_overflows_is_infinite_and_what_underflows_is_zero():
    assert second_moment(LINEAR, 1e307) == pytest.approx(1e307)
    assert fourth_moment(LINEAR, 1e200) == inf
    assert fourth_moment(LINEAR, 1e-200) == 0.0


def test_a_slope_whose_square_overflows_is_no_reason_for_a_warning():
    cube = _activation("cube", lambda z: z**3, lambda z: 3.0 * z * z)
    np.testing.assert_allclose(squared_slope(cube, [2.0, inf]), [9.0 * 3.0 * 2.0**2, inf], rtol=1e-10)


def test_an_array_of_q_gives_an_array_of_its_shape():
    q = np.array([[0.0, 1.0, 2.0], [3.0, inf, 5.0]])
    values = second_moment(TANH, q)
    assert values.shape == q.shape
    assert values[0, 1] == second_moment(TANH, 1.0)


@pytest.mark.parametrize(
    ("name", "status", "gain"),
    [
        ("linear", "any q", 1.0),
        ("relu", "any q", 2.0),
        ("leaky_relu", "any q", 2.0 / 1.0001),
        ("tanh", "q → 0", 1.0),
        ("softsign", "q → 0", 1.0),
        ("elu", "q → 0", 1.0),
        ("erf", "q → 0", pi / 4.0),
        ("selu", "q → 0", 0.476771),
        ("sigmoid", "finite", 103.0076),
    ],
)
def test_the_critical_gain_is_the_known_one(name, status, gain):
    critical = critical_gain(ACTIVATIONS[name])
    assert critical.status == status
    assert critical.require() == pytest.approx(gain, rel=1e-6)


def test_the_critical_gain_keeps_errors_and_signal_of_sigmoid_constant():
    gain = critical_gain(SIGMOID).require()
    q = 45.6243
    assert gain * second_moment(SIGMOID, q) == pytest.approx(q, rel=1e-6)
    assert gain * squared_slope(SIGMOID, q) == pytest.approx(1.0, rel=1e-6)


def _by_brentq(activation, low, high):
    """The gain at the root of g - 1 between two q, as SciPy finds it."""

    def excess(logarithm):
        q = np.exp(logarithm)
        return float(q * squared_slope(activation, q) / second_moment(activation, q) - 1.0)

    q = np.exp(brentq(excess, np.log(low), np.log(high), xtol=1e-14, rtol=1e-14))
    return 1.0 / float(squared_slope(activation, q))


@pytest.mark.parametrize("scale", [0.02, 0.3, 1.0, 1.7, 40.0])
def test_the_critical_gain_is_at_the_root_that_scipy_finds(scale):
    """Of sigmoid(z · scale), whose critical point no closed form gives."""
    scaled = _activation("scaled", lambda z: expit(scale * z), lambda z: scale * expit(scale * z) * expit(-scale * z))
    expected = _by_brentq(scaled, 10.0 / scale**2, 1000.0 / scale**2)
    assert critical_gain(scaled).require() == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("softplus", "χ1 < 1 for every σw² < 2, beyond which q diverges"),
        ("gelu", "χ1 = 1 only where the fixed point q repels or as q → ∞"),
        ("silu", "χ1 = 1 only where the fixed point q repels or as q → ∞"),
    ],
)
def test_an_activation_without_critical_gain_is_refused_with_the_reason(name, reason):
    critical = critical_gain(ACTIVATIONS[name])
    assert (critical.status, critical.gain) == ("none", None)
    with pytest.raises(ValueError, match=f"{name} has no critical gain: {reason}"):
        critical.require()


def test_the_critical_gain_of_an_activation_that_is_not_registered_follows_from_its_record():
    assert critical_gain(HARD_TANH).status == "q → 0"
    assert critical_gain(HARD_TANH).gain == 1.0
    assert critical_gain(SQUARE).status == "none"


@pytest.mark.parametrize(("name", "law"), [("relu", HE_NORMAL), ("tanh", GLOROT_NORMAL), ("linear", LECUN_NORMAL)])
def test_critical_has_the_very_variance_of_the_law_that_it_coincides_with(name, law):
    activation = ACTIVATIONS[name]
    for fan in (10, 48, 64, 100, 784):
        assert CRITICAL.weight_variance(fan, fan, activation) == law.weight_variance(fan, fan, activation)
