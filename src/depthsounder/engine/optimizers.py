"""Updates of a stack's parameters: plain gradient descent, momentum and Adam, and the clipping before them.

An optimizer holds what it remembers between steps and updates parameters in place, each network with its own rate.
Parameters are walked one network at a time, so that a network's numbers stay in the cache between the operations.

This module knows flat arrays; it knows nothing of layers, batches or costs.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np


def clip(gradients: np.ndarray, greatest: float) -> list[bool]:
    """Scale each network's gradient, a row of (S, P), down to the norm `greatest` where it is longer (Pascanu 2013).

    Returns
    -------
    clipped
        Of each network, whether its gradient was longer.
    """
    clipped = []
    for gradient in gradients:
        norm = float(np.linalg.norm(gradient))
        if not np.isfinite(norm):
            # Squares leave the range of single precision long before the numbers do.
            norm = float(np.linalg.norm(gradient.astype(np.float64)))
        clipped.append(norm > greatest)
        if norm > greatest:
            np.multiply(gradient, greatest / norm, out=gradient)
    return clipped


class Optimizer(Protocol):
    """What training asks of an optimizer."""

    def update(self, parameters: np.ndarray, gradients: np.ndarray) -> None:
        """Change `parameters` (S, P) in place by one step; `gradients` (S, P) are used up."""
        ...

    def keep(self, kept: np.ndarray) -> None:
        """Forget all networks but those where the mask `kept` (S,) is true."""
        ...


class GradientDescent:
    """θ ← θ − η g."""

    def __init__(self, parameters: np.ndarray, learning_rates: np.ndarray) -> None:
        self.learning_rates = learning_rates.astype(parameters.dtype)

    def update(self, parameters: np.ndarray, gradients: np.ndarray) -> None:
        """Change `parameters` in place by one step."""
        for theta, gradient, rate in zip(parameters, gradients, self.learning_rates, strict=True):
            np.multiply(gradient, rate, out=gradient)
            np.subtract(theta, gradient, out=theta)

    def keep(self, kept: np.ndarray) -> None:
        """Forget all networks but those kept."""
        self.learning_rates = self.learning_rates[kept]


class Momentum:
    """v ← 0.9 v + g, θ ← θ − η v (Polyak 1964, as PyTorch and Sutskever et al. 2013 scale it)."""

    DECAY = 0.9

    def __init__(self, parameters: np.ndarray, learning_rates: np.ndarray) -> None:
        self.learning_rates = learning_rates.astype(parameters.dtype)
        self.velocities = np.zeros_like(parameters)

    def update(self, parameters: np.ndarray, gradients: np.ndarray) -> None:
        """Change `parameters` in place by one step."""
        rows = zip(parameters, gradients, self.velocities, self.learning_rates, strict=True)
        for theta, gradient, velocity, rate in rows:
            np.multiply(velocity, self.DECAY, out=velocity)
            np.add(velocity, gradient, out=velocity)
            np.multiply(velocity, rate, out=gradient)
            np.subtract(theta, gradient, out=theta)

    def keep(self, kept: np.ndarray) -> None:
        """Forget all networks but those kept."""
        self.learning_rates, self.velocities = self.learning_rates[kept], self.velocities[kept]


class Adam:
    """Adam with its authors' constants (Kingma & Ba 2015, algorithm 1)."""

    DECAY_MEAN = 0.9
    DECAY_SQUARE = 0.999
    EPSILON = 1e-8

    def __init__(self, parameters: np.ndarray, learning_rates: np.ndarray) -> None:
        self.learning_rates = learning_rates.astype(parameters.dtype)
        self.means = np.zeros_like(parameters)
        self.squares = np.zeros_like(parameters)
        self.steps = 0
        self._scratch = np.empty_like(parameters[0])

    def update(self, parameters: np.ndarray, gradients: np.ndarray) -> None:
        """Change `parameters` in place by one step."""
        self.steps += 1
        mean_bias = 1.0 - self.DECAY_MEAN**self.steps
        square_bias = 1.0 - self.DECAY_SQUARE**self.steps
        scratch = self._scratch
        rows = zip(parameters, gradients, self.means, self.squares, self.learning_rates, strict=True)
        for theta, gradient, mean, square, rate in rows:
            np.multiply(gradient, gradient, out=scratch)
            scratch *= 1.0 - self.DECAY_SQUARE
            square *= self.DECAY_SQUARE
            square += scratch
            gradient *= 1.0 - self.DECAY_MEAN
            mean *= self.DECAY_MEAN
            mean += gradient
            np.divide(square, square_bias, out=scratch)
            np.sqrt(scratch, out=scratch)
            scratch += self.EPSILON
            np.divide(mean, scratch, out=scratch)
            scratch *= rate / mean_bias
            theta -= scratch

    def keep(self, kept: np.ndarray) -> None:
        """Forget all networks but those kept."""
        self.learning_rates = self.learning_rates[kept]
        self.means, self.squares = self.means[kept], self.squares[kept]


OPTIMIZERS: dict[str, Callable[[np.ndarray, np.ndarray], Optimizer]] = {
    "sgd": GradientDescent,
    "momentum": Momentum,
    "adam": Adam,
}
"""Update rules by the config's names: `OPTIMIZERS[name](parameters, learning_rates)`, with shapes (S, P) and (S,)."""
