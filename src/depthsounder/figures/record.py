"""What a figure is: its picture, what it says in words, where it stands in the report, and which tables it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd

from depthsounder.figures.style import Drawing
from depthsounder.sweep.runs import Run

Section = Literal[
    "answer",
    "study",
    "failure-map",
    "forward",
    "backward",
    "training",
    "comparisons",
    "theory",
    "gradient-check",
]
"""The report's sections with figures, by their anchors, in the order of the page."""

SECTIONS: tuple[str, ...] = get_args(Section)


@dataclass(frozen=True)
class FigureRecord:
    """A figure.

    Attributes
    ----------
    name
        The name in files, anchors and commands, which is that of its module and of its caption.
    title
        The title in the report.
    picture
        What kind of picture it is, for those who do not see it.
    section
        Where it stands in the report.
    draw, rows, message
        The picture itself, in either form, the aggregated rows behind it, and what it shows in a sentence.
    reads
        The tables that these three read. The workflow takes them from the source: they are written out as texts.
    place
        Orders the figures of one section; those of the same place stand by name.
    """

    name: str
    title: str
    picture: str
    section: Section
    draw: Drawing
    rows: Callable[[Run], pd.DataFrame]
    message: Callable[[Run], str]
    reads: tuple[str, ...]
    place: int = 1

    def alternative_text(self, run: Run) -> str:
        """Return what stands for the figure where it cannot be seen."""
        return f"{self.picture} {self.message(run)}"
