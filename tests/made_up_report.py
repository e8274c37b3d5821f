"""The report of a made-up run, as a file that a browser opens."""

from made_up_run import write_run

from depthsounder.figures import FIGURES
from depthsounder.figures.style import save
from depthsounder.report import render_report
from depthsounder.sweep.runs import load_run


def write_report(folder, root, *axes, **changes):
    """Write a made-up run and its report, and return the page's address, as a file."""
    run = load_run(write_run(folder / "results", *axes, **changes))
    for name, record in FIGURES.items():
        save(record.draw(run), folder / "figures" / f"{name}.svg")
    page = render_report(run, folder / "figures", root / "workflow" / "report", folder / "index.html")
    (folder / "index.html").write_text(page, encoding="utf-8")
    return (folder / "index.html").as_uri()
