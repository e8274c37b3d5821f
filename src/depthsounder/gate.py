"""The gate between the gradient checks and all that rests on them: the file of a check, and what it stops.

This module checks nothing itself.
"""

import json
from pathlib import Path

import pyarrow as pa

from depthsounder.commands import Refusal
from depthsounder.tables import GRADIENT_CHECK, read_table


def check_schema() -> pa.Schema:
    """Return the schema of a part of the gradient_check table, whose activation and init stand in its path."""
    return pa.schema([field for field in GRADIENT_CHECK if field.name not in ("activation", "init")])


class GradientCheckFailed(Refusal):
    """Back-propagation disagrees with the complex step: nothing that rests on it may be computed."""


def require_passed(path: Path) -> None:
    """Refuse to go on if a gradient check failed.

    Parameters
    ----------
    path
        A part of the gradient_check table, of one activation and init; its metadata has the threshold.

    Raises
    ------
    GradientCheckFailed
        Naming the parameter, its layer, the error and the threshold.
    """
    table = read_table(path)
    threshold = json.loads(table.schema.metadata[b"settings"])["complex_step_threshold"]
    for row in table.to_pylist():
        if row["method"] == "complex_step" and row["verdict"] == "failed":
            raise GradientCheckFailed(
                f"{path}: the gradient of {row['parameter']} (layer {row['parameter'][1:]}) of a network of depth "
                f"{row['depth']} has relative error {row['relative_error']:.2g} against the complex step; "
                f"at most {threshold:g} is allowed"
            )
