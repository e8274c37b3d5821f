"""The plane of weight and bias variances: order, chaos, and where the sweep's initializations lie in it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import PLAIN
from depthsounder.elements.initializers import initializer
from depthsounder.figures.form import stroke
from depthsounder.figures.panels import init_handles, label_axis, legend_below, log_axis, note_alone, panel_grid
from depthsounder.figures.record import FigureRecord
from depthsounder.figures.style import INK, PAPER, init_style, label, themed
from depthsounder.process.text import count, join
from depthsounder.storage.frames import designs_of, rows_of
from depthsounder.sweep.runs import Run
from depthsounder.theory.meanfield import MARGINAL
from depthsounder.theory.phase_plane import growth_plane

_LEVELS = (1e-9, 0.1, 0.5, 0.9, 1.0, 1.1, 2.0, 10.0, 1e9)
"""Values of χ1 that the colors span: from errors that vanish to errors that explode."""

_COLORS = ("#3C5A99", "#7C93C3", "#B5C3DF", "#E3E9F3", "#FBEADF", "#F2C4A4", "#DE8A5B", "#BF4A1D")
_POINTS = (97, 25)
"""Points of the grid in σw² and σb²."""

_NARROWEST = (0.1, 10.0)
_WIDEST = (1e-3, 1e3)
"""The range of σw²; a point beyond stands at the edge."""

_FLOOR = 0.09
"""The share of σb²'s range that lies below 0, for the markers of inits without biases."""

_BESIDE = 0.07
"""A share of a panel's width: markers that are nearer would hide one another."""

PHASES = ("order", "edge", "chaos")


def rows(run: Run) -> pd.DataFrame:
    """Return for each activation and initialization its place in the plane, its χ1 and depth scales, and its phase.

    The plane is that of plain networks: where a normalization follows, or a shortcut leads past, it has no such line.

    An initialization whose theory is withheld has no place: its σw² is not the one that it states.

    Returns
    -------
    pandas.DataFrame
        activation, init, weight_gain (σw² between hidden layers), bias_variance (σb²), q_star, chi_1, xi_c, xi_grad,
        and phase: order, edge or chaos.
    """
    columns = ["activation", "init", "q_star", "chi_1", "xi_c", "xi_grad"]
    table = run.theory[run.theory["architecture"] == PLAIN.name].drop_duplicates(["activation", "init"])
    table = table[[design not in run.withheld for design in designs_of(table)]][columns].reset_index(drop=True)
    laws = [initializer(name) for name in table["init"]]
    width = run.config.width
    gains = [law.gain(width, width, ACTIVATIONS[name]) for law, name in zip(laws, table["activation"], strict=True)]
    table.insert(2, "weight_gain", gains)
    table.insert(3, "bias_variance", [law.bias_variance for law in laws])
    chi_1 = table["chi_1"]
    phase = np.select(
        [(chi_1 - 1.0).abs() <= 10.0 * MARGINAL, chi_1 < 1.0, chi_1 > 1.0], ["edge", "order", "chaos"], ""
    )
    return table.assign(phase=phase)


def message(run: Run) -> str:
    """Return in sentences how many initializations lie in order, in chaos, and on the edge, and which these are."""
    table = rows(run)
    if table.empty:
        return "In this run no initialization has a place in the plane."
    amounts = table["phase"].value_counts()
    order, edge, chaos = (int(amounts.get(phase, 0)) for phase in PHASES)
    sentence = (
        f"Of {count(len(table), 'combination')} of activation and initialization, {order} lie in order, where errors "
        f"vanish, {chaos} in chaos, where they explode, and {edge} on the edge between."
    )
    critical = table[table["phase"] == "edge"]
    names = [
        f"{label(str(activation))} with {join(label(init) for init in group['init'])}"
        for activation, group in critical.groupby("activation", sort=False)
    ]
    return f"{sentence} On the edge: {'; '.join(names)}." if names else sentence


