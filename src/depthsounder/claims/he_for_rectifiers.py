"""He's initialization against Glorot's, for ReLU and leaky ReLU."""

from dataclasses import replace
from functools import partial

from depthsounder.claims.comparisons import COMPARED, FAMILY, Outcome, Test, findings, pairs
from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict
from depthsounder.claims.small_sweep import described, small_sweep
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.gaussian import squared_slope
from depthsounder.elements.initializers import initializer
from depthsounder.process.text import join, number

HE, GLOROT = "he_normal", "glorot_normal"


def advantage(he: Outcome, glorot: Outcome, test: Test | None) -> int:
    """Return 1 where He does better, −1 where worse, and 0 where the two cannot be told apart.

    Training verdicts decide. Where both are the same word, what the family of tests found on the tail losses does,
    unless both train; None stands for a depth that the family does not name.
    """
    if he.rank != glorot.rank:
        return 1 if he.rank > glorot.rank else -1
    if he.training == "trains":
        return 0
    return 0 if test is None else {"lower": 1, "higher": -1}.get(test.finding, 0)


def _judge(activation: str, evidence: Evidence) -> Judgement:
    if pairs(evidence, activation, HE, GLOROT):
        return _judge_cells(activation, evidence)
    own = small_sweep(activation, (HE, GLOROT), evidence)
    judgement = _judge_cells(activation, own)
    rests_on = (
        f"The run has no {activation} cells with both {HE} and {GLOROT}. So this rests on a small sweep of its own: "
        f"{described(evidence)}. {_birth(activation, own)}"
    )
    return replace(judgement, evidence=f"{rests_on} {judgement.evidence}")


def _judge_cells(activation: str, evidence: Evidence) -> Judgement:
    compared = pairs(evidence, activation, HE, GLOROT)
    tested = findings(evidence, activation, HE, GLOROT)
    gains = {depth: advantage(*both, tested.get(depth)) for depth, both in compared.items()}
    unhealthy = [depth for depth, (he, _) in compared.items() if he.signal not in (None, "healthy")]
    better, worse = ([depth for depth, gain in gains.items() if gain == sense] for sense in (1, -1))
    verdict: Verdict
    if not better:
        verdict = "refuted" if worse else "inconclusive"
    else:
        verdict = "conditional" if worse or unhealthy else "confirmed"
    words = {1: "He better", 0: "no difference", -1: "He worse"}
    return Judgement(
        verdict,
        "; ".join(
            f"{words[sense]} at depth {join(depths)}"
            for sense in words
            if (depths := [depth for depth, gain in gains.items() if gain == sense])
        ),
        "He's signal healthy at every depth, He nowhere worse than Glorot and somewhere better",
        f"{_theory(activation, evidence)} {_example(compared)} {_rests_on(compared, tested, gains)} "
        + (
            f"He's signal is not healthy at depth {join(unhealthy)}."
            if unhealthy
            else "He's signal is healthy throughout."
        ),
    )


def _theory(activation: str, evidence: Evidence) -> str:
    width, phi = evidence.settings.width, ACTIVATIONS[activation]
    # E[φ'²] of a rectifier with two straight halves is the same at every variance.
    slope = float(squared_slope(phi, 1.0))
    he, glorot = (initializer(init).gain(width, width, phi) * slope for init in (HE, GLOROT))
    return (
        f"A layer multiplies squared errors by χ1 = {number(he, 3)} with He's weights and {number(glorot, 3)} with "
        "Glorot's."
    )


def _birth(activation: str, evidence: Evidence) -> str:
    """Say with its interval what D is before training, in the deepest cells."""
    deepest = [evidence.by_depth(activation, init).iloc[-1] for init in (HE, GLOROT)]
    columns = ("delta_ratio", "delta_ratio_low", "delta_ratio_high")
    ends = [[number(cell[name], 2) for name in columns] for cell in deepest]
    he, glorot = (f"{median} ({low} to {high})" for median, low, high in ends)
    return f"Before training, at depth {deepest[0].name}, D is {he} with He's weights and {glorot} with Glorot's."


def _example(compared: dict[int, tuple[Outcome, Outcome]]) -> str:
    depth = max(compared)
    he, glorot = compared[depth]
    return (
        f"At depth {depth} He is {he.training} (tail loss {number(he.tail_loss, 3)} nats) and Glorot {glorot.training} "
        f"({number(glorot.tail_loss, 3)})."
    )


def _rests_on(compared: dict[int, tuple[Outcome, Outcome]], tested: dict[int, Test], gains: dict[int, int]) -> str:
    """Say of each difference whether the words of the verdicts make it, or a test of tail losses alone."""
    by_words = [depth for depth, (he, glorot) in compared.items() if he.rank != glorot.rank]
    by_test = [depth for depth, gain in gains.items() if gain and depth not in by_words]
    parts = [f"At depth {join(by_words)} the training verdicts differ."] if by_words else []
    parts += [
        f"At depth {depth} both are {compared[depth][0].training}, and the difference rests on the signed-rank test of "
        f"ln(He's tail loss / Glorot's): {tested[depth]}."
        for depth in by_test
    ]
    others = [f"at depth {depth} {test}" for depth, test in sorted(tested.items()) if depth not in by_test]
    if others:
        parts.append(f"Other tests of He's tail loss against Glorot's: {'; '.join(others)}.")
    return " ".join(parts) or "No verdict differs, and no test was named."


def _claim(activation: str, title: str) -> Claim:
    return Claim(
        name=f"he_for_{activation}",
        statement=f"{title} networks need He's initialization: with Glorot's they fall behind.",
        source=f"The note recommends He's variance 2/n_in for {title}, and Xavier for saturating activations.",
        hypothesis="At no depth is He worse than Glorot, at some it is better, by the training verdict or else by the "
        "run's tests of tail losses, and its signal is healthy; conditional if it is better here and worse there, or "
        "its signal is not healthy everywhere. Where the run lacks the cells, a small sweep of the claim's own is "
        "judged by the same rule.",
        test=partial(_judge, activation),
        reads={**COMPARED, **FAMILY},
    )


CLAIMS = (_claim("relu", "ReLU"), _claim("leaky_relu", "Leaky ReLU"))
