"""From the bytes of a text file to UTF-8: unpacked, recognized, or refused as what it is.

This module decodes packing and encodings; `layout` finds the columns.
"""

import codecs
import gzip
import re
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from depthsounder.data.sources.problems import MOST_BYTES, DataError, line_at, refuse_bomb

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEAD = 4_096
_TAIL = 66_000
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Text:
    """A text file's content.

    Attributes
    ----------
    content
        In UTF-8, without a mark.
    warnings
        What was assumed of it, for a person to check.
    """

    content: bytes
    warnings: tuple[str, ...] = ()


def read_text(path: Path) -> Text:
    """Read a text file, packed with gzip or not, whatever its ending says.

    Raises
    ------
    DataError
        If it is empty, no text, or in an encoding that is not known.
    """
    refuse_bomb(path, path.stat().st_size)
    content = unpacked(path)
    if re.fullmatch(rb"\s*", content):
        raise DataError(
            f"{path}: found no text: it is empty; allowed: rows, and the names of their columns in the first"
        )
    return _decoded(path, content)


def first_bytes(path: Path, unpack: bool) -> bytes:
    """Return how a file begins, as it is or, if it is packed with gzip, as it is unpacked; what is damaged is empty."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if not unpack or not head.startswith(_GZIP):
            return head
        file.seek(0)
        try:
            return gzip.GzipFile(fileobj=file).read(_HEAD)
        except (OSError, EOFError, zlib.error):
            return b""


def last_bytes(path: Path) -> bytes:
    """Return how a file ends; an archive's end, with its remark, takes up to 65,557 bytes."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _TAIL, 0))
        return file.read()


def seems_text(head: bytes) -> bool:
    """Return whether a file that begins with these bytes holds text: lines of characters, and no others."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = head.decode("utf-16", "replace")
    else:
        text = head.removeprefix(codecs.BOM_UTF8).decode("latin-1")
    return bool(re.search(r"\S.*[\r\n]", text)) and not re.search(r"[\x00-\x08\x0e-\x1f\x7f]", text)


def unpacked(path: Path) -> bytes:
    """Return a file's bytes, unpacked if they are packed with gzip.

    Raises
    ------
    DataError
        If they are damaged, or more than a machine holds.
    """
    content = path.read_bytes()
    if not content.startswith(_GZIP):
        return content
    try:
        with gzip.GzipFile(fileobj=BytesIO(content)) as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path}: the file cannot be read: it is packed with gzip, and damaged; unpack it first"
        ) from error
    refuse_bomb(path, len(content))
    return content


def _decoded(path: Path, content: bytes) -> Text:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return Text(_as_utf8(path, content[len(mark) :], encoding))
    if seems := _utf16_without_mark(content[:_HEAD]):
        return Text(_as_utf8(path, content, seems), (f"the file was read as {seems.upper()}, which it seems to be",))
    if b"\0" in content:
        raise DataError(f"{path}: found bytes that are no text; allowed: rows of text, in UTF-8 best of all")
    try:
        codecs.utf_8_decode(content, "strict", True)
    except UnicodeDecodeError as error:
        line = line_at(content, error.start)
        if (place := _letter_in_utf8(content)) is not None:
            other = line_at(content, place)
            raise DataError(
                f"{path}, line {line:,}: found bytes that are no UTF-8, and UTF-8 in line {other:,}; allowed: one "
                "encoding: save it as UTF-8"
            ) from error
        warning = (
            f"the file was read as cp1252, because line {line:,} is no UTF-8: look at its names, and save it as UTF-8 "
            "if they are wrong"
        )
        return Text(_as_utf8(path, content, "cp1252"), (warning,))
    return Text(content)


def _letter_in_utf8(content: bytes) -> int | None:
    """Return where a first letter of two or three bytes of UTF-8 stands."""
    padded = np.frombuffer(content + b"\0\0", np.uint8)
    high = np.flatnonzero(padded > 0x7F)
    lead, second, third = (padded[high + k] for k in (0, 1, 2))
    two = (lead >= 0xC2) & (lead <= 0xDF)
    three = (lead >= 0xE0) & (lead <= 0xEF) & (third >= 0x80) & (third <= 0xBF)
    found = high[(two | three) & (second >= 0x80) & (second <= 0xBF)]
    return int(found[0]) if len(found) else None


def _utf16_without_mark(head: bytes) -> str | None:
    """Return how texts of Latin letters are encoded of which every other byte is zero."""
    zeros = [len(re.findall(rb"\0", head[first::2])) for first in (0, 1)]
    if max(zeros) < 0.4 * len(head) / 2 or min(zeros) > 0.1 * len(head) / 2:
        return None
    return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"


def _as_utf8(path: Path, content: bytes, encoding: str) -> bytes:
    if encoding == "utf-32":
        raise DataError(f"{path}: found a text in UTF-32; allowed: UTF-8, UTF-16 or cp1252: save it as UTF-8")
    try:
        return content.decode(encoding).encode("utf-8")
    except UnicodeError as error:
        found = {"cp1252": "a text that is neither UTF-8 nor cp1252"}.get(
            encoding, f"a damaged text in {encoding.upper()}"
        )
        line = line_at(content, error.start) if isinstance(error, UnicodeDecodeError) else 1
        raise DataError(f"{path}, line {line:,}: found {found}; allowed: UTF-8: save it so") from error
