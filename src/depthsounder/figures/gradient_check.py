"""The figure of the relative errors of analytic against numeric gradients."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from depthsounder.elements.axes import Design, Model
from depthsounder.figures.form import canvas, stroke, text_size
from depthsounder.figures.panels import legend_below, log_axis, log_limits
from depthsounder.figures.record import FigureRecord
from depthsounder.figures.style import INK, MUTED, LineStyle, label, themed
from depthsounder.process.text import count, join, names_of, number, setting, superscript
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import Run

NOTE_BANDS = (1e-7, 1e-4, 1e-2)
"""The course note's bands of the relative error."""

_LIMIT = "#0072B2"
_DASHES: Any = (0, (4, 2))
_DOTS: Any = (0, (1, 2))

_METHODS = {
    "complex_step": ("complex step", LineStyle(_LIMIT, "o")),
    "central_difference": ("central difference", LineStyle("#D55E00", "D")),
}


def rows(run: Run) -> pd.DataFrame:
    """Return the worst parameter of each check, and how many parameters passed, failed, were blind or skipped."""
    checks = run.compared_gradients
    keys = [*Design._fields, "depth", "method"]
    worst = checks.sort_values("relative_error", ascending=False, na_position="last").groupby(keys, sort=False).head(1)
    verdicts = checks.pivot_table(index=keys, columns="verdict", values="parameter", aggfunc="count", fill_value=0)
    verdicts = verdicts.reindex(columns=["passed", "failed", "blind", "skipped"], fill_value=0)
    columns = [*keys, "parameter", "relative_error", "noise_floor", "verdict"]
    return worst[columns].merge(verdicts.reset_index(), on=keys).sort_values(keys, ignore_index=True)


def message(run: Run) -> str:
    """Return in a sentence how many parameters were checked, and the worst error of each method."""
    checks = run.compared_gradients
    seeing = checks[checks["verdict"].isin(["passed", "failed"])]
    worst = [
        f"{number(errors.max())} by {name}"
        for method, (name, _) in _METHODS.items()
        if len(errors := seeing.loc[seeing["method"] == method, "relative_error"].dropna())
    ]
    failed = int((checks["verdict"] == "failed").sum()) or "none"
    cells = len(checks[CELL_KEYS].drop_duplicates())
    return (
        f"Of {count(len(checks), 'comparison')} with numeric gradients in {count(cells, 'small network')}, {failed} "
        f"failed; where they see, the largest relative error is {join(worst) or 'not known'}. {_blindness(checks)}"
    )


def _blindness(checks: pd.DataFrame) -> str:
    """Return in a sentence where each method is blind."""
    places = []
    for method, (name, _) in _METHODS.items():
        blind = checks[(checks["method"] == method) & (checks["verdict"] == "blind")]
        if blind.empty:
            places.append(f"the {name} is blind nowhere")
            continue
        first = blind.groupby([*Model._fields], sort=False)["depth"].min()
        models = [Model(*map(str, names)) for names in first.index.to_flat_index()]
        where = join(
            f"{names_of(model, label)} (from depth {depth})" for model, depth in zip(models, first, strict=True)
        )
        places.append(f"the {name} is blind to {count(len(blind), 'parameter tensor')}, in {where}")
    return f"{'; '.join(places)}.".capitalize()


@themed
def draw(run: Run) -> Figure:
    """Draw the worst parameter of each check by activation and depth, a panel for each architecture."""
    table = rows(run)
    activations = [name for name in run.config.activations if name in set(table["activation"])]
    architectures = run.config.architectures
    width = min(10.0, max(5.2, 1.5 + 1.8 * len(activations)))
    figure = canvas(width, 0.6 + 3.8 * len(architectures))
    panels = figure.subplots(len(architectures), squeeze=False)[:, 0]
    for panel, architecture in zip(panels, architectures, strict=True):
        _draw_panel(panel, run, table[table["architecture"] == architecture], activations)
        if len(architectures) > 1:
            panel.set_ylabel(f"{label(architecture)}\nrelative error of the worst parameter")
    legend_below(figure, _handles())
    return figure


