"""A digest of the code that a script runs, so that an edit reruns what depends on it and nothing else.

Snakemake sees a changed input but not a changed import. The digest follows a script's imports definition by definition
through the library's modules, over syntax trees without docstrings: a comment changes nothing, and a new activation
changes no old cell, because a job that names its cell stops at the registries and adds only its own two records. The
packages (config, claims, figures, report) are taken whole.

This module reads sources; it imports and runs none of them.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).parent
PREFIX = f"{LIBRARY.name}."
REGISTRIES = {("activations", "ACTIVATIONS"), ("initializers", "INITIALIZERS")}
"""The dictionaries, by module and name, in which a cell's two names are looked up."""


@cache
def code_fingerprint(script: Path, activation: str | None = None, init: str | None = None) -> str:
    """Return 16 hexadecimal digits that stand for all library code that a script can reach.

    Parameters
    ----------
    script
        The command.
    activation, init
        The cell's names, if the script computes one cell: other cells' records are then left out.
    """
    closure = _Closure(stop_at_registries=activation is not None)
    closure.visit_module(script)
    if activation is not None and init is not None:
        closure.visit_record("activations", activation)
        closure.visit_record("initializers", init)
    texts = sorted(f"{place}\n{text}" for place, text in closure.seen.items())
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


class _Closure:
    """The definitions that were reached, by place, with their syntax trees as text."""

    def __init__(self, stop_at_registries: bool) -> None:
        self.seen: dict[str, str] = {}
        self.boundary = REGISTRIES if stop_at_registries else set()

    def visit_module(self, path: Path) -> None:
        """Take a whole file, and all that it imports."""
        place = str(path.name if path.parent != LIBRARY and LIBRARY not in path.parents else path.relative_to(LIBRARY))
        if place not in self.seen:
            tree = _syntax_tree(path)
            self.seen[place] = ast.dump(tree)
            for module, name in _imports(tree).values():
                self.visit(module, name)

    def visit(self, module: str, name: str) -> None:
        """Take one definition of one of the library's modules, and all that it refers to."""
        package = module.split(".", maxsplit=1)[0]
        if (LIBRARY / package).is_dir():
            for path in sorted((LIBRARY / package).glob("*.py")):
                self.visit_module(path)
            return
        place = f"{module}:{name}"
        if place in self.seen or name not in _definitions(module) or (module, name) in self.boundary:
            return
        text, taken, named = _reading(module, name)
        self.seen[place] = text
        self.seen.update(taken)
        for other_module, other in named:
            self.visit(other_module, other)

    def visit_record(self, module: str, name: str) -> None:
        """Take the record of a module that is constructed with this name; a name of a family belongs to no record."""
        for variable, definition in _definitions(module).items():
            if isinstance(definition, ast.Assign) and _record_name(definition.value) == name:
                self.visit(module, variable)


@cache
def _reading(module: str, name: str) -> tuple[str, dict[str, str], list[tuple[str, str]]]:
    """Return a definition as text, what it takes from other libraries, and what it may refer to in this one."""
    tree, definition = _syntax_tree(LIBRARY / f"{module}.py"), _definitions(module)[name]
    imports, foreign = _imports(tree), _foreign_imports(tree)
    names = sorted({node.id for node in ast.walk(definition) if isinstance(node, ast.Name)})
    taken = {f"{module}:{name}": foreign[name] for name in names if name in foreign}
    return ast.dump(definition), taken, [imports.get(name, (module, name)) for name in names if name not in foreign]


@cache
def _syntax_tree(path: Path) -> ast.Module:
    """Return a file's syntax tree without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [statement for statement in body if not _is_text(statement)]  # type: ignore[attr-defined]
    return tree


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


@cache
def _imports(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """Return what a file takes from the library: local name -> (module, name)."""
    return {
        alias.asname or alias.name: (node.module.removeprefix(PREFIX), alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith(PREFIX)
        for alias in node.names
    }


@cache
def _foreign_imports(tree: ast.Module) -> dict[str, str]:
    """Return what a file takes from other libraries: local name -> the name there."""
    return {
        alias.asname or alias.name.split(".")[0]: f"{getattr(node, 'module', None)} {alias.name}"
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if not str(getattr(node, "module", None)).startswith(PREFIX)
    }


@cache
def _definitions(module: str) -> dict[str, ast.stmt]:
    """Return the functions, classes and variables of one of the library's modules, by name."""
    return {name: node for node in _syntax_tree(LIBRARY / f"{module}.py").body for name in _defined_names(node)}


def _defined_names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        targets = (part for target in node.targets for part in ast.walk(target))
        yield from (target.id for target in targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def _record_name(value: ast.expr) -> str | None:
    """Return the name that a record is constructed with: the first argument of a call."""
    if isinstance(value, ast.Call) and value.args and isinstance(value.args[0], ast.Constant):
        return str(value.args[0].value)
    return None
