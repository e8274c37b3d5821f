"""The user's own files of Python, whose records stand in the registries beside ours.

Such a file has dictionaries of the registries' names: ARCHITECTURES, ACTIVATIONS, INITIALIZERS and OPTIMIZERS, with the
names that a config asks for. It is run by its path, once in a process, and before anybody looks a name up. A path
starts at the folder in which the command runs.

This module knows records by their types; whether one keeps its promises is tried with its cells.
"""

import argparse
import ast
import re
import runpy
import sys
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb
from typing import Any

from depthsounder.elements.activation import Activation
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES, Architecture
from depthsounder.elements.axes import REGISTRIES, Design, Registry
from depthsounder.elements.initializers import GAUSSIAN_PATTERN, INITIALIZERS, Initializer
from depthsounder.engine.optimizer_contract import optimizer_breach
from depthsounder.engine.optimizers import OPTIMIZERS
from depthsounder.engine.record_contract import record_breach, repeated_function
from depthsounder.process.commands import Refusal
from depthsounder.process.text import failure

ARCHITECTURE, ACTIVATION, INIT = (REGISTRIES[axis] for axis in ("architecture", "activation", "init"))
OPTIMIZER: Registry = ("engine.optimizers", "OPTIMIZERS")

OWN_NAME = r"[a-z][a-z0-9_]{0,63}"
"""What a record of a user's may be called: the name stands in paths, where a point would end it."""

_RECORDS: Mapping[Registry, dict[str, Any]] = {
    ARCHITECTURE: ARCHITECTURES,
    ACTIVATION: ACTIVATIONS,
    INIT: INITIALIZERS,
    OPTIMIZER: OPTIMIZERS,
}
_TYPES: Mapping[Registry, type[Architecture | Activation | Initializer]] = {
    ARCHITECTURE: Architecture,
    ACTIVATION: Activation,
    INIT: Initializer,
}
_IMPORTABLE = "allowed: imports of what is installed, and of the library; not of a file that lies beside it"
_NAMES = ", ".join(name for _, name in _RECORDS)

_places: dict[tuple[Registry, str], tuple[Path, int]] = {}
_loaded: set[Path] = set()


class ExtensionError(Refusal, ValueError):
    """A file of the user's that cannot be used; the message names it, the line and what is allowed."""


@dataclass(frozen=True)
class _Source:
    """A file of the user's, as it is written."""

    path: Path
    tree: ast.Module

    def refusal(self, line: int, found: str) -> ExtensionError:
        return ExtensionError(f"{self.path}, line {line}: {found}")

    def line(self, registry: str, entry: str | None = None) -> int:
        """Return the line of an entry of a dictionary, or else the first that names the dictionary."""
        lines = [1]
        for statement in reversed(self.tree.body):
            parts = list(ast.walk(statement))
            if any(isinstance(part, ast.Name) and part.id == registry for part in parts):
                keys = [part.lineno for part in parts if isinstance(part, ast.Constant) and part.value == entry]
                lines = keys or [statement.lineno]
        return lines[0]


def load_extension(path: Path) -> None:
    """Put the records of a file into the registries; a file that was loaded before is left alone.

    Raises
    ------
    ExtensionError
        If the file is missing or fails, has no records, or one of another type or of a name that is taken.
    """
    place = path.absolute().resolve()
    if place in _loaded:
        return
    source = _read(path)
    found = _run(source)
    own = {registry: _own_records(source, registry, found) for registry in _RECORDS}
    if not any(own.values()):
        raise source.refusal(1, f"there are no records; allowed: dictionaries of the names {_NAMES}")
    for registry, records in own.items():
        _RECORDS[registry].update(records)
        _places.update({(registry, name): (path, source.line(registry[1], name)) for name in records})
    _loaded.add(place)


def file_of(registry: Registry, name: str) -> Path | None:
    """Return the file from which a record comes, as it was named; None for those of the library."""
    path, _ = _places.get((registry, name), (None, 0))
    return path


def own_places(design: Design) -> str:
    """Return in sentences, each behind a blank, where those records of a cell stand that are the user's."""
    places = [(name, _places.get((REGISTRIES[axis], name))) for axis, name in design._asdict().items()]
    return "".join(f" {name} stands in {place[0]}, line {place[1]}." for name, place in places if place)


