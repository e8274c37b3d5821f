"""Check the records of one activation and init, and their gradients against numerical derivatives, at small depths."""

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path

from depthsounder.checking.checks import CheckPlan, check_records
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.initializers import initializer
from depthsounder.engine.extensions import extension_parser, own_places
from depthsounder.engine.gate import check_schema, refusal_reason
from depthsounder.engine.jobs import describe
from depthsounder.process.commands import run
from depthsounder.process.options import count, from_zero, positive, told
from depthsounder.storage.tables import write_rows

NOTED = tuple(setting.name for setting in fields(CheckPlan) if setting.name != "depths")
"""The settings that the table notes; a depth stands in each of its rows."""


def main() -> None:
    """Write the checks; a failed one is a result, on which the jobs that rest on it compute nothing."""
    parser = argparse.ArgumentParser(description=__doc__, parents=[extension_parser()])
    parser.add_argument("--activation", choices=list(ACTIVATIONS), required=True)
    parser.add_argument("--init", type=told(initializer), required=True, help="a name, such as he_normal")
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
    rows = check_records(ACTIVATIONS[arguments.activation], arguments.init, plan)
    checked = {"activation": arguments.activation, "init": arguments.init.name}
    if reason := refusal_reason(rows):
        named = f"{checked['activation']} with {checked['init']}"
        print(f"{named} is refused. {reason}{own_places(*checked.values())}", file=sys.stderr)
    write_rows(arguments.output, rows, check_schema(), describe(arguments, NOTED) | {"checked": json.dumps(checked)})


if __name__ == "__main__":
    run(main)
