"""The infinitely wide network on a real batch: the norms and mutual distances of its examples, layer by layer.

What is carried from layer to layer is not the overlap of two examples but their squared distance
d = q_a + q_b - 2 q_ab, so that a batch whose examples have almost merged keeps its relative accuracy.

This module follows the probe batch's geometry where no example's signal depends on the others'; `batch_kernels` does
where it does, and `limits` has depth scales and fixed points.
"""

from dataclasses import dataclass

import numpy as np

from depthsounder.elements.activation import Activation
from depthsounder.elements.architectures import Architecture
from depthsounder.elements.gaussian import second_moment, squared_slope
from depthsounder.elements.initializers import Initializer
from depthsounder.theory.correlation_map import image_distances, squared_distances
from depthsounder.theory.normalized import normalized_distances, normalized_variances, through_normalization


@dataclass(frozen=True)
class Trajectory:
    """What an infinitely wide network does to a batch, layer by layer from the first.

    Attributes
    ----------
    second_moments
        (layers, examples): q of each example.
    squared_slopes
        (layers, examples): the mean of (∂h/∂z)², which is E[φ'²], over q + ε behind a normalization.
    batch_variances
        (layers,): variance of z over the examples, mean over units.
    """

    second_moments: np.ndarray
    squared_slopes: np.ndarray
    batch_variances: np.ndarray


def probe_trajectory(
    architecture: Architecture, activation: Activation, init: Initializer, inputs: np.ndarray, width: int, depth: int
) -> Trajectory:
    """Return the trajectory of a batch through `depth` hidden layers of `width` units.

    With d the squared distance of two examples' pre-activations per unit, q_a' = σw² E[φ²](q_a) + σb² and
    d' = σw² E[(φ(u) - φ(v))²] = σw² Σ_k [(a_k(q_a) - a_k(q_b))² + 2 a_k(q_a) a_k(q_b) (1 - c^k)]; the mean over all
    pairs of d/2 is the variance over examples. Biases are common to all examples and leave d alone. A normalization
    over the units has φ see q/(q + ε); a shortcut adds the layer below to α² times these. What overflows is ∞, what
    underflows 0.

    Parameters
    ----------
    architecture
        Without a normalization over the examples.
    inputs
        (examples, n_inputs).
    """
    n_inputs = inputs.shape[1]
    gain = init.gain(n_inputs, width, activation)
    q = gain * (inputs**2).mean(axis=1) + init.bias_variance
    distances = gain * squared_distances(inputs) / n_inputs
    share = architecture.branch_scale(depth) ** 2
    gain, bias_variance = share * init.gain(width, width, activation), share * init.bias_variance
    trajectory = Trajectory(np.empty((depth, len(q))), np.empty((depth, len(q))), np.empty(depth))
    with np.errstate(over="ignore", under="ignore"):
        for layer in range(depth):
            normalized = normalized_variances(architecture.normalization, q)
            slopes = squared_slope(activation, normalized)
            trajectory.second_moments[layer] = q
            trajectory.squared_slopes[layer] = through_normalization(architecture.normalization, q, slopes)
            trajectory.batch_variances[layer] = distances.mean() / 2.0
            if layer + 1 < depth:
                moments = second_moment(activation, normalized)
                if np.isfinite(moments).all() and np.isfinite(distances).all():
                    of_normalized = normalized_distances(architecture.normalization, q, distances, normalized)
                    branch = gain * image_distances(activation, normalized, of_normalized, moments, slopes)
                else:
                    branch = np.full_like(distances, np.inf)
                distances = distances + branch if architecture.shortcut else branch
                branch_moments = gain * moments + bias_variance
                q = q + branch_moments if architecture.shortcut else branch_moments
    return trajectory


def canonical_trajectory(
    architecture: Architecture, activation: Activation, init: Initializer, n_inputs: int, width: int, depth: int
) -> Trajectory:
    """Return the trajectory of the canonical input, of norm 1 per unit, as that of a batch of one."""
    return probe_trajectory(architecture, activation, init, np.ones((1, n_inputs)), width, depth)
