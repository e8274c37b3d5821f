"""Files that cannot be read: why, in a sentence, and where a damaged one went.

A damaged file of a run is moved aside, so that the workflow misses it and computes it again, and a person can still
look at it. A file that is whole stays where it is: a refusal of the system or a lack of memory is no damage. So does a
file of no run, which a script was given by mistake.

This module knows files, folders and errors; it knows nothing of what is in them.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from depthsounder.elements.axes import AXES

_WORDS_OF_LACK = ("alloc of size", "bad_alloc", "not enough memory")

# An OSError of the kernel has an errno, and one that Arrow raises for content that it cannot parse has none. EINVAL is
# damage too: a damaged offset makes Arrow seek to a position before the file's beginning.
_NUMBERS_OF_DAMAGE = (None, errno.EINVAL)


_DEEPEST = len(AXES) + 3
"""Folders from a part up to its run, which are ``<run>/parts/initial`` and one for each axis."""


class DamagedFile(OSError):
    """A file that is not what was written any more."""


@contextmanager
def reading(
    path: Path, kind: str, signs: tuple[type[Exception], ...], others: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Turn what goes wrong in the block, which reads `path`, into an error that names the file.

    Parameters
    ----------
    kind
        What the file is, for the message: "table".
    signs
        The errors by which damage shows, beside an `OSError` of a library.
    others
        Further errors with which the reading fails, and which are no damage.

    Raises
    ------
    DamagedFile
        If the file is damaged and belongs to a run. It is moved aside.
    OSError
        If it is missing, cannot be read, does not fit into memory, or belongs to no run.
    """
    failures: tuple[type[Exception], ...] = (OSError, MemoryError, *signs, *others)
    try:
        yield
    except failures as error:
        if _lacks_memory(error):
            raise OSError(f"{path}: there is not enough memory to read the {kind}") from error
        damaged = error.errno in _NUMBERS_OF_DAMAGE if isinstance(error, OSError) else isinstance(error, signs)
        if not damaged or not path.is_file() or not _of_a_run(path):
            raise OSError(f"{path}: the {kind} cannot be read: {error}") from error
        raise DamagedFile(f"{path}: the {kind} is damaged ({error}). {_move_aside(path)}") from error


def _of_a_run(path: Path) -> bool:
    """Tell whether a file lies in the results of a run, whose config stands beside it or above it."""
    return any((folder / "config.json").exists() for folder in list(path.absolute().parents)[:_DEEPEST])


def _lacks_memory(error: Exception) -> bool:
    """Tell whether an error is a lack of memory, of which Arrow makes an error of one kind or of another."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _WORDS_OF_LACK)


def _move_aside(path: Path) -> str:
    """Rename a damaged file, and return in a sentence what comes next."""
    aside = path.with_name(f"{path.name}.damaged")
    try:
        path.replace(aside)
    except OSError as error:
        return f"It could not be moved aside: {error.strerror}"
    return f"It now lies at {aside.name}; the same command computes it again"
