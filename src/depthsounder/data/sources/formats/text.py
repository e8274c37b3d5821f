"""Text files (CSV and its relatives) as tables: each line has the fields of the first, or is named.

This module reads the columns that `layout` has found; `features` and `target` interpret their values.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from depthsounder.data.sources.encoding import Text, read_text
from depthsounder.data.sources.features import feature_matrix, too_long
from depthsounder.data.sources.formats.record import Format
from depthsounder.data.sources.layout import Layout, find_layout, numbered, refuse_one_column, split_record
from depthsounder.data.sources.problems import DataError, counted, line_at, printable, shown
from depthsounder.data.sources.quotes import refuse_open_quotes
from depthsounder.data.sources.selection import Selection, Wanted, select
from depthsounder.data.sources.table import Table

_BLOCK = 8 * 2**20
_LINES_SHOWN = 3
_MOST_INVALID = 1_000
_EMPTY_LINE = re.compile(rb"\n[ ]*[,;\t|][,;\t| ]*(?=\r?(?:\n|\Z))")


def read_text_table(path: Path, wanted: Wanted) -> Table:
    """Read a text file.

    Raises
    ------
    DataError
        If it is none, or cannot be parsed.
    """
    text = read_text(path)
    layout = find_layout(path, text.content, wanted.header)
    refuse_open_quotes(path, text.content, layout.separator)
    if len(layout.names) == 1 and layout.names[0] != wanted.target:
        refuse_one_column(path, text.content, layout)
    selection = select(path, layout.names, wanted, layout.unnamed)
    table = _table(path, text, layout, selection, wanted)
    names, rows = text.content[: max(layout.start - 1, 0)], text.content[max(layout.start - 1, 0) :]
    if table.problems and (number := len(_EMPTY_LINE.findall(rows))):
        # Excel leaves them below a table. What is missing in them says nothing of the rows.
        text = replace(text, content=names + _EMPTY_LINE.sub(b"\n", rows))
        found = f"{path}: found {counted(number, 'line')} of separators and nothing between; allowed: rows: take "
        table = _table(path, text, layout, selection, wanted)
        table = replace(table, problems=(f"{found}{'it' if number == 1 else 'them'} out", *table.problems))
    return table


def _table(path: Path, text: Text, layout: Layout, selection: Selection, wanted: Wanted) -> Table:
    invalid: list[pa_csv.InvalidRow] = []
    rows = _parsed(path, text.content, layout, selection, invalid)
    lines = _lines(path, text.content, layout, invalid)
    n_rows, target = len(rows) + len(invalid), wanted.target or ""
    labels = None if selection.target is None else rows.column(str(selection.target))
    if problem := _first_line(path, text.content, layout, labels, wanted):
        # All else would be told of the wrong columns.
        return Table(n_rows + 1, None, (), target, None, (problem, *lines), text.warnings, whole=False)
    columns = [rows.column(str(position)) for position in selection.features]
    columns = [
        _parsed(path, text.content, layout, Selection(None, (position,), ()), []).column(0)
        if pa.types.is_temporal(column.type)
        else column
        for position, column in zip(selection.features, columns, strict=True)
    ]
    names = tuple(layout.names[position] for position in selection.features)
    inputs, problems = feature_matrix(path, names, columns)
    if wanted.header is False and any(", row 1 of the data" in text and "as in 1 row of" in text for text in problems):
        problems.append(f"{path}, line {layout.first_line}: found what seems to be names; leave data.header out if so")
    if labels is not None and (problem := too_long(path, target, labels)):
        labels, problems = None, [problem, *problems]
    if lines and problems:
        lines.append("… rows are counted without such lines")
    if invalid and len(rows) == 0:
        labels = None
    problems = [*selection.problems, *_example_first(path, layout, wanted), *lines, *problems]
    return Table(n_rows, inputs, names, target, labels, tuple(problems), text.warnings, whole=not invalid)


def _first_line(
    path: Path, content: bytes, layout: Layout, labels: pa.ChunkedArray | None, wanted: Wanted
) -> str | None:
    """Say so if the first line is an example, or stands again below."""
    place = f"{path}, line {layout.first_line}"
    if layout.data is not None:
        found = f"{place}: found {shown(layout.data)} as a column's name"
    elif wanted.header is None and labels is not None and (number := _times(labels, wanted.target or "")):
        again = _place_of(content, content[: layout.start].strip().splitlines()[-1], layout.start)
        if again is not None:
            line = line_at(content, again)
            return f"{path}, line {line:,}: found the names of line {layout.first_line} again; allowed: names once"
        found = f"{place}: found {shown(wanted.target)} as the name of the target and as a class, in "
        found += counted(number, "row")
    else:
        return None
    allowed = f"{_names_or_example(layout, wanted)}; if it does name them, data.header: true"
    return f"{found}: the first line looks like data; {allowed}"


def _example_first(path: Path, layout: Layout, wanted: Wanted) -> list[str]:
    """Say so if the target is not among the names of a first line that may be an example."""
    if wanted.header is not None or wanted.target in layout.names:
        return []
    place = f"{path}, line {layout.first_line}"
    if wanted.target in numbered(len(layout.names)):
        return [f"{place}: found names, and no {wanted.target}; {_names_or_example(layout, wanted)}"]
    if layout.again is None:
        return []
    found = f"{shown(layout.again)} as a column's name and as a value below it"
    return [f"{place}: found {found}; {_names_or_example(layout, wanted)}"]


def _names_or_example(layout: Layout, wanted: Wanted) -> str:
    """Return what a first line may be, and the keys of the config if it is an example."""
    columns = numbered(len(layout.names))
    if wanted.target in layout.names:
        meant = columns[layout.names.index(wanted.target)]
    else:
        meant = wanted.target if wanted.target in columns else f"{columns[0]} to {columns[-1]}"
    return f"allowed: the names of the columns; if it is an example, data.header: false, with data.target: {meant}"


def _times(labels: pa.ChunkedArray, name: str) -> int:
    """Return how often a name stands among labels."""
    return pc.sum(pc.equal(pc.utf8_trim_whitespace(labels), name)).as_py() or 0


def _parsed(
    path: Path, content: bytes, layout: Layout, selection: Selection, invalid: list[pa_csv.InvalidRow]
) -> pa.Table:
    """Return the columns that are used, under their positions as names; a target as text, whatever it looks like.

    Without a target all columns are texts, as they are written.
    """

    def skip(row: pa_csv.InvalidRow) -> str:
        invalid.append(row)
        # Where all lines are of another length, a call for each would take longer than all else.
        return "skip" if len(invalid) <= _MOST_INVALID else "error"

    positions = [str(number) for number in range(len(layout.names))]
    target = [] if selection.target is None else [str(selection.target)]
    wanted = [*target, *map(str, selection.features)]
    rows = pa.py_buffer(content).slice(layout.start)
    nothing = pa.table({name: pa.array([], pa.string() if name in target else pa.float64()) for name in wanted})
    if not re.compile(rb"\S").search(content, layout.start):
        return nothing
    try:
        return pa_csv.read_csv(
            pa.BufferReader(rows),
            # A thread of Arrow's would give the content back when it likes, and abort a process that is just ending.
            pa_csv.ReadOptions(column_names=positions, block_size=_BLOCK, use_threads=False),
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
    found = sorted(
        (line_at(content, _place_of(content, text.encode(), layout.start) or layout.start), row)
        for text, row in texts.items()
    )
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
    if '\\"' in row.text:
        return "; a quotation mark that is a part of a value is written twice, and not behind a backslash"
    whole = [field for field in split_record(row.text, layout.separator) if re.fullmatch(r"[+-]?\d+", field.strip())]
    surplus = row.actual_columns - row.expected_columns
    parted = layout.separator == "," and 0 < 2 * surplus <= len(whole)
    if surplus > 1 and parted:
        return "; decimal commas seem to part numbers, which semicolons between the fields would keep whole"
    if surplus == 1:
        comma = "a decimal comma that parts a number, " if parted else ""
        return f"; it may be a row's name without a column's, {comma}or a separator in a value without quotes"
    return "; allowed: the same number in each line"


def _place_of(content: bytes, text: bytes, start: int) -> int | None:
    """Return where a line begins that holds a text and nothing else."""
    place, edges = content.find(text, start), (b"\n", b"\r", b"")
    while place > start and (
        content[place - 1 : place] not in edges or content[place + len(text) : place + len(text) + 1] not in edges
    ):
        place = content.find(text, place + 1)
    return None if place < 0 else place


FORMAT = Format(
    place=1,
    endings=".csv, .tsv, .txt or .data (packed too: .csv.gz)",
    pattern=r"\.(csv|tsv|txt|data)(\.gz)?",
    content="rows of one length, and the names of the columns in the first",
    about="A text has its fields between commas, semicolons, tabs or bars, and may be packed with gzip.",
    read=read_text_table,
    packed=True,
    header=True,
)
