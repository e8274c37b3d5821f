"""Collect the parts of a run into one of its tables."""

import argparse
import json
from pathlib import Path

from depthsounder.collect import collect_parts
from depthsounder.commands import run
from depthsounder.config import load_resolved, stage_settings
from depthsounder.sweep import check_paths, table_parts
from depthsounder.tables import SCHEMAS


def main() -> None:
    """Write signal, traces or gradient_check; the list of parts follows from the config alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the run's resolved config")
    parser.add_argument("--table", choices=["signal", "traces", "gradient_check"], required=True)
    parser.add_argument("--code", default="", help="digest of the code, for the table's metadata")
    parser.add_argument("--output", type=Path, required=True, help="the table")
    arguments = parser.parse_args()
    config = load_resolved(arguments.config)
    if arguments.table == "gradient_check":
        parts, settings = check_paths(config), stage_settings(config, "verify")
    else:
        parts = table_parts(config, arguments.table)
        settings = {
            **stage_settings(config, "prepare"),
            **stage_settings(config, "tune"),
            **stage_settings(config, "train"),
        }
    metadata = {"settings": json.dumps(settings, sort_keys=True), "code": arguments.code}
    collect_parts(parts, arguments.output, SCHEMAS[arguments.table], metadata)


if __name__ == "__main__":
    run(main)
