"""Check the records of a cell, and their gradients against numerical derivatives, at small depths."""

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path

from depthsounder.checking.checks import CheckPlan, check_records
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.engine.extensions import extension_parser, own_places
from depthsounder.engine.gate import check_schema, refusal_reason
from depthsounder.engine.jobs import add_design, describe, design
from depthsounder.process.commands import run
from depthsounder.process.options import count, from_zero, positive
from depthsounder.process.text import in_words
from depthsounder.storage.tables import write_rows

NOTED = tuple(setting.name for setting in fields(CheckPlan) if setting.name != "depths")
"""The settings that the table notes; a depth stands in each of its rows."""


def main() -> None:
    """Write the checks; a failed one is a result, on which the jobs that rest on it compute nothing."""
    parser = argparse.ArgumentParser(description=__doc__, parents=[extension_parser()])
    add_design(parser)
    parser.add_argument("--depths", type=count, nargs="+", required=True, help="such as 1 2 3")
    parser.add_argument("--width", type=count, required=True, help="units of a hidden layer of the checked networks")
    parser.add_argument("--examples", type=count, required=True, help="of the batch")
    parser.add_argument("--sweep-width", type=count, required=True, help="units of a hidden layer of the sweep")
    parser.add_argument("--complex-step-threshold", type=positive, required=True, help="greatest relative error")
    parser.add_argument("--not-analytic", choices=["refuse", "central_difference"], required=True)
    parser.add_argument("--root-seed", type=from_zero, required=True, help="of all random streams")
    parser.add_argument("--code", default="", help="digest of the code, for the table's metadata")
    parser.add_argument("--output", type=Path, required=True, help="a part of the gradient_check table")
    arguments = parser.parse_args()
    how = {setting.name: getattr(arguments, setting.name) for setting in fields(CheckPlan)}
    plan = CheckPlan(**how | {"depths": tuple(arguments.depths)})
    checked = design(arguments)
    rows = check_records(ARCHITECTURES[checked.architecture], ACTIVATIONS[checked.activation], arguments.init, plan)
    if reason := refusal_reason(rows):
        print(f"{in_words(checked)} is refused. {reason}{own_places(checked)}", file=sys.stderr)
    noted = {"checked": json.dumps(checked._asdict())}
    write_rows(arguments.output, rows, check_schema(), describe(arguments, NOTED) | noted)


if __name__ == "__main__":
    run(main)
