"""Every activation against JAX and SciPy, and its derivative against the function itself."""

import jax
import numpy as np
import pytest
from references import ACTIVATION_REFERENCES
from scipy import special
from scipy.integrate import quad
from scipy.stats import norm
from support import EVERY_ACTIVATION, name_of

from depthsounder.elements.activations import ACTIVATIONS, RELU, SELU, SIGMOID, SILU
from depthsounder.elements.saturation import maximum_slope

each_activation = pytest.mark.parametrize("activation", EVERY_ACTIVATION, ids=name_of)
each_precision = pytest.mark.parametrize("dtype", [np.float32, np.float64])

# No point of the grid lies on a kink.
GRID = np.linspace(-40.0, 40.0, 2000)


def by_complex_step(activation, z):
    return activation(z + 1e-30j).imag / 1e-30


def test_every_activation_is_there_under_its_name_and_has_an_independent_reference():
    assert set(ACTIVATIONS) == set(ACTIVATION_REFERENCES)
    assert all(name == activation.name and activation.source for name, activation in ACTIVATIONS.items())


@each_activation
def test_an_activation_says_its_formula_which_the_report_prints(activation):
    assert activation.formula


@each_activation
def test_an_activation_is_the_function_of_its_name(activation):
    expected = np.asarray(ACTIVATION_REFERENCES[activation.name].function(GRID))
    np.testing.assert_allclose(activation(GRID), expected, rtol=2e-15, atol=1e-15)


@each_activation
def test_a_slope_is_that_of_automatic_differentiation(activation):
    expected = np.asarray(jax.grad(lambda z: ACTIVATION_REFERENCES[activation.name].function(z).sum())(GRID))
    np.testing.assert_allclose(activation.slope(GRID), expected, rtol=5e-15, atol=2e-15)


@each_activation
def test_a_slope_is_the_complex_steps_of_the_very_function_that_trains(activation):
    np.testing.assert_allclose(activation.slope(GRID), by_complex_step(activation, GRID), rtol=1e-14, atol=5e-16)


@each_activation
def test_a_slope_is_what_small_differences_show(activation):
    step = 1e-5
    z = np.linspace(-6.0, 6.0, 500)
    difference = (activation(z + step) - activation(z - step)) / (2.0 * step)
    np.testing.assert_allclose(activation.slope(z), difference, rtol=0.0, atol=5e-10)


@pytest.mark.parametrize(
    ("name", "lowest", "expected"),
    [
        ("sigmoid", -700.0, special.expit),
        ("silu", -700.0, lambda z: z * special.expit(z)),
        # Rounding of z²/2 alone is worth 1e-14 of exp(-z²/2) here.
        ("gelu", -8.0, lambda z: 0.5 * z * special.erfc(-z / np.sqrt(2.0))),
        ("softplus", -700.0, lambda z: np.log1p(np.exp(z))),
        ("elu", -700.0, np.expm1),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_negative_tails_keep_all_their_digits(name, lowest, expected):
    # What vanishes must vanish at the right rate: an absolute error of 1e-16 would drown a tail of 1e-12.
    z = np.linspace(lowest, -1e-6, 1001)
    np.testing.assert_allclose(ACTIVATIONS[name](z), expected(z), rtol=3e-14)


@each_activation
@each_precision
def test_at_infinity_an_activation_and_its_slope_have_their_limits(activation, dtype):
    low, high, slope_low, slope_high = (
        np.array(limit, dtype) for limit in ACTIVATION_REFERENCES[activation.name].limits
    )
    ends = np.array([-np.inf, np.inf], dtype)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(activation(ends), [low, high], rtol=1e-6, atol=0.0)
        np.testing.assert_allclose(activation.slope(ends), [slope_low, slope_high], rtol=1e-6, atol=0.0)


@each_activation
@each_precision
def test_large_numbers_are_on_the_way_to_the_limits(activation, dtype):
    low, high, slope_low, slope_high = ACTIVATION_REFERENCES[activation.name].limits
    for size in (1e4, 1e8, 1e17, 1e30, 1e36):
        ends = np.array([-size, size], dtype)
        with np.errstate(all="ignore"):
            h, slopes = activation(ends), activation.slope(ends)
        # What is unbounded grows in proportion to its last slope.
        expected = [
            limit if np.isfinite(limit) else end * slope
            for limit, end, slope in zip((low, high), ends, (slope_low, slope_high), strict=True)
        ]
        np.testing.assert_allclose(h, expected, rtol=2e-4, atol=1e-30)
        np.testing.assert_allclose(slopes, [slope_low, slope_high], rtol=1e-6, atol=2e-8)


@each_activation
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_nan_stays_nan(activation, dtype):
    with np.errstate(all="ignore"):
        assert np.isnan(activation(np.array([np.nan], dtype))).all()


@each_activation
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_shape_and_precision_are_kept_and_the_input_is_left_alone(activation, dtype):
    z = np.linspace(-3.0, 3.0, 24).reshape(2, 3, 4).astype(dtype)
    before = z.copy()
    h = activation(z)
    assert (h.shape, h.dtype) == (z.shape, z.dtype)
    np.testing.assert_array_equal(z, before)
    if dtype is not np.complex128:
        slopes = activation.slope(z)
        assert (slopes.shape, slopes.dtype) == (z.shape, z.dtype)
        np.testing.assert_array_equal(z, before)


@each_activation
def test_float32_loses_nothing_but_its_own_digits(activation):
    z = np.linspace(-8.0, 8.0, 1000).astype(np.float32)
    exact, slopes = activation(z.astype(np.float64)), activation.slope(z.astype(np.float64))
    np.testing.assert_allclose(activation(z), exact, rtol=4e-7, atol=1e-7)
    np.testing.assert_allclose(activation.slope(z), slopes, rtol=4e-7, atol=3e-7)


@each_activation
def test_complex_numbers_take_the_path_of_their_real_part(activation):
    z = np.concatenate([GRID, [-700.0, 700.0]])
    carried = activation(z.astype(np.complex128))
    np.testing.assert_allclose(carried.real, activation(z), rtol=2e-15, atol=5e-16)
    assert not carried.imag.any()


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"sigmoid"}))
def test_the_complex_step_survives_exploding_signals(name):
    # The sigmoid's own input is bounded by the layer above it, and exp(-z) of a complex z holds out to -709.
    activation = ACTIVATIONS[name]
    z = np.array([-1e15, -1e6, -1000.0, 1000.0, 1e6, 1e15])
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(by_complex_step(activation, z), activation.slope(z), rtol=1e-12, atol=1e-15)


