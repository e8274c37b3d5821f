"""The choice of a cell's learning rate, from the traces of its tuning seeds.

One grid of rates serves all cells, and the seeds that choose are not the seeds that are judged.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from depthsounder.storage.arrays import to_numpy
from depthsounder.storage.tables import read_table

NetworkLosses = Mapping[tuple[float, int], np.ndarray]
"""The training losses (steps + 1,) of each network, by learning rate and seed; shorter where it diverged."""


def tail_loss(losses: np.ndarray, steps: int, tail_steps: int) -> float:
    """Return the mean of the last `tail_steps` losses of a trace; infinite if the network did not reach the last step.

    Parameters
    ----------
    losses
        (steps + 1,) in nats, or fewer if the network diverged.
    """
    if len(losses) < steps + 1:
        return np.inf
    tail = float(np.mean(losses[-tail_steps:], dtype=np.float64))
    return tail if np.isfinite(tail) else np.inf


def choose_rate(losses: NetworkLosses, steps: int, tail_steps: int) -> float:
    """Return the rate with the lowest median tail loss over the tuning seeds, the smaller one among equals."""
    tails: dict[float, list[float]] = {}
    for (rate, _), network_losses in losses.items():
        tails.setdefault(rate, []).append(tail_loss(network_losses, steps, tail_steps))
    return min(sorted(tails), key=lambda rate: float(np.median(tails[rate])))


def group_losses(learning_rate: np.ndarray, seed: np.ndarray, train_loss: np.ndarray) -> NetworkLosses:
    """Gather a cell's columns, of one row for each step in the order of steps, into each network's losses."""
    networks: dict[tuple[float, int], np.ndarray] = {}
    starts = np.flatnonzero((np.diff(learning_rate, prepend=np.nan) != 0) | (np.diff(seed, prepend=-1) != 0))
    for start, end in zip(starts, [*starts[1:], len(seed)], strict=True):
        networks[float(learning_rate[start]), int(seed[start])] = train_loss[start:end]
    return networks


def read_chosen_rate(parts: list[Path], steps: int, tail_steps: int) -> float:
    """Return the rate that a cell's tuning traces choose, from their parts."""
    losses: dict[tuple[float, int], np.ndarray] = {}
    for part in parts:
        table = read_table(part, ["learning_rate", "seed", "train_loss"])
        losses |= group_losses(*(to_numpy(table[name]) for name in ("learning_rate", "seed", "train_loss")))
    return choose_rate(losses, steps, tail_steps)
