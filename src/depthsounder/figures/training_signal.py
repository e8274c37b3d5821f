"""What training does to the layers: the ratio of errors and the variance over inputs at the logged steps."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from depthsounder.elements.axes import Design
from depthsounder.figures.aggregate import median_interval, relative_to_top
from depthsounder.figures.curves import Curve, draw_curves, exit_handles, united
from depthsounder.figures.ends import End
from depthsounder.figures.layers import name_curves
from depthsounder.figures.outcomes import of_distinct_laws, repeated_laws
from depthsounder.figures.panels import label_axis, log_axis, log_limits, note, panel_grid
from depthsounder.figures.record import FigureRecord
from depthsounder.figures.style import themed
from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import count, number, tally
from depthsounder.storage.frames import designs_of, matching
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import Run

_MEASURES = {"delta_ratio": "D", "top_batch_variance": "variance of z over\ninputs, layer L"}


def shown_depth(run: Run) -> int:
    """Return the deepest depth at which some cell trains, or else is partial or mixed; the shallowest if none is."""
    for verdict in ("trains", "partial", "mixed"):
        depths = run.verdicts.loc[run.verdicts["training_verdict"] == verdict, "depth"]
        if len(depths):
            return int(depths.max())
    return run.depths[0]


def rows(run: Run) -> pd.DataFrame:
    """Return D and the variance over inputs of layer L at the logged steps, for the shown depth.

    Only seeds that were trained count, so that all steps speak of the same networks.
    """
    signal = run.signal
    signal = signal[signal["depth"] == shown_depth(run)]
    trained = signal.loc[signal["step"] > 0, "seed"].unique()
    signal = signal[signal["seed"].isin(trained)]
    keys = [*CELL_KEYS, "step"]
    top = signal[signal["layer"] == signal["depth"]]
    ratios = relative_to_top(signal, "delta_second_moment")
    ratios = ratios[(ratios["layer"] == 1) & (ratios["depth"] > 1)]
    ratios = ratios.assign(delta_ratio=np.sqrt(ratios["delta_second_moment"]))
    variance = top.rename(columns={"z_batch_variance": "top_batch_variance"})
    tables = [
        median_interval(frame, keys, name).assign(measure=name)
        for name, frame in (("delta_ratio", ratios), ("top_batch_variance", variance))
    ]
    table = pd.concat(tables, ignore_index=True)
    return table[["measure", *[name for name in table.columns if name != "measure"]]]


def message(run: Run) -> str:
    """Return in sentences in how many of the cells that learn D moved towards 1, each law counting once."""
    depth = shown_depth(run)
    learning = run.verdicts[(run.verdicts["depth"] == depth) & ~run.verdicts["training_verdict"].isin(FAILURES)]
    distances = _distances(run, learning)
    if distances.empty:
        return f"At depth {depth} no cell learned, or there is no ratio of errors to follow."
    laws = of_distinct_laws(learning, repeated_laws(run))
    first, last = distances["first"], distances["last"]
    # What is written alike has not moved.
    kept = first.map(number) == last.map(number)
    nearer = int((~kept & (last < first)).sum())
    return (
        f"At depth {depth}, the deepest with success, networks learned in {count(len(learning), 'cell')}{laws}. "
        f"Training moved D towards 1 in {tally(nearer)} of {len(distances):,} and away from it in "
        f"{tally(int((~kept & (last > first)).sum()))}; the median factor between D and 1 was {_median(first)} "
        f"before training and {_median(last)} at its end."
    )


def _distances(run: Run, learning: pd.DataFrame) -> pd.DataFrame:
    """Return the factor between D and 1 before training (first) and at its end (last), a row for each distinct law.

    Cells whose D is 0, or not finite, at either end have none.
    """
    table = rows(run)
    ratios = table[(table["measure"] == "delta_ratio") & (table["median"] > 0) & np.isfinite(table["median"])]
    ratios = ratios.merge(learning[CELL_KEYS], on=CELL_KEYS)
    repeated = repeated_laws(run)
    ratios = ratios.loc[np.array([design not in repeated for design in designs_of(ratios)], dtype=bool)]
    factors = np.exp(np.abs(np.log(ratios["median"].astype(float))))
    wide = ratios.assign(factor=factors).pivot_table(index=CELL_KEYS, columns="step", values="factor", observed=True)
    ends = {"first": run.config.training.logged_at[0], "last": run.config.training.logged_at[-1]}
    return pd.DataFrame({name: wide.get(step) for name, step in ends.items()}, index=wide.index).dropna()


def _median(factors: pd.Series) -> str:
    return number(float(np.exp(np.log(factors).median())))


@themed
def draw(run: Run) -> Figure:
    """Draw D (upper row) and the variance over inputs of the last hidden layer (lower row) at the logged steps."""
    table = rows(run)
    steps = sorted(int(step) for step in table["step"].unique())
    figure, axes = panel_grid(run.models, list(_MEASURES), height=2.1)
    # Once all networks of a cell have diverged it has no rows.
    finite_at = table.groupby([*Design._fields], observed=True)["step"].agg(set)
    ends: dict[Axes, list[End]] = {}
    for measure, axis in _MEASURES.items():
        of_measure = table[table["measure"] == measure]
        limits = log_limits(of_measure["median"].to_numpy())
        lowest = measure == list(_MEASURES)[-1]
        for model in run.models:
            panel = axes[measure, model]
            log_axis(panel, limits)
            panel.set_xlim(-0.3, len(steps) - 0.7)
            panel.set_xticks(range(len(steps)), [f"{step:,}" for step in steps])
            panel.grid(False, axis="x")
            curves = matching(of_measure, model).set_index("step")
            if curves.empty:
                note(panel, "no ratio")
            drawn = []
            for init in run.inits:
                medians = curves.loc[curves["init"] == init, "median"].reindex(steps).to_numpy(dtype=float)
                finite = np.isin(steps, list(finite_at.get(Design(*model, init), ())))
                drawn.append(Curve((init,), np.arange(len(steps)), np.where(finite, medians, np.inf)))
            ends[panel] = draw_curves(panel, united(panel, drawn))
            label_axis(panel, axis)
            panel.tick_params(labelbottom=lowest)
            panel.set_xlabel("step" if lowest else "")
    name_curves(figure, ends, run.inits, exit_handles(list(ends)), right=True)
    return figure


FIGURE = FigureRecord(
    name="training_signal",
    title="What training does to the layers",
    picture="Curves over the logged steps for each activation, one for each initialization.",
    section="training",
    draw=draw,
    rows=rows,
    message=message,
    reads=("verdicts", "signal"),
    place=3,
)
