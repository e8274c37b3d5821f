"""A sweep, enumerated: its cells, its blocks of seeds, and the place of every file.

Everything follows from the config and from names; nothing looks at what lies on disk.

This module knows cells and paths; it knows nothing of what the files contain.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from depthsounder.config import TUNING_SEED_BASE, Config
from depthsounder.process.blocks import seed_blocks

PartKind = Literal["initial", "jacobian", "tuning", "training", "traces"]

PART_KINDS: tuple[PartKind, ...] = ("initial", "jacobian", "tuning", "training", "traces")

TABLE_PARTS: dict[str, tuple[PartKind, ...]] = {
    "signal": ("initial", "training"),
    "jacobian": ("jacobian",),
    "traces": ("tuning", "traces"),
}
"""Which parts make up a table."""


@dataclass(frozen=True, order=True)
class Cell:
    """A point of the sweep: the networks that differ in nothing but their seed."""

    depth: int
    activation: str
    init: str


def cells(config: Config) -> Iterator[Cell]:
    """Yield every cell, in the config's order: depths, then activations, then inits."""
    for depth in config.depths:
        for activation in config.activations:
            for init in config.inits:
                yield Cell(depth, activation, init)


def blocks(config: Config, kind: PartKind) -> list[str]:
    """Return the seed blocks of each cell for one kind of part."""
    first = TUNING_SEED_BASE if kind == "tuning" else 0
    measured, tuned = config.seeds.measure, config.seeds.tune
    count = {"initial": measured, "jacobian": measured, "tuning": tuned}.get(kind, config.seeds.evaluate)
    return seed_blocks(first, count, config.seeds_per_block)


@dataclass(frozen=True)
class RunPaths:
    """Where a run keeps its files.

    Attributes
    ----------
    run
        The run's name.
    place
        The folder that holds results/ and reports/: the one in which snakemake runs, or below it the `prefix` under
        which another workflow imports this one.
    """

    run: str
    place: Path = Path()

    @property
    def results(self) -> Path:
        """Folder of everything that is computed."""
        return self.place / "results" / self.run

    @property
    def reports(self) -> Path:
        """Folder of what a person opens."""
        return self.place / "reports" / self.run

    @property
    def config(self) -> Path:
        """The resolved config."""
        return self.results / "config.json"

    @property
    def dataset(self) -> Path:
        """The prepared data."""
        return self.results / "data.npz"

    @property
    def report(self) -> Path:
        """The page."""
        return self.reports / "index.html"

    @property
    def data_stamp(self) -> Path:
        """What is remembered of the last good check of the data."""
        return self.results / "data_check.json"

    def table(self, name: str) -> Path:
        """Return the file of a table of the product."""
        return self.results / f"{name}.parquet"

    def figure(self, name: str, suffix: Literal["svg", "png", "pdf", "slide.svg", "slide.png"]) -> Path:
        """Return the file of a figure."""
        return self.reports / "figures" / f"{name}.{suffix}"

    def benchmark(self, name: str) -> Path:
        """Return the file of a job's times, or of those of a pattern such as ``measure_signal/depth={depth}``."""
        return self.results / "benchmarks" / f"{name}.tsv"

    def check(self, activation: str, init: str) -> Path:
        """Return the gradient check of an activation and an init; both may be wildcards such as ``{init}``."""
        return self.results / "checks" / f"activation={activation}" / f"init={init}.parquet"

    def part(self, kind: PartKind, depth: int | str, activation: str, init: str, seeds: str) -> Path:
        """Return the file of a cell's block; the last four may be wildcards such as ``{depth}``."""
        cell = Path(f"depth={depth}") / f"activation={activation}" / f"init={init}"
        return self.results / "parts" / kind / cell / f"seeds={seeds}.parquet"


def check_paths(config: Config, place: Path = Path()) -> list[Path]:
    """Return the gradient checks of a sweep in a place, as `RunPaths` has it: one for each activation and init."""
    paths = RunPaths(config.run, place)
    return [paths.check(activation, init) for activation in config.activations for init in config.inits]


def cell_parts(config: Config, kind: PartKind, cell: Cell, place: Path = Path()) -> list[Path]:
    """Return the parts of one kind of one cell, by increasing seeds."""
    paths = RunPaths(config.run, place)
    return [paths.part(kind, cell.depth, cell.activation, cell.init, block) for block in blocks(config, kind)]


def part_paths(config: Config, kind: PartKind, place: Path = Path()) -> list[Path]:
    """Return all parts of one kind, cell by cell."""
    return [path for cell in cells(config) for path in cell_parts(config, kind, cell, place)]


def table_parts(config: Config, table: str, place: Path = Path()) -> list[Path]:
    """Return the parts that make up one of the tables of `TABLE_PARTS`, kind by kind."""
    return [path for kind in TABLE_PARTS[table] for path in part_paths(config, kind, place)]
