"""The check of back-propagation against two numerical derivatives, parameter tensor by parameter tensor.

The complex step (Squire & Trapp 1998) has no difference to lose digits in: ∂J/∂θ = Im J(θ + ih)/h is exact to rounding
for any tiny h. It gates the sweep. Central differences, as the course note has them, stand beside it with the noise
floor below which they see nothing.

Networks are checked at a generic point, with small random biases whatever the init, so that each term has a gradient to
show and no preactivation sits exactly on a kink. This module checks the engine; it trains nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from depthsounder.activations import Activation
from depthsounder.initializers import Initializer, draw_network, layer_sizes
from depthsounder.loss import cross_entropy
from depthsounder.network import NetworkStack, layer_views, pack, parameter_count
from depthsounder.streams import stream

COMPLEX_STEP = 1e-60
"""h of the complex step, for signals of size 1: so small that its square is lost in rounding."""

GREATEST_SIGNAL = 1e200
"""Beyond it a network is too near to the end of the range of a double for a derivative to be told."""

EPSILON = float(np.finfo(np.float64).eps)

LEAST_STEP = float(np.finfo(np.float64).tiny) / EPSILON
"""A step that shrank below this lost digits at the other end of that range."""

CENTRAL_STEP = 1e-7
"""ε of the central difference, as the course note has it."""

CENTRAL_THRESHOLD = 1e-4
"""The course note's band between a good check and one to look at again."""

N_INPUTS, N_CLASSES = 6, 4
"""The shape of the networks that are checked, beside the config's width."""

BIAS_SPREAD = 0.1

BLIND_BELOW = 10.0
"""An error of at most so many noise floors is put down to rounding."""


@dataclass(frozen=True)
class TensorCheck:
    """What one method says of one parameter tensor; the columns of the gradient_check table.

    Attributes
    ----------
    parameter
        W or b with its layer, such as ``"W3"``.
    method
        ``"complex_step"`` or ``"central_difference"``.
    relative_error
        ‖analytic − numeric‖ / (‖analytic‖ + ‖numeric‖), 0 where both are 0; None if every entry lies on a kink, or
        the numeric derivative overflowed.
    noise_floor
        The relative error that rounding alone explains.
    verdict
        ``"passed"``, ``"failed"``, ``"skipped"`` (kinks only) or ``"blind"``: above the threshold where rounding
        explains it, or both derivatives are exactly 0, as behind a dead layer, where one that is left out looks right,
        or the numeric one overflowed, so that there is nothing to compare with.
    """

    parameter: str
    method: str
    relative_error: float | None
    noise_floor: float
    verdict: str


@dataclass(frozen=True)
class CheckedNetwork:
    """A network in float64 and the batch that it is checked on.

    Attributes
    ----------
    sizes, activation
        Its shape and φ.
    parameters
        (P,).
    inputs, labels
        (B, n_inputs) and (B,).
    """

    sizes: list[int]
    activation: Activation
    parameters: np.ndarray
    inputs: np.ndarray
    labels: np.ndarray

    def stack(self, parameters: np.ndarray) -> NetworkStack:
        """Return copies of the network with other parameters (S, P), carried forward over the batch."""
        stack = NetworkStack(parameters, self.sizes, self.activation, len(self.inputs))
        stack.inputs[:] = self.inputs
        stack.forward()
        return stack

    def cost(self, stack: NetworkStack) -> np.ndarray:
        """Return J (S,), the mean cost over the batch, and leave its gradient by the logits in the stack."""
        labels = np.broadcast_to(self.labels, (len(stack.parameters), len(self.labels)))
        costs = cross_entropy(stack.logits, labels).mean(axis=1)
        np.divide(stack.logits, len(self.labels), out=stack.logits)
        return costs

    def gradient(self) -> np.ndarray:
        """Return ∂J/∂θ (P,) as the engine's backward pass has it."""
        return self._carried_back(self._carried_down())

    def gradient_one_rounding_off(self) -> np.ndarray:
        """Return ∂J/∂θ (P,) with every activity moved to the next number: how far their rounding alone carries.

        It carries far where a saturated unit's slope is a difference of nearly equal numbers, such as tanh's 1 - h².
        """
        stack = self._carried_down()
        for h in stack.activities[1:]:
            np.nextafter(h, 0.0, out=h)
        return self._carried_back(stack)

    def greatest_signal(self) -> float:
        """Return the largest preactivation; infinity stands for what is none."""
        stack = self.stack(self.parameters[None, :].copy())
        return float(np.nan_to_num([np.abs(z).max() for z in stack.preactivations], nan=np.inf).max())

    def complex_step_size(self) -> float:
        """Return h for this network: the larger its signal can grow, the smaller it is, by powers of two.

        A step that grew to the size of π would turn the complex logarithm of the cost once around.
        """
        growth = np.frexp(min(self.greatest_signal(), GREATEST_SIGNAL))[1]
        return float(np.ldexp(COMPLEX_STEP, -max(0, growth)))

    def _carried_down(self) -> NetworkStack:
        """Return the network with its signal, carried down in complex numbers as the complex step carries it.

        Chaotic networks amplify the different rounding of a real pass until the two derivatives belong to two points.
        """
        carried = self.stack(self.parameters[None, :].astype(np.complex128))
        stack = NetworkStack(self.parameters[None, :].copy(), self.sizes, self.activation, len(self.inputs))
        for real, complex_signal in zip(
            stack.preactivations + stack.activities, carried.preactivations + carried.activities, strict=True
        ):
            real[:] = complex_signal.real
        return stack

    def _carried_back(self, stack: NetworkStack) -> np.ndarray:
        self.cost(stack)
        stack.backward()
        return stack.gradients[0]


