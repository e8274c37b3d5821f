"""Advice on one network from theory alone: which inits suit its depth, where the others fail, and what cures that.

This module knows the rule of `foretelling` and the D's of `theory.error_growth`; it knows no measurement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, log

import numpy as np

from depthsounder.checking.contract import breaches
from depthsounder.elements.activation import Activation
from depthsounder.elements.architectures import Architecture
from depthsounder.elements.gaussian import critical_gain
from depthsounder.elements.initializers import Initializer, initializer
from depthsounder.judging.foretelling import foretells_failure
from depthsounder.process.commands import Refusal
from depthsounder.process.options import DEEPEST
from depthsounder.theory.error_growth import Fans, delta_ratios
from depthsounder.theory.phase_plane import critical_gain_at, growth_plane
from depthsounder.theory.withheld import biased, not_derived

_STEP = 1.25
"""Between the depths that are looked at where each has a branch scale of its own; all depths up to 8 are."""

_BIASES = (0.1, 0.2, 0.5, 1.0)
"""The σb² at which a critical σw² is looked for, one after the other, where there is none without biases."""

_NEARLY = 0.01
"""How far from 1 the χ1 may be of what is called critical."""

_TINY = 1e-150
"""Stands for 0 from either side."""


@dataclass(frozen=True)
class Network:
    """The network on which advice is asked, and the steps of its training."""

    architecture: Architecture
    activation: Activation
    fans: Fans
    depth: int
    steps: int


def network_of(architecture: Architecture, activation: Activation, fans: Fans, depth: int, steps: int) -> Network:
    """Return the network on which advice is asked.

    Raises
    ------
    Refusal
        If no theory is derived for the architecture, or the activation breaks its contract, as an own one may.
    """
    if reason := not_derived(architecture):
        raise Refusal(f"--architecture: there is no theory: {reason}; allowed: normalization over the units, or none")
    for breach in breaches(activation):
        raise Refusal(f"--activation: '{activation.name}' breaks its contract: {breach}")
    return Network(architecture, activation, fans, depth, steps)


@dataclass(frozen=True)
class Law:
    """Inits that are one for theory: σw² of the first layer and of the others, σb² and the gain of errors are equal."""

    names: tuple[str, ...]
    init: Initializer
    gain: float
    bias_variance: float


@dataclass(frozen=True)
class Advice:
    """What theory has of the inits of one law.

    Attributes
    ----------
    delta_ratio
        D at the network's depth.
    fails
        Whether the network fails by the rule.
    first_failure
        The least depth at which one fails; None if none does up to `DEEPEST`.
    cures
        The names of the other architectures in which such a network does not fail at this depth.
    """

    law: Law
    delta_ratio: float
    fails: bool
    first_failure: int | None
    cures: tuple[str, ...]


def advise(network: Network, laws: Sequence[Law], architectures: Mapping[str, Architecture]) -> list[Advice]:
    """Return advice on each law, D nearest to 1 first.

    Parameters
    ----------
    network
        Of an architecture for which theory is derived.
    architectures
        Those that may cure, by their names.
    """
    ratios = _at_depth(network, laws, network.depth)
    cures = _cures(network, laws, architectures)
    first = first_failures(network, laws)
    advice = [
        Advice(law, ratio, fails, depth, cured if fails else ())
        for law, ratio, depth, cured in zip(laws, ratios, first, cures, strict=True)
        for fails in [foretells_failure(ratio, network.steps)]
    ]
    return sorted(advice, key=lambda row: abs(log(row.delta_ratio)) if 0.0 < row.delta_ratio < inf else inf)


def critical_with_biases(activation: Activation) -> Initializer | None:
    """Return an init with biases that is critical in plain networks; None if the activation needs none, or has none."""
    if critical_gain(activation).gain is not None:
        return None
    for variance in _BIASES:
        gain = critical_gain_at(activation, variance)
        # Where the fixed point repels, a signal of norm 1 per unit goes elsewhere.
        if gain is not None and abs(growth_plane(activation, [gain], [variance])[0, 0] - 1.0) < _NEARLY:
            return initializer(f"gaussian_w{gain:g}_b{variance:g}")
    return None


def laws_of(network: Network, inits: Mapping[str, Initializer]) -> tuple[list[Law], dict[str, str]]:
    """Return the laws of inits in a network, and those inits that have none there, each with the reason."""
    found: dict[tuple[float, ...], Law] = {}
    refused: dict[str, str] = {}
    n_inputs, width, activation = network.fans.n_inputs, network.fans.width, network.activation
    for name, init in inits.items():
        try:
            gains = [float(init.gain(fan_in, width, activation)) for fan_in in (n_inputs, width)]
            key = (*gains, float(init.backward_gain(width, width, activation)), float(init.bias_variance))
        # An init of the user's may be defined for some activations only, and say so in any way.
        except Exception as error:  # noqa: BLE001
            refused[name] = str(error)
            continue
        if reason := _no_variance(key) or biased(init) or _at_a_kink(gains[0], init, activation):
            refused[name] = reason
            continue
        known = found.get(key)
        found[key] = replace(known, names=(*known.names, name)) if known else Law((name,), init, gains[1], key[3])
    return list(found.values()), refused


def _no_variance(stated: Sequence[float]) -> str | None:
    """Return in a clause that a stated variance is none; None if all are."""
    wrong = next((variance for variance in stated if not (isfinite(variance) and variance >= 0.0)), None)
    return None if wrong is None else f"it states {wrong:g}, and a variance is a finite number, and not below 0"


def _at_a_kink(first_gain: float, init: Initializer, activation: Activation) -> str | None:
    """Return in a clause that φ' is not defined for any unit, since all of them are 0; None if it is for nearly all."""
    below, above = activation.slope(np.array([-_TINY, _TINY]))
    if first_gain or init.bias_variance or below == above:
        return None
    return f"every z is 0, where {activation.name} has no derivative"


