"""What four papers state of normalization and shortcuts, beside what a run shows.

Growth is that of the error's second moment from one layer to the one before, D^(2/(L-1)).
"""

from collections.abc import Sequence
from itertools import pairwise
from math import e, pi

import numpy as np
import pandas as pd

from depthsounder.figures.aggregate import relative_to_top
from depthsounder.figures.style import label
from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import count, join, number
from depthsounder.storage.frames import rows_of
from depthsounder.studies.record import Agreement, Finding
from depthsounder.sweep.runs import Run

RELU_GROWTH = pi / (pi - 1)
"""Of batch normalization with ReLU at infinite width and for a large batch: E[φ'²] / Var φ."""

DEEP = 50
"""Layers beyond which ReLU networks with batch normalization and without shortcuts cannot be trained, by Yang 2019."""

FADED = 0.5
"""An explosion fades where ln D falls to this share of what it was."""


def findings(run: Run) -> Sequence[Finding]:
    """Return what each paper states, beside this run, as far as the run has its architecture."""
    parts = (_explosion, _untrainable, _fading, _subexponential, _branch_scale, _everywhere_critical)
    return [finding for part in parts for finding in part(run)]


def _cells(run: Run, architecture: str, **where: object) -> pd.DataFrame:
    """Return the verdicts of cells of one architecture with a D, by increasing depth."""
    table = run.verdicts[(run.verdicts["architecture"] == architecture) & run.verdicts["delta_ratio"].notna()]
    for name, value in where.items():
        table = table[table[name] == value]
    return table.sort_values("depth")


def _growth(cells: pd.DataFrame, column: str = "delta_ratio") -> pd.Series:
    with np.errstate(all="ignore"):
        return cells[column] ** (2 / (cells["depth"] - 1))


def _explosion(run: Run) -> list[Finding]:
    """Compare the growth that batch normalization gives to errors, by activation, in the deepest networks."""
    found = []
    for activation in run.activations:
        cells = _cells(run, "batch_norm", activation=activation, depth=run.depths[-1])
        if cells.empty:
            continue
        growth, low, high = (_growth(cells, f"delta_ratio{end}") for end in ("", "_low", "_high"))
        agreement: Agreement = "agrees" if (low > 1).all() else "differs" if (high < 1).any() else "open"
        number_of_theory = f"; at infinite width {number(RELU_GROWTH, 3)}" if activation == "relu" else ""
        found.append(
            Finding(
                quantity=f"Batch normalization, {label(activation)}: growth of the error per layer",
                published=f"Yang et al. 2019: above 1, whatever the init and the activation{number_of_theory}",
                observed=f"{_range(growth)} at depth {run.depths[-1]}, over {count(len(cells), 'init')}",
                agreement=agreement,
            )
        )
    return found


def _range(values: pd.Series) -> str:
    low, high = number(values.min(), 3), number(values.max(), 3)
    return low if low == high else f"{low} to {high}"


def _untrainable(run: Run) -> list[Finding]:
    """Compare whether the deepest ReLU networks with batch normalization train."""
    cells = _cells(run, "batch_norm", activation="relu", depth=run.depths[-1])
    if cells.empty:
        return []
    verdicts = [f"{row['training_verdict']} with {label(row['init'])}" for row in rows_of(cells)]
    failed, beyond = cells["training_verdict"].isin(FAILURES), run.depths[-1] > DEEP
    return [
        Finding(
            quantity=f"Batch normalization, relu: training at depth {run.depths[-1]}",
            published=f"Yang 2019, a talk: more than {DEEP} layers cannot be trained without shortcuts",
            observed=join(verdicts),
            agreement="agrees" if failed.all() else "differs" if beyond and not failed.any() else "open",
            remark="" if beyond else f"this run ends at {run.depths[-1]} layers",
        )
    ]


