"""The gradient on its way back: δ at every layer relative to the last hidden one, before training."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from depthsounder.elements.axes import Design
from depthsounder.figures.aggregate import relative_to_top
from depthsounder.figures.layers import Measure, combined, draw_layers, measured
from depthsounder.figures.panels import note_alone
from depthsounder.figures.record import FigureRecord
from depthsounder.figures.style import label, themed
from depthsounder.process.text import count, names_of, number
from depthsounder.sweep.runs import Run


def _measures(run: Run) -> list[Measure]:
    depth = run.depths[-1]
    signal = run.initial_signal
    ratios = relative_to_top(signal[signal["depth"] == depth], "delta_second_moment")
    theory = run.theory[run.theory["depth"] == depth]
    table = measured(ratios, "delta_second_moment", theory, "delta_second_moment_ratio_probe")
    return [Measure("delta_second_moment_ratio", "mean of δ², layer l over layer L", table)]


def rows(run: Run) -> pd.DataFrame:
    """Return the ratio at each layer of the deepest networks, beside the theory."""
    return combined(_measures(run))


def message(run: Run) -> str:
    """Return in a sentence how many cells vanish and explode, and the smallest and the largest D."""
    cells = run.verdicts.dropna(subset=["delta_ratio"])
    if cells.empty:
        return "At depth 1 there is no layer above the first, and no ratio of errors."
    verdicts = cells["signal_verdict"]
    finite = cells[np.isfinite(cells["delta_ratio"])]
    least, most = finite.loc[finite["delta_ratio"].idxmin()], finite.loc[finite["delta_ratio"].idxmax()]
    return (
        f"Before any training the gradient had vanished in {int((verdicts == 'vanishing').sum()):,} of "
        f"{count(len(cells), 'cell')} and exploded in {int((verdicts == 'exploding').sum()):,}: D ran from "
        f"{number(least['delta_ratio'])} ({_cell(least)}) to {number(most['delta_ratio'])} ({_cell(most)})."
    )


def _cell(row: pd.Series) -> str:
    return f"{names_of(Design.of(row), label)}, depth {row['depth']}"


@themed
def draw(run: Run) -> Figure:
    """Draw the ratio by layer, at the deepest depth."""
    if run.depths[-1] == 1:
        return note_alone(message(run))
    return draw_layers(run, _measures(run), height=3.2, right=False)


FIGURE = FigureRecord(
    name="backward_signal",
    title="The gradient on its way back",
    picture="Curves over the layers for each activation, one for each initialization, with theory dashed over them.",
    section="backward",
    draw=draw,
    rows=rows,
    message=message,
    reads=("verdicts", "signal", "theory"),
)