def _draw_panel(panel: Axes, run: Run, table: pd.DataFrame, activations: list[str]) -> None:
    """Draw the checks of one architecture."""
    threshold = run.config.gradient_check.complex_step_threshold
    # A floor above 1 explains any error, and need not be seen.
    values = table[["relative_error", "noise_floor"]].clip(upper=1).to_numpy(dtype=float).ravel()
    low, high = log_limits(values, always=(threshold, *NOTE_BANDS), decades=18)
    log_axis(panel, (low, high))
    _draw_levels(panel, threshold)
    depths = sorted(table["depth"].unique())
    places = [(name, depth) for name in activations for depth in depths]
    for offset, (method, (_, style)) in zip((-0.16, 0.16), _METHODS.items(), strict=True):
        for position, (name, depth) in enumerate(places):
            chosen = (table["activation"] == name) & (table["depth"] == depth) & (table["method"] == method)
            _draw_group(panel, position + offset, table[chosen], style)
    panel.set_xlim(-0.7, len(places) - 0.3)
    panel.set_xticks(range(len(places)), [str(depth) for _, depth in places])
    panel.grid(False, axis="x")
    panel.tick_params(axis="x", length=0)
    middle = (len(depths) - 1) / 2
    for index, name in enumerate(activations):
        panel.annotate(
            label(name), (index * len(depths) + middle, 0), xycoords=("data", "axes fraction"), xytext=(0, -stroke(24)),
            textcoords="offset points", ha="center", va="center", fontweight="bold", annotation_clip=False,
        ).set_in_layout(False)  # fmt: skip
        if index:
            panel.axvline(index * len(depths) - 0.5, color="#d5dae0", linewidth=stroke(0.8))
    panel.set_xlabel("depth of the checked network, by activation", labelpad=stroke(22))
    panel.set_ylabel("relative error of the worst parameter")


def _draw_levels(panel: Axes, threshold: float) -> None:
    panel.axhline(threshold, color=_LIMIT, linewidth=stroke(1), linestyle=_DASHES, zorder=1)
    levels = [(threshold, f"limit {setting(threshold)}")]
    for level in NOTE_BANDS:
        panel.axhline(level, color=MUTED, linewidth=stroke(0.7), linestyle=_DOTS, zorder=1)
        levels.append((level, f"note 10{superscript(round(np.log10(level)))}"))
    for level, text in levels:
        panel.annotate(
            text, (1, level), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
            va="center", color=MUTED, fontsize=text_size(7.5),
        )  # fmt: skip


def _draw_group(panel: Axes, x: float, table: pd.DataFrame, style: LineStyle) -> None:
    if table.empty:
        return
    errors = table["relative_error"].to_numpy(dtype=float)
    bottom = panel.get_ylim()[0]
    across = x + np.linspace(-0.1, 0.1, len(errors)) if len(errors) > 1 else np.array([x])
    failed, blind = (table["verdict"].to_numpy() == verdict for verdict in ("failed", "blind"))
    seen = np.isfinite(errors) & (errors > bottom)
    wrong, exact = seen & failed, np.isfinite(errors) & (errors <= bottom)
    for chosen, fill in ((seen & ~blind, style.color), (seen & blind, "white")):
        panel.plot(
            across[chosen],
            errors[chosen],
            linestyle="",
            marker=style.marker,
            color=style.color,
            mfc=fill,
            markersize=stroke(3.6),
            mew=stroke(0.7),
        )
    panel.plot(
        across[wrong], errors[wrong], "x", color=INK, markersize=stroke(8), markeredgewidth=stroke(1.6), zorder=5
    )
    # Nothing drawn outside the clip would still claim room down to the figure's corner.
    if exact.any():
        zeros = np.full(exact.sum(), bottom)
        panel.plot(
            across[exact], zeros, "v", color=style.color, mfc="white", markersize=stroke(5), clip_on=False, zorder=5
        )
    floor = table["noise_floor"].median()
    if np.isfinite(floor) and floor > 0:
        panel.plot([x - 0.14, x + 0.14], [floor, floor], color=INK, linewidth=stroke(1.1), zorder=4)


def _handles() -> list[Line2D]:
    methods = [
        Line2D([], [], linestyle="", marker=style.marker, color=style.color, markersize=stroke(5), label=name)
        for name, style in _METHODS.values()
    ]
    return [
        *methods,
        Line2D([], [], linestyle="", marker="D", color=MUTED, mfc="white", markersize=stroke(5), label="blind"),
        Line2D([], [], color=INK, linewidth=stroke(1.1), label="noise floor: rounding alone"),
        Line2D([], [], linestyle="", marker="x", color=INK, markeredgewidth=stroke(1.6), label="failed"),
        Line2D([], [], color=_LIMIT, linewidth=stroke(1), linestyle=_DASHES, label="limit of the complex step"),
        Line2D([], [], color=MUTED, linewidth=stroke(0.7), linestyle=_DOTS, label="bands of the course note"),
    ]


FIGURE = FigureRecord(
    name="gradient_check",
    title="Analytic against numeric gradients",
    picture="Strip plot of relative errors by activation, depth and method.",
    section="gradient-check",
    draw=draw,
    rows=rows,
    message=message,
    reads=("gradient_check",),
)
