"""How the judgements of claims word their numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depthsounder.claims.wording import listed, number, rounds_to


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0816497, "0.0816"),
        (38.3376, "38.3"),
        (9.5367e-7, "9.54e-7"),
        (1e-7, "1e-7"),
        (0.00035, "3.5e-4"),
        (1.0, "1"),
        (1469.8, "1,470"),
        (2.5e6, "2.5e6"),
        (0.0, "0"),
        (np.inf, "∞"),
        (np.nan, "nan"),
    ],
)
def test_numbers_are_written_in_three_digits(value, text):
    assert number(value) == text


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


def test_lists_are_read_aloud():
    assert [listed(items) for items in ([1], [1, 2], [1, 2, 3])] == ["1", "1 and 2", "1, 2 and 3"]


@given(st.floats(min_value=-1e300, max_value=1e300, allow_subnormal=False))
def test_a_number_can_be_read_back_to_three_digits(value):
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=5.1e-3)
