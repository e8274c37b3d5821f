"""The theory's columns of every cell: what layers 1 to L are predicted to do.

This module gathers what `overlaps`, `batch_kernels` and `batch_errors`, `limits`, `scatter` and `finitewidth` know.
"""

from collections.abc import Sequence
from math import isnan

import numpy as np

from depthsounder.elements.activation import Activation
from depthsounder.elements.architectures import Architecture
from depthsounder.elements.initializers import Initializer
from depthsounder.storage.tables import Columns
from depthsounder.theory.batch_errors import batch_delta_ratios, readout_kernel
from depthsounder.theory.batch_kernels import activity_kernel, batch_trajectory, large_batch_trajectory
from depthsounder.theory.finitewidth import log_variances
from depthsounder.theory.limits import deep_limit
from depthsounder.theory.overlaps import canonical_trajectory, probe_trajectory
from depthsounder.theory.scatter import scatter

_UNKNOWN_OF_BATCHES = ("z_log_variance_single", "delta_log_variance_single", "jacobian_mean_square_single")


def delta_moment_ratios(architecture: Architecture, squared_slopes: np.ndarray, gain: float) -> np.ndarray:
    """Return the second moment of δ in each layer over that in the last, averaged over examples.

    E[(δ^l)²] = (s + α² E[φ'²](q^l) σw²) E[(δ^(l+1))²] for each example, s = 1 with a shortcut and 0 without
    (Schoenholz et al. 2017, section 4, for s = 0). The errors that reach layer L from the readout are taken to be equal
    for all examples.

    Parameters
    ----------
    squared_slopes
        (layers, examples): the mean of (∂h/∂z)².
    gain
        fan_out · Var(W) of layers 2 to L.
    """
    factors = squared_slopes.copy()
    factors[:-1] *= architecture.branch_scale(len(factors)) ** 2 * gain
    if architecture.shortcut:
        factors[:-1] += 1.0
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        moments = np.cumprod(factors[::-1], axis=0)[::-1].mean(axis=1)
        return moments / moments[-1]


def jacobian_mean_squares(
    architecture: Architecture, squared_slopes: np.ndarray, first: float, gain: float
) -> np.ndarray:
    """Return the mean over the input's dimensions of J's squared singular values, J = ∂h^l/∂x, for each layer.

    Every layer contributes fan_out · Var(W) · E[φ'²] (Pennington et al. 2017, section 2, where all fans are equal), and
    a shortcut what the layer below has.

    Parameters
    ----------
    squared_slopes
        (layers,): the mean of (∂h/∂z)² for one input.
    first, gain
        fan_out · Var(W) of layer 1, and of all others.
    """
    with np.errstate(over="ignore", under="ignore"):
        if architecture.shortcut:
            branch = architecture.branch_scale(len(squared_slopes)) ** 2 * gain
            stream = first * np.cumprod(np.concatenate([[1.0], 1.0 + branch * squared_slopes[:-1]]))
            return stream * squared_slopes
        factors = gain * squared_slopes
        factors[0] = first * squared_slopes[0]
        return np.cumprod(factors)


def theory_columns(
    depths: Sequence[int],
    architecture: Architecture,
    activation: Activation,
    init: Initializer,
    probe_inputs: np.ndarray,
    probe_labels: np.ndarray,
    width: int,
) -> dict[int, Columns]:
    """Return the theory table's columns for each depth, without the cell's keys.

    Parameters
    ----------
    probe_inputs
        (examples, n_inputs).
    probe_labels
        (examples,): whole numbers from 0; they tell how the readout's errors of two examples go together.

    Raises
    ------
    ValueError
        If the init is not defined for this activation.
    """
    found: dict[int, Columns] = {}
    if architecture.mixes_examples:
        found = _of_batches(depths, architecture, activation, init, probe_inputs, probe_labels, width)
    else:
        # A shallower network is the beginning of a deeper one, unless the branch's scale goes with the depth.
        for alike in [[depth] for depth in depths] if architecture.branch_decay else [depths]:
            found |= _of_examples(alike, architecture, activation, init, probe_inputs, width)
    first = init.gain(probe_inputs.shape[1], width, activation)
    gain = init.gain(width, width, activation)
    limit = deep_limit(architecture, activation, gain, init.bias_variance, start=first + init.bias_variance)
    names = ("chi_1", "q_star", "xi_q", "xi_c", "xi_grad")
    return {
        depth: {
            "layer": np.arange(1, depth + 1),
            **found[depth],
            **{name: [getattr(limit, name)] * depth for name in names},
            "note": [limit.note or None] * depth,
        }
        for depth in depths
    }


