"""When single networks leave their plateau and when they are trained: first steps, and the share that is still there.

This module computes on loss traces and levels; each study chooses the cells that it compares.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from depthsounder.figures.form import canvas, stroke
from depthsounder.figures.panels import WIDTH, init_handles, legend_below, step_axis
from depthsounder.figures.style import INK, MUTED, init_style, label
from depthsounder.judging.fates import escape_step, first_below
from depthsounder.judging.thresholds import Thresholds
from depthsounder.process.text import count
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import Run


@dataclass(frozen=True)
class Milestone:
    """A level of the loss that a network passes on its way down.

    Attributes
    ----------
    name
        In tables.
    words
        In the legend, of the networks that have not passed it yet.
    dashes
        The line's pattern.
    """

    name: str
    words: str
    dashes: Any


_DOTS: Any = (0, (1, 2))

ESCAPE = Milestone("leaves the plateau", "still on the plateau", "-")
TRAINED = Milestone("is trained", "not trained yet", (0, (3, 1.5)))


def milestone_steps(run: Run, milestones: Sequence[Milestone]) -> pd.DataFrame:
    """Return the first step at which each evaluated network passes each milestone.

    A network leaves its plateau at its escape step (`fates`), and is trained when the mean loss over `tail_steps` falls
    below `trains_loss` times the least that a constant prediction costs on the same batches.

    Returns
    -------
    pandas.DataFrame
        `CELL_KEYS`, seed, milestone, and step: infinite if the network did not get there within the run.
    """
    thresholds = Thresholds(**dict(run.config.verdicts))
    window = thresholds.tail_steps
    found = []
    for cell, seed, losses in run.evaluated_networks():
        guessing = run.references.guessing(seed, window)
        steps = {
            ESCAPE.name: escape_step(losses, guessing, thresholds),
            TRAINED.name: first_below(losses, thresholds.trains_loss * guessing.least, window),
        }
        found += [(*cell, seed, milestone.name, steps[milestone.name]) for milestone in milestones]
    return pd.DataFrame(found, columns=[*CELL_KEYS, "seed", "milestone", "step"])


def summary(steps: pd.Series, within: int) -> str:
    """Return in words how many networks got somewhere, and between which steps."""
    arrived = steps[np.isfinite(steps)]
    if arrived.empty:
        return f"none of {len(steps):,} within {within:,} steps"
    first, last, median = int(arrived.min()), int(arrived.max()), float(steps.median())
    middle = f", median {median:,.0f}" if np.isfinite(median) else ""
    between = f"after {first:,} to {last:,} steps" if first < last else f"after {first:,} steps"
    return f"{len(arrived):,} of {count(len(steps), 'network')} {between}{middle}"


def draw_milestones(run: Run, table: pd.DataFrame, milestones: Sequence[Milestone], reference: int | None) -> Figure:
    """Draw the share of networks that have not passed a milestone yet, over the steps.

    Parameters
    ----------
    table
        From `milestone_steps`.
    reference
        A step to be marked, or None.
    """
    activations, depths = run.activations, run.depths
    width = min(WIDTH, max(5.5, 1 + 4.2 * len(depths)))
    figure = canvas(width, 1.1 + 2.3 * len(activations))
    grid = figure.subplots(len(activations), len(depths), squeeze=False, sharex=True, sharey=True)
    for row, activation in enumerate(activations):
        for column, depth in enumerate(depths):
            panel = grid[row, column]
            chosen = table[(table["activation"] == activation) & (table["depth"] == depth)]
            _draw_panel(panel, run, chosen, milestones, reference)
            panel.set_title(f"{label(activation)}, depth {depth}")
            panel.set_ylabel("share of networks" if column == 0 else "")
            if row == len(activations) - 1:
                step_axis(panel)
    patterns = [Line2D([], [], color=INK, linestyle=item.dashes, label=item.words) for item in milestones]
    if reference is not None and reference < run.config.training.steps:
        patterns.append(Line2D([], [], color=MUTED, linestyle=_DOTS, label=f"step {reference:,}"))
    legend_below(figure, [*init_handles(run.inits), *patterns])
    return figure


def _draw_panel(
    panel: Axes, run: Run, table: pd.DataFrame, milestones: Sequence[Milestone], reference: int | None
) -> None:
    import seaborn as sns  # noqa: PLC0415

    last = run.config.training.steps
    for position, init in enumerate(run.inits):
        for milestone in milestones:
            chosen = table[(table["init"] == init) & (table["milestone"] == milestone.name)]
            if chosen.empty:
                continue
            # What never got there ends far beyond the frame.
            shown = chosen["step"].clip(lower=1).replace(np.inf, 1e3 * last)
            sns.ecdfplot(
                x=shown, ax=panel, complementary=True, color=init_style(init).color, linestyle=milestone.dashes,
                linewidth=stroke(2.4 - 1.2 * position / max(len(run.inits) - 1, 1)),
            )  # fmt: skip
    panel.set_xscale("log")
    panel.set_xlim(1, last)
    panel.set_ylim(-0.03, 1.03)
    if reference is not None and reference < last:
        panel.axvline(reference, color=MUTED, linewidth=stroke(0.9), linestyle=_DOTS)
