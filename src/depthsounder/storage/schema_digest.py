"""What a table's file says of itself, sealed: names, types, units, metadata and the number of rows.

Parquet's checksums cover the pages of values, and not the description at the end of the file, where a flipped bit can
rename a column or hide rows. A digest of the description stands in it.

This module knows descriptions; it reads and writes no file.
"""

import hashlib
import json
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.parquet as pq

KEY = "seal"

_NOT_OURS = ("ARROW:schema", "PARQUET:field_id")


def sealed(schema: pa.Schema, n_rows: int) -> dict[str, str]:
    """Return the metadata of a schema's file with its seal."""
    metadata = _texts(schema.metadata)
    return {**metadata, KEY: _digest(schema, metadata, n_rows)}


def is_sealed(schema: pa.Schema, file: pq.FileMetaData) -> bool:
    """Tell whether a file's description is still the one that was written.

    Parameters
    ----------
    schema
        The file's, of which the fields count: Arrow keeps a copy of the metadata in it, which is not what is read.
    """
    metadata = _texts(file.metadata)
    return metadata.pop(KEY, None) == _digest(schema, metadata, file.num_rows)


def _digest(schema: pa.Schema, metadata: Mapping[str, str], n_rows: int) -> str:
    fields = [(field.name, str(field.type), _texts(field.metadata)) for field in schema]
    description = json.dumps([fields, metadata, n_rows], sort_keys=True)
    return hashlib.sha256(description.encode()).hexdigest()


def _texts(metadata: Mapping[bytes, bytes] | None) -> dict[str, str]:
    """Return metadata as text, without what Arrow and Parquet add of their own."""
    texts = {key.decode(errors="replace"): value.decode(errors="replace") for key, value in (metadata or {}).items()}
    return {key: value for key, value in texts.items() if key not in _NOT_OURS}
