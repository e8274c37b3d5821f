"""How deep a network can be and still train, against the depth scale of its gradients: brackets, and one fit to them.

The depth L50 at which half of the networks train is known to lie between two depths of the sweep, or beyond its ends.
The model is 1/L50 = 1/(m ξ) + 1/L_budget, with ξ = |ξ_∇|: networks whose signal lasts ξ layers can be m ξ deep, and
what so many steps can do ends at L_budget. ln L50 scatters around it by the logistic law, as in log-logistic
accelerated failure time models (Kalbfleisch & Prentice 2002, section 2.2), whose likelihood takes brackets as they are.

This module knows brackets and scales; it knows nothing of tables.
"""

from dataclasses import dataclass

import numpy as np
import scipy

CENTERS = np.log([6.0, 30.0, 0.3])
"""Where the penalty is least: m as in Schoenholz et al. 2017, some depth, and a scatter of a third."""

PENALTY_SCALES = np.array([3.0, 3.0, 1.0])
"""Standard deviations of the penalty, in natural logarithms: wide, but no parameter can run to infinity."""

UNLIKELY = 0.05
"""A bracket that the model gives less than this is not described by it."""


@dataclass(frozen=True)
class Brackets:
    """What is known of L50 for several laws.

    Attributes
    ----------
    scale
        (n,), ξ > 0 in layers; ∞ where χ1 = 1.
    low, high
        (n,), the deepest depth at which half train, 0 if none, and the next one, ∞ if there is none.
    """

    scale: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class DepthScaleFit:
    """The model's parameters.

    Attributes
    ----------
    multiple
        m.
    budget
        L_budget, in layers.
    scatter
        Scale of the logistic law of ln L50.
    """

    multiple: float
    budget: float
    scatter: float

    def median_depth(self, scale: np.ndarray) -> np.ndarray:
        """Return L50 in layers, in the scale's shape."""
        return 1.0 / (1.0 / (self.multiple * np.asarray(scale)) + 1.0 / self.budget)

    def likelihoods(self, brackets: Brackets) -> np.ndarray:
        """Return the probability of each bracket (n,)."""
        centers = np.log(self.median_depth(brackets.scale))
        with np.errstate(divide="ignore"):
            above, below = ((np.log(end) - centers) / self.scatter for end in (brackets.high, brackets.low))
        return np.asarray(scipy.special.expit(above) - scipy.special.expit(below))


def bracket(depths: np.ndarray, successes: np.ndarray) -> tuple[float, float]:
    """Return the depths between which the share of networks that train falls below one half.

    Deeper networks cannot be easier to train, and a share that rises again is chance or a badly chosen rate: shares are
    first made monotone, which gives the likeliest distribution of the depth at which a network fails (Ayer et al. 1955,
    "An empirical distribution function for sampling with incomplete information").

    Parameters
    ----------
    depths
        (n,), ascending.
    successes
        (n,), the share at each depth.

    Returns
    -------
    low, high
        The last depth before the first at which less than half train, 0 if there is none; and that first one, ∞ if
        there is none.
    """
    monotone = scipy.optimize.isotonic_regression(successes, increasing=False).x
    failing = np.flatnonzero(monotone < 0.5)
    if not len(failing):
        return float(depths[-1]), np.inf
    first = int(failing[0])
    return float(depths[first - 1]) if first else 0.0, float(depths[first])


def fit(brackets: Brackets) -> DepthScaleFit:
    """Return the penalized maximum-likelihood fit to all brackets together.

    Raises
    ------
    ValueError
        If there is no bracket.
    """
    if not len(brackets.scale):
        raise ValueError("there is no bracket to fit")

    def cost(parameters: np.ndarray) -> float:
        model = DepthScaleFit(*np.exp(parameters))
        centers = np.log(model.median_depth(brackets.scale))
        with np.errstate(divide="ignore"):
            above, below = ((np.log(end) - centers) / model.scatter for end in (brackets.high, brackets.low))
        # ln(F(above) - F(below)) of the logistic law, without a difference of numbers that are almost equal.
        logarithms = scipy.special.log_expit(above) + scipy.special.log_expit(-below) + np.log(-np.expm1(below - above))
        penalty = np.sum(((parameters - CENTERS) / PENALTY_SCALES) ** 2) / 2.0
        return float(penalty - logarithms.sum())

    found = scipy.optimize.minimize(
        cost, CENTERS, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 4000}
    )
    return DepthScaleFit(*(float(value) for value in np.exp(found.x)))
