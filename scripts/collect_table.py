"""Collect the parts of a run into one of its tables."""

import argparse
import json
from pathlib import Path

from depthsounder.config import Stage, load_resolved, stage_settings
from depthsounder.process.commands import run
from depthsounder.storage.collect import collect_parts
from depthsounder.storage.schemas import SCHEMAS
from depthsounder.sweep.cells import check_paths, table_parts

STAGES: dict[str, tuple[Stage, ...]] = {
    "signal": ("prepare", "tune", "train"),
    "jacobian": ("prepare", "measure"),
    "traces": ("prepare", "tune", "train"),
    "gradient_check": ("verify",),
}
"""The stages on whose settings a table depends."""


def main() -> None:
    """Write one of the tables of `STAGES`; the list of parts follows from the config, and from where it lies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the run's resolved config, in its folder")
    parser.add_argument("--table", choices=STAGES, required=True)
    parser.add_argument("--code", default="", help="digest of the code, for the table's metadata")
    parser.add_argument("--output", type=Path, required=True, help="the table")
    arguments = parser.parse_args()
    config = load_resolved(arguments.config)
    check = arguments.table == "gradient_check"
    # …/results/<run>/config.json
    place = arguments.config.parent.parent.parent
    parts = check_paths(config, place) if check else table_parts(config, arguments.table, place)
    stages = (stage_settings(config, stage) for stage in STAGES[arguments.table])
    settings = {name: value for stage in stages for name, value in stage.items()}
    metadata = {"settings": json.dumps(settings, sort_keys=True), "code": arguments.code}
    collect_parts(parts, arguments.output, SCHEMAS[arguments.table], metadata)


if __name__ == "__main__":
    run(main)
