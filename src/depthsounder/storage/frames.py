"""Tables as data frames, for everything that reads a finished table; compute jobs have no use for pandas.

This module knows the columns that identify a cell; it knows nothing of the others.
"""

from collections.abc import Iterable, Iterator
from itertools import starmap
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from depthsounder.elements.axes import Cell, Design, Model
from depthsounder.storage.schemas import CELL_KEYS


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return a table as a data frame, its texts as categories: a million strings cost more than the numbers beside."""
    for position, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            table = table.set_column(position, field.name, table[field.name].dictionary_encode())
    frame: pd.DataFrame = table.to_pandas()
    return frame


def with_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a data frame whose cells are named by texts in place of categories, which merge with others' alone."""
    return frame.astype(dict.fromkeys(Design._fields, str))


def cell_of(names: Iterable[Any]) -> Cell:
    """Return the cell that a data frame's key stands for, by what it has of `CELL_KEYS`."""
    depth, *design = names
    return Cell(int(depth), *map(str, design))


def cell_frames(table: pa.Table) -> Iterator[tuple[Cell, pd.DataFrame]]:
    """Yield each cell of a table and its rows, in their order."""
    cell: Any
    for cell, rows in to_frame(table).groupby(CELL_KEYS, sort=False, observed=True):
        yield cell_of(cell), rows


def matching(frame: pd.DataFrame, names: Model | Design) -> pd.DataFrame:
    """Return the rows of a data frame that bear these names."""
    chosen = [frame[axis] == name for axis, name in names._asdict().items()]
    return frame[np.logical_and.reduce(chosen)]


def designs_of(frame: pd.DataFrame) -> list[Design]:
    """Return what each row's cell is but for its depth."""
    return list(starmap(Design, zip(*(frame[name].astype(str) for name in Design._fields), strict=True)))


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a data frame's rows, each by the names of its columns."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
