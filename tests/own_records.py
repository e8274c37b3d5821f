"""Activations as people write their own: right ones, and wrong ones with the promise that each of them breaks."""

import numpy as np
from scipy.special import expit

from depthsounder.elements.activation import Activation


def own(function, derivative, kinks=(), name="own"):
    """A record of the user's."""
    return Activation(name, function, derivative, kinks=kinks, rectifier=False, source="a test")


def valued(function, derivative, kinks=()):
    """A record from functions that return their values: φ(z), and φ' of z and h."""
    return own(
        lambda z, out: np.copyto(out, function(z)),
        lambda z, h, out: np.copyto(out, derivative(z, h)),
        kinks,
    )


def _size(z):
    return np.where(z.real < 0, -z, z)


RIGHT = {
    "cube": valued(lambda z: np.power(z, 3), lambda z, h: 3 * z * z),
    "sine": valued(np.sin, lambda z, h: np.cos(z)),
    "fast sine": valued(lambda z: np.sin(30 * z), lambda z, h: 30 * np.cos(30 * z)),
    "steep tanh": valued(lambda z: np.tanh(20 * z), lambda z, h: 20 * (1 - h * h)),
    "bell": valued(lambda z: np.exp(-z * z), lambda z, h: -2 * z * h),
    "arctan": valued(np.arctan, lambda z, h: 1 / (1 + z * z)),
    "hard tanh": valued(lambda z: np.clip(z, -1, 1), lambda z, h: (np.abs(z) < 1) * 1.0, (-1.0, 1.0)),
    "relu6": valued(lambda z: np.clip(z, 0, 6), lambda z, h: ((z > 0) & (z < 6)) * 1.0, (0.0, 6.0)),
    "squared relu": valued(lambda z: np.where(z.real > 0, z * z, 0), lambda z, h: 2 * np.maximum(z, 0), (0.0,)),
    "swish": valued(lambda z: z / (1 + np.exp(-z)), lambda z, h: expit(z) * (1 + z * (1 - expit(z)))),
    "softsign by where": valued(lambda z: z / (1 + _size(z)), lambda z, h: 1 / (1 + np.abs(z)) ** 2, (0.0,)),
    "constant": valued(lambda z: np.full_like(z, 0.3), lambda z, h: np.zeros_like(z)),
}


def _counting():
    """A φ' that looks at the mask which φ left at its last call."""
    kept = {}

    def function(z, out):
        kept["mask"] = z > 0
        np.maximum(z, 0.0, out=out)

    return own(function, lambda z, h, out: np.copyto(out, kept["mask"]), (0.0,))


def _tanh_in_place(z, out):
    np.tanh(z, out=z)
    np.copyto(out, z)


def _noisy():
    generator = np.random.default_rng(0)
    return valued(lambda z: z + 1e-3 * generator.standard_normal(z.shape), lambda z, h: np.ones_like(z))


def _tanh_slope(z, h):
    return 1 - h * h


def _only_double(z, out):
    if z.dtype == np.float32:
        raise TypeError("double precision only")
    np.copyto(out, z)


