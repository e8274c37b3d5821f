"""Expectations of an activation under N(0, q), and the gain at which χ1 = 1.

One quadrature serves every activation and every q: Gauss-Legendre panels in standard units z that are split at the
kinks, which lie at kink/√q, and graded geometrically away from them, so that a function that is steep on the scale of
√q is resolved like a flat one. Relative accuracy is about 1e-13 for the functions of the registry.

This module knows one pre-activation and its variance; it knows nothing of layers, fans, biases or initializations.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import inf, pi
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from depthsounder.elements.activation import Activation

REACH = 12.0
"""Standard deviations covered: what lies beyond is below 1e-28 of E[z⁴]."""
_ABSCISSAE, _PANEL_WEIGHTS = np.polynomial.legendre.leggauss(16)
_STEPS = np.arange(-REACH, REACH + 1.0)
# Distances from a kink, or from 0, in units of the pre-activation. With 16 points on a panel whose ends have the ratio
# 4, even a function with its singularity at the kink itself, such as 1/z, is integrated to 3^-32.
_DISTANCES = np.concatenate([[0.5, 1.0, 2.0], 4.0 ** np.arange(1, 21)])
_OFFSETS = np.concatenate([-_DISTANCES[::-1], [0.0], _DISTANCES])

# Stand for 0± and ±∞ where a limit is wanted; their squares are still normal numbers.
_TINY, _HUGE = 1e-150, 1e150


class _Points(NamedTuple):
    """A quadrature of E[f(√q z)], z ~ N(0, 1), for n variances at once."""

    deviations: np.ndarray
    """(n, 1): √q."""
    z: np.ndarray
    """(n, points), in standard units."""
    weights: np.ndarray
    """(n, points)."""

    @property
    def preactivations(self) -> np.ndarray:
        """(n, points): √q z."""
        return self.deviations * self.z


def _points(activation: Activation, deviations: np.ndarray) -> _Points:
    """Return the quadrature for positive, finite deviations (n,)."""
    marks = np.concatenate([center + _OFFSETS for center in {0.0, *activation.kinks}])
    splits = np.clip(marks / deviations[:, None], -REACH, REACH)
    steps = np.broadcast_to(_STEPS, (len(deviations), len(_STEPS)))
    edges = np.sort(np.concatenate([steps, splits], axis=1), axis=1)
    # A mark beyond the reach leaves an empty panel, which is dropped where it is empty for every deviation.
    used = (np.diff(edges, axis=1) > 0.0).any(axis=0)
    halves = (np.diff(edges, axis=1) / 2.0)[:, used, None]
    middles = ((edges[:, 1:] + edges[:, :-1]) / 2.0)[:, used, None]
    z = (middles + halves * _ABSCISSAE).reshape(len(deviations), -1)
    weights = (halves * _PANEL_WEIGHTS).reshape(len(deviations), -1)
    return _Points(deviations[:, None], z, weights * np.exp(-0.5 * z * z) / np.sqrt(2.0 * pi))


_Integral = Callable[[_Points], np.ndarray]
"""Points for n variances -> (n,)."""


def _integrate(
    activation: Activation, q: ArrayLike, integral: _Integral, at_zero: float, at_infinity: float
) -> np.ndarray:
    """Return an expectation for every q, with the given values at q = 0 and q = ∞, in q's shape."""
    q = np.asarray(q, dtype=float)
    result = np.where(q == 0.0, at_zero, np.where(q == inf, at_infinity, np.nan))
    proper = (q > 0.0) & (q < inf)
    if proper.any():
        # Saturating functions pass through exp's overflow on their way to their limit.
        with np.errstate(all="ignore"):
            result[proper] = integral(_points(activation, np.sqrt(q[proper])))
    return result


def _both_sides(function: Callable[[np.ndarray], np.ndarray], distance: float) -> np.ndarray:
    with np.errstate(all="ignore"):
        return function(np.array([-distance, distance]))


