"""Cells, seed blocks and paths."""

from pathlib import Path

import pytest
import yaml

from depthsounder.config import TUNING_SEED_BASE, validate_config
from depthsounder.elements.axes import AXES, Cell, Design
from depthsounder.process.blocks import parse_block, seed_blocks
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.cells import (
    ANY_CELL,
    ANY_CHECKED,
    CHECKED_AXES,
    PART_KINDS,
    RunPaths,
    blocks,
    cell_parts,
    cells,
    check_paths,
    folder_of,
    part_paths,
    table_parts,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def config():
    path = ROOT / "config" / "config.yaml"
    return validate_config(yaml.safe_load(path.read_text()), [path])


def test_every_combination_is_a_cell_once_and_in_the_configs_order(config):
    listed = list(cells(config))
    assert len(listed) == len(set(listed)) == 200
    assert listed[0] == Cell(2, "plain", "linear", "naive_small")
    assert listed[1] == Cell(2, "plain", "linear", "naive_large")
    assert listed[-1] == Cell(50, "plain", "leaky_relu", "critical")


@pytest.mark.parametrize(
    ("first", "count", "per_block", "expected"),
    [
        (0, 20, 10, ["0-9", "10-19"]),
        (0, 25, 10, ["0-9", "10-19", "20-24"]),
        (0, 1, 10, ["0-0"]),
        (10_000, 2, 10, ["10000-10001"]),
        (10_000, 9, 7, ["10000-10002", "10003-10008"]),
        (0, 3, 1, ["0-0", "1-1", "2-2"]),
    ],
)
def test_blocks_end_at_multiples_of_their_size(first, count, per_block, expected):
    assert seed_blocks(first, count, per_block) == expected


@pytest.mark.parametrize("per_block", [1, 3, 10, 64])
@pytest.mark.parametrize("first", [0, TUNING_SEED_BASE])
def test_blocks_hold_every_seed_once_and_more_seeds_keep_the_full_ones(first, per_block):
    previous: list[str] = []
    for count in range(1, 70):
        labels = seed_blocks(first, count, per_block)
        assert [seed for label in labels for seed in parse_block(label)] == list(range(first, first + count))
        full = [label for label in previous if (parse_block(label)[-1] + 1) % per_block == 0]
        assert labels[: len(full)] == full
        previous = labels


@pytest.mark.parametrize("text", ["", "3", "3-", "5-3", "-1-3", "0-9 ", "a-b"])
def test_what_is_no_block_is_refused(text):
    with pytest.raises(ValueError, match="no block of seeds"):
        parse_block(text)


def test_tuning_seeds_are_none_of_the_others(config):
    tuning = {seed for block in blocks(config, "tuning") for seed in parse_block(block)}
    others = {
        seed for kind in PART_KINDS if kind != "tuning" for block in blocks(config, kind) for seed in parse_block(block)
    }
    assert len(tuning) == config.seeds.tune
    assert tuning.isdisjoint(others)


def test_a_part_lies_where_the_design_says():
    cell = Cell(20, "plain", "tanh", "he_normal")
    path = RunPaths("default").part("training", folder_of(cell._asdict()), "0-9")
    expected = "results/default/parts/training/depth=20/architecture=plain/activation=tanh/init=he_normal"
    assert path.as_posix() == f"{expected}/seeds=0-9.parquet"
    # A name may have a point in it, which begins no suffix.
    check = RunPaths("default").check(folder_of(Design("plain", "tanh", "gaussian_w1.5_b0.05")._asdict()))
    assert check.as_posix() == (
        "results/default/checks/architecture=plain/activation=tanh/init=gaussian_w1.5_b0.05.parquet"
    )


def test_the_axes_are_the_keys_of_the_tables_and_the_wildcards_of_the_paths(config):
    assert [*AXES] == [*Cell._fields] == CELL_KEYS
    assert ANY_CELL.as_posix() == "depth={depth}/architecture={architecture}/activation={activation}/init={init}"
    assert ANY_CHECKED.as_posix() == "architecture={architecture}/activation={activation}/init={init}"
    assert set(CHECKED_AXES) < set(AXES)
    for cell in cells(config):
        assert all(name in getattr(config, AXES[axis].key) for axis, name in cell._asdict().items())
        assert folder_of(cell._asdict()).as_posix() == ANY_CELL.as_posix().format(**cell._asdict())


def test_tables_are_made_of_all_their_parts(config):
    assert len(check_paths(config)) == len(set(check_paths(config))) == 40
    assert len(part_paths(config, "initial")) == len(part_paths(config, "jacobian")) == 200
    assert len(part_paths(config, "tuning")) == len(part_paths(config, "traces")) == 200
    assert table_parts(config, "signal") == part_paths(config, "initial") + part_paths(config, "training")
    assert table_parts(config, "jacobian") == part_paths(config, "jacobian")
    assert table_parts(config, "traces") == part_paths(config, "tuning") + part_paths(config, "traces")
    cell = Cell(50, "plain", "relu", "critical")
    assert set(cell_parts(config, "initial", cell)) == {
        path
        for path in part_paths(config, "initial")
        if "depth=50/architecture=plain/activation=relu/init=critical/" in path.as_posix()
    }


def test_runs_share_no_files():
    one, two = RunPaths("default"), RunPaths("smoke")
    for place in ("results", "reports"):
        assert not getattr(one, place).is_relative_to(getattr(two, place))
