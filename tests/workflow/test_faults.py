"""A run ends in a true report whatever happens on the way; docs/faults.md lists what is tried here."""

import os
import random
import re
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import by_hand
import pyarrow.parquet as pq
import pytest

from depthsounder.tables import SCHEMAS

pytestmark = [pytest.mark.workflow, pytest.mark.faults]

TABLES = [f"results/default/{name}.parquet" for name in SCHEMAS]
KILLS = 20
PATIENCE = 120


def start(project, *targets):
    """Start a run in a process group of its own."""
    return subprocess.Popen(
        project.command("--cores=2", *targets),
        cwd=project.folder,
        env=project.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def jobs_of(project, script="scripts/"):
    """The processes of scripts that work in a project's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, folder = (process / "cmdline").read_bytes(), (process / "cwd").readlink()
        except OSError:
            continue
        if script.encode() in command and b"bash" not in command and folder == project.folder.resolve():
            found.append(int(process.name))
    return found


def assert_same_tables(project, undisturbed):
    for name in SCHEMAS:
        assert project.rows(name) == undisturbed.rows(name), name
    assert not list(project.folder.rglob("*.tmp"))


def test_twenty_kills_at_random_moments_change_no_number(fresh, finished_run):
    chance = random.Random(20)
    killed = {"snakemake": 0, "job": 0}
    while sum(killed.values()) < KILLS:
        run = start(fresh, *TABLES)
        moment = time.monotonic() + chance.uniform(1.5, 6.0)
        while time.monotonic() < moment and run.poll() is None:
            time.sleep(0.02)
        jobs = jobs_of(fresh)
        if run.poll() is None and jobs and chance.random() < 0.5:
            os.kill(chance.choice(jobs), signal.SIGKILL)
            killed["job"] += 1
        if run.poll() is None:
            run.kill()
            killed["snakemake"] += 1
        run.communicate(timeout=PATIENCE)
        # It came to its end, so that there is nothing left to disturb: half of what it made is lost.
        if run.returncode == 0:
            parts = sorted((fresh / "results/default/parts").rglob("*.parquet"))
            for part in [*chance.sample(parts, len(parts) // 2), *(fresh / table for table in TABLES)]:
                part.unlink(missing_ok=True)

    fresh.run(*TABLES)

    assert min(killed.values()) > 0
    assert_same_tables(fresh, finished_run)


def test_jobs_do_not_outlive_the_run_that_started_them(fresh):
    fresh.configure({"training.steps": 200_000})
    run = start(fresh, "results/default/traces.parquet")
    deadline = time.monotonic() + PATIENCE
    while not jobs_of(fresh, "scripts/tune_rate.py"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1.0)

    run.kill()
    run.communicate(timeout=PATIENCE)

    time.sleep(1.0)
    assert not jobs_of(fresh)


def test_a_second_run_in_the_same_folder_is_refused_while_the_first_one_runs(finished, finished_run):
    shutil.rmtree(finished / "results/default/parts")
    first = start(finished)
    deadline = time.monotonic() + PATIENCE
    while not jobs_of(finished):
        assert time.monotonic() < deadline
        time.sleep(0.05)

    second = finished.snakemake("--cores=2")
    planned = finished.snakemake("--dry-run")
    first.communicate(timeout=PATIENCE)

    assert second.code != 0
    assert re.search(rf"results/default is being computed by another run \(process {first.pid}\)", second.output)
    assert "Traceback" not in second.output
    assert planned.code == 0, planned.output
    assert first.returncode == 0
    assert_same_tables(finished, finished_run)


@pytest.mark.parametrize(
    ("file", "kind"),
    [("traces.parquet", "table"), ("verdicts.parquet", "table"), ("data.npz", "data"), ("config.json", "config")],
)
@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied"])
def test_a_damaged_file_is_named_moved_aside_and_computed_again(finished, finished_run, file, kind, damage):
    path = finished / "results/default" / file
    hurt(path, damage)
    (finished / "results/default/claims.parquet").unlink()

    failed = finished.snakemake("--cores=2")
    assert failed.code != 0
    assert f"results/default/{file}: the {kind} is damaged" in failed.output
    assert "Traceback" not in failed.output
    assert path.with_name(f"{path.name}.damaged").exists()

    finished.run()
    assert_same_tables(finished, finished_run)


@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_a_damaged_part_is_named_moved_aside_and_computed_again(finished, finished_run, damage):
    part = finished / "results/default/parts/tuning/depth=2/activation=tanh/init=he_normal/seeds=10000-10000.parquet"
    hurt(part, damage)
    (finished / "results/default/traces.parquet").unlink()

    failed = finished.snakemake("--cores=2")
    assert failed.code != 0
    assert "the table is damaged" in failed.output
    assert "Traceback" not in failed.output

    finished.run()
    assert_same_tables(finished, finished_run)


def hurt(path, damage):
    """Damage a file without changing the time at which it was written."""
    facts = path.stat()
    content = bytearray(path.read_bytes())
    if damage == "flipped" and path.suffix != ".parquet":
        # In the midst of numbers or of text, of which the bit makes none.
        content[len(content) // 2] ^= 0x80
    elif damage == "flipped":
        group = pq.ParquetFile(path).metadata.row_group(0)
        chunk = max(map(group.column, range(group.num_columns)), key=lambda column: column.total_compressed_size)
        # Its last byte, which belongs to values, and not to a header that says where they are.
        content[(chunk.dictionary_page_offset or chunk.data_page_offset) + chunk.total_compressed_size - 1] ^= 0x10
    path.write_bytes({"truncated": content[: len(content) // 2], "flipped": content, "emptied": b""}[damage])
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_jumps_changes_no_number(finished, finished_run, days):
    for path in (finished / "results").rglob("*"):
        facts = path.stat()
        if "init=he_normal" in str(path):
            os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns + days * 86_400 * 10**9))

    finished.run()

    assert_same_tables(finished, finished_run)


def mounted(project, options):
    """Put a file system of memory in place of a project's results, keeping what is in them."""
    results = project / "results"
    kept = results.rename(results.with_name("kept")) if results.exists() else None
    results.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", results], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("mounting a file system needs the rights of root")
    if kept is not None:
        shutil.copytree(kept, results, dirs_exist_ok=True)
    return results


def test_a_full_disk_fails_and_the_same_command_resumes_when_there_is_room(fresh, finished_run):
    results = mounted(fresh, "size=700k")
    try:
        full = fresh.snakemake("--cores=2", *TABLES)
        assert full.code != 0
        assert re.search(r"No space left|disk", full.output)
        subprocess.run(["mount", "-o", "remount,size=50m", results], check=True)
        fresh.run(*TABLES)
        assert_same_tables(fresh, finished_run)
    finally:
        subprocess.run(["umount", "-l", results], check=True)


def test_results_that_cannot_be_written_are_an_error_and_no_loss(finished, finished_run):
    results = mounted(finished, "size=50m")
    try:
        (finished / "results/default/claims.parquet").unlink()
        subprocess.run(["mount", "-o", "remount,ro", results], check=True)
        refused = finished.snakemake("--cores=2")
        assert refused.code != 0
        assert "Read-only file system" in refused.output
        subprocess.run(["mount", "-o", "remount,rw", results], check=True)
        finished.run()
        assert_same_tables(finished, finished_run)
    finally:
        subprocess.run(["umount", "-l", results], check=True)


def test_a_job_that_gets_no_memory_leaves_nothing_half_done(tmp_path):
    cell = ("relu", "he_normal", 2)
    by_hand.prepare(tmp_path)
    by_hand.check(tmp_path, cell)
    limit = 150 * 2**20
    done = subprocess.run(
        by_hand.measuring(tmp_path, tmp_path, cell),
        env={**os.environ, "PYTHONPATH": str(by_hand.ROOT / "src"), "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    assert not list(tmp_path.glob("*signal*"))

    by_hand.measure(tmp_path, tmp_path, cell)
    assert (tmp_path / "signal.parquet").exists()
