"""Say where the report of a config lies, or will lie."""

import argparse
from pathlib import Path

from depthsounder.config import default_config, validate_files
from depthsounder.process.commands import run
from depthsounder.sweep.cells import RunPaths


def main() -> None:
    """Print the path of the report; nothing is run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path, nargs="*", help="config files, laid over the default one")
    arguments = parser.parse_args()
    config = validate_files([default_config(Path(__file__).resolve().parents[1]), *arguments.config])
    report = RunPaths(config.run).report.resolve()
    print(f"The report is {report}" if report.is_file() else f"There is no report yet: it will be {report}")


if __name__ == "__main__":
    run(main)
