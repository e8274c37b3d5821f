"""JAX at its best for this work: all steps of all networks compiled into one program, jit(vmap(scan))."""

import os

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.problem import LEARNING_RATE, Outcome, Problem
from benchmarks.stopwatch import Stopwatch

Parameters = list[tuple[jax.Array, jax.Array]]
"""The weights and biases of each layer."""

ACTIVATION_FUNCTIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh}

# The size of XLA's thread pool, which is read when JAX first computes. No flag of XLA's own bounds it: with
# xla_cpu_multi_thread_eigen=false two threads still share the work.
os.environ["NPROC"] = "1"
jax.config.update("jax_platforms", "cpu")


def run(problem: Problem) -> Outcome:
    """Train all networks of a problem in one program.

    The program runs twice, and the second time counts: the first is up to a half slower.
    """
    phi = ACTIVATION_FUNCTIONS[problem.case.activation]

    def loss_of(parameters: Parameters, inputs: jax.Array, labels: jax.Array) -> jax.Array:
        *hidden, (readout_weights, readout_biases) = parameters
        h = inputs
        for weights, biases in hidden:
            h = phi(h @ weights + biases)
        log_probabilities = jax.nn.log_softmax(h @ readout_weights + readout_biases)
        return -jnp.mean(jnp.take_along_axis(log_probabilities, labels[:, None], axis=1))

    def train(parameters: Parameters, batches: jax.Array, inputs: jax.Array, labels: jax.Array) -> jax.Array:
        def step(parameters: Parameters, batch: jax.Array) -> tuple[Parameters, jax.Array]:
            loss, gradients = jax.value_and_grad(loss_of)(parameters, inputs[batch], labels[batch])
            return jax.tree.map(lambda theta, g: theta - LEARNING_RATE * g, parameters, gradients), loss

        return jax.lax.scan(step, parameters, batches)[1]

    arrays = jax.tree.map(jnp.asarray, (problem.layers(), problem.batches, problem.inputs, problem.labels))
    with Stopwatch() as compilation:
        program = jax.jit(jax.vmap(train, in_axes=(0, 0, None, None))).lower(*arrays).compile()
    program(*arrays).block_until_ready()
    with Stopwatch() as stopwatch:
        losses = program(*arrays).block_until_ready()
    return Outcome(stopwatch.seconds, compilation.seconds, np.asarray(losses))
