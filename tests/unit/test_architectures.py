"""Architectures: against automatic differentiation and the complex step, in any company, and plain networks as ever."""

import tracemalloc
from itertools import count, islice

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from references import ACTIVATION_REFERENCES
from support import name_of, small_dataset

from depthsounder.checking.checked_network import draw_checked_network
from depthsounder.checking.gradcheck import check_gradients
from depthsounder.elements.activations import GELU, LINEAR, RELU, SIGMOID, TANH
from depthsounder.elements.architectures import ARCHITECTURES, EXAMPLES, PLAIN
from depthsounder.elements.initializers import HE_NORMAL, initializer
from depthsounder.engine.drawing import draw_network, draw_stack
from depthsounder.engine.jacobian import InputJacobian
from depthsounder.engine.loss import cross_entropy, mean_cross_entropy
from depthsounder.engine.network import NetworkStack
from depthsounder.engine.normalization import Moments, Normalizer, RunningMoments
from depthsounder.engine.probes import Probe
from depthsounder.engine.products import multiply, transpose
from depthsounder.engine.spec import NetworkSpec, layer_sizes
from depthsounder.engine.training import Recipe, Trace, Trainer, batches

jax.config.update("jax_enable_x64", True)

EVERY_ARCHITECTURE = list(ARCHITECTURES.values())
NORMALIZED = [architecture for architecture in EVERY_ARCHITECTURE if architecture.normalization]
CENTERED = [architecture for architecture in NORMALIZED if architecture.normalization.centered]
SHORTCUTS = [architecture for architecture in EVERY_ARCHITECTURE if architecture.shortcut]
SCALED = [architecture for architecture in EVERY_ARCHITECTURE if architecture.branch_decay]
BATCH_NORM, LAYER_NORM, RMS_NORM = (ARCHITECTURES[name] for name in ("batch_norm", "layer_norm", "rms_norm"))

every_architecture = pytest.mark.parametrize("architecture", EVERY_ARCHITECTURE, ids=name_of)

THRESHOLD = 1e-12
DATASET = small_dataset()
RECIPE = Recipe("sgd", batch_size=16, steps=12, logged_steps=(0, 1, 5, 12))
DIVERGES = np.inf


def small_spec(architecture, activation=TANH, depth=3, width=5):
    return NetworkSpec(layer_sizes(DATASET.n_inputs, width, depth, DATASET.n_classes), activation, architecture)


def generic_problem(spec, n_networks=3, n_examples=7, dtype=np.float64):
    """Parameters at a generic point, γ and β too, and a batch of its own for each network."""
    random = np.random.default_rng(len(spec.sizes))
    parameters = (random.normal(size=(n_networks, spec.parameter_count)) / np.sqrt(max(spec.sizes))).astype(dtype)
    for scale in spec.views(parameters).scales:
        scale += 1.0
    inputs = random.normal(size=(n_networks, n_examples, spec.sizes[0])).astype(dtype)
    return parameters, inputs, random.integers(spec.sizes[-1], size=(n_networks, n_examples))


def carry(spec, parameters, inputs, labels):
    """Go down and up a stack; return it, and the costs (S,)."""
    stack = NetworkStack(parameters.copy(), spec, inputs.shape[1])
    stack.inputs[:] = inputs
    stack.forward()
    costs = mean_cross_entropy(stack.logits, labels)
    stack.backward()
    return stack, costs


# --- the equations, once more, as JAX differentiates them ---


def textbook_moments(architecture, z):
    """Mean and variance, or 0 and the mean square, as the table of architectures says them."""
    axis = {"batch_norm": 0}.get(architecture.name, -1)
    mean = 0.0 if architecture is RMS_NORM else z.mean(axis=axis, keepdims=True)
    return mean, ((z - mean) ** 2).mean(axis=axis, keepdims=True)


