"""What a reader makes of a file: features as numbers, the target as it stands, and what is wrong with either."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class Table:
    """The columns of a file that are used.

    Attributes
    ----------
    n_rows
        Examples, those that could not be read among them; 0 if nobody knows.
    inputs
        (n_rows, n_features), float64, finite; None if something is wrong with a feature.
    names
        (n_features,), the names of the features.
    target
        The target's name.
    labels
        (n_rows,), the target's values; None if there is no such column.
    test
        (n_rows,), whether a row belongs to the test part, if the file has a split of its own.
    problems, warnings
        What must be mended, and what a person should look at.
    whole
        Whether all rows of the file are in it, under their names; else nothing can be told from what is not there.
    """

    n_rows: int
    inputs: np.ndarray | None
    names: tuple[str, ...]
    target: str
    labels: pa.ChunkedArray | None
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    test: np.ndarray | None = None
    whole: bool = True
