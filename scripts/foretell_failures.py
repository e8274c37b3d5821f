"""Say how often theory alone foretold which cells of finished runs fail, and keep these cells as a record."""

import argparse
from pathlib import Path

from depthsounder.judging.foretelling import write_record
from depthsounder.judging.foretold_runs import accuracy_lines, foretold_cells
from depthsounder.process.commands import run


def main() -> None:
    """Print the rule's accuracy on each run with the cells that it has wrong, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="+", help="results folders of finished runs")
    parser.add_argument("--record", type=Path, help="the record to write, a table of tab-separated values")
    arguments = parser.parse_args()
    cells = [cell for folder in arguments.results for cell in foretold_cells(folder)]
    print(*accuracy_lines(cells), sep="\n")
    if arguments.record:
        write_record(arguments.record, cells)


if __name__ == "__main__":
    run(main)
