"""The note's two fixed scales of weights: too small, too large, and what decides between the two."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict, untested
from depthsounder.elements.activations import LINEAR
from depthsounder.elements.initializers import initializer
from depthsounder.engine.drawing import draw_network
from depthsounder.engine.spec import NetworkSpec
from depthsounder.process.text import join, number, setting
from depthsounder.storage.schemas import CELL_KEYS

DRAWN_WEIGHTS = 200_000
TOLERANCE = 0.1


@dataclass(frozen=True)
class Scale:
    """A fixed standard deviation of weights.

    Attributes
    ----------
    init
        Its name.
    deviation
        σ.
    right_width
        The width at which n·σ² = 1.
    fate
        The signal verdict that the note expects.
    """

    init: str
    deviation: float
    right_width: int
    fate: str


SMALL = Scale("naive_small", 0.01, 10_000, "vanishing")
LARGE = Scale("naive_large", 0.5, 4, "exploding")


def _where(cells: pd.DataFrame) -> str:
    """Return activations by the depths of their cells: ``"linear and relu at depth 2 and 5, tanh at depth 2"``."""
    alike: dict[str, list[str]] = {}
    for activation, depths in cells.sort_values("depth").groupby("activation", observed=True)["depth"]:
        alike.setdefault(join(depths), []).append(str(activation))
    return ", ".join(f"{join(activations)} at depth {depths}" for depths, activations in alike.items())


def _judge(scale: Scale, evidence: Evidence) -> Judgement:
    expected = f"signal {scale.fate} in every cell"
    verdicts = evidence.verdicts
    cells = verdicts[(verdicts["init"] == scale.init) & verdicts["signal_verdict"].notna()]
    if cells.empty:
        return untested(expected, f"The run has no cells of {scale.init} with more than one layer.")
    as_told = cells["signal_verdict"] == scale.fate
    verdict: Verdict = "confirmed" if as_told.all() else "conditional" if as_told.any() else "refuted"
    gain = evidence.settings.width * scale.deviation**2
    exceptions = cells[~as_told]
    others = [f"{word} for {_where(group)}" for word, group in exceptions.groupby("signal_verdict", observed=True)]
    trained = int((cells["training_verdict"] == "trains").sum())
    return Judgement(
        verdict,
        f"signal {scale.fate} in {as_told.sum()} of {len(cells)} cells; {trained} of the {len(cells)} train",
        expected,
        f"n·Var(W) is {setting(gain)} at width {evidence.settings.width}. "
        + (f"The signal is {'; '.join(others)}." if others else "There is no exception."),
    )


def drawn_gain(scale: Scale, width: int, root_seed: int) -> float:
    """Return n·Var(W) of weights drawn for layers with `width` inputs."""
    spec = NetworkSpec((width, max(1, DRAWN_WEIGHTS // width), 1), LINEAR)
    weights, _ = draw_network(root_seed, 0, spec, initializer(scale.init))
    return width * float(np.mean(weights[0] ** 2))


def _judge_width(evidence: Evidence) -> Judgement:
    width, root_seed = evidence.settings.width, evidence.settings.root_seed
    here = {scale: drawn_gain(scale, width, root_seed) for scale in (SMALL, LARGE)}
    there = {scale: drawn_gain(scale, scale.right_width, root_seed) for scale in (SMALL, LARGE)}
    right = [scale for scale, gain in there.items() if abs(gain - 1.0) <= TOLERANCE]
    return Judgement(
        "refuted" if len(right) == 2 else "conditional" if right else "confirmed",
        "; ".join(
            f"σ = {scale.deviation:g}: n·Var(W) = {number(here[scale], 3)} at width {width:,}, "
            f"{number(there[scale], 3)} at width {scale.right_width:,}"
            for scale in (SMALL, LARGE)
        ),
        "n·Var(W) away from 1 at every width",
        "What a layer multiplies a variance by is n·Var(W), measured on drawn weights"
        + (
            ": each of the two scales is right for one width, too small below it and too large above."
            if len(right) == 2
            else "."
        ),
    )


def _claim(scale: Scale, title: str) -> Claim:
    return Claim(
        name=scale.init,
        statement=f"Weights of σ = {scale.deviation:g} are too {title}: the signal is {scale.fate}.",
        source=f"The note's too {title} case, σ = {scale.deviation:g}.",
        hypothesis=f"Every cell of more than one layer has the signal verdict {scale.fate}; conditional if some have.",
        test=partial(_judge, scale),
        reads={"verdicts": (*CELL_KEYS, "signal_verdict", "training_verdict")},
    )


CLAIMS = (
    _claim(SMALL, "small"),
    _claim(LARGE, "large"),
    Claim(
        name="naive_at_any_width",
        statement="σ = 0.01 is too small and σ = 0.5 too large whatever the width.",
        source="The note names two bad scales without the number of inputs for which they are bad.",
        hypothesis="No width makes n·Var(W) = 1; refuted if each scale has one.",
        test=_judge_width,
        reads={},
    ),
)
