"""The rate that tuning chose for each cell, so that no failure is just a badly chosen rate."""

from math import isnan
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from depthsounder.figures.cellmap import draw_map, tile
from depthsounder.figures.form import stroke, text_size
from depthsounder.figures.panels import cell_id, legend_below
from depthsounder.figures.record import FigureRecord
from depthsounder.figures.style import FAINT, INK, ink_on, palette, themed
from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import count, setting
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import Run


def rows(run: Run) -> pd.DataFrame:
    """Return the chosen rate of every cell, and whether it is the grid's first or last."""
    return run.verdicts[[*CELL_KEYS, "best_learning_rate", "edge_of_grid", "training_verdict", "tail_loss"]]


def message(run: Run) -> str:
    """Return in a sentence which rates were chosen, and how often the grid's edge was."""
    learnt = run.verdicts[~run.verdicts["training_verdict"].isin(FAILURES)]
    if learnt.empty:
        return "Every cell stalled or diverged, whatever the rate of the grid."
    edge = int(learnt["edge_of_grid"].eq(True).sum())
    lowest, highest = learnt["best_learning_rate"].min(), learnt["best_learning_rate"].max()
    return (
        f"The {count(len(learnt), 'cell')} in which networks learned chose rates from {setting(lowest)} to "
        f"{setting(highest)}; {edge} chose the grid's first or last, where a wider grid might serve better."
    )


@themed
def draw(run: Run) -> Figure:
    """Draw for each activation a map of the chosen rates; failing cells are pale, the grid's edge is framed."""
    grid = sorted(run.config.training.learning_rates)
    colors = palette("crest", len(grid))

    def draw_cell(panel: Axes, x: int, y: int, cell: dict[str, Any]) -> None:
        chosen = cell["best_learning_rate"]
        if chosen is None or isnan(chosen):
            tile(panel, x, y, FAINT).set_gid(cell_id(cell))
            panel.text(x, y, "–", ha="center", va="center", color=INK)
            return
        step = min(range(len(grid)), key=lambda index: abs(grid[index] - chosen))
        fill = FAINT if cell["training_verdict"] in FAILURES else colors[step]
        ink = ink_on(fill)
        tile(panel, x, y, fill).set_gid(cell_id(cell))
        panel.text(x, y, setting(chosen), ha="center", va="center", color=ink, fontsize=text_size(7.5))
        if cell["edge_of_grid"] is True:
            panel.add_patch(Rectangle((x - 0.42, y - 0.4), 0.84, 0.8, fill=False, edgecolor=ink, linewidth=stroke(0.9)))

    figure = draw_map(run, draw_cell)
    handles = [Patch(color=color, label=setting(value)) for color, value in zip(colors, grid, strict=True)]
    extra = [
        Patch(color=FAINT, label="stalled or diverged"),
        Patch(facecolor="none", edgecolor=INK, label="edge of the grid"),
    ]
    legend_below(figure, [*handles, *extra], columns=9)
    return figure


FIGURE = FigureRecord(
    name="learning_rates",
    title="The rate that each cell chose",
    picture="Map for each activation, initializations down and depths across, with a learning rate in each cell.",
    section="training",
    draw=draw,
    rows=rows,
    message=message,
    reads=("verdicts",),
    place=2,
)
