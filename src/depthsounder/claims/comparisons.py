"""Two inits side by side, depth by depth: the words of their verdicts, and their losses on the same seeds."""

from dataclasses import dataclass

import pandas as pd
from scipy import stats

from depthsounder.claims.evidence import CELL, Evidence
from depthsounder.claims.wording import number
from depthsounder.comparing import evaluation_tails

RANKS = {"diverged": 0, "stalled": 1, "partial": 2, "trains": 3}
"""The training verdicts, worst first."""

COMPARED = {"verdicts": (*CELL, "signal_verdict", "training_verdict", "delta_ratio", "tail_loss", "successes", "seeds")}
"""What `outcomes` and `pairs` read."""

PAIRED = {"traces": (*CELL, "phase", "seed", "train_loss")}
"""What `lower_tails` reads."""

SIGNIFICANT = 0.01
"""Of the exact sign test over seeds: at least eight of them, all of one sign."""


@dataclass(frozen=True)
class Outcome:
    """What became of one cell.

    Attributes
    ----------
    signal
        The signal verdict; None at depth 1.
    training
        The training verdict.
    delta_ratio, tail_loss
        D, and the median tail loss in nats.
    share
        ``"9 of 10"`` seeds that train.
    """

    signal: str | None
    training: str
    delta_ratio: float
    tail_loss: float
    share: str

    @property
    def rank(self) -> int:
        """The training verdict as a number, 0 to 3."""
        return RANKS[self.training]

    def __str__(self) -> str:
        signal = "" if self.signal is None else f"signal {self.signal} (D = {number(self.delta_ratio, 2)}), "
        return f"{signal}{self.training} ({self.share} seeds train)"


def outcomes(evidence: Evidence, activation: str, init: str) -> dict[int, Outcome]:
    """Return what became of an activation and init at each depth, ascending."""
    cells = evidence.by_depth(activation, init)
    return {
        int(depth): Outcome(
            signal=cell["signal_verdict"] if isinstance(cell["signal_verdict"], str) else None,
            training=cell["training_verdict"],
            delta_ratio=float(cell["delta_ratio"]),
            tail_loss=float(cell["tail_loss"]),
            share=f"{cell['successes']} of {cell['seeds']}",
        )
        for depth, cell in zip(cells.index, cells.to_dict("records"), strict=True)
    }


def pairs(evidence: Evidence, activation: str, first: str, second: str) -> dict[int, tuple[Outcome, Outcome]]:
    """Return the outcomes of two inits at the depths that have both, ascending."""
    ones, others = outcomes(evidence, activation, first), outcomes(evidence, activation, second)
    return {depth: (one, others[depth]) for depth, one in ones.items() if depth in others}


def _tails(evidence: Evidence, activation: str, init: str) -> pd.Series:
    """Return the tail loss of each evaluated network of an activation and init, by depth and seed."""
    traces, settings = evidence.traces, evidence.settings
    chosen = traces[(traces["activation"] == activation) & (traces["init"] == init)]
    return evaluation_tails(chosen, settings.steps, settings.thresholds.tail_steps).droplevel(["activation", "init"])


@dataclass(frozen=True)
class Sign:
    """How often one of two inits has the lower tail loss, on seeds that share weights' draws and batches.

    Attributes
    ----------
    lower, higher
        Numbers of seeds; equal losses count as neither.
    """

    lower: int
    higher: int

    @property
    def significant(self) -> bool:
        """Whether the exact two-sided sign test tells the two inits apart."""
        untied = self.lower + self.higher
        return untied > 0 and bool(stats.binomtest(self.lower, untied).pvalue < SIGNIFICANT)


def lower_tails(evidence: Evidence, activation: str, first: str, second: str) -> dict[int, Sign]:
    """Compare the tail losses of two inits seed by seed, at every depth that has both."""
    both = pd.DataFrame(
        {"one": _tails(evidence, activation, first), "other": _tails(evidence, activation, second)}
    ).dropna()
    lower, higher = both["one"] < both["other"], both["one"] > both["other"]
    depths = both.index.get_level_values(0)
    return {
        int(depth): Sign(int(lower[depths == depth].sum()), int(higher[depths == depth].sum()))
        for depth in sorted(depths.unique())
    }
