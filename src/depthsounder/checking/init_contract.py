"""The contract of an initialization: what its record promises, tried on the record before anything is drawn from it.

Whether weights have the mean and the variance that theory takes them to have is another question, which costs the cell
its theory and not its networks. This module calls an init's functions; it knows no networks and no files.
"""

from collections.abc import Callable, Sequence
from math import isfinite

import numpy as np

from depthsounder.checking.contract import Promise
from depthsounder.elements.activation import Activation
from depthsounder.elements.initializers import Initializer
from depthsounder.elements.streams import stream
from depthsounder.process.text import failure


def try_init(
    init: Initializer, activation: Activation, fans: Sequence[tuple[int, int]], root_seed: int
) -> list[Promise]:
    """Try every promise of an init's record on layers of some fans, up to the first that is broken.

    Parameters
    ----------
    fans
        (fan_in, fan_out) of each layer.
    """
    layers = [stream(root_seed, "init_contract", *shape).standard_normal(shape) for shape in fans]
    promises = []
    with np.errstate(all="ignore"):
        for name, trial in _TRIALS.items():
            breaches = (trial(init, activation, normals) for normals in layers)
            promises.append(Promise(name, next((breach for breach in breaches if breach is not None), None)))
            if promises[-1].breach is not None:
                break
    return promises


def _states_variances(init: Initializer, activation: Activation, normals: np.ndarray) -> str | None:
    stated: dict[str, Callable[[], float]] = {
        f"weight_variance for {activation.name} in a layer of {_words(normals)}": lambda: _variance(
            init, activation, normals
        ),
        "bias_variance": lambda: init.bias_variance,
        "bias_mean": lambda: init.bias_mean,
    }
    for what, moment in stated.items():
        try:
            value = float(moment())
        # Whatever goes wrong in a function that a user wrote is the user's to know.
        except Exception as error:  # noqa: BLE001
            return f"{what} cannot be computed: {failure(error)}."
        if what == "bias_mean" and not isfinite(value):
            return f"bias_mean is {value:g}: a mean is a finite number."
        if what != "bias_mean" and not (isfinite(value) and value >= 0.0):
            return f"{what} is {value:g}: a variance is a finite number, and not below 0."
    return None


def _draws(init: Initializer, activation: Activation, normals: np.ndarray) -> str | None:
    try:
        weights = _weights(init, activation, normals)
    except Exception as error:  # noqa: BLE001
        return f"`shape` cannot draw a layer of {_words(normals)}: {failure(error)}."
    if not isinstance(weights, np.ndarray):
        return f"`shape` returns {type(weights).__name__}, and not an array."
    if weights.shape != normals.shape or weights.dtype != normals.dtype:
        found, expected = (f"{array.dtype} {array.shape}" for array in (weights, normals))
        return f"`shape` returns {found} for a layer of {_words(normals)}, and must return {expected}."
    if not np.isfinite(weights).all():
        return f"`shape` returns weights that are not finite, in a layer of {_words(normals)}."
    return None


def _leaves_arguments(init: Initializer, activation: Activation, normals: np.ndarray) -> str | None:
    before = normals.copy()
    _weights(init, activation, normals)
    return None if np.array_equal(normals, before) else "`shape` writes into the normals, which must stay as they are."


def _repeats(init: Initializer, activation: Activation, normals: np.ndarray) -> str | None:
    stated = [_variance(init, activation, normals) for _ in range(2)]
    if stated[0] != stated[1]:
        numbers = " and then ".join(f"{variance:g}" for variance in stated)
        return f"weight_variance for {activation.name} is {numbers} for the same layer: it may depend on nothing else."
    first, second = (np.asarray(_weights(init, activation, normals)) for _ in range(2))
    if np.array_equal(first, second):
        return None
    return "`shape` gives other weights for the same normals, from which all of an init's chance must come."


def _variance(init: Initializer, activation: Activation, normals: np.ndarray) -> float:
    fan_in, fan_out = normals.shape
    return init.weight_variance(fan_in, fan_out, activation)


def _weights(init: Initializer, activation: Activation, normals: np.ndarray) -> object:
    return init.shape(normals, _variance(init, activation, normals))


def _words(normals: np.ndarray) -> str:
    return f"{normals.shape[0]} × {normals.shape[1]} weights"


_TRIALS: dict[str, Callable[[Initializer, Activation, np.ndarray], str | None]] = {
    "variances": _states_variances,
    "computes": _draws,
    "leaves_arguments": _leaves_arguments,
    "repeats": _repeats,
}
