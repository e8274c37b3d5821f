"""The symptoms of vanishing gradients, by numeric rules: weights that barely change and a loss that barely falls."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from depthsounder.claims.comparisons import STALL_OR_DEATH
from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict, untested
from depthsounder.process.text import number, percent
from depthsounder.storage.schemas import CELL_KEYS

BARELY = 0.01
"""A layer barely changes if its fastest logged update, made at every step, would move its weights by less than 1 %."""

NOT_VANISHING = "The run has no cell whose signal vanishes."


def _vanishing(evidence: Evidence) -> pd.DataFrame:
    verdicts = evidence.verdicts
    return verdicts[verdicts["signal_verdict"] == "vanishing"].set_index(CELL_KEYS)


def fastest_updates(evidence: Evidence) -> pd.DataFrame:
    """Return by cell (rows) and layer (columns) ‖ΔW‖/‖W‖ of the fastest logged update, the median over seeds."""
    signal = evidence.signal
    updates = signal[(signal["step"] > 0) & signal["update_ratio"].notna()]
    medians = updates.groupby([*CELL_KEYS, "layer", "step"], observed=True)["update_ratio"].median()
    return medians.groupby(level=[*CELL_KEYS, "layer"], observed=True).max().unstack("layer")


def _judge_weights(evidence: Evidence) -> Judgement:
    slow = BARELY / evidence.settings.steps
    expected = f"‖ΔW‖/‖W‖ below {number(slow, 2)} an update in every layer of every cell whose signal vanishes"
    updates = fastest_updates(evidence)
    updates = updates[updates.index.isin(_vanishing(evidence).index)]
    if updates.empty:
        return untested(expected, NOT_VANISHING)
    depths = updates.index.get_level_values("depth")
    by_layer = {
        name: np.array([row[layer] for (_, row), layer in zip(updates.iterrows(), layers, strict=True)])
        for name, layers in (("layer 1", depths * 0 + 1), ("layer L", depths), ("the readout", depths + 1))
    }
    still = {name: int(np.sum(ratios < slow)) for name, ratios in by_layer.items()}
    everywhere = int(np.sum([(row.dropna() < slow).all() for _, row in updates.iterrows()]))
    verdict: Verdict = "confirmed" if everywhere == len(updates) else "conditional" if still["layer 1"] else "refuted"
    # The cell in which the readout outruns the first layer most.
    widest = int(np.argmax(by_layer["the readout"] / np.maximum(by_layer["layer 1"], np.finfo(float).tiny)))
    depth, _, activation, init = updates.index[widest]
    ratios = list(by_layer.values())
    first, last, readout = (number(of_layer[widest], 2) for of_layer in ratios)
    return Judgement(
        verdict,
        f"of {len(updates)} cells, barely changing: "
        + ", ".join(f"{name} in {count}" for name, count in still.items()),
        expected,
        f"The fastest logged update of each layer, the median over seeds; at this bound {evidence.settings.steps} "
        f"updates move weights by less than {percent(BARELY)}. {activation} with {init} at depth {depth} has {first} "
        f"in layer 1, {last} in layer {depth} and {readout} in the readout"
        f"{_fading([float(of_layer[widest]) for of_layer in ratios], slow)}.",
    )


def _fading(ratios: Sequence[float], slow: float) -> str:
    """Say what the updates of a cell's first and last hidden layers and of its readout show; empty if neither."""
    first, last, readout = ratios
    seen = ["updates fade towards the input"] if first < last else []
    seen += ["the readout learns on"] if first < slow <= readout else []
    return f": {', while '.join(seen)}" if seen else ""


def _initial_losses(evidence: Evidence) -> pd.Series:
    """Return the training loss before the first update by cell, the median over evaluation seeds."""
    traces = evidence.traces
    start = traces[(traces["phase"] == "evaluate") & (traces["step"] == 0)]
    return start.groupby(CELL_KEYS, observed=True)["train_loss"].median().astype(float)


def _judge_loss(evidence: Evidence) -> Judgement:
    entropy, thresholds = evidence.settings.references.entropy, evidence.settings.thresholds
    little = (1.0 - thresholds.stalled_loss) * entropy
    expected = f"the loss falls by less than {number(little, 2)} nats in every cell whose signal vanishes"
    cells = _vanishing(evidence).join(_initial_losses(evidence).rename("initial_loss")).dropna(subset=["initial_loss"])
    if cells.empty:
        return untested(expected, NOT_VANISHING)
    falls = cells["initial_loss"] - cells["tail_loss"]
    below = cells["successes"] + cells["learning"] > cells["seeds"] / 2
    stays = ~below & (falls.abs() < little)
    drops = ~below & (falls >= little)
    to_entropy = cells["on_plateau"] > cells["seeds"] / 2
    plateau = cells[drops & to_entropy]
    others = {"fall and end elsewhere": drops & ~to_entropy, "rise": ~below & ~stays & ~drops}
    verdict: Verdict = "confirmed" if stays.all() else "refuted" if below.all() else "conditional"
    typical = (
        f"Those that fall to it start at {number(plateau['initial_loss'].median(), 3)} nats and end at "
        f"{number(plateau['tail_loss'].median(), 3)}, by their medians: what they learn is at most how frequent "
        "each class is. "
        if len(plateau)
        else ""
    )
    return Judgement(
        verdict,
        f"of {len(cells)} cells {stays.sum()} stay where they start, {len(plateau)} fall to H and stop, {below.sum()} "
        "fall below it" + "".join(f", {chosen.sum()} {words}" for words, chosen in others.items() if chosen.any()),
        expected,
        f"H = {number(entropy, 3)} nats is the loss of knowing the classes' frequencies and nothing else, ln K for "
        f"equal ones. {typical}A cell falls below if most of its networks end under {thresholds.stalled_loss:g} of "
        f"what a constant prediction costs at least on their batches, within {evidence.settings.steps} updates"
        f"{': a signal that vanishes at the start need not stay so' if below.any() else ''}. {STALL_OR_DEATH}",
    )


CLAIMS = (
    Claim(
        name="vanishing_weights",
        statement="Where gradients vanish, the weights barely change.",
        source="The note's first symptom of vanishing gradients, to be looked for in each layer.",
        hypothesis="In every cell whose signal vanishes, the fastest logged update of every layer would move its "
        f"weights by less than {percent(BARELY)} over the run; conditional if so in the first layer of some cells "
        "only.",
        test=_judge_weights,
        reads={
            "verdicts": (*CELL_KEYS, "signal_verdict"),
            "signal": (*CELL_KEYS, "seed", "step", "layer", "update_ratio"),
        },
    ),
    Claim(
        name="vanishing_loss",
        statement="Where gradients vanish, the loss barely falls.",
        source="The note's second symptom of vanishing gradients.",
        hypothesis="In every cell whose signal vanishes, the tail loss is as near to the initial one as a stalled loss "
        "is to H; conditional if the loss falls, but only to H, or falls in some cells only.",
        test=_judge_loss,
        reads={
            "verdicts": (*CELL_KEYS, "signal_verdict", "tail_loss", "successes", "learning", "on_plateau", "seeds"),
            "traces": (*CELL_KEYS, "phase", "step", "train_loss"),
        },
    ),
)
