"""Finished runs as cells of which theory foretold whether they fail.

This module gathers; the rule and its accuracy are `foretelling`'s.
"""

from collections.abc import Iterable
from math import sqrt
from pathlib import Path

import pyarrow.compute as pc

from depthsounder.config import load_resolved
from depthsounder.data.dataset import load_dataset
from depthsounder.elements.axes import Design
from depthsounder.judging.foretelling import Foretold, accuracy, by_run
from depthsounder.process.text import count, in_words, number, percent
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.storage.tables import read_table


def foretold_cells(folder: Path) -> list[Foretold]:
    """Return the cells of a run that were trained, for which there is theory, and whose D is more than its definition.

    Parameters
    ----------
    folder
        With config.json, data.npz and the tables `theory` and `verdicts`.
    """
    config = load_resolved(folder / "config.json")
    n_inputs = load_dataset(folder / "data.npz").n_inputs
    theory = read_table(folder / "theory.parquet", [*CELL_KEYS, "layer", "delta_second_moment_ratio"])
    first = theory.filter(pc.equal(theory["layer"], 1)).to_pylist()
    ratios = {tuple(row[key] for key in CELL_KEYS): row["delta_second_moment_ratio"] for row in first}
    cells = []
    for row in read_table(folder / "verdicts.parquet", [*CELL_KEYS, "training_verdict"]).to_pylist():
        keys = {key: row[key] for key in CELL_KEYS}
        ratio = ratios.get(tuple(keys.values()))
        if row["depth"] > 1 and row["training_verdict"] is not None and ratio is not None:
            known = {"delta_ratio": sqrt(ratio), "training_verdict": row["training_verdict"]}
            cells.append(Foretold(config.run, n_inputs, config.width, config.training.steps, **keys, **known))
    return cells


def accuracy_lines(cells: Iterable[Foretold]) -> list[str]:
    """Return the rule's accuracy on each run, and a line for each cell that it has wrong."""
    lines = []
    for run, members in by_run(cells).items():
        found = accuracy(members)
        shares = (
            f"{found.failed_foretold} of {found.failed} failures and {found.others_foretold} of {found.others} others"
        )
        balanced = "" if found.balanced is None else f": a balanced accuracy of {percent(found.balanced)}"
        lines.append(f"{run}: foretold {shares} of {count(len(members), 'cell')}{balanced}")
        lines += [f"  missed: {miss(cell)}" for cell in members if missed(cell)]
    return lines


def missed(cell: Foretold) -> bool:
    """Tell whether the rule has a cell wrong."""
    return cell.failed != cell.foretold


def miss(cell: Foretold) -> str:
    """Return a cell that the rule has wrong in words: its name, the D that theory predicts, and its verdict."""
    name = in_words(Design(cell.architecture, cell.activation, cell.init))
    return f"{name} at depth {cell.depth}, D {number(cell.delta_ratio)}, {cell.training_verdict}"
