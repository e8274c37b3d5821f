"""The gradient check: it passes the right code, at any depth, and no broken code."""

from dataclasses import replace

import numpy as np
import pytest
from support import EVERY_ACTIVATION, name_of

from depthsounder.checking import gradcheck
from depthsounder.checking.checked_network import CheckedNetwork, draw_checked_network
from depthsounder.checking.gradcheck import (
    CENTRAL_THRESHOLD,
    central_difference,
    check_by_central_differences,
    check_gradients,
    complex_step,
    relative_error,
)
from depthsounder.elements.activations import ACTIVATIONS, LINEAR, RELU, SIGMOID, TANH
from depthsounder.elements.initializers import initializer, with_gain_at
from depthsounder.engine import training
from depthsounder.engine.loss import cross_entropy, mean_cross_entropy
from depthsounder.engine.network import NetworkStack
from depthsounder.engine.spec import NetworkSpec

THRESHOLD = 1e-12
ROOT_SEED = 1


def network_of(activation, depth, init="glorot_normal", width=4, n_examples=3):
    return draw_checked_network(ROOT_SEED, depth, width, n_examples, activation, initializer(init))


def complex_verdicts(network):
    checks = check_gradients(network, THRESHOLD)
    return {check.parameter: check.verdict for check in checks if check.method == "complex_step"}


# --- the engine, broken in every way that one breaks it ---


