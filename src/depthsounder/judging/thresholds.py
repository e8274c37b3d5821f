"""The thresholds of the verdicts, as plain numbers; the config's section `verdicts` says where each comes from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """Where one word ends and the next begins.

    Attributes
    ----------
    exploding_ratio, vanishing_ratio
        Bounds of D between which a signal is healthy.
    collapsed_share
        The share of q that must differ between inputs.
    trains_loss, stalled_loss
        Tail losses, as multiples of the least that a constant prediction costs on the same batches.
    plateau_loss, diverged_loss
        Tail losses, as multiples of what guessing by the class frequencies costs.
    trains_share
        The share of seeds that must train.
    tail_steps
        The number of last batch losses whose mean is the tail loss, and of those whose mean tells an escape.
    """

    exploding_ratio: float
    vanishing_ratio: float
    collapsed_share: float
    trains_loss: float
    trains_share: float
    stalled_loss: float
    plateau_loss: float
    diverged_loss: float
    tail_steps: int


def signal_word(delta_ratio: float, thresholds: Thresholds) -> str:
    """Return the word for D."""
    if delta_ratio > thresholds.exploding_ratio:
        return "exploding"
    return "vanishing" if delta_ratio < thresholds.vanishing_ratio else "healthy"
