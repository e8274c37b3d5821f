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

from depthsounder.data.sources.problems import DataError, counted, line_at, shown

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,6})?", re.ASCII)
"""A number as it is written in files."""

_NO_NAME = re.compile(r"\?|[+-]?(nan|inf|infinity)|null|n/a|#n/a|\d{4}-\d\d?-\d\d?([T ].*)?", re.IGNORECASE)
"""What stands for a value, and is no name of a column."""

SEPARATORS = ("\t", ";", "|", ",")

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
        The names of the columns, stripped; ``column_3`` for the third if it has none.
    unnamed
        The positions of the columns without a name.
    start
        The byte at which the first row begins.
    first_line
        The number of the line at which the names, or without them the first row, stand.
    data
        What stands in the first line in place of a name, and looks like data; None if nothing does.
    again
        A name that is a value of its own column, too, so that it may be none; None if there is no such name.
    """

    separator: str
    names: tuple[str, ...]
    unnamed: frozenset[int]
    start: int
    first_line: int
    data: str | None
    again: str | None = None


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
    first_line = line_at(content, lines[0][0])
    texts = [content[begin:end].decode() for begin, end in lines]
    separator = separator or _separator(path, texts)
    records = [split_record(text, separator) for text in texts]
    _refuse_a_comment(path, first_line, texts[0], records)
    _refuse_blanks_before_quotes(path, first_line, records)
    if not header:
        _refuse_a_title(path, first_line, texts, records)
    fields = [field.strip() for field in records[0]]
    if header is False:
        names = numbered(len(fields))
        return Layout(separator, names, frozenset(), lines[0][0], first_line, None)
    names, unnamed = named(fields)
    data = None if header else _data_among(fields, records[1:])
    again = None if header else _name_among(fields, [record for record in records[1:] if record != records[0]])
    return Layout(separator, names, unnamed, _after(content, lines[0][1]), first_line, data, again)


def _records(content: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Yield where each record that is not blank begins and ends: a line, or several if a quoted field holds breaks."""
    begin, quotes, place = start, 0, start
    while place < len(content):
        newline = _NEWLINE.search(content, place)
        end, after = (newline.start(), newline.end()) if newline else (len(content), len(content))
        quotes += content.count(b'"', place, end)
        place = after
        if quotes % 2 == 0 or place == len(content):
            if content[begin:end].strip():
                yield begin, end
            begin, quotes = after, 0


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
    """Return what stands equally often in all lines, and most often if there are several."""
    counts = {mark: [len(split_record(text, mark)) for text in texts] for mark in SEPARATORS}
    # Decimal commas stand equally often in all lines, too.
    for marks in (SEPARATORS[:-1], SEPARATORS[-1:]):
        alike = [mark for mark in marks if counts[mark][0] > 1 and len(set(counts[mark])) == 1]
        if alike:
            return max(alike, key=lambda mark: counts[mark][0])
    most = max(counts, key=lambda mark: counts[mark][0])
    if counts[most][0] == 1 and len(texts) > 1 and all(len(text.split()) > 1 for text in texts):
        raise DataError(
            f"{path}: found fields with only blanks between; allowed: commas, semicolons, tabs or bars: "
            "pandas.read_csv(…, sep=r'\\s+').to_csv('data.csv', index=False) writes it so"
        )
    return most if counts[most][0] > 1 else ","


def _refuse_a_comment(path: Path, first_line: int, text: str, records: Sequence[Sequence[str]]) -> None:
    """Refuse a first line behind a #, unless it is a name's first letter in a line of names."""
    if re.match(r"\s*#", text) and (re.match(r"\s*#\s", text) or len({len(fields) for fields in records[:2]}) > 1):
        raise DataError(
            f"{path}, line {first_line}: found a comment, {shown(text)}; allowed: the names of the columns: take the "
            "lines out that begin with #, and of a line of names the #"
        )


def _refuse_blanks_before_quotes(path: Path, first_line: int, records: Sequence[Sequence[str]]) -> None:
    if any(field[:1].isspace() and field.lstrip().startswith('"') for fields in records for field in fields):
        raise DataError(
            f"{path}, line {first_line}: found blanks before quotation marks, here or in the lines below, which makes "
            "the marks a part of the values; allowed: none: pandas.read_csv(…, skipinitialspace=True).to_csv("
            "'data.csv', index=False) writes it so"
        )


