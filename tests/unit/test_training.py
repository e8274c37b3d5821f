"""Training: the textbook's numbers, the same bits in any company, and an honest end for what diverges."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from support import name_of, small_dataset, textbook_gradients, textbook_pass

from depthsounder.data.prepare import prepare_dataset
from depthsounder.elements.activations import LINEAR, RELU, SIGMOID, TANH
from depthsounder.elements.initializers import HE_NORMAL, NAIVE_SMALL
from depthsounder.engine import training
from depthsounder.engine.drawing import draw_network, draw_stack
from depthsounder.engine.network import NetworkStack
from depthsounder.engine.optimizers import OPTIMIZERS
from depthsounder.engine.probes import STATISTICS, Probe
from depthsounder.engine.spec import NetworkSpec, layer_sizes
from depthsounder.engine.training import Evaluation, Recipe, Trace, Trainer, batches

DATASET = small_dataset()
SIZES = layer_sizes(DATASET.n_inputs, 8, 3, DATASET.n_classes)
SPEC = NetworkSpec(SIZES, TANH)
RECIPE = Recipe(optimizer="sgd", batch_size=16, steps=12, logged_steps=(0, 1, 5, 12))
EXPLODES = 1e5


def train(networks, recipe=RECIPE, activation=TANH, probed=True, root_seed=1):
    """Train networks, given as (seed, rate), side by side; return their traces and final parameters."""
    spec = NetworkSpec(SIZES, activation)
    parameters = draw_stack(root_seed, [seed for seed, _ in networks], spec, HE_NORMAL)
    traces = [Trace(seed, rate) for seed, rate in networks]
    probe = Probe(spec, DATASET) if probed else None
    trainer = Trainer(parameters, spec, DATASET, recipe, traces, probe)
    trainer.run(root_seed)
    return traces, trainer


def record(trace):
    """All that a trace holds, in a form that compares bit by bit, NaN included."""
    signals = {
        (step, name): np.ma.filled(np.ma.asarray(values, float), -1.0).tobytes()
        for step, statistics in trace.signals.items()
        for name, values in statistics.items()
    }
    return np.array(trace.losses).tobytes(), str(trace.evaluations), signals


def textbook_training(seed, rate, steps, activation=TANH):
    """Yield, for each step, the batch's cost and gradients and the weights before its update, all in float64."""
    weights, biases = draw_network(1, seed, NetworkSpec(SIZES, activation), HE_NORMAL)
    feed = batches(1, seed, len(DATASET.train_labels), RECIPE.batch_size)
    for chosen in islice(feed, steps + 1):
        inputs, labels = DATASET.train_inputs[chosen], DATASET.train_labels[chosen]
        cost, weight_gradients, bias_gradients = textbook_gradients(weights, biases, activation, inputs, labels)
        yield cost, weight_gradients, bias_gradients, weights, biases
        weights = [w - rate * g for w, g in zip(weights, weight_gradients, strict=True)]
        biases = [b - rate * g for b, g in zip(biases, bias_gradients, strict=True)]


# --- in which company ---


@pytest.mark.parametrize("share", [1, 3 * SPEC.working_set(16, 4), 2**40], ids=["alone", "by threes", "all"])
def test_how_many_the_cache_holds_leaves_no_bit_behind(monkeypatch, share):
    networks = [(seed, rate) for seed in range(4) for rate in (0.1, EXPLODES)]
    sizes_of_stacks = []

    class Watched(Trainer):
        def run(self, root_seed):
            sizes_of_stacks.append(len(self.living))
            super().run(root_seed)

    expected, _ = train(networks)
    monkeypatch.setattr(training, "CACHE_SHARE", share)
    monkeypatch.setattr(training, "Trainer", Watched)
    parameters = draw_stack(1, [seed for seed, _ in networks], SPEC, HE_NORMAL)
    traces = [Trace(seed, rate) for seed, rate in networks]
    training.train(parameters, SPEC, DATASET, RECIPE, traces, 1, Probe(SPEC, DATASET))
    assert sizes_of_stacks == {1: [1] * 8, 2**40: [8]}.get(share, [3, 3, 2])
    assert [record(trace) for trace in traces] == [record(trace) for trace in expected]


