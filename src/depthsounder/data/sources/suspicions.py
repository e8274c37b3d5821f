"""Columns that may tell the answer: a row number, an index, a split, or the target under another name.

A network that is fed one learns what is not in the data. Each is warned of by name, and none is refused: a person knows
better. This module knows numbers and names; it knows nothing of files.
"""

import re
from collections.abc import Sequence

import numpy as np

from depthsounder.data.sources.problems import MOST_NAMED, as_key, shown

_INDEX = re.compile(
    r"index|idx|id|ids|uid|uuid|guid|row|rows|rownum|row[_ ]?(number|no|id|names?)|nr|no|unnamed(: ?\d+)?|level_\d+|"
    r"__index_level_\d+__|.*[_ .-](id|idx|index|uid|uuid)|(id|idx|index)[_ .-].*",
    re.IGNORECASE,
)
_INDEX_IN_CAMELS = re.compile(r".*[a-z](Id|ID|Index)")
_SPLIT = re.compile(
    r"((is|in)[_ .-]?)?(train(ing)?([_ .-]?test)?|test(ing)?|valid(ation)?|val|split|fold|kfold|partition|subset)"
    r"([_ .-]?(set|part|id|no|\d+))?",
    re.IGNORECASE,
)
_SAMPLE = 2_000
_LEAST_ROWS = 20
_NEARLY_ALL = 0.95
_BYTE = 256
_FEW = 0.4
"""Rows for each number of a range in which about a fifth of the numbers that chance draws come again."""


def suspicions(
    names: Sequence[str], inputs: np.ndarray, labels: np.ndarray, listed: Sequence[str] | None = None
) -> list[str]:
    """Return a warning for each column that may tell the answer.

    Parameters
    ----------
    names
        (n_features,), the names of the columns.
    inputs, labels
        (n_examples, n_features) and (n_examples,), in the order of the file.
    listed
        What data.features has; None if it is not set.
    """
    # What does not hold for some rows does not hold for all: most columns are done with after two thousand.
    rows = np.arange(0, len(labels), max(1, len(labels) // _SAMPLE))
    sample, sample_labels = inputs[rows], labels[rows]
    whole = (sample == np.rint(sample)).all(axis=0)
    warnings, suspects = [], []
    for position, name in enumerate(names):
        reasons = _named_like(name)
        if len(labels) >= _LEAST_ROWS:
            reasons += _numbers_like(
                inputs[:, position], labels, sample[:, position], sample_labels, bool(whole[position])
            )
        if reasons:
            suspects.append(name)
            warnings.append(f"the column {shown(name)} {' and '.join(reasons)}; {_without(name, listed)}")
    if len(suspects) > MOST_NAMED:
        rest = suspects[MOST_NAMED:]
        warnings[MOST_NAMED:] = [f"… and so do {len(rest):,} more columns; data.drop or data.features leaves them out"]
    return warnings


def _without(name: str, listed: Sequence[str] | None) -> str:
    """Return the key that leaves a column out; data.drop has no meaning beside a list of features."""
    if listed is None:
        return f"{as_key('data.drop', [name])} leaves it out"
    if name not in listed:
        return "it is left out where data.features lists the columns one by one"
    return "data.features is where to take it out"


def _named_like(name: str) -> list[str]:
    if _INDEX.fullmatch(name) or _INDEX_IN_CAMELS.fullmatch(name):
        return ["is named like an index"]
    return ["is named like a split"] if _SPLIT.fullmatch(name) else []


def _numbers_like(
    values: np.ndarray, labels: np.ndarray, sample: np.ndarray, sample_labels: np.ndarray, whole: bool
) -> list[str]:
    if whole and _counts(values):
        return ["counts the rows"]
    if whole and _differs(sample) and (values == np.rint(values)).all() and _differs(values):
        return ["has another whole number in nearly every row"]
    if _determines(sample, sample_labels) and _determines(values, labels):
        return ["determines the target"]
    if _indicates(sample, sample_labels) and _indicates(values, labels):
        return ["has one value in the rows of one class, and another in all others"]
    return []


def _counts(values: np.ndarray) -> bool:
    step = values[1] - values[0]
    return bool(step != 0.0 and (np.diff(values[:_SAMPLE]) == step).all() and (np.diff(values) == step).all())


def _differs(values: np.ndarray) -> bool:
    """Return whether numbers differ in nearly all rows, and not by chance as those of a pixel do in a few rows."""
    span = values.max() - values.min() + 1
    if span <= _BYTE and len(values) < _FEW * span:
        return False
    return len(np.unique(values)) >= _NEARLY_ALL * len(values)


def _determines(values: np.ndarray, labels: np.ndarray) -> bool:
    """Return whether each value stands in one class only, and in two rows or more on the average."""
    distinct, codes = np.unique(values, return_inverse=True)
    if len(distinct) < 2 or 2 * len(distinct) > len(values):
        return False
    lowest = np.full(len(distinct), labels.max())
    highest = np.full(len(distinct), -1)
    np.minimum.at(lowest, codes, labels)
    np.maximum.at(highest, codes, labels)
    return bool((lowest == highest).all())


def _indicates(values: np.ndarray, labels: np.ndarray) -> bool:
    """Return whether a column of two values tells one class from all others."""
    first = values == values[0]
    if (values[~first] != values[~first][:1]).any() or first.all():
        return False
    return any(
        len(np.unique(labels[part])) == 1 and not np.isin(labels[~part], labels[part][:1]).any()
        for part in (first, ~first)
    )
