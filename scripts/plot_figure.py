"""Draw one figure of a run, in the formats that the outputs' endings name."""

import argparse
from pathlib import Path

from depthsounder.commands import run
from depthsounder.figures import FIGURES
from depthsounder.figures.style import save
from depthsounder.runs import load_run


def main() -> None:
    """Draw a figure once and save it once for each output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True, help="the run's folder with its tables")
    parser.add_argument("--figure", choices=FIGURES, required=True)
    parser.add_argument("--output", type=Path, action="append", required=True, help="a .svg, .png or .pdf file")
    arguments = parser.parse_args()
    figure = FIGURES[arguments.figure].draw(load_run(arguments.results))
    for output in arguments.output:
        save(figure, output)


if __name__ == "__main__":
    run(main)
