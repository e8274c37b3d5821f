"""He et al. 2015, figures 2 and 3: rectifier networks of 22 and 30 layers, with Glorot's variance and with twice it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from depthsounder.figures import FigureRecord
from depthsounder.figures.style import themed
from depthsounder.figures.wording import number
from depthsounder.studies.escapes import ESCAPE, TRAINED, draw_milestones, milestone_steps, summary
from depthsounder.studies.record import Agreement, Finding, Study
from depthsounder.sweep.runs import Run

HE, GLOROT = "he_normal", "glorot_normal"


def rows(run: Run) -> pd.DataFrame:
    """Return the step at which each network leaves its plateau and is trained; infinite if it does not."""
    return milestone_steps(run, (ESCAPE, TRAINED))


def _steps(table: pd.DataFrame, depth: int, init: str, milestone: str) -> pd.Series:
    chosen = (table["depth"] == depth) & (table["activation"] == "relu")
    return table.loc[chosen & (table["init"] == init) & (table["milestone"] == milestone), "step"]


def message(run: Run) -> str:
    """Return in a sentence for each depth when the networks of either initialization leave the plateau."""
    table, last = rows(run), run.config.training.steps
    return " ".join(
        f"At depth {depth} networks with He's variance leave the plateau {_when(table, depth, HE, last)}, with "
        f"Glorot's {_when(table, depth, GLOROT, last)}."
        for depth in run.depths
    )


def _when(table: pd.DataFrame, depth: int, init: str, last: int) -> str:
    median = float(_steps(table, depth, init, ESCAPE.name).median())
    return f"after {median:,.0f} steps (the median)" if np.isfinite(median) else f"mostly not within {last:,} steps"


@themed
def draw(run: Run) -> Figure:
    """Draw the share of networks that are still on their plateau, and still untrained, over the steps."""
    return draw_milestones(run, rows(run), (ESCAPE, TRAINED), None)


def findings(run: Run) -> Sequence[Finding]:
    """Return for each depth what the paper saw of the two initializations, beside this run."""
    table, last = rows(run), run.config.training.steps
    found = []
    for depth in run.depths:
        steps = {
            (init, milestone.name): _steps(table, depth, init, milestone.name)
            for init in (HE, GLOROT)
            for milestone in (ESCAPE, TRAINED)
        }
        if any(series.empty for series in steps.values()):
            continue
        he, glorot = (float(steps[init, ESCAPE.name].median()) for init in (HE, GLOROT))
        he_trained, glorot_trained = (float(steps[init, TRAINED.name].median()) for init in (HE, GLOROT))
        ratio = f"; Glorot takes {number(glorot / he)} times as long" if np.isfinite(glorot) else ""
        found += [
            Finding(
                quantity=f"depth {depth}: steps until the loss begins to fall",
                published="22 layers: He's begins earlier, both converge. 30 layers: He's converges, Glorot's stalls",
                observed=f"He: {summary(steps[HE, ESCAPE.name], last)}. Glorot: "
                f"{summary(steps[GLOROT, ESCAPE.name], last)}{ratio}",
                agreement=_order(he, glorot),
                remark="",
            ),
            Finding(
                quantity=f"depth {depth}: steps until trained",
                published="both in the end at 22 layers, He's alone at 30",
                observed=f"He: {summary(steps[HE, TRAINED.name], last)}. Glorot: "
                f"{summary(steps[GLOROT, TRAINED.name], last)}",
                agreement=_order(he_trained, glorot_trained),
                remark="Glorot's networks halve the signal in each layer; given time, they leave the plateau and train"
                if np.isfinite(glorot_trained) and depth >= STALLS_FROM
                else "",
            ),
        ]
    return found


STALLS_FROM = 30
"""The depth at which the paper's networks with Glorot's variance do not converge."""


def _order(he: float, glorot: float) -> Agreement:
    """Tell whether He's came first, as in the paper."""
    if not np.isfinite(he):
        return "open" if not np.isfinite(glorot) else "differs"
    return "agrees" if he < glorot else "differs"


def cut(run: Run) -> str:
    """Say how much smaller than the paper's the networks and the data are."""
    return (
        "Their networks are convolutional and learn ImageNet, 1.2 million images. Here they are fully connected, of "
        f"width {run.config.width}, and learn {run.config.data.source}, at a rate that each initialization chose for "
        "itself: what can be compared is the order in which they leave the plateau, and no error rate."
    )


STUDY = Study(
    name="he2015",
    title="Deep rectifier networks",
    question="Does twice Glorot's variance let deep rectifier networks start to learn?",
    source="He, Zhang, Ren & Sun 2015, Delving deep into rectifiers, figures 2 and 3.",
    cut=cut,
    figure=FigureRecord(
        name="he2015",
        title="Steps until deep rectifier networks learn",
        picture="Falling step curves for each depth, one for each initialization.",
        section="study",
        draw=draw,
        rows=rows,
        message=message,
        reads=("verdicts", "traces"),
    ),
    findings=findings,
)
