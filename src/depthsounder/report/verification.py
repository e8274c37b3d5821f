"""The check of a report computes the digests of its tables again, and compares them with the printed ones."""

import hashlib
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from depthsounder.process.commands import Refusal


@dataclass(frozen=True)
class TableCheck:
    """What became of one table.

    Attributes
    ----------
    name
        The table.
    finding
        ``"the same"``, ``"another"``, or ``"missing"``.
    """

    name: str
    finding: str


class NoDigests(Refusal):
    """The page is no report that prints its tables' digests."""


def verify_report(page: Path, results: Path) -> list[TableCheck]:
    """Compare the digests that a report prints with those of the tables in a results folder.

    Raises
    ------
    OSError
        If the page cannot be read.
    NoDigests
        If it has no digests.
    """
    digests = _Digests()
    digests.feed(page.read_text(encoding="utf-8"))
    if not digests.found:
        raise NoDigests(f"{page}: this page prints no digests of tables; is it a report of Depthsounder's?")
    return [TableCheck(name, _compare(results / f"{name}.parquet", digest)) for name, digest in digests.found.items()]


def _compare(table: Path, digest: str) -> str:
    if not table.exists():
        return "missing"
    with table.open("rb") as file:
        return "the same" if hashlib.file_digest(file, "sha256").hexdigest() == digest else "another"


class _Digests(HTMLParser):
    """The text of each element with the attribute data-table."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._table: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._table = dict(attrs).get("data-table") if tag == "code" else None

    def handle_data(self, data: str) -> None:
        if self._table is not None:
            self.found[self._table] = data.strip()
            self._table = None
