"""One run at a time in one results folder, and no job that outlives its run.

The lock is the system's own on an open file: it ends with the process that holds it, however that ends. A file that a
crash left behind therefore locks nothing.
"""

import fcntl
import os
import select
import signal
import threading
from pathlib import Path
from typing import TextIO

RUNNER = "DEPTHSOUNDER_RUNNER"
"""The environment variable with the process that started a job."""


class RunInProgress(RuntimeError):
    """Another process is computing this run in this folder."""


def claim(folder: Path) -> TextIO:
    """Claim a results folder for this process, and clear it of half-written files that a killed run left.

    Returns
    -------
    TextIO
        What holds the claim; keep it open.

    Raises
    ------
    RunInProgress
        If another process holds it; the message names the process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    holder = (folder / ".running").open("a+", encoding="utf-8")
    try:
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder.seek(0)
        process = holder.read().strip() or "unknown"
        holder.close()
        message = f"{folder} is being computed by another run (process {process}); wait for its end, or stop it first"
        raise RunInProgress(message) from None
    holder.truncate(0)
    holder.write(str(os.getpid()))
    holder.flush()
    for leftover in folder.rglob(".*.tmp"):
        leftover.unlink(missing_ok=True)
    return holder


def end_with_runner() -> None:
    """End this process when the one that started it does, so that no orphan writes beside the run that resumes.

    It is named by the environment variable `RUNNER`; without it, as in a job that was started by hand, nothing is
    watched. Linux only: elsewhere orphans finish their one job.
    """
    runner = os.environ.get(RUNNER, "")
    if not runner.isdecimal() or not hasattr(os, "pidfd_open"):
        return
    try:
        watched = os.pidfd_open(int(runner))
    except OSError:
        os.kill(os.getpid(), signal.SIGKILL)
    threading.Thread(target=_wait_and_end, args=(watched,), daemon=True).start()


def _wait_and_end(watched: int) -> None:
    select.select([watched], [], [])
    os.kill(os.getpid(), signal.SIGKILL)
