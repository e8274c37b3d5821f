"""The note's first example of a numerical derivative: θ² at θ = 3."""

from depthsounder.checking.gradcheck import CENTRAL_STEP
from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement
from depthsounder.process.text import rounds_to, setting

THETA = 3.0
QUOTED = "6.000"
WIDE_STEP = 0.01


def _central(step: float) -> float:
    return ((THETA + step) ** 2 - (THETA - step) ** 2) / (2.0 * step)


def _forward(step: float) -> float:
    return ((THETA + step) ** 2 - THETA**2) / step


def _judge(_evidence: Evidence) -> Judgement:
    quotients = [_central(CENTRAL_STEP), _central(WIDE_STEP)]
    return Judgement(
        "confirmed" if all(rounds_to(quotient, QUOTED) for quotient in quotients) else "refuted",
        f"{quotients[0]:.3f} at ε = {setting(CENTRAL_STEP)}, {quotients[1]:.3f} at ε = {setting(WIDE_STEP)}",
        QUOTED,
        "A central difference is exact for a parabola at every ε, but for rounding; the one-sided difference is off "
        f"by ε ({_forward(WIDE_STEP):.3f} at ε = {setting(WIDE_STEP)}). So the example shows the arithmetic, and "
        "nothing of the error.",
    )


CLAIMS = (
    Claim(
        name="difference_quotient",
        statement=f"For J(θ) = θ² at θ = 3, the central difference gives {QUOTED}.",
        source=f"The note's example of gradient checking: (J(3 + ε) − J(3 − ε)) / 2ε = {QUOTED}.",
        hypothesis="The quotient has the quoted digits, at the step of the check and at a wide one.",
        test=_judge,
        reads={},
    ),
)
