"""The infinitely wide network on a real batch: the norms and mutual distances of its examples, layer by layer.

What is carried from layer to layer is not the overlap of two examples but their squared distance
d = q_a + q_b - 2 q_ab, so that a batch whose examples have almost merged keeps its relative accuracy.

This module follows the probe batch's geometry; `meanfield` has depth scales and fixed points.
"""

from dataclasses import dataclass

import numpy as np

from depthsounder.elements.activation import Activation
from depthsounder.elements.gaussian import second_moment, squared_slope
from depthsounder.elements.initializers import Initializer
from depthsounder.theory.correlation_map import image_distances, squared_distances


@dataclass(frozen=True)
class Trajectory:
    """What an infinitely wide network does to a batch, layer by layer from the first.

    Attributes
    ----------
    second_moments
        (layers, examples): q of each example.
    squared_slopes
        (layers, examples): E[φ'²] at that q.
    batch_variances
        (layers,): variance of z over the examples, mean over units.
    """

    second_moments: np.ndarray
    squared_slopes: np.ndarray
    batch_variances: np.ndarray


def probe_trajectory(
    activation: Activation, init: Initializer, inputs: np.ndarray, width: int, depth: int
) -> Trajectory:
    """Return the trajectory of a batch through `depth` hidden layers of `width` units.

    With d the squared distance of two examples' pre-activations per unit, q_a' = σw² E[φ²](q_a) + σb² and
    d' = σw² E[(φ(u) - φ(v))²] = σw² Σ_k [(a_k(q_a) - a_k(q_b))² + 2 a_k(q_a) a_k(q_b) (1 - c^k)]; the mean over all
    pairs of d/2 is the variance over examples. Biases are common to all examples and leave d alone. What overflows is
    ∞, what underflows 0.

    Parameters
    ----------
    inputs
        (examples, n_inputs).
    """
    n_inputs = inputs.shape[1]
    gain = init.gain(n_inputs, width, activation)
    q = gain * (inputs**2).mean(axis=1) + init.bias_variance
    distances = gain * squared_distances(inputs) / n_inputs
    gain = init.gain(width, width, activation)
    trajectory = Trajectory(np.empty((depth, len(q))), np.empty((depth, len(q))), np.empty(depth))
    with np.errstate(over="ignore", under="ignore"):
        for layer in range(depth):
            slopes = squared_slope(activation, q)
            trajectory.second_moments[layer] = q
            trajectory.squared_slopes[layer] = slopes
            trajectory.batch_variances[layer] = distances.mean() / 2.0
            if layer + 1 < depth:
                moments = second_moment(activation, q)
                if np.isfinite(moments).all() and np.isfinite(distances).all():
                    distances = gain * image_distances(activation, q, distances, moments, slopes)
                else:
                    distances = np.full_like(distances, np.inf)
                q = gain * moments + init.bias_variance
    return trajectory
