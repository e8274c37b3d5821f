"""What a study is: a paper's figure or a question, and how a run answers it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from matplotlib.figure import Figure

from depthsounder.figures import FigureRecord
from depthsounder.figures.form import PAGE, Form
from depthsounder.sweep.runs import Run

Agreement = Literal["agrees", "differs", "open"]
"""agrees: this run shows the same; differs: it shows something else; open: it does not decide."""


@dataclass(frozen=True)
class Finding:
    """One thing that was published or expected, beside what this run shows.

    Attributes
    ----------
    quantity
        What is compared.
    published
        The number or the observation of the source, in paraphrase.
    observed
        This run's, with its unit.
    agreement
        Whether the two go together.
    remark
        The reason where they do not, or the condition under which they do.
    """

    quantity: str
    published: str
    observed: str
    agreement: Agreement
    remark: str = ""


@dataclass(frozen=True)
class Study:
    """A preset's question and its answer.

    Attributes
    ----------
    name
        As in the config's key `study`, and of its preset in config/.
    title, question
        The title and the question of its section in the report.
    source
        Where the figure or the number comes from.
    cut
        Says what of the original a run has cut, with its own sizes, and what follows from that.
    figure
        The picture that stands for the source's.
    findings
        What was published beside what a run shows; only of cells that the run has.
    asides
        What else a run shows, in sentences that stand behind the figure; nothing unless a study says something.
    """

    name: str
    title: str
    question: str
    source: str
    cut: Callable[[Run], str]
    figure: FigureRecord
    findings: Callable[[Run], Sequence[Finding]]
    asides: Callable[[Run], Sequence[str]] = lambda _: ()


def at_home(study: Study) -> Study:
    """Return a study that looks at the home of a run alone (`Run.home`): it knows one architecture."""
    figure = study.figure

    def draw(run: Run, form: Form = PAGE) -> Figure:
        return figure.draw(run.home, form)

    return replace(
        study,
        cut=lambda run: study.cut(run.home),
        findings=lambda run: study.findings(run.home),
        figure=replace(
            figure,
            draw=draw,
            rows=lambda run: figure.rows(run.home),
            message=lambda run: figure.message(run.home),
        ),
    )
