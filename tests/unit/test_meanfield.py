"""Fixed points, depth scales and trajectories, against the numbers that the literature prints."""

from math import inf, log, sqrt

import numpy as np
import pytest
from scipy.optimize import brentq

from depthsounder.elements.activations import (
    ACTIVATIONS,
    ELU,
    ERF,
    GELU,
    LINEAR,
    RELU,
    SELU,
    SIGMOID,
    SILU,
    SOFTPLUS,
    TANH,
)
from depthsounder.elements.architectures import PLAIN
from depthsounder.elements.gaussian import critical_gain, second_moment
from depthsounder.elements.initializers import (
    CRITICAL,
    GLOROT_NORMAL,
    HE_NORMAL,
    INITIALIZERS,
    LECUN_NORMAL,
    ORTHOGONAL,
    initializer,
)
from depthsounder.engine.drawing import draw_network
from depthsounder.engine.spec import NetworkSpec
from depthsounder.storage.schemas import CELL_KEYS, THEORY
from depthsounder.theory.columns import theory_columns
from depthsounder.theory.meanfield import (
    fixed_points,
    mean_field,
    variance_map,
)
from depthsounder.theory.overlaps import canonical_trajectory, probe_trajectory

TWO_ENDS = "q → 0 and q → ∞ both attract: the start decides"


def probe_inputs(examples=12, n_inputs=30):
    random = np.random.default_rng(3)
    return random.normal(size=(examples, n_inputs)) * random.uniform(0.5, 2.0, size=(examples, 1))


def columns_of(depths, activation, init, inputs, width):
    """The theory's columns of plain networks."""
    return theory_columns(depths, PLAIN, activation, init, inputs, np.arange(len(inputs)) % 3, width)


def test_he_keeps_signal_and_errors_of_relu():
    theory = mean_field(RELU, gain=2.0, start=2.0)
    assert (theory.q_star, theory.xi_q, theory.xi_c, theory.xi_grad) == (2.0, inf, inf, inf)
    assert theory.chi_1 == pytest.approx(1.0, rel=1e-12)
    trajectory = canonical_trajectory(PLAIN, RELU, HE_NORMAL, n_inputs=784, width=64, depth=50)
    np.testing.assert_allclose(trajectory.second_moments, 2.0, rtol=1e-12)


def test_lecun_keeps_the_unit_variance_of_selu():
    # Klambauer et al. 2017, section 2: at mean 0 and variance 1 the map of mean and variance has the slope
    # ∂ν'/∂ν = 0.782648. There the mean's slope counts for nothing, and ν' is the variance map of this theory.
    theory = mean_field(SELU, gain=1.0, start=3.0)
    assert theory.q_star == pytest.approx(1.0, rel=1e-10)
    assert theory.chi_q == pytest.approx(0.782648, abs=5e-7)


def test_sigmoid_is_critical_at_103():
    gain = critical_gain(SIGMOID).require()
    assert gain == pytest.approx(103.008, abs=1e-3)
    theory = mean_field(SIGMOID, gain, start=gain)
    assert theory.xi_grad == inf
    assert theory.chi_q < 1.0


@pytest.mark.parametrize(("gain", "chi_1"), [(1.0, 0.056), (16.0, 0.399)])
def test_xavier_does_not_help_sigmoid_even_at_four_times_the_range(gain, chi_1):
    assert mean_field(SIGMOID, gain, start=gain).chi_1 == pytest.approx(chi_1, abs=5e-4)


@pytest.mark.parametrize(("gain", "rate"), [(1.0, 0.236), (64.0, 0.892)])
def test_errors_of_sigmoid_shrink_at_a_rate_that_depends_on_the_weights(gain, rate):
    assert sqrt(mean_field(SIGMOID, gain, start=gain).chi_1) == pytest.approx(rate, abs=5e-4)


