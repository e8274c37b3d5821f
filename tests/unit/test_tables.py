"""The product's tables: what a reader may rely on when a writer fails, a disk errs or a number is missing."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_up_run import make_config

from depthsounder.elements.axes import Cell
from depthsounder.storage.file_errors import DamagedFile
from depthsounder.storage.replacing import replacing
from depthsounder.storage.schemas import (
    CLAIMS,
    COMPARISONS,
    GRADIENT_CHECK,
    JACOBIAN,
    SCHEMAS,
    SIGNAL,
    THEORY,
    TRACES,
    VERDICTS,
    part_schema,
)
from depthsounder.storage.tables import read_table, write_cells, write_rows, write_table
from depthsounder.sweep.cells import RunPaths, cell_parts

SOURCE = Path(__file__).resolve().parents[2] / "src"

SMALL = pa.schema(
    [
        pa.field("name", pa.string(), metadata={"unit": "text"}),
        pa.field("count", pa.int32(), metadata={"unit": "1"}),
        pa.field("value", pa.float64(), metadata={"unit": "nat"}),
    ]
)

CELL = ["depth", "architecture", "activation", "init"]
LAYER_STATISTICS = [
    "z_second_moment",
    "z_second_moment_single",
    "z_batch_variance",
    "h_mean",
    "h_variance",
    "delta_second_moment",
    "weight_grad_rms",
    "weight_grad_mean_abs",
    "saturated_fraction",
    "dead_fraction",
    "update_ratio",
]


def columns(n=3):
    return {"name": [f"row {i}" for i in range(n)], "count": np.arange(n), "value": np.linspace(0.0, 1.0, n)}


@pytest.fixture
def path(tmp_path):
    # A run's config is what tells its files from a user's own.
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tables").mkdir()
    return tmp_path / "tables" / "table.parquet"


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        (SIGNAL, [*CELL, "seed", "step", "layer", "learning_rate", "fan_in", "fan_out", *LAYER_STATISTICS]),
        (JACOBIAN, [*CELL, "seed", "index", "log_singular_value"]),
        (
            TRACES,
            [
                *CELL,
                *["phase", "seed", "learning_rate", "step", "train_loss"],
                *["grad_norm", "test_loss", "test_accuracy", "train_accuracy"],
            ],
        ),
        (GRADIENT_CHECK, [*CELL, "parameter", "method", "relative_error", "noise_floor", "verdict", "found"]),
        (
            THEORY,
            [
                *[*CELL, "layer", "z_second_moment", "delta_second_moment_ratio"],
                *["chi_1", "q_star", "xi_q", "xi_c", "xi_grad"],
                *["z_second_moment_probe", "z_batch_variance_probe", "delta_second_moment_ratio_probe"],
                *["z_second_moment_single", "z_log_variance_single", "delta_log_variance_single"],
                *["jacobian_mean_square_single", "note"],
            ],
        ),
        (
            VERDICTS,
            [
                *[*CELL, "signal_verdict", "signal_borderline", "training_verdict", "best_learning_rate"],
                *["edge_of_grid", "tail_loss", "reference_loss", "escape_step", "successes", "learning", "falling"],
                *["on_plateau", "above_plateau", "diverged_seeds", "dead_at_birth", "seeds", "success_rate"],
                *["success_rate_low", "success_rate_high", "delta_ratio", "delta_ratio_low", "delta_ratio_high"],
                *["forward_ratio", "forward_verdict", "variance_share", "dead_units", "reason"],
            ],
        ),
        (
            COMPARISONS,
            [
                *[*CELL, "against", "in_family", "seeds", "lower", "higher"],
                *["tail_ratio", "tail_ratio_low", "tail_ratio_high", "pairing_gain", "p_value", "p_holm", "finding"],
            ],
        ),
        (CLAIMS, ["claim", "statement", "verdict", "observed", "expected", "evidence"]),
    ],
    ids=list(SCHEMAS),
)
def test_the_tables_have_the_columns_that_were_promised(schema, names):
    assert schema.names == names
    assert any(schema is promised for promised in SCHEMAS.values())


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=list(SCHEMAS))
def test_every_column_says_its_unit(schema):
    assert all(field.metadata[b"unit"] for field in schema)


def test_a_part_has_all_columns_but_the_cells():
    assert part_schema(SIGNAL).names == SIGNAL.names[4:]
    assert part_schema(SIGNAL).field("seed").metadata == SIGNAL.field("seed").metadata


def test_what_is_written_is_what_is_read_with_units_and_metadata(path):
    write_table(path, columns(), SMALL, {"code": "abc"})
    table = read_table(path)
    assert table.to_pydict() == {
        "name": ["row 0", "row 1", "row 2"],
        "count": [0, 1, 2],
        "value": [0.0, 0.5, 1.0],
    }
    assert table.schema.metadata[b"code"] == b"abc"
    assert table.schema.field("value").metadata[b"unit"] == b"nat"
    assert table.schema.types == SMALL.types


def test_columns_may_come_in_any_order_and_are_written_in_the_schemas(path):
    write_table(path, dict(reversed(columns().items())), SMALL)
    assert read_table(path).schema.names == SMALL.names


def test_some_columns_can_be_read_alone(path):
    write_table(path, columns(), SMALL)
    assert read_table(path, ["count"]).to_pydict() == {"count": [0, 1, 2]}


def test_masked_entries_become_null_and_nan_stays_a_number(path):
    values = np.ma.masked_array([1.0, np.nan, 3.0, np.inf], [True, False, False, False])
    write_table(path, {"name": ["a", None, "c", "d"], "count": [1, 2, None, 4], "value": values}, SMALL)
    table = read_table(path)
    assert table["value"].null_count == 1
    assert table["value"].to_pylist()[0] is None
    np.testing.assert_array_equal(table["value"].to_pylist()[1:], [np.nan, 3.0, np.inf])
    assert table["name"].to_pylist() == ["a", None, "c", "d"]
    assert table["count"].to_pylist() == [1, 2, None, 4]


def test_nan_in_a_list_is_no_null_either(path):
    write_rows(
        path, [{"name": "a", "count": 1, "value": float("nan")}, {"name": "b", "count": 2, "value": None}], SMALL
    )
    assert read_table(path)["value"].null_count == 1
    assert np.isnan(read_table(path)["value"][0].as_py())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({name: column for name, column in columns().items() if name != "count"}, "column 'count' is missing"),
        ({**columns(), "extra": [1, 2, 3]}, "column 'extra' is not in the schema"),
    ],
    ids=["missing", "extra"],
)
def test_columns_that_are_not_exactly_the_schemas_are_refused_by_name(path, wrong, message):
    with pytest.raises(ValueError, match=rf"^table\.parquet: {message}$"):
        write_table(path, wrong, SMALL)
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize("wrong", [["one", "two", "three"], [2**40, 0, 0]], ids=str)
def test_values_that_do_not_fit_their_column_are_refused(path, wrong):
    with pytest.raises((TypeError, OverflowError)):
        write_table(path, {**columns(), "count": wrong}, SMALL)
    assert not list(path.parent.iterdir())


ROW = {"name": "a", "count": 1, "value": 0.5}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": "b", "count": 2}, "column 'value' is missing"),
        ({**ROW, "extra": 1}, "column 'extra' is not in the schema"),
        (
            {"name": "b", "count": 2, "valu": 0.5},
            "column 'value' is missing; column 'valu' is not in the schema",
        ),
    ],
    ids=["missing", "surplus", "misspelled"],
)
def test_a_row_whose_keys_are_not_exactly_the_columns_is_refused_by_name(path, wrong, message):
    with pytest.raises(ValueError, match=rf"^table\.parquet, row 2: {message}$"):
        write_rows(path, [ROW, wrong], SMALL)
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layer": [1]}, "column 'q_star' is missing"),
        ({"layer": [1], "q_star": [0.5], "extra": [1]}, "column 'extra' is not in the schema"),
    ],
    ids=["missing", "surplus"],
)
def test_a_cell_whose_columns_are_not_exactly_the_schemas_is_refused_by_name(path, wrong, message):
    schema = pa.schema([THEORY.field(name) for name in (*CELL, "layer", "q_star")])
    with pytest.raises(ValueError, match=rf"^table\.parquet, cell \(2, 'plain', 'tanh', 'zeros'\): {message}$"):
        write_cells(path, {(2, "plain", "tanh", "zeros"): wrong}, schema)
    assert not list(path.parent.iterdir())


def test_cells_follow_one_another_and_are_named_in_each_row(path):
    schema = pa.schema([THEORY.field(name) for name in (*CELL, "layer", "q_star")])
    cells = {
        (2, "plain", "tanh", "zeros"): {
            "layer": np.array([1, 2]),
            "q_star": np.ma.masked_array([0.5, 0.0], [False, True]),
        },
        (1, "rms_norm", "relu", "he_normal"): {"layer": [1], "q_star": [None]},
    }
    write_cells(path, cells, schema)
    assert read_table(path).to_pylist() == [
        {**dict(zip(CELL, (2, "plain", "tanh", "zeros"), strict=True)), "layer": 1, "q_star": 0.5},
        {**dict(zip(CELL, (2, "plain", "tanh", "zeros"), strict=True)), "layer": 2, "q_star": None},
        {**dict(zip(CELL, (1, "rms_norm", "relu", "he_normal"), strict=True)), "layer": 1, "q_star": None},
    ]


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(path):
    write_table(path, columns(), SMALL)
    before = path.read_bytes()

    def fail_half_way():
        with replacing(path) as temporary:
            temporary.write_bytes(b"half")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way()
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_file_appears_in_one_step_under_its_own_name_only_when_it_is_whole(path):
    with replacing(path) as temporary:
        temporary.write_text("first half, ")
        assert not path.exists()
        assert temporary.parent == path.parent
        # Two jobs that write one file, such as an orphan and its successor on another node, share no temporary name.
        with replacing(path) as of_another:
            assert of_another != temporary
            of_another.write_text("")
        with temporary.open("a") as file:
            file.write("second half")
    assert path.read_text() == "first half, second half"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_missing_folders_are_made(tmp_path):
    path = tmp_path / "depth=2" / "activation=tanh" / "table.parquet"
    write_table(path, columns(), SMALL)
    # The folders look like partitions, but the columns are the file's own.
    assert read_table(path).schema.names == SMALL.names


@pytest.mark.parametrize("row_group_column", [0, 1, 2])
def test_a_flipped_bit_is_noticed_and_the_file_named(path, row_group_column):
    random = np.random.default_rng(0)
    written = {"name": [str(i) for i in range(500)], "count": np.arange(500), "value": random.normal(size=500)}
    write_table(path, written, SMALL)
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(row_group_column)
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    content = bytearray(path.read_bytes())
    # The last byte of the column, which belongs to a page's values and not to its header.
    content[start + chunk.total_compressed_size - 1] ^= 1
    path.write_bytes(content)
    with pytest.raises(OSError, match=rf"{path}: the table is damaged .*(checksum|CRC|crc)"):
        read_table(path)


@pytest.mark.parametrize("turn", [0, 4])
def test_a_flipped_bit_anywhere_is_noticed_or_changes_nothing(path, turn):
    write_table(path, columns(), SMALL, {"code": "abc"})
    content, written = path.read_bytes(), read_table(path)
    noticed = 0
    for place in range(len(content)):
        flipped = bytearray(content)
        # Another bit at each place, so that all eight are flipped in every part of the file.
        flipped[place] ^= 1 << (place + turn) % 8
        path.write_bytes(flipped)
        try:
            assert read_table(path).equals(written, check_metadata=True), place
        except DamagedFile:
            noticed += 1
    assert noticed > len(content) / 2


@pytest.mark.parametrize("text", [b"count", b"ARROW:schema"])
def test_a_flipped_bit_in_a_name_is_noticed_whichever_it_is(path, text):
    write_table(path, columns(), SMALL)
    content = path.read_bytes()
    for bit in range(8 * len(text)):
        flipped = bytearray(content)
        flipped[content.index(text) + bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(DamagedFile, match="the table is damaged"):
            read_table(path)


def test_a_renamed_column_and_a_changed_provenance_are_noticed(path):
    for old, new in ((b"count", b"coust"), (b"abc", b"abd")):
        write_table(path, columns(), SMALL, {"code": "abc"})
        assert old in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(old, new))
        with pytest.raises(DamagedFile, match="its description is not the one that was written"):
            read_table(path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not a table at all"])
def test_what_is_no_table_is_refused_by_name(path, content):
    path.write_bytes(content)
    with pytest.raises(OSError, match=f"{path}: the table is damaged"):
        read_table(path)


def test_a_truncated_table_is_refused_by_name(path):
    write_table(path, columns(), SMALL)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(OSError, match=f"{path}: the table is damaged"):
        read_table(path)


def test_a_damaged_table_is_moved_aside_and_not_lost(path):
    path.write_bytes(b"half a table")
    with pytest.raises(
        DamagedFile, match=r"It now lies at table\.parquet\.damaged; the same command computes it again"
    ):
        read_table(path)
    assert not path.exists()
    assert path.with_name("table.parquet.damaged").read_bytes() == b"half a table"


def test_a_file_of_no_run_stays_where_it_is(tmp_path):
    own = tmp_path / "mine.parquet"
    own.write_bytes(b"no table at all")
    with pytest.raises(OSError, match=f"{own}: the table cannot be read") as caught:
        read_table(own)
    assert not isinstance(caught.value, DamagedFile)
    assert own.read_bytes() == b"no table at all"


def test_a_part_of_a_run_is_moved_aside_though_its_config_stands_many_folders_above(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = make_config([2], ["tanh"], ["critical"])
    part = cell_parts(config, "initial", Cell(2, "plain", "tanh", "critical"))[0]
    part.parent.mkdir(parents=True)
    RunPaths(config.run).config.touch()
    part.write_bytes(b"half a table")
    with pytest.raises(DamagedFile):
        read_table(part)
    assert not part.exists()


def test_what_the_system_refuses_is_no_damage(path):
    path.mkdir()
    with pytest.raises(OSError, match="the table cannot be read"):
        read_table(path)
    assert path.is_dir()


@pytest.mark.parametrize("error", [pa.ArrowMemoryError("malloc failed"), MemoryError()], ids=["Arrow", "Python"])
def test_a_lack_of_memory_is_no_damage(path, monkeypatch, error):
    def fail(*arguments, **options):
        raise error

    write_table(path, columns(), SMALL)
    monkeypatch.setattr(pq.ParquetFile, "read", fail)
    with pytest.raises(OSError, match=f"{path}: there is not enough memory to read the table"):
        read_table(path)
    assert path.exists()


def test_a_healthy_table_stays_in_place_however_little_memory_there_is(path):
    random = np.random.default_rng(0)
    written = {"name": ["row"] * 300_000, "count": np.arange(300_000), "value": random.normal(size=300_000)}
    write_table(path, written, SMALL)
    lines = [
        "import resource, sys",
        "from pathlib import Path",
        "from depthsounder.storage.tables import read_table",
        "pages = int(Path('/proc/self/statm').read_text().split()[0])",
        "limit = pages * resource.getpagesize() + int(sys.argv[2]) * 2**10",
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))",
        "try:",
        "    read_table(Path(sys.argv[1]))",
        "except OSError as error:",
        "    sys.exit(str(error))",
    ]
    refused = 0
    for kibibytes in (100, 2_000):
        done = subprocess.run(
            [sys.executable, "-c", "\n".join(lines), path, str(kibibytes)],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            capture_output=True,
            text=True,
            check=False,
        )
        refused += f"{path}: " in done.stderr
        assert "damaged" not in done.stderr
        assert path.exists()
    assert refused


def test_a_missing_table_is_named(path):
    with pytest.raises(OSError, match=str(path)):
        read_table(path)


def test_equal_columns_give_equal_bytes(tmp_path):
    for name in ("a", "b"):
        write_table(tmp_path / name, columns(), SMALL, {"code": "abc"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
