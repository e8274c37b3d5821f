"""Features as numbers: columns as one matrix, or for each column the first value that is none, and what to do.

This module knows columns of Arrow and arrays of NumPy; it knows nothing of files.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from depthsounder.data.sources.layout import NUMBER
from depthsounder.data.sources.problems import LEFT_OUT, LONGEST_TEXT, counted, refuse_bomb, shortened, shown

_MISSING = ("", "NA", "NaN", "nan", "null", "NULL", "N/A", "n/a", "#N/A", "None", "none", "-nan", "-NaN")

_FILL = f"fill it in or take its rows out, or {LEFT_OUT}"
_KINDS = (
    (r"\?+|[-–—.*]+|n\.?a\.?|missing|unknown", "which seems to stand for a missing value", _FILL),
    (
        r"[+-]?\d*,\d+([eE][+-]?\d+)?",
        "with a decimal comma",
        "a decimal point: pandas.read_csv(…, sep=…, decimal=',').to_csv('data.csv', index=False) writes it so",
    ),
    (r"[−–]\s*[\d.,]+", "with a dash in place of a minus sign", "a hyphen in its place: text.replace('−', '-')"),
    (r"#+|#(div/0|n/a|ref|name|value|num|null)[!?]?", "which is an error of a spreadsheet", "the number: see its cell"),
    (r"[+-]?[$€£¥]\s*[\d.,]+|[\d.,]+\s*[$€£¥]", "with the sign of a currency", "the number alone"),
    (r"[+-]?[\d.,]+\s*%", "with a percent sign", "the number alone"),
    (
        r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?|\d{1,2}:\d{2}.*",
        "a date or a time",
        "a number, such as days since a date",
    ),
    (r"'.*'|\".*\"", "in quotes that are a part of it", "the number without them"),
    (r"[+-]?(\d+\.?\d*|\.\d+)\s*[^\d\s,;]+", "with a unit or a letter behind the number", "the number alone"),
)
_MARKED = re.compile(
    r"[+-]?[1-9]\d{0,2}(?P<mark>[,.'’_ \u00a0\u202f])\d{3}((?P=mark)\d{3})*((?!(?P=mark))(?P<point>[.,])\d+)?"
)
"""A number whose thousands a mark sets off."""

_TEXT = "data.drop or data.features leaves the column out, and pandas.get_dummies makes numbers of a few words"


def feature_matrix(
    path: Path, names: Sequence[str], columns: Sequence[pa.ChunkedArray]
) -> tuple[np.ndarray | None, list[str]]:
    """Return columns side by side as float64, or None and what is wrong with each."""
    n_rows = len(columns[0]) if columns else 0
    if n_rows == 0:
        return None, []
    refuse_bomb(path, 8 * n_rows * len(columns))
    inputs = np.empty((n_rows, len(columns)))
    problems = []
    for position, (name, column) in enumerate(zip(names, columns, strict=True)):
        place = f"{path}, column {shown(name)}"
        if (values := _numbers(column)) is not None:
            inputs[:, position] = values
            if problem := not_finite(place, inputs[:, position]):
                problems.append(problem)
        else:
            problems.append(_no_number(place, column))
    return (None if problems else inputs), shortened(problems, "columns")


def too_long(path: Path, name: str, column: pa.ChunkedArray) -> str | None:
    """Return a problem if a text of a column is longer than any name, before it is copied into all rows."""
    for values in (getattr(chunk, "dictionary", chunk) for chunk in column.chunks):
        length = length_of(values.type)
        longest = pc.max(length(values)).as_py() if length else None
        if longest is not None and longest > LONGEST_TEXT:
            place = f"{path}, column {shown(name)}"
            return f"{place}: found a text of {longest:,} characters; allowed: at most {LONGEST_TEXT:,}"
    return None


def length_of(kind: pa.DataType) -> Callable[[pa.Array], pa.Array] | None:
    """Return the function that measures the values of a type if they can be of any length."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pc.utf8_length
    return pc.binary_length if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) else None


def _numbers(column: pa.ChunkedArray) -> np.ndarray | None:
    """Return a column's values, with NaN for null; None if they are no numbers."""
    kind = column.type
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    elif pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return None
    return column.to_numpy()