def _power(activation: Activation, q: ArrayLike, exponent: int) -> np.ndarray:
    """Return E[φ^exponent], for even exponents."""

    def integral(points: _Points) -> np.ndarray:
        h = activation(points.preactivations)
        # In units of the largest |h|, so that no intermediate value overflows or underflows where the result does not.
        scale = np.abs(h).max(axis=1)
        scale[scale == 0.0] = 1.0
        moment = (points.weights * (h / scale[:, None]) ** exponent).sum(axis=1)
        for _ in range(exponent):
            moment = moment * scale
        return np.where(scale == inf, inf, moment)

    far, farther = (_both_sides(activation, distance) for distance in (np.sqrt(_HUGE), _HUGE))
    bounded = np.allclose(far, farther, rtol=1e-9, atol=0.0)
    at_infinity = float((farther**exponent).mean()) if bounded else inf
    return _integrate(activation, q, integral, float(activation(np.zeros(1))[0] ** exponent), at_infinity)


def second_moment(activation: Activation, q: ArrayLike) -> np.ndarray:
    """Return E[φ(√q z)²] over z ~ N(0, 1), in q's shape; ∞ where it overflows.

    Parameters
    ----------
    q
        Variances of the pre-activation, any shape, from 0 to ∞; at both ends the value is the limit.
    """
    return _power(activation, q, 2)


def fourth_moment(activation: Activation, q: ArrayLike) -> np.ndarray:
    """Return E[φ(√q z)⁴] over z ~ N(0, 1), in q's shape, as `second_moment` does."""
    return _power(activation, q, 4)


def squared_slope(activation: Activation, q: ArrayLike) -> np.ndarray:
    """Return E[φ'(√q z)²] over z ~ N(0, 1), in q's shape.

    At q = 0 it is the limit from above, to which both sides of a kink contribute half: 1/2 for ReLU.
    """

    def integral(points: _Points) -> np.ndarray:
        return (points.weights * activation.slope(points.preactivations) ** 2).sum(axis=1)

    with np.errstate(over="ignore"):
        at_zero, at_infinity = (float((_both_sides(activation.slope, end) ** 2).mean()) for end in (_TINY, _HUGE))
    return _integrate(activation, q, integral, at_zero, at_infinity)


def second_moment_slope(activation: Activation, q: ArrayLike) -> np.ndarray:
    """Return d E[φ(√q z)²] / dq = E[φ φ' z] / √q, in q's shape.

    At both ends it is the limit, at q = 0 with φ(0) ≠ 0 at a kink ∞. Where φ(0) ≠ 0 and q is small, rounding leaves a
    relative error of about 1e-16/√q.
    """

    def integral(points: _Points) -> np.ndarray:
        h, slopes = activation(points.preactivations), activation.slope(points.preactivations)
        return (points.weights * (h / points.deviations) * slopes * points.z).sum(axis=1)

    # φ(0) = 0 makes E[φ²] = q E[φ'²] to first order. Otherwise φ(0) φ''(0) joins, by a difference quotient of slopes.
    step = 1e-6
    below, above = _both_sides(activation.slope, step)
    curvature = inf if 0.0 in activation.kinks else float(above - below) / (2.0 * step)
    at_rest = float(activation(np.zeros(1))[0])
    at_zero = float(squared_slope(activation, 0.0)) + (at_rest * curvature if at_rest else 0.0)
    return _integrate(activation, q, integral, at_zero, float(squared_slope(activation, inf)))


@dataclass(frozen=True)
class CriticalGain:
    """The gain σw² at which χ1 = 1 without biases.

    Attributes
    ----------
    gain
        σw²; None if there is none.
    status
        "finite" (at a fixed point 0 < q* < ∞), "any q" (every q is a fixed point), "q → 0" (the fixed point is 0, which
        attracts) or "none".
    reason
        Why, in words.
    """

    gain: float | None
    status: str
    reason: str

    def require(self) -> float:
        """Return the gain.

        Raises
        ------
        ValueError
            If there is none; the message is the reason.
        """
        if self.gain is None:
            raise ValueError(self.reason)
        return self.gain


# Where the decision is made: χ1 at the fixed point q is g(q) = q E[φ'²]/E[φ²], whatever the gain.
_GRID = np.logspace(-8.0, 12.0, 161)
# Beyond the quadrature's error by four orders, and far below any χ1 - 1 that matters.
_FIRM = 1e-9
# A bracket of a root is cut into so many pieces at a time, down to so much of the logarithm of q.
_PIECES, _ROUNDING = 16, 1e-15


