"""How far networks of finite width scatter around mean-field theory, for one input and to first order in 1/width.

This module follows one input's variance from layer to layer; `overlaps` and `meanfield` have the limit of infinite
width.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import polygamma

from depthsounder.elements.activation import Activation
from depthsounder.elements.gaussian import fourth_moment, second_moment, second_moment_slope
from depthsounder.elements.initializers import Initializer


def log_variances(activation: Activation, init: Initializer, q: np.ndarray, n_inputs: int, width: int) -> np.ndarray:
    """Return the variance over networks of ln m, m the mean of z² over the units of a layer, for each layer.

    With independent weights, units are independent given the layer below. Its q has
    V' = (χ_q q/q')² V + (σw² E[φ²]/q')² κ/n with κ = E[φ⁴]/E[φ²]² - 1, of which V = 5 (l - 1)/n for ReLU is a case
    (Hanin & Nica 2018); the mean over n units adds the variance of the logarithm of χ²/n. Orthogonal weights carry m
    itself from layer to layer, on a sphere: of κ only what z² does not explain is left, κ - 2 (d ln E[φ²]/d ln q)². In
    both cases the mean of m is q, and the logarithm of its median lies near ln q - V/2.

    Parameters
    ----------
    q
        (layers,), of infinite width, from layer 1.

    Returns
    -------
    variances
        (layers,): NaN from the first layer on whose q is 0 or ∞, and throughout for weights that are neither orthogonal
        nor independent, of which nothing is known.
    """
    if not (init.orthogonal or init.independent):
        return np.full(len(q), np.nan)
    variances = np.zeros(len(q))
    with np.errstate(all="ignore"):
        moments = _each(second_moment, activation, q[:-1])
        gain = init.gain(width, width, activation)
        # The share of q' that comes from the layer below and not from biases.
        share = gain * moments / q[1:]
        steepness = _each(second_moment_slope, activation, q[:-1]) * q[:-1] / moments
        scatter = _each(fourth_moment, activation, q[:-1]) / moments**2 - 1.0
        if init.orthogonal:
            variances[0] = 2.0 / width * max(0.0, 1.0 - width / n_inputs)
            scatter = scatter - 2.0 * steepness**2
        for layer in range(len(q) - 1):
            added = scatter[layer] / width
            variances[layer + 1] = share[layer] ** 2 * (steepness[layer] ** 2 * variances[layer] + added)
    if not init.orthogonal:
        variances += float(polygamma(1, width / 2.0))
    return np.where((q > 0.0) & np.isfinite(q), variances, np.nan)


def _each(
    expectation: Callable[[Activation, ArrayLike], np.ndarray], activation: Activation, q: np.ndarray
) -> np.ndarray:
    """Return an expectation at each q (layers,), one by one: a layer's bits must not depend on how many there are."""
    return np.array([float(expectation(activation, value)) for value in q])
