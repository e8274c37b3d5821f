"""The user's own files: what is read from them, and what is refused in which words."""

import datetime
import re
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from depthsounder.data.sources import (
    CENSUSES,
    Census,
    DataError,
    Wanted,
    problems,
    split_problems,
    split_sizes,
)
from depthsounder.data.sources import read_examples as read_wanted


def table(**columns):
    return pd.DataFrame({"width": [1.0, 2.0, 3.0, 4.0], "height": [5, 6, 7, 9], "kind": ["b", "a", "b", "a"]} | columns)


def write(frame, path):
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        inputs = frame.drop(columns=["kind"])
        np.savez(path, X=np.array(inputs.values.tolist()), kind=np.array(frame["kind"].tolist()))
    return path


def read_examples(path, target):
    return read_wanted(Wanted(str(path), target))


def refusal(path, target="kind"):
    with pytest.raises(DataError) as caught:
        read_examples(path, target)
    assert str(path) in str(caught.value)
    assert "allowed: " in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.npz", "A.CSV"])
def test_a_file_of_any_kind_gives_the_same_examples(tmp_path, name):
    path = write(table(), tmp_path / name.lower()).rename(tmp_path / name)
    examples = read_examples(path, "kind")
    assert examples.inputs.tolist() == [[1.0, 5], [2, 6], [3, 7], [4, 9]]
    assert examples.inputs.dtype == np.float64
    assert examples.labels.tolist() == [1, 0, 1, 0]
    assert examples.classes.tolist() == ["a", "b"]


def test_an_array_of_images_is_one_feature_a_pixel(tmp_path):
    images = np.arange(24).reshape(4, 2, 3)
    np.savez(tmp_path / "a.npz", images=images, y=np.array([0, 1, 0, 1]))
    examples = read_examples(tmp_path / "a.npz", "y")
    assert examples.inputs.tolist() == images.reshape(4, 6).tolist()
    assert examples.features.tolist() == [f"images[{row},{column}]" for row in range(2) for column in range(3)]


def test_numeric_classes_are_ordered_by_value(tmp_path):
    path = write(table(kind=[10.0, 9.0, 10.0, 2.0]), tmp_path / "a.csv")
    examples = read_examples(path, "kind")
    assert examples.classes.tolist() == ["2.0", "9.0", "10.0"]
    assert examples.labels.tolist() == [2, 1, 2, 0]


def test_categories_booleans_and_row_labels_of_pandas_are_understood(tmp_path):
    frame = table(kind=pd.Categorical(["b", "a", "b", "a"]), smooth=[True, False, True, True]).set_index("height")
    frame.to_parquet(tmp_path / "a.parquet")
    examples = read_examples(tmp_path / "a.parquet", "kind")
    assert examples.inputs.tolist() == [[1, 1], [2, 0], [3, 1], [4, 1]]
    assert examples.classes.tolist() == ["a", "b"]


def test_a_file_that_is_absent_or_of_another_kind_is_refused(tmp_path):
    assert "no such file" in refusal(tmp_path / "absent.csv")
    assert "is of no known kind" in refusal(tmp_path / "a.doc")
    (tmp_path / "folder.csv").mkdir()
    assert "a folder" in refusal(tmp_path / "folder.csv")


@pytest.mark.parametrize("suffix", ["csv", "parquet", "npz"])
@pytest.mark.parametrize(
    "content", [b"", b"\x80\x04\x95", b"PK\x03\x04broken", b"\x93NUMPY\x01\x00v\x00{", b"PAR1PAR1", b'"\n']
)
def test_a_damaged_file_is_refused_whatever_is_in_it(tmp_path, suffix, content):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(content)
    message = refusal(path)
    if not content:
        assert "it is empty" in message


def test_a_truncated_file_is_refused(tmp_path):
    for suffix in ("parquet", "npz"):
        path = write(table(), tmp_path / f"a.{suffix}")
        whole = path.read_bytes()
        for length in range(1, len(whole), 97):
            path.write_bytes(whole[:length])
            assert ("cannot be read" if length == 1 else "is cut off") in refusal(path)


def test_pickled_arrays_are_not_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("a pickle was opened",)

    np.savez(tmp_path / "a.npz", x=np.array([Trap(), Trap()], dtype=object), kind=np.array([0, 1]))
    assert "array 'x': found Python objects, which need pickle" in refusal(tmp_path / "a.npz")
    (tmp_path / "b.npz").write_bytes(b"\x80\x04cposix\nsystem\n(Vtrue\ntR.")
    assert "without pickle" in refusal(tmp_path / "b.npz")


