"""D over depth: how the error of the first hidden layer compares with that of the last, for many inits at once.

The input has norm 1 per unit, and no data is needed. This module knows one example's variances; `overlaps` and
`batch_kernels` follow real batches, and `columns` has every layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from depthsounder.elements.activation import Activation
from depthsounder.elements.architectures import Architecture
from depthsounder.elements.gaussian import second_moment, squared_slope
from depthsounder.elements.initializers import Initializer
from depthsounder.theory.batch_kernels import large_batch_trajectory
from depthsounder.theory.normalized import normalized_variances, through_normalization


@dataclass(frozen=True)
class Fans:
    """How many units a network's layers have: `n_inputs` features, and hidden layers of `width`."""

    n_inputs: int
    width: int


def delta_ratios(
    architecture: Architecture, activation: Activation, inits: Sequence[Initializer], fans: Fans, depth: int
) -> np.ndarray:
    """Return D of the networks that are the first 1 to `depth` layers of deep ones, (depth, inits).

    D² = Π (s + α² E[φ'²](q^l) fan_out Var(W)) over all layers l but the last, as `columns.delta_moment_ratios` has it.
    Where α goes with the depth it is that of the deepest: only the last row is then a network of its own.

    Raises
    ------
    ValueError
        If an init is not defined for this activation.
    """
    slopes = _squared_slopes(architecture, activation, inits, fans, depth)
    backward = np.array([init.backward_gain(fans.width, fans.width, activation) for init in inits])
    with np.errstate(divide="ignore", over="ignore", under="ignore"):
        factors = np.log(architecture.shortcut + architecture.branch_scale(depth) ** 2 * backward * slopes[:-1])
        return np.exp(np.concatenate([np.zeros((1, len(inits))), np.cumsum(factors, axis=0)]) / 2.0)


def _squared_slopes(
    architecture: Architecture, activation: Activation, inits: Sequence[Initializer], fans: Fans, depth: int
) -> np.ndarray:
    """Return the mean of (∂h/∂z)² in each layer, (depth, inits)."""
    if architecture.mixes_examples:
        batches = [large_batch_trajectory(activation, init, fans.n_inputs, fans.width, depth) for init in inits]
        return np.concatenate([batch.squared_slopes for batch in batches], axis=1)
    share = architecture.branch_scale(depth) ** 2
    gains = np.array([init.gain(fans.width, fans.width, activation) for init in inits])
    biases = np.array([init.bias_variance for init in inits])
    q = np.array([init.gain(fans.n_inputs, fans.width, activation) for init in inits]) + biases
    slopes = np.empty((depth, len(inits)))
    with np.errstate(over="ignore", under="ignore"):
        for layer in range(depth):
            normalized = normalized_variances(architecture.normalization, q)
            slopes[layer] = through_normalization(architecture.normalization, q, squared_slope(activation, normalized))
            branch = share * (gains * second_moment(activation, normalized) + biases)
            q = q + branch if architecture.shortcut else branch
    return slopes
