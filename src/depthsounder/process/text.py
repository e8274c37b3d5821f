"""Numbers and lists in words, the same way in figures, alternative texts, judgements of claims and the report."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from math import isfinite, isnan, log10

from depthsounder.elements.axes import Design, Model, spoken

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_FEW_ZEROS = 2


def superscript(exponent: int) -> str:
    """Return a whole number as an exponent: ``⁻¹²``."""
    return str(exponent).translate(_SUPERSCRIPT)


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
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if -3 <= int(exponent) < 5:
        return f"{value:,.{max(0, digits - 1 - int(exponent))}f}".replace("-", "−")
    return _times_power(mantissa, int(exponent))


def setting(value: float | None) -> str:
    """Return a setting, such as a learning rate or a threshold, with the digits that it has in the config."""
    if value is None or isnan(value):
        return "–"
    mantissa, _, exponent = f"{value:,g}".partition("e")
    return _times_power(mantissa, int(exponent)) if exponent else mantissa


def power_of_ten(value: float) -> str:
    """Return a power of ten as it stands at an axis: in figures where these are few."""
    exponent = round(log10(value))
    return f"{10.0**exponent:g}" if abs(exponent) <= _FEW_ZEROS else f"10{superscript(exponent)}"


def at_most(value: float, bound: float) -> str:
    """Return ``≤ bound`` for what is rounding and nothing else, whose digits differ between runs; else the number."""
    return f"≤ {setting(bound)}" if value <= bound else number(value)


def percent(share: float, digits: int = 3) -> str:
    """Return a share as a percentage with at most so many digits: ``68 %``, ``95.2 %``."""
    return f"{setting(float(f'{100 * share:.{digits}g}'))} %"


def rounds_to(value: float, quoted: str) -> bool:
    """Tell whether a number, rounded to the digits of a quoted one, is that number: 0.6561 is quoted as ``"0.66"``."""
    unit = Decimal(1).scaleb(int(Decimal(quoted).as_tuple().exponent))
    return isfinite(value) and abs(Decimal(value) - Decimal(quoted)) <= unit / 2


def join(items: Iterable[object], last: str = "and") -> str:
    """Return "a, b and c"."""
    words = [str(item) for item in items]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def count(amount: int, noun: str, plural: str | None = None) -> str:
    """Return "1 cell", "3 cells" or "no cells"."""
    many = plural or f"{noun}s"
    if amount == 0:
        return f"no {many}"
    return f"{amount:,} {noun if amount == 1 else many}"


def tally(amount: int) -> str:
    """Return "1,036", or "none"."""
    return f"{amount:,}" if amount else "none"


def names_of(names: Model | Design, label: Callable[[str], str] = str) -> str:
    """Return names as a list: ``"tanh, he_normal"``, or ``"tanh, he_normal, layer_norm"``."""
    return ", ".join(map(label, spoken(names)))


def in_words(design: Design, label: Callable[[str], str] = str) -> str:
    """Return a design as it is called in a sentence: ``"tanh with he_normal"``, or ``"… and layer_norm"``."""
    activation, *others = map(label, spoken(design))
    return f"{activation} with {join(others)}"


def depths(values: Sequence[int]) -> str:
    """Return "depth 5" or "depths 5, 10 and 20"."""
    return f"{'depth' if len(values) == 1 else 'depths'} {join(values)}"


def failure(error: BaseException) -> str:
    """Return what an exception is and says in one line: ``NameError: name 'npp' is not defined``."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _times_power(mantissa: str, exponent: int) -> str:
    """Return ``9.5 × 10⁻⁷``; a mantissa of 1 is left out."""
    power = f"10{superscript(exponent)}"
    return power if float(mantissa) == 1 else f"{mantissa.replace('-', '−')} × {power}"
