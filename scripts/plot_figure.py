"""Draw one figure of a run, in the forms and formats that the outputs' names ask for."""

import argparse
from pathlib import Path

from depthsounder.figures.form import form_of
from depthsounder.figures.style import save
from depthsounder.process.commands import Refusal, run
from depthsounder.studies import figures_of
from depthsounder.sweep.runs import load_run


def main() -> None:
    """Draw a figure once in each form and save it once for each output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True, help="the run's folder with its tables")
    parser.add_argument("--figure", required=True, help="a name of the registry, or that of the run's study")
    kinds = "a .svg, .png or .pdf file; NAME.slide.svg is a 16:9 slide"
    parser.add_argument("--output", type=Path, action="extend", nargs="+", required=True, help=kinds)
    arguments = parser.parse_args()
    finished = load_run(arguments.results)
    figures = figures_of(finished.config)
    if arguments.figure not in figures:
        raise Refusal(f"{arguments.figure}: this run has no such figure; it has {', '.join(figures)}")
    record = figures[arguments.figure]
    drawn = {form: record.draw(finished, form) for form in set(map(form_of, arguments.output))}
    for output in arguments.output:
        save(drawn[form_of(output)], output)


if __name__ == "__main__":
    run(main)
