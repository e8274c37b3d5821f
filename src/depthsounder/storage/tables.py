"""How the product's tables are written and read.

Pages carry checksums, and the file's description a seal; reading verifies both.

This module knows columns and files; it knows nothing of what the numbers mean beyond their units.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from depthsounder.storage.arrays import to_arrow
from depthsounder.storage.file_errors import reading
from depthsounder.storage.replacing import replacing
from depthsounder.storage.schema_digest import is_sealed, sealed
from depthsounder.storage.schemas import CELL_KEYS, part_schema

WRITING = {"compression": "zstd", "write_page_checksum": True}
"""How every Parquet file is written."""

Columns = Mapping[str, np.ndarray | Sequence[object]]
"""One array or list for each field of a schema, all of one length."""


def _require_columns(place: str, found: Collection[str], expected: Sequence[str]) -> None:
    wrong = [f"column {name!r} is missing" for name in expected if name not in found]
    wrong += [f"column {name!r} is not in the schema" for name in found if name not in expected]
    if wrong:
        raise ValueError(f"{place}: {'; '.join(wrong)}")


def write_table(path: Path, columns: Columns, schema: pa.Schema, metadata: Mapping[str, str] | None = None) -> None:
    """Write columns as a Parquet file with exactly this schema.

    Parameters
    ----------
    columns
        One array or list for each field of the schema, in any order; NaN stays NaN, None and masked entries become
        null.
    metadata
        Text for the file's metadata, beside the units of its fields.

    Raises
    ------
    ValueError
        If the columns are not exactly the schema's.
    """
    _require_columns(path.name, columns, schema.names)
    arrays = [to_arrow(columns[field.name], field.type) for field in schema]
    schema = schema.with_metadata(dict(metadata or {}))
    n_rows = len(arrays[0])
    table = pa.Table.from_arrays(arrays, schema=schema.with_metadata(sealed(schema, n_rows)))
    with replacing(path) as temporary:
        pq.write_table(table, temporary, **WRITING)


def write_rows(
    path: Path, rows: list[dict[str, object]], schema: pa.Schema, metadata: Mapping[str, str] | None = None
) -> None:
    """Write rows as a Parquet file; a row whose keys are not exactly the schema's columns is a ValueError."""
    for number, row in enumerate(rows, start=1):
        _require_columns(f"{path.name}, row {number}", row, schema.names)
    write_table(path, {name: [row[name] for row in rows] for name in schema.names}, schema, metadata)


def write_cells(
    path: Path,
    cells: Mapping[tuple[int, str, str, str], Columns],
    schema: pa.Schema,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write the columns of several cells one after another, each cell's without those that name it, as one file.

    Raises
    ------
    ValueError
        If a cell's columns are not exactly the schema's but for those that name it.
    """
    columns: dict[str, list[object]] = {name: [] for name in schema.names}
    for cell, of_cell in cells.items():
        _require_columns(f"{path.name}, cell {cell}", of_cell, part_schema(schema).names)
        n_rows = len(next(iter(of_cell.values())))
        named = {key: [name] * n_rows for key, name in zip(CELL_KEYS, cell, strict=True)}
        for name, column in {**named, **of_cell}.items():
            columns[name] += column.tolist() if isinstance(column, np.ndarray) else column
    write_table(path, columns, schema, metadata)


_SIGNS_OF_DAMAGE = (
    # ArrowInvalid is a ValueError, and so is the UnicodeDecodeError of a column name that is not UTF-8.
    ValueError,
    pa.ArrowIndexError,
    pa.ArrowKeyError,
    pa.ArrowNotImplementedError,
    pa.ArrowSerializationError,
    pa.ArrowTypeError,
)


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a Parquet file and verify its checksums and its seal.

    Raises
    ------
    DamagedFile
        If the file is no such table any more. It is moved aside, so that the workflow computes it again.
    OSError
        If it is missing, cannot be read or does not fit into memory; the message names it.
    """
    with reading(path, "table", _SIGNS_OF_DAMAGE, (pa.ArrowException,)):
        # The file is opened alone: the folders above it look like partitions, but its columns are its own.
        file = pq.ParquetFile(path, page_checksum_verification=True)
        if not is_sealed(file.schema_arrow, file.metadata):
            raise pa.ArrowInvalid("its description is not the one that was written")
        table = file.read(columns=columns)
        if table.num_rows != file.metadata.num_rows:
            raise pa.ArrowInvalid(f"it has {table.num_rows} rows of {file.metadata.num_rows}")
        return table
