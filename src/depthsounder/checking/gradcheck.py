"""The check of back-propagation against two numerical derivatives, parameter tensor by parameter tensor.

The complex step (Squire & Trapp 1998) has no difference to lose digits in: ∂J/∂θ = Im J(θ + ih)/h is exact to rounding
for any tiny h. It gates the sweep. Central differences, as the course note has them, stand beside it with the noise
floor below which they see nothing.

This module checks the engine on the networks of `checked_network`; it trains nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from depthsounder.checking.checked_network import EPSILON, GREATEST_SIGNAL, CheckedNetwork
from depthsounder.engine.network import NetworkStack

LEAST_STEP = float(np.finfo(np.float64).tiny) / EPSILON
"""A step that shrank below this lost digits at the other end of that range."""

CENTRAL_STEP = 1e-7
"""ε of the central difference, as the course note has it."""

CENTRAL_THRESHOLD = 1e-4
"""The course note's band between a good check and one to look at again."""

ROUNDINGS = 6
"""How many times a gradient is rounded at random, to see how far rounding carries."""

BLIND_BELOW = 10.0
"""An error of at most so many noise floors is put down to rounding."""


@dataclass(frozen=True)
class TensorCheck:
    """What one method says of one parameter tensor, in columns of the gradient_check table.

    Attributes
    ----------
    parameter
        A tensor with its layer, such as ``"W3"`` or ``"gamma3"``.
    method
        ``"complex_step"`` or ``"central_difference"``.
    relative_error
        ‖analytic − numeric‖ / (‖analytic‖ + ‖numeric‖), 0 where both are 0; where the architecture makes both 0, over
        twice the norm of the gradient of the layer's weights; None if every entry lies on a kink, or
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
        analytic, cost = network.gradient(), network.mean_cost()
        generator = np.random.default_rng(0)
        steps = [0.0, network.complex_step_size()] * (ROUNDINGS // 2)
        rounded = [network.gradient_with_other_roundings(generator, step) for step in steps]
        for tensor in _tensors(network, analytic):
            roundings = (tensor.error(tensor.of(analytic), tensor.of(other)) for other in rounded)
            # An imaginary part makes NaN of some functions' overflow, which says nothing.
            floor = float(np.nanmax([EPSILON, *roundings]))
            checks.append(_by_complex_step(network, tensor, analytic, floor, threshold))
            checks.append(_by_central_difference(network, tensor, analytic, cost))
    return checks


def check_by_central_differences(network: CheckedNetwork) -> list[TensorCheck]:
    """Check every parameter tensor of a network whose φ takes no complex numbers, by the second method alone."""
    with np.errstate(all="ignore"):
        analytic, cost = network.real_gradient(), network.mean_cost()
        return [_by_central_difference(network, tensor, analytic, cost) for tensor in _tensors(network, analytic)]


@dataclass(frozen=True)
class _Tensor:
    """A parameter tensor that is checked.

    Attributes
    ----------
    name, entries
        As in `NetworkSpec.tensors`.
    scale
        What its derivatives are set beside: empty, or one number where the architecture makes them 0, whose rounding
        has no size of its own. That number is the norm of the gradient of the same layer's weights.
    """

    name: str
    entries: np.ndarray
    scale: np.ndarray

    def of(self, gradient: np.ndarray) -> np.ndarray:
        """Return its part of a gradient (P,)."""
        return gradient[self.entries]

    def error(self, analytic: np.ndarray, numeric: np.ndarray) -> float:
        """Return the relative error of some of its entries."""
        return relative_error(np.append(analytic, self.scale), np.append(numeric, self.scale))


def _tensors(network: CheckedNetwork, gradient: np.ndarray) -> Iterator[_Tensor]:
    tensors, hidden = network.spec.tensors(), range(1, network.spec.depth + 1)
    cancelled = {f"b{layer}": f"W{layer}" for layer in hidden if network.spec.architecture.cancels_biases}
    for name, entries in tensors.items():
        beside = [np.linalg.norm(gradient[tensors[cancelled[name]]])] if name in cancelled else []
        yield _Tensor(name, entries, np.array(beside))


def _by_complex_step(
    network: CheckedNetwork, tensor: _Tensor, gradient: np.ndarray, floor: float, threshold: float
) -> TensorCheck:
    """Return what the complex step says of a tensor, after a second look where it says that the gradient is wrong."""
    analytic = tensor.of(gradient)
    numeric, lost = _watched(complex_step, network, tensor.entries)
    check = _compare(tensor, "complex_step", analytic, numeric, floor, threshold, lost)
    if check.verdict != "failed":
        return check
    step = network.complex_step_size()
    if max(np.abs(analytic).max(), np.abs(numeric).max()) * step < LEAST_STEP:
        return replace(check, verdict="blind")
    # Another step is rounded otherwise, and shows how much of the error is that of the complex arithmetic.
    floor = max(floor, tensor.error(numeric, complex_step(network, tensor.entries, 0.7 * step)))
    # A slope that is computed from z and not from h, as 1 - tanh(z)² may be, does not move with h.
    generator = np.random.default_rng(0)
    rough = [tensor.of(network.gradient_with_rough_slopes(generator)) for _ in range(ROUNDINGS)]
    floor = float(np.nanmax([floor, *(tensor.error(analytic, other) for other in rough)]))
    return _compare(tensor, "complex_step", analytic, numeric, floor, threshold, lost)


def _by_central_difference(network: CheckedNetwork, tensor: _Tensor, gradient: np.ndarray, cost: float) -> TensorCheck:
    """Return what central differences say of a tensor, after a second look where they say that it is wrong."""
    analytic = tensor.of(gradient)
    (numeric, smooth), lost = _watched(central_difference, network, tensor.entries)
    floor = _central_noise(cost, np.append(analytic, tensor.scale), np.append(numeric, tensor.scale))
    compared = analytic[smooth], numeric[smooth]
    check = _compare(tensor, "central_difference", *compared, floor, CENTRAL_THRESHOLD, lost)
    if check.verdict != "failed":
        return check
    # Twice the step shows how much of the error is the cost's own curvature, of which chaotic networks have much.
    wider, smooth_too = central_difference(network, tensor.entries, 2.0 * CENTRAL_STEP)
    smooth = smooth & smooth_too
    floor += tensor.error(numeric[smooth], wider[smooth]) if smooth.any() else 0.0
    compared = analytic[smooth], numeric[smooth]
    return _compare(tensor, "central_difference", *compared, floor, CENTRAL_THRESHOLD, lost)


def _watched(
    method: Callable[[CheckedNetwork, np.ndarray], Any], network: CheckedNetwork, entries: np.ndarray
) -> tuple[Any, bool]:
    """Return what a method says of some parameters, and whether a number left the range of a double on the way."""
    overflows: list[str] = []
    with np.errstate(over="call", call=lambda kind, _: overflows.append(kind)):
        return method(network, entries), bool(overflows) or network.greatest_signal() > GREATEST_SIGNAL


def complex_step(network: CheckedNetwork, entries: np.ndarray, step: float | None = None) -> np.ndarray:
    """Return ∂J/∂θ of some parameters (n,), by a stack of n copies with one imaginary step each."""
    step = step or network.complex_step_size()
    perturbed = np.tile(network.parameters.astype(np.complex128), (len(entries), 1))
    perturbed[np.arange(len(entries)), entries] += 1j * step
    return network.cost(network.stack(perturbed)).imag / step


def central_difference(
    network: CheckedNetwork, entries: np.ndarray, step: float = CENTRAL_STEP
) -> tuple[np.ndarray, np.ndarray]:
    """Return (J(θ + ε) − J(θ − ε)) / 2ε of some parameters, with ε as `step`, and where it holds.

    Returns
    -------
    derivative
        (n,).
    smooth
        (n,): false where an argument of φ crosses a kink within the step, so that the difference means nothing.
    """
    costs, sides = [], []
    for move in (step, -step):
        perturbed = np.tile(network.parameters, (len(entries), 1))
        perturbed[np.arange(len(entries)), entries] += move
        stack = network.stack(perturbed)
        sides.append(_sides_of_kinks(stack))
        costs.append(network.cost(stack))
    smooth = (sides[0] == sides[1]).all(axis=1)
    return (costs[0] - costs[1]) / (2 * step), smooth


def _sides_of_kinks(stack: NetworkStack) -> np.ndarray:
    """Return on which side of each kink every argument of φ lies, as (S, anything)."""
    n_networks, kinks = len(stack.parameters), stack.spec.activation.kinks
    sides = [(a > kink).reshape(n_networks, -1) for a in stack.arguments for kink in kinks]
    return np.concatenate(sides, axis=1) if sides else np.ones((n_networks, 1), bool)


def _central_noise(cost: float, analytic: np.ndarray, numeric: np.ndarray) -> float:
    """Return the relative error that rounding of J gives: each entry is uncertain by eps·|J|/ε.

    It is relative to both derivatives, as the error is: an analytic one that is wrongly 0 leaves nothing in the dark.
    """
    noise = EPSILON * cost / CENTRAL_STEP * np.sqrt(len(analytic))
    return float(noise / (np.linalg.norm(analytic) + np.linalg.norm(numeric) + noise))


def _compare(
    tensor: _Tensor, method: str, analytic: np.ndarray, numeric: np.ndarray, floor: float, threshold: float, lost: bool
) -> TensorCheck:
    parameter = tensor.name
    if len(analytic) == 0:
        return TensorCheck(parameter, method, None, floor, "skipped")
    # A number that is not finite is a mistake, unless it comes of an overflow.
    if lost and not (np.isfinite(numeric).all() and np.isfinite(analytic).all()):
        return TensorCheck(parameter, method, None, 1.0, "blind")
    error = tensor.error(analytic, numeric)
    if not (analytic.any() or numeric.any() or tensor.scale.any()):
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
