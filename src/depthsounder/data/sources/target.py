"""What a target is: names, in order, whatever the file's kind.

A class is its text as written, stripped; a number is the text that stands for it. Only an empty field is missing: a
text without characters, null, or NaN among numbers. If every text is a number, they are put in order by value, and else
by the alphabet.

This module knows values; it knows nothing of files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from depthsounder.data.sources.layout import NUMBER
from depthsounder.data.sources.problems import DataError, counted, shown

_MOST_CLASSES_OF_FEW_EXAMPLES = 20
_MISSING = {"?", "-", "na", "n/a", "#n/a", "nan", "null", "none", "missing", "unknown"}


@dataclass(frozen=True)
class Classes:
    """A target, understood.

    Attributes
    ----------
    names
        (n_classes,), in order.
    codes
        (n_examples,), int64: the class of each example.
    warnings
        Names that may be meant as one.
    """

    names: np.ndarray
    codes: np.ndarray
    warnings: tuple[str, ...]


def find_classes(place: str, column: pa.ChunkedArray) -> Classes:
    """Return the classes of a target.

    Parameters
    ----------
    place
        How the target is called in a sentence.
    column
        One value for each example.

    Raises
    ------
    DataError
        If a value is missing, or if the values are neither texts nor numbers, or look like a quantity or like names.
    """
    indices, texts = _written(place, column)
    empty = np.array([not text for text in texts] + [True])
    missing = empty[indices]
    if missing.any():
        raise DataError(
            f"{place}, row {int(missing.argmax()) + 1:,} of the data: found a missing value, as in "
            f"{counted(int(missing.sum()), 'row')} of {len(indices):,}; allowed: a class for each example"
        )
    used = sorted({texts[index] for index in np.unique(indices)})
    numeric = all(NUMBER.fullmatch(text) for text in used)
    names = sorted(used, key=lambda text: (Decimal(text), text)) if numeric else used
    _refuse_no_classes(place, names, len(indices), numeric)
    codes = {name: code for code, name in enumerate(names)}
    code_of = np.array([codes.get(text, -1) for text in texts] + [-1], dtype=np.int64)
    return Classes(np.array(names), code_of[indices], (*_alike(names), *_missing(names)))


def _written(place: str, column: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """Return distinct values as texts, and for each example the position of its own, −1 for null."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_null(kind):
        return np.full(len(column), -1), []
    textual = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    plain = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if not (textual or plain or pa.types.is_boolean(kind) or pa.types.is_decimal(kind)):
        raise DataError(f"{place}: found values of the type {kind}; allowed: texts or numbers")
    if pa.types.is_float16(kind):
        column = column.cast(pa.float32())
    encoded = column.combine_chunks() if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    values = encoded.dictionary.to_numpy(zero_copy_only=False) if plain else encoded.dictionary.to_pylist()
    texts = ["" if value is None or value != value else str(value).strip() for value in values]
    return pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False), texts


def _refuse_no_classes(place: str, names: Sequence[str], n_examples: int, numeric: bool) -> None:
    if len(names) <= _MOST_CLASSES_OF_FEW_EXAMPLES:
        return
    fractional = numeric and any(Decimal(name) != Decimal(name).to_integral_value() for name in names)
    if not fractional and len(names) <= n_examples / 10:
        return
    what, looks = ("numbers", "a quantity") if numeric else ("texts", "names")
    raise DataError(
        f"{place}: found {len(names):,} different {what} in {n_examples:,} rows, such as {shown(names[0])}, which "
        f"looks like {looks}; allowed: classes, of which each has many examples"
    )


def _alike(names: Sequence[str]) -> list[str]:
    """Return a warning for names that are one number, or one word in capitals and not, or with and without a point."""
    groups: dict[object, list[str]] = {}
    for name in names:
        key = Decimal(name) if NUMBER.fullmatch(name) else name.casefold().rstrip(" .")
        groups.setdefault(key, []).append(name)
    return [
        f"the target has {' and '.join(shown(name) for name in group)} as classes of their own, as they are written: "
        "are they one?"
        for group in groups.values()
        if len(group) > 1
    ]


def _missing(names: Sequence[str]) -> list[str]:
    """Return a warning for names that elsewhere stand for what is missing."""
    return [
        f"the target has {shown(name)} as a class: if it stands for a missing value, take its rows out"
        for name in names
        if name.casefold() in _MISSING
    ]
