"""Whether one function is the other's derivative: closed forms, and every error that is large enough to matter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depthsounder.checking.antiderivative import find_mismatch

REACH = 1e3


def test_a_derivative_that_belongs_leaves_nothing():
    assert find_mismatch(np.tanh, lambda z: 1 / np.cosh(np.clip(z, -300, 300)) ** 2, (), REACH) is None
    assert find_mismatch(np.abs, np.sign, (0.0,), REACH) is None


@given(
    coefficients=st.lists(st.floats(-10, 10), min_size=1, max_size=6),
    center=st.floats(-5, 5),
)
def test_polynomials_have_their_derivatives(coefficients, center):
    polynomial = np.polynomial.Polynomial(coefficients, domain=[center - 1, center + 1])
    assert find_mismatch(polynomial, polynomial.deriv(), (), 50.0) is None


@given(scale=st.floats(0.1, 100), share=st.floats(1e-6, 1.0), sign=st.sampled_from([-1, 1]))
def test_a_slope_that_is_off_by_a_share_is_found(scale, share, sign):
    def slope(z):
        return scale * np.cos(scale * z) * (1 + sign * share)

    found = find_mismatch(lambda z: np.sin(scale * z), slope, (), 50.0)
    assert found.kind == "slope"
    assert found.integral == pytest.approx((1 + sign * share) * found.change, rel=1e-6)


@given(where=st.floats(-900, 900), size=st.floats(1e-3, 1e3))
def test_a_kink_that_is_not_named_is_found_where_it_is(where, size):
    def function(z):
        return size * np.maximum(z - where, 0.0) + z

    def slope(z):
        return size * (z > where) + 1.0

    found = find_mismatch(function, slope, (), REACH)
    assert found.kind == "kink"
    assert found.left <= where <= found.right
    assert find_mismatch(function, slope, (where,), REACH) is None


@given(where=st.floats(-900, 900), size=st.floats(1e-3, 1e3))
def test_a_jump_is_found_where_it_is(where, size):
    found = find_mismatch(lambda z: np.where(z > where, size, 0.0) + z, np.ones_like, (), REACH)
    assert found.kind == "jump"
    assert found.left <= where <= found.right
    assert found.change - found.integral == pytest.approx(size, rel=1e-3)


@given(edge=st.floats(-900, 900))
def test_of_several_wrong_places_the_one_nearest_to_0_is_told(edge):
    found = find_mismatch(
        lambda z: z, lambda z: np.where(np.abs(z) < abs(edge), 1.0, 0.5), (-abs(edge), abs(edge)), REACH
    )
    assert found.kind == "slope"
    assert min(abs(found.left), abs(found.right)) <= abs(edge) + 0.5
