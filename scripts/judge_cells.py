"""Judge the signal and the training of every cell."""

import argparse
from pathlib import Path

from depthsounder.config import load_resolved
from depthsounder.data.dataset import load_dataset
from depthsounder.engine.gate import read_refusals, standing
from depthsounder.judging.cell_verdicts import judge_cells
from depthsounder.judging.reference import References
from depthsounder.judging.thresholds import Thresholds
from depthsounder.process.commands import run
from depthsounder.storage.schemas import VERDICTS
from depthsounder.storage.tables import write_rows
from depthsounder.sweep.cells import cells


def main() -> None:
    """Write the verdicts table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the run's resolved config")
    parser.add_argument("--data", type=Path, required=True, help="prepared data, an NPZ file")
    parser.add_argument("--checks", type=Path, required=True, help="the gradient_check table, which refuses cells")
    parser.add_argument("--signal", type=Path, required=True, help="the signal table")
    parser.add_argument("--traces", type=Path, required=True, help="the traces table")
    parser.add_argument("--code", default="", help="digest of the code, for the table's metadata")
    parser.add_argument("--output", type=Path, required=True, help="the verdicts table")
    arguments = parser.parse_args()
    config = load_resolved(arguments.config)
    thresholds = Thresholds(**dict(config.verdicts))
    labels = load_dataset(arguments.data).train_labels
    references = References(config.root_seed, labels, config.training.batch_size, config.training.steps)
    names = standing(cells(config), read_refusals(arguments.checks))
    rows = judge_cells(arguments.signal, arguments.traces, names, references, thresholds)
    metadata = {"settings": config.verdicts.model_dump_json(), "code": arguments.code}
    write_rows(arguments.output, list(rows), VERDICTS, metadata)


if __name__ == "__main__":
    run(main)
