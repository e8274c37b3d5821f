"""One rule for what a target is, whatever the file's kind: a name before it is a number."""

import csv
import datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from depthsounder.data.sources import Wanted, read_source

# What stands in the file, the classes in order, and the class of each row.
CASES = {
    "leading zeros": (["01", "1", "2"], ["01", "1", "2"], [0, 1, 2]),
    "zeros behind the point": (["1.10", "1.1", "1.10"], ["1.1", "1.10"], [1, 0, 1]),
    "exponents": (["1E5", "100000", "7"], ["7", "100000", "1E5"], [2, 1, 0]),
    "truth and one": (["true", "1", "false"], ["1", "false", "true"], [2, 0, 1]),
    "capitals": (["True", "true"], ["True", "true"], [0, 1]),
    "North Carolina and Namibia": (["NA", "NC", "null"], ["NA", "NC", "null"], [0, 1, 2]),
    "other marks of what is missing": (["n/a", "#N/A", "NaN", "None"], ["#N/A", "NaN", "None", "n/a"], [3, 0, 1, 2]),
    "blanks around": ([" iris", "iris", "iris "], ["iris"], [0, 0, 0]),
    "blanks within": (["a b", "a  b"], ["a  b", "a b"], [1, 0]),
    "numbers by value": (["10", "9", "-1", "2.5"], ["-1", "2.5", "9", "10"], [3, 2, 0, 1]),
    "numbers and a word by the alphabet": (["10", "9", "x"], ["10", "9", "x"], [0, 1, 2]),
    "more digits than a float has": (["9007199254740993", "9007199254740992"], ["9007199254740992",
                                     "9007199254740993"], [1, 0]),
    "exponents that no float has": (["1e999999", "-1e400", "5"], ["-1e400", "5", "1e999999"], [2, 0, 1]),
    "dates": (["2020-01-02", "2020-01-01"], ["2020-01-01", "2020-01-02"], [1, 0]),
    "times": (["12:30", "11:00"], ["11:00", "12:30"], [1, 0]),
    "a comma": (["a,b", "a"], ["a", "a,b"], [1, 0]),
    "hexadecimal": (["0x10", "16"], ["0x10", "16"], [0, 1]),
    "infinity is a word": (["inf", "1"], ["1", "inf"], [1, 0]),
    "letters of all kinds": (["ä", "漢"], ["ä", "漢"], [0, 1]),
}  # fmt: skip


def write_csv(path, values, quoting):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=quoting)
        writer.writerow(["x", "kind"])
        writer.writerows([k + 0.5, value] for k, value in enumerate(values))


WRITERS = {
    "csv": lambda path, values: write_csv(path, values, csv.QUOTE_MINIMAL),
    "quoted.csv": lambda path, values: write_csv(path, values, csv.QUOTE_ALL),
    "parquet": lambda path, values: pa.parquet.write_table(
        pa.table({"x": np.arange(len(values)), "kind": values}), path
    ),
    "npz": lambda path, values: np.savez(path, X=np.arange(len(values)), kind=np.array(values)),
}


def read(path):
    return read_source(Wanted(str(path), "kind"))


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize(("values", "classes", "codes"), CASES.values(), ids=CASES)
def test_a_class_is_its_text_in_a_file_of_any_kind(tmp_path, suffix, values, classes, codes):
    WRITERS[suffix](tmp_path / f"a.{suffix}", values)
    reading = read(tmp_path / f"a.{suffix}")
    assert not reading.problems
    assert reading.examples.classes.tolist() == classes
    assert reading.examples.labels.tolist() == codes


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("empty", ["", "  "])
def test_only_an_empty_field_is_missing(tmp_path, suffix, empty):
    WRITERS[suffix](tmp_path / f"a.{suffix}", ["a", empty, "b", empty])
    (problem,) = read(tmp_path / f"a.{suffix}").problems
    assert "target 'kind', row 2 of the data: found a missing value, as in 2 rows of 4" in problem


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (np.array([2, 1, 10]), ["1", "2", "10"]),
        (np.array([2.0, 1.0, 0.5]), ["0.5", "1.0", "2.0"]),
        (np.array([0.1, 1.5, 2.5], np.float32), ["0.1", "1.5", "2.5"]),
        (np.array([1.0, 2.0], np.float16), ["1.0", "2.0"]),
        (np.array([True, False]), ["False", "True"]),
        (np.array([255, 1], np.uint8), ["1", "255"]),
    ],
)
def test_a_number_is_the_text_that_python_writes_for_it_in_parquet_and_npz(tmp_path, values, classes):
    pa.parquet.write_table(pa.table({"x": np.arange(len(values)), "kind": values}), tmp_path / "a.parquet")
    np.savez(tmp_path / "a.npz", X=np.arange(len(values)), kind=values)
    for name in ("a.parquet", "a.npz"):
        assert read(tmp_path / name).examples.classes.tolist() == classes


def test_not_a_number_and_null_are_missing_where_the_column_is_of_numbers(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.arange(3), kind=np.array([1.0, np.nan, 2.0]))
    pa.parquet.write_table(pa.table({"x": [1, 2, 3], "kind": [1, None, 2]}), tmp_path / "a.parquet")
    for name in ("a.parquet", "a.npz"):
        assert "row 2 of the data: found a missing value" in read(tmp_path / name).problems[0]


def test_dates_and_bytes_are_no_classes(tmp_path):
    for values in ([datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)], [b"a", b"b"]):
        pa.parquet.write_table(pa.table({"x": [1, 2], "kind": values}), tmp_path / "a.parquet")
        assert "found values of the type" in read(tmp_path / "a.parquet").problems[0]


def test_names_that_may_be_one_are_told(tmp_path):
    write_csv(tmp_path / "a.csv", ["01", "1", "Yes", "yes", "no"], csv.QUOTE_MINIMAL)
    warnings = read(tmp_path / "a.csv").examples.warnings
    assert [("'01' and '1'" in text, "'Yes' and 'yes'" in text) for text in warnings] == [(True, False), (False, True)]


def test_a_class_that_may_stand_for_a_missing_value_is_told(tmp_path):
    write_csv(tmp_path / "a.csv", ["NA", "NC", "?", "<=50K", "<=50K."], csv.QUOTE_MINIMAL)
    first, *others = read(tmp_path / "a.csv").examples.warnings
    assert "'<=50K' and '<=50K.'" in first
    assert [("'?'" in text, "'NA'" in text) for text in others] == [(True, False), (False, True)]
