"""A function works once for the same arguments, and the object that it is about keeps what it returned.

What is kept is freed together with that object, where `functools.cache` would keep both for as long as Python runs.
"""

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar


class Remembers(Protocol):
    """Keeps what functions about it returned, by function and arguments."""

    remembered: dict[Hashable, Any]


P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=Remembers)


def once(function: Callable[Concatenate[R, P], T]) -> Callable[Concatenate[R, P], T]:
    """Have a function work once for the same arguments, the first of which keeps what it returns."""

    @wraps(function)
    def remembering(about: R, /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (function, args, *kwargs.items())
        if key not in about.remembered:
            about.remembered[key] = function(about, *args, **kwargs)
        found: T = about.remembered[key]
        return found

    return remembering
