"""Weights that are drawn before an init is believed: wrong ones are found, and right ones never."""

from math import sqrt

import numpy as np
import pytest
from scipy import linalg, stats

from depthsounder.checking.drawn_moments import DRAWN, STANDARD_ERRORS, drawn_moments, misdrawn
from depthsounder.elements.activations import TANH
from depthsounder.elements.initializers import INITIALIZERS, ORTHOGONAL, Initializer, initializer
from depthsounder.elements.special import ndtr

FANS = [(64, 64), (11, 64), (784, 256)]


def own(shape, variance=lambda fan_in, fan_out, activation: 1.0 / fan_in):
    """A record of the user's."""
    return Initializer("mine", variance, "a test", shape=shape)


def _column(normals, variance):
    """As many weights as there are columns, each of which stands in all rows."""
    return np.tile(normals[:1] * sqrt(variance), (len(normals), 1))


WRONG = {
    "a mean of one deviation": (lambda normals, variance: normals * sqrt(variance) + sqrt(variance), "mean"),
    "a mean of - 8/fan_in": (lambda normals, variance: normals * sqrt(variance) - 8.0 / len(normals), "mean"),
    "uniform from 0": (lambda normals, variance: ndtr(normals) * sqrt(12.0 * variance), "mean"),
    "a constant": (lambda normals, variance: np.full_like(normals, sqrt(variance)), "mean"),
    "a mean of the columns": (lambda normals, variance: _column(normals, variance) + sqrt(variance), "mean"),
    "the variance forgotten": (lambda normals, variance: normals, "variance"),
    "the variance as a deviation": (lambda normals, variance: normals * variance, "variance"),
    "uniform by its bound": (lambda normals, variance: (2.0 * ndtr(normals) - 1.0) * sqrt(variance), "variance"),
    "orthogonal, the variance forgotten": (lambda normals, variance: ORTHOGONAL.shape(normals, 1.0), "variance"),
    "nothing": (lambda normals, variance: np.zeros_like(normals), "variance"),
}

