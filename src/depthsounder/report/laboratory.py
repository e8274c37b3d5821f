"""What the laboratory needs to know of a run: its laws, its bounds, and a few examples for a network drawn in the page.

Theory itself is ported to templates/: expectations.js, correlations.js, theory.js and architectures.js. A test in a
browser holds it to the library's.
"""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np
from markupsafe import Markup

from depthsounder.data.dataset import Dataset, load_dataset
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES, UNITS, Architecture
from depthsounder.elements.initializers import CRITICAL, INITIALIZERS, Initializer, initializer
from depthsounder.figures.aggregate import spread
from depthsounder.judging.advice import critical_with_biases
from depthsounder.judging.foretelling import bounds
from depthsounder.report.explorer import ALPHABET, encode
from depthsounder.sweep.runs import Run

MOST_EXAMPLES = 64
"""Examples of the probe that travel in the page."""

STEPS = 510
"""Steps between -1 and 1 of a number that is written as nine bits, so that two are three characters."""


def laboratory_json(run: Run) -> Markup:
    """Return the laboratory's data as JSON that can stand inside a script element."""
    data = laboratory_data(run, load_dataset(run.folder / "data.npz"))
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Whatever a name holds, it opens and closes no element.
    return Markup(text.replace("<", r"\u003c"))  # noqa: S704


def laboratory_data(run: Run, dataset: Dataset) -> dict[str, Any]:
    """Return the registries' names, each init's σw² and σb², the verdicts' bounds, and examples of the probe."""
    names = [*INITIALIZERS, *(name for name in run.inits if name not in INITIALIZERS)]
    inits = {name: initializer(name) for name in names}
    return {
        "depths": run.depths,
        "activations": list(dict.fromkeys([*run.activations, *ACTIVATIONS])),
        "architectures": {name: _shape(architecture) for name, architecture in ARCHITECTURES.items()},
        # Theory takes biases to have no mean.
        "inits": {name: _law(init, run.config.width) for name, init in inits.items() if init.bias_mean == 0.0},
        "vanishing": run.config.verdicts.vanishing_ratio,
        "exploding": run.config.verdicts.exploding_ratio,
        "bounds": bounds(run.config.training.steps),
        "probe": packed_probe(dataset),
    }


def _shape(architecture: Architecture) -> list[Any]:
    """Return the axis of a normalization, whether it is centered, the shortcut, and the branch's decay."""
    normalization = architecture.normalization
    axis = None if normalization is None else "units" if normalization.axis == UNITS else "examples"
    centered = normalization is not None and normalization.centered
    return [axis, centered, architecture.shortcut, architecture.branch_decay]


def _law(init: Initializer, width: int) -> list[Any]:
    """Return σw² of layers of one width, alike or for each activation, or why there is none; and σb²."""
    gains = {name: _gain(init, width, name) for name in ACTIVATIONS}
    alike = len(set(gains.values())) == 1
    return [next(iter(gains.values())) if alike else gains, init.bias_variance]


def _gain(init: Initializer, width: int, activation: str) -> float | str:
    try:
        gain = float(init.gain(width, width, ACTIVATIONS[activation]))
    # An own init may be defined for some activations only, and say so in any way.
    except Exception as error:  # noqa: BLE001
        beside = critical_with_biases(ACTIVATIONS[activation]) if init is CRITICAL else None
        return f"{error}; with biases {beside.name} is critical" if beside else str(error)
    return gain if isfinite(gain) else f"{init.name} has no finite σw² for {activation}"


def packed_probe(dataset: Dataset) -> Mapping[str, Any]:
    """Return examples of the probe, up to a rotation of their inputs, and their classes.

    Networks whose first weights are independent and normal are drawn as often for the rotated inputs as for the
    original ones. Rotated so that example i has no more than i + 1 inputs, examples have no more inputs than they are
    many: rows of a triangle, each in units of its largest, two numbers in three characters.
    """
    shown = spread(range(len(dataset.probe)), MOST_EXAMPLES)
    inputs, labels = dataset.probe_inputs[shown], dataset.probe_labels[shown]
    _, upper = np.linalg.qr(inputs.T)
    triangle = upper.T
    largest = np.abs(triangle).max(axis=1)
    scaled = np.divide(triangle, largest[:, None], out=np.zeros_like(triangle), where=largest[:, None] > 0.0)
    return {
        "inputs": dataset.n_inputs,
        "classes": dataset.n_classes,
        "labels": labels.tolist(),
        "scales": encode(largest),
        "triangle": _written(scaled[np.tril_indices(len(scaled), 0, scaled.shape[1])]),
    }


def _written(values: np.ndarray) -> str:
    """Return values (n,) in [-1, 1], two in three characters."""
    codes = np.rint((np.append(values, [0.0] * (len(values) % 2)) + 1.0) / 2.0 * STEPS).astype(int)
    base = len(ALPHABET)
    pairs = codes[::2] * (STEPS + 2) + codes[1::2]
    return "".join(ALPHABET[pair // base**2] + ALPHABET[pair // base % base] + ALPHABET[pair % base] for pair in pairs)
