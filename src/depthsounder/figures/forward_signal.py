"""The signal on its way down: q and the variance over examples at every layer, before training."""

import pandas as pd
from matplotlib.figure import Figure

from depthsounder.elements.axes import Design
from depthsounder.figures.layers import Measure, agreement, combined, draw_layers, measured
from depthsounder.figures.outcomes import repeated_laws, uncopied
from depthsounder.figures.record import FigureRecord
from depthsounder.figures.style import label, themed
from depthsounder.judging.verdicts import COLLAPSED
from depthsounder.process.text import count, names_of, number, setting
from depthsounder.sweep.runs import Run


def _measures(run: Run) -> list[Measure]:
    depth = run.depths[-1]
    signal = run.initial_signal
    hidden = signal[(signal["depth"] == depth) & (signal["layer"] <= depth)]
    theory = run.theory[run.theory["depth"] == depth]
    return [
        Measure(
            "z_second_moment",
            "mean of z² (q)",
            measured(hidden, "z_second_moment", theory, "z_second_moment_probe"),
        ),
        Measure(
            "z_batch_variance",
            "variance of z over inputs",
            measured(hidden, "z_batch_variance", theory, "z_batch_variance_probe"),
        ),
    ]


def rows(run: Run) -> pd.DataFrame:
    """Return both statistics at each layer of the deepest networks, beside the theory."""
    return combined(_measures(run))


def message(run: Run) -> str:
    """Return in sentences how far q moves through the deepest networks, where inputs become alike, and as predicted."""
    depth = run.depths[-1]
    growth = run.verdicts[run.verdicts["depth"] == depth].dropna(subset=["forward_ratio"])
    if growth.empty or depth == 1:
        return f"At depth {depth} there is one layer, and no way for the signal to go."
    ends = growth.sort_values("forward_ratio")
    least, most = ends.iloc[0], ends.iloc[-1]
    squares, variances = (measure.table for measure in _measures(run))
    deepest = run.verdicts[run.verdicts["depth"] == depth]
    collapsed = int((deepest["forward_verdict"] == COLLAPSED).sum())
    alone = uncopied(deepest, repeated_laws(run))
    return (
        f"From layer 1 to layer {depth} the mean square of z changed by factors from "
        f"{number(least['forward_ratio'])} ({names_of(Design.of(least), label)}) to "
        f"{number(most['forward_ratio'])} ({names_of(Design.of(most), label)}); in {collapsed} "
        f"of {count(len(deepest), 'combination')}{alone} inputs collapsed: at layer {depth} less than "
        f"{setting(run.config.verdicts.collapsed_share)} of it differed between them. Theory of the mean square lies "
        f"within the 95 % interval of the last layer's median in {agreement(squares, depth)}; of the variance "
        f"in {agreement(variances, depth)}."
    )


@themed
def draw(run: Run) -> Figure:
    """Draw q (upper row) and the variance over examples (lower row) by layer, at the deepest depth."""
    return draw_layers(run, _measures(run))


FIGURE = FigureRecord(
    name="forward_signal",
    title="The signal on its way down",
    picture="Curves over the layers for each activation, one for each initialization, with theory dashed over them.",
    section="forward",
    draw=draw,
    rows=rows,
    message=message,
    reads=("verdicts", "signal", "theory"),
)
