"""The rule by which theory alone says whether a cell fails in training, and how often it was right.

This module knows predicted D's and training verdicts; where D comes from is `theory.error_growth`.
"""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from depthsounder.judging.thresholds import Thresholds, signal_word
from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import setting


def foretells_failure(delta_ratio: float, thresholds: Thresholds) -> bool:
    """Tell whether a cell will fail, from D as theory has it: whether it lies outside the bounds of a healthy signal.

    An error that is lost, or that outgrows all others, on its way to the first layer leaves no rate at which all layers
    learn. Where q overflows or collapses D does, too, or its layers pass errors on all the same.
    """
    return signal_word(delta_ratio, thresholds) != "healthy"


def rule_in_words(thresholds: Thresholds) -> str:
    """Return the rule in a sentence."""
    bounds = f"{setting(thresholds.vanishing_ratio)} to {setting(thresholds.exploding_ratio)}"
    return f"a network fails, that is it stalls or diverges, if the D that theory predicts lies outside {bounds}"


@dataclass(frozen=True)
class Foretold:
    """A trained cell of two hidden layers or more, with the D that theory predicts for an input of norm 1 per unit."""

    run: str
    n_inputs: int
    width: int
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


def accuracy(cells: Iterable[Foretold], thresholds: Thresholds) -> Accuracy:
    """Return how often the rule was right about cells."""
    cells = list(cells)
    return Accuracy.of(
        [cell.failed for cell in cells], [foretells_failure(cell.delta_ratio, thresholds) for cell in cells]
    )


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


_TYPES: dict[str, Callable[[str], Any]] = {"n_inputs": int, "width": int, "depth": int, "delta_ratio": float}
