"""The figures of a run: one module for each, found by being there, and one caption in workflow/report.

A figure's module has four names. `draw(run)` returns the figure, `rows(run)` the aggregated rows behind it,
`message(run)` what it shows in this run in a sentence, and its record `FIGURE` adds the title, what kind of picture it
is, where it stands in the report, and which tables it reads. Report, files and alternative texts are all made from
these.
"""

import importlib
import pkgutil

from depthsounder.figures.record import SECTIONS, FigureRecord

__all__ = ["FIGURES", "SECTIONS", "FigureRecord"]

_MACHINERY = {
    "aggregate",
    "cellmap",
    "curves",
    "ends",
    "form",
    "layers",
    "outcomes",
    "panels",
    "record",
    "style",
}


def _found() -> list[FigureRecord]:
    names = [file.name for file in pkgutil.iter_modules(__path__) if file.name not in _MACHINERY]
    return [importlib.import_module(f"{__name__}.{name}").FIGURE for name in names]


def _place(record: FigureRecord) -> tuple[int, int, str]:
    return SECTIONS.index(record.section), record.place, record.name


FIGURES = {record.name: record for record in sorted(_found(), key=_place)}
"""All figures by name, in the order in which the report tells its story."""
