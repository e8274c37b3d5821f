"""A digest of the code that a script runs, so that an edit reruns what depends on it and nothing else.

Snakemake sees a changed input but not a changed import. The digest follows a script's imports definition by definition
through the library's modules, over syntax trees without docstrings: a comment changes nothing, and a new activation
changes no old cell, because a job that names its cell stops at the registries and adds only its own two entries. Some
packages are taken whole (`definitions.WHOLE`). What cannot be followed is refused: a digest that overlooks an edit
keeps old numbers.

This module reads sources; it runs none of what it reads.
"""

import ast
import hashlib
from collections.abc import Collection, Iterable
from pathlib import Path

from depthsounder.elements.axes import REGISTRIES, Design
from depthsounder.elements.initializers import GAUSSIAN_PATTERN
from depthsounder.process.definitions import Library, NotFollowed, Target, guest_name, sources, whole_package
from depthsounder.process.entries import FORMS, entries
from depthsounder.process.remembering import once
from depthsounder.process.unseen import require_followed, require_named

OPTIMIZERS = ("engine.optimizers", "OPTIMIZERS")

BOUNDARY = (*REGISTRIES.values(), OPTIMIZERS)
"""The dictionaries, by module and name, in which a cell's names and its optimizer's are looked up."""

_OWN = Library(Path(__file__).parents[1])


def code_fingerprint(
    script: Path,
    design: Design | None = None,
    library: Library = _OWN,
    optimizer: str | None = None,
    omitted: Collection[str] = (),
) -> str:
    """Return 16 hexadecimal digits that stand for all library code that a script can reach.

    Parameters
    ----------
    script
        The command.
    design
        The cell's names, if the script computes one cell: other cells' records are then left out.
    library
        Where the modules are.
    optimizer
        The name of what trains the cell, if the script trains it.
    omitted
        Modules, by dotted names, that are left out of packages that are taken whole; one that an import names is taken.

    Raises
    ------
    NotFollowed
        If the code has a form in which an edit would be overlooked, or no entry has one of the names.
    """
    closure = _Closure(library, BOUNDARY if design is not None else (), omitted)
    closure.visit_file(script)
    if design is not None:
        closure.visit_cell(design, optimizer)
    return _text_digest(*(f"{place} {digest}" for place, digest in sorted(closure.seen.items())))[:16]


