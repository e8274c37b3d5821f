"""The plane of σw² and σb²: where signals converge, where they are torn apart, and the line between.

Order is χ1 < 1: two inputs become alike, and errors vanish on their way back. Chaos is χ1 > 1: inputs part, and errors
explode. Poole et al. 2016, section 2; Schoenholz et al. 2017, section 2.

This module knows no sweep; the figures place its inits in the plane.
"""

import numpy as np
from numpy.typing import ArrayLike

from depthsounder.elements.activation import Activation
from depthsounder.elements.gaussian import second_moment, squared_slope
from depthsounder.theory.meanfield import MARGINAL, fixed_points

_FIXED_POINTS = np.geomspace(1e-3, 1e3, 600)
"""The q* among which a point of the line is looked for."""


def critical_line(activation: Activation, q_star: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return σw² and σb², in q_star's shape, of the networks whose fixed point is q* and has χ1 = 1.

    It is the line between order and chaos, with q* as its parameter; NaN where it would need σb² < 0.
    """
    gain = 1.0 / squared_slope(activation, q_star)
    bias_variance = np.asarray(q_star) - gain * second_moment(activation, q_star)
    # Without biases the difference is rounding.
    bias_variance = np.where(np.abs(bias_variance) <= MARGINAL * np.asarray(q_star), 0.0, bias_variance)
    possible = bias_variance >= 0.0
    return np.where(possible, gain, np.nan), np.where(possible, bias_variance, np.nan)


def critical_gain_at(activation: Activation, bias_variance: float) -> float | None:
    """Return the σw² with which χ1 = 1 at the fixed point of a network with σb² > 0, to four digits; None if none has.

    Where the line passes σb² twice, it is that of the smaller q*.
    """
    gains, biases = critical_line(activation, _FIXED_POINTS)
    beyond = biases > bias_variance
    crossings = np.flatnonzero((beyond[1:] != beyond[:-1]) & np.isfinite(biases[1:] + biases[:-1]))
    if not len(crossings):
        return None
    pair = slice(crossings[0], crossings[0] + 2)
    order = np.argsort(biases[pair])
    return float(f"{np.interp(bias_variance, biases[pair][order], gains[pair][order]):.4g}")


def growth_plane(activation: Activation, gains: ArrayLike, bias_variances: ArrayLike) -> np.ndarray:
    """Return χ1 at the fixed point that an input of norm 1 per unit reaches, over a plane of networks.

    Parameters
    ----------
    gains, bias_variances
        (n,) and (m,), σw² > 0 and σb².

    Returns
    -------
    chi_1
        (m, n).
    """
    gain, bias_variance = np.meshgrid(gains, bias_variances)
    q_star = fixed_points(activation, gain, bias_variance, start=gain + bias_variance)
    return gain * squared_slope(activation, q_star)
