"""Mean-field theory of deep plain networks: fixed points and depth scales.

The theory is that of infinite width, with layers 2 to L all alike: Poole et al. 2016 for the maps of variance and
correlation, Schoenholz et al. 2017 for the depth scales and the errors on their way up. Where a quantity is degenerate
it is None and the record's note names the case.

This module knows the plain architecture; `limits` has the others. It knows no networks and no measurements.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import inf, log

import numpy as np
import scipy
from numpy.typing import ArrayLike

from depthsounder.elements.activation import Activation
from depthsounder.elements.gaussian import second_moment, second_moment_slope, squared_slope
from depthsounder.theory.correlation_map import ArcCosine, Series, correlation_map

MARGINAL = 1e-11
"""Relative distance below which a slope counts as 1 and a map as the identity: critical gains have twelve digits."""

# Where fixed points are looked for. Beyond, φ is taken to be homogeneous or constant.
_GRID = np.logspace(-40.0, 40.0, 641)


@dataclass(frozen=True)
class MeanField:
    """Where the signal of a deep network ends, and over how many layers it gets there.

    Attributes
    ----------
    q_star
        The fixed point of q that the start reaches; 0 and ∞ are such. None where layers are not alike at all depths.
    chi_1
        σw² E[φ'²] at q*, the slope of the correlation map at c = 1 and the growth of errors per layer.
    xi_grad
        Layers over which errors grow e-fold on their way to the input, 1/ln χ1: negative where they vanish, ∞ where
        χ1 = 1; None where no number of layers is a scale, as for a power of the depth.
    chi_q
        The slope of the variance map at q*; None at q* = ∞.
    c_star, chi_c
        The attracting fixed point of the correlation map and its slope there; None where q* is 0 or ∞, and c* also
        where every c is fixed.
    xi_q, xi_c
        Layers over which q and c approach their fixed points by 1/e: -1/ln χ; ∞ where χ = 1.
    note
        The degenerate case in words, and the fixed points that attract where there are several; or "".
    """

    q_star: float | None
    chi_1: float | None
    xi_grad: float | None
    chi_q: float | None = None
    c_star: float | None = None
    chi_c: float | None = None
    xi_q: float | None = None
    xi_c: float | None = None
    note: str = ""


def variance_map(activation: Activation, q: ArrayLike, gain: ArrayLike, bias_variance: ArrayLike = 0.0) -> np.ndarray:
    """Return σw² E[φ(√q z)²] + σb², the next layer's q, in q's shape (Poole et al. 2016, section 2)."""
    return np.asarray(gain) * second_moment(activation, q) + np.asarray(bias_variance)


@cache
def _grid_moments(activation: Activation) -> np.ndarray:
    return second_moment(activation, _GRID)


def fixed_points(activation: Activation, gain: ArrayLike, bias_variance: ArrayLike, start: ArrayLike) -> np.ndarray:
    """Return the fixed points of variance maps that iteration from `start` > 0 approaches, in the arguments' shape.

    For a map that rises, iteration moves one way and stops at the first fixed point there: the first change of sign of
    V(q) - q, however slow the approach. That is what decides where fixed points at 0 and ∞ coexist, as for GELU. No map
    falls so steeply that q cycles: d ln E[φ²]/d ln q is never below -1/2, because the density of N(0, q) is not.

    Returns
    -------
    q_star
        From 0 to ∞, both included.
    """
    gain, bias_variance, start = np.broadcast_arrays(*(np.asarray(a, float) for a in (gain, bias_variance, start)))

    def growth(logarithm: np.ndarray, gain: np.ndarray, bias_variance: np.ndarray) -> np.ndarray:
        q = np.exp(logarithm)
        return variance_map(activation, q, gain, bias_variance) / q - 1.0

    with np.errstate(divide="ignore", invalid="ignore"):
        direction = growth(np.log(start), gain, bias_variance)
        on_grid = (gain[..., None] * _grid_moments(activation) + bias_variance[..., None]) / _GRID - 1.0
    reverses = on_grid * np.sign(direction)[..., None] < -MARGINAL
    above = np.where(reverses & (start[..., None] < _GRID), _GRID, inf).min(axis=-1)
    below = np.where(reverses & (start[..., None] > _GRID), _GRID, 0.0).max(axis=-1)
    q_star = np.where(np.abs(direction) <= MARGINAL, start, np.where(direction > 0.0, above, below))
    q_star = np.where(gain == 0.0, bias_variance, q_star)
    between = (gain > 0.0) & (q_star > 0.0) & (q_star < inf) & (q_star != start)
    if between.any():
        # Here and not above: every figure's job imports this module, and few need a third of a second of SciPy.
        from scipy.optimize.elementwise import find_root  # noqa: PLC0415

        ends = np.log(np.stack([start[between], q_star[between]]))
        found = find_root(
            growth,
            (ends.min(axis=0), ends.max(axis=0)),
            args=(gain[between], bias_variance[between]),
            tolerances={"xatol": 1e-15, "xrtol": 1e-15},
        )
        q_star[between] = np.exp(found.x)
    return q_star


def _attractors(activation: Activation, gain: float, bias_variance: float) -> list[str]:
    """Return the names of the fixed points of the variance map that attract, from whatever start."""
    growth = (gain * _grid_moments(activation) + bias_variance) / _GRID - 1.0
    rises = growth[np.abs(growth) > MARGINAL] > 0.0
    if not len(rises):
        return []
    inner = int(np.count_nonzero(rises[:-1] & ~rises[1:]))
    finite = ["a finite q", *["another"] * (inner - 1)] if inner else []
    return [*(() if rises[0] else ("q → 0",)), *finite, *(("q → ∞",) if rises[-1] else ())]


def _note(activation: Activation, gain: float, bias_variance: float, cases: Sequence[str]) -> str:
    """Return the degenerate cases in words, and that the start decides where it does."""
    attractors = _attractors(activation, gain, bias_variance)
    decided = f"{' and '.join(attractors)} both attract: the start decides" if len(attractors) > 1 else ""
    return "; ".join(filter(None, [", ".join(cases), decided]))


def depth_scale(slope: float) -> float:
    """Return -1/ln|slope|: layers per factor 1/e, ∞ for a slope of 1 and 0 for one of 0."""
    if abs(abs(slope) - 1.0) <= MARGINAL:
        return inf
    return -1.0 / log(abs(slope)) if slope else 0.0


def gradient_scale(chi_1: float) -> float:
    """Return 1/ln χ1: layers per factor e, negative where errors vanish and ∞ where χ1 = 1."""
    scale = depth_scale(chi_1)
    return inf if scale == inf else 0.0 - scale


def correlation_fixed_point(products: ArcCosine | Series, share: float, chi_1: float) -> tuple[float | None, float]:
    """Return c* in [0, 1], None if every c is fixed, and the slope of the correlation map there.

    Parameters
    ----------
    products
        c -> E[φ(u) φ(v)].
    share
        σw²/q*.
    chi_1
        The map's slope at c = 1.
    """
    # The map is convex: with slope 1 at both of its ends it is the identity.
    if abs(chi_1 - 1.0) <= MARGINAL and abs(share * products.slope(1.0) - 1.0) <= MARGINAL:
        return None, chi_1

    def excess(decorrelation: float) -> float:
        return share * products.drop(decorrelation) / decorrelation - 1.0

    # Therefore (1 - C(c))/(1 - c) falls from χ1 at c = 1; it is at most 1 at c = 0.
    nearest = 1e-12
    if chi_1 <= 1.0 + MARGINAL or excess(nearest) <= 0.0:
        return 1.0, chi_1
    if excess(1.0) >= -MARGINAL:
        return 0.0, share * products.slope(1.0)
    decorrelation = float(scipy.optimize.brentq(excess, nearest, 1.0, xtol=1e-15, rtol=1e-15))
    return 1.0 - decorrelation, share * products.slope(decorrelation)


def mean_field(activation: Activation, gain: float, bias_variance: float = 0.0, start: float = 1.0) -> MeanField:
    """Return the fixed points and depth scales of layers with gain σw² and bias variance σb².

    Poole et al. 2016, section 2; Schoenholz et al. 2017, sections 3 and 4.

    Parameters
    ----------
    start
        q of the first layer, positive unless gain and bias variance are 0: it decides where several q* attract.
    """
    q_star = float(fixed_points(activation, gain, bias_variance, start))
    chi_1 = gain * float(squared_slope(activation, q_star))
    xi_grad = gradient_scale(chi_1)
    if q_star == inf:
        note = _note(activation, gain, bias_variance, ["q grows without bound"])
        return MeanField(inf, chi_1, xi_grad, note=note)
    chi_q = gain * float(second_moment_slope(activation, q_star)) if gain else 0.0
    xi_q = depth_scale(chi_q)
    if q_star == 0.0:
        note = _note(activation, gain, bias_variance, ["q → 0, where no correlation is defined"])
        return MeanField(0.0, chi_1, xi_grad, chi_q, xi_q=xi_q, note=note)
    c_star, chi_c = correlation_fixed_point(correlation_map(activation, q_star), gain / q_star, chi_1)
    cases = []
    if abs(chi_q - 1.0) <= MARGINAL:
        cases.append("every q is a fixed point")
    if c_star is None:
        cases.append("every c is a fixed point")
    note = _note(activation, gain, bias_variance, cases)
    return MeanField(q_star, chi_1, xi_grad, chi_q, c_star, chi_c, xi_q, depth_scale(chi_c), note)