def textbook_signals(tensors, architecture, phi, x, moments=None):
    """The streams and activities of one network for x (B, n_inputs), and its logits; `tensors` by name."""
    depth = max(int(name[1:]) for name in tensors if name[0] == "W") - 1
    alpha = {"residual_sqrt": depth**-0.5, "residual_inverse": 1.0 / depth}.get(architecture.name, 1.0)
    zs, hs = [], [x]
    for layer in range(1, depth + 1):
        branch = hs[-1] @ tensors[f"W{layer}"] + tensors[f"b{layer}"]
        if layer == 1:
            zs.append(branch)
        else:
            zs.append(alpha * branch + (zs[-1] if architecture.name.startswith("residual") else 0.0))
        a = zs[-1]
        if architecture.name.endswith("_norm"):
            mean, variance = textbook_moments(architecture, a) if moments is None else moments[layer - 1]
            a = tensors[f"gamma{layer}"] * (a - mean) / jnp.sqrt(variance + 1e-5)
            a = a + tensors.get(f"beta{layer}", 0.0)
        hs.append(phi(a))
    return zs, hs[1:], hs[-1] @ tensors[f"W{depth + 1}"] + tensors[f"b{depth + 1}"]


def textbook_cost(tensors, architecture, phi, x, labels):
    log_probabilities = jax.nn.log_softmax(textbook_signals(tensors, architecture, phi, x)[2])
    return -jnp.mean(log_probabilities[jnp.arange(len(labels)), labels])


def by_name(spec, flat):
    """A network's flat numbers (P,) as its tensors, matrices and rows."""
    shapes = {"W": lambda layer: spec.fans[layer - 1]}
    return {
        name: flat[entries].reshape(shapes[name[0]](int(name[1:])) if name[0] == "W" else -1)
        for name, entries in spec.tensors().items()
    }


@every_architecture
@pytest.mark.parametrize("depth", [1, 2, 6])
@pytest.mark.parametrize("activation", [TANH, RELU, GELU], ids=name_of)
def test_costs_and_all_gradients_are_those_of_automatic_differentiation(architecture, activation, depth):
    spec = small_spec(architecture, activation, depth)
    parameters, inputs, labels = generic_problem(spec)
    stack, costs = carry(spec, parameters, inputs, labels)
    phi = ACTIVATION_REFERENCES[activation.name].function
    for s in range(len(parameters)):
        cost, expected = jax.value_and_grad(textbook_cost)(
            by_name(spec, parameters[s]), architecture, phi, inputs[s], labels[s]
        )
        assert costs[s] == pytest.approx(float(cost), rel=1e-13)
        greatest = max(float(jnp.abs(gradient).max()) for gradient in expected.values())
        for name, gradient in by_name(spec, stack.gradients[s]).items():
            np.testing.assert_allclose(gradient, expected[name], rtol=1e-10, atol=1e-13 * greatest, err_msg=name)


@every_architecture
def test_errors_are_those_of_the_stream_before_it_is_normalized(architecture):
    spec = small_spec(architecture)
    parameters, inputs, labels = generic_problem(spec, n_networks=1)
    stack, _ = carry(spec, parameters, inputs, labels)
    tensors, phi = by_name(spec, parameters[0]), jnp.tanh
    for layer in range(1, spec.depth + 1):
        # What is added to one example's stream is added to no bias, but to a row of its own beside it.
        def moved(move, layer=layer):
            shifted = {**tensors, f"b{layer}": tensors[f"b{layer}"] + move}
            return textbook_cost(shifted, architecture, phi, inputs[0], labels[0])

        alpha = architecture.branch_scale(spec.depth) if layer > 1 else 1.0
        expected = jax.grad(moved)(jnp.zeros((inputs.shape[1], spec.sizes[layer])))
        np.testing.assert_allclose(alpha * stack.preactivations[layer - 1][0], expected, rtol=1e-10, atol=1e-15)


@every_architecture
def test_float32_loses_nothing_but_its_own_digits(architecture):
    spec = small_spec(architecture)
    parameters, inputs, labels = generic_problem(spec)
    exact, _ = carry(spec, parameters, inputs, labels)
    single, _ = carry(spec, *(values.astype(np.float32) for values in (parameters, inputs)), labels)
    assert single.gradients.dtype == np.float32
    assert np.linalg.norm(single.gradients - exact.gradients) < 3e-6 * np.linalg.norm(exact.gradients)


# --- the complex step ---


