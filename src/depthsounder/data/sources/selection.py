"""Which columns of a file are the target and the features: by the config's names, each of which the file must have.

This module knows names; it knows nothing of values.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from depthsounder.data.sources.problems import as_key, listed, shown


@dataclass(frozen=True)
class Wanted:
    """What a config says of its data.

    Attributes
    ----------
    source
        The name of a built-in set, or the path of a file.
    target
        The column or array with the classes; None where the source knows its own.
    features
        The columns that are used; None for all but the target.
    drop
        Columns that are left out; None for none.
    header
        Whether a text's first line names its columns; None if it does unless it looks like data.
    """

    source: str
    target: str | None = None
    features: tuple[str, ...] | None = None
    drop: tuple[str, ...] | None = None
    header: bool | None = None

    def names_problems(self, path: Path, names: Collection[str]) -> list[str]:
        """Return what is wrong with the names of features and of what is dropped, among those that a file has."""
        problems = []
        for key, given in (("data.features", self.features), ("data.drop", self.drop)):
            for name in given or ():
                if name == self.target:
                    problems.append(f"{path}: found the target {shown(name)} in {key}; allowed: features only")
                elif name not in names:
                    problems.append(f"{path}: found no column {shown(name)}, which is in {key}{meant(name, names)}")
        return problems

    def keeps(self, name: str) -> bool:
        """Return whether a column is used as a feature, by its name alone."""
        return (
            name != self.target and name not in (self.drop or ()) and (self.features is None or name in self.features)
        )


@dataclass(frozen=True)
class Selection:
    """The positions of the columns that are used, and what is wrong with their names."""

    target: int | None
    features: tuple[int, ...]
    problems: tuple[str, ...]


def meant(name: str, names: Collection[str]) -> str:
    """Return which names are allowed in place of one, and the one that was probably meant."""
    guess = nearest(name, names)
    text = f"; allowed: one of {listed(list(names))}"
    return f"{text}; did you mean {shown(guess)}?" if guess else text


def nearest(name: str, names: Collection[str]) -> str | None:
    """Return the name that resembles one most, whatever its capitals, if any does."""
    by_folded = {other.casefold(): other for other in names}
    guess = get_close_matches(name.strip().casefold(), by_folded, n=1)
    return by_folded[guess[0]] if guess else None


def select(path: Path, names: Sequence[str], wanted: Wanted, unnamed: Collection[int] = ()) -> Selection:
    """Find the target and the features of a table.

    Parameters
    ----------
    names
        The names of all columns.
    unnamed
        The positions of those whose names were made up, because they have none.
    """
    problems = wanted.names_problems(path, names)
    targets = [position for position, name in enumerate(names) if name == wanted.target]
    if not targets:
        found = f"no target column {shown(wanted.target)}" if wanted.target else "no name of a target in data.target"
        problems.append(f"{path}: found {found}{meant(wanted.target or '', names)}")
    # A misspelt target is no feature.
    misspelt = None if targets else nearest(wanted.target or "", names)
    features = [position for position, name in enumerate(names) if wanted.keeps(name) and name != misspelt]
    used = Counter(names[position] for position in [*targets, *features])
    twice = sorted(name for name, times in used.items() if times > 1)
    if twice:
        where = ", ".join(str(k + 1) for k, name in enumerate(names) if name == twice[0])
        problems.append(
            f"{path}: found the column {listed(twice)} more than once ({shown(twice[0])} in columns {where}); allowed: "
            "each name once: give them names of their own"
        )
    nameless = [k for k in features if k in unnamed and wanted.features is None]
    if nameless:
        numbers = ", ".join(str(k + 1) for k in nameless)
        problems.append(
            f"{path}: found no name for column {numbers} (a row number, as pandas writes it without index=False, or a "
            "separator too many); allowed: a name for each column, or "
            f"{as_key('data.drop', [names[k] for k in nameless])}"
        )
    if not features and not problems:
        problems.append(f"{path}: found no column but the target {shown(wanted.target)}; allowed: at least one feature")
    usable = tuple(k for k in features if names[k] not in twice and k not in nameless)
    return Selection(targets[0] if len(targets) == 1 else None, usable, tuple(problems))
