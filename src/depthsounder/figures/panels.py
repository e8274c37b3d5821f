"""The frame of a figure: one panel for each activation, logarithmic axes that show zeros, and one legend."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator

from depthsounder.figures.style import INK, MUTED, SHADES, LineStyle, init_style, label
from depthsounder.sweep.runs import CELL, Run

WIDTH = 10.0
"""Inches of a figure that fills the page."""

DECADES = 10
"""A logarithmic axis shows at most so many decades on either side of 1; beyond them curves leave the frame."""


def panel_grid(
    activations: Sequence[str], measures: Sequence[str], height: float = 2.3, most_columns: int = 5
) -> tuple[Figure, dict[tuple[str, str], Axes]]:
    """Return a figure with a panel for each measure and activation; many activations wrap into further blocks.

    Parameters
    ----------
    measures
        The names of the rows of a block.
    height
        Inches of one row.

    Returns
    -------
    figure, axes
        The axes by (measure, activation).
    """
    columns = min(most_columns, len(activations))
    if len(activations) > most_columns:
        blocks = -(-len(activations) // most_columns)
        columns = -(-len(activations) // blocks)
    blocks = -(-len(activations) // columns)
    width = min(WIDTH, max(4.5, 3.3 * columns))
    figure = Figure(figsize=(width, height * blocks * len(measures) + 0.6), layout="constrained")
    grid = figure.subplots(blocks * len(measures), columns, squeeze=False)
    axes: dict[tuple[str, str], Axes] = {}
    for position, activation in enumerate(activations):
        block, column = divmod(position, columns)
        for row, measure in enumerate(measures):
            panel = grid[block * len(measures) + row, column]
            axes[measure, activation] = panel
            if row == 0:
                panel.set_title(label(activation))
    for panel in grid.flat:
        if panel not in axes.values():
            panel.set_axis_off()
    return figure, axes


def in_first_column(panel: Axes) -> bool:
    """Tell whether a panel stands at the left, where the axis gets its label."""
    place = panel.get_subplotspec()
    return place is not None and place.is_first_col()


def log_limits(values: np.ndarray, always: Sequence[float] = (), decades: float = DECADES) -> tuple[float, float]:
    """Return the limits of a logarithmic axis that shows the finite positive values, within so many decades of 1."""
    values = np.asarray(values, dtype=float)
    seen = np.append(values[np.isfinite(values) & (values > 0)], always)
    if not len(seen):
        return 0.1, 10.0
    low, high = np.clip([np.log10(seen.min()), np.log10(seen.max())], -decades, decades)
    margin = max(0.06 * (high - low), 0.25)
    return float(10 ** (low - margin)), float(10 ** (high + margin))


def log_axis(panel: Axes, limits: tuple[float, float], which: str = "y") -> None:
    """Make an axis logarithmic, with ticks that do not crowd."""
    getattr(panel, f"set_{which}scale")("log")
    getattr(panel, f"set_{which}lim")(limits)
    axis = getattr(panel, f"{which}axis")
    decades = max(1, round(np.log10(limits[1] / limits[0])))
    axis.set_major_locator(LogLocator(base=10.0 ** max(1, round(decades / 5)), numticks=12))
    axis.set_minor_locator(NullLocator())


def draw_curve(panel: Axes, x: np.ndarray, y: np.ndarray, style: LineStyle, width: float, marked: slice) -> None:
    """Draw a curve on a logarithmic panel, and a triangle where it leaves the frame.

    A filled triangle: the curve goes on beyond the frame. A hollow one: from there on it is exactly 0, or not finite.
    """
    y = np.asarray(y, dtype=float)
    low, high = panel.get_ylim()
    shown = np.where(np.isfinite(y) & (y > 0), y, np.nan)
    panel.plot(x, shown, color=style.color, linewidth=width, zorder=3)
    inside = np.where((shown >= low) & (shown <= high), shown, np.nan)
    panel.plot(x[marked], inside[marked], style.marker, color=style.color, markersize=4, markeredgewidth=0, zorder=4)
    for edge, outside, undrawable, marker in (
        (low, y < low, y == 0, "v"),
        (high, ~(y <= high) & ~np.isnan(y), ~np.isfinite(y), "^"),
    ):
        if outside.any():
            place, beyond = _crossing(x, shown, outside, edge)
            fill = "white" if undrawable[beyond] else style.color
            panel.plot(place, edge, marker, color=style.color, mfc=fill, markersize=5, clip_on=False, zorder=5)


def _crossing(x: np.ndarray, y: np.ndarray, outside: np.ndarray, edge: float) -> tuple[float, int]:
    """Return where a curve crosses the frame's edge, and the index of its first point beyond."""
    from_beyond = outside[0] and not outside.all()
    beyond = int(np.argmin(outside)) - 1 if from_beyond else int(np.argmax(outside))
    inside = beyond + 1 if from_beyond else beyond - 1
    if outside.all() or not y[beyond] > 0 or not y[inside] > 0:
        return float(x[beyond]), beyond
    share = np.log(edge / y[inside]) / np.log(y[beyond] / y[inside])
    return float(x[inside] + share * (x[beyond] - x[inside])), beyond


