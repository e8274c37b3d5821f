"""Numbers and lists in words, for the texts that stand in figures, alternative texts and the report."""

import re
from collections.abc import Iterable, Sequence
from math import floor, isfinite, isnan, log10

_EXPONENTIAL = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]?\d+)\b")
_POWER = re.compile(r"(?<=[\w)])\^(-?\d+|L\b)")
_ONE_TIMES = re.compile(r"(?<![\d.])1 × 10")
_SUPERSCRIPT = str.maketrans("-0123456789L", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹ᴸ")


_FEW_ZEROS = 2


def number(value: float | None, digits: int = 2) -> str:
    """Return a number with so many significant digits, in powers of ten where it is very large or small.

    Nothing, written "–", is not 0, and what is not finite says so.
    """
    if value is None or isnan(value):
        return "–"
    if not isfinite(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    exponent = floor(log10(abs(float(f"{value:.{digits - 1}e}"))))
    if -3 <= exponent < 5:
        return f"{value:.{max(0, digits - 1 - exponent)}f}".replace("-", "−")
    mantissa = f"{value:.{digits - 1}e}".split("e")[0].replace("-", "−")
    power = f"10{str(exponent).translate(_SUPERSCRIPT)}"
    return power if float(mantissa.replace("−", "-")) == 1 else f"{mantissa} × {power}"


def power_of_ten(value: float) -> str:
    """Return a power of ten as it stands at an axis: in figures where these are few."""
    exponent = round(log10(value))
    return f"{10.0**exponent:g}" if abs(exponent) <= _FEW_ZEROS else f"10{str(exponent).translate(_SUPERSCRIPT)}"


def typeset(text: str) -> str:
    """Return a text whose powers, such as 9.5e-7 and 0.25^10, are written as powers of ten and superscripts."""
    text = _EXPONENTIAL.sub(lambda match: f"{match[1]} × 10{str(int(match[2])).translate(_SUPERSCRIPT)}", text)
    text = _POWER.sub(lambda match: match[1].translate(_SUPERSCRIPT), text)
    return _ONE_TIMES.sub("10", text)


def rate(value: float | None) -> str:
    """Return a learning rate with the digits that it has in the config."""
    return "–" if value is None or isnan(value) else typeset(f"{value:g}")


def join(words: Iterable[str], last: str = "and") -> str:
    """Return "a, b and c"."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def count(amount: int, noun: str, plural: str | None = None) -> str:
    """Return "1 cell", "3 cells" or "no cells"."""
    many = plural or f"{noun}s"
    if amount == 0:
        return f"no {many}"
    return f"{amount:,} {noun if amount == 1 else many}"


def depths(values: Sequence[int]) -> str:
    """Return "depth 5" or "depths 5, 10 and 20"."""
    return f"{'depth' if len(values) == 1 else 'depths'} {join(str(value) for value in values)}"
