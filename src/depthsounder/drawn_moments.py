"""Do the weights of an init have the mean and the variance that theory takes them to have? They are drawn and counted.

Theory knows an init by the variance that it states, and takes the mean to be 0. Weights of another law are measured and
trained as they are, but set beside that theory they would read as its failure.

This module draws weights; it knows no networks.
"""

from collections.abc import Iterable, Sequence
from math import ceil, sqrt

import numpy as np

from depthsounder.activations import Activation
from depthsounder.initializers import Initializer
from depthsounder.streams import stream
from depthsounder.tables import CELL_KEYS, THEORY, Columns

LEAST_DRAWN = 100_000
"""Weights that are drawn of each layer's shape."""

DEVIATIONS = 5.0
"""Standard errors beyond which a moment is another one: chance does it once in two million."""

ROUNDING = 1e-9
"""What a variance may be off where its standard error is 0, as for weights of one size and two signs."""


def why_not_believed(
    init: Initializer, activation: Activation, fans: Iterable[tuple[int, int]], root_seed: int
) -> str | None:
    """Return how drawn weights differ from what their init states, in a sentence, or None if they do not.

    The standard error of the variance is that of the sample's own fourth moment, so that it holds for any law; of
    orthogonal weights, whose squares add up exactly, it is more than there is.

    Parameters
    ----------
    fans
        (fan_in, fan_out) of the layers.
    """
    for fan_in, fan_out in dict.fromkeys(fans):
        variance = init.weight_variance(fan_in, fan_out, activation)
        weights = _draw(init, variance, fan_in, fan_out, root_seed)
        squares = weights * weights
        mean, mean_square = float(weights.mean()), float(squares.mean())
        of_mean = sqrt(mean_square / weights.size)
        of_square = sqrt(float(squares.var()) / weights.size)
        if abs(mean) > DEVIATIONS * of_mean or abs(mean_square - variance) > (
            DEVIATIONS * of_square + ROUNDING * variance
        ):
            return (
                f"theory is withheld: it takes weights to have mean 0 and the variance that {init.name} states, "
                f"{variance:.3g} from {fan_in} to {fan_out} units; {weights.size:,} drawn ones have mean "
                f"{mean:.3g} and variance {weights.var():.3g}"
            )
    return None


def _draw(init: Initializer, variance: float, fan_in: int, fan_out: int, root_seed: int) -> np.ndarray:
    """Return at least `LEAST_DRAWN` weights, of several layers, or of one layer's first columns if those are enough."""
    columns = min(fan_out, ceil(LEAST_DRAWN / fan_in))
    layers = ceil(LEAST_DRAWN / (fan_in * columns))
    generator = stream(root_seed, "drawn_moments", fan_in, fan_out)
    return np.concatenate(
        [init.shape(generator.standard_normal((fan_in, columns)), variance).ravel() for _ in range(layers)]
    )


def withheld_columns(depths: Sequence[int], reason: str) -> dict[int, Columns]:
    """Return the columns of the theory table by depth where theory is withheld: null, with the reason as the note."""
    null = [name for name in THEORY.names if name not in (*CELL_KEYS, "layer", "note")]
    return {
        depth: {"layer": np.arange(1, depth + 1), "note": [reason] * depth, **{name: [None] * depth for name in null}}
        for depth in depths
    }
