"""The page of a benchmark run: one HTML file that holds everything it shows.

It is drawn from the table alone, in the style of the sweep's report.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import depthsounder.report
from benchmarks.plots import AXES, NAMES, PLOTS, Plot, draw
from benchmarks.summary import REFERENCE, Results, judge_goals
from depthsounder.figures.style import label, save
from depthsounder.process.text import count, join, number
from depthsounder.report.downloads import csv_link
from depthsounder.report.vector import inline_svg


def render_page(results: Results) -> str:
    """Return the page as HTML."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "label": label, "count_of": count}
    style = Path(depthsounder.report.__file__).with_name("templates") / "report.css"
    summary = results.summarize()
    return environment.get_template("page.html").render(
        names=NAMES,
        reference=REFERENCE,
        summary=summary.to_dict("records"),
        goals=judge_goals(summary).to_dict("records"),
        plots=[(plot, _inline(plot, results)) for plot in PLOTS],
        facts=results.facts,
        repeats=results.rows["repeat"].nunique(),
        csv=csv_link(results.rows),
        style=Markup(style.read_text(encoding="utf-8")),  # noqa: S704 - our own file
    )


def _inline(plot: Plot, results: Results) -> Markup:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{plot.quantity}.svg"
        save(draw(plot, results.rows), path)
        return inline_svg(path, plot.quantity, f"{plot.title}, over {join(AXES)}; the table below has all numbers")
