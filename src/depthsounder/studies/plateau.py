"""The study of cells that the default sweep calls stalled, which train for thirty times as many steps."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from depthsounder.elements.axes import Design
from depthsounder.figures import FigureRecord
from depthsounder.figures.style import label, themed
from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import count, in_words, join, names_of, setting
from depthsounder.storage.frames import rows_of
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.studies.escapes import ESCAPE, TRAINED, draw_milestones, milestone_steps, summary
from depthsounder.studies.record import Agreement, Finding, Study, at_home
from depthsounder.sweep.runs import Run

DEFAULT_STEPS = 300
"""The length of a training in the default sweep, after which it says stalled."""


def rows(run: Run) -> pd.DataFrame:
    """Return the step at which each network leaves its plateau and is trained; infinite if it does not."""
    return milestone_steps(run, (ESCAPE, TRAINED))


def message(run: Run) -> str:
    """Return in sentences which cells that look dead after the default sweep's steps are slow."""
    escapes = _escapes(run)
    late = escapes[escapes["default"] == escapes["networks"]]
    slow, dead = late[late["ever"] > 0], late[late["ever"] == 0]
    steps = run.config.training.steps
    if late.empty:
        return f"In every cell some network has left its plateau after {DEFAULT_STEPS} steps."
    sentence = (
        f"In {count(len(late), 'cell')} no network has left its plateau after {DEFAULT_STEPS} steps; within {steps:,} "
        f"steps networks of {len(slow):,} of them leave it, and of {len(dead):,} none does."
    )
    named = [("Slow, and not dead", slow), ("Not told from dead", dead)]
    return " ".join([sentence, *(f"{words}: {_named(cells)}." for words, cells in named if len(cells))])


def _escapes(run: Run) -> pd.DataFrame:
    """Return for each cell its networks, those still on the plateau at the default's end, and those that ever leave."""
    table = rows(run)
    steps = table[table["milestone"] == ESCAPE.name].groupby(CELL_KEYS, sort=False)["step"]
    counted = steps.agg(
        networks="size", default=lambda s: (s > DEFAULT_STEPS).sum(), ever=lambda s: np.isfinite(s).sum()
    )
    return counted.reset_index()


def _named(cells: pd.DataFrame) -> str:
    return join(f"{in_words(Design.of(cell), label)} at depth {cell['depth']}" for cell in rows_of(cells))


@themed
def draw(run: Run) -> Figure:
    """Draw the share of networks that are still on their plateau, and still untrained, over the steps."""
    return draw_milestones(run, rows(run), (ESCAPE, TRAINED), DEFAULT_STEPS)


def findings(run: Run) -> Sequence[Finding]:
    """Return for each cell whether what the default sweep calls stalled is slow."""
    table = rows(run)
    steps = run.config.training.steps
    found = []
    for cell in rows_of(run.verdicts):
        chosen = table.query("depth == @cell['depth'] and activation == @cell['activation'] and init == @cell['init']")
        escapes, trained = (
            chosen.loc[chosen["milestone"] == milestone.name, "step"] for milestone in (ESCAPE, TRAINED)
        )
        stalled = float(escapes.median()) > DEFAULT_STEPS
        agreement, remark = lasting(escapes, learns=cell["training_verdict"] not in FAILURES)
        found.append(
            Finding(
                quantity=f"{names_of(Design.of(cell), label)}, depth {cell['depth']}",
                published=f"stalled, says a run of {DEFAULT_STEPS} steps, as if dead"
                if stalled
                else f"it leaves the plateau, says a run of {DEFAULT_STEPS} steps",
                observed=f"leaves the plateau: {summary(escapes, steps)}; trained: {summary(trained, steps)}, at rate "
                f"{setting(cell['best_learning_rate'])}",
                agreement=agreement,
                remark=remark,
            )
        )
    return found


def lasting(escapes: pd.Series, learns: bool) -> tuple[Agreement, str]:
    """Tell whether what a run of `DEFAULT_STEPS` says of a cell holds for a longer one, and the reason.

    Parameters
    ----------
    escapes
        The step at which each network leaves the plateau; infinite if it does not.
    learns
        Whether the cell is not called a failure at the longer run's end.
    """
    if float(escapes.median()) <= DEFAULT_STEPS:
        return ("agrees", "") if learns else ("differs", "it left, and did not stay below the plateau")
    if not np.isfinite(escapes).any():
        return "open", "a plateau longer than this run"
    most = np.isfinite(float(escapes.median()))
    return "differs", "slow, not dead" if most else "some of its networks slow, not dead"


def cut(run: Run) -> str:
    """Say how the run's networks are trained."""
    training = run.config.training
    return (
        f"The number of cells. Networks of width {run.config.width} learn {run.config.data.source} in batches of "
        f"{training.batch_size}, at rates up to {training.learning_rates[-1]:g}, for a plateau is left the sooner the "
        f"larger the steps. What has not left it after {training.steps:,} steps may do so later."
    )


STUDY = at_home(
    Study(
        name="plateau",
        title="Dead or slow?",
        question="Does a network that stalls within a short run ever learn?",
        source=f"The default sweep, which ends after {DEFAULT_STEPS} steps and then says stalled.",
        cut=cut,
        figure=FigureRecord(
            name="plateau",
            title="How long the plateau is",
            picture="Falling step curves for each activation and depth, one for each initialization.",
            section="study",
            draw=draw,
            rows=rows,
            message=message,
            reads=("verdicts", "traces"),
        ),
        findings=findings,
    )
)
