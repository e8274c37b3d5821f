"""The two verdicts of a cell: did its signal survive at initialization, and did it train?

The rules are exact and their words too: "stalled" means within the steps of this run, and "diverged" means that no rate
of this grid was usable, or that the chosen one was not for most of the seeds that are judged. Every threshold comes
from the config.

This module knows measured numbers and thresholds; it predicts nothing (`meanfield`) and judges no claim (`claims`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from depthsounder.tuning import NetworkLosses, tail_loss

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Thresholds:
    """Where one word ends and the next begins; the config's section `verdicts` says where each number comes from.

    Attributes
    ----------
    exploding_ratio, vanishing_ratio
        Bounds of D between which a signal is healthy.
    trains_loss, stalled_loss, diverged_loss
        Tail losses, as multiples of the class entropy H.
    trains_share
        The share of seeds that must train.
    tail_steps
        The number of last batch losses whose mean is the tail loss, and of those whose mean tells an escape.
    """

    exploding_ratio: float
    vanishing_ratio: float
    trains_loss: float
    trains_share: float
    stalled_loss: float
    diverged_loss: float
    tail_steps: int


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
    interval = stats.quantile_test(ratios, q=1.0, p=0.5).confidence_interval(CONFIDENCE)
    low, high = float(interval.low), float(interval.high)
    if median > thresholds.exploding_ratio:
        verdict = "exploding"
    elif median < thresholds.vanishing_ratio:
        verdict = "vanishing"
    else:
        verdict = "healthy"
    if np.isnan(low) or np.isnan(high):
        return SignalVerdict(verdict, None, median, None, None)
    borderline = any(low <= bound <= high for bound in (thresholds.exploding_ratio, thresholds.vanishing_ratio))
    return SignalVerdict(verdict, borderline, median, low, high)


NO_SIGNAL_VERDICT = SignalVerdict(None, None, None, None, None)
"""Of a network with one hidden layer, whose first layer is its last."""


@dataclass(frozen=True)
class TrainingVerdict:
    """The training columns of the verdicts table, and what else its reason rests on; None stands for null.

    Attributes
    ----------
    usable_rate
        Whether at some rate half of the tuning seeds or more did not diverge; no column of the table.
    """

    training_verdict: str
    best_learning_rate: float
    edge_of_grid: bool
    tail_loss: float
    escape_step: float | None
    successes: int
    seeds: int
    success_rate: float
    success_rate_low: float
    success_rate_high: float
    usable_rate: bool


def escape_step(losses: np.ndarray, level: float, window: int) -> float:
    """Return the first step at which the mean of the last `window` losses falls below `level`; infinite if none does.

    Parameters
    ----------
    losses
        The training loss of each step, in nats.
    """
    if len(losses) < window:
        return np.inf
    means = np.convolve(losses.astype(np.float64), np.full(window, 1.0 / window), mode="valid")
    below = np.flatnonzero(means < level)
    return float(below[0] + window - 1) if len(below) else np.inf


def _diverges(networks: Sequence[np.ndarray], steps: int, entropy: float, thresholds: Thresholds) -> bool:
    """Tell whether more than half of some networks are not finite or end above both their start and a multiple of H."""
    tails = [tail_loss(losses, steps, thresholds.tail_steps) for losses in networks]
    bounds = [max(thresholds.diverged_loss * entropy, losses[0]) for losses in networks]
    blown_up = [tail == np.inf or tail > bound for tail, bound in zip(tails, bounds, strict=True)]
    return sum(blown_up) > len(blown_up) / 2


def judge_training(
    tuning: NetworkLosses, evaluation: NetworkLosses, steps: int, entropy: float, thresholds: Thresholds
) -> TrainingVerdict:
    """Judge a cell's training, at the rate that its tuning seeds chose, on its evaluation seeds.

    Parameters
    ----------
    tuning
        The losses at every rate of the grid.
    evaluation
        The losses of the other seeds, at the chosen rate.
    steps
        The updates of a full training.
    entropy
        H, the entropy of the class prior in nats.
    """
    rates = sorted({rate for rate, _ in tuning})
    best = next(iter(evaluation))[0]
    networks = list(evaluation.values())
    tails = np.array([tail_loss(losses, steps, thresholds.tail_steps) for losses in networks])
    escapes = [escape_step(losses, thresholds.stalled_loss * entropy, thresholds.tail_steps) for losses in networks]
    successes = int(np.sum(tails <= thresholds.trains_loss * entropy))
    share = stats.binomtest(successes, len(networks)).proportion_ci(CONFIDENCE, method="wilson")
    usable_rate = not all(
        _diverges([losses for (rate, _), losses in tuning.items() if rate == tried], steps, entropy, thresholds)
        for tried in rates
    )
    median_tail, median_escape = float(np.median(tails)), float(np.median(escapes))
    if not usable_rate or _diverges(networks, steps, entropy, thresholds):
        verdict = "diverged"
    elif successes >= thresholds.trains_share * len(networks):
        verdict = "trains"
    elif np.median(tails[np.isfinite(tails)]) >= thresholds.stalled_loss * entropy:
        # Of the networks that stayed finite: what blew up did not stall.
        verdict = "stalled"
    else:
        verdict = "partial"
    return TrainingVerdict(
        training_verdict=verdict,
        best_learning_rate=best,
        edge_of_grid=best in (rates[0], rates[-1]),
        tail_loss=median_tail,
        escape_step=median_escape if np.isfinite(median_escape) else None,
        successes=successes,
        seeds=len(networks),
        success_rate=successes / len(networks),
        success_rate_low=float(share.low),
        success_rate_high=float(share.high),
        usable_rate=usable_rate,
    )


def reason(signal: SignalVerdict, training: TrainingVerdict, steps: int, entropy: float, thresholds: Thresholds) -> str:
    """Say both verdicts in words, with the numbers that they rest on."""
    return f"{_signal_reason(signal, thresholds)} {_training_reason(training, steps, entropy, thresholds)}"


def _signal_reason(signal: SignalVerdict, thresholds: Thresholds) -> str:
    if signal.signal_verdict is None:
        return "One hidden layer has no ratio of errors."
    interval = (
        "" if signal.delta_ratio_low is None else f" ({signal.delta_ratio_low:.2g} to {signal.delta_ratio_high:.2g})"
    )
    bound = {
        "exploding": f"above {thresholds.exploding_ratio:g}",
        "vanishing": f"below {thresholds.vanishing_ratio:g}",
        "healthy": f"between {thresholds.vanishing_ratio:g} and {thresholds.exploding_ratio:g}",
    }[signal.signal_verdict]
    borderline = ", borderline" if signal.signal_borderline else ""
    return f"Signal {signal.signal_verdict}{borderline}: D = {signal.delta_ratio:.2g}{interval} is {bound}."


def _training_reason(training: TrainingVerdict, steps: int, entropy: float, thresholds: Thresholds) -> str:
    share = f"{training.successes} of {training.seeds} seeds reach {thresholds.trains_loss:g} H"
    tail = f"median tail loss {training.tail_loss:.3g} = {training.tail_loss / entropy:.2g} H"
    rate = f"at rate {training.best_learning_rate:g}" + (", the edge of the grid" if training.edge_of_grid else "")
    words = {
        "diverged": "More than half of the evaluation seeds diverged at the chosen rate, which tuning found usable"
        if training.usable_rate
        else "No usable rate on this grid",
        "trains": f"Trains within {steps} steps",
        "stalled": f"Stalled within {steps} steps",
        "partial": f"Partly trained within {steps} steps",
    }[training.training_verdict]
    return f"{words}: {share}, {tail}, {rate}."
