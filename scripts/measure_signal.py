"""Measure the layers of freshly drawn networks: one block of seeds of one cell."""

from pathlib import Path

from depthsounder.commands import run
from depthsounder.jobs import cell_parser, start_cell
from depthsounder.records import initial_signal
from depthsounder.tables import SIGNAL


def main() -> None:
    """Write a part of the signal table, of step 0."""
    parser = cell_parser(__doc__)
    parser.add_argument("--output", type=Path, required=True, help="a part of the signal table")
    arguments = parser.parse_args()
    job = start_cell(arguments)
    columns = initial_signal(job.draw(job.seeds), job.seeds, job.sizes, job.activation, job.dataset)
    job.write(arguments.output, columns, SIGNAL)


if __name__ == "__main__":
    run(main)
