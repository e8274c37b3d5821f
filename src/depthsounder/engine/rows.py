"""From measurements to the columns of table parts.

This module knows the order and the names of rows; what the numbers mean is said in `tables`, how they arose in
`probes`, `jacobian` and `training`. Masked entries become nulls in the tables; NaN stays a number that was measured.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from depthsounder.data.dataset import Dataset
from depthsounder.engine.jacobian import InputJacobian
from depthsounder.engine.probes import STATISTICS, Probe
from depthsounder.engine.spec import NetworkSpec
from depthsounder.engine.training import Trace

ColumnArrays = dict[str, np.ndarray]

EVALUATIONS = ("grad_norm", "test_loss", "test_accuracy", "train_accuracy")
"""The columns of the traces table that are filled at logged steps only."""


def initial_signal(parameters: np.ndarray, seeds: Sequence[int], spec: NetworkSpec, dataset: Dataset) -> ColumnArrays:
    """Measure networks before training.

    Parameters
    ----------
    parameters
        (S, P), the networks as drawn.
    seeds
        Their S seeds.

    Returns
    -------
    columns
        The columns of the signal table's parts: S · (L + 1) rows at step 0.
    """
    probe = Probe(spec, dataset)
    no_update = np.ma.masked_all(spec.depth + 1)
    networks = zip(seeds, parameters, strict=True)
    return _signal(
        spec, ((seed, 0, None, {**probe.measure(theta), "update_ratio": no_update}) for seed, theta in networks)
    )


def initial_jacobian(parameters: np.ndarray, seeds: Sequence[int], spec: NetworkSpec, dataset: Dataset) -> ColumnArrays:
    """Measure the singular values of networks before training.

    Parameters
    ----------
    parameters
        (S, P), the networks as drawn.
    seeds
        Their S seeds.

    Returns
    -------
    columns
        The columns of the Jacobian table's parts: a row for each network and singular value.
    """
    jacobian = InputJacobian(spec, dataset)
    logarithms = np.array([jacobian.measure(theta) for theta in parameters])
    n_networks, n_values = logarithms.shape
    return {
        "seed": np.repeat(np.array(seeds, np.int32), n_values),
        "index": np.tile(np.arange(1, n_values + 1, dtype=np.int32), n_networks),
        "log_singular_value": logarithms.ravel(),
    }


def training_signal(traces: list[Trace], spec: NetworkSpec) -> ColumnArrays:
    """Return what was measured in training, as columns of the signal table's parts."""
    return _signal(
        spec,
        (
            (trace.seed, step, trace.learning_rate, statistics)
            for trace in traces
            for step, statistics in sorted(trace.signals.items())
        ),
    )


def _signal(
    spec: NetworkSpec, measured: Iterable[tuple[int, int, float | None, dict[str, np.ndarray]]]
) -> ColumnArrays:
    rows = list(measured)
    n_layers = spec.depth + 1
    columns = {
        "seed": np.repeat([seed for seed, _, _, _ in rows], n_layers).astype(np.int32),
        "step": np.repeat([step for _, step, _, _ in rows], n_layers).astype(np.int32),
        "layer": np.tile(np.arange(1, n_layers + 1, dtype=np.int32), len(rows)),
        "learning_rate": np.ma.masked_invalid(np.repeat(np.array([rate for _, _, rate, _ in rows], float), n_layers)),
        "fan_in": np.tile(np.array([fan_in for fan_in, _ in spec.fans], np.int32), len(rows)),
        "fan_out": np.tile(np.array([fan_out for _, fan_out in spec.fans], np.int32), len(rows)),
    }
    for name in (*STATISTICS, "update_ratio"):
        measured_layers = [statistics[name] for _, _, _, statistics in rows]
        columns[name] = np.ma.concatenate(measured_layers) if rows else np.empty(0)
    return columns


def trace_columns(traces: list[Trace], phase: str) -> ColumnArrays:
    """Return the traces of one cell as columns of the traces table's parts.

    Parameters
    ----------
    traces
        One for each network.
    phase
        ``"tune"`` or ``"evaluate"``.
    """
    traces = sorted(traces, key=lambda trace: (trace.seed, trace.learning_rate))
    lengths = [len(trace.losses) for trace in traces]
    columns: ColumnArrays = {
        "phase": np.full(sum(lengths), phase),
        "seed": np.repeat(np.array([trace.seed for trace in traces], np.int32), lengths),
        "learning_rate": np.repeat([trace.learning_rate for trace in traces], lengths),
        "step": np.concatenate([np.arange(length, dtype=np.int32) for length in lengths]),
        "train_loss": np.concatenate([np.array(trace.losses, np.float32) for trace in traces]),
    }
    offsets = np.cumsum([0, *lengths[:-1]])
    for name in EVALUATIONS:
        column = np.ma.masked_all(sum(lengths))
        for trace, offset in zip(traces, offsets, strict=True):
            for step, evaluation in trace.evaluations.items():
                column[offset + step] = evaluation[name]
        columns[name] = column
    return columns