def _fading(run: Run) -> list[Finding]:
    """Compare how D of the deepest networks with batch normalization changes in training."""
    signal = run.signal[(run.signal["architecture"] == "batch_norm") & (run.signal["depth"] == run.depths[-1])]
    trained = signal.loc[signal["step"] > 0, "seed"].unique()
    first = relative_to_top(signal[signal["seed"].isin(trained)], "delta_second_moment").query("layer == 1")
    medians = first.groupby("step")["delta_second_moment"].median() ** 0.5
    if len(medians) < 2 or not np.isfinite(medians).all():
        return []
    start, soon = float(medians.iloc[0]), float(medians.iloc[1])
    return [
        Finding(
            quantity=f"Batch normalization, depth {run.depths[-1]}: D after the first updates",
            published="Yang et al. 2019: after one step gradients span far fewer decades",
            observed="; ".join(f"{number(value)} at step {step:,}" for step, value in medians.items()),
            agreement="agrees" if abs(np.log(soon)) < FADED * abs(np.log(start)) else "differs",
            remark="the median over all cells and seeds that were trained",
        )
    ]


def _subexponential(run: Run) -> list[Finding]:
    """Compare how the growth per layer of tanh with shortcuts changes as networks become deeper."""
    cells = _cells(run, "residual", activation="tanh")
    medians = np.log(cells.groupby("depth")["delta_ratio"].median())
    if len(medians) < 3 or not np.isfinite(medians).all():
        return []
    slopes = [
        2 * (medians[deep] - medians[shallow]) / (deep - shallow)
        for shallow, deep in pairwise(int(depth) for depth in medians.index)
    ]
    falls = slopes[-1] < slopes[0]
    return [
        Finding(
            quantity="Shortcuts, tanh: growth of the error per layer, as depth increases",
            published="Yang & Schoenholz 2017: slower than exponential, so that it falls towards 1",
            observed=f"{join(number(float(np.exp(slope)), 3) for slope in slopes)}, from each of depths "
            f"{join(medians.index)} to the next",
            agreement="agrees" if falls else "differs",
            remark="the median over inits",
        )
    ]


def _branch_scale(run: Run) -> list[Finding]:
    """Compare how D and training depend on the scale of a residual branch, in the deepest networks."""
    found = []
    for architecture, scale, published, grows in (
        ("residual", "α = 1", "errors explode as depth grows", True),
        (
            "residual_sqrt",
            "α = 1/√L",
            f"errors stay bounded; with ReLU and He's variance δ² grows to {number(e)}",
            False,
        ),
    ):
        cells = _cells(run, architecture, activation="relu", init="he_normal", depth=run.depths[-1])
        deepest = _cells(run, architecture, depth=run.depths[-1])
        if cells.empty:
            continue
        exploded = cells["signal_verdict"].iloc[0] == "exploding"
        trained = int((deepest["training_verdict"] == "trains").sum())
        failed = int(deepest["training_verdict"].isin(FAILURES).sum())
        found.append(
            Finding(
                quantity=f"Shortcuts, {scale}: relu with he normal at depth {run.depths[-1]}",
                published=f"Hayou et al. 2021: {published}",
                observed=f"D² = {number(cells['delta_ratio'].iloc[0] ** 2, 3)}; of {count(len(deepest), 'cell')} of "
                f"this depth {trained} train and {failed} fail",
                agreement="agrees" if exploded == grows else "differs",
            )
        )
    return found


def _everywhere_critical(run: Run) -> list[Finding]:
    """Compare in how many cells layer normalization with shortcuts keeps the error, whatever the init."""
    cells = _cells(run, "residual_layer_norm")
    if cells.empty:
        return []
    healthy = int((cells["signal_verdict"] == "healthy").sum())
    return [
        Finding(
            quantity="Layer normalization with shortcuts: D",
            published="Doshi et al. 2023: critical for any init, so that no error grows or shrinks exponentially",
            observed=f"healthy in {healthy} of {count(len(cells), 'cell')}: {_range(cells['delta_ratio'])}",
            agreement="agrees" if healthy == len(cells) else "differs",
        )
    ]
