"""What an activation makes of two pre-activations: E[φ(u) φ(v)] and E[(φ(u) - φ(v))²].

Two pre-activations with variances q_a, q_b and correlation c have E[φ(u) φ(v)] = Σ_k a_k(q_a) a_k(q_b) c^k, with a_k
the coefficients of φ(√q z) in normalized Hermite polynomials: the correlation map of Poole et al. 2016, section 2, in
Mehler's expansion. Where φ is a straight line on either side of 0, as ReLU is, it is known in closed form, the
arc-cosine kernel of Cho & Saul 2009. Neither 1 - c^k nor its closed form is a difference of near numbers, so that
examples that have almost merged keep the relative accuracy of their distance.

This module knows pairs of pre-activations; it knows nothing of layers, gains or biases.
"""

from dataclasses import dataclass
from functools import cache
from math import pi

import numpy as np
import scipy
from numpy.typing import ArrayLike

from depthsounder.elements.activation import Activation
from depthsounder.elements.gaussian import second_moment, squared_slope
from depthsounder.theory.hermite import ORDERS, hermite_coefficients

# A share of E[φ²] below which the remainder is the quadrature's rounding.
_ROUNDING = 1e-13
# Distances depend on squares: coefficients below this share of the largest add less than rounding, even ORDERS of them.
_NEGLIGIBLE = 1e-10
_BLOCK = 32


@dataclass(frozen=True)
class _Expansion:
    """φ(√q z) for n variances: Hermite coefficients, and a power law for the squares of those beyond.

    The law has the mass and the mean order that E[φ²] = Σ a_k² and q E[φ'²] = Σ k a_k² demand, so that the correlation
    map's value and slope at c = 1 are exact. Where 1 - c is of the order of 1/ORDERS or less, a distance of moderate q
    is then good to 1e-4 for a kink at 0, and to a percent for kinks elsewhere, whose coefficients swing.
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
    nodes, weights = scipy.special.roots_sh_jacobi(6, 2.0 * decay - 4.0, 2.0 * decay - 4.0)
    shares = weights * nodes**2
    return _Expansion(unit, coefficients, np.sqrt(beyond), ORDERS / nodes**2, shares / shares.sum())


@dataclass(frozen=True)
class Series:
    """The correlation map E[φ(u) φ(v)] of two pre-activations of one variance, by its expansion Σ w c^k."""

    orders: np.ndarray
    """(terms,): k ≥ 1."""
    weights: np.ndarray
    """(terms,): w."""

    def drop(self, decorrelation: float) -> float:
        """Return E[φ²] - E[φ(u) φ(v)], from 1 - c in [0, 1]."""
        with np.errstate(divide="ignore"):
            return float(self.weights @ -np.expm1(self.orders * np.log1p(-decorrelation)))

    def slope(self, decorrelation: float) -> float:
        """Return d E[φ(u) φ(v)]/dc, from 1 - c in [0, 1]."""
        return float((self.weights * self.orders) @ (1.0 - decorrelation) ** (self.orders - 1.0))


@dataclass(frozen=True)
class ArcCosine:
    """The correlation map E[φ(u) φ(v)] for φ(z) = a z + b |z|, two pre-activations of one variance q.

    With c = cos θ it is q [a² c + b² (2/π) (sin θ + (π/2 - θ) cos θ)], from Cho & Saul 2009, equation 6.
    """

    line: float
    """q a²."""
    fold: float
    """q b²."""

    def drop(self, decorrelation: float) -> float:
        """Return E[φ²] - E[φ(u) φ(v)], from 1 - c in [0, 2]."""
        return self.line * decorrelation + self.fold * float(_fold_drop(decorrelation))

    def slope(self, decorrelation: float) -> float:
        """Return d E[φ(u) φ(v)]/dc, from 1 - c in [0, 2]."""
        return float(self.line + self.fold * 2.0 / pi * np.arcsin(1.0 - decorrelation))


def _fold_drop(decorrelations: ArrayLike) -> np.ndarray:
    """Return 1 - E[|u| |v|] at variance 1, from 1 - c, with all of its digits however small it is."""
    # |u| and |v| do not tell c from -c.
    nearest = np.minimum(decorrelations, 2.0 - np.asarray(decorrelations))
    angles = 2.0 * np.arcsin(np.sqrt(nearest / 2.0))
    # (1 - c) - (2/π) (sin θ - θ cos θ). The last bracket is θ² j₁(θ), a spherical Bessel function, which never cancels.
    return nearest - 2.0 / pi * angles**2 * scipy.special.spherical_jn(1, angles)


@cache
def _folded_line(activation: Activation) -> ArcCosine | None:
    """Return the map at q = 1 of an activation that is a straight line on either side of 0, else None."""
    if any(activation.kinks):
        return None
    distances = np.geomspace(1e-6, 1e6, 49)
    with np.errstate(all="ignore"):
        above, below = activation(distances) / distances, activation(-distances) / -distances
    if not all(np.allclose(side, side[0], rtol=_ROUNDING, atol=0.0) for side in (above, below)):
        return None
    return ArcCosine(line=float(above[0] + below[0]) ** 2 / 4.0, fold=float(above[0] - below[0]) ** 2 / 4.0)


def correlation_map(activation: Activation, q: float) -> ArcCosine | Series:
    """Return the map c -> E[φ(u) φ(v)] of two pre-activations of variance q (Poole et al. 2016, section 2)."""
    folded = _folded_line(activation)
    if folded is not None:
        return ArcCosine(q * folded.line, q * folded.fold)
    variance = np.array([q])
    expansion = _expand(activation, variance, second_moment(activation, variance), squared_slope(activation, variance))
    orders = np.concatenate([np.arange(1, ORDERS), expansion.orders])
    weights = np.concatenate([expansion.coefficients[0, 1:] ** 2, expansion.remainders[0] ** 2 * expansion.shares])
    return Series(orders, weights * expansion.unit**2)


def squared_distances(rows: np.ndarray) -> np.ndarray:
    """Return ‖row_a - row_b‖² for all pairs (n, n), to rounding of the largest distance."""
    # Distances are taken from one row and not from the mean: rounding of the mean would give equal rows a distance.
    centered = rows - rows[0]
    norms = (centered**2).sum(axis=1)
    distances = np.maximum(norms[:, None] + norms - 2.0 * centered @ centered.T, 0.0)
    np.fill_diagonal(distances, 0.0)
    return distances


def _scales(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return √(q_a q_b) and (√q_a - √q_b)² for all pairs (n, n), from variances (n,)."""
    deviations = np.sqrt(q)
    # √q_a - √q_b without cancellation.
    sums = deviations[:, None] + deviations
    gaps = np.divide(q[:, None] - q, sums, out=np.zeros_like(sums), where=sums > 0.0)
    return deviations[:, None] * deviations, gaps**2


