"""The fundamental theorem of calculus tests, panel by panel, that one function is the derivative of another.

Over each panel [a, b] the integral of f' by Gauss-Legendre quadrature must be f(b) − f(a). A panel that disagrees is
halved. Three things then tell the cause: quadrature that was too coarse converges; an error of f' stays, and the errors
of both halves add up to that of the whole; and at a point where f' or its slope jumps, one ever smaller panel goes on
disagreeing. No difference of nearly equal numbers is divided by a step, so that rounding leaves 13 digits.

This module knows functions of one real variable; it knows nothing of activations.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np

_ABSCISSAE, _WEIGHTS = np.polynomial.legendre.leggauss(16)

RELATIVE_ERROR = 1e-9
"""The largest disagreement, as a share of what |f'| adds up to over the panel."""

_ROUNDING = 256.0 * float(np.finfo(np.float64).eps)

_SPACING, _SHIFT = 0.4641016151377544, 0.1763932022500210
"""Panels near 0 begin at odd places, so that no kink at a round number hides on an edge."""

_MOVED, _HALVINGS = 0.01, 4
"""An error has settled once halving moved it by at most this share, so many times in a row: chance does not do it."""

_SMALLEST = 2.0**-15
"""The share of |z|, or of 1, below which a panel that still disagrees surrounds a singular point."""

_TO_A_POINT = 20
"""Halvings after which an error that is spread over a panel has gone, and a jump's has not."""

Function = Callable[[np.ndarray], np.ndarray]
Kind = Literal["slope", "jump", "kink"]


@dataclass(frozen=True)
class Mismatch:
    """Where f' does not add up to f.

    Attributes
    ----------
    kind
        ``"slope"``: f' is wrong over a stretch; ``"jump"``: f jumps; ``"kink"``: f' or its slope jumps.
    left, right
        The panel.
    change, integral
        f(right) − f(left), and the integral of f' from left to right.
    """

    kind: Kind
    left: float
    right: float
    change: float
    integral: float


@dataclass(frozen=True)
class _Panels:
    """Panels (n, 2); of each (n,) its change and integral, the error allowed, and halvings since its error moved."""

    edges: np.ndarray
    change: np.ndarray
    integral: np.ndarray
    allowed: np.ndarray
    settled: np.ndarray

    @property
    def error(self) -> np.ndarray:
        return self.integral - self.change

    @property
    def wrong(self) -> np.ndarray:
        return ~(np.abs(self.error) <= self.allowed)

    def where(self, chosen: np.ndarray) -> "_Panels":
        return _Panels(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def nearest_to_zero(self, kind: Kind) -> Mismatch:
        panel = int(np.abs(self.edges).min(axis=1).argmin())
        left, right = self.edges[panel]
        return Mismatch(kind, float(left), float(right), float(self.change[panel]), float(self.integral[panel]))


def find_mismatch(function: Function, derivative: Function, splits: Sequence[float], reach: float) -> Mismatch | None:
    """Return where a derivative does not add up to its function, or None if it does everywhere.

    Parameters
    ----------
    function, derivative
        Vectorized over any shape; finite from -reach to reach.
    splits
        The points at which f' may jump or bend: panels begin there.
    reach
        The largest |z| that is looked at.

    Returns
    -------
    mismatch
        The one nearest to 0; a kink only where there is neither a wrong slope nor a jump.
    """
    near_zero = float(np.abs(derivative(np.linspace(-3.0, 3.0, 61))).max())

    def measure(edges: np.ndarray) -> _Panels:
        return _measured(function, derivative, edges, near_zero)

    panels = measure(_first_edges(splits, reach))
    while (panels := panels.where(panels.wrong)).edges.size:
        panels = _halved(panels, measure)
        settled = panels.where(panels.wrong & (panels.settled >= _HALVINGS))
        if settled.edges.size:
            return _at_a_jump(settled, measure) or settled.nearest_to_zero("slope")
        width, distance = np.ptp(panels.edges, axis=1), np.abs(panels.edges).max(axis=1)
        singular = panels.where(panels.wrong & (width <= _SMALLEST * np.maximum(1.0, distance)))
        if singular.edges.size:
            return singular.nearest_to_zero("kink")
    return None


def _at_a_jump(settled: _Panels, measure: Callable[[np.ndarray], _Panels]) -> Mismatch | None:
    """Return the jump of f in one of some panels: however small the panel, it holds all of the error."""
    panels = settled
    for _ in range(_TO_A_POINT):
        halves = _halved(panels, measure)
        larger = np.abs(halves.error.reshape(-1, 2)).argmax(axis=1)
        panels = halves.where(2 * np.arange(len(larger)) + larger)
    jumps = panels.where(np.abs(panels.error) > 0.5 * np.abs(settled.error))
    return jumps.nearest_to_zero("jump") if jumps.edges.size else None


def _first_edges(splits: Sequence[float], reach: float) -> np.ndarray:
    """Return panels (n, 2) of even width near 0 and of even ratio far from it, split where they are asked to be."""
    near = _SPACING * np.arange(-40, 41) + _SHIFT
    far = np.geomspace(near[-1], reach, 24)
    edges = np.unique(np.concatenate([-far, near, far, splits]))
    edges = edges[np.abs(edges) <= reach]
    return np.stack([edges[:-1], edges[1:]], axis=1)


def _measured(function: Function, derivative: Function, edges: np.ndarray, near_zero: float) -> _Panels:
    middle, half = edges.mean(axis=1), np.ptp(edges, axis=1) / 2.0
    slopes, ends = derivative(middle[:, None] + half[:, None] * _ABSCISSAE), function(edges)
    # f is rounded at both ends; f' may be a difference of numbers as large as it is near 0.
    rounding = np.abs(ends).sum(axis=1) + half * near_zero
    return _Panels(
        edges,
        change=ends[:, 1] - ends[:, 0],
        integral=half * (slopes @ _WEIGHTS),
        allowed=RELATIVE_ERROR * half * (np.abs(slopes) @ _WEIGHTS) + _ROUNDING * rounding,
        settled=np.zeros(len(edges), int),
    )


def _halved(panels: _Panels, measure: Callable[[np.ndarray], _Panels]) -> _Panels:
    """Return both halves of each panel, one after the other."""
    (left, right), middle = panels.edges.T, panels.edges.mean(axis=1)
    halves = measure(np.stack([left, middle, middle, right], axis=1).reshape(-1, 2))
    moved = np.abs(halves.error.reshape(-1, 2).sum(axis=1) - panels.error)
    settled = np.where(moved <= _MOVED * np.abs(panels.error), panels.settled + 1, 0)
    halves.settled[:] = settled.repeat(2)
    return halves