@pytest.mark.parametrize("suffix", ["csv", "parquet", "npz"])
def test_a_target_that_is_missing_is_refused_with_the_nearest_name(tmp_path, suffix):
    path = write(table(), tmp_path / f"a.{suffix}")
    assert "did you mean 'kind'?" in refusal(path, "kinds")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"width": [1, np.nan, np.inf, 4]}, "column 'width', row 2 of the data: found a missing value or NaN"),
        ({"width": [1, 2, 3, -np.inf]}, "column 'width', row 4 of the data: found an infinite value"),
        ({"width": [1, 2, "3 m", 4]}, "column 'width', row 3 of the data: found '3 m'"),
        (
            {"when": [datetime.date(2020, 1, day) for day in range(1, 5)]},
            "column 'when', row 1 of the data: found '2020-01-01', a date",
        ),
        ({"width": [1, 1, 1, 1], "height": [2, 2, 2, 2]}, "found only constant features"),
        ({"kind": ["a", None, "b", "b"]}, "target 'kind', row 2 of the data: found a missing"),
        ({"kind": [1.0, 2.0, np.nan, 1.0]}, "target 'kind', row 3 of the data: found a missing"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_place(tmp_path, columns, expected):
    frame = table(**columns)
    if any(isinstance(value, str) for value in columns.get("width", [])):
        frame["width"] = frame["width"].astype(str)
    for suffix in ("csv", "parquet"):
        assert expected in refusal(write(frame, tmp_path / f"a.{suffix}"))


def test_an_npz_of_unequal_lengths_single_values_or_complex_numbers_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.zeros((3, 2)), kind=np.array([0, 1]))
    assert "array 'x': found 3 rows; allowed: 2, as in the target 'kind'" in refusal(path)
    np.savez(path, x=np.array(3), kind=np.array([0, 1]))
    assert "array 'x': found a single value" in refusal(path)
    np.savez(path, x=np.zeros((2, 2)) * 1j, kind=np.array([0, 1]))
    assert "array 'x': found values of the type complex128, which are no numbers" in refusal(path)
    np.savez(path, x=np.eye(2), kind=np.eye(2))
    assert "target 'kind': found the shape (2, 2)" in refusal(path)


def test_a_table_without_rows_features_or_with_a_name_twice_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,kind\n")
    assert "found no rows" in refusal(path)
    path.write_text("kind\na\nb\n")
    assert "no column but the target" in refusal(path)
    path.write_text("x,x,kind\n1,2,a\n3,4,b\n")
    assert "'x' more than once" in refusal(path)
    path.write_text("x,y,kind\n1,2,a\n3,b\n")
    assert "line 3: found 2 fields; expected 3" in refusal(path)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "npz"])
def test_a_quantity_is_no_class(tmp_path, suffix):
    values = np.linspace(0.0, 1.0, 200)
    frame = pd.DataFrame({"x": values, "kind": values**2})
    message = refusal(write(frame, tmp_path / f"a.{suffix}"))
    assert "200 different numbers in 200 rows, such as '0.0', which looks like a quantity" in message
    many = pd.DataFrame({"x": values, "kind": np.arange(200)})
    assert "looks like a quantity" in refusal(write(many, tmp_path / f"a.{suffix}"))


def test_a_class_needs_two_examples_in_each_part():
    assert not split_problems("a.csv", Census(("a", "b"), (10, 10)), 0.2)
    (problem,) = split_problems("a.csv", Census(("a", "b"), (11, 9)), 0.2)
    assert problem.startswith("a.csv: found 9 rows of the class 'b', 1 of them for the test part")
    assert all("training part" in problem for problem in split_problems("a.csv", Census(("a", "b"), (10, 10)), 0.9))
    (problem,) = split_problems("a.csv", Census(("a",), (10,)), 0.2)
    assert "found the one class 'a'" in problem


@pytest.mark.parametrize(("counts", "fraction"), [((1457, 5), 0.2), ((40, 7), 0.01), ((30, 9), 0.9)])
def test_the_test_fraction_that_is_told_works_and_is_the_nearest(counts, fraction):
    census = Census(("a", "b"), counts)
    (problem,) = [problem for problem in split_problems("a.csv", census, fraction) if "'b'" in problem]
    bound, value = re.search(r"test_fraction of at (least|most) ([\d.]+)", problem).groups()
    told, step = float(value), -0.01 if bound == "least" else 0.01
    assert not split_problems("a.csv", census, told)
    assert any("'b'" in problem for problem in split_problems("a.csv", census, told + step))


def test_every_class_that_is_too_rare_is_told_at_once_and_none_that_no_share_can_help():
    problems_found = split_problems("a.csv", Census(tuple("abcd"), (1, 3, 5, 99)), 0.2)
    assert [("no test_fraction" in problem, "merge it" in problem) for problem in problems_found] == [
        (True, True), (True, True), (False, True),
    ]  # fmt: skip
    many = split_problems("a.csv", Census(tuple(map(str, range(14))), (1,) * 14), 0.2)
    assert len(many) == 1
    assert "found 1 row of the class '0', 0 of them for the training part, and too few also of '1'" in many[0]
    assert "'10' and 3 more; allowed" in many[0]
    assert "merge each with another class, or take their rows out" in many[0]


