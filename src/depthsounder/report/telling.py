"""The two cells on which the explorer opens: the deepest that trains, beside one of the same activation that fails."""

from math import inf, isfinite, log
from typing import Any

from depthsounder.elements.axes import Design
from depthsounder.figures.style import label
from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import in_words, number
from depthsounder.report.links import cell_key
from depthsounder.storage.frames import cell_of, rows_of
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import Run

_WORDS = {"healthy": "arrives", "vanishing": "dies on its way", "exploding": "explodes"}

_Row = dict[str, Any]


def telling_cells(run: Run) -> list[_Row]:
    """Return the rows of the verdicts of one or two cells that say most beside one another.

    The first is the deepest cell that trains. The second fails with the same activation in the same architecture, at
    the same depth if there is one, and has the D that is farthest from 1. Where nothing trains or nothing fails, it is
    the deepest cell alone.
    """
    rows = rows_of(run.verdicts)
    failing = [row for row in rows if row["training_verdict"] in FAILURES]
    trained = [row for row in rows if row["training_verdict"] == "trains"]
    pairs = [(row, other) for row in trained for other in failing if _model(row) == _model(other)]
    if not pairs:
        return [max(rows, key=lambda row: row["depth"])] if rows else []
    # What linear networks compute, one layer could.
    first, _ = min(pairs, key=lambda pair: (-pair[0]["depth"], pair[0]["activation"] == "linear"))
    others = [other for row, other in pairs if row is first]
    return [first, max(others, key=lambda row: (row["depth"] == first["depth"], _distance(row["delta_ratio"])))]


def what_to_look_at(run: Run) -> str:
    """Say in a line what the two cells show; nothing where it is one."""
    cells = telling_cells(run)
    if len(cells) < 2:
        return ""
    said = [f"{in_words(Design.of(row), label)} at depth {row['depth']} {_fate(row)}" for row in cells]
    return f"Look at the lower row of boxes, the gradient on its way back: in {said[0]}; in {said[1]}."


def keys(cells: list[_Row]) -> list[str]:
    """Return the names of cells in the page's address."""
    return [cell_key(cell_of(row[name] for name in CELL_KEYS)) for row in cells]


def _fate(row: _Row) -> str:
    signal = _WORDS.get(row["signal_verdict"] or "", "has one layer")
    size = "" if row["signal_verdict"] is None else f" (D = {number(row['delta_ratio'])})"
    return f"it {signal}{size} and training {'succeeds' if row['training_verdict'] == 'trains' else 'fails'}"


def _model(row: _Row) -> tuple[str, str]:
    return row["architecture"], row["activation"]


def _distance(ratio: float | None) -> float:
    """Return how far D is from 1, in logarithms; one of 0 or ∞ shows no curve, and is the nearest."""
    return abs(log(ratio)) if ratio and isfinite(ratio) else -inf
