"""Files that are dated in the future, as a clock that was set back leaves them.

Snakemake throws away what a job made if an input of the job is dated later, so that with such an input no job could end
well until the clock had caught up. This module knows files and their times, and nothing of what is in them.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path

_MOST_NAMED = 5


class DatedInTheFuture(RuntimeError):
    """Files that are not the run's own are dated in the future."""


def bring_back(folders: Iterable[Path]) -> None:
    """Date files in the future back to now.

    Their order stays, microsecond by microsecond: what was older than what it is made from must not look made anew.
    """
    now = time.time_ns()
    times = {path: path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*") if path.is_file()}
    ahead = sorted({moment for moment in times.values() if moment > now})
    back = {moment: now - 1000 * rank for rank, moment in enumerate(reversed(ahead))}
    for path, moment in times.items():
        if moment in back:
            os.utime(path, ns=(back[moment], back[moment]))


def require_past(paths: Iterable[Path]) -> None:
    """Refuse files that are dated in the future.

    Raises
    ------
    DatedInTheFuture
        Naming them, and how to cure it.
    """
    now = time.time()
    ahead = [f"    {path}: {_date(moment)}" for path, moment in sorted(_times(paths).items()) if moment > now]
    if ahead:
        more = [f"    and {len(ahead) - _MOST_NAMED} more"] if len(ahead) > _MOST_NAMED else []
        found = "\n".join(ahead[:_MOST_NAMED] + more)
        raise DatedInTheFuture(
            f"These files are dated in the future; it is now {_date(now)}:\n{found}\n"
            "Set the clock, or `touch` them: Snakemake would throw away what is made from them."
        )


def _times(paths: Iterable[Path]) -> dict[Path, float]:
    return {path: path.stat().st_mtime for path in set(paths) if path.exists()}


def _date(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
