"""From parts to a table: one Parquet file from an explicit list of files, in bounded memory.

This module adds to each part the columns that stand in its path; its callers choose the parts.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from depthsounder.storage.replacing import replacing
from depthsounder.storage.schema_digest import sealed
from depthsounder.storage.tables import WRITING, read_table

ROWS_AT_ONCE = 131_072
"""Rows of a row group, and about what is held in memory."""


def collect_parts(parts: Sequence[Path], output: Path, schema: pa.Schema, metadata: Mapping[str, str]) -> None:
    """Write the parts one after another as one table.

    Parameters
    ----------
    parts
        Files whose columns are the schema's but for those that stand in their path, as in ``depth=20/init=zeros``.

    Raises
    ------
    OSError
        If a part is missing or damaged; the message names it.
    """
    schema = schema.with_metadata(dict(metadata))
    n_rows = 0
    with replacing(output) as temporary, pq.ParquetWriter(temporary, schema, **WRITING) as writer:
        for batch in _row_groups(parts, schema):
            writer.write_table(batch, row_group_size=ROWS_AT_ONCE)
            n_rows += batch.num_rows
        writer.add_key_value_metadata(sealed(schema, n_rows))


def _row_groups(parts: Sequence[Path], schema: pa.Schema) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    for part in parts:
        waiting.append(_with_path_columns(part, schema))
        if sum(table.num_rows for table in waiting) >= ROWS_AT_ONCE:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _with_path_columns(part: Path, schema: pa.Schema) -> pa.Table:
    table = read_table(part)
    in_path = dict(name.split("=", 1) for name in part.with_suffix("").parts if "=" in name)
    columns = [
        table[field.name]
        if field.name in table.schema.names
        else pa.repeat(pa.scalar(in_path[field.name]).cast(field.type), table.num_rows)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
