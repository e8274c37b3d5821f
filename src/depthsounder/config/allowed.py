"""What a key allows, in words: one text for error messages and for the reference page.

Numbers are worded from their limits, names from their registry, and any other text by an `Allowed` beside its type.

This module knows type annotations; it knows nothing of files or of the meaning of a key.
"""

import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

KeyPath = tuple[str | int, ...]
"""From the top of the config: keys, and positions in lists."""


@dataclass(frozen=True)
class Allowed:
    """What a value may be: in words, and the names among which the nearest is looked for.

    Attributes
    ----------
    elsewhere
        What others call some of the names, each with the name here.
    """

    text: str
    names: tuple[str, ...] = ()
    elsewhere: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class AllowedNow:
    """What a value may be, told when it is asked for: names of a registry, to which extensions add."""

    tell: Callable[[], Allowed]


def _limits(metadata: Sequence[Any]) -> Iterator[Any]:
    for item in metadata:
        yield from _limits(item.metadata) if isinstance(item, FieldInfo) else (item,)


def _number(kind: str, metadata: Sequence[Any]) -> Allowed:
    low, high = "", ""
    for limit in metadata:
        match limit:
            case Ge(ge=bound):
                low = f"from {bound:,}"
            case Gt(gt=bound):
                low = f"above {bound:,}"
            case Le(le=bound):
                high = f"to {bound:,}" if low.startswith("from") else f"and at most {bound:,}"
            case Lt(lt=bound):
                high = f"and below {bound:,}"
    return Allowed(" ".join(filter(None, [kind, low, high])))


def _allowed(annotation: Any, metadata: Sequence[Any]) -> Allowed:  # noqa: ANN401
    if get_origin(annotation) is Annotated:
        return _allowed(annotation.__origin__, [*_limits(annotation.__metadata__), *metadata])
    for item in metadata:
        if isinstance(item, Allowed | AllowedNow):
            return item if isinstance(item, Allowed) else item.tell()
    if annotation is int:
        return _number("a whole number", metadata)
    if annotation is float:
        return _number("a number", metadata)
    if get_origin(annotation) is Literal:
        names = get_args(annotation)
        return Allowed(" or ".join(names), names)
    if get_origin(annotation) in (Union, types.UnionType):
        return Allowed(", or ".join(_allowed(member, []).text for member in get_args(annotation)))
    if get_origin(annotation) is tuple:
        return Allowed(f"a list, not empty, none twice; each: {_allowed(get_args(annotation)[0], []).text}")
    if annotation is type(None):
        return Allowed("null")
    return Allowed(f"a section with the keys {', '.join(annotation.model_fields)}", tuple(annotation.model_fields))


def listed_section(annotation: object) -> type[BaseModel] | None:
    """Return the section of which a key holds a list; None for a key that holds anything else."""
    member = get_args(annotation)[0] if get_origin(annotation) is tuple else None
    return member if isinstance(member, type) and issubclass(member, BaseModel) else None


def allowed_in(model: type[BaseModel], path: KeyPath) -> Allowed:
    """Return what the value at a key path may be; at an unknown key, which keys its section has."""
    if not path:
        return _allowed(model, [])
    known = model.model_fields.get(str(path[0]))
    if known is None:
        return Allowed(f"the keys {', '.join(model.model_fields)}", tuple(model.model_fields))
    annotation: Any = known.annotation
    if len(path) == 1:
        return _allowed(annotation, list(_limits(known.metadata)))
    annotation = _without_null(annotation)
    if get_origin(annotation) is tuple:
        section = listed_section(annotation)
        return allowed_in(section, path[2:]) if section else _allowed(get_args(annotation)[0], [])
    return allowed_in(annotation, path[1:])


def _without_null(annotation: Any) -> Any:  # noqa: ANN401
    """Return what a key may hold besides null, in which a path goes on."""
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(member for member in get_args(annotation) if member is not type(None))
    return annotation.__origin__ if get_origin(annotation) is Annotated else annotation


def takes_text(model: type[BaseModel], path: KeyPath) -> bool:
    """Tell whether the value at a key path may be any text: a name, and no number."""
    known = model.model_fields.get(str(path[0])) if path else None
    if known is None:
        return False
    annotation: Any = known.annotation
    if len(path) == 1:
        return _holds_text(annotation)
    annotation = _without_null(annotation)
    if get_origin(annotation) is tuple:
        section = listed_section(annotation)
        return takes_text(section, path[2:]) if section else _holds_text(get_args(annotation)[0])
    return isinstance(annotation, type) and issubclass(annotation, BaseModel) and takes_text(annotation, path[1:])


def _holds_text(annotation: Any) -> bool:  # noqa: ANN401
    if get_origin(annotation) in (Union, types.UnionType):
        return any(_holds_text(member) for member in get_args(annotation))
    return (annotation.__origin__ if get_origin(annotation) is Annotated else annotation) is str


def places_of(model: type[BaseModel], key: str, *within: str) -> list[str]:
    """Return where a config has a key, such as ``training.steps``, in sections that are no entries of a list."""
    own = [".".join((*within, key)) if within else f"{key}, at the top level"] if key in model.model_fields else []
    sections = {name: known.annotation for name, known in model.model_fields.items()}
    return own + [
        place
        for name, section in sections.items()
        if isinstance(section, type) and issubclass(section, BaseModel)
        for place in places_of(section, key, *within, name)
    ]


def nearest(found: object, allowed: Allowed) -> str | None:
    """Return the name that a text was probably meant to be, if any resembles it or is called so elsewhere."""
    if not isinstance(found, str):
        return None
    names = {name: name for name in allowed.names} | dict(allowed.elsewhere)
    matches = get_close_matches(found.strip().lower().replace("-", "_")[:100], names, n=1)
    return names[matches[0]] if matches else None
