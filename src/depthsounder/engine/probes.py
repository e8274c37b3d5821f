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
        with np.errstate(all="ignore"):
            stack.forward()
            layers = [_describe_preactivations(z[0]) for z in stack.preactivations]
            for found, a, h in zip(layers[:-1], stack.arguments, stack.activities[1:], strict=True):
                found |= _describe_activities(a[0], h[0], stack.spec.activation)
            cross_entropy(stack.logits, self.labels)
            stack.backward()
            for found, delta, gradient in zip(layers, stack.preactivations, stack.weight_gradients, strict=True):
                found |= _describe_errors(delta[0], gradient[0])
        return {name: _column(layers, name) for name in STATISTICS}


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


def _column(layers: list[dict[str, float]], name: str) -> np.ndarray:
    """Return a statistic of all layers, masked where a layer has none."""
    return np.ma.array([found.get(name, 0.0) for found in layers], mask=[name not in found for found in layers])


def _mean_square(values: np.ndarray) -> float:
    return float(np.vdot(values, values)) / values.size


def _describe_preactivations(z: np.ndarray) -> dict[str, float]:
    return {
        "z_second_moment": _mean_square(z),
        "z_second_moment_single": _mean_square(z[0]),
        "z_batch_variance": _mean_square(z - z.mean(axis=0)),
    }


def _describe_activities(a: np.ndarray, h: np.ndarray, activation: Activation) -> dict[str, float]:
    """Describe h = φ(a); a is z itself, or what a normalization makes of it."""
    mean = float(h.mean())
    moments = {"h_mean": mean, "h_variance": _mean_square(h - mean)}
    if activation.rectifier:
        active = np.count_nonzero(a > 0, axis=0)
        return moments | {"dead_fraction": float(np.mean(active < DEAD_BELOW * len(a)))}
    slopes = np.empty_like(a)
    activation.derivative(a, h, slopes)
    flat = np.abs(slopes, out=slopes) < SATURATED_BELOW * maximum_slope(activation)
    return moments | {"saturated_fraction": np.count_nonzero(flat) / flat.size}


def _describe_errors(delta: np.ndarray, gradient: np.ndarray) -> dict[str, float]:
    # δ is per example here, so that the engine's gradient is a sum over the probe; the table's is the mean's gradient.
    n_examples = len(delta)
    return {
        "delta_second_moment": _mean_square(delta),
        "weight_grad_rms": float(np.sqrt(_mean_square(gradient))) / n_examples,
        "weight_grad_mean_abs": float(np.abs(gradient).mean()) / n_examples,
    }
