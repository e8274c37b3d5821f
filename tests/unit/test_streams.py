"""Random numbers belong to names: nothing that is added elsewhere moves them."""

import hashlib

import numpy as np
import pytest
from scipy.stats import kstest

from depthsounder.elements.streams import stream


def draws(*names, n=1000):
    return stream(*names).standard_normal(n)


def test_one_name_has_one_stream():
    np.testing.assert_array_equal(draws(1, "weights", 0, 20, 3), draws(1, "weights", 0, 20, 3))


@pytest.mark.parametrize(
    "other",
    [
        (2, "weights", 0, 20, 3),
        (1, "biases", 0, 20, 3),
        (1, "weights", 1, 20, 3),
        (1, "weights", 0, 21, 3),
        (1, "weights", 0, 20, 4),
        (1, "weights", 0, 20),
        (1, "weights", 0, 203),
        (12, "weights", 0, 20, 3),
    ],
)
def test_another_name_has_another_stream(other):
    mine, others = draws(1, "weights", 0, 20, 3), draws(*other)
    assert not set(mine) & set(others)
    # Four standard deviations of the correlation of independent draws.
    assert abs(np.corrcoef(mine, others)[0, 1]) < 4.0 / np.sqrt(len(mine))


def test_what_was_drawn_before_has_no_part_in_a_stream():
    expected = draws(1, "batches", 5)
    stream(1, "weights", 5, 20, 3).standard_normal(10_000)
    np.testing.assert_array_equal(draws(1, "batches", 5), expected)


def test_the_first_numbers_of_neighboring_seeds_are_independent():
    firsts = np.array([stream(1, "weights", seed, 20, 1).standard_normal() for seed in range(2000)])
    assert kstest(firsts, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(firsts[:-1], firsts[1:])[0, 1]) < 4.0 / np.sqrt(len(firsts))


def test_a_stream_follows_from_the_digest_of_its_names():
    digest = hashlib.sha256(b"7/weights/3/20/1").digest()
    expected = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
    np.testing.assert_array_equal(draws(7, "weights", 3, 20, 1), expected.standard_normal(1000))


def test_streams_are_those_of_earlier_runs():
    # Raw bits, which NumPy promises never to change for PCG64: an old run can be extended years later.
    first = stream(1, "weights", 0, 2, 1).bit_generator.random_raw(2).tolist()
    assert first == [16299483803149579305, 4376534844210056513]
