"""Tables as data frames, for everything that reads a finished table; compute jobs have no use for pandas.

This module knows the columns that identify a cell; it knows nothing of the others.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa

from depthsounder.storage.tables import CELL_KEYS


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return a table as a data frame, its texts as categories: a million strings cost more than the numbers beside."""
    for position, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            table = table.set_column(position, field.name, table[field.name].dictionary_encode())
    frame: pd.DataFrame = table.to_pandas()
    return frame


def cell_frames(table: pa.Table) -> Iterator[tuple[tuple[int, str, str], pd.DataFrame]]:
    """Yield each cell of a table and its rows, in their order."""
    cell: Any
    for cell, rows in to_frame(table).groupby(CELL_KEYS, sort=False, observed=True):
        depth, activation, init = cell
        yield (int(depth), str(activation), str(init)), rows


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a data frame's rows, each by the names of its columns."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
