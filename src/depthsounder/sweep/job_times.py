"""How long the jobs of a run took, from the files in which Snakemake measures each.

This module reads times; what they are compared with is the reader's.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class JobTime:
    """A job's rule, its file below the rule's folder of times, and its wall and CPU time in seconds."""

    rule: str
    place: Path
    wall: float
    cpu: float


def job_times(folder: Path) -> Iterator[JobTime]:
    """Yield the times of the jobs of a run, from its results folder."""
    times = folder / "benchmarks"
    for path in sorted(times.rglob("*.tsv")):
        first, *rest = path.relative_to(times).parts
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                yield JobTime(first.removesuffix(".tsv"), Path(*rest), _seconds(row["s"]), _seconds(row["cpu_time"]))


def _seconds(text: str) -> float:
    """Return a time as a number; a job that ended before it was looked at has NA, and counts as nothing."""
    try:
        return float(text)
    except ValueError:
        return 0.0