# --- what is computed ---


@pytest.mark.parametrize("activation", [TANH, RELU, SIGMOID], ids=name_of)
def test_a_trace_is_that_of_the_textbooks_gradient_descent(activation):
    (trace,), _ = train([(3, 0.2)], activation=activation)
    assert len(trace.losses) == RECIPE.steps + 1
    expected = list(textbook_training(3, 0.2, RECIPE.steps, activation))
    np.testing.assert_allclose(trace.losses, [cost for cost, *_ in expected], rtol=1e-4)
    for step, evaluation in trace.evaluations.items():
        _, weight_gradients, bias_gradients, weights, biases = expected[step]
        assert evaluation["grad_norm"] == pytest.approx(
            np.linalg.norm(SPEC.pack(weight_gradients, bias_gradients)), rel=1e-3
        )
        costs = [
            textbook_pass(weights, biases, activation, x, label)[0]
            for x, label in zip(DATASET.test_inputs, DATASET.test_labels, strict=True)
        ]
        assert evaluation["test_loss"] == pytest.approx(np.mean(costs), rel=1e-3)


def test_a_clipped_update_is_as_long_as_the_rate_times_the_norm_and_no_longer():
    (free,), _ = train([(3, 0.2)])
    (clipped,), _ = train([(3, 0.2)], replace(RECIPE, clip_norm=0.25))
    (loose,), _ = train([(3, 0.2)], replace(RECIPE, clip_norm=1e6))
    assert loose.losses == free.losses
    # What is logged is the gradient before it is clipped: that of step 0 is the free network's.
    assert clipped.evaluations[0] == free.evaluations[0]
    assert free.evaluations[0]["grad_norm"] > 0.25
    weights, biases = draw_network(1, 3, SPEC, HE_NORMAL)
    start = SPEC.pack(weights, biases).astype(np.float32)
    _, once = train([(3, 0.2)], Recipe("sgd", 16, 1, (), clip_norm=0.25))
    assert np.linalg.norm(once.stack.parameters[0] - start) == pytest.approx(0.2 * 0.25, rel=1e-4)


def test_clipping_saves_a_network_that_diverges_and_no_neighbor_hears_of_it():
    (free, _), _ = train([(0, EXPLODES), (1, 0.1)], activation=RELU)
    recipe = replace(RECIPE, clip_norm=1.0 / EXPLODES)
    (saved, beside), _ = train([(0, EXPLODES), (1, 0.1)], recipe, activation=RELU)
    (alone,), _ = train([(1, 0.1)], recipe, activation=RELU)
    assert len(free.losses) < RECIPE.steps + 1 == len(saved.losses)
    assert beside.losses == alone.losses


def test_the_update_ratio_is_the_rate_times_the_gradient_over_the_weights():
    (trace,), _ = train([(3, 0.2)])
    expected = list(textbook_training(3, 0.2, RECIPE.steps))
    for step, statistics in trace.signals.items():
        _, weight_gradients, _, weights, _ = expected[step - 1]
        ratios = [0.2 * np.linalg.norm(g) / np.linalg.norm(w) for g, w in zip(weight_gradients, weights, strict=True)]
        np.testing.assert_allclose(statistics["update_ratio"], ratios, rtol=2e-3)


def test_what_is_logged_belongs_to_the_weights_after_that_many_updates():
    (trace,), trainer = train([(3, 0.2)])
    final = trainer.stack.parameters[0]
    last = RECIPE.steps
    for name, values in Probe(SPEC, DATASET).measure(final).items():
        np.testing.assert_array_equal(trace.signals[last][name], values)
    evaluation = Evaluation(SPEC, DATASET).evaluate(final)
    assert {name: trace.evaluations[last][name] for name in evaluation} == evaluation
    # A shorter training is the beginning of a longer one.
    (shorter,), _ = train([(3, 0.2)], Recipe("sgd", 16, 5, (0, 1, 5)))
    assert shorter.losses == trace.losses[:6]
    assert shorter.evaluations[5] == trace.evaluations[5]


