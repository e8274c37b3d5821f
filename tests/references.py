"""Every entry of the registries once more, as others define it: the independent witnesses of the tests.

An activation is here as JAX has it, and with its limits; an initialization with the variance that its paper states.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)


@dataclass(frozen=True)
class ActivationReference:
    """An activation, independently of the engine.

    Attributes
    ----------
    function
        φ in JAX, elementwise, so that its derivative is that of automatic differentiation.
    limits
        φ(-∞), φ(∞), φ'(-∞), φ'(∞).
    """

    function: Callable
    limits: tuple[float, float, float, float]


ACTIVATION_REFERENCES = {
    "linear": ActivationReference(lambda z: z, (-np.inf, np.inf, 1.0, 1.0)),
    "sigmoid": ActivationReference(jax.nn.sigmoid, (0.0, 1.0, 0.0, 0.0)),
    "tanh": ActivationReference(jax.nn.tanh, (-1.0, 1.0, 0.0, 0.0)),
    "relu": ActivationReference(jax.nn.relu, (0.0, np.inf, 0.0, 1.0)),
    "leaky_relu": ActivationReference(lambda z: jax.nn.leaky_relu(z, 0.01), (-np.inf, np.inf, 0.01, 1.0)),
    "elu": ActivationReference(jax.nn.elu, (-1.0, np.inf, 0.0, 1.0)),
    "selu": ActivationReference(jax.nn.selu, (-1.7580993408473766, np.inf, 0.0, 1.0507009873554805)),
    "gelu": ActivationReference(lambda z: jax.nn.gelu(z, approximate=False), (0.0, np.inf, 0.0, 1.0)),
    "silu": ActivationReference(jax.nn.silu, (0.0, np.inf, 0.0, 1.0)),
    "softplus": ActivationReference(jax.nn.softplus, (0.0, np.inf, 0.0, 1.0)),
    "softsign": ActivationReference(jax.nn.soft_sign, (-1.0, 1.0, 0.0, 0.0)),
    "erf": ActivationReference(jax.scipy.special.erf, (-1.0, 1.0, 0.0, 0.0)),
}

# Var(W) at (fan_in, fan_out); `critical` is that of tanh.
INIT_VARIANCES = {
    "naive_small": lambda n, m: 1e-4,
    "naive_large": lambda n, m: 0.25,
    "naive_unit": lambda n, m: 1.0,
    "lecun_normal": lambda n, m: 1.0 / n,
    "xavier_note": lambda n, m: 1.0 / (n + m),
    "glorot_normal": lambda n, m: 2.0 / (n + m),
    "glorot_uniform": lambda n, m: 2.0 / (n + m),
    "uniform_standard": lambda n, m: 1.0 / (3.0 * n),
    "he_normal": lambda n, m: 2.0 / n,
    "he_uniform": lambda n, m: 2.0 / n,
    "orthogonal": lambda n, m: 1.0 / n,
    "critical": lambda n, m: 1.0 / n,
    "zeros": lambda n, m: 0.0,
}