def _decorrelations(q: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Return 1 - c for all pairs, from variances (n,) and squared distances (n, n); 0 where a variance is 0."""
    scale, gaps = _scales(q)
    excess = np.divide(distances - gaps, 2.0 * scale, out=np.zeros_like(scale), where=scale > 0.0)
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


def _folded_distances(folded: ArcCosine, q: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Return E[(φ(u) - φ(v))²] = a² E[(u - v)²] + b² E[(|u| - |v|)²] for all pairs (n, n), given a² and b²."""
    scale, gaps = _scales(q)
    return folded.line * distances + folded.fold * (gaps + 2.0 * scale * _fold_drop(_decorrelations(q, distances)))


def _expanded_distances(expansion: _Expansion, decorrelations: np.ndarray) -> np.ndarray:
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
    images = squared_distances(np.column_stack([coefficients, remainders])) + 2.0 * drops
    return expansion.unit * (expansion.unit * images)


def image_distances(
    activation: Activation, q: np.ndarray, distances: np.ndarray, moments: np.ndarray, slopes: np.ndarray
) -> np.ndarray:
    """Return E[(φ(u) - φ(v))²] for all pairs (n, n), from E[(u - v)²] (n, n) and q, E[φ²] and E[φ'²], all (n,)."""
    folded = _folded_line(activation)
    if folded is not None:
        return _folded_distances(folded, q, distances)
    return _expanded_distances(_expand(activation, q, moments, slopes), _decorrelations(q, distances))


def rescaled_distances(q: np.ndarray, distances: np.ndarray, rescaled: np.ndarray) -> np.ndarray:
    """Return the squared distances (n, n) of pre-activations that are scaled from variances q (n,) to others (n,)."""
    scale, gaps = _scales(rescaled)
    return gaps + 2.0 * scale * _decorrelations(q, distances)
