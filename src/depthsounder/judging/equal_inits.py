"""Initializations that are one law: equal numbers are said to be equal, and not ranked.

Two inits are one law under an activation if their networks are the same before training, layer by layer and seed by
seed.

This module compares networks before training; what became of them is not its business.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

Laws = list[list[str]]
"""Groups of inits, each of one law, of one activation."""

_ROUNDING = 1e-9


def equal_laws(initial_signal: pd.DataFrame, activations: Iterable[str], inits: Sequence[str]) -> dict[str, Laws]:
    """Return for each activation the groups of initializations that coincide at every depth of the run.

    Parameters
    ----------
    initial_signal
        Rows of the signal table before training: the cell, seed, layer and z_second_moment.
    activations, inits
        Those of the run; groups and names are in this order.
    """
    groups = {
        activation: _groups(initial_signal[initial_signal["activation"] == activation], inits)
        for activation in activations
    }
    return {activation: found for activation, found in groups.items() if found}


def are_one_law(laws: Laws, one: str, other: str) -> bool:
    """Tell whether two inits stand in one group."""
    return any(one in group and other in group for group in laws)


def _groups(rows: pd.DataFrame, inits: Sequence[str]) -> Laws:
    wide = rows.pivot_table(
        index=["depth", "seed", "layer"], columns="init", values="z_second_moment", observed=True, dropna=False
    )
    groups: Laws = []
    for first, second in combinations([init for init in inits if init in wide.columns], 2):
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
