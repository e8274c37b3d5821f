"""How many examples each class has, and whether they suffice for the split, the batch and the probe.

This module counts; it knows nothing of files or columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from depthsounder.data.sources.problems import counted, listed, shortened, shown

LEAST_PER_PART = 2
"""Examples of a class in the training part, and in the test part."""

_LEAST_ROWS = 2 * 2 * LEAST_PER_PART
_Shortage = tuple[str, str | int]
"""The part in which classes have too few examples, and the share that mends it, or the examples if none does."""

_SHARES = tuple(share / 100 for share in range(1, 100))


@dataclass(frozen=True)
class Census:
    """The classes of a source.

    Attributes
    ----------
    classes
        Their names, in order.
    counts
        Examples of each.
    test_counts
        Those of them in the test part, if the source has a split of its own.
    """

    classes: tuple[str, ...]
    counts: tuple[int, ...]
    test_counts: tuple[int, ...] | None = None

    @property
    def n_examples(self) -> int:
        """All examples."""
        return sum(self.counts)

    def n_train(self, test_fraction: float | None) -> int:
        """Return the examples of the training part: by the source's own split, or by a share."""
        if self.test_counts is not None:
            return self.n_examples - sum(self.test_counts)
        return split_sizes(self.n_examples, test_fraction or 0.0)[0]


def take_census(classes: np.ndarray, labels: np.ndarray, test: np.ndarray | None) -> Census:
    """Count the examples of each class, and those of the test part where `test` says which they are."""
    counts = np.bincount(labels, minlength=len(classes))
    of_test = None if test is None else np.bincount(labels[test], minlength=len(classes))
    names = tuple(classes.tolist())
    return Census(names, tuple(counts.tolist()), None if of_test is None else tuple(of_test.tolist()))


def split_sizes(n_examples: int, test_fraction: float) -> tuple[int, int]:
    """Return the examples of the training and of the test part."""
    n_test = ceil(test_fraction * n_examples)
    return n_examples - n_test, n_test


def split_problems(source: str, census: Census, test_fraction: float | None) -> list[str]:
    """Return what is wrong with a split, each with what would work.

    Parameters
    ----------
    test_fraction
        Share of the test part, the same for each class; None for the source's own split.
    """
    if few := row_problems(source, census.n_examples):
        return few
    if len(census.classes) < 2:
        return [f"{source}: found the one class {shown(census.classes[0])}; allowed: at least two classes"]
    if census.test_counts is not None:
        return _own_split_problems(source, census, census.test_counts, test_fraction)
    if test_fraction is None:
        return [f"{source}: found no split of its own; allowed: a number for data.test_fraction, such as 0.2"]
    # What mends one class mends others, and is told once.
    alike: dict[_Shortage, list[str]] = {}
    for name, count in zip(census.classes, census.counts, strict=True):
        if shortage := _shortage(count, census.n_examples, test_fraction):
            alike.setdefault(shortage, []).append(name)
    problems = [_rare_classes(source, names, shortage, census, test_fraction) for shortage, names in alike.items()]
    return shortened(problems, "classes")


def _own_split_problems(
    source: str, census: Census, test_counts: tuple[int, ...], test_fraction: float | None
) -> list[str]:
    if test_fraction is not None:
        problem = (
            f"{source}: found a split of its own, with {counted(sum(test_counts), 'test example')}, beside "
            f"data.test_fraction, {test_fraction:g}; allowed: data.test_fraction: null, which keeps it"
        )
        return [problem]
    problems = [
        f"{source}: found {counted(part, 'row')} of the class {shown(name)} in its own {where} part; allowed: at least "
        f"{LEAST_PER_PART}: merge it with another class, or take its rows out"
        for name, count, test in zip(census.classes, census.counts, test_counts, strict=True)
        for where, part in (("training", count - test), ("test", test))
        if part < LEAST_PER_PART
    ]
    return shortened(problems, "classes")


def _in_parts(count: int, n_examples: int, test_fraction: float) -> tuple[int, int]:
    """Return how many examples of a class the parts get at least, as a split that keeps shares rounds them."""
    train, test = split_sizes(n_examples, test_fraction)
    return count * train // n_examples, count * test // n_examples


def _is_in_both(count: int, n_examples: int, test_fraction: float) -> bool:
    return min(_in_parts(count, n_examples, test_fraction)) >= LEAST_PER_PART


def _shortage(count: int, n_examples: int, test_fraction: float) -> _Shortage | None:
    """Return in which part a class has too few examples, and what mends it; None if it has enough."""
    train, test = _in_parts(count, n_examples, test_fraction)
    if min(train, test) >= LEAST_PER_PART:
        return None
    part = "training" if train < LEAST_PER_PART else "test"
    works = [
        share
        for share in _SHARES
        if _is_in_both(count, n_examples, share) and (share > test_fraction) == (part == "test")
    ]
    if not works:
        return part, count
    return part, f"at least {min(works):g}" if part == "test" else f"at most {max(works):g}"


def _rare_classes(source: str, names: Sequence[str], shortage: _Shortage, census: Census, test_fraction: float) -> str:
    """Return what is wrong with classes that have too few examples in one part, and what mends all of them."""
    part, remedy = shortage
    count = census.counts[census.classes.index(names[0])]
    found = _in_parts(count, census.n_examples, test_fraction)[part == "test"]
    others = f", and too few also of {listed(names[1:])}" if len(names) > 1 else ""
    merge = "merge it with another class" if len(names) == 1 else "merge each with another class"
    start = (
        f"{source}: found {counted(count, 'row')} of the class {shown(names[0])}, {found} of them for the {part} part"
        f"{others}; allowed: at least {LEAST_PER_PART} in each part"
    )
    if isinstance(remedy, int):
        it, its = ("it", "its") if len(names) == 1 else ("them", "their")
        return f"{start}, which no test_fraction gives {it}: {merge}, or take {its} rows out"
    return f"{start} (test_fraction is {test_fraction:g}): test_fraction of {remedy}, or {merge}"


def fitting_share(census: Census, test_fraction: float | None) -> float | None:
    """Return the share of the test part that is nearest to the one wanted and leaves no class out that it could keep.

    It is the one wanted where that does, where no other does, and where the source has a split of its own.
    """
    if test_fraction is None or census.test_counts is not None:
        return test_fraction
    shares = sorted([test_fraction, *_SHARES], key=lambda share: abs(share - test_fraction))
    fits = {
        share: {count for count in census.counts if _is_in_both(count, census.n_examples, share)} for share in shares
    }
    savable = set().union(*fits.values())
    return next((share for share in shares if fits[share] == savable), test_fraction)


def row_problems(source: str, n_rows: int) -> list[str]:
    """Return what is wrong with a source that has fewer rows than two classes need in two parts."""
    if n_rows >= _LEAST_ROWS:
        return []
    least = f"{_LEAST_ROWS}, {LEAST_PER_PART} of each of two classes in either part"
    return [f"{source}: found {counted(n_rows, 'row')}; allowed: at least {least}"]


def size_problems(source: str, n_train: int, wanted: Mapping[str, int], share: str = "") -> list[str]:
    """Return which keys want more examples than the training part has; `share` says of which split it is the part."""
    if n_train < _LEAST_ROWS / 2:
        # No number of examples suits a part that cannot hold two classes: rows or classes are what is wrong.
        return []
    return [
        f"{key}: found {number:,}; allowed: at most {n_train:,}, the training part of {source}{share}"
        for key, number in wanted.items()
        if number > n_train
    ]
