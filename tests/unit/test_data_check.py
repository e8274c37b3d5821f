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
    code = "import sys, depthsounder.config, depthsounder.sweep; print(*sys.modules)"
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
