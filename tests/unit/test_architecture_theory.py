"""What each architecture does to signals and errors: closed forms, and wide networks that are drawn here."""

from math import e, inf, log, pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depthsounder.elements.activations import ACTIVATIONS, LINEAR, RELU, SOFTPLUS, TANH
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.elements.gaussian import second_moment, squared_slope
from depthsounder.elements.initializers import HE_NORMAL, LECUN_NORMAL, initializer
from depthsounder.theory.columns import delta_moment_ratios, theory_columns
from depthsounder.theory.limits import deep_limit
from depthsounder.theory.overlaps import canonical_trajectory

WITH_BIASES = initializer("gaussian_w1.5_b0.05")
EPSILON = 1e-5


def columns_of(name, activation, init, depth, width=64, examples=6):
    """The theory's columns of one depth, for inputs that nobody looks at."""
    inputs, labels = np.random.default_rng(2).normal(size=(examples, 10)), np.arange(examples) % 3
    return theory_columns([depth], ARCHITECTURES[name], activation, init, inputs, labels, width)[depth]


def growth(ratios):
    """The factor by which δ² grows from each layer to the one below."""
    return np.asarray(ratios[:-1]) / np.asarray(ratios[1:])


def limit(name, activation, gain, bias_variance=0.0):
    """The limit of networks whose first layer is like the others."""
    return deep_limit(ARCHITECTURES[name], activation, gain, bias_variance, start=gain + bias_variance)


@pytest.mark.parametrize("init", ["he_normal", "glorot_normal", "naive_large"])
def test_batch_norm_multiplies_the_errors_of_relu_by_pi_over_pi_minus_one(init):
    columns = columns_of("batch_norm", RELU, initializer(init), depth=12)
    np.testing.assert_allclose(growth(columns["delta_second_moment_ratio"])[3:], pi / (pi - 1.0), rtol=1e-9)
    assert columns["chi_1"][0] == pytest.approx(pi / (pi - 1.0), rel=1e-9)
    assert columns["xi_grad"][0] == pytest.approx(1.0 / log(pi / (pi - 1.0)), rel=1e-8)


@pytest.mark.parametrize("init", ["he_normal", "glorot_normal", "naive_large"])
@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
def test_normalization_over_units_keeps_the_errors_of_relu(name, init):
    columns = columns_of(name, RELU, initializer(init), depth=12)
    for column in ("delta_second_moment_ratio", "delta_second_moment_ratio_probe"):
        np.testing.assert_allclose(growth(columns[column])[3:], 1.0, rtol=1e-9)
    assert columns["chi_1"][0] == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("examples", [5, 8, 40])
def test_batch_norm_of_linear_layers_costs_what_so_few_examples_leave(examples):
    # As unlike as they get, and each with a label of its own: nothing tells the directions of the batch apart.
    inputs, labels = np.sqrt(examples) * np.eye(examples), np.arange(examples)
    columns = theory_columns([8], ARCHITECTURES["batch_norm"], LINEAR, LECUN_NORMAL, inputs, labels, 64)[8]
    expected = (examples - 2.0) / (examples - 3.0)
    found = growth(columns["delta_second_moment_ratio_probe"])
    np.testing.assert_allclose(found[1:], expected, rtol=1e-3 if examples == 5 else 1e-4)


@pytest.mark.parametrize(
    ("name", "power"), [("plain", None), ("residual", 0.0), ("residual_sqrt", 0.5), ("residual_inverse", 1.0)]
)
@pytest.mark.parametrize("depth", [2, 9])
def test_a_branch_of_relu_and_he_adds_the_square_of_its_scale(name, power, depth):
    columns = columns_of(name, RELU, HE_NORMAL, depth)
    expected = 1.0 if power is None else 1.0 + depth ** (-2.0 * power)
    for column in ("delta_second_moment_ratio", "delta_second_moment_ratio_probe"):
        np.testing.assert_allclose(growth(columns[column]), expected, rtol=1e-12)
    # Errors grow by what the signal grows by.
    np.testing.assert_allclose(growth(columns["z_second_moment"][::-1]), expected, rtol=1e-12)


@pytest.mark.parametrize(("name", "end"), [("residual_sqrt", e), ("residual_inverse", 1.0)])
def test_scaled_branches_have_a_limit_however_deep_the_network_is(name, end):
    architecture, depth = ARCHITECTURES[name], 2000
    slopes = canonical_trajectory(architecture, RELU, HE_NORMAL, 10, 64, depth).squared_slopes
    assert delta_moment_ratios(architecture, slopes, gain=2.0)[0] == pytest.approx(end, rel=1e-3)
    note = columns_of(name, RELU, HE_NORMAL, 3)["note"][0]
    assert note.startswith("no depth scale: the branch's α = L^-")


