"""What is wrong with a value of the config, in words: what was found, what is allowed there, and what may help.

This module knows pydantic's errors and the model's keys; it knows nothing of files.
"""

from collections.abc import Iterator, Mapping

import yaml
from pydantic import BaseModel
from pydantic_core import ErrorDetails

from depthsounder.config.allowed import Allowed, KeyPath, allowed_in, nearest, places_of, takes_text
from depthsounder.config.model import Config

LONGEST = 100
"""Characters of a value that are shown, and of a text that may be a number."""


def each_place(details: ErrorDetails) -> Iterator[ErrorDetails]:
    """Yield an error once for each value that breaks its rule; what mends all of them is said with the last."""
    context = details.get("ctx", {})
    further = context.get("further", ())
    if not further:
        yield details
        return
    places = [context, *further]
    for place, broken in enumerate(places, start=1):
        remedy = context["remedy"] if place == len(places) else None
        yield ErrorDetails({**details, "ctx": {**broken, "further": (), "remedy": remedy}})


def place_of(details: ErrorDetails, values: object) -> KeyPath:
    """Return the error's place in the config; pydantic also names the member of a union that it tried, which is cut."""
    place = details["loc"]
    if details["type"] == "rule":
        place = (*place, *details["ctx"]["within"])
    path: list[str | int] = []
    for part in place:
        if not isinstance(values, Mapping | list | tuple):
            break
        path.append(part)
        values = _entry(values, part)
    return tuple(path)


def _entry(values: object, part: str | int) -> object:
    """Return what stands at a key or position of a part of the config, raw or validated; None if nothing does."""
    if isinstance(values, BaseModel):
        return getattr(values, str(part))
    if isinstance(values, list | tuple):
        return values[part] if isinstance(part, int) and part < len(values) else None
    return values.get(part) if isinstance(values, Mapping) else None


def explanation(details: ErrorDetails, path: KeyPath, written: str | None) -> list[str]:
    """Return in lines what was found at a place, what is allowed there, and what may help.

    Parameters
    ----------
    written
        The value as a file has it without quotes, from which YAML may have made something else.
    """
    allowed = allowed_in(Config, path)
    if details["type"] in ("extra_forbidden", "invalid_key"):
        return [f"is an unknown key; allowed: {allowed.text}", *_guess_of_key(path, allowed)]
    found = _found(details, path)
    rule = details["ctx"] if details["type"] == "rule" else {}
    complaint = f", which {rule['complaint']}" if rule else ""
    remedy = rule.get("remedy")
    # What a key may be by its type can be out of place beside what another key holds.
    allowed = Allowed(rule["allowed"]) if rule.get("allowed") else allowed
    shown = _worded(found)
    if written and isinstance(found, bool | int | float) and takes_text(Config, path) and found == _read(written):
        shown, complaint = written, f", which is read as the {_what(found)}"
        remedy = f"in quotes it is a text: '{written}'"
    return [
        f"found {shown}{complaint}; allowed: {allowed.text}",
        *_guess(found, allowed),
        *_text_for_number(found, allowed),
        *([remedy] if remedy else []),
    ]


def _found(details: ErrorDetails, path: KeyPath) -> object:
    found: object = details["input"]
    for part in path[len(details["loc"]) :]:
        found = _entry(found, part)
    return found


def _guess(found: object, allowed: Allowed) -> list[str]:
    name = nearest(found, allowed)
    return [] if name is None or name == found else [f"did you mean {name}?"]


def _guess_of_key(path: KeyPath, allowed: Allowed) -> list[str]:
    """Return the key that was probably meant: in another section the same, in its own a similar one."""
    key, guess = path[-1], _guess(path[-1], allowed)
    in_list = any(isinstance(part, int) for part in path)
    places = places_of(Config, key) if isinstance(key, str) and not (in_list and guess) else []
    return [f"did you mean {' or '.join(places)}?"] if places else guess


def _text_for_number(found: object, allowed: Allowed) -> list[str]:
    if not isinstance(found, str) or not allowed.text.startswith(("a number", "a whole number")):
        return []
    try:
        float(found)
    except ValueError:
        return []
    return ["this is a text: YAML reads a number without quotes, with point and sign where it has an exponent: 1.0e-2"]


def _read(written: str) -> object:
    try:
        return yaml.safe_load(written)
    except (yaml.YAMLError, ValueError):
        return None


def _what(number: float) -> str:
    return f"{'truth value' if isinstance(number, bool) else 'number'} {_worded(number)}"


def _worded(value: object, levels: int = 3) -> str:
    """Return a value as a person would write it, and of one that is long or nested deeply only the beginning."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and value.bit_length() > LONGEST:
        return "a number of more than 30 digits"
    if isinstance(value, Mapping):
        return "a section"
    if isinstance(value, list | tuple):
        # Anchors make a list of lists of lists, each ten times the next, from a few lines: it is not written out.
        shown = [_worded(item, levels - 1) for item in value[:10]] if levels else ["…"]
        text = f"[{', '.join(shown)}{', …' if len(value) > 10 and levels else ''}]"
    else:
        text = repr(value[: LONGEST + 1] if isinstance(value, str) else value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
