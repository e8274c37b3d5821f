"""The check of the data that a config names, before any job starts.

A file that was found good is not read again until it changes: a stamp remembers its size, its time of change, the
settings that it was checked for, and what a person should look at. Built-in data is checked without being loaded.

This module checks data and config against each other; `data.sources` reads the file.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from depthsounder.config.loading import ConfigError, Origin
from depthsounder.config.model import Config
from depthsounder.data.sources import (
    BUILT_IN,
    CENSUSES,
    Census,
    Wanted,
    fitting_share,
    read_source,
    row_problems,
    size_problems,
    source_files,
    split_problems,
)
from depthsounder.storage.replacing import replacing

_UNKNOWN = Origin()


def check_data(config: Config, stamp_path: Path, origin: Origin = _UNKNOWN) -> tuple[str, ...]:
    """Refuse data that the sweep cannot use.

    Parameters
    ----------
    stamp_path
        Where the last good check of a file is remembered.
    origin
        Where the config's values come from, to name the lines of those that do not fit the data.

    Returns
    -------
    tuple
        What a person should look at before the sweep runs.

    Raises
    ------
    ConfigError
        If the file cannot be used, or is too small for the split, the batch or the probe; the message names all that is
        to be mended: the file, the column or row, what was found and what is allowed.
    """
    data = config.data
    if data.source in BUILT_IN:
        _refuse(_problems_of_size(config, CENSUSES[data.source], origin))
        return ()
    facts = _facts(config)
    if facts is not None and (warnings := _remembered(stamp_path, facts)) is not None:
        return warnings
    reading = read_source(Wanted(data.source, data.target, data.features, data.drop, data.header))
    if reading.census:
        sizes = _problems_of_size(config, reading.census, origin)
    else:
        few = row_problems(data.source, reading.n_rows) if reading.n_rows else []
        sizes = few or _sizes_that_do_not_fit(config, reading.n_train(data.test_fraction), origin)
    _refuse([*reading.problems, *sizes])
    warnings = reading.examples.warnings if reading.examples else ()
    # A folder that cannot be written to is no reason to refuse good data: it is then read again the next time.
    with suppress(OSError), replacing(stamp_path) as temporary:
        stamp = {"facts": facts, "warnings": list(warnings)}
        temporary.write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8")
    return warnings


def _refuse(problems: list[str]) -> None:
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ConfigError("\n  ".join([f"The data cannot be used: {count}.", *problems]))


def _problems_of_size(config: Config, census: Census, origin: Origin) -> list[str]:
    """Return what does not fit the classes; batch and probe are held against the split that suits them all."""
    data = config.data
    share = fitting_share(census, data.test_fraction)
    words = "" if share == data.test_fraction else f" with a test_fraction of {share:g}"
    return [
        *split_problems(data.source, census, data.test_fraction),
        *_sizes_that_do_not_fit(config, census.n_train(share), origin, words),
    ]


def _sizes_that_do_not_fit(config: Config, n_train: int | None, origin: Origin, share: str = "") -> list[str]:
    if n_train is None:
        return []
    found = {("training", "batch_size"): config.training.batch_size, ("probe_examples",): config.probe_examples}
    too_many = {origin.of(*path): number for path, number in found.items() if number > n_train}
    return size_problems(config.data.source, n_train, too_many, share)


def _facts(config: Config) -> dict[str, Any] | None:
    """Return all on which a check depends; None if there is no such file."""
    try:
        files = [(str(path.absolute()), path.stat()) for path in source_files(config.data.source)]
    except OSError:
        return None
    return {
        "files": [[path, facts.st_size, facts.st_mtime_ns] for path, facts in files],
        "data": config.data.model_dump(mode="json"),
        "batch_size": config.training.batch_size,
        "probe_examples": config.probe_examples,
    }


def _remembered(path: Path, facts: dict[str, Any]) -> tuple[str, ...] | None:
    """Return the warnings of the last good check, if it was one of the same facts."""
    try:
        stamp = json.loads(path.read_text(encoding="utf-8"))
        return tuple(map(str, stamp["warnings"])) if stamp["facts"] == facts else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
