"""The frame of a figure: one panel for each model, logarithmic axes with readable numbers, and one legend."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from depthsounder.elements.axes import Model
from depthsounder.figures.form import canvas, stroke
from depthsounder.figures.style import INK, MUTED, SHADES, init_style, label
from depthsounder.process.text import count, names_of, power_of_ten
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import Run

WIDTH = 10.0
"""Inches of a figure that fills the page."""

_STEPS = 5
"""Ticks at most on an axis that counts."""

DECADES = 10
"""A logarithmic axis shows at most so many decades on either side of 1; beyond them curves leave the frame."""


def panel_grid(
    models: Sequence[Model], measures: Sequence[str], height: float = 2.3, most_columns: int = 4
) -> tuple[Figure, dict[tuple[str, Model], Axes]]:
    """Return a figure with a panel for each measure and model; many models wrap into further blocks.

    Parameters
    ----------
    measures
        The names of the rows of a block.
    height
        Inches of one row.

    Returns
    -------
    figure, axes
        The axes by (measure, model).
    """
    columns = min(most_columns, len(models))
    if len(models) > most_columns:
        blocks = -(-len(models) // most_columns)
        columns = -(-len(models) // blocks)
    blocks = -(-len(models) // columns)
    width = min(WIDTH, max(4.5, 3.3 * columns))
    figure = canvas(width, height * blocks * len(measures) + 0.6)
    grid = figure.subplots(blocks * len(measures), columns, squeeze=False)
    axes: dict[tuple[str, Model], Axes] = {}
    for position, model in enumerate(models):
        block, column = divmod(position, columns)
        for row, measure in enumerate(measures):
            panel = grid[block * len(measures) + row, column]
            axes[measure, model] = panel
            if row == 0:
                panel.set_title(panel_title(model))
    for panel in grid.flat:
        if panel not in axes.values():
            panel.set_axis_off()
    return figure, axes


def panel_title(model: Model) -> str:
    """Return a model's names as a title, one a line: beside its neighbors a panel has room for one."""
    return names_of(model, label).replace(", ", ",\n")


def in_first_column(panel: Axes) -> bool:
    """Tell whether a panel stands at the left, where the axis gets its label."""
    place = panel.get_subplotspec()
    return place is not None and place.is_first_col()


def label_axis(panel: Axes, text: str, last: bool = False) -> None:
    """Write the numbers and the name of a row's common axis: at its first panel, and of others neither.

    Parameters
    ----------
    last
        Whether the row's last panel has them instead, at its right: where the left is wanted for the curves' names.
    """
    if not last:
        panel.tick_params(labelleft=in_first_column(panel))
        panel.set_ylabel(text if in_first_column(panel) else "")
        return
    panel.yaxis.tick_right()
    panel.yaxis.set_label_position("right")
    panel.tick_params(labelright=_closes_its_row(panel), length=0)
    panel.set_ylabel(text if _closes_its_row(panel) else "")


def _closes_its_row(panel: Axes) -> bool:
    """Tell whether no panel with an axis stands at the right of this one."""
    place, figure = panel.get_subplotspec(), panel.get_figure(root=True)
    if place is None or figure is None:
        return False
    row, column = place.rowspan.start, place.colspan.start
    others = [other.get_subplotspec() for other in figure.axes if other.axison]
    return not any(other and other.rowspan.start == row and other.colspan.start > column for other in others)


def layer_axis(panel: Axes, last: int) -> None:
    """Let an axis count layers, or other things that begin with 1, up to so many."""
    margin = max(0.02 * (last - 1), 0.05)
    panel.set_xlim(1 - margin, last + margin)
    step = next(step for base in (1, 10, 100, 1000) for step in (base, 2 * base, 5 * base) if last / step <= _STEPS)
    panel.set_xticks([1, *(count for count in range(step, last + 1, step) if count > 1 + step / 3)])


def step_axis(panel: Axes) -> None:
    """Let an axis count the steps of a training, in thousands as the page's sentences do."""
    panel.set_xlabel("step")
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


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
    axis.set_major_formatter(FuncFormatter(lambda value, _: power_of_ten(value)))


def init_handles(inits: Sequence[str]) -> list[Line2D]:
    """Return the legend's entries of initializations."""
    return [
        Line2D(
            [],
            [],
            color=init_style(init).color,
            marker=init_style(init).marker,
            markersize=stroke(5),
            label=label(init),
        )
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
    steps = count(run.config.training.steps, "step")
    return {
        "trains": f"trains within {steps}",
        "slow": "slow: over half of the loss is gone",
        "barely": "barely: learns, but less is gone",
        "mixed": "mixed: only some networks learn",
        "stalled": f"stalled: most guess after {steps}",
        "diverged": "diverged, even at the best learning rate",
    }


def cell_id(cell: Mapping[str, Any], *others: str) -> str:
    """Return the id of what stands for a cell, or for it and another init, in a drawing: the report makes it a link."""
    return ":".join(["cell", *(str(cell[name]) for name in CELL_KEYS), *others])


def theory_handle(name: str) -> Line2D:
    """Return the legend's entry of a theory."""
    return Line2D([], [], color=INK, linestyle=(0, (3, 2)), linewidth=stroke(0.9), label=name)


def legend_below(figure: Figure, handles: Sequence[object], columns: int = 5) -> None:
    """Put one legend under all panels, in as few rows as there is room for, of at most so many columns."""
    if not handles:
        return
    for rows in range(ceil(len(handles) / columns), len(handles) + 1):
        balanced = ceil(len(handles) / rows)
        legend = figure.legend(handles=list(handles), loc="outside lower center", ncols=balanced, labelcolor=INK)
        if balanced == 1 or legend.get_window_extent().width <= figure.bbox.width:
            return
        legend.remove()


def note_alone(text: str) -> Figure:
    """Return a figure that has nothing to draw, and says why."""
    figure = canvas(WIDTH, 1.6)
    panel = figure.subplots()
    panel.set_axis_off()
    note(panel, text)
    return figure


def note(panel: Axes, text: str) -> None:
    """Say in an otherwise empty panel why it is empty."""
    panel.text(0.5, 0.5, text, transform=panel.transAxes, ha="center", va="center", color=MUTED, wrap=True)
