"""Text files (CSV and its relatives) as tables: each line has the fields of the first, or is named.

This module reads what `layout` has found; values are `features`' and `target`'s business.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv

from depthsounder.data.sources.encoding import read_text
from depthsounder.data.sources.features import feature_matrix, too_long
from depthsounder.data.sources.layout import Layout, find_layout, unclosed_quote
from depthsounder.data.sources.problems import DataError, counted, printable
from depthsounder.data.sources.selection import Selection, Wanted, select
from depthsounder.data.sources.table import Table

_BLOCK = 8 * 2**20
_LINES_SHOWN = 3
_MOST_INVALID = 1_000


def read_text_table(path: Path, wanted: Wanted) -> Table:
    """Read a text file.

    Raises
    ------
    DataError
        If it is none, or cannot be parsed.
    """
    text = read_text(path)
    layout = find_layout(path, text.content, wanted.header)
    if (line := unclosed_quote(text.content, layout.separator)) is not None:
        raise DataError(
            f"{path}, line {line:,}: found a quotation mark that is opened and not closed; allowed: two around a "
            "value, and two for each that is a part of it"
        )
    selection = select(path, layout.names, wanted, layout.unnamed)
    invalid: list[pa_csv.InvalidRow] = []
    table = _parsed(path, text.content, layout, selection, invalid)
    columns = [table.column(str(position)) for position in selection.features]
    names = tuple(layout.names[position] for position in selection.features)
    inputs, problems = feature_matrix(path, names, columns)
    labels = None if selection.target is None else table.column(str(selection.target))
    if wanted.header is False and any(", row 1 of the data" in text and "as in 1 row of" in text for text in problems):
        problems.append(f"{path}, line {layout.first_line}: found what seems to be names; leave data.header out if so")
    if labels is not None and (problem := too_long(path, wanted.target or "", labels)):
        labels, problems = None, [problem, *problems]
    if invalid and len(table) == 0:
        labels = None
    problems = [*layout.problems, *selection.problems, *_lines(path, text.content, layout, invalid), *problems]
    return Table(len(table), inputs, names, wanted.target or "", labels, tuple(problems), text.warnings)


def _parsed(
    path: Path, content: bytes, layout: Layout, selection: Selection, invalid: list[pa_csv.InvalidRow]
) -> pa.Table:
    """Return the columns that are used, under their positions as names; a target as text, whatever it looks like."""

    def skip(row: pa_csv.InvalidRow) -> str:
        invalid.append(row)
        # Where all lines are of another length, a call for each would take longer than all else.
        return "skip" if len(invalid) <= _MOST_INVALID else "error"

    positions = [str(number) for number in range(len(layout.names))]
    target = [] if selection.target is None else [str(selection.target)]
    wanted = [*target, *map(str, selection.features)]
    rows = pa.py_buffer(content).slice(layout.start)
    nothing = pa.table({name: pa.array([], pa.string() if name in target else pa.float64()) for name in wanted})
    if not content[layout.start :].strip():
        return nothing
    try:
        return pa_csv.read_csv(
            pa.BufferReader(rows),
            pa_csv.ReadOptions(column_names=positions, block_size=_BLOCK),
            pa_csv.ParseOptions(
                delimiter=layout.separator, newlines_in_values=b'"' in content, invalid_row_handler=skip
            ),
            # A text is never null: what stands for a missing value is found as it was written.
            pa_csv.ConvertOptions(
                strings_can_be_null=False,
                column_types=dict.fromkeys(target, pa.string()),
                include_columns=wanted or positions,
            ),
        )
    except pa.ArrowInvalid as error:
        if len(invalid) > _MOST_INVALID:
            return nothing
        raise DataError(
            f"{path}: the file cannot be read: {printable(str(error))}; allowed: rows of one length with one separator "
            "and each quotation mark closed"
        ) from error


def _lines(path: Path, content: bytes, layout: Layout, invalid: Sequence[pa_csv.InvalidRow]) -> list[str]:
    """Return a problem for the first lines that have another number of fields than the first."""
    texts = {row.text: row for row in invalid[: 10 * _LINES_SHOWN]}
    found = sorted((_line_of(content, text.encode(), layout.start), row) for text, row in texts.items())
    problems = [
        f"{path}, line {line:,}: found {counted(row.actual_columns, 'field')}; expected {row.expected_columns}, as in "
        f"line {layout.first_line}{_cause(row, layout)}"
        for line, row in found[:_LINES_SHOWN]
    ]
    rest = len(invalid) - len(problems)
    many = "more than " if len(invalid) > _MOST_INVALID else ""
    return [*problems, *([f"… and {many}{counted(rest, 'more such line')}"] if rest > 0 else [])]


def _cause(row: pa_csv.InvalidRow, layout: Layout) -> str:
    if row.actual_columns == row.expected_columns + 1 and row.text.rstrip().endswith(layout.separator):
        return "; the line ends in a separator, which is one too many"
    if row.actual_columns == row.expected_columns - 1 and len(layout.names) - 1 in layout.unnamed:
        return f"; line {layout.first_line} ends in a separator, which is one too many"
    if row.actual_columns == row.expected_columns + 1:
        return "; a field too many may be a row's name without a column's, or a separator in a value without quotes"
    return "; allowed: the same number in each line"


def _line_of(content: bytes, text: bytes, start: int) -> int:
    """Return the number of the line that holds a text and nothing else."""
    place = content.find(text, start)
    while place > start and (
        content[place - 1 : place] not in (b"\n", b"\r") or content[place + len(text) :][:1] not in (b"\n", b"\r", b"")
    ):
        place = content.find(text, place + 1)
    newline = b"\n" if b"\n" in content else b"\r"
    return content.count(newline, 0, max(place, start)) + 1
