"""From config files and command line to a valid `Config`, or to one error that says what to change.

This module knows how Snakemake hands over a config; it knows nothing of what a key means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from depthsounder.config.files import ConfigFile, FileError, position, read_config_file
from depthsounder.config.model import Config
from depthsounder.config.wording import Allowed, KeyPath, allowed_in, nearest
from depthsounder.process.commands import Refusal
from depthsounder.storage.file_errors import reading
from depthsounder.storage.tables import replacing

_LONGEST = 100


class ConfigError(Refusal, ValueError):
    """A config, or the data that it names, cannot be used; the message is for the person who wrote it."""


@dataclass(frozen=True)
class _Problem:
    """One thing to change."""

    where: str
    key: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n    ".join([f"  {self.where}: {self.key}".rstrip(": "), *self.lines])


@dataclass(frozen=True)
class Origin:
    """Where the values of a config come from, for problems that show only when it is used.

    Attributes
    ----------
    files
        As for `validate_config`.
    command_line
        The values of `--config`.
    """

    files: Sequence[Path] = ()
    command_line: Mapping[str, Any] = field(default_factory=dict)

    def of(self, *path: str) -> str:
        """Return where a key was set and its name, such as ``config.yaml, line 7: training.batch_size``."""
        key = ".".join(path)
        if not self.files and not self.command_line:
            return key
        return f"{position(path, read_config_files(self.files), self.command_line)}: {key}"


def read_config_files(paths: Sequence[Path]) -> list[ConfigFile]:
    """Read config files with their positions, before Snakemake does: it names no line of a file that is no YAML.

    Raises
    ------
    ConfigError
        If one of them cannot be read; the message names file and line.
    """
    try:
        return [read_config_file(Path(path)) for path in paths]
    except FileError as error:
        raise ConfigError(f"The config cannot be used.\n  {error}") from error


def validate_config(
    merged: Mapping[str, Any], files: Sequence[Path], command_line: Mapping[str, Any] | None = None
) -> Config:
    """Validate a merged config.

    Parameters
    ----------
    merged
        Snakemake's `config`.
    files
        The files that it was merged from, the one that is overridden first: the workflow's own, then those of
        `--configfile` (`workflow.overwrite_configfiles`).
    command_line
        The values of `--config` (`workflow.config_settings.config`). Snakemake reads what stands in their brackets and
        braces as text; numbers among it are read as YAML would.

    Raises
    ------
    ConfigError
        With one paragraph for each problem: file and line or "command line", key, what was found and what is allowed.
    """
    overrides = {
        key: _typed(value) if isinstance(value, dict | list) else value for key, value in (command_line or {}).items()
    }
    values = _overlaid(merged, overrides)
    sources = read_config_files(files)
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        problems = {problem.where + problem.key: problem for problem in _problems(error, values, sources, overrides)}
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    paragraphs = "\n".join(str(problem) for problem in problems.values())
    raise ConfigError(f"The config cannot be used: {count}.\n{paragraphs}")


def validate_files(paths: Sequence[Path]) -> Config:
    """Validate config files laid over one another, as `validate_config` does what Snakemake made of them.

    Raises
    ------
    ConfigError
        As there.
    """
    read_config_files(paths)
    merged: dict[str, Any] = {}
    for path in paths:
        merged = _overlaid(merged, yaml.safe_load(path.read_text(encoding="utf-8")))
    return validate_config(merged, paths)


def _typed(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    # What is longer is no number, and may be nested more deeply than YAML's parser can go.
    if not isinstance(value, str) or len(value) > _LONGEST:
        return value
    try:
        number = yaml.safe_load(value)
    except (yaml.YAMLError, ValueError):
        return value
    return number if number is None or isinstance(number, bool | int | float) else value


def _overlaid(values: object, overrides: Mapping[str, Any]) -> dict[str, Any]:
    overlaid = dict(values) if isinstance(values, Mapping) else {}
    for key, value in overrides.items():
        overlaid[key] = _overlaid(overlaid.get(key), value) if isinstance(value, Mapping) else value
    return overlaid


def _problems(
    error: ValidationError, values: object, files: list[ConfigFile], command_line: Mapping[str, Any]
) -> list[_Problem]:
    problems = []
    for details in error.errors(include_url=False):
        path = _path(details, values)
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        if details["type"] == "missing":
            where = position(path[:-1], files, command_line)
            lines = [f"is missing; allowed: {allowed_in(Config, path).text}"]
        else:
            where = position(path, files, command_line)
            lines = _explanation(details, path)
        problems.append(_Problem(where, key, tuple(lines)))
    return problems


def _path(details: ErrorDetails, values: object) -> KeyPath:
    """Return the error's place in the config; pydantic also names the member of a union that it tried, which is cut."""
    place = details["loc"]
    if details["type"] == "rule":
        place = (*place, *details["ctx"]["within"])
    path: list[str | int] = []
    for part in place:
        if not isinstance(values, Mapping | list | tuple):
            break
        path.append(part)
        values = _entry(values, part)
    return tuple(path)


