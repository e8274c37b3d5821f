"""The commands of the Makefile: what they call for a config, and where they say that its report lies."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


def plan(*arguments):
    """What make would call, line by line, in an environment in which all is installed."""
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", "--old-file=.venv/runtime", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


def script(folder, name, *arguments):
    """What a script prints that is called in a folder of one's own."""
    called = [sys.executable, ROOT / "scripts" / name, *arguments]
    return subprocess.run(called, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config").mkdir()
    shutil.copy(ROOT / "config/config.yaml", tmp_path / "config/config.yaml")
    return tmp_path


def test_a_report_is_that_of_the_config_that_is_named():
    lines = plan("report", "CONFIG=config/he2015.yaml", "CORES=2")
    assert ".venv/bin/snakemake --cores 2 --configfile config/he2015.yaml" in lines
    assert ".venv/bin/python scripts/locate_report.py config/he2015.yaml" in lines
    assert [line.split() for line in plan("report", "CORES=2") if "snakemake" in line] == [
        [".venv/bin/snakemake", "--cores", "2"]
    ]


def test_the_place_of_a_report_is_found_however_the_run_is_written(folder):
    (folder / "mine.yaml").write_text('run:   "mine"  # in quotes\n')
    report = folder.resolve() / "reports/mine/index.html"
    assert script(folder, "locate_report.py", "mine.yaml") == f"There is no report yet: it will be {report}\n"
    report.parent.mkdir(parents=True)
    report.touch()
    assert script(folder, "locate_report.py", "mine.yaml") == f"The report is {report}\n"


@pytest.mark.parametrize("home", [None, "", "/dev/null"])
def test_without_a_home_folder_make_says_nothing_of_it(home):
    variables = {name: value for name, value in os.environ.items() if name != "HOME"}
    variables |= {} if home is None else {"HOME": home}
    done = subprocess.run(
        ["make", "--dry-run", "help"], cwd=ROOT, env=variables, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


def test_without_names_the_runs_that_can_be_compared_are_listed(folder):
    for run, files in {"second": 4, "first": 4, "unfinished": 2}.items():
        (folder / "results" / run).mkdir(parents=True)
        for name in ("config.json", "verdicts.parquet", "comparisons.parquet", "claims.parquet")[:files]:
            (folder / "results" / run / name).touch()
    assert script(folder, "compare_runs.py").startswith("Finished runs: first, second\n")
    assert [line.split() for line in plan("compare") if "compare_runs" in line] == [
        [".venv/bin/python", "scripts/compare_runs.py"]
    ]
    (line,) = [line for line in plan("compare", "A=first", "B=second") if "compare_runs" in line]
    assert line.endswith("compare_runs.py --before results/first --after results/second")
