"""Arrays as tables: a name for each entry of an example, and parts of a split as one table.

This module knows shapes; it knows nothing of files.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from depthsounder.data.sources.table import Table

Part = tuple[np.ndarray | None, tuple[str, ...], pa.ChunkedArray | None]


def joined(parts: Sequence[Part], target: str, problems: list[str]) -> Table:
    """Return the training and the test part of a source as one table, which remembers which rows are which."""
    (train, names, train_labels), (test, _, test_labels) = parts
    whole = train is not None and test is not None and not problems
    inputs = np.concatenate([train, test]) if whole and train is not None and test is not None else None
    labels = None
    if train_labels is not None and test_labels is not None:
        types = {part.type for part in (train_labels, test_labels)}
        if len(types) > 1:
            problems.append(
                f"{target}: found labels of the types {' and '.join(map(str, types))}; allowed: one type in both"
            )
        else:
            labels = pa.chunked_array([*train_labels.chunks, *test_labels.chunks])
    sizes = [len(part) if part is not None else 0 for part in (train_labels, test_labels)]
    marks = np.repeat([False, True], sizes)
    return Table(sum(sizes), inputs, names, target, labels, tuple(problems), test=marks)


def feature_names(name: str, shape: tuple[int, ...]) -> list[str]:
    """Return a name for each entry of a row: of ``x`` with the shape (n, 28, 28) ``x[0,0]`` to ``x[27,27]``."""
    if len(shape) < 2:
        return [name]
    return [f"{name}[{','.join(map(str, index))}]" for index in np.ndindex(*shape[1:])]
