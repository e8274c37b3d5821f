"""Measure the layers of freshly drawn networks: one block of seeds of one cell."""

from pathlib import Path

from depthsounder.engine.jobs import OF_ALL_CELLS, CellJob, cell_parser, compute_cell
from depthsounder.engine.rows import ColumnArrays, initial_jacobian, initial_signal
from depthsounder.process.commands import run
from depthsounder.storage.schemas import JACOBIAN, SIGNAL


def main() -> None:
    """Write a part of the signal table, of step 0, and one of the Jacobian table."""
    parser = cell_parser(__doc__)
    parser.add_argument("--signal", type=Path, required=True, help="a part of the signal table, to write")
    parser.add_argument("--jacobian", type=Path, required=True, help="a part of the Jacobian table, to write")
    arguments = parser.parse_args()
    compute_cell(arguments, OF_ALL_CELLS, {"signal": SIGNAL, "jacobian": JACOBIAN}, _measure)


def _measure(job: CellJob) -> tuple[ColumnArrays, ColumnArrays]:
    networks = (job.draw(job.seeds), job.seeds, job.spec, job.dataset)
    return initial_signal(*networks), initial_jacobian(*networks)


if __name__ == "__main__":
    run(main)