def extension_parser(words: Iterable[str] | None = None) -> argparse.ArgumentParser:
    """Return a parent for a script's parser with the option `--extension`, whose files are loaded already.

    What other options allow depends on them.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument(
        "--extension", type=Path, action="append", default=[], help="a file of Python with records of your own"
    )
    for path in parser.parse_known_args(sys.argv[1:] if words is None else list(words))[0].extension:
        load_extension(path)
    return parser


def _read(path: Path) -> _Source:
    if not path.is_file():
        raise ExtensionError(f"{path}: there is no such file; its path starts at the working folder, {Path.cwd()}")
    try:
        with tokenize.open(path) as file:
            return _Source(path, ast.parse(file.read(), str(path)))
    except SyntaxError as error:
        # A null byte is in no line.
        place = f"{path}, line {error.lineno}" if error.lineno else str(path)
        raise ExtensionError(f"{place}: {type(error).__name__}: {error.msg}; allowed: Python") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        allowed = "text in UTF-8, or in the encoding that its first line declares"
        raise ExtensionError(f"{path}, line {line}: the file cannot be read: {error}; allowed: {allowed}") from None
    except (OSError, ValueError) as error:
        raise ExtensionError(f"{path}: the file cannot be read: {error}") from None


def _run(source: _Source) -> Mapping[str, object]:
    """Return what a file defines; the library's registries are as they were."""
    before = {registry: dict(records) for registry, records in _RECORDS.items()}
    modules = set(sys.modules)
    try:
        found = runpy.run_path(str(source.path), run_name=f"extension {source.path.stem}")
    # Whatever goes wrong in what a user wrote, also that it ends the process, is the user's to know.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == str(source.path)]
        raise source.refusal(lines[-1] if lines else 1, f"fails with {failure(error)}{_importable(error)}") from None
    finally:
        changed = [registry for registry, records in _RECORDS.items() if records != before[registry]]
        for registry in changed:
            _RECORDS[registry].clear()
            _RECORDS[registry].update(before[registry])
    for _, name in changed:
        raise source.refusal(
            source.line(name), f"changes the library's own {name}; allowed: {name} = {{…}}, a dictionary of your own"
        )
    _require_no_neighbors(source, sys.modules.keys() - modules)
    return found


def _require_no_neighbors(source: _Source, modules: Iterable[str]) -> None:
    """Refuse modules from a file's own folder: an edit there would change what is computed, and no digest."""
    folder = source.path.absolute().resolve().parent
    for name in sorted(modules):
        path = Path(getattr(sys.modules[name], "__file__", None) or "/").resolve()
        ours = name.split(".")[0] == __name__.split(".")[0]
        if path.is_relative_to(folder) and not ours and not _is_installed(path):
            raise source.refusal(
                _import_line(source.tree, name), f"imports {path}, where an edit would be overlooked; {_IMPORTABLE}"
            )


def _is_installed(path: Path) -> bool:
    """Tell whether a module came with Python, with an environment, or by an installer; each may lie below a folder."""
    prefixes = [Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix)]
    return any(map(path.is_relative_to, prefixes)) or not {"site-packages", "dist-packages"}.isdisjoint(path.parts)


def _import_line(tree: ast.Module, name: str) -> int:
    """Return the line that imports a module, or one of the package; the first where none names it."""
    for node in ast.walk(tree):
        named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        named += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
        if any(one.split(".")[0] == name.split(".", maxsplit=1)[0] for one in named):
            return int(getattr(node, "lineno", 1))
    return 1


def _importable(error: BaseException) -> str:
    """Return what a file may import, to follow an import that failed; nothing after another failure."""
    return f"; {_IMPORTABLE}" if isinstance(error, ImportError) else ""


def _own_records(source: _Source, registry: Registry, found: Mapping[str, object]) -> Mapping[str, Any]:
    records = found.get(registry[1], {})
    # Imported from the library, as a file does that looks something up.
    if records is _RECORDS[registry]:
        return {}
    if not isinstance(records, dict):
        allowed = f"a dictionary of records by their names, {registry[1]} = {{…}}"
        raise source.refusal(source.line(registry[1]), f"{registry[1]} is {_a(records)}; allowed: {allowed}")
    for name, record in records.items():
        if problem := _problem(registry, name, record):
            raise source.refusal(source.line(registry[1], name), problem)
    if registry != OPTIMIZER and (repeated := repeated_function(list(records.values()))):
        raise source.refusal(*repeated)
    return records


def _problem(registry: Registry, name: object, record: object) -> str | None:
    """Return what is wrong with an entry of a dictionary of the user's, in a sentence; None if nothing is."""
    if not isinstance(name, str) or not re.fullmatch(OWN_NAME, name):
        return f"found the name {name!r}; allowed: up to 64 of a-z, 0-9 and _, the first a letter"
    if name in _RECORDS[registry]:
        owner = file_of(registry, name)
        return f"the name {name} is taken: {owner or 'the library'} has a record of it; allowed: another name"
    if registry == INIT and GAUSSIAN_PATTERN.fullmatch(name):
        return f"the name {name} is taken by the family gaussian_w<σw²>_b<σb²>; allowed: another name"
    if registry == OPTIMIZER:
        return optimizer_breach(name, record)
    wanted = _TYPES[registry]
    if not isinstance(record, wanted):
        return f"{name} is {_a(record)}; allowed in {registry[1]}: records of the type {wanted.__name__}"
    if record.name != name:
        return f"the record of {name} calls itself {record.name!r}; allowed: one name for both"
    return record_breach(record)


def _a(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"of the type {type(value).__name__}"
