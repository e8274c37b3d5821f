"""The optimizers against their closed forms on a quadratic, and against JAX's own."""

import jax
import numpy as np
import pytest
from jax.example_libraries import optimizers as jax_optimizers

from depthsounder.engine.optimizers import OPTIMIZERS, Adam, GradientDescent, Momentum, clip

jax.config.update("jax_enable_x64", True)

RATES = np.array([0.01, 0.1, 0.5])
BY_JAX = {
    "sgd": jax_optimizers.sgd,
    "momentum": lambda rate: jax_optimizers.momentum(rate, mass=0.9),
    "adam": lambda rate: jax_optimizers.adam(rate, b1=0.9, b2=0.999, eps=1e-8),
}
CURVATURES = np.array([0.1, 1.0, 1.7])

each_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)


def gradient(theta):
    """Return the gradient of a function neither quadratic nor convex, so that gradients change sign and size."""
    return np.sin(3.0 * theta) + 0.1 * theta


def descend(name, parameters, rates, steps, slope=gradient):
    optimizer = OPTIMIZERS[name](parameters, rates)
    for _ in range(steps):
        optimizer.update(parameters, slope(parameters))
    return optimizer


def start(n_networks=3, n_parameters=4, dtype=np.float64):
    return np.random.default_rng(0).normal(size=(n_networks, n_parameters)).astype(dtype)


@each_optimizer
def test_an_optimizer_is_jaxs_of_the_same_name(name):
    parameters = start()
    descend(name, parameters, RATES, 30)
    for theta, rate, found in zip(start(), RATES, parameters, strict=True):
        initialize, update, get = BY_JAX[name](rate)
        state = initialize(theta)
        for step in range(30):
            state = update(step, gradient(np.asarray(get(state))), state)
        np.testing.assert_allclose(found, get(state), rtol=1e-11, atol=1e-13)


def test_gradient_descent_on_a_quadratic_is_a_geometric_series():
    parameters = np.ones((3, 3))
    descend("sgd", parameters, RATES, 40, slope=lambda theta: theta * CURVATURES)
    np.testing.assert_allclose(parameters, (1.0 - np.outer(RATES, CURVATURES)) ** 40, rtol=1e-12)


def test_momentum_on_a_quadratic_is_a_matrix_power():
    parameters = np.ones((3, 3))
    descend("momentum", parameters, RATES, 40, slope=lambda theta: theta * CURVATURES)
    for row, rate in zip(parameters, RATES, strict=True):
        for found, curvature in zip(row, CURVATURES, strict=True):
            # (v, θ) → (0.9 v + λ θ, θ - η v').
            step = np.array([[0.9, curvature], [-rate * 0.9, 1.0 - rate * curvature]])
            expected = (np.linalg.matrix_power(step, 40) @ [0.0, 1.0])[1]
            assert found == pytest.approx(expected, rel=1e-10, abs=1e-12)


def test_momentum_on_a_slope_approaches_ten_times_the_rate():
    parameters = np.zeros((1, 1))
    optimizer = descend("momentum", parameters, np.array([0.1]), 200, slope=np.ones_like)
    before = parameters.copy()
    optimizer.update(parameters, np.ones((1, 1)))
    assert before - parameters == pytest.approx(0.1 / (1.0 - 0.9), rel=1e-8)


@pytest.mark.parametrize("size", [1e-5, 1.0, 1e5])
def test_adams_steps_on_a_slope_are_the_rate_however_steep_it_is(size):
    # This is what hides vanishing gradients: their size has no part in the step, until they are as small as 1e-8.
    parameters = np.zeros((1, 2))
    slope = np.array([[size, -size]])
    for steps in (1, 10):
        descend("adam", parameters, np.array([0.01]), steps, slope=lambda theta: slope.copy())
        np.testing.assert_allclose(parameters, [[-0.01 * steps, 0.01 * steps]], rtol=2e-3)
        parameters[:] = 0.0


@each_optimizer
def test_every_network_moves_at_its_own_rate_as_if_alone(name):
    together = start()
    descend(name, together, RATES, 7)
    for network in range(3):
        alone = start()[network : network + 1]
        descend(name, alone, RATES[network : network + 1], 7)
        np.testing.assert_array_equal(together[network], alone[0])


@each_optimizer
@pytest.mark.parametrize("kept", [[True, False, True], [False, False, True], [True, True, True]], ids=str)
def test_those_that_are_kept_go_on_as_if_nothing_had_happened(name, kept):
    undisturbed = start()
    descend(name, undisturbed, RATES, 12)
    parameters = start()
    optimizer = descend(name, parameters, RATES, 5)
    parameters = parameters[kept]
    optimizer.keep(np.array(kept))
    for _ in range(7):
        optimizer.update(parameters, gradient(parameters))
    np.testing.assert_array_equal(parameters, undisturbed[kept])


@each_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_change_in_place_and_keep_their_precision(name, dtype):
    parameters = start(dtype=dtype)
    memory = parameters.ctypes.data
    rates = RATES.copy()
    optimizer = descend(name, parameters, rates, 3)
    assert parameters.ctypes.data == memory
    assert parameters.dtype == dtype
    np.testing.assert_array_equal(rates, RATES)
    assert all(state.dtype == dtype for state in vars(optimizer).values() if isinstance(state, np.ndarray))
    expected = start().astype(dtype).astype(np.float64)
    descend(name, expected, RATES, 3)
    np.testing.assert_allclose(parameters, expected, rtol=2e-5 if dtype == np.float32 else 0.0, atol=1e-6)


@each_optimizer
def test_a_rate_of_zero_moves_nothing(name):
    parameters = start()
    descend(name, parameters, np.zeros(3), 5)
    np.testing.assert_array_equal(parameters, start())


def test_the_config_names_the_three():
    assert {"sgd": GradientDescent, "momentum": Momentum, "adam": Adam} == OPTIMIZERS
    assert Momentum.DECAY == 0.9
    assert (Adam.DECAY_MEAN, Adam.DECAY_SQUARE, Adam.EPSILON) == (0.9, 0.999, 1e-8)


@pytest.mark.parametrize("greatest", [0.5, 2.0, 1e6])
def test_clipping_is_jaxs_network_by_network(greatest):
    gradients = start(n_networks=5, n_parameters=7) * np.array([[0.01], [0.1], [1.0], [10.0], [1e4]])
    expected = [jax_optimizers.clip_grads(gradient, greatest) for gradient in gradients]
    clip(gradients, greatest)
    np.testing.assert_allclose(gradients, expected, rtol=1e-13)
    assert (np.linalg.norm(gradients, axis=1) <= greatest * (1.0 + 1e-12)).all()


def test_a_gradient_whose_square_overflows_is_clipped_to_the_norm_too():
    gradients = np.array([[3e25, -4e25], [0.3, 0.4]], np.float32)
    with np.errstate(over="ignore"):
        clip(gradients, 1.0)
    np.testing.assert_allclose(gradients, [[0.6, -0.8], [0.3, 0.4]], rtol=1e-6)


def test_what_is_no_number_stays_none():
    gradients = np.array([[np.inf, 1.0], [np.nan, 1.0]], np.float32)
    with np.errstate(invalid="ignore"):
        clip(gradients, 1.0)
    assert not np.isfinite(gradients[:, 0]).any()
