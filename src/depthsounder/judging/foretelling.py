"""The rule by which theory alone says whether a cell fails in training, and how often it was right.

This module knows predicted D's and training verdicts; where D comes from is `theory.error_growth`.
"""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import count, setting

_LEAST_STEPS = 3.0
"""What the steps of the layer whose errors are smallest have to add up to, in steps of that whose are largest."""


def bounds(steps: int) -> tuple[float, float]:
    """Return the D's between which a network learns in a number of steps: from 3/steps to steps/3.

    A rate that suits the layer with the largest errors is too small at the other end of the network by the factor D.
    The steps there add up to `steps` D, in units of those of the first: too few of them, and that end has not learned.
    """
    return _LEAST_STEPS / steps, steps / _LEAST_STEPS


def foretells_failure(delta_ratio: float, steps: int) -> bool:
    """Tell whether a cell will fail within a number of steps, from D as theory has it: whether it leaves the bounds.

    Where q overflows or collapses D does, too, or its layers pass errors on all the same.
    """
    least, most = bounds(steps)
    return not least <= delta_ratio <= most


def range_in_words(steps: int) -> str:
    """Return the bounds with two digits."""
    least, most = (setting(float(f"{bound:.2g}")) for bound in bounds(steps))
    return f"{least} to {most}"


def rule_in_words(steps: int) -> str:
    """Return the rule in a sentence."""
    return (
        "a network fails, that is it stalls or diverges, if the D that theory predicts lies outside "
        f"3/steps to steps/3: {range_in_words(steps)} for {count(steps, 'step')}"
    )


@dataclass(frozen=True)
class Foretold:
    """A trained cell of two hidden layers or more, with the D that theory predicts for an input of norm 1 per unit."""

    run: str
    n_inputs: int
    width: int
    steps: int
    depth: int
    architecture: str
    activation: str
    init: str
    delta_ratio: float
    training_verdict: str

    @property
    def failed(self) -> bool:
        """Whether training failed."""
        return self.training_verdict in FAILURES

    @property
    def foretold(self) -> bool:
        """Whether the rule has it that training fails."""
        return foretells_failure(self.delta_ratio, self.steps)


@dataclass(frozen=True)
class Accuracy:
    """How many cells failed and how many of these were foretold, and the same of those that did not fail."""

    failed: int
    failed_foretold: int
    others: int
    others_foretold: int

    @classmethod
    def of(cls, failed: Sequence[bool], foretold: Sequence[bool]) -> "Accuracy":
        """Count cells by what was foretold of them and what became of them."""
        pairs = list(zip(failed, foretold, strict=True))
        return cls(sum(failed), pairs.count((True, True)), len(pairs) - sum(failed), pairs.count((False, False)))

    @property
    def balanced(self) -> float | None:
        """The mean of the two shares that were foretold; None where all cells failed, or none."""
        if not self.failed or not self.others:
            return None
        return (self.failed_foretold / self.failed + self.others_foretold / self.others) / 2.0

    @property
    def missed(self) -> int:
        """How many cells the rule has wrong."""
        return self.failed + self.others - self.failed_foretold - self.others_foretold


def accuracy(cells: Iterable[Foretold]) -> Accuracy:
    """Return how often the rule was right about cells."""
    cells = list(cells)
    return Accuracy.of([cell.failed for cell in cells], [cell.foretold for cell in cells])


def by_run(cells: Iterable[Foretold]) -> dict[str, list[Foretold]]:
    """Return the cells of each run, in the order in which the runs come."""
    runs: dict[str, list[Foretold]] = {}
    for cell in cells:
        runs.setdefault(cell.run, []).append(cell)
    return runs


def write_record(path: Path, cells: Iterable[Foretold]) -> None:
    """Write cells as a table, D with six digits."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(field.name for field in fields(Foretold))
        writer.writerows(
            [f"{value:.6g}" if isinstance(value, float) else value for value in astuple(cell)] for cell in cells
        )


def read_record(path: Path) -> list[Foretold]:
    """Return the cells of a table that `write_record` wrote."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [Foretold(**{name: _TYPES.get(name, str)(text) for name, text in row.items()}) for row in rows]


_TYPES: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("n_inputs", "width", "steps", "depth"), int),
    "delta_ratio": float,
}