def _entry(values: object, part: str | int) -> object:
    """Return what stands at a key or position of a part of the config, raw or validated; None if nothing does."""
    if isinstance(values, BaseModel):
        return getattr(values, str(part))
    if isinstance(values, list | tuple):
        return values[part] if isinstance(part, int) and part < len(values) else None
    return values.get(part) if isinstance(values, Mapping) else None


def _explanation(details: ErrorDetails, path: KeyPath) -> list[str]:
    allowed = allowed_in(Config, path)
    if details["type"] in ("extra_forbidden", "invalid_key"):
        return [f"is an unknown key; allowed: {allowed.text}", *_guess(path[-1], allowed)]
    found = _found(details, path)
    complaint = f", which {details['ctx']['complaint']}" if details["type"] == "rule" else ""
    return [
        f"found {_worded(found)}{complaint}; allowed: {allowed.text}",
        *_guess(found, allowed),
        *_text_for_number(found, allowed),
    ]


def _found(details: ErrorDetails, path: KeyPath) -> object:
    found: object = details["input"]
    for part in path[len(details["loc"]) :]:
        found = _entry(found, part)
    return found


def _guess(found: object, allowed: Allowed) -> list[str]:
    name = nearest(found, allowed.names)
    return [] if name is None or name == found else [f"did you mean {name}?"]


def _text_for_number(found: object, allowed: Allowed) -> list[str]:
    if not isinstance(found, str) or not allowed.text.startswith(("a number", "a whole number")):
        return []
    try:
        float(found)
    except ValueError:
        return []
    return ["this is a text: YAML reads a number without quotes, with point and sign where it has an exponent: 1.0e-2"]


def _worded(value: object, levels: int = 3) -> str:
    """Return a value as a person would write it, and of one that is long or nested deeply only the beginning."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and value.bit_length() > _LONGEST:
        return "a number of more than 30 digits"
    if isinstance(value, Mapping):
        return "a section"
    if isinstance(value, list | tuple):
        # Anchors make a list of lists of lists, each ten times the next, from a few lines: it is not written out.
        shown = [_worded(item, levels - 1) for item in value[:10]] if levels else ["…"]
        text = f"[{', '.join(shown)}{', …' if len(value) > 10 and levels else ''}]"
    else:
        text = repr(value[: _LONGEST + 1] if isinstance(value, str) else value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def save_resolved(path: Path, config: Config) -> None:
    """Write a valid config as JSON, in one step; equal configs give equal bytes."""
    with replacing(path) as temporary:
        temporary.write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")


def load_resolved(path: Path) -> Config:
    """Read the config that a run wrote.

    Raises
    ------
    DamagedFile
        If the file holds no valid config any more. It is moved aside, so that the workflow writes it again.
    OSError
        If it is missing or cannot be read; the message names it.
    """
    with reading(path, "config", (ValueError,)):
        try:
            return Config.model_validate_json(path.read_text(encoding="utf-8"))
        except ValidationError as error:
            raise ValueError(error.errors(include_url=False)[0]["msg"]) from error
