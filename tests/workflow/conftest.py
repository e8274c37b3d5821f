"""Copies of the project in which snakemake really runs, on a sweep of eight cells that takes seconds.

A run is a user's: snakemake is called beside the tests' Python, from an environment that nobody activated. One run is
finished once in a session, for all processes; tests work on copies of it, with Snakemake's memory and all times.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tiny_sweep import TINY_SWEEP

from depthsounder.storage.tables import read_table

PARTS_OF_THE_PROJECT = ("Snakefile", "workflow", "config", "profiles", "scripts", "src", "environment.yml")

# As `--dry-run` prints a job: its rule, and below it what the rule's wildcards stand for.
JOB = re.compile(r"^(?:local)?rule (?P<rule>\w+):\n(?P<facts>(?:    .*\n)*)", re.MULTILINE)
WILDCARDS = re.compile(r"^    wildcards: (.*)$", re.MULTILINE)

LONGEST_RUN = 600
SAID = ".snakemake/said.txt"


@dataclass(frozen=True)
class Job:
    """A job that a dry run plans."""

    rule: str
    wildcards: tuple[tuple[str, str], ...]

    def __getitem__(self, wildcard):
        return dict(self.wildcards)[wildcard]


@dataclass(frozen=True)
class Run:
    """What a call of snakemake ended with: its exit code, and all that it said."""

    code: int
    output: str


@dataclass(frozen=True)
class Project:
    """A copy of the project in a folder of its own."""

    folder: Path

    def __truediv__(self, path):
        return self.folder / path

    def copy(self, folder):
        """A second project, equal down to the times of its files."""
        shutil.copytree(self.folder, folder, copy_function=shutil.copy2)
        return Project(folder)

    def configure(self, changes=None, file="config/config.yaml"):
        """Write the tiny sweep to a config file; a change names its key with dots, as in ``seeds.evaluate``."""
        values: dict[str, Any] = deepcopy(TINY_SWEEP)
        for key, value in (changes or {}).items():
            *sections, last = key.split(".")
            section = values
            for name in sections:
                section = section[name]
            section[last] = value
        (self / file).write_text(yaml.safe_dump(values, sort_keys=False))

    def edit(self, path, old, new):
        """Replace a piece of a file where it first stands."""
        text = (self / path).read_text()
        assert old in text, (path, old)
        (self / path).write_text(text.replace(old, new, 1))

    def command(self, *arguments):
        """The call of snakemake beside the tests' Python."""
        return [Path(sys.executable).with_name("snakemake"), *arguments]

    def environment(self):
        """A shell's environment in which nothing was activated or set for the tests."""
        own = Path(sys.executable).parent
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SNAKEMAKE"))}
        kept.pop("VIRTUAL_ENV", None)
        kept["PATH"] = os.pathsep.join(
            entry for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(entry) != own
        )
        return kept

    def snakemake(self, *arguments, environment=None):
        """Call snakemake in the project's folder and wait for its end."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment() | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST_RUN,
            check=False,
        )
        return Run(done.returncode, done.stdout)

    def run(self, *targets, cores=2):
        """Compute targets, or all there is, and return what snakemake said."""
        run = self.snakemake(*targets, f"--cores={cores}")
        assert run.code == 0, run.output
        return run.output

    def run_for_all(self, *targets):
        """Compute targets of a project that tests share, and keep what snakemake said."""
        (self / SAID).write_text(self.run(*targets))

    def said(self):
        """What snakemake said in `run_for_all`."""
        return (self / SAID).read_text()

    def plan(self, *arguments):
        """The jobs that a run would start, without the rule that only asks for files."""
        run = self.snakemake("--dry-run", *arguments, "--quiet", "host")
        assert run.code == 0, run.output
        jobs = []
        for match in JOB.finditer(run.output):
            wildcards = WILDCARDS.search(match["facts"])
            pairs = [pair.split("=", 1) for pair in wildcards[1].split(", ")] if wildcards else []
            jobs.append(Job(match["rule"], tuple((name, value) for name, value in pairs)))
        planned = re.search(r"^total +(\d+)$", run.output, re.MULTILINE)
        assert len(jobs) == (int(planned[1]) if planned else 0), run.output
        assert jobs or "Nothing to be done" in run.output, run.output
        return [job for job in jobs if job.rule != "all"]

    def table(self, table, run="default"):
        """The rows of a table."""
        return read_table(self / f"results/{run}/{table}.parquet").to_pylist()

    def rows(self, table, run="default"):
        """The rows of a table in its order, each number with all its digits."""
        return list(map(repr, self.table(table, run)))

    def files(self, *folders):
        """When each file in some folders was changed, and what is in it; files that are being written do not count."""
        return {
            path.relative_to(self.folder): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
            for folder in folders
            for path in sorted((self / folder).rglob("[!.]*"))
            if path.is_file()
        }


@pytest.fixture(scope="session")
def once(tmp_path_factory) -> Callable[[str, Callable[[Path], object]], Project]:
    """A project that the first test process makes which asks for its name; the others wait and share it."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent

    def shared(name, make):
        folder = base / name
        with (base / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                making = base / f"{name} in the making"
                shutil.rmtree(making, ignore_errors=True)
                make(making)
                making.rename(folder)
        return Project(folder)

    return shared


@pytest.fixture(scope="session")
def sources(root, once) -> Project:
    """The project as it would be cloned, but for its config."""

    def make(folder):
        folder.mkdir()
        for part in PARTS_OF_THE_PROJECT:
            if (root / part).is_dir():
                shutil.copytree(root / part, folder / part, copy_function=shutil.copy2)
            else:
                shutil.copy2(root / part, folder / part)
        Project(folder).configure()

    return once("sources", make)


@pytest.fixture(scope="session")
def finished_run(sources, once) -> Project:
    """A project whose tiny sweep ran to the end, for reading only. Its path has what shells and Snakemake read."""

    return once("""a {finished} run of $HOME's "é\"""", lambda folder: sources.copy(folder).run_for_all())


@pytest.fixture
def fresh(sources, tmp_path) -> Project:
    """A project in which nothing has run yet."""
    return sources.copy(tmp_path / "project")


@pytest.fixture
def finished(finished_run, tmp_path) -> Project:
    """A copy of the finished run, to change and to run again."""
    return finished_run.copy(tmp_path / "project")
