"""The note's two ± ranges of weights: how many standard deviations each of them is."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict
from depthsounder.elements.activations import LINEAR
from depthsounder.elements.initializers import initializer
from depthsounder.engine.drawing import draw_network
from depthsounder.engine.spec import NetworkSpec
from depthsounder.process.text import number, percent, rounds_to

FAN_IN, FAN_OUT = 100, 50
NETWORKS = 40
"""The number of draws of 5,000 weights each: enough to know a share of weights to 0.1 %."""

NEARLY_ALL = 0.95


@dataclass(frozen=True)
class Range:
    """A ± range that the note gives to an init."""

    init: str
    quoted: str


XAVIER, HE = Range("xavier_note", "0.08"), Range("he_normal", "0.28")


@dataclass(frozen=True)
class Fit:
    """How a quoted range fits the weights that are drawn.

    Attributes
    ----------
    deviation
        σ of the weights.
    share
        The share of the weights that lies within the range.
    multiple
        The whole number of σ that the range is, to its quoted digits; None if it is none.
    """

    deviation: float
    share: float
    multiple: int | None


def fit(quoted: Range, root_seed: int) -> Fit:
    """Draw weights at the note's fans and compare them with a range."""
    rule, spec = initializer(quoted.init), NetworkSpec((FAN_IN, FAN_OUT, 1), LINEAR)
    draws = np.stack([draw_network(root_seed, seed, spec, rule)[0][0] for seed in range(NETWORKS)])
    deviation = float(draws.std())
    multiples = [whole for whole in (1, 2, 3) if rounds_to(whole * deviation, quoted.quoted)]
    share = float(np.mean(np.abs(draws) <= float(quoted.quoted)))
    return Fit(deviation, share, multiples[0] if multiples else None)


def _judge_range(quoted: Range, evidence: Evidence) -> Judgement:
    found = fit(quoted, evidence.settings.root_seed)
    verdict: Verdict = "confirmed" if found.share >= NEARLY_ALL else "conditional"
    meaning = "no whole multiple of σ" if found.multiple is None else f"{found.multiple} σ, rounded"
    return Judgement(
        "refuted" if found.multiple is None else verdict,
        f"{percent(found.share)} of weights within; σ = {number(found.deviation, 3)}, so that ±{quoted.quoted} is "
        f"{meaning}",
        f"nearly all weights within ±{quoted.quoted}",
        f"{NETWORKS * FAN_IN * FAN_OUT:,} weights drawn by {quoted.init} with {FAN_IN} inputs and {FAN_OUT} outputs. "
        "A range counts as confirmed if it holds 95 % of them, and as conditional if it is one σ and holds two thirds.",
    )


def _judge_convention(evidence: Evidence) -> Judgement:
    xavier, he = (fit(quoted, evidence.settings.root_seed) for quoted in (XAVIER, HE))
    same = xavier.multiple == he.multiple and xavier.multiple is not None
    return Judgement(
        "confirmed" if same else "refuted",
        f"±{XAVIER.quoted} is {number(float(XAVIER.quoted) / xavier.deviation, 3)} σ, "
        f"±{HE.quoted} is {number(float(HE.quoted) / he.deviation, 3)} σ",
        "the same multiple of σ",
        f"The first holds {percent(xavier.share)} of the weights, the second {percent(he.share)}: side by side they "
        f"make He's weights look {number(float(HE.quoted) / float(XAVIER.quoted), 2)} times as large as the note's "
        f"Xavier's, where σ is only {number(he.deviation / xavier.deviation, 2)} times as large.",
    )


def _claim(name: str, title: str, quoted: Range) -> Claim:
    return Claim(
        name=name,
        statement=f"{title} weights with {FAN_IN} inputs and {FAN_OUT} outputs lie within ±{quoted.quoted}.",
        source=f"The note gives ±{quoted.quoted} as the range of {title} weights in its worked example.",
        hypothesis="The range is a whole multiple of σ and holds 95 % of drawn weights; conditional if it holds fewer.",
        test=partial(_judge_range, quoted),
        reads={},
    )


CLAIMS = (
    _claim("range_xavier", "Xavier", XAVIER),
    _claim("range_he", "He", HE),
    Claim(
        name="range_convention",
        statement=f"The ranges ±{XAVIER.quoted} for Xavier and ±{HE.quoted} for He can be compared.",
        source="The note quotes both ranges side by side, without saying how many standard deviations each is.",
        hypothesis="Both ranges are the same whole multiple of the σ of drawn weights.",
        test=_judge_convention,
        reads={},
    ),
)