@every_architecture
@pytest.mark.parametrize("depth", [1, 3, 10, 20])
@pytest.mark.parametrize("activation", [TANH, RELU, GELU, SIGMOID], ids=name_of)
def test_every_tensor_passes_by_the_complex_step(architecture, activation, depth):
    network = draw_checked_network(1, depth, 8, 5, activation, initializer("he_normal"), architecture)
    for check in check_gradients(network, THRESHOLD):
        if check.method == "complex_step":
            assert check.verdict == "passed", check
            assert check.relative_error <= THRESHOLD
        else:
            assert check.verdict in {"passed", "blind"}, check


def test_before_batch_norm_a_bias_has_no_part_in_the_cost():
    spec = small_spec(BATCH_NORM)
    parameters, inputs, labels = generic_problem(spec)
    stack, costs = carry(spec, parameters, inputs, labels)
    greatest = np.abs(stack.gradients).max()
    for gradient in stack.bias_gradients[:-1]:
        assert np.abs(gradient).max() < 1e-14 * greatest
    for bias in spec.views(parameters).biases[:-1]:
        bias += 3.0
    np.testing.assert_allclose(carry(spec, parameters, inputs, labels)[1], costs, rtol=1e-12)


@pytest.mark.parametrize("init", ["naive_small", "naive_unit", "zeros", "gaussian_w100_b1"])
@every_architecture
def test_no_init_makes_right_gradients_fail(architecture, init):
    for activation in (TANH, SIGMOID, RELU):
        for depth in (3, 12):
            network = draw_checked_network(1, depth, 4, 4, activation, initializer(init), architecture)
            assert "failed" not in {check.verdict for check in check_gradients(network, THRESHOLD)}


def test_networks_are_checked_where_no_gain_is_1_and_no_shift_is_0():
    network = draw_checked_network(1, 3, 8, 5, TANH, HE_NORMAL, LAYER_NORM)
    tensors = by_name(network.spec, network.parameters)
    for layer in (1, 2, 3):
        assert (np.abs(tensors[f"gamma{layer}"] - 1.0) > 1e-6).all()
        assert (np.abs(tensors[f"beta{layer}"]) > 1e-6).all()


# --- the engine, broken in every way that one breaks it ---


def _without_mean_number(monkeypatch, call):
    """Leave out one of the means that `Normalizer.backward` takes."""
    backward, mean = Normalizer.backward, Normalizer._mean

    def broken(normalizer, errors, out):
        calls = count()

        def some_means(normalizer, values, out):
            mean(normalizer, values, out)
            if next(calls) == call:
                out.fill(0.0)

        with monkeypatch.context() as patch:
            patch.setattr(Normalizer, "_mean", some_means)
            backward(normalizer, errors, out)

    monkeypatch.setattr(Normalizer, "backward", broken)


def leave_out_the_path_of_the_variance(monkeypatch):
    """∂C/∂z lacks what comes through the variance."""
    _without_mean_number(monkeypatch, 0)


def leave_out_the_path_of_the_mean(monkeypatch):
    """∂C/∂z lacks what comes through the mean."""
    _without_mean_number(monkeypatch, 1)


def take_epsilon_out_of_the_root(monkeypatch):
    """r is 1 over √variance + ε."""
    finish = Normalizer._finish

    def broken(normalizer, centered, variance):
        finish(normalizer, centered, (np.sqrt(variance) + 1e-5) ** 2 - 1e-5)

    monkeypatch.setattr(Normalizer, "_finish", broken)


def forget_the_shortcuts_error(monkeypatch):
    """δ^l has no part in δ^(l-1) but through the branch."""
    descend = NetworkStack._descend

    def broken(stack, layer, delta):
        joins, stack._joins_stream = stack._joins_stream, [False] * (stack.depth + 1)
        descend(stack, layer, delta)
        stack._joins_stream = joins

    monkeypatch.setattr(NetworkStack, "_descend", broken)


def scale_the_branch_twice(monkeypatch):
    """α is applied twice on the way back."""
    backward = NetworkStack.backward

    def broken(stack):
        scales = stack._branch_scales
        stack._branch_scales = [scale**2 for scale in scales]
        backward(stack)
        stack._branch_scales = scales

    monkeypatch.setattr(NetworkStack, "backward", broken)


