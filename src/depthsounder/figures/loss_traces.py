"""The training loss, step by step, of every cell."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from depthsounder.figures.aggregate import median_interval, spread
from depthsounder.figures.curves import Curve, draw_curves, exit_handles, united
from depthsounder.figures.ends import End, mark_ends
from depthsounder.figures.form import canvas, stroke
from depthsounder.figures.panels import WIDTH, init_handles, legend_below, log_axis, step_axis
from depthsounder.figures.record import FigureRecord
from depthsounder.figures.style import MUTED, init_style, label, themed
from depthsounder.process.text import count, names_of, number, setting
from depthsounder.storage.frames import matching
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import Run

_MOST_DEPTHS = 5
_DASHES: Any = (0, (2, 2))
_POINTS = 6_000
"""Points that all curves of the figure share, which keeps its file small."""


def rows(run: Run) -> pd.DataFrame:
    """Return the median loss over evaluation seeds, with its interval, for the shown depths.

    Steps are binned, `step` being the middle of a bin; a network that diverged counts as infinite from there on.
    """
    depths = spread(run.depths, _MOST_DEPTHS)
    traces = run.evaluation_traces
    traces = traces[traces["depth"].isin(depths)]
    steps = run.config.training.steps + 1
    curves = len(depths) * len(run.models) * len(run.inits)
    bins = min(steps, int(np.clip(_POINTS / curves, 20, 60)))
    binned = traces.assign(bin=traces["step"] * bins // steps, loss=traces["train_loss"].fillna(np.inf))
    wide = binned.groupby([*CELL_KEYS, "seed", "bin"], observed=True)["loss"].mean().unstack("bin")
    long = wide.reindex(columns=range(bins)).melt(ignore_index=False, value_name="loss").reset_index()
    edges = np.ceil(np.arange(bins + 1) * steps / bins)
    table = median_interval(long, [*CELL_KEYS, "bin"], "loss")
    table.insert(len(CELL_KEYS), "step", ((edges[:-1] + edges[1:] - 1) / 2)[table["bin"]])
    return table.drop(columns="bin")


def message(run: Run) -> str:
    """Return in a sentence how many networks the training verdicts rest on, and how many cells learn."""
    cells = run.verdicts
    left = int(cells["escape_step"].notna().sum())
    trained = int((cells["training_verdict"] == "trains").sum())
    return (
        f"Within {count(run.config.training.steps, 'step')} {left:,} of {count(len(cells), 'cell')} left the plateau "
        f"at H = {number(run.data.class_entropy, 3)} nat, the loss of guessing by the class frequencies, and "
        f"{trained:,} came down to {setting(run.config.verdicts.trains_loss)} H in enough of their seeds."
    )


@themed
def draw(run: Run) -> Figure:
    """Draw small multiples, model (row) × depth (column), with a curve for each initialization."""
    table = rows(run)
    models, depths = run.models, spread(run.depths, _MOST_DEPTHS)
    width = min(WIDTH, max(4.8, 1 + 2.4 * len(depths)))
    figure = canvas(width, 1.1 + 1.6 * len(models))
    grid = figure.subplots(len(models), len(depths), squeeze=False, sharex=True, sharey=True)
    entropy = run.data.class_entropy
    share = run.config.verdicts.trains_loss
    # The level of training is in the frame, however low it is.
    below = 0.8 * share * entropy
    floor = np.nanmin(table["low"].replace([np.inf, 0.0], np.nan).to_numpy(dtype=float), initial=below)
    limits = (min(max(0.7 * floor, 0.003 * entropy), below), 4 * entropy)
    levels = [(entropy, "H, the loss of guessing", "-"), (share * entropy, f"{setting(share)} H: trained", _DASHES)]
    ends: dict[Axes, list[End]] = {}
    for row, model in enumerate(models):
        for column, depth in enumerate(depths):
            panel = grid[row, column]
            log_axis(panel, limits)
            for level, _, dashes in levels:
                panel.axhline(level, color=MUTED, linewidth=stroke(0.8), linestyle=dashes, zorder=1.5)
            cell = matching(table[table["depth"] == depth], model)
            ends[panel] = _draw_cell(panel, run.inits, cell)
            if row == 0:
                panel.set_title(f"depth {depth}")
            if column == 0:
                panel.set_ylabel(f"{names_of(model, label)}\nloss (nat)")
            if row == len(models) - 1:
                step_axis(panel)
    lines = [
        Line2D([], [], color=MUTED, linewidth=stroke(0.8), linestyle=dashes, label=name) for _, name, dashes in levels
    ]
    legend_below(figure, [*init_handles(run.inits), *lines, *exit_handles(list(ends))])
    mark_ends(figure, ends)
    return figure


def _draw_cell(panel: Axes, inits: list[str], table: pd.DataFrame) -> list[End]:
    rows_of = {init: table[table["init"] == init] for init in inits}
    curves = [
        Curve((init,), own["step"].to_numpy(), own["median"].to_numpy(dtype=float))
        for init, own in rows_of.items()
        if len(own)
    ]
    drawn = united(panel, curves)
    top = panel.get_ylim()[1]
    for curve in drawn:
        low, high = (rows_of[curve.inits[0]][name].to_numpy(dtype=float) for name in ("low", "high"))
        color = init_style(curve.inits[0]).color
        panel.fill_between(curve.x, low, np.minimum(high, 10 * top), color=color, alpha=0.18, linewidth=0)
    return draw_curves(panel, drawn)


FIGURE = FigureRecord(
    name="loss_traces",
    title="The loss, step by step",
    picture="Small multiples, activations down and depths across, with a curve of the loss for each initialization.",
    section="training",
    draw=draw,
    rows=rows,
    message=message,
    reads=("verdicts", "traces"),
)
