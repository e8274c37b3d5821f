"""What holds for every network, batch, trace and table, whatever the numbers."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support import DEFAULT_THRESHOLDS, EVERY_ACTIVATION, FlatReferences, small_dataset

from depthsounder.checking.checked_network import draw_checked_network
from depthsounder.checking.gradcheck import complex_step, relative_error
from depthsounder.elements.activations import LEAKY_RELU, LINEAR, RELU
from depthsounder.elements.initializers import initializer
from depthsounder.elements.streams import stream
from depthsounder.engine.drawing import draw_network, draw_stack
from depthsounder.engine.loss import cross_entropy
from depthsounder.engine.network import NetworkStack
from depthsounder.engine.probes import Probe
from depthsounder.engine.spec import NetworkSpec, layer_sizes
from depthsounder.engine.training import Recipe, Trace, Trainer, batches
from depthsounder.engine.tuning import choose_rate, group_losses, tail_loss
from depthsounder.judging.fates import first_below
from depthsounder.judging.verdicts import judge_signal, judge_training
from depthsounder.storage.tables import read_table, write_table

DATASET = small_dataset()
THRESHOLDS = replace(DEFAULT_THRESHOLDS, tail_steps=5)
ENTROPY = 2.3

activations = st.sampled_from(EVERY_ACTIVATION)
inits = st.sampled_from(
    ["naive_small", "naive_large", "glorot_normal", "glorot_uniform", "he_normal", "orthogonal", "gaussian_w1.5_b0.05"]
).map(initializer)
precisions = st.sampled_from([np.float32, np.float64])
widths = st.integers(1, 70)
depths = st.integers(1, 4)
batch_sizes = st.integers(1, 70)


def carry(parameters, spec, inputs, labels):
    """Go down and up a stack; return logits, costs and gradients."""
    stack = NetworkStack(parameters.copy(), spec, inputs.shape[1])
    stack.inputs[:] = inputs
    stack.forward()
    logits = stack.logits.copy()
    costs = cross_entropy(stack.logits, labels)
    stack.backward()
    return logits, costs, stack.gradients


def problem(seed, spec, n_networks, n_examples, dtype):
    random = np.random.default_rng(seed)
    parameters = (random.normal(size=(n_networks, spec.parameter_count)) / np.sqrt(max(spec.sizes))).astype(dtype)
    inputs = random.normal(size=(n_networks, n_examples, spec.sizes[0])).astype(dtype)
    return parameters, inputs, random.integers(spec.sizes[-1], size=(n_networks, n_examples))


@given(activations, depths, widths, batch_sizes, st.integers(2, 6), precisions, st.integers(0, 1000))
@settings(max_examples=60)
def test_a_network_has_the_same_bits_alone_and_in_any_stack(activation, depth, width, n_examples, n, dtype, seed):
    spec = NetworkSpec(layer_sizes(9, width, depth, 4), activation)
    parameters, inputs, labels = problem(seed, spec, n, n_examples, dtype)
    together = carry(parameters, spec, inputs, labels)
    order = np.random.default_rng(seed).permutation(n)
    shuffled = carry(parameters[order], spec, inputs[order], labels[order])
    for network in range(n):
        one = slice(network, network + 1)
        alone = carry(parameters[one], spec, inputs[one], labels[one])
        for mine, among, elsewhere in zip(alone, together, shuffled, strict=True):
            np.testing.assert_array_equal(mine[0], among[network])
            np.testing.assert_array_equal(mine[0], elsewhere[list(order).index(network)])


@given(activations, depths, st.integers(1, 12), st.integers(2, 9), st.integers(0, 1000))
@settings(max_examples=40)
def test_the_gradient_of_a_batch_is_the_sum_of_its_examples(activation, depth, width, n_examples, seed):
    spec = NetworkSpec(layer_sizes(5, width, depth, 3), activation)
    parameters, inputs, labels = problem(seed, spec, 1, n_examples, np.float64)
    _, costs, gradients = carry(parameters, spec, inputs, labels)
    singles = [carry(parameters, spec, inputs[:, [k]], labels[:, [k]]) for k in range(n_examples)]
    np.testing.assert_allclose(sum(single[2] for single in singles), gradients, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(np.concatenate([single[1] for single in singles], axis=1), costs, rtol=1e-12, atol=1e-15)


@given(
    st.sampled_from([LINEAR, RELU, LEAKY_RELU]), depths, st.integers(1, 20), st.integers(-20, 20), st.integers(0, 99)
)
@settings(max_examples=40)
def test_homogeneous_networks_scale_with_their_input_to_the_bit(activation, depth, width, exponent, seed):
    spec = NetworkSpec(layer_sizes(5, width, depth, 3), activation)
    weights, biases = draw_network(1, seed, spec, initializer("he_normal"))
    parameters = spec.pack(weights, biases)[None]
    _, inputs, labels = problem(seed, spec, 1, 4, np.float64)
    logits, _, _ = carry(parameters, spec, inputs, labels)
    scaled, _, _ = carry(parameters, spec, inputs * 2.0**exponent, labels)
    np.testing.assert_array_equal(scaled, logits * 2.0**exponent)


@given(activations, inits, st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), st.integers(0, 1000))
@settings(max_examples=60)
def test_every_gradient_is_the_complex_steps(activation, init, depth, width, n_examples, root_seed):
    network = draw_checked_network(root_seed, depth, width, n_examples, activation, init)
    analytic = network.gradient()
    for name, entries in network.spec.tensors().items():
        assert relative_error(analytic[entries], complex_step(network, entries)) < 1e-12, name


logit_arrays = arrays(np.float64, (2, 3, 4), elements=st.floats(-1e3, 1e3))
label_arrays = arrays(np.int64, (2, 3), elements=st.integers(0, 3))


@given(logit_arrays, label_arrays, st.floats(-100.0, 100.0))
def test_the_loss_knows_no_zero_of_its_logits(logits, labels, shift):
    costs, shifted = cross_entropy(logits.copy(), labels), cross_entropy(logits + shift, labels)
    np.testing.assert_allclose(shifted, costs, rtol=1e-10, atol=1e-9)
    assert (costs >= 0.0).all()


@given(logit_arrays, label_arrays, st.permutations(range(4)))
def test_the_loss_knows_no_order_of_the_classes(logits, labels, order):
    renamed = np.argsort(order)[labels]
    np.testing.assert_allclose(
        cross_entropy(logits[:, :, order], renamed), cross_entropy(logits.copy(), labels), rtol=1e-12, atol=1e-12
    )


@given(logit_arrays, label_arrays)
def test_the_losss_gradient_is_a_difference_of_two_distributions(logits, labels):
    cross_entropy(logits, labels)
    np.testing.assert_allclose(logits.sum(axis=2), 0.0, atol=1e-15)
    assert (np.abs(logits) <= 1.0).all()
    assert (np.take_along_axis(logits, labels[:, :, None], axis=2) <= 0.0).all()


@given(activations, inits, depths, st.integers(2, 12), st.integers(0, 1000))
@settings(max_examples=60)
def test_statistics_are_consistent_with_one_another(activation, init, depth, width, seed):
    spec = NetworkSpec(layer_sizes(DATASET.n_inputs, width, depth, DATASET.n_classes), activation)
    measured = Probe(spec, DATASET).measure(spec.pack(*draw_network(1, seed, spec, init)))
    assert (measured["z_batch_variance"] <= measured["z_second_moment"] * (1.0 + 1e-12)).all()
    assert (measured["weight_grad_mean_abs"] <= measured["weight_grad_rms"] * (1.0 + 1e-12)).all()
    for name in ("saturated_fraction", "dead_fraction"):
        shares = measured[name].compressed()
        assert ((shares >= 0.0) & (shares <= 1.0)).all()
    # A softmax's error is never more than 1, and two entries of it at least are not zero.
    assert 0.0 < measured["delta_second_moment"][-1] <= 1.0


networks = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from([0.01, 0.1, 1.0, 1e5])), min_size=1, max_size=6, unique=True
)


@given(networks, st.sampled_from(["sgd", "momentum", "adam"]), st.integers(0, 1000))
@settings(max_examples=20)
def test_the_company_and_the_order_of_training_leave_no_bit_behind(together, optimizer, seed):
    spec = NetworkSpec(layer_sizes(DATASET.n_inputs, 6, 2, DATASET.n_classes), RELU)
    recipe = Recipe(optimizer, 16, 6, (0, 3, 6))

    def train(block):
        parameters = draw_stack(1, [seed for seed, _ in block], spec, initializer("he_normal"))
        traces = [Trace(seed, rate) for seed, rate in block]
        Trainer(parameters, spec, DATASET, recipe, traces, Probe(spec, DATASET)).run(1)
        return {
            (trace.seed, trace.learning_rate): (
                np.array(trace.losses).tobytes(),
                str(trace.evaluations),
                {step: signal["update_ratio"].tobytes() for step, signal in trace.signals.items()},
            )
            for trace in traces
        }

    everything = train(together)
    shuffled = [together[k] for k in np.random.default_rng(seed).permutation(len(together))]
    half = len(shuffled) // 2
    assert everything == {**(train(shuffled[:half]) if half else {}), **train(shuffled[half:])}


@given(st.integers(0, 50), st.integers(1, 60), st.data())
def test_an_epoch_is_a_set_of_examples(seed, n_examples, data):
    batch_size = data.draw(st.integers(1, n_examples))
    feed = batches(1, seed, n_examples, batch_size)
    for _ in range(2):
        epoch = np.concatenate([next(feed) for _ in range(n_examples // batch_size)])
        assert len(set(epoch.tolist())) == len(epoch) == n_examples // batch_size * batch_size
        assert set(epoch.tolist()) <= set(range(n_examples))


names = st.lists(st.integers(0, 30), max_size=4)


@given(names, names)
def test_streams_are_one_only_if_their_names_are(one, other):
    first, second = (stream(1, "weights", *those).bit_generator.random_raw() for those in (one, other))
    assert (first == second) == (one == other)


@given(
    arrays(np.float64, st.integers(0, 30), elements=st.floats(allow_nan=True, allow_infinity=True)),
    st.randoms(use_true_random=False),
)
@settings(max_examples=50)
def test_tables_keep_every_number_and_every_null(tmp_path_factory, values, random):
    mask = np.array([random.random() < 0.3 for _ in values], bool)
    path = tmp_path_factory.getbasetemp() / "property.parquet"
    schema = pa.schema([pa.field("value", pa.float64(), metadata={"unit": "1"})])
    write_table(path, {"value": np.ma.masked_array(values, mask)}, schema)
    found = read_table(path)["value"].to_pylist()
    assert [value is None for value in found] == mask.tolist()
    np.testing.assert_array_equal([value for value in found if value is not None], values[~mask])


losses_of_a_network = st.lists(st.floats(0.0, 5.0, width=32), min_size=1, max_size=21).map(
    lambda losses: np.array(losses, np.float32) if len(losses) == 21 else np.array([*losses[:-1], np.nan], np.float32)
)
full_losses = st.lists(st.floats(0.0, 5.0, width=32), min_size=21, max_size=21).map(lambda x: np.array(x, np.float32))
any_losses = st.one_of(full_losses, losses_of_a_network)


@given(st.dictionaries(st.tuples(st.sampled_from([0.01, 0.1, 1.0]), st.integers(0, 2)), any_losses, min_size=1))
def test_the_chosen_rate_is_not_beaten_and_the_order_of_networks_does_not_matter(losses):
    chosen = choose_rate(losses, 20, 5)
    medians = {
        rate: np.median([tail_loss(trace, 20, 5) for (other, _), trace in losses.items() if other == rate])
        for rate, _ in losses
    }
    assert all((medians[chosen], chosen) <= (median, rate) for rate, median in medians.items())
    assert choose_rate(dict(reversed(losses.items())), 20, 5) == chosen


@given(st.dictionaries(st.tuples(st.sampled_from([0.01, 0.1, 1.0]), st.integers(0, 2)), any_losses, min_size=1))
def test_cutting_rows_into_networks_is_the_inverse_of_joining_them(losses):
    rates = np.concatenate([np.full(len(trace), rate) for (rate, _), trace in losses.items()])
    seeds = np.concatenate([np.full(len(trace), seed) for (_, seed), trace in losses.items()])
    grouped = group_losses(rates, seeds, np.concatenate(list(losses.values())))
    assert list(grouped) == list(losses)
    assert all(np.array_equal(grouped[key], trace, equal_nan=True) for key, trace in losses.items())


@given(any_losses, st.floats(0.1, 5.0), st.integers(1, 10))
def test_where_a_level_is_passed_is_found_by_looking_at_one_window_after_another(losses, level, window):
    found = first_below(losses, np.full(max(len(losses) - window + 1, 0), level), window)
    exact = losses.astype(float)
    means = {end: exact[end - window + 1 : end + 1].mean() for end in range(window - 1, len(losses))}
    # Where a mean is the level itself, rounding decides.
    if not any(abs(mean - level) < 1e-9 for mean in means.values()):
        assert found == min((end for end, mean in means.items() if mean < level), default=np.inf)


ORDER = ["vanishing", "healthy", "exploding"]
ratio_arrays = arrays(
    np.float64, st.integers(1, 25), elements=st.one_of(st.just(0.0), st.just(np.inf), st.floats(1e-6, 1e6))
)


@given(ratio_arrays, st.floats(1.0, 1e6))
def test_larger_ratios_never_turn_a_signal_towards_vanishing(ratios, factor):
    before, after = judge_signal(ratios, THRESHOLDS), judge_signal(ratios * factor, THRESHOLDS)
    assert ORDER.index(after.signal_verdict) >= ORDER.index(before.signal_verdict)


@given(ratio_arrays)
def test_a_borderline_is_an_interval_with_a_threshold_in_it(ratios):
    verdict = judge_signal(ratios, THRESHOLDS)
    if verdict.delta_ratio_low is None:
        assert verdict.signal_borderline is None
        assert len(ratios) < 6
    else:
        assert verdict.delta_ratio_low <= verdict.delta_ratio <= verdict.delta_ratio_high
        words = {
            judge_signal(np.array([end]), THRESHOLDS).signal_verdict
            for end in (verdict.delta_ratio_low, verdict.delta_ratio_high)
        }
        assert verdict.signal_borderline or words == {verdict.signal_verdict}


@given(st.lists(any_losses, min_size=1, max_size=8), st.lists(any_losses, min_size=1, max_size=3), st.randoms())
def test_a_training_verdict_does_not_depend_on_the_order_of_seeds(evaluation, tuned, random):
    def judge(traces):
        tuning = {(rate, seed): trace for rate in (0.1, 1.0) for seed, trace in enumerate(tuned)}
        evaluated = {(0.1, seed): trace for seed, trace in enumerate(traces)}
        return judge_training(tuning, evaluated, FlatReferences(ENTROPY, 20), THRESHOLDS)

    verdict = judge(evaluation)
    assert judge(random.sample(evaluation, len(evaluation))) == verdict
    assert 0 <= verdict.successes <= verdict.seeds == len(evaluation)
    assert 0.0 <= verdict.success_rate_low <= verdict.success_rate <= verdict.success_rate_high <= 1.0
    if verdict.training_verdict == "trains":
        assert verdict.success_rate >= THRESHOLDS.trains_share
        assert verdict.tail_loss <= THRESHOLDS.trains_loss * ENTROPY
    learned = verdict.successes + verdict.learning + verdict.falling
    standing = verdict.on_plateau + verdict.above_plateau
    assert learned + standing + verdict.diverged_seeds == verdict.seeds
    if verdict.training_verdict == "partial":
        assert learned >= THRESHOLDS.trains_share * verdict.seeds
    if verdict.training_verdict == "mixed":
        assert 0 < learned < THRESHOLDS.trains_share * verdict.seeds
        assert standing <= verdict.seeds / 2
    if verdict.training_verdict == "stalled":
        assert standing > verdict.seeds / 2 or not learned
        assert verdict.tail_loss >= THRESHOLDS.stalled_loss * ENTROPY
