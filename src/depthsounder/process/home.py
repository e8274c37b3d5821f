"""Environment variables stand in for a user name that is missing and a home folder that cannot be written.

Snakemake asks for the name, and Matplotlib keeps its list of fonts in the home folder. This module names what stands in
for them; it changes nothing itself.
"""

import getpass
import os
from collections.abc import Mapping
from pathlib import Path


def stand_ins(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the environment variables to set for a user who lacks a name or a home folder; none for all others.

    Parameters
    ----------
    folder
        Where a cache may lie that finds no home.
    """
    found = {}
    try:
        getpass.getuser()
    except (KeyError, OSError):
        found["USER"] = f"user-{os.getuid()}"
    if "MPLCONFIGDIR" not in environment and not _has_home(environment):
        found["MPLCONFIGDIR"] = str(folder / ".matplotlib")
    return found


def _has_home(environment: Mapping[str, str]) -> bool:
    """Tell whether both folders of the home can be written, or made, in which programs keep what they need."""
    try:
        home = Path.home()
    except RuntimeError:
        return False
    places = (environment.get("XDG_CACHE_HOME", home / ".cache"), environment.get("XDG_CONFIG_HOME", home / ".config"))
    return all(_can_be_written(Path(place)) for place in places)


def _can_be_written(folder: Path) -> bool:
    nearest = next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
