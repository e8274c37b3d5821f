"""What a network is: units, activation and architecture of its layers, and how its parameters lie in one flat array.

Layer by layer, a flat array holds W^l and then b^l, from layer 1 to the readout, which is layer L + 1; and of a hidden
layer that is normalized, γ^l behind them, and β^l where the normalization is centered.

This module knows shapes and positions; it draws no weights and carries no signal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import prod
from typing import NamedTuple

import numpy as np

from depthsounder.elements.activation import Activation
from depthsounder.elements.architectures import PLAIN, Architecture


def layer_sizes(n_inputs: int, width: int, depth: int, n_outputs: int) -> tuple[int, ...]:
    """Return the units of each layer, from the input h^0 to the readout z^(L+1)."""
    return (n_inputs, *[width] * depth, n_outputs)


class Tensors(NamedTuple):
    """The parameters or the gradients of S networks, layer by layer.

    Attributes
    ----------
    weights, biases
        For each of the L + 1 layers, (S, fan_in, fan_out) and (S, 1, fan_out).
    scales, shifts
        γ and β of each of the L hidden layers, (S, 1, units); empty where the architecture has none.
    """

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    scales: list[np.ndarray]
    shifts: list[np.ndarray]


@dataclass(frozen=True)
class NetworkSpec:
    """What networks of one shape have in common: everything but their parameters.

    Attributes
    ----------
    sizes
        Units of each layer, from the input to the readout, as from `layer_sizes`.
    activation
        φ of the hidden layers.
    architecture
        What stands between the affine maps.
    """

    sizes: tuple[int, ...]
    activation: Activation
    architecture: Architecture = PLAIN

    @property
    def depth(self) -> int:
        """L, the number of hidden layers."""
        return len(self.sizes) - 2

    @property
    def fans(self) -> list[tuple[int, int]]:
        """(fan_in, fan_out) of each of the L + 1 layers."""
        return list(pairwise(self.sizes))

    @cached_property
    def parameter_count(self) -> int:
        """P, the number of weights and biases, and of γ and β."""
        return sum(prod(shape) for _, _, shape in self._shapes())

    def working_set(self, n_examples: int, itemsize: int) -> int:
        """Return the bytes of one network in a stack: parameters and gradients, z and h of every layer, and N(z)."""
        signals = sum(self.sizes[:-1]) + sum(self.sizes[1:])
        if self.architecture.normalization is not None:
            # The normalized signal, and what γ and β make of it.
            signals += 2 * sum(self.sizes[1:-1])
        return itemsize * (2 * self.parameter_count + n_examples * signals)

    def views(self, flat: np.ndarray) -> Tensors:
        """Cut flat parameters or gradients (S, P) into each layer's, without a copy."""
        views: dict[str, list[np.ndarray]] = {"W": [], "b": [], "gamma": [], "beta": []}
        start = 0
        for letter, _, shape in self._shapes():
            end = start + prod(shape)
            views[letter].append(flat[:, start:end].reshape(-1, *shape))
            start = end
        return Tensors(weights=views["W"], biases=views["b"], scales=views["gamma"], shifts=views["beta"])

    def tensors(self) -> dict[str, np.ndarray]:
        """Return the positions of each tensor's entries among the flat parameters, by name: ``"W3"``, ``"gamma3"``."""
        tensors, start = {}, 0
        for letter, layer, shape in self._shapes():
            end = start + prod(shape)
            tensors[f"{letter}{layer}"] = np.arange(start, end)
            start = end
        return tensors

    def pack(self, weights: list[np.ndarray], biases: list[np.ndarray]) -> np.ndarray:
        """Lay one network's weights (fan_in, fan_out) and biases (fan_out,) out flat, as (P,), with γ = 1 and β = 0."""
        flat = np.empty(self.parameter_count)
        views = self.views(flat[None, :])
        for view, part in zip([*views.weights, *views.biases], [*weights, *biases], strict=True):
            view[0] = part
        for scale in views.scales:
            scale.fill(1.0)
        for shift in views.shifts:
            shift.fill(0.0)
        return flat

    def _shapes(self) -> Iterator[tuple[str, int, tuple[int, int]]]:
        """Yield the letter, the layer and the shape of each tensor, in the order in which they lie."""
        normalization = self.architecture.normalization
        for layer, (fan_in, fan_out) in enumerate(self.fans, start=1):
            yield "W", layer, (fan_in, fan_out)
            yield "b", layer, (1, fan_out)
            if normalization is not None and layer <= self.depth:
                yield "gamma", layer, (1, fan_out)
                if normalization.centered:
                    yield "beta", layer, (1, fan_out)
