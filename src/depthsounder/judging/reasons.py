"""The reason of a cell's verdicts: what was seen, in words and with the numbers that the words rest on."""

from math import isfinite

from depthsounder.judging.thresholds import Thresholds
from depthsounder.judging.verdicts import COLLAPSED, ForwardVerdict, SignalVerdict, TrainingVerdict
from depthsounder.process.text import count, number, percent, setting

_FATES = {
    "successes": "trained",
    "learning": "learning",
    "falling": "falling",
    "on_plateau": "on the plateau",
    "above_plateau": "above it",
    "diverged_seeds": "diverged",
}
"""The columns that count the evaluation seeds, in the words of `fates`."""


def reason(
    signal: SignalVerdict,
    forward: ForwardVerdict,
    training: TrainingVerdict,
    dead_at_birth: int,
    steps: int,
    thresholds: Thresholds,
) -> str:
    """Say the verdicts in words, with the numbers that they rest on.

    Parameters
    ----------
    dead_at_birth
        Evaluation seeds that had no error in some hidden layer before training.
    steps
        The updates of a full training.
    """
    return f"{_signal_reason(signal, forward, thresholds)} {_training_reason(training, dead_at_birth, steps)}"


def _signal_reason(signal: SignalVerdict, forward: ForwardVerdict, thresholds: Thresholds) -> str:
    seen = _forward_reason(forward)
    if signal.signal_verdict is None:
        return f"One hidden layer has no ratio of errors{f', and {seen}' if seen else ''}."
    ends = [number(end) for end in (signal.delta_ratio_low, signal.delta_ratio_high)]
    interval = "" if signal.delta_ratio_low is None else f" ({' to '.join(ends)})"
    low, high = setting(thresholds.vanishing_ratio), setting(thresholds.exploding_ratio)
    bound = {
        "exploding": f"above {high}",
        "vanishing": f"below {low}",
        "healthy": f"between {low} and {high}",
    }[signal.signal_verdict]
    borderline = ", borderline" if signal.signal_borderline else ""
    linked = f", {'but' if signal.signal_verdict == 'healthy' else 'and'} {seen}" if seen else ""
    return f"Signal {signal.signal_verdict}{borderline}: D = {number(signal.delta_ratio)}{interval} is {bound}{linked}."


def _forward_reason(forward: ForwardVerdict) -> str:
    """Say what D does not see: inputs that have become alike, and dead units. Empty where there is neither."""
    seen = []
    if forward.forward_verdict == COLLAPSED:
        share = number(forward.variance_share)
        seen.append(f"inputs have collapsed: only {share} of the last layer's mean square differs between them")
    if forward.dead_units:
        whose = "its" if seen else "the last layer's"
        seen.append(f"{percent(forward.dead_units, 2)} of {whose} units are dead")
    return " and ".join(seen)


def _training_reason(training: TrainingVerdict, dead_at_birth: int, steps: int) -> str:
    within = f"within {count(steps, 'step')}"
    words = {
        "diverged": "More than half of the evaluation seeds diverged at the chosen rate, which tuning found usable"
        if training.usable_rate
        else "No usable rate on this grid",
        "trains": f"Trains {within}",
        "stalled": f"Stalled {within}",
        "partial": f"Partly trained {within}",
        "mixed": f"Mixed {within}",
    }[training.training_verdict]
    counted = ((int(getattr(training, column)), said) for column, said in _FATES.items())
    seeds = f"of {training.seeds} {'seed' if training.seeds == 1 else 'seeds'} " + ", ".join(
        f"{amount} {said}" for amount, said in counted if amount
    )
    dead = f" ({dead_at_birth} dead at birth)" if dead_at_birth else ""
    rate = f"at rate {setting(training.best_learning_rate)}" + (
        ", the edge of the grid" if training.edge_of_grid else ""
    )
    return f"{words}: {seeds}{dead}; {_tail(training)}{_escapes(training)}; {rate}."


def _tail(training: TrainingVerdict) -> str:
    tail = f"median tail loss {number(training.tail_loss, 3)} nat"
    if not isfinite(training.tail_loss):
        return tail
    if training.reference_loss == 0:
        return f"{tail}, where half of the tails or more hold a single class, which costs guessing nothing"
    ratio = training.tail_loss / training.reference_loss
    return f"{tail}, {number(ratio)} of what a constant prediction costs at least"


def _escapes(training: TrainingVerdict) -> str:
    if training.first_escape is None:
        return ""
    whose = "" if training.escaped == training.seeds else f"{training.escaped} "
    first, last = setting(training.first_escape), setting(training.last_escape)
    when = f"at step {first}" if first == last else f"at steps {first} to {last}"
    back = f", of which {training.returned} did not stay below it" if training.returned else ""
    return f"; {whose}left the plateau {when}{back}"
