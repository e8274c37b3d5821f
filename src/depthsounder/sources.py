"""Data sources: the user's own file as arrays, or one clear reason why it cannot be used.

A CSV or Parquet file has one row for each example; every column but the target is a feature and must be numeric. An
NPZ file has one array with the target and any others with the features, of the same length: an array of more than one
dimension is one feature for each entry of a row, and several arrays stand side by side in the order of their names.

Nothing is read with pickle. This module knows files and columns; splitting and scaling are `prepare`'s business.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import ceil
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

BUILT_IN = "digits"
"""The one source that is no file: scikit-learn's handwritten digits."""

FILE_SUFFIXES = (".csv", ".parquet", ".npz")

DIGITS_CLASS_COUNTS = (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)
"""Examples of each digit, so that a config for them is checked without scikit-learn."""

MOST_BYTES = 4 * 2**30
"""What a file may hold when it is unpacked: a packed file of a megabyte can ask for more memory than there is."""

LONGEST_TEXT = 1_000
"""Characters of a class: an array of texts gives each of them the room of the longest."""

_LEAST_PER_PART = 2
_MOST_NUMERIC_CLASSES = 20
_MOST_NAMED = 10
_FORMS = {
    ".csv": "rows of one length with commas between, and the names of the columns in the first",
    ".parquet": "a Parquet file",
    ".npz": "an archive of arrays of numbers or texts, as numpy.savez writes, without pickle",
}


class DataError(ValueError):
    """Data that cannot be used; the message names the file, the column or row, what was found and what is allowed."""


@dataclass(frozen=True)
class Examples:
    """A data source as arrays.

    Attributes
    ----------
    inputs
        (n_examples, n_inputs), float64, finite.
    labels
        (n_examples,), int64, from 0.
    classes
        (n_classes,), the names of the labels: numbers by value, texts by the alphabet.
    """

    inputs: np.ndarray
    labels: np.ndarray
    classes: np.ndarray


@dataclass(frozen=True)
class _Column:
    """A named array of one row for each example."""

    name: str
    values: np.ndarray


def read_examples(path: Path, target: str) -> Examples:
    """Read a file of examples.

    Raises
    ------
    DataError
        If the file, its target or one of its features cannot be used.
    """
    if path.suffix.lower() not in FILE_SUFFIXES:
        raise DataError(f"{path}: found the ending {path.suffix!r}; allowed: {', '.join(FILE_SUFFIXES)}")
    if not path.is_file():
        raise DataError(f"{path}: found {'a folder' if path.is_dir() else 'no such file'}; allowed: a file that exists")
    try:
        return _examples(path, _read(path), target)
    except MemoryError as error:
        raise DataError(f"{path}: found more than the memory holds; allowed: what fits into it as numbers") from error


def _examples(path: Path, columns: Sequence[_Column], target: str) -> Examples:
    names = [column.name for column in columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"{path}: found the column {_listed(twice)} more than once; allowed: each name once")
    if target not in names:
        guess = get_close_matches(target, names, n=1)
        raise DataError(
            f"{path}: found no target column {target!r}; allowed: one of {_listed(names)}"
            + (f"; did you mean {guess[0]!r}?" if guess else "")
        )
    features = [column for column in columns if column.name != target]
    if not features:
        raise DataError(f"{path}: found no column but the target {target!r}; allowed: at least one feature")
    labels = columns[names.index(target)]
    if len(labels.values) == 0:
        raise DataError(f"{path}: found no rows; allowed: at least {_LEAST_PER_PART} of each class in either part")
    inputs = _features(path, features, labels)
    classes, codes = _classes(path, labels)
    return Examples(inputs, codes, classes)


def _read(path: Path) -> list[_Column]:
    reader = {".csv": _read_csv, ".parquet": _read_parquet, ".npz": _read_npz}[path.suffix.lower()]
    try:
        return reader(path)
    except (DataError, MemoryError):
        raise
    except Exception as error:
        # A damaged or hostile file fails in a dozen ways, from zlib to Arrow, and all of them mean the same.
        reason = "it is empty" if path.stat().st_size == 0 else (str(error).splitlines() or ["it is damaged"])[0][:300]
        raise DataError(f"{path}: the file cannot be read: {reason}; allowed: {_FORMS[path.suffix.lower()]}") from error


