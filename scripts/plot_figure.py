"""Draw one figure of a run, in the formats that the outputs' endings name."""

import argparse
from pathlib import Path

from depthsounder.figures.style import save
from depthsounder.process.commands import Refusal, run
from depthsounder.studies import figures_of
from depthsounder.sweep.runs import load_run


def main() -> None:
    """Draw a figure once and save it once for each output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True, help="the run's folder with its tables")
    parser.add_argument("--figure", required=True, help="a name of the registry, or that of the run's study")
    parser.add_argument("--output", type=Path, action="append", required=True, help="a .svg, .png or .pdf file")
    arguments = parser.parse_args()
    finished = load_run(arguments.results)
    figures = figures_of(finished.config)
    if arguments.figure not in figures:
        raise Refusal(f"{arguments.figure}: this run has no such figure; it has {', '.join(figures)}")
    figure = figures[arguments.figure].draw(finished)
    for output in arguments.output:
        save(figure, output)


if __name__ == "__main__":
    run(main)
