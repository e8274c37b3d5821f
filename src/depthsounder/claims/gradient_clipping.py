"""Clipping, where training diverges without it: whether networks learn then, and how many updates it touches."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from threadpoolctl import threadpool_limits

from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict, untested
from depthsounder.claims.small_sweep import BATCH, EVALUATED, RATES, STEPS, workshop_of
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.elements.axes import Cell
from depthsounder.elements.initializers import initializer
from depthsounder.engine.spec import NetworkSpec
from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import count, in_words, join, percent, tally
from depthsounder.storage.schemas import CELL_KEYS

GREATEST_NORM = 1.0
"""To which a network's whole gradient is clipped: a common setting."""

_MOST_CELLS = 4
"""So many cells at most are trained again, the deepest first."""

_EXPECTED = "cells that diverge learn once their gradients are clipped"


@dataclass(frozen=True)
class _Clipped:
    """A cell that diverges, trained again with clipping: its verdict, and the share of updates that were clipped."""

    name: str
    verdict: str
    touched: float


def _cells(evidence: Evidence) -> list[Cell]:
    """Return the cells that diverge, the deepest first, as many as are tried."""
    return sorted(evidence.diverged, key=lambda cell: (-cell.depth, cell.design))[:_MOST_CELLS]


def _trained(evidence: Evidence) -> Iterator[_Clipped]:
    workshop = workshop_of(evidence)
    workshop = replace(workshop, recipe=replace(workshop.recipe, clip_norm=GREATEST_NORM))
    # One thread, as in the sweep's jobs: a product's bits depend on its threads.
    with threadpool_limits(1):
        for cell in _cells(evidence):
            sizes = workshop.layer_sizes(cell.depth)
            spec = NetworkSpec(sizes, ACTIVATIONS[cell.activation], ARCHITECTURES[cell.architecture])
            verdicts, traces = workshop.judge_cell(spec, initializer(cell.init))
            touched = sum(trace.clipped for trace in traces) / (STEPS * len(traces))
            yield _Clipped(f"{in_words(cell.design)} at depth {cell.depth}", str(verdicts["training_verdict"]), touched)


def _judge(evidence: Evidence) -> Judgement:
    if evidence.settings.clip_norm is not None:
        return untested(_EXPECTED, "The run clips all gradients.")
    clipped = list(_trained(evidence))
    if not clipped:
        return untested(_EXPECTED, "The run has no cell that diverges.")
    learning = [cell for cell in clipped if cell.verdict not in FAILURES]
    verdict: Verdict = "confirmed" if len(learning) == len(clipped) else "conditional" if learning else "refuted"
    cells = join(f"{cell.name} is {cell.verdict}, with {percent(cell.touched)} of updates clipped" for cell in clipped)
    return Judgement(
        verdict,
        f"of {count(len(clipped), 'diverging cell')}, {tally(len(learning))} learned with clipping",
        _EXPECTED,
        f"Gradients are clipped to norm {GREATEST_NORM:g}; {EVALUATED} networks of a cell are trained for {STEPS} "
        f"steps (batches of {BATCH}) at the best of the rates {join(RATES)}: {cells}.",
    )


CLAIMS = (
    Claim(
        name="gradient_clipping",
        statement="Clipping the gradient's norm lets networks learn that diverge without it.",
        source="A common remedy for exploding gradients (Pascanu, Mikolov & Bengio 2013); not in the note.",
        hypothesis="Cells that diverge, trained again with every network's gradient clipped to norm "
        f"{GREATEST_NORM:g}, are no longer stalled or diverged; conditional if some still are, refuted if all are.",
        test=_judge,
        reads={"verdicts": (*CELL_KEYS, "training_verdict")},
    ),
)