def draw_checked_network(
    root_seed: int, depth: int, width: int, n_examples: int, activation: Activation, init: Initializer
) -> CheckedNetwork:
    """Draw a small network of an init, with small random biases, and a batch of standard normal inputs."""
    sizes = layer_sizes(N_INPUTS, width, depth, N_CLASSES)
    weights, _ = draw_network(root_seed, 0, sizes, activation, init)
    generator = stream(root_seed, "gradient_check", depth)
    biases = [BIAS_SPREAD * generator.standard_normal(units) for units in sizes[1:]]
    inputs = generator.standard_normal((n_examples, N_INPUTS))
    labels = generator.integers(N_CLASSES, size=n_examples)
    return CheckedNetwork(sizes, activation, pack(weights, biases), inputs, labels)


def check_gradients(network: CheckedNetwork, threshold: float) -> list[TensorCheck]:
    """Check every parameter tensor of a network by both methods.

    Parameters
    ----------
    threshold
        The greatest relative error that the complex step may find.
    """
    checks = []
    # A network that explodes overflows, which is judged here and is nothing to warn of.
    with np.errstate(all="ignore"):
        analytic, rounded = network.gradient(), network.gradient_one_rounding_off()
        cost = float(network.cost(network.stack(network.parameters[None, :].copy()))[0])
        for name, entries in parameter_tensors(network.sizes):
            floor = max(EPSILON, relative_error(analytic[entries], rounded[entries]))
            checks.append(_by_complex_step(network, name, analytic, entries, floor, threshold))
            (numeric, smooth), lost = _watched(central_difference, network, entries)
            smooth_ones = analytic[entries][smooth], numeric[smooth]
            floor = _central_noise(cost, analytic[entries], numeric)
            checks.append(_compare(name, "central_difference", *smooth_ones, floor, CENTRAL_THRESHOLD, lost))
    return checks


def _by_complex_step(
    network: CheckedNetwork, name: str, gradient: np.ndarray, entries: np.ndarray, floor: float, threshold: float
) -> TensorCheck:
    """Return what the complex step says of a tensor, after a second look where it says that the gradient is wrong."""
    analytic = gradient[entries]
    numeric, lost = _watched(complex_step, network, entries)
    check = _compare(name, "complex_step", analytic, numeric, floor, threshold, lost)
    if check.verdict != "failed":
        return check
    step = network.complex_step_size()
    if max(np.abs(analytic).max(), np.abs(numeric).max()) * step < LEAST_STEP:
        return replace(check, verdict="blind")
    # Another step is rounded otherwise, and shows how much of the error is that of the complex arithmetic.
    floor = max(floor, relative_error(numeric, complex_step(network, entries, 0.7 * step)))
    return _compare(name, "complex_step", analytic, numeric, floor, threshold, lost)


