"""Functions of a normal pre-activation in normalized Hermite polynomials.

This module knows one function and the variance of what it is applied to; `correlation_map` knows pairs.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from math import pi

import numpy as np

from depthsounder.elements.activation import Activation
from depthsounder.elements.gaussian import REACH

ORDERS = 192
"""Hermite polynomials kept."""

Function = Callable[[np.ndarray], np.ndarray]
"""f, element by element."""

# Panels for every q at once: graded towards 0, where kinks and, for large q, all steepness is.
_STEPS = np.concatenate([2.0 ** np.arange(-12.0, -1.0), np.arange(0.5, REACH + 0.5, 0.5)])
_EDGES = np.concatenate([-_STEPS[::-1], [0.0], _STEPS])


def _hermite(z: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the normalized Hermite polynomials of orders 0 to ORDERS - 1 at z, times exp(-z²/4), in z's shape."""
    # With the root of the density as factor the polynomials stay bounded.
    below, polynomial = np.zeros_like(z), np.exp(-0.25 * z * z)
    for order in range(ORDERS):
        yield polynomial
        below, polynomial = polynomial, (z * polynomial - np.sqrt(order) * below) / np.sqrt(order + 1.0)


def _panels(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the points z of Gauss-Legendre panels, and their weights under N(0, 1) over exp(-z²/4).

    Parameters
    ----------
    edges
        (..., edges), ascending.

    Returns
    -------
    z, weights
        (..., points).
    """
    abscissae, panel_weights = np.polynomial.legendre.leggauss(12)
    halves = np.diff(edges)[..., None] / 2.0
    z = (edges[..., 1:] + edges[..., :-1])[..., None] / 2.0 + halves * abscissae
    weights = halves * panel_weights * np.exp(-0.25 * z * z) / np.sqrt(2.0 * pi)
    shape = (*edges.shape[:-1], -1)
    return z.reshape(shape), weights.reshape(shape)


@cache
def _basis() -> tuple[np.ndarray, np.ndarray]:
    """Return points z (points,) and weight times normalized Hermite polynomial there (points, ORDERS)."""
    z, weights = _panels(_EDGES)
    return z, weights[:, None] * np.column_stack(list(_hermite(z)))


def _split_coefficients(function: Function, kinks: Sequence[float], deviations: np.ndarray) -> np.ndarray:
    """Return the coefficients at deviations (n,), with a panel's edge at every kink, wherever it falls."""
    splits = np.clip(np.array(kinks) / deviations[:, None], -REACH, REACH)
    edges = np.concatenate([np.broadcast_to(_EDGES, (len(deviations), len(_EDGES))), splits], axis=1)
    z, weights = _panels(np.sort(edges, axis=1))
    weighted = weights * function(deviations[:, None] * z)
    return np.column_stack([(weighted * polynomial).sum(axis=1) for polynomial in _hermite(z)])


def expansion(function: Function, kinks: Sequence[float], q: np.ndarray) -> np.ndarray:
    """Return the coefficients of f(√q z) in normalized Hermite polynomials.

    Parameters
    ----------
    function, kinks
        f, element by element, and the points where it or one of its derivatives jumps.
    q
        (n,), finite variances.

    Returns
    -------
    coefficients
        (n, ORDERS); accurate to 1e-14 of the root of E[f²]. That of order 0 is E[f].
    """
    # The rows of a matrix product may be rounded differently: equal variances share one, so as to stay equal.
    distinct, place = np.unique(q, return_inverse=True)
    deviations = np.sqrt(distinct)
    with np.errstate(all="ignore"):
        # A kink at 0 lies between two panels at every variance.
        if any(kinks):
            return _split_coefficients(function, kinks, deviations)[place]
        z, basis = _basis()
        return (function(deviations[:, None] * z) @ basis)[place]


def hermite_coefficients(activation: Activation, q: np.ndarray) -> np.ndarray:
    """Return the coefficients a_k (n, ORDERS) of φ(√q z) in normalized Hermite polynomials, for variances q (n,)."""
    return expansion(activation, activation.kinks, q)
