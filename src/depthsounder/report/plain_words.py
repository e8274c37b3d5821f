"""The box for students: four terms, each with what it is, what it does, and where this run shows it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from depthsounder.elements.axes import Design
from depthsounder.figures.style import label
from depthsounder.judging.verdicts import DISTINCT
from depthsounder.process.text import count, in_words, number, tally
from depthsounder.storage.frames import with_texts
from depthsounder.studies.rescue import rescued
from depthsounder.sweep.runs import Run


@dataclass(frozen=True)
class Term:
    """A term in plain words; `here` is what this run shows, and `figure` the picture that shows it."""

    name: str
    what: str
    consequence: str
    here: str
    figure: str


def terms(run: Run) -> list[Term]:
    """Return the terms, with numbers from the run."""
    return [
        Term(
            "Vanishing gradient",
            "Going back, the error is multiplied by a factor at every layer. Below 1, little is left of it after many.",
            "The first layers are hardly told what to change.",
            _extreme(run, "vanishing"),
            "backward_signal",
        ),
        Term(
            "Exploding gradient",
            "The same product with a factor above 1: the error grows from layer to layer.",
            "A step that suits the last layers can throw the first far off.",
            _extreme(run, "exploding"),
            "backward_signal",
        ),
        Term(
            "Variance consistency",
            "A layer keeps the variance if its outputs are spread as widely as its inputs, and so the error on its way "
            "back.",
            "A deep network stays readable from both ends.",
            _steadiest(run),
            "forward_signal",
        ),
        Term(
            "Gradient check",
            "Nudge one weight, see how the loss changes, and compare with what backpropagation says.",
            "A wrong gradient often still learns, a little. Only the comparison finds it.",
            _checks(run),
            "gradient_check",
        ),
    ]


def remedy_terms(run: Run) -> list[Term]:
    """Return a term for what stands around the layers of a run of several architectures; nothing for a plain one."""
    if len(run.architectures) == 1:
        return []
    return [
        Term(
            "Normalization and shortcuts",
            "Normalization gives every layer's signal one size again. A shortcut carries the signal past a layer, so "
            "that the layer only adds to it.",
            "Neither needs the weights' variance to be right. Each also changes by how much the error grows.",
            f"In this run: {rescued(run)}",
            "failure_map",
        )
    ]


def _extreme(run: Run, verdict: str) -> str:
    cells = run.verdicts[(run.verdicts["signal_verdict"] == verdict) & np.isfinite(run.verdicts["delta_ratio"])]
    if cells.empty:
        return f"In this run: no cell is {verdict}."
    cell = cells.sort_values("delta_ratio", ascending=verdict == "vanishing").iloc[0]
    size = number(cell["delta_ratio"])
    trained = int((cells["training_verdict"] == "trains").sum())
    return (
        f"In this run: in {in_words(Design.of(cell), label)} at depth {cell['depth']} the first "
        f"layer's error is {size} times the last one's; of {count(len(cells), 'such cell')}, {tally(trained)} "
        "trained."
    )


def _steadiest(run: Run) -> str:
    """Name the cell that keeps the variance over inputs best, among those whose signal is readable from both ends."""
    depth = run.depths[-1]
    if depth == 1:
        return "In this run: no network is deep enough to show it."
    cells = run.verdicts[(run.verdicts["depth"] == depth) & (run.verdicts["signal_verdict"] == "healthy")]
    cells = cells[cells["forward_verdict"] == DISTINCT]
    kept = _variance_kept(run, depth)
    kept = kept[kept.index.isin(list(zip(cells["activation"], cells["init"], strict=True))) & (kept > 0)]
    if kept.empty:
        return f"In this run: no cell of depth {depth} is readable from both ends."
    activation, init = kept.index[int(np.abs(np.log(kept.to_numpy(dtype=float))).argmin())]
    return (
        f"In this run: {label(activation)} with {label(init)} at depth {depth} comes nearest of those that are; "
        f"its last layer's variance over inputs is {number(kept[activation, init])} times that of the first."
    )


def _variance_kept(run: Run, depth: int) -> pd.Series:
    """Return by activation and init the variance over inputs of layer L over that of layer 1, the median over seeds."""
    signal = run.initial_signal
    signal = with_texts(signal[signal["depth"] == depth])
    layers = signal[signal["layer"].isin([1, depth])].pivot_table(
        index=["activation", "init", "seed"], columns="layer", values="z_batch_variance"
    )
    with np.errstate(all="ignore"):
        kept = layers[depth] / layers[1]
    return kept[np.isfinite(kept)].groupby(level=["activation", "init"]).median()


def _checks(run: Run) -> str:
    failed = int((run.compared_gradients["verdict"] == "failed").sum())
    errors = run.compared_gradients.loc[run.compared_gradients["method"] == "complex_step", "relative_error"].dropna()
    worst = f"; the largest error by complex step is {number(errors.max())}" if len(errors) else ""
    return f"In this run: {tally(failed)} of {len(run.compared_gradients):,} comparisons failed{worst}."
