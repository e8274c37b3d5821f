"""The figure of D as measured against D as theory predicts it, with each cell's training verdict."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from depthsounder.elements.axes import Design
from depthsounder.figures.aggregate import factors_apart, within
from depthsounder.figures.form import canvas, stroke, text_size
from depthsounder.figures.outcomes import repeated_laws, shades, uncopied
from depthsounder.figures.panels import (
    DECADES,
    cell_id,
    legend_below,
    log_axis,
    log_limits,
    note_alone,
    training_handles,
)
from depthsounder.figures.record import FigureRecord
from depthsounder.figures.style import INK, MUTED, SHADES, activation_marker, label, themed
from depthsounder.judging.foretelling import Accuracy, foretells_failure, range_in_words
from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import count, in_words, join, number, percent, tally
from depthsounder.storage.frames import rows_of
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import Run

_NAMED = 3
"""So many cells at most are named behind a number of them."""

_MISSED = 12
"""So many cells at most that the rule has wrong are named."""

_WIDE = 0.035
"""A share of the longest bar: a part that is wider has its number on it."""

_HALF = 0.31
"""Half of a bar's height."""

_LEADER = {"arrowstyle": "-", "color": INK, "shrinkA": 0, "shrinkB": 0, "relpos": (0.5, 0.0)}

SIGNALS = ("vanishing", "healthy", "exploding")


def rows(run: Run) -> pd.DataFrame:
    """Return for each cell deeper than 1 the measured and the predicted D, and the verdict that each implies.

    Returns
    -------
    pandas.DataFrame
        The cell, delta_ratio with its interval, predicted_delta_ratio (null where theory has none), signal_verdict,
        predicted_verdict and within_interval (null with it), and training_verdict, and shade.
    """
    first = run.theory[run.theory["layer"] == 1]
    predicted = first[CELL_KEYS].assign(predicted_delta_ratio=np.sqrt(first["delta_second_moment_ratio_probe"]))
    columns = ["delta_ratio", "delta_ratio_low", "delta_ratio_high", "signal_verdict", "training_verdict"]
    verdicts = run.verdicts.assign(shade=shades(run.verdicts))
    table = verdicts.loc[verdicts["depth"] > 1, [*CELL_KEYS, *columns, "shade"]].merge(
        predicted, on=CELL_KEYS, how="left"
    )
    thresholds = run.config.verdicts
    ratio = table["predicted_delta_ratio"]
    verdict = np.select(
        [ratio > thresholds.exploding_ratio, ratio < thresholds.vanishing_ratio, ratio.notna()],
        ["exploding", "vanishing", "healthy"],
        default="",
    )
    table["predicted_verdict"] = pd.Series(verdict, index=table.index).replace("", None)
    inside = within(ratio, table["delta_ratio_low"], table["delta_ratio_high"])
    return table.assign(within_interval=inside.where(table["delta_ratio_low"].notna()))


def message(run: Run) -> str:
    """Return in sentences how often theory was right about the signal, by how much it missed, and what became of it."""
    table = rows(run)
    known = table[table["predicted_verdict"].notna()]
    if known.empty:
        return "Theory makes no prediction for the cells of this run."
    agree = int((known["predicted_verdict"] == known["signal_verdict"]).sum())
    alone = uncopied(known, repeated_laws(run))
    sentences = [
        f"Theory predicted the measured signal verdict in {agree} of {count(len(known), 'cell')}{alone}.",
        *filter(None, [_precision(known)]),
    ]
    for predicted, called in (
        (known["predicted_verdict"] != "healthy", "vanishing or exploding"),
        (known["predicted_verdict"] == "healthy", "healthy"),
    ):
        if predicted.any():
            sentences.append(f"Of {int(predicted.sum()):,} that it calls {called}, {_fates(known[predicted])}.")
    trained = known[known["training_verdict"].notna()]
    return " ".join([*sentences, *filter(None, [_rule(trained, run.config.training.steps)])])


