"""The verdicts of small trainings: networks of which something is known beforehand, from their draw to their words."""

import numpy as np
import pytest
from support import DEFAULT_THRESHOLDS

from depthsounder.data.prepare import prepare_dataset
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.elements.axes import Cell
from depthsounder.elements.initializers import initializer
from depthsounder.engine.drawing import draw_stack
from depthsounder.engine.rows import initial_signal, trace_columns
from depthsounder.engine.spec import NetworkSpec, layer_sizes
from depthsounder.engine.training import Recipe, Trace, train
from depthsounder.engine.tuning import choose_rate
from depthsounder.judging.cell_verdicts import judge_cells
from depthsounder.judging.reference import References
from depthsounder.storage.schemas import SIGNAL, TRACES
from depthsounder.storage.tables import write_cells

THRESHOLDS = DEFAULT_THRESHOLDS
ROOT_SEED, STEPS, BATCH = 1, 300, 32


def join(*columns):
    return {name: np.ma.concatenate([part[name] for part in columns]) for name in columns[0]}


def judge(tmp_path, dataset, cell, width, rates, measured=20, evaluated=10):
    """Measure, tune, train and judge a cell as the workflow does."""
    init, sizes = initializer(cell.init), layer_sizes(dataset.n_inputs, width, cell.depth, dataset.n_classes)
    spec = NetworkSpec(sizes, ACTIVATIONS[cell.activation], ARCHITECTURES[cell.architecture])
    recipe = Recipe("sgd", BATCH, STEPS, ())

    def traces_of(seeds, rates):
        traces = [Trace(seed, rate) for seed in seeds for rate in rates]
        drawn = draw_stack(ROOT_SEED, seeds, spec, init).repeat(len(rates), axis=0)
        train(drawn, spec, dataset, recipe, traces, ROOT_SEED)
        return traces

    tuning = traces_of([10_000, 10_001], rates)
    losses = {(trace.learning_rate, trace.seed): np.array(trace.losses) for trace in tuning}
    best = choose_rate(losses, STEPS, THRESHOLDS.tail_steps)
    evaluation = traces_of(range(evaluated), [best])
    networks = draw_stack(ROOT_SEED, range(measured), spec, init)
    signal = initial_signal(networks, range(measured), spec, dataset)
    traces = join(trace_columns(tuning, "tune"), trace_columns(evaluation, "evaluate"))
    write_cells(tmp_path / "signal.parquet", {cell: signal}, SIGNAL)
    write_cells(tmp_path / "traces.parquet", {cell: traces}, TRACES)
    references = References(ROOT_SEED, dataset.train_labels, BATCH, STEPS)
    (row,) = judge_cells(tmp_path / "signal.parquet", tmp_path / "traces.parquet", [cell], references, THRESHOLDS)
    return row


@pytest.fixture(scope="module")
def digits():
    return prepare_dataset("digits", None, 0.2, ROOT_SEED, 256)


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """Inputs that know nothing of the labels, one in a hundred of which is positive."""
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("noise") / "noise.npz"
    np.savez(path, X=random.normal(size=(3000, 20)), y=random.permutation((np.arange(3000) < 30).astype(int)))
    return prepare_dataset(str(path), "y", 0.2, ROOT_SEED, 256)


def test_linear_networks_that_fall_from_far_above_are_not_called_stalled(tmp_path, digits):
    row = judge(tmp_path, digits, Cell(3, "plain", "linear", "naive_unit"), 64, (0.0001, 0.001, 0.01, 0.1), evaluated=5)
    assert row["tail_loss"] > 2 * row["reference_loss"]
    assert (row["training_verdict"], row["falling"], row["on_plateau"]) == ("partial", 5, 0)
    assert "5 falling" in row["reason"]


def test_narrow_relu_networks_are_counted_by_what_became_of_them(tmp_path, digits):
    cell = Cell(10, "plain", "relu", "he_normal")
    row = judge(tmp_path, digits, cell, 4, (0.03, 0.1, 0.3), measured=100, evaluated=20)
    assert row["signal_verdict"] == "healthy"
    assert 0 < row["dead_at_birth"] <= row["on_plateau"] < 20
    assert row["learning"] + row["successes"] > 0
    assert f"({row['dead_at_birth']} dead at birth)" in row["reason"]
    assert "left the plateau at steps" in row["reason"]


def test_inputs_collapse_under_large_biases_though_the_errors_ratio_is_healthy(tmp_path, digits):
    cell = Cell(20, "plain", "relu", "gaussian_w2_b25")
    row = judge(tmp_path, digits, cell, 64, (0.01, 0.1), measured=20, evaluated=3)
    assert (row["signal_verdict"], row["forward_verdict"]) == ("healthy", "collapsed")
    assert row["variance_share"] < 0.005
    assert 0.4 < row["dead_units"] < 0.6
    assert "but inputs have collapsed" in row["reason"]


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_networks_that_hear_nothing_of_noise_with_a_rare_class_are_stalled(tmp_path, noise, activation):
    cell = Cell(20, "plain", activation, "naive_small")
    row = judge(tmp_path, noise, cell, 64, (0.03, 0.1, 0.3, 1.0, 3.0), measured=6)
    assert row["delta_ratio"] < 1e-18
    # The tails of networks that guess scatter by a fifth of H here, those of all cells alike.
    assert (row["training_verdict"], row["on_plateau"], row["escape_step"]) == ("stalled", 10, None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("depth", "architecture", "activation", "init", "rates", "verdict"),
    [
        (20, "plain", "sigmoid", "glorot_normal", (0.01, 1.0, 3.0), "stalled"),
        (20, "layer_norm", "sigmoid", "glorot_normal", (0.003, 0.3, 1.0), "stalled"),
        (20, "batch_norm", "sigmoid", "glorot_normal", (0.03, 0.1, 0.3), "partial"),
        (20, "residual", "sigmoid", "glorot_normal", (0.3, 1.0), "trains"),
        (20, "residual", "relu", "he_normal", (0.003, 0.01, 0.1), "diverged"),
        (50, "residual_sqrt", "relu", "he_normal", (0.1,), "trains"),
    ],
)
def test_normalization_and_shortcuts_do_what_the_readme_says_of_them(
    tmp_path, digits, depth, architecture, activation, init, rates, verdict
):
    cell = Cell(depth, architecture, activation, init)

    assert judge(tmp_path, digits, cell, 64, rates, measured=2, evaluated=5)["training_verdict"] == verdict
