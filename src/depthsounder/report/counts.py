"""What is counted at the head of each section."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from depthsounder.figures import prediction
from depthsounder.figures.style import TRAINING
from depthsounder.judging.verdicts import COLLAPSED
from depthsounder.studies import Agreement, Finding
from depthsounder.sweep.runs import Run


@dataclass(frozen=True)
class Count:
    """A number with its words; `kind` chooses its color: a verdict, or good, bad and neutral."""

    amount: int
    words: str
    kind: str = "neutral"


def training_counts(run: Run) -> list[Count]:
    """Return how many cells have each training verdict."""
    found = run.verdicts["training_verdict"].value_counts()
    return [Count(int(found.get(verdict, 0)), verdict, verdict) for verdict in TRAINING]


def signal_counts(run: Run) -> list[Count]:
    """Return how many cells have each signal verdict, and how many are borderline."""
    found = run.verdicts["signal_verdict"].value_counts()
    kinds = {"vanishing": "stalled", "exploding": "diverged", "healthy": "trains"}
    borderline = int(run.verdicts["signal_borderline"].eq(True).sum())
    return [
        *(Count(int(found.get(verdict, 0)), verdict, kind) for verdict, kind in kinds.items()),
        Count(borderline, "borderline"),
    ]


def forward_counts(run: Run) -> list[Count]:
    """Return in how many cells inputs collapsed, and how many let q grow or shrink past the bounds of D.

    A silent first layer does neither of the latter.
    """
    collapsed = int((run.verdicts["forward_verdict"] == COLLAPSED).sum())
    low, high = run.config.verdicts.vanishing_ratio, run.config.verdicts.exploding_ratio
    ratio = run.verdicts.loc[run.verdicts["depth"] > 1, "forward_ratio"].dropna()
    shrunk, grown = int((ratio < low).sum()), int((ratio > high).sum())
    return [
        Count(collapsed, "cells: inputs collapse", "stalled"),
        Count(shrunk, f"cells: q shrinks to less than {low:g} of itself", "stalled"),
        Count(grown, f"cells: q grows to more than {high:g} times itself", "diverged"),
        Count(len(ratio) - shrunk - grown, "cells: q stays within", "trains"),
    ]


def comparison_counts(run: Run) -> list[Count]:
    """Return what became of the comparisons that the config names, and how many pairs have effect sizes only."""
    found = run.comparisons.loc[run.comparisons["in_family"], "finding"].value_counts()
    kinds = {"lower": "good", "higher": "bad", "not told apart": "neutral", "one law": "neutral"}
    words = {"lower": "as named", "higher": "the other way round"}
    named = [Count(int(found.get(finding, 0)), words.get(finding, finding), kind) for finding, kind in kinds.items()]
    return [*named, Count(int((~run.comparisons["in_family"]).sum()), "pairs without a test")]


def prediction_counts(run: Run) -> list[Count]:
    """Return in how many cells theory and measurement agree on the signal."""
    table = prediction.rows(run)
    known = table["predicted_verdict"].notna()
    agree = known & (table["predicted_verdict"] == table["signal_verdict"])
    return [
        Count(int(agree.sum()), "predicted", "good"),
        Count(int((known & ~agree).sum()), "predicted otherwise", "bad"),
        Count(int((~known).sum()), "without prediction"),
    ]


def claim_counts(run: Run) -> list[Count]:
    """Return how many claims have each verdict."""
    return _by_verdict(run.claims, {"confirmed": "good", "conditional": "partial", "refuted": "bad"}, "inconclusive")


def check_counts(run: Run) -> list[Count]:
    """Return how many gradients passed, failed or could not be checked."""
    kinds = {"passed": "good", "failed": "bad", "blind": "partial"}
    return _by_verdict(run.compared_gradients, kinds, "skipped")


def finding_counts(findings: Sequence[Finding]) -> list[Count]:
    """Return in how many things a run shows what was published or expected."""
    found = Counter(finding.agreement for finding in findings)
    kinds: dict[Agreement, str] = {"agrees": "good", "differs": "bad", "open": "neutral"}
    return [Count(found[agreement], agreement, kind) for agreement, kind in kinds.items()]


def _by_verdict(table: pd.DataFrame, kinds: dict[str, str], last: str) -> list[Count]:
    found = table["verdict"].value_counts()
    return [Count(int(found.get(verdict, 0)), verdict, kind) for verdict, kind in {**kinds, last: "neutral"}.items()]
