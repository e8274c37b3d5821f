"""The per-layer statistics against their definitions, taken example by example."""

import numpy as np
import pytest
from support import EVERY_ACTIVATION, name_of, small_dataset, textbook_pass

from depthsounder.elements.activations import ACTIVATIONS, LINEAR, RELU, SIGMOID, TANH
from depthsounder.elements.initializers import initializer
from depthsounder.elements.saturation import maximum_slope
from depthsounder.engine.drawing import draw_network
from depthsounder.engine.probes import STATISTICS, Probe, update_ratios
from depthsounder.engine.spec import NetworkSpec, layer_sizes

DATASET = small_dataset()
DEPTH, WIDTH = 3, 9
SIZES = layer_sizes(DATASET.n_inputs, WIDTH, DEPTH, DATASET.n_classes)
SPEC = NetworkSpec(SIZES, TANH)


def draw(activation, init="gaussian_w2_b0.3", sizes=SIZES):
    return draw_network(1, 0, NetworkSpec(sizes, activation), initializer(init))


def measure(activation, weights, biases, sizes=SIZES, dataset=DATASET):
    spec = NetworkSpec(sizes, activation)
    return Probe(spec, dataset).measure(spec.pack(weights, biases))


def by_definition(activation, weights, biases, dataset=DATASET):
    """What the columns mean, without a batch: lists over examples of what one example does."""
    examples = [
        textbook_pass(weights, biases, activation, x, label)
        for x, label in zip(dataset.probe_inputs, dataset.probe_labels, strict=True)
    ]
    rows = []
    for layer in range(len(weights)):
        z = np.array([zs[layer] for _, zs, _, _ in examples])
        delta = np.array([deltas[layer] for _, _, _, deltas in examples])
        below = np.array([[x, *hs][layer] for x, (_, _, hs, _) in zip(dataset.probe_inputs, examples, strict=True)])
        gradient = sum(np.outer(h, d) for h, d in zip(below, delta, strict=True)) / len(examples)
        row = {
            "z_second_moment": np.mean(z**2),
            "z_second_moment_single": np.mean(z[0] ** 2),
            "z_batch_variance": np.mean([np.var(unit) for unit in z.T]),
            "delta_second_moment": np.mean(delta**2),
            "weight_grad_rms": np.sqrt(np.mean(gradient**2)),
            "weight_grad_mean_abs": np.mean(np.abs(gradient)),
        }
        if layer < len(weights) - 1:
            h = activation(z)
            row |= {"h_mean": np.mean(h), "h_variance": np.var(h)}
            if activation.rectifier:
                row["dead_fraction"] = np.mean([np.mean(unit > 0.0) < 0.01 for unit in z.T])
            else:
                slopes = np.abs(activation.slope(z))
                row["saturated_fraction"] = np.mean(slopes < 0.1 * maximum_slope(activation))
        rows.append(row)
    return rows


@pytest.mark.parametrize("init", ["gaussian_w2_b0.3", "naive_unit", "naive_small"])
@pytest.mark.parametrize("activation", EVERY_ACTIVATION, ids=name_of)
def test_every_statistic_is_what_its_definition_says(activation, init):
    weights, biases = draw(activation, init)
    measured = measure(activation, weights, biases)
    assert tuple(measured) == STATISTICS
    for layer, expected in enumerate(by_definition(activation, weights, biases)):
        found = {name: float(values[layer]) for name, values in measured.items() if values[layer] is not np.ma.masked}
        assert found == {name: pytest.approx(value, rel=1e-10, abs=1e-300) for name, value in expected.items()}


@pytest.mark.parametrize("activation", EVERY_ACTIVATION, ids=name_of)
def test_what_a_layer_does_not_have_is_null_and_nothing_else(activation):
    measured = measure(activation, *draw(activation))
    nulls = {name for name, values in measured.items() if np.ma.getmaskarray(values).any()}
    of_kind, of_other_kind = "dead_fraction", "saturated_fraction"
    if not activation.rectifier:
        of_kind, of_other_kind = of_other_kind, of_kind
    assert nulls == {"h_mean", "h_variance", of_kind, of_other_kind}
    for name in ("h_mean", "h_variance", of_kind):
        assert np.ma.getmaskarray(measured[name]).tolist() == [False] * DEPTH + [True]
    assert measured[of_other_kind].mask.all()


def test_errors_are_per_example_and_do_not_shrink_with_the_batch():
    weights, biases = draw(TANH)
    once = measure(TANH, weights, biases)
    twice = measure(TANH, weights, biases, dataset=twice_the_probe(DATASET))
    for name in STATISTICS:
        np.testing.assert_allclose(twice[name].compressed(), once[name].compressed(), rtol=1e-11)


def twice_the_probe(dataset):
    return type(dataset)(**{**vars(dataset), "probe": np.tile(dataset.probe, 2)})


def test_the_four_variances_of_a_layer_are_kept_apart():
    # Sigmoid's signal about the input dies while q does not: this is what the four columns are for.
    sizes = layer_sizes(DATASET.n_inputs, 64, 8, DATASET.n_classes)
    measured = measure(SIGMOID, *draw(SIGMOID, "glorot_normal", sizes), sizes=sizes)
    assert measured["z_second_moment"][7] > 0.1
    assert measured["z_batch_variance"][7] < 1e-6
    assert measured["h_mean"][7] == pytest.approx(0.5, abs=0.1)
    assert 1e-6 < measured["h_variance"][7] < 0.1


