"""Var(z) = n·Var(W)·Var(x) at n = 100, from weights as the initializers draw them."""

from functools import partial

import numpy as np
import scipy

from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement
from depthsounder.elements.activations import LINEAR
from depthsounder.elements.initializers import initializer
from depthsounder.elements.streams import stream
from depthsounder.engine.drawing import draw_network
from depthsounder.engine.spec import NetworkSpec

FAN_IN = 100
DRAWS = 40_000
CONFIDENCE = 0.9999
"""So high that the verdict does not hang on the root seed; 40,000 draws still give an interval of ± 2.8 %."""


def _judge(init: str, quoted: float, evidence: Evidence) -> Judgement:
    root_seed = evidence.settings.root_seed
    spec = NetworkSpec((FAN_IN, DRAWS, 1), LINEAR)
    weights, _ = draw_network(root_seed, 0, spec, initializer(init))
    inputs = stream(root_seed, "claims", FAN_IN).standard_normal(FAN_IN)
    inputs *= np.sqrt(FAN_IN) / np.linalg.norm(inputs)
    # For an input of norm 1 per unit, each unit's z is an independent draw; its mean is known to be 0.
    squares = float(np.sum((inputs @ weights[0]) ** 2))
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = squares / scipy.stats.chi2.isf([tail, 1.0 - tail], DRAWS)
    return Judgement(
        "confirmed" if low <= quoted <= high else "refuted",
        f"Var(z) = {squares / DRAWS:#.4g} ({low:#.3g} to {high:#.3g} at {100 * CONFIDENCE:g} %)",
        f"Var(z) = {quoted:g}",
        f"{DRAWS:,} units with {FAN_IN} weights each, drawn by {init}, on an input whose mean square is 1; the "
        "interval is the χ² one for a variance.",
    )


def _claim(init: str, deviation: str, quoted: float) -> Claim:
    return Claim(
        name=f"preactivation_variance_{init}",
        statement=f"With {FAN_IN} inputs of variance 1 and weights of σ = {deviation}, Var(z) = {quoted:g}.",
        source=f"The note's worked example of Var(z) = n·Var(w)·Var(x) at n = {FAN_IN}, with {quoted:g} as the result.",
        hypothesis=f"The {100 * CONFIDENCE:g} % interval of the variance over drawn weights contains the quoted "
        "number.",
        test=partial(_judge, init, quoted),
        reads={},
    )


CLAIMS = (
    _claim("lecun_normal", "1/√n", 1.0),
    _claim("naive_large", "0.5", 25.0),
    _claim("naive_small", "0.01", 0.01),
)
