"""The verdicts table: each cell's measurements, gathered from the signal and traces tables and judged.

This module gathers; the rules are in `verdicts`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from depthsounder.elements.axes import Cell
from depthsounder.engine.tuning import NetworkLosses, group_losses
from depthsounder.judging.reasons import reason
from depthsounder.judging.reference import References
from depthsounder.judging.thresholds import Thresholds
from depthsounder.judging.verdicts import (
    NO_SIGNAL_VERDICT,
    ForwardVerdict,
    SignalVerdict,
    delta_ratios,
    judge_forward,
    judge_signal,
    judge_training,
)
from depthsounder.storage.frames import cell_frames
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.storage.tables import read_table

_MEASURED = [
    "z_second_moment",
    "h_variance",
    "weight_grad_rms",
    "delta_second_moment",
    "z_batch_variance",
    "dead_fraction",
]

_IN_WORDS_ONLY = ("first_escape", "last_escape", "escaped", "returned", "usable_rate")
"""What a training verdict has and the table does not, but in its reason."""


@dataclass(frozen=True)
class _Initial:
    """What a cell was before training."""

    signal: SignalVerdict
    forward: ForwardVerdict
    forward_ratio: float | None
    dead_seeds: frozenset[int]


def judge_cells(
    signal_path: Path,
    traces_path: Path,
    cells: Iterable[Cell],
    references: References,
    thresholds: Thresholds,
) -> Iterator[dict[str, object]]:
    """Yield the rows of the verdicts table.

    Parameters
    ----------
    signal_path, traces_path
        The collected tables.
    cells
        The cell of each row, in the order wanted.
    references
        What constant predictions cost on the batches of the run's seeds.
    """
    frames = dict(cell_frames(_initial_signal(signal_path)))
    losses = dict(network_losses(traces_path))
    for cell in cells:
        initial = _judge_initial(frames[cell], thresholds)
        tuning, evaluation = losses[cell]
        training = judge_training(tuning, evaluation, references, thresholds)
        dead_at_birth = sum(seed in initial.dead_seeds for _, seed in evaluation)
        yield {
            **cell._asdict(),
            **asdict(initial.signal),
            **asdict(initial.forward),
            **{name: value for name, value in asdict(training).items() if name not in _IN_WORDS_ONLY},
            "forward_ratio": initial.forward_ratio,
            "dead_at_birth": dead_at_birth,
            "reason": reason(initial.signal, initial.forward, training, dead_at_birth, references.steps, thresholds),
        }


def network_losses(traces_path: Path) -> Iterator[tuple[Cell, tuple[NetworkLosses, NetworkLosses]]]:
    """Yield each cell of the traces table and the losses of its networks, in tuning and in evaluation."""
    columns = ["learning_rate", "seed", "train_loss"]
    for cell, rows in cell_frames(read_table(traces_path, [*CELL_KEYS, "phase", *columns])):
        phases = [rows[rows["phase"] == phase] for phase in ("tune", "evaluate")]
        tuning, evaluation = (group_losses(*(of_phase[name].to_numpy() for name in columns)) for of_phase in phases)
        yield cell, (tuning, evaluation)


def _initial_signal(path: Path) -> pa.Table:
    table = read_table(path, [*CELL_KEYS, "seed", "step", "layer", *_MEASURED])
    return table.filter(pc.equal(table["step"], 0))


def _judge_initial(frame: pd.DataFrame, thresholds: Thresholds) -> _Initial:
    """Judge a cell's rows at step 0."""
    depth = int(frame["layer"].max()) - 1
    hidden = frame[frame["layer"] <= depth]
    columns = hidden[_MEASURED].to_numpy(float).reshape(-1, depth, len(_MEASURED))
    q, _, _, delta, variance, dead = np.moveaxis(columns, -1, 0)
    seeds = hidden["seed"].to_numpy().reshape(-1, depth)[:, 0]
    finite = np.isfinite(columns[:, :, :3]).all(axis=(1, 2))
    ratios = delta_ratios(delta[:, 0], delta[:, -1], finite)
    return _Initial(
        signal=NO_SIGNAL_VERDICT if depth == 1 else judge_signal(ratios, thresholds),
        forward=judge_forward(variance[:, -1], q[:, -1], dead[:, -1], thresholds),
        forward_ratio=None if depth == 1 else _forward_ratio(q),
        dead_seeds=frozenset(seeds[(delta == 0).any(axis=1)].tolist()),
    )


def _forward_ratio(q: np.ndarray) -> float | None:
    """Return the median over seeds of q^L/q^1, from (seeds, layers): what overflowed counts as infinite.

    It is None where the first layer of a seed is silent already, for 0/0 has no value.
    """
    if (q[:, 0] == 0).any():
        return None
    with np.errstate(all="ignore"):
        ratios = q[:, -1] / q[:, 0]
    return float(np.median(np.where(np.isfinite(ratios), ratios, np.inf)))
