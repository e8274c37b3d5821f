"""A sample of an initialization's weights tests that their mean is 0 and their variance is the stated one.

Theory reads an init's stated variance and never its weights. So some of these are drawn, for layers of the sweep's own
fans, and compared with what is stated.

This module knows the weights of single layers; it knows nothing of theory, cells or files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, sqrt

import numpy as np

from depthsounder.elements.activation import Activation
from depthsounder.elements.initializers import Initializer
from depthsounder.elements.streams import stream
from depthsounder.process.text import failure

DRAWN = 100_000
"""Weights that are drawn at least, as far as `MOST_LAYERS` allows; a layer of more is drawn with fewer outputs."""

LEAST_LAYERS, MOST_LAYERS = 16, 10_000
"""Layers that are drawn: the first for a scatter between them, the second for layers of a few weights."""

STANDARD_ERRORS = 5.0
"""How far a sample may lie from what is stated: chance goes further once in two million samples."""

_ROUNDING = 1e-9
"""What is exact, such as the mean square of an orthogonal matrix, is so up to rounding. Relative to the deviation."""


@dataclass(frozen=True)
class Moment:
    """The mean of some quantity over drawn weights, and its standard error."""

    value: float
    error: float

    def is_beside(self, stated: float) -> bool:
        """Tell whether a stated value of order 1 or 0 is out of reach of the sample; so it is of no number."""
        return not abs(self.value - stated) <= STANDARD_ERRORS * self.error + _ROUNDING


def misdrawn(init: Initializer, activation: Activation, fans: Sequence[tuple[int, int]], root_seed: int) -> str | None:
    """Return in a clause which weights are not what theory takes them to be, or None if all are.

    Parameters
    ----------
    fans
        (fan_in, fan_out) of each kind of layer.
    """
    for fan_in, fan_out in fans:
        layer = f"weights of '{init.name}' at fans {fan_in} → {fan_out}"
        try:
            stated = init.weight_variance(fan_in, fan_out, activation)
            mean, square = drawn_moments(init, fan_in, fan_out, stated, root_seed)
        # Whatever goes wrong in a function that a user wrote is the user's to know.
        except Exception as error:  # noqa: BLE001
            return f"{layer} cannot be sampled: {failure(error)}"
        scale = _scale(stated)
        if mean.is_beside(0.0):
            return f"{layer} have mean {mean.value * scale:.3g}, and theory takes it to be 0"
        if square.is_beside(1.0 if stated > 0.0 else 0.0):
            return f"{layer} have variance {square.value * scale**2:.3g}, and theory takes it to be {stated:.3g}"
    return None


@cache
def drawn_moments(
    init: Initializer, fan_in: int, fan_out: int, variance: float, root_seed: int
) -> tuple[Moment, Moment]:
    """Return mean and mean square of drawn weights over their stated deviation; of the weights, if that is 0.

    A standard error is the larger one of two. That of independent weights comes from their second and fourth moment.
    The other is that of the scatter between layers, and holds for weights of a layer that depend on one another: those
    of a circulant matrix repeat a few numbers. Those of an orthogonal one have the first for their mean, exactly, and
    a mean square without any scatter.
    """
    generator = stream(root_seed, "drawn_moments", fan_in, fan_out)
    columns = fan_out if fan_in * fan_out <= DRAWN else ceil(DRAWN / fan_in)
    layers = int(np.clip(ceil(DRAWN / (fan_in * columns)), LEAST_LAYERS, MOST_LAYERS))
    powers = np.empty((layers, 3))
    with np.errstate(all="ignore"):
        for layer in range(layers):
            normals = generator.standard_normal((fan_in, columns))
            weights = init.shape(normals, variance) / _scale(variance)
            squares = weights * weights
            powers[layer] = weights.mean(), squares.mean(), (squares * squares).mean()
        _, second, fourth = powers.mean(axis=0)
        n_weights = layers * fan_in * columns
        return (
            _moment(powers[:, 0], sqrt(second / n_weights)),
            _moment(powers[:, 1], sqrt(max(fourth - second**2, 0.0) / n_weights)),
        )


def _moment(of_layers: np.ndarray, error: float) -> Moment:
    between = float(np.std(of_layers, ddof=1)) / sqrt(len(of_layers))
    return Moment(float(of_layers.mean()), max(error, between))


def _scale(variance: float) -> float:
    """Return by what weights are divided, so that no power of them overflows."""
    return sqrt(variance) or 1.0