@given(st.sampled_from(list(ACTIVATIONS.values())), st.floats(0.1, 100.0), st.sampled_from([0.0, 0.05, 1.0]))
@settings(deadline=None)
def test_batch_norm_never_lets_errors_fall_and_keeps_those_of_linear_layers_alone(activation, gain, bias_variance):
    # Poincaré's inequality for Gaussians: Var φ ≤ v E[φ'²].
    chi_1 = limit("batch_norm", activation, gain, bias_variance).chi_1
    if activation is LINEAR:
        assert chi_1 == pytest.approx(1.0, rel=1e-9)
    else:
        assert chi_1 > 1.0 + 1e-4


@pytest.mark.parametrize("activation", list(ACTIVATIONS.values()), ids=lambda activation: activation.name)
@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
def test_normalization_over_units_leaves_the_ratio_of_slopes_to_signal(name, activation):
    moment, slope = float(second_moment(activation, 1.0)), float(squared_slope(activation, 1.0))
    for gain in (3.0, 30.0):
        # Both differ from those of variance 1 by what ε takes, 1e-5 of so large a q.
        assert limit(name, activation, gain).chi_1 == pytest.approx(slope / moment, rel=1e-4)
        assert limit(name, activation, gain, 0.5).chi_1 == pytest.approx(slope / (moment + 0.5 / gain), rel=1e-4)


def test_epsilon_counts_where_the_signal_is_small():
    # Linear layers: q' = σw² q/(q + ε) rests at q = σw² - ε, where errors grow by σw²/(q + ε) = 1.
    gain = 3.0 * EPSILON
    found = limit("layer_norm", LINEAR, gain)
    assert found.q_star == pytest.approx(2.0 * EPSILON, rel=1e-9)
    assert found.chi_1 == pytest.approx(1.0, rel=1e-9)
    assert found.chi_q == pytest.approx(1.0 / 3.0, rel=1e-9)
    # With a smaller σw² than ε the signal is lost all the same.
    lost = limit("layer_norm", LINEAR, EPSILON / 2.0)
    assert (lost.q_star, lost.chi_1) == (0.0, pytest.approx(0.5))
    assert lost.note == "q → 0, where no correlation is defined"


@pytest.mark.parametrize("activation", [RELU, TANH, SOFTPLUS], ids=lambda activation: activation.name)
def test_errors_of_residual_layer_norm_grow_as_a_power_of_the_depth(activation):
    architecture, depth = ARCHITECTURES["residual_layer_norm"], 1500
    exponent = float(squared_slope(activation, 1.0) / second_moment(activation, 1.0))
    slopes = canonical_trajectory(architecture, activation, LECUN_NORMAL, 10, 64, depth).squared_slopes
    ratios = delta_moment_ratios(architecture, slopes, gain=1.0)
    assert log(ratios[depth // 10] / ratios[-1]) / log(10.0) == pytest.approx(exponent, rel=0.01)
    columns = columns_of("residual_layer_norm", activation, LECUN_NORMAL, 3)
    assert columns["xi_grad"] == [None] * 3
    assert columns["q_star"] == [inf] * 3
    assert columns["note"][0].endswith(f"errors grow as a power of the depth, with exponent {exponent:.3g}")


def test_a_residual_stream_whose_slopes_die_out_grows_more_slowly_than_exponentially():
    found = limit("residual", TANH, 2.0)
    assert (found.q_star, found.chi_1, found.xi_grad) == (inf, 1.0, inf)
    assert "more slowly than exponentially" in found.note
    assert limit("residual", RELU, 2.0).chi_1 == pytest.approx(2.0, rel=1e-12)


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name != "batch_norm"])
def test_the_scatter_of_one_network_falls_as_one_over_its_width(name):
    narrow, wide = (columns_of(name, TANH, WITH_BIASES, 5, width)["delta_log_variance_single"] for width in (100, 400))
    np.testing.assert_allclose(np.array(narrow), 4.0 * np.array(wide), rtol=1e-9)
    assert narrow[-1] == 0.0
    assert (np.diff(narrow) < 0.0).all()


def test_the_scatter_behind_a_normalization_over_examples_is_not_known():
    columns = columns_of("batch_norm", TANH, HE_NORMAL, 3)
    assert columns["delta_log_variance_single"] == columns["z_log_variance_single"] == [None] * 3


# Networks that are drawn here, in plain NumPy and with nothing of the engine's.


def normalize(name, z):
    """N(z), and the function that carries errors back through it."""
    if name == "batch_norm":
        axis, centered = 0, True
    elif name in ("layer_norm", "residual_layer_norm"):
        axis, centered = 1, True
    elif name == "rms_norm":
        axis, centered = 1, False
    else:
        return z, lambda errors: errors
    residue = z - z.mean(axis=axis, keepdims=True) * centered
    deviation = np.sqrt((residue**2).mean(axis=axis, keepdims=True) + EPSILON)
    normalized = residue / deviation

    def back(errors):
        along = normalized * (errors * normalized).mean(axis=axis, keepdims=True)
        return (errors - errors.mean(axis=axis, keepdims=True) * centered - along) / deviation

    return normalized, back


