"""The initializations: their moments, their pairing, and what they keep or lose in wide networks."""

from math import sqrt

import numpy as np
import pytest
from references import INIT_VARIANCES
from scipy.stats import chi2, kstest, norm, uniform
from support import name_of

from depthsounder.elements.activations import ACTIVATIONS, LINEAR, RELU, SELU, SIGMOID, TANH
from depthsounder.elements.initializers import (
    HE_NORMAL,
    INITIALIZERS,
    LECUN_NORMAL,
    ORTHOGONAL,
    XAVIER_NOTE,
    initializer,
)
from depthsounder.engine.drawing import draw_network
from depthsounder.engine.spec import NetworkSpec, layer_sizes

VARIANCES = INIT_VARIANCES | {"gaussian_w1.5_b0.05": lambda n, m: 1.5 / n}
GAUSSIAN = sorted(name for name in VARIANCES if initializer(name).gaussian and name != "zeros")
UNIFORM = {
    "glorot_uniform": lambda n, m: sqrt(6.0 / (n + m)),
    "he_uniform": lambda n, m: sqrt(6.0 / n),
    "uniform_standard": lambda n, m: 1.0 / sqrt(n),
}
FANS = [(64, 64), (200, 40), (40, 200)]
# One false alarm in ten thousand, had the seed been drawn and not fixed.
CONFIDENCE = 1.0 - 1e-4


def hidden_weights(name, fan_in, fan_out, activation=TANH, seed=0):
    """The weights of a hidden layer, as a network has them that is this wide at this layer."""
    return draw_network(1, seed, NetworkSpec((fan_in, fan_out, 3), activation), initializer(name))[0][0]


def test_every_init_is_there_under_its_name_and_has_an_independent_variance():
    assert set(INITIALIZERS) == set(INIT_VARIANCES)
    assert all(name == init.name and init.source for name, init in INITIALIZERS.items())


@pytest.mark.parametrize("name", INITIALIZERS)
def test_an_init_says_its_formula_which_the_report_prints(name):
    assert INITIALIZERS[name].formula


@pytest.mark.parametrize(("fan_in", "fan_out"), [*FANS, (784, 64)])
@pytest.mark.parametrize("name", VARIANCES)
def test_the_variance_is_the_papers(name, fan_in, fan_out):
    init, variance = initializer(name), VARIANCES[name](fan_in, fan_out)
    assert init.weight_variance(fan_in, fan_out, TANH) == pytest.approx(variance, rel=1e-11)
    assert init.gain(fan_in, fan_out, TANH) == pytest.approx(fan_in * variance, rel=1e-11)
    assert init.backward_gain(fan_in, fan_out, TANH) == pytest.approx(fan_out * variance, rel=1e-11)


@pytest.mark.parametrize(("fan_in", "fan_out"), FANS)
@pytest.mark.parametrize("name", GAUSSIAN)
def test_normal_weights_have_the_variance_and_the_law(name, fan_in, fan_out):
    weights = hidden_weights(name, fan_in, fan_out)
    variance = VARIANCES[name](fan_in, fan_out)
    low, high = chi2.interval(CONFIDENCE, weights.size)
    assert low < np.sum(weights**2) / variance < high
    assert abs(weights.mean()) < norm.isf((1.0 - CONFIDENCE) / 2.0) * sqrt(variance / weights.size)
    assert kstest(weights.ravel() / sqrt(variance), "norm").pvalue > 1.0 - CONFIDENCE


@pytest.mark.parametrize(("fan_in", "fan_out"), FANS)
@pytest.mark.parametrize("name", UNIFORM)
def test_uniform_weights_fill_their_range_evenly(name, fan_in, fan_out):
    weights, limit = hidden_weights(name, fan_in, fan_out), UNIFORM[name](fan_in, fan_out)
    assert np.abs(weights).max() <= limit
    assert np.abs(weights).max() > limit * (1.0 - 20.0 / weights.size)
    assert limit**2 / 3.0 == pytest.approx(VARIANCES[name](fan_in, fan_out), rel=1e-12)
    assert kstest(weights.ravel(), uniform(-limit, 2.0 * limit).cdf).pvalue > 1.0 - CONFIDENCE


@pytest.mark.parametrize(("fan_in", "fan_out"), FANS)
def test_orthogonal_weights_are_orthogonal_and_have_their_variance_exactly(fan_in, fan_out):
    weights = hidden_weights("orthogonal", fan_in, fan_out)
    if fan_in >= fan_out:
        np.testing.assert_allclose(weights.T @ weights, np.eye(fan_out), rtol=0.0, atol=1e-13)
    else:
        # More units than inputs: the rows are orthogonal, and longer, so that each unit still has gain 1 on average.
        np.testing.assert_allclose(weights @ weights.T, np.eye(fan_in) * fan_out / fan_in, rtol=0.0, atol=1e-13)
    assert np.mean(weights**2) == pytest.approx(1.0 / fan_in, rel=1e-13)