def content_digest(files: Iterable[Path]) -> str:
    """Return 16 hexadecimal digits that stand for the names and the content of files, wherever they lie."""
    contents = sorted((path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files)
    return hashlib.sha256(repr(contents).encode()).hexdigest()[:16]


def require_digests(scripts: Path, designs: Iterable[Design], library: Library = _OWN) -> None:
    """Refuse code that no digest can stand for, before any job is planned.

    Parameters
    ----------
    scripts
        The folder of the commands.
    designs
        What a sweep asks for.

    Raises
    ------
    NotFollowed
        As from `code_fingerprint`.
    """
    for script in sources(scripts):
        code_fingerprint(script, library=library)
    closure = _Closure(library, BOUNDARY)
    for design in designs:
        closure.visit_cell(design)


class _Closure:
    """The definitions that were reached, by place, with the digests of their syntax trees."""

    def __init__(self, library: Library, boundary: tuple[Target, ...], omitted: Collection[str] = ()) -> None:
        self.library, self.boundary, self.omitted = library, boundary, omitted
        self.seen: dict[str, str] = {}
        self.entered: set[str] = set()

    def visit_file(self, path: Path, name: str | None = None) -> None:
        """Take a whole file, and all that it imports."""
        place = path.name if name is None else f"{name} ({path.name})"
        if place not in self.seen:
            self.seen[place], targets = _reading_of_file(self.library, path, name)
            for target in targets:
                self.visit(*target)

    def visit(self, name: str, definition: str | None) -> None:
        """Take one definition of one of the library's modules, or all of them, and all that it refers to."""
        if package := whole_package(name or definition or ""):
            self.visit_package(package)
            if name in self.omitted:
                self.visit_file(self.library.module(name).path, name)
            return
        if (name, definition) in self.boundary:
            return
        self.enter(name)
        if definition is None:
            self.visit_all(name)
        elif f"{name}:{definition}" not in self.seen:
            self.take(name, definition)

    def visit_package(self, package: str) -> None:
        """Take the files of a package that are not omitted, and all that they import."""
        if package not in self.entered:
            self.entered.add(package)
            for name, path in self.library.package(package):
                if name not in self.omitted:
                    self.visit_file(path, name)

    def visit_all(self, name: str) -> None:
        """Take all that a module defines or hands on."""
        if name == "":
            raise NotFollowed(f"{self.library.folder.name} itself is handed on as a value; allowed: its modules' names")
        module = self.library.module(name)
        for definition in (*module.definitions, *module.imports.own):
            self.visit(name, definition)

    def take(self, name: str, definition: str) -> None:
        """Take one definition that was not reached before; a registry's entries that stand elsewhere belong to it."""
        self.seen[f"{name}:{definition}"], targets = _reading(self.library, name, definition)
        for entry in self.library.guests.get((name, definition), ()):
            self.visit_guest((name, definition), entry)
        for target in targets:
            self.visit(*target)

    def visit_cell(self, design: Design, optimizer: str | None = None) -> None:
        """Take the entries that a cell's names stand for, and that of the optimizer that trains it."""
        # A name of the family belongs to no entry; its rule stands where names are looked up, which all cells pass.
        names: dict[Target, str | None] = {REGISTRIES[axis]: name for axis, name in design._asdict().items()}
        if GAUSSIAN_PATTERN.fullmatch(design.init):
            del names[REGISTRIES["init"]]
        for registry, entry in (names | {OPTIMIZERS: optimizer}).items():
            if entry in self.library.guests.get(registry, ()):
                self.visit_guest(registry, str(entry))
            elif entry is not None:
                self.visit_entry(registry[0], str(registry[1]), entry)

    def visit_guest(self, registry: Target, entry: str) -> None:
        """Take what a file elsewhere says of one entry: its definitions, or all of it where they cannot be told."""
        path = self.library.guests[registry][entry]
        name = guest_name(path)
        require_named(self.library, name)
        try:
            self.visit_entry(name, str(registry[1]), entry)
        except NotFollowed:
            self.visit_file(path, name)

    def visit_entry(self, name: str, registry: str, entry: str) -> None:
        """Take one entry of a registry: its expression, and all that it refers to."""
        self.enter(name)
        found = _entries(self.library, name, registry)
        if entry not in found:
            place = self.library.module(name).path
            raise NotFollowed(f"{place}: {registry} has no entry {entry!r} that can be followed; {FORMS}")
        targets, foreign = self.library.module(name).references([found[entry]])
        self.seen[f"{name}:{registry}[{entry}]"] = _text_digest(ast.dump(found[entry]), *foreign)
        for target in targets:
            self.visit(*target)

    def enter(self, name: str) -> None:
        """Require that nothing in a module can be overlooked, nor in those that are imported with it."""
        if name in self.entered or whole_package(name):
            return
        self.entered.add(name)
        for other in _checked(self.library, name):
            self.enter(other)


@once
def _reading(library: Library, name: str, definition: str) -> tuple[str, list[Target]]:
    """Return a digest of a definition and of what it takes from elsewhere, and what it may refer to in the library."""
    module = library.module(name)
    statements = module.definitions.get(definition, [])
    targets, foreign = module.references(statements)
    targets += module.imports.own.get(definition, ())
    foreign += module.imports.foreign.get(definition, ())
    if not statements and not targets and not foreign:
        raise NotFollowed(f"{module.path} defines no {definition}, which is imported from it")
    return _text_digest(*map(ast.dump, statements), *foreign), targets


@once
def _checked(library: Library, name: str) -> list[str]:
    """Return the modules that a module imports, itself being one in which nothing can be overlooked."""
    require_followed(library, name)
    return sorted({target for bound in library.module(name).imports.own.values() for target, _ in bound})


@once
def _entries(library: Library, name: str, registry: str) -> dict[str, ast.expr]:
    return entries(library, name, registry)


@once
def _reading_of_file(library: Library, path: Path, name: str | None) -> tuple[str, list[Target]]:
    """Return a digest of a whole file, and what it may refer to elsewhere in the library."""
    module = library.file(path, name)
    targets, _ = module.references([module.tree])
    return _text_digest(ast.dump(module.tree)), [target for target in targets if target[0] != module.name]


def _text_digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
