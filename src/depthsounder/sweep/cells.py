"""A sweep, enumerated: its cells, its blocks of seeds, and the place of every file.

Everything follows from the config and from names; nothing looks at what lies on disk.

This module knows cells and paths; it knows nothing of what the files contain.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product, starmap
from pathlib import Path
from typing import Any, Literal

from depthsounder.config import TUNING_SEED_BASE, Config
from depthsounder.elements.axes import AXES, Cell, Design
from depthsounder.process.blocks import seed_blocks

PartKind = Literal["initial", "jacobian", "tuning", "training", "traces"]

PART_KINDS: tuple[PartKind, ...] = ("initial", "jacobian", "tuning", "training", "traces")

TABLE_PARTS: dict[str, tuple[PartKind, ...]] = {
    "signal": ("initial", "training"),
    "jacobian": ("jacobian",),
    "traces": ("tuning", "traces"),
}
"""Which parts make up a table."""

CHECKED_AXES = Design._fields
"""The axes of what is checked once for all depths."""


def cells(config: Config) -> Iterator[Cell]:
    """Yield every cell, in the config's order, axis by axis."""
    return starmap(Cell, _points(config, AXES))


def designs(config: Config) -> Iterator[Design]:
    """Yield every combination of records, in the config's order."""
    return starmap(Design, _points(config, CHECKED_AXES))


def _points(config: Config, axes: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    """Yield every combination of points of some axes."""
    return product(*(getattr(config, AXES[axis].key) for axis in axes))


def folder_of(names: Mapping[str, object]) -> Path:
    """Return a hive partition, such as ``depth=20/init=zeros``, of what stands on some axes, or of wildcards."""
    return Path(*(f"{axis}={name}" for axis, name in names.items()))


def _wildcards(axes: Iterable[str]) -> Path:
    return folder_of({axis: f"{{{axis}}}" for axis in axes})


ANY_CELL, ANY_CHECKED = _wildcards(AXES), _wildcards(CHECKED_AXES)
"""The folders of cells and of checks with a wildcard for each axis, such as ``depth={depth}/init={init}``."""


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

    def check(self, folder: Path) -> Path:
        """Return the gradient check of what `folder_of` names by `CHECKED_AXES`, or of `ANY_CHECKED`."""
        return self.results / "checks" / folder.with_name(f"{folder.name}.parquet")

    def part(self, kind: PartKind, folder: Path, seeds: str) -> Path:
        """Return the file of a block of seeds of a cell, by its folder, or of ``{seeds}`` of `ANY_CELL`."""
        return self.results / "parts" / kind / folder / f"seeds={seeds}.parquet"


def check_paths(config: Config, place: Path = Path()) -> list[Path]:
    """Return the gradient checks of a sweep in a place, as `RunPaths` has it: one for each of its `designs`."""
    paths = RunPaths(config.run, place)
    return [paths.check(folder_of(design._asdict())) for design in designs(config)]


def cell_parts(config: Config, kind: PartKind, cell: Cell, place: Path = Path()) -> list[Path]:
    """Return the parts of one kind of one cell, by increasing seeds."""
    paths = RunPaths(config.run, place)
    return [paths.part(kind, folder_of(cell._asdict()), block) for block in blocks(config, kind)]


def part_paths(config: Config, kind: PartKind, place: Path = Path()) -> list[Path]:
    """Return all parts of one kind, cell by cell."""
    return [path for cell in cells(config) for path in cell_parts(config, kind, cell, place)]


def table_parts(config: Config, table: str, place: Path = Path()) -> list[Path]:
    """Return the parts that make up one of the tables of `TABLE_PARTS`, kind by kind."""
    return [path for kind in TABLE_PARTS[table] for path in part_paths(config, kind, place)]
