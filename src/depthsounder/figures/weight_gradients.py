"""The figure of the weights' gradients by layer, whose ratio hides what the ratio of δ shows."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from depthsounder.elements.axes import Design
from depthsounder.figures.aggregate import nearest
from depthsounder.figures.layers import Measure, combined, draw_layers, measured
from depthsounder.figures.record import FigureRecord
from depthsounder.figures.style import themed
from depthsounder.process.text import count
from depthsounder.sweep.runs import Run

_SHOWN_DEPTH = 10
"""Deep enough for the effect, and shallow enough for the smallest gradients to stay within the frame."""

_NEAR_ONE = 10.0
_DECADES = 20


def _measures(run: Run) -> list[Measure]:
    depth = nearest(run.depths, _SHOWN_DEPTH)
    signal = run.initial_signal
    hidden = signal[(signal["depth"] == depth) & (signal["layer"] <= depth)]
    errors = hidden.assign(delta_rms=np.sqrt(hidden["delta_second_moment"]))
    return [
        Measure("delta_rms", "size of δ (rms)", measured(errors, "delta_rms"), decades=_DECADES),
        Measure("weight_grad_rms", "size of ∂C/∂W (rms)", measured(hidden, "weight_grad_rms"), decades=_DECADES),
    ]


def rows(run: Run) -> pd.DataFrame:
    """Return both sizes at each layer of the shown depth."""
    return combined(_measures(run))


def message(run: Run) -> str:
    """Return in a sentence in how many vanishing cells the ratio of weight gradients looks healthy."""
    depth = nearest(run.depths, _SHOWN_DEPTH)
    if depth == 1:
        return "At depth 1 there is one hidden layer, and no ratio between layers."
    table = _measures(run)[1].table
    ends = table.pivot_table(index=[*Design._fields], columns="layer", values="median", observed=True)
    with np.errstate(all="ignore"):
        ratio = ends[1] / ends[depth]
    cells = run.verdicts[run.verdicts["depth"] == depth].set_index([*Design._fields])
    sick = cells.index[cells["signal_verdict"].isin(["vanishing", "exploding"])]
    hidden = ratio[ratio.index.isin(sick)].between(1 / _NEAR_ONE, _NEAR_ONE)
    return (
        f"At depth {depth} the gradient had vanished or exploded in {count(len(sick), 'cell')}; in "
        f"{int(hidden.sum()):,} of them the weight gradients of the first and the last hidden layer lay within a "
        "factor of ten all the same."
    )


@themed
def draw(run: Run) -> Figure:
    """Draw the size of δ (upper row) and of the weight gradients (lower row) by layer, in absolute terms."""
    return draw_layers(run, _measures(run), right=False)


FIGURE = FigureRecord(
    name="weight_gradients",
    title="What the gradients of weights hide",
    picture="Curves over the layers for each activation, one for each initialization.",
    section="backward",
    draw=draw,
    rows=rows,
    message=message,
    reads=("verdicts", "signal"),
    place=2,
)