def test_an_exact_zero_stays_an_exact_zero():
    weights, biases = draw(TANH, "zeros")
    measured = measure(TANH, weights, biases)
    for name in ("z_second_moment", "z_batch_variance", "h_mean", "h_variance"):
        assert measured[name].compressed().tolist() == [0.0] * len(measured[name].compressed())
    # The readout's weights carry the error one layer up, and no further; and there is no activity to correlate with.
    assert (measured["delta_second_moment"] == 0.0).tolist() == [True, True, False, False]
    assert measured["weight_grad_rms"].tolist() == [0.0] * 4
    assert measured["weight_grad_mean_abs"].tolist() == [0.0] * 4


def test_the_smallest_numbers_are_measured_and_not_rounded_to_zero():
    sizes = layer_sizes(DATASET.n_inputs, WIDTH, 50, DATASET.n_classes)
    measured = measure(SIGMOID, *draw(SIGMOID, "naive_small", sizes), sizes=sizes)
    assert 0.0 < measured["delta_second_moment"][0] < 1e-150


def test_overflow_is_recorded_as_it_is():
    weights, biases = draw(LINEAR)
    measured = measure(LINEAR, [weight * 1e150 for weight in weights], biases)
    assert measured["z_second_moment"][0] > 1e299
    assert not np.isfinite(measured["z_second_moment"][2])
    assert not np.isfinite(measured["delta_second_moment"][0])


def test_dead_units_are_those_active_on_less_than_a_hundredth_of_the_probe():
    dataset = small_dataset(n_train=400, n_probe=200)
    weights, biases = draw(RELU)
    z = dataset.probe_inputs @ weights[0]
    # Just two of 200 examples reach the first unit, one the second, and none the third.
    for unit, active in enumerate((2, 1, 0)):
        ordered = np.sort(z[:, unit])
        biases[0][unit] = -(ordered[-active - 1] + (ordered[-active] if active else ordered[-1] + 2.0)) / 2.0
    biases[0][3:] = 100.0
    measured = measure(RELU, weights, biases, dataset=dataset)
    assert measured["dead_fraction"][0] == pytest.approx(2 / WIDTH)


def test_saturated_units_are_counted_for_each_example():
    weights, biases = draw(TANH)
    weights[0][:] = 0.0
    # tanh' is under a tenth of its maximum beyond |z| = 1.8184.
    biases[0][:] = [1.81, -1.81, 1.82, -1.82, 5.0, 0.0, 0.0, 0.0, 0.0]
    assert measure(TANH, weights, biases)["saturated_fraction"][0] == pytest.approx(3 / WIDTH)


def test_nothing_linear_is_saturated():
    assert not measure(LINEAR, *draw(LINEAR, "naive_unit"))["saturated_fraction"].compressed().any()


@pytest.mark.parametrize("name", ["tanh", "relu"])
def test_statistics_of_single_precision_networks_are_taken_in_double(name):
    activation = ACTIVATIONS[name]
    spec = NetworkSpec(SIZES, activation)
    parameters = spec.pack(*draw(activation)).astype(np.float32)
    probe = Probe(spec, DATASET)
    single, double = probe.measure(parameters), probe.measure(parameters.astype(np.float64))
    for name in STATISTICS:
        assert single[name].dtype == np.float64
        np.testing.assert_array_equal(single[name].compressed(), double[name].compressed())


def test_a_probe_remembers_nothing_of_the_last_network():
    parameters = SPEC.pack(*draw(TANH))
    fresh, used = Probe(SPEC, DATASET), Probe(SPEC, DATASET)
    used.measure(parameters * 1e200)
    for name, values in fresh.measure(parameters).items():
        np.testing.assert_array_equal(used.measure(parameters)[name], values)


def test_the_probe_is_the_datasets_and_no_other_example():
    weights, biases = draw(TANH)
    elsewhere = small_dataset()
    others = np.setdiff1d(np.arange(len(elsewhere.train_labels)), elsewhere.probe)
    elsewhere.train_inputs[others] = np.nan
    elsewhere.test_inputs[:] = np.nan
    measured = measure(TANH, weights, biases, dataset=elsewhere)
    assert np.isfinite(measured["delta_second_moment"]).all()


def test_update_ratios_are_those_of_the_weights_alone():
    weights, biases = draw(TANH)
    steps = [0.1, 0.01, 0.0, 2.0]
    moved = [weight * (1.0 - step) for weight, step in zip(weights, steps, strict=True)]
    after = SPEC.pack(moved, [bias + 7.0 for bias in biases])
    np.testing.assert_allclose(update_ratios(SPEC.pack(weights, biases), after, SPEC), steps, rtol=1e-12)


def test_an_update_from_zero_has_an_infinite_ratio_and_none_at_all_has_no_number():
    weights, biases = draw(TANH, "zeros")
    after = SPEC.pack([weights[0] + 1.0, *weights[1:]], biases)
    ratios = update_ratios(SPEC.pack(weights, biases), after, SPEC)
    assert ratios[0] == np.inf
    assert np.isnan(ratios[1])
    assert ratios[3] == 0.0
