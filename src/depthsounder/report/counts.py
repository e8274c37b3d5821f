"""What is counted at the head of each section."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from depthsounder.elements.axes import Cell, Design
from depthsounder.figures import prediction
from depthsounder.figures.outcomes import shades
from depthsounder.figures.style import SHADES
from depthsounder.judging.verdicts import COLLAPSED
from depthsounder.process.text import setting
from depthsounder.storage.frames import cell_of
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.studies import Agreement, Finding
from depthsounder.sweep.runs import Run

MOST_LISTED = 200
"""Cells of a count that are named one by one; a wide sweep has its failure map."""


@dataclass(frozen=True)
class Count:
    """A number with its words, and the first of the cells that were counted, if it counts cells.

    `kind` chooses the color: a verdict's shade, or good, bad and neutral.
    """

    amount: int
    words: str
    kind: str = "neutral"
    cells: tuple[Cell, ...] = ()

    @property
    def groups(self) -> dict[Design, list[Cell]]:
        """The cells by their designs."""
        found: dict[Design, list[Cell]] = {}
        for cell in self.cells:
            found.setdefault(cell.design, []).append(cell)
        return found


def _of_cells(table: pd.DataFrame, chosen: "pd.Series[bool]", words: str, kind: str = "neutral") -> Count:
    rows = table.loc[chosen.astype(bool), CELL_KEYS].head(MOST_LISTED)
    cells = tuple(map(cell_of, rows.itertuples(index=False)))
    return Count(int(chosen.sum()), words, kind, cells)


def training_counts(run: Run) -> list[Count]:
    """Return how many cells have each training verdict, partial ones by how far they came."""
    shown = shades(run.verdicts)
    return [_of_cells(run.verdicts, shown == shade, shade, shade) for shade in SHADES]


def signal_counts(run: Run) -> list[Count]:
    """Return how many cells have each signal verdict, and how many are borderline."""
    found = run.verdicts["signal_verdict"]
    kinds = {"vanishing": "stalled", "exploding": "diverged", "healthy": "trains"}
    return [
        *(_of_cells(run.verdicts, found == verdict, verdict, kind) for verdict, kind in kinds.items()),
        _of_cells(run.verdicts, run.verdicts["signal_borderline"].eq(True), "borderline"),
    ]


def forward_counts(run: Run) -> list[Count]:
    """Return in how many cells inputs collapsed, and how many let q grow or shrink past the bounds of D.

    A silent first layer does neither of the latter.
    """
    low, high = run.config.verdicts.vanishing_ratio, run.config.verdicts.exploding_ratio
    deeper = run.verdicts[run.verdicts["depth"] > 1].dropna(subset=["forward_ratio"])
    shrunk, grown = deeper["forward_ratio"] < low, deeper["forward_ratio"] > high
    collapsed = run.verdicts["forward_verdict"] == COLLAPSED
    return [
        _of_cells(run.verdicts, collapsed, "cells: inputs collapse (they also count for q)", "stalled"),
        _of_cells(deeper, shrunk, f"cells: q shrinks to less than {setting(low)} of itself", "stalled"),
        _of_cells(deeper, grown, f"cells: q grows to more than {setting(high)} times itself", "diverged"),
        _of_cells(deeper, ~shrunk & ~grown, "cells: q stays within", "trains"),
    ]


def comparison_counts(run: Run) -> list[Count]:
    """Return what became of the comparisons that the config names, and how many pairs have effect sizes only."""
    found = run.comparisons.loc[run.comparisons["in_family"], "finding"].value_counts()
    kinds = {"lower": "good", "higher": "bad", "not told apart": "neutral", "one law": "neutral"}
    words = {"lower": "as named", "higher": "the other way round"}
    named = [Count(int(found.get(finding, 0)), words.get(finding, finding), kind) for finding, kind in kinds.items()]
    return [*named, Count(int((~run.comparisons["in_family"]).sum()), "pairs without a test")]


def prediction_counts(run: Run) -> list[Count]:
    """Return in how many cells theory and measurement agree on the signal."""
    table = prediction.rows(run)
    known = table["predicted_verdict"].notna()
    agree = known & (table["predicted_verdict"] == table["signal_verdict"])
    return [
        _of_cells(table, agree, "predicted", "good"),
        _of_cells(table, known & ~agree, "predicted otherwise", "bad"),
        _of_cells(table, ~known, "without prediction"),
    ]


def claim_counts(run: Run) -> list[Count]:
    """Return how many claims have each verdict."""
    return _by_verdict(run.claims, {"confirmed": "good", "conditional": "partial", "refuted": "bad"}, "inconclusive")


def check_counts(run: Run) -> list[Count]:
    """Return how many gradients passed, failed or could not be checked."""
    kinds = {"passed": "good", "failed": "bad", "blind": "partial"}
    return _by_verdict(run.compared_gradients, kinds, "skipped")


def finding_counts(findings: Sequence[Finding]) -> list[Count]:
    """Return in how many things a run shows what was published or expected."""
    found = Counter(finding.agreement for finding in findings)
    kinds: dict[Agreement, str] = {"agrees": "good", "differs": "bad", "open": "neutral"}
    return [Count(found[agreement], agreement, kind) for agreement, kind in kinds.items()]


def _by_verdict(table: pd.DataFrame, kinds: dict[str, str], last: str) -> list[Count]:
    found = table["verdict"].value_counts()
    return [Count(int(found.get(verdict, 0)), verdict, kind) for verdict, kind in {**kinds, last: "neutral"}.items()]
