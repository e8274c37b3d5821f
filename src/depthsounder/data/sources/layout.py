"""How a text file is laid out: what separates its fields, where its rows begin, and what its columns are called.

This module looks at the first lines; it reads no table.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path

from depthsounder.data.sources.problems import DataError, shown

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,6})?", re.ASCII)
"""A number as it is written in files."""

_SAMPLED_LINES = 20
_EXCEL_LINE = re.compile(rb'"?sep=(.)"?[,;\t|]*(\r\n|\n|\r)', re.IGNORECASE)
_NEWLINE = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True)
class Layout:
    """What the first lines say of a text file.

    Attributes
    ----------
    separator
        Between fields.
    names
        Of the columns, stripped; ``column_3`` for the third if it has none.
    unnamed
        The positions of the columns without a name.
    start
        The byte at which the first row begins.
    first_line
        The number of the line at which the names, or without them the first row, stand.
    problems
        What is wrong with the first line.
    """

    separator: str
    names: tuple[str, ...]
    unnamed: frozenset[int]
    start: int
    first_line: int
    problems: tuple[str, ...]


def find_layout(path: Path, content: bytes, header: bool | None) -> Layout:
    """Find the layout of a text.

    Parameters
    ----------
    content
        UTF-8, with at least one line that is not blank.
    header
        Whether the first line names the columns; None if it does unless it looks like data, which is then refused.

    Raises
    ------
    DataError
        If nothing separates the fields.
    """
    start, separator = 0, None
    if excel := _EXCEL_LINE.match(content):
        start, separator = excel.end(), excel[1].decode("latin-1")
    lines = list(islice(_records(content, start), _SAMPLED_LINES))
    if not lines:
        raise DataError(f"{path}: found nothing but blank lines and quotation marks; allowed: rows of one length")
    first_line = content.count(b"\n", 0, lines[0][0]) + 1
    texts = [content[begin:end].decode() for begin, end in lines]
    if texts[0].lstrip().startswith("#"):
        raise DataError(
            f"{path}, line {first_line}: found a comment, {shown(texts[0])}; allowed: the names of the columns: take "
            "the lines out that begin with #, and of a line of names the #"
        )
    separator = separator or _separator(path, texts)
    fields = [field.strip() for field in split_record(texts[0], separator)]
    if header is False:
        names = tuple(f"column_{number + 1}" for number in range(len(fields)))
        return Layout(separator, names, frozenset(), lines[0][0], first_line, ())
    names = tuple(field or f"column_{number + 1}" for number, field in enumerate(fields))
    unnamed = frozenset(number for number, field in enumerate(fields) if not field)
    problems = [] if header else _data_in_the_first_line(path, first_line, fields)
    return Layout(separator, names, unnamed, _after(content, lines[0][1]), first_line, tuple(problems))


def _records(content: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Yield where each record that is not blank begins and ends: a line, or several if a quoted field holds breaks."""
    begin, quotes, place = start, 0, start
    while place < len(content):
        newline = _NEWLINE.search(content, place)
        end, after = (newline.start(), newline.end()) if newline else (len(content), len(content))
        quotes += content.count(b'"', place, end)
        place = after
        if quotes % 2 == 0 or newline is None:
            if content[begin:end].strip():
                yield begin, end
            begin, quotes = after, 0


def unclosed_quote(content: bytes, separator: str) -> int | None:
    """Return the line of a last quotation mark that opens a field, of which the rest of the text would be a part."""
    place = content.rfind(b'"')
    if place < 0 or content.count(b'"') % 2 == 0:
        return None
    edges = (separator.encode(), b"\n", b"\r", b"")
    if content[max(place - 1, 0) : place] not in edges or content[place + 1 : place + 2] in edges:
        return None
    return len(_NEWLINE.findall(content, 0, place)) + 1


def _after(content: bytes, end: int) -> int:
    newline = _NEWLINE.match(content, end)
    return newline.end() if newline else end


def split_record(text: str, separator: str) -> list[str]:
    """Return the fields of a record, without their quotes."""
    try:
        return next(csv.reader(StringIO(text, newline=""), delimiter=separator), [])
    except csv.Error:
        # A field of more than a hundred thousand characters.
        return text.split(separator)


def _separator(path: Path, texts: Sequence[str]) -> str:
    """Return what stands equally often in all lines, a comma last, because decimal commas do so too."""
    counts = {mark: [len(split_record(text, mark)) for text in texts] for mark in ("\t", ";", "|", ",")}
    for mark, numbers in counts.items():
        if numbers[0] > 1 and len(set(numbers)) == 1:
            return mark
    most = max(counts, key=lambda mark: counts[mark][0])
    if counts[most][0] == 1 and len(texts) > 1 and all(len(text.split()) > 1 for text in texts):
        raise DataError(
            f"{path}: found fields with only blanks between; allowed: commas, semicolons, tabs or bars: "
            "pandas.read_csv(…, sep=r'\\s+').to_csv('data.csv', index=False) writes it so"
        )
    return most if counts[most][0] > 1 else ","


def _data_in_the_first_line(path: Path, line: int, fields: Sequence[str]) -> list[str]:
    """Say so if a name is a number, unless the numbers count the columns, as pandas does for an array."""
    numbers = [field for field in fields if NUMBER.fullmatch(field)]
    markers = [field for field in fields if field == "?"]
    counting = [field.isdecimal() and int(field) - int(numbers[0]) == k for k, field in enumerate(numbers)]
    if not (numbers or markers) or (not markers and all(counting) and int(numbers[0]) in (0, 1) and len(numbers) > 1):
        return []
    problem = (
        f"{path}, line {line}: found {shown((numbers or markers)[0])} as a column's name: the first line looks like "
        "data; allowed: the names of the columns; data.header: false if it is an example, which names them column_1, "
        "column_2 …, and data.header: true if it does name them"
    )
    return [problem]
