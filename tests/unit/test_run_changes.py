"""What changed between two runs: nothing that did not, and everything that did."""

import json
import subprocess
import sys

import pandas as pd
import pytest
from made_up_run import write_run

from depthsounder.judging.run_changes import Change, compare_runs, load_snapshot, save_baseline
from depthsounder.storage import schemas, tables
from depthsounder.storage.schemas import BASELINE_FILES

DEPTHS, ACTIVATIONS, INITS = [2, 20], ["tanh", "relu"], ["naive_small", "glorot_normal"]


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    pair = {"depth": 20, "activation": "tanh", "init": "glorot_normal", "against": "naive_small"}
    return write_run(tmp_path_factory.mktemp("earlier"), DEPTHS, ACTIVATIONS, INITS, comparisons=[pair])


def snapshot_with(folder, table, change):
    """A run's snapshot with one of its tables changed."""
    snapshot = load_snapshot(folder)
    changed = getattr(snapshot, table).copy()
    change(changed)
    return type(snapshot)(**{**vars(snapshot), table: changed})


def test_a_run_has_not_changed_from_itself(earlier):
    changes = compare_runs(load_snapshot(earlier), load_snapshot(earlier))
    assert (changes.common, changes.gone, changes.new) == (8, 0, 0)
    assert changes.settings == changes.flipped == changes.moved == []


def test_a_verdict_that_flipped_is_named_with_both_words(earlier):
    before = load_snapshot(earlier)
    row = before.verdicts[(before.verdicts["depth"] == 2) & (before.verdicts["init"] == "glorot_normal")].index[0]
    old = before.verdicts.loc[row, "training_verdict"]
    after = snapshot_with(earlier, "verdicts", lambda table: table.__setitem__("training_verdict", "diverged"))
    flipped = compare_runs(before, after).flipped
    assert Change("tanh, glorot_normal, depth 2", "training_verdict", old, "diverged") in flipped
    assert len(flipped) == (before.verdicts["training_verdict"] != "diverged").sum()


def test_a_verdict_that_is_null_in_both_runs_did_not_flip(earlier):
    def forget(table):
        table["signal_verdict"] = None

    once, again = (snapshot_with(earlier, "verdicts", forget) for _ in range(2))
    assert compare_runs(once, again).flipped == []


def test_a_claim_that_is_judged_anew_is_a_flip(earlier):
    def turn(table):
        table.loc[0, "verdict"] = "confirmed"

    claim = load_snapshot(earlier).claims.loc[0]
    changes = compare_runs(load_snapshot(earlier), snapshot_with(earlier, "claims", turn))
    assert changes.flipped == [Change(f"claim {claim['claim']}", "verdict", claim["verdict"], "confirmed")]


@pytest.mark.parametrize(("share", "n_moved"), [(0.0, 0), (0.9, 0), (1.1, 1), (-1.1, 1)])
def test_an_effect_size_moves_when_it_leaves_the_earlier_interval(earlier, share, n_moved):
    def shift(table):
        middle, half = 1.0, 0.25
        table.loc[3, ["delta_ratio", "delta_ratio_low", "delta_ratio_high"]] = middle, middle - half, middle + half

    def shift_more(table):
        shift(table)
        table.loc[3, "delta_ratio"] += share * 0.25

    before, after = snapshot_with(earlier, "verdicts", shift), snapshot_with(earlier, "verdicts", shift_more)
    moved = compare_runs(before, after).moved
    assert len(moved) == n_moved
    assert all(change.before == "1.00 (0.750 to 1.25)" for change in moved)


def test_a_size_is_written_as_everywhere_on_the_page(earlier):
    def shrink(table):
        table.loc[3, ["delta_ratio", "delta_ratio_low", "delta_ratio_high"]] = 4.4e-62, 3.2e-62, 1234.5

    def grow(table):
        shrink(table)
        table.loc[3, "delta_ratio"] = 12345.6

    moved = compare_runs(snapshot_with(earlier, "verdicts", shrink), snapshot_with(earlier, "verdicts", grow)).moved

    assert [(change.before, change.after) for change in moved] == [("4.40 × 10⁻⁶² (3.20 × 10⁻⁶² to 1,234)", "12,346")]


def test_settings_and_cells_that_only_one_run_has_are_counted(earlier, tmp_path):
    later = write_run(tmp_path, [2, 5, 20], ACTIVATIONS, INITS[1:], width=16)
    changes = compare_runs(load_snapshot(earlier), load_snapshot(later))
    assert (changes.common, changes.gone, changes.new) == (4, 4, 2)
    assert Change("config", "width", "8", "16") in changes.settings
    assert "run" not in {change.before for change in changes.settings}


def test_a_baseline_keeps_what_runs_are_compared_by(earlier, tmp_path):
    save_baseline(earlier, tmp_path / "baseline")
    assert sorted(path.name for path in (tmp_path / "baseline").iterdir()) == sorted(BASELINE_FILES)
    changes = compare_runs(load_snapshot(tmp_path / "baseline"), load_snapshot(earlier))
    assert changes.flipped == changes.moved == []


def test_a_folder_that_is_no_run_is_refused_and_leaves_the_old_baseline(earlier, tmp_path):
    save_baseline(earlier, tmp_path / "baseline")
    with pytest.raises(OSError, match=r"verdicts\.parquet"):
        save_baseline(tmp_path / "nothing", tmp_path / "baseline")
    assert len(load_snapshot(tmp_path / "baseline").verdicts) == 8


def test_the_command_lists_every_change(earlier, tmp_path, root):
    later = write_run(tmp_path / "later", DEPTHS, ACTIVATIONS, INITS)
    verdicts = tables.read_table(later / "verdicts.parquet").to_pandas().astype(object)
    verdicts.loc[0, "training_verdict"] = "partial"
    rows = verdicts.where(pd.notna(verdicts), None).to_dict("records")
    tables.write_rows(later / "verdicts.parquet", rows, schemas.VERDICTS)
    done = subprocess.run(
        [sys.executable, root / "scripts/compare_runs.py", "--before", earlier, "--after", later],
        env={"PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "8 cells in both" in done.stdout
    assert "Verdicts that flipped: 1\n" in done.stdout
    assert "-> partial" in done.stdout
    assert "comparisons" in done.stdout
    assert json.loads((earlier / "config.json").read_text())["comparisons"]
