"""Compare initializations by the tail losses of their networks, seed by seed."""

import argparse
from pathlib import Path

import pyarrow.compute as pc

from depthsounder.config import load_resolved
from depthsounder.judging.equal_inits import equal_laws
from depthsounder.judging.paired_inits import Pair, compare, evaluation_tails
from depthsounder.process.commands import run
from depthsounder.storage.frames import to_frame
from depthsounder.storage.schemas import CELL_KEYS, COMPARISONS
from depthsounder.storage.tables import read_table, write_rows


def main() -> None:
    """Write the comparisons table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the run's resolved config")
    parser.add_argument("--signal", type=Path, required=True, help="the signal table, which tells inits of one law")
    parser.add_argument("--traces", type=Path, required=True, help="the traces table")
    parser.add_argument("--code", default="", help="digest of the code, for the table's metadata")
    parser.add_argument("--output", type=Path, required=True, help="the comparisons table")
    arguments = parser.parse_args()
    config = load_resolved(arguments.config)
    traces = to_frame(read_table(arguments.traces, [*CELL_KEYS, "phase", "seed", "train_loss"]))
    tails = evaluation_tails(traces, config.training.steps, config.verdicts.tail_steps)
    signal = read_table(arguments.signal, [*CELL_KEYS, "seed", "step", "layer", "z_second_moment"])
    initial = to_frame(signal.filter(pc.equal(signal["step"], 0)))
    laws = equal_laws(initial, config.inits)
    family = [Pair(**dict(comparison)) for comparison in config.comparisons]
    metadata = {"settings": config.model_dump_json(include={"comparisons", "verdicts"}), "code": arguments.code}
    write_rows(arguments.output, compare(tails, family, config.inits, laws), COMPARISONS, metadata)


if __name__ == "__main__":
    run(main)
