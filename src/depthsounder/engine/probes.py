"""Per-layer statistics of one network on the probe: the signal that goes down and the error that comes back.

Statistics are taken in float64 whatever the training's precision, on one fixed batch. An exact zero stays an exact
zero, and overflow is recorded as it is. The signal z is that before a layer's normalization; batch norm takes the
moments of the probe, as it takes a batch's in training, and its δ is that of the sum of all examples' costs.

This module measures networks, however they were drawn or trained.
"""

import numpy as np

from depthsounder.data.dataset import Dataset
from depthsounder.elements.activation import Activation
from depthsounder.elements.saturation import maximum_slope
from depthsounder.engine.loss import cross_entropy
from depthsounder.engine.network import NetworkStack
from depthsounder.engine.spec import NetworkSpec

SATURATED_BELOW = 0.1
"""A unit counts as saturated on an example where |φ'| is under this share of its maximum."""

DEAD_BELOW = 0.01
"""A rectifier's unit counts as dead if it is active on less than this share of the probe."""

STATISTICS = (
    "z_second_moment",
    "z_second_moment_single",
    "z_batch_variance",
    "h_mean",
    "h_variance",
    "delta_second_moment",
    "weight_grad_rms",
    "weight_grad_mean_abs",
    "saturated_fraction",
    "dead_fraction",
)
"""What is measured on each layer; the columns of the signal table that `Probe.measure` fills."""


class Probe:
    """A fixed batch, and the memory to carry any network's signal over it.

    Parameters
    ----------
    spec
        What the networks to be measured are.
    dataset
        The data whose probe is used.
    """

    def __init__(self, spec: NetworkSpec, dataset: Dataset) -> None:
        inputs, labels = dataset.probe_inputs, dataset.probe_labels
        self.labels = labels[None, :]
        self.stack = NetworkStack(np.empty((1, spec.parameter_count)), spec, len(inputs))
        self.stack.inputs[0] = inputs

    def measure(self, parameters: np.ndarray) -> dict[str, np.ndarray]:
        """Return the statistics of one network.

        Parameters
        ----------
        parameters
            (P,), of any real precision.

        Returns
        -------
        statistics
            For each name of `STATISTICS`, a masked array (L + 1,): layers 1 to L and the readout, masked where a layer
            has no such number. NaN and infinity are measurements.
        """
        stack = self.stack
        stack.parameters[0] = parameters
        statistics = {name: np.ma.masked_all(stack.depth + 1) for name in STATISTICS}
        with np.errstate(all="ignore"):
            stack.forward()
            for layer, z in enumerate(stack.preactivations):
                _describe_preactivations(z[0], layer, statistics)
            for layer, (a, h) in enumerate(zip(stack.arguments, stack.activities[1:], strict=True)):
                _describe_activities(a[0], h[0], stack.spec.activation, layer, statistics)
            cross_entropy(stack.logits, self.labels)
            stack.backward()
            for layer, (delta, gradient) in enumerate(zip(stack.preactivations, stack.weight_gradients, strict=True)):
                _describe_errors(delta[0], gradient[0], layer, statistics)
        return statistics


def update_ratios(before: np.ndarray, after: np.ndarray, spec: NetworkSpec) -> np.ndarray:
    """Return ‖ΔW‖/‖W‖ of one update in each layer.

    Parameters
    ----------
    before, after
        (P,), the parameters of one network.
    spec
        What it is.

    Returns
    -------
    ratios
        (L + 1,), from layer 1 to the readout; infinite or NaN where W was 0.
    """
    old = spec.views(before[None, :].astype(np.float64)).weights
    new = spec.views(after[None, :].astype(np.float64)).weights
    with np.errstate(all="ignore"):
        return np.array(
            [np.linalg.norm(w_new - w_old) / np.linalg.norm(w_old) for w_old, w_new in zip(old, new, strict=True)]
        )


def _mean_square(values: np.ndarray) -> float:
    return float(np.vdot(values, values)) / values.size


def _describe_preactivations(z: np.ndarray, layer: int, statistics: dict[str, np.ndarray]) -> None:
    statistics["z_second_moment"][layer] = _mean_square(z)
    statistics["z_second_moment_single"][layer] = _mean_square(z[0])
    statistics["z_batch_variance"][layer] = _mean_square(z - z.mean(axis=0))


def _describe_activities(
    a: np.ndarray, h: np.ndarray, activation: Activation, layer: int, statistics: dict[str, np.ndarray]
) -> None:
    """Describe h = φ(a); a is z itself, or what a normalization makes of it."""
    mean = h.mean()
    statistics["h_mean"][layer] = mean
    statistics["h_variance"][layer] = _mean_square(h - mean)
    if activation.rectifier:
        active = np.count_nonzero(a > 0, axis=0)
        statistics["dead_fraction"][layer] = np.mean(active < DEAD_BELOW * len(a))
    else:
        slopes = np.empty_like(a)
        activation.derivative(a, h, slopes)
        flat = np.abs(slopes, out=slopes) < SATURATED_BELOW * maximum_slope(activation)
        statistics["saturated_fraction"][layer] = np.count_nonzero(flat) / flat.size


def _describe_errors(delta: np.ndarray, gradient: np.ndarray, layer: int, statistics: dict[str, np.ndarray]) -> None:
    statistics["delta_second_moment"][layer] = _mean_square(delta)
    # δ is per example here, so that the engine's gradient is a sum over the probe; the table's is the mean's gradient.
    n_examples = len(delta)
    statistics["weight_grad_rms"][layer] = np.sqrt(_mean_square(gradient)) / n_examples
    statistics["weight_grad_mean_abs"][layer] = np.abs(gradient).mean() / n_examples
