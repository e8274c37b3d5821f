"""The infinitely wide network on a real batch: the norms and mutual distances of its examples, layer by layer.

Two pre-activations with variances q_a, q_b and correlation c have E[φ(u) φ(v)] = Σ_k a_k(q_a) a_k(q_b) c^k, with a_k
the coefficients of φ(√q z) in normalized Hermite polynomials: the correlation map of Poole et al. 2016, section 2, in
Mehler's expansion. What is carried from layer to layer is not the overlap but the squared distance
d = q_a + q_b - 2 q_ab, and 1 - c^k is never formed as a difference, so that a batch whose examples have almost merged
keeps its relative accuracy.

This module knows the probe batch's geometry; depth scales and fixed points are `meanfield`'s business.
"""

from dataclasses import dataclass
from functools import cache
from math import pi

import numpy as np
from scipy.special import roots_sh_jacobi

from depthsounder.activations import Activation
from depthsounder.gaussian import REACH, second_moment, squared_slope
from depthsounder.initializers import Initializer

ORDERS = 192
"""Hermite polynomials kept; the squares of the coefficients beyond are taken to follow a power law."""

# Panels for every q at once: graded towards 0, where kinks and, for large q, all steepness is.
_EDGES = np.concatenate([[0.0], 2.0 ** np.arange(-12.0, -1.0), np.arange(0.5, REACH + 0.5, 0.5)])
# A share of E[φ²] below which the remainder is the quadrature's rounding.
_ROUNDING = 1e-13
# Distances depend on squares: coefficients below this share of the largest add less than rounding, even ORDERS of them.
_NEGLIGIBLE = 1e-10
_BLOCK = 32


@cache
def _basis() -> tuple[np.ndarray, np.ndarray]:
    """Return points z (points,) and weight times normalized Hermite polynomial there (points, ORDERS)."""
    abscissae, panel_weights = np.polynomial.legendre.leggauss(12)
    edges = np.concatenate([-_EDGES[:0:-1], _EDGES])
    halves = np.diff(edges)[:, None] / 2.0
    z = ((edges[1:] + edges[:-1])[:, None] / 2.0 + halves * abscissae).ravel()
    polynomials = np.empty((len(z), ORDERS))
    # With the root of the density as factor the polynomials stay bounded.
    polynomials[:, 0] = np.exp(-0.25 * z * z)
    polynomials[:, 1] = z * polynomials[:, 0]
    for order in range(2, ORDERS):
        polynomials[:, order] = z * polynomials[:, order - 1] - np.sqrt(order - 1.0) * polynomials[:, order - 2]
        polynomials[:, order] /= np.sqrt(order)
    weights = (halves * panel_weights).ravel() * np.exp(-0.25 * z * z) / np.sqrt(2.0 * pi)
    return z, weights[:, None] * polynomials


def hermite_coefficients(activation: Activation, q: np.ndarray) -> np.ndarray:
    """Return the coefficients a_k of φ(√q z) in normalized Hermite polynomials.

    Parameters
    ----------
    q
        (n,), finite variances.

    Returns
    -------
    coefficients
        (n, ORDERS); accurate to 1e-14 of the root of E[φ²], and to about 1e-4 for a kink away from 0, which the panels
        do not follow.
    """
    z, basis = _basis()
    # The rows of a matrix product may be rounded differently: equal variances share one, so as to stay equal.
    distinct, place = np.unique(q, return_inverse=True)
    with np.errstate(all="ignore"):
        return (activation(np.sqrt(distinct)[:, None] * z) @ basis)[place]


@dataclass(frozen=True)
class _Expansion:
    """φ(√q z) for n variances: Hermite coefficients, and a power law for the squares of those beyond.

    The law has the mass and the mean order that E[φ²] = Σ a_k² and q E[φ'²] = Σ k a_k² demand, so that the correlation
    map's value and slope at c = 1 are exact.
    """

    unit: float
    """The root of the largest E[φ²], in which all is measured, so that products of coefficients stay in range."""
    coefficients: np.ndarray
    """(n, ORDERS)."""
    remainders: np.ndarray
    """(n,): root of the sum of squares beyond."""
    orders: np.ndarray
    """(nodes,): orders that stand for those beyond."""
    shares: np.ndarray
    """(nodes,): their shares of the sum of squares beyond."""


def _expand(activation: Activation, q: np.ndarray, moments: np.ndarray, slopes: np.ndarray) -> _Expansion:
    """Return the expansion at variances q, whose E[φ²] and E[φ'²] are given, all (n,)."""
    unit = float(np.sqrt(moments.max())) or 1.0
    coefficients = hermite_coefficients(activation, q) / unit
    squares = coefficients**2
    moments = moments / unit / unit
    beyond = moments - squares.sum(axis=1)
    beyond[beyond < _ROUNDING * moments] = 0.0
    if not beyond.any():
        return _Expansion(unit, coefficients, beyond, np.zeros(0), np.zeros(0))
    orders = (np.sqrt(q) / unit) ** 2 * slopes - squares @ np.arange(ORDERS)
    mean_order = orders[beyond > 0.0].sum() / beyond.sum()
    # a_k² ~ k^-s from ORDERS on has the mean order ORDERS (s - 1)/(s - 2). With k = ORDERS/x² Gauss's rule for the
    # weight x^(2s - 5) is exact for both mass and mean.
    ratio = max(mean_order / ORDERS, 1.05)
    decay = (2.0 * ratio - 1.0) / (ratio - 1.0)
    nodes, weights = roots_sh_jacobi(6, 2.0 * decay - 4.0, 2.0 * decay - 4.0)
    shares = weights * nodes**2
    return _Expansion(unit, coefficients, np.sqrt(beyond), ORDERS / nodes**2, shares / shares.sum())


