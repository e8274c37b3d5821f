"""Record the validated config of a run beside its results."""

import argparse
from pathlib import Path

from depthsounder.config import Config, save_resolved
from depthsounder.process.commands import run


def main() -> None:
    """Write the config that all later stages read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--values", type=Config.model_validate_json, required=True, help="the config, as JSON")
    parser.add_argument("--output", type=Path, required=True, help="a JSON file")
    arguments = parser.parse_args()
    save_resolved(arguments.output, arguments.values)


if __name__ == "__main__":
    run(main)
