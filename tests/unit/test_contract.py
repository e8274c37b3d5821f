"""The contract of activations: right ones keep it, and each wrong one is named by the promise that it breaks."""

import numpy as np
import pytest
from own_records import NOT_ANALYTIC, RIGHT, WRONG, own, valued
from support import EVERY_ACTIVATION, name_of

from depthsounder.checking.contract import try_activation
from depthsounder.checking.trials import LARGEST
from depthsounder.elements.activations import TANH


def breach_of(activation):
    broken = [promise for promise in try_activation(activation) if promise.breach is not None]
    return (broken[0].name, broken[0].breach) if broken else (None, "")


@pytest.mark.parametrize("activation", EVERY_ACTIVATION, ids=name_of)
def test_every_activation_of_the_registry_keeps_it(activation):
    assert breach_of(activation) == (None, "")
    assert len(try_activation(activation)) == 10


@pytest.mark.parametrize("name", RIGHT)
def test_right_activations_of_ones_own_keep_it(name):
    assert breach_of(RIGHT[name]) == (None, "")


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_activation_is_named_by_the_promise_that_it_breaks(name):
    record, promise = WRONG[name]
    assert breach_of(record)[0] == promise


@pytest.mark.parametrize("name", WRONG)
def test_a_breach_is_a_whole_sentence(name):
    _, breach = breach_of(WRONG[name][0])
    assert breach.endswith(".")
    assert "Traceback" not in breach


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # Below the logarithm of the largest float32, 88.72, everything is right; the grid has steps of a quarter.
        ("overflowing softplus", "φ is inf at z = 88.75 in float32"),
        ("clip forgotten", "φ changes by 0, and φ' adds up to"),
        ("step", "φ jumps by 1 at z = 0.3"),
        ("one of two kinks", "a kink at z = 6, where φ' or its slope jumps, and `kinks` names 0:"),
        ("undeclared kinks", "`kinks` names none"),
        ("double only", "φ cannot be computed in float32: TypeError: double precision only."),
        ("expit", "φ cannot be computed in complex128: TypeError"),
        ("absolute value", "np.where(z.real < 0, -z, z)"),
    ],
)
def test_a_breach_says_where_and_what(name, expected):
    assert expected in breach_of(WRONG[name][0])[1]


@pytest.mark.parametrize("name", NOT_ANALYTIC)
def test_who_takes_no_complex_numbers_is_told_how_to_write_it_and_that_central_differences_agree(name):
    _, breach = breach_of(NOT_ANALYTIC[name])
    assert "not_analytic" in breach
    error = float(breach.rsplit(" ", 1)[1].rstrip("."))
    assert error < 1e-8


@pytest.mark.parametrize("edge", [3.0, 10.0, 47.0, 300.0, 3000.0])
def test_a_slope_that_is_wrong_from_some_point_on_is_found_wherever_that_is(edge):
    def slope(z, h):
        return np.where(np.abs(z) < edge, 1.0, 0.99)

    assert edge < LARGEST
    name, breach = breach_of(valued(lambda z: z, slope, (-edge, edge)))
    assert name == "derivative"
    assert f"{edge:g}" in breach


def test_a_bad_function_leaves_the_others_untried():
    assert [promise.name for promise in try_activation(WRONG["double only"][0])] == ["computes"]


def test_a_function_that_raises_ends_in_a_sentence_wherever_it_raises():
    for dtype in (np.float64, np.float32, np.complex128):

        def function(z, out, dtype=dtype):
            if z.dtype == dtype:
                raise RuntimeError("no")
            np.tanh(z, out=out)

        name, breach = breach_of(own(function, TANH.derivative))
        assert name == ("analytic" if dtype == np.complex128 else "computes")
        assert "RuntimeError: no." in breach