def take_one_example_for_the_gain(monkeypatch):
    """∂γ is that of the last example alone."""
    backward = Normalizer.backward

    def broken(normalizer, errors, out):
        of_last = (errors * normalizer.normalized)[:, -1:].copy()
        backward(normalizer, errors, out)
        normalizer._scale_gradient[:] = of_last

    monkeypatch.setattr(Normalizer, "backward", broken)


MUTATIONS = [
    (leave_out_the_path_of_the_variance, NORMALIZED),
    (leave_out_the_path_of_the_mean, CENTERED),
    (take_epsilon_out_of_the_root, NORMALIZED),
    (forget_the_shortcuts_error, SHORTCUTS),
    (scale_the_branch_twice, SCALED),
    (take_one_example_for_the_gain, NORMALIZED),
]


@pytest.mark.parametrize(
    ("mutation", "architecture"),
    [(mutation, architecture) for mutation, architectures in MUTATIONS for architecture in architectures],
    ids=lambda value: getattr(value, "__name__", name_of(value)),
)
@pytest.mark.parametrize("depth", [2, 10])
@pytest.mark.parametrize("activation", [TANH, RELU], ids=name_of)
def test_no_broken_architecture_gets_through(mutation, architecture, activation, depth, monkeypatch):
    mutation(monkeypatch)
    network = draw_checked_network(1, depth, 6, 5, activation, initializer("he_normal"), architecture)
    failed = {check.method for check in check_gradients(network, THRESHOLD) if check.verdict == "failed"}
    assert "complex_step" in failed


# --- plain networks as they have always been ---


