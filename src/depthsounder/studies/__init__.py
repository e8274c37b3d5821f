"""The studies: papers' figures and questions of their own that presets in config/ reproduce, each ending in its report.

A study is one file with a record `STUDY`, found by being there; the config's key `study` names it.
"""

import importlib
import pkgutil

from depthsounder.config import Config
from depthsounder.figures import FIGURES, FigureRecord
from depthsounder.studies.record import Agreement, Finding, Study

__all__ = ["STUDIES", "Agreement", "Finding", "Study", "figures_of"]

_MACHINERY = {"depth_scale", "escapes", "glorot2010_stated", "record", "rescue_costs", "rescue_stated"}


def _found() -> list[Study]:
    names = [file.name for file in pkgutil.iter_modules(__path__) if file.name not in _MACHINERY]
    return [importlib.import_module(f"{__name__}.{name}").STUDY for name in names]


STUDIES = {study.name: study for study in _found()}
"""All studies by name."""


def figures_of(config: Config) -> dict[str, FigureRecord]:
    """Return the figures of a run: those of every run, and its study's."""
    return FIGURES if config.study is None else {**FIGURES, config.study: STUDIES[config.study].figure}
