"""What is known of the singular values of J = ∂h^L/∂x over networks of finite width.

Orthogonal layers without a nonlinearity multiply every length alike, so that all singular values are equal. Gaussian
ones stretch a space of i dimensions by independent χ² numbers, so that each singular value grows or shrinks at a rate
of its own (Newman 1986, "The distribution of Lyapunov exponents: exact results for random matrices"). A layer of ReLU
is Gaussian too, with each of its units left out at the toss of a coin: a unit's weights may change their signs where it
is off, which alters neither their law nor any singular value (compare Hanin & Nica 2018). No other spectrum is known;
of all others `meanfield` has the mean of the squares, at infinite width.

This module predicts the spectra of many networks; `engine.jacobian` measures a single network's.
"""

import numpy as np
import scipy

from depthsounder.elements.activation import Activation
from depthsounder.elements.activations import LINEAR, RELU
from depthsounder.elements.initializers import Initializer


def deep_spectrum(
    activation: Activation, init: Initializer, n_inputs: int, width: int, depth: int, index: np.ndarray
) -> np.ndarray:
    """Return the expected logarithms of some singular values of deep networks.

    Exact for orthogonal weights. For Gaussian ones it is the limit of many layers, with the few terms of the first and
    the last layer rounded up; the largest values of a product with fewer layers than units lie somewhat above it.

    Parameters
    ----------
    index
        (k,), which ones: from 1, the largest, to the smaller of input and width.

    Returns
    -------
    logarithms
        (k,), in nats: -∞ for a value that is exactly 0 in most networks, and NaN where nothing is known.
    """
    first, rest = (init.weight_variance(fan_in, width, activation) for fan_in in (n_inputs, width))
    if first == 0.0:
        return np.full(len(index), -np.inf)
    if init.orthogonal and activation is LINEAR:
        squares = np.log(first * max(n_inputs, width)) + (depth - 1) * np.log(rest * width)
        return np.full(len(index), squares / 2.0)
    if not init.gaussian or activation not in (LINEAR, RELU):
        return np.full(len(index), np.nan)
    active = np.arange(width + 1) if activation is RELU else np.array([width])
    chances = scipy.stats.binom.pmf(active, width, 0.5) if activation is RELU else np.ones(1)
    stretched = _mean_logarithm(active, chances, index)
    # A matrix and its transpose have the same singular values, but the estimate differs between them: both are lower
    # bounds, and the larger one is the sharper.
    from_inputs = _mean_logarithm(np.array([n_inputs]), np.ones(1), index)
    squares = np.log(first) + np.maximum(stretched, from_inputs) + (depth - 1) * (np.log(rest) + stretched)
    open_in_all = (chances[:, None] * (active[:, None] >= index)).sum(axis=0) ** depth
    return np.where(open_in_all > 0.5, squares / 2.0, -np.inf)


def _mean_logarithm(units: np.ndarray, chances: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return E ln χ² of as many degrees of freedom as units are left for the i-th dimension, given that some are.

    Parameters
    ----------
    units, chances
        (n,), how many units a layer may have, and with which probability.
    """
    free = units[:, None] - index + 1.0
    weights = chances[:, None] * (free > 0.0)
    total = weights.sum(axis=0)
    logarithms = np.log(2.0) + scipy.special.digamma(np.maximum(free, 1.0) / 2.0)
    # So many units that chances underflow: the caller finds the dimension closed.
    return (weights * logarithms).sum(axis=0) / np.where(total > 0.0, total, 1.0)
