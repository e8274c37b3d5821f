"""Measure the layers of freshly drawn networks: one block of seeds of one cell."""

from pathlib import Path

from depthsounder.commands import run
from depthsounder.jobs import cell_parser, start_cell
from depthsounder.records import initial_jacobian, initial_signal
from depthsounder.tables import JACOBIAN, SIGNAL


def main() -> None:
    """Write a part of the signal table, of step 0, and one of the Jacobian table."""
    parser = cell_parser(__doc__)
    parser.add_argument("--signal", type=Path, required=True, help="a part of the signal table, to write")
    parser.add_argument("--jacobian", type=Path, required=True, help="a part of the Jacobian table, to write")
    arguments = parser.parse_args()
    job = start_cell(arguments)
    networks = (job.draw(job.seeds), job.seeds, job.sizes, job.activation, job.dataset)
    job.write(arguments.signal, initial_signal(*networks), SIGNAL)
    job.write(arguments.jacobian, initial_jacobian(*networks), JACOBIAN)


if __name__ == "__main__":
    run(main)
