"""An activation: the function, its derivative, and what is known of both."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Activation:
    """An element-wise nonlinearity φ.

    Attributes
    ----------
    name
        The name in configs, tables and paths.
    function
        `function(z, out)` writes φ(z) into `out`; both have any one shape and dtype float32, float64 or complex128.
    derivative
        `derivative(z, h, out)` writes φ'(z) into `out`, given z and h = φ(z), both real.
    kinks
        The points where φ or one of its first two derivatives jumps: quadrature splits there, finite differences skip
        them.
    rectifier
        Whether φ treats the two sides of 0 differently, as the ReLU family does: such a unit can die, but its flat
        half is no saturation.
    source
        Where the function comes from.
    formula
        φ(z) as a reader writes it.
    """

    name: str
    function: Callable[[np.ndarray, np.ndarray], object]
    derivative: Callable[[np.ndarray, np.ndarray, np.ndarray], object]
    kinks: tuple[float, ...]
    rectifier: bool
    source: str
    formula: str = ""

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """Return φ(z) in a new array of z's shape and dtype."""
        h = np.empty_like(z)
        self.function(z, h)
        return h

    def slope(self, z: np.ndarray) -> np.ndarray:
        """Return φ'(z) in a new array of z's shape and dtype, for real z."""
        slopes = np.empty_like(z)
        self.derivative(z, self(z), slopes)
        return slopes
