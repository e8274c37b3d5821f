"""The formats that are read: one module for each, found by being there.

A format's module reads a file into a `Table`, and its record `FORMAT` says how such files are called, how they begin,
and which keys of the config have a meaning for them. Config, messages and documentation are made from these.
"""

import importlib
import pkgutil
import re
from pathlib import Path, PurePath

from depthsounder.data.sources.built_in import BUILT_IN
from depthsounder.data.sources.encoding import first_bytes, last_bytes, seems_text
from depthsounder.data.sources.foreign import ADDRESS, advice_on_content
from depthsounder.data.sources.formats.record import Format

__all__ = ["ENDINGS", "FORMATS", "Format", "advice_on_file", "format_of", "source_files"]

_MACHINERY = {"record"}


def _found() -> list[Format]:
    names = [file.name for file in pkgutil.iter_modules(__path__) if file.name not in _MACHINERY]
    return [importlib.import_module(f"{__name__}.{name}").FORMAT for name in names]


FORMATS = tuple(sorted(_found(), key=lambda known: known.place))
"""All formats, in the order in which they are named."""

TEXT_ENDING = ".csv"
"""How a file of text is called."""

ENDINGS = ", ".join(known.endings for known in FORMATS[:-1]) + f", or {FORMATS[-1].endings}"
"""The endings that are read, in words."""


def format_of(source: str) -> Format | None:
    """Return the format of a source by its name; None if it is built-in, a web address, or ends in no known way."""
    if source in BUILT_IN or ADDRESS.match(source):
        return None
    name = PurePath(source).name.lower()
    return next((known for known in FORMATS if re.search(f"(?:{known.pattern})$", name)), None)


def advice_on_file(path: Path, expected: Format) -> str | None:
    """Return what a file is if its first and last bytes are not those of its format, and what helps."""
    head = first_bytes(path, unpack=expected.packed)
    if expected.signature is not None and re.match(expected.signature, head):
        whole = expected.last is None or re.search(expected.last, last_bytes(path))
        return None if whole else "is cut off: its end is missing: copy or download it again"
    for other in FORMATS:
        if other.signature is not None and re.match(other.signature, head):
            return f"is {other.content}: its name has to end so: {other.endings}"
    if advice := advice_on_content(head):
        return advice
    is_table = expected.signature is not None and seems_text(head)
    return f"holds text, and not what its name says: name it {TEXT_ENDING} if it is a table" if is_table else None


def source_files(source: str) -> list[Path]:
    """Return the files that a source consists of; none for built-in data."""
    if source in BUILT_IN:
        return []
    known = format_of(source)
    return [Path(source)] if known is None else known.files(Path(source))
