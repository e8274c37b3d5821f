"""Where the signal of a deep network of any architecture ends, and over how many layers it gets there.

This module knows layers that are all alike; `overlaps` and `batch_kernels` follow a batch from the input on.
"""

from collections.abc import Callable
from math import exp, inf, log

import numpy as np
from scipy.optimize import brentq

from depthsounder.elements.activation import Activation
from depthsounder.elements.architectures import EPSILON, EXAMPLES, Architecture
from depthsounder.elements.gaussian import second_moment, second_moment_slope, squared_slope
from depthsounder.theory.batch_kernels import activity_variance
from depthsounder.theory.correlation_map import correlation_map
from depthsounder.theory.hermite import hermite_coefficients
from depthsounder.theory.meanfield import (
    MARGINAL,
    MeanField,
    correlation_fixed_point,
    depth_scale,
    gradient_scale,
    mean_field,
)

_SMALLEST = 1e-300


def deep_limit(
    architecture: Architecture, activation: Activation, gain: float, bias_variance: float, start: float
) -> MeanField:
    """Return the fixed points and depth scales of an architecture's layers 2 to L.

    Parameters
    ----------
    gain, bias_variance
        σw² and σb².
    start
        q of the first layer, as `mean_field` takes it.
    """
    if architecture.shortcut:
        return _shortcut_limit(architecture, activation, gain, bias_variance, start)
    if architecture.normalization is None:
        return mean_field(activation, gain, bias_variance, start)
    if architecture.normalization.axis == EXAMPLES:
        return _batch_limit(activation, gain, bias_variance, start)
    return _unit_limit(activation, gain, bias_variance, start)


def _fixed_point(image: Callable[[float], float], start: float) -> float:
    """Return the fixed point of a bounded, rising map that iteration from `start` > 0 approaches."""

    def growth(logarithm: float) -> float:
        return image(exp(logarithm)) / exp(logarithm) - 1.0

    direction = growth(log(start))
    if abs(direction) <= MARGINAL:
        return start
    here, step = log(start), 0.5 if direction > 0.0 else -0.5
    while growth(here + step) * direction > 0.0:
        here += step
        if here + step < log(_SMALLEST):
            return 0.0
    return exp(float(brentq(growth, *sorted((here, here + step)), xtol=1e-14, rtol=1e-14)))


def _unit_limit(activation: Activation, gain: float, bias_variance: float, start: float) -> MeanField:
    """Return the limit of layers whose units are normalized: φ sees q/(q + ε), and errors 1/(q + ε)."""
    if gain == 0.0 and bias_variance == 0.0:
        return _nothing(0.0)
    q_star = _fixed_point(lambda q: gain * float(second_moment(activation, q / (q + EPSILON))) + bias_variance, start)
    if q_star == 0.0:
        return _nothing(gain * float(squared_slope(activation, 0.0)) / EPSILON)
    normalized = q_star / (q_star + EPSILON)
    chi_1 = gain * float(squared_slope(activation, normalized)) / (q_star + EPSILON)
    chi_q = gain * float(second_moment_slope(activation, normalized)) * EPSILON / (q_star + EPSILON) ** 2
    c_star, chi_c = correlation_fixed_point(correlation_map(activation, normalized), gain / q_star, chi_1)
    note = "every c is a fixed point" if c_star is None else ""
    return MeanField(
        q_star, chi_1, gradient_scale(chi_1), chi_q, c_star, chi_c, depth_scale(chi_q), depth_scale(chi_c), note
    )


def _nothing(chi_1: float) -> MeanField:
    note = "q → 0, where no correlation is defined"
    return MeanField(0.0, chi_1, gradient_scale(chi_1), note=note)


def _batch_limit(activation: Activation, gain: float, bias_variance: float, start: float) -> MeanField:
    """Return the limit of layers that are normalized over a large batch of inputs as unlike as they get.

    The variance over the batch follows v' = σw² Var φ(√(v/(v + ε)) u), and the correlation of two examples about the
    batch's mean a map whose fixed point is 0.
    """
    if gain == 0.0:
        return _nothing(0.0)
    variance = _fixed_point(lambda v: gain * activity_variance(activation, v / (v + EPSILON)), start - bias_variance)
    if variance == 0.0:
        return _nothing(gain * float(squared_slope(activation, 0.0)) / EPSILON)
    normalized = variance / (variance + EPSILON)
    q_star = gain * float(second_moment(activation, normalized)) + bias_variance
    chi_1 = gain * float(squared_slope(activation, normalized)) / (variance + EPSILON)
    step = 1e-4
    spread = [activity_variance(activation, normalized * exp(side)) for side in (-step, step)]
    chi_v = (spread[1] - spread[0]) / (2.0 * step) * gain / variance * EPSILON / (variance + EPSILON)
    chi_c = float(hermite_coefficients(activation, np.array([normalized]))[0, 1]) ** 2 * gain / variance
    every = abs(chi_c - 1.0) <= 1e-9
    note = "every c is a fixed point" if every else ""
    return MeanField(
        q_star,
        chi_1,
        gradient_scale(chi_1),
        chi_v,
        None if every else 0.0,
        chi_c,
        depth_scale(chi_v),
        inf if every else depth_scale(chi_c),
        note,
    )


def _shortcut_limit(
    architecture: Architecture, activation: Activation, gain: float, bias_variance: float, start: float
) -> MeanField:
    """Return the limit of layers with a shortcut, whose q can only grow."""
    moments = gain * float(second_moment(activation, 1.0)) + bias_variance
    if start == 0.0 and moments == bias_variance == 0.0:
        return _nothing(1.0)
    if moments == 0.0:
        return MeanField(start, 1.0, inf, note="every q is a fixed point")
    if architecture.branch_decay:
        scale = f"{architecture.branch_decay:g}"
        return MeanField(None, None, None, note=f"no depth scale: the branch's α = L^-{scale} falls with the depth L")
    if architecture.normalization is not None:
        exponent = gain * float(squared_slope(activation, 1.0)) / moments
        power = f"no depth scale: errors grow as a power of the depth, with exponent {exponent:.3g}"
        return MeanField(inf, 1.0, None, note=f"q grows without bound; {power}")
    chi_1 = 1.0 + gain * float(squared_slope(activation, inf))
    slower = "; errors grow more slowly than exponentially" if chi_1 == 1.0 else ""
    return MeanField(inf, chi_1, gradient_scale(chi_1), note=f"q grows without bound{slower}")
