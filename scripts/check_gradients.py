"""Check the gradients of one activation and init against numerical derivatives, at small depths."""

import argparse
from dataclasses import asdict
from pathlib import Path

from depthsounder.activations import ACTIVATIONS
from depthsounder.commands import run
from depthsounder.gate import check_schema
from depthsounder.gradcheck import check_gradients, draw_checked_network
from depthsounder.initializers import initializer
from depthsounder.jobs import describe
from depthsounder.tables import write_rows


def main() -> None:
    """Write the checks; a failed one is a result, and the jobs that rest on it refuse to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--activation", choices=list(ACTIVATIONS), required=True)
    parser.add_argument("--init", type=initializer, required=True, help="a name, such as he_normal")
    parser.add_argument("--depths", type=int, nargs="+", required=True, help="such as 1 2 3")
    parser.add_argument("--width", type=int, required=True, help="units of a hidden layer")
    parser.add_argument("--examples", type=int, required=True, help="of the batch")
    parser.add_argument("--complex-step-threshold", type=float, required=True, help="greatest relative error")
    parser.add_argument("--root-seed", type=int, required=True, help="of all random streams")
    parser.add_argument("--code", default="", help="digest of the code, for the table's metadata")
    parser.add_argument("--output", type=Path, required=True, help="a part of the gradient_check table")
    arguments = parser.parse_args()
    activation = ACTIVATIONS[arguments.activation]
    rows = []
    for depth in arguments.depths:
        network = draw_checked_network(
            arguments.root_seed, depth, arguments.width, arguments.examples, activation, arguments.init
        )
        rows += [
            {"depth": depth, **asdict(check)} for check in check_gradients(network, arguments.complex_step_threshold)
        ]
    write_rows(arguments.output, rows, check_schema(), describe(arguments))


if __name__ == "__main__":
    run(main)
