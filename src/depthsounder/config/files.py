"""Config files with their positions: what the YAML parser knows and the merged config has lost.

Nothing is built from the text but a tree of nodes, so that tags and anchors cannot run or expand anything.

This module knows files, lines and key paths; it knows nothing of what a key means.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from depthsounder.config.allowed import KeyPath

_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "seq", "map", "merge")}
_TEMPLATE_KEY = "__use_yte__"
_DATE_TAG = "tag:yaml.org,2002:timestamp"
_MERGE_TAG = "tag:yaml.org,2002:merge"


class FileError(ValueError):
    """A config file that cannot be read as plain YAML; the message names file and line."""


@dataclass(frozen=True)
class ConfigFile:
    """A config file and its tree of YAML nodes."""

    name: str
    root: yaml.MappingNode


def file_name(path: Path) -> str:
    """Return a file's path as a person would type it: from the current folder if it lies there."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(path)


def read_config_file(path: Path) -> ConfigFile:
    """Read a config file.

    Raises
    ------
    FileError
        If the file is missing, is no YAML mapping, sets a key twice, or has a tag or a template in it.
    """
    name = file_name(path)
    try:
        root = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"it is no UTF-8 text: {error}"
        raise FileError(f"{name}: the file cannot be read: {reason}") from error
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f", line {error.problem_mark.line + 1}"
        reason = ", ".join(filter(None, [error.context, error.problem]))
        raise FileError(f"{name}{line}: this is no YAML: {reason}") from error
    except (yaml.YAMLError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise FileError(f"{name}: this is no YAML: {reason}") from error
    if not isinstance(root, yaml.MappingNode):
        raise FileError(f"{name}: found no keys; a config file has the form `key: value`")
    for node in _nodes(root):
        _refuse_surprises(name, node)
    return ConfigFile(name, root)


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    """Each node once, however often it is referred to."""
    seen, waiting = set(), [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _refuse_surprises(name: str, node: yaml.Node) -> None:
    if node.tag == _DATE_TAG:
        raise FileError(
            f"{name}, line {_line(node)}: found the date {node.value}; in quotes it is a text: '{node.value}'"
        )
    if node.tag not in _PLAIN_TAGS:
        raise FileError(f"{name}, line {_line(node)}: found {node.tag!r}; dates, sets and tags have no meaning here")
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if key.value == _TEMPLATE_KEY:
            raise FileError(
                f"{name}, line {_line(key)}: found {_TEMPLATE_KEY!r}; a config is data and runs no templates"
            )
        if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE_TAG:
            if key.value in lines:
                raise FileError(
                    f"{name}, line {_line(key)}: the key {key.value!r} was already set in line {lines[key.value]}"
                )
            lines[key.value] = _line(key)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _children(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Node, yaml.Node]]:
    """(key, where it stands, value); a key of its own comes before those of a merged mapping."""
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            yield position, item, item
    if not isinstance(node, yaml.MappingNode):
        return
    merged: list[yaml.Node] = []
    for key, value in node.value:
        if key.tag == _MERGE_TAG:
            merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
        else:
            yield key.value if isinstance(key, yaml.ScalarNode) else "", key, value
    for mapping in merged:
        if mapping is not node:
            yield from _children(mapping)


def _descend(root: yaml.Node, path: KeyPath) -> tuple[int, int]:
    """How far a file goes along a path, and the line of the last step."""
    node, line = root, 0
    for depth, wanted in enumerate(path):
        found = next((child for child in _children(node) if child[0] == wanted or child[0] == str(wanted)), None)
        if found is None:
            return depth, line
        node, line = found[2], _line(found[1])
    return len(path), line


def as_written(path: KeyPath, files: list[ConfigFile]) -> str | None:
    """Return the value of a key path as the last file that sets it has it, if it stands there without quotes."""
    for file in reversed(files):
        node: yaml.Node | None = file.root
        for wanted in path:
            children = _children(node) if node else ()
            node = next((child for key, _, child in children if key in (wanted, str(wanted))), None)
        if node is not None:
            return str(node.value) if isinstance(node, yaml.ScalarNode) and node.style is None else None
    return None


def _sets(values: object, path: KeyPath) -> bool:
    for key in path:
        if not isinstance(values, Mapping):
            return True
        if key not in values:
            return False
        values = values[key]
    return True


def position(path: KeyPath, files: list[ConfigFile], others: Mapping[str, Any], origin: str) -> str:
    """Return where the value of a key path was set: in the last file that sets it, with the line, or not in a file.

    Parameters
    ----------
    others
        The values that come from no file and override those of the files.
    origin
        What to call where these come from, such as "command line".
    """
    if path and _sets(others, path):
        return origin
    reached = [(*_descend(file.root, path), file.name) for file in files]
    depth, line, name = max(reversed(reached), key=lambda reach: reach[0], default=(0, 0, ""))
    if depth == 0 and (path or not name):
        return origin
    return f"{name}, line {line}" if line else name
