"""What the project knows of a format that it reads: one record, which is all that the rest needs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from depthsounder.data.sources.selection import Wanted
from depthsounder.data.sources.table import Table


def _itself(path: Path) -> list[Path]:
    return [path]


@dataclass(frozen=True)
class Format:
    """A kind of file that is read.

    Attributes
    ----------
    place
        Where it stands in a list of all formats, from 1.
    endings
        How its files are called, in words, to follow "a file that ends in".
    pattern
        A regular expression for the end of a name in small letters.
    content
        What its files hold, to follow "allowed:".
    about
        What its users should know, in sentences, for docs/config.md; empty for nothing.
    read
        From a path and the config's wishes to a table; it raises DataError, or whatever its library does.
    target
        Whether data.target is needed, possible, or without a meaning because the file knows its labels.
    signature
        A regular expression for its first bytes, for a file under another name; None if they can be any.
    last
        A regular expression for what stands among the last bytes of a file that is whole; None if it can be anything.
    packed
        Whether its files may be packed with gzip.
    header
        Whether data.header has a meaning.
    own_split
        Whether its files can have a training and a test part.
    files
        All files that belong to the one that is named.
    """

    place: int
    endings: str
    pattern: str
    content: str
    about: str
    read: Callable[[Path, Wanted], Table]
    target: Literal["needed", "possible", "none"] = "needed"
    signature: bytes | None = None
    last: bytes | None = None
    packed: bool = False
    header: bool = False
    own_split: bool = False
    files: Callable[[Path], list[Path]] = _itself
