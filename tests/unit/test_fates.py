"""The fate of one network: each word, each boundary, and that a network which knows nothing stands on the plateau."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from depthsounder.engine.training import batches
from depthsounder.judging.fates import escape_step, fate, first_below, plateau_top
from depthsounder.judging.reference import Guessing, References
from depthsounder.judging.thresholds import Thresholds
from depthsounder.judging.verdicts import judge_training

THRESHOLDS = Thresholds(
    exploding_ratio=100.0,
    vanishing_ratio=0.01,
    collapsed_share=0.01,
    trains_loss=0.125,
    trains_share=0.8,
    stalled_loss=0.875,
    plateau_loss=1.125,
    diverged_loss=2.0,
    tail_steps=5,
)
STEPS = 20
UNSEEN = np.zeros((STEPS + 1, 0), dtype=int)
"""No fate looks at single batches."""
EQUAL = Guessing(np.full(17, 2.0), by_frequency=np.full(17, 2.0), blind=2.0, class_counts=UNSEEN)
RARE = Guessing(np.full(17, 0.25), by_frequency=np.full(17, 0.5), blind=2.0, class_counts=UNSEEN)


def ending(tail, start):
    """Losses that begin at `start` and whose last five are `tail`."""
    return np.array([start] * (STEPS - 4) + [tail] * 5)


@pytest.mark.parametrize(
    ("tail", "start", "expected"),
    [
        (0.25, 2.5, "trained"),
        (0.2501, 2.5, "learning"),
        (1.7499, 2.5, "learning"),
        (1.75, 2.5, "on_plateau"),
        (2.25, 2.5, "on_plateau"),
        (2.2501, 4.6, "falling"),
        (2.2501, 4.5, "above_plateau"),
        (300.0, 600.0, "falling"),
        (599.0, 600.0, "above_plateau"),
        (1200.0, 600.0, "above_plateau"),
        (1200.1, 600.0, "diverged"),
        (5.0, 2.5, "above_plateau"),
        (5.0001, 2.5, "diverged"),
        (4.0, 1.5, "above_plateau"),
        (4.0001, 1.5, "diverged"),
        (np.inf, 2.5, "diverged"),
        (np.nan, 2.5, "diverged"),
    ],
)
def test_each_fate_begins_where_the_one_before_it_ends(tail, start, expected):
    assert fate(ending(tail, start), EQUAL, STEPS, THRESHOLDS) == expected


def test_a_trace_that_ends_early_has_diverged_however_low_it_was():
    assert fate(np.full(STEPS, 0.01), EQUAL, STEPS, THRESHOLDS) == "diverged"


@pytest.mark.parametrize(
    ("tail", "start", "expected"),
    [
        # From equal probabilities, ln K, down to the frequencies: what a network can learn of the classes alone.
        (0.6, 2.0, "on_plateau"),
        (1.5, 2.25, "on_plateau"),
        # One that began far above has come down from there, and is no such network.
        (0.6, 600.0, "falling"),
        (0.5625, 600.0, "on_plateau"),
        (0.21875, 2.0, "on_plateau"),
        (0.2187, 2.0, "learning"),
        # The batches' own labels tell nothing here: twice what guessing costs on them is no divergence from a start.
        (1.9, 1.9, "on_plateau"),
    ],
)
def test_between_blind_guessing_and_the_frequencies_a_network_may_know_the_frequencies_at_most(tail, start, expected):
    assert fate(ending(tail, start), RARE, STEPS, THRESHOLDS) == expected


@given(st.floats(0.0, 1e4), st.floats(1e-3, 1e4), st.floats(0.01, 100.0))
def test_a_fate_does_not_depend_on_the_unit_of_the_loss(tail, start, scale):
    # A power of two scales exactly.
    scale = 2.0 ** np.round(np.log2(scale))
    scaled = Guessing(EQUAL.least * scale, EQUAL.by_frequency * scale, EQUAL.blind * scale, UNSEEN)
    assert fate(ending(tail, start), EQUAL, STEPS, THRESHOLDS) == fate(
        ending(tail, start) * scale, scaled, STEPS, THRESHOLDS
    )


RANKS = ["trained", "learning", "on_plateau", "falling", "above_plateau", "diverged"]


@given(st.floats(0.0, 1e4), st.floats(0.0, 1e4), st.floats(1e-3, 1e4), st.sampled_from([EQUAL, RARE]))
def test_a_higher_tail_from_the_same_start_is_no_better_fate(one, other, start, guessing):
    low, high = sorted((one, other))
    fates = [fate(ending(tail, start), guessing, STEPS, THRESHOLDS) for tail in (low, high)]
    assert RANKS.index(fates[0]) <= RANKS.index(fates[1])


@given(st.floats(1e-3, 1e4), st.sampled_from([EQUAL, RARE]))
def test_what_has_diverged_lies_above_the_plateau(start, guessing):
    assert plateau_top(start, guessing, THRESHOLDS) <= max(start, 2.0 * guessing.blind, 2.0 * guessing.by_frequency[-1])


# --- networks that know nothing of their inputs, on batches with rare classes ---

DEFAULT = replace(THRESHOLDS, trains_loss=0.1, stalled_loss=0.98, plateau_loss=1.1, tail_steps=50)
SHARES = (0.5, 0.2, 0.05, 0.01, 0.002)
N_STEPS, BATCH, N_EXAMPLES = 300, 32, 20_000


def shares_of_batches(root_seed, seed, labels):
    """The share of class 1 in each batch of a training."""
    feed = batches(root_seed, seed, len(labels), BATCH)
    return np.array([labels[next(feed)].mean() for _ in range(N_STEPS + 1)])


def losses_of(predicted, rare):
    """The batch losses of a prediction that ignores the inputs: the probability of class 1, at each step or at all."""
    return -(rare * np.log(predicted) + (1 - rare) * np.log1p(-predicted))


def exact(share, rare, generator):
    return share


def off(share, rare, generator):
    """Odds that are wrong by up to a third."""
    odds = share / (1 - share) * np.exp(generator.uniform(-0.3, 0.3))
    return odds / (1 + odds)


def learned(share, rare, generator):
    """All that a dead network learns: a bias, by gradient descent on its batches, from equal odds."""
    logits = [0.0]
    for of_batch in rare[:-1]:
        logits.append(logits[-1] + 3.0 * (of_batch - 1 / (1 + np.exp(-logits[-1]))))
    return 1 / (1 + np.exp(-np.array(logits)))


def drifting(share, rare, generator):
    """A bias that comes down from equal odds to the frequencies and wanders about them, whatever the batches."""
    wandering = np.cumsum(generator.normal(0, 0.02, N_STEPS + 1))
    descent = 1 - np.exp(-np.arange(N_STEPS + 1) / 40)
    return 1 / (1 + np.exp(-np.log(share / (1 - share)) * descent - 0.3 * np.tanh(wandering)))


@pytest.mark.slow
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("predicted", [exact, off, learned, drifting])
def test_a_prediction_that_ignores_the_inputs_is_stalled_whatever_the_classes_shares(predicted, share):
    labels = (np.arange(N_EXAMPLES) < share * N_EXAMPLES).astype(int)
    words = []
    for root_seed in range(50):
        references = References(root_seed, labels, BATCH, N_STEPS)
        generator = np.random.default_rng(root_seed)
        losses = {}
        for seed in (*range(5), 10_000, 10_001):
            rare = shares_of_batches(root_seed, seed, labels)
            losses[seed] = losses_of(predicted(share, rare, generator), rare)
        tuning = {(rate, seed): losses[seed] for rate in (0.1, 1.0) for seed in (10_000, 10_001)}
        evaluation = {(0.1, seed): losses[seed] for seed in range(5)}
        verdict = judge_training(tuning, evaluation, references, DEFAULT)
        words.append(verdict.training_verdict)
        assert verdict.successes == 0
        # What falls by itself just as a rare class has ended may undercut for once what no constant prediction does.
        assert verdict.first_escape is None or predicted is drifting
    assert words == ["stalled"] * 50


def test_a_network_that_knows_its_inputs_is_seen_to_train_among_rare_classes():
    labels = (np.arange(N_EXAMPLES) < 0.02 * N_EXAMPLES).astype(int)
    guessing = References(1, labels, BATCH, N_STEPS).guessing(0, 50)
    assert fate(np.geomspace(0.69, 1e-4, N_STEPS + 1), guessing, N_STEPS, DEFAULT) == "trained"


@pytest.mark.parametrize("scale", [0.5, 4.0, 100.0])
@pytest.mark.parametrize("share", [0.5, 0.1])
def test_networks_that_never_move_do_not_diverge_however_wrong_they_are(share, scale):
    # Their first loss is one batch's, which of forty networks may once be half of the mean.
    labels = (np.random.default_rng(0).random(2000) < share).astype(int)
    references = References(1, labels, batch_size=32, steps=100)
    thresholds = replace(THRESHOLDS, tail_steps=50)
    found = []
    for seed in range(40):
        right = np.random.default_rng(seed).normal(scale=scale, size=(2000, 2))
        costs = np.logaddexp.reduce(right, axis=1) - right[np.arange(2000), labels]
        feed = batches(1, seed, len(labels), 32)
        losses = np.array([costs[next(feed)].mean() for _ in range(101)])
        found.append(fate(losses, references.guessing(seed, 50), 100, thresholds))
    assert found.count("diverged") <= 1
    assert "trained" not in found


# --- the step at which a network leaves the plateau ---

LEVEL = DEFAULT.stalled_loss
BALANCED = np.full((N_STEPS + 1, 4), 8)
"""Batches with eight examples of each of four classes, on which a constant prediction costs ln 4 at least."""


def guessing_of(class_counts, window):
    """What constant predictions cost on batches given by their classes."""
    sums = np.array([class_counts[end - window : end].sum(axis=0) for end in range(window, len(class_counts) + 1)])
    least = entropy(sums, axis=1)
    return Guessing(least, by_frequency=least, blind=np.log(class_counts.shape[1]), class_counts=class_counts)


def leaves(losses, class_counts=BALANCED):
    """The escape step of losses in units of ln 4."""
    return escape_step(np.log(4) * np.asarray(losses), guessing_of(class_counts, 50), DEFAULT)


@pytest.mark.parametrize("start", [1.01, 20.0, 1e4])
@pytest.mark.parametrize("at", [1, 2, 9, 40, 49, 50, 51, 120, 250])
def test_a_loss_that_falls_at_a_step_leaves_the_plateau_at_that_step_however_early_or_late(at, start):
    # A mean over the last fifty would see the earliest at step 49, and wait until a high start is forgotten.
    assert leaves(np.where(np.arange(N_STEPS + 1) < at, start, 0.4)) == at


@pytest.mark.parametrize(("start", "time"), [(1.5, 5.0), (1.5, 20.0), (3.0, 4.0), (1.01, 30.0)])
def test_a_loss_that_decays_leaves_when_it_crosses_the_level(start, time):
    crossing = time * np.log(start / LEVEL)
    assert leaves(start * np.exp(-np.arange(N_STEPS + 1) / time)) == np.floor(crossing) + 1


def test_a_loss_that_creeps_below_the_level_leaves_when_it_crosses_it():
    slope = 1.1e-4
    assert leaves(1.0 - slope * np.arange(N_STEPS + 1)) == np.floor((1 - LEVEL) / slope) + 1


def test_a_few_low_batches_by_luck_are_no_escape_and_do_not_date_one():
    losses = np.full(N_STEPS + 1, 1.2)
    losses[[20, 60, 61]] = 0.7
    assert leaves(losses) == np.inf
    losses[80:] = 0.5
    assert leaves(losses) == 80


def test_a_network_leaves_if_and_only_if_the_mean_of_a_window_does_and_within_that_window():
    random = np.random.default_rng(4)
    dated = []
    for _ in range(300):
        level = np.exp(np.cumsum(random.normal(-0.001, 0.02, N_STEPS + 1)))
        losses = np.log(4) * level * random.gamma(20.0, 1 / 20.0, N_STEPS + 1)
        known = guessing_of(random.multinomial(32, [0.25] * 4, size=N_STEPS + 1), 50)
        end = first_below(losses, LEVEL * known.least, 50)
        step = escape_step(losses, known, DEFAULT)
        assert step == end == np.inf or end - 49 <= step <= end
        dated += [step < end] if np.isfinite(step) else []
    assert len(dated) > 100
    assert np.mean(dated) > 0.5


@pytest.mark.parametrize("share", SHARES)
def test_no_constant_prediction_leaves_the_plateau_by_luck(share):
    labels = (np.arange(N_EXAMPLES) < share * N_EXAMPLES).astype(int)
    escapes = 0
    for seed in range(200):
        references = References(7, labels, BATCH, N_STEPS)
        rare = references.guessing(seed, 50).class_counts[:, 1] / BATCH
        # The best that could be known in hindsight: the frequencies of these very batches.
        hindsight = np.clip(rare.mean(), 1e-6, 1 - 1e-6)
        for predicted in (share, hindsight, 0.5):
            step = escape_step(losses_of(predicted, rare), references.guessing(seed, 50), DEFAULT)
            escapes += np.isfinite(step)
    assert escapes == 0


@pytest.mark.parametrize("scale", [0.1, 0.5, 4.0])
def test_networks_that_know_nothing_and_are_not_constant_do_not_leave_by_luck_either(scale):
    labels = np.random.default_rng(0).integers(10, size=1437)
    references = References(1, labels, batch_size=32, steps=N_STEPS)
    escapes = 0
    for seed in range(200):
        outputs = np.random.default_rng(seed).normal(scale=scale, size=(len(labels), 10))
        costs = np.logaddexp.reduce(outputs, axis=1) - outputs[np.arange(len(labels)), labels]
        feed = batches(1, seed, len(labels), 32)
        losses = np.array([costs[next(feed)].mean() for _ in range(N_STEPS + 1)])
        escapes += np.isfinite(escape_step(losses, references.guessing(seed, 50), DEFAULT))
    assert escapes == 0