def test_loss_and_accuracies_are_those_of_the_test_part_and_of_the_probe():
    parameters = draw_stack(1, [0], SPEC, HE_NORMAL)[0]
    weights, biases, *_ = SPEC.views(parameters[None].astype(float))
    weights, biases = [w[0] for w in weights], [b[0, 0] for b in biases]

    def judge(inputs, labels):
        passes = [textbook_pass(weights, biases, TANH, x, label) for x, label in zip(inputs, labels, strict=True)]
        right = [zs[-1].argmax() == label for (_, zs, _, _), label in zip(passes, labels, strict=True)]
        return np.mean([cost for cost, *_ in passes]), np.mean(right)

    test_loss, test_accuracy = judge(DATASET.test_inputs, DATASET.test_labels)
    _, train_accuracy = judge(DATASET.probe_inputs, DATASET.probe_labels)
    found = Evaluation(SPEC, DATASET).evaluate(parameters)
    assert found["test_loss"] == pytest.approx(test_loss, rel=1e-5)
    assert found["test_accuracy"] == pytest.approx(test_accuracy)
    assert found["train_accuracy"] == pytest.approx(train_accuracy)


@pytest.mark.parametrize(("optimizer", "rate"), [("sgd", 0.3), ("momentum", 0.03), ("adam", 0.01)])
def test_every_optimizer_learns_a_problem_that_can_be_learned(optimizer, rate):
    (trace,), _ = train([(0, rate)], Recipe(optimizer, 16, 150, (150,)))
    assert np.mean(trace.losses[-20:]) < 0.2 * np.log(3)
    assert trace.evaluations[150]["test_accuracy"] > 0.8


def test_networks_are_drawn_by_name_and_rounded_once():
    drawn = draw_stack(1, [4, 7], SPEC, HE_NORMAL)
    assert drawn.dtype == np.float32
    for theta, seed in zip(drawn, (4, 7), strict=True):
        np.testing.assert_array_equal(theta, SPEC.pack(*draw_network(1, seed, SPEC, HE_NORMAL)).astype(np.float32))


# --- what is logged ---


def test_only_the_logged_steps_are_logged_and_signals_only_after_an_update():
    (trace,), _ = train([(0, 0.1)])
    assert sorted(trace.evaluations) == [0, 1, 5, 12]
    assert sorted(trace.signals) == [1, 5, 12]
    assert all(
        set(logged) == {"grad_norm", "test_loss", "test_accuracy", "train_accuracy"}
        for logged in trace.evaluations.values()
    )
    assert all(set(statistics) == {*STATISTICS, "update_ratio"} for statistics in trace.signals.values())


def test_without_a_probe_no_layer_is_measured_and_no_loss_changes():
    (probed,), _ = train([(0, 0.1)])
    (plain,), _ = train([(0, 0.1)], probed=False)
    assert not plain.signals
    assert plain.losses == probed.losses
    assert plain.evaluations == probed.evaluations


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_logging_has_no_part_in_the_training(optimizer):
    _, often = train([(0, 0.1)], Recipe(optimizer, 16, 12, tuple(range(13))))
    _, never = train([(0, 0.1)], Recipe(optimizer, 16, 12, ()))
    np.testing.assert_array_equal(often.stack.parameters, never.stack.parameters)


# --- the batches ---


def first_epochs(n_epochs, seed=0, n_examples=50, batch_size=16, root_seed=1):
    per_epoch = n_examples // batch_size
    feed = batches(root_seed, seed, n_examples, batch_size)
    return [np.concatenate(list(islice(feed, per_epoch))) for _ in range(n_epochs)]