@pytest.mark.parametrize(("activation", "threshold"), [(GELU, 2.155), (SILU, 2.430)], ids=["gelu", "silu"])
def test_where_zero_and_infinity_both_attract_the_start_decides(activation, threshold):
    assert mean_field(activation, threshold - 1e-3, start=threshold - 1e-3).q_star == 0.0
    assert mean_field(activation, threshold + 1e-3, start=threshold + 1e-3).q_star == inf
    assert mean_field(activation, 3.0, start=1e-3).q_star == 0.0
    assert mean_field(activation, 3.0, start=3.0).q_star == inf
    assert mean_field(activation, 1.99, start=1e6).q_star == 0.0
    assert mean_field(activation, 4.01, start=1e-6).q_star == inf


@pytest.mark.parametrize("gain", [2.01, 2.1, 2.2, 2.4, 2.45, 3.0, 3.99])
@pytest.mark.parametrize("activation", [GELU, SILU], ids=["gelu", "silu"])
def test_where_two_fixed_points_attract_the_note_names_them_whichever_is_reached(activation, gain):
    for start, q_star, case in (
        (1e-9, 0.0, "q → 0, where no correlation is defined"),
        (1e9, inf, "q grows without bound"),
    ):
        theory = mean_field(activation, gain, start=start)
        assert theory.q_star == q_star
        assert theory.note == f"{case}; {TWO_ENDS}"


