"""What the figures over layers share: measured medians with their intervals, and theory drawn over them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from depthsounder.figures.aggregate import median_interval, within
from depthsounder.figures.panels import (
    DECADES,
    draw_curve,
    in_first_column,
    init_handles,
    legend_below,
    log_axis,
    log_limits,
    note,
    panel_grid,
    theory_handle,
)
from depthsounder.figures.style import INK, init_style
from depthsounder.sweep.runs import CELL, Run

LAYER_KEYS = [*CELL, "layer"]

_BAND = ["theory_low", "theory_high"]

_SAME = 1e-3
"""Curves that differ by less, relatively, are one to the eye."""


@dataclass(frozen=True)
class Measure:
    """One statistic over the layers of one depth, or over something else that is counted.

    Attributes
    ----------
    name
        The column's name in tables and downloads.
    axis
        The label of its axis.
    table
        `CELL`, `along`, median, low, high, seeds, and theory (null where there is none); also theory_low and
        theory_high where theory has a band.
    decades
        The reach of its axis to either side of 1.
    along
        The column along the other axis, whose label it is.
    """

    name: str
    axis: str
    table: pd.DataFrame
    decades: float = DECADES
    along: str = "layer"


def measured(signal: pd.DataFrame, column: str, theory: pd.DataFrame | None = None, curve: str = "") -> pd.DataFrame:
    """Return a statistic's median and interval at each layer, beside the theory's column `curve`, if there is one.

    The column `within_interval` tells whether the theory lies in the interval.
    """
    table = median_interval(signal, LAYER_KEYS, column)
    if theory is None:
        return table.assign(theory=np.nan)
    keyed = theory[[*LAYER_KEYS, curve]].rename(columns={curve: "theory"})
    table = table.astype({"activation": str, "init": str}).merge(keyed, on=LAYER_KEYS, how="left")
    return table.assign(within_interval=within(table["theory"], table["low"], table["high"]))


def agreement(table: pd.DataFrame, layer: int) -> str:
    """Return in how many combinations the theory lies within the interval at a layer: "25 of 40"."""
    compared = table.loc[table["layer"] == layer, "within_interval"].dropna()
    return f"{int(compared.sum())} of {len(compared)}"


def combined(measures: Sequence[Measure]) -> pd.DataFrame:
    """Return the tables of several measures as one, with the column `measure` in front."""
    return pd.concat([measure.table.assign(measure=measure.name) for measure in measures]).pipe(
        lambda table: table[["measure", *[name for name in table.columns if name != "measure"]]]
    )


def draw_layers(
    run: Run, measures: Sequence[Measure], height: float = 2.3, theory: str = "mean-field theory"
) -> Figure:
    """Draw a panel for each activation and measure, with a curve for each initialization."""
    figure, axes = panel_grid(run.activations, [measure.name for measure in measures], height)
    with_theory = False
    for measure in measures:
        drawn = ["median", "theory", *measure.table.columns.intersection(_BAND)]
        columns = measure.table[drawn].to_numpy(dtype=float).ravel()
        limits = log_limits(columns, decades=measure.decades)
        with_theory |= bool(np.isfinite(measure.table["theory"].to_numpy(dtype=float)).any())
        for activation in run.activations:
            panel = axes[measure.name, activation]
            log_axis(panel, limits)
            panel.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            of_activation = measure.table[measure.table["activation"] == activation]
            _draw_activation(panel, run.inits, of_activation, measure.along)
            if in_first_column(panel):
                panel.set_ylabel(measure.axis)
            else:
                panel.tick_params(labelleft=False)
            if measure is measures[-1]:
                panel.set_xlabel(measure.along)
            else:
                panel.tick_params(labelbottom=False)
    legend_below(figure, [*init_handles(run.inits), *([theory_handle(theory)] if with_theory else [])])
    return figure


def _draw_activation(panel: Axes, inits: Sequence[str], table: pd.DataFrame, along: str) -> None:
    if table.empty:
        note(panel, "nothing measured")
        return
    ranges, expectations = _Drawn(), _Drawn()
    for position, init in enumerate(inits):
        curve = table[table["init"] == init].sort_values(along)
        if curve.empty:
            continue
        places = curve[along].to_numpy()
        # Curves that coincide stay visible: later ones are thinner, and their markers sit elsewhere.
        width = 2.2 - 1.2 * position / max(len(inits) - 1, 1)
        every = max(1, len(places) // 5)
        style = init_style(init)
        band = curve[["low", "high"]].where(lambda bounds: bounds > 0).replace(np.inf, np.nan).to_numpy(dtype=float)
        if ranges.lacks(band):
            panel.fill_between(places, band[:, 0], band[:, 1], color=style.color, alpha=0.18, linewidth=0, zorder=2)
        start = position * every // max(len(inits), 1)
        draw_curve(panel, places, curve["median"].to_numpy(), style, width, slice(start, None, every))
        expected = curve[["theory", *curve.columns.intersection(_BAND)]].to_numpy(dtype=float)
        drawable = np.where(np.isfinite(expected) & (expected > 0), expected, np.nan)
        if expectations.lacks(drawable):
            panel.plot(places, drawable[:, 0], color=INK, linestyle=(0, (3, 2)), linewidth=0.8, zorder=4.5)
            panel.plot(places, drawable[:, 1:], color=style.color, linestyle=(0, (1, 1.5)), linewidth=0.9, zorder=4.2)


class _Drawn:
    """What a panel shows already: shades that lie upon one another would turn opaque, and a file grows with each."""

    def __init__(self) -> None:
        self._curves: list[np.ndarray] = []

    def lacks(self, curves: np.ndarray) -> bool:
        """Tell whether there is anything new to draw in curves (points, n), which from then on are drawn."""
        if np.isnan(curves).all():
            return False
        known = (drawn for drawn in self._curves if drawn.shape == curves.shape)
        if any(np.allclose(curves, drawn, rtol=_SAME, atol=0.0, equal_nan=True) for drawn in known):
            return False
        self._curves.append(curves)
        return True
