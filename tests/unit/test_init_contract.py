"""The contract of inits: those of the registry keep it, and each wrong one is named by the promise that it breaks."""

from dataclasses import replace

import numpy as np
import pytest

from depthsounder.checking.init_contract import try_init
from depthsounder.elements.activations import TANH
from depthsounder.elements.initializers import HE_NORMAL, INITIALIZERS, initializer

FANS = ((6, 8), (8, 8), (8, 5))


def breach_of(init):
    broken = [promise for promise in try_init(init, TANH, FANS, 1) if promise.breach is not None]
    return (broken[0].name, broken[0].breach) if broken else (None, "")


@pytest.mark.parametrize("name", [*INITIALIZERS, "gaussian_w2_b25"])
def test_every_init_of_the_registry_keeps_it(name):
    assert breach_of(initializer(name)) == (None, "")


def _in_place(normals, variance):
    normals *= np.sqrt(variance)
    return normals


def _at_random(normals, variance):
    return np.random.default_rng().standard_normal(normals.shape) * np.sqrt(variance)


class Counting:
    """A variance that falls with each layer, as if the calls were the layers in order."""

    def __init__(self):
        self.calls = 0

    def __call__(self, fan_in, fan_out, activation):
        self.calls += 1
        return 1.0 / self.calls


@pytest.mark.parametrize(
    ("changes", "promise", "expected"),
    [
        ({"weight_variance": lambda fan_in, fan_out, activation: -1.0}, "variances", "layer of 6 × 8 weights is -1"),
        ({"weight_variance": lambda fan_in, fan_out, activation: np.nan}, "variances", "is nan"),
        ({"weight_variance": lambda fan_in, fan_out: 1.0}, "variances", "TypeError"),
        ({"bias_variance": -0.5}, "variances", "bias_variance is -0.5"),
        ({"bias_mean": np.inf}, "variances", "bias_mean is inf: a mean is a finite number"),
        ({"bias_mean": "0.1 each"}, "variances", "bias_mean cannot be computed: ValueError"),
        ({"shape": lambda normals, variance: normals.T}, "computes", "float64 (8, 6) for a layer of 6 × 8 weights"),
        ({"shape": lambda normals, variance: None}, "computes", "`shape` returns NoneType, and not an array."),
        ({"shape": lambda normals, variance: normals.astype(np.float32)}, "computes", "float32 (6, 8)"),
        ({"shape": lambda normals, variance: normals / 0.0}, "computes", "not finite"),
        ({"shape": lambda normals: normals}, "computes", "TypeError"),
        ({"shape": _in_place}, "leaves_arguments", "writes into the normals"),
        ({"weight_variance": Counting()}, "repeats", "for the same layer: it may depend on nothing else"),
        ({"shape": _at_random}, "repeats", "other weights for the same normals"),
    ],
)
def test_a_wrong_init_is_named_by_the_promise_that_it_breaks(changes, promise, expected):
    name, breach = breach_of(replace(HE_NORMAL, **changes))
    assert name == promise
    assert expected in breach
    assert breach.endswith(".")
