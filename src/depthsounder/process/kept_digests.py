"""Digests of the code are kept in a file from one command to the next.

To follow the imports of all scripts takes a second or two; to read all sources, and to see that none has changed, takes
some milliseconds. What was kept for other sources or by another Python is not used.

This module keeps digests; it does not know how they are made.
"""

import hashlib
import json
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ValidationError

from depthsounder.elements.axes import Design
from depthsounder.process.definitions import Library, sources
from depthsounder.process.fingerprint import code_fingerprint, require_digests
from depthsounder.storage.replacing import replacing


class _Kept(BaseModel):
    sources: str
    digests: dict[str, str]


class KeptDigests:
    """The digests of scripts and cells, each made once for the same sources.

    Parameters
    ----------
    file
        Where they are kept. It may be missing, damaged, or about other sources.
    scripts
        The folder of the commands.
    library
        Where the modules are.
    """

    def __init__(self, file: Path, scripts: Path, library: Library) -> None:
        self._file, self._scripts, self._library = file, scripts, library
        self._sources = _digest_of_sources(scripts, library)
        self._digests = _kept(file, self._sources)
        self._already = len(self._digests)

    def require(self, designs: Collection[Design]) -> None:
        """Refuse code that no digest can stand for, before any job is planned.

        Raises
        ------
        NotFollowed
            As from `require_digests`.
        """
        key = json.dumps(sorted(designs))
        if key not in self._digests:
            require_digests(self._scripts, designs, self._library)
            self._digests[key] = "followed"

    def of(
        self,
        script: str,
        design: Design | None = None,
        optimizer: str | None = None,
        omitted: Sequence[str] = (),
    ) -> str:
        """Return the digest of a script by its name, as `code_fingerprint` does."""
        key = json.dumps([script, design, optimizer, omitted])
        if key not in self._digests:
            path = self._scripts / script
            self._digests[key] = code_fingerprint(path, design, self._library, optimizer, omitted)
        return self._digests[key]

    def keep(self) -> None:
        """Write all digests if some are new. Where nothing can be written, the next command makes them again."""
        if len(self._digests) > self._already:
            with suppress(OSError), replacing(self._file) as temporary:
                temporary.write_text(_Kept(sources=self._sources, digests=self._digests).model_dump_json())


def _kept(file: Path, sources: str) -> dict[str, str]:
    try:
        kept = _Kept.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return {}
    return kept.digests if kept.sources == sources else {}


def _digest_of_sources(scripts: Path, library: Library) -> str:
    """Return what stands for the content of every file from which a digest may take something, and for the Python."""
    modules = ((str(path.relative_to(library.folder)), path) for path in sources(library.folder))
    commands = ((path.name, path) for path in sources(scripts))
    guests = library.guests.items()
    own = ((f"{registry} {name} {path}", path) for registry, files in guests for name, path in files.items())
    contents = [[(name, _digest(library, path)) for name, path in sorted(files)] for files in (modules, commands, own)]
    return hashlib.sha256(json.dumps([sys.version, contents]).encode()).hexdigest()


def _digest(library: Library, path: Path) -> str:
    try:
        return hashlib.sha256(library.content(path)).hexdigest()
    except OSError:
        # Only a digest that needs the file is refused for it.
        return "unreadable"
