"""From config files and command line to a valid `Config`, or to one error that says what to change.

This module knows how Snakemake hands over a config; it knows nothing of what a key means.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


def _listed(problems: Sequence[_Problem]) -> str:
    """Return how many problems there are, and each of them once."""
    distinct = {problem.where + problem.key: str(problem) for problem in problems}
    count = "1 problem" if len(distinct) == 1 else f"{len(distinct)} problems"
    return "\n".join([f"{count}.", *distinct.values()])


def _problems(
    error: ValidationError, values: object, files: list[ConfigFile], others: Mapping[str, Any], origin: str
) -> list[_Problem]:
    problems = []
    for details in error.errors(include_url=False):
        path = _path(details, values)
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        if details["type"] == "missing":
            where = position(path[:-1], files, others, origin)
            lines = [f"is missing; allowed: {allowed_in(Config, path).text}"]
        else:
            where = position(path, files, others, origin)
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
        If the file is no JSON any more. It is moved aside, so that the workflow writes it again.
    ConfigError
        If it is whole, and no config of this version: another version wrote it, or a person changed it. It stays.
    OSError
        If it is missing or cannot be read; the message names it.
    """
    with reading(path, "config", (ValueError,)):
        values = json.loads(path.read_text(encoding="utf-8"))
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        problems = _problems(error, values, read_config_files([path]), {}, str(path))
    raise ConfigError(
        f"{path} is whole, and cannot be used: another version of Depthsounder wrote it, or it was changed since. "
        f"{_listed(problems)}\n  It stays where it is; once it is deleted, the same run writes it again."
    )
