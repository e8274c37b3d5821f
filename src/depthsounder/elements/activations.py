"""The activations: one record and one registry line each.

Every function writes into `out` and allocates at most a mask, because it runs in the innermost loop of training. Every
function also takes complex input, where a case distinction looks at the real part: that is what lets the complex-step
gradient check run the very code that trains. NumPy's `minimum` and `maximum` order complex numbers by their real part
first, so that they serve both.

This module knows nothing of networks, expectations or initializations.
"""

from math import pi, sqrt

import numpy as np

from depthsounder.elements.activation import Activation
from depthsounder.elements.special import erf, ndtr

LEAKY_SLOPE = 0.01

# Klambauer et al. 2017, equation 14: the fixed point of mean 0 and variance 1.
SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717


def _linear(z, out):
    np.copyto(out, z)


def _linear_slope(z, h, out):
    out.fill(1.0)


def _sigmoid(z, out):
    np.negative(z, out=out)
    np.exp(out, out=out)
    np.add(out, 1.0, out=out)
    np.reciprocal(out, out=out)


def _sigmoid_slope(z, h, out):
    np.subtract(1.0, h, out=out)
    np.multiply(out, h, out=out)


def _tanh(z, out):
    np.tanh(z, out=out)


def _tanh_slope(z, h, out):
    np.multiply(h, h, out=out)
    np.subtract(1.0, out, out=out)


def _relu(z, out):
    # NumPy's maximum is four times as fast with an array of zeros as with the number 0.
    out.fill(0.0)
    np.maximum(z, out, out=out)


def _relu_slope(z, h, out):
    np.greater(z, 0.0, out=out, casting="unsafe")


def _leaky_relu(z, out):
    np.multiply(z, LEAKY_SLOPE, out=out)
    np.maximum(z, out, out=out)


def _leaky_relu_slope(z, h, out):
    np.greater(z, 0.0, out=out, casting="unsafe")
    np.multiply(out, 1.0 - LEAKY_SLOPE, out=out)
    np.add(out, LEAKY_SLOPE, out=out)


def _elu(z, out):
    # exp(z) - 1 is never below z, so that the larger of the two is the right branch on either side.
    np.minimum(z, 0.0, out=out)
    np.expm1(out, out=out)
    np.maximum(z, out, out=out)


def _elu_slope(z, h, out):
    np.minimum(h, 0.0, out=out)
    np.add(out, 1.0, out=out)


def _selu(z, out):
    np.minimum(z, 0.0, out=out)
    np.expm1(out, out=out)
    np.multiply(out, SELU_SCALE * SELU_ALPHA, out=out)
    np.multiply(z, SELU_SCALE, out=out, where=z.real > 0)


def _selu_slope(z, h, out):
    np.add(h, SELU_SCALE * SELU_ALPHA, out=out)
    np.copyto(out, SELU_SCALE, where=z > 0)


def _gelu(z, out):
    # Where the distribution function is 0, so is the product, also at z = -∞.
    ndtr(z, out=out)
    np.multiply(out, z, out=out, where=out != 0.0)


def _gelu_slope(z, h, out):
    np.multiply(z, z, out=out)
    np.multiply(out, -0.5, out=out)
    np.exp(out, out=out)
    np.multiply(out, z, out=out, where=out != 0.0)
    np.multiply(out, 1.0 / sqrt(2.0 * pi), out=out)
    np.add(out, ndtr(z), out=out)


def _silu(z, out):
    # Below -709.78, where exp(-z) overflows, the product is 0: complex numbers would make NaN of it, and so would -∞.
    np.maximum(z, -709.79, out=out)
    _sigmoid(out, out)
    np.multiply(out, z, out=out, where=out != 0.0)


def _silu_slope(z, h, out):
    # φ' = s + h (1 - s), with s the logistic function; where h is large, 1 - s is exactly 0, and so is the product.
    _sigmoid(z, out)
    rest = 1.0 - out
    np.multiply(rest, h, out=rest, where=rest != 0.0)
    np.add(out, rest, out=out)


