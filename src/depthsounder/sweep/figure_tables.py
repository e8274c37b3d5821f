"""Which tables a figure reads, from its module's source: to import the figures would take every command a second.

This module knows where figures lie and what their records are called; it draws nothing.
"""

import ast
from pathlib import Path

from depthsounder.process.commands import Refusal
from depthsounder.storage.schemas import SCHEMAS

_ROOMS = ("figures", "studies")


def tables_of_figure(library: Path, name: str) -> tuple[str, ...]:
    """Return the tables that a figure's record says it reads.

    Parameters
    ----------
    library
        The library's folder.
    name
        The name of the figure and of its module.

    Raises
    ------
    Refusal
        If no module has a record with `reads` written out, or it names what is no table.
    """
    for path in (library / room / f"{name}.py" for room in _ROOMS):
        if path.is_file():
            return _reads(path)
    raise Refusal(f"workflow/report/{name}.rst: there is no module {' or '.join(_ROOMS)}/{name}.py to this caption")


def _reads(path: Path) -> tuple[str, ...]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "FigureRecord":
            for reads in (keyword.value for keyword in node.keywords if keyword.arg == "reads"):
                texts = [text.value for text in getattr(reads, "elts", []) if isinstance(text, ast.Constant)]
                if texts and set(texts) <= set(SCHEMAS):
                    return tuple(map(str, texts))
                found = ast.unparse(reads)
                raise Refusal(f"{path}, line {reads.lineno}: reads={found}; allowed: a tuple of {', '.join(SCHEMAS)}")
    raise Refusal(f"{path}: no FigureRecord(…, reads=(…)) says which tables this figure reads")
