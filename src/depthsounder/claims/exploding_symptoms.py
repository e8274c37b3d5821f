"""The symptoms of exploding gradients, by numeric rules: a loss that is no number, or that suddenly diverges."""

import numpy as np
import pandas as pd

from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict, untested
from depthsounder.process.text import number
from depthsounder.storage.schemas import CELL_KEYS


def blown_up(evidence: Evidence) -> pd.DataFrame:
    """Return which tuning networks show the symptom, by cell.

    A network shows it if its loss stops being finite, or if it rises at any step above `diverged_loss` times the
    largest of H, its first loss and what guessing by the class frequencies costs on that step's batch.

    Returns
    -------
    shares
        Columns ``network`` (share of networks that show it), ``every_rate`` and ``no_rate`` (whether every network of
        each rate, or none of any, does) and ``not_finite`` (share of networks whose loss stops being finite).
    """
    traces = evidence.traces
    tuning = traces[traces["phase"] == "tune"]
    loss = tuning["train_loss"].astype(float).fillna(np.inf)
    network = [tuning[name] for name in (*CELL_KEYS, "learning_rate", "seed")]
    first = loss.groupby(network, observed=True).transform("first")
    above = loss > evidence.settings.thresholds.diverged_loss * np.maximum(first, _guessing(evidence, tuning))
    seen = pd.DataFrame({"shown": above | np.isinf(loss), "inf": np.isinf(loss)})
    shown = seen.groupby(network, observed=True).any()
    rates = shown["shown"].groupby(level=[*CELL_KEYS, "learning_rate"], observed=True).all()
    by_cell = shown.groupby(level=CELL_KEYS, observed=True)
    return pd.DataFrame(
        {
            "network": by_cell["shown"].mean(),
            "every_rate": rates.groupby(level=CELL_KEYS, observed=True).all(),
            "no_rate": ~by_cell["shown"].any(),
            "not_finite": by_cell["inf"].mean(),
        }
    )


def _guessing(evidence: Evidence, rows: pd.DataFrame) -> np.ndarray:
    """Return for each row of the traces what guessing by the class frequencies costs on its batch, at least H."""
    references = evidence.settings.references
    costs = np.full(len(rows), references.entropy)
    for seed in rows["seed"].unique():
        chosen = (rows["seed"] == seed).to_numpy()
        costs[chosen] = references.guessing(int(seed), 1).by_frequency[rows.loc[chosen, "step"]]
    return costs


def _overwritten(evidence: Evidence, cells: pd.Index) -> str:
    """Say how fast layers change in those of some cells that keep a finite loss; empty if no such row exists."""
    signal = evidence.signal
    logged = signal[(signal["step"] > 0) & np.isfinite(signal["update_ratio"].astype(float))].set_index(CELL_KEYS)
    logged = logged[logged.index.isin(cells)]
    if logged.empty:
        return ""
    step = int(logged["step"].min())
    first = logged[logged["step"] == step].set_index("layer", append=True)["update_ratio"]
    medians = first.groupby(level=[*CELL_KEYS, "layer"], observed=True).median()
    *cell, layer = medians.index[int(np.argmax(medians))]
    depth, _, activation, init = cell
    last = medians.loc[(*cell, depth)]
    return (
        f" {activation} with {init} at depth {depth} stays finite, while its first logged update, at step {step}, "
        f"changes layer {layer} by {number(medians.max(), 2)} times its norm and layer {depth} by {number(last, 2)}."
    )


def _judge(evidence: Evidence) -> Judgement:
    expected = "a loss that is not finite, or jumps, at every learning rate of every cell whose signal explodes"
    shown = blown_up(evidence)
    verdicts = evidence.verdicts.set_index(CELL_KEYS)["signal_verdict"]
    exploding = shown[shown.index.isin(verdicts[verdicts == "exploding"].index)]
    healthy = shown[shown.index.isin(verdicts[verdicts == "healthy"].index)]
    if exploding.empty:
        return untested(expected, "The run has no cell whose signal explodes.")
    every, none = int(exploding["every_rate"].sum()), int(exploding["no_rate"].sum())
    some = len(exploding) - every - none
    verdict: Verdict = (
        "confirmed" if every == len(exploding) else "refuted" if none == len(exploding) else "conditional"
    )
    too = int((~healthy["no_rate"]).sum())
    finite = exploding[exploding["not_finite"] == 0.0].index
    cells = "cell" if len(healthy) == 1 else "cells"
    as_much = ": it tells of the rate as much as of the signal" if too > len(healthy) / 2 else ""
    healthy_words = (
        f" Of {len(healthy)} {cells} with a healthy signal {too} show it at some rate{as_much}." if len(healthy) else ""
    )
    factor = evidence.settings.thresholds.diverged_loss
    return Judgement(
        verdict,
        f"of {len(exploding)} cells, {every} show it at every rate, {some} at some, {none} at none",
        expected,
        f"A loss jumps if it exceeds {factor:g} times its start, {factor:g} H and {factor:g} times what guessing costs "
        f"on the same batch; in {len(finite)} of these cells it stays finite at every rate.{healthy_words}"
        f"{_overwritten(evidence, finite)}",
    )


CLAIMS = (
    Claim(
        name="exploding_symptoms",
        statement="Where gradients explode, the loss becomes NaN or suddenly diverges.",
        source="The note's symptoms of exploding gradients.",
        hypothesis="In every cell whose signal explodes, the loss stops being finite or jumps, at every learning "
        "rate of the grid; conditional if only at some rates or in some cells.",
        test=_judge,
        reads={
            "verdicts": (*CELL_KEYS, "signal_verdict"),
            "traces": (*CELL_KEYS, "phase", "seed", "learning_rate", "step", "train_loss"),
            "signal": (*CELL_KEYS, "seed", "step", "layer", "update_ratio"),
        },
    ),
)
