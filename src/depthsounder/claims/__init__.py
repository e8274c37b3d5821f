"""The ledger of the course note's claims: what it says, what this run saw, and whether the two agree.

A claim is one record in a file of its own, or beside its closest kin, and is found by being there: the module's
`CLAIMS` is all that the ledger asks for. Verdicts are computed from measurements or from the engine itself, and a claim
that a run does not test is inconclusive.

This package judges sentences; it draws nothing, and knows neither config files nor the report.
"""

from depthsounder.claims.evidence import JUDGED, Evidence, Settings, load_evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict, columns_read, judge, ledger

__all__ = [
    "JUDGED",
    "Claim",
    "Evidence",
    "Judgement",
    "Settings",
    "Verdict",
    "columns_read",
    "judge",
    "ledger",
    "load_evidence",
]
