"""The check of the data before any job starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from depthsounder.config import Config, ConfigError, check_data

ROOT = Path(__file__).resolve().parents[2]


def config_for(source="digits", target=None, batch_size=64, probe_examples=256, test_fraction=0.2):
    values = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    values["data"] = {"source": str(source), "target": target, "test_fraction": test_fraction}
    values["training"]["batch_size"] = batch_size
    values["probe_examples"] = probe_examples
    return Config.model_validate(values)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["x,kind", *(f"{i},{i % 2}" for i in range(100))]))
    return path


@pytest.fixture
def stamp(tmp_path):
    return tmp_path / "results" / "data_check.json"


def refusal(config, stamp):
    with pytest.raises(ConfigError) as caught:
        check_data(config, stamp)
    return str(caught.value)


def test_the_digits_are_checked_without_scikit_learn_and_leave_no_stamp(stamp):
    check_data(config_for(), stamp)
    assert not stamp.exists()
    code = "import sys, depthsounder.config, depthsounder.sweep.cells; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"sklearn", "pandas"} & set(done.stdout.split())


def test_batch_and_probe_fit_the_training_part(stamp, file):
    assert "training.batch_size: found 1,438; allowed: at most 1,437" in refusal(config_for(batch_size=1438), stamp)
    assert "probe_examples: found 1,438; allowed: at most 1,437" in refusal(config_for(probe_examples=1438), stamp)
    small = {"source": file, "target": "kind"}
    assert "at most 80" in refusal(config_for(**small, batch_size=81, probe_examples=8), stamp)
    check_data(config_for(**small, batch_size=80, probe_examples=80), stamp)


def test_a_split_that_leaves_a_class_out_is_refused(stamp):
    assert "for the test part" in refusal(config_for(test_fraction=0.001), stamp)
    assert "for the training part" in refusal(config_for(test_fraction=0.999), stamp)


def test_a_bad_file_is_refused_every_time(stamp, file):
    config = config_for(file, "kind", 8, 8)
    file.write_text("x,kind\n1,a\nnan,b\n")
    for _ in range(2):
        assert "column 'x', row 2 of the data" in refusal(config, stamp)
    file.unlink()
    assert "no such file" in refusal(config, stamp)


@pytest.mark.parametrize("kind", ["a", ""])
def test_a_file_of_two_rows_is_told_how_many_it_needs_whatever_else_is_wrong(stamp, file, kind):
    file.write_text(f"x,kind\n1,{kind}\n2,b\n")
    message = refusal(config_for(file, "kind", 8, 8), stamp)
    assert "found 2 rows; allowed: at least 8, 2 of each of two classes in either part" in message
    assert "at most" not in message


def test_a_good_file_is_read_again_only_if_it_or_its_settings_change(stamp, file, monkeypatch):
    from depthsounder.config import data_check

    reads = []
    read = data_check.read_source
    monkeypatch.setattr(data_check, "read_source", lambda *arguments: reads.append(arguments) or read(*arguments))
    config = config_for(file, "kind", 8, 8)
    check_data(config, stamp)
    check_data(config, stamp)
    assert len(reads) == 1
    check_data(config_for(file, "kind", 8, 9), stamp)
    assert len(reads) == 2
    times = file.stat()
    file.write_text("x,kind\n1,a\nnan,b\n")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert "row 2 of the data" in refusal(config_for(file, "kind", 8, 9), stamp)


def test_a_folder_that_cannot_be_written_to_does_not_stop_good_data(file, tmp_path):
    (tmp_path / "results").write_text("a file, and no folder")
    check_data(config_for(file, "kind", 8, 8), tmp_path / "results" / "data_check.json")


def test_all_that_is_wrong_with_a_file_and_with_what_depends_on_it_is_told_at_once(stamp, file):
    rows = [f"{i}.5,n{i},{'?' if i == 3 else i},{'a' if i < 7 else 'b'}" for i in range(20)]
    file.write_text("\n".join(["x,name,y,kind", *rows]))
    message = refusal(config_for(file, "kind", 32, 256, 0.1), stamp)
    assert message.startswith("The data cannot be used: 6 problems.")
    for words in (
        "column 'name', row 1 of the data: found 'n0', a text, as in 20 rows of 20",
        "column 'y', row 4 of the data: found '?'",
        "7 rows of the class 'a', 0 of them for the test part; allowed: at least 2 in each part",
        "(test_fraction is 0.1): test_fraction of at least 0.26",
        "13 rows of the class 'b', 1 of them",
        # Twenty rows with the share that was just told.
        "training.batch_size: found 32; allowed: at most 14",
        "probe_examples: found 256; allowed: at most 14",
    ):
        assert words in message


def test_what_a_person_should_look_at_is_told_again_without_reading_again(stamp, tmp_path, monkeypatch):
    from depthsounder.config import data_check

    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["Id,x,kind", *(f"{i},{i % 9}.5,{i % 2}" for i in range(100))]))
    first = check_data(config_for(path, "kind", 8, 8), stamp)
    assert "'Id' is named like an index and counts the rows" in first[0]
    monkeypatch.setattr(data_check, "read_source", pytest.fail)
    assert check_data(config_for(path, "kind", 8, 8), stamp) == first


@pytest.mark.parametrize("content", ["[]", "{}", '{"facts": 1}', "null", "\0"])
def test_a_stamp_that_is_none_is_written_anew(stamp, file, content):
    stamp.parent.mkdir()
    stamp.write_text(content)
    check_data(config_for(file, "kind", 8, 8), stamp)
    assert '"warnings"' in stamp.read_text()


def test_a_file_with_a_split_keeps_it_and_a_share_beside_it_is_refused(stamp, tmp_path):
    import numpy as np

    images, labels = np.random.default_rng(0).integers(0, 255, (60, 2, 2)), np.arange(60) % 3
    np.savez(tmp_path / "m.npz", x_train=images[:40], y_train=labels[:40], x_test=images[40:], y_test=labels[40:])
    check_data(config_for(tmp_path / "m.npz", None, 40, 40, None), stamp)
    assert "data.test_fraction: null" in refusal(config_for(tmp_path / "m.npz", None, 40, 40, 0.2), stamp)
    assert "at most 40" in refusal(config_for(tmp_path / "m.npz", None, 41, 40, None), stamp)
    np.savez(tmp_path / "n.npz", X=images, y=labels)
    assert "no split of its own" in refusal(config_for(tmp_path / "n.npz", "y", 8, 8, None), stamp)
    np.savez(tmp_path / "m.npz", x_train=images[:40], y_train=labels[:40], x_test=images[40:43], y_test=labels[40:43])
    assert "1 row of the class '0' in its own test part" in refusal(
        config_for(tmp_path / "m.npz", None, 8, 8, None), stamp
    )
