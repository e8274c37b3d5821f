"""JAX at its best for this work: all steps of all networks compiled into one program, jit(vmap(scan))."""

from time import perf_counter

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.problem import LEARNING_RATE, Outcome, Problem
from depthsounder.elements.architectures import EPSILON, Normalization

Parameters = list[tuple[jax.Array, ...]]
"""The weights and biases of each layer, and γ and β of those that have them."""

ACTIVATION_FUNCTIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh}


def run(problem: Problem) -> Outcome:
    """Train all networks of a problem in one program.

    The program runs twice, and the second time counts: the first is up to a half slower.
    """
    phi, architecture = ACTIVATION_FUNCTIONS[problem.case.activation], problem.spec.architecture
    alpha = architecture.branch_scale(problem.case.depth)

    def loss_of(parameters: Parameters, inputs: jax.Array, labels: jax.Array) -> jax.Array:
        *hidden, (readout_weights, readout_biases) = parameters
        h, stream = inputs, None
        for weights, biases, *gains in hidden:
            z = h @ weights + biases
            if stream is not None and architecture.shortcut:
                z = stream + alpha * z
            stream = z
            h = phi(_normalized(z, architecture.normalization, gains))
        log_probabilities = jax.nn.log_softmax(h @ readout_weights + readout_biases)
        return -jnp.mean(jnp.take_along_axis(log_probabilities, labels[:, None], axis=1))

    def train(parameters: Parameters, batches: jax.Array, inputs: jax.Array, labels: jax.Array) -> jax.Array:
        def step(parameters: Parameters, batch: jax.Array) -> tuple[Parameters, jax.Array]:
            loss, gradients = jax.value_and_grad(loss_of)(parameters, inputs[batch], labels[batch])
            return jax.tree.map(lambda theta, g: theta - LEARNING_RATE * g, parameters, gradients), loss

        return jax.lax.scan(step, parameters, batches)[1]

    arrays = jax.tree.map(jnp.asarray, (problem.layers(), problem.batches, problem.inputs, problem.labels))
    start = perf_counter()
    program = jax.jit(jax.vmap(train, in_axes=(0, 0, None, None))).lower(*arrays).compile()
    compile_seconds = perf_counter() - start
    program(*arrays).block_until_ready()
    start = perf_counter()
    losses = program(*arrays).block_until_ready()
    return Outcome(perf_counter() - start, compile_seconds, np.asarray(losses))


def _normalized(z: jax.Array, normalization: Normalization | None, gains: list[jax.Array]) -> jax.Array:
    """Return γ ⊙ N(z) + β by the moments of z."""
    if normalization is None:
        return z
    if normalization.centered:
        z = z - z.mean(axis=normalization.axis, keepdims=True)
    z = z * jax.lax.rsqrt(jnp.square(z).mean(axis=normalization.axis, keepdims=True) + EPSILON) * gains[0]
    return z + gains[1] if normalization.centered else z
