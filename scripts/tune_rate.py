"""Train the tuning seeds of one cell at every learning rate of the grid."""

from itertools import product
from pathlib import Path

from depthsounder.engine.jobs import OF_TRAINING, CellJob, add_recipe, cell_parser, compute_cell, recipe
from depthsounder.engine.rows import ColumnArrays, trace_columns
from depthsounder.engine.training import Trace, train
from depthsounder.process.commands import run
from depthsounder.process.options import positive
from depthsounder.storage.schemas import TRACES


def main() -> None:
    """Write a part of the traces table, of the phase tune."""
    parser = cell_parser(__doc__)
    add_recipe(parser)
    parser.add_argument("--learning-rates", type=positive, nargs="+", required=True, help="such as 0.01 0.1")
    parser.add_argument("--output", type=Path, required=True, help="a part of the traces table")
    arguments = parser.parse_args()

    def tune(job: CellJob) -> list[ColumnArrays]:
        traces = [Trace(seed, rate) for seed, rate in product(job.seeds, arguments.learning_rates)]
        parameters = job.draw(job.seeds).repeat(len(arguments.learning_rates), axis=0)
        train(parameters, job.spec, job.dataset, recipe(arguments, job.dataset), traces, job.root_seed)
        return [trace_columns(traces, "tune")]

    compute_cell(arguments, [*OF_TRAINING, "learning_rates"], {"output": TRACES}, tune)


if __name__ == "__main__":
    run(main)
