"""The initializations: one record and one registry line each.

All draws start from standard normals of the stream (seed, depth, layer), which the init only scales or maps. Inits are
therefore paired, and two inits of one law give equal bits.

This module knows the weights of one layer; it knows nothing of how layers are stacked or trained.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from math import sqrt

import numpy as np

from depthsounder.elements.activation import Activation
from depthsounder.elements.gaussian import critical_gain
from depthsounder.elements.special import ndtr
from depthsounder.elements.streams import stream

WeightVariance = Callable[[int, int, Activation], float]
"""(fan_in, fan_out, activation) -> Var(W)."""


def _normal(normals: np.ndarray, variance: float) -> np.ndarray:
    return normals * sqrt(variance)


def _uniform(normals: np.ndarray, variance: float) -> np.ndarray:
    # The Gaussian's own distribution function maps its draws to uniform ones: the pairing holds across shapes of law.
    return (2.0 * ndtr(normals) - 1.0) * sqrt(3.0 * variance)


def _orthogonal(normals: np.ndarray, variance: float) -> np.ndarray:
    fan_in, fan_out = normals.shape
    tall = normals if fan_in >= fan_out else normals.T
    basis, triangle = np.linalg.qr(tall)
    # With the signs of the diagonal the basis follows Haar's measure: Mezzadri 2007, "How to generate random matrices".
    basis *= np.sign(np.diag(triangle))
    entries = basis if fan_in >= fan_out else basis.T
    return entries * sqrt(variance * max(fan_in, fan_out))


@cache
def _maps_each_by_itself(shape: Callable[[np.ndarray, float], np.ndarray]) -> bool:
    """Tell whether a weight stays what it is where other normals of its layer change."""
    trial = stream(0, "independent")
    normals, others = trial.standard_normal((2, 8, 8))
    kept = trial.random((8, 8)) < 0.5
    try:
        weights, changed = (shape(layer, 1.0)[kept] for layer in (normals, np.where(kept, normals, others)))
    # A function that a user wrote may fail on such a layer in any way; then nothing is known of it.
    except Exception:  # noqa: BLE001
        return False
    return bool(np.array_equal(weights, changed))


@dataclass(frozen=True)
class Initializer:
    """The distribution of a hidden layer's weights and biases.

    Attributes
    ----------
    name
        The name in configs, tables and paths.
    weight_variance
        `weight_variance(fan_in, fan_out, activation)` is Var(W).
    shape
        `shape(normals, variance)` maps standard normals (fan_in, fan_out) to weights of that variance.
    bias_variance
        σb², the variance of the biases.
    bias_mean
        Their mean: with a variance of 0, the constant that all biases are. Theory takes it to be 0, and is withheld
        elsewhere.
    source
        Where the rule comes from.
    formula
        Var(W) as a reader writes it, of n_in and n_out, and behind a comma what else is drawn.
    called
        What the course note calls it; empty if it does not name it.
    """

    name: str
    weight_variance: WeightVariance
    source: str
    shape: Callable[[np.ndarray, float], np.ndarray] = _normal
    bias_variance: float = 0.0
    bias_mean: float = 0.0
    formula: str = ""
    called: str = ""

    @property
    def orthogonal(self) -> bool:
        """Whether the rows or columns of W are known to be orthogonal."""
        return self.shape is _orthogonal

    @property
    def independent(self) -> bool:
        """Whether the entries of W are independent: `shape` maps each of a layer's normals by itself, as is tried."""
        return _maps_each_by_itself(self.shape)

    @property
    def gaussian(self) -> bool:
        """Whether the entries of W are independent and normal."""
        return self.shape is _normal

    def fixed(self, activation: Activation) -> bool:
        """Tell whether Var(W) is the same whatever the layer's fans, as naive initializations have it."""
        fans = ((16, 16), (16, 256), (256, 16), (256, 256))
        return len({self.weight_variance(*pair, activation) for pair in fans}) == 1

    def gain(self, fan_in: int, fan_out: int, activation: Activation) -> float:
        """Return the forward gain σw² = fan_in · Var(W) of a layer."""
        return fan_in * self.weight_variance(fan_in, fan_out, activation)

    def backward_gain(self, fan_in: int, fan_out: int, activation: Activation) -> float:
        """Return the backward gain fan_out · Var(W) of a layer, by which errors grow on their way up."""
        return fan_out * self.weight_variance(fan_in, fan_out, activation)


def _critical_variance(fan_in: int, fan_out: int, activation: Activation) -> float:
    return critical_gain(activation).require() / fan_in


