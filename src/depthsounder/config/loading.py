"""From config files and command line to a valid `Config`, or to one error that says what to change.

This module knows how Snakemake hands over a config; it knows nothing of what a key means.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from depthsounder.config.allowed import KeyPath, allowed_in, takes_text
from depthsounder.config.explaining import LONGEST, each_place, explanation, place_of
from depthsounder.config.fields import NOT_KNOWN, UNUSABLE
from depthsounder.config.files import ConfigFile, FileError, as_written, position, read_config_file
from depthsounder.config.model import Config
from depthsounder.process.commands import Refusal
from depthsounder.storage.file_errors import reading
from depthsounder.storage.replacing import replacing

_EXTENSIONS = "extensions"


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
    others
        The values that come from no file, such as those of `--config`.
    called
        What to call where these come from.
    """

    files: Sequence[Path] = ()
    others: Mapping[str, Any] = field(default_factory=dict)
    called: str = "command line"

    def of(self, *path: str) -> str:
        """Return where a key was set and its name, such as ``config.yaml, line 7: training.batch_size``."""
        key = ".".join(path)
        if not self.files and not self.others:
            return key
        return f"{position(path, read_config_files(self.files), self.others, self.called)}: {key}"


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
    return _validated(_overlaid(merged, overrides), read_config_files(files), overrides, "command line")


def validate_imported(handed_over: Mapping[str, Any], default: Path) -> Config:
    """Validate what an importing workflow hands over as `config:`, laid over the default config.

    Raises
    ------
    ConfigError
        As `validate_config`; what was handed over has no line, and is called "the importing workflow".
    """
    sources = read_config_files([default])
    values = _overlaid(yaml.safe_load(default.read_text(encoding="utf-8")), handed_over)
    return _validated(values, sources, handed_over, "the importing workflow")


def _validated(
    values: Mapping[str, Any], sources: list[ConfigFile], overrides: Mapping[str, Any], origin: str
) -> Config:
    """Return a valid config, or refuse the values; `origin` names those that come from no file."""
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        problems = _problems(error, values, sources, overrides, origin)
    raise ConfigError(f"The config cannot be used: {_listed(problems)}")


def default_config(checkout: Path) -> Path:
    """Return the file of the default sweep: the working folder's own config/config.yaml, and else the project's."""
    own = Path("config/config.yaml")
    return own if own.exists() else checkout / own


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


def _listed(problems: Sequence[_Problem]) -> str:
    """Return how many problems there are, and each of them once."""
    distinct = {problem.where + problem.key: str(problem) for problem in problems}
    count = "1 problem" if len(distinct) == 1 else f"{len(distinct)} problems"
    return "\n".join([f"{count}.", *distinct.values()])


def _problems(
    error: ValidationError, values: object, files: list[ConfigFile], others: Mapping[str, Any], origin: str
) -> list[_Problem]:
    found = list(chain.from_iterable(map(each_place, error.errors(include_url=False))))
    without_records = any(details["loc"][0] == _EXTENSIONS for details in found)
    problems = []
    for details in found:
        path = place_of(details, values)
        if without_records and details.get("ctx", {}).get("complaint") == NOT_KNOWN:
            # It may well be a name of the extension's.
            continue
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        if details["type"] == "missing":
            where = position(path[:-1], files, others, origin)
            lines = [f"is missing; allowed: {allowed_in(Config, path).text}"]
        else:
            where = position(path, files, others, origin)
            written = None if where == origin else as_written(path, files)
            lines = explanation(details, path, written) + _beside_its_config(details, files)
        problems.append(_Problem(where, key, tuple(lines)))
    return problems


def _beside_its_config(details: ErrorDetails, files: list[ConfigFile]) -> list[str]:
    """Return the file that was meant, if an extension is missing and lies in the folder of a config file instead."""
    if details.get("ctx", {}).get("complaint") != UNUSABLE or Path(details["input"]).exists():
        return []
    meant = [path for file in files if (path := Path(file.name).parent / details["input"]).is_file()]
    return [f"did you mean {meant[-1]}, which lies beside the config?"] if meant else []


def save_resolved(path: Path, config: Config) -> None:
    """Write a valid config as JSON, in one step; equal configs give equal bytes."""
    with replacing(path) as temporary:
        temporary.write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")


def load_resolved(path: Path) -> Config:
    """Read the config that a run wrote.

    Raises
    ------
    DamagedFile
        If the file is no JSON any more. It is moved aside, so that the workflow writes it again.
    ConfigError
        If it is whole, and no config of this version: another version wrote it, or a person changed it. It stays.
        Or if an extension that it names is gone, or no longer what it was.
    OSError
        If it is missing or cannot be read; the message names it.
    """
    with reading(path, "config", (ValueError,)):
        values = json.loads(path.read_text(encoding="utf-8"))
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        problems = _problems(error, values, read_config_files([path]), {}, str(path))
        changed = _changed_extension(error.errors(), values)
    if changed:
        raise ConfigError(
            f"{path}: the run was made with {changed}. Bring it back, or work in the folder in which the run was made."
        )
    raise ConfigError(
        f"{path} is whole, and cannot be used: another version of Depthsounder wrote it, or it was changed since. "
        f"{_listed(problems)}\n  It stays where it is; once it is deleted, the same run writes it again."
    )


def _changed_extension(found: Sequence[ErrorDetails], values: Mapping[str, Any]) -> str | None:
    """Return which extension of a run is not what it was, and how it shows; None if it is nothing of theirs."""
    contexts = [(details, details.get("ctx", {})) for details in found]
    for _, context in contexts:
        if context.get("complaint") == UNUSABLE:
            return f"an extension that {UNUSABLE}: {context['remedy']}"
    for details, context in contexts:
        if context.get("complaint") == NOT_KNOWN and values.get(_EXTENSIONS):
            return f"{details['input']} from {' or '.join(values[_EXTENSIONS])}, where it is no more"
    return None
