"""Train one block of evaluation seeds of one cell at the learning rate that its tuning chose."""

from pathlib import Path

from depthsounder.engine.jobs import OF_TRAINING, CellJob, add_recipe, cell_parser, compute_cell, recipe
from depthsounder.engine.probes import Probe
from depthsounder.engine.rows import ColumnArrays, trace_columns, training_signal
from depthsounder.engine.training import Trace, train
from depthsounder.engine.tuning import read_chosen_rate
from depthsounder.process.commands import run
from depthsounder.process.options import count
from depthsounder.storage.schemas import SIGNAL, TRACES


def main() -> None:
    """Write a part of the traces table, of the phase evaluate, and one of the signal table."""
    parser = cell_parser(__doc__)
    add_recipe(parser)
    parser.add_argument("--tuning", type=Path, nargs="+", required=True, help="the cell's tuning traces")
    parser.add_argument("--tail-steps", type=count, required=True, help="last steps by which rates are compared")
    parser.add_argument("--signal", type=Path, required=True, help="a part of the signal table, to write")
    parser.add_argument("--traces", type=Path, required=True, help="a part of the traces table, to write")
    arguments = parser.parse_args()

    def evaluate(job: CellJob) -> tuple[ColumnArrays, ColumnArrays]:
        rate = read_chosen_rate(arguments.tuning, arguments.steps, arguments.tail_steps)
        traces = [Trace(seed, rate) for seed in job.seeds]
        probe = Probe(job.spec, job.dataset)
        parameters, how = job.draw(job.seeds), recipe(arguments, job.dataset)
        train(parameters, job.spec, job.dataset, how, traces, job.root_seed, probe)
        return training_signal(traces, job.spec), trace_columns(traces, "evaluate")

    compute_cell(arguments, [*OF_TRAINING, "tail_steps"], {"signal": SIGNAL, "traces": TRACES}, evaluate)


if __name__ == "__main__":
    run(main)
