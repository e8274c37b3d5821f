"""One run at a time in a folder; a lock that a crash left behind locks nothing; no job outlives its run."""

import os
import signal
import subprocess
import sys
import time

import pytest

from depthsounder.commands import Refusal, run
from depthsounder.exclusive import RUNNER, RunInProgress, claim

PATIENCE = 20


def python(code, **options):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **options.pop("env", {})}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, **options)


def test_a_second_claim_is_refused_and_names_the_process(tmp_path):
    holder = python(
        f"import sys, time; from pathlib import Path; from depthsounder.exclusive import claim\n"
        f"kept = claim(Path({str(tmp_path)!r})); print('claimed', flush=True); time.sleep({PATIENCE})",
        stdout=subprocess.PIPE,
    )
    holder.stdout.readline()
    with pytest.raises(RunInProgress, match=rf"computed by another run \(process {holder.pid}\)"):
        claim(tmp_path)

    holder.kill()
    holder.wait()
    claim(tmp_path).close()
    holder.stdout.close()


def test_a_claim_clears_half_written_files_and_nothing_else(tmp_path):
    part = tmp_path / "parts" / "seeds=0-9.parquet"
    part.parent.mkdir()
    part.write_text("whole")
    part.with_name(".seeds=0-9.parquet.123.tmp").write_text("half")
    claim(tmp_path).close()
    assert [path.name for path in part.parent.iterdir()] == [part.name]


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the system cannot watch another process")
def test_a_job_ends_with_the_process_that_started_it():
    runner = python(f"import time; time.sleep({PATIENCE})")
    job = python(
        f"import time; from depthsounder.exclusive import end_with_runner\nend_with_runner(); time.sleep({PATIENCE})",
        env={RUNNER: str(runner.pid)},
    )
    time.sleep(0.5)
    assert job.poll() is None

    runner.kill()
    runner.wait()
    assert job.wait(timeout=PATIENCE / 2) == -signal.SIGKILL


def test_a_job_by_hand_watches_nobody():
    code = "from depthsounder.exclusive import end_with_runner; end_with_runner(); print('done')"
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
