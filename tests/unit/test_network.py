"""The engine against JAX's automatic differentiation in float64, and against the equations by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from references import ACTIVATION_REFERENCES
from support import EVERY_ACTIVATION, name_of, textbook_gradients

from depthsounder.elements.activations import ACTIVATIONS, LINEAR, RELU, SIGMOID, TANH
from depthsounder.elements.initializers import initializer
from depthsounder.engine.drawing import draw_network
from depthsounder.engine.loss import cross_entropy
from depthsounder.engine.network import NetworkStack
from depthsounder.engine.spec import NetworkSpec, layer_sizes

N_NETWORKS, N_EXAMPLES, N_INPUTS, WIDTH, N_CLASSES = 3, 4, 6, 5, 3


def generic_stack(spec, n_networks=N_NETWORKS, n_examples=N_EXAMPLES, dtype=np.float64, gain=1.5):
    """Networks with weights of one gain and biases, each with a batch and labels of its own."""
    random = np.random.default_rng(len(spec.sizes))
    parameters = np.stack(
        [
            spec.pack(
                [random.normal(size=(n, m)) * np.sqrt(gain / n) for n, m in spec.fans],
                [0.3 * random.normal(size=m) for m in spec.sizes[1:]],
            )
            for _ in range(n_networks)
        ]
    ).astype(dtype)
    stack = NetworkStack(parameters, spec, n_examples)
    stack.inputs[:] = random.normal(size=stack.inputs.shape)
    labels = random.integers(spec.sizes[-1], size=(n_networks, n_examples))
    return stack, labels


def carry(stack, labels):
    """Go down and up; return the logits (S, B, K) and the mean costs (S,)."""
    stack.forward()
    logits = stack.logits.copy()
    costs = cross_entropy(stack.logits, labels).mean(axis=1)
    stack.logits[:] /= labels.shape[1]
    stack.backward()
    return logits, costs


def jax_logits(layers, inputs, phi):
    h = inputs
    for weights, bias in layers[:-1]:
        h = phi(h @ weights + bias)
    weights, bias = layers[-1]
    return h @ weights + bias


def jax_cost(layers, inputs, labels, phi):
    log_probabilities = jax.nn.log_softmax(jax_logits(layers, inputs, phi))
    return -jnp.mean(log_probabilities[jnp.arange(len(labels)), labels])


def assert_matches_jax(spec, **kind):
    stack, labels = generic_stack(spec, **kind)
    phi = ACTIVATION_REFERENCES[spec.activation.name].function
    logits, costs = carry(stack, labels)
    for s in range(len(labels)):
        layers = [(w[s], b[s, 0]) for w, b in zip(stack.weights, stack.biases, strict=True)]
        np.testing.assert_allclose(logits[s], jax_logits(layers, stack.inputs[s], phi), rtol=1e-12, atol=1e-13)
        cost, gradients = jax.value_and_grad(jax_cost)(layers, stack.inputs[s], labels[s], phi)
        assert costs[s] == pytest.approx(float(cost), rel=1e-13)
        for layer, (weights, bias) in enumerate(gradients):
            scale = float(jnp.abs(weights).max())
            np.testing.assert_allclose(stack.weight_gradients[layer][s], weights, rtol=1e-11, atol=1e-13 * scale)
            scale = float(jnp.abs(bias).max())
            np.testing.assert_allclose(stack.bias_gradients[layer][s, 0], bias, rtol=1e-11, atol=1e-13 * scale)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("activation", EVERY_ACTIVATION, ids=name_of)
def test_a_stack_matches_automatic_differentiation(activation, depth):
    assert_matches_jax(NetworkSpec(layer_sizes(N_INPUTS, WIDTH, depth, N_CLASSES), activation))


@pytest.mark.parametrize("name", ["linear", "sigmoid", "tanh", "relu", "selu"])
def test_a_deep_stack_matches_automatic_differentiation(name):
    assert_matches_jax(NetworkSpec(layer_sizes(N_INPUTS, WIDTH, 20, N_CLASSES), ACTIVATIONS[name]), n_networks=2)


@pytest.mark.parametrize("sizes", [(6, 2, 7, 4, 3), (1, 1, 1, 2), (3, 8, 1, 5, 2)], ids=str)
def test_layers_of_unequal_width_match_automatic_differentiation(sizes):
    assert_matches_jax(NetworkSpec(sizes, TANH))


def test_a_single_example_matches_automatic_differentiation():
    assert_matches_jax(NetworkSpec(layer_sizes(N_INPUTS, WIDTH, 3, N_CLASSES), RELU), n_examples=1)


@pytest.mark.parametrize("activation", [TANH, RELU, SIGMOID], ids=name_of)
def test_a_stack_matches_the_equations_example_by_example(activation):
    stack, labels = generic_stack(NetworkSpec(layer_sizes(N_INPUTS, WIDTH, 4, N_CLASSES), activation))
    _, costs = carry(stack, labels)
    for s in range(N_NETWORKS):
        weights, biases = [w[s] for w in stack.weights], [b[s, 0] for b in stack.biases]
        cost, weight_gradients, bias_gradients = textbook_gradients(
            weights, biases, activation, stack.inputs[s], labels[s]
        )
        assert costs[s] == pytest.approx(cost, rel=1e-13)
        expected = stack.spec.pack(weight_gradients, bias_gradients)
        np.testing.assert_allclose(stack.gradients[s], expected, rtol=1e-11, atol=1e-15)


def test_float32_loses_nothing_but_its_own_digits():
    spec = NetworkSpec(layer_sizes(N_INPUTS, WIDTH, 3, N_CLASSES), TANH)
    exact, labels = generic_stack(spec)
    single, _ = generic_stack(spec, dtype=np.float32)
    carry(exact, labels)
    carry(single, labels)
    assert single.gradients.dtype == np.float32
    error = np.linalg.norm(single.gradients - exact.gradients) / np.linalg.norm(exact.gradients)
    assert error < 1e-6


def test_two_chained_units_are_what_one_computes_by_hand():
    # x = 2, w1 = 0.5, b1 = 0 → z = 1, h = tanh 1; readout 3 h and -h; C = log(e^{3h} + e^{-h}) - 3h.
    stack = NetworkStack(np.array([[0.5, 0.0, 3.0, -1.0, 0.0, 0.0]]), NetworkSpec((1, 1, 2), TANH), 1)
    stack.inputs[:] = 2.0
    _, costs = carry(stack, np.array([[0]]))
    h = np.tanh(1.0)
    p = 1.0 / (1.0 + np.exp(-4.0 * h))
    assert costs[0] == pytest.approx(-np.log(p), rel=1e-14)
    readout = np.array([p - 1.0, 1.0 - p])
    delta = (3.0 * (p - 1.0) - (1.0 - p)) * (1.0 - h**2)
    np.testing.assert_allclose(stack.gradients[0], [2.0 * delta, delta, *(h * readout), *readout], rtol=1e-13)


def test_a_linear_network_is_the_product_of_its_matrices():
    spec = NetworkSpec(layer_sizes(N_INPUTS, WIDTH, 6, N_CLASSES), LINEAR)
    weights, biases = draw_network(1, 0, spec, initializer("lecun_normal"))
    stack = NetworkStack(spec.pack(weights, biases)[None], spec, N_EXAMPLES)
    x = np.random.default_rng(0).normal(size=(N_EXAMPLES, N_INPUTS))
    stack.inputs[0] = x
    stack.forward()
    np.testing.assert_allclose(stack.logits[0], np.linalg.multi_dot([x, *weights]), rtol=1e-12)


def test_backward_leaves_each_layers_errors_in_place_of_its_preactivations():
    stack, labels = generic_stack(NetworkSpec(layer_sizes(N_INPUTS, WIDTH, 3, N_CLASSES), TANH))
    carry(stack, labels)
    for deltas, h, weight_gradients, bias_gradients in zip(
        stack.preactivations, stack.activities, stack.weight_gradients, stack.bias_gradients, strict=True
    ):
        np.testing.assert_allclose(np.einsum("sbi,sbo->sio", h, deltas), weight_gradients, rtol=1e-12, atol=1e-16)
        np.testing.assert_allclose(deltas.sum(axis=1, keepdims=True), bias_gradients, rtol=1e-12, atol=1e-16)


def test_parameters_that_are_updated_in_place_are_the_networks():
    stack, _ = generic_stack(NetworkSpec(layer_sizes(N_INPUTS, WIDTH, 2, N_CLASSES), TANH))
    stack.parameters[:] = 0.0
    stack.forward()
    assert not stack.logits.any()


def test_a_second_pass_over_the_same_batch_gives_the_same_bits():
    stack, labels = generic_stack(NetworkSpec(layer_sizes(N_INPUTS, WIDTH, 3, N_CLASSES), RELU))
    carry(stack, labels)
    first = stack.gradients.copy()
    carry(stack, labels)
    np.testing.assert_array_equal(stack.gradients, first)


def test_parameters_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="7 parameters do not fit the layers"):
        NetworkStack(np.zeros((2, 7)), NetworkSpec((2, 2, 2), TANH), 4)
