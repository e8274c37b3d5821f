"""Predict every cell's layers by mean-field theory, from its init alone and from the probe's own norms and overlaps."""

import argparse
from pathlib import Path

from depthsounder.config import load_resolved
from depthsounder.data.dataset import load_dataset
from depthsounder.engine.gate import read_refusals, standing
from depthsounder.process.commands import run
from depthsounder.storage.schemas import THEORY
from depthsounder.storage.tables import write_cells
from depthsounder.sweep.cells import designs
from depthsounder.theory.predicting import predict_cells


def main() -> None:
    """Write the theory table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the run's resolved config")
    parser.add_argument("--data", type=Path, required=True, help="prepared data, an NPZ file")
    parser.add_argument("--checks", type=Path, required=True, help="the gradient_check table, which refuses cells")
    parser.add_argument("--code", default="", help="digest of the code, for the table's metadata")
    parser.add_argument("--output", type=Path, required=True, help="the theory table")
    arguments = parser.parse_args()
    config = load_resolved(arguments.config)
    dataset = load_dataset(arguments.data)
    left = standing(designs(config), read_refusals(arguments.checks))
    predicted = predict_cells(
        left, config.depths, dataset.probe_inputs, config.width, config.root_seed, dataset.probe_labels
    )
    write_cells(arguments.output, dict(predicted), THEORY, {"code": arguments.code})


if __name__ == "__main__":
    run(main)
