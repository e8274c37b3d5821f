"""Features that may tell the answer: each is warned of by name, with the key that leaves it out."""

import numpy as np
import pandas as pd
import pytest

from depthsounder.data.sources import Wanted, read_examples
from depthsounder.data.sources.suspicions import suspicions

RANDOM = np.random.default_rng(5)
ROWS = 300
LABELS = np.sort(np.arange(ROWS) % 3)
NOISE = RANDOM.standard_normal(ROWS)


def warnings_of(values, name="x"):
    """The warnings for a column beside one of noise."""
    return suspicions([name, "noise"], np.column_stack([np.asarray(values, float), NOISE]), LABELS)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.arange(ROWS), "counts the rows"),
        (np.arange(ROWS) + 1, "counts the rows"),
        (10 * np.arange(ROWS)[::-1], "counts the rows"),
        (RANDOM.permutation(10 * ROWS)[:ROWS], "has another whole number in nearly every row"),
        (np.cumsum(RANDOM.integers(1, 5, ROWS)), "has another whole number in nearly every row"),
        (LABELS, "determines the target"),
        (2 - LABELS, "determines the target"),
        (10 * LABELS + RANDOM.integers(0, 9, ROWS), "determines the target"),
        (LABELS == 1, "has one value in the rows of one class, and another in all others"),
        (np.where(LABELS == 2, -7.0, 3.5), "has one value in the rows of one class, and another in all others"),
    ],
)
def test_a_column_that_tells_the_answer_is_named_with_the_key_that_drops_it(values, reason):
    (warning,) = warnings_of(values)
    assert warning == f"""the column 'x' {reason}; data.drop: ["x"] leaves it out"""


@pytest.mark.parametrize(
    "values",
    [NOISE, LABELS + 0.1 * NOISE, RANDOM.integers(0, 3, ROWS), RANDOM.integers(0, 255, ROWS), np.zeros(ROWS),
     np.where(np.arange(ROWS) == 5, 1.0, LABELS), RANDOM.random(ROWS) < 0.5],
)  # fmt: skip
def test_an_honest_column_is_not_suspected(values):
    assert warnings_of(values) == []


@pytest.mark.parametrize("n_rows", [20, 30, 60, 100, 200])
def test_the_pixels_of_a_few_small_images_are_no_numbers_of_rows(tmp_path, n_rows):
    images, labels = np.random.default_rng(0).integers(0, 256, (n_rows, 8, 8), dtype=np.uint8), np.arange(n_rows) % 3
    np.savez(tmp_path / "a.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    assert read_examples(Wanted(str(tmp_path / "a.npz"))).warnings == ()
    np.savez(tmp_path / "a.npz", X=np.column_stack([np.random.default_rng(1).permutation(n_rows), labels]), y=labels)
    assert (
        "'X[0]' has another whole number in nearly every row"
        in read_examples(Wanted(str(tmp_path / "a.npz"), "y")).warnings[0]
    )


@pytest.mark.parametrize(
    "name",
    ["id", "Id", "ID", "index", "Unnamed: 0", "__index_level_0__", "level_0", "PassengerId", "row_id", "customer_id",
     "id_number", "No", "uuid", "row", "sampleID"],
)  # fmt: skip
def test_a_name_of_an_index_is_told(name):
    (warning,) = warnings_of(NOISE[::-1], name)
    assert "is named like an index" in warning


@pytest.mark.parametrize(
    "name", ["split", "fold", "is_train", "test", "Fold", "kfold", "train_test", "partition", "test_set"]
)
def test_a_name_of_a_split_is_told(name):
    (warning,) = warnings_of(NOISE[::-1], name)
    assert "is named like a split" in warning


@pytest.mark.parametrize(
    "name",
    ["width", "hidden", "acid", "fluid", "indexing", "valley", "contest", "humidity", "liquid", "noise", "splits"],
)
def test_a_name_that_only_holds_one_is_not(name):
    assert warnings_of(NOISE[::-1], name) == []


def test_two_reasons_stand_in_one_warning_and_many_columns_are_counted():
    (warning,) = warnings_of(np.arange(ROWS), "Id")
    assert "is named like an index and counts the rows" in warning
    many = suspicions([f"c{k}" for k in range(14)], np.column_stack([np.arange(ROWS)] * 14), LABELS)
    assert len(many) == 11
    assert "4 more columns" in many[-1]


def test_a_large_file_is_questioned_in_all_its_rows():
    # Every other row of the sample agrees, and one row elsewhere does not.
    labels = np.sort(np.arange(50_000) % 2)
    values = labels.astype(float)
    assert len(suspicions(["x"], values[:, None], labels)) == 1
    values[7] = 1.0
    assert suspicions(["x"], values[:, None], labels) == []


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_the_row_number_of_a_file_is_warned_of(tmp_path, name):
    frame = pd.DataFrame({"Id": np.arange(ROWS), "noise": NOISE, "kind": LABELS})
    if name.endswith("csv"):
        frame.to_csv(tmp_path / name, index=False)
    else:
        frame.to_parquet(tmp_path / name)
    (warning,) = read_examples(Wanted(str(tmp_path / name), "kind")).warnings
    assert warning.startswith("the column 'Id' is named like an index and counts the rows")
    dropped = read_examples(Wanted(str(tmp_path / name), "kind", drop=("Id",)))
    assert dropped.features.tolist() == ["noise"]
    (warning,) = read_examples(Wanted(str(tmp_path / name), "kind", features=("Id", "noise"))).warnings
    assert warning.endswith("counts the rows; data.features is where to take it out")
    assert dropped.warnings == ()
