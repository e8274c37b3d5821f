"""The axes of a sweep: what tells one cell from another.

An axis is declared here, once: columns and keys of tables, folders, wildcards, options of scripts, checks, digests of
code and the explorer's selectors follow, in this order. What a point of an axis is stands in its registry.

This module knows names; it knows no points.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

Registry = tuple[str, str]
"""A dictionary of records, by the library's module and its name there."""


class Cell(NamedTuple):
    """A point of the sweep: the networks that differ in nothing but their seed."""

    depth: int
    architecture: str
    activation: str
    init: str

    @property
    def design(self) -> "Design":
        """What it is but for its depth."""
        return Design(*self[1:])


class Model(NamedTuple):
    """What an init initializes: inits are compared within it, and figures have a panel for each."""

    architecture: str
    activation: str


class Design(NamedTuple):
    """The records of a cell, which are checked once for all depths."""

    architecture: str
    activation: str
    init: str

    @classmethod
    def of(cls, row: Any) -> "Design":  # noqa: ANN401 - a row of a data frame, or a record of one
        """Return that of a row of a table, or of whatever else names its records by their axes."""
        return cls(*(str(row[name]) for name in cls._fields))

    @property
    def model(self) -> Model:
        """What it is but for its init."""
        return Model(self.architecture, self.activation)


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes
    ----------
    key
        The config's key, which lists its points.
    unit
        Of its column in tables.
    title
        What the page calls it.
    pattern
        The regular expression of a point in a path.
    registry
        Where its points are looked up by name; None for numbers.
    unsaid
        The point of which sentences say nothing: what they leave out is this.
    """

    key: str
    unit: str
    title: str
    pattern: str
    registry: Registry | None = None
    unsaid: str | None = None


_NAME = r"[a-z_0-9]+"

AXES: Mapping[str, Axis] = {
    "depth": Axis("depths", "hidden layers", "Depth", r"\d+"),
    "architecture": Axis(
        "architectures", "name", "Architecture", _NAME, ("elements.architectures", "ARCHITECTURES"), unsaid="plain"
    ),
    "activation": Axis("activations", "name", "Activation", _NAME, ("elements.activations", "ACTIVATIONS")),
    "init": Axis("inits", "name", "Initialization", r"[a-z_0-9.]+", ("elements.initializers", "INITIALIZERS")),
}
"""The axes by the names of their columns, in the order of `Cell`."""

REGISTRIES: Mapping[str, Registry] = {name: axis.registry for name, axis in AXES.items() if axis.registry}
"""The registry of each field of `Design`."""


_SAID_FIRST = ("activation", "init")


def spoken(names: Model | Design) -> list[str]:
    """Return the names by which sentences call a model or a design: activation, init, and the others if not unsaid."""
    others = {axis: name for axis, name in names._asdict().items() if axis not in _SAID_FIRST}
    first = [name for axis, name in names._asdict().items() if axis in _SAID_FIRST]
    return [*first, *(name for axis, name in others.items() if name != AXES[axis].unsaid)]