def _read_csv(path: Path) -> list[_Column]:
    return _from_arrow(path, pa_csv.read_csv(path, convert_options=pa_csv.ConvertOptions(strings_can_be_null=True)))


def _read_parquet(path: Path) -> list[_Column]:
    # The file is opened alone: folders above it that look like partitions are none of its columns.
    file = pq.ParquetFile(path)
    _refuse_bomb(path, _unpacked_size(file.metadata))
    nested = [field.name for field in file.schema_arrow if pa.types.is_nested(field.type)]
    if nested:
        raise DataError(f"{path}, column {_listed(nested)}: found lists or records; allowed: numbers and texts")
    # A text that stands in many rows may be stored once, and is kept so until its length is known.
    texts = [field.name for field in file.schema_arrow if _length_of(field.type) is not None]
    table = pq.ParquetFile(path, read_dictionary=texts).read()
    # Row labels of a pandas frame are stored as columns, but say nothing of an example.
    labels = (table.schema.pandas_metadata or {}).get("index_columns", [])
    return _from_arrow(path, table.drop_columns([name for name in labels if name in table.column_names]))


def _unpacked_size(file: pq.FileMetaData) -> int:
    """Return what a Parquet file takes in memory: its pages, or all its values, of which a page may repeat one."""
    groups = [file.row_group(number) for number in range(file.num_row_groups)]
    chunks = [(column, group.column(column)) for group in groups for column in range(group.num_columns)]
    values = sum(chunk.num_values * max(8, file.schema.column(column).length) for column, chunk in chunks)
    return max(values, sum(group.total_byte_size for group in groups))