def test_orthogonal_weights_follow_haars_measure():
    # The eigenvalues of Haar-distributed rotations repel; the trace of a large one is standard normal (Diaconis 1994).
    traces = [
        np.trace(ORTHOGONAL.shape(np.random.default_rng(seed).standard_normal((24, 24)), 1.0 / 24))
        for seed in range(400)
    ]
    assert kstest(traces, "norm").pvalue > 1.0 - CONFIDENCE


def test_a_square_orthogonal_layer_keeps_every_length():
    weights = hidden_weights("orthogonal", 64, 64)
    x = np.random.default_rng(0).normal(size=(10, 64))
    np.testing.assert_allclose(np.linalg.norm(x @ weights, axis=1), np.linalg.norm(x, axis=1), rtol=1e-13)


@pytest.mark.parametrize("name", INIT_VARIANCES)
def test_biases_start_at_zero(name):
    _, biases = draw_network(1, 0, NetworkSpec((6, 8, 8, 3), TANH), initializer(name))
    assert not any(bias.any() for bias in biases)


def test_the_gaussian_family_draws_biases_of_its_variance():
    _, biases = draw_network(1, 0, NetworkSpec((6, 4000, 4000, 3), TANH), initializer("gaussian_w1.5_b0.05"))
    for bias in biases[:2]:
        low, high = chi2.interval(CONFIDENCE, bias.size)
        assert low < np.sum(bias**2) / 0.05 < high
    assert not np.array_equal(biases[0], biases[1])


@pytest.mark.parametrize(
    ("name", "weight_gain", "bias_variance"),
    [("gaussian_w1.5_b0.05", 1.5, 0.05), ("gaussian_w2_b0", 2.0, 0.0), ("gaussian_w0.25_b10", 0.25, 10.0)],
)
def test_a_name_of_the_gaussian_family_carries_its_two_numbers(name, weight_gain, bias_variance):
    init = initializer(name)
    assert init.name == name
    assert init.gain(50, 20, TANH) == pytest.approx(weight_gain, rel=1e-15)
    assert init.bias_variance == bias_variance


@pytest.mark.parametrize(
    "name",
    [
        *["he", "He_normal", "", "gaussian", "gaussian_w1.5", "gaussian_w-1_b0", "gaussian_w1e3_b0", "gaussian_w_b"],
        *["gaussian_w1.5_b0.05x", " gaussian_w1_b0", "gaussian_w1._b0"],
    ],
)
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(ValueError, match="is no initialization"):
        initializer(name)


@pytest.mark.parametrize("name", INIT_VARIANCES)
def test_the_readout_is_lecuns_whatever_the_init(name):
    sizes = layer_sizes(10, 16, 3, 4)
    weights, _ = draw_network(1, 5, NetworkSpec(sizes, TANH), initializer(name))
    lecun, _ = draw_network(1, 5, NetworkSpec(sizes, TANH), LECUN_NORMAL)
    np.testing.assert_array_equal(weights[-1], lecun[-1])


def test_the_readout_has_lecuns_variance():
    readout = draw_network(1, 0, NetworkSpec((4, 100, 300), TANH), HE_NORMAL)[0][-1]
    low, high = chi2.interval(CONFIDENCE, readout.size)
    assert low < np.sum(readout**2) * 100 < high


@pytest.mark.parametrize(
    ("one", "other", "activation"),
    [
        ("lecun_normal", "glorot_normal", TANH),
        ("critical", "he_normal", RELU),
        ("critical", "glorot_normal", TANH),
        ("critical", "glorot_normal", LINEAR),
        ("gaussian_w2_b0", "he_normal", RELU),
        ("gaussian_w1_b0", "lecun_normal", SIGMOID),
    ],
    ids=name_of,
)
def test_inits_that_are_one_law_give_equal_bits(one, other, activation):
    sizes = layer_sizes(64, 64, 5, 10)
    for seed in range(3):
        ones, _ = draw_network(1, seed, NetworkSpec(sizes, activation), initializer(one))
        others, _ = draw_network(1, seed, NetworkSpec(sizes, activation), initializer(other))
        assert all(np.array_equal(w, v) for w, v in zip(ones, others, strict=True))


@pytest.mark.parametrize("name", [*GAUSSIAN, *UNIFORM])
def test_inits_are_paired(name):
    # The same seed gives the same network up to scale and shape of law: what differs between inits is not their luck.
    mine, hes = hidden_weights(name, 200, 40), hidden_weights("he_normal", 200, 40)
    np.testing.assert_array_equal(np.argsort(mine, axis=None), np.argsort(hes, axis=None))
    if name in GAUSSIAN:
        ratio = sqrt(VARIANCES[name](200, 40) / VARIANCES["he_normal"](200, 40))
        np.testing.assert_allclose(mine, hes * ratio, rtol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=name_of)
def test_the_activation_has_no_part_in_the_draw(activation):
    np.testing.assert_array_equal(
        hidden_weights("glorot_normal", 20, 30, activation), hidden_weights("glorot_normal", 20, 30, RELU)
    )


