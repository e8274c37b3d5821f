"""Which of a sweep's names stand for the user's own code, and which jobs need which of the user's files.

This module knows the config and where records come from; it knows nothing of rules.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from depthsounder.config.model import Config
from depthsounder.config.stages import Stage
from depthsounder.engine.extensions import ACTIVATION, INIT, OPTIMIZER, Registry, file_of

_TRAINS = ("tune", "train")


def own_records(config: Config) -> Mapping[Registry, Mapping[str, Path]]:
    """Return the files of the user's records that a sweep names, by registry and name."""
    found: dict[Registry, dict[str, Path]] = {}
    for registry, name in _asked_for(config):
        if path := file_of(registry, name):
            found.setdefault(registry, {})[name] = path
    return found


def extension_arguments(config: Config, stage: Stage, activation: str, init: str) -> list[str]:
    """Return the words of a command line that name the user's files of a cell's own records, and of no others."""
    names = [(ACTIVATION, activation), (INIT, init)]
    if stage in _TRAINS:
        names.append((OPTIMIZER, config.training.optimizer))
    files = dict.fromkeys(path for registry, name in names if (path := file_of(registry, name)))
    return [f"--extension={path}" for path in files]


def _asked_for(config: Config) -> Iterator[tuple[Registry, str]]:
    yield from ((ACTIVATION, name) for name in config.activations)
    yield from ((INIT, name) for name in config.inits)
    yield OPTIMIZER, config.training.optimizer
