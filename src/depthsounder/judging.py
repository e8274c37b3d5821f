"""The verdicts table: each cell's measurements, gathered from the signal and traces tables and judged.

This module gathers; the rules are in `verdicts`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from depthsounder.tables import CELL_KEYS, read_table
from depthsounder.tuning import NetworkLosses, group_losses
from depthsounder.verdicts import (
    NO_SIGNAL_VERDICT,
    SignalVerdict,
    Thresholds,
    delta_ratios,
    judge_signal,
    judge_training,
    reason,
)

CellName = tuple[int, str, str]

_MEASURED = ["z_second_moment", "h_variance", "weight_grad_rms", "delta_second_moment"]


def judge_cells(
    signal_path: Path,
    traces_path: Path,
    cells: Iterable[CellName],
    steps: int,
    entropy: float,
    thresholds: Thresholds,
) -> Iterator[dict[str, object]]:
    """Yield the rows of the verdicts table.

    Parameters
    ----------
    signal_path, traces_path
        The collected tables.
    cells
        (depth, activation, init) of each row, in the order wanted.
    steps
        Updates of a full training.
    entropy
        H of the class prior in nats.
    """
    initial = _cell_frames(_initial_signal(signal_path))
    losses = _cell_frames(read_table(traces_path, [*CELL_KEYS, "phase", "seed", "learning_rate", "train_loss"]))
    for cell in cells:
        signal, forward_ratio = _judge_initial(initial[cell], thresholds)
        tuning, evaluation = (_network_losses(losses[cell], phase) for phase in ("tune", "evaluate"))
        training = judge_training(tuning, evaluation, steps, entropy, thresholds)
        columns = asdict(training)
        # The table has it in words only.
        del columns["usable_rate"]
        yield {
            **dict(zip(CELL_KEYS, cell, strict=True)),
            **asdict(signal),
            **columns,
            "forward_ratio": forward_ratio,
            "reason": reason(signal, training, steps, entropy, thresholds),
        }


def _initial_signal(path: Path) -> pa.Table:
    table = read_table(path, [*CELL_KEYS, "seed", "step", "layer", *_MEASURED])
    return table.filter(pc.equal(table["step"], 0))


def _cell_frames(table: pa.Table) -> dict[CellName, pd.DataFrame]:
    """Split a table into cells, each in the order of its rows."""
    # Names as categories: a million Python strings would cost more than all the numbers beside them.
    frame = table.to_pandas(
        categories=[name for name in table.schema.names if table.schema.field(name).type == "string"]
    )
    groups = frame.groupby(list(CELL_KEYS), sort=False, observed=True)
    return {(int(depth), str(activation), str(init)): group for (depth, activation, init), group in groups}


def _network_losses(frame: pd.DataFrame, phase: str) -> NetworkLosses:
    frame = frame[frame["phase"] == phase]
    return group_losses(*(frame[name].to_numpy() for name in ("learning_rate", "seed", "train_loss")))


def _judge_initial(frame: pd.DataFrame, thresholds: Thresholds) -> tuple[SignalVerdict, float | None]:
    """Judge a cell's rows at step 0, and return the median of q^L/q^1 beside the verdict."""
    depth = int(frame["layer"].max()) - 1
    if depth == 1:
        return NO_SIGNAL_VERDICT, None
    hidden = frame[frame["layer"] <= depth]
    values = hidden[_MEASURED].to_numpy(float).reshape(-1, depth, len(_MEASURED))
    q, delta = values[:, :, 0], values[:, :, 3]
    finite = np.isfinite(values[:, :, :3]).all(axis=(1, 2))
    return judge_signal(delta_ratios(delta[:, 0], delta[:, -1], finite), thresholds), _forward_ratio(q)


def _forward_ratio(q: np.ndarray) -> float | None:
    """Return the median over seeds of q^L/q^1, from (seeds, layers): what overflowed counts as infinite.

    It is None where the first layer of a seed is silent already, for 0/0 has no value.
    """
    if (q[:, 0] == 0).any():
        return None
    with np.errstate(all="ignore"):
        ratios = q[:, -1] / q[:, 0]
    return float(np.median(np.where(np.isfinite(ratios), ratios, np.inf)))