def not_finite(place: str, values: np.ndarray) -> str | None:
    """Return what is wrong with numbers of which some are missing or infinite; the first axis counts the examples."""
    bad = ~np.isfinite(values)
    if not bad.any():
        return None
    rows = bad.reshape(len(values), -1).any(axis=1)
    row = int(rows.argmax())
    first = values[row][bad[row]].flat[0] if values.ndim > 1 else values[row]
    if rows.all() and np.isnan(values).all():
        return _empty(place, len(values))
    found = "a missing value or NaN" if np.isnan(first) else "an infinite value"
    return _no_finite_number(place, row, found, int(rows.sum()), len(values))


def _empty(place: str, n_rows: int) -> str:
    return f"{place}: is empty in {counted(n_rows, 'row')}; allowed: numbers, or {LEFT_OUT}"


def _no_finite_number(place: str, row: int, found: str, number: int, n_rows: int) -> str:
    return (
        f"{place}, row {row + 1:,} of the data: found {found}, as in {counted(number, 'row')} of {n_rows:,}; allowed: "
        f"finite numbers: {_FILL}"
    )


def _no_number(place: str, column: pa.ChunkedArray) -> str:
    if pa.types.is_null(column.type) or column.null_count == len(column):
        return _empty(place, len(column))
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_temporal(column.type):
        row = pc.index(pc.is_valid(column), True).as_py()
        return (
            f"{place}, row {row + 1:,} of the data: found {shown(column[row].as_py())}, a date or a time; allowed: a "
            f"number, such as days since a date, or {LEFT_OUT}"
        )
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return f"{place}: found values of the type {column.type}; allowed: numbers, or {LEFT_OUT}"
    return _text(place, column)


def _text(place: str, column: pa.ChunkedArray) -> str:
    texts = pc.utf8_trim_whitespace(column)
    missing = pc.or_kleene(pc.is_null(texts), pc.is_in(texts, value_set=pa.array(_MISSING, texts.type)))
    numbers = pc.match_substring_regex(texts, f"^(?:{NUMBER.pattern}|[+-]?inf)$")
    wrong = pc.and_(pc.invert(missing), pc.invert(pc.fill_null(numbers, False)))
    number, rest = (pc.sum(rows).as_py() or 0 for rows in (wrong, missing))
    if number == 0 and rest == len(column):
        return _empty(place, len(column))
    if number == 0 and rest:
        return _no_finite_number(place, pc.index(missing, True).as_py(), "a missing value", rest, len(column))
    if number == 0:
        return (
            f"{place}: found numbers as texts, such as {shown(column[0])}; allowed: numbers: "
            "table[name].astype(float) makes them"
        )
    row = pc.index(wrong, True).as_py()
    what, advice = _kind_of(texts[row].as_py())
    also = f" ({counted(rest, 'more row')} missing)" if rest else ""
    return (
        f"{place}, row {row + 1:,} of the data: found {shown(column[row])}, {what}, as in {counted(number, 'row')} of "
        f"{len(column):,}{also}; allowed: numbers: {advice}"
    )


def _kind_of(text: str) -> tuple[str, str]:
    """Return what a text looks like, and what to do about it."""
    if marked := _MARKED.fullmatch(text):
        return _marked(marked)
    found = ((what, advice) for pattern, what, advice in _KINDS if re.fullmatch(pattern, text, re.IGNORECASE))
    return next(found, ("a text", _TEXT))


def _marked(number: re.Match[str]) -> tuple[str, str]:
    """Return the mark for thousands that a number has, and how pandas reads it."""
    mark, point = number["mark"], number["point"]
    if re.fullmatch(r"[+-]?\d+,\d+", number[0]):
        what, ways = "with a mark for thousands or a decimal comma", ["thousands=','", "decimal=','"]
    else:
        comma = " and a decimal comma" if point == "," else ""
        engine = "" if mark.isascii() else ", engine='python'"
        decimal = ", decimal=','" if point == "," else ""
        what, ways = f"with the mark {shown(mark)} for thousands{comma}", [f"thousands={mark!r}{decimal}{engine}"]
    calls = " or (…, ".join(f"{way})" for way in ways)
    return what, f"pandas.read_csv(…, {calls} reads it, and to_csv('data.csv', index=False) mends it"
