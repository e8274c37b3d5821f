"""He et al. 2015, figures 2 and 3: rectifier networks of 22 and 30 layers, with Glorot's variance and with twice it."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from depthsounder.figures import FigureRecord
from depthsounder.figures.style import themed
from depthsounder.process.text import count, number
from depthsounder.studies.escapes import ESCAPE, TRAINED, Milestone, draw_milestones, milestone_steps, summary
from depthsounder.studies.record import Agreement, Finding, Study, at_home
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
    told = [
        f"At depth {depth} networks with He's variance leave the plateau {_when(he, last)}, with Glorot's "
        f"{_when(glorot, last)}."
        for depth in run.depths
        for he, glorot in [(_steps(table, depth, HE, ESCAPE.name), _steps(table, depth, GLOROT, ESCAPE.name))]
        if len(he) and len(glorot)
    ]
    return " ".join(told) or "This run has no ReLU networks with both He's variance and Glorot's."


def _when(steps: pd.Series, last: int) -> str:
    median = float(steps.median())
    return f"after {median:,.0f} steps (the median)" if np.isfinite(median) else f"mostly not within {last:,} steps"


@themed
def draw(run: Run) -> Figure:
    """Draw the share of networks that are still on their plateau, and still untrained, over the steps."""
    return draw_milestones(run, rows(run), (ESCAPE, TRAINED), None)


def findings(run: Run) -> Sequence[Finding]:
    """Return for each depth what the paper states of the two initializations there, beside this run."""
    table, last = rows(run), run.config.training.steps
    found = []
    for depth in run.depths:
        for milestone, quantity in ((ESCAPE, "steps until the loss begins to fall"), (TRAINED, "steps until trained")):
            he, glorot = (_steps(table, depth, init, milestone.name) for init in (HE, GLOROT))
            if he.empty or glorot.empty:
                continue
            published, agreement, remark = _beside_the_paper(depth, milestone, he, glorot)
            found.append(
                Finding(
                    quantity=f"depth {depth}: {quantity}",
                    published=published,
                    observed=f"He: {summary(he, last)}. Glorot: {summary(glorot, last)}",
                    agreement=agreement,
                    remark=remark,
                )
            )
    return found


Compared = tuple[Agreement, str]
"""Whether a run goes together with what the paper states, and the reason."""


def earlier(he: pd.Series, glorot: pd.Series) -> Compared:
    """Compare the steps of both initializations' networks with: He's come first."""
    first, second = float(he.median()), float(glorot.median())
    if not np.isfinite(first):
        return ("open" if not np.isfinite(second) else "differs"), ""
    return ("agrees" if first < second else "differs"), _times(first, second)


def both(he: pd.Series, glorot: pd.Series) -> Compared:
    """Compare with: networks of both get there. Who has not got there in the run may do so later."""
    arrived = np.isfinite(float(he.median())) and np.isfinite(float(glorot.median()))
    return ("agrees", "") if arrived else ("open", "a run of so many steps tells no slow network from one that stalls")


def stalls(he: pd.Series, glorot: pd.Series) -> Compared:
    """Compare with: He's get there, and none of Glorot's does."""
    first, second = float(he.median()), float(glorot.median())
    if np.isfinite(second):
        slower = np.isfinite(first) and first < second
        return "differs", f"slower, not stalled{_times(first, second, ': ')}" if slower else "not stalled"
    if np.isfinite(glorot).any():
        return "open", f"{count(int(np.isfinite(glorot).sum()), 'network')} of Glorot's got there"
    return ("agrees", "") if np.isfinite(first) else ("open", "none of either stands out within these steps")


def _times(he: float, glorot: float, before: str = "") -> str:
    """Return in words how many times as many steps Glorot's took, by the medians; empty if either has none."""
    if not (np.isfinite(glorot) and he > 0):
        return ""
    return f"{before}Glorot's take {number(glorot / he)} times as many steps, by the medians"


STATED: dict[tuple[int, Milestone], tuple[str, Callable[[pd.Series, pd.Series], Compared]]] = {
    (22, ESCAPE): ("He's begins to fall earlier", earlier),
    (22, TRAINED): ("both converge", both),
    (30, ESCAPE): ("He's falls, Glorot's stalls completely", stalls),
    (30, TRAINED): ("He's converges, Glorot's does not", stalls),
}
"""What the paper states of each depth, and how a run is compared with it."""


def _beside_the_paper(depth: int, milestone: Milestone, he: pd.Series, glorot: pd.Series) -> tuple[str, Agreement, str]:
    """Return what the paper states of a depth, whether the run agrees, and the reason."""
    if (depth, milestone) not in STATED:
        return "of 22 and 30 layers only", "open", ""
    published, compare = STATED[depth, milestone]
    return published, *compare(he, glorot)


def cut(run: Run) -> str:
    """Say how much smaller than the paper's the networks and the data are."""
    return (
        "Their networks are convolutional and learn ImageNet, 1.2 million images. Here they are fully connected, of "
        f"width {run.config.width}, and learn {run.config.data.source}, at a rate that each initialization chose for "
        "itself: what can be compared is the order in which they leave the plateau, and no error rate."
    )


STUDY = at_home(
    Study(
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
)
