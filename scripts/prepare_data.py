"""Split and scale a data source, and choose the probe on which layers are measured."""

import argparse
import sys
from pathlib import Path

from depthsounder.commands import run
from depthsounder.dataset import save_dataset
from depthsounder.prepare import prepare_dataset
from depthsounder.sources import DataError


def main() -> None:
    """Write the prepared data as an NPZ file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help="digits, or a .csv, .parquet or .npz file")
    parser.add_argument("--target", help="the file's column or array with the classes")
    parser.add_argument("--test-fraction", type=float, required=True, help="share of the examples held out")
    parser.add_argument("--root-seed", type=int, required=True, help="origin of the split and of the probe")
    parser.add_argument("--probe-examples", type=int, required=True, help="training examples in the probe")
    parser.add_argument("--output", type=Path, required=True, help="the NPZ file to write")
    arguments = parser.parse_args()
    try:
        dataset = prepare_dataset(
            arguments.source,
            arguments.target,
            arguments.test_fraction,
            arguments.root_seed,
            arguments.probe_examples,
        )
    except DataError as error:
        sys.exit(f"{parser.prog}: {error}")
    save_dataset(arguments.output, dataset)


if __name__ == "__main__":
    run(main)
