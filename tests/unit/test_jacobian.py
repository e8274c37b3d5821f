"""The Jacobian's singular values: against autodiff, exact arithmetic and determinants, at depths beyond any SVD."""

from decimal import Decimal, localcontext
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from support import small_dataset

from depthsounder.elements.activations import ELU, LINEAR, RELU, SIGMOID, TANH
from depthsounder.elements.initializers import initializer
from depthsounder.engine.drawing import draw_network
from depthsounder.engine.jacobian import InputJacobian, log_singular_values
from depthsounder.engine.spec import NetworkSpec, layer_sizes

jax.config.update("jax_enable_x64", True)

DATASET = small_dataset()
JAX_TWINS = {
    "linear": lambda z: z,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "elu": jax.nn.elu,
}


def measure(activation, weights, biases):
    spec = NetworkSpec((len(weights[0]), *(len(bias) for bias in biases)), activation)
    return InputJacobian(spec, DATASET).measure(spec.pack(weights, biases))


def drawn(init, depth, activation=LINEAR, width=9):
    sizes = layer_sizes(DATASET.n_inputs, width, depth, DATASET.n_classes)
    return draw_network(1, 0, NetworkSpec(sizes, activation), initializer(init))


def gaussian(random, depth, width):
    return [random.normal(size=(width, width)) / np.sqrt(width) for _ in range(depth)]


def orthogonal(random, depth, width):
    return [np.linalg.qr(weight)[0] for weight in gaussian(random, depth, width)]


def linear(weights):
    return [np.ones(weight.shape[1]) for weight in weights]


@pytest.mark.parametrize("init", ["gaussian_w2_b0.3", "orthogonal", "naive_unit"])
@pytest.mark.parametrize("width", [4, 9])
@pytest.mark.parametrize("activation", [LINEAR, SIGMOID, TANH, RELU, ELU], ids=lambda activation: activation.name)
def test_they_are_those_of_the_jacobian_that_autodiff_gives(activation, width, init):
    weights, biases = drawn(init, 3, activation, width)

    def last_hidden(x):
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            x = JAX_TWINS[activation.name](x @ weight + bias)
        return x

    jacobian = np.asarray(jax.jacobian(last_hidden)(DATASET.probe_inputs[0]))
    expected = np.linalg.svd(jacobian, compute_uv=False)
    # A unit of ReLU that is off leaves an exact 0, of which an SVD makes rounding.
    found = np.exp(measure(activation, weights, biases))
    assert found.shape == (min(width, DATASET.n_inputs),)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-13 * expected[0])


def exactly_above(product, logarithm):
    """How many singular values of a product of fractions exceed exp(logarithm), by Sylvester's law of inertia."""
    with localcontext(prec=60, Emin=-99999, Emax=99999):
        square = Fraction((2 * Decimal(logarithm)).exp())
    size = len(product[0])
    gram = [[sum(row[i] * row[j] for row in product) for j in range(size)] for i in range(size)]
    for i in range(size):
        gram[i][i] -= square
    above = 0
    for i in range(size):
        above += gram[i][i] > 0
        for j in range(i + 1, size):
            ratio = gram[j][i] / gram[i][i]
            gram[j] = [ours - ratio * theirs for ours, theirs in zip(gram[j], gram[i], strict=True)]
    return above


def exact_product(weights, slopes):
    """J of floating-point weights and slopes as an array of fractions, without rounding."""
    exact = np.vectorize(Fraction, otypes=[object])
    product = exact(np.eye(len(weights[0])))
    for weight, slope in zip(weights, slopes, strict=True):
        product = exact(slope)[:, None] * (exact(weight).T @ product)
    return product.tolist()


KINDS = {
    "gaussian": (gaussian, lambda random, width: np.ones(width)),
    "saturated": (gaussian, lambda random, width: 10.0 ** random.uniform(-12.0, 0.0, width)),
    "leaky": (orthogonal, lambda random, width: random.choice([1.0, 0.01], width)),
    "narrow": (gaussian, lambda random, width: np.where(np.arange(width) == random.integers(width), 0.0, 1.0)),
}


@pytest.mark.parametrize("depth", [1, 7, 40])
@pytest.mark.parametrize("kind", KINDS)
def test_every_one_is_right_in_exact_arithmetic(kind, depth):
    random, width = np.random.default_rng(depth), 5
    weights, slope = KINDS[kind][0](random, depth, width), KINDS[kind][1]
    slopes = [slope(random, width) for _ in range(depth)]
    found = log_singular_values(weights, slopes)
    product = exact_product(weights, slopes)
    assert len(found) == width - (kind == "narrow")
    for rank, logarithm in enumerate(found, start=1):
        nearly = 1e-12 * max(1.0, abs(logarithm))
        assert exactly_above(product, logarithm + nearly) < rank <= exactly_above(product, logarithm - nearly)


def by_plain_svd(weights):
    return np.log(np.linalg.svd(np.linalg.multi_dot(weights), compute_uv=False))


def test_at_depth_ten_a_plain_svd_of_the_product_still_agrees():
    weights = gaussian(np.random.default_rng(2), 10, 64)
    np.testing.assert_allclose(by_plain_svd(weights), log_singular_values(weights, linear(weights)), atol=1e-3)


