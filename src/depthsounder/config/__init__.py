"""The config: its model, and how it is read, refused and handed to the stages.

A valid `Config` is all that the rest of the library sees.
"""

from depthsounder.config.data_check import check_data
from depthsounder.config.fields import STUDY_NAMES, TUNING_SEED_BASE
from depthsounder.config.loading import (
    ConfigError,
    Origin,
    default_config,
    load_resolved,
    read_config_files,
    save_resolved,
    validate_config,
    validate_files,
    validate_imported,
)
from depthsounder.config.model import Config, Verdicts
from depthsounder.config.own_code import extension_arguments, own_records
from depthsounder.config.stages import Stage, stage_arguments, stage_settings

__all__ = [
    "STUDY_NAMES",
    "TUNING_SEED_BASE",
    "Config",
    "ConfigError",
    "Origin",
    "Stage",
    "Verdicts",
    "check_data",
    "default_config",
    "extension_arguments",
    "load_resolved",
    "own_records",
    "read_config_files",
    "save_resolved",
    "stage_arguments",
    "stage_settings",
    "validate_config",
    "validate_files",
    "validate_imported",
]
