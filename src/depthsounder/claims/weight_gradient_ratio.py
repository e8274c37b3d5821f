"""∂W's first/last ratio as a detector of vanishing gradients."""

import numpy as np
import pandas as pd

from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, untested
from depthsounder.process.text import number, setting
from depthsounder.storage.schemas import CELL_KEYS

HOMOGENEOUS = ("linear", "relu")


def weight_gradient_ratios(evidence: Evidence) -> pd.Series:
    """Return rms ∂W¹ / rms ∂Wᴸ before training by cell, the median over seeds."""
    signal = evidence.signal
    chosen = (signal["step"] == 0) & signal["activation"].isin(HOMOGENEOUS) & (signal["depth"] > 1)
    rows = signal[chosen]
    network = [*CELL_KEYS, "seed"]
    first = rows[rows["layer"] == 1].set_index(network)["weight_grad_rms"]
    last = rows[rows["layer"] == rows["depth"]].set_index(network)["weight_grad_rms"]
    return (first / last).groupby(level=CELL_KEYS, observed=True).median()


def _judge(evidence: Evidence) -> Judgement:
    thresholds = evidence.settings.thresholds
    low, high = thresholds.vanishing_ratio, thresholds.exploding_ratio
    expected = f"∂W¹/∂Wᴸ outside {setting(low)} to {setting(high)} wherever D is"
    ratios = evidence.verdicts.set_index(CELL_KEYS)["delta_ratio"]
    both = pd.DataFrame({"delta": ratios, "weight": weight_gradient_ratios(evidence)}).dropna()
    both = both[np.isfinite(both["delta"]) & (both["delta"] > 0)]
    sick = both[(both["delta"] < low) | (both["delta"] > high)]
    if sick.empty:
        return untested(expected, "The run has no linear or ReLU cell whose errors vanish or explode.")
    hidden = sick[sick["weight"].between(low, high)]
    # The cell with the largest gap between what D sees and what the ratio sees.
    widest = int(np.argmax(np.abs(np.log(sick["delta"] / sick["weight"]))))
    (depth, _, activation, init), worst = sick.index[widest], sick.iloc[widest]
    return Judgement(
        "confirmed" if hidden.empty else "refuted" if len(hidden) == len(sick) else "conditional",
        f"hidden in {len(hidden)} of {len(sick)} cells; the ratio lies between {number(sick['weight'].min(), 2)} and "
        f"{number(sick['weight'].max(), 2)}",
        expected,
        f"Linear and ReLU cells whose D vanishes or explodes. {activation} with {init} at depth {depth} has D = "
        f"{number(worst['delta'], 2)} and a ratio of {number(worst['weight'], 2)}{_why(worst, hidden.index, low)}.",
    )


def _why(worst: pd.Series, hidden: pd.Index, low: float) -> str:
    """Say why the ratio misses what D sees in a cell; empty if it does not miss it."""
    if worst.name not in hidden:
        return ""
    size, other = ("small", "large") if worst["delta"] < low else ("large", "small")
    return (
        f": in ∂W = hᵀδ, a first layer with {size} errors has {other} activations beside them. Errors, or the absolute "
        "size of ∂W, show it"
    )


CLAIMS = (
    Claim(
        name="weight_gradient_ratio",
        statement="Vanishing gradients show in the ratio of the first layer's weight gradient to the last one's.",
        source="The note compares the weight gradients of early and late layers to diagnose vanishing gradients.",
        hypothesis="Wherever D vanishes or explodes, in linear and ReLU networks, the ratio passes the same "
        "thresholds; conditional if it misses some of these cells, refuted if all.",
        test=_judge,
        reads={
            "verdicts": (*CELL_KEYS, "delta_ratio"),
            "signal": (*CELL_KEYS, "seed", "step", "layer", "weight_grad_rms"),
        },
    ),
)
