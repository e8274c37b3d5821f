"""Write the report of a run: one HTML file that opens offline."""

import argparse
from pathlib import Path

from depthsounder.process.commands import run
from depthsounder.report import render_report
from depthsounder.storage.replacing import replacing
from depthsounder.sweep.runs import load_run


def main() -> None:
    """Render the page from the run's tables, figures and captions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True, help="the run's folder with its tables")
    parser.add_argument("--figures", type=Path, required=True, help="the folder with the figures as SVG")
    parser.add_argument("--captions", type=Path, required=True, help="the folder with the captions")
    parser.add_argument("--baseline", type=Path, help="the folder of the run that this one is compared with")
    parser.add_argument("--output", type=Path, required=True, help="an HTML file")
    arguments = parser.parse_args()
    run = load_run(arguments.results)
    page = render_report(run, arguments.figures, arguments.captions, arguments.output, arguments.baseline)
    with replacing(arguments.output) as temporary:
        temporary.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    run(main)
