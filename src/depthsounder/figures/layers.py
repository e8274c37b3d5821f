"""What the figures over layers share: measured medians with their intervals, and theory drawn over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from depthsounder.elements.axes import Design
from depthsounder.figures.aggregate import factors_apart, median_interval, within
from depthsounder.figures.curves import Curve, coincide, draw_curves, exit_handles, heights, united
from depthsounder.figures.ends import End, name_ends
from depthsounder.figures.form import stroke
from depthsounder.figures.panels import (
    DECADES,
    init_handles,
    label_axis,
    layer_axis,
    legend_below,
    log_axis,
    log_limits,
    note,
    panel_grid,
    theory_handle,
)
from depthsounder.figures.style import INK, init_style, label
from depthsounder.process.text import names_of, number
from depthsounder.storage.frames import matching, with_texts
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import Run

LAYER_KEYS = [*CELL_KEYS, "layer"]

_BAND = ["theory_low", "theory_high"]

_DASHES: Any = (0, (3, 2))
_DOTS: Any = (0, (1, 1.5))


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
        `CELL_KEYS`, `along`, median, low, high, seeds, and theory (null where there is none); also theory_low and
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
    table = with_texts(table).merge(keyed, on=LAYER_KEYS, how="left")
    return table.assign(within_interval=within(table["theory"], table["low"], table["high"]))


def agreement(table: pd.DataFrame, layer: int) -> str:
    """Return in how many combinations the theory lies within the interval at a layer, and how near it comes."""
    last = table[(table["layer"] == layer) & table["within_interval"].notna()]
    inside, off = int(last["within_interval"].sum()), factors_apart(last["theory"], last["median"])
    sentence = f"{inside:,} of {len(last):,} ({100 * inside / max(len(last), 1):.0f} %)"
    if off.empty:
        return sentence
    worst = last.loc[off.index].iloc[int(off.to_numpy().argmax())]
    return (
        f"{sentence}, within 10 % of it in {int((off <= 1.1).sum()):,} and within a factor of 2 in "
        f"{int((off <= 2).sum()):,}, at worst by a factor of {number(off.max())} "
        f"({names_of(Design.of(worst), label)})"
    )


def combined(measures: Sequence[Measure]) -> pd.DataFrame:
    """Return the tables of several measures as one, with the column `measure` in front."""
    return pd.concat([measure.table.assign(measure=measure.name) for measure in measures]).pipe(
        lambda table: table[["measure", *[name for name in table.columns if name != "measure"]]]
    )


def draw_layers(
    run: Run,
    measures: Sequence[Measure],
    height: float = 2.3,
    theory: str = "mean-field theory",
    right: bool = True,
) -> Figure:
    """Draw a panel for each model and measure, with a curve for each initialization, named at its end.

    Parameters
    ----------
    theory
        What the dashed lines are, in the legend.
    right
        Whether the curves lie apart at their right ends, where their names stand then, or at their left ones.
    """
    figure, axes = panel_grid(run.models, [measure.name for measure in measures], height)
    ends: dict[Axes, list[End]] = {}
    for measure in measures:
        drawn = ["median", "low", "high", "theory", *measure.table.columns.intersection(_BAND)]
        limits = log_limits(measure.table[drawn].to_numpy(dtype=float).ravel(), decades=measure.decades)
        for model in run.models:
            panel = axes[measure.name, model]
            of_model = matching(measure.table, model)
            log_axis(panel, limits)
            layer_axis(panel, int(of_model[measure.along].max()) if len(of_model) else 1)
            ends[panel] = _draw_model(panel, run.inits, of_model, measure.along, right)
            label_axis(panel, measure.axis, last=not right)
            panel.tick_params(labelbottom=measure is measures[-1])
            panel.set_xlabel(measure.along if measure is measures[-1] else "")
    handles = [*_theory_handles(measures, theory), *exit_handles(list(ends))]
    name_curves(figure, ends, run.inits, handles, right)
    return figure


def name_curves(
    figure: Figure, ends: Mapping[Axes, Sequence[End]], inits: Sequence[str], handles: Sequence[Line2D], right: bool
) -> None:
    """Name the curves at their ends, or where there is no room for that in the legend, which has the handles too."""
    legend_below(figure, handles)
    if name_ends(figure, ends, right):
        return
    for legend in figure.legends:
        legend.remove()
    legend_below(figure, [*init_handles(inits), *handles])


def _theory_handles(measures: Sequence[Measure], theory: str) -> list[Line2D]:
    """Return the legend's entries of what theory has in these measures: a line, and a band around it."""
    columns = {name for measure in measures for name, known in measure.table.notna().any().items() if known}
    band = Line2D([], [], color=INK, linestyle=_DOTS, linewidth=stroke(0.9), label="its band for 95 % of networks")
    return [*([theory_handle(theory)] if "theory" in columns else []), *([band] if columns & {*_BAND} else [])]


def _draw_model(panel: Axes, inits: Sequence[str], table: pd.DataFrame, along: str, right: bool) -> list[End]:
    if table.empty:
        note(panel, "nothing measured")
        return []
    rows = {init: table[table["init"] == init].sort_values(along) for init in inits}
    curves = [
        Curve((init,), own[along].to_numpy(), own["median"].to_numpy(dtype=float))
        for init, own in rows.items()
        if len(own)
    ]
    drawn = united(panel, curves)
    for curve in drawn:
        own = rows[curve.inits[0]]
        band = own[["low", "high"]].where(lambda bounds: bounds > 0).replace(np.inf, np.nan).to_numpy(dtype=float)
        color = init_style(curve.inits[0]).color
        panel.fill_between(curve.x, band[:, 0], band[:, 1], color=color, alpha=0.18, linewidth=0, zorder=2)
    _draw_theory(panel, rows, along)
    return draw_curves(panel, drawn, right)


def _draw_theory(panel: Axes, rows: Mapping[str, pd.DataFrame], along: str) -> None:
    """Draw what theory has for each initialization, where it is not drawn already."""
    known: list[np.ndarray] = []
    for init, own in rows.items():
        expected = own[["theory", *own.columns.intersection(_BAND)]].to_numpy(dtype=float)
        expected = np.where(np.isfinite(expected) & (expected > 0), expected, np.nan)
        places = heights(panel, expected)
        if np.isnan(expected).all() or any(coincide(places, drawn) for drawn in known):
            continue
        known.append(places)
        across = own[along].to_numpy()
        panel.plot(across, expected[:, 0], color=INK, linestyle=_DASHES, linewidth=stroke(0.8), zorder=4.5)
        color = init_style(init).color
        panel.plot(across, expected[:, 1:], color=color, linestyle=_DOTS, linewidth=stroke(0.9), zorder=4.2)
