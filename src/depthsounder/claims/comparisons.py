"""Two inits side by side, depth by depth: the words of their verdicts, and what the family of tests found."""

from dataclasses import dataclass, replace

import numpy as np

from depthsounder.claims.evidence import Evidence
from depthsounder.process.text import number
from depthsounder.storage.frames import rows_of
from depthsounder.storage.schemas import CELL_KEYS

RANKS = {"diverged": 0, "stalled": 1, "mixed": 2, "partial": 3, "trains": 4}
"""The training verdicts, worst first."""

LEARNED = ("partial", "trains")
"""The training verdicts of success. A mixed cell counts as neither: some of its networks learned, others did not."""

STALL_OR_DEATH = "Whether a stall is a death, config/plateau.yaml tells: such networks, trained for 10,000 updates."
"""The closing words of every judgement that counts stalls as failures."""

COMPARED = {
    "verdicts": (*CELL_KEYS, "signal_verdict", "training_verdict", "delta_ratio", "tail_loss", "successes", "seeds")
}
"""What `outcomes` and `pairs` read."""

_RATIO = ("tail_ratio", "tail_ratio_low", "tail_ratio_high")
FAMILY = {"comparisons": (*CELL_KEYS, "against", "in_family", "finding", "p_holm", "seeds", *_RATIO)}
"""What `findings` reads."""


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
        """The training verdict as a number, 0 to 4."""
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
        for depth, cell in zip(cells.index, rows_of(cells), strict=True)
    }


def pairs(evidence: Evidence, activation: str, first: str, second: str) -> dict[int, tuple[Outcome, Outcome]]:
    """Return the outcomes of two inits at the depths that have both, ascending."""
    ones, others = outcomes(evidence, activation, first), outcomes(evidence, activation, second)
    return {depth: (one, others[depth]) for depth, one in ones.items() if depth in others}


@dataclass(frozen=True)
class Test:
    """What a test of the family found on the tail losses of two inits.

    Attributes
    ----------
    finding
        lower, higher, not told apart or one law: of the first init's tail losses.
    ratio, low, high
        The first init's tail loss over the other's, by Hodges and Lehmann, and the test's own 95 % interval; NaN where
        there is none.
    p_holm
        Adjusted over the family; NaN for one law.
    seeds
        Networks of each init.
    """

    finding: str
    ratio: float
    low: float
    high: float
    p_holm: float
    seeds: int

    def __str__(self) -> str:
        if np.isnan(self.ratio):
            return self.finding
        is_open = ", open where a network diverged" if self.low == 0.0 or np.isinf(self.high) else ""
        interval = "" if np.isnan(self.low) else f" (95 %: {number(self.low, 2)} to {number(self.high, 2)}{is_open})"
        p = (
            ""
            if np.isnan(self.p_holm)
            else f", Holm's p = {number(self.p_holm, 2)} from {self.seeds} {'seed' if self.seeds == 1 else 'seeds'}"
        )
        return f"{self.finding}, {number(self.ratio, 2)} times by Hodges and Lehmann{interval}{p}"


def findings(evidence: Evidence, activation: str, init: str, against: str) -> dict[int, Test]:
    """Return by depth what the run's one family of tests found on a pair of inits, for the depths that it names."""
    family = evidence.comparisons[evidence.comparisons["in_family"].eq(True)]
    found = {}
    for row in rows_of(family[family["activation"] == activation]):
        ratio, low, high = (float(row[name]) for name in _RATIO)
        test = Test(str(row["finding"]), ratio, low, high, p_holm=float(row["p_holm"]), seeds=int(row["seeds"]))
        if (row["init"], row["against"]) == (init, against):
            found[int(row["depth"])] = test
        elif (row["against"], row["init"]) == (init, against):
            found[int(row["depth"])] = _turned(test)
    return found


def _turned(test: Test) -> Test:
    """Return what a test found, of the other init's tail losses."""
    turned = {"lower": "higher", "higher": "lower"}
    with np.errstate(divide="ignore"):
        ratio, low, high = (float(1.0 / np.float64(value)) for value in (test.ratio, test.high, test.low))
    return replace(test, finding=turned.get(test.finding, test.finding), ratio=ratio, low=low, high=high)
