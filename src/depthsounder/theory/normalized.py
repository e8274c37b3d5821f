"""What a normalization over the units makes of an infinitely wide layer's variances and distances.

The units of one example then have mean 0 and variance q, so that N divides by √(q + ε) whether it is centered or not.
What N takes from an error on its way back, the parts along 1 and along the signal, is 1/width of it.

This module knows `layer_norm` and `rms_norm`; `batch_kernels` knows normalizations over examples.
"""

import numpy as np

from depthsounder.elements.architectures import EPSILON, Normalization
from depthsounder.theory.correlation_map import rescaled_distances


def normalized_variances(normalization: Normalization | None, q: np.ndarray) -> np.ndarray:
    """Return the variance of N(z), q/(q + ε), in q's shape; q itself without a normalization."""
    if normalization is None:
        return q
    with np.errstate(divide="ignore"):
        return 1.0 / (1.0 + EPSILON / q)


def normalized_distances(
    normalization: Normalization | None, q: np.ndarray, distances: np.ndarray, normalized: np.ndarray
) -> np.ndarray:
    """Return the squared distances (n, n) of N(z), from q (n,), z's distances (n, n) and N(z)'s variances (n,)."""
    return distances if normalization is None else rescaled_distances(q, distances, normalized)


def through_normalization(normalization: Normalization | None, q: np.ndarray, squared_slopes: np.ndarray) -> np.ndarray:
    """Return the mean of (∂h/∂z)², E[φ'²]/(q + ε), in q's shape; E[φ'²] itself without a normalization."""
    return squared_slopes if normalization is None else squared_slopes / (q + EPSILON)