def _rule(known: pd.DataFrame, steps: int) -> str:
    """Say how often the rule is right about cells that were trained for so many steps, and name the misses."""
    failed = known["training_verdict"].isin(FAILURES)
    foretold = known["predicted_delta_ratio"].map(lambda ratio: foretells_failure(ratio, steps))
    found = Accuracy.of(failed.tolist(), foretold.tolist())
    if found.balanced is None:
        return ""
    missed = known[failed != foretold]
    names = f": all but {join(map(_name, rows_of(missed)))}" if 0 < len(missed) <= _MISSED else ""
    return (
        f"The rule that a cell fails where the D that theory predicts lies outside {range_in_words(steps)}, which is "
        f"3/steps to steps/3, and nowhere else, is right in {len(known) - len(missed):,} of {len(known):,}{names}. "
        f"Its balanced accuracy is {percent(found.balanced)}."
    )


def _precision(known: pd.DataFrame) -> str:
    """Say how near the predicted D is: within the interval, beside what was due, and by which factor; or nothing."""
    compared = known["within_interval"].dropna().astype(bool)
    off = factors_apart(known["predicted_delta_ratio"], known["delta_ratio"])
    if off.empty:
        return ""
    within_interval = (
        f" lies within the 95 % interval of the measured one in {int(compared.sum()):,} of {len(compared):,} "
        f"({100 * compared.mean():.0f} %), and"
        if len(compared)
        else ""
    )
    worst = known.loc[off.index].iloc[int(off.to_numpy().argmax())]
    return (
        f"The predicted D{within_interval} is within 10 % of it in {int((off <= 1.1).sum()):,} and within a factor of "
        f"2 in {int((off <= 2).sum()):,}; the worst is {_name(worst)}, by a factor of {number(off.max())}."
    )


def became(cells: pd.DataFrame) -> str:
    """Return what became of cells in training, and the names of those few that failed."""
    failures = cells[cells["training_verdict"].isin(FAILURES)]
    names = f" ({join(map(_name, rows_of(failures)))})" if 0 < len(failures) <= _NAMED else ""
    return f"{_fates(cells)}{names}"


def _fates(cells: pd.DataFrame) -> str:
    """Return in a list how many cells came to which end in training."""
    kinds = cells["shade"].value_counts()
    parts = [f"{kinds['trains']:,} trained" if "trains" in kinds else "none trained"]
    for kind, words in (("slow", "stayed slow"), ("barely", "barely learned"), ("mixed", "ended mixed")):
        if kind in kinds:
            parts.append(f"{kinds[kind]:,} {words}")
    parts.append(f"{tally(int(cells['training_verdict'].isin(FAILURES).sum()))} failed")
    return join(parts)


def _name(cell: Any) -> str:  # noqa: ANN401 - a row of a data frame, or a record of one
    return f"{in_words(Design.of(cell), label)} at depth {cell['depth']}"


@themed
def draw(run: Run) -> Figure:
    """Draw D against D (left), and training verdicts by predicted signal (right); a row for each architecture."""
    table = rows(run)
    known = table.dropna(subset=["predicted_delta_ratio", "delta_ratio"])
    if known.empty:
        return note_alone(message(run))
    architectures = run.architectures
    figure = canvas(10, 0.9 + 4.0 * len(architectures))
    grid = figure.subplots(len(architectures), 2, width_ratios=[1.25, 1], squeeze=False)
    for (scatter, bars), architecture in zip(grid, architectures, strict=True):
        _draw_scatter(scatter, run, known[known["architecture"] == architecture])
        _draw_bars(bars, table[table["architecture"] == architecture])
        if len(architectures) > 1:
            scatter.set_ylabel(f"{label(architecture)}\n{scatter.get_ylabel()}")
    markers = [
        Line2D(
            [], [], linestyle="", marker=activation_marker(name), color=MUTED, markersize=stroke(6), label=label(name)
        )
        for name in run.activations
    ]
    legend_below(figure, [*training_handles(run), *markers], columns=4)
    return figure


