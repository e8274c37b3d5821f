"""What holds for every activation, gain and batch, whatever the numbers."""

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES, PLAIN
from depthsounder.elements.gaussian import critical_gain, second_moment, squared_slope
from depthsounder.elements.initializers import initializer
from depthsounder.theory.columns import theory_columns
from depthsounder.theory.hermite import hermite_coefficients
from depthsounder.theory.meanfield import mean_field, variance_map
from depthsounder.theory.overlaps import probe_trajectory

activations = st.sampled_from(list(ACTIVATIONS.values()))
architectures = st.sampled_from(list(ARCHITECTURES.values()))
variances = st.floats(-8.0, 6.0).map(lambda exponent: 10.0**exponent)
gains = st.floats(0.01, 200.0)
bias_variances = st.sampled_from([0.0, 0.05, 1.0])
inits = st.sampled_from(
    ["naive_small", "naive_large", "glorot_normal", "he_normal", "orthogonal", "gaussian_w1.5_b0.05", "gaussian_w3_b0"]
).map(initializer)


def inputs_of(seed, examples=6, n_inputs=5):
    random = np.random.default_rng(seed)
    return random.normal(size=(examples, n_inputs)) * random.uniform(0.1, 5.0, size=(examples, 1))


@given(activations, variances, gains, st.floats(1.001, 10.0), bias_variances)
@settings(deadline=None)
def test_the_variance_map_rises_with_the_gain(activation, q, gain, factor, bias_variance):
    lower = variance_map(activation, q, gain, bias_variance)
    assert variance_map(activation, q, gain * factor, bias_variance) > lower
    assert variance_map(activation, q, gain, bias_variance + 0.1) > lower


@given(activations, variances, st.floats(1.01, 10.0))
@settings(deadline=None)
def test_the_variance_map_rises_with_q(activation, q, factor):
    assert second_moment(activation, q * factor) >= second_moment(activation, q) * (1.0 - 1e-12)


@given(activations, variances)
@settings(deadline=None)
def test_no_activation_varies_more_than_its_slope_allows(activation, q):
    # Poincaré's inequality for Gaussians: Var φ ≤ q E[φ'²].
    mean = hermite_coefficients(activation, np.array([q]))[0, 0]
    variance = float(second_moment(activation, q)) - mean**2
    assert variance <= q * float(squared_slope(activation, q)) * (1.0 + 1e-9) + 1e-12 * mean**2


@given(activations, gains, bias_variances, variances)
@settings(deadline=None)
def test_a_fixed_point_is_fixed_and_attracts(activation, gain, bias_variance, start):
    theory = mean_field(activation, gain, bias_variance, start)
    if 0.0 < theory.q_star < inf:
        again = float(variance_map(activation, theory.q_star, gain, bias_variance))
        assert again == pytest.approx(theory.q_star, rel=1e-9)
        assert theory.chi_q <= 1.0 + 1e-9


@given(activations, gains | st.floats(1.5, 4.5), bias_variances | st.just(0.001))
@settings(deadline=None)
def test_the_start_decides_exactly_where_the_note_says_so(activation, gain, bias_variance):
    low, high = (mean_field(activation, gain, bias_variance, start) for start in (1e-20, 1e20))
    if "every q is a fixed point" not in low.note + high.note:
        assert ("the start decides" in low.note) == (low.q_star != pytest.approx(high.q_star, rel=1e-9))
        assert ("the start decides" in low.note) == ("the start decides" in high.note)


@given(activations, gains, bias_variances)
@settings(deadline=None)
def test_signs_of_the_depth_scales_tell_order_from_chaos(activation, gain, bias_variance):
    theory = mean_field(activation, gain, bias_variance, start=gain)
    assert (theory.xi_grad > 0.0) == (theory.chi_1 > 1.0 - 1e-11)
    if theory.c_star is not None:
        assert 0.0 <= theory.c_star <= 1.0
        assert theory.chi_c <= 1.0 + 1e-9
        assert theory.xi_c > 0.0


@given(activations, inits, st.integers(0, 1000))
@settings(deadline=None, max_examples=40)
def test_the_variance_over_examples_is_at_most_the_second_moment(activation, init, seed):
    trajectory = probe_trajectory(PLAIN, activation, init, inputs_of(seed), width=8, depth=8)
    assert (trajectory.batch_variances >= 0.0).all()
    assert (trajectory.batch_variances <= trajectory.second_moments.mean(axis=1) * (1.0 + 1e-9)).all()


@given(activations, inits, st.integers(0, 1000))
@settings(deadline=None, max_examples=30)
def test_the_order_of_the_probe_does_not_matter(activation, init, seed):
    inputs = inputs_of(seed)
    forward = probe_trajectory(PLAIN, activation, init, inputs, width=8, depth=5)
    backward = probe_trajectory(PLAIN, activation, init, inputs[::-1], width=8, depth=5)
    np.testing.assert_allclose(forward.batch_variances, backward.batch_variances, rtol=1e-8, atol=1e-300)
    np.testing.assert_array_equal(forward.second_moments, backward.second_moments[:, ::-1])


@given(architectures, activations, inits, st.integers(0, 1000))
@settings(deadline=None, max_examples=30)
def test_a_shallow_cell_is_the_beginning_of_a_deep_one(architecture, activation, init, seed):
    inputs, labels = inputs_of(seed), np.arange(6) % 3
    alone = theory_columns([3], architecture, activation, init, inputs, labels, width=8)[3]
    beside = theory_columns([3, 7], architecture, activation, init, inputs, labels, width=8)[3]
    assert alone.keys() == beside.keys()
    for name, column in alone.items():
        np.testing.assert_array_equal(column, beside[name])


@given(activations)
@settings(deadline=None)
def test_a_critical_gain_has_at_most_twelve_digits(activation):
    gain = critical_gain(activation).gain
    assert gain is None or gain == float(f"{gain:.12g}")