def _softplus(z, out):
    # log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|)), which overflows nowhere.
    np.minimum(z, -z, out=out)
    np.exp(out, out=out)
    np.log1p(out, out=out)
    np.add(out, np.maximum(z, 0.0), out=out)


def _softplus_slope(z, h, out):
    _sigmoid(z, out)


def _softsign(z, out):
    np.maximum(z, -z, out=out)
    np.add(out, 1.0, out=out)
    finite = out.real < np.inf
    np.divide(z, out, out=out, where=finite)
    np.sign(z, out=out, where=~finite)


def _softsign_slope(z, h, out):
    np.abs(z, out=out)
    np.add(out, 1.0, out=out)
    np.multiply(out, out, out=out)
    np.reciprocal(out, out=out)


def _erf(z, out):
    erf(z, out=out)


def _erf_slope(z, h, out):
    np.multiply(z, z, out=out)
    np.negative(out, out=out)
    np.exp(out, out=out)
    np.multiply(out, 2.0 / sqrt(pi), out=out)


LINEAR = Activation("linear", _linear, _linear_slope, kinks=(), rectifier=False, source="Saxe et al. 2013", formula="z")
SIGMOID = Activation(
    "sigmoid",
    _sigmoid,
    _sigmoid_slope,
    kinks=(),
    rectifier=False,
    source="the logistic function",
    formula="1/(1 + exp(−z))",
)
TANH = Activation("tanh", _tanh, _tanh_slope, kinks=(), rectifier=False, source="LeCun et al. 1998", formula="tanh(z)")
RELU = Activation(
    "relu", _relu, _relu_slope, kinks=(0.0,), rectifier=True, source="Nair & Hinton 2010", formula="max(z, 0)"
)
LEAKY_RELU = Activation(
    "leaky_relu",
    _leaky_relu,
    _leaky_relu_slope,
    kinks=(0.0,),
    rectifier=True,
    source="Maas et al. 2013, slope 0.01",
    formula="max(z, 0.01 z)",
)
ELU = Activation(
    "elu",
    _elu,
    _elu_slope,
    kinks=(0.0,),
    rectifier=True,
    source="Clevert et al. 2015, α = 1",
    formula="max(z, 0) + min(exp(z) − 1, 0)",
)
SELU = Activation(
    "selu",
    _selu,
    _selu_slope,
    kinks=(0.0,),
    rectifier=True,
    source="Klambauer et al. 2017",
    formula="1.0507 (max(z, 0) + 1.6733 min(exp(z) − 1, 0))",
)
GELU = Activation(
    "gelu", _gelu, _gelu_slope, kinks=(), rectifier=True, source="Hendrycks & Gimpel 2016, exact", formula="z Φ(z)"
)
SILU = Activation(
    "silu", _silu, _silu_slope, kinks=(), rectifier=True, source="Elfwing et al. 2017", formula="z/(1 + exp(−z))"
)
SOFTPLUS = Activation(
    "softplus",
    _softplus,
    _softplus_slope,
    kinks=(),
    rectifier=True,
    source="Dugas et al. 2000",
    formula="ln(1 + exp(z))",
)
SOFTSIGN = Activation(
    "softsign",
    _softsign,
    _softsign_slope,
    kinks=(0.0,),
    rectifier=False,
    source="Glorot & Bengio 2010",
    formula="z/(1 + |z|)",
)
ERF = Activation("erf", _erf, _erf_slope, kinks=(), rectifier=False, source="Poole et al. 2016", formula="erf(z)")

ACTIVATIONS = {
    activation.name: activation
    for activation in (
        LINEAR,
        SIGMOID,
        TANH,
        RELU,
        LEAKY_RELU,
        ELU,
        SELU,
        GELU,
        SILU,
        SOFTPLUS,
        SOFTSIGN,
        ERF,
    )
}
