"""What the names mean: the run's initializations, activations and architectures, from their own records.

The words are worked out from what a record computes, so that one that a user adds has them too.
"""

from dataclasses import dataclass

import numpy as np

from depthsounder.elements.activation import Activation
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES, EXAMPLES, PLAIN, Architecture
from depthsounder.elements.initializers import initializer
from depthsounder.figures.style import label
from depthsounder.process.text import join, number
from depthsounder.sweep.runs import Run

_FAR = 1e4
"""So far from 0 an activation has become what it goes on as."""

_SETTLED = 1e-3
"""A slope that changes by no more is settled, and one below it is flat."""


@dataclass(frozen=True)
class InitRow:
    """An initialization: its weights in words, Var(W) as a formula, n·Var(W) between hidden layers, and whose it is."""

    name: str
    words: str
    formula: str
    gain: str
    source: str
    called: str


@dataclass(frozen=True)
class ActivationRow:
    """An activation: what it does far from 0, its formula, and its slope at 0."""

    name: str
    words: str
    formula: str
    slope: str


@dataclass(frozen=True)
class ArchitectureRow:
    """An architecture: what it does to a layer's sums, and where it comes from."""

    name: str
    words: str
    source: str


def architecture_rows(run: Run) -> list[ArchitectureRow]:
    """Return the run's architectures, in its order; none where all networks are plain, which the page says nowhere."""
    if run.architectures == [PLAIN.name]:
        return []
    records = [ARCHITECTURES[name] for name in run.architectures]
    return [ArchitectureRow(record.name, around(record), record.source) for record in records]


def around(architecture: Architecture) -> str:
    """Return in words what an architecture does to a layer's sums."""
    said = []
    if (normalization := architecture.normalization) is not None:
        over = "each unit over the batch" if normalization.axis == EXAMPLES else "each example over the units"
        how = "mean 0 and variance 1" if normalization.centered else "mean square 1"
        said.append(f"brings the sums of {over} to {how}, and scales them as it learns")
    if architecture.shortcut:
        said.append("adds to the sums those of the layer before")
    if architecture.branch_decay:
        power = number(architecture.branch_decay)
        said.append(f"multiplies what a layer adds by 1/L{'' if power == '1.0' else f'^{power}'}")
    return "; ".join(said) or "leaves a layer's sums as they are"


def init_rows(run: Run) -> list[InitRow]:
    """Return the run's initializations, in its order."""
    records = [initializer(name) for name in run.inits]
    return [
        InitRow(
            record.name,
            _weights(run, record.name),
            record.formula,
            _gain(run, record.name),
            record.source,
            record.called,
        )
        for record in records
    ]


def activation_rows(run: Run) -> list[ActivationRow]:
    """Return the run's activations, in its order."""
    records = [ACTIVATIONS[name] for name in run.activations]
    return [ActivationRow(record.name, curve(record), record.formula, _slope(record.name)) for record in records]


def curve(activation: Activation) -> str:
    """Return what an activation does far below and far above 0; empty if it settles to nothing there."""
    near = np.linspace(-3.0, 3.0, 13)
    if np.array_equal(activation(near), near):
        return "passes the sum on as it is"
    below, above = (_far(activation, side) for side in (-_FAR, _FAR))
    if not (below and above):
        return ""
    verb = below.split(" ", 1)[0]
    return f"{below} far below 0 and {above.removeprefix(f'{verb} ')} far above"


def _far(activation: Activation, z: float) -> str:
    """Return "goes to 1" or "has slope 1" for what an activation does at z and beyond; empty if it does neither."""
    with np.errstate(all="ignore"):
        (slope, beyond), height = activation.slope(np.array([z, 2.0 * z])), float(activation(np.array([z]))[0])
    if not np.isfinite([slope, beyond, height]).all() or abs(beyond - slope) > _SETTLED:
        return ""
    if abs(slope) < _SETTLED:
        return f"goes to {_without_zeros(number(round(height, 3), 3))}"
    return f"has slope {_without_zeros(number(float(slope)))}"


def _weights(run: Run, init: str) -> str:
    """Return how large an initialization's weights are at the run's width, and whether that depends on the width."""
    width, record = run.config.width, initializer(init)
    used = [ACTIVATIONS[name] for name in _activations_with(run, init)]
    if not used:
        return ""
    spreads = [float(record.weight_variance(width, width, activation)) ** 0.5 for activation in used]
    if max(spreads) == 0:
        return "all weights 0"
    sizes = dict.fromkeys(f"±{_without_zeros(number(spread))}" for spread in (min(spreads), max(spreads)))
    reach = "at any width" if all(record.fixed(activation) for activation in used) else "less in wider layers"
    by = ", by the activation" if len(sizes) > 1 else ""
    angles = "; at right angles" if record.orthogonal else ""
    return f"weights about {' to '.join(sizes)}{by}, {reach}{angles}"


def _gain(run: Run, init: str) -> str:
    """Return n·Var(W) at the run's width; where it depends on the activation, once for each value."""
    width, record = run.config.width, initializer(init)
    alike: dict[str, list[str]] = {}
    for name in _activations_with(run, init):
        gain = number(record.gain(width, width, ACTIVATIONS[name]), 3)
        alike.setdefault(_without_zeros(gain), []).append(label(name))
    if len(alike) == 1:
        return next(iter(alike))
    return "; ".join(f"{join(names)} {gain}" for gain, names in alike.items())


def _activations_with(run: Run, init: str) -> list[str]:
    """Return the activations of which the run has cells with this initialization, in its order."""
    used = set(run.verdicts.loc[run.verdicts["init"] == init, "activation"])
    return [name for name in run.activations if name in used]


def _slope(activation: str) -> str:
    """Return φ'(0), from both sides where they differ."""
    left, right = ACTIVATIONS[activation].slope(np.array([-1e-9, 1e-9]))
    texts = dict.fromkeys(_without_zeros(number(value)) for value in (float(left), float(right)))
    return " and ".join(texts)


def _without_zeros(text: str) -> str:
    return text.rstrip("0").removesuffix(".") if "." in text and "×" not in text else text
