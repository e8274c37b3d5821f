"""The gate between the checks of an activation and init and all that rests on them.

A cell is computed only where every promise was kept, no comparison of gradients failed by either method, and every kind
of parameter was seen to be right in some network: a check that saw nothing is no reason to go on.

This module reads what the checks wrote; it checks nothing itself.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from depthsounder.elements.axes import Cell, Design
from depthsounder.process.commands import Refusal
from depthsounder.process.text import in_words
from depthsounder.storage.schemas import GRADIENT_CHECK
from depthsounder.storage.tables import read_table

Point = TypeVar("Point", Cell, Design)

CONTRACT, COMPLEX_STEP, CENTRAL_DIFFERENCE = "contract", "complex_step", "central_difference"
"""The column `method`: a promise of a record, and the two ways to check a gradient."""

Row = Mapping[str, Any]
"""A row of the gradient_check table."""


class WrongCheck(Refusal):
    """A job was given the check of something else."""


class NothingLeft(Refusal):
    """No cell of a sweep may be computed."""


@dataclass(frozen=True)
class RefusedCells:
    """A combination of records whose cells are not computed, and why, in sentences."""

    design: Design
    reason: str


def check_schema() -> pa.Schema:
    """Return the schema of a part of the gradient_check table, whose design stands in its path."""
    return pa.schema([field for field in GRADIENT_CHECK if field.name not in Design._fields])


def refused(path: Path, design: Design) -> str | None:
    """Return why the cells of a design must not be computed, or None if they may be.

    Parameters
    ----------
    path
        Their part of the gradient_check table.

    Raises
    ------
    WrongCheck
        If the file is the check of something else, or none.
    """
    table = read_table(path)
    noted = (table.schema.metadata or {}).get(b"checked")
    if noted is None:
        raise WrongCheck(f"{path}: found a table that is no gradient check; allowed: that of {in_words(design)}")
    checked = Design(**json.loads(noted))
    if checked != design:
        raise WrongCheck(
            f"{path}: found the check of {in_words(checked)}; allowed: that of {in_words(design)}, on which this job "
            "rests"
        )
    return refusal_reason(table.to_pylist())


def read_refusals(path: Path) -> list[RefusedCells]:
    """Return what the gradient_check table of a run refuses, in its order."""
    rows = read_table(path).to_pylist()
    groups = groupby(rows, key=lambda row: Design(*(row[name] for name in Design._fields)))
    reasons = [(design, refusal_reason(list(of_design))) for design, of_design in groups]
    return [RefusedCells(design, reason) for design, reason in reasons if reason is not None]


def standing(cells: Iterable[Point], refusals: Iterable[RefusedCells]) -> list[Point]:
    """Return the cells that are not refused, in their order.

    Parameters
    ----------
    cells
        Cells, or designs.

    Raises
    ------
    NothingLeft
        If all of them are refused.
    """
    reasons = {refusal.design: refusal.reason for refusal in refusals}
    cells = list(cells)
    left = [cell for cell in cells if _design(cell) not in reasons]
    if not left:
        first = _design(cells[0])
        raise NothingLeft(
            "Every activation of this sweep is refused, and nothing is left to report. "
            f"{in_words(first)}: {reasons[first]}"
        )
    return left


def _design(point: Cell | Design) -> Design:
    return point.design if isinstance(point, Cell) else point


def refusal_reason(rows: Sequence[Row]) -> str | None:
    """Return why the cells of a design are refused, or None.

    Parameters
    ----------
    rows
        All rows of that design.
    """
    broken = [row["found"] for row in rows if row["method"] == CONTRACT and row["verdict"] == "failed"]
    if broken:
        return " ".join(broken)
    gradients = [row for row in rows if row["method"] != CONTRACT]
    failures = [row for row in gradients if row["verdict"] == "failed"]
    if failures:
        return _failed(failures)
    return _never_seen(gradients)


def _failed(failures: list[Row]) -> str:
    """Return the first failure in words: that of the complex step, where it has one."""
    first = min(failures, key=lambda row: row["method"] != COMPLEX_STEP)
    against = {COMPLEX_STEP: "the complex step", CENTRAL_DIFFERENCE: "central differences"}[first["method"]]
    _, layer = _letter_and_layer(first)
    return (
        f"The gradient of {first['parameter']} (layer {layer}) of a network of depth {first['depth']} has relative "
        f"error {first['relative_error']:.2g} against {against}, where rounding explains "
        f"{first['noise_floor']:.1g}; {len(failures)} comparisons failed."
    )


def _never_seen(gradients: list[Row]) -> str | None:
    """Return which kinds of parameters no network has shown to be right, in words, or None if there are none."""
    gating = COMPLEX_STEP if any(row["method"] == COMPLEX_STEP for row in gradients) else CENTRAL_DIFFERENCE
    comparisons = [row for row in gradients if row["method"] == gating]
    # Every network has weights and biases; of gains and shifts only those must be seen that there are.
    kinds = dict.fromkeys([*_KINDS, *map(_kind, comparisons)])
    seen = {_kind(row) for row in comparisons if row["verdict"] == "passed"}
    unseen = [kind for kind in kinds if kind not in seen]
    if not unseen:
        return None
    depths = ", ".join(str(depth) for depth in sorted({row["depth"] for row in comparisons})) or "any"
    return (
        f"No comparison of the {' and of the '.join(unseen)} could see anything at depth {depths}: derivatives are "
        "exactly 0, or rounding hides them. A depth of 1 among gradient_check.depths may show them."
    )


_KINDS = [f"{what} of the {where}" for where in ("hidden layers", "readout") for what in ("weights", "biases")]


_CALLED = {"W": "weights", "b": "biases", "gamma": "gains", "beta": "shifts"}


def _kind(row: Row) -> str:
    """Return what a parameter tensor is, of a hidden layer or of the readout."""
    letter, layer = _letter_and_layer(row)
    return f"{_CALLED[letter]} of the {'readout' if layer > row['depth'] else 'hidden layers'}"


def _letter_and_layer(row: Row) -> tuple[str, int]:
    name = row["parameter"].rstrip("0123456789")
    return name, int(row["parameter"].removeprefix(name))