def _of_examples(
    depths: Sequence[int],
    architecture: Architecture,
    activation: Activation,
    init: Initializer,
    probe_inputs: np.ndarray,
    width: int,
) -> dict[int, Columns]:
    """Return the columns of layers where no example's signal depends on the others'."""
    n_inputs, deepest = probe_inputs.shape[1], max(depths)
    backward_first = init.backward_gain(n_inputs, width, activation)
    backward_gain = init.backward_gain(width, width, activation)
    canonical = canonical_trajectory(architecture, activation, init, n_inputs, width, deepest)
    probe = probe_trajectory(architecture, activation, init, probe_inputs, width, deepest)
    with np.errstate(over="ignore"):
        probe_second_moments = probe.second_moments.mean(axis=1)
    single = probe.second_moments[:, 0]
    mean_squares = jacobian_mean_squares(architecture, probe.squared_slopes[:, 0], backward_first, backward_gain)
    scattered = {depth: scatter(architecture, activation, init, single[:depth], n_inputs, width) for depth in depths}
    plain = architecture.normalization is None and not architecture.shortcut
    of_plain = log_variances(activation, init, single, n_inputs, width) if plain else None
    return {
        depth: {
            "z_second_moment": canonical.second_moments[:depth, 0],
            "delta_second_moment_ratio": delta_moment_ratios(
                architecture, canonical.squared_slopes[:depth], backward_gain
            ),
            "z_second_moment_probe": probe_second_moments[:depth],
            "z_batch_variance_probe": probe.batch_variances[:depth],
            "delta_second_moment_ratio_probe": delta_moment_ratios(
                architecture, probe.squared_slopes[:depth], backward_gain
            ),
            "z_second_moment_single": single[:depth],
            "z_log_variance_single": _known(scattered[depth].log_moments if of_plain is None else of_plain[:depth]),
            "delta_log_variance_single": _known(scattered[depth].log_delta_ratios),
            "jacobian_mean_square_single": mean_squares[:depth],
        }
        for depth in depths
    }


def _known(values: np.ndarray) -> list[float | None]:
    return [None if isnan(value) else value for value in values.tolist()]


def _of_batches(
    depths: Sequence[int],
    architecture: Architecture,
    activation: Activation,
    init: Initializer,
    probe_inputs: np.ndarray,
    probe_labels: np.ndarray,
    width: int,
) -> dict[int, Columns]:
    """Return the columns of layers that are normalized over the examples.

    The canonical inputs are a large batch, of norm 1 per unit and as unlike as they get: φ sees independent normal
    numbers. How networks scatter is not known, nor is the Jacobian of one example, whose signal depends on the others.
    """
    n_inputs, deepest = probe_inputs.shape[1], max(depths)
    backward_gain = init.backward_gain(width, width, activation)
    canonical = large_batch_trajectory(activation, init, n_inputs, width, deepest)
    layers = batch_trajectory(activation, init, probe_inputs, width, deepest)
    readouts = {depth: readout_kernel(probe_labels, activity_kernel(activation, layers[depth - 1])) for depth in depths}
    ratios = batch_delta_ratios(activation, layers, readouts, backward_gain)
    second_moments = np.array([layer.second_moments for layer in layers])
    batch_variances = np.array([layer.batch_variance for layer in layers])
    return {
        depth: {
            "z_second_moment": canonical.second_moments[:depth, 0],
            "delta_second_moment_ratio": delta_moment_ratios(
                architecture, canonical.squared_slopes[:depth], backward_gain
            ),
            "z_second_moment_probe": second_moments[:depth].mean(axis=1),
            "z_batch_variance_probe": batch_variances[:depth],
            "delta_second_moment_ratio_probe": ratios[depth],
            "z_second_moment_single": second_moments[:depth, 0],
            **{name: [None] * depth for name in _UNKNOWN_OF_BATCHES},
        }
        for depth in depths
    }
