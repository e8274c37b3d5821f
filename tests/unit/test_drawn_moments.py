"""Weights are drawn before their init is believed: every law of the registry is, and none that states another."""

from dataclasses import replace

import numpy as np
import pytest

from depthsounder.activations import TANH
from depthsounder.drawn_moments import LEAST_DRAWN, why_not_believed, withheld_columns
from depthsounder.initializers import HE_NORMAL, INITIALIZERS, initializer
from depthsounder.tables import THEORY

FANS = ((11, 64), (64, 64))


def reason(init, fans=FANS, root_seed=1):
    return why_not_believed(init, TANH, fans, root_seed)


@pytest.mark.parametrize("name", [*INITIALIZERS, "gaussian_w2_b25", "gaussian_w0_b1"])
def test_every_init_of_the_registry_is_believed_whatever_the_seed(name):
    found = [reason(initializer(name), (*FANS, (3, 2)), root_seed) for root_seed in range(50)]
    assert found == [None] * 50


def test_a_layer_of_any_size_is_no_more_than_its_first_columns():
    sizes = []

    def shape(normals, variance):
        sizes.append(normals.size)
        return normals * np.sqrt(variance)

    for fans in ((65_536, 65_536), (1, 1), (64, 10_000)):
        sizes.clear()
        assert reason(replace(HE_NORMAL, shape=shape), [fans]) is None
        assert LEAST_DRAWN <= sum(sizes) < 2 * LEAST_DRAWN


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (lambda normals, variance: (normals + 1.0) * np.sqrt(variance), "have mean 0.42"),
        (lambda normals, variance: normals * np.sqrt(variance) - 8.0 / len(normals), "have mean -0.7"),
        (lambda normals, variance: normals, "variance 1"),
        (lambda normals, variance: normals * np.sqrt(variance / 2.0), "0.182 from 11 to 64 units"),
        (lambda normals, variance: np.abs(normals) * np.sqrt(variance), "have mean 0.3"),
        (lambda normals, variance: np.clip(normals, -2.0, 2.0) * np.sqrt(variance), "and variance 0.16"),
    ],
)
def test_another_mean_or_variance_than_the_stated_one_is_found_and_told(shape, expected):
    assert expected in reason(replace(HE_NORMAL, name="mine", shape=shape))


@pytest.mark.parametrize("deviations", [-7.0, 7.0])
def test_a_mean_of_seven_standard_errors_is_found(deviations):
    def shape(normals, variance):
        return (normals + deviations / np.sqrt(LEAST_DRAWN)) * np.sqrt(variance)

    assert reason(replace(HE_NORMAL, shape=shape)) is not None


@pytest.mark.parametrize(
    "law",
    [
        np.sign,
        lambda normals: np.sqrt(0.2) * normals**3 / np.sqrt(3.0),
        lambda n: np.sqrt(6.0) * np.arctan(n * 1e9) / 3.847,
    ],
    ids=["two values", "heavy tails", "nearly two values"],
)
def test_a_right_mean_and_variance_are_believed_of_any_law(law):
    assert reason(replace(HE_NORMAL, shape=lambda normals, variance: law(normals) * np.sqrt(variance))) is None


def test_only_the_layer_that_is_wrong_is_told():
    def shape(normals, variance):
        return normals * np.sqrt(variance) * (2.0 if len(normals) == 64 else 1.0)

    assert "from 64 to 64 units" in reason(replace(HE_NORMAL, shape=shape))


def test_withheld_columns_are_those_of_the_table():
    columns = withheld_columns([2, 5], "because")
    assert list(columns) == [2, 5]
    assert set(columns[5]) | {"depth", "activation", "init"} == set(THEORY.names)
    assert columns[5]["note"] == ["because"] * 5
    assert columns[5]["chi_1"] == [None] * 5
