"""The check of the data that a config names, before any job starts.

A file that was found good is not read again until it changes: a stamp remembers its size, its time of change and the
settings that it was checked for. The built-in data is checked without being loaded.

This module holds data and config against each other; reading is `sources`' business.
"""

import json
from contextlib import suppress
from pathlib import Path

import numpy as np

from depthsounder.config.loading import ConfigError
from depthsounder.config.model import Config
from depthsounder.sources import BUILT_IN, DIGITS_CLASS_COUNTS, DataError, check_split, read_examples
from depthsounder.tables import replacing


def check_data(config: Config, stamp_path: Path) -> None:
    """Refuse data that the sweep cannot use.

    Parameters
    ----------
    stamp_path
        Where the last good check of a file is remembered.

    Raises
    ------
    ConfigError
        If the file cannot be used, or is too small for the split, the batch or the probe; the message names the file,
        the column or row, what was found and what is allowed.
    """
    source = config.data.source
    try:
        if source == BUILT_IN:
            classes = [str(digit) for digit in range(len(DIGITS_CLASS_COUNTS))]
            _check_sizes(config, classes, list(DIGITS_CLASS_COUNTS))
            return
        path = Path(source)
        stamp = _stamp(path, config)
        if stamp is not None and _remembered(stamp_path) == stamp:
            return
        examples = read_examples(path, config.data.target or "")
        counts = np.bincount(examples.labels, minlength=len(examples.classes))
        _check_sizes(config, examples.classes.tolist(), counts.tolist())
    except DataError as error:
        raise ConfigError(f"The data cannot be used.\n  {error}") from error
    # A folder that cannot be written to is no reason to refuse good data: it is then read again the next time.
    with suppress(OSError), replacing(stamp_path) as temporary:
        temporary.write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8")


def _check_sizes(config: Config, classes: list[str], counts: list[int]) -> None:
    n_train = check_split(config.data.source, classes, counts, config.data.test_fraction)
    for key, wanted in (("training.batch_size", config.training.batch_size), ("probe_examples", config.probe_examples)):
        if wanted > n_train:
            raise DataError(
                f"{key}: found {wanted}; allowed: at most {n_train}, the training part of {config.data.source}"
            )


def _stamp(path: Path, config: Config) -> dict[str, object] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return {
        "path": str(path.absolute()),
        "size": facts.st_size,
        "changed": facts.st_mtime_ns,
        "data": config.data.model_dump(),
        "batch_size": config.training.batch_size,
        "probe_examples": config.probe_examples,
    }


def _remembered(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
