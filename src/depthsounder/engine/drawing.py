"""Networks as they are before training: every layer drawn from a stream of its own.

This module knows which layers a network has; the law of one layer's weights is the init's.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from depthsounder.elements.initializers import LECUN_NORMAL, Initializer
from depthsounder.elements.streams import stream
from depthsounder.engine.spec import NetworkSpec


def draw_network(
    root_seed: int, seed: int, spec: NetworkSpec, init: Initializer
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Draw the weights and biases of one network.

    The readout has LeCun's variance whatever the init, so that networks differ in their hidden layers only.

    Parameters
    ----------
    root_seed, seed
        The sweep's seed and the network's.

    Returns
    -------
    weights, biases
        One float64 array for each of the L + 1 layers: (fan_in, fan_out) and (fan_out,).
    """
    weights, biases = [], []
    for layer, (fan_in, fan_out) in enumerate(spec.fans, start=1):
        rule = init if layer <= spec.depth else LECUN_NORMAL
        normals = stream(root_seed, "weights", seed, spec.depth, layer).standard_normal((fan_in, fan_out))
        weights.append(rule.shape(normals, rule.weight_variance(fan_in, fan_out, spec.activation)))
        bias_normals = stream(root_seed, "biases", seed, spec.depth, layer).standard_normal(fan_out)
        biases.append(rule.bias_mean + bias_normals * sqrt(rule.bias_variance))
    return weights, biases


def draw_stack(root_seed: int, seeds: Sequence[int], spec: NetworkSpec, init: Initializer) -> np.ndarray:
    """Draw the networks of several seeds, as flat float32 parameters (S, P), with γ = 1 and β = 0."""
    stack = np.empty((len(seeds), spec.parameter_count), np.float32)
    # One by one: a wide network in float64 is large.
    for parameters, seed in zip(stack, seeds, strict=True):
        parameters[:] = spec.pack(*draw_network(root_seed, seed, spec, init))
    return stack
