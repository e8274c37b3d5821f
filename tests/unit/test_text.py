"""How numbers and lists stand in texts."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depthsounder.process.text import count, failure, join, number, percent, rounds_to, setting, superscript, tally


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.2e-14, "1.2 × 10⁻¹⁴"),
        (1e-12, "10⁻¹²"),
        (0.0, "0"),
        (0.056, "0.056"),
        (103.0076, "103"),
        (1036.4, "1,036"),
        (-2.5, "−2.5"),
        (np.inf, "∞"),
        (np.nan, "–"),
        (None, "–"),
        (9.99e-13, "10⁻¹²"),
    ],
)
def test_numbers_are_printed_as_people_write_them(value, text):
    assert number(value) == text


def test_a_tally_of_nothing_is_a_word():
    assert [tally(amount) for amount in (0, 1, 1036)] == ["none", "1", "1,036"]


def test_words_agree_with_their_number():
    assert [count(amount, "cell") for amount in (0, 1, 2, 1000)] == ["no cells", "1 cell", "2 cells", "1,000 cells"]
    assert join(["a", "b", "c"]) == "a, b and c"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0816497, "0.0816"),
        (38.3376, "38.3"),
        (9.5367e-7, "9.54 × 10⁻⁷"),
        (1e-7, "10⁻⁷"),
        (0.00035, "3.50 × 10⁻⁴"),
        (1.0, "1.00"),
        (1469.8, "1,470"),
        (-2.5e6, "−2.50 × 10⁶"),
        (99999.9, "10⁵"),
        (0.0, "0"),
        (np.inf, "∞"),
        (np.nan, "–"),
    ],
)
def test_a_number_has_as_many_digits_as_are_asked_for(value, text):
    assert number(value, 3) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.01, "0.01"),
        (100.0, "100"),
        (8.0, "8"),
        (10000.0, "10,000"),
        (0.25, "0.25"),
        (1e-7, "10⁻⁷"),
        (9.5e-7, "9.5 × 10⁻⁷"),
        (None, "–"),
    ],
)
def test_a_setting_has_the_digits_of_the_config(value, text):
    assert setting(value) == text


def test_an_exponent_is_raised():
    assert f"0.25{superscript(-12)}" == "0.25⁻¹²"


@pytest.mark.parametrize(
    ("value", "quoted", "same"),
    [
        (0.6561, "0.66", True),
        (0.6561, "0.65", False),
        (9.5367e-7, "9.5e-7", True),
        (38.3376, "38.3", True),
        (38.36, "38.3", False),
        (np.inf, "1", False),
    ],
)
def test_a_number_is_compared_in_the_digits_of_its_quotation(value, quoted, same):
    assert rounds_to(value, quoted) is same


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("one\n\n  two "), "ValueError: one two"),
        (KeyError("q"), "KeyError: 'q'"),
        (ZeroDivisionError(), "ZeroDivisionError"),
    ],
)
def test_a_failure_is_told_in_one_line(error, text):
    assert failure(error) == text


def test_lists_are_read_aloud():
    assert [join(items) for items in ([], [1], [1, 2], [1, 2, 3])] == ["", "1", "1 and 2", "1, 2 and 3"]


def read(text):
    """Return a number that was written with powers of ten."""
    mantissa, times, power = re.fullmatch(r"(.*?)( × )?(10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?", text).groups()
    exponent = power[2:].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) if power else "0"
    mantissa = mantissa.replace(",", "")
    return float(f"{mantissa.replace('−', '-') if times or not power else f'{mantissa}1'}e{exponent}")


@given(st.floats(min_value=-1e300, max_value=1e300, allow_subnormal=False))
def test_a_number_can_be_read_back_to_three_digits(value):
    assert read(number(value, 3)) == pytest.approx(value, rel=5.1e-3)


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [(0.95, 3, "95 %"), (0.6827, 3, "68.3 %"), (0.997, 2, "100 %"), (0.07, 2, "7 %"), (1e-7, 3, "10⁻⁵ %")],
)
def test_a_percentage_has_no_more_digits_than_are_asked_for(share, digits, text):
    assert percent(share, digits) == text
