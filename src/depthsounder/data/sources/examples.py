"""From a source to examples: inputs, labels, and all that is wrong with them.

A file of any format becomes a table; here its target becomes classes and its features are questioned. This module knows
that there are formats; it knows nothing of any.
"""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PureWindowsPath

import numpy as np

from depthsounder.data.sources.census import LEAST_PER_PART, Census, split_sizes, take_census
from depthsounder.data.sources.foreign import advice_on_ending
from depthsounder.data.sources.formats import ENDINGS, Format, advice_on_file, format_of
from depthsounder.data.sources.problems import DataError, printable, shown
from depthsounder.data.sources.selection import Wanted, nearest
from depthsounder.data.sources.suspicions import suspicions
from depthsounder.data.sources.table import Table
from depthsounder.data.sources.target import Classes, find_classes

_FIRST_ROWS = 1_000
_MOST_FILES = 10_000


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
    features
        (n_inputs,), the names of the inputs.
    test
        (n_examples,), whether an example belongs to the test part; None if the source has no split of its own.
    warnings
        What a person should look at.
    """

    inputs: np.ndarray
    labels: np.ndarray
    classes: np.ndarray
    features: np.ndarray
    test: np.ndarray | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What came of reading a source.

    Attributes
    ----------
    examples
        None if something is wrong.
    census
        The classes and their sizes; None if the target cannot be used.
    problems
        All that must be mended.
    n_rows
        The examples of the file, where no more is known of it; 0 if not even that.
    """

    examples: Examples | None
    census: Census | None
    problems: tuple[str, ...]
    n_rows: int = 0

    def n_train(self, test_fraction: float | None) -> int | None:
        """Return the examples of the training part if they can be told."""
        if self.census is not None:
            return self.census.n_train(test_fraction)
        return split_sizes(self.n_rows, test_fraction)[0] if self.n_rows and test_fraction is not None else None


def read_examples(wanted: Wanted) -> Examples:
    """Read a file of examples.

    Raises
    ------
    DataError
        With all problems, if the file, its target or one of its features cannot be used.
    """
    reading = read_source(wanted)
    if reading.examples is None:
        raise DataError(*reading.problems)
    return reading.examples


def read_source(wanted: Wanted) -> Reading:
    """Read a file, and find all that is wrong with it."""
    path, known = Path(wanted.source), format_of(wanted.source)
    try:
        if known is None:
            advice = advice_on_ending(wanted.source)
            raise DataError(f"{wanted.source}: found a file that {advice or 'is of no known kind'}; allowed: {ENDINGS}")
        if not path.is_file():
            raise DataError(f"{path}: found {_in_place_of_a_file(path)}; allowed: a file that exists")
        return _reading(path, _table(path, known, wanted), wanted)
    except DataError as error:
        return Reading(None, None, error.problems)
    except MemoryError:
        return Reading(
            None, None, (f"{path}: found more than the memory holds; allowed: what fits into it as numbers",)
        )


def _in_place_of_a_file(path: Path) -> str:
    """Return what is at a path at which no file is, with the file in the same folder that was probably meant."""
    if path.is_dir():
        return "a folder"
    if path.is_symlink():
        return f"a link to {shown(path.readlink())}, which is no file"
    if PureWindowsPath(path).drive and not path.drive:
        return "no such file: drives are Windows', and this system has none"
    try:
        names = [other.name for other in islice(path.parent.iterdir(), _MOST_FILES) if other.is_file()]
    except OSError:
        return "no such file"
    guess = nearest(path.name, names)
    return f"no such file (did you mean {shown(guess)}, which lies there?)" if guess else "no such file"


def _table(path: Path, known: Format, wanted: Wanted) -> Table:
    if advice := advice_on_file(path, known):
        raise DataError(f"{path}: found a file that {advice}; allowed: {known.content}")
    try:
        return known.read(path, wanted)
    except (DataError, MemoryError):
        raise
    except Exception as error:
        # A damaged or hostile file fails in a dozen ways, from zlib to Arrow, and all of them mean the same.
        reason = printable(str(error)) or "it is damaged"
        found = reason if path.stat().st_size else "it is empty"
        raise DataError(f"{path}: the file cannot be read: {found}; allowed: {known.content}") from error


def _reading(path: Path, table: Table, wanted: Wanted) -> Reading:
    problems = list(table.problems)
    # What was assumed of a file may be the cause of all that follows.
    doubts = [f"{path}: {warning}" for warning in table.warnings]
    if table.whole and table.labels is not None and len(table.labels) == 0:
        problems.append(f"{path}: found no rows; allowed: at least {LEAST_PER_PART} of each class in either part")
        return Reading(None, None, (*problems, *doubts))
    classes, complaints = _classes(path, table)
    if not table.whole:
        # That a feature is constant or a class rare may be so because rows are missing.
        return Reading(None, None, (*problems, *complaints, *doubts), table.n_rows)
    if table.inputs is not None and table.inputs.shape[1] == 0 and not problems:
        problems.append(f"{path}: found no feature that is left; allowed: at least one")
    elif table.inputs is not None and len(table.inputs) > 1 and _is_constant(table.inputs):
        problems.append(f"{path}: found only constant features; allowed: at least one that varies")
    problems += complaints
    census = None if classes is None else take_census(classes.names, classes.codes, table.test)
    if problems or classes is None or table.inputs is None:
        return Reading(None, census, (*problems, *doubts), table.n_rows)
    # In a source with its own split the training part comes first, and counts its rows for itself.
    n_train = len(classes.codes) if table.test is None else int((~table.test).sum())
    suspects = suspicions(table.names, table.inputs[:n_train], classes.codes[:n_train], wanted.features)
    warnings = (*table.warnings, *classes.warnings, *suspects)
    examples = Examples(table.inputs, classes.codes, classes.names, np.array(table.names), table.test, warnings)
    return Reading(examples, census, ())


def _is_constant(inputs: np.ndarray) -> bool:
    """Return whether no feature varies; most files say so in their first rows."""
    return all((part == inputs[0]).all() for part in (inputs[:_FIRST_ROWS], inputs))


def _classes(path: Path, table: Table) -> tuple[Classes | None, tuple[str, ...]]:
    if table.labels is None:
        return None, ()
    try:
        return find_classes(f"{path}, target {shown(table.target)}", table.labels), ()
    except DataError as error:
        return None, error.problems