def test_an_epoch_visits_no_example_twice_and_leaves_only_the_remainder_out():
    epochs = first_epochs(20)
    assert all(len(epoch) == len(set(epoch.tolist())) == 48 for epoch in epochs)
    assert all(epoch.min() >= 0 and epoch.max() < 50 for epoch in epochs)
    # The remainder is another one in each epoch, so that no example is left out for good.
    assert len(set(np.concatenate(epochs).tolist())) == 50
    assert len({tuple(epoch) for epoch in epochs}) == 20


def test_a_batch_as_large_as_the_data_is_the_data():
    (epoch,) = first_epochs(1, batch_size=50)
    assert sorted(epoch) == list(range(50))


def test_batches_depend_on_the_seed_alone():
    np.testing.assert_array_equal(first_epochs(3, seed=5), first_epochs(3, seed=5))
    assert not np.array_equal(first_epochs(1, seed=5), first_epochs(1, seed=6))
    assert not np.array_equal(first_epochs(1, seed=5), first_epochs(1, seed=5, root_seed=2))


def test_every_cell_of_a_seed_sees_the_same_batches(monkeypatch):
    seen = {}
    forward = NetworkStack.forward

    def watch(stack, *moments):
        if stack.inputs.shape[1] == RECIPE.batch_size:
            seen[stack.spec.activation.name, len(seen)] = stack.inputs.copy()
        forward(stack, *moments)

    monkeypatch.setattr(NetworkStack, "forward", watch)
    train([(4, 0.1)], activation=TANH, probed=False)
    train([(4, 0.7)], Recipe("adam", 16, 12, ()), activation=RELU, probed=False)
    tanh, relu = ([inputs for (name, _), inputs in seen.items() if name == wanted] for wanted in ("tanh", "relu"))
    assert len(tanh) == len(relu) == 13
    np.testing.assert_array_equal(tanh, relu)


# --- in any company ---


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    "neighbors",
    [
        [],
        [(1, 0.1), (2, 0.1), (3, 0.1)],
        [(0, 0.003), (0, 0.3), (0, 3.0)],
        [(1, EXPLODES)],
        [(1, EXPLODES), (2, 0.1), (3, EXPLODES * 10)],
    ],
    ids=["alone", "other seeds", "other rates", "one that diverges", "several that diverge"],
)
@pytest.mark.parametrize("place", ["first", "last"])
def test_a_network_has_the_same_bits_in_any_company(optimizer, neighbors, place):
    recipe = Recipe(optimizer, 16, 12, tuple(range(13)))
    (alone,), _ = train([(0, 0.1)], recipe, activation=RELU)
    networks = [(0, 0.1), *neighbors] if place == "first" else [*neighbors, (0, 0.1)]
    traces, _ = train(networks, recipe, activation=RELU)
    mine = traces[0 if place == "first" else -1]
    assert (mine.seed, mine.learning_rate) == (0, 0.1)
    assert record(mine) == record(alone)


@pytest.mark.parametrize("width", [1, 5, 64])
def test_the_width_has_no_part_in_that(width):
    sizes = layer_sizes(DATASET.n_inputs, width, 2, DATASET.n_classes)

    def run(seeds):
        spec = NetworkSpec(sizes, TANH)
        parameters = draw_stack(1, seeds, spec, HE_NORMAL)
        traces = [Trace(seed, 0.1) for seed in seeds]
        Trainer(parameters, spec, DATASET, RECIPE, traces).run(1)
        return {trace.seed: record(trace) for trace in traces}

    together = run([0, 1, 2, 3, 4, 5, 6])
    for block in ([0, 1, 2], [3], [6, 5, 4]):
        assert run(block) == {seed: together[seed] for seed in block}


# --- what diverges ---