def correlation_series(activation: Activation, q: float) -> tuple[np.ndarray, np.ndarray]:
    """Return orders k and weights w, both (terms,), with E[φ(u) φ(v)] = Σ w c^k for two variances q, 0 ≤ c ≤ 1."""
    variance = np.array([q])
    expansion = _expand(activation, variance, second_moment(activation, variance), squared_slope(activation, variance))
    orders = np.concatenate([np.arange(ORDERS), expansion.orders])
    weights = np.concatenate([expansion.coefficients[0] ** 2, expansion.remainders[0] ** 2 * expansion.shares])
    return orders, weights * expansion.unit**2


def _squared_distances(rows: np.ndarray) -> np.ndarray:
    """Return ‖row_a - row_b‖² for all pairs (n, n), to rounding of the largest distance."""
    # From one of the rows, not from their mean, whose rounding would tell equal rows apart.
    centered = rows - rows[0]
    norms = (centered**2).sum(axis=1)
    distances = np.maximum(norms[:, None] + norms - 2.0 * centered @ centered.T, 0.0)
    np.fill_diagonal(distances, 0.0)
    return distances


def _decorrelations(q: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Return 1 - c for all pairs, from variances (n,) and squared distances (n, n); 0 where a variance is 0."""
    deviations = np.sqrt(q)
    scale = deviations[:, None] * deviations
    # √q_a - √q_b without cancellation.
    sums = deviations[:, None] + deviations
    gaps = np.divide(q[:, None] - q, sums, out=np.zeros_like(sums), where=sums > 0.0)
    excess = np.divide(distances - gaps**2, 2.0 * scale, out=np.zeros_like(scale), where=scale > 0.0)
    return np.clip(excess, 0.0, 2.0)


def _series_drop(rows: np.ndarray, columns: np.ndarray, decorrelations: np.ndarray) -> np.ndarray:
    """Return Σ_k a_k b_k (1 - c^k) for a in rows (m, orders), b in columns (n, orders) and 1 - c (m, n)."""
    correlations = 1.0 - decorrelations
    # (1 - c) Σ_j c^j Σ_(k>j) a_k b_k, by Horner's rule from the highest order down.
    products_above, quotient = np.zeros_like(correlations), np.zeros_like(correlations)
    for order in range(rows.shape[1] - 1, 0, -1):
        if rows[:, order].any():
            products_above += np.multiply.outer(rows[:, order], columns[:, order])
        quotient *= correlations
        quotient += products_above
    return decorrelations * quotient


def _image_distances(expansion: _Expansion, decorrelations: np.ndarray) -> np.ndarray:
    """Return E[(φ(u) - φ(v))²] for all pairs (n, n), from 1 - c; ∞ where it overflows."""
    coefficients, remainders = expansion.coefficients, expansion.remainders
    largest = np.abs(coefficients).max(axis=0)
    # The constant order 0 is common to both of a pair.
    kept = largest > _NEGLIGIBLE * largest[1:].max()
    present = np.where(kept, coefficients, 0.0)[:, : 1 + np.flatnonzero(kept).max(initial=0)]
    drops = np.empty_like(decorrelations)
    # Blocks of the upper triangle, small enough for the processor's cache.
    for start in range(0, len(present), _BLOCK):
        rows, columns = slice(start, start + _BLOCK), slice(start, None)
        drops[rows, columns] = _series_drop(present[rows], present[columns], decorrelations[rows, columns])
        drops[columns, rows] = drops[rows, columns].T
    if remainders.any():
        with np.errstate(divide="ignore"):
            logarithms = np.log1p(-np.minimum(decorrelations, 1.0))
        lost = np.zeros_like(drops)
        for order, share in zip(expansion.orders, expansion.shares, strict=True):
            lost -= share * np.expm1(order * logarithms)
        drops += np.multiply.outer(remainders, remainders) * lost
    images = _squared_distances(np.column_stack([coefficients, remainders])) + 2.0 * drops
    return expansion.unit * (expansion.unit * images)


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
    d' = σw² Σ_k [(a_k(q_a) - a_k(q_b))² + 2 a_k(q_a) a_k(q_b) (1 - c^k)]; the mean over all pairs of d/2 is the
    variance over examples. Biases are common to all examples and leave d alone. What overflows is ∞, what underflows 0.

    Parameters
    ----------
    inputs
        (examples, n_inputs).
    """
    n_inputs = inputs.shape[1]
    gain = init.gain(n_inputs, width, activation)
    q = gain * (inputs**2).mean(axis=1) + init.bias_variance
    distances = gain * _squared_distances(inputs) / n_inputs
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
                    expansion = _expand(activation, q, moments, slopes)
                    distances = gain * _image_distances(expansion, _decorrelations(q, distances))
                else:
                    distances = np.full_like(distances, np.inf)
                q = gain * moments + init.bias_variance
    return trajectory
