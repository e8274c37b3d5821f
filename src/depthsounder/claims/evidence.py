"""What a claim may look at: the run's tables, as data frames, its settings, as plain values, and its data.

This module knows columns and rows; it judges nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.compute as pc

from depthsounder.data.dataset import Dataset
from depthsounder.elements.architectures import PLAIN
from depthsounder.elements.axes import Cell
from depthsounder.judging.reference import References
from depthsounder.judging.thresholds import Thresholds
from depthsounder.storage.frames import cell_of, to_frame
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.storage.tables import read_table

JUDGED = PLAIN.name
"""The architecture of which the claims speak: the course note and the papers behind it know no other."""


@dataclass(frozen=True)
class Settings:
    """The run's settings, as far as claims depend on them.

    Attributes
    ----------
    root_seed
        The sweep's seed, from which the claims' own draws descend too.
    depths, activations, inits
        The axes of the sweep.
    width
        Units of each hidden layer.
    optimizer
        The update rule of a training.
    steps
        Updates of a training.
    clip_norm
        The norm to which it clips gradients; None if it does not.
    references
        What constant predictions cost on the batches of the run's seeds.
    thresholds
        The thresholds of the verdicts.
    """

    root_seed: int
    depths: tuple[int, ...]
    activations: tuple[str, ...]
    inits: tuple[str, ...]
    width: int
    optimizer: str
    steps: int
    clip_norm: float | None
    references: References
    thresholds: Thresholds


@dataclass(frozen=True)
class Evidence:
    """Settings, data and tables of one run; a null of a table is NaN or None here.

    Attributes
    ----------
    settings
        What the run was.
    dataset
        What its networks learn.
    signal, traces, gradient_check, theory, verdicts, comparisons
        The tables of these names, with the columns that some claim reads, of the architecture `JUDGED` alone.
    diverged
        The cells of every architecture whose training diverged.
    """

    settings: Settings
    dataset: Dataset
    signal: pd.DataFrame
    traces: pd.DataFrame
    gradient_check: pd.DataFrame
    theory: pd.DataFrame
    verdicts: pd.DataFrame
    comparisons: pd.DataFrame
    diverged: tuple[Cell, ...]

    def by_depth(self, activation: str, init: str) -> pd.DataFrame:
        """Return the verdicts of one activation and init, indexed by depth in ascending order."""
        chosen = (self.verdicts["activation"] == activation) & (self.verdicts["init"] == init)
        return self.verdicts[chosen].set_index("depth").sort_index()

    def initial(self, activation: str, init: str) -> pd.DataFrame:
        """Return the signal table's rows of one activation and init before training."""
        signal = self.signal
        return signal[(signal["step"] == 0) & (signal["activation"] == activation) & (signal["init"] == init)]


def load_evidence(
    results: Path, settings: Settings, dataset: Dataset, columns: Mapping[str, Collection[str]]
) -> Evidence:
    """Read the tables of a results folder.

    Parameters
    ----------
    columns
        For each table, what to read of it: the traces have a million rows.

    Raises
    ------
    OSError
        If a table is missing or damaged; the message names it.
    """
    frames = {}
    for name in ("signal", "traces", "gradient_check", "theory", "verdicts", "comparisons"):
        table = read_table(results / f"{name}.parquet", sorted({"architecture", *columns.get(name, CELL_KEYS)}))
        frames[name] = to_frame(table.filter(pc.equal(table["architecture"], JUDGED)))
    verdicts = to_frame(read_table(results / "verdicts.parquet", [*CELL_KEYS, "training_verdict"]))
    diverged = verdicts.loc[verdicts["training_verdict"] == "diverged", CELL_KEYS]
    return Evidence(settings, dataset, **frames, diverged=tuple(map(cell_of, diverged.itertuples(index=False))))
