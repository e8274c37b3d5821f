"""The claim that the note's Xavier variance and Glorot's, twice that, give tanh and sigmoid the same verdicts."""

from functools import partial

from depthsounder.claims.comparisons import COMPARED, Outcome, pairs
from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict, untested
from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import join


def _same(note: Outcome, glorot: Outcome) -> bool:
    return (note.signal, note.training) == (glorot.signal, glorot.training)


def _judge(activation: str, evidence: Evidence) -> Judgement:
    expected = "the same verdicts at every depth"
    compared = pairs(evidence, activation, "xavier_note", "glorot_normal")
    if not compared:
        return untested(expected, f"The run has no {activation} cells with both xavier_note and glorot_normal.")
    different = [depth for depth, (note, glorot) in compared.items() if not _same(note, glorot)]
    verdict: Verdict
    if not different:
        verdict, depth, observed = "confirmed", max(compared), f"the same verdicts at depth {join(compared)}"
    else:
        verdict = "refuted" if len(different) == len(compared) else "conditional"
        # The example is the depth at which the two training verdicts are furthest apart.
        depth = max(different, key=lambda depth: abs(compared[depth][1].rank - compared[depth][0].rank))
        alike = [depth for depth in compared if depth not in different]
        observed = f"different verdicts at depth {join(different)}" + (
            f", the same at depth {join(alike)}" if alike else ""
        )
    note, glorot = compared[depth]
    merit = " That the two agree there is no merit of either." if not different and glorot.training in FAILURES else ""
    return Judgement(
        verdict,
        observed,
        expected,
        f"At depth {depth}, the note's Xavier: {note}; Glorot's: {glorot}.{merit}",
    )


def _claim(activation: str) -> Claim:
    return Claim(
        name=f"xavier_note_{activation}",
        statement=f"For {activation}, the note's 1/(n_in + n_out) does what Glorot's 2/(n_in + n_out) does.",
        source="The note prints half of Glorot's variance under the name of Xavier.",
        hypothesis="Both inits get the same signal and training verdict at every depth; conditional if at some only.",
        test=partial(_judge, activation),
        reads=COMPARED,
    )


CLAIMS = (_claim("tanh"), _claim("sigmoid"))
