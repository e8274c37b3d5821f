"""The small networks on which back-propagation is checked.

They are drawn at a generic point, with small random biases beyond those of the init, and γ and β beside the 1 and 0 at
which networks start, so that each term has a gradient to show and no preactivation sits exactly on a kink.

This module draws networks and carries them forward and back; it judges nothing.
"""

from dataclasses import dataclass, replace
from math import hypot, sqrt

import numpy as np

from depthsounder.elements.activation import Activation
from depthsounder.elements.architectures import PLAIN, Architecture
from depthsounder.elements.initializers import Initializer
from depthsounder.elements.streams import stream
from depthsounder.engine.drawing import draw_network
from depthsounder.engine.loss import mean_cross_entropy
from depthsounder.engine.network import NetworkStack
from depthsounder.engine.spec import NetworkSpec, layer_sizes

EPSILON = float(np.finfo(np.float64).eps)

COMPLEX_STEP = 1e-60
"""h of the complex step, for signals of size 1: so small that its square is lost in rounding."""

GREATEST_SIGNAL = 1e200
"""Beyond it a network is too near to the end of the range of a double for a derivative to be told."""

N_INPUTS, N_CLASSES = 6, 4
"""The shape of the networks that are checked, beside the config's width."""

BIAS_SPREAD = 0.1
"""The standard deviation of biases beyond the init's own."""

GAIN_SPREAD = 0.3
"""The standard deviation of γ about 1, and of β about 0."""


