"""What the names mean: the run's initializations and activations with their formulas, from their own records."""

from dataclasses import dataclass

import numpy as np

from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.initializers import initializer
from depthsounder.figures.style import label
from depthsounder.process.text import join, number
from depthsounder.sweep.runs import Run


@dataclass(frozen=True)
class InitRow:
    """An initialization: Var(W) as a formula, n·Var(W) between the run's hidden layers, and whose it is."""

    name: str
    formula: str
    gain: str
    source: str
    called: str


@dataclass(frozen=True)
class ActivationRow:
    """An activation: its formula, and its slope at 0."""

    name: str
    formula: str
    slope: str


def init_rows(run: Run) -> list[InitRow]:
    """Return the run's initializations, in its order."""
    records = [initializer(name) for name in run.inits]
    return [
        InitRow(record.name, record.formula, _gain(run, record.name), record.source, record.called)
        for record in records
    ]


def activation_rows(run: Run) -> list[ActivationRow]:
    """Return the run's activations, in its order."""
    records = [ACTIVATIONS[name] for name in run.activations]
    return [ActivationRow(record.name, record.formula, _slope(record.name)) for record in records]


def _gain(run: Run, init: str) -> str:
    """Return n·Var(W) at the run's width; where it depends on the activation, once for each value."""
    width, record = run.config.width, initializer(init)
    alike: dict[str, list[str]] = {}
    for name in run.activations:
        if ((run.verdicts["activation"] == name) & (run.verdicts["init"] == init)).any():
            gain = number(record.gain(width, width, ACTIVATIONS[name]), 3)
            alike.setdefault(_without_zeros(gain), []).append(label(name))
    if len(alike) == 1:
        return next(iter(alike))
    return "; ".join(f"{join(names)} {gain}" for gain, names in alike.items())


def _slope(activation: str) -> str:
    """Return φ'(0), from both sides where they differ."""
    left, right = ACTIVATIONS[activation].slope(np.array([-1e-9, 1e-9]))
    texts = dict.fromkeys(_without_zeros(number(value)) for value in (float(left), float(right)))
    return " and ".join(texts)


def _without_zeros(text: str) -> str:
    return text.rstrip("0").removesuffix(".") if "." in text and "×" not in text else text
