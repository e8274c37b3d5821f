"""The claim that no optimizer trains a network whose signal vanishes, tested with another than gradient descent."""

from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict, untested
from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import join
from depthsounder.storage.schemas import CELL_KEYS

PLAIN = "sgd"

DIVIDES = ("adam",)
"""The optimizers that give each weight's step a size of its own."""


def _judge(evidence: Evidence) -> Judgement:
    expected = "every cell whose signal vanishes is stalled, also where each weight's step has a size of its own"
    optimizer = evidence.settings.optimizer
    if optimizer == PLAIN:
        return untested(
            expected,
            "The run has no other optimizer than plain gradient descent, whose steps are as small as the gradients; "
            "config/adam.yaml is a sweep with Adam.",
        )
    verdicts = evidence.verdicts
    vanishing = verdicts[verdicts["signal_verdict"] == "vanishing"]
    if vanishing.empty:
        return untested(expected, "The run has no cell whose signal vanishes.")
    learn = vanishing[~vanishing["training_verdict"].isin(FAILURES)]
    verdict: Verdict = "confirmed" if learn.empty else "refuted" if len(learn) == len(vanishing) else "conditional"
    escaped = [
        f"{row.activation} with {row.init} at depth {row.depth} {row.training_verdict}" for row in learn.itertuples()
    ]
    stuck = [
        f"{row.activation} with {row.init} at depth {row.depth}" for row in vanishing.drop(learn.index).itertuples()
    ]
    return Judgement(
        verdict,
        f"of {len(vanishing)} cells whose signal vanishes, networks of {len(learn)} learn with {optimizer}",
        expected,
        (
            "Each step is divided by the gradient's own size, which hides a small gradient as long as its direction is "
            "not lost."
            if optimizer in DIVIDES
            else "Steps are as small as the gradients, or the sums of them; config/adam.yaml is a sweep with Adam."
        )
        + (f" In spite of a vanishing signal: {join(escaped)}." if escaped else "")
        + (f" Stuck all the same: {join(stuck)}." if stuck else ""),
    )


CLAIMS = (
    Claim(
        name="vanishing_and_optimizers",
        statement="Where gradients vanish, no optimizer trains the network.",
        source="The note diagnoses vanishing gradients by weights that barely change; it knows gradient descent only.",
        hypothesis="With momentum or Adam, every cell whose signal vanishes is stalled or diverged; conditional "
        "if some are, and untested by plain gradient descent.",
        test=_judge,
        reads={"verdicts": (*CELL_KEYS, "signal_verdict", "training_verdict")},
    ),
)