def _draw_scatter(panel: Axes, run: Run, table: pd.DataFrame) -> None:
    thresholds = run.config.verdicts
    bounds = (thresholds.vanishing_ratio, thresholds.exploding_ratio)
    both = table[["delta_ratio", "predicted_delta_ratio"]].to_numpy(dtype=float)
    low, high = log_limits(both.ravel(), always=bounds)
    log_axis(panel, (low, high))
    log_axis(panel, (low, high), "x")
    panel.axhspan(*bounds, color="#eef3f1", zorder=0)
    panel.axvspan(*bounds, color="#eef3f1", zorder=0)
    panel.plot([low, high], [low, high], color=MUTED, linewidth=stroke(0.8), zorder=1)
    edges = (low * 1.5, high / 1.5)
    for cell in rows_of(table):
        x, y = np.clip([cell["predicted_delta_ratio"], cell["delta_ratio"]], *edges)
        bar = np.clip([cell["delta_ratio_low"], cell["delta_ratio_high"]], *edges)
        style = SHADES[cell["shade"]]
        panel.plot([x, x], bar, color=style.color, linewidth=stroke(1.2), zorder=2)
        panel.plot(
            x, y, linestyle="", marker=activation_marker(cell["activation"]), color=style.color,
            markeredgecolor=INK, markeredgewidth=stroke(0.5), markersize=stroke(6), zorder=3, gid=cell_id(cell),
        )  # fmt: skip
    panel.set_xlabel("D predicted by mean-field theory")
    panel.set_ylabel("D measured, median over seeds")
    panel.set_title("Error of the first over the last hidden layer")
    if high > 10**DECADES:
        panel.annotate(
            "cells beyond the frame\nstand at its edge", (0.97, 0.03), xycoords="axes fraction", ha="right",
            color=MUTED, fontsize=text_size(7.5),
        )  # fmt: skip


def _draw_bars(panel: Axes, table: pd.DataFrame) -> None:
    kinds = [*SIGNALS, None]
    names = ["vanishing", "healthy", "exploding", "no prediction"]
    counts = [
        table.loc[table["predicted_verdict"].isna() if kind is None else table["predicted_verdict"] == kind]
        for kind in kinds
    ]
    if counts[-1].empty:
        counts, names = counts[:-1], names[:-1]
    widest = max(len(cells) for cells in counts)
    for position, cells in enumerate(counts):
        start, narrow = 0, list[tuple[float, int]]()
        for shade, style in SHADES.items():
            amount = int((cells["shade"] == shade).sum())
            panel.barh(position, amount, left=start, color=style.color, height=2 * _HALF)
            if amount > _WIDE * widest:
                panel.text(
                    start + amount / 2, position, str(amount), ha="center", va="center", color=style.text,
                    fontsize=text_size(8.5),
                )  # fmt: skip
            elif amount:
                narrow.append((start + amount / 2, amount))
            start += amount
        _number_above(panel, position, narrow, _WIDE * widest)
    panel.set_yticks(range(len(names)), names, color=INK)
    panel.set_ylim(len(names) - 0.5, -0.65)
    panel.grid(False, axis="y")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.set_xlabel("cells, by what became of them in training")
    panel.set_title("Predicted signal, observed training")


def _number_above(panel: Axes, position: int, parts: Sequence[tuple[float, int]], room: float) -> None:
    """Write the numbers of a bar's narrow parts above it, each with a line to its part and with room of its own."""
    free = -np.inf
    for middle, amount in parts:
        across = max(middle, free)
        free = across + room
        panel.annotate(
            str(amount), (middle, position - _HALF), xytext=(across, position - _HALF - 0.1), ha="center", va="bottom",
            color=INK, fontsize=text_size(8.5), arrowprops=_LEADER | {"linewidth": stroke(0.6)},
        )  # fmt: skip


FIGURE = FigureRecord(
    name="prediction",
    title="Measured against predicted",
    picture="Scatter plot of measured over predicted D with a point for each cell, and bars of training verdicts.",
    section="theory",
    draw=draw,
    rows=rows,
    message=message,
    reads=("verdicts", "signal", "theory"),
)
