"""Maps of all cells: a panel for each model, initializations down and depths across."""

from collections.abc import Callable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from depthsounder.figures.form import canvas
from depthsounder.figures.panels import WIDTH, panel_title
from depthsounder.figures.style import INK, label
from depthsounder.storage.frames import matching, rows_of
from depthsounder.sweep.runs import Run

CellDrawer = Callable[[Axes, int, int, dict[str, Any]], None]
"""`draw(panel, x, y, cell)` draws one row of the verdict table at its place."""

_LETTER = 0.09
"""Inches that a letter of a title takes at most, on average over a name."""


def draw_map(run: Run, draw_cell: CellDrawer) -> Figure:
    """Draw a map of the verdict table's rows; models wrap where a row of panels has no more room."""
    models, inits, depths = run.models, run.inits, run.depths
    titles = [panel_title(model) for model in models]
    longest = max(len(line) for title in titles for line in title.splitlines())
    panel_width = max(0.33 * len(depths) + 0.05, _LETTER * longest)
    columns = min(len(models), max(1, int((WIDTH - 1.4) / panel_width)))
    blocks = -(-len(models) // columns)
    columns = -(-len(models) // blocks)
    width = min(WIDTH, max(5.2, 1.6 + columns * panel_width))
    figure = canvas(width, 1.9 + blocks * (0.3 * len(inits) + 0.6))
    grid = figure.subplots(blocks, columns, squeeze=False, sharex=True, sharey=True)
    for panel in grid.flat[len(models) :]:
        panel.set_axis_off()
    for position, (model, title) in enumerate(zip(models, titles, strict=True)):
        panel = grid.flat[position]
        panel.set_title(title)
        _prepare(panel, inits, depths, last_of_column=position + columns >= len(models))
        for cell in rows_of(matching(run.verdicts, model)):
            draw_cell(panel, depths.index(cell["depth"]), inits.index(cell["init"]), cell)
    return figure


def tile(panel: Axes, x: int, y: int, color: str) -> Rectangle:
    """Fill a cell's place, and return what fills it."""
    place = Rectangle((x - 0.47, y - 0.46), 0.94, 0.92, facecolor=color, linewidth=0)
    panel.add_patch(place)
    return place


def _prepare(panel: Axes, inits: list[str], depths: list[int], last_of_column: bool) -> None:
    panel.set_xlim(-0.5, len(depths) - 0.5)
    panel.set_ylim(len(inits) - 0.5, -0.5)
    panel.set_xticks(range(len(depths)), [str(depth) for depth in depths], color=INK)
    panel.set_yticks(range(len(inits)), [label(init) for init in inits], color=INK)
    panel.tick_params(length=0, labelbottom=last_of_column)
    panel.grid(False)
    if last_of_column:
        panel.set_xlabel("depth")
    for spine in panel.spines.values():
        spine.set_visible(False)