def _watched(
    method: Callable[[CheckedNetwork, np.ndarray], Any], network: CheckedNetwork, entries: np.ndarray
) -> tuple[Any, bool]:
    """Return what a method says of some parameters, and whether a number left the range of a double on the way."""
    overflows: list[str] = []
    with np.errstate(over="call", call=lambda kind, _: overflows.append(kind)):
        return method(network, entries), bool(overflows) or network.greatest_signal() > GREATEST_SIGNAL


def parameter_tensors(sizes: list[int]) -> list[tuple[str, np.ndarray]]:
    """Return the name of each W and b, and the positions of its entries among the flat parameters."""
    positions = np.arange(parameter_count(sizes))[None, :]
    weights, biases = layer_views(positions, sizes)
    return [
        (f"{letter}{layer}", views[layer - 1].ravel())
        for layer in range(1, len(sizes))
        for letter, views in (("W", weights), ("b", biases))
    ]


def complex_step(network: CheckedNetwork, entries: np.ndarray, step: float | None = None) -> np.ndarray:
    """Return ∂J/∂θ of some parameters (n,), by a stack of n copies with one imaginary step each."""
    step = step or network.complex_step_size()
    perturbed = np.tile(network.parameters.astype(np.complex128), (len(entries), 1))
    perturbed[np.arange(len(entries)), entries] += 1j * step
    return network.cost(network.stack(perturbed)).imag / step


def central_difference(network: CheckedNetwork, entries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (J(θ + ε) − J(θ − ε)) / 2ε of some parameters, and where it holds.

    Returns
    -------
    derivative
        (n,).
    smooth
        (n,): false where a preactivation crosses a kink of φ within the step, so that the difference means nothing.
    """
    costs, sides = [], []
    for step in (CENTRAL_STEP, -CENTRAL_STEP):
        perturbed = np.tile(network.parameters, (len(entries), 1))
        perturbed[np.arange(len(entries)), entries] += step
        stack = network.stack(perturbed)
        sides.append(_sides_of_kinks(stack))
        costs.append(network.cost(stack))
    smooth = (sides[0] == sides[1]).all(axis=1)
    return (costs[0] - costs[1]) / (2 * CENTRAL_STEP), smooth


def _sides_of_kinks(stack: NetworkStack) -> np.ndarray:
    """Return on which side of each kink every hidden preactivation lies, as (S, anything)."""
    n_networks = len(stack.parameters)
    sides = [(z > kink).reshape(n_networks, -1) for z in stack.preactivations[:-1] for kink in stack.activation.kinks]
    return np.concatenate(sides, axis=1) if sides else np.ones((n_networks, 1), bool)


def _central_noise(cost: float, analytic: np.ndarray, numeric: np.ndarray) -> float:
    """Return the relative error that rounding of J gives: each entry is uncertain by eps·|J|/ε.

    It is relative to both derivatives, as the error is: an analytic one that is wrongly 0 leaves nothing in the dark.
    """
    noise = EPSILON * cost / CENTRAL_STEP * np.sqrt(len(analytic))
    return float(noise / (np.linalg.norm(analytic) + np.linalg.norm(numeric) + noise))


def _compare(
    parameter: str, method: str, analytic: np.ndarray, numeric: np.ndarray, floor: float, threshold: float, lost: bool
) -> TensorCheck:
    if len(analytic) == 0:
        return TensorCheck(parameter, method, None, floor, "skipped")
    # Not wherever a number is none: one that comes of no overflow is a mistake.
    if lost and not np.isfinite(numeric).all():
        return TensorCheck(parameter, method, None, 1.0, "blind")
    error = relative_error(analytic, numeric)
    if not (analytic.any() or numeric.any()):
        verdict = "blind"
    elif error <= threshold:
        verdict = "passed"
    else:
        verdict = "blind" if error <= BLIND_BELOW * floor else "failed"
    return TensorCheck(parameter, method, error, floor, verdict)


def relative_error(analytic: np.ndarray, numeric: np.ndarray) -> float:
    """Return ‖analytic − numeric‖ / (‖analytic‖ + ‖numeric‖), the course note's formula; 0 where both are 0."""
    # In units of the largest entry, whose square may underflow where the entry does not.
    unit = np.maximum(np.abs(analytic).max(), np.abs(numeric).max())
    if unit == 0.0:
        return 0.0
    analytic, numeric = analytic / unit, numeric / unit
    return float(np.linalg.norm(analytic - numeric) / (np.linalg.norm(analytic) + np.linalg.norm(numeric)))