@pytest.mark.parametrize("start", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("activation", [GELU, SILU], ids=["gelu", "silu"])
def test_where_one_fixed_point_attracts_no_note_speaks_of_the_start(activation, start):
    assert mean_field(activation, 1.9, start=start).note == "q → 0, where no correlation is defined"
    assert mean_field(activation, 4.1, start=start).note == "q grows without bound"


def test_small_biases_leave_a_finite_fixed_point_beside_infinity():
    below, above = (mean_field(GELU, 2.3, 0.01, start=start) for start in (0.1, 1e3))
    assert 0.0 < below.q_star < 0.1
    assert above.q_star == inf
    assert below.note == "a finite q and q → ∞ both attract: the start decides"
    assert above.note == f"q grows without bound; {below.note}"


@pytest.mark.parametrize("name", ["linear", "relu", "gelu", "silu", "softplus", "elu", "selu"])
def test_a_signal_that_grows_without_bound_has_errors_that_grow_at_the_slope_far_out(name):
    theory = mean_field(ACTIVATIONS[name], gain=16.0, start=16.0)
    share = {"linear": 1.0, "selu": 1.0507009873554805**2 / 2.0}.get(name, 0.5)
    assert theory.q_star == inf
    assert theory.chi_1 == pytest.approx(16.0 * share, rel=1e-10)
    assert (theory.c_star, theory.xi_q, theory.xi_c) == (None, None, None)
    assert theory.note == "q grows without bound"


@pytest.mark.parametrize("name", ["tanh", "elu", "softsign"])
def test_at_the_edge_q_creeps_to_zero_and_no_depth_scale_is_made_up(name):
    theory = mean_field(ACTIVATIONS[name], gain=1.0, start=1.0)
    assert (theory.q_star, theory.c_star, theory.xi_c) == (0.0, None, None)
    assert (theory.xi_q, theory.xi_grad) == (inf, inf)


def test_the_depth_scale_of_errors_is_negative_where_they_vanish():
    assert mean_field(SIGMOID, 1.0).xi_grad == pytest.approx(1.0 / log(0.0557207), rel=1e-5)
    assert mean_field(TANH, 4.0, start=4.0).xi_grad > 0.0


def test_linear_layers_keep_every_norm_and_every_correlation():
    theory = mean_field(LINEAR, gain=1.0, start=0.7)
    assert (theory.q_star, theory.c_star, theory.xi_c) == (0.7, None, inf)
    assert theory.note == "every q is a fixed point, every c is a fixed point"


@pytest.mark.parametrize(("gain", "bias_variance"), [(0.5, 0.0), (1.5, 0.0), (4.0, 0.1), (0.7, 0.3), (30.0, 1.0)])
def test_the_depth_scale_of_q_is_the_closed_form_of_erf(gain, bias_variance):
    theory = mean_field(ERF, gain, bias_variance, start=1.0)
    q = theory.q_star
    chi_q = gain * 4.0 / np.pi / ((1.0 + 2.0 * q) * sqrt(1.0 + 4.0 * q))
    assert theory.chi_q == pytest.approx(chi_q, rel=1e-10)
    assert theory.xi_q == pytest.approx(-1.0 / log(chi_q), rel=1e-10)
    # It is the rate at which iteration closes in on q*.
    if q:
        near = float(variance_map(ERF, q * (1.0 + 1e-6), gain, bias_variance)) / q - 1.0
        assert near == pytest.approx(1e-6 * chi_q, rel=1e-5)


def test_chaos_drives_inputs_to_the_exact_correlation_of_erf():
    gain, bias_variance = 4.0, 0.1
    theory = mean_field(ERF, gain, bias_variance, start=1.0)
    q = theory.q_star

    def excess(c):
        return (gain * 2.0 / np.pi * np.arcsin(2.0 * q * c / (1.0 + 2.0 * q)) + bias_variance) / q - c

    assert theory.c_star == pytest.approx(brentq(excess, 0.0, 0.9), rel=1e-9)
    slope = gain * 4.0 / np.pi / np.sqrt((1.0 + 2.0 * q) ** 2 - (2.0 * q * theory.c_star) ** 2)
    assert theory.chi_c == pytest.approx(slope, rel=1e-9)
    assert theory.xi_c == pytest.approx(-1.0 / log(slope), rel=1e-8)


def test_in_chaos_without_biases_an_odd_activation_forgets_every_correlation():
    theory = mean_field(TANH, gain=4.0, start=4.0)
    assert theory.c_star == 0.0
    assert theory.chi_1 > 1.0 > theory.chi_c


def test_zeros_have_no_signal_and_no_errors():
    theory = mean_field(SIGMOID, gain=0.0, start=0.0)
    assert (theory.q_star, theory.chi_1, theory.xi_grad) == (0.0, 0.0, 0.0)


def test_the_fixed_point_is_where_iteration_ends():
    for activation, gain, bias_variance in (
        (TANH, 1.5, 0.05),
        (SIGMOID, 50.0, 0.0),
        (SOFTPLUS, 1.2, 0.3),
        (SELU, 0.8, 0.0),
    ):
        q = 2.0
        for _ in range(400):
            q = float(variance_map(activation, q, gain, bias_variance))
        assert fixed_points(activation, gain, bias_variance, start=2.0) == pytest.approx(q, rel=1e-9)


def test_the_first_layer_has_the_gain_of_its_own_fans():
    trajectory = canonical_trajectory(PLAIN, LINEAR, GLOROT_NORMAL, n_inputs=784, width=64, depth=3)
    np.testing.assert_allclose(trajectory.second_moments[:, 0], 2 * 784 / (784 + 64), rtol=1e-12)


def test_the_canonical_trajectory_is_the_iterated_variance_map():
    init = initializer("gaussian_w1.5_b0.05")
    trajectory = canonical_trajectory(PLAIN, TANH, init, n_inputs=30, width=64, depth=20)
    q = 1.55
    for layer in range(20):
        assert trajectory.second_moments[layer, 0] == pytest.approx(q, rel=1e-12)
        q = 1.5 * float(second_moment(TANH, q)) + 0.05


def test_the_delta_ratio_of_a_homogeneous_activation_is_a_power():
    columns = columns_of([30], RELU, LECUN_NORMAL, probe_inputs(), 64)[30]
    expected = 0.5 ** np.arange(29, -1, -1.0)
    np.testing.assert_allclose(columns["delta_second_moment_ratio"], expected, rtol=1e-10)
    np.testing.assert_allclose(columns["delta_second_moment_ratio_probe"], expected, rtol=1e-10)


def test_the_delta_ratio_of_a_wide_random_network_is_the_predicted_one():
    inputs, width, depth = probe_inputs(), 800, 4
    init = initializer("gaussian_w4_b0.05")
    predicted = columns_of([depth], TANH, init, inputs, width)[depth]["delta_second_moment_ratio_probe"]
    random = np.random.default_rng(0)
    h, weights, slopes = inputs, [], []
    for _ in range(depth):
        weights.append(random.normal(size=(h.shape[1], width)) * np.sqrt(4.0 / h.shape[1]))
        z = h @ weights[-1] + random.normal(size=width) * sqrt(0.05)
        h = TANH(z)
        slopes.append(TANH.slope(z))
    delta = random.normal(size=(len(inputs), width)) * slopes[-1]
    moments = [(delta**2).mean()]
    for layer in range(depth - 2, -1, -1):
        delta = delta @ weights[layer + 1].T * slopes[layer]
        moments.insert(0, (delta**2).mean())
    np.testing.assert_allclose(np.array(moments) / moments[-1], predicted, rtol=0.15)


@pytest.mark.parametrize("init", [*INITIALIZERS, "gaussian_w1.5_b0.05"])
@pytest.mark.parametrize("activation", list(ACTIVATIONS.values()), ids=lambda activation: activation.name)
def test_every_cell_of_the_registries_has_theory_that_is_finite_or_named(activation, init):
    if init == "critical" and critical_gain(activation).status == "none":
        pytest.skip("refused by the config")
    expected = {field.name for field in THEORY} - set(CELL_KEYS)
    cells = columns_of([1, 3], activation, initializer(init), probe_inputs(4), 16)
    for depth, columns in cells.items():
        assert set(columns) == expected
        assert all(len(column) == depth for column in columns.values())
        assert columns["delta_second_moment_ratio"][-1] == 1.0
        numbers = {name: list(column) for name, column in columns.items() if name != "note"}
        assert not any(np.isnan(value) for column in numbers.values() for value in column if value is not None)
        # All is finite at so few layers. Of fixed points and depth scales, what is not has its reason beside it.
        limits = ("q_star", "xi_q", "xi_c", "xi_grad")
        layers = [value for name, column in numbers.items() if name not in limits for value in column]
        assert all(value is None or np.isfinite(value) for value in layers)
        unbounded = {name for name in limits if numbers[name][0] is None or np.isinf(numbers[name][0])}
        critical = abs(numbers["chi_1"][0] - 1.0) < 1e-11
        assert columns["note"][0] or unbounded == ({"xi_c", "xi_grad"} if critical else set())


@pytest.mark.parametrize("name", ["naive_unit", "naive_small"])
@pytest.mark.parametrize("activation", [LINEAR, RELU, ELU], ids=lambda activation: activation.name)
def test_theory_beyond_the_range_of_a_double_is_infinite_or_zero(activation, name):
    width = 10_000 if name == "naive_unit" else 8
    columns = columns_of([150], activation, initializer(name), probe_inputs(4), width)[150]
    for column in ("z_second_moment", "delta_second_moment_ratio", "z_batch_variance_probe"):
        assert not np.isnan(columns[column]).any()
    end = inf if name == "naive_unit" else 0.0
    assert columns["delta_second_moment_ratio"][0] == end
    assert columns["z_batch_variance_probe"][-1] == end


def test_a_cell_without_critical_gain_has_no_theory():
    with pytest.raises(ValueError, match="softplus has no critical gain"):
        columns_of([2], SOFTPLUS, CRITICAL, probe_inputs(), 16)


def test_the_probe_s_theory_at_equal_norms_is_the_canonical_one():
    inputs = probe_inputs()
    inputs /= np.sqrt((inputs**2).mean(axis=1, keepdims=True))
    probe = probe_trajectory(PLAIN, TANH, HE_NORMAL, inputs, width=64, depth=10)
    canonical = canonical_trajectory(PLAIN, TANH, HE_NORMAL, inputs.shape[1], width=64, depth=10)
    np.testing.assert_allclose(probe.second_moments.mean(axis=1), canonical.second_moments[:, 0], rtol=1e-12)


@pytest.mark.parametrize("name", ["gaussian_w1.5_b0.05", "he_normal"])
@pytest.mark.parametrize("activation", [TANH, SIGMOID, GELU], ids=lambda activation: activation.name)
def test_the_probe_s_columns_are_those_of_its_own_norms_and_not_the_canonical_ones(activation, name):
    inputs, init, width, depth = probe_inputs(), initializer(name), 64, 6
    columns = columns_of([depth], activation, init, inputs, width)[depth]
    probe = probe_trajectory(PLAIN, activation, init, inputs, width, depth)
    np.testing.assert_array_equal(columns["z_second_moment_probe"], probe.second_moments.mean(axis=1))
    np.testing.assert_array_equal(columns["z_batch_variance_probe"], probe.batch_variances)
    # Each example's errors go their own way, and only then is the mean taken.
    gain = init.backward_gain(width, width, activation)
    moments = [probe.squared_slopes[layer:].prod(axis=0) * gain ** (depth - 1 - layer) for layer in range(depth)]
    ratios = np.mean(moments, axis=1) / np.mean(moments[-1])
    np.testing.assert_allclose(columns["delta_second_moment_ratio_probe"], ratios, rtol=1e-12)
    for column in ("z_second_moment", "delta_second_moment_ratio"):
        difference = np.abs(columns[f"{column}_probe"] / columns[column] - 1.0)
        assert difference[0] > 1e-3
    assert (np.abs(columns["z_batch_variance_probe"] / columns["z_second_moment"] - 1.0) > 1e-3).all()


@pytest.mark.parametrize(
    ("name", "init", "note"),
    [
        ("tanh", "gaussian_w1.5_b0.05", None),
        ("tanh", "glorot_normal", "q → 0, where no correlation is defined"),
        ("gelu", "gaussian_w1.9_b0", "q → 0, where no correlation is defined"),
        ("gelu", "gaussian_w2.1_b0", f"q → 0, where no correlation is defined; {TWO_ENDS}"),
        ("gelu", "gaussian_w2.2_b0", f"q grows without bound; {TWO_ENDS}"),
        ("gelu", "gaussian_w4.1_b0", "q grows without bound"),
        ("silu", "gaussian_w2.4_b0", f"q → 0, where no correlation is defined; {TWO_ENDS}"),
        ("silu", "gaussian_w2.45_b0", f"q grows without bound; {TWO_ENDS}"),
        ("linear", "glorot_normal", "every q is a fixed point, every c is a fixed point"),
        ("relu", "he_normal", "every q is a fixed point"),
    ],
)
def test_degenerate_cases_are_named_in_the_table(name, init, note):
    columns = columns_of([2], ACTIVATIONS[name], initializer(init), probe_inputs(4), 64)[2]
    assert columns["note"] == [note] * 2


def test_critical_networks_keep_the_mean_square_of_the_jacobians_singular_values():
    for activation, init in ((RELU, HE_NORMAL), (LINEAR, ORTHOGONAL)):
        columns = columns_of([3, 20], activation, init, np.ones((4, 64)), 64)
        np.testing.assert_allclose(columns[20]["jacobian_mean_square_single"], 1.0, rtol=1e-12)
        assert len(columns[3]["jacobian_mean_square_single"]) == 3


@pytest.mark.parametrize("activation", [TANH, SIGMOID, RELU], ids=lambda activation: activation.name)
@pytest.mark.parametrize("n_inputs", [100, 500])
def test_the_mean_square_of_the_singular_values_is_that_of_wide_networks(activation, n_inputs):
    width, depth, init = 300, 4, initializer("gaussian_w2_b0.3")
    x = np.random.default_rng(0).normal(size=(3, n_inputs))
    predicted = columns_of([depth], activation, init, x, width)[depth]["jacobian_mean_square_single"]
    found = np.zeros(depth)
    networks = 5
    for seed in range(networks):
        weights, biases = draw_network(1, seed, NetworkSpec((n_inputs, *[width] * depth, 2), activation), init)
        h, jacobian = x[0], np.eye(n_inputs)
        for layer, (weight, bias) in enumerate(zip(weights[:-1], biases[:-1], strict=True)):
            z = h @ weight + bias
            h, jacobian = activation(z), activation.slope(z)[:, None] * (weight.T @ jacobian)
            found[layer] += np.sum(jacobian**2) / n_inputs / networks
    np.testing.assert_allclose(found, predicted, rtol=0.1)