def test_a_network_that_diverges_ends_its_trace_with_the_loss_that_is_not_finite():
    (diverged, other), _ = train([(0, EXPLODES), (1, 0.1)], activation=RELU)
    assert 1 < len(diverged.losses) < RECIPE.steps
    assert np.isfinite(diverged.losses[:-1]).all()
    assert not np.isfinite(diverged.losses[-1])
    assert all(step < len(diverged.losses) - 1 for step in [*diverged.evaluations, *diverged.signals])
    assert len(other.losses) == RECIPE.steps + 1


def test_the_update_ratio_is_ones_own_when_a_neighbor_diverges_at_that_very_step():
    (diverged,), _ = train([(0, EXPLODES)], activation=RELU)
    step = len(diverged.losses) - 1
    recipe = Recipe("sgd", 16, 12, (step,))
    (alone,), _ = train([(1, 0.1)], recipe, activation=RELU)
    (_, beside), _ = train([(0, EXPLODES), (1, 0.1)], recipe, activation=RELU)
    np.testing.assert_array_equal(beside.signals[step]["update_ratio"], alone.signals[step]["update_ratio"])


def test_what_has_diverged_costs_no_more(monkeypatch):
    carried = []
    forward = NetworkStack.forward

    def count(stack, *moments):
        if stack.inputs.shape[1] == RECIPE.batch_size:
            carried.append(len(stack.parameters))
        forward(stack, *moments)

    monkeypatch.setattr(NetworkStack, "forward", count)
    traces, _ = train(
        [(0, EXPLODES), (1, 0.1), (2, EXPLODES)], Recipe("sgd", 16, 60, ()), activation=RELU, probed=False
    )
    assert carried[0] == 3
    assert carried[-1] == 1
    # Each step of each network, and one repeated pass of the survivors for each time that some were dropped.
    assert sum(carried) <= sum(len(trace.losses) for trace in traces) + 2 * 2


def test_training_ends_when_no_network_is_left(monkeypatch):
    passes = []
    forward = NetworkStack.forward
    monkeypatch.setattr(NetworkStack, "forward", lambda *of_pass: passes.append(1) or forward(*of_pass))
    traces, _ = train([(0, EXPLODES), (1, EXPLODES)], Recipe("sgd", 16, 100_000, ()), activation=RELU, probed=False)
    assert len(passes) < 50
    assert all(not np.isfinite(trace.losses[-1]) for trace in traces)


def test_a_network_that_overflows_at_once_has_a_trace_of_one_step():
    spec = NetworkSpec(SIZES, LINEAR)
    parameters = draw_stack(1, [0, 1], spec, HE_NORMAL)
    parameters[0] *= 1e30
    traces = [Trace(0, 0.1), Trace(1, 0.1)]
    Trainer(parameters, spec, DATASET, RECIPE, traces, Probe(spec, DATASET)).run(1)
    assert [len(trace.losses) for trace in traces] == [1, RECIPE.steps + 1]
    assert not traces[0].evaluations
    assert not traces[0].signals


# --- what an optimizer hides ---


def train_accuracies(optimizer, rates):
    """The accuracy of each rate on the digits, of a sigmoid network of depth 5 whose weights are N(0, 0.01²)."""
    digits = prepare_dataset("digits", target=None, test_fraction=0.2, root_seed=1, probe_examples=256)
    sizes = layer_sizes(digits.n_inputs, 64, 5, digits.n_classes)
    spec = NetworkSpec(sizes, SIGMOID)
    parameters = draw_stack(1, [0], spec, NAIVE_SMALL).repeat(len(rates), axis=0)
    traces = [Trace(0, rate) for rate in rates]
    training.train(parameters, spec, digits, Recipe(optimizer, 64, 1500, (1500,)), traces, 1)
    return [trace.evaluations[1500]["train_accuracy"] for trace in traces]


def test_adam_hides_a_gradient_that_vanishes_from_gradient_descent():
    assert max(train_accuracies("sgd", [0.03, 0.3, 3.0])) < 0.12
    assert max(train_accuracies("adam", [0.01, 0.03])) > 0.99
