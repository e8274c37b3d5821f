"""Say what changed from one run to another; without the names of two, list the runs."""

import argparse
from pathlib import Path

from depthsounder.judging.run_changes import Change, compare_runs, finished_runs, load_snapshot
from depthsounder.process.commands import run


def main() -> None:
    """Print verdicts that flipped and effect sizes that left their intervals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="results folder of the earlier run, or a baseline")
    parser.add_argument("--after", type=Path, help="results folder of the later run")
    arguments = parser.parse_args()
    if arguments.before is None or arguments.after is None:
        print(f"Finished runs: {', '.join(finished_runs(Path('results'))) or 'none'}")
        print("Name two of them, as in: make compare A=default B=another")
        return
    changes = compare_runs(load_snapshot(arguments.before), load_snapshot(arguments.after))
    only = f"{changes.gone} in {arguments.before} only, {changes.new} in {arguments.after} only"
    print(f"{changes.common} cells in both, {only}")
    show("Settings that differ", changes.settings)
    show("Verdicts that flipped", changes.flipped)
    show("Effect sizes that left their interval", changes.moved)


def show(title: str, changes: list[Change]) -> None:
    """Print a list of changes under its title."""
    print(f"\n{title}: {len(changes) or 'none'}")
    for change in changes:
        print(f"  {change.subject}: {change.quantity} {change.before} -> {change.after}")


if __name__ == "__main__":
    run(main)
