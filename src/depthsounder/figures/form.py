"""The two sizes in which a figure is drawn: as large as it needs on a page, and filling a slide.

A figure says its sizes for the page; on a slide everything is larger, and no text is smaller than can be read from the
last row. A file tells its form by its name: `answer.svg` is for the page, `answer.slide.svg` for a slide.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure


@dataclass(frozen=True)
class Form:
    """How large a figure and what stands in it are.

    Attributes
    ----------
    size
        Inches of width and height; None for what the figure asks for.
    scale
        By which text, lines and markers are larger than on a page.
    smallest
        Points of the smallest text.
    """

    size: tuple[float, float] | None
    scale: float
    smallest: float


PAGE = Form(size=None, scale=1.0, smallest=6.5)
SLIDE = Form(size=(40 / 3, 7.5), scale=1.35, smallest=11.0)
"""A page of 1280 × 720 pixels at 96 to the inch, which is 960 × 540 points."""

FORMS = {"page": PAGE, "slide": SLIDE}

_form: ContextVar[Form] = ContextVar("form", default=PAGE)


@contextmanager
def in_form(form: Form) -> Iterator[None]:
    """Draw in this form."""
    token = _form.set(form)
    try:
        yield
    finally:
        _form.reset(token)


def form_of(path: Path) -> Form:
    """Return the form that a file's name asks for."""
    return FORMS.get(Path(path.stem).suffix.removeprefix("."), PAGE)


def canvas(width: float, height: float) -> Figure:
    """Return an empty figure of so many inches on a page, or one that fills a slide."""
    return Figure(figsize=_form.get().size or (width, height), layout="constrained")


def text_size(points: float) -> float:
    """Return the size of text that has so many points on a page."""
    return max(_form.get().smallest, _form.get().scale * points)


def stroke(points: float) -> float:
    """Return the size of a line or a marker that has so many points on a page."""
    return _form.get().scale * points


def scaled(theme: dict[str, Any]) -> Any:  # noqa: ANN401 - matplotlib types its settings by their names
    """Return matplotlib settings with all sizes in points made larger for the form."""
    sizes = {
        name: (text_size if name.endswith(("labelsize", "titlesize", "fontsize", "font.size")) else stroke)(value)
        for name, value in theme.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and name.endswith(_IN_POINTS)
    }
    return theme | sizes


_IN_POINTS = ("size", "width", "title_fontsize", "fontsize")
