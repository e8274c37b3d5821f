"""Two inits side by side, depth by depth: the words of their verdicts, and what the family of tests found."""

from dataclasses import dataclass

from depthsounder.claims.evidence import CELL, Evidence
from depthsounder.claims.wording import number

RANKS = {"diverged": 0, "stalled": 1, "mixed": 2, "partial": 3, "trains": 4}
"""The training verdicts, worst first."""

FAILED = ("diverged", "stalled")
LEARNED = ("partial", "trains")
"""Neither: of a mixed cell some networks learned and others did not."""

COMPARED = {"verdicts": (*CELL, "signal_verdict", "training_verdict", "delta_ratio", "tail_loss", "successes", "seeds")}
"""What `outcomes` and `pairs` read."""

FAMILY = {"comparisons": (*CELL, "against", "in_family", "finding")}
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
        for depth, cell in zip(cells.index, cells.to_dict("records"), strict=True)
    }


def pairs(evidence: Evidence, activation: str, first: str, second: str) -> dict[int, tuple[Outcome, Outcome]]:
    """Return the outcomes of two inits at the depths that have both, ascending."""
    ones, others = outcomes(evidence, activation, first), outcomes(evidence, activation, second)
    return {depth: (one, others[depth]) for depth, one in ones.items() if depth in others}


def findings(evidence: Evidence, activation: str, init: str, against: str) -> dict[int, str]:
    """Return by depth what the run's one family of tests found on a pair of inits, for the depths that it names.

    Returns
    -------
    dict
        lower, higher, not told apart or one law: of the tail loss with `init`, against the other.
    """
    family = evidence.comparisons[evidence.comparisons["in_family"].eq(True)]
    turned = {"lower": "higher", "higher": "lower"}
    found = {}
    for row in family[family["activation"] == activation].to_dict("records"):
        if (row["init"], row["against"]) == (init, against):
            found[int(row["depth"])] = str(row["finding"])
        elif (row["against"], row["init"]) == (init, against):
            found[int(row["depth"])] = turned.get(str(row["finding"]), str(row["finding"]))
    return found
