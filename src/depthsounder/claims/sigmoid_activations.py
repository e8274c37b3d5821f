"""The claim that sigmoid's pre-activations shrink to 0 where their variance over the examples does."""

import numpy as np
import pandas as pd

from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, untested
from depthsounder.process.text import number, setting
from depthsounder.storage.schemas import CELL_KEYS

MOMENTS = ["z_second_moment", "z_batch_variance"]

ROUNDING = 1e-24
"""Ratios of variances below are those of rounding errors."""


def moment_ratios(evidence: Evidence) -> pd.DataFrame:
    """Return layer L over layer 1 of both moments of z before training, by (init, depth), the median over seeds."""
    signal = evidence.signal
    rows = signal[(signal["step"] == 0) & (signal["activation"] == "sigmoid") & (signal["depth"] > 1)]
    network = ["init", "depth", "seed"]
    first = rows[rows["layer"] == 1].set_index(network)[MOMENTS]
    last = rows[rows["layer"] == rows["depth"]].set_index(network)[MOMENTS]
    return (last / first).groupby(level=["init", "depth"], observed=True).median().dropna()


def _judge(evidence: Evidence) -> Judgement:
    gone = evidence.settings.thresholds.vanishing_ratio
    expected = f"qᴸ/q¹ below {setting(gone)} wherever the batch variance is"
    ratios = moment_ratios(evidence)
    lost = ratios[ratios["z_batch_variance"] < gone]
    if lost.empty:
        return untested(
            expected, "The run has no sigmoid cell whose batch variance falls so far from layer 1 to layer L."
        )
    unseen = lost[lost["z_second_moment"] >= gone]
    # The example is the deepest fall that is more than the rounding of z.
    resolved = lost[lost["z_batch_variance"] > ROUNDING]
    shown = lost if resolved.empty else resolved
    shown = shown[shown.index.isin(unseen.index)] if shown.index.isin(unseen.index).any() else shown
    lowest = int(np.argmin(shown["z_batch_variance"]))
    (init, depth), example = shown.index[lowest], shown.iloc[lowest]
    return Judgement(
        "confirmed" if unseen.empty else "refuted" if len(unseen) == len(lost) else "conditional",
        f"q stays in {len(unseen)} of {len(lost)} cells; lowest qᴸ/q¹ = {number(lost['z_second_moment'].min(), 2)}",
        expected,
        f"Sigmoid cells in which the variance over examples falls below {setting(gone)} of layer 1's. With {init} at "
        f"depth {depth} it falls to {number(example['z_batch_variance'], 2)}, and q to "
        f"{number(example['z_second_moment'], 2)} of layer 1's"
        + (": φ(0) = 0.5 feeds every layer, whatever the input." if (init, depth) in unseen.index else "."),
    )


CLAIMS = (
    Claim(
        name="sigmoid_activations",
        statement="A signal that dies shows as the size of the activations going to 0.",
        source="The note follows the variance of z from layer to layer, without saying over what it is taken.",
        hypothesis="In sigmoid cells whose variance over examples dies, the second moment q dies too; refuted if it "
        "does in none of them.",
        test=_judge,
        reads={"signal": (*CELL_KEYS, "seed", "step", "layer", *MOMENTS)},
    ),
)
