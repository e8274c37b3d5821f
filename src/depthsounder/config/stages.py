"""Which settings reach which stage: the values on which its results depend, and no others.

They become the command line of the stage's script and the `params` of its rule, so that a changed value reruns exactly
what depends on it. Depth, activation, init and seeds are not among them: they stand in the path of each file.

This module knows keys of the config; it knows nothing of rules or files.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Literal

from depthsounder.config.model import Config

Stage = Literal["prepare", "verify", "measure", "tune", "train"]


def _prepare(config: Config) -> dict[str, Any]:
    return {
        "source": config.data.source,
        "target": config.data.target,
        "features": config.data.features,
        "drop": config.data.drop,
        "header": config.data.header,
        "test_fraction": config.data.test_fraction,
        "root_seed": config.root_seed,
        "probe_examples": config.probe_examples,
    }


def _verify(config: Config) -> dict[str, Any]:
    return {"root_seed": config.root_seed, "sweep_width": config.width, **dict(config.gradient_check)}


def _measure(config: Config) -> dict[str, Any]:
    return {"root_seed": config.root_seed, "width": config.width}


def _training(config: Config) -> dict[str, Any]:
    return {**_measure(config), **asdict(config.training.recipe)}


def _tune(config: Config) -> dict[str, Any]:
    return {**_training(config), "learning_rates": config.training.learning_rates}


def _train(config: Config) -> dict[str, Any]:
    return {**_training(config), "tail_steps": config.verdicts.tail_steps}


_STAGES: Mapping[Stage, Callable[[Config], dict[str, Any]]] = {
    "prepare": _prepare,
    "verify": _verify,
    "measure": _measure,
    "tune": _tune,
    "train": _train,
}


def stage_settings(config: Config, stage: Stage) -> dict[str, Any]:
    """Return the settings of a stage by name; `logged_steps` are numbers, with `last` resolved."""
    return _STAGES[stage](config)


def stage_arguments(config: Config, stage: Stage) -> list[str]:
    """Return the settings of a stage as the words of a command line, such as ``--width=64``.

    A list of numbers is one option with several words, ``--depths 1 2 3``. Names may look like options themselves, and
    have one each, ``--drop=a --drop=-b``. A setting that is null is left out. Nothing is quoted: Snakemake's
    ``{params.settings:q}`` does that.
    """
    words = []
    for name, value in stage_settings(config, stage).items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, tuple) and all(isinstance(item, str) for item in value):
            words += [f"{option}={item}" for item in value]
        elif isinstance(value, tuple):
            words += [option, *(str(item) for item in value)]
        elif value is not None:
            words.append(f"{option}={value}")
    return words
