"""What became of each activation and initialization over the depths: the sentences behind the headline figure.

Failure is `stalled` or `diverged`; `mixed`, where some networks learn and others do not, and `partial`, where nearly
all learn but slowly, are kept apart.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from depthsounder.elements.axes import Design
from depthsounder.judging.equal_inits import draw_of
from depthsounder.judging.verdicts import FAILURES
from depthsounder.storage.frames import designs_of, matching, rows_of
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import Run

HALF_WAY = 0.5
"""A share of the loss of guessing: a partial cell whose median tail loss is at most this is *slow*, another *barely*.

Their tails run from just above what counts as trained to just below guessing, and one word for both would hide which.
"""


def shade(cell: Mapping[str, Any]) -> str:
    """Return a cell's training verdict, where that is partial as *slow* or *barely*.

    Parameters
    ----------
    cell
        Has training_verdict, tail_loss and reference_loss.
    """
    if cell["training_verdict"] != "partial":
        return str(cell["training_verdict"])
    return "slow" if cell["tail_loss"] <= HALF_WAY * cell["reference_loss"] else "barely"


def shades(cells: pd.DataFrame) -> pd.Series:
    """Return the `shade` of each row of the verdicts table."""
    found = [shade(cell) for cell in rows_of(cells[["training_verdict", "tail_loss", "reference_loss"]])]
    return pd.Series(found, index=cells.index, dtype=object)


def repeated_laws(run: Run) -> dict[Design, str]:
    """Return each design whose law an earlier initialization has already, with that earlier one's name."""
    return {
        Design(*model, init): first
        for model, groups in run.laws.items()
        for first, *others in groups
        for init in others
    }


def of_distinct_laws(table: pd.DataFrame, repeated: dict[Design, str]) -> str:
    """Return what stands behind the number of a table's rows: how many of them are no repetition of another's law.

    Parameters
    ----------
    table
        Has the columns of `Design`.
    repeated
        From `repeated_laws`.
    """
    distinct = sum(design not in repeated for design in designs_of(table))
    return f", {distinct:,} of them distinct laws" if distinct < len(table) else ""


def uncopied(table: pd.DataFrame, repeated: dict[Design, str]) -> str:
    """Say in brackets how many rows are no exact copy or rescaling of another before training; empty if none is one.

    Parameters
    ----------
    table
        Cells, or has at least the columns of `Design`.
    repeated
        From `repeated_laws`.
    """
    keys = [name for name in CELL_KEYS if name in table]
    cells = [(row.get("depth"), Design.of(row)) for row in rows_of(table[keys])]
    alone = len({(depth, draw_of(design)) for depth, design in cells if design not in repeated})
    return f" ({alone:,} that are no exact copy or rescaling of another)" if alone < len(table) else ""


def outcomes(run: Run) -> pd.DataFrame:
    """Return one row for each design of the sweep.

    Returns
    -------
    pandas.DataFrame
        The columns of `Design`; outcome (a training verdict: that at the first depth that fails, or else the worst);
        depth (the first that fails, else the first that is mixed, else the first that is partial, else the deepest that
        trains); shade (of that depth's cell); deepest_training (null if none trains); failing_depths, mixed_depths and
        partial_depths, as lists; recovers (whether a deeper one than the first failure does not fail); same_law_as
        (the earlier init that is the same law, null if none is).
    """
    repeated = repeated_laws(run)
    rows = []
    for design in (Design(*model, init) for model in run.models for init in run.inits):
        cells = matching(run.verdicts, design)
        if len(cells):
            same = {"same_law_as": repeated.get(design)}
            rows.append({**design._asdict(), **_outcome(cells.sort_values("depth")), **same})
    return pd.DataFrame(rows)


def _outcome(cells: pd.DataFrame) -> dict[str, object]:
    by_depth = dict(zip((int(depth) for depth in cells["depth"]), cells["training_verdict"], strict=True))
    failing = [depth for depth, verdict in by_depth.items() if verdict in FAILURES]
    mixed, partial, trained = (
        [depth for depth, verdict in by_depth.items() if verdict == word] for word in ("mixed", "partial", "trains")
    )
    first = next((found[0] for found in (failing, mixed, partial) if found), max(by_depth))
    return {
        "outcome": by_depth[first],
        "shade": shade(rows_of(cells[cells["depth"] == first])[0]),
        "depth": first,
        "deepest_training": max(trained, default=None),
        "failing_depths": failing,
        "mixed_depths": mixed,
        "partial_depths": partial,
        "recovers": bool(failing) and any(depth > failing[0] and depth not in failing for depth in by_depth),
    }