def test_classes_that_one_share_mends_are_told_in_one_line():
    (problem,) = split_problems("digits", CENSUSES["digits"], 0.001)
    assert "178 rows of the class '0', 0 of them for the test part, and too few also of '1', '2'" in problem
    assert problem.count("test_fraction of at least 0.02") == 1
    assert len(split_problems("a.csv", Census(tuple("abc"), (7, 13, 13)), 0.05)) == 2


@pytest.mark.parametrize("counts", [(1,), (1, 1), (3, 4), (1,) * 7])
def test_a_file_of_a_few_rows_is_told_how_many_it_needs(counts):
    problems = split_problems("a.csv", Census(tuple(map(str, range(len(counts)))), counts), 0.2)
    found = "1 row" if sum(counts) == 1 else f"{sum(counts)} rows"
    assert problems == [f"a.csv: found {found}; allowed: at least 8, 2 of each of two classes in either part"]


def test_split_sizes_are_scikit_learns():
    from sklearn.model_selection import train_test_split

    for n_examples in (10, 99, 1797):
        for fraction in (0.1, 0.2, 1 / 3, 0.75):
            train, test = train_test_split(np.arange(n_examples), test_size=fraction)
            assert split_sizes(n_examples, fraction) == (len(train), len(test))


def test_an_archive_that_unpacks_to_more_than_memory_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("kind.npy", b"\0" * 1000)
        # What the archive says of itself is all that is looked at.
        archive.infolist()[0].file_size = 2**40
    assert "found 1,099,511,627,776 bytes when it is unpacked; allowed: at most 4,294,967,296" in refusal(path)


def test_a_table_that_unpacks_to_more_than_memory_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    n_rows = 100_000
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": np.zeros(n_rows), "kind": ["a"] * n_rows}), path)
    assert path.stat().st_size < n_rows / 10
    monkeypatch.setattr(problems, "MOST_BYTES", 1_000_000)
    monkeypatch.setattr(pq.ParquetFile, "read", pytest.fail)
    assert "found 1,600,000 bytes when it is unpacked; allowed: at most 1,000,000" in refusal(path)


def test_small_numbers_are_counted_as_the_numbers_that_they_become(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.zeros((100, 100), dtype=np.int8), kind=np.arange(100) % 2)
    monkeypatch.setattr(problems, "MOST_BYTES", 50_000)
    assert "found 80,000 bytes when it is unpacked" in refusal(path)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "npz"])
def test_a_class_with_an_endless_name_is_refused_before_all_get_its_room(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    kinds = ["a", "b" * 1_000_000] if suffix == "npz" else ["a"] * 1_999 + ["b" * 1_000_000]
    write(pd.DataFrame({"x": range(len(kinds)), "kind": kinds}), path)
    assert "column 'kind': found a text of 1,000,000 characters; allowed: at most 1,000" in refusal(path)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()], ids=str)
@pytest.mark.parametrize("typed", [True, False])
def test_a_long_text_that_is_stored_once_and_stands_in_all_rows_is_refused_before_it_is_copied(tmp_path, kind, typed):
    path = tmp_path / "a.parquet"
    text = pa.array(["b" * 100_000]).cast(kind)
    kinds = pa.DictionaryArray.from_arrays(pa.array(np.zeros(20_000, dtype=np.int32)), text)
    pq.write_table(pa.table({"x": np.arange(20_000), "kind": kinds}), path, store_schema=typed)
    assert path.stat().st_size < 1_000_000
    before = pa.default_memory_pool().max_memory()
    assert "column 'kind': found a text of 100,000 characters" in refusal(path)
    assert pa.default_memory_pool().max_memory() < before + 100_000_000


def test_texts_of_any_type_of_arrow_are_classes(tmp_path):
    path = tmp_path / "a.parquet"
    for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())):
        pq.write_table(pa.table({"x": [1, 2, 3], "kind": pa.array(["b", "ä", "b"]).cast(kind)}), path)
        assert read_examples(path, "kind").classes.tolist() == ["b", "ä"]


def test_lists_and_records_are_refused_before_they_are_read(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": [1, 2], "tags": [["a"], []], "kind": ["a", "b"]}), path)
    read, columns = pq.ParquetFile.read, []
    monkeypatch.setattr(pq.ParquetFile, "read", lambda file, names: columns.extend(names) or read(file, names))
    assert "column 'tags': found lists or records; allowed: numbers and texts" in refusal(path)
    assert columns == ["x", "kind"]


def test_data_that_does_not_fit_into_memory_is_refused_in_a_sentence(tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise MemoryError

    path = write(table(), tmp_path / "a.npz")
    monkeypatch.setattr(np, "concatenate", fail)
    assert "found more than the memory holds" in refusal(path)
