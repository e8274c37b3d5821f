"""The records of the ledger, and how they are found and judged.

Every module of this package is a file of claims, with a tuple `CLAIMS`, except those that hold the ledger itself. This
module knows no claim.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from depthsounder.claims.evidence import Evidence

Verdict = Literal["confirmed", "refuted", "conditional", "inconclusive"]
"""confirmed: it holds wherever this run looked; refuted: nowhere, or its number is wrong; conditional: only under a
condition that the judgement names; inconclusive: this run does not test it."""

VERDICT_WORDS: tuple[str, ...] = get_args(Verdict)

_MACHINERY = {"comparisons", "evidence", "ledger", "small_sweep"}


@dataclass(frozen=True)
class Judgement:
    """What became of a claim.

    Attributes
    ----------
    verdict
        One of four words.
    observed, expected
        What was found, and what would have been found if the claim held: short texts with their units.
    evidence
        One or two sentences: what was looked at, and what decides.
    """

    verdict: Verdict
    observed: str
    expected: str
    evidence: str


@dataclass(frozen=True)
class Claim:
    """A sentence of the course note or of common practice, made testable.

    Attributes
    ----------
    name
        Unique in the ledger.
    statement
        The claim, in one sentence.
    source
        What the note says, in paraphrase.
    hypothesis
        What is to be seen if the note is right, and by which rule the verdict falls.
    test
        Judges the claim on a run's evidence.
    reads
        The columns that the test reads, by table; nothing for a claim that asks the engine itself.
    """

    name: str
    statement: str
    source: str
    hypothesis: str
    test: Callable[[Evidence], Judgement]
    reads: Mapping[str, tuple[str, ...]]


def untested(expected: str, reason: str) -> Judgement:
    """Return the judgement of a claim that this run does not test, with the reason in a sentence."""
    return Judgement("inconclusive", "not tested", expected, reason)


def ledger() -> list[Claim]:
    """Return every claim, by module name and then in the module's order.

    Raises
    ------
    ValueError
        If two claims have one name.
    """
    files = pkgutil.iter_modules([str(Path(__file__).parent)])
    names = sorted(file.name for file in files if file.name not in _MACHINERY)
    modules = [importlib.import_module(f"{__package__}.{name}") for name in names]
    found: list[Claim] = [claim for module in modules for claim in module.CLAIMS]
    repeated = {claim.name for claim in found if sum(other.name == claim.name for other in found) > 1}
    if repeated:
        raise ValueError(f"two claims have the name {min(repeated)}")
    return found


def columns_read(entries: Iterable[Claim]) -> dict[str, set[str]]:
    """Return the columns that some claims read, by table."""
    columns: dict[str, set[str]] = {}
    for claim in entries:
        for table, names in claim.reads.items():
            columns.setdefault(table, set()).update(names)
    return columns


def judge(entries: Iterable[Claim], evidence: Evidence) -> list[dict[str, object]]:
    """Judge claims, and return the rows of the claims table."""
    return [{"claim": claim.name, "statement": claim.statement, **asdict(claim.test(evidence))} for claim in entries]
