"""The contract of an activation: what its record promises, tried on the record itself before anything rests on it.

A broken promise is often invisible to every later check, because measurement, theory and gradient check all call the
same two functions: a derivative that is wrong far from 0 makes theory and measurement agree on a wrong number. Each
promise is therefore tried element by element, over more preactivations than any sweep meets, and is named where it is
broken.

This module calls an activation's functions; it knows no networks and no files.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from depthsounder.checking import trials
from depthsounder.elements.activation import Activation
from depthsounder.process.text import failure


@dataclass(frozen=True)
class Promise:
    """One promise of a record, and what broke it.

    Attributes
    ----------
    name
        Such as ``"fills_out"``.
    breach
        What was found, in a sentence; None where the promise is kept.
    """

    name: str
    breach: str | None


def try_activation(activation: Activation) -> list[Promise]:
    """Try every promise of an activation's record, in an order in which each rests on those before it.

    Returns
    -------
    promises
        Up to the first that is broken: what comes behind it could not be tried, or would only repeat it.
    """
    promises = []
    with np.errstate(all="ignore"):
        for name, trial in _TRIALS.items():
            promises.append(Promise(name, _tried(trial, activation)))
            if promises[-1].breach is not None:
                break
    return promises


def breaches(activation: Activation) -> list[str]:
    """Return what breaks the contract in sentences, but for the promise that the complex step alone needs."""
    return [promise.breach for promise in try_activation(activation) if promise.breach and promise.name != NOT_ANALYTIC]


NOT_ANALYTIC = "analytic"
"""The promise that the complex step alone needs: it is tried last."""


def _tried(trial: Callable[[Activation], str | None], activation: Activation) -> str | None:
    """Return what a trial finds; an exception of the user's functions, whatever it is, is a finding too."""
    try:
        return trial(activation)
    except Exception as error:  # noqa: BLE001
        return f"φ or φ' cannot be computed for some arrays of any shape and size: {failure(error)}."


_TRIALS: dict[str, Callable[[Activation], str | None]] = {
    "computes": trials.computes,
    "leaves_arguments": trials.leaves_arguments,
    "fills_out": trials.fills_out,
    "repeats": trials.repeats,
    "elementwise": trials.is_elementwise,
    "finite": trials.is_finite,
    "float32": trials.holds_in_float32,
    "derivative": trials.derivative_belongs,
    "kinks": trials.names_its_kinks,
    NOT_ANALYTIC: trials.is_analytic,
}
