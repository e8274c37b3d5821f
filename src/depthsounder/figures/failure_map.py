"""The map of failure: every cell with its training verdict and, as a glyph, its signal verdict."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from depthsounder.elements.axes import Design
from depthsounder.figures.cellmap import draw_map, tile
from depthsounder.figures.form import text_size
from depthsounder.figures.outcomes import of_distinct_laws, repeated_laws, shade, shades
from depthsounder.figures.panels import cell_id, legend_below, training_handles
from depthsounder.figures.record import FigureRecord
from depthsounder.figures.style import SHADES, SIGNAL_GLYPHS, themed
from depthsounder.process.text import count
from depthsounder.sweep.runs import Run

BORDERLINE, REPEATED = "~", "="
"""The glyphs of a ratio that may be on either side of its threshold, and of a law that a row above has already."""


def rows(run: Run) -> pd.DataFrame:
    """Return the verdicts of every cell."""
    return run.verdicts


def message(run: Run) -> str:
    """Return in a sentence how the cells fared in training, and in how many the signal was at fault."""
    kinds = Counter(shades(run.verdicts))
    signals = Counter(run.verdicts["signal_verdict"].dropna())
    borderline = int(run.verdicts["signal_borderline"].eq(True).sum())
    laws = of_distinct_laws(run.verdicts, repeated_laws(run))
    return (
        f"Of {count(len(run.verdicts), 'cell')}{laws}, {kinds['trains']} trained, {kinds['slow']} stayed slow, "
        f"{kinds['barely']} barely learned, {kinds['mixed']} ended mixed, {kinds['stalled']} stalled and "
        f"{kinds['diverged']} diverged; before training the gradient had vanished in {signals['vanishing']} and "
        f"exploded in {signals['exploding']} (borderline: {borderline})."
    )


@themed
def draw(run: Run) -> Figure:
    """Draw for each model a map of initialization (row) and depth (column)."""
    repeated = repeated_laws(run)
    figure = draw_map(run, partial(_draw_cell, repeated))
    glyphs = [
        Patch(alpha=0.0, label=words)
        for words in (
            f"{SIGNAL_GLYPHS['vanishing']}  gradient vanishes",
            f"{SIGNAL_GLYPHS['exploding']}  gradient explodes",
            f"{BORDERLINE}  borderline",
            *([f"{REPEATED}  the same law as a row above"] if repeated else []),
        )
    ]
    legend_below(figure, [*training_handles(run, letters=True), *glyphs], columns=2)
    return figure


def _draw_cell(repeated: Mapping[Design, str], panel: Axes, x: int, y: int, cell: dict[str, Any]) -> None:
    style = SHADES[shade(cell)]
    tile(panel, x, y, style.color).set_gid(cell_id(cell))
    glyph = SIGNAL_GLYPHS.get(cell["signal_verdict"], "")
    if cell["signal_borderline"] is True:
        glyph += BORDERLINE
    panel.text(x, y, f"{style.letter}{glyph}", ha="center", va="center", color=style.text, fontsize=text_size(8.5))
    if Design.of(cell) in repeated:
        panel.text(x - 0.34, y - 0.2, REPEATED, ha="center", va="center", color=style.text, fontsize=text_size(7.5))


FIGURE = FigureRecord(
    name="failure_map",
    title="Every cell and its verdicts",
    picture="Map for each activation, initializations down and depths across.",
    section="failure-map",
    draw=draw,
    rows=rows,
    message=message,
    reads=("verdicts", "signal"),
)
