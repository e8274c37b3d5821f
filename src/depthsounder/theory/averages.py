"""How the averages over a layer's n units scatter around their expectations, and how they scatter together.

The units of all layers are normal to zeroth order in 1/n. Those of two layers l < k behind a shortcut have the
correlation √(q_l/q_k) of the stream that they share, and others none. So every covariance is one of functions of
normal numbers, by their Hermite coefficients.

This module knows the units of layers; `scatter` knows where their averages go from there.
"""

from dataclasses import dataclass

import numpy as np

from depthsounder.elements.activation import Activation
from depthsounder.theory.hermite import ORDERS, Function, expansion

ACTIVITY, SLOPE, SQUARE, VALUE = range(4)
"""The functions whose averages scatter: φ², φ'² and z², each over its expectation, and z over √q."""

FUNCTIONS = 4


@dataclass(frozen=True)
class Averages:
    """The averages of `FUNCTIONS` functions over the units of each layer.

    Attributes
    ----------
    coefficients
        (layers, functions, orders): Hermite coefficients of the functions, without order 0.
    units
        (layers, functions, layers, functions): covariance of the functions themselves, of one and the same unit.
    covariance
        (layers, functions, layers, functions): that of the averages over networks.
    """

    coefficients: np.ndarray
    units: np.ndarray
    covariance: np.ndarray


def averages(
    activation: Activation, q: np.ndarray, normalized: np.ndarray, shortcut: bool, fixed: np.ndarray, width: int
) -> Averages:
    """Return the averages over `width` units.

    Parameters
    ----------
    q
        (layers,), variances of the stream.
    normalized
        (layers,), of what φ is applied to.
    shortcut
        Whether the stream is the sum of all branches, or the last one alone.
    fixed
        (layers,): the share of the mean square of what each layer adds to the stream that is the same in all networks,
        as orthogonal weights have it: from 0 to 1.
    """
    layers = len(q)
    described = [_describe(activation, variance) for variance in normalized]
    coefficients = np.array([of_layer for of_layer, _ in described])
    units = np.zeros((layers, FUNCTIONS, layers, FUNCTIONS))
    for layer, (_, own) in enumerate(described):
        units[layer, :, layer] = own
        for above in range(layer + 1, layers if shortcut else 0):
            powers = np.sqrt(q[layer] / q[above]) ** np.arange(ORDERS)
            shared = (coefficients[layer] * powers) @ coefficients[above].T
            units[layer, :, above], units[above, :, layer] = shared, shared.T
    parts = np.diff(q, prepend=0.0) if shortcut else q
    certain = np.cumsum(fixed * parts**2) if shortcut else fixed * parts**2
    numbers = np.arange(layers)
    common = certain[np.minimum.outer(numbers, numbers)] / np.multiply.outer(q, q)
    common = common if shortcut else np.diag(np.diag(common))
    squares = coefficients[:, :, 2]
    covariance = units - np.einsum("lf,kg,lk->lfkg", squares, squares, common)
    return Averages(coefficients, units, covariance / width)


def _describe(activation: Activation, variance: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the Hermite coefficients (functions, ORDERS) at a variance, and the functions' covariance."""
    q = np.array([variance])

    def activity(z: np.ndarray) -> np.ndarray:
        return (activation(z) / activity_scale) ** 2

    def slope(z: np.ndarray) -> np.ndarray:
        return (activation.slope(z) / slope_scale) ** 2

    def expected(function: Function) -> float:
        return float(expansion(function, activation.kinks, q)[0, 0])

    activity_scale = slope_scale = 1.0
    activity_scale, slope_scale = expected(activity) ** 0.5, expected(slope) ** 0.5
    coefficients = np.zeros((FUNCTIONS, ORDERS))
    coefficients[ACTIVITY] = expansion(activity, activation.kinks, q)[0]
    coefficients[SLOPE] = expansion(slope, activation.kinks, q)[0]
    coefficients[SQUARE, 2], coefficients[VALUE, 1] = 2.0**0.5, 1.0
    coefficients[:, 0] = 0.0
    # Of z² and z the coefficients are few; of the others the sum may not end with ORDERS.
    covariance = coefficients @ coefficients.T
    covariance[ACTIVITY, ACTIVITY] = expected(lambda z: activity(z) ** 2) - 1.0
    covariance[SLOPE, SLOPE] = expected(lambda z: slope(z) ** 2) - 1.0
    covariance[ACTIVITY, SLOPE] = covariance[SLOPE, ACTIVITY] = expected(lambda z: activity(z) * slope(z)) - 1.0
    return coefficients, covariance
