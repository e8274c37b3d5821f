"""What is left after L layers that each multiply by c: cᴸ, on chains of scaled identities run through the engine."""

from dataclasses import dataclass
from functools import partial
from math import sqrt

import numpy as np

from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement
from depthsounder.elements.activations import LINEAR
from depthsounder.elements.streams import stream
from depthsounder.engine.network import NetworkStack
from depthsounder.engine.spec import NetworkSpec
from depthsounder.process.text import number, rounds_to, superscript

UNITS = 8


@dataclass(frozen=True)
class Chain:
    """What the engine makes of L linear layers with W = c·I.

    Attributes
    ----------
    variance_ratio
        Var(hᴸ) / Var(x).
    derivative
        The diagonal of ∂hᴸ/∂x, whose other entries are 0.
    delta_ratio
        D, of layer 1 over layer L.
    """

    variance_ratio: float
    derivative: float
    delta_ratio: float


def run_chain(scale: float, depth: int, root_seed: int) -> Chain:
    """Carry a batch down L layers W = c·I and the unit errors back up, through the engine.

    The engine's errors end at the first layer's preactivation. So an identity stands before the chain, whose
    preactivation is x itself, and another one after it as the readout, so that the errors start at hᴸ.
    """
    spec = NetworkSpec((UNITS,) * (depth + 3), LINEAR)
    identity = np.eye(UNITS)
    weights = [identity, *[scale * identity] * depth, identity]
    stack = NetworkStack(spec.pack(weights, [np.zeros(UNITS)] * len(weights))[None, :], spec, UNITS)
    stack.inputs[0] = stream(root_seed, "claims", depth).standard_normal((UNITS, UNITS))
    stack.forward()
    variance_ratio = float(stack.activities[-1].var() / stack.inputs.var())
    stack.logits[0] = identity
    stack.backward()
    jacobian, first, last = (stack.preactivations[layer][0] for layer in (0, 1, depth))
    return Chain(variance_ratio, float(np.trace(jacobian)) / UNITS, sqrt(np.mean(first**2) / np.mean(last**2)))


def _judge(factor: float, depth: int, quoted: str, evidence: Evidence) -> Judgement:
    forward = run_chain(sqrt(factor), depth, evidence.settings.root_seed)
    backward = run_chain(factor, depth, evidence.settings.root_seed)
    holds = [rounds_to(forward.variance_ratio, quoted), rounds_to(backward.derivative, quoted)]
    return Judgement(
        "confirmed" if all(holds) else "conditional" if any(holds) else "refuted",
        f"variance × {number(forward.variance_ratio, 4)} forward, "
        f"∂h{superscript(depth)}/∂x = {number(backward.derivative, 4)} backward",
        f"{factor:g}{superscript(depth)} = {quoted}",
        f"The number is that of a variance if {factor:g} is the gain n·Var(W) (here W = √{factor:g}·I) and that of the "
        f"derivative if W = {factor:g}·I, whose variance goes to {number(backward.variance_ratio, 3)} instead. "
        f"The derivative has {depth} factors; D, from layer 1 to layer {depth}, has {depth - 1} and is "
        f"{number(backward.delta_ratio, 3)}.",
    )


def _claim(factor: float, depth: int, quoted: str) -> Claim:
    return Claim(
        name=f"chain_{factor:g}_depth_{depth}",
        statement=f"A signal that each of {depth} layers multiplies by {factor:g} ends at {quoted} of its size.",
        source=f"The note raises {factor:g} to the power {depth} and finds {quoted}, for what small factors do over "
        "depth.",
        hypothesis="Linear chains through the engine give the quoted digits, forward as a variance and backward as "
        "∂hᴸ/∂x; conditional if only one of the two does.",
        test=partial(_judge, factor, depth, quoted),
        reads={},
    )


CLAIMS = (_claim(0.9, 4, "0.66"), _claim(0.9, 20, "0.12"), _claim(1.2, 20, "38.3"))
