"""The prepared data that every network sees."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from depthsounder.data.dataset import load_dataset
from depthsounder.data.prepare import load_examples, prepare_dataset, standardize
from depthsounder.data.sources import BUILT_IN, CENSUSES, DataError, Wanted, take_census
from depthsounder.data.sources.suspicions import suspicions

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def digits():
    return prepare_dataset("digits", None, 0.2, 1, 256)


def test_the_training_inputs_have_norm_one_per_feature_exactly(digits):
    assert abs(np.mean(np.sum(digits.train_inputs**2, axis=1) / digits.n_inputs) - 1.0) < 1e-12


def test_features_are_standardized_on_the_training_part_alone(digits):
    deviations = digits.train_inputs.std(axis=0)
    varies = deviations > 0
    assert np.abs(digits.train_inputs.mean(axis=0)).max() < 1e-12
    assert np.ptp(deviations[varies]) < 1e-12
    assert np.abs(digits.test_inputs.mean(axis=0)).max() > 1e-3
    # Three pixels in the corners never have ink; no digit of either part gives them any.
    assert 3 <= (~varies).sum() < 10
    assert not digits.test_inputs[:, ~varies].any()


def test_single_digits_still_differ_in_norm(digits):
    norms = np.mean(digits.train_inputs**2, axis=1)
    assert norms.min() == pytest.approx(0.35, abs=0.05)
    assert norms.max() == pytest.approx(38, abs=8)


def test_the_split_is_stratified_and_loses_nothing(digits):
    assert (len(digits.train_labels), len(digits.test_labels)) == (1437, 360)
    counts = np.bincount(digits.train_labels) + np.bincount(digits.test_labels)
    assert counts.tolist() == list(CENSUSES["digits"].counts)
    assert np.abs(np.bincount(digits.test_labels) - 0.2 * counts).max() < 1
    assert digits.classes.tolist() == list("0123456789")
    assert digits.class_entropy == pytest.approx(np.log(10), abs=1e-3)


def test_the_probe_is_a_set_of_training_examples(digits):
    assert len(set(digits.probe.tolist())) == 256
    assert digits.probe.tolist() == sorted(digits.probe.tolist())
    assert digits.probe.max() < 1437


def test_the_same_seed_gives_the_same_bits_and_another_seed_another_split(digits):
    again = prepare_dataset("digits", None, 0.2, 1, 256)
    for name, values in vars(digits).items():
        assert np.array_equal(values, getattr(again, name)), name
    other = prepare_dataset("digits", None, 0.2, 2, 256)
    assert not np.array_equal(other.train_labels, digits.train_labels)
    assert not np.array_equal(other.probe, digits.probe)


def test_the_probes_size_does_not_move_the_split(digits):
    small = prepare_dataset("digits", None, 0.2, 1, 8)
    assert np.array_equal(small.train_inputs, digits.train_inputs)


def test_constant_features_become_zero_in_both_parts():
    # The mean of equal numbers need not be that number: a deviation of 1e-17 is no reason to blow it up.
    train = np.column_stack([np.full(1000, 0.1), np.arange(1000.0)])
    test = np.array([[0.3, 5.0]])
    scaled_train, scaled_test = standardize(train, test)
    assert not scaled_train[:, 0].any()
    assert scaled_test[0, 0] == 0.0


@pytest.mark.parametrize("unit", [1e-300, 1e-200, 1e200, 1e300])
def test_the_unit_of_a_feature_does_not_matter(unit):
    train = np.random.default_rng(0).standard_normal((50, 3))
    expected, _ = standardize(train, train)
    scaled, _ = standardize(train * [1.0, unit, 1.0], train)
    assert np.allclose(scaled, expected, rtol=1e-12, atol=0)


def test_data_that_is_constant_on_the_training_part_is_refused():
    with pytest.raises(DataError, match="constant on the training part"):
        standardize(np.ones((5, 2)), np.zeros((2, 2)))


def test_a_probe_larger_than_the_training_part_is_refused():
    with pytest.raises(
        DataError, match="probe_examples: found 1,438; allowed: at most 1,437, the training part of digits"
    ):
        prepare_dataset("digits", None, 0.2, 1, 1438)


def test_a_file_without_a_target_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("x,kind\n1,a\n2,b\n")
    with pytest.raises(DataError, match="found no name of a target"):
        load_examples(Wanted(str(tmp_path / "a.csv")))


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_is_known_of_built_in_data_is_so_and_nothing_in_it_is_suspicious(name):
    examples = load_examples(Wanted(name))
    assert take_census(examples.classes, examples.labels, None) == CENSUSES[name]
    assert examples.inputs.shape == (len(examples.labels), len(examples.features))
    assert suspicions(examples.features.tolist(), examples.inputs, examples.labels) == []


def test_a_file_of_ones_own_is_prepared_by_hand(tmp_path, monkeypatch):
    rows = ["x,y,kind", *(f"{i},{i % 7},{'even' if i % 2 == 0 else 'odd'}" for i in range(40))]
    (tmp_path / "my data.csv").write_text("\n".join(rows))
    monkeypatch.chdir(tmp_path)
    arguments = ["--source", "my data.csv", "--test-fraction", "0.25", "--root-seed", "3", "--probe-examples", "5"]
    command = ["prepare_data.py", *arguments, "--output", "out/data.npz", "--target"]
    monkeypatch.setattr(sys, "argv", [*command, "kind"])
    runpy.run_path(str(ROOT / "scripts" / "prepare_data.py"), run_name="__main__")
    dataset = load_dataset(tmp_path / "out" / "data.npz")
    assert dataset.train_inputs.shape == (30, 2)
    assert dataset.classes.tolist() == ["even", "odd"]
    assert np.bincount(dataset.test_labels).tolist() == [5, 5]
    monkeypatch.setattr(sys, "argv", [*command, "kin"])
    with pytest.raises(SystemExit, match="did you mean 'kind'"):
        runpy.run_path(str(ROOT / "scripts" / "prepare_data.py"), run_name="__main__")
