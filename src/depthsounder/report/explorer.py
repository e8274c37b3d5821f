"""What the explorer knows of every cell: curves over layers and steps, in few bytes, beside the verdicts.

A curve is a string with three characters for each value: its logarithm in 400ths of a decade. That is finer than a
screen can show, and a tenth of what the numbers would take as text. templates/explorer.js reads it.
"""

import json
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from depthsounder.elements.axes import AXES, Cell, Design
from depthsounder.figures.aggregate import median_interval, relative_to_top, spread
from depthsounder.figures.outcomes import shade
from depthsounder.process.text import number, setting
from depthsounder.report.links import cell_key
from depthsounder.report.telling import keys, telling_cells
from depthsounder.storage.frames import cell_of, rows_of, with_texts
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import Run

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
PER_DECADE, LOWEST = 400, -325
"""The resolution of a curve, and the decade at which it begins: below the smallest double."""
MISSING, ZERO, INFINITE, FIRST = 0, 1, 2, 3
"""The codes of what has no logarithm, and of the first value that has one."""

MOST_LAYERS, MOST_SEEDS = 60, 12
"""Layers of a network, and networks of a cell, that are shown; more are thinned out evenly."""
_POINTS = 8_000
"""Steps of all cells together, which keeps the page of a wide sweep small."""

_FACTS = [
    "training_verdict",
    "signal_verdict",
    "signal_borderline",
    "edge_of_grid",
    "forward_verdict",
    "successes",
    "learning",
    "falling",
    "on_plateau",
    "above_plateau",
    "diverged_seeds",
    "dead_at_birth",
    "seeds",
    "reason",
]
_NUMBERS = ["tail_loss", "success_rate_low", "success_rate_high", "delta_ratio", "delta_ratio_low"]
_NUMBERS += ["delta_ratio_high", "forward_ratio", "reference_loss", "variance_share", "dead_units"]
_SETTINGS = ["best_learning_rate", "escape_step"]


def explorer_json(run: Run) -> Markup:
    """Return the explorer's data as JSON that can stand inside a script element."""
    text = json.dumps(explorer_data(run), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Whatever a name holds, it opens and closes no element.
    return Markup(text.replace("<", r"\u003c"))  # noqa: S704


def explorer_data(run: Run) -> dict[str, Any]:
    """Return axes, step numbers and, by ``depth/architecture/activation/init``, what is known of each cell."""
    points = int(np.clip(_POINTS / max(len(run.verdicts), 1), 8, 30))
    steps = spread(range(run.config.training.steps + 1), points)
    layers = {depth: spread(range(1, depth + 1), MOST_LAYERS) for depth in run.depths}
    cells: dict[str, dict[str, Any]] = {
        _key(row): {
            "shade": shade(row),
            **{name: _plain(row[name]) for name in _FACTS},
            **{name: number(row[name]) for name in _NUMBERS},
            **{name: setting(row[name]) for name in _SETTINGS},
            "rates": {},
        }
        for row in rows_of(run.verdicts)
    }
    for name, table in _curves(run).items():
        for names, rows in table.groupby(CELL_KEYS, observed=True):
            _add_curve(cells, cell_of(names), name, rows, layers)
    levels = [*CELL_KEYS, "phase", "learning_rate"]
    for (*cell, phase, rate), losses in _losses(run, steps).groupby(level=levels, observed=True):
        if (known := cells.get(cell_key(cell_of(cell)))) is not None:
            shown = losses.to_numpy(dtype=float)[spread(range(len(losses)), MOST_SEEDS)]
            curves = [encode(trace) for trace in shown]
            if phase == "evaluate":
                known["losses"] = curves
            else:
                known["rates"][f"{rate:g}"] = curves
    return {
        "order": CELL_KEYS,
        "start": keys(telling_cells(run)),
        "points": {name: getattr(run, axis.key) for name, axis in AXES.items()},
        "unsaid": {name: axis.unsaid for name, axis in AXES.items()},
        "entropy": run.data.class_entropy,
        "trains": run.config.verdicts.trains_loss * run.data.class_entropy,
        "steps": steps,
        "rates": {f"{rate:g}": setting(rate) for rate in run.config.training.learning_rates},
        "layers": {str(depth): shown for depth, shown in layers.items()},
        "cells": cells,
    }


def selectors(run: Run) -> dict[str, str]:
    """Return the axes of which the explorer has a selector, with their titles: all, but for one with nothing to say."""
    idle = {name for name, axis in AXES.items() if axis.unsaid and len(getattr(run, axis.key)) == 1}
    return {name: AXES[name].title for name in (*Design._fields, "depth") if name not in idle}


def encode(values: np.ndarray) -> str:
    """Return values (n,) as 3 n characters; what is negative or not a number counts as missing."""
    values = np.asarray(values, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.rint((np.log10(values) - LOWEST) * PER_DECADE)
    codes = np.full(len(values), MISSING)
    finite = np.isfinite(values) & (values > 0)
    codes[finite] = FIRST + steps[finite].astype(int)
    codes[values == 0] = ZERO
    codes[np.isposinf(values)] = INFINITE
    base = len(ALPHABET)
    return "".join(ALPHABET[code // base**2] + ALPHABET[code // base % base] + ALPHABET[code % base] for code in codes)


def _curves(run: Run) -> dict[str, pd.DataFrame]:
    """Return what goes down and what comes back, by cell and layer: median, low, high and theory."""
    signal = run.initial_signal
    hidden = signal[signal["layer"] <= signal["depth"]]
    back = relative_to_top(signal, "delta_second_moment")
    keys = [*CELL_KEYS, "layer"]
    theory = run.theory[[*keys, "z_second_moment_probe", "delta_second_moment_ratio_probe"]]

    def beside(table: pd.DataFrame, predicted: str) -> pd.DataFrame:
        named = theory[[*keys, predicted]].rename(columns={predicted: "theory"})
        return with_texts(table).merge(named, on=keys, how="left").sort_values("layer")

    return {
        "forward": beside(median_interval(hidden, keys, "z_second_moment"), "z_second_moment_probe"),
        "backward": beside(median_interval(back, keys, "delta_second_moment"), "delta_second_moment_ratio_probe"),
    }


def _losses(run: Run, steps: list[int]) -> pd.DataFrame:
    """Return the loss at some steps (columns) of every network (rows); where it diverged, none from there on."""
    traces = with_texts(run.sampled_traces(steps))
    network = [*CELL_KEYS, "phase", "learning_rate", "seed"]
    return traces.set_index([*network, "step"])["train_loss"].unstack("step").reindex(columns=steps)


def _add_curve(
    cells: dict[str, dict[str, Any]], cell: Cell, name: str, rows: pd.DataFrame, layers: dict[int, list[int]]
) -> None:
    shown = rows.set_index("layer").reindex(layers[cell.depth])
    cells[cell_key(cell)][name] = {
        line: encode(shown[line].to_numpy(dtype=float)) for line in ("median", "low", "high", "theory")
    }


def _key(row: dict[str, Any]) -> str:
    return cell_key(cell_of(row[name] for name in CELL_KEYS))


def _plain(value: Any) -> str | float | bool | None:  # noqa: ANN401 - a cell of a data frame
    """Return a value as JSON knows it."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, str):
        return value
    return None if value is None or pd.isna(value) else float(value)