def test_seeds_depths_and_layers_have_draws_of_their_own():
    def draw(root_seed=1, seed=0, depth=3):
        return draw_network(root_seed, seed, NetworkSpec(layer_sizes(12, 12, depth, 12), TANH), LECUN_NORMAL)[0]

    networks = [draw(), draw(root_seed=2), draw(seed=1), draw(depth=4)]
    layers = [weights.ravel() for network in networks for weights in network]
    correlations = np.corrcoef(layers) - np.eye(len(layers))
    # Five standard deviations, for some hundred pairs.
    assert np.abs(correlations).max() < 5.0 / sqrt(144)
    assert len({weights.tobytes() for weights in layers}) == len(layers)


def test_a_draw_is_repeated_whatever_was_drawn_in_between():
    expected = hidden_weights("he_normal", 20, 30, seed=3)
    for name in VARIANCES:
        hidden_weights(name, 7, 9, seed=3)
    np.testing.assert_array_equal(hidden_weights("he_normal", 20, 30, seed=3), expected)


def test_layers_are_drawn_from_the_input_to_the_readout():
    weights, biases = draw_network(1, 0, NetworkSpec(layer_sizes(784, 64, 3, 10), TANH), HE_NORMAL)
    assert [w.shape for w in weights] == [(784, 64), (64, 64), (64, 64), (64, 10)]
    assert [b.shape for b in biases] == [(64,), (64,), (64,), (10,)]


def mean_squares(name, activation, width, depth, seed):
    """q of each hidden layer, for standard normal inputs."""
    weights, _ = draw_network(1, seed, NetworkSpec(layer_sizes(width, width, depth, 2), activation), initializer(name))
    h = np.random.default_rng(seed).normal(size=(16, width))
    squares = []
    for weight in weights[:-1]:
        z = h @ weight
        squares.append(np.mean(z**2))
        h = activation(z)
    return np.array(squares)


def test_he_keeps_the_second_moment_of_relu():
    # The expectation over networks is exactly 1 at every width; wide networks only have less spread.
    ratios = np.array([mean_squares("he_normal", RELU, 300, 6, seed) for seed in range(24)])
    ratios = ratios[:, -1] / ratios[:, 0]
    error = ratios.std(ddof=1) / sqrt(len(ratios))
    assert error < 0.06
    assert abs(ratios.mean() - 1.0) < 4.0 * error


def test_lecun_halves_the_second_moment_of_relu_in_each_layer():
    he, lecun = (mean_squares(name, RELU, 100, 6, seed=0) for name in ("he_normal", "lecun_normal"))
    # The inits are paired, and ReLU is homogeneous: the ratio is exact.
    np.testing.assert_allclose(lecun / he, 0.5 ** np.arange(1.0, 7.0), rtol=1e-12)


def test_lecun_keeps_selus_fixed_point():
    weights, _ = draw_network(1, 0, NetworkSpec(layer_sizes(1000, 1000, 8, 2), SELU), LECUN_NORMAL)
    h = np.random.default_rng(0).normal(size=(32, 1000))
    for weight in weights[:-1]:
        h = SELU(h @ weight)
    # Several standard errors of both moments, for 32 examples through one network.
    assert abs(h.mean()) < 0.03
    assert h.var() == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(("name", "variance"), [("lecun_normal", 1.0), ("naive_large", 25.0), ("naive_small", 0.01)])
def test_a_hundred_unit_inputs_give_the_notes_variances(name, variance):
    assert initializer(name).gain(100, 100, LINEAR) == pytest.approx(variance, rel=1e-12)
    weights = hidden_weights(name, 100, 2000)
    x = np.random.default_rng(0).choice([-1.0, 1.0], size=100)
    z = x @ weights
    low, high = chi2.interval(CONFIDENCE, z.size)
    assert low < np.sum(z**2) / variance < high


def test_the_notes_ranges_are_one_sigma_for_xavier_and_two_for_he():
    assert sqrt(XAVIER_NOTE.weight_variance(100, 50, TANH)) == pytest.approx(0.08, abs=0.005)
    assert 2.0 * sqrt(HE_NORMAL.weight_variance(100, 50, RELU)) == pytest.approx(0.28, abs=0.005)


def test_glorot_is_no_lecun_where_the_fans_differ():
    glorot = initializer("glorot_normal")
    assert glorot.gain(784, 64, TANH) == pytest.approx(1.85, abs=0.005)
    assert glorot.backward_gain(784, 64, TANH) == pytest.approx(0.15, abs=0.005)


@pytest.mark.parametrize(
    ("activation", "gain"),
    [("linear", 1.0), ("relu", 2.0), ("tanh", 1.0), ("erf", np.pi / 4.0), ("sigmoid", 103.0076), ("selu", 0.4768)],
)
def test_critical_follows_the_activation(activation, gain):
    assert initializer("critical").gain(50, 80, ACTIVATIONS[activation]) == pytest.approx(gain, rel=1e-4)


@pytest.mark.parametrize("activation", ["softplus", "gelu", "silu"])
def test_critical_is_refused_where_there_is_none(activation):
    with pytest.raises(ValueError, match=f"{activation} has no critical gain"):
        draw_network(1, 0, NetworkSpec((4, 4, 2), ACTIVATIONS[activation]), initializer("critical"))
