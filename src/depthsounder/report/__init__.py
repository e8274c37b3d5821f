"""The report of a run: one HTML file that holds everything it shows, and asks nothing of any network.

This package arranges and words; the numbers are the tables', the pictures the figures'.
"""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from depthsounder.figures.style import label
from depthsounder.judging.run_changes import compare_runs, load_snapshot
from depthsounder.process.text import count, join, names_of, number, setting
from depthsounder.report.context import report_context
from depthsounder.report.glossary import glossary, mark_words, named_elements
from depthsounder.report.links import cell_address, named_cells
from depthsounder.storage.frames import cell_of
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import Run

_TEMPLATES = Path(__file__).parent / "templates"

_PAGE = ("report", "tips", "address", "explorer", "tables", "prediction")
_LABORATORY = ("expectations", "correlations", "theory", "architectures", "advice", "plane", "network", "laboratory")
_SCRIPTS = (*_PAGE, *_LABORATORY)
"""The page's scripts, each after those that it uses."""


def render_report(run: Run, figures: Path, captions: Path, output: Path, baseline: Path | None = None) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    figures, captions
        Folders with NAME.svg and NAME.rst for each figure of the registry.
    output
        Where the page will lie: links to the tables start there.
    baseline
        The folder of the run that this one is compared with, if there is one.

    Raises
    ------
    OSError
        If a figure, a caption or a table is missing.
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        # Names come from configs and data of other people: whatever they hold is text.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "setting": setting,
        "join_words": join,
        "count_of": count,
        "label": label,
        "code_marks": code_marks,
        "cell_address": cell_address,
        "cell_of": lambda row: cell_of(row[name] for name in CELL_KEYS),
        "cell_names": lambda cell: names_of(cell.design, label),
        "model_names": lambda model: names_of(model, label),
    }
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    page = environment.get_template("report.html").render(
        **report_context(run, figures, captions, output),
        changes=None if baseline is None else compare_runs(load_snapshot(baseline), load_snapshot(run.folder)),
        style=Markup(style),  # noqa: S704 - our own files, which hold no one else's text
        scripts=[_script(f"{name}.js") for name in _SCRIPTS],
    )
    return mark_words(page, [*glossary(run), *named_elements(run)], named_cells(run))


def _script(name: str) -> dict[str, str]:
    """Return a script of ours, and the digest by which the page's policy knows it."""
    text = (_TEMPLATES / name).read_text(encoding="utf-8")
    digest = b64encode(sha256(text.encode()).digest()).decode()
    return {"text": Markup(text), "digest": digest}  # noqa: S704


def code_marks(text: str) -> Markup:
    """Return a text with what stands between backticks as code, all of it escaped."""
    parts = str(text).split("`")
    marked = [f"<code>{escape(part)}</code>" if index % 2 else str(escape(part)) for index, part in enumerate(parts)]
    return Markup("".join(marked))  # noqa: S704 - each part was escaped
