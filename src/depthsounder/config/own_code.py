"""Which of a sweep's names stand for the user's own code, and which jobs need which of the user's files.

This module knows the config and where records come from; it knows nothing of rules.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from depthsounder.config.model import Config
from depthsounder.config.stages import Stage
from depthsounder.elements.axes import AXES, REGISTRIES, Design, Registry
from depthsounder.engine.extensions import OPTIMIZER, file_of

_TRAINS = ("tune", "train")


def own_records(config: Config) -> Mapping[Registry, Mapping[str, Path]]:
    """Return the files of the user's records that a sweep names, by registry and name."""
    found: dict[Registry, dict[str, Path]] = {}
    for registry, name in _asked_for(config):
        if path := file_of(registry, name):
            found.setdefault(registry, {})[name] = path
    return found


def extension_arguments(config: Config, stage: Stage, design: Design) -> list[str]:
    """Return the words of a command line that name the user's files of a cell's own records, and of no others."""
    names = [(REGISTRIES[axis], name) for axis, name in design._asdict().items()]
    if stage in _TRAINS:
        names.append((OPTIMIZER, config.training.optimizer))
    files = dict.fromkeys(path for registry, name in names if (path := file_of(registry, name)))
    return [f"--extension={path}" for path in files]


def _asked_for(config: Config) -> Iterator[tuple[Registry, str]]:
    for axis, registry in REGISTRIES.items():
        yield from ((registry, name) for name in getattr(config, AXES[axis].key))
    yield OPTIMIZER, config.training.optimizer