RIGHT = {
    "Laplace": lambda normals, variance: stats.laplace.ppf(ndtr(normals)) * sqrt(variance / 2.0),
    "Student's t": lambda normals, variance: stats.t.ppf(ndtr(normals), 6) * sqrt(variance / 1.5),
    "signs": lambda normals, variance: np.sign(normals) * sqrt(variance),
    "mostly zeros": lambda normals, variance: np.where(np.abs(normals) > 2.0, normals, 0.0) * sqrt(
        variance / (2.0 * (2.0 * stats.norm.pdf(2.0) + stats.norm.sf(2.0)))
    ),
    "circulant": lambda normals, variance: linalg.circulant(normals[0]) * sqrt(variance),
    "each column's one weight": _column,
    "a deviation of each layer's own": lambda normals, variance: normals[::-1] * normals[0, 0] * sqrt(variance),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_weights_that_are_not_what_theory_takes_them_to_be_are_found(name):
    shape, moment = WRONG[name]
    reason = misdrawn(own(shape), TANH, [(64, 64)], root_seed=1)
    assert reason is not None
    assert reason.startswith(f"weights of 'mine' at fans 64 → 64 have {moment} ")


def test_the_reason_has_the_numbers():
    # √v = 0.125 at v = 1/64; a uniform law from 0 has √3 times its deviation as its mean.
    reasons = [misdrawn(own(WRONG[name][0]), TANH, [(64, 64)], 1) for name in ("a constant", "nothing")]
    assert reasons == [
        "weights of 'mine' at fans 64 → 64 have mean 0.125, and theory takes it to be 0",
        "weights of 'mine' at fans 64 → 64 have variance 0, and theory takes it to be 0.0156",
    ]
    found = misdrawn(own(WRONG["uniform from 0"][0]), TANH, [(64, 64)], 1)
    assert "have mean 0.217, and" in found or "have mean 0.216, and" in found


def test_every_layers_fans_are_tried_in_their_order():
    law = own(lambda normals, variance: normals * sqrt(variance) * (1.0 if normals.shape[0] == 11 else 2.0))
    assert misdrawn(law, TANH, [(11, 64)], 1) is None
    assert "at fans 64 → 64 have variance 0.0" in misdrawn(law, TANH, [(11, 64), (64, 64)], 1)


@pytest.mark.parametrize("name", [*INITIALIZERS, "gaussian_w1.5_b0.05", "gaussian_w0_b1"])
def test_no_init_of_the_registry_is_ever_found(name):
    for root_seed in range(50):
        assert misdrawn(initializer(name), TANH, FANS, root_seed) is None


@pytest.mark.parametrize("name", RIGHT)
def test_other_laws_and_dependent_weights_of_the_right_moments_are_not_found(name):
    for root_seed in range(25):
        assert misdrawn(own(RIGHT[name]), TANH, [(64, 64)], root_seed) is None


@pytest.mark.parametrize("fans", [(1, 1), (2, 2), (3, 65_536), (65_536, 65_536), (65_536, 8), (1_000_000, 64)])
@pytest.mark.parametrize("name", ["he_uniform", "orthogonal"])
def test_the_smallest_and_the_largest_layers_are_tried_too(name, fans):
    assert misdrawn(initializer(name), TANH, [fans], root_seed=1) is None
    wrong = own(lambda normals, variance: initializer(name).shape(normals, 1.2 * variance))
    assert "variance" in misdrawn(wrong, TANH, [fans], root_seed=1)


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_no_scale_is_too_small_or_too_large(scale):
    def variance(fan_in, fan_out, activation):
        return scale**2

    assert misdrawn(own(lambda normals, variance: normals * sqrt(variance), variance), TANH, [(8, 8)], 1) is None
    assert misdrawn(own(lambda normals, variance: 2.0 * normals * sqrt(variance), variance), TANH, [(8, 8)], 1)


@pytest.mark.parametrize("root_seed", range(20))
def test_a_sixth_standard_error_is_found_and_a_fraction_of_one_is_not(root_seed):
    fans, n_weights = (64, 64), 25 * 64 * 64
    assert n_weights >= DRAWN

    def shifted(errors):
        return own(lambda normals, variance: (normals + errors / sqrt(n_weights)) * sqrt(variance))

    def stretched(errors):
        return own(lambda normals, variance: normals * sqrt(variance * (1.0 + errors * sqrt(2.0 / n_weights))))

    for law in (shifted, stretched):
        # Chance may take away from a deviation what it adds to its opposite.
        assert any(misdrawn(law(errors), TANH, [fans], root_seed) for errors in (-6.5, 6.5))
        assert all(misdrawn(law(errors), TANH, [fans], root_seed) for errors in (-10.0, 10.0))
        assert not any(misdrawn(law(errors), TANH, [fans], root_seed) for errors in (-0.5, 0.5))
    assert STANDARD_ERRORS == 5.0


def test_an_orthogonal_matrix_has_the_standard_error_of_independent_weights_for_its_mean():
    # u·Qv of a Haar matrix has variance 1/n for unit vectors u and v, as the mean of independent entries has.
    means = [drawn_moments(ORTHOGONAL, 64, 64, 1.0 / 64, seed)[0] for seed in range(200)]
    scatter = np.std([mean.value for mean in means])
    assert scatter == pytest.approx(1.0 / sqrt(25 * 64 * 64), rel=0.2)
    assert min(mean.error for mean in means) >= 0.999 / sqrt(25 * 64 * 64)


def test_draws_are_the_root_seeds_own_and_repeat():
    laws = [own(lambda normals, variance: normals * sqrt(variance)) for _ in range(2)]
    first, again = (drawn_moments(law, 16, 16, 1.0, 1) for law in laws)
    assert first == again
    assert drawn_moments(laws[0], 16, 16, 1.0, 2) != first


def test_a_shape_that_fails_on_fewer_outputs_costs_theory_and_is_no_traceback():
    law = own(lambda normals, variance: normals.reshape(784, 16, 16).reshape(784, 256) * sqrt(variance))
    assert misdrawn(law, TANH, [(784, 256)], 1).startswith(
        "weights of 'mine' at fans 784 → 256 cannot be sampled: ValueError: cannot reshape"
    )
    assert not law.independent
