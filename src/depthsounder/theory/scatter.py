"""How networks of finite width scatter around their limit on the way down and up, to first order in 1/width.

A layer's averages over n units, of z² and of what φ makes of it, scatter by 1/√n around their expectations, and each
goes on to the layers beyond. Errors meet weights whose draw does not depend on the signal (Schoenholz et al. 2017,
section 4), which is exact to this order. V = 5 (l - 1)/n of a plain ReLU network's forward pass is a case (Hanin &
Nica 2018).

This module knows one input's signal; where it depends on other examples, nothing is known. `finitewidth` has the
plain network's way down.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import polygamma

from depthsounder.elements.activation import Activation
from depthsounder.elements.architectures import Architecture
from depthsounder.elements.gaussian import second_moment, squared_slope
from depthsounder.elements.initializers import Initializer
from depthsounder.theory.averages import ACTIVITY, FUNCTIONS, SLOPE, SQUARE, VALUE, Averages, averages
from depthsounder.theory.normalized import normalized_variances, through_normalization


@dataclass(frozen=True)
class Scatter:
    """Variances over networks of one width, NaN where nothing is known.

    Attributes
    ----------
    log_moments
        (layers,): of ln m, m the mean of z² over a layer's units.
    log_delta_ratios
        (layers,): of the logarithm of the mean of δ² in a layer over that in the last.
    """

    log_moments: np.ndarray
    log_delta_ratios: np.ndarray


@dataclass(frozen=True)
class _Layers:
    """What the layers of a network are at infinite width; all (layers,).

    Attributes
    ----------
    q
        Variance of the stream.
    added
        α² σw² E[φ²], what a layer's activities add to the next layer's q.
    branch
        Growth of δ² by the branch alone.
    sharing
        q/(q + ε), by which a normalization takes away what m scatters; 0 without one.
    """

    q: np.ndarray
    added: np.ndarray
    branch: np.ndarray
    sharing: np.ndarray


def scatter(
    architecture: Architecture, activation: Activation, init: Initializer, q: np.ndarray, n_inputs: int, width: int
) -> Scatter:
    """Return the scatter of networks whose layers 1 to L have q (layers,) at infinite width.

    With x the logarithm of a variance given the layers below, y of what φ is applied to, bars for averages over units,
    and s, t = d ln E[φ²], E[φ'²]/d ln q: y = x - (x + Z)q/(q + ε), a layer adds the share E[φ²] (s y + F) to the next
    one's variance, and δ² grows by a share t y + G, with F, G, Z the averages of φ², φ'² and z². Weights that are
    neither independent nor orthogonal, of which nothing is known, have NaN throughout.
    """
    nothing = np.full(len(q), np.nan)
    proper = (q > 0.0) & np.isfinite(q)
    known = len(q) if proper.all() else int(np.argmin(proper))
    if not (init.orthogonal or init.independent) or known == 0:
        return Scatter(nothing, nothing)
    with np.errstate(all="ignore"):
        normalization, stream = architecture.normalization, q[:known]
        normalized = normalized_variances(normalization, stream)
        fixed = np.full(known, float(init.orthogonal))
        fixed[0] *= min(1.0, width / n_inputs)
        found = averages(activation, stream, normalized, architecture.shortcut, fixed, width)
        share = architecture.branch_scale(len(q)) ** 2
        gain, backward_gain = (share * of(width, width, activation) for of in (init.gain, init.backward_gain))
        slopes = through_normalization(normalization, stream, squared_slope(activation, normalized))
        layers = _Layers(
            stream,
            gain * second_moment(activation, normalized),
            backward_gain * slopes,
            np.zeros(known) if normalization is None else normalized,
        )
        centered = normalization is not None and normalization.centered
        moments, growth = _rows(layers, found, architecture.shortcut, centered)
        covariance = found.covariance.reshape(2 * (known * FUNCTIONS,))
        log_moments, ratios = nothing.copy(), nothing
        log_moments[:known] = np.einsum("li,ij,lj->l", moments, covariance, moments)
        if init.independent:
            log_moments += float(polygamma(1, width / 2.0)) - 2.0 / width
        if known == len(q):
            # δ² of layer l over that of layer L is the product of what it grows by in the layers between.
            summed = np.cumsum(growth[::-1], axis=0)[::-1]
            ratios = np.einsum("li,ij,lj->l", summed, covariance, summed)
            of_errors = _error_variances(layers, found, architecture.shortcut, init.orthogonal) / width
            ratios += np.cumsum(of_errors[::-1])[::-1]
    return Scatter(log_moments, ratios)


def _rows(layers: _Layers, found: Averages, shortcut: bool, centered: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return how ln m and the growth of ln δ², the last layer's 0, depend on the averages (layers, all averages)."""
    count = len(layers.q)
    average = np.eye(count * FUNCTIONS).reshape(count, FUNCTIONS, -1)
    # d ln E[f]/d ln q from the second coefficient; from the first, what taking away the mean of z does.
    steepness = found.coefficients[:, :, 2] / np.sqrt(2.0)
    tilts = found.coefficients[:, :, 1] * centered
    moments, growth = np.zeros((count, average.shape[2])), np.zeros((count, average.shape[2]))
    variance = np.zeros(average.shape[2])
    for layer, own in enumerate(average):
        moments[layer] = variance + own[SQUARE]
        seen = variance - layers.sharing[layer] * moments[layer]
        activity, slope = (
            steepness[layer, of] * seen + own[of] - tilts[layer, of] * own[VALUE] for of in (ACTIVITY, SLOPE)
        )
        if layer + 1 < count:
            branch = layers.branch[layer] * (slope - layers.sharing[layer] * moments[layer])
            growth[layer] = branch / (shortcut + layers.branch[layer])
            kept = layers.q[layer] * variance if shortcut else 0.0
            variance = (kept + layers.added[layer] * activity) / layers.q[layer + 1]
    return moments, growth


def _error_variances(layers: _Layers, found: Averages, shortcut: bool, orthogonal: bool) -> np.ndarray:
    """Return width times what the errors' own draw adds to the variance of ln δ² in each layer, 0 in the last.

    In a branch each unit's error is its slope times a normal number; orthogonal weights keep the errors' mean square.
    Behind a shortcut it meets what comes down the stream, whose profile over units goes with the slopes that it met.
    """
    count = len(layers.q)
    slopes = found.units[:, SLOPE, :, SLOPE]
    added = np.zeros(count)
    # Covariance of the profile of δ² over units with the slopes of each layer.
    profile = slopes[-1]
    for layer in range(count - 2, -1, -1):
        branch, total = layers.branch[layer], shortcut + layers.branch[layer]
        own = 2.0 * (slopes[layer, layer] + (0.0 if orthogonal else 1.0))
        crossed = 4.0 * branch * (1.0 + profile[layer]) if shortcut else 0.0
        added[layer] = (branch**2 * own + crossed) / total**2
        profile = (shortcut * profile + branch * slopes[layer]) / total
    return added
