"""The figures of a benchmark run: one panel for each activation and axis, drawn from the table's rows."""

from dataclasses import dataclass

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from benchmarks.summary import CASE, REFERENCE
from depthsounder.figures.style import MUTED, THEME, LineStyle, label

NAMES = {
    "engine": "Depthsounder",
    "torch_loop": "PyTorch, eager loop",
    "torch_vmap": "PyTorch, torch.func.vmap",
    "jax_scan": "JAX, jit(vmap(scan))",
}
STYLES = {
    "engine": LineStyle("#0b5f7c", "o"),
    "torch_loop": LineStyle("#D55E00", "s"),
    "torch_vmap": LineStyle("#E69F00", "D"),
    "jax_scan": LineStyle("#882255", "X"),
}

AXES = {"width": "units of a layer", "depth": "hidden layers", "networks": "networks trained side by side"}


@dataclass(frozen=True)
class Plot:
    """A figure: what it shows, over each of the axes, and what it tells."""

    quantity: str
    title: str
    axis_label: str
    caption: str
    logarithmic: bool = False
    line: float | None = None


PLOTS = (
    Plot(
        "milliseconds",
        "Time of a step",
        "ms per network and step",
        "Wall time of one network's step: forward, backward and update. Lower is faster. Marks are medians of the "
        "repeats, bars reach from the fastest to the slowest.",
        logarithmic=True,
    ),
    Plot(
        "ratio",
        "How many times as fast as each peer",
        "peer's time / engine's",
        "The peer's time over the engine's in the same repeat, compiled and warm. Above the line at 1 the engine is "
        "faster.",
        line=1.0,
    ),
    Plot(
        "share_of_sgemm",
        "Share of the limit",
        "share of sgemm's rate",
        "The matrix products' operations per second, as a share of the rate that the same repeat measured for these "
        "products alone, as NumPy's BLAS computes them. Whoever brings faster products of their own can pass 1.",
        line=1.0,
    ),
)


def draw(plot: Plot, rows: pd.DataFrame) -> Figure:
    """Return a figure with a row of panels for each activation, and a panel for each axis.

    Along an axis, the other sizes and the architecture are those of the first case.
    """
    shown = rows if plot.quantity != "ratio" else rows[rows["implementation"] != REFERENCE]
    with mpl.rc_context(THEME):
        return _draw_panels(plot, shown)


def _draw_panels(plot: Plot, shown: pd.DataFrame) -> Figure:
    activations = list(shown["activation"].unique())
    figure = Figure(figsize=(10.0, 2.7 * len(activations) + 0.5), layout="constrained")
    grid = figure.subplots(len(activations), len(AXES), squeeze=False, sharey="row")
    for panels, activation in zip(grid, activations, strict=True):
        of_activation = shown[shown["activation"] == activation]
        for panel, axis in zip(panels, AXES, strict=True):
            _draw_panel(panel, plot, axis, _along(of_activation, axis))
        panels[0].set_title(label(activation))
        panels[0].set_ylabel(plot.axis_label)
        if plot.logarithmic:
            panels[0].set_yscale("log")
            panels[0].yaxis.set_major_formatter("{x:g}")
        else:
            panels[0].set_ylim(bottom=0.0)
    for panel, words in zip(grid[-1], AXES.values(), strict=True):
        panel.set_xlabel(words)
    handles = [
        Line2D([], [], color=STYLES[name].color, marker=STYLES[name].marker, label=NAMES[name])
        for name in shown["implementation"].unique()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _along(rows: pd.DataFrame, axis: str) -> pd.DataFrame:
    """Return the rows whose other sizes are those of the first row."""
    others = [name for name in CASE if name != axis]
    return rows[(rows[others] == rows[others].iloc[0]).all(axis=1)]


def _draw_panel(panel: Axes, plot: Plot, axis: str, rows: pd.DataFrame) -> None:
    sns.lineplot(
        rows,
        x=axis,
        y=plot.quantity,
        hue="implementation",
        palette={name: style.color for name, style in STYLES.items()},
        style="implementation",
        markers={name: style.marker for name, style in STYLES.items()},
        dashes=False,
        estimator="median",
        errorbar=("pi", 100),
        err_style="bars",
        legend=False,
        ax=panel,
    )
    panel.set(xlabel="", ylabel="", xscale="log", xticks=sorted(rows[axis].unique()))
    panel.xaxis.set_major_formatter("{x:g}")
    panel.xaxis.set_minor_locator(NullLocator())
    if plot.line is not None:
        panel.axhline(plot.line, color=MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
