"""What the library's modules define and import, read from their sources and never run.

This module parses one file at a time; `fingerprint` follows dependencies between files.
"""

import ast
import os
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from depthsounder.process.commands import Refusal

WHOLE = ("claims", "config", "data.sources.formats", "figures", "report", "studies")
"""The packages that are not cut up."""


@cache
def whole_package(name: str) -> str | None:
    """Return the package that is not cut up and to which a module belongs, by dotted names; None if there is none."""
    return next((package for package in WHOLE if f"{name}.".startswith(f"{package}.")), None)


Target = tuple[str, str | None]
"""A module of the library, without the library's own name, and a name in it; None stands for the module itself."""

DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def walk(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield some nodes and all below them, in a third of the time of `ast.walk`: without the contexts of names."""
    stack = list(nodes)
    while stack:
        node = stack.pop()
        yield node
        stack += children(node)


def statements(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield some nodes and those below them that stand in no expression, as imports do: a fifth of all."""
    stack = list(nodes)
    while stack:
        node = stack.pop()
        yield node
        stack += [part for part in children(node) if not isinstance(part, ast.expr)]


def children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes right below a node, without its context, which has nothing below it."""
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            found += [part for part in value if isinstance(part, ast.AST)]
        elif isinstance(value, ast.AST) and name != "ctx":
            found.append(value)
    return found


class NotFollowed(Refusal):
    """The source says something in a form from which it cannot be told what depends on it."""


@dataclass
class Bindings:
    """What names stand for that come from import statements.

    Attributes
    ----------
    own
        By local name, what it may stand for in the library.
    foreign
        By local name, what it may stand for elsewhere, as text.
    """

    own: dict[str, list[Target]] = field(default_factory=dict)
    foreign: dict[str, list[str]] = field(default_factory=dict)


def guest_name(path: Path) -> str:
    """Return what a file elsewhere is called among the modules, none of which has brackets in its name."""
    return f"<{path.as_posix()}>"


def sources(folder: Path) -> list[Path]:
    """Return the Python files in a folder and below it, also behind links, without hidden ones such as an editor's."""
    # Path.rglob does not enter a folder that is a link, and Python imports from it.
    places = ((Path(place), names) for place, _, names in os.walk(folder, followlinks=True))
    found = (place / name for place, names in places for name in names if name.endswith(".py") and name[0] != ".")
    return sorted(path for path in found if path.is_file())


class Library:
    """The library's modules, each read once.

    Parameters
    ----------
    folder
        The package's folder, whose name is that of the library.
    guests
        The files of entries of registries that stand elsewhere, by the registry and the name.
    """

    def __init__(self, folder: Path, guests: Mapping[Target, Mapping[str, Path]] | None = None) -> None:
        self.folder, self.guests = folder, guests or {}
        self._guest_files = {guest_name(path): path for files in self.guests.values() for path in files.values()}
        self.remembered: dict[Hashable, Any] = {}
        self._contents: dict[Path, bytes] = {}
        self._modules: dict[Path, Module] = {}
        self._paths: dict[str, Path | None] = {}

    def path(self, name: str) -> Path | None:
        """Return the file of a module or the face of a package, by its dotted name; None if there is none."""
        if name not in self._paths:
            self._paths[name] = self._find(name)
        return self._paths[name]

    def _find(self, name: str) -> Path | None:
        if name in self._guest_files:
            return self._guest_files[name]
        parts = name.split(".") if name else []
        for path in (self.folder.joinpath(*parts, "__init__.py"), self.folder.joinpath(*parts).with_suffix(".py")):
            if path.is_file() and self.folder in path.parents:
                return path
        return None

    def module(self, name: str) -> "Module":
        """Return a module of the library by its dotted name.

        Raises
        ------
        NotFollowed
            If there is none.
        """
        path = self.path(name)
        if path is None:
            raise NotFollowed(f"{self.folder.name}.{name}: the library has no such module")
        return self.file(path, name)

    def content(self, path: Path) -> bytes:
        """Return what a file held when it was first asked for: an edit meanwhile is one for the next command."""
        if path not in self._contents:
            self._contents[path] = path.read_bytes()
        return self._contents[path]

    def file(self, path: Path, name: str | None = None) -> "Module":
        """Return a file's content; a script has no dotted name."""
        if path not in self._modules:
            self._modules[path] = Module(self, path, name)
        return self._modules[path]

    def package(self, name: str) -> list[tuple[str, Path]]:
        """Return the modules of a package and of those below it, each by its dotted name and its file."""
        files = sources(self.folder.joinpath(*name.split(".")))
        names = (".".join(path.relative_to(self.folder).with_suffix("").parts) for path in files)
        return [(name.removesuffix(".__init__"), path) for name, path in zip(names, files, strict=True)]

    def attribute(self, target: Target, attributes: list[str]) -> tuple[Target, list[str]]:
        """Follow attributes from a module down to a name in one; what is left are attributes of that name's value."""
        name, rest = target[0], list(attributes)
        while rest and self.path(f"{name}.{rest[0]}".lstrip(".")) and rest[0] not in self.module(name).definitions:
            name = f"{name}.{rest.pop(0)}".lstrip(".")
        return ((name, rest.pop(0)) if rest else (name, None)), rest


class Module:
    """One file: its syntax tree without docstrings, and what its statements define and import."""

    def __init__(self, library: Library, path: Path, name: str | None) -> None:
        self.library, self.path, self.name = library, path, name
        self.remembered: dict[Hashable, Any] = {}
        try:
            # As Python reads it: a user's file may begin with a mark of UTF-8, or declare another encoding.
            self.tree = ast.parse(library.content(path))
        except SyntaxError as error:
            raise NotFollowed(f"{path}, line {error.lineno}: {error.msg}") from None
        for node in statements([self.tree]):
            body = getattr(node, "body", None)
            if isinstance(body, list):
                node.body = [statement for statement in body if not _is_text(statement)]  # type: ignore[attr-defined]

    @cached_property
    def definitions(self) -> dict[str, list[ast.stmt]]:
        """The statements that define each name, be it again or a little more of it."""
        found: dict[str, list[ast.stmt]] = {}
        for statement in self.tree.body:
            for name in dict.fromkeys(defined_names(statement) or ()):
                found.setdefault(name, []).append(statement)
        return found

    @cached_property
    def imports(self) -> Bindings:
        """What the imports at the top of the file bind."""
        return self.bindings(self.tree.body)

    def bindings(self, nodes: Iterable[ast.AST]) -> Bindings:
        """Return what those of some nodes bind that are imports."""
        found = Bindings()
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._bind(node, found)
        return found

    def _bind(self, node: ast.Import | ast.ImportFrom, found: Bindings) -> None:
        base = self._base(node) if isinstance(node, ast.ImportFrom) else None
        for alias in node.names:
            root = alias.name.split(".")[0]
            if alias.name == "*":
                raise self.refusal(node, "a star import hides which names it defines", "allowed: imports by name")
            if isinstance(node, ast.ImportFrom):
                if base is None:
                    found.foreign.setdefault(alias.asname or alias.name, []).append(f"{node.module} {alias.name}")
                else:
                    target, _ = self.library.attribute((base, None), [alias.name])
                    found.own.setdefault(alias.asname or alias.name, []).append(target)
            elif root != self.library.folder.name:
                found.foreign.setdefault(alias.asname or root, []).append(f"None {alias.name}")
            else:
                inner = alias.name[len(root) + 1 :] if alias.asname else ""
                found.own.setdefault(alias.asname or root, []).append((inner, None))

    def _base(self, node: ast.ImportFrom) -> str | None:
        """Return the module of the library that a statement imports from, or None if it is of another library."""
        named = (node.module or "").split(".") if node.module else []
        if not node.level:
            return ".".join(named[1:]) if named[0] == self.library.folder.name else None
        here = (self.name or "").split(".") if self.name else []
        if self.path.name != "__init__.py":
            here = here[:-1]
        return ".".join([*here[: len(here) - (node.level - 1)], *named])

    def references(self, nodes: Iterable[ast.AST]) -> tuple[list[Target], list[str]]:
        """Return what some nodes may refer to: in the library, and in others as text."""
        nodes = list(nodes)
        inner = self.bindings(statements(nodes))
        targets = [target for bound in inner.own.values() for target in bound if target[1] is not None]
        foreign = []
        for name, attributes in chains(nodes):
            targets += [
                target if target[1] else self.library.attribute(target, attributes)[0]
                for target in (*inner.own.get(name, ()), *self.imports.own.get(name, ()))
            ]
            if self.name is not None and name in self.definitions:
                targets.append((self.name, name))
            foreign += [f"{name} = {text}" for text in self.imports.foreign.get(name, ())]
        return list(dict.fromkeys(targets)), sorted(set(foreign))

    def refusal(self, node: ast.AST, found: str, allowed: str) -> NotFollowed:
        """Return an error that names the file and the line."""
        return NotFollowed(f"{self.path}, line {getattr(node, 'lineno', 1)}: {found}; {allowed}")


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def defined_names(statement: ast.stmt) -> list[str] | None:
    """Return the names that a statement at the top of a module defines; None if it may do something else."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return []
    if isinstance(statement, DEFINING):
        inner = (node.names for node in statements([statement]) if isinstance(node, ast.Global))
        return [statement.name, *(name for names in inner for name in names)]
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign):
        targets = [statement.target]
    else:
        return None
    parts = [part for part in walk(targets) if isinstance(part, ast.expr)]
    if not all(isinstance(part, ast.Name | ast.Tuple | ast.List | ast.Starred) for part in parts):
        return None
    walrus = [node.target.id for node in walk([statement]) if isinstance(node, ast.NamedExpr)]
    return [*(part.id for part in parts if isinstance(part, ast.Name)), *walrus]


def chains(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, list[str]]]:
    """Yield the names that some nodes mention, each with the attributes that are taken of it."""
    stack = list(nodes)
    while stack:
        node = stack.pop()
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.insert(0, node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            yield node.id, attributes
        else:
            stack += children(node)
