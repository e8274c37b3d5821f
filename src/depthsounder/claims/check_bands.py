"""The bands of the gradient check: the note's, those of Ng's course, and where right gradients fall."""

import numpy as np
import pandas as pd

from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict, untested
from depthsounder.process.text import join, number, superscript
from depthsounder.storage.schemas import CELL_KEYS

NOTE_BANDS = (-7, -4, -2)
"""Powers of ten."""

NG_BANDS = (-7, -5, -3)
"""Ng, Deep Learning Specialization, course 2: "great", "take a careful look", "worry"."""


def right_gradients(evidence: Evidence) -> pd.DataFrame:
    """Return the central differences of those tensors whose gradient the complex step found right."""
    checks = evidence.gradient_check
    key = [*CELL_KEYS, "parameter"]
    confirmed = checks[(checks["method"] == "complex_step") & (checks["verdict"] == "passed")][key]
    central = checks[(checks["method"] == "central_difference") & checks["relative_error"].notna()]
    return central.merge(confirmed, on=key)


def _power(exponent: int) -> str:
    return f"10{superscript(exponent)}"


def _bands(errors: pd.Series, exponents: tuple[int, ...]) -> np.ndarray:
    """Return the band of each error: 0 for the best, one more beyond each power of ten."""
    return np.searchsorted([10.0**exponent for exponent in exponents], errors)


def _worst(doubted: pd.DataFrame) -> str:
    """Name the gradient with the largest error; empty if there is none."""
    if doubted.empty:
        return ""
    worst = doubted.iloc[int(np.argmax(doubted["relative_error"]))]
    return (
        f", up to an error of {number(worst['relative_error'], 2)} for ∂{worst['parameter']} of {worst['activation']} "
        f"with {worst['init']} at depth {worst['depth']}"
    )


def _judge(evidence: Evidence) -> Judgement:
    good, doubtful, wrong = map(_power, NOTE_BANDS)
    expected = f"every right gradient below {good}"
    right = right_gradients(evidence)
    if right.empty:
        return untested(expected, "The run has no gradient that passed the complex step.")
    errors, floors = right["relative_error"], right["noise_floor"]
    bands = _bands(errors, NOTE_BANDS)
    counts = [int(np.sum(bands == band)) for band in range(len(NOTE_BANDS) + 1)]
    # Where rounding of J is below the first band, a central difference sees the gradient.
    seen = floors <= 10.0 ** NOTE_BANDS[0]
    misjudged = errors > 10.0 ** NOTE_BANDS[1]
    verdict: Verdict = "conditional"
    if counts[0] == len(right) or (seen & misjudged).any():
        verdict = "confirmed" if counts[0] == len(right) else "refuted"
    moved = int(np.sum(bands != _bands(errors, NG_BANDS)))
    return Judgement(
        verdict,
        f"of {len(right):,} right gradients {counts[0]:,} lie below {good}, {counts[1]:,} below {doubtful}, "
        f"{counts[2]:,} below {wrong} and {counts[3]:,} above",
        expected,
        f"All of them agree with the complex step. Of the {seen.sum():,} whose rounding noise is below {good}, the "
        f"bands doubt {(seen & misjudged).sum():,}; of the others, {(~seen & misjudged).sum():,}"
        f"{_worst(right[~seen & misjudged])}. The bands are the note's own; Ng's course has "
        f"{join(map(_power, NG_BANDS))}, which would move {moved:,} of these gradients to another.",
    )


CLAIMS = (
    Claim(
        name="check_bands",
        statement="A relative error below 10⁻⁷ means a right gradient, about 10⁻⁴ a doubtful one, above 10⁻² a wrong "
        "one.",
        source="The note's bands for gradient checking, 10⁻⁷, 10⁻⁴ and 10⁻².",
        hypothesis="Gradients that the complex step finds right all lie below 10⁻⁷ by central differences too; "
        "refuted if one lies above 10⁻⁴ although its noise floor is below 10⁻⁷, conditional if one lies above 10⁻⁷ "
        "otherwise.",
        test=_judge,
        reads={"gradient_check": (*CELL_KEYS, "parameter", "method", "relative_error", "noise_floor", "verdict")},
    ),
)
