"""The figures of a run: one module for each, and one registry line.

A figure's module has four names. `draw(run)` returns the figure, `rows(run)` the aggregated rows behind it,
`message(run)` what it shows in this run in a sentence, and its record here adds what kind of picture it is. Report,
files and alternative texts are all made from these; a new figure needs nothing else but its caption in
workflow/report.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from depthsounder.figures import (
    answer,
    backward_signal,
    comparisons,
    failure_map,
    finite_width,
    forward_signal,
    gradient_check,
    jacobian_spectrum,
    learning_rates,
    loss_traces,
    phase_diagram,
    prediction,
    training_signal,
    weight_gradients,
)
from depthsounder.sweep.runs import Run


@dataclass(frozen=True)
class FigureRecord:
    """A figure of every run.

    Attributes
    ----------
    name
        The name in files, anchors and commands.
    title
        The title in the report.
    picture
        What kind of picture it is, for those who do not see it.
    draw, rows, message
        The picture itself, the aggregated rows behind it, and what it shows in a sentence.
    """

    name: str
    title: str
    picture: str
    draw: Callable[[Run], Figure]
    rows: Callable[[Run], pd.DataFrame]
    message: Callable[[Run], str]

    def alternative_text(self, run: Run) -> str:
        """Return what stands for the figure where it cannot be seen."""
        return f"{self.picture} {self.message(run)}"


FIGURES = {
    record.name: record
    for record in (
        FigureRecord(
            "answer",
            "The first depth at which training fails",
            "Grid of cards, activations down and initializations across.",
            answer.draw,
            answer.rows,
            answer.message,
        ),
        FigureRecord(
            "failure_map",
            "Every cell and its verdicts",
            "Map for each activation, initializations down and depths across.",
            failure_map.draw,
            failure_map.rows,
            failure_map.message,
        ),
        FigureRecord(
            "forward_signal",
            "The signal on its way down",
            "Curves over the layers for each activation, one for each initialization, with theory dashed over them.",
            forward_signal.draw,
            forward_signal.rows,
            forward_signal.message,
        ),
        FigureRecord(
            "backward_signal",
            "The gradient on its way back",
            "Curves over the layers for each activation, one for each initialization, with theory dashed over them.",
            backward_signal.draw,
            backward_signal.rows,
            backward_signal.message,
        ),
        FigureRecord(
            "weight_gradients",
            "What the gradients of weights hide",
            "Curves over the layers for each activation, one for each initialization.",
            weight_gradients.draw,
            weight_gradients.rows,
            weight_gradients.message,
        ),
        FigureRecord(
            "loss_traces",
            "The loss, step by step",
            "Small multiples, activations down and depths across, with a curve of the loss for each initialization.",
            loss_traces.draw,
            loss_traces.rows,
            loss_traces.message,
        ),
        FigureRecord(
            "learning_rates",
            "The rate that each cell chose",
            "Map for each activation, initializations down and depths across, with a learning rate in each cell.",
            learning_rates.draw,
            learning_rates.rows,
            learning_rates.message,
        ),
        FigureRecord(
            "training_signal",
            "What training does to the layers",
            "Curves over the logged steps for each activation, one for each initialization.",
            training_signal.draw,
            training_signal.rows,
            training_signal.message,
        ),
        FigureRecord(
            "comparisons",
            "The comparisons that were named before the run",
            "Ratio of tail losses with its interval for each comparison.",
            comparisons.draw,
            comparisons.rows,
            comparisons.message,
        ),
        FigureRecord(
            "prediction",
            "Measured against predicted",
            "Scatter plot of measured over predicted D with a point for each cell, and bars of training verdicts.",
            prediction.draw,
            prediction.rows,
            prediction.message,
        ),
        FigureRecord(
            "finite_width",
            "How far single networks scatter",
            "Curves over the layers for each activation, one for each initialization, with theory dashed over them.",
            finite_width.draw,
            finite_width.rows,
            finite_width.message,
        ),
        FigureRecord(
            "jacobian_spectrum",
            "How a network stretches its input",
            "Curves of falling singular values for each activation, one for each initialization, with theory dashed.",
            jacobian_spectrum.draw,
            jacobian_spectrum.rows,
            jacobian_spectrum.message,
        ),
        FigureRecord(
            "phase_diagram",
            "Order, chaos, and the edge between",
            "Map of weight and bias variances for each activation, with a marker for each initialization.",
            phase_diagram.draw,
            phase_diagram.rows,
            phase_diagram.message,
        ),
        FigureRecord(
            "gradient_check",
            "Analytic against numeric gradients",
            "Strip plot of relative errors by activation, depth and method.",
            gradient_check.draw,
            gradient_check.rows,
            gradient_check.message,
        ),
    )
}
"""All figures by name, in the order in which the report tells its story."""