def test_at_depth_sixteen_a_plain_svd_misses_the_smallest_and_they_are_right():
    weights = gaussian(np.random.default_rng(2), 16, 64)
    found, plain = log_singular_values(weights, linear(weights)), by_plain_svd(weights)
    np.testing.assert_allclose(plain[:32], found[:32], atol=1e-11)
    # At 1e-20 of the largest it lies below rounding, of which a plain SVD makes a value many times as large.
    assert found[0] - found[-1] > 20.0 * np.log(10.0)
    assert plain[-1] - found[-1] > 2.0
    # The smallest of a product are the largest of its inverse, which rounding leaves alone.
    inverse = -by_plain_svd([np.linalg.inv(weight) for weight in weights[::-1]])[::-1]
    np.testing.assert_allclose(found[-5:], inverse[-5:], atol=1e-6)


def test_at_depth_fifty_they_have_the_determinant_that_a_plain_svd_misses_by_far():
    weights = gaussian(np.random.default_rng(0), 50, 64)
    logarithm = sum(np.linalg.slogdet(weight)[1] for weight in weights)
    assert log_singular_values(weights, linear(weights)).sum() == pytest.approx(logarithm, rel=1e-12)

    plain = np.linalg.svd(np.linalg.multi_dot(weights).T, compute_uv=False)
    assert np.log(plain).sum() > logarithm + 100.0


def test_at_depth_a_thousand_they_span_what_no_number_does():
    random = np.random.default_rng(0)
    weights = gaussian(random, 1000, 16)
    slopes = [10.0 ** random.uniform(-6.0, 0.0, 16) for _ in weights]
    logarithm = sum(np.linalg.slogdet(weight)[1] for weight in weights) + np.log(slopes).sum()
    found = log_singular_values(weights, slopes)
    assert found.sum() == pytest.approx(logarithm, rel=1e-12)
    assert (np.diff(found) < 0.0).all()
    assert found[0] - found[-1] > 2000.0


def test_orthogonal_layers_have_them_all_at_one():
    weights = orthogonal(np.random.default_rng(0), 50, 64)
    np.testing.assert_allclose(log_singular_values(weights, linear(weights)), 0.0, atol=1e-12)


def test_scaling_a_layer_shifts_all_of_them():
    random = np.random.default_rng(0)
    weights = gaussian(random, 20, 12)
    slopes = [random.uniform(0.0, 1.0, 12) for _ in weights]
    shifted = log_singular_values([weights[0] * 1e-200, *weights[1:]], slopes)
    np.testing.assert_allclose(shifted, log_singular_values(weights, slopes) + np.log(1e-200), rtol=1e-13)


def test_only_the_active_units_count_and_the_rest_is_exactly_zero():
    weights, biases = drawn("he_normal", 12, RELU)
    measured = measure(RELU, weights, biases)
    h, active = DATASET.probe_inputs[0], []
    for weight in weights[:-1]:
        h = np.maximum(h @ weight, 0.0)
        active.append(np.count_nonzero(h))
    assert np.isfinite(measured).sum() == min(active) < 6
    assert (measured[min(active) :] == -np.inf).all()


@pytest.mark.parametrize(("activation", "init"), [(TANH, "zeros"), (SIGMOID, "zeros"), (RELU, "zeros")])
def test_weights_of_zero_leave_nothing(activation, init):
    assert measure(activation, *drawn(init, 3, activation)).tolist() == [-np.inf] * 6


def test_a_layer_that_is_off_altogether_leaves_nothing():
    weights, biases = drawn("he_normal", 4, RELU)
    biases[1][:] = -1e9
    assert measure(RELU, weights, biases).tolist() == [-np.inf] * 6


def test_a_signal_that_is_no_number_has_none():
    weights, biases = drawn("he_normal", 4, TANH)
    weights[0][0] = np.inf
    assert np.isnan(measure(TANH, weights, biases)).all()
    weights, biases = drawn("he_normal", 4, RELU)
    assert np.isnan(measure(RELU, [weight * 1e200 for weight in weights], biases)).all()


def test_a_large_signal_has_them_as_long_as_it_is_a_number():
    weights, biases = drawn("he_normal", 3)
    large = measure(LINEAR, [weight * 1e60 for weight in weights], biases)
    np.testing.assert_allclose(large, measure(LINEAR, weights, biases) + 180.0 * np.log(10.0), rtol=1e-12)


def test_they_are_those_at_the_probes_first_example():
    weights, biases = drawn("he_normal", 3, TANH)
    elsewhere = small_dataset()
    elsewhere.train_inputs[np.arange(len(elsewhere.train_labels)) != elsewhere.probe[0]] = np.nan
    spec = NetworkSpec((len(weights[0]), *(len(bias) for bias in biases)), TANH)
    again = InputJacobian(spec, elsewhere).measure(spec.pack(weights, biases))
    np.testing.assert_array_equal(again, measure(TANH, weights, biases))


def test_a_network_leaves_no_trace_in_the_next():
    spec = NetworkSpec(layer_sizes(DATASET.n_inputs, 9, 3, DATASET.n_classes), TANH)
    one = spec.pack(*drawn("he_normal", 3, TANH))
    used = InputJacobian(spec, DATASET)
    used.measure(np.full_like(one, np.nan))
    np.testing.assert_array_equal(used.measure(one), InputJacobian(spec, DATASET).measure(one))
