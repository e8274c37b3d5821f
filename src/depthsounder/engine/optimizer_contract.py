"""The contract of an optimizer of the user's: what training asks of it, tried on a few numbers.

A stack's networks are trained together, each at a rate of its own, and those that diverged are dropped on the way. A
network must therefore fare in company, and after others were dropped, as it does alone.

This module calls an optimizer; it knows nothing of networks.
"""

import numpy as np

from depthsounder.elements.streams import stream
from depthsounder.process.text import failure

_ALLOWED = (
    "allowed: a class, or a function, that is called as optimizer(parameters, learning_rates), and whose result has "
    "the methods update(parameters, gradients) and keep(kept)"
)
_RATES = np.array([0.01, 0.1])
_STEPS = 3


def optimizer_breach(name: str, make: object) -> str | None:
    """Return in a sentence what breaks the contract; None if nothing does."""
    if not callable(make):
        return f"{name} is of the type {type(make).__name__}; {_ALLOWED}"
    normals = stream(0, "optimizer_contract").standard_normal((2 * _STEPS + 1, 2, 5))
    start, gradients = normals[0].astype(np.float32), normals[1:].astype(np.float32)
    try:
        with np.errstate(all="ignore"):
            together, alone = (_trained(make, start, gradients, first) for first in (0, 1))
    # Whatever goes wrong in what a user wrote is the user's to know.
    except Exception as error:  # noqa: BLE001
        return f"{name} cannot take a step: {failure(error)}; {_ALLOWED}"
    if together.dtype != np.float32 or np.array_equal(together, start[1]):
        return f"{name} leaves the parameters as they are: update must change them in place"
    if not np.isfinite(alone).all():
        return f"{name} makes {alone[~np.isfinite(alone)][0]} of finite parameters and gradients; allowed: numbers"
    if not np.allclose(together, alone, rtol=1e-5, atol=1e-7):
        return (
            f"{name} moves a network otherwise beside another one than alone: each has its own learning rate, and "
            "keep(kept) forgets all but those where the mask is true"
        )
    return None


def _trained(make: object, start: np.ndarray, gradients: np.ndarray, first: int) -> np.ndarray:
    """Return the second network's parameters, trained from network `first` on; the first one is dropped half way."""
    parameters = start[first:].copy()
    optimizer = make(parameters, _RATES[first:])  # type: ignore[operator]
    for step, gradient in enumerate(gradients):
        if step == _STEPS:
            kept = np.arange(first, 2) == 1
            parameters = parameters[kept]
            optimizer.keep(kept)
        optimizer.update(parameters, gradient[-len(parameters) :].copy())
    return parameters[0]
