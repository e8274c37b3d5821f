"""Keep a run's verdicts, comparisons and claims as what later reports are compared with."""

import argparse
from pathlib import Path

from depthsounder.judging.run_changes import save_baseline
from depthsounder.process.commands import run


def main() -> None:
    """Copy what a baseline consists of."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True, help="results folder of the run to accept")
    parser.add_argument("--baseline", type=Path, required=True, help="folder of the baseline")
    arguments = parser.parse_args()
    save_baseline(arguments.results, arguments.baseline)
    print(f"{arguments.baseline} now keeps the verdicts of {arguments.results}")


if __name__ == "__main__":
    run(main)