@themed
def draw(run: Run) -> Figure:
    """Draw χ1 over the plane for each activation, the critical line, and the initializations."""
    table, models = rows(run), [model for model in run.models if model.architecture == PLAIN.name]
    if not models:
        return note_alone(message(run))
    figure, axes = panel_grid(models, ["phases"], height=2.7)
    drawable = table.loc[table["weight_gain"] > 0, "weight_gain"]
    places = [*_NARROWEST, *drawable / 3, *drawable * 3]
    limits = max(min(places), _WIDEST[0]), min(max(places), _WIDEST[1])
    top = max(1.0, 1.25 * float(table["bias_variance"].max()))
    marks = {model: stacked(table[table["activation"] == model.activation], limits) for model in models}
    strip = _FLOOR * top * max((len(floors) for floors in marks.values()), default=1)
    filled = None
    for (_, model), panel in axes.items():
        log_axis(panel, limits, "x")
        filled = _draw_plane(panel, model.activation, limits, top, strip)
        panel.set_ylim(-strip, top)
        panel.set_yticks([tick for tick in MaxNLocator(5).tick_values(0.0, top) if 0.0 <= tick <= top])
        panel.axhline(0.0, color=PAPER, linewidth=stroke(0.8))
        panel.grid(False)
        panel.set_xlabel("σw²")
        label_axis(panel, "σb²")
        _mark(panel, marks[model], _FLOOR * top)
    if filled is not None:
        bar = figure.colorbar(filled, ax=list(axes.values()), ticks=_LEVELS[1:-1], aspect=30, pad=0.01)
        bar.ax.set_yticklabels([f"{level:g}" for level in _LEVELS[1:-1]])
        bar.set_label("χ1, growth of δ² per layer")
    critical = Line2D([], [], color=INK, linewidth=stroke(1.2), label="critical line, χ1 = 1")
    placed = [init for init in run.inits if (table["init"] == init).any()]
    legend_below(figure, [*init_handles(placed), critical])
    return figure


def _draw_plane(panel: Axes, activation: str, limits: tuple[float, float], top: float, strip: float) -> QuadContourSet:
    """Draw χ1 and the critical line; what holds at σb² = 0 goes on below, where the inits without biases stand."""
    # Dense at σb² = 0, where the line of tanh leaves as a cusp.
    gains, bias_variances = np.geomspace(*limits, _POINTS[0]), top * np.linspace(0.0, 1.0, _POINTS[1]) ** 2
    plane = np.clip(growth_plane(ACTIVATIONS[activation], gains, bias_variances), 1e-8, 1e8)
    plane, heights = np.vstack([plane[:1], plane]), np.concatenate([[-strip], bias_variances])
    filled = panel.contourf(
        gains, heights, plane, levels=_LEVELS, cmap=ListedColormap(_COLORS), norm=BoundaryNorm(_LEVELS, len(_COLORS))
    )
    panel.contour(gains, heights, np.log(plane), levels=[0.0], colors=INK, linewidths=stroke(1.2))
    return filled


def stacked(table: pd.DataFrame, limits: tuple[float, float]) -> list[list[tuple[float, float, str]]]:
    """Return the places of markers in floors, (σw², σb², init) each: on one floor no marker hides another.

    What lies beyond the limits of σw² stands at the edge.
    """
    floors: list[list[tuple[float, float, str]]] = [[]]
    reach = _BESIDE * np.log(limits[1] / limits[0])
    for law in rows_of(table):
        place = (float(np.clip(law["weight_gain"], *limits)), float(law["bias_variance"]), str(law["init"]))
        for floor in floors:
            if all(abs(np.log(place[0] / x)) > reach or (y > 0) != (place[1] > 0) for x, y, _ in floor):
                floor.append(place)
                break
        else:
            floors.append([place])
    return floors


def _mark(panel: Axes, floors: Sequence[Sequence[tuple[float, float, str]]], height: float) -> None:
    """Put a marker at each initialization: at its σb² if it has biases, and else below 0, one under another."""
    for floor, places in enumerate(floors):
        for x, bias_variance, init in places:
            style = init_style(init)
            panel.plot(
                x, bias_variance or -(floor + 0.5) * height, linestyle="", marker=style.marker, color=style.color,
                markersize=stroke(7), markeredgecolor=PAPER, markeredgewidth=stroke(0.7), clip_on=False, zorder=5,
            )  # fmt: skip


FIGURE = FigureRecord(
    name="phase_diagram",
    title="Order, chaos, and the edge between",
    picture="Map of weight and bias variances for each activation, with a marker for each initialization.",
    section="theory",
    draw=draw,
    rows=rows,
    message=message,
    reads=("verdicts", "theory"),
    place=4,
)
