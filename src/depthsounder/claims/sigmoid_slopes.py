"""0.25 per sigmoid layer: it bounds the product of slopes, and knows nothing of the weights between them."""

from dataclasses import dataclass

import numpy as np

from depthsounder.activations import SIGMOID
from depthsounder.claims.evidence import CELL, Evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict, untested
from depthsounder.claims.wording import listed, number, rounds_to
from depthsounder.initializers import draw_network, initializer, layer_sizes
from depthsounder.network import NetworkStack, pack
from depthsounder.streams import stream

STEEPEST = 0.25
DEPTH = 10
QUOTED = "9.5e-7"
EXAMPLES = 64
ROUNDING = 1.0 + 1e-9


@dataclass(frozen=True)
class Slopes:
    """What ten drawn sigmoid layers do to a small change of their input.

    Attributes
    ----------
    product
        ∏ max φ'(z^l) over units and examples: no path of units has steeper slopes.
    jacobian
        ‖∂h^10/∂x‖₂ at one input.
    bound
        ∏ 0.25 ‖W^l‖₂, which the Jacobian cannot exceed.
    """

    product: float
    jacobian: float
    bound: float


def drawn_slopes(init: str, evidence: Evidence) -> Slopes:
    """Draw ten sigmoid layers of the run's width by an init, and measure them."""
    width, root_seed = evidence.settings.width, evidence.settings.root_seed
    sizes = layer_sizes(width, width, DEPTH, 1)
    weights, biases = draw_network(root_seed, 0, sizes, SIGMOID, initializer(init))
    stack = NetworkStack(pack(weights, biases)[None, :], sizes, SIGMOID, EXAMPLES)
    stack.inputs[0] = stream(root_seed, "claims", width).standard_normal((EXAMPLES, width))
    stack.forward()
    slopes = [SIGMOID.slope(z[0]) for z in stack.preactivations[:-1]]
    jacobian = np.eye(width)
    for matrix, slope in zip(weights[:-1], slopes, strict=True):
        jacobian = jacobian @ (matrix * slope[0])
    norms = [np.linalg.norm(matrix, ord=2) for matrix in weights[:-1]]
    return Slopes(
        float(np.prod([slope.max() for slope in slopes])),
        float(np.linalg.norm(jacobian, ord=2)),
        float(np.prod([STEEPEST * norm for norm in norms])),
    )


def _judge_bound(evidence: Evidence) -> Judgement:
    bound = STEEPEST**DEPTH
    found = {init: drawn_slopes(init, evidence) for init in evidence.settings.inits}
    holds = rounds_to(bound, QUOTED) and all(slopes.product <= bound * ROUNDING for slopes in found.values())
    steepest = max(found, key=lambda init: found[init].product)
    largest = max(found, key=lambda init: found[init].jacobian)
    above = [init for init, slopes in found.items() if slopes.jacobian > bound]
    return Judgement(
        "confirmed" if holds else "refuted",
        f"product of slopes at most {number(found[steepest].product)} ({steepest})",
        f"at most 0.25^{DEPTH} = {QUOTED}",
        f"It bounds φ' alone. What bounds the gradient is ∏ 0.25‖W‖₂: {number(found[largest].bound, 2)} with {largest} "
        f"weights at width {evidence.settings.width}, whose ‖∂h^{DEPTH}/∂x‖₂ is {number(found[largest].jacobian, 2)}. "
        f"That norm is above 0.25^{DEPTH} for {listed(above) if above else 'no init of this run'}.",
    )


def _rates(evidence: Evidence) -> dict[str, tuple[int, float, float]]:
    """Return by init the deepest depth with a usable D, its D^(1/(L − 1)) and √χ1 there."""
    rates = {}
    for init in evidence.settings.inits:
        cells = evidence.by_depth("sigmoid", init)
        usable = cells[(cells.index > 1) & (cells["delta_ratio"] > 0) & np.isfinite(cells["delta_ratio"])]
        if len(usable):
            depth = int(usable.index[-1])
            theory = evidence.theory
            same = (theory["activation"] == "sigmoid") & (theory["init"] == init) & (theory["depth"] == depth)
            chi = theory[same]["chi_1"]
            rate = float(usable["delta_ratio"].iloc[-1]) ** (1.0 / (depth - 1))
            rates[init] = depth, rate, float(chi.iloc[-1]) ** 0.5 if len(chi) else np.nan
    return rates


def _judge_rate(evidence: Evidence) -> Judgement:
    expected = "at most 0.25 a layer, whatever the weights"
    rates = _rates(evidence)
    if not rates:
        return untested(expected, "The run has no sigmoid cells of more than one layer whose errors are above 0.")
    within = [init for init, (_, rate, _) in rates.items() if rate <= STEEPEST]
    verdict: Verdict = "confirmed" if len(within) == len(rates) else "conditional" if within else "refuted"
    ascending = sorted(rates, key=lambda init: rates[init][1])
    predictions = "; ".join(f"{init} {number(rates[init][2])}" for init in ascending)
    return Judgement(
        verdict,
        "; ".join(f"{init} {number(rates[init][1])}" for init in ascending),
        expected,
        f"Each rate is D^(1/(L − 1)) at depth L = {listed(sorted({depth for depth, _, _ in rates.values()}))} and "
        f"width {evidence.settings.width}, the median over seeds. Theory has √(σw²·E[φ'²]): {predictions}. 0.25 is an "
        f"upper bound for {listed(within) if within else 'none of them'} only: the weights decide.",
    )


CLAIMS = (
    Claim(
        name="sigmoid_slope_bound",
        statement=f"Ten sigmoid layers contribute slopes whose product is at most 0.25^{DEPTH} = {QUOTED}.",
        source=f"The note: sigmoid's derivative is at most 0.25, and ten layers leave at most 0.25^{DEPTH} = {QUOTED}.",
        hypothesis="No path through ten drawn layers of any init of the run has a larger product of slopes.",
        test=_judge_bound,
        reads={},
    ),
    Claim(
        name="sigmoid_gradient_rate",
        statement="Gradients fall at least fourfold with every sigmoid layer.",
        source="The note takes the bound on sigmoid's derivative for the rate at which gradients vanish.",
        hypothesis="The measured rate per layer is at most 0.25 for every init; conditional if for some only.",
        test=_judge_rate,
        reads={"verdicts": (*CELL, "delta_ratio"), "theory": (*CELL, "layer", "chi_1")},
    ),
)
