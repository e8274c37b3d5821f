"""Captions: reStructuredText to HTML, from the one source that serves this report and Snakemake's own."""

from pathlib import Path

from docutils.core import publish_parts
from markupsafe import Markup

_SETTINGS = {
    # A caption is text: it reads no files and brings no markup of its own.
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 2,
    "halt_level": 2,
    "traceback": True,
    "initial_header_level": 4,
    "smart_quotes": False,
}


def caption_html(path: Path) -> Markup:
    """Return a caption as HTML paragraphs.

    Raises
    ------
    OSError
        If the file cannot be read.
    docutils.utils.SystemMessage
        If it is not clean reStructuredText.
    """
    parts = publish_parts(
        path.read_text(encoding="utf-8"), source_path=str(path), writer="html5", settings_overrides=_SETTINGS
    )
    return Markup(parts["fragment"])  # noqa: S704 - docutils escapes the text and was forbidden raw markup
