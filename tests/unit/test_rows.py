"""From measurements to rows: each number under its name, beside the network, step and layer that it belongs to."""

import numpy as np
import pytest
from support import small_dataset

from depthsounder.elements.activations import RELU, TANH
from depthsounder.elements.initializers import HE_NORMAL
from depthsounder.engine.drawing import draw_stack
from depthsounder.engine.jacobian import InputJacobian
from depthsounder.engine.probes import STATISTICS, Probe
from depthsounder.engine.rows import initial_jacobian, initial_signal, trace_columns, training_signal
from depthsounder.engine.spec import NetworkSpec, layer_sizes
from depthsounder.engine.training import Recipe, Trace, Trainer
from depthsounder.storage.schemas import JACOBIAN, SIGNAL, TRACES, part_schema
from depthsounder.storage.tables import read_table, write_table

DATASET = small_dataset()
SIZES = layer_sizes(DATASET.n_inputs, 8, 2, DATASET.n_classes)
RELU_SPEC, TANH_SPEC = NetworkSpec(SIZES, RELU), NetworkSpec(SIZES, TANH)


def written(tmp_path, columns, schema):
    write_table(tmp_path / "part.parquet", columns, part_schema(schema))
    return read_table(tmp_path / "part.parquet").to_pylist()


def train(networks, steps=4, logged_steps=(0, 1, 4)):
    parameters = draw_stack(1, [seed for seed, _ in networks], RELU_SPEC, HE_NORMAL)
    traces = [Trace(seed, rate) for seed, rate in networks]
    recipe = Recipe("sgd", 16, steps, logged_steps)
    Trainer(parameters, RELU_SPEC, DATASET, recipe, traces, Probe(RELU_SPEC, DATASET)).run(1)
    return traces


def test_a_fresh_network_has_a_row_for_each_layer_at_step_zero(tmp_path):
    seeds = [3, 8]
    parameters = draw_stack(1, seeds, TANH_SPEC, HE_NORMAL)
    rows = written(tmp_path, initial_signal(parameters, seeds, TANH_SPEC, DATASET), SIGNAL)
    assert [(row["seed"], row["step"], row["layer"]) for row in rows] == [
        (seed, 0, layer) for seed in seeds for layer in (1, 2, 3)
    ]
    assert [(row["fan_in"], row["fan_out"]) for row in rows] == [(6, 8), (8, 8), (8, 3)] * 2
    assert all(row["learning_rate"] is None and row["update_ratio"] is None for row in rows)
    probe = Probe(TANH_SPEC, DATASET)
    for row in rows:
        measured = probe.measure(parameters[seeds.index(row["seed"])])
        for name in STATISTICS:
            value = measured[name][row["layer"] - 1]
            assert row[name] == (None if value is np.ma.masked else value)


def test_a_fresh_network_has_a_row_for_each_singular_value_and_zeros_are_kept(tmp_path):
    seeds = [3, 8]
    parameters = draw_stack(1, seeds, RELU_SPEC, HE_NORMAL)
    rows = written(tmp_path, initial_jacobian(parameters, seeds, RELU_SPEC, DATASET), JACOBIAN)
    assert [(row["seed"], row["index"]) for row in rows] == [(seed, index) for seed in seeds for index in range(1, 7)]
    jacobian = InputJacobian(RELU_SPEC, DATASET)
    measured = [logarithm for network in parameters for logarithm in jacobian.measure(network)]
    assert [row["log_singular_value"] for row in rows] == measured
    assert -np.inf in measured


def test_rows_of_training_are_those_of_the_logged_steps_by_network_step_and_layer(tmp_path):
    traces = train([(0, 0.1), (5, 0.3)])
    rows = written(tmp_path, training_signal(traces, RELU_SPEC), SIGNAL)
    assert [(row["seed"], row["learning_rate"], row["step"], row["layer"]) for row in rows] == [
        (seed, rate, step, layer) for seed, rate in ((0, 0.1), (5, 0.3)) for step in (1, 4) for layer in (1, 2, 3)
    ]
    by_seed = {trace.seed: trace for trace in traces}
    for row in rows:
        statistics = by_seed[row["seed"]].signals[row["step"]]
        assert row["update_ratio"] == statistics["update_ratio"][row["layer"] - 1]
        assert row["delta_second_moment"] == statistics["delta_second_moment"][row["layer"] - 1]
        assert row["saturated_fraction"] is None
        assert (row["dead_fraction"] is None) == (row["layer"] == 3)


@pytest.mark.parametrize("networks", [[], [(0, 1e9)]], ids=["no network", "none that lived"])
def test_nothing_measured_is_a_part_without_rows(tmp_path, networks):
    traces = train(networks, steps=30, logged_steps=(30,)) if networks else []
    assert written(tmp_path, training_signal(traces, RELU_SPEC), SIGNAL) == []


def test_what_was_measured_and_is_no_number_is_no_null():
    trace = Trace(0, 0.1, losses=[1.0, 1.0])
    values = np.ma.masked_array([np.nan, np.inf, 1.0], [False, False, True])
    trace.signals[1] = {**dict.fromkeys(STATISTICS, values), "update_ratio": np.array([np.inf, np.nan, 0.0])}
    columns = training_signal([trace], RELU_SPEC)
    np.testing.assert_array_equal(columns["h_mean"].mask, [False, False, True])
    np.testing.assert_array_equal(columns["h_mean"].data[:2], [np.nan, np.inf])
    np.testing.assert_array_equal(columns["update_ratio"], [np.inf, np.nan, 0.0])


def test_a_trace_has_a_row_for_each_step_and_numbers_at_the_logged_ones(tmp_path):
    traces = train([(0, 0.1)])
    rows = written(tmp_path, trace_columns(traces, "evaluate"), TRACES)
    assert [row["step"] for row in rows] == [0, 1, 2, 3, 4]
    assert {row["phase"] for row in rows} == {"evaluate"}
    assert [row["train_loss"] for row in rows] == [np.float32(loss) for loss in traces[0].losses]
    for row in rows:
        logged = traces[0].evaluations.get(row["step"], {})
        assert row["grad_norm"] == logged.get("grad_norm")
        for name in ("test_loss", "test_accuracy", "train_accuracy"):
            assert row[name] == (np.float32(logged[name]) if logged else None)


def test_traces_stand_in_the_order_of_seeds_and_rates_whatever_the_order_of_training(tmp_path):
    orders = [[(1, 0.3), (0, 0.1), (1, 0.1), (0, 0.3)], [(0, 0.1), (0, 0.3), (1, 0.1), (1, 0.3)]]
    one, other = (written(tmp_path, trace_columns(train(order), "tune"), TRACES) for order in orders)
    assert one == other
    assert [(row["seed"], row["learning_rate"]) for row in one[::5]] == [(0, 0.1), (0, 0.3), (1, 0.1), (1, 0.3)]


def test_a_trace_that_ended_early_does_not_shift_its_neighbors_numbers(tmp_path):
    traces = train([(0, 1e9), (1, 0.1)], steps=12, logged_steps=(0, 12))
    assert len(traces[0].losses) < 13
    rows = written(tmp_path, trace_columns(traces, "evaluate"), TRACES)
    last = [row for row in rows if row["seed"] == 1][-1]
    assert (last["step"], last["grad_norm"]) == (12, traces[1].evaluations[12]["grad_norm"])
    dead = [row for row in rows if row["seed"] == 0]
    assert not np.isfinite(dead[-1]["train_loss"])
    assert dead[-1]["grad_norm"] is None
