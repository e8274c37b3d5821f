"""How a problem of the data is said: names and values as they were found, escaped and of bounded length.

This module knows words; it knows nothing of files.
"""

import json
from collections.abc import Iterable, Sequence

from depthsounder.process.commands import Refusal

MOST_BYTES = 4 * 2**30
"""What a file may hold when it is unpacked: a packed file of a megabyte can ask for more memory than there is."""

LONGEST_TEXT = 1_000
"""Characters of a class: an array of texts gives each of them the room of the longest."""

MOST_NAMED = 10
"""Names or problems of one kind that are listed; of more there is the number."""

LEFT_OUT = "the column left out by data.drop or data.features"
"""What helps with any column, to follow "or"."""

_LONGEST_SHOWN = 60


class DataError(Refusal, ValueError):
    """Data that cannot be used; each problem names the file, column or row, what was found and what is allowed.

    Attributes
    ----------
    problems
        All that is to be mended, so that nobody meets them one by one.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n  ".join(problems))
        self.problems = problems


def shown(value: object) -> str:
    """Return a value as it was found, quoted, with every character that cannot be printed escaped."""
    text = repr(str(value)[: _LONGEST_SHOWN + 1])
    return text if len(str(value)) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…'"


def escaped(name: object) -> str:
    """Return a name in which every character that cannot be printed is escaped."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in str(name))


def printable(text: str) -> str:
    """Return the first line of a message of another library, without control characters."""
    return escaped((text.splitlines() or [""])[0][:300])


def listed(names: Sequence[str]) -> str:
    """Return names as a list for a sentence, of which the first ten are written out."""
    text = ", ".join(shown(name) for name in names[:MOST_NAMED])
    return text if len(names) <= MOST_NAMED else f"{text} and {len(names) - MOST_NAMED:,} more"


def as_key(key: str, names: Iterable[str]) -> str:
    """Return a key of the config with a list of names, as a person would write it."""
    return f"{key}: {json.dumps(list(names), ensure_ascii=False)}"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as ``1 row`` and ``1,437 rows``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shortened(problems: Sequence[str], noun: str) -> list[str]:
    """Return the first ten problems of a kind, and how many more things there are that have one."""
    rest = len(problems) - MOST_NAMED
    return [*problems[:MOST_NAMED], *([f"… and {rest:,} more such {noun}"] if rest > 0 else [])]


def line_at(content: bytes, place: int) -> int:
    """Return the number of the line of a text to which a byte belongs, from 1, whatever ends its lines."""
    pairs = content.count(b"\r\n", 0, place)
    return content.count(b"\n", 0, place) + content.count(b"\r", 0, place) - pairs + 1


def refuse_bomb(path: object, size: int) -> None:
    """Refuse what would take more memory than a machine has.

    Raises
    ------
    DataError
        If the size, in bytes, is above `MOST_BYTES`.
    """
    if size > MOST_BYTES:
        raise DataError(f"{path}: found {size:,} bytes when it is unpacked; allowed: at most {MOST_BYTES:,}")
