"""What an option of a script may be: a wrong value is refused in a sentence, before anything is computed.

The workflow has checked its settings before it passes them; these are for whoever calls a script by hand.
"""

from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

_LONGEST = 18
"""Digits of a whole number that every library takes."""

DEEPEST = 200
"""Hidden layers of the deepest network on which advice is given, and up to which failures are looked for."""


def count(text: str) -> int:
    """Return a whole number from 1, or refuse the text.

    Raises
    ------
    ArgumentTypeError
        Saying what was found and what is allowed, as all functions of this module do.
    """
    return _whole(text, 1)


def wide(text: str) -> int:
    """Return a whole number from 2, or refuse the text: one unit has no spread over the units of its layer."""
    return _whole(text, 2)


def trained(text: str) -> int:
    """Return a whole number from 4, or refuse the text: fewer steps leave no D between 3/steps and steps/3."""
    return _whole(text, 4)


def from_zero(text: str) -> int:
    """Return a whole number from 0, or refuse the text."""
    return _whole(text, 0)


def deep(text: str) -> int:
    """Return a number of hidden layers of which the first is not the last, or refuse the text."""
    if not (text.isascii() and text.isdecimal()) or len(text) > _LONGEST or not 2 <= int(text) <= DEEPEST:
        raise ArgumentTypeError(f"found {text[:_LONGEST]!r}; allowed: a whole number from 2 to {DEEPEST}")
    return int(text)


def positive(text: str) -> float:
    """Return a finite number above 0, or refuse the text."""
    number = _float(text)
    if number is None or not 0 < number < float("inf"):
        raise ArgumentTypeError(f"found {text!r}; allowed: a number above 0")
    return number


def share(text: str) -> float:
    """Return a number above 0 and below 1, or refuse the text."""
    number = _float(text)
    if number is None or not 0 < number < 1:
        raise ArgumentTypeError(f"found {text!r}; allowed: a number above 0 and below 1")
    return number


def told(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """Return a parser that refuses a text with the message of the ValueError that `parse` raises."""

    def parsed(text: str) -> Value:
        try:
            return parse(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None

    return parsed


def _whole(text: str, least: int) -> int:
    # Digits of ASCII alone: int() also takes those of other scripts, signs and underscores.
    if not (text.isascii() and text.isdecimal()) or len(text) > _LONGEST or int(text) < least:
        found = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        raise ArgumentTypeError(f"found {found!r}; allowed: a whole number from {least}, of at most {_LONGEST} digits")
    return int(text)


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
