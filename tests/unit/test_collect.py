"""Parts become tables: every row, in order, in bounded memory, or an error that names the part."""

import numpy as np
import pyarrow.parquet as pq
import pytest

import depthsounder.storage.collect
from depthsounder.storage.collect import collect_parts
from depthsounder.storage.schemas import SIGNAL, TRACES, part_schema
from depthsounder.storage.tables import read_table, write_table

ROWS = 30


def write_part(folder, depth, init, seeds, n_rows=ROWS):
    path = (
        folder / f"depth={depth}" / "architecture=plain" / "activation=tanh" / f"init={init}" / f"seeds={seeds}.parquet"
    )
    first = int(seeds.split("-")[0])
    columns = {
        "phase": ["tune"] * n_rows,
        "seed": np.full(n_rows, first),
        "learning_rate": np.full(n_rows, 0.1),
        "step": np.arange(n_rows),
        "train_loss": np.linspace(2.3, 0.1, n_rows).astype(np.float32),
        "grad_norm": np.ma.masked_array(np.full(n_rows, np.nan), np.arange(n_rows) > 0),
        **{name: np.ma.masked_all(n_rows) for name in ("test_loss", "test_accuracy", "train_accuracy")},
    }
    write_table(path, columns, part_schema(TRACES))
    return path


@pytest.fixture
def parts(tmp_path):
    return [
        write_part(tmp_path, depth, init, seeds)
        for depth in (20, 3)
        for init in ("he_normal", "gaussian_w1.5_b0.05")
        for seeds in ("0-9", "10-19")
    ]


def test_parts_follow_in_the_order_of_the_list_with_the_columns_of_their_path(parts, tmp_path):
    collect_parts(parts, tmp_path / "traces.parquet", TRACES, {"code": "abc"})
    table = read_table(tmp_path / "traces.parquet")
    assert table.schema.names == TRACES.names
    assert table.schema.types == TRACES.types
    assert table.schema.metadata[b"code"] == b"abc"
    assert table.schema.field("train_loss").metadata == TRACES.field("train_loss").metadata
    blocks = (
        table.to_pandas()[["depth", "architecture", "activation", "init", "seed"]].drop_duplicates().to_numpy().tolist()
    )
    assert blocks == [
        [depth, "plain", "tanh", init, seed]
        for depth in (20, 3)
        for init in ("he_normal", "gaussian_w1.5_b0.05")
        for seed in (0, 10)
    ]
    assert table["step"].to_pylist() == list(range(ROWS)) * len(parts)


def test_nulls_and_nans_go_through(parts, tmp_path):
    collect_parts(parts, tmp_path / "traces.parquet", TRACES, {})
    grad_norm = read_table(tmp_path / "traces.parquet")["grad_norm"]
    assert grad_norm.null_count == (ROWS - 1) * len(parts)
    assert np.isnan(grad_norm[0].as_py())


def test_row_groups_are_bounded_and_whole(parts, tmp_path, monkeypatch):
    monkeypatch.setattr(depthsounder.storage.collect, "ROWS_AT_ONCE", 50)
    waiting = []
    concat = depthsounder.storage.collect.pa.concat_tables
    monkeypatch.setattr(
        depthsounder.storage.collect.pa,
        "concat_tables",
        lambda tables: waiting.append(sum(table.num_rows for table in tables)) or concat(tables),
    )
    collect_parts(parts, tmp_path / "traces.parquet", TRACES, {})
    # At no time is more in memory than a row group and the part that fills it.
    assert max(waiting) < 50 + ROWS
    metadata = pq.ParquetFile(tmp_path / "traces.parquet").metadata
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    assert max(sizes) <= 50
    assert sum(sizes) == ROWS * len(parts)
    assert read_table(tmp_path / "traces.parquet")["step"].to_pylist() == list(range(ROWS)) * len(parts)


def test_how_rows_are_grouped_does_not_change_the_table(parts, tmp_path, monkeypatch):
    collect_parts(parts, tmp_path / "large.parquet", TRACES, {})
    monkeypatch.setattr(depthsounder.storage.collect, "ROWS_AT_ONCE", 7)
    collect_parts(parts, tmp_path / "small.parquet", TRACES, {})
    large, small = (read_table(tmp_path / f"{name}.parquet").to_pandas() for name in ("large", "small"))
    assert large.equals(small)


def test_only_the_listed_parts_are_collected(parts, tmp_path):
    collect_parts(parts[2:4], tmp_path / "traces.parquet", TRACES, {})
    assert set(read_table(tmp_path / "traces.parquet")["init"].to_pylist()) == {"gaussian_w1.5_b0.05"}


def test_a_part_without_rows_adds_none(parts, tmp_path):
    empty = write_part(tmp_path, 7, "zeros", "0-9", n_rows=0)
    collect_parts([empty, parts[0], empty], tmp_path / "traces.parquet", TRACES, {})
    assert len(read_table(tmp_path / "traces.parquet")) == ROWS


@pytest.mark.parametrize("missing", [0, 5])
def test_a_missing_part_is_named_and_the_old_table_stays(parts, tmp_path, missing):
    output = tmp_path / "out" / "traces.parquet"
    collect_parts(parts[:1], output, TRACES, {})
    before = output.read_bytes()
    parts[missing].unlink()
    with pytest.raises(OSError, match=str(parts[missing])):
        collect_parts(parts, output, TRACES, {})
    assert output.read_bytes() == before
    assert list(output.parent.iterdir()) == [output]


def test_a_damaged_part_is_named_and_no_table_is_left(parts, tmp_path):
    output = tmp_path / "out" / "traces.parquet"
    parts[3].write_bytes(parts[3].read_bytes()[:100])
    with pytest.raises(OSError, match=str(parts[3])):
        collect_parts(parts, output, TRACES, {})
    assert not list(output.parent.iterdir())


def test_a_part_of_another_table_is_refused(parts, tmp_path):
    with pytest.raises(KeyError, match="layer"):
        collect_parts(parts, tmp_path / "out" / "signal.parquet", SIGNAL, {})
    assert not list((tmp_path / "out").iterdir())
