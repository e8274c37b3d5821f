"""The product's tables: their schemas, and how they are written and read.

Pages carry checksums, and the file's description a seal; reading verifies both.

This module knows columns and files; it knows nothing of what the numbers mean beyond their units.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from depthsounder.elements.axes import AXES, Cell
from depthsounder.storage.arrays import to_arrow
from depthsounder.storage.file_errors import reading
from depthsounder.storage.replacing import replacing
from depthsounder.storage.schema_digest import is_sealed, sealed

WRITING = {"compression": "zstd", "write_page_checksum": True}
"""How every Parquet file is written."""

Columns = Mapping[str, np.ndarray | Sequence[object]]
"""One array or list for each field of a schema, all of one length."""

CELL_KEYS = list(Cell._fields)
"""What identifies a cell, and in which order its parts are laid out in folders. A list, as pandas takes keys."""


def _field(name: str, kind: pa.DataType, unit: str) -> pa.Field:
    return pa.field(name, kind, metadata={"unit": unit})


_CELL_FIELDS = [_field(name, pa.string() if axis.registry else pa.int32(), axis.unit) for name, axis in AXES.items()]

SIGNAL = pa.schema(
    [
        *_CELL_FIELDS,
        _field("seed", pa.int32(), "number of the network"),
        _field("step", pa.int32(), "updates done; 0 = before training"),
        _field("layer", pa.int32(), "1 to depth + 1, the readout"),
        _field("learning_rate", pa.float64(), "1; null at step 0"),
        _field("fan_in", pa.int32(), "units"),
        _field("fan_out", pa.int32(), "units"),
        _field("z_second_moment", pa.float64(), "mean of z² over units and examples"),
        _field("z_second_moment_single", pa.float64(), "mean of z² over units, for the probe's first example alone"),
        _field("z_batch_variance", pa.float64(), "variance of z over examples, mean over units"),
        _field("h_mean", pa.float64(), "mean of h over units and examples; null at the readout"),
        _field("h_variance", pa.float64(), "variance of h over units and examples; null at the readout"),
        _field("delta_second_moment", pa.float64(), "mean of (∂C_example/∂z)² over units and examples"),
        _field("weight_grad_rms", pa.float64(), "root mean square of ∂C_batch/∂W"),
        _field("weight_grad_mean_abs", pa.float64(), "mean of |∂C_batch/∂W|"),
        _field("saturated_fraction", pa.float64(), "share of (unit, example); null for rectifiers and the readout"),
        _field("dead_fraction", pa.float64(), "share of units; null but for rectifiers, and at the readout"),
        _field("update_ratio", pa.float64(), "‖ΔW‖/‖W‖ of the update that led to this step; null at step 0"),
    ]
)

JACOBIAN = pa.schema(
    [
        *_CELL_FIELDS,
        _field("seed", pa.int32(), "number of the network"),
        _field("index", pa.int32(), "1, the largest, to the smaller of features and width"),
        _field(
            "log_singular_value",
            pa.float64(),
            "ln of a singular value of ∂h/∂x, layer depth by input, for the probe's first example, before training; "
            "-inf where it is exactly 0, NaN where the signal is no number",
        ),
    ]
)

TRACES = pa.schema(
    [
        *_CELL_FIELDS,
        _field("phase", pa.string(), "tune or evaluate"),
        _field("seed", pa.int32(), "number of the network"),
        _field("learning_rate", pa.float64(), "1"),
        _field("step", pa.int32(), "updates done"),
        _field("train_loss", pa.float32(), "nat; mean over the next batch, before its update"),
        _field("grad_norm", pa.float64(), "Euclidean norm of that batch's gradient; null between logged steps"),
        _field("test_loss", pa.float32(), "nat; null between logged steps"),
        _field("test_accuracy", pa.float32(), "share; null between logged steps"),
        _field("train_accuracy", pa.float32(), "share; null between logged steps"),
    ]
)

GRADIENT_CHECK = pa.schema(
    [
        *_CELL_FIELDS,
        _field("parameter", pa.string(), "W, b, gamma or beta with its layer's number; at depth 0 a record's promise"),
        _field("method", pa.string(), "complex_step or central_difference; or contract, of a promise"),
        _field(
            "relative_error",
            pa.float64(),
            "‖analytic − numeric‖ / (‖analytic‖ + ‖numeric‖); null if nothing was checked",
        ),
        _field("noise_floor", pa.float64(), "relative error that rounding alone explains"),
        _field("verdict", pa.string(), "passed, failed, blind or skipped"),
        _field("found", pa.string(), "what broke a promise, in sentences; null elsewhere"),
    ]
)

THEORY = pa.schema(
    [
        *_CELL_FIELDS,
        _field("layer", pa.int32(), "1 to depth"),
        _field("z_second_moment", pa.float64(), "q of an input of norm 1 per unit"),
        _field("delta_second_moment_ratio", pa.float64(), "this layer over layer L, for an input of norm 1 per unit"),
        _field("chi_1", pa.float64(), "slope of the correlation map at correlation 1, at q*"),
        _field("q_star", pa.float64(), "fixed point that q reaches; null if none, inf if q diverges"),
        _field("xi_q", pa.float64(), "layers"),
        _field("xi_c", pa.float64(), "layers"),
        _field("xi_grad", pa.float64(), "layers; negative where gradients vanish towards the input"),
        _field("z_second_moment_probe", pa.float64(), "q, mean over the probe's own norms"),
        _field("z_batch_variance_probe", pa.float64(), "from the probe's own norms and overlaps"),
        _field("delta_second_moment_ratio_probe", pa.float64(), "this layer over layer L, mean over the probe's norms"),
        _field("z_second_moment_single", pa.float64(), "q of the probe's first example"),
        _field("z_log_variance_single", pa.float64(), "variance of its ln mean z² over networks of this width"),
        _field(
            "delta_log_variance_single",
            pa.float64(),
            "variance of ln of this layer's over layer L's delta_second_moment over networks of this width",
        ),
        _field("jacobian_mean_square_single", pa.float64(), "mean of squared singular values of ∂h/∂x, same example"),
        _field("note", pa.string(), "the degenerate case of q* in words, or why theory is withheld; else null"),
    ]
)

VERDICTS = pa.schema(
    [
        *_CELL_FIELDS,
        _field("signal_verdict", pa.string(), "healthy, vanishing or exploding; null at depth 1"),
        _field("signal_borderline", pa.bool_(), "whether the interval of D covers a threshold"),
        _field("training_verdict", pa.string(), "trains, partial, mixed, stalled or diverged"),
        _field("best_learning_rate", pa.float64(), "1"),
        _field("edge_of_grid", pa.bool_(), "whether the best rate is the grid's first or last"),
        _field("tail_loss", pa.float64(), "nat; median over evaluation seeds"),
        _field("reference_loss", pa.float64(), "nat; the least that a constant prediction costs there; median"),
        _field("escape_step", pa.float64(), "updates until below any constant prediction; median, null if most never"),
        _field("successes", pa.int32(), "evaluation seeds that train"),
        _field("learning", pa.int32(), "evaluation seeds that ended below any constant prediction, not trained"),
        _field("falling", pa.int32(), "evaluation seeds that came down to half of their start or less, but not to it"),
        _field("on_plateau", pa.int32(), "evaluation seeds whose tail loss guessing explains"),
        _field("above_plateau", pa.int32(), "evaluation seeds that ended above the plateau and did none of these"),
        _field("diverged_seeds", pa.int32(), "evaluation seeds that diverged"),
        _field("dead_at_birth", pa.int32(), "measured evaluation seeds with δ² exactly 0 in a hidden layer at step 0"),
        _field("seeds", pa.int32(), "evaluation seeds"),
        _field("success_rate", pa.float64(), "share"),
        *(_field(f"success_rate_{end}", pa.float64(), "share; Wilson, 95 %") for end in ("low", "high")),
        _field("delta_ratio", pa.float64(), "D, the median over seeds"),
        *(_field(f"delta_ratio_{end}", pa.float64(), "D; order statistics, 95 %") for end in ("low", "high")),
        _field("forward_ratio", pa.float64(), "q^L/q^1, the median over seeds; null if q^1 is 0"),
        _field("forward_verdict", pa.string(), "distinct or collapsed; null if most networks overflow"),
        _field("variance_share", pa.float64(), "variance of z over examples over q, at layer L; median over seeds"),
        _field("dead_units", pa.float64(), "share of the units of layer L; median over seeds, null but for rectifiers"),
        _field("reason", pa.string(), "the verdicts in words"),
    ]
)

COMPARISONS = pa.schema(
    [
        *_CELL_FIELDS,
        _field("against", pa.string(), "name of another init, all else being the same"),
        _field("in_family", pa.bool_(), "whether the config names this comparison, which alone are tested"),
        _field("seeds", pa.int32(), "networks of each init, paired"),
        _field("lower", pa.int32(), "seeds whose tail loss is lower with init than with against"),
        _field("higher", pa.int32(), "seeds whose tail loss is higher with init than with against"),
        _field("tail_ratio", pa.float64(), "tail loss with init over that with against; Hodges-Lehmann, of logarithms"),
        *(_field(f"tail_ratio_{end}", pa.float64(), "ratio; of the signed-rank test, 95 %") for end in ("low", "high")),
        _field("pairing_gain", pa.float64(), "variance of ln tail differences, unpaired over paired"),
        _field("p_value", pa.float64(), "exact signed-rank test of ln ratios over seeds; null outside the family"),
        _field("p_holm", pa.float64(), "p_value, adjusted over the family by Holm's method"),
        _field("finding", pa.string(), "lower, higher or not told apart; one law, also outside the family; else null"),
    ]
)

CLAIMS = pa.schema(
    [
        _field("claim", pa.string(), "name"),
        _field("statement", pa.string(), "text"),
        _field("verdict", pa.string(), "confirmed, refuted, conditional or inconclusive"),
        _field("observed", pa.string(), "text with units"),
        _field("expected", pa.string(), "text with units"),
        _field("evidence", pa.string(), "text"),
    ]
)

SCHEMAS = {
    "signal": SIGNAL,
    "jacobian": JACOBIAN,
    "traces": TRACES,
    "gradient_check": GRADIENT_CHECK,
    "theory": THEORY,
    "verdicts": VERDICTS,
    "comparisons": COMPARISONS,
    "claims": CLAIMS,
}


def part_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema of a table's parts, whose cell stands in the path and not in the file."""
    return pa.schema([field for field in schema if field.name not in CELL_KEYS])


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
