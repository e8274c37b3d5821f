"""Sweeps of a user's own: a file as data, presets, and runs of several names side by side."""

import html
import os
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import yaml

from depthsounder.config import load_resolved
from depthsounder.data.dataset import load_dataset
from depthsounder.figures import FIGURES

pytestmark = pytest.mark.workflow

SMALL = {"depths": [2], "activations": ["tanh"], "inits": ["he_normal"]}
OWN = {"run": "flowers", "data.source": "my flowers.csv", "data.target": "kind", **SMALL}


def flowers():
    """Sixty examples of three kinds, with a feature that is the same for all."""
    labels = np.arange(60) % 3
    spread = np.random.default_rng(3).standard_normal((60, 2))
    return {
        "kind": np.array(["iris", "poppy", "tulip"])[labels],
        "length": labels + 0.3 * spread[:, 0],
        "sepals": np.full(60, 3.0),
        "width": 2.0 * labels + 0.3 * spread[:, 1],
    }


def write_csv(path):
    pa.csv.write_csv(pa.table(flowers()), path)


def write_parquet(path):
    pa.parquet.write_table(pa.table(flowers()), path)


def write_npz(path):
    columns = flowers()
    kinds = columns.pop("kind")
    np.savez(path, X=np.column_stack(list(columns.values())), kind=kinds)


WRITERS = {"csv": write_csv, "parquet": write_parquet, "npz": write_npz}


@pytest.fixture(scope="module")
def two_runs(finished_run, once):
    """A copy of the finished run in which a second run followed, of another name and of the user's own file."""

    def make(folder):
        project = finished_run.copy(folder)
        pa.csv.write_csv(pa.table({"Id": np.arange(60), **flowers()}), project / "my flowers.csv")
        project.configure(OWN, "config/flowers.yaml")
        project.run_for_all("--configfile", "config/flowers.yaml")

    return once("two runs", make)


def page_of_flowers(project):
    return (project / "reports/flowers/index.html").read_text()


def test_the_users_file_reaches_the_report(two_runs):
    assert "my flowers.csv" in page_of_flowers(two_runs)
    assert len(two_runs.rows("verdicts", run="flowers")) == 1
    assert len(list((two_runs / "reports/flowers/figures").iterdir())) == 2 * len(FIGURES)


def test_a_second_name_touches_no_file_of_the_first_run(two_runs, finished_run):
    first = finished_run.files("results", "reports", "logs")

    assert first.items() <= two_runs.files("results", "reports", "logs").items()
    assert two_runs.plan() == []


def test_a_file_that_changed_is_prepared_and_learned_again(two_runs, tmp_path):
    project = two_runs.copy(tmp_path / "project")
    os.utime(project / "my flowers.csv")
    assert project.plan("--configfile", "config/flowers.yaml") == []

    project.edit("my flowers.csv", ",3,", ",4,")

    jobs = {job.rule for job in project.plan("--configfile", "config/flowers.yaml")}
    assert {"prepare_data", "measure_signal", "tune_rate", "train_networks", "render_report"} <= jobs
    assert not {"check_gradients"} & jobs


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_file_of_each_kind_becomes_prepared_data(fresh, suffix):
    WRITERS[suffix](fresh / f"flowers.{suffix}")
    fresh.configure({"data.source": f"flowers.{suffix}", "data.target": "kind", **SMALL})

    fresh.run("results/default/data.npz")

    data = load_dataset(fresh / "results/default/data.npz")
    assert data.classes.tolist() == ["iris", "poppy", "tulip"]
    assert data.train_inputs.shape == (48, 3)
    assert data.test_inputs.shape == (12, 3)
    assert np.bincount(data.test_labels).tolist() == [4, 4, 4]
    assert not data.train_inputs[:, 1].any()
    assert np.mean(data.train_inputs**2) == pytest.approx(1.0, abs=1e-12)


# A name for each way in which a name might become more than a name: a command, a wildcard, a tag, a formula, a path.
COMMAND = "$(touch pwned)"
HOSTILE_FILE = "-a b;touch pwned&`touch pwned`'\"\\|$(touch pwned)☠.csv"
HOSTILE_TARGETS = ["{depth}", "--{{x}} {input} {0!r:>{width}} '; touch pwned; ' </td><b>%s\\n"]
HOSTILE_CLASSES = ["<script>alert(1)</script>", "=cmd|x", "{depth}$x_1^2$ & ]]>"]


