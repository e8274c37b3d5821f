"""Links to cells: whatever names a cell on the page leads to it in the explorer, by the address that keeps it."""

import re
from collections.abc import Iterable

from markupsafe import Markup, escape

from depthsounder.elements.axes import Cell
from depthsounder.figures.outcomes import shade
from depthsounder.figures.style import label
from depthsounder.process.text import in_words, join, names_of
from depthsounder.storage.frames import cell_of, rows_of
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import Run

_GROUP = re.compile(r'<g id="[^"]*?cell:([^"]+)">')
_STEP = re.compile(r"<g\b[^>]*>|</g>")


def cell_key(cell: Cell) -> str:
    """Return what the explorer calls a cell, such as ``"20/plain/tanh/he_normal"``."""
    return "/".join(map(str, cell))


def cell_address(cell: Cell, against: str | None = None) -> str:
    """Return the fragment by which the explorer opens a cell, and beside it that of another initialization."""
    second = "" if against is None else f"&against={cell_key(cell._replace(init=against))}"
    return f"#cell={cell_key(cell)}{second}"


def cell_link(words: str, cell: Cell) -> Markup:
    """Return words that lead to a cell."""
    return Markup('<a class="cell" href="{}">{}</a>').format(cell_address(cell), words)


def init_link(init: str) -> Markup:
    """Return an initialization's name, which leads to what it means."""
    return Markup('<a class="word" href="#init-{}">{}</a>').format(init, label(init))


def cell_words(run: Run) -> dict[Cell, str]:
    """Return of each cell its name and verdict, which a link within a drawing bears as its own name."""
    cells = [(cell_of(row[name] for name in CELL_KEYS), shade(row)) for row in rows_of(run.verdicts)]
    return {cell: f"{names_of(cell.design, label)}, depth {cell.depth}: {verdict}" for cell, verdict in cells}


def named_cells(run: Run) -> dict[str, str]:
    """Return the texts by which sentences name the run's cells, each with the cell's address."""
    found = {}
    for cell in map(cell_of, run.verdicts[CELL_KEYS].itertuples(index=False)):
        address = cell_address(cell)
        # Claims write names as the config does.
        for written in (label, str):
            found[f"{in_words(cell.design, written)} at depth {cell.depth}"] = address
            found[f"{names_of(cell.design, written)}, depth {cell.depth}"] = address
            if cell.depth == run.depths[-1]:
                # Where sentences speak of the deepest networks, they do not repeat the depth.
                found[f"({names_of(cell.design, written)})"] = address
    return found


def linked_drawing(drawing: str, words: dict[Cell, str]) -> Markup:
    """Return an SVG's text in which each group that stands for a cell, by its id, is a link to it.

    An id ends in ``cell:20:plain:tanh:he_normal``, with ``:glorot_normal`` behind it if it stands for two. The first
    link is reached by the Tab key, and the others from there by the arrow keys (templates/tips.js), so that a map of
    hundreds of cells is one stop and not hundreds.
    """
    pieces, done, first = [], 0, True
    for group in _GROUP.finditer(drawing):
        names = group[1].split(":")
        cell, others = cell_of(names[: len(CELL_KEYS)]), names[len(CELL_KEYS) :]
        known = words.get(cell)
        if known is None or group.start() < done:
            continue
        end = _end_of_group(drawing, group.end())
        against = others[0] if others else None
        name = known if against is None else f"{known}; against {label(against)}"
        link = Markup('<a class="cell" href="{}" aria-label="{}" tabindex="{}">').format(
            cell_address(cell, against), name, 0 if first else -1
        )
        pieces += [drawing[done : group.start()], link, drawing[group.start() : end], "</a>"]
        done, first = end, False
    whole = "".join([*pieces, drawing[done:]])
    # What holds links is no picture: a reader of screens would not enter it.
    return Markup(whole if first else whole.replace('role="img"', 'role="group"', 1))  # noqa: S704 - our own drawing


def _end_of_group(drawing: str, at: int) -> int:
    """Return where the group ends that was opened just before a place."""
    open_groups = 1
    for step in _STEP.finditer(drawing, at):
        open_groups += -1 if step[0] == "</g>" else not step[0].endswith("/>")
        if open_groups == 0:
            return step.end()
    raise ValueError("a group of the drawing is not closed")


def joined(links: Iterable[Markup], last: str = "and") -> Markup:
    """Return links as "a, b and c"."""
    return Markup(join((str(escape(link)) for link in links), last))  # noqa: S704 - each part is escaped
