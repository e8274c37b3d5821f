"""Numbers and lists in words, the same way in every judgement."""

from collections.abc import Iterable
from decimal import Decimal
from math import inf, isfinite

STALL_OR_DEATH = "Whether a stall is a death, config/plateau.yaml tells: such networks, trained for 10,000 updates."
"""The closing words of every judgement that counts stalls as failures."""


def number(value: float, digits: int = 3) -> str:
    """Return a number to some significant digits: ``0.0816``, ``38.3``, ``1,470``, ``9.54e-7``."""
    if not isfinite(value):
        return "∞" if value == inf else str(value)
    if (value == round(value) and abs(value) < 1e6) or 10**digits <= abs(value) < 1e6:
        return f"{value:,.0f}"
    text = f"{value:.{digits}g}"
    if 1e-3 <= abs(value) < 1e6 and "e" not in text:
        return text
    text = f"{value:.{digits - 1}e}"
    mantissa, exponent = text.split("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}"


def at_most(value: float, bound: float) -> str:
    """Return ``≤ bound`` for what is rounding and nothing else, whose digits differ between runs; else the number."""
    return f"≤ {number(bound)}" if value <= bound else number(value, 2)


def percent(share: float) -> str:
    """Return a share as a percentage: ``68 %``, ``95.2 %``."""
    return f"{100 * share:.3g} %"


def listed(items: Iterable[object]) -> str:
    """Return ``a, b and c``."""
    words = [str(item) for item in items]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def rounds_to(value: float, quoted: str) -> bool:
    """Tell whether a number, rounded to the digits of a quoted one, is that number: 0.6561 is quoted as ``"0.66"``."""
    unit = Decimal(1).scaleb(int(Decimal(quoted).as_tuple().exponent))
    return isfinite(value) and abs(Decimal(value) - Decimal(quoted)) <= unit / 2