def _rounded(gain: float) -> float:
    # Twelve digits, one less than the quadrature is good for: laws that coincide (critical is He's for ReLU, LeCun's
    # for tanh and linear) then have equal gains to the last bit, and so do the weights drawn from them.
    return float(f"{gain:.12g}")


def _excess(activation: Activation, q: ArrayLike) -> np.ndarray:
    """Return g(q) - 1."""
    return np.asarray(q) * squared_slope(activation, q) / second_moment(activation, q) - 1.0


def _root(activation: Activation, ends: np.ndarray) -> float:
    """Return the first q between two ends (2,) at which g - 1 changes its sign.

    SciPy's `brentq` finds it in fewer steps, and takes longer to import than most jobs to start.
    """
    low, high = np.log(ends)
    while high - low > _ROUNDING * max(1.0, abs(high)):
        logarithms = np.linspace(low, high, _PIECES + 1)
        signs = np.sign(_excess(activation, np.exp(logarithms)))
        changes = np.flatnonzero(signs[1:] != signs[0])
        if not len(changes):
            # So near to the root that rounding gives the sign.
            break
        low, high = logarithms[changes[0]], logarithms[changes[0] + 1]
    return float(np.exp(high))


def _attracting_root(activation: Activation, excess: np.ndarray) -> float | None:
    """Return the smallest q on the grid with g(q) = 1 whose fixed point attracts, or None."""
    firm = np.flatnonzero(np.abs(excess) > _FIRM)
    for left, right in pairwise(firm):
        if excess[left] * excess[right] < 0.0:
            q = _root(activation, _GRID[[left, right]])
            if second_moment_slope(activation, q) < squared_slope(activation, q):
                return q
    return None


def _attracts_at_zero(activation: Activation) -> bool:
    """Return whether q = 0 is a fixed point that attracts at the gain 1/E[φ'²](0)."""
    if activation(np.zeros(1))[0] != 0.0 or squared_slope(activation, 0.0) == 0.0:
        return False
    growth = second_moment(activation, _GRID) / (squared_slope(activation, 0.0) * _GRID) - 1.0
    firm = growth[np.abs(growth) > _FIRM]
    return bool(firm[0] < 0.0) if len(firm) else True


def _why_none(activation: Activation, excess: np.ndarray) -> str:
    """Return in words why no attracting fixed point has χ1 = 1."""
    name = activation.name
    far_slope = float(squared_slope(activation, inf))
    if far_slope > 0.0 and (excess < _FIRM).all():
        bound = _rounded(1.0 / far_slope)
        return f"{name} has no critical gain: χ1 < 1 for every σw² < {bound:g}, beyond which q diverges"
    if far_slope > 0.0:
        return f"{name} has no critical gain: χ1 = 1 only where the fixed point q repels or as q → ∞"
    return f"{name} has no critical gain: no fixed point that attracts has χ1 = 1"


@cache
def critical_gain(activation: Activation) -> CriticalGain:
    """Return the gain at which χ1 = σw² E[φ'²] = 1 at the fixed point q = σw² E[φ²], without biases.

    Poole et al. 2016, section 2; Schoenholz et al. 2017, section 2. The two equations are one in q,
    g(q) = q E[φ'²]/E[φ²] = 1, and the gain follows as 1/E[φ'²]. The decision looks at g on q from 1e-8 to 1e12 and at
    its limits, and at nothing but the record: it holds for an activation that was added yesterday.
    """
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        shares = squared_slope(activation, _GRID)
        excess = _GRID * shares / second_moment(activation, _GRID) - 1.0
        if np.ptp(shares) <= _FIRM * shares.max() and (np.abs(excess) <= _FIRM).all():
            gain = _rounded(1.0 / float(squared_slope(activation, 1.0)))
            return CriticalGain(gain, "any q", "φ is homogeneous: every q is a fixed point")
        root = _attracting_root(activation, excess)
        if root is not None:
            gain = _rounded(1.0 / float(squared_slope(activation, root)))
            return CriticalGain(gain, "finite", f"the fixed point is q = {root:.6g}")
        if _attracts_at_zero(activation):
            gain = _rounded(1.0 / float(squared_slope(activation, 0.0)))
            return CriticalGain(gain, "q → 0", "the fixed point is q = 0, which attracts")
        return CriticalGain(None, "none", _why_none(activation, excess))