def hostile_flowers(target):
    """The flowers, with a target and classes that nobody should take for anything but names."""
    columns = flowers()
    kinds = np.unique(columns.pop("kind"), return_inverse=True)[1]
    return {target: np.array(HOSTILE_CLASSES)[kinds], "<i>$length_1$</i>{x}": columns.pop("length"), **columns}


@pytest.mark.parametrize("target", HOSTILE_TARGETS)
def test_a_targets_name_is_data_whatever_it_looks_like(fresh, target):
    pa.csv.write_csv(pa.table(hostile_flowers(target)), fresh / "flowers.csv")
    fresh.configure({"data.source": "flowers.csv", "data.target": target, **SMALL})

    fresh.run("results/default/data.npz", "results/default/config.json")

    assert sorted(load_dataset(fresh / "results/default/data.npz").classes) == sorted(HOSTILE_CLASSES)
    assert load_resolved(fresh / "results/default/config.json").data.target == target
    assert not list(fresh.folder.rglob("pwned*"))


def test_hostile_names_run_nothing_and_reach_the_report_as_names(fresh):
    pa.csv.write_csv(pa.table(hostile_flowers(COMMAND)), fresh / HOSTILE_FILE)
    fresh.configure({"data.source": HOSTILE_FILE, "data.target": COMMAND, **SMALL})

    fresh.run()

    page = (fresh / "reports/default/index.html").read_text()
    assert HOSTILE_FILE in html.unescape(page)
    assert HOSTILE_FILE not in page
    assert "<script>alert" not in page
    assert not list(fresh.folder.rglob("pwned*"))
    assert fresh.plan() == []


def test_a_row_number_is_warned_of_once_before_any_job_and_in_the_report(fresh, two_runs):
    words = "the column 'Id' is named like an index"
    warning = f"""Look at my flowers.csv: {words} and counts the rows; data.drop: ["Id"]"""
    shutil.copy(two_runs / "my flowers.csv", fresh.folder)
    fresh.configure(OWN)
    assert fresh.snakemake("--dry-run").output.count(warning) == 1
    assert two_runs.said().count(warning) == 1
    assert words in html.unescape(page_of_flowers(two_runs))

    fresh.configure({**OWN, "data.drop": ["Id"]})
    assert "Look at" not in fresh.snakemake("--dry-run").output


def test_what_goes_in_is_listed_in_the_terminal_and_in_the_report(two_runs):
    said, page = two_runs.said(), html.unescape(page_of_flowers(two_runs))
    for words in (
        "4 features: Id, length, sepals, width.",
        "3 classes, with their rows: iris (20), poppy (20), tulip (20).",
        "60 rows: 48 for training and 12 for testing",
    ):
        assert words in said
        assert words in page


def test_a_small_mnist_of_ones_own_keeps_its_split(fresh):
    images, labels = np.random.default_rng(0).integers(0, 256, (130, 4, 4), dtype=np.uint8), np.arange(130) % 10
    np.savez(fresh / "mnist.npz", x_train=images[:100], y_train=labels[:100], x_test=images[100:], y_test=labels[100:])
    fresh.configure({"data.source": "mnist.npz", "data.test_fraction": None, **SMALL})

    output = fresh.run("results/default/data.npz")

    data = load_dataset(fresh / "results/default/data.npz")
    assert (data.train_labels.tolist(), data.test_labels.tolist()) == (labels[:100].tolist(), labels[100:].tolist())
    assert data.features[:2].tolist() == ["x_train[0,0]", "x_train[0,1]"]
    assert "the source's own split" in output


def test_a_preset_laid_over_the_default_sweep_plans_the_cells_of_its_reviewed_form(root, fresh):
    # The one preset that is for a user's file: here a small one of the same layout.
    images, labels = np.random.default_rng(0).integers(0, 256, (400, 28, 28), dtype=np.uint8), np.arange(400) % 10
    np.savez(fresh / "mnist.npz", x_train=images[:300], y_train=labels[:300], x_test=images[300:], y_test=labels[300:])
    shutil.copy(root / "config/config.yaml", fresh / "config/config.yaml")
    sweep = yaml.safe_load((root / "tests/presets/mnist.yaml").read_text())
    cells = len(sweep["depths"]) * len(sweep["activations"]) * len(sweep["inits"])

    jobs = fresh.plan("--configfile", "config/mnist.yaml")

    blocks = -(-sweep["seeds"]["measure"] // sweep["seeds_per_block"])
    assert [job.rule for job in jobs].count("measure_signal") == cells * blocks
