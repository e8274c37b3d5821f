"""Clipping, where training diverges without it: whether networks learn then, and how many of their updates it touches."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from threadpoolctl import threadpool_limits

from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict, untested
from depthsounder.claims.small_sweep import BATCH, EVALUATED, RATES, STEPS, workshop_of
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.elements.initializers import initializer
from depthsounder.engine.spec import NetworkSpec
from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import count, join, percent
from depthsounder.storage.frames import rows_of

GREATEST_NORM = 1.0
"""To which a network's whole gradient is clipped: a common setting."""

_MOST_CELLS = 8
"""So many cells at most are trained again."""

_EXPECTED = "cells that diverge learn once their gradients are clipped"


@dataclass(frozen=True)
class _Clipped:
    """A cell that diverges, trained again with clipping: its verdict, and the share of updates that were clipped."""

    name: str
    verdict: str
    touched: float


def _cells(evidence: Evidence) -> list[dict[str, object]]:
    """Return the deepest diverging cell of each architecture, activation and init, the first of these if many."""
    diverged = evidence.verdicts[evidence.verdicts["training_verdict"] == "diverged"].sort_values("depth")
    deepest = diverged.groupby(["architecture", "activation", "init"], sort=True).tail(1)
    first = deepest.groupby(["architecture", "activation"], sort=True).head(1)
    return rows_of(first.head(_MOST_CELLS))


def _trained(evidence: Evidence) -> Iterator[_Clipped]:
    workshop = workshop_of(evidence)
    workshop = replace(workshop, recipe=replace(workshop.recipe, clip_norm=GREATEST_NORM))
    # One thread, as in the sweep's jobs: a product's bits depend on its threads.
    with threadpool_limits(1):
        for cell in _cells(evidence):
            depth, architecture, activation, init = (
                cell[key] for key in ("depth", "architecture", "activation", "init")
            )
            sizes = workshop.layer_sizes(int(str(depth)))
            spec = NetworkSpec(sizes, ACTIVATIONS[str(activation)], ARCHITECTURES[str(architecture)])
            verdicts, traces = workshop.judge_cell(spec, initializer(str(init)))
            touched = sum(trace.clipped for trace in traces) / (STEPS * len(traces))
            name = f"{activation} with {init} at depth {depth} ({architecture})"
            yield _Clipped(name, str(verdicts["training_verdict"]), touched)


def _judge(evidence: Evidence) -> Judgement:
    if evidence.settings.clip_norm is not None:
        return untested(_EXPECTED, "The run clips all gradients.")
    clipped = list(_trained(evidence))
    if not clipped:
        return untested(_EXPECTED, "The run has no cell that diverges.")
    learning = [cell for cell in clipped if cell.verdict not in FAILURES]
    verdict: Verdict = "confirmed" if len(learning) == len(clipped) else "conditional" if learning else "refuted"
    cells = join(f"{cell.name} is {cell.verdict}, clipped in {percent(cell.touched)} of its updates" for cell in clipped)
    return Judgement(
        verdict,
        f"of {count(len(clipped), 'cell')} that diverge, {len(learning)} learn with clipping",
        _EXPECTED,
        f"Gradients are clipped to norm {GREATEST_NORM:g}; {EVALUATED} networks of a cell are trained for {STEPS} steps "
        f"(batches of {BATCH}) at the best of the rates {join(RATES)}: {cells}.",
    )


CLAIMS = (
    Claim(
        name="gradient_clipping",
        statement="Clipping the gradient's norm lets networks learn that diverge without it.",
        source="A common remedy for exploding gradients (Pascanu, Mikolov & Bengio 2013); not in the note.",
        hypothesis="Cells that diverge, trained again with every network's gradient clipped to norm "
        f"{GREATEST_NORM:g}, are no longer stalled or diverged; conditional if some still are, refuted if all are.",
        test=_judge,
        reads={"verdicts": ("depth", "architecture", "activation", "init", "training_verdict")},
    ),
)
