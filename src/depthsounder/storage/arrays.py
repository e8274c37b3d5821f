"""Columns as NumPy arrays and as Arrow's, there and back.

Arrow's own conversions import pandas wherever it is installed: a quarter of a second, in every one of a thousand jobs
that have no use for it. Here an array's buffers are handed over as they are.

This module knows the types that the product's tables have; it knows nothing of the tables.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa


def to_arrow(values: np.ndarray | Sequence[object], kind: pa.DataType) -> pa.Array:
    """Return values (n,) as an Arrow array of a number type, booleans or strings.

    Parameters
    ----------
    values
        NaN stays NaN; None in a sequence and masked entries of an array become null.

    Raises
    ------
    TypeError
        If the values are of another kind, such as floats where integers belong.
    OverflowError
        If integers do not fit.
    """
    column = values if isinstance(values, np.ndarray) else _masked(values, kind)
    data = np.ma.getdata(column)
    validity = _bits(~np.ma.getmaskarray(column)) if np.ma.is_masked(column) else None
    if pa.types.is_string(kind):
        texts = [str(text).encode() for text in data]
        offsets = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        buffers = [validity, pa.py_buffer(offsets), pa.py_buffer(b"".join(texts))]
    elif pa.types.is_boolean(kind):
        buffers = [validity, _bits(data.astype(bool, casting="safe"))]
    else:
        buffers = [validity, pa.py_buffer(_numbers(data, kind))]
    return pa.Array.from_buffers(kind, len(data), buffers)


def to_numpy(column: pa.ChunkedArray) -> np.ndarray:
    """Return a column (n,) without nulls as a NumPy array."""
    return np.array(column.to_pylist())


def _masked(values: Sequence[object], kind: pa.DataType) -> np.ma.MaskedArray:
    """Return a sequence as an array, masked where it has None."""
    filler: object = "" if pa.types.is_string(kind) else False if pa.types.is_boolean(kind) else 0
    data = np.array([filler if value is None else value for value in values])
    return np.ma.array(data if len(data) else data.astype(bool), mask=[value is None for value in values])


def _numbers(data: np.ndarray, kind: pa.DataType) -> np.ndarray:
    """Return numbers in a type's own precision; one beyond it becomes infinite, if the type knows infinity."""
    # What lies behind a mask may be anything.
    with np.errstate(over="ignore", invalid="ignore"):
        numbers = data.astype(_dtype(kind), order="C", casting="same_kind")
    if pa.types.is_integer(kind) and not np.array_equal(numbers, data):
        raise OverflowError(f"{data.min()} to {data.max()} do not fit {kind}")
    return numbers


def _dtype(kind: pa.DataType) -> np.dtype:
    """Return a number type as NumPy's; Arrow's own answer imports pandas in some of its releases."""
    letter = "f" if pa.types.is_floating(kind) else "i" if pa.types.is_signed_integer(kind) else "u"
    return np.dtype(f"{letter}{kind.bit_width // 8}")


def _bits(flags: np.ndarray) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))
