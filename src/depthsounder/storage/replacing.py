"""A file is written beside its final place and moved there in one step, so that a reader never sees half of it.

This module knows paths; it knows nothing of what is in the files.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, which is moved to `path` if the block ends well and removed if not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not the process's number: another node of a cluster may have a process of that number.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
