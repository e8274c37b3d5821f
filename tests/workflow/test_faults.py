"""A run ends in a true report whatever happens on the way; docs/faults.md lists what is tried here."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support import without_times

from depthsounder.storage.schemas import SCHEMAS

pytestmark = [pytest.mark.workflow, pytest.mark.faults]

TABLES = [f"results/default/{name}.parquet" for name in SCHEMAS]
KILLS = 20
PATIENCE = 600


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


def assert_same_pages(project, undisturbed):
    for figure in sorted((undisturbed / "reports/default/figures").iterdir()):
        assert (project / "reports/default/figures" / figure.name).read_bytes() == figure.read_bytes(), figure.name
    pages = [(run / "reports/default/index.html").read_text() for run in (project, undisturbed)]
    assert without_times(pages[0]) == without_times(pages[1])


def killed_for_sure(process):
    """Kill a process, if it has not ended; it is stopped first, because one that is just ending cannot be killed."""
    try:
        os.kill(process, signal.SIGSTOP)
        time.sleep(0.02)
        state = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]
        os.kill(process, signal.SIGKILL)
    except OSError:
        return False
    return state == "T"


def lose_some(project, chance):
    """Delete half of the parts with their tables, or of the figures with the report."""
    results, reports = project / "results/default", project / "reports/default"
    if chance.random() < 0.5:
        many, few = sorted((results / "parts").rglob("*.parquet")), [project / table for table in TABLES]
    else:
        many, few = sorted((reports / "figures").iterdir()), [reports / "index.html"]
    for path in [*chance.sample(many, len(many) // 2), *few]:
        path.unlink()


def strike(project, run, victim, chance):
    """Kill a run, or one of its jobs as soon as there is one; whether that was done before the run's end."""
    while run.poll() is None:
        if victim == "snakemake":
            run.kill()
            return True
        jobs = jobs_of(project)
        if jobs and killed_for_sure(chance.choice(jobs)):
            return True
        time.sleep(0.02)
    return False


