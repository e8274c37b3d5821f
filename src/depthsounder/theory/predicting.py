"""The theory table: what mean-field theory has for every cell, or why it is withheld.

Theory is withheld where weights are not what their init states, biases have a mean, or nothing is derived for an
architecture: curves that rest on another law would be set beside the measurement as if they spoke of it.

This module gathers; the theory is in `columns`, and the look at the weights in `drawn_moments`.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from depthsounder.checking.drawn_moments import misdrawn
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.elements.initializers import initializer
from depthsounder.storage.schemas import CELL_KEYS, THEORY
from depthsounder.storage.tables import Columns
from depthsounder.theory.columns import theory_columns
from depthsounder.theory.withheld import biased, not_derived

WITHHELD = "theory is withheld: "
"""How the note of a cell without theory begins; all of its numbers are null."""


def predict_cells(
    cells: Iterable[tuple[str, str, str]],
    depths: Sequence[int],
    probe_inputs: np.ndarray,
    width: int,
    root_seed: int,
    probe_labels: np.ndarray,
) -> Iterator[tuple[tuple[int, str, str, str], Columns]]:
    """Yield each cell, depth first, with its columns of the theory table.

    Parameters
    ----------
    cells
        Names of an architecture, an activation and an init.
    probe_inputs
        (examples, n_inputs).
    probe_labels
        (examples,).
    """
    fans = sweep_fans(probe_inputs.shape[1], width, max(depths))
    for architecture, activation, init in cells:
        record, function, law = ARCHITECTURES[architecture], ACTIVATIONS[activation], initializer(init)
        reason = not_derived(record) or biased(law) or misdrawn(law, function, fans, root_seed)
        of_depths: dict[int, Columns] = (
            theory_columns(depths, record, function, law, probe_inputs, probe_labels, width)
            if reason is None
            else {depth: withheld_columns(depth, reason) for depth in depths}
        )
        for depth, columns in of_depths.items():
            yield (depth, architecture, activation, init), columns


def sweep_fans(n_inputs: int, width: int, deepest: int) -> list[tuple[int, int]]:
    """Return fan_in and fan_out of the hidden layers, each pair once."""
    return list(dict.fromkeys([(n_inputs, width), *([(width, width)] if deepest > 1 else [])]))


def withheld_columns(depth: int, reason: str) -> Columns:
    """Return the columns of a cell whose theory is withheld: the layers, and the reason beside each."""
    empty: dict[str, Sequence[object]] = {name: [None] * depth for name in THEORY.names if name not in CELL_KEYS}
    return empty | {"layer": list(range(1, depth + 1)), "note": [f"{WITHHELD}{reason}"] * depth}