NAIVE_SMALL = Initializer(
    "naive_small",
    lambda fan_in, fan_out, activation: 0.01**2,
    "the course note's too small case",
    formula="0.01²",
    called="too small",
)
NAIVE_LARGE = Initializer(
    "naive_large",
    lambda fan_in, fan_out, activation: 0.5**2,
    "the course note's too large case",
    formula="0.5²",
    called="too large",
)
NAIVE_UNIT = Initializer("naive_unit", lambda fan_in, fan_out, activation: 1.0, "plain randn", formula="1")
LECUN_NORMAL = Initializer(
    "lecun_normal",
    lambda fan_in, fan_out, activation: 1.0 / fan_in,
    "LeCun et al. 1998",
    formula="1/n_in",
    called="what it derives for Xavier",
)
XAVIER_NOTE = Initializer(
    "xavier_note",
    lambda fan_in, fan_out, activation: 1.0 / (fan_in + fan_out),
    "as the note prints it: half of Glorot's",
    formula="1/(n_in + n_out)",
    called="Xavier",
)
GLOROT_NORMAL = Initializer(
    "glorot_normal",
    lambda fan_in, fan_out, activation: 2.0 / (fan_in + fan_out),
    "Glorot & Bengio 2010, equation 12",
    formula="2/(n_in + n_out)",
)
GLOROT_UNIFORM = Initializer(
    "glorot_uniform",
    lambda fan_in, fan_out, activation: 2.0 / (fan_in + fan_out),
    "Glorot & Bengio 2010, equation 16",
    shape=_uniform,
    formula="2/(n_in + n_out), uniform",
)
UNIFORM_STANDARD = Initializer(
    "uniform_standard",
    lambda fan_in, fan_out, activation: 1.0 / (3.0 * fan_in),
    "the heuristic of Glorot & Bengio 2010, equation 1",
    shape=_uniform,
    formula="1/(3 n_in), uniform",
)
HE_NORMAL = Initializer(
    "he_normal",
    lambda fan_in, fan_out, activation: 2.0 / fan_in,
    "He et al. 2015, equation 10",
    formula="2/n_in",
    called="He",
)
HE_UNIFORM = Initializer(
    "he_uniform",
    lambda fan_in, fan_out, activation: 2.0 / fan_in,
    "He et al. 2015, equation 10",
    shape=_uniform,
    formula="2/n_in, uniform",
)
ORTHOGONAL = Initializer(
    "orthogonal",
    lambda fan_in, fan_out, activation: 1.0 / fan_in,
    "Saxe et al. 2013",
    shape=_orthogonal,
    formula="1/n_in, orthogonal",
)
CRITICAL = Initializer(
    "critical",
    _critical_variance,
    "Poole et al. 2016, Schoenholz et al. 2017: χ1 = 1 without biases",
    formula="g/n_in, g such that errors keep their size",
)
ZEROS = Initializer(
    "zeros", lambda fan_in, fan_out, activation: 0.0, "symmetry: no unit differs from another", formula="0"
)

INITIALIZERS = {
    initializer.name: initializer
    for initializer in (
        NAIVE_SMALL,
        NAIVE_LARGE,
        NAIVE_UNIT,
        LECUN_NORMAL,
        XAVIER_NOTE,
        GLOROT_NORMAL,
        GLOROT_UNIFORM,
        UNIFORM_STANDARD,
        HE_NORMAL,
        HE_UNIFORM,
        ORTHOGONAL,
        CRITICAL,
        ZEROS,
    )
}

_DECIMAL = r"\d+(?:\.\d+)?"
GAUSSIAN_PATTERN = re.compile(rf"gaussian_w({_DECIMAL})_b({_DECIMAL})")
"""The family with continuous axes: ``gaussian_w1.5_b0.05`` has σw² = 1.5 and σb² = 0.05."""


def initializer(name: str) -> Initializer:
    """Return the initialization of a name.

    Raises
    ------
    ValueError
        If the name is neither in the registry nor of the form ``gaussian_w<σw²>_b<σb²>``.
    """
    family = GAUSSIAN_PATTERN.fullmatch(name)
    if family is None:
        if name not in INITIALIZERS:
            raise ValueError(
                f"{name!r} is no initialization; allowed: gaussian_w…_b… or one of {', '.join(INITIALIZERS)}"
            )
        return INITIALIZERS[name]
    weight_gain, bias_variance = (float(number) for number in family.groups())
    return Initializer(
        name,
        lambda fan_in, fan_out, activation: weight_gain / fan_in,
        "Poole et al. 2016",
        bias_variance=bias_variance,
        formula=f"{weight_gain:g}/n_in, biases {bias_variance:g}",
    )


def with_gain_at(init: Initializer, width: int) -> Initializer:
    """Return an init that gives layers of any fans the gain σw² that `init` gives the square layers of one width.

    An init whose Var(W) does not follow the fans, such as `naive_large`, has other gains in small networks than in wide
    ones: small networks drawn with this one stand for the wide ones.
    """
    return replace(
        init, weight_variance=lambda fan_in, fan_out, activation: init.gain(width, width, activation) / fan_in
    )