def first_failures(network: Network, laws: Sequence[Law]) -> list[int | None]:
    """Return for each law the least depth at which the rule foretells failure, up to `DEEPEST`; None if none.

    Where each depth has a branch scale of its own, those above 8 are looked at in steps of a quarter.
    """
    if network.architecture.branch_decay:
        depths = _ladder(DEEPEST)
        table = [_at_depth(network, laws, depth) for depth in depths]
    else:
        depths = list(range(1, DEEPEST + 1))
        table = _ratios(network, laws, DEEPEST).tolist()
    return [
        next(
            (depth for depth, ratio in zip(depths, column, strict=True) if foretells_failure(ratio, network.steps)),
            None,
        )
        for column in zip(*table, strict=True)
    ]


def _ladder(farthest: int) -> list[int]:
    depths = [1]
    while depths[-1] < farthest:
        depths.append(min(max(depths[-1] + 1, int(depths[-1] * _STEP)), farthest))
    return depths


def _cures(network: Network, laws: Sequence[Law], architectures: Mapping[str, Architecture]) -> list[tuple[str, ...]]:
    """Return for each law the names of the architectures in which the rule foretells no failure at this depth."""
    others = {
        name: _at_depth(replace(network, architecture=architecture), laws, network.depth)
        for name, architecture in architectures.items()
        if architecture != network.architecture and not_derived(architecture) is None
    }
    return [
        tuple(name for name, ratios in others.items() if not foretells_failure(ratios[at], network.steps))
        for at in range(len(laws))
    ]


def _at_depth(network: Network, laws: Sequence[Law], depth: int) -> list[float]:
    """Return each law's D in the network as deep as that."""
    return [float(ratio) for ratio in _ratios(network, laws, depth)[-1]]


def _ratios(network: Network, laws: Sequence[Law], depth: int) -> np.ndarray:
    """Return each law's D in the first layers of that network, (depth, laws)."""
    inits = [law.init for law in laws]
    return delta_ratios(network.architecture, network.activation, inits, network.fans, depth)
