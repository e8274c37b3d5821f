"""Errors on their way up an infinitely wide network that is normalized over the examples.

A normalization over B examples has each unit's errors y = φ'(û) ⊙ e over the batch come back as

    δ = (G y - û k)/√(s² + ε),   k = û·y/B,   G = I - 11ᵀ/B,

so that examples share their errors, and what is carried is the kernel Δ_ab = E[δ_a δ_b] over units. With e normal and
independent of û (Schoenholz et al. 2017, section 4, take so too), of kernel Q, and û normal of kernel K, Stein's lemma
has E[y_a û_b k] = [(diag(T ⊙ Q 1) + R ⊙ Q) K]_ab/B, with R_ac = E[φ'(u_a) ψ'(u_c)], T_ac = E[φ''(u_a) ψ(u_c)] and
ψ(u) = u φ'(u). E[û_a û_b k²] is taken to be K_ab E[k²], which has the trace that |û|² = B demands.

This module knows errors; `batch_kernels` has the signals that they meet.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import softmax

from depthsounder.elements.activation import Activation
from depthsounder.elements.gaussian import squared_slope
from depthsounder.elements.streams import stream
from depthsounder.theory.batch_kernels import BatchLayer
from depthsounder.theory.hermite import ORDERS, expansion

# Below this share of the largest coefficient, an order adds nothing to a kernel.
_NEGLIGIBLE = 1e-10

# Readouts drawn for the mean of what their softmax sends back, which has no closed form.
_NETWORKS = 128


def readout_kernel(labels: np.ndarray, activities: np.ndarray) -> np.ndarray:
    """Return the kernel (B, B) of the errors that come from a softmax of normal logits, but for a factor.

    Parameters
    ----------
    labels
        (B,), whole numbers from 0.
    activities
        (B, B): the kernel of h^L, and of the logits too, since the readout has LeCun's variance.
    """
    n_examples, n_classes = len(labels), int(labels.max()) + 1
    eigenvalues, axes = np.linalg.eigh(activities)
    root = axes * np.sqrt(np.maximum(eigenvalues, 0.0))
    normals = stream(0, "logits").standard_normal((n_examples, _NETWORKS * n_classes))
    logits = (root @ normals).reshape(n_examples, _NETWORKS, n_classes)
    errors = softmax(logits, axis=2) - np.eye(n_classes)[labels][:, None, :]
    errors = errors.reshape(n_examples, -1)
    return errors @ errors.T


def batch_delta_ratios(
    activation: Activation, layers: Sequence[BatchLayer], readouts: Mapping[int, np.ndarray], gain: float
) -> dict[int, np.ndarray]:
    """Return the second moment of δ in each layer over that in the last, for networks of each depth.

    Parameters
    ----------
    layers
        At least as many as the deepest network has.
    readouts
        For each depth L, (B, B): kernel of the errors that reach layer L's h.
    gain
        fan_out · Var(W) of layers 2 to L.

    Returns
    -------
    ratios
        For each depth, (depth,).
    """
    errors: dict[int, np.ndarray] = {}
    moments: dict[int, list[float]] = {depth: [] for depth in readouts}
    for number in range(max(readouts), 0, -1):
        slopes = _SlopeKernels(activation, layers[number - 1])
        for depth in readouts:
            if depth >= number:
                arriving = readouts[depth] if depth == number else gain * errors[depth]
                errors[depth] = slopes.errors(arriving)
                moments[depth].append(float(np.trace(errors[depth])))
    with np.errstate(divide="ignore", invalid="ignore"):
        return {depth: np.array(traces[::-1]) / traces[0] for depth, traces in moments.items()}


class _SlopeKernels:
    """The kernels of a layer's slopes, through which any errors come back."""

    def __init__(self, activation: Activation, layer: BatchLayer) -> None:
        self.layer = layer
        kernel = layer.weighted
        variances = np.maximum(np.diag(kernel), 0.0)
        deviations = np.sqrt(variances)
        scale = np.multiply.outer(deviations, deviations)
        correlations = np.clip(np.divide(kernel, scale, out=np.zeros_like(kernel), where=scale > 0.0), -1.0, 1.0)
        slopes = expansion(activation.slope, activation.kinks, variances)
        of_input = expansion(lambda z: z * activation.slope(z), activation.kinks, variances)
        squares = expansion(lambda z: (z * activation.slope(z)) ** 2, activation.kinks, variances)[:, 0]
        bends, turns = (_derivative(coefficients, deviations) for coefficients in (slopes, of_input))
        self.slopes, self.straight, self.bent = _kernels(
            [(slopes, slopes), (slopes, turns), (bends, of_input)], correlations
        )
        # Series converge slowly where the correlation is 1; there the sums are known.
        np.fill_diagonal(self.slopes, squared_slope(activation, variances))
        known = np.divide(squares, variances, out=np.zeros_like(squares), where=variances > 0.0)
        np.fill_diagonal(self.straight, known - np.diag(self.bent))

    def errors(self, arriving: np.ndarray) -> np.ndarray:
        """Return the kernel (B, B) of δ from that of the errors at h."""
        kernel, n_examples = self.layer.weighted, len(arriving)
        along = (self.straight * arriving) @ kernel + (self.bent * arriving).sum(axis=1)[:, None] * kernel
        along /= n_examples
        passed = self.slopes * arriving - along - along.T
        passed += kernel * (np.trace(along) / n_examples)
        passed -= passed.mean(axis=0)
        passed -= passed.mean(axis=1)[:, None]
        return self.layer.inverse_variance * (passed + passed.T) / 2.0


def _derivative(coefficients: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Return the coefficients of f' from those of f (n, ORDERS), at deviations (n,); 0 where they are."""
    raised = np.zeros_like(coefficients)
    raised[:, :-1] = np.sqrt(np.arange(1, ORDERS)) * coefficients[:, 1:]
    return np.divide(raised, deviations[:, None], out=np.zeros_like(raised), where=deviations[:, None] > 0.0)


def _kernels(pairs: Sequence[tuple[np.ndarray, np.ndarray]], correlations: np.ndarray) -> list[np.ndarray]:
    """Return Σ_k f_k(a) g_k(b) c_ab^k (n, n) for each pair of coefficients (n, ORDERS); the diagonals are cut short."""
    kernels = [np.zeros_like(correlations) for _ in pairs]
    products = [np.abs(left).max(axis=0) * np.abs(right).max(axis=0) for left, right in pairs]
    apart = correlations.copy()
    np.fill_diagonal(apart, 0.0)
    # The highest powers of small correlations are nothing, and below the range of a normal double, where they are slow.
    falling = np.abs(apart).max(initial=0.0) ** np.arange(ORDERS)
    kept = [product * falling > _NEGLIGIBLE * product.max() for product in products]
    power = np.ones_like(correlations)
    for order in range(1 + int(np.flatnonzero(np.any(kept, axis=0)).max(initial=0))):
        if order:
            power *= apart
        for kernel, (left, right), present in zip(kernels, pairs, kept, strict=True):
            if present[order]:
                kernel += np.multiply.outer(left[:, order], right[:, order]) * power
    return kernels