def init_handles(inits: Sequence[str]) -> list[Line2D]:
    """Return the legend's entries of initializations."""
    return [
        Line2D([], [], color=init_style(init).color, marker=init_style(init).marker, markersize=5, label=label(init))
        for init in inits
    ]


def training_handles(run: Run, letters: bool = False) -> list[Patch]:
    """Return the legend's entries of the training verdicts' shades, in their exact words."""
    return [
        Patch(color=style.color, label=f"{style.letter}  {words}" if letters else words)
        for style, words in zip(SHADES.values(), training_words(run).values(), strict=True)
    ]


def training_words(run: Run) -> dict[str, str]:
    """Return what each shade of a verdict says, and no more: within so many steps, and on this grid of rates."""
    steps = run.config.training.steps
    return {
        "trains": f"trains within {steps} steps",
        "slow": "slow: over half of the loss is gone",
        "barely": "barely: learns, but less is gone",
        "mixed": "mixed: only some networks learn",
        "stalled": f"stalled: guesses after {steps} steps",
        "diverged": "diverged, even at the best learning rate",
    }


def cell_id(cell: Mapping[str, Any], *others: str) -> str:
    """Return the id of what stands for a cell, or for it and another init, in a drawing: the report makes it a link."""
    return ":".join(["cell", *(str(cell[name]) for name in CELL), *others])


def theory_handle(name: str) -> Line2D:
    """Return the legend's entry of a theory."""
    return Line2D([], [], color=INK, linestyle=(0, (3, 2)), linewidth=0.9, label=name)


def legend_below(figure: Figure, handles: Sequence[object], columns: int = 5) -> None:
    """Put one legend under all panels, in as few rows as there is room for, of at most so many columns."""
    for rows in range(ceil(len(handles) / columns), len(handles) + 1):
        balanced = ceil(len(handles) / rows)
        legend = figure.legend(handles=list(handles), loc="outside lower center", ncols=balanced, labelcolor=INK)
        if balanced == 1 or legend.get_window_extent().width <= figure.bbox.width:
            return
        legend.remove()


def note_alone(text: str) -> Figure:
    """Return a figure that has nothing to draw, and says why."""
    figure = Figure(figsize=(WIDTH, 1.6), layout="constrained")
    panel = figure.subplots()
    panel.set_axis_off()
    note(panel, text)
    return figure


def note(panel: Axes, text: str) -> None:
    """Say in an otherwise empty panel why it is empty."""
    panel.text(0.5, 0.5, text, transform=panel.transAxes, ha="center", va="center", color=MUTED, wrap=True)
