"""What became of one network: the words for a single loss trace, and the step at which it left the plateau.

The plateau is where a network stands that makes nothing of its inputs: its loss is that of a constant prediction. All
of it is judged against constant predictions on the same batches (`reference`), so that no word here is the noise of a
batch's labels.

This module knows one network; the words for a cell, of many seeds, are `verdicts`.
"""

from typing import Literal

import numpy as np

from depthsounder.engine.tuning import tail_loss
from depthsounder.judging.reference import Guessing
from depthsounder.judging.thresholds import Thresholds

Fate = Literal["trained", "learning", "falling", "on_plateau", "above_plateau", "diverged"]

BELOW_PLATEAU: tuple[Fate, ...] = ("trained", "learning")
"""Where a network that left the plateau downwards ends, unless it returns."""

FALLEN = 0.5
"""A loss that began above the plateau is falling to it if it ends at most at this share of its start."""


def fate(losses: np.ndarray, guessing: Guessing, steps: int, thresholds: Thresholds) -> Fate:
    """Return what became of a network, in the order of the words.

    *diverged*: not finite, or a tail above `diverged_loss` times both its start and guessing by frequency, which the
    noise of a single batch, as the start is, does not reach. *trained*: a
    tail of at most `trains_loss` times the least of constant predictions. *learning*: below `stalled_loss` times it,
    where no constant prediction gets. *on_plateau*: a tail that guessing explains (`plateau_top`). Above that,
    *falling* if the loss has come down to half of its start, and *above_plateau* if it has not.

    Parameters
    ----------
    losses
        (steps + 1,) in nats, or fewer if the network diverged.
    guessing
        Losses of guessing over windows of `tail_steps`, on the network's batches.
    """
    tail, start = tail_loss(losses, steps, thresholds.tail_steps), float(losses[0])
    least, by_frequency = float(guessing.least[-1]), float(guessing.by_frequency[-1])
    if tail == np.inf or tail > thresholds.diverged_loss * max(by_frequency, start):
        return "diverged"
    if tail <= thresholds.trains_loss * least:
        return "trained"
    if tail < thresholds.stalled_loss * least:
        return "learning"
    if tail <= plateau_top(start, guessing, thresholds):
        return "on_plateau"
    return "falling" if tail <= FALLEN * start else "above_plateau"


def plateau_top(start: float, guessing: Guessing, thresholds: Thresholds) -> float:
    """Return the highest tail loss that guessing explains.

    That is what guessing by frequency costs, with a margin. A network that began no higher than blind guessing, with
    the same margin, may be on its way from there to the frequencies: it has then learned of them at most. With equal
    classes the two are one.
    """
    blind = thresholds.plateau_loss * guessing.blind
    by_frequency = thresholds.plateau_loss * float(guessing.by_frequency[-1])
    return max(by_frequency, blind) if start <= blind else by_frequency


def first_below(losses: np.ndarray, levels: np.ndarray, window: int) -> float:
    """Return the first step at which the mean of the last `window` losses falls below its level; infinite if none does.

    Parameters
    ----------
    losses
        The training loss of each step, in nats.
    levels
        For each window of a full training, by its last step, from window − 1 on.
    """
    if len(losses) < window:
        return np.inf
    means = np.convolve(losses.astype(np.float64), np.full(window, 1.0 / window), mode="valid")
    below = np.flatnonzero(means < levels[: len(means)])
    return float(below[0] + window - 1) if len(below) else np.inf


def escape_step(losses: np.ndarray, guessing: Guessing, thresholds: Thresholds) -> float:
    """Return the step at which a network leaves the plateau, to a single step where that can be told.

    It leaves if the mean of `tail_steps` successive losses falls below `stalled_loss` times the least that a constant
    prediction costs on their batches. In the first window that does, the step is the first from which on the network
    stays below: the mean over the batches from it to each later one of the window, be it itself, lies below as much of
    the least on just these batches. Where no step is so plain, it is the window's last.

    No constant prediction lies below on any batches, however few, by Gibbs' inequality. What is not constant may do so
    by luck for a while, but does not leave by it.

    Parameters
    ----------
    losses
        (steps + 1,) in nats, or fewer if the network diverged.
    guessing
        Losses of guessing over windows of `tail_steps`, on the network's batches.

    Returns
    -------
    float
        Infinite if the network does not leave.
    """
    window = thresholds.tail_steps
    end = first_below(losses, thresholds.stalled_loss * guessing.least, window)
    if end == np.inf:
        return np.inf
    last = int(end)
    for first in range(last - window + 1, last):
        means = np.cumsum(losses[first : last + 1], dtype=np.float64) / np.arange(1, last - first + 2)
        if (means < thresholds.stalled_loss * guessing.least_from(first, last)).all():
            return float(first)
    return end
