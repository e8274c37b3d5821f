"""Initializations that are one law: equal numbers are said to be equal, and not ranked.

Two inits are one law in a cell if their networks are the same before training, layer by layer and seed by seed.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from depthsounder.runs import Run

_ROUNDING = 1e-9


def equal_laws(run: Run) -> dict[str, list[list[str]]]:
    """Return for each activation the groups of initializations that coincide at every depth of the run."""
    groups = {activation: _groups(run, activation) for activation in run.activations}
    return {activation: found for activation, found in groups.items() if found}


def _groups(run: Run, activation: str) -> list[list[str]]:
    signal = run.initial_signal
    rows = signal[signal["activation"] == activation]
    wide = rows.pivot_table(
        index=["depth", "seed", "layer"], columns="init", values="z_second_moment", observed=True, dropna=False
    )
    groups: list[list[str]] = []
    for first, second in combinations([init for init in run.inits if init in wide.columns], 2):
        if not _equal(wide[first], wide[second]):
            continue
        home = next((group for group in groups if first in group), None)
        if home is None:
            groups.append([first, second])
        elif second not in home:
            home.append(second)
    return groups


def _equal(first: pd.Series, second: pd.Series) -> bool:
    # What has overflowed or was never measured is equal to nothing, and what is all zero tells nothing.
    values = np.stack([first.to_numpy(dtype=float), second.to_numpy(dtype=float)])
    known = np.isfinite(values).all(axis=0)
    same = np.allclose(values[0, known], values[1, known], rtol=_ROUNDING, atol=0)
    return bool(same and (values[:, known] > 0).any() and (np.isfinite(values[0]) == np.isfinite(values[1])).all())
