"""What changed from one run to another: verdicts that flipped, and effect sizes that left their intervals.

A run is known here by four files of its results folder, which are also what a baseline keeps: config, verdicts,
comparisons and claims. This module compares; it judges nothing anew.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from depthsounder.elements.architectures import PLAIN
from depthsounder.elements.axes import Design
from depthsounder.process.text import names_of, number
from depthsounder.storage.frames import rows_of
from depthsounder.storage.replacing import replacing
from depthsounder.storage.schemas import BASELINE_FILES, CELL_KEYS
from depthsounder.storage.tables import read_table

_WORDS = ("training_verdict", "signal_verdict")
_INTERVALS = {
    "delta_ratio": ("delta_ratio_low", "delta_ratio_high"),
    "success_rate": ("success_rate_low", "success_rate_high"),
}
_TAIL_RATIO = ("tail_ratio_low", "tail_ratio_high")


def finished_runs(results: Path) -> list[str]:
    """Return the names of the runs in a folder of results that can be compared, in their order."""
    return sorted(run.name for run in results.glob("*") if all((run / name).exists() for name in BASELINE_FILES))


@dataclass(frozen=True)
class Snapshot:
    """A run, as far as runs are compared: its resolved config and three of its tables."""

    config: dict[str, Any]
    verdicts: pd.DataFrame
    comparisons: pd.DataFrame
    claims: pd.DataFrame


@dataclass(frozen=True)
class Change:
    """Something that is not as it was.

    Attributes
    ----------
    subject
        A cell such as ``"tanh, glorot_normal, depth 20"``, a comparison, or a claim.
    quantity
        A column's name.
    before, after
        Its two values; of an effect size, with the interval that the later value left.
    """

    subject: str
    quantity: str
    before: str
    after: str


@dataclass(frozen=True)
class Changes:
    """All that changed.

    Attributes
    ----------
    settings
        The keys of the config that differ, but for the run's name.
    common, gone, new
        The numbers of cells that both runs have, that only the earlier one has, and that only the later one has.
    flipped, moved
        Verdicts of cells or claims that differ, and effect sizes that left the earlier run's interval.
    """

    settings: list[Change]
    common: int
    gone: int
    new: int
    flipped: list[Change]
    moved: list[Change]


def load_snapshot(folder: Path) -> Snapshot:
    """Read a results folder, or a baseline.

    Raises
    ------
    OSError
        If a file is missing or damaged; the message names it.
    """
    tables = {
        name: read_table(folder / f"{name}.parquet").to_pandas() for name in ("verdicts", "comparisons", "claims")
    }
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return _with_architecture(Snapshot(config, **tables))


def _with_architecture(snapshot: Snapshot) -> Snapshot:
    """Return a run as it is written today: there was a time when all networks were plain, and nothing said so."""
    if "architectures" in snapshot.config:
        return snapshot
    said = {"architecture": PLAIN.name}
    compared = [said | comparison for comparison in snapshot.config["comparisons"]]
    return Snapshot(
        config=snapshot.config | {"architectures": [PLAIN.name], "comparisons": compared},
        verdicts=snapshot.verdicts.assign(**said),
        comparisons=snapshot.comparisons.assign(**said),
        claims=snapshot.claims,
    )


def save_baseline(results: Path, baseline: Path) -> None:
    """Keep what a later run is compared with."""
    load_snapshot(results)
    for name in BASELINE_FILES:
        with replacing(baseline / name) as temporary:
            shutil.copyfile(results / name, temporary)


def compare_runs(before: Snapshot, after: Snapshot) -> Changes:
    """Return what changed from an earlier run to a later one, in the cells, comparisons and claims that both have."""
    cells = before.verdicts.merge(after.verdicts, on=CELL_KEYS, suffixes=("_before", "_after"))
    pairs = before.comparisons.merge(after.comparisons, on=[*CELL_KEYS, "against"], suffixes=("_before", "_after"))
    claims = before.claims.merge(after.claims, on="claim", suffixes=("_before", "_after"))
    flipped = [change for row in rows_of(cells) for name in _WORDS for change in _word(_cell(row), row, name)]
    flipped += [change for row in rows_of(claims) for change in _word(f"claim {row['claim']}", row, "verdict")]
    moved = [
        change
        for row in rows_of(cells)
        for name, ends in _INTERVALS.items()
        for change in _size(_cell(row), row, name, ends)
    ]
    moved += [
        change
        for row in rows_of(pairs)
        for change in _size(f"{_cell(row)}, against {row['against']}", row, "tail_ratio", _TAIL_RATIO)
    ]
    return Changes(
        settings=_settings(before.config, after.config),
        common=len(cells),
        gone=len(before.verdicts) - len(cells),
        new=len(after.verdicts) - len(cells),
        flipped=flipped,
        moved=moved,
    )


def _cell(row: dict[str, Any]) -> str:
    return f"{names_of(Design.of(row))}, depth {row['depth']}"


def _word(subject: str, row: dict[str, Any], name: str) -> list[Change]:
    before, after = (row[f"{name}_{when}"] for when in ("before", "after"))
    if before == after or (pd.isna(before) and pd.isna(after)):
        return []
    return [Change(subject, name, str(before), str(after))]


def _size(subject: str, row: dict[str, Any], name: str, ends: tuple[str, str]) -> list[Change]:
    before, after = (row[f"{name}_{when}"] for when in ("before", "after"))
    low, high = (row[f"{end}_before"] for end in ends)
    if pd.isna([before, after, low, high]).any() or low <= after <= high:
        return []
    was, least, most, is_now = (number(value, 3) for value in (before, low, high, after))
    return [Change(subject, name, f"{was} ({least} to {most})", is_now)]


def _settings(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    first, second = _flat(before), _flat(after)
    return [
        Change("config", key, str(first.get(key, "not set")), str(second.get(key, "not set")))
        for key in sorted({*first, *second} - {"run"})
        if first.get(key) != second.get(key)
    ]


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