def forget_a_bias(monkeypatch, network):
    """∂b of the middle layer is left out."""
    return _afterwards(monkeypatch, network, lambda stack: stack.bias_gradients[stack.depth // 2].fill(0.0))


def forget_the_first_layer(monkeypatch, network):
    """∂W¹ is left at zero."""
    return _afterwards(monkeypatch, network, lambda stack: stack.weight_gradients[0].fill(0.0))


def forget_the_mean(monkeypatch, network):
    """1/B is left out, in the function that training calls too."""

    def broken(logits, labels):
        return cross_entropy(logits, labels).mean(axis=1)

    assert training.mean_cross_entropy is mean_cross_entropy
    monkeypatch.setattr(mean_cross_entropy, "__code__", broken.__code__)
    return network


def turn_a_sign(monkeypatch, network):
    """∂W of the first layer points uphill."""
    return _afterwards(
        monkeypatch, network, lambda stack: np.negative(stack.weight_gradients[0], out=stack.weight_gradients[0])
    )


def lose_an_example(monkeypatch, network):
    """The last example has no part in ∂W of the readout."""

    def break_it(stack):
        h, delta = stack.activities[-1][:, :-1], stack.preactivations[-1][:, :-1]
        np.matmul(h.swapaxes(1, 2), delta, out=stack.weight_gradients[-1])

    return _afterwards(monkeypatch, network, break_it)


def _afterwards(monkeypatch, network, break_it):
    backward = NetworkStack.backward

    def broken(stack):
        backward(stack)
        break_it(stack)

    monkeypatch.setattr(NetworkStack, "backward", broken)
    return network


def with_derivative(network, derivative):
    """The network with another φ'."""
    activation = replace(network.spec.activation, derivative=derivative)
    return replace(network, spec=replace(network.spec, activation=activation))


def forget_the_slope(monkeypatch, network):
    """φ' is left out."""
    return with_derivative(network, lambda z, h, out: out.fill(1.0))


def take_the_slope_elsewhere(monkeypatch, network):
    """φ' is taken half a unit beside z."""
    slope = network.spec.activation.slope
    return with_derivative(network, lambda z, h, out: np.copyto(out, slope(z + 0.5)))


def scale_the_slope(monkeypatch, network):
    """φ' is one part in a million too large."""
    derivative = network.spec.activation.derivative

    def broken(z, h, out):
        derivative(z, h, out)
        np.multiply(out, 1.000001, out=out)

    return with_derivative(network, broken)


def forget_to_transpose(monkeypatch, network):
    """δ is carried up by W where it is square, and not by Wᵀ."""
    descend = NetworkStack._descend

    def broken(stack, layer, delta):
        weights = stack.weights[layer]
        if weights.shape[1] == weights.shape[2]:
            stack.weights = [w.swapaxes(1, 2) if index == layer else w for index, w in enumerate(stack.weights)]
        descend(stack, layer, delta)
        stack.weights[layer] = weights

    monkeypatch.setattr(NetworkStack, "_descend", broken)
    return network


def take_the_wrong_layers_slope(monkeypatch, network):
    """φ' of the layer above is used, where there is one."""
    descend = NetworkStack._descend

    def broken(stack, layer, delta):
        above = min(layer + 1, stack.depth)
        z, h = stack.preactivations[layer - 1], stack.activities[layer]
        if above > layer:
            np.copyto(h, stack.activities[above])
            np.copyto(z, stack.activities[above])
        descend(stack, layer, delta)

    monkeypatch.setattr(NetworkStack, "_descend", broken)
    return network


MUTATIONS = [
    forget_a_bias,
    forget_the_first_layer,
    forget_the_mean,
    turn_a_sign,
    lose_an_example,
    forget_the_slope,
    take_the_slope_elsewhere,
    scale_the_slope,
    forget_to_transpose,
    take_the_wrong_layers_slope,
]
# φ' = 1 everywhere: to leave it out, or to take it elsewhere, is no error.
HARMLESS_FOR_LINEAR = {forget_the_slope, take_the_slope_elsewhere, take_the_wrong_layers_slope}
NEEDS_HIDDEN_WEIGHTS = {forget_to_transpose, take_the_wrong_layers_slope}

# At the greatest depth, where a check takes seconds, one activation of each kind: the engine carries all in one way.
AT_THE_GREATEST_DEPTH = (LINEAR, SIGMOID, TANH, RELU)

CASES = [
    (mutation, activation, depth)
    for mutation in MUTATIONS
    for activation in EVERY_ACTIVATION
    for depth in (1, 3, 10, 50)
    if depth < 50 or activation in AT_THE_GREATEST_DEPTH
    if not (activation is LINEAR and mutation in HARMLESS_FOR_LINEAR)
    and not (depth == 1 and mutation in NEEDS_HIDDEN_WEIGHTS)
]


def small(activation, depth):
    """A network whose check is quick: at depth 50 it has some 600 parameters, each with a copy of its own.

    ReLU is given more width: where all the few units of one layer are dead, no derivative is left that could be wrong.
    """
    width = 8 if activation is RELU else 4 if depth < 50 else 3
    return network_of(activation, depth, init="orthogonal", width=width)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutation", "activation", "depth"), CASES, ids=lambda value: getattr(value, "__name__", name_of(value))
)
def test_no_broken_backward_pass_gets_through(mutation, activation, depth, monkeypatch):
    verdicts = complex_verdicts(mutation(monkeypatch, small(activation, depth)))
    assert "failed" in verdicts.values()


@pytest.mark.parametrize(
    ("activation", "depth"), sorted({(activation.name, depth) for _, activation, depth in CASES}), ids=str
)
def test_the_same_networks_pass_unbroken(activation, depth):
    assert set(complex_verdicts(small(ACTIVATIONS[activation], depth)).values()) == {"passed"}


@pytest.mark.parametrize("depth", [20, 50])
def test_a_slope_that_rounding_spoils_is_blindness_and_no_failure(depth):
    # Hundreds of standard deviations into saturation, 1 - h² has no digit left; the complex step has all of them.
    network = network_of(TANH, depth, "gaussian_w100_b1", width=8, n_examples=5)
    assert "failed" not in complex_verdicts(network).values()


def test_rounding_excuses_no_error_of_the_code(monkeypatch):
    network = forget_the_first_layer(monkeypatch, network_of(TANH, 20, "gaussian_w100_b1", width=8, n_examples=5))
    assert complex_verdicts(network)["W1"] == "failed"


def test_a_failure_names_the_tensor_that_is_wrong_and_no_other(monkeypatch):
    network = forget_the_first_layer(monkeypatch, network_of(TANH, 5))
    assert [name for name, verdict in complex_verdicts(network).items() if verdict == "failed"] == ["W1"]


def test_an_error_of_a_layer_shows_in_all_layers_before_it_and_in_none_behind(monkeypatch):
    network = network_of(TANH, 3)
    descend = NetworkStack._descend

    def broken(stack, layer, delta):
        descend(stack, layer, delta)
        if layer == 2:
            np.multiply(stack.preactivations[1], 1.1, out=stack.preactivations[1])

    monkeypatch.setattr(NetworkStack, "_descend", broken)
    failed = {name for name, verdict in complex_verdicts(network).items() if verdict == "failed"}
    assert failed == {"W1", "b1", "W2", "b2"}


# --- what the two methods see ---


@pytest.mark.parametrize("init", ["glorot_normal", "naive_small", "naive_unit", "zeros", "gaussian_w1.5_b0.05"])
@pytest.mark.parametrize("activation", EVERY_ACTIVATION, ids=name_of)
def test_the_engine_passes_for_every_activation(activation, init):
    for depth in (1, 3, 10):
        verdicts = complex_verdicts(network_of(activation, depth, init))
        assert set(verdicts.values()) <= {"passed", "blind"}
        assert verdicts[f"b{depth + 1}"] == "passed"


def test_behind_a_dead_layer_the_check_says_that_it_sees_nothing(monkeypatch):
    network = network_of(RELU, 3)
    biases = network.spec.views(network.parameters[None, :]).biases
    biases[1].fill(-1e3)
    # The layer behind it hears nothing, so that its W has no gradient either; its b has one.
    seen = {name for name, verdict in complex_verdicts(network).items() if verdict == "passed"}
    assert seen == {"b3", "W4", "b4"}
    assert complex_verdicts(forget_the_first_layer(monkeypatch, network))["W1"] == "blind"


@pytest.mark.parametrize(
    ("activation", "init"),
    [
        # Vanishing to 1e-100, chaotic, exploding to 1e47, and beyond the range of exp: none is a reason to fail.
        ("sigmoid", "naive_small"),
        ("tanh", "naive_unit"),
        ("selu", "naive_large"),
        ("linear", "gaussian_w100_b1"),
        ("silu", "naive_unit"),
        ("relu", "naive_unit"),
    ],
)
def test_fifty_layers_are_no_reason_to_fail(activation, init):
    network = network_of(ACTIVATIONS[activation], 50, init, width=8, n_examples=5)
    with np.errstate(over="ignore"):
        analytic = network.gradient()
        for name, entries in network.spec.tensors().items():
            if name[1:] in {"1", "25", "51"}:
                assert relative_error(analytic[entries], complex_step(network, entries)) <= THRESHOLD, name


@pytest.mark.slow
@pytest.mark.parametrize("depth", [20, 50])
@pytest.mark.parametrize("init", ["naive_unit", "gaussian_w1000000_b0"])
@pytest.mark.parametrize("activation", EVERY_ACTIVATION, ids=name_of)
def test_no_signal_is_too_large_for_a_verdict_without_a_warning(activation, init, depth):
    checks = check_gradients(network_of(activation, depth, init), THRESHOLD)
    assert "failed" not in {check.verdict for check in checks}
    assert checks[-2].verdict in {"passed", "blind"}


@pytest.mark.parametrize("init", ["naive_unit", "gaussian_w1000000_b0"])
def test_exploding_excuses_no_error_of_the_code(init, monkeypatch):
    network = network_of(LINEAR, 50, init)
    assert set(complex_verdicts(network).values()) == {"passed"}
    broken = forget_the_first_layer(monkeypatch, network)
    assert [name for name, verdict in complex_verdicts(broken).items() if verdict == "failed"] == ["W1"]


def test_beyond_the_range_of_a_double_the_check_says_that_it_sees_nothing():
    network = network_of(LINEAR, 200, "gaussian_w1000000_b0", width=2, n_examples=1)
    assert set(complex_verdicts(network).values()) == {"blind"}


def test_what_is_no_number_without_an_overflow_fails():
    def function(z, out):
        np.copyto(out, z * np.nan if np.iscomplexobj(z) else z)

    network = network_of(LINEAR, 2)
    broken = replace(network, spec=replace(network.spec, activation=replace(LINEAR, function=function)))
    assert "failed" in complex_verdicts(broken).values()


def test_the_notes_ratio_over_all_parameters_misses_a_zeroed_first_layer(monkeypatch):
    network = network_of(SIGMOID, 10)
    numeric = complex_step(network, np.arange(len(network.parameters)))
    broken = forget_the_first_layer(monkeypatch, network)
    # In the note's best band, and the gradient of a whole layer is missing.
    assert relative_error(broken.gradient(), numeric) < 1e-6
    assert complex_verdicts(broken)["W1"] == "failed"


def test_central_differences_say_where_they_are_blind():
    checks = {(check.parameter, check.method): check for check in check_gradients(network_of(SIGMOID, 20), THRESHOLD)}
    first, last = checks["W1", "central_difference"], checks["W21", "central_difference"]
    assert first.verdict == "blind"
    assert first.relative_error > CENTRAL_THRESHOLD
    assert first.noise_floor > CENTRAL_THRESHOLD
    assert last.verdict == "passed"
    assert checks["W1", "complex_step"].verdict == "passed"


def test_central_differences_fail_on_broken_code_where_they_see(monkeypatch):
    network = forget_the_first_layer(monkeypatch, network_of(TANH, 2))
    checks = {check.parameter: check for check in check_gradients(network, THRESHOLD) if check.method != "complex_step"}
    assert checks["W1"].verdict == "failed"
    assert checks["W1"].relative_error == pytest.approx(1.0)
    assert checks["W2"].verdict == "passed"


def test_an_error_that_rounding_does_not_explain_is_no_blindness(monkeypatch):
    # The noise floor is above the threshold here, and far below what a missing gradient shows.
    def first_central_difference(network):
        return next(check for check in check_gradients(network, THRESHOLD) if check.method == "central_difference")

    network = network_of(SIGMOID, 8)
    right = first_central_difference(network)
    assert (right.parameter, right.verdict) == ("W1", "blind")
    assert right.noise_floor > CENTRAL_THRESHOLD
    assert first_central_difference(forget_the_first_layer(monkeypatch, network)).verdict == "failed"


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "erf"])
def test_the_noise_floor_explains_what_central_differences_are_off(name):
    for depth in (2, 6, 12):
        for check in check_gradients(network_of(ACTIVATIONS[name], depth), THRESHOLD):
            if check.method == "central_difference":
                assert check.relative_error < 10.0 * check.noise_floor


