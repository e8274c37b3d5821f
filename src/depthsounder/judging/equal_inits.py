"""Initializations that are one law: equal numbers are said to be equal, and not ranked.

Two inits are one law under an activation if their networks are the same before training, layer by layer and seed by
seed. They may also be two laws and no two experiments: weights of both come from the same normals, and where all that
the activation does to a positive factor is to pass it on, one network is the other with another unit.

This module compares networks before training and ignores their training.
"""

from collections.abc import Hashable, Sequence
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from depthsounder.elements.activation import Activation
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import PLAIN
from depthsounder.elements.axes import Design, Model
from depthsounder.elements.initializers import Initializer, initializer
from depthsounder.elements.streams import stream

Laws = list[list[str]]
"""Groups of inits, each of one law, of one activation in one architecture."""

_ROUNDING = 1e-9


def equal_laws(initial_signal: pd.DataFrame, inits: Sequence[str]) -> dict[Model, Laws]:
    """Return by architecture and activation the groups of initializations that coincide at every depth of the run.

    Parameters
    ----------
    initial_signal
        Rows of the signal table before training: the cell, seed, layer and z_second_moment.
    inits
        Those of the run; groups and names are in this order.
    """
    groups: dict[Model, Laws] = {}
    model: Any
    for model, rows in initial_signal.groupby([*Model._fields], observed=True, sort=False):
        groups[Model(*map(str, model))] = _groups(rows, inits)
    return {model: found for model, found in groups.items() if found}


def are_one_law(laws: Laws, one: str, other: str) -> bool:
    """Tell whether two inits stand in one group."""
    return any(one in group and other in group for group in laws)


def draw_of(design: Design) -> Hashable:
    """Return what the ratios within a network before training depend on: the same for inits that only rescale it.

    Linear, ReLU and leaky ReLU pass a positive factor on. Without biases, inits that draw one shape of weights then
    differ by a constant factor in each layer, and their ratios of errors, but for that constant, are equal bits. A
    shortcut adds what no factor has met, and the ε of a normalization is no multiple of anything.
    """
    architecture, activation, init = design
    law = initializer(init)
    without_biases = law.bias_variance == 0 and law.bias_mean == 0
    factors_pass = architecture == PLAIN.name and _passes_factors_on(ACTIVATIONS[activation])
    rescaled = without_biases and factors_pass and _is_scaled(law)
    return (architecture, activation, law.shape if rescaled else init)


@cache
def _passes_factors_on(activation: Activation) -> bool:
    """Tell whether φ(c z) = c φ(z) for c > 0, by powers of two, which round nothing."""
    z = np.linspace(-4.0, 4.0, 257)
    return all(np.array_equal(activation(factor * z), factor * activation(z)) for factor in (0.25, 2.0, 8.0))


def _is_scaled(law: Initializer) -> bool:
    """Tell whether another variance only scales the weights, and they are not all zero."""
    normals = stream(0, "scaled").standard_normal((8, 8))
    one, four = (law.shape(normals, variance) for variance in (1.0, 4.0))
    return bool(
        np.allclose(2.0 * one, four, rtol=1e-12, atol=0) and law.weight_variance(8, 8, ACTIVATIONS["linear"]) > 0
    )


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