@dataclass(frozen=True)
class CheckedNetwork:
    """A network in float64 and the batch that it is checked on.

    Attributes
    ----------
    spec
        What it is.
    parameters
        (P,).
    inputs, labels
        (B, n_inputs) and (B,).
    """

    spec: NetworkSpec
    parameters: np.ndarray
    inputs: np.ndarray
    labels: np.ndarray

    def stack(self, parameters: np.ndarray) -> NetworkStack:
        """Return copies of the network with other parameters (S, P), carried forward over the batch."""
        stack = NetworkStack(parameters, self.spec, len(self.inputs))
        stack.inputs[:] = self.inputs
        stack.forward()
        return stack

    def cost(self, stack: NetworkStack) -> np.ndarray:
        """Return J (S,), the mean cost over the batch, and leave its gradient by the logits in the stack."""
        return mean_cross_entropy(stack.logits, np.broadcast_to(self.labels, stack.logits.shape[:2]))

    def gradient(self) -> np.ndarray:
        """Return ∂J/∂θ (P,) as the engine's backward pass has it."""
        return self._carried_back(self._carried_down())

    def real_gradient(self) -> np.ndarray:
        """Return ∂J/∂θ (P,) at the signal that a pass in real numbers carries down."""
        return self._carried_back(self.stack(self.parameters[None, :].copy()))

    def mean_cost(self) -> float:
        """Return J, the mean cost over the batch."""
        return float(self.cost(self.stack(self.parameters[None, :].copy()))[0])

    def gradient_with_other_roundings(self, generator: np.random.Generator, step: float) -> np.ndarray:
        """Return ∂J/∂θ (P,) with every number of the way back moved at random, by as much as rounding might have.

        Such stochastic arithmetic (Vignes 1993) shows how far rounding carries: far where a saturated unit's slope is a
        difference of nearly equal numbers, as tanh's 1 - h² is, and where terms of a sum cancel.

        Parameters
        ----------
        step
            The imaginary part of every parameter on the way down: some functions round otherwise where there is one.
        """

        def rounded(values: np.ndarray, roundings: float) -> np.ndarray:
            return roundings * EPSILON * generator.uniform(-1.0, 1.0, values.shape)

        def move(values: np.ndarray, roundings: float) -> None:
            values *= 1.0 + rounded(values, roundings)

        stack = self._carried_down(step)
        for values in (*stack.arguments, *stack.weights, *stack.scales):
            move(values, 1.0)
        # A function of complex numbers takes several operations, and so do a softmax and a normalization.
        for h in stack.activities[1:]:
            move(h, 4.0)
        for z, normalizer in zip(stack.preactivations, stack.normalizers, strict=False):
            # What is left when a mean is taken away has been rounded with the mean.
            greatest = np.abs(z).max(axis=normalizer.axis, keepdims=True) * normalizer.inverse_deviation
            normalizer.normalized += rounded(normalizer.normalized, 4.0) * greatest
            move(normalizer.inverse_deviation, 4.0)
        self.cost(stack)
        move(stack.logits, 4.0)
        stack.backward()
        return stack.gradients[0]

    def gradient_with_rough_slopes(self, generator: np.random.Generator) -> np.ndarray:
        """Return ∂J/∂θ (P,) with each φ' moved by roundings of the largest in its layer, as a difference of such is."""
        activation = self.spec.activation

        def derivative(z: np.ndarray, h: np.ndarray, out: np.ndarray) -> None:
            activation.derivative(z, h, out)
            out += 4.0 * EPSILON * np.abs(out).max() * generator.uniform(-1.0, 1.0, out.shape)

        rough = replace(self.spec, activation=replace(activation, derivative=derivative))
        return replace(self, spec=rough).gradient()

    def greatest_signal(self) -> float:
        """Return the largest absolute preactivation; infinity stands for NaN."""
        stack = self.stack(self.parameters[None, :].copy())
        return float(np.nan_to_num([np.abs(z).max() for z in stack.preactivations], nan=np.inf).max())

    def complex_step_size(self) -> float:
        """Return h for this network: the larger its signal can grow, the smaller it is, by powers of two.

        A step that grew to the size of π would turn the complex logarithm of the cost once around.
        """
        growth = np.frexp(min(self.greatest_signal(), GREATEST_SIGNAL))[1]
        return float(np.ldexp(COMPLEX_STEP, -max(0, growth)))

    def _carried_down(self, step: float = 0.0) -> NetworkStack:
        """Return the network with its signal, carried down in complex numbers as the complex step carries it.

        Every parameter has an imaginary part of `step`.

        Chaotic networks amplify the different rounding of a real pass until the two derivatives belong to two points.
        """
        carried = self.stack(self.parameters[None, :] + 1j * step)
        stack = NetworkStack(self.parameters[None, :].copy(), self.spec, len(self.inputs))
        for real, complex_signal in zip(stack.carried(), carried.carried(), strict=True):
            real[:] = complex_signal.real
        return stack

    def _carried_back(self, stack: NetworkStack) -> np.ndarray:
        self.cost(stack)
        stack.backward()
        return stack.gradients[0]


def draw_checked_network(
    root_seed: int,
    depth: int,
    width: int,
    n_examples: int,
    activation: Activation,
    init: Initializer,
    architecture: Architecture = PLAIN,
) -> CheckedNetwork:
    """Draw a small network of an init, with biases beyond the init's own, and a batch of standard normal inputs."""
    spec = NetworkSpec(layer_sizes(N_INPUTS, width, depth, N_CLASSES), activation, architecture)
    weights, _ = draw_network(root_seed, 0, spec, init)
    generator = stream(root_seed, "gradient_check", depth)
    spread = hypot(BIAS_SPREAD, sqrt(init.bias_variance))
    biases = [init.bias_mean + spread * generator.standard_normal(units) for units in spec.sizes[1:]]
    inputs = generator.standard_normal((n_examples, N_INPUTS))
    labels = generator.integers(N_CLASSES, size=n_examples)
    parameters = spec.pack(weights, biases)
    tensors = spec.views(parameters[None, :])
    for values in (*tensors.scales, *tensors.shifts):
        values += GAIN_SPREAD * generator.standard_normal(values.shape)
    return CheckedNetwork(spec, parameters, inputs, labels)