def at_the_kink():
    """A network whose first layer lies exactly on ReLU's kink, for every example."""
    spec = NetworkSpec((6, 2, 4), RELU)
    parameters = np.random.default_rng(0).normal(size=spec.parameter_count)
    parameters[:14] = 0.0
    inputs = np.random.default_rng(1).normal(size=(3, 6))
    return CheckedNetwork(spec, parameters, inputs, np.array([0, 1, 2]))


def test_a_tensor_on_a_kink_is_skipped_and_does_not_fail():
    checks = {(check.parameter, check.method): check for check in check_gradients(at_the_kink(), THRESHOLD)}
    for name in ("W1", "b1"):
        assert checks[name, "central_difference"].verdict == "skipped"
        assert checks[name, "central_difference"].relative_error is None
    assert checks["b2", "central_difference"].verdict == "passed"


def test_only_the_entries_that_cross_a_kink_are_skipped():
    network = network_of(RELU, 2)
    first_bias = network.spec.tensors()["b1"]
    # One unit is put on its kink, for the first example.
    stack = network.stack(network.parameters[None].copy())
    network.parameters[first_bias[0]] -= stack.preactivations[0][0, 0, 0]
    _, smooth = central_difference(network, first_bias)
    assert smooth.tolist() == [False, True, True, True]


