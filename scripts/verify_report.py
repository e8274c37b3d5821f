"""Say whether a report and the tables in a results folder belong together."""

import argparse
from pathlib import Path

from depthsounder.process.commands import run
from depthsounder.report.verification import verify_report


def main() -> None:
    """Compare the digests; exit with 1 if a table is missing or another one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path, required=True, help="an HTML file")
    parser.add_argument("--results", type=Path, required=True, help="the folder with the tables")
    arguments = parser.parse_args()
    checks = verify_report(arguments.report, arguments.results)
    for check in checks:
        print(f"{check.name + '.parquet':24} {check.finding}")
    wrong = [check for check in checks if check.finding != "the same"]
    if wrong:
        raise SystemExit(f"{arguments.report} was not made from the tables in {arguments.results}")
    print(f"{arguments.report} was made from these tables.")


if __name__ == "__main__":
    run(main)
