"""Normalization of a hidden layer's signal: batch, layer and RMS norm, with their gain γ and their shift β.

Moments are taken over one axis, the examples of the batch or the units of the layer; r is 1 over the root:

    forward     ẑ = (z - mean z) r,   r = 1 / √(mean (z - mean z)² + ε),   a = γ ⊙ ẑ + β
    backward    ∂C/∂ẑ = γ ⊙ ∂C/∂a,   ∂C/∂z = r (∂C/∂ẑ - mean ∂C/∂ẑ - ẑ mean(ẑ ⊙ ∂C/∂ẑ))
    gradients   ∂C/∂γ = Σ_examples ẑ ⊙ ∂C/∂a,   ∂C/∂β = Σ_examples ∂C/∂a

Without centering, mean z, mean ∂C/∂ẑ and β are left out. (Ioffe & Szegedy 2015, section 3, has the three for batches.)

This module knows one layer of a stack; its matrices and activations are the network's.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from depthsounder.elements.architectures import EPSILON, EXAMPLES, Normalization
from depthsounder.engine.spec import Tensors


class Moments(NamedTuple):
    """What a signal is normalized by.

    Attributes
    ----------
    mean, variance
        (S, 1, units) over the examples, or (S, B, 1) over the units; the mean square, where nothing is centered.
    """

    mean: np.ndarray
    variance: np.ndarray


MOMENTUM = 0.1
"""The share of the newest batch in a running average, as PyTorch has it."""


class Normalizer:
    """N, γ and β of one hidden layer of S networks, with all the memory that they need.

    Parameters
    ----------
    normalization
        N.
    parameters, gradients
        All of the networks'.
    layer
        Which of the hidden layers, from 0.
    scratch
        (S, B, units), which others may use between the passes.

    Attributes
    ----------
    moments
        The signal's own, filled by `forward`.
    normalized, arguments
        ẑ and a, (S, B, units): filled by `forward`.
    inverse_deviation
        r, of the moments' shape.
    """

    def __init__(
        self, normalization: Normalization, parameters: Tensors, gradients: Tensors, layer: int, scratch: np.ndarray
    ) -> None:
        n_networks, n_examples, units = scratch.shape
        over_examples = normalization.axis == EXAMPLES
        of_moments = (n_networks, 1, units) if over_examples else (n_networks, n_examples, 1)
        dtype = scratch.dtype
        self.axis, self.centered = normalization.axis, normalization.centered
        self.scale, self._scale_gradient = parameters.scales[layer], gradients.scales[layer]
        if self.centered:
            self._shift, self._shift_gradient = parameters.shifts[layer], gradients.shifts[layer]
        self.moments = Moments(np.zeros(of_moments, dtype), np.ones(of_moments, dtype))
        self.inverse_deviation, self.unused_moment = np.empty(of_moments, dtype), np.empty(of_moments, dtype)
        self.normalized, self.arguments = np.empty(scratch.shape, dtype), np.empty(scratch.shape, dtype)
        self._scratch = scratch
        # Sums as products, as of the biases' gradients; a mean has its 1/n in the vector.
        self._ones = np.ones((1, n_examples), dtype)
        n_averaged = n_examples if over_examples else units
        self._shares = np.full((1, n_averaged) if over_examples else (n_averaged, 1), 1.0 / n_averaged, dtype)

    def forward(self, z: np.ndarray) -> None:
        """Normalize a signal (S, B, units) by its own moments."""
        mean, variance = self.moments
        if self.centered:
            self._mean(z, out=mean)
            z = np.subtract(z, mean, out=self.normalized)
        np.multiply(z, z, out=self._scratch)
        self._mean(self._scratch, out=variance)
        self._finish(z, variance)

    def forward_by(self, z: np.ndarray, moments: Moments) -> None:
        """Normalize a signal (S, B, units) by other moments."""
        if self.centered:
            z = np.subtract(z, moments.mean, out=self.normalized)
        self._finish(z, moments.variance)

    def backward(self, errors: np.ndarray, out: np.ndarray) -> None:
        """Write ∂C/∂z into `out`, given ∂C/∂a (S, B, units), which is used up, and fill the gradients of γ and β."""
        scratch, moment = self._scratch, self.unused_moment
        np.multiply(errors, self.normalized, out=scratch)
        np.matmul(self._ones, scratch, out=self._scale_gradient)
        if self.centered:
            np.matmul(self._ones, errors, out=self._shift_gradient)
        np.multiply(errors, self.scale, out=errors)
        np.multiply(errors, self.normalized, out=scratch)
        self._mean(scratch, out=moment)
        np.multiply(self.normalized, moment, out=scratch)
        if self.centered:
            self._mean(errors, out=moment)
            np.subtract(errors, moment, out=errors)
        np.subtract(errors, scratch, out=errors)
        np.multiply(errors, self.inverse_deviation, out=out)

    def _finish(self, centered: np.ndarray, variance: np.ndarray) -> None:
        """Scale what is centered to ẑ, and ẑ to a."""
        r = self.inverse_deviation
        np.add(variance, EPSILON, out=r)
        np.sqrt(r, out=r)
        np.reciprocal(r, out=r)
        np.multiply(centered, r, out=self.normalized)
        np.multiply(self.normalized, self.scale, out=self.arguments)
        if self.centered:
            np.add(self.arguments, self._shift, out=self.arguments)

    def _mean(self, values: np.ndarray, out: np.ndarray) -> None:
        """Write the mean of values (S, B, units) over the axis into `out`, of the moments' shape."""
        if self.axis == EXAMPLES:
            np.matmul(self._shares, values, out=out)
        else:
            np.matmul(values, self._shares, out=out)


class RunningMoments:
    """Running averages of the moments that batch norm takes in training, by which it normalizes afterwards.

    Means begin at 0 and variances at 1, and take in a `MOMENTUM` of each batch's; of the variance, the unbiased one. A
    normalization over the units needs none: each example has its own.

    Parameters
    ----------
    normalizers
        Of the networks that are trained, one for each hidden layer.
    """

    def __init__(self, normalizers: Sequence[Normalizer]) -> None:
        self._averages = [
            Moments(np.zeros_like(mean), np.ones_like(variance))
            for mean, variance in (normalizer.moments for normalizer in normalizers if normalizer.axis == EXAMPLES)
        ]

    def update(self, normalizers: Sequence[Normalizer]) -> None:
        """Take in the moments of the batch that was carried last."""
        for average, normalizer in zip(self._averages, normalizers, strict=False):
            n_examples = normalizer.normalized.shape[1]
            unbiased = n_examples / max(n_examples - 1, 1)
            for of_all, of_batch, share in zip(average, normalizer.moments, (1.0, unbiased), strict=True):
                np.multiply(of_all, 1.0 - MOMENTUM, out=of_all)
                newest = np.multiply(of_batch, MOMENTUM * share, out=normalizer.unused_moment)
                np.add(of_all, newest, out=of_all)

    def keep(self, kept: np.ndarray) -> None:
        """Forget all networks but those where the mask `kept` (S,) is true."""
        self._averages = [Moments(mean[kept], variance[kept]) for mean, variance in self._averages]

    def of(self, network: int) -> list[Moments] | None:
        """Return those of each hidden layer of one network, (1, 1, units); None where there are none."""
        one = slice(network, network + 1)
        return [Moments(mean[one], variance[one]) for mean, variance in self._averages] or None