def drawn(name, activation, gain, bias_variance, inputs, labels, width, depth, random):
    """q, the variance over the batch and the mean of δ² of each layer, of one network."""
    shortcut = name.startswith("residual")
    alpha = {"residual_sqrt": depth**-0.5, "residual_inverse": 1.0 / depth}.get(name, 1.0)
    z, h, weights, slopes, backs, moments = None, inputs, [], [], [], []
    for layer in range(depth):
        weight = random.normal(size=(h.shape[1], width)) * np.sqrt(gain / h.shape[1])
        image = h @ weight + random.normal(size=width) * np.sqrt(bias_variance)
        scale = alpha if layer else 1.0
        z = scale * image + (z if shortcut and layer else 0.0)
        argument, back = normalize(name, z)
        h = activation(argument)
        weights.append(scale * weight)
        slopes.append(activation.slope(argument))
        backs.append(back)
        moments.append(((z**2).mean(), z.var(axis=0).mean()))
    readout = random.normal(size=(width, labels.max() + 1)) / np.sqrt(width)
    odds = np.exp(h @ readout)
    errors = odds / odds.sum(axis=1, keepdims=True) - np.eye(labels.max() + 1)[labels]
    delta = backs[-1](errors @ readout.T * slopes[-1])
    of_errors = [(delta**2).mean()]
    for layer in range(depth - 2, -1, -1):
        branch = backs[layer](delta @ weights[layer + 1].T * slopes[layer])
        delta = branch + delta if shortcut else branch
        of_errors.insert(0, (delta**2).mean())
    return np.array([*np.transpose(moments), of_errors])


@pytest.mark.parametrize(
    ("activation", "init", "gain", "bias_variance"),
    [(RELU, HE_NORMAL, 2.0, 0.0), (TANH, WITH_BIASES, 1.5, 0.05), (SOFTPLUS, LECUN_NORMAL, 1.0, 0.0)],
    ids=["relu", "tanh", "softplus"],
)
@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_wide_networks_do_what_is_predicted(name, activation, init, gain, bias_variance):
    width, depth, networks = 1000, 5, 6
    random = np.random.default_rng(7)
    inputs = random.normal(size=(48, 30)) * random.uniform(0.5, 1.5, size=(48, 1)) + random.normal(size=30) / 2.0
    labels = np.arange(48) % 4
    predicted = theory_columns([depth], ARCHITECTURES[name], activation, init, inputs, labels, width)[depth]
    found = np.zeros((3, depth))
    for seed in range(networks):
        random = np.random.default_rng(seed)
        q, variance, errors = drawn(name, activation, gain, bias_variance, inputs, labels, width, depth, random)
        found += np.array([q, variance, errors / errors[-1]]) / networks
    # A network's own spread is up to √(5 layers/width), 16 %; that of the mean of six 6 %.
    np.testing.assert_allclose(found[0], predicted["z_second_moment_probe"], rtol=0.12)
    np.testing.assert_allclose(found[1], predicted["z_batch_variance_probe"], rtol=0.12)
    np.testing.assert_allclose(found[2], predicted["delta_second_moment_ratio_probe"], rtol=0.12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "init", "gain", "bias_variance"),
    [(RELU, HE_NORMAL, 2.0, 0.0), (TANH, WITH_BIASES, 1.5, 0.05), (SOFTPLUS, LECUN_NORMAL, 1.0, 0.0)],
    ids=["relu", "tanh", "softplus"],
)
@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name != "batch_norm"])
def test_narrow_networks_scatter_as_is_predicted(name, activation, init, gain, bias_variance):
    width, depth, networks = 150, 6, 800
    inputs, labels = np.random.default_rng(5).normal(size=(1, 40)), np.array([3])
    columns = theory_columns([depth], ARCHITECTURES[name], activation, init, inputs, labels, width)[depth]
    found = np.empty((networks, depth))
    for seed in range(networks):
        random = np.random.default_rng(seed)
        errors = drawn(name, activation, gain, bias_variance, inputs, labels, width, depth, random)[2]
        found[seed] = np.log(errors / errors[-1])
    variances = np.array(columns["delta_log_variance_single"])
    # 800 networks give a variance to 5 %; the theory leaves out the next order in 1/width.
    np.testing.assert_allclose(found.var(axis=0)[:-1], variances[:-1], rtol=0.2)
    # Means lie where they are exact, but for the order of 1/width a layer: E[1/χ²] behind a normalization, for one.
    centers = np.log(columns["delta_second_moment_ratio_probe"]) - variances / 2.0
    layers_above = np.arange(depth)[::-1]
    noise = 3.0 * np.sqrt(variances / networks)
    assert (np.abs(found.mean(axis=0) - centers) <= 2.0 * layers_above / width + noise + 1e-12).all()
