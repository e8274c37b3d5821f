"""One run at a time in one results folder, and no job that outlives its run.

The lock is the system's own on an open file: it ends with the process that holds it, however that ends. A file that a
crash left behind therefore locks nothing.
"""

import errno
import os
import select
import signal
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import TextIO

_ENOTSUPP = 524
"""A number of Linux's own that some network file systems let out, and for which Python has no name."""

NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, _ENOTSUPP}
"""What file systems without locks answer, as Lustre and NFS may be set up."""

HOLDER = ".running"
"""The file in a results folder that its run holds locked."""

RUNNER = "DEPTHSOUNDER_RUNNER"
"""The environment variable with the process that started a job."""


class NoLock(RuntimeError):
    """A folder cannot be had for this run."""


class UnknownSystem(NoLock):
    """The system is none on which this runs."""


class RunInProgress(NoLock):
    """Another process is computing this run in this folder."""


def lock(folder: Path, *others: Path) -> TextIO:
    """Lock a results folder for this process, and clear it of half-written files that a killed run left.

    Parameters
    ----------
    folder
        The results folder; it is made if there is none.
    others
        Further folders of the same run, which are cleared too.

    Returns
    -------
    TextIO
        What holds the lock; keep it open.

    Raises
    ------
    RunInProgress
        If another process holds it; the message names the process.
    NoLock
        If the folder cannot be written, or the system has no such locks; the message names it and says why.
    """
    try:
        holder = _locked_holder(folder)
        for leftover in (leftover for place in (folder, *others) for leftover in place.rglob(".*.tmp")):
            leftover.unlink(missing_ok=True)
    except OSError as error:
        place = error.filename or folder
        raise NoLock(f"{folder} cannot be used for this run: {place}: {error.strerror}") from None
    return holder


def require_free(folder: Path) -> None:
    """Refuse a results folder that another process has locked, before its files are looked at: they come and go.

    Raises
    ------
    RunInProgress
        Naming the process.
    UnknownSystem
        Where the system has no such locks.
    """
    fcntl = locks_of_system()
    if (folder / HOLDER).exists():
        with (folder / HOLDER).open(encoding="utf-8") as holder:
            _hold(holder, folder, fcntl.LOCK_SH)


def locks_of_system() -> ModuleType:
    """Return the module of the system's locks on files.

    Raises
    ------
    UnknownSystem
        If there is none, as on Windows; the message names the systems.
    """
    try:
        import fcntl  # noqa: PLC0415
    except ImportError:
        wsl = "On Windows, run it in WSL, the Windows Subsystem for Linux."
        raise UnknownSystem(f"Depthsounder runs on Linux and macOS. {wsl}") from None
    return fcntl


def _locked_holder(folder: Path) -> TextIO:
    """Return the open file that is locked for this process and has its number."""
    fcntl = locks_of_system()
    folder.mkdir(parents=True, exist_ok=True)
    holder = (folder / HOLDER).open("a+", encoding="utf-8")
    _hold(holder, folder, fcntl.LOCK_EX)
    holder.truncate(0)
    holder.write(str(os.getpid()))
    holder.flush()
    return holder


def _hold(holder: TextIO, folder: Path, kind: int) -> None:
    """Lock a file until it is closed, or close it and say which process has locked it.

    Where the file system has no locks, a run goes on without one, and says so.
    """
    fcntl = locks_of_system()
    try:
        fcntl.flock(holder, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        holder.seek(0)
        process = holder.read().strip() or "unknown"
        holder.close()
        message = f"{folder} is being computed by another run (process {process}); wait for its end, or stop it first"
        raise RunInProgress(message) from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            holder.close()
            raise
        if kind == fcntl.LOCK_EX:
            warning = "start one run at a time, because none will be told of another"
            print(f"{folder} lies on a file system without locks ({error.strerror}): {warning}.", file=sys.stderr)


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
    except ProcessLookupError:
        os.kill(os.getpid(), signal.SIGKILL)
    except OSError:
        # A kernel or a sandbox that lets no process be watched, which is no reason for a job not to run.
        return
    threading.Thread(target=_wait_and_end, args=(watched,), daemon=True).start()


def _wait_and_end(watched: int) -> None:
    select.select([watched], [], [])
    os.kill(os.getpid(), signal.SIGKILL)
