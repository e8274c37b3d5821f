"""An infinitely wide network that is normalized over the examples, on a real batch: its kernels, layer by layer.

Before a normalization, each unit's values over a batch of B examples are a normal vector z with the kernel
K̄ = G K G, G = I - 11ᵀ/B, once its mean is taken away; what is left of it is û = z/√(s² + ε), with s² = |z|²/B. The
kernel of û is known in K̄'s own axes, with s² scattering from unit to unit as it does in so small a batch:

    E[û_i²] = ∫ λ_i/(1 + 2tλ_i/B) e^(-εt) Π_j (1 + 2tλ_j/B)^(-1/2) dt

(the Laplace transform of Yang et al. 2019, "A mean field theory of batch normalization"). Expectations of φ take û to
be normal with this kernel, which it is in a batch that has many directions.

This module carries signals down; `batch_errors` carries errors back up.
"""

from dataclasses import dataclass
from math import log

import numpy as np

from depthsounder.elements.activation import Activation
from depthsounder.elements.architectures import EPSILON
from depthsounder.elements.gaussian import second_moment, squared_slope
from depthsounder.elements.initializers import Initializer
from depthsounder.theory.correlation_map import image_distances, squared_distances
from depthsounder.theory.hermite import expansion, hermite_coefficients
from depthsounder.theory.overlaps import Trajectory

# The integrand in ln t is analytic in a strip of half width π/2: the trapezoid rule's error is e^(-π²/step).
_STEP = 0.25
_REACH = 40.0


@dataclass(frozen=True)
class BatchLayer:
    """One layer's signal over a batch of B examples.

    Attributes
    ----------
    second_moments
        (B,): q of each example, before the normalization.
    batch_variance
        Variance of z over the examples, mean over units.
    inverse_variance
        E[1/(s² + ε)] over units.
    normalized
        (B, B): E[û ûᵀ].
    weighted
        (B, B): E[û ûᵀ/(s² + ε)] over E[1/(s² + ε)]: the kernel that errors meet, which count by 1/(s² + ε).
    """

    second_moments: np.ndarray
    batch_variance: float
    inverse_variance: float
    normalized: np.ndarray
    weighted: np.ndarray


def batch_trajectory(
    activation: Activation, init: Initializer, inputs: np.ndarray, width: int, depth: int
) -> list[BatchLayer]:
    """Return the layers of a batch (examples, n_inputs) through `depth` hidden layers of `width` units."""
    n_inputs = inputs.shape[1]
    gain = init.gain(n_inputs, width, activation)
    moments, distances = (inputs**2).mean(axis=1), squared_distances(inputs) / n_inputs
    layers: list[BatchLayer] = []
    for _ in range(depth):
        layers.append(normalized_layer(gain * moments + init.bias_variance, gain * distances))
        moments, distances = _images(activation, layers[-1].normalized)
        gain = init.gain(width, width, activation)
    return layers


def large_batch_trajectory(
    activation: Activation, init: Initializer, n_inputs: int, width: int, depth: int
) -> Trajectory:
    """Return the trajectory of one of many inputs of norm 1 per unit that are as unlike as they get.

    About the batch's mean all correlations are 0. The variance of z over the batch follows
    v' = σw² Var φ(√(v/(v + ε)) u).
    """
    gain = variance = init.gain(n_inputs, width, activation)
    second_moments, squared_slopes, variances = np.empty((depth, 1)), np.empty((depth, 1)), np.empty(depth)
    moments = 1.0
    for layer in range(depth):
        second_moments[layer] = gain * moments + init.bias_variance
        variances[layer] = variance
        normalized = variance / (variance + EPSILON)
        squared_slopes[layer] = squared_slope(activation, normalized) / (variance + EPSILON)
        gain = init.gain(width, width, activation)
        moments = float(second_moment(activation, normalized))
        variance = gain * activity_variance(activation, normalized)
    return Trajectory(second_moments, squared_slopes, variances)


def activity_variance(activation: Activation, variance: float) -> float:
    """Return Var φ(√v u), u ~ N(0, 1), without the cancellation of E[φ²] - E[φ]² where φ is nearly constant."""
    q = np.array([variance])
    mean = hermite_coefficients(activation, q)[0, 0]
    return float(expansion(lambda z: (activation(z) - mean) ** 2, activation.kinks, q)[0, 0])


def _images(activation: Activation, kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return E[φ²] (B,) and E[(φ(u) - φ(v))²] (B, B) of a normal signal with this kernel (B, B)."""
    variances = np.diag(kernel).copy()
    distances = np.maximum(variances[:, None] + variances - 2.0 * kernel, 0.0)
    np.fill_diagonal(distances, 0.0)
    moments, slopes = second_moment(activation, variances), squared_slope(activation, variances)
    return moments, image_distances(activation, variances, distances, moments, slopes)


def activity_kernel(activation: Activation, layer: BatchLayer) -> np.ndarray:
    """Return E[h hᵀ] (B, B) of what φ makes of a layer."""
    moments, distances = _images(activation, layer.normalized)
    return (moments[:, None] + moments - distances) / 2.0


def normalized_layer(second_moments: np.ndarray, distances: np.ndarray) -> BatchLayer:
    """Return the layer whose pre-activations have these q (B,) and squared distances (B, B) per unit."""
    overlaps = distances.mean(axis=0) + distances.mean(axis=1)[:, None] - distances - distances.mean()
    centered = (overlaps + overlaps.T) / 4.0
    variance = float(np.trace(centered)) / len(centered)
    if variance == 0.0:
        nothing = np.zeros_like(centered)
        return BatchLayer(second_moments, variance, 1.0 / EPSILON, nothing, nothing)
    eigenvalues, axes = np.linalg.eigh(centered / variance)
    inverse, moments, weighted = spherical_moments(np.maximum(eigenvalues, 0.0), EPSILON / variance)
    normalized, errors = ((axes * values) @ axes.T for values in (moments, weighted / inverse))
    return BatchLayer(second_moments, variance, inverse / variance, normalized, errors)


def spherical_moments(eigenvalues: np.ndarray, epsilon: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Return E[1/(s² + ε)], E[û_i²] (B,) and E[û_i²/(s² + ε)] (B,) for z_i of these variances (B,), whose mean is 1."""
    rates = 2.0 * eigenvalues / len(eigenvalues)
    # The integrand rises like t, and has fallen to nothing where εt is large.
    start = -log(1.0 + epsilon) - _REACH
    t = np.exp(np.arange(start, log(_REACH / epsilon), _STEP))[:, None]
    weights = _STEP * t[:, 0] * np.exp(-epsilon * t[:, 0] - 0.5 * np.log1p(rates * t).sum(axis=1))
    shares = eigenvalues / (1.0 + rates * t)
    return float(weights.sum()), weights @ shares, (weights * t[:, 0]) @ shares