@each_activation
def test_the_listed_kinks_are_where_a_derivative_jumps_and_nowhere_else(activation):
    step = 1e-4
    marks = np.arange(-32.0, 33.0) / 4.0
    right, further_right = activation.slope(marks + step), activation.slope(marks + 2 * step)
    left, further_left = activation.slope(marks - step), activation.slope(marks - 2 * step)
    slope_jumps = np.abs(right - left) > 0.01
    curvature_jumps = np.abs((further_right - right) - (left - further_left)) / step > 0.05
    assert set(marks[slope_jumps | curvature_jumps]) == set(activation.kinks)


@each_activation
@each_precision
def test_at_a_kink_the_slope_is_that_of_one_of_its_sides(activation, dtype):
    for kink in activation.kinks:
        left, here, right = activation.slope(np.array([kink - 1e-9, kink, kink + 1e-9], dtype))
        assert min(abs(here - left), abs(here - right)) < 1e-6


@each_precision
def test_relus_slopes_are_exactly_zero_and_one(dtype):
    z = np.array([-2.0, -1e-30, 0.0, 1e-30, 2.0], dtype)
    assert RELU.slope(z).tolist() == [0.0, 0.0, 0.0, 1.0, 1.0]
    assert ACTIVATIONS["leaky_relu"].slope(z).tolist() == [*[dtype(0.01)] * 3, 1.0, 1.0]


@each_activation
def test_a_rectifier_is_what_treats_the_two_sides_differently(activation):
    below, above = np.abs(activation.slope(np.array([-20.0, 20.0])))
    assert activation.rectifier == (below < 0.1 * above)
    assert activation.rectifier or below == pytest.approx(above, abs=1e-9)


def test_selus_constants_keep_mean_zero_and_variance_one():
    moments = [
        quad(lambda z, n=exponent: SELU(np.array(z)) ** n * norm.pdf(z), low, high, epsabs=1e-13)[0]
        for exponent in (1, 2)
        for low, high in ((-12.0, 0.0), (0.0, 12.0))
    ]
    assert moments[0] + moments[1] == pytest.approx(0.0, abs=1e-11)
    assert moments[2] + moments[3] == pytest.approx(1.0, abs=1e-11)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear", 1.0),
        ("sigmoid", 0.25),
        ("tanh", 1.0),
        ("softsign", 1.0),
        ("erf", 2.0 / np.sqrt(np.pi)),
        # At z = √2, where φ'' = (2 - z²) times the density is 0.
        ("gelu", norm.cdf(np.sqrt(2.0)) + np.sqrt(2.0) * norm.pdf(np.sqrt(2.0))),
    ],
)
def test_the_greatest_slope_is_the_known_one(name, expected):
    assert maximum_slope(ACTIVATIONS[name]) == pytest.approx(expected, rel=1e-6)


def test_sigmoid_is_a_shifted_tanh():
    np.testing.assert_allclose(SIGMOID(GRID), 0.5 * (1.0 + np.tanh(0.5 * GRID)), rtol=0.0, atol=3e-16)


@each_precision
def test_silus_slope_does_not_cancel_where_its_input_is_huge(dtype):
    z = np.array([1e5, 1e8, 1e16, 1e30], dtype)
    assert SILU.slope(z).tolist() == [1.0, 1.0, 1.0, 1.0]
