"""The verdicts of a cell: the signal's at initialization, both ways, and that of training.

The rules are exact and their words too: "stalled" means within the steps of this run, and "diverged" means that no rate
of this grid was usable, or that the chosen one was not for most of the seeds that are judged. Every threshold comes
from the config.

This module knows measured numbers and thresholds; it predicts nothing (`meanfield`) and judges no claim (`claims`).
What became of a single network is `fates`, and the verdicts in words are `reasons`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from depthsounder.engine.tuning import NetworkLosses, tail_loss
from depthsounder.judging.fates import BELOW_PLATEAU, Fate, escape_step, fate
from depthsounder.judging.reference import References
from depthsounder.judging.thresholds import Thresholds, signal_word

CONFIDENCE = 0.95

COLLAPSED, DISTINCT = "collapsed", "distinct"

FAILURES = ("stalled", "diverged")
"""The training verdicts that count as failure: of a `mixed` cell some networks learn, of a `partial` one nearly all."""


@dataclass(frozen=True)
class SignalVerdict:
    """The signal columns of the verdicts table; None stands for null."""

    signal_verdict: str | None
    signal_borderline: bool | None
    delta_ratio: float | None
    delta_ratio_low: float | None
    delta_ratio_high: float | None


def delta_ratios(delta_first: np.ndarray, delta_last: np.ndarray, finite: np.ndarray) -> np.ndarray:
    """Return each seed's D = √(δ second moment of layer 1 / that of layer L).

    Parameters
    ----------
    delta_first, delta_last
        (seeds,), the second moments of δ¹ and δ^L.
    finite
        (seeds,), whether every z, h and ∂W of the network is finite.

    Returns
    -------
    ratios
        (seeds,): 0 where either error is exactly 0, infinite where the network is not finite.
    """
    with np.errstate(all="ignore"):
        ratios = np.sqrt(delta_first / delta_last)
    ratios = np.where((delta_first == 0) | (delta_last == 0), 0.0, ratios)
    return np.where(finite & ~np.isnan(ratios), ratios, np.inf)


def judge_signal(ratios: np.ndarray, thresholds: Thresholds) -> SignalVerdict:
    """Judge a cell's signal by the median of D over its seeds.

    The interval of the median is that of order statistics, which holds for any distribution (Conover 1999, section
    3.2); with fewer than six seeds there is none at 95 %.

    Parameters
    ----------
    ratios
        (seeds,), from `delta_ratios`.
    """
    median = float(np.median(ratios))
    interval = scipy.stats.quantile_test(ratios, q=1.0, p=0.5).confidence_interval(CONFIDENCE)
    low, high = float(interval.low), float(interval.high)
    verdict = signal_word(median, thresholds)
    if np.isnan(low) or np.isnan(high):
        return SignalVerdict(verdict, None, median, None, None)
    borderline = any(low <= bound <= high for bound in (thresholds.exploding_ratio, thresholds.vanishing_ratio))
    return SignalVerdict(verdict, borderline, median, low, high)


NO_SIGNAL_VERDICT = SignalVerdict(None, None, None, None, None)
"""The verdict on a network with one hidden layer, which has no ratio of first to last layer."""


@dataclass(frozen=True)
class ForwardVerdict:
    """The columns of the verdicts table on what layer L tells of the inputs; None stands for null.

    Attributes
    ----------
    forward_verdict
        *distinct*, or *collapsed* if nearly all of q is common to all inputs; None if most networks overflowed.
    variance_share
        The variance over inputs, as a share of q: the median over seeds that stayed finite. Where nothing arrives at
        all it is 0.
    dead_units
        The share of units that are dead, the median over seeds; None but for rectifiers.
    """

    forward_verdict: str | None
    variance_share: float | None
    dead_units: float | None


def judge_forward(
    batch_variance: np.ndarray, second_moment: np.ndarray, dead_fraction: np.ndarray, thresholds: Thresholds
) -> ForwardVerdict:
    """Judge whether the last hidden layer still tells one input from another.

    Parameters
    ----------
    batch_variance, second_moment, dead_fraction
        (seeds,), of layer L; the last is NaN but for rectifiers.
    """
    with np.errstate(all="ignore"):
        shares = np.where(second_moment == 0, 0.0, batch_variance / second_moment)
    finite = np.isfinite(shares) & np.isfinite(second_moment)
    dead_units = None if np.isnan(dead_fraction).all() else float(np.nanmedian(dead_fraction))
    if finite.sum() <= len(shares) / 2:
        return ForwardVerdict(None, None, dead_units)
    share = float(np.median(shares[finite]))
    return ForwardVerdict(forward_word(share, thresholds), share, dead_units)


def forward_word(variance_share: float, thresholds: Thresholds) -> str:
    """Return the word for the variance over inputs as a share of q."""
    return COLLAPSED if variance_share < thresholds.collapsed_share else DISTINCT


@dataclass(frozen=True)
class TrainingVerdict:
    """The training columns of the verdicts table, and what else its reason rests on; None stands for null.

    Attributes
    ----------
    reference_loss
        The least that a constant prediction costs on a tail's batches, the median over seeds.
    successes, learning, falling, on_plateau, above_plateau, diverged_seeds
        How many of the `seeds` had each fate (`fates`).
    first_escape, last_escape
        The first and the last step at which one of the seeds left the plateau; no columns of the table.
    escaped, returned
        How many of the seeds left the plateau, and how many of these did not end below it; no columns of the table.
    usable_rate
        Whether at some rate half of the tuning seeds or more did not diverge; no column of the table.
    """

    training_verdict: str
    best_learning_rate: float
    edge_of_grid: bool
    tail_loss: float
    reference_loss: float
    escape_step: float | None
    successes: int
    learning: int
    falling: int
    on_plateau: int
    above_plateau: int
    diverged_seeds: int
    seeds: int
    success_rate: float
    success_rate_low: float
    success_rate_high: float
    first_escape: float | None
    last_escape: float | None
    escaped: int
    returned: int
    usable_rate: bool


def training_word(fates: Counter[Fate], usable_rate: bool, trains_share: float) -> str:
    """Return the verdict on a cell, from the fates of its evaluation seeds.

    In this order: *diverged* if no rate was usable or more than half of the seeds diverged; *trains* if enough of them
    trained; *partial* if enough trained, are learning or are falling; *stalled* if more than half stand on the plateau
    or above it, or none does anything else but diverge; *mixed* if none of these: some learn, and others do not.
    """
    seeds = fates.total()
    learned = fates["trained"] + fates["learning"] + fates["falling"]
    if not usable_rate or fates["diverged"] > seeds / 2:
        return "diverged"
    if fates["trained"] / seeds >= trains_share:
        return "trains"
    if learned / seeds >= trains_share:
        return "partial"
    if fates["on_plateau"] + fates["above_plateau"] > seeds / 2 or not learned:
        return "stalled"
    return "mixed"


def cell_fates(
    tuning: NetworkLosses, evaluation: NetworkLosses, references: References, thresholds: Thresholds
) -> tuple[list[Fate], bool]:
    """Return the fates of the evaluation seeds, and whether at some rate half of the tuning seeds did not diverge.

    Both are what a cell's `training_word` rests on. The parameters are those of `judge_training`.
    """
    usable_rate = not all(
        _most_diverge(
            [(seed, losses) for (rate, seed), losses in tuning.items() if rate == tried], references, thresholds
        )
        for tried in {rate for rate, _ in tuning}
    )
    return _fates([(seed, losses) for (_, seed), losses in evaluation.items()], references, thresholds), usable_rate


def judge_training(
    tuning: NetworkLosses, evaluation: NetworkLosses, references: References, thresholds: Thresholds
) -> TrainingVerdict:
    """Judge a cell's training, at the rate that its tuning seeds chose, on its evaluation seeds.

    Parameters
    ----------
    tuning
        The losses at every rate of the grid.
    evaluation
        The losses of the other seeds, at the chosen rate.
    references
        What constant predictions cost on the batches of these seeds.
    """
    rates = sorted({rate for rate, _ in tuning})
    best = next(iter(evaluation))[0]
    each, usable_rate = cell_fates(tuning, evaluation, references, thresholds)
    fates = Counter(each)
    networks = [(seed, losses) for (_, seed), losses in evaluation.items()]
    guessing = [references.guessing(seed, thresholds.tail_steps) for seed, _ in networks]
    tails = [tail_loss(losses, references.steps, thresholds.tail_steps) for _, losses in networks]
    escapes = np.array(
        [escape_step(losses, known, thresholds) for (_, losses), known in zip(networks, guessing, strict=True)]
    )
    escaped = escapes[np.isfinite(escapes)]
    successes = fates["trained"]
    share = scipy.stats.binomtest(successes, len(networks)).proportion_ci(CONFIDENCE, method="wilson")
    median_escape = float(np.median(escapes))
    return TrainingVerdict(
        training_verdict=training_word(fates, usable_rate, thresholds.trains_share),
        best_learning_rate=best,
        edge_of_grid=best in (rates[0], rates[-1]),
        tail_loss=float(np.median(tails)),
        reference_loss=float(np.median([known.least[-1] for known in guessing])),
        escape_step=median_escape if np.isfinite(median_escape) else None,
        successes=successes,
        learning=fates["learning"],
        falling=fates["falling"],
        on_plateau=fates["on_plateau"],
        above_plateau=fates["above_plateau"],
        diverged_seeds=fates["diverged"],
        seeds=len(networks),
        success_rate=successes / len(networks),
        success_rate_low=float(share.low),
        success_rate_high=float(share.high),
        first_escape=float(escaped.min()) if len(escaped) else None,
        last_escape=float(escaped.max()) if len(escaped) else None,
        escaped=len(escaped),
        returned=sum(fate not in BELOW_PLATEAU for fate, step in zip(each, escapes, strict=True) if np.isfinite(step)),
        usable_rate=usable_rate,
    )


def _fates(networks: Sequence[tuple[int, np.ndarray]], references: References, thresholds: Thresholds) -> list[Fate]:
    """Return the fates of networks, each given by its seed and losses."""
    return [
        fate(losses, references.guessing(seed, thresholds.tail_steps), references.steps, thresholds)
        for seed, losses in networks
    ]


def _most_diverge(networks: Sequence[tuple[int, np.ndarray]], references: References, thresholds: Thresholds) -> bool:
    return _fates(networks, references, thresholds).count("diverged") > len(networks) / 2
