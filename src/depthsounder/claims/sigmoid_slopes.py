"""The claims about 0.25 per sigmoid layer: it bounds the slopes, and not gradients, which weights scale too."""

from dataclasses import dataclass

import numpy as np

from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict, untested
from depthsounder.elements.activations import SIGMOID
from depthsounder.elements.initializers import initializer
from depthsounder.elements.streams import stream
from depthsounder.engine.drawing import draw_network
from depthsounder.engine.network import NetworkStack
from depthsounder.engine.spec import NetworkSpec, layer_sizes
from depthsounder.process.text import join, number, rounds_to, setting, superscript
from depthsounder.storage.schemas import CELL_KEYS

STEEPEST = 0.25
DEPTH = 10
QUOTED = "9.5e-7"
POWER = f"0.25{superscript(DEPTH)}"
BOUND = f"{POWER} = {setting(float(QUOTED))}"
EXAMPLES = 64
ROUNDING = 1.0 + 1e-9
MEASURED = ("delta_ratio", "delta_ratio_low", "delta_ratio_high")


@dataclass(frozen=True)
class Slopes:
    """What ten drawn sigmoid layers do to a small change of their input.

    Attributes
    ----------
    product
        ∏ max φ'(z^l) over units and examples: no path of units has steeper slopes.
    jacobian
        ‖∂h¹⁰/∂x‖₂ at one input.
    bound
        ∏ 0.25 ‖W^l‖₂, which the Jacobian cannot exceed.
    """

    product: float
    jacobian: float
    bound: float


def drawn_slopes(init: str, evidence: Evidence) -> Slopes:
    """Draw ten sigmoid layers of the run's width by an init, and measure them."""
    width, root_seed = evidence.settings.width, evidence.settings.root_seed
    spec = NetworkSpec(layer_sizes(width, width, DEPTH, 1), SIGMOID)
    weights, biases = draw_network(root_seed, 0, spec, initializer(init))
    stack = NetworkStack(spec.pack(weights, biases)[None, :], spec, EXAMPLES)
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
        f"product of slopes at most {number(found[steepest].product, 3)} ({steepest})",
        f"at most {BOUND}",
        f"It bounds φ' alone. What bounds the gradient is ∏ 0.25‖W‖₂: {number(found[largest].bound, 2)} with {largest} "
        f"weights at width {evidence.settings.width}, whose ‖∂h{superscript(DEPTH)}/∂x‖₂ is "
        f"{number(found[largest].jacobian, 2)}. "
        f"That norm is above {POWER} for {join(above) if above else 'no init of this run'}.",
    )


@dataclass(frozen=True)
class Rate:
    """By what a sigmoid layer multiplies errors, at the deepest depth L of an init whose D is known.

    Attributes
    ----------
    depth
        L.
    measured, low, high
        D^(1/(L − 1)), of the median and of the ends of its interval; NaN without an interval.
    settled
        Theory's √χ1, at the q on which the layers settle.
    predicted
        The same power of theory's D, over the same layers.
    """

    depth: int
    measured: float
    low: float
    high: float
    settled: float
    predicted: float

    @property
    def outside(self) -> bool:
        """Whether theory lies outside the interval of the measurement."""
        return self.predicted < self.low or self.predicted > self.high

    def __str__(self) -> str:
        interval = "" if np.isnan(self.low) else f" ({number(self.low, 3)} to {number(self.high, 3)})"
        return f"{number(self.measured, 3)}{interval}"


def _rates(evidence: Evidence) -> dict[str, Rate]:
    """Return each init's rate at the deepest depth whose D is above 0 and finite, the lowest rate first."""
    rates = {}
    for init in evidence.settings.inits:
        cells = evidence.by_depth("sigmoid", init)
        usable = cells[(cells.index > 1) & (cells["delta_ratio"] > 0) & np.isfinite(cells["delta_ratio"])]
        if len(usable):
            depth, cell = int(usable.index[-1]), usable.iloc[-1]
            theory = evidence.theory
            same = (theory["activation"] == "sigmoid") & (theory["init"] == init) & (theory["depth"] == depth)
            first = theory[same & (theory["layer"] == 1)].astype({"chi_1": float, "delta_second_moment_ratio": float})
            chi, ratio = next(zip(first["chi_1"], first["delta_second_moment_ratio"], strict=True), (np.nan, np.nan))
            measured, low, high = (float(cell[name]) ** (1.0 / (depth - 1)) for name in MEASURED)
            rates[init] = Rate(depth, measured, low, high, chi**0.5, ratio ** (0.5 / (depth - 1)))
    return dict(sorted(rates.items(), key=lambda item: item[1].measured))


def _theory(rates: dict[str, Rate], width: int) -> str:
    """Return in sentences what theory has for each rate, and where the measurement disagrees."""
    known = {init: rate for init, rate in rates.items() if not np.isnan(rate.settled)}
    if not known:
        return "Theory has no rate for them."
    settled = "; ".join(f"{init} {number(rate.settled, 3)}" for init, rate in known.items())
    outside = [f"{init}, {number(rate.predicted, 3)}" for init, rate in known.items() if rate.outside]
    told = f"Theory has √(σw²·E[φ'²]) where the layers have settled: {settled}."
    if outside:
        told += (
            f" Over the same layers its D lies outside the interval for {'; '.join(outside)}: theory is that of "
            f"infinitely wide layers, and these have {width} units."
        )
    return told


def _with_interval(rates: dict[str, Rate]) -> str:
    return "" if any(np.isnan(rate.low) for rate in rates.values()) else " with its 95 % interval"


def _bounded(within: list[str], rates: dict[str, Rate]) -> str:
    """Say for which inits 0.25 bounds the rate."""
    if len(within) == len(rates):
        return "0.25 is an upper bound for all of them."
    return f"0.25 is an upper bound for {f'{join(within)} only' if within else 'none of them'}: the weights decide."


def _judge_rate(evidence: Evidence) -> Judgement:
    expected = "at most 0.25 a layer, whatever the weights"
    rates = _rates(evidence)
    if not rates:
        return untested(expected, "The run has no sigmoid cells of more than one layer whose errors are above 0.")
    width = evidence.settings.width
    within = [init for init, rate in rates.items() if rate.measured <= STEEPEST]
    verdict: Verdict = "confirmed" if len(within) == len(rates) else "conditional" if within else "refuted"
    return Judgement(
        verdict,
        "; ".join(f"{init} {rate}" for init, rate in rates.items()),
        expected,
        f"Each rate is D^(1/(L − 1)) at depth L = {join(sorted({rate.depth for rate in rates.values()}))} and "
        f"width {width}, the median over seeds{_with_interval(rates)}. {_theory(rates, width)} "
        f"{_bounded(within, rates)}",
    )


CLAIMS = (
    Claim(
        name="sigmoid_slope_bound",
        statement=f"Ten sigmoid layers contribute slopes whose product is at most {BOUND}.",
        source=f"The note: sigmoid's derivative is at most 0.25, and ten layers leave at most {BOUND}.",
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
        reads={
            "verdicts": (*CELL_KEYS, *MEASURED),
            "theory": (*CELL_KEYS, "layer", "chi_1", "delta_second_moment_ratio"),
        },
    ),
)
