"""Captions: templates in reStructuredText to HTML, from the one source that serves this report and Snakemake's own.

A caption takes each number that a config decides from `snakemake.config`, the name under which Snakemake's report hands
it the config. So both reports fill in the same template, and neither can state another run's thresholds.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined, TemplateError
from markupsafe import Markup

from depthsounder.config import Config

# As in Snakemake's report, but that a value which is missing is an error and no gap. The text is escaped by docutils.
_TEMPLATES = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)  # noqa: S701

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


@dataclass(frozen=True)
class _Job:
    """What a caption knows of the job that drew its figure, by Snakemake's names."""

    config: dict[str, Any]


def caption_text(path: Path, config: Config) -> str:
    """Return a caption with the numbers of a config in it, as reStructuredText.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no template, or takes from the config what the config has not; the message names the file.
    """
    job = _Job(config.model_dump(mode="json"))
    try:
        return _TEMPLATES.from_string(path.read_text(encoding="utf-8")).render(snakemake=job)
    except TemplateError as error:
        raise ValueError(f"{path}: {error}") from None


def caption_html(path: Path, config: Config) -> Markup:
    """Return a caption as HTML paragraphs.

    Raises
    ------
    OSError, ValueError
        As `caption_text`.
    docutils.utils.SystemMessage
        If it is not clean reStructuredText.
    """
    parts = publish_parts(
        caption_text(path, config), source_path=str(path), writer="html5", settings_overrides=_SETTINGS
    )
    return Markup(parts["fragment"])  # noqa: S704 - docutils escapes the text and was forbidden raw markup
