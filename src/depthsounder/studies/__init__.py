"""The studies: papers' figures and questions of their own that presets in config/ reproduce, each ending in its report.

A study is one file with a record `STUDY`; the config's key `study` names it.
"""

from depthsounder.config import Config
from depthsounder.figures import FIGURES, FigureRecord
from depthsounder.studies import glorot2010, he2015, plateau, schoenholz2017, trainability
from depthsounder.studies.record import Agreement, Finding, Study

__all__ = ["STUDIES", "Agreement", "Finding", "Study", "figures_of"]

STUDIES = {module.STUDY.name: module.STUDY for module in (glorot2010, he2015, plateau, schoenholz2017, trainability)}
"""All studies by name."""


def figures_of(config: Config) -> dict[str, FigureRecord]:
    """Return the figures of a run: those of every run, and its study's."""
    return FIGURES if config.study is None else {**FIGURES, config.study: STUDIES[config.study].figure}
