"""Xavier's initialization for sigmoid networks, and the advice of four times its range."""

from depthsounder.claims.comparisons import COMPARED, LEARNED, STALL_OR_DEATH, Outcome, outcomes
from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict, untested
from depthsounder.elements.activations import SIGMOID
from depthsounder.elements.initializers import initializer
from depthsounder.process.text import join, number, setting
from depthsounder.theory.meanfield import mean_field

INITS = ("glorot_normal", "xavier_note")
RANGE_FACTOR = 4
"""The factor on the uniform range, and so on σ, in the advice for sigmoid that is attributed to Glorot."""


def chi_1(gain: float) -> float:
    """Return by what a sigmoid layer of gain σw² multiplies squared errors, at its fixed point."""
    slope = mean_field(SIGMOID, gain, start=gain).chi_1
    if slope is None:
        raise ValueError(f"sigmoid has no fixed point at σw² = {gain:g}")
    return slope


def _suits(outcome: Outcome) -> bool:
    return outcome.signal in (None, "healthy") and outcome.training in LEARNED


def _judge(evidence: Evidence) -> Judgement:
    expected = "a healthy signal and a loss that leaves its plateau, at every depth"
    width = evidence.settings.width
    gains = {init: initializer(init).gain(width, width, SIGMOID) for init in INITS}
    wide = RANGE_FACTOR**2 * gains["glorot_normal"]
    narrow = number(chi_1(gains["glorot_normal"]), 2)
    theory = (
        f"χ1, by which a layer multiplies squared errors, is {narrow} with Glorot's variance and "
        f"{number(chi_1(gains['xavier_note']), 2)} with the note's. The advice to draw from {RANGE_FACTOR} times that "
        f"range for sigmoid, which is attributed to Glorot, makes σw² {setting(wide)}: χ1 = {number(chi_1(wide), 3)} "
        f"against {narrow}, and still below 1."
    )
    found = {init: outcomes(evidence, "sigmoid", init) for init in INITS}
    tested = {init: by_depth for init, by_depth in found.items() if by_depth}
    if not tested:
        return untested(expected, f"The run has no sigmoid cells with {join(INITS)}; but {theory}")
    suited = {init: [depth for depth, outcome in cells.items() if _suits(outcome)] for init, cells in tested.items()}
    n_suited, n_cells = sum(map(len, suited.values())), sum(map(len, tested.values()))
    verdict: Verdict = "confirmed" if n_suited == n_cells else "conditional" if n_suited else "refuted"
    cells = tested.get("glorot_normal") or tested["xavier_note"]
    deepest = max(cells)
    return Judgement(
        verdict,
        "; ".join(f"{init}: {f'depth {join(depths)}' if depths else 'no depth'}" for init, depths in suited.items()),
        expected,
        f"At depth {deepest}: {cells[deepest]}. {theory} {STALL_OR_DEATH}",
    )


CLAIMS = (
    Claim(
        name="xavier_for_sigmoid",
        statement="Xavier initialization suits sigmoid networks.",
        source="The note recommends Xavier for the saturating activations, sigmoid and tanh.",
        hypothesis="At every depth, sigmoid with Glorot's variance and with the note's has a healthy signal and "
        "trains or is partial; conditional if so at some depths only.",
        test=_judge,
        reads=COMPARED,
    ),
)
