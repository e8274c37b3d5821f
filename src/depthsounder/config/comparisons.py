"""The pairs of inits that are compared: which keys a comparison has, and what makes a family of them.

This module validates the pairs against the sweep's axes; it compares nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from depthsounder.config.data_section import Section
from depthsounder.config.fields import (
    ActivationName,
    ArchitectureName,
    Broken,
    Depth,
    InitName,
    one_of,
    refuse,
    refuse_all,
)
from depthsounder.elements.architectures import PLAIN
from depthsounder.elements.axes import AXES


class Comparison(Section):
    """Two initializations of one activation at one depth, whose tail losses are compared seed by seed."""

    architecture: ArchitectureName = Field(default=PLAIN.name, description="One of the sweep's architectures.")
    activation: ActivationName = Field(description="One of the sweep's activations.")
    depth: Depth = Field(description="One of the sweep's depths. Unit: hidden layers.")
    init: InitName = Field(description="One of the sweep's inits: the one that is expected to do better.")
    against: InitName = Field(description="Another of them.")


MOST_COMPARISONS = 10

_AXES = {name: axis.key for name, axis in AXES.items()} | {"against": AXES["init"].key}
_DROP_COMPARISONS = (
    "Only what is in the sweep can be compared. To compare nothing, write `comparisons: []` into your file, or give "
    "--config 'comparisons=[]'; a list of your own keeps the others."
)


def check_family(comparisons: Sequence[Comparison], sweep: Mapping[str, Any]) -> None:
    """Refuse comparisons that are too many, or of what is not in the sweep.

    Parameters
    ----------
    sweep
        The values of those keys of the config that are valid.

    Raises
    ------
    PydanticCustomError
        With each comparison that is to blame.
    """
    if len(comparisons) > MOST_COMPARISONS:
        raise refuse(f"has {len(comparisons)} comparisons: each more makes all of them weaker")
    outside = [
        Broken(
            complaint=f"is not among this sweep's {axis}",
            within=(position, key),
            allowed=one_of(sweep[axis]),
        )
        for position, comparison in enumerate(comparisons)
        for key, axis in _AXES.items()
        if axis in sweep and getattr(comparison, key) not in sweep[axis]
    ]
    if outside:
        raise refuse_all(outside, _DROP_COMPARISONS)
    seen = set()
    for position, comparison in enumerate(comparisons):
        if comparison.init == comparison.against:
            others = [name for name in sweep.get("inits", ()) if name != comparison.init]
            allowed = one_of(others) if others else "another init"
            raise refuse("is compared with itself", position, "against", allowed=allowed)
        named = comparison.model_dump()
        inits = frozenset((named.pop("init"), named.pop("against")))
        pair = (*named.values(), inits)
        if pair in seen:
            raise refuse("stands in the list twice", position, allowed="each pair once")
        seen.add(pair)