def test_smooth_activations_have_nothing_to_skip():
    network = network_of(TANH, 2)
    _, smooth = central_difference(network, np.arange(len(network.parameters)))
    assert smooth.all()


# --- the numbers themselves ---


def test_both_methods_agree_with_a_derivative_that_is_known():
    # A linear network with one hidden unit and a readout without weights: every gradient but the readout's is zero.
    spec = NetworkSpec((6, 1, 4), LINEAR)
    parameters = np.zeros(spec.parameter_count)
    parameters[6] = 1.0
    network = CheckedNetwork(spec, parameters, np.zeros((2, 6)), np.array([0, 1]))
    expected = np.zeros_like(parameters)
    expected[7:11] = expected[11:15] = [-0.25, -0.25, 0.25, 0.25]
    every = np.arange(len(parameters))
    np.testing.assert_allclose(network.gradient(), expected, atol=1e-16)
    np.testing.assert_allclose(complex_step(network, every), expected, atol=1e-16)
    np.testing.assert_allclose(central_difference(network, every)[0], expected, atol=1e-8)


def test_the_relative_error_is_the_notes():
    assert relative_error(np.array([3.0, 4.0]), np.array([3.0, 4.0])) == 0.0
    assert relative_error(np.array([3.0, 4.0]), np.zeros(2)) == 1.0
    assert relative_error(np.array([1.0]), np.array([2.0])) == pytest.approx(1.0 / 3.0)
    assert relative_error(np.array([1.0]), np.array([-1.0])) == 1.0
    assert relative_error(np.zeros(2), np.zeros(2)) == 0.0


@pytest.mark.parametrize("unit", [1e-300, 1e-200, 1e200, 1e300])
def test_the_relative_error_has_no_unit(unit):
    analytic, numeric = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.5])
    expected = relative_error(analytic, numeric)
    assert relative_error(analytic * unit, numeric * unit) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("numbers", [[np.nan, 1.0], [np.inf, 1.0]])
def test_a_gradient_that_is_not_finite_fails(numbers, monkeypatch):
    def spoil(stack):
        stack.weight_gradients[0][0, 0, :2] = numbers

    network = _afterwards(monkeypatch, network_of(TANH, 1), spoil)
    with np.errstate(invalid="ignore"):
        assert complex_verdicts(network)["W1"] == "failed"


