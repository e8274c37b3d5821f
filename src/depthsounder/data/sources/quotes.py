"""Quotation marks of a text file that are not closed: they swallow the rows behind them, and no parser complains.

This module looks at marks and line breaks; a parser splits lines into fields.
"""

import re
from pathlib import Path

import numpy as np

from depthsounder.data.sources.problems import DataError, line_at

_NEWLINE = re.compile(rb"\r\n|\n|\r")
_BLOCK = 2**18
_ALLOWED = "allowed: two around a value, and two for each that is a part of it"


def refuse_open_quotes(path: Path, content: bytes, separator: str) -> None:
    """Refuse a text of which a quotation mark seems to be missing.

    Raises
    ------
    DataError
        If the last mark opens a field that never ends, or if a field of several lines goes on behind its closing mark.
    """
    if b'"' not in content:
        return
    if (place := _never_closed(content, separator)) is not None:
        line = line_at(content, place)
        raise DataError(f"{path}, line {line:,}: found a quotation mark that is opened and not closed; {_ALLOWED}")
    if (place := _closed_by_another(content, separator)) is not None:
        line = line_at(content, place)
        raise DataError(
            f"{path}, line {line:,}: found a quotation mark that is closed in another line, by one that seems to open "
            f"a value; {_ALLOWED}"
        )


def _never_closed(content: bytes, separator: str) -> int | None:
    """Return the place of a last quotation mark that opens a field, of which the rest of the text would be a part."""
    place = content.rfind(b'"')
    if content.count(b'"') % 2 == 0:
        return None
    # Behind a value's letter it closes, or is a part of a value without marks, such as inches.
    return place if content[max(place - 1, 0) : place] in (separator.encode(), b"\n", b"\r", b"") else None


def _closed_by_another(content: bytes, separator: str) -> int | None:
    """Return where a field in quotes begins that holds a line break, and is followed by more than a separator."""
    if not _may_go_on(np.frombuffer(content, np.uint8), ord(separator)):
        return None
    edges = rb"\r\n" + re.escape(separator.encode())
    for field in re.finditer(rb"(?:\A|(?<=[" + edges + rb']))"(?:[^"]++|"")*+"', content):
        behind = content[field.end() : field.end() + 1]
        if behind not in (b"", b"\r", b"\n", separator.encode()) and _NEWLINE.search(field[0]):
            return field.start()
    return None


def _may_go_on(characters: np.ndarray, separator: int) -> bool:
    """Return whether a line break lies between two marks that do not stand at a field's edges; most texts have none."""
    if not _has_breaks_within(characters):
        return False
    marks = np.flatnonzero(characters == ord('"'))
    opened = np.unique(np.searchsorted(marks, np.flatnonzero(_breaks(characters))))
    opened = opened[opened % 2 == 1]
    edges = [separator, ord("\n"), ord("\r"), ord('"')]
    before = marks[opened - 1] - 1
    behind = marks[opened[opened < len(marks)]] + 1
    return not all(np.isin(characters[at[(at >= 0) & (at < len(characters))]], edges).all() for at in (before, behind))


def _has_breaks_within(characters: np.ndarray) -> bool:
    """Return whether a line break lies between two marks, looked for in blocks that a processor's cache holds."""
    within = np.bool_(False)
    for block in (characters[begin : begin + _BLOCK] for begin in range(0, len(characters), _BLOCK)):
        is_within = np.bitwise_xor.accumulate(block == ord('"')) ^ within
        if (is_within & _breaks(block)).any():
            return True
        within = is_within[-1]
    return False


def _breaks(characters: np.ndarray) -> np.ndarray:
    return (characters == ord("\n")) | (characters == ord("\r"))