def test_twenty_kills_at_random_moments_change_no_number(fresh, finished_run):
    chance = random.Random(20)
    victims = ["snakemake", "job"] * (KILLS // 2)
    chance.shuffle(victims)
    while victims:
        run = start(fresh)
        moment = time.monotonic() + chance.uniform(1.5, 6.0)
        while time.monotonic() < moment and run.poll() is None:
            time.sleep(0.02)
        struck = strike(fresh, run, victims[-1], chance)
        # Where a job was killed, all others go on to their end, and Snakemake says that one of them failed.
        said = run.communicate(timeout=PATIENCE)[0]
        if run.returncode == 0:
            assert victims[-1] == "snakemake" or not struck, said
            lose_some(fresh, chance)
        else:
            assert struck, said
            assert run.returncode == (1 if victims.pop() == "job" else -signal.SIGKILL), said

    fresh.run()

    assert_same_tables(fresh, finished_run)
    assert_same_pages(fresh, finished_run)
    assert fresh.plan() == []


def wait_for(condition):
    """Wait until something holds, and return it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@pytest.mark.parametrize(
    ("script", "long", "target"),
    [
        ("tune_rate", {"training.steps": 200_000}, "traces"),
        ("check_gradients", {"gradient_check.depths": [30], "gradient_check.width": 16}, "gradient_check"),
    ],
    ids=["a cell's job", "another job"],
)
def test_jobs_do_not_outlive_the_run_that_started_them(fresh, script, long, target):
    fresh.configure(long)
    run = start(fresh, f"results/default/{target}.parquet")
    jobs = wait_for(lambda: jobs_of(fresh, f"scripts/{script}.py"))
    time.sleep(1.0)
    assert set(jobs) <= set(jobs_of(fresh))

    run.kill()
    run.communicate(timeout=PATIENCE)

    time.sleep(1.0)
    assert not jobs_of(fresh)


def test_a_second_run_in_the_same_folder_is_refused_while_the_first_one_runs(finished, finished_run):
    shutil.rmtree(finished / "results/default/parts")
    first = start(finished)
    wait_for(lambda: jobs_of(finished))

    # The first run waits, so that it has not come to an end or replaced a file, however slow the machine is.
    os.killpg(first.pid, signal.SIGSTOP)
    second = finished.snakemake("--cores=2")
    planned = finished.snakemake("--dry-run")
    os.killpg(first.pid, signal.SIGCONT)
    first.communicate(timeout=PATIENCE)

    assert second.code != 0
    assert re.search(rf"results/default is being computed by another run \(process {first.pid}\)", second.output)
    assert "Traceback" not in second.output
    assert planned.code == 0, planned.output
    assert first.returncode == 0
    assert_same_tables(finished, finished_run)


def test_a_user_without_a_name_and_a_home_draws_with_a_cache_beside_the_results(finished, tmp_path):
    figure = finished / "reports/default/figures/answer.svg"
    before = figure.read_bytes()
    figure.unlink()
    (tmp_path / "patch").mkdir()
    (tmp_path / "patch/sitecustomize.py").write_text("import pwd\npwd.getpwuid = lambda uid: {}[uid]\n")
    names = dict.fromkeys(("LOGNAME", "USER", "LNAME", "USERNAME"), "")
    places = {"HOME": "/dev/null", "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(tmp_path / "patch")}

    run = finished.snakemake("--cores=1", "reports/default/figures/answer.svg", environment=names | places)

    assert run.code == 0, run.output
    assert "Matplotlib created a temporary" not in run.output
    assert list((finished / "results/.matplotlib").glob("fontlist-*.json"))
    assert figure.read_bytes() == before


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
    cell = "depth=2/architecture=plain/activation=tanh/init=he_normal"
    part = finished / f"results/default/parts/tuning/{cell}/seeds=10000-10000.parquet"
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


def shift(paths, days):
    """Date files earlier or later than they are."""
    for path in paths:
        facts = path.stat()
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns + days * 86_400 * 10**9))


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_jumps_changes_no_number_and_reruns_only_what_is_missing(finished, finished_run, days):
    shift([path for top in ("results", "reports") for path in (finished / top).rglob("*")], days)
    parts = sorted((finished / "results/default/parts/training").rglob("init=he_normal/*.parquet"))
    for path in [*parts[:2], finished / "results/default/theory.parquet"]:
        path.unlink()
    planned = {job.rule for job in finished.plan()}
    assert {"train_networks", "predict_signal"} <= planned
    assert not {"check_gradients", "measure_signal", "tune_rate"} & planned

    finished.run()

    assert_same_tables(finished, finished_run)
    assert finished.plan() == []


def test_a_clock_that_is_set_back_while_jobs_run_costs_only_jobs(fresh, finished_run):
    run = start(fresh, *TABLES)
    wait_for(lambda: jobs_of(fresh, "scripts/measure_signal.py"))
    shift([fresh / "results/default/data.npz"], 400)
    said = run.communicate(timeout=PATIENCE)[0]
    assert run.returncode != 0
    assert "older modification time" in said

    fresh.run(*TABLES)

    assert_same_tables(fresh, finished_run)
    assert fresh.plan(*TABLES) == []


def test_a_caption_from_the_future_is_no_obstacle(finished):
    shift([finished / "workflow/report/failure_map.rst"], 400)
    (finished / "reports/default/index.html").unlink()

    finished.run()

    assert (finished / "reports/default/index.html").exists()
    assert finished.plan() == []


def test_data_from_the_future_are_named_before_any_job_starts_and_can_be_touched(fresh):
    (fresh / "mine.csv").write_text("length,kind\n" + "1,iris\n2,poppy\n" * 30)
    fresh.configure({"data.source": "mine.csv", "data.target": "kind"})
    shift([fresh / "mine.csv"], 400)

    refused = fresh.snakemake("--cores=2")

    assert refused.code != 0
    assert re.search(r"dated in the future; it is now .*\n    mine\.csv: 20", refused.output)
    assert "Traceback" not in refused.output
    assert not (fresh / "results/default/checks").exists()

    (fresh / "mine.csv").touch()
    fresh.run("results/default/data.npz")


def mounted(project, options):
    """Put a file system of memory in place of a project's results, keeping what is in them."""
    results = project / "results"
    kept = results.rename(results.with_name("kept")) if results.exists() else None
    results.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", results], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(
            "a full or read-only disk is made by mounting one, which needs the rights of root: run this as root"
        )
    if kept is not None:
        shutil.copytree(kept, results, dirs_exist_ok=True)
    return results


def test_a_full_disk_fails_and_the_same_command_resumes_when_there_is_room(fresh, finished_run):
    results = mounted(fresh, "size=700k")
    try:
        full = fresh.snakemake("--cores=2", *TABLES)
        assert full.code != 0
        assert "No space left on device" in full.output
        assert "Traceback" not in full.output
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
        assert re.search(r"results/default cannot be used for this run: .*: Read-only file system", refused.output)
        assert "Traceback" not in refused.output
        subprocess.run(["mount", "-o", "remount,rw", results], check=True)
        finished.run()
        assert_same_tables(finished, finished_run)
    finally:
        subprocess.run(["umount", "-l", results], check=True)


# Stands in place of a script, which was moved. When that has half written its second table, it gets no more memory.
IN_LITTLE_MEMORY = """
import resource, runpy
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

write, tables = pq.write_table, []


def write_in_little_memory(table, where, **how):
    write(table, where, **how)
    tables.append(where)
    if len(tables) == 2:
        limit = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        np.ones(2**28)


pq.write_table = write_in_little_memory
runpy.run_path("moved.py", run_name="__main__")
"""


def test_jobs_that_get_no_memory_leave_nothing_half_done_and_the_same_command_resumes(fresh, finished_run):
    script, moved = fresh / "scripts/train_networks.py", fresh / "moved.py"
    script.rename(moved)
    script.write_text(IN_LITTLE_MEMORY)
    failed = fresh.snakemake("--cores=2", *TABLES)
    assert failed.code != 0
    assert "Unable to allocate 2.00 GiB" in failed.output
    assert not list((fresh / "results/default/parts").glob("tra*/**/*.parquet"))
    assert list((fresh / "results/default/parts").glob("tuning/**/*.parquet"))
    assert not [path for ending in ("tmp", "damaged") for path in fresh.folder.rglob(f"*.{ending}")]

    moved.rename(script)
    fresh.run(*TABLES)

    assert_same_tables(fresh, finished_run)
