"""The comparisons that the config names: how much lower the tail loss is, and whether that is chance."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from depthsounder.elements.axes import Design
from depthsounder.figures.form import canvas, stroke, text_size
from depthsounder.figures.panels import cell_id, legend_below, log_axis, log_limits, note_alone
from depthsounder.figures.record import FigureRecord
from depthsounder.figures.style import INK, MUTED, init_style, label, themed
from depthsounder.judging.paired_inits import SIGNIFICANT, Pair, least_p_value
from depthsounder.process.text import count, join, names_of, number, percent
from depthsounder.storage.frames import cell_of, rows_of
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import Run

_DECADES = 4


def rows(run: Run) -> pd.DataFrame:
    """Return the comparisons table: the family with its tests, and the effect sizes of every other pair."""
    return run.comparisons


def family(run: Run) -> pd.DataFrame:
    """Return the comparisons that the config names."""
    return run.comparisons[run.comparisons["in_family"]]


def message(run: Run) -> str:
    """Return in sentences how many of the named comparisons are told apart, and what pairing the seeds gained."""
    table = family(run)
    others = count(len(run.comparisons) - len(table), "other pair of inits has", "other pairs of inits have")
    if table.empty:
        return f"The config names no comparison to be tested; {others} effect sizes only{_laws(run)}."
    tests = table[table["finding"] != "one law"]
    found = tests["finding"].value_counts()
    lower, higher, alike = (int(found.get(finding, 0)) for finding in ("lower", "higher", "not told apart"))
    summary = (
        f"Of {count(len(tests), 'comparison')} that the config names, {lower:,} end as named, with the lower tail loss "
        f"at the first of the two inits, {higher:,} the other way round, and {alike:,} are not told apart at "
        f"{percent(SIGNIFICANT)} over the family."
    )
    sentences = [summary, _floor(tests)] if len(tests) else [summary]
    if len(table) > len(tests):
        laws = count(len(table) - len(tests), "pair of the family is", "pairs of the family are")
        sentences.append(f"{laws} one law in two names: equal, and not ranked.")
    gains = tests["pairing_gain"].dropna()
    if len(gains):
        sentences.append(
            f"Pairing the seeds was worth {number(gains.median())} times as many (the median, from "
            f"{number(gains.min())} to {number(gains.max())}){_without_gain(run, tests)}."
        )
    return " ".join([*sentences, f"{others[0].upper()}{others[1:]} effect sizes and no test{_laws(run)}."])


def _floor(tests: pd.DataFrame) -> str:
    """Return in a sentence how small a p-value can be with so many seeds, and how many are as small."""
    seeds = int(tests["seeds"].iloc[0])
    least = least_p_value(seeds)
    reached = int(np.isclose(tests["p_value"].astype(float), least, rtol=1e-9).sum())
    return (
        f"No p-value of {count(seeds, 'seed')} lies below {number(least)}, nor the smallest of {len(tests):,} below "
        f"{number(min(1.0, least * len(tests)))} by Holm's method; {reached} of them stand there."
    )


def _without_gain(run: Run, tests: pd.DataFrame) -> str:
    """Say of which tests no gain is known because some network diverged, whose loss is no number; or nothing."""
    diverged, unknown = run.verdicts[run.verdicts["diverged_seeds"] > 0], tests[tests["pairing_gain"].isna()]
    cells = {cell_of(row[name] for name in CELL_KEYS) for row in rows_of(diverged)}
    without = [
        f"{names_of(pair.cells[0].design.model, label)} at depth {pair.depth}"
        for pair in (Pair(*(row[name] for name in (*CELL_KEYS, "against"))) for row in rows_of(unknown))
        if cells & {*pair.cells}
    ]
    return f"; none is known for {join(dict.fromkeys(without))}, where a network diverged" if without else ""


def _laws(run: Run) -> str:
    """Return in how many pairs without a test there is nothing to compare, or nothing."""
    alike = int((~run.comparisons["in_family"] & run.comparisons["finding"].eq("one law")).sum())
    return f"; {alike:,} of them {'is' if alike == 1 else 'are'} one law in two names" if alike else ""


@themed
def draw(run: Run) -> Figure:
    """Draw the ratio of tail losses of each named comparison with its interval, and what the test says of it."""
    table = family(run)
    if table.empty:
        return note_alone(message(run))
    figure = canvas(10, 1.5 + 0.34 * max(len(table), 2))
    panel = figure.subplots()
    ends = table[["tail_ratio", "tail_ratio_low", "tail_ratio_high"]].to_numpy(dtype=float).ravel()
    limits = log_limits(ends, always=(0.5, 2.0), decades=_DECADES)
    log_axis(panel, limits, "x")
    panel.axvline(1.0, color=MUTED, linewidth=stroke(0.9), zorder=1)
    names = []
    for position, pair in enumerate(rows_of(table)):
        _draw_pair(panel, position, pair, limits)
        against = f"{label(pair['init'])} against {label(pair['against'])}"
        names.append(f"{names_of(Design.of(pair).model, label)}, depth {pair['depth']}:  {against}")
    panel.set_yticks(range(len(names)), names, color=INK)
    panel.set_ylim(len(names) - 0.5, -0.5)
    panel.grid(False, axis="y")
    panel.set_xlabel("tail loss of the first init over that of the second (log scale): left of 1 the first does better")
    legend_below(
        figure,
        [
            Line2D(
                [],
                [],
                linestyle="",
                marker="o",
                color=INK,
                label=f"told apart, Holm's p at most {percent(SIGNIFICANT)}",
            ),
            Line2D([], [], linestyle="", marker="o", color=INK, markerfacecolor="white", label="not told apart"),
        ],
    )
    return figure


def _draw_pair(panel: Axes, position: int, pair: dict[str, Any], limits: tuple[float, float]) -> None:
    color = init_style(pair["init"]).color
    open_ends = pair["tail_ratio_low"] < limits[0], pair["tail_ratio_high"] > limits[1]
    low, middle, high = (
        np.clip(pair[name], limits[0], limits[1]) for name in ("tail_ratio_low", "tail_ratio", "tail_ratio_high")
    )
    if pair["finding"] == "one law":
        text = "one law: equal bits, not ranked"
    elif np.isnan(middle):
        text = "every network of both diverged"
    else:
        panel.plot([low, high], [position, position], color=color, linewidth=stroke(2.2), alpha=0.5, zorder=2)
        for beyond, edge, marker in zip(open_ends, limits, "<>", strict=True):
            if beyond:
                panel.plot(edge, position, marker, color=color, markersize=stroke(6), clip_on=False, zorder=4)
        fill = "white" if pair["finding"] == "not told apart" else color
        panel.plot(middle, position, "o", color=color, markerfacecolor=fill, markersize=stroke(7), zorder=3)
        gain = f", pairing × {number(pair['pairing_gain'])}" if pair["pairing_gain"] > 0 else ""
        text = f"{pair['lower']} of {pair['seeds']} seeds lower, p = {number(pair['p_holm'])}{gain}"
    row = (position - 0.45, position + 0.45)
    # Not seen, but there to be pointed at: the row stands for the two cells that it compares.
    panel.axhspan(*row, color="white", alpha=0.0, linewidth=0, zorder=9, gid=cell_id(pair, pair["against"]))
    panel.annotate(
        text, (1.0, position), xycoords=("axes fraction", "data"), xytext=(6, 0), textcoords="offset points",
        va="center", color=MUTED, fontsize=text_size(8.5), annotation_clip=False,
    )  # fmt: skip


FIGURE = FigureRecord(
    name="comparisons",
    title="The comparisons that the config names",
    picture="Ratio of tail losses with its interval for each comparison.",
    section="comparisons",
    draw=draw,
    rows=rows,
    message=message,
    reads=("comparisons",),
)