def test_every_tensor_is_checked_by_both_methods_and_every_parameter_once():
    network = network_of(TANH, 3)
    names = list(network.spec.tensors())
    assert names == ["W1", "b1", "W2", "b2", "W3", "b3", "W4", "b4"]
    entries = np.concatenate(list(network.spec.tensors().values()))
    assert sorted(entries) == list(range(len(network.parameters)))
    checks = check_gradients(network, THRESHOLD)
    assert [(check.parameter, check.method) for check in checks] == [
        (name, method) for name in names for method in ("complex_step", "central_difference")
    ]


def test_networks_are_checked_at_a_generic_point():
    network = network_of(RELU, 3, init="zeros", width=8, n_examples=5)
    stack = network.stack(network.parameters[None].copy())
    assert all(z.all() for z in stack.preactivations)
    assert len(set(network.labels)) > 1
    again, other = network_of(RELU, 3, init="zeros", width=8, n_examples=5), network_of(RELU, 3, n_examples=5)
    np.testing.assert_array_equal(network.parameters, again.parameters)
    # The same batch whatever the init and the width.
    assert other.inputs.shape == network.inputs.shape


# --- where rounding and curvature leave nothing to see ---


@pytest.mark.parametrize(
    ("seed", "activation", "init", "depth"),
    [
        # Saturated units on the way of every error, examples whose errors cancel exactly, and both at depth 20.
        (2, "tanh", "gaussian_w1024_b0", 10),
        (3, "linear", "gaussian_w1024_b0", 2),
        (4, "linear", "gaussian_w100_b1", 3),
        (6, "sigmoid", "gaussian_w1024_b0", 20),
        (8, "tanh", "gaussian_w256_b0", 20),
        # SciPy's erf rounds otherwise where there is an imaginary part.
        (14, "erf", "gaussian_w16_b0", 20),
    ],
)
def test_right_gradients_fail_nowhere_at_the_gains_of_wide_networks(seed, activation, init, depth):
    network = draw_checked_network(seed, depth, 8, 5, ACTIVATIONS[activation], initializer(init))
    checks = check_gradients(network, THRESHOLD)
    assert "failed" not in {check.verdict for check in checks}
    assert "passed" in {check.verdict for check in checks if check.method == "complex_step"}


def test_curvature_that_a_wider_step_shows_is_blindness_and_no_failure(monkeypatch):
    # The error of a central difference is the third derivative times ε²/6: twice the step makes it four times as large.
    network = network_of(TANH, 2)

    def bent(network, entries, step=1e-7):
        return network.gradient()[entries] + 1e11 * step**2, np.ones(len(entries), bool)

    monkeypatch.setattr(gradcheck, "central_difference", bent)
    checks = check_by_central_differences(network)
    assert {check.verdict for check in checks} == {"blind"}


def test_without_complex_numbers_central_differences_find_a_broken_engine(monkeypatch):
    network = network_of(TANH, 3)
    assert {check.verdict for check in check_by_central_differences(network)} == {"passed"}
    broken = forget_the_first_layer(monkeypatch, network)
    assert [c.parameter for c in check_by_central_differences(broken) if c.verdict == "failed"] == ["W1"]


def test_an_init_can_be_given_the_gain_of_another_width():
    for name, gain in (("naive_unit", 64.0), ("naive_large", 16.0), ("he_normal", 2.0), ("glorot_normal", 1.0)):
        init = with_gain_at(initializer(name), 64)
        assert init.gain(8, 8, TANH) == pytest.approx(gain)
        assert init.gain(6, 8, TANH) == pytest.approx(gain)
    network = draw_checked_network(1, 20, 8, 5, LINEAR, with_gain_at(initializer("naive_unit"), 64))
    weights = network.spec.views(network.parameters[None]).weights
    assert np.mean([8 * layer.var() for layer in weights[1:-1]]) == pytest.approx(64.0, rel=0.1)


def test_biases_are_as_wide_as_the_inits_own_and_never_0():
    def spread(init):
        network = draw_checked_network(1, 50, 8, 2, TANH, initializer(init))
        biases = network.spec.views(network.parameters[None]).biases
        return np.std(np.concatenate([layer.ravel() for layer in biases]))

    assert spread("gaussian_w2_b25") == pytest.approx(5.0, rel=0.15)
    assert spread("he_normal") == pytest.approx(0.1, rel=0.15)
