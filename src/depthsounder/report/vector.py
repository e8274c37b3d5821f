"""SVG files made fit to stand together in one page.

Each file was written as a document of its own: its ids would collide with its neighbors', its style would reach into
the page, and its size is in points. The drawing itself is left alone but for indentation, and for digits that no eye
can see.
"""

import re
from pathlib import Path

from markupsafe import Markup, escape

_PROLOG = re.compile(r"^.*?(?=<svg\b)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)
_STYLE = re.compile(r"<style\b.*?</style>\s*", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_ID = re.compile(r'\bid="([^"]+)"')
_REFERENCE = re.compile(r'(url\(#|href="#)')
_ROOT = re.compile(r"<svg\b[^>]*>")
_SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_PATH = re.compile(r' d="([^"]+)"')
_DIGITS = re.compile(r"(-?\d+\.\d)\d+")
_SPACE = re.compile(r"\s+")
_INDENTATION = re.compile(r"\n\s+")
_FONT = re.compile(r"'DejaVu Sans'[^;\"]*sans-serif")


def inline_svg(path: Path, prefix: str, alternative_text: str) -> Markup:
    """Return an SVG file's drawing for use inside a page.

    Parameters
    ----------
    prefix
        Put before each id, so that figures keep apart.
    alternative_text
        What stands for the picture where it cannot be seen.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no SVG of the form that matplotlib writes.
    """
    text = path.read_text(encoding="utf-8")
    size = _SIZE.search(text)
    if size is None:
        raise ValueError(f"{path}: this is no SVG with a viewBox")
    for noise in (_PROLOG, _METADATA, _STYLE, _COMMENT):
        text = noise.sub("", text)
    text = _ID.sub(rf'id="{prefix}-\1"', text)
    text = _REFERENCE.sub(rf"\1{prefix}-", text)
    text = _PATH.sub(lambda match: f' d="{_shorter(match[1])}"', text)
    text = _INDENTATION.sub("\n", text)
    text = _FONT.sub("DejaVu Sans,Verdana,sans-serif", text)
    width, height = size.groups()
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" '
        f'viewBox="0 0 {width} {height}" style="--width: {float(width) * 4 / 3:.0f}px" '
        f'aria-label="{escape(alternative_text)}">'
    )
    return Markup(_ROOT.sub(lambda _: root, text, count=1))  # noqa: S704 - matplotlib escapes what it writes


def _shorter(path: str) -> str:
    """Return a path's data with a tenth of a point as the last digit: a 750th of an inch."""
    return _SPACE.sub(" ", _DIGITS.sub(r"\1", path)).strip()
