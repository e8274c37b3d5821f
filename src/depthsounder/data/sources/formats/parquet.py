"""Parquet files as tables: the columns that are used, and no others.

This module reads the format; `features` and `target` interpret the values.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from depthsounder.data.sources.features import feature_matrix, length_of, too_long
from depthsounder.data.sources.formats.record import Format
from depthsounder.data.sources.layout import named
from depthsounder.data.sources.problems import LEFT_OUT, refuse_bomb, shown
from depthsounder.data.sources.selection import Wanted, select
from depthsounder.data.sources.table import Table


def read_parquet_table(path: Path, wanted: Wanted) -> Table:
    """Read a Parquet file.

    Raises
    ------
    DataError
        If it would not fit into memory.
    """
    # The file is opened alone: folders above it that look like partitions are none of its columns.
    file = pq.ParquetFile(path)
    schema = file.schema_arrow
    refuse_bomb(path, _unpacked_size(file.metadata))
    # Row labels of a pandas frame are stored as columns, but say nothing of an example.
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    stored = [name for name in schema.names if name not in index]
    names, unnamed = named([name.strip() for name in stored])
    selection = select(path, names, wanted, unnamed)
    # A text that stands in many rows may be stored once, and is kept so until its length is known.
    texts = [field.name for field in schema if length_of(field.type) is not None]
    called = dict(zip(stored, names, strict=True))
    nested = [field.name for field in schema if field.name in called and pa.types.is_nested(field.type)]
    used = [stored[position] for position in selection.features if stored[position] not in nested]
    problems = list(selection.problems)
    target = None if selection.target is None else stored[selection.target]
    problems += [
        f"{path}, column {shown(called[name])}: found lists or records; allowed: numbers and texts, or {LEFT_OUT}"
        for name in nested
        if name == target or wanted.keeps(called[name])
    ]
    target = None if target in nested else target
    table = pq.ParquetFile(path, read_dictionary=texts).read([*used, *([] if target is None else [target])])
    long = {
        name: problem for name in table.column_names if (problem := too_long(path, called[name], table.column(name)))
    }
    short = [name for name in used if name not in long]
    inputs, found = feature_matrix(path, [called[name] for name in short], [table.column(name) for name in short])
    problems += [*long.values(), *found]
    labels = None if target is None or target in long else table.column(target)
    return Table(
        table.num_rows,
        None if long else inputs,
        tuple(called[name] for name in used),
        wanted.target or "",
        labels,
        tuple(problems),
    )


def _unpacked_size(file: pq.FileMetaData) -> int:
    """Return what a Parquet file takes in memory: its pages, or all its values, of which a page may repeat one."""
    groups = [file.row_group(number) for number in range(file.num_row_groups)]
    chunks = [(column, group.column(column)) for group in groups for column in range(group.num_columns)]
    values = sum(chunk.num_values * max(8, file.schema.column(column).length) for column, chunk in chunks)
    return max(values, sum(group.total_byte_size for group in groups))


FORMAT = Format(
    place=2,
    endings=".parquet",
    pattern=r"\.(parquet|pq)",
    content="a Parquet file",
    about="",
    read=read_parquet_table,
    signature=rb"PAR1",
    last=rb"PAR1\Z",
)
