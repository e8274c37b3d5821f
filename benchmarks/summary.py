"""What the measurements say: ratios paired by repeat, medians with their spread, and whether goals are reached.

This module reads the table and knows nothing of how its numbers were made.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from depthsounder.storage.tables import read_table

CASE = ["architecture", "activation", "depth", "width", "batch", "networks", "threads"]
"""What identifies a case in the table."""

REFERENCE = "engine"
"""The implementation to which the others are compared."""

QUANTITIES = ["milliseconds", "ratio", "ratio_compiled", "share_of_sgemm", "compile_seconds"]
"""The columns that are summarized, the first three of them computed by `read_results`."""


@dataclass(frozen=True)
class Results:
    """A run of the benchmarks.

    Attributes
    ----------
    rows
        The table with four more columns: updates; milliseconds per network step; ratio, the time over that of the
        engine in the same case and repeat; ratio_compiled, the same with the time of compiling added.
    facts
        Machine, versions and commit.
    """

    rows: pd.DataFrame
    facts: dict[str, str]

    def summarize(self) -> pd.DataFrame:
        """Return one row for each case and implementation: ``<quantity>_median``, ``_min`` and ``_max``."""
        keys = [*CASE, "updates", "implementation"]
        found = self.rows.groupby(keys, sort=False)[QUANTITIES].agg(["median", "min", "max"])
        found.columns = ["_".join(names) for names in found.columns]
        return found.reset_index()


def read_results(path: Path) -> Results:
    """Read a table that `run` wrote.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    table = read_table(path)
    cases, facts = (json.loads(table.schema.metadata[key]) for key in (b"cases", b"facts"))
    rows = table.to_pandas().merge(pd.DataFrame(cases), on=[name for name in CASE if name != "threads"])
    seconds = rows["seconds_per_network_step"] * rows["networks"] * (rows["updates"] + 1)
    pair = [*CASE, "repeat"]
    of_engine = rows[pair].assign(engine=seconds)[rows["implementation"] == REFERENCE].set_index(pair)
    engine = rows.join(of_engine, on=pair)["engine"]
    rows["milliseconds"] = 1e3 * rows["seconds_per_network_step"]
    rows["ratio"] = seconds / engine
    rows["ratio_compiled"] = (seconds + rows["compile_seconds"]) / engine
    return Results(rows, facts)


@dataclass(frozen=True)
class Goal:
    """What the engine is held to: the median of a quantity, in a case, is at least so much."""

    words: str
    implementation: str
    quantity: str
    activation: str
    width: int
    networks: int
    at_least: float
    depth: int = 20
    architecture: str = "plain"


GOALS = (
    tuple(
        goal
        for activation, shares in {"relu": (0.75, 0.85), "tanh": (0.65, 0.78)}.items()
        for goal in (
            Goal("times as fast as PyTorch's eager loop", "torch_loop", "ratio", activation, 64, 10, 4.0),
            Goal("times as fast as PyTorch's eager loop", "torch_loop", "ratio", activation, 128, 10, 2.2),
            Goal("times as fast as JAX, compiled and warm", "jax_scan", "ratio", activation, 64, 10, 1.15),
            Goal("times as fast as JAX, compiled and warm", "jax_scan", "ratio", activation, 128, 10, 1.15),
            Goal("times as fast as JAX with its compilation", "jax_scan", "ratio_compiled", activation, 64, 14, 2.0),
            Goal("of the rate of sgemm", REFERENCE, "share_of_sgemm", activation, 64, 10, shares[0]),
            Goal("of the rate of sgemm", REFERENCE, "share_of_sgemm", activation, 128, 10, shares[1]),
        )
    )
    + tuple(
        Goal(
            "times as fast as PyTorch's eager loop",
            "torch_loop",
            "ratio",
            "tanh",
            64,
            10,
            2.5,
            architecture=architecture,
        )
        for architecture in ("batch_norm", "layer_norm", "residual")
    )
    + tuple(
        Goal(f"times as fast as {peer}", implementation, "ratio", "tanh", width, 2, 1.0, depth=depth)
        for peer, implementation in (("PyTorch's eager loop", "torch_loop"), ("JAX, compiled and warm", "jax_scan"))
        for width in (256, 512, 1024)
        for depth in (5, 20)
    )
)


def judge_goals(summary: pd.DataFrame) -> pd.DataFrame:
    """Return each goal whose case was measured, with median, min and max of its quantity, and whether it is reached."""
    judged = []
    for goal in GOALS:
        names = ("implementation", "architecture", "activation", "width", "networks", "depth")
        keys = {name: getattr(goal, name) for name in names}
        chosen = summary[(summary[list(keys)] == pd.Series(keys)).all(axis=1)]
        for _, row in chosen.iterrows():
            found = {name: float(row[f"{goal.quantity}_{name}"]) for name in ("median", "min", "max")}
            verdict = "reached" if found["median"] >= goal.at_least else "missed"
            judged.append({**keys, "words": goal.words, "at_least": goal.at_least, **found, "verdict": verdict})
    return pd.DataFrame(judged)


def text_tables(results: Results) -> str:
    """Return the medians, and the goals if any was measured, as they are printed in a terminal."""
    summary = results.summarize()
    medians = [*CASE, "updates", "implementation", *(f"{name}_median" for name in QUANTITIES)]
    tables = [summary[medians].rename(columns=lambda name: name.removesuffix("_median")), judge_goals(summary)]
    return "\n\n".join(table.to_string(index=False, float_format="{:.3f}".format) for table in tables if len(table))
