"""One run at a time in a folder; a lock that a crash left behind locks nothing; no job outlives its run."""

import errno
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from depthsounder.process.commands import Refusal, run
from depthsounder.process.lock import RUNNER, NoLock, RunInProgress, end_with_runner, lock, require_free

PATIENCE = 20
ROOT = Path(__file__).resolve().parents[2]


def python(code, **options):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **options.pop("env", {})}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, **options)


def test_a_second_lock_is_refused_and_names_the_process(tmp_path):
    holder = python(
        f"import sys, time; from pathlib import Path; from depthsounder.process.lock import lock\n"
        f"kept = lock(Path({str(tmp_path)!r})); print('locked', flush=True); time.sleep({PATIENCE})",
        stdout=subprocess.PIPE,
    )
    holder.stdout.readline()
    with pytest.raises(RunInProgress, match=rf"computed by another run \(process {holder.pid}\)"):
        lock(tmp_path)
    with pytest.raises(RunInProgress, match=rf"computed by another run \(process {holder.pid}\)"):
        require_free(tmp_path)

    holder.kill()
    holder.wait()
    require_free(tmp_path)
    lock(tmp_path).close()
    holder.stdout.close()


def test_a_lock_clears_half_written_files_and_nothing_else(tmp_path):
    part = tmp_path / "parts" / "seeds=0-9.parquet"
    part.parent.mkdir()
    part.write_text("whole")
    part.with_name(".seeds=0-9.parquet.123.tmp").write_text("half")
    lock(tmp_path).close()
    assert [path.name for path in part.parent.iterdir()] == [part.name]


def test_a_lock_clears_the_other_folders_of_its_run_too(tmp_path):
    figure = tmp_path / "reports/mine/figures/answer.svg"
    figure.parent.mkdir(parents=True)
    figure.write_text("whole")
    figure.with_name(".answer.svg.123.tmp").write_text("half")
    lock(tmp_path / "results/mine", tmp_path / "reports/mine", tmp_path / "reports/none").close()
    assert [path.name for path in figure.parent.iterdir()] == [figure.name]
    assert not (tmp_path / "reports/none").exists()


def test_a_folder_that_cannot_be_had_is_named_with_the_reason(tmp_path):
    (tmp_path / "results").write_text("a file where a folder should be")
    with pytest.raises(NoLock, match=rf"{tmp_path}/results/mine cannot be used for this run: .*: Not a directory"):
        lock(tmp_path / "results/mine")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, 524])
def test_a_file_system_without_locks_is_warned_of_once_and_used(number, tmp_path, monkeypatch, capsys):
    def flock(file, kind):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    (tmp_path / ".half.tmp").write_text("half")
    require_free(tmp_path)
    lock(tmp_path).close()
    require_free(tmp_path)
    assert (tmp_path / ".running").read_text() == str(os.getpid())
    assert not (tmp_path / ".half.tmp").exists()
    warning = f"{tmp_path} lies on a file system without locks ({os.strerror(number)}): start one run at a time"
    assert [line.startswith(warning) for line in capsys.readouterr().err.splitlines()] == [True]


def test_another_error_of_a_lock_is_still_an_error(tmp_path, monkeypatch):
    def flock(file, kind):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(NoLock, match=r"cannot be used for this run: .*: Input/output error"):
        lock(tmp_path)


@pytest.mark.parametrize("script", ["measure_signal.py", "plan_sweep.py"])
def test_a_system_without_such_locks_at_all_is_told_where_to_run(script):
    code = f"import runpy, sys; sys.modules['fcntl'] = None; runpy.run_path('scripts/{script}', run_name='__main__')"
    done = python(code, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert done.communicate()[1] == (
        "Depthsounder runs on Linux and macOS. On Windows, run it in WSL, the Windows Subsystem for Linux.\n"
    )


def test_readme_and_package_name_the_systems():
    assert "Linux and macOS; on Windows, in WSL" in " ".join((ROOT / "README.md").read_text().split())
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    systems = {line.split(" :: ")[-1] for line in classifiers if line.startswith("Operating System")}
    assert systems == {"Linux", "MacOS"}


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the system cannot watch another process")
def test_a_job_ends_with_the_process_that_started_it():
    runner = python(f"import time; time.sleep({PATIENCE})")
    job = python(
        f"import time; from depthsounder.process.lock import end_with_runner\n"
        f"end_with_runner(); time.sleep({PATIENCE})",
        env={RUNNER: str(runner.pid)},
    )
    time.sleep(0.5)
    assert job.poll() is None

    runner.kill()
    runner.wait()
    assert job.wait(timeout=PATIENCE / 2) == -signal.SIGKILL


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the system cannot watch another process")
def test_every_script_ends_with_the_process_that_started_it():
    runner = python(f"import time; time.sleep({PATIENCE})")
    script = python(
        f"import time; from depthsounder.process.commands import run\n"
        f"run(lambda: (print('started', flush=True), time.sleep({PATIENCE})))",
        env={RUNNER: str(runner.pid)},
        stdout=subprocess.PIPE,
    )
    assert script.stdout.readline() == b"started\n"

    runner.kill()
    runner.wait()
    assert script.wait(timeout=PATIENCE / 2) == -signal.SIGKILL
    script.stdout.close()


def test_a_job_runs_also_where_no_process_can_be_watched(monkeypatch):
    def refuse(process):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    monkeypatch.setenv(RUNNER, str(os.getppid()))
    end_with_runner()


def test_a_job_by_hand_watches_nobody():
    code = "from depthsounder.process.lock import end_with_runner; end_with_runner(); print('done')"
    done = python(code, stdout=subprocess.PIPE, env={RUNNER: ""})
    assert done.communicate()[0] == b"done\n"


@pytest.mark.parametrize("error", [OSError("a.parquet: the table is damaged"), Refusal("the check failed")])
def test_a_script_says_what_is_wrong_in_a_sentence(error):
    def main():
        raise error

    with pytest.raises(SystemExit, match=str(error)) as ended:
        run(main)
    assert ended.value.__suppress_context__


def test_a_mistake_of_the_program_keeps_its_traceback():
    def main():
        raise KeyError("width")

    with pytest.raises(KeyError):
        run(main)