def _refuse_a_title(path: Path, first_line: int, texts: Sequence[str], records: Sequence[Sequence[str]]) -> None:
    """Refuse a first line of fewer fields than all below it have; one field fewer are names without one for rows."""
    place, advice = (
        f"{path}, line {first_line}",
        "allowed: the names of the columns first: take out what stands above them",
    )
    if len(records[0]) > 1 and len({len(fields) for fields in records}) == 1:
        named = [field for field in map(str.strip, records[0]) if field]
        if len(records[0]) > 2 and len(named) < 2 and any(all(fields) for fields in records[1:]):
            raise DataError(f"{place}: found nothing but {shown(*named or [''])}; {advice}")
        return
    for mark in SEPARATORS:
        numbers = [len(split_record(text, mark)) for text in texts]
        if len(texts) > 2 and len(set(numbers[1:])) == 1 and numbers[0] < numbers[1] - 1:
            if numbers[0] > 1 and any(NUMBER.fullmatch(field.strip()) for field in split_record(texts[1], mark)):
                # Not the line of names is too short, but the rows are too long, of decimal commas or without quotes.
                continue
            found = f"{counted(numbers[0], 'field')}, {shown(texts[0])}, and {numbers[1]} in each line below"
            raise DataError(f"{place}: found {found}; {advice}")


def refuse_one_column(path: Path, content: bytes, layout: Layout) -> None:
    """Refuse a text in which no separator was found.

    Raises
    ------
    DataError
        With the first line, and what may be meant to separate its fields.
    """
    below = [content[begin:end].decode() for begin, end in islice(_records(content, layout.start), _SAMPLED_LINES)]
    name = layout.names[0]
    marks = [mark for mark in ",:^~!" if mark in name and {text.count(mark) for text in below} == {name.count(mark)}]
    meant = (
        f": {marks[0]!r} seems to stand between them: pandas.read_csv(…, sep={marks[0]!r}).to_csv('data.csv', "
        "index=False) writes commas"
        if marks
        else ""
    )
    raise DataError(
        f"{path}, line {layout.first_line}: found one field, {shown(layout.names[0])}; allowed: fields with commas, "
        f"semicolons, tabs or bars between{meant}"
    )


def named(names: Sequence[str]) -> tuple[tuple[str, ...], frozenset[int]]:
    """Return names of which each that is empty is made up from its position, and the positions of those."""
    whole = tuple(name or made for name, made in zip(names, numbered(len(names)), strict=True))
    return whole, frozenset(position for position, name in enumerate(names) if not name)


def numbered(number: int) -> tuple[str, ...]:
    """Return the names of columns that have none."""
    return tuple(f"column_{position + 1}" for position in range(number))


def _data_among(fields: Sequence[str], below: Sequence[Sequence[str]]) -> str | None:
    """Return what looks like data in a line of names: a number, a date or a mark of what is missing.

    Numbers that count the columns from 0 are names, as pandas writes them for an array, unless they or the names beside
    them stand among the values below.
    """
    data = [field for field in fields if NUMBER.fullmatch(field) or _NO_NAME.fullmatch(field)]
    if not data or any(field != str(position) for position, field in enumerate(data)) or len(data) == 1:
        return data[0] if data else None
    again = _found_below(fields, below)
    names = [found for field, found in zip(fields, again, strict=True) if field not in data]
    numbers = [found for field, found in zip(fields, again, strict=True) if field in data]
    return data[0] if any(names) or all(numbers) else None


def _name_among(fields: Sequence[str], below: Sequence[Sequence[str]]) -> str | None:
    """Return the first name that stands among the values of its own column; two lines of names say nothing of it."""
    return next(
        (field for field, found in zip(fields, _found_below(fields, below), strict=True) if field and found), None
    )


def _found_below(fields: Sequence[str], below: Sequence[Sequence[str]]) -> list[bool]:
    """Return for each field whether it stands in its own column below, too."""
    return [
        any(field == values[position].strip() for values in below if position < len(values))
        for position, field in enumerate(fields)
    ]