def plain_pass(weights, biases, activation, inputs, labels):
    """The equations of plain networks, in the order in which the engine has always computed them."""
    depth, n_examples = len(weights) - 1, inputs.shape[1]
    zs, hs = [], [inputs]
    for layer in range(depth + 1):
        z = np.empty((*hs[-1].shape[:2], weights[layer].shape[2]), inputs.dtype)
        multiply(hs[-1], weights[layer], out=z)
        np.add(z, biases[layer], out=z)
        zs.append(z)
        if layer < depth:
            hs.append(np.empty_like(z))
            activation.function(z, hs[-1])
    costs = mean_cross_entropy(zs[-1], labels)
    gradients = [None] * (depth + 1)
    for layer in range(depth, -1, -1):
        delta = zs[layer]
        of_weights, of_biases = np.empty_like(weights[layer]), np.empty_like(biases[layer])
        multiply(hs[layer].swapaxes(1, 2), delta, out=of_weights)
        np.matmul(np.ones((1, n_examples), inputs.dtype), delta, out=of_biases)
        gradients[layer] = np.concatenate([of_weights.reshape(len(inputs), -1), of_biases[:, 0]], axis=1)
        if layer > 0:
            transposed = np.empty(weights[layer].swapaxes(1, 2).shape, inputs.dtype)
            errors, slopes = np.empty_like(zs[layer - 1]), np.empty_like(zs[layer - 1])
            transpose(weights[layer], out=transposed)
            multiply(delta, transposed, out=errors)
            activation.derivative(zs[layer - 1], hs[layer], slopes)
            np.multiply(errors, slopes, out=zs[layer - 1])
    return costs, np.concatenate(gradients, axis=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("width", [1, 5, 64, 128])
@pytest.mark.parametrize("activation", [TANH, RELU], ids=name_of)
def test_plain_networks_have_the_bits_of_the_plain_equations(activation, width, dtype):
    spec = small_spec(PLAIN, activation, depth=4, width=width)
    assert spec == NetworkSpec(spec.sizes, activation)
    parameters, inputs, labels = generic_problem(spec, n_examples=64, dtype=dtype)
    stack, costs = carry(spec, parameters, inputs, labels)
    tensors = spec.views(parameters)
    expected, gradients = plain_pass(tensors.weights, tensors.biases, activation, inputs, labels)
    np.testing.assert_array_equal(costs, expected)
    np.testing.assert_array_equal(stack.gradients, gradients)


def test_plain_training_has_the_bits_of_plain_gradient_descent():
    spec = small_spec(PLAIN, RELU, width=64)
    parameters = draw_stack(1, [0, 1], spec, HE_NORMAL)
    theta, traces = parameters.copy(), [Trace(0, 0.1), Trace(1, 0.1)]
    Trainer(parameters, spec, DATASET, RECIPE, traces, Probe(spec, DATASET)).run(1)
    feeds = [batches(1, seed, len(DATASET.train_labels), RECIPE.batch_size) for seed in (0, 1)]
    for step, chosen in enumerate(islice(zip(*feeds, strict=True), RECIPE.steps + 1)):
        chosen = np.array(chosen)
        tensors = spec.views(theta)
        inputs, labels = DATASET.train_inputs.astype(np.float32)[chosen], DATASET.train_labels[chosen]
        costs, gradients = plain_pass(tensors.weights, tensors.biases, RELU, inputs, labels)
        assert [trace.losses[step] for trace in traces] == costs.tolist()
        if step < RECIPE.steps:
            theta = theta - gradients * np.float32(0.1)
    np.testing.assert_array_equal(parameters, theta)


# --- in any company, and in place ---


@every_architecture
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize(("width", "n_examples"), [(1, 1), (5, 3), (9, 64), (64, 17), (64, 64)])
def test_a_network_has_the_same_bits_alone_and_in_any_stack(architecture, width, n_examples, dtype):
    spec = small_spec(architecture, width=width)
    problem = generic_problem(spec, 5, n_examples, dtype)
    together, costs = carry(spec, *problem)
    for network in range(5):
        one = slice(network, network + 1)
        alone, cost = carry(spec, *(part[one] for part in problem))
        np.testing.assert_array_equal(cost[0], costs[network])
        np.testing.assert_array_equal(alone.gradients[0], together.gradients[network])
        for mine, among in zip(alone.carried(), together.carried(), strict=True):
            np.testing.assert_array_equal(mine[0], among[network])


def train(networks, architecture, recipe=RECIPE):
    """Train networks, given as (seed, rate), side by side; return their traces and the trainer."""
    spec = small_spec(architecture, RELU, width=8)
    traces = [Trace(seed, rate) for seed, rate in networks]
    trainer = Trainer(
        draw_stack(1, [seed for seed, _ in networks], spec, HE_NORMAL), spec, DATASET, recipe, traces,
        Probe(spec, DATASET),
    )  # fmt: skip
    trainer.run(1)
    return traces, trainer


@every_architecture
def test_a_training_has_the_same_bits_in_any_company(architecture):
    (alone,), by_itself = train([(1, 0.1)], architecture)
    (diverged, mine, _), among = train([(0, DIVERGES), (1, 0.1), (2, 0.3)], architecture)
    assert len(diverged.losses) <= RECIPE.steps
    assert mine.losses == alone.losses
    assert mine.evaluations == alone.evaluations
    for step, statistics in alone.signals.items():
        for name, values in statistics.items():
            np.testing.assert_array_equal(mine.signals[step][name], values)
    np.testing.assert_array_equal(among.stack.parameters[0], by_itself.stack.parameters[0])


@every_architecture
def test_every_architecture_learns_a_problem_that_can_be_learned(architecture):
    (trace,), _ = train([(0, 0.1)], architecture, Recipe("sgd", 16, 300, (300,)))
    assert np.mean(trace.losses[-20:]) < 0.2 * np.log(3)
    assert trace.evaluations[300]["test_accuracy"] > 0.8
    assert trace.evaluations[300]["train_accuracy"] > 0.9


@every_architecture
def test_a_step_takes_no_memory(architecture):
    spec = small_spec(architecture, TANH, depth=6, width=64)
    parameters, inputs, labels = generic_problem(spec, 4, 256, np.float32)
    stack, _ = carry(spec, parameters, inputs, labels)
    averages = RunningMoments(stack.normalizers)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        stack.forward()
        averages.update(stack.normalizers)
        stack.backward()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # One layer's signal is 256 KiB. NumPy takes a buffer of 8192 numbers for any sum of a matrix and a row.
    assert peak - before < 40_000


# --- batch norm after training ---


def test_running_averages_are_pytorchs(monkeypatch):
    streams = []
    backward = NetworkStack.backward

    def watch(stack):
        if stack.inputs.shape[1] == RECIPE.batch_size:
            streams.append([z.astype(float) for z in stack.preactivations[:-1]])
        backward(stack)

    monkeypatch.setattr(NetworkStack, "backward", watch)
    _, trainer = train([(0, 0.1), (5, 0.3)], BATCH_NORM)
    assert len(streams) == RECIPE.steps + 1
    for network in (0, 1):
        found = trainer.moments.of(network)
        assert len(found) == 3
        for layer in range(3):
            running_mean, running_var = np.zeros(8), np.ones(8)
            for of_step in streams:
                z = of_step[layer][network]
                running_mean = 0.9 * running_mean + 0.1 * z.mean(axis=0)
                running_var = 0.9 * running_var + 0.1 * z.var(axis=0, ddof=1)
            np.testing.assert_allclose(found[layer].mean[0, 0], running_mean, rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(found[layer].variance[0, 0], running_var, rtol=1e-5)


def test_averages_go_along_with_the_networks_that_stay():
    _, alone = train([(1, 0.1), (2, 0.3)], BATCH_NORM)
    _, among = train([(0, DIVERGES), (1, 0.1), (3, DIVERGES), (2, 0.3)], BATCH_NORM)
    for network in (0, 1):
        for mine, theirs in zip(among.moments.of(network), alone.moments.of(network), strict=True):
            np.testing.assert_array_equal(mine, theirs)


@every_architecture
def test_loss_and_accuracies_are_those_of_the_network_as_it_is_used(architecture):
    (trace,), trainer = train([(3, 0.2)], architecture)
    spec, moments = trainer.stack.spec, trainer.moments.of(0)
    assert (moments is None) == (architecture is not BATCH_NORM)
    tensors = by_name(spec, trainer.stack.parameters[0].astype(float))
    given = moments and [(mean[0].astype(float), variance[0].astype(float)) for mean, variance in moments]

    def judge(inputs, labels):
        logits = np.asarray(textbook_signals(tensors, architecture, jax.nn.relu, inputs, given)[2])
        return cross_entropy(logits[None].copy(), labels[None]).mean(), np.mean(logits.argmax(axis=1) == labels)

    found = trace.evaluations[RECIPE.steps]
    test_loss, test_accuracy = judge(DATASET.test_inputs, DATASET.test_labels)
    assert found["test_loss"] == pytest.approx(test_loss, rel=1e-4)
    assert found["test_accuracy"] == pytest.approx(test_accuracy)
    assert found["train_accuracy"] == pytest.approx(judge(DATASET.probe_inputs, DATASET.probe_labels)[1])


def test_with_given_moments_no_example_hears_of_another():
    spec = small_spec(BATCH_NORM)
    parameters, inputs, _ = generic_problem(spec, n_networks=1)
    moments = [Moments(np.full((1, 1, 5), 0.3), np.full((1, 1, 5), 2.0)) for _ in range(3)]
    stack = NetworkStack(parameters, spec, inputs.shape[1])
    stack.inputs[:] = inputs
    stack.forward(moments)
    first = stack.logits[0, 0].copy()
    stack.inputs[0, 1:] = 100.0
    stack.forward(moments)
    np.testing.assert_allclose(stack.logits[0, 0], first, rtol=1e-13)


# --- what layers are measured by ---


@every_architecture
@pytest.mark.parametrize("activation", [TANH, RELU], ids=name_of)
def test_statistics_are_of_the_stream_and_flat_units_of_what_reaches_them(architecture, activation):
    spec = small_spec(architecture, activation, width=9)
    parameters = generic_problem(spec, 1)[0][0]
    tensors, x = by_name(spec, parameters), DATASET.probe_inputs
    # Some units are pushed far to the side on which they are flat, behind the normalization.
    for name in ("beta2", "b2"):
        if name in tensors:
            parameters[spec.tensors()[name][:3]] = -30.0
            tensors[name] = parameters[spec.tensors()[name]]
    measured = Probe(spec, DATASET).measure(parameters)
    phi = ACTIVATION_REFERENCES[activation.name].function
    zs, hs, _ = textbook_signals(tensors, architecture, phi, x)
    for layer, (z, h) in enumerate(zip(map(np.asarray, zs), map(np.asarray, hs), strict=True)):
        assert measured["z_second_moment"][layer] == pytest.approx(np.mean(z**2), rel=1e-10)
        assert measured["z_second_moment_single"][layer] == pytest.approx(np.mean(z[0] ** 2), rel=1e-10)
        assert measured["z_batch_variance"][layer] == pytest.approx(np.mean(np.var(z, axis=0)), rel=1e-10)
        assert measured["h_mean"][layer] == pytest.approx(np.mean(h), rel=1e-10)
        assert measured["h_variance"][layer] == pytest.approx(np.var(h), rel=1e-10)
        if activation is TANH:
            assert measured["saturated_fraction"][layer] == pytest.approx(np.mean(1.0 - h**2 < 0.1))
        else:
            assert measured["dead_fraction"][layer] == pytest.approx(np.mean((h > 0.0).mean(axis=0) < 0.01))


# --- the Jacobian ---


def textbook_jacobian(spec, parameters):
    """∂h^L/∂x at the probe's first example, as automatic differentiation has it; batch norm's moments are held."""
    tensors, architecture = by_name(spec, parameters), spec.architecture
    phi, x = ACTIVATION_REFERENCES[spec.activation.name].function, DATASET.probe_inputs
    moments = None
    if architecture is BATCH_NORM:
        moments = [textbook_moments(architecture, z) for z in textbook_signals(tensors, architecture, phi, x)[0]]
    return np.asarray(
        jax.jacrev(lambda one: textbook_signals(tensors, architecture, phi, one[None], moments)[1][-1][0])(x[0])
    )


@every_architecture
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("width", [1, 4, 9])
@pytest.mark.parametrize("activation", [TANH, RELU], ids=name_of)
def test_singular_values_are_those_of_the_jacobian_that_autodiff_gives(architecture, activation, width, depth):
    spec = small_spec(architecture, activation, depth, width)
    parameters = generic_problem(spec, 1)[0][0]
    expected = np.linalg.svd(textbook_jacobian(spec, parameters), compute_uv=False)
    found = np.exp(InputJacobian(spec, DATASET).measure(parameters))
    # Of an exact 0, as a mean leaves it that is taken away, an SVD makes rounding.
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-13 * expected[0])


def square_network(architecture, depth):
    """A linear network whose layers are all as wide as its input, and the signals of its first example."""
    spec = small_spec(architecture, LINEAR, depth, DATASET.n_inputs)
    parameters = generic_problem(spec, 1)[0][0]
    tensors = by_name(spec, parameters)
    zs, _, _ = textbook_signals(tensors, architecture, lambda z: z, DATASET.probe_inputs[:1])
    return spec, parameters, tensors, [z[0] for z in zs]


def test_at_depth_fifty_rms_norm_has_the_determinant_of_its_layers():
    spec, parameters, tensors, zs = square_network(RMS_NORM, 50)
    expected = 0.0
    for layer, z in enumerate(zs, start=1):
        root = np.mean(z**2) + 1e-5
        # γ W ẑ' with ẑ' = (I - z zᵀ / (m (mean square + ε))) / root^½, whose determinant is ε / (mean square + ε).
        expected += np.linalg.slogdet(tensors[f"W{layer}"])[1] + np.log(np.abs(tensors[f"gamma{layer}"])).sum()
        expected += np.log(1e-5 / root) - 0.5 * len(z) * np.log(root)
    found = InputJacobian(spec, DATASET).measure(parameters)
    assert found[0] - found[-1] > 100.0
    assert found.sum() == pytest.approx(expected, rel=1e-11)


def test_at_depth_fifty_a_shortcut_has_the_determinant_of_its_layers():
    architecture = ARCHITECTURES["residual_sqrt"]
    spec, parameters, tensors, _ = square_network(architecture, 50)
    expected = np.linalg.slogdet(tensors["W1"])[1]
    expected += sum(np.linalg.slogdet(np.eye(6) + 50**-0.5 * tensors[f"W{layer}"])[1] for layer in range(2, 51))
    assert InputJacobian(spec, DATASET).measure(parameters).sum() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("gain", [1e-3, 1.0, 1e3, 1e8])
def test_what_rms_norm_leaves_along_the_signal_has_all_its_digits(gain):
    spec = small_spec(RMS_NORM, LINEAR, 1, DATASET.n_inputs)
    parameters = spec.pack([gain * np.eye(6), np.zeros((6, 3))], [np.zeros(6), np.zeros(3)])
    root = gain**2 * np.mean(DATASET.probe_inputs[0] ** 2) + 1e-5
    across = np.log(gain) - 0.5 * np.log(root)
    expected = [across] * 5 + [across + np.log(1e-5 / root)]
    np.testing.assert_allclose(InputJacobian(spec, DATASET).measure(parameters), expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("architecture", [LAYER_NORM, ARCHITECTURES["residual_layer_norm"]], ids=name_of)
def test_layer_norm_leaves_nothing_of_the_mean(architecture):
    spec, parameters, _, _ = square_network(architecture, 30)
    found = InputJacobian(spec, DATASET).measure(parameters)
    assert (found == -np.inf).tolist() == [False] * 5 + [True]


@every_architecture
def test_a_signal_that_is_no_number_has_no_singular_values(architecture):
    spec = small_spec(architecture)
    parameters = generic_problem(spec, 1)[0][0]
    parameters[0] = np.inf
    assert np.isnan(InputJacobian(spec, DATASET).measure(parameters)).all()


# --- layout ---


@pytest.mark.parametrize(
    ("architecture", "names"),
    [
        (PLAIN, "W1 b1 W2 b2 W3 b3"),
        (RMS_NORM, "W1 b1 gamma1 W2 b2 gamma2 W3 b3"),
        (LAYER_NORM, "W1 b1 gamma1 beta1 W2 b2 gamma2 beta2 W3 b3"),
        (BATCH_NORM, "W1 b1 gamma1 beta1 W2 b2 gamma2 beta2 W3 b3"),
        (ARCHITECTURES["residual_inverse"], "W1 b1 W2 b2 W3 b3"),
    ],
    ids=name_of,
)
def test_tensors_lie_layer_by_layer_and_networks_start_with_gains_of_1_and_shifts_of_0(architecture, names):
    spec = small_spec(architecture, depth=2)
    tensors = spec.tensors()
    assert list(tensors) == names.split()
    np.testing.assert_array_equal(np.concatenate(list(tensors.values())), np.arange(spec.parameter_count))
    drawn, flat = draw_network(1, 0, spec, HE_NORMAL), draw_stack(1, [0], spec, HE_NORMAL)
    plain = NetworkSpec(spec.sizes, spec.activation).pack(*drawn).astype(np.float32)
    of_plain = [entries for name, entries in tensors.items() if name[0] in "Wb" and not name.startswith("beta")]
    np.testing.assert_array_equal(flat[0, np.concatenate(of_plain)], plain)
    views = spec.views(flat)
    assert [len(views.scales), len(views.shifts)] == [names.count("gamma"), names.count("beta")]
    assert all((scale == 1.0).all() for scale in views.scales)
    assert not any(shift.any() for shift in views.shifts)


@pytest.mark.parametrize("architecture", NORMALIZED, ids=name_of)
def test_the_working_set_counts_what_is_normalized(architecture):
    spec = small_spec(architecture)
    plain = NetworkSpec(spec.sizes, spec.activation)
    more = spec.parameter_count - plain.parameter_count
    assert spec.working_set(7, 4) == plain.working_set(7, 4) + 4 * (2 * more + 2 * 7 * 15)


def test_the_registry_has_every_architecture_under_its_name():
    assert list(ARCHITECTURES) == [architecture.name for architecture in EVERY_ARCHITECTURE]
    assert PLAIN.branch_scale(20) == 1.0
    assert ARCHITECTURES["residual_sqrt"].branch_scale(4) == 0.5
    assert ARCHITECTURES["residual_inverse"].branch_scale(4) == 0.25
    assert [a.name for a in NORMALIZED if a.normalization.axis == EXAMPLES] == ["batch_norm"]
