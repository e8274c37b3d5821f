"""What the fields of a record of the user's must be, looked at before any job uses them.

A dataclass takes whatever it is given, and a function of another signature fails only where it is called. What the
functions compute is tried with the cells.

This module knows records and their fields; it calls none of their functions.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from math import isfinite
from types import FunctionType

from depthsounder.elements.activation import Activation
from depthsounder.elements.architectures import Architecture, Normalization
from depthsounder.elements.initializers import Initializer

_SIGNATURES: Mapping[str, tuple[str, ...]] = {
    "function": ("z", "out"),
    "derivative": ("z", "h", "out"),
    "weight_variance": ("fan_in", "fan_out", "activation"),
    "shape": ("normals", "variance"),
}
"""How the fields that are functions are called."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _are_numbers(value: object) -> bool:
    return isinstance(value, tuple) and all(map(_is_number, value))


_VALUES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "kinks": (_are_numbers, "a tuple of numbers, such as (0.0,) or ()"),
    "rectifier": (lambda value: isinstance(value, bool), "True or False"),
    "bias_variance": (_is_number, "a number"),
    "bias_mean": (_is_number, "a number"),
    "normalization": (lambda value: value is None or isinstance(value, Normalization), "a Normalization, or None"),
    "shortcut": (lambda value: isinstance(value, bool), "True or False"),
    "branch_decay": (_is_number, "a number"),
}
"""What other fields may be, unless they are texts."""

_TEXT = (lambda value: isinstance(value, str), "a text")


def record_breach(record: Architecture | Activation | Initializer) -> str | None:
    """Return in a sentence which field of a record is not what it must be; None if all are."""
    for field in fields(record):
        value = getattr(record, field.name)
        if field.name in _SIGNATURES:
            breach = _call_breach(value, _SIGNATURES[field.name])
        else:
            suits, allowed = _VALUES.get(field.name, _TEXT)
            breach = None if suits(value) else f"is {_shown(value)}; allowed: {allowed}"
        if breach:
            return f"`{field.name}` of {record.name} {breach}"
    return None


def repeated_function(records: Sequence[Architecture | Activation | Initializer]) -> tuple[int, str] | None:
    """Return the line and in a sentence which two records have one function that was made twice, as a loop makes it.

    Such functions read the loop's variable when they are called, and all see its last value. A function that two
    records share is made once, and is meant.
    """
    made: dict[tuple[object, ...], tuple[object, str]] = {}
    for record in records:
        for name in _SIGNATURES:
            function = getattr(record, name, None)
            if not isinstance(function, FunctionType):
                continue
            # A call that returns functions makes new cells for each, a loop does not.
            cells = tuple(map(id, function.__closure__ or ()))
            key = (function.__code__, cells, repr(function.__defaults__), repr(function.__kwdefaults__))
            first, owner = made.setdefault(key, (function, record.name))
            if first is not function:
                return function.__code__.co_firstlineno, (
                    f"`{name}` of {record.name} is that of {owner} once more: a loop's variable has its last value "
                    "when they are called; allowed: it as a default of theirs, such as lambda z, out, a=a: …"
                )
    return None


def _call_breach(function: object, arguments: tuple[str, ...]) -> str | None:
    allowed = f"allowed: a function of ({', '.join(arguments)})"
    if not callable(function):
        return f"is {_shown(function)}; {allowed}"
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        # It is not always known of a function that is written in C.
        return None
    try:
        signature.bind(*arguments)
    except TypeError:
        code = getattr(function, "__code__", None)
        where = f" in line {code.co_firstlineno}" if code else ""
        return f"is a function{where} of {signature}; {allowed}"
    return None


def _shown(value: object) -> str:
    return f"{value!r:.60}" if isinstance(value, str | int | float | tuple | None) else f"a {type(value).__name__}"
