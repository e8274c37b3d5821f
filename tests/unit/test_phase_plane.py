"""The line between order and chaos, and the plane that it divides."""

import numpy as np
import pytest
from scipy.optimize import brentq

from depthsounder.elements.activations import ACTIVATIONS, GELU, RELU, SIGMOID, SILU, TANH
from depthsounder.theory.meanfield import mean_field
from depthsounder.theory.phase_plane import critical_line, growth_plane


def test_tanh_with_biases_of_variance_0_05_is_critical_at_1_761():
    def excess_bias(q):
        return float(critical_line(TANH, q)[1]) - 0.05

    q_star = brentq(excess_bias, 0.1, 2.0)
    gain = float(critical_line(TANH, q_star)[0])
    assert gain == pytest.approx(1.761, abs=5e-4)
    theory = mean_field(TANH, gain, 0.05, start=1.0)
    assert theory.q_star == pytest.approx(q_star, rel=1e-9)
    assert theory.chi_1 == pytest.approx(1.0, rel=1e-9)


def test_without_biases_only_the_ends_of_the_critical_line_remain():
    gain, bias_variance = critical_line(RELU, [0.5, 1.0, 7.0])
    np.testing.assert_allclose(gain, 2.0, rtol=1e-12)
    np.testing.assert_array_equal(bias_variance, 0.0)
    assert np.isnan(critical_line(SIGMOID, 1.0)).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_plane_agrees_with_the_theory_of_each_of_its_points(name):
    gains, bias_variances = np.array([0.1, 0.9, 1.3, 2.3, 20.0, 150.0]), np.array([0.0, 0.05, 2.0])
    plane = growth_plane(ACTIVATIONS[name], gains, bias_variances)
    assert plane.shape == (3, 6)
    for row, bias_variance in enumerate(bias_variances):
        for column, gain in enumerate(gains):
            theory = mean_field(ACTIVATIONS[name], gain, bias_variance, start=gain + bias_variance)
            assert plane[row, column] == pytest.approx(theory.chi_1, rel=1e-9)


def test_the_plane_of_tanh_changes_sides_on_the_critical_line():
    gain, bias_variance = critical_line(TANH, [0.2, 0.5, 1.0])
    for sigma_w, sigma_b in zip(gain, bias_variance, strict=True):
        ((below, above),) = growth_plane(TANH, [sigma_w * 0.999, sigma_w * 1.001], [sigma_b])
        assert below < 1.0 < above


@pytest.mark.parametrize(("activation", "threshold"), [(GELU, 2.155), (SILU, 2.430)], ids=["gelu", "silu"])
def test_where_two_fixed_points_attract_order_ends_in_a_jump(activation, threshold):
    ((order, chaos),) = growth_plane(activation, [threshold - 1e-3, threshold + 1e-3], [0.0])
    assert order == pytest.approx((threshold - 1e-3) / 4.0, rel=1e-9)
    assert chaos == pytest.approx((threshold + 1e-3) / 2.0, rel=1e-9)
