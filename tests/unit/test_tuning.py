"""The choice of a rate: the lowest median tail, on the seeds that are not judged."""

import numpy as np
import pytest

from depthsounder.engine.tuning import choose_rate, group_losses, read_chosen_rate, tail_loss
from depthsounder.storage.schemas import TRACES, part_schema
from depthsounder.storage.tables import write_table

STEPS, TAIL = 10, 4


def ending_at(tail, steps=STEPS):
    """Losses that start at 2.3 and whose last four are `tail`."""
    return np.array([2.3] * (steps + 1 - TAIL) + [tail] * TAIL, np.float32)


def diverged_after(steps):
    return np.array([2.3] * steps + [np.nan], np.float32)


def test_the_tail_is_the_mean_of_the_last_losses():
    losses = np.arange(11.0)
    assert tail_loss(losses, STEPS, TAIL) == np.mean([7.0, 8.0, 9.0, 10.0])
    assert tail_loss(losses, STEPS, 1) == 10.0
    assert tail_loss(losses, STEPS, 11) == 5.0


def test_the_tail_is_summed_in_double_precision():
    # In single precision the small one would be lost.
    losses = np.array([0.0, *[1e8, 1.0] * 5], np.float32)
    assert tail_loss(losses, STEPS, 10) == (5e8 + 5.0) / 10.0


@pytest.mark.parametrize("last", [np.nan, np.inf])
@pytest.mark.parametrize("length", [1, 6, 10, 11])
def test_a_network_that_diverged_has_an_infinite_tail(last, length):
    losses = np.full(length, 0.1)
    losses[-1] = last
    assert tail_loss(losses, STEPS, TAIL) == np.inf


def test_a_network_that_stopped_early_has_an_infinite_tail_however_low_its_last_losses():
    assert tail_loss(np.full(10, 0.1), STEPS, TAIL) == np.inf


def test_the_rate_with_the_lowest_median_tail_is_chosen():
    losses = {
        (0.1, 0): ending_at(1.0),
        (0.1, 1): ending_at(1.0),
        (0.1, 2): ending_at(1.0),
        # A better mean and a worse median.
        (1.0, 0): ending_at(0.0),
        (1.0, 1): ending_at(1.1),
        (1.0, 2): ending_at(1.1),
        # A worse mean and a better median.
        (0.3, 0): ending_at(0.9),
        (0.3, 1): ending_at(0.9),
        (0.3, 2): ending_at(9.0),
    }
    assert choose_rate(losses, STEPS, TAIL) == 0.3


def test_of_two_seeds_both_count():
    losses = {
        (0.1, 0): ending_at(0.5),
        (0.1, 1): ending_at(0.5),
        (1.0, 0): ending_at(0.1),
        (1.0, 1): diverged_after(5),
    }
    assert choose_rate(losses, STEPS, TAIL) == 0.1


@pytest.mark.parametrize("order", [(0.1, 0.3, 1.0), (1.0, 0.3, 0.1), (0.3, 1.0, 0.1)], ids=str)
def test_the_smaller_rate_is_chosen_among_equals_whatever_the_order(order):
    assert choose_rate({(rate, 0): ending_at(0.5) for rate in order}, STEPS, TAIL) == 0.1
    assert choose_rate({(rate, 0): diverged_after(3) for rate in order}, STEPS, TAIL) == 0.1


def test_the_beginning_of_a_trace_has_no_part_in_the_choice():
    slow_start, fast_start = ending_at(0.4), ending_at(0.5)
    slow_start[:5], fast_start[:5] = 100.0, 0.01
    assert choose_rate({(0.1, 0): fast_start, (1.0, 0): slow_start}, STEPS, TAIL) == 1.0


def columns(networks):
    """The columns of (rate, seed, losses), one network after another."""
    rates = np.concatenate([np.full(len(losses), rate) for rate, _, losses in networks])
    seeds = np.concatenate([np.full(len(losses), seed) for _, seed, losses in networks])
    return rates, seeds, np.concatenate([losses for _, _, losses in networks])


def test_rows_are_cut_into_networks_of_any_length():
    networks = [
        (0.1, 0, ending_at(0.5)),
        (0.3, 0, diverged_after(0)),
        (1.0, 0, diverged_after(2)),
        (1.0, 1, ending_at(0.4)),
        (0.1, 1, diverged_after(0)),
    ]
    grouped = group_losses(*columns(networks))
    assert list(grouped) == [(rate, seed) for rate, seed, _ in networks]
    for rate, seed, losses in networks:
        np.testing.assert_array_equal(grouped[rate, seed], losses)


def test_the_chosen_rate_is_read_from_all_blocks_of_the_tuning_seeds(tmp_path):
    blocks = {
        "0-0": [(0.1, 0, ending_at(0.5)), (0.3, 0, ending_at(0.2)), (1.0, 0, diverged_after(4))],
        "1-2": [
            (0.1, 1, ending_at(0.5)),
            (0.3, 1, ending_at(0.9)),
            (1.0, 1, ending_at(0.1)),
            (0.1, 2, ending_at(0.5)),
            (0.3, 2, ending_at(0.9)),
            (1.0, 2, ending_at(0.1)),
        ],
    }
    paths = []
    for block, networks in blocks.items():
        rates, seeds, losses = columns(networks)
        rows = {
            "phase": ["tune"] * len(rates),
            "seed": seeds.astype(np.int32),
            "learning_rate": rates,
            "step": np.zeros(len(rates), np.int32),
            "train_loss": losses,
            **{name: [None] * len(rates) for name in ("grad_norm", "test_loss", "test_accuracy", "train_accuracy")},
        }
        # Its folders name a cell, as those of a run do.
        paths.append(tmp_path / "depth=2" / "activation=tanh" / "init=zeros" / f"seeds={block}.parquet")
        write_table(paths[-1], rows, part_schema(TRACES))
    assert read_chosen_rate(paths[:1], STEPS, TAIL) == 0.3
    assert read_chosen_rate(paths, STEPS, TAIL) == 1.0
