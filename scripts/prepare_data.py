"""Split and scale a data source, choose the probe on which layers are measured, and say what the networks will see."""

import argparse
import sys
from pathlib import Path

from depthsounder.data.dataset import save_dataset
from depthsounder.data.prepare import describe, prepare_dataset
from depthsounder.data.sources import BUILT_IN, ENDINGS
from depthsounder.process.commands import run
from depthsounder.process.options import count, from_zero, share


def main() -> None:
    """Write the prepared data as an NPZ file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help=f"{', '.join(BUILT_IN)}, or a file: {ENDINGS}")
    parser.add_argument("--target", help="the file's column or array with the classes")
    parser.add_argument(
        "--features", action="append", help="a column that is used as a feature; all but the target if none"
    )
    parser.add_argument("--drop", action="append", help="a column that is left out")
    parser.add_argument("--header", choices=["True", "False"], help="whether a text's first line names its columns")
    parser.add_argument(
        "--test-fraction", type=share, help="share of the examples held out; none for the file's own split"
    )
    parser.add_argument("--root-seed", type=from_zero, required=True, help="origin of the split and of the probe")
    parser.add_argument("--probe-examples", type=count, required=True, help="training examples in the probe")
    parser.add_argument("--output", type=Path, required=True, help="the NPZ file to write")
    arguments = parser.parse_args()
    dataset = prepare_dataset(
        arguments.source,
        arguments.target,
        arguments.test_fraction,
        arguments.root_seed,
        arguments.probe_examples,
        tuple(arguments.features) if arguments.features else None,
        tuple(arguments.drop) if arguments.drop else None,
        {"True": True, "False": False}.get(arguments.header),
    )
    save_dataset(arguments.output, dataset)
    print(*describe(dataset, own_split=arguments.test_fraction is None), sep="\n", file=sys.stderr)


if __name__ == "__main__":
    run(main)
