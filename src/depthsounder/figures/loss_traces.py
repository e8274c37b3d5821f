"""The training loss, step by step, of every cell."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from depthsounder.figures.aggregate import median_interval, spread
from depthsounder.figures.panels import WIDTH, init_handles, legend_below, log_axis
from depthsounder.figures.record import FigureRecord
from depthsounder.figures.style import MUTED, init_style, label, themed
from depthsounder.figures.wording import count, number
from depthsounder.sweep.runs import CELL, Run

_MOST_DEPTHS = 5
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
    curves = len(depths) * len(run.activations) * len(run.inits)
    bins = min(steps, int(np.clip(_POINTS / curves, 20, 60)))
    binned = traces.assign(bin=traces["step"] * bins // steps, loss=traces["train_loss"].fillna(np.inf))
    wide = binned.groupby([*CELL, "seed", "bin"], observed=True)["loss"].mean().unstack("bin")
    long = wide.reindex(columns=range(bins)).melt(ignore_index=False, value_name="loss").reset_index()
    edges = np.ceil(np.arange(bins + 1) * steps / bins)
    table = median_interval(long, [*CELL, "bin"], "loss")
    table.insert(3, "step", ((edges[:-1] + edges[1:] - 1) / 2)[table["bin"]])
    return table.drop(columns="bin")


def message(run: Run) -> str:
    """Return in a sentence how many networks the training verdicts rest on, and how many cells learn."""
    cells = run.verdicts
    left = int(cells["escape_step"].notna().sum())
    trained = int((cells["training_verdict"] == "trains").sum())
    return (
        f"Within {run.config.training.steps} steps {left} of {count(len(cells), 'cell')} left the plateau at "
        f"H = {number(run.data.class_entropy, 3)} nat, the loss of guessing by the class frequencies, and {trained} "
        f"came down to {run.config.verdicts.trains_loss:g} H in enough of their seeds."
    )


@themed
def draw(run: Run) -> Figure:
    """Draw small multiples, activation (row) × depth (column), with a curve for each initialization."""
    table = rows(run)
    activations, depths = run.activations, spread(run.depths, _MOST_DEPTHS)
    width = min(WIDTH, max(4.8, 1 + 2.4 * len(depths)))
    figure = Figure(figsize=(width, 1.1 + 1.6 * len(activations)), layout="constrained")
    grid = figure.subplots(len(activations), len(depths), squeeze=False, sharex=True, sharey=True)
    entropy = run.data.class_entropy
    share = run.config.verdicts.trains_loss
    # The level of training is in the frame, however low it is.
    below = 0.8 * share * entropy
    floor = np.nanmin(table["low"].replace([np.inf, 0.0], np.nan).to_numpy(dtype=float), initial=below)
    limits = (min(max(0.7 * floor, 0.003 * entropy), below), 4 * entropy)
    for row, activation in enumerate(activations):
        for column, depth in enumerate(depths):
            panel = grid[row, column]
            log_axis(panel, limits)
            cell = table[(table["activation"] == activation) & (table["depth"] == depth)]
            _draw_cell(panel, run.inits, cell, entropy, share)
            if row == 0:
                panel.set_title(f"depth {depth}")
            if column == 0:
                panel.set_ylabel(f"{label(activation)}\nloss (nat)")
            if row == len(activations) - 1:
                panel.set_xlabel("step")
    legend_below(figure, init_handles(run.inits))
    return figure


def _draw_levels(panel: Axes, entropy: float, share: float) -> None:
    """Draw the plateau, H, and the share of it at which a network counts as trained."""
    dashes: Any = (0, (2, 2))
    # However near the two levels are, each name stands on its own side.
    for level, name, style, side in (
        (entropy, "H", "-", "bottom"),
        (share * entropy, f"{share:g} H", dashes, "top"),
    ):
        panel.axhline(level, color=MUTED, linewidth=0.8, linestyle=style, zorder=1.5)
        panel.annotate(
            name, (1, level), xycoords=("axes fraction", "data"), xytext=(2, 0), textcoords="offset points",
            va=side, color=MUTED, fontsize=7.5,
        )  # fmt: skip


def _draw_cell(panel: Axes, inits: list[str], table: pd.DataFrame, entropy: float, share: float) -> None:
    _draw_levels(panel, entropy, share)
    top = panel.get_ylim()[1]
    for position, init in enumerate(inits):
        curve = table[table["init"] == init]
        if curve.empty:
            continue
        style = init_style(init)
        steps = curve["step"].to_numpy()
        middle, low, high = (curve[name].to_numpy(dtype=float) for name in ("median", "low", "high"))
        width = 1.9 - 0.9 * position / max(len(inits) - 1, 1)
        panel.fill_between(steps, low, np.minimum(high, 10 * top), color=style.color, alpha=0.18, linewidth=0)
        panel.plot(steps, np.where(np.isfinite(middle), middle, np.nan), color=style.color, linewidth=width, zorder=3)
        inside = np.flatnonzero(middle < top)
        every = max(1, len(steps) // 4)
        marks = inside[(inside + position * every // len(inits)) % every == 0]
        panel.plot(steps[marks], middle[marks], style.marker, color=style.color, markersize=3.2, markeredgewidth=0)
        lost = np.flatnonzero(~(middle < top))
        if len(lost):
            panel.plot(steps[lost[0]], top, "^", color=style.color, markersize=5, clip_on=False, zorder=5)


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
