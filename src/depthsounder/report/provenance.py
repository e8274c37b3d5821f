"""Where the numbers come from: versions, machine, commit, digests, how much was computed and how long it took."""

import hashlib
import os
import platform
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from threadpoolctl import threadpool_info

from depthsounder import __version__
from depthsounder.config import own_records
from depthsounder.storage.schemas import CELL_KEYS, SCHEMAS
from depthsounder.storage.tables import read_table
from depthsounder.sweep.job_times import JobTime, job_times
from depthsounder.sweep.runs import Run

_PACKAGES = ("numpy", "scipy", "pyarrow", "pandas", "matplotlib", "seaborn", "scikit-learn", "pydantic", "snakemake")
_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class TableFile:
    """A table of the run: its name, its size in bytes, and the SHA-256 of its file."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True)
class ExtensionFile:
    """A file of the user's own: its path as in the config, its SHA-256, and the names that the run takes from it."""

    path: str
    digest: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class StageTime:
    """What a stage of the workflow took: its rule, its jobs, and their wall and CPU time in seconds."""

    rule: str
    jobs: int
    wall: float
    cpu: float


@dataclass(frozen=True)
class NetworkCounts:
    """How many networks were measured before training, trained for tuning, and trained for evaluation."""

    measured: int
    tuned: int
    evaluated: int


def table_files(run: Run) -> list[TableFile]:
    """Return the run's tables with their digests."""
    files = []
    for name in SCHEMAS:
        path = run.table_path(name)
        with path.open("rb") as file:
            files.append(TableFile(name, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()))
    return files


def extension_files(run: Run) -> list[ExtensionFile]:
    """Return the user's own files whose records the run names, with their digests as they are now."""
    names: dict[Path, list[str]] = {}
    for records in own_records(run.config).values():
        for name, path in records.items():
            names.setdefault(path, []).append(name)
    return [
        ExtensionFile(str(path), hashlib.sha256(path.read_bytes()).hexdigest(), tuple(brought))
        for path, brought in names.items()
    ]


def stage_times(run: Run) -> list[StageTime]:
    """Return the time of each stage so far, the longest first, from the files in which Snakemake measures each job."""
    times: dict[str, list[JobTime]] = {}
    for job in job_times(run.folder):
        times.setdefault(job.rule, []).append(job)
    stages = [
        StageTime(rule, len(jobs), sum(job.wall for job in jobs), sum(job.cpu for job in jobs))
        for rule, jobs in times.items()
    ]
    return sorted(stages, key=lambda stage: -stage.wall)


def network_counts(run: Run) -> NetworkCounts:
    """Return how many networks the run's numbers rest on, from its tables."""
    measured = run.initial_signal[run.initial_signal["layer"] == 1]
    traces = read_table(run.table_path("traces"), [*CELL_KEYS, "phase", "step"])
    started = traces.filter(pc.equal(traces["step"], 0))
    tuned = pc.sum(pc.equal(started["phase"], "tune")).as_py() or 0
    return NetworkCounts(len(measured), tuned, len(started) - tuned)


def versions() -> dict[str, str]:
    """Return the versions of what computed and drew, the BLAS library and the platform."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    found = {"depthsounder": __version__, "Python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    found["BLAS"] = f"{blas.get('name', 'unknown')} {blas.get('version', '')}, kernels {_blas_kernels()}"
    found["platform"] = f"{platform.system()} {platform.machine()}"
    return found


def _blas_kernels() -> str:
    """Return for which processors the BLAS library's kernels in use were written."""
    kernels = {library["architecture"] for library in threadpool_info() if library["internal_api"] == "openblas"}
    return ", ".join(sorted(kernels)) or "not known"


def processor() -> str:
    """Return the name of the processor and the number of cores, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def commit() -> str:
    """Return the commit of the code and whether the tree was dirty, or that neither is known."""
    head = _git("rev-parse", "HEAD")
    if head is None:
        return "not known: the code is in no git repository, or git is not installed"
    changes = _git("status", "--porcelain")
    return f"{head} ({'with uncommitted changes' if changes else 'clean'})"


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(_ROOT), *arguments],  # noqa: S607 - git is found as the user finds it
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
