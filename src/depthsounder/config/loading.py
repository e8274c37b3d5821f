"""From config files and command line to a valid `Config`, or to one error that says what to change.

This module knows how Snakemake hands over a config; it knows nothing of what a key means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from depthsounder.config.explaining import LONGEST, each_place, explanation, place_of
from depthsounder.config.files import ConfigFile, FileError, as_written, position, read_config_file
from depthsounder.config.model import Config
from depthsounder.config.wording import KeyPath, allowed_in, takes_text
from depthsounder.process.commands import Refusal
from depthsounder.storage.file_errors import reading
from depthsounder.storage.tables import replacing


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
    merged: Mapping[str, Any],
    files: Sequence[Path],
    command_line: Mapping[str, Any] | None = None,
    words: Sequence[str] = (),
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
        braces as text; numbers among it are read as YAML would, but where a key takes a text.
    words
        The same as they were typed (`workflow.config_settings.config_args`). Snakemake makes the number 7 of
        ``run=007``; where a key takes a text, it is what was typed.

    Raises
    ------
    ConfigError
        With one paragraph for each problem: file and line or "command line", key, what was found and what is allowed.
    """
    typed = dict(word.split("=", 1) for word in words if "=" in word)
    overrides = {key: _meant(key, value, typed.get(key)) for key, value in (command_line or {}).items()}
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


def _meant(key: str, value: object, typed: str | None) -> object:
    """Return what a value of the command line stands for, from what Snakemake made of it and from what was typed."""
    if typed and isinstance(value, bool | int | float) and takes_text(Config, (key,)):
        return typed
    return _typed(value, (key,))


def _typed(value: object, path: KeyPath) -> object:
    if isinstance(value, Mapping):
        return {key: _typed(item, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item, (*path, position)) for position, item in enumerate(value)]
    if takes_text(Config, path):
        return None if value == "null" else value
    # What is longer is no number, and may be nested more deeply than YAML's parser can go.
    if not isinstance(value, str) or len(value) > LONGEST:
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
    for details in chain.from_iterable(map(each_place, error.errors(include_url=False))):
        path = place_of(details, values)
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        if details["type"] == "missing":
            where = position(path[:-1], files, command_line)
            lines = [f"is missing; allowed: {allowed_in(Config, path).text}"]
        else:
            where = position(path, files, command_line)
            written = None if where == "command line" else as_written(path, files)
            lines = explanation(details, path, written)
        problems.append(_Problem(where, key, tuple(lines)))
    return problems


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