WRONG = {
    "returned slope": (own(lambda z, out: np.tanh(z, out=out), lambda z, h, out: 1 - h * h), "fills_out"),
    "returned value": (own(lambda z, out: np.tanh(z), lambda z, h, out: np.copyto(out, 1 - h * h)), "fills_out"),
    "half filled": (
        own(lambda z, out: np.copyto(out, z, where=z.real > 0), lambda z, h, out: np.copyto(out, z > 0), (0.0,)),
        "fills_out",
    ),
    "added to out": (own(lambda z, out: np.add(out, z, out=out), lambda z, h, out: out.fill(1)), "fills_out"),
    "writes into z": (own(_tanh_in_place, lambda z, h, out: np.copyto(out, 1 - h * h)), "leaves_arguments"),
    "writes into h": (
        own(lambda z, out: np.tanh(z, out=out), lambda z, h, out: np.subtract(1, np.multiply(h, h, out=h), out=out)),
        "leaves_arguments",
    ),
    "keeps a mask": (_counting(), "repeats"),
    "random numbers": (_noisy(), "repeats"),
    "double only": (own(_only_double, lambda z, h, out: out.fill(1)), "computes"),
    "softmax": (
        valued(lambda z: np.exp(z) / np.exp(z).sum(-1, keepdims=True), lambda z, h: h * (1 - h)),
        "elementwise",
    ),
    "one branch for all, of any": (
        valued(lambda z: z if (z.real > 0).any() else z / 2, lambda z, h: np.where((z > 0).any(), 1.0, 0.5), (0.0,)),
        "elementwise",
    ),
    "one branch for all, of all": (
        valued(lambda z: z if (z.real > 0).all() else z / 2, lambda z, h: np.where((z > 0).all(), 1.0, 0.5), (0.0,)),
        "elementwise",
    ),
    "overflow guarded for all": (
        valued(lambda z: z if z.real.max() > 30 else np.log1p(np.exp(z)), lambda z, h: expit(z.real)),
        "elementwise",
    ),
    "overflowing softplus": (valued(lambda z: np.log(1 + np.exp(z)), lambda z, h: expit(z.real)), "finite"),
    "exponential": (valued(np.exp, lambda z, h: h), "finite"),
    "square root": (valued(np.sqrt, lambda z, h: 0.5 / h), "finite"),
    "logarithm in float32": (
        valued(lambda z: (1 + 1e-6 * z - 1) * 1e6, lambda z, h: np.ones_like(z)),
        "float32",
    ),
    "forgotten product rule": (valued(lambda z: z * expit(z.real), lambda z, h: expit(z)), "derivative"),
    "clipped, slope 0": (valued(lambda z: np.clip(z.real, -1, 1), lambda z, h: np.zeros_like(z)), "derivative"),
    "clip forgotten": (valued(lambda z: np.clip(z, -3, 3), lambda z, h: np.ones_like(z), (-3.0, 3.0)), "derivative"),
    "wrong tail": (valued(np.tanh, lambda z, h: np.where(np.abs(z) < 3, 1 - h * h, 0)), "derivative"),
    "wrong beyond 50": (
        valued(lambda z: z, lambda z, h: np.where(np.abs(z) < 50, 1.0, 0.5), (-50.0, 50.0)),
        "derivative",
    ),
    "a millionth too steep": (valued(np.tanh, lambda z, h: (1 - h * h) * 1.000001), "derivative"),
    "odd error": (valued(np.tanh, lambda z, h: 1 - h * h + 1e-3 * np.sin(z)), "derivative"),
    "slope dead near 0": (valued(np.tanh, lambda z, h: np.where(np.abs(z) < 1e-3, 0, 1 - h * h)), "derivative"),
    "slope dead very near 0": (valued(np.tanh, lambda z, h: np.where(np.abs(z) < 1e-8, 0, 1 - h * h)), "derivative"),
    "slope wrong at 0 alone": (valued(np.tanh, lambda z, h: np.where(z == 0, 0, 1 - h * h)), "derivative"),
    "slope beyond both sides of a kink": (
        valued(lambda z: np.where(z.real > 0, z, 0), lambda z, h: np.where(z == 0, 7.0, z > 0), (0.0,)),
        "derivative",
    ),
    "forgotten comma": (
        own(lambda z, out: np.maximum(z, 0.0, out=out), lambda z, h, out: np.copyto(out, z > 0), 0.0),
        "computes",
    ),
    "kinks as texts": (
        own(lambda z, out: np.maximum(z, 0.0, out=out), lambda z, h, out: np.copyto(out, z > 0), ("0",)),
        "computes",
    ),
    "one shape alone": (
        own(
            lambda z, out: np.copyto(out, np.tanh(z.reshape(3, 4, 5)).reshape(z.shape)),
            lambda z, h, out: np.copyto(out, 1 - h * h),
        ),
        "elementwise",
    ),
    "step": (valued(lambda z: (z.real > 0.3) * 1.0 + z, lambda z, h: np.ones_like(z)), "derivative"),
    "undeclared kinks": (valued(lambda z: np.clip(z, 0, 6), lambda z, h: ((z > 0) & (z < 6)) * 1.0), "kinks"),
    "undeclared kink of the slope": (
        valued(lambda z: np.where(z.real > 0, z * z, 0), lambda z, h: 2 * np.maximum(z, 0)),
        "kinks",
    ),
    "one of two kinks": (valued(lambda z: np.clip(z, 0, 6), lambda z, h: ((z > 0) & (z < 6)) * 1.0, (0.0,)), "kinks"),
    "absolute value": (
        valued(lambda z: z / (1 + np.abs(z)), lambda z, h: 1 / (1 + np.abs(z)) ** 2, (0.0,)),
        "analytic",
    ),
    "sign": (
        valued(lambda z: np.sign(z) * np.log1p(np.abs(z)), lambda z, h: 1 / (1 + np.abs(z)), (0.0,)),
        "analytic",
    ),
    "real part": (
        valued(lambda z: z * expit(z.real), lambda z, h: expit(z) * (1 + z * (1 - expit(z)))),
        "analytic",
    ),
    "expit": (own(lambda z, out: expit(z, out=out), lambda z, h, out: np.copyto(out, h * (1 - h))), "analytic"),
    "arctan2": (valued(lambda z: np.arctan2(z, 1), lambda z, h: 1 / (1 + z * z)), "analytic"),
}
"""By what is wrong: the record, and the promise that it breaks first."""

NOT_ANALYTIC = {name: record for name, (record, promise) in WRONG.items() if promise == "analytic"}
