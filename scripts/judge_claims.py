"""Judge the course note's claims on a run."""

import argparse
from pathlib import Path

from depthsounder.claims import JUDGED, Settings, columns_read, judge, ledger, load_evidence
from depthsounder.config import load_resolved
from depthsounder.data.dataset import load_dataset
from depthsounder.engine.gate import read_refusals, standing
from depthsounder.judging.reference import References
from depthsounder.judging.thresholds import Thresholds
from depthsounder.process.commands import run
from depthsounder.storage.schemas import CLAIMS
from depthsounder.storage.tables import write_rows
from depthsounder.sweep.cells import designs


def main() -> None:
    """Write the claims table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True, help="the run's folder: config, data and tables")
    parser.add_argument("--code", default="", help="digest of the code, for the table's metadata")
    parser.add_argument("--output", type=Path, required=True, help="the claims table")
    arguments = parser.parse_args()
    config = load_resolved(arguments.results / "config.json")
    dataset = load_dataset(arguments.results / "data.npz")
    refusals = read_refusals(arguments.results / "gradient_check.parquet")
    left = [design for design in standing(designs(config), refusals) if design.architecture == JUDGED]
    training = config.training
    settings = Settings(
        root_seed=config.root_seed,
        depths=config.depths,
        activations=tuple(dict.fromkeys(design.activation for design in left)),
        inits=tuple(dict.fromkeys(design.init for design in left)),
        width=config.width,
        optimizer=training.optimizer,
        steps=training.steps,
        clip_norm=training.clip_norm,
        references=References(config.root_seed, dataset.train_labels, training.batch_size, training.steps),
        thresholds=Thresholds(**dict(config.verdicts)),
    )
    claims = ledger()
    rows = judge(claims, load_evidence(arguments.results, settings, dataset, columns_read(claims)))
    write_rows(arguments.output, rows, CLAIMS, {"settings": config.model_dump_json(), "code": arguments.code})


if __name__ == "__main__":
    run(main)
