"""Files that a person asks for by name and that no rule makes: which name was meant, and which config makes it.

This module knows how a run's files are called; it reads no more of a config than its run and its study.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

import yaml

from depthsounder.config import STUDY_NAMES, Config

FOLDERS = ("results", "reports", "logs")
"""Where a run's files lie, each below a folder with the run's name."""

SUFFIXES = ("svg", "png", "pdf", "slide.svg", "slide.png")


def explain_target(target: str, config: Config, figures: Sequence[str], configs: Iterable[Path]) -> str | None:
    """Return why a file that was asked for is none of this run's, or None if nothing is known against it.

    Parameters
    ----------
    target
        As it was typed: a file, or the name of a rule.
    figures
        Those of this run.
    configs
        Files among which the config that makes it is looked for.
    """
    parts = Path(target).parts
    if len(parts) < 3 or parts[0] not in FOLDERS:
        return None
    folder, run, *inside = parts
    if run != config.run:
        return f"{target} is a file of run {run}, and this is run {config.run}. {_way(target, 'run', run, configs)}"
    if folder != "reports" or inside[0] != "figures" or len(inside) != 2:
        return None
    figure, _, suffix = inside[1].partition(".")
    if figure in figures:
        made = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        return None if suffix in SUFFIXES else f"{target}: a figure is made as {made}."
    if figure in STUDY_NAMES:
        way = _way(f"reports/{figure}/figures/{inside[1]}", "study", figure, configs)
        return f"{target}: only the study {figure} has this figure. {way}"
    near = get_close_matches(figure, figures, n=1)
    meant = f"; did you mean {near[0]}?" if near else "."
    return f"{target}: there is no figure {figure}{meant} This run's figures are {', '.join(figures)}."


def explain_nothing(target: str, rules: Iterable[str], files: Iterable[str]) -> str:
    """Return what to ask for in place of a name that is no rule's and of a file that none makes.

    Parameters
    ----------
    rules, files
        What there is: the names of rules, and files of this run.
    """
    near = get_close_matches(target, [*rules, *files], n=1)
    meant = f"; did you mean {near[0]}?" if near else "."
    return f"{target}: no rule has this name, and none makes such a file{meant} `snakemake --list` names the rules."


def _way(target: str, key: str, value: str, configs: Iterable[Path]) -> str:
    """Return how to get a file: by a config of which a key has a value."""
    maker = next(
        (str(path) for path in configs if _values(path).get(key) == value), f"FILE, whose key {key} is {value}"
    )
    return f"This makes it: snakemake {target} --configfile {maker}"


def _values(path: Path) -> dict[str, object]:
    """Return the keys of a config file; none of one that cannot be read, because nobody asked for it."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return values if isinstance(values, dict) else {}
