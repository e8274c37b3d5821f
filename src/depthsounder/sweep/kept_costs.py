"""Costs are kept in a file from one dry run to the next: to measure them takes longer than to plan a sweep.

What was measured on another machine, for other settings or code, or more than an hour ago, is not used.

This module keeps costs; `costs` measures them.
"""

import platform
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ValidationError

from depthsounder.config import Config
from depthsounder.storage.replacing import replacing
from depthsounder.sweep.planning import Costs

LIFETIME = timedelta(hours=1)
"""So long is a machine taken to be as fast and as busy as it was."""

_MATTER = {"data", "architectures", "extensions", "width", "training", "probe_examples"}
"""The settings that the costs of a network depend on."""


class _Kept(BaseModel):
    about: str
    measured: AwareDatetime
    costs: Costs


def kept_costs(file: Path, config: Config, code: str, measure: Callable[[], Costs]) -> Costs:
    """Return the costs of a sweep's networks, measured or from an earlier measurement.

    Parameters
    ----------
    file
        Where they are kept. It may be missing, damaged, or about another sweep; where it cannot be written, the next
        dry run measures again.
    code
        The digest of what measures the costs.
    measure
        Measures them.
    """
    about = " ".join([platform.node(), platform.python_version(), code, config.model_dump_json(include=_MATTER)])
    now = datetime.now(UTC)
    with suppress(OSError, ValidationError):
        kept = _Kept.model_validate_json(file.read_bytes())
        if kept.about == about and timedelta() <= now - kept.measured < LIFETIME:
            return kept.costs
    costs = measure()
    with suppress(OSError), replacing(file) as temporary:
        temporary.write_text(_Kept(about=about, measured=now, costs=costs).model_dump_json())
    return costs