def _length_of(kind: pa.DataType) -> Callable[[pa.Array], pa.Array] | None:
    """Return the function that measures the values of a type if they can be of any length."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pc.utf8_length
    return pc.binary_length if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) else None


def _refuse_bomb(path: Path, size: int) -> None:
    if size > MOST_BYTES:
        raise DataError(f"{path}: found {size:,} bytes when it is unpacked; allowed: at most {MOST_BYTES:,}")


def _refuse_long_text(path: Path, name: str, length: int | None) -> None:
    if length is not None and length > LONGEST_TEXT:
        raise DataError(
            f"{path}, column {name!r}: found a text of {length:,} characters; allowed: at most {LONGEST_TEXT:,}"
        )


def _from_arrow(path: Path, table: pa.Table) -> list[_Column]:
    """Give numbers as numbers, with NaN for null, and anything else as objects, with None for null."""
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        for values in (getattr(chunk, "dictionary", chunk) for chunk in column.chunks):
            if (length := _length_of(values.type)) is not None:
                _refuse_long_text(path, name, pc.max(length(values)).as_py())
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_decimal(column.type) or pa.types.is_boolean(column.type) or pa.types.is_null(column.type):
            column = column.cast(pa.int8() if pa.types.is_boolean(column.type) else pa.float64())
        columns.append(_Column(name.strip(), column.to_numpy()))
    return columns


def _read_npz(path: Path) -> list[_Column]:
    # Of a damaged archive NumPy leaves the file open if it opened it.
    with path.open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise DataError(f"{path}: found a single array; allowed: {_FORMS['.npz']}")
        _refuse_bomb(path, sum(entry.file_size for entry in ZipFile(file).infolist()))
        columns = [_Column(name, archive[name]) for name in sorted(archive.files)]
    for column in columns:
        if column.values.dtype.kind == "U" and column.values.size:
            _refuse_long_text(path, column.name, int(np.strings.str_len(column.values).max()))
        if column.values.ndim == 0:
            raise DataError(f"{path}, array {column.name!r}: found a single value; allowed: one row for each example")
    return columns


def _features(path: Path, columns: Sequence[_Column], labels: _Column) -> np.ndarray:
    texts = [column.name for column in columns if column.values.dtype.kind not in "biuf"]
    if texts:
        raise DataError(
            f"{path}, column {_listed(texts)}: found values that are no numbers; allowed: numeric features only"
        )
    _refuse_bomb(path, 8 * sum(column.values.size for column in columns))
    blocks = []
    for column in columns:
        if len(column.values) != len(labels.values):
            raise DataError(
                f"{path}, array {column.name!r}: found {len(column.values)} rows; allowed: {len(labels.values)}, as "
                f"in the target {labels.name!r}"
            )
        values = column.values.astype(np.float64).reshape(len(labels.values), -1)
        bad = ~np.isfinite(values)
        if bad.any():
            row = int(bad.any(axis=1).argmax())
            found = values[row][bad[row]][0]
            what = "a missing value or NaN" if np.isnan(found) else "an infinite value"
            raise DataError(
                f"{path}, column {column.name!r}, row {row + 1} of the data: found {what}; allowed: finite numbers"
            )
        blocks.append(values)
    inputs = np.concatenate(blocks, axis=1)
    if inputs.shape[1] == 0 or (inputs == inputs[0]).all():
        raise DataError(f"{path}: found only constant features; allowed: at least one that varies")
    return inputs


def _classes(path: Path, target: _Column) -> tuple[np.ndarray, np.ndarray]:
    place, values = f"{path}, target {target.name!r}", target.values
    if values.ndim != 1:
        raise DataError(f"{place}: found {values.ndim} dimensions; allowed: one label for each example")
    numeric = values.dtype.kind in "biuf"
    missing = ~np.isfinite(values) if numeric else np.array([value is None for value in values])
    if missing.any():
        row = int(missing.argmax()) + 1
        raise DataError(
            f"{place}, row {row} of the data: found a missing or infinite value; allowed: a class for each example"
        )
    if not numeric:
        if not all(isinstance(value, str) for value in values):
            raise DataError(f"{place}: found {type(values[0]).__name__} values; allowed: texts or numbers")
        values = values.astype(str)
    elif values.dtype.kind == "f" and (values == np.rint(values)).all() and (np.abs(values) < 2**53).all():
        values = values.astype(np.int64)
    distinct, codes = np.unique(values, return_inverse=True)
    fractional = values.dtype.kind == "f"
    if numeric and len(distinct) > _MOST_NUMERIC_CLASSES and (fractional or len(distinct) > len(values) / 10):
        raise DataError(
            f"{place}: found {len(distinct)} different numbers in {len(values)} rows, which looks like a quantity; "
            "allowed: classes, of which each has many examples"
        )
    return distinct.astype(str), codes.astype(np.int64)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED} more"


def split_sizes(n_examples: int, test_fraction: float) -> tuple[int, int]:
    """Return the examples of the training and of the test part."""
    n_test = ceil(test_fraction * n_examples)
    return n_examples - n_test, n_test


def check_split(source: str, classes: Sequence[str], counts: Sequence[int], test_fraction: float) -> int:
    """Return the size of the training part, if every class has its share in both.

    Raises
    ------
    DataError
        If there are fewer than two classes, or one would have fewer than two examples in a part.
    """
    if len(classes) < 2:
        raise DataError(f"{source}: found the one class {classes[0]!r}; allowed: at least two classes")
    n_examples = sum(counts)
    for part, size in zip(("training", "test"), split_sizes(n_examples, test_fraction), strict=True):
        for name, count in zip(classes, counts, strict=True):
            expected = count * size // n_examples
            if expected < _LEAST_PER_PART:
                raise DataError(
                    f"{source}: found {count} of the class {name!r}, {expected} of them for the {part} "
                    f"part; allowed: at least {_LEAST_PER_PART} in each part (test_fraction is {test_fraction:g})"
                )
    return split_sizes(n_examples, test_fraction)[0]
