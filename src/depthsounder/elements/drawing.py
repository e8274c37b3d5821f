"""The weights and biases of one network, drawn from the streams of its seed."""

from math import sqrt

import numpy as np

from depthsounder.elements.activation import Activation
from depthsounder.elements.initializers import LECUN_NORMAL, Initializer
from depthsounder.elements.streams import stream


def layer_sizes(n_inputs: int, width: int, depth: int, n_outputs: int) -> list[int]:
    """Return the units of each layer, from the input h^0 to the readout z^(L+1)."""
    return [n_inputs, *[width] * depth, n_outputs]


def draw_network(
    root_seed: int, seed: int, sizes: list[int], activation: Activation, init: Initializer
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Draw the weights and biases of one network.

    The readout has LeCun's variance whatever the init, so that networks differ in their hidden layers only.

    Parameters
    ----------
    root_seed, seed
        The sweep's seed and the network's.
    sizes
        Units of each layer, as from `layer_sizes`.

    Returns
    -------
    weights, biases
        One float64 array for each of the L + 1 layers: (fan_in, fan_out) and (fan_out,).
    """
    depth = len(sizes) - 2
    weights, biases = [], []
    for layer in range(1, depth + 2):
        fan_in, fan_out = sizes[layer - 1], sizes[layer]
        rule = init if layer <= depth else LECUN_NORMAL
        normals = stream(root_seed, "weights", seed, depth, layer).standard_normal((fan_in, fan_out))
        weights.append(rule.shape(normals, rule.weight_variance(fan_in, fan_out, activation)))
        bias_normals = stream(root_seed, "biases", seed, depth, layer).standard_normal(fan_out)
        biases.append(rule.bias_mean + bias_normals * sqrt(rule.bias_variance))
    return weights, biases
