"""NPZ archives as tables: one array of features and one target, or four arrays with a split of their own.

An array of images is one feature for each pixel. An archive is looked at before any of its arrays is read, and nothing
is read with pickle: what would need it is refused with the line of code that mends it.
"""

import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO
from zipfile import ZipFile

import numpy as np
import pyarrow as pa

from depthsounder.data.sources.arrays import feature_names, joined
from depthsounder.data.sources.features import not_finite
from depthsounder.data.sources.formats.record import Format
from depthsounder.data.sources.problems import LONGEST_TEXT, DataError, as_key, listed, refuse_bomb, shown
from depthsounder.data.sources.selection import Wanted, meant
from depthsounder.data.sources.table import Table

KERAS = ("x_train", "y_train", "x_test", "y_test")
"""The arrays of mnist.npz and its relatives, in capitals or not."""

_SPLITS = (KERAS, ("train_images", "train_labels", "test_images", "test_labels"))
"""The arrays of archives with a split of their own: Keras', and MedMNIST's beside those of a validation part."""

_SPARSE = {"data", "format", "shape"}
_OF_A_SPLIT = re.compile(r"(^|_)(train|test|valid|validation|val)(_|$)|^[xy]_?(tr|te|va)$", re.IGNORECASE)


@dataclass(frozen=True)
class _Entry:
    """An array of an archive, by what its header says."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype


def read_npz_table(path: Path, wanted: Wanted) -> Table:
    """Read an archive.

    Raises
    ------
    DataError
        If it is none, or its arrays are not one of features and one target.
    """
    # NumPy leaves the file of a damaged archive open if it opened the file itself.
    with path.open("rb") as file:
        with ZipFile(file) as members:
            refuse_bomb(path, sum(member.file_size for member in members.infolist()))
        entries = _entries(path, file)
        if entries.keys() >= _SPARSE:
            raise DataError(
                f"{path}: found a sparse matrix, as scipy.sparse.save_npz writes; allowed: an array of features and "
                "one of labels: numpy.savez('data.npz', X=X.toarray(), y=y)"
            )
        file.seek(0)
        archive = np.load(file, allow_pickle=False)
        by_name = {name.lower(): name for name in entries}
        for split in _SPLITS:
            names = [by_name.get(name, "") for name in split]
            if all(names) and (wanted.target in (None, names[1])):
                return _in_two_parts(path, archive, entries, names, wanted)
        return _one_of_each(path, archive, entries, wanted)


def _entries(path: Path, file: IO[bytes]) -> dict[str, _Entry]:
    entries = {}
    with ZipFile(file) as archive:
        for member in archive.namelist():
            with archive.open(member) as array:
                version = np.lib.format.read_magic(array)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape, _, dtype = read(array)
            name = member.removesuffix(".npy")
            entries[name] = _Entry(name, shape, dtype)
    if "" in entries:
        raise DataError(f"{path}: found an array without a name; allowed: numpy.savez('data.npz', X=…, y=…) names them")
    if not entries:
        raise DataError(f"{path}: found no arrays; allowed: one of features and one target, as numpy.savez writes them")
    return entries


def _one_of_each(path: Path, archive: np.lib.npyio.NpzFile, entries: dict[str, _Entry], wanted: Wanted) -> Table:
    problems = []
    target = wanted.target or ""
    if target not in entries:
        missing = f"no target array {shown(target)}" if target else "no name of a target in data.target"
        problems.append(f"{path}: found {missing}{meant(target, entries)}")
    problems += wanted.names_problems(path, [*entries, *_expanded_names(entries, target)])
    features, surplus = _feature_arrays(path, entries, wanted)
    labels, complaint = _target(path, archive, entries.get(target))
    problems += filter(None, [surplus, complaint])
    n_rows = entries[target].shape[0] if complaint is None and target in entries else None
    inputs, names, found = read_features(path, archive, [entries[name] for name in features], n_rows, target, wanted)
    return Table(n_rows or 0, inputs, names, target, labels, (*problems, *found))


def _in_two_parts(
    path: Path, archive: np.lib.npyio.NpzFile, entries: dict[str, _Entry], names: list[str], wanted: Wanted
) -> Table:
    x_train, y_train, x_test, y_test = names
    others = [name for name in entries if name not in names and name not in (wanted.drop or ())]
    problems = [_surplus(path, others, (x_train, y_train))] if others else []
    known = [*entries, *_expanded_names({x_train: entries[x_train]}, y_train)]
    problems += Wanted(wanted.source, y_train, wanted.features, wanted.drop).names_problems(path, known)
    parts = []
    for x, y in ((x_train, y_train), (x_test, y_test)):
        labels, complaint = _target(path, archive, entries[y])
        n_rows = None if complaint else entries[y].shape[0]
        problems += [complaint] if complaint else []
        inputs, columns, found = read_features(path, archive, [entries[x]], n_rows, y, wanted, as_named=x_train)
        problems += found
        parts.append((inputs, columns, labels))
    if entries[x_train].shape[1:] != entries[x_test].shape[1:]:
        other, shape = entries[x_test].shape[1:], entries[x_train].shape[1:]
        place = f"{path}, array {shown(x_test)}"
        problems.append(f"{place}: found examples of the shape {other}; allowed: {shape}, as in {shown(x_train)}")
    return joined(parts, y_train, problems)


def _surplus(path: Path, others: list[str], pair: tuple[str, str]) -> str:
    return (
        f"{path}: found the array {listed(others)} beside {shown(pair[0])} and {shown(pair[1])}; allowed: one array of "
        f"features and one target: {as_key('data.drop', others)} leaves out what is neither"
    )


def _feature_arrays(path: Path, entries: dict[str, _Entry], wanted: Wanted) -> tuple[list[str], str | None]:
    """Return the arrays with the features, and what is wrong if they are not one beside the target."""
    others = [name for name in sorted(entries) if name != wanted.target and name not in (wanted.drop or ())]
    if wanted.features is not None:
        return [name for name in others if any(f == name or f.startswith(f"{name}[") for f in wanted.features)], None
    if wanted.target not in entries:
        return [], None
    if not others:
        return [], f"{path}: found no array but the target; allowed: one of features, (n_examples, n_features)"
    found = f"{path}: found the arrays {listed(others)} beside the target {shown(wanted.target)}"
    split = [name for name in others if _OF_A_SPLIT.search(name)]
    if split and len(others) > 1:
        return [], (
            f"{found}, of which {listed(split)} seem to be parts of a split; allowed: {', '.join(KERAS)} with their "
            "own split (data.target: null), or one X and one y: numpy.savez('data.npz', X=numpy.concatenate([x_train, "
            "x_test]), y=…)"
        )
    if len(others) > 1:
        return [], (
            f"{found}; allowed: one array of features and one target: "
            f"{as_key('data.features', _likely(entries, others, wanted.target))} names it"
        )
    return others, None


def _likely(entries: dict[str, _Entry], others: list[str], target: str | None) -> list[str]:
    """Return the one array that has a row for each label and more than one dimension, or any of them."""
    rows = entries[target].shape[:1] if target in entries else None
    fits = [name for name in others if len(entries[name].shape) > 1 and entries[name].shape[:1] == rows]
    return (fits or others)[:1]


def _target(
    path: Path, archive: np.lib.npyio.NpzFile, entry: _Entry | None
) -> tuple[pa.ChunkedArray | None, str | None]:
    """Return an array of labels, or what is wrong with it and the line of code that mends it."""
    if entry is None:
        return None, None
    place, shape, y = f"{path}, target {shown(entry.name)}", entry.shape, entry.name
    if entry.dtype.hasobject:
        return None, f"{place}: found Python objects, which need pickle; allowed: texts or numbers: {y}.astype(str)"
    if len(shape) == 2 and shape[1] > 1:
        one_hot = entry.dtype.kind in "biuf" and (archive[y].astype(float).sum(axis=1) == 1.0).all()
        found, advice = (", one-hot it seems", f": {y}.argmax(axis=1)") if one_hot else ("", f", such as {y}[:, 0]")
        return None, f"{place}: found the shape {shape}{found}; allowed: one label for each example{advice}"
    if len(shape) not in (1, 2):
        return None, f"{place}: found {len(shape)} dimensions; allowed: one label for each example"
    if entry.dtype.kind == "S":
        return None, f"{place}: found bytes; allowed: texts or numbers: {y}.astype(str)"
    if entry.dtype.kind not in "biufU":
        return None, f"{place}: found values of the type {entry.dtype}; allowed: texts or numbers"
    # A column of labels, as CIFAR-10 and MedMNIST have it, is a label for each example, too.
    values = archive[entry.name].ravel()
    if entry.dtype.kind == "U" and values.size and (longest := int(np.strings.str_len(values).max())) > LONGEST_TEXT:
        return None, (
            f"{path}, column {shown(y)}: found a text of {longest:,} characters; allowed: at most {LONGEST_TEXT:,}"
        )
    return pa.chunked_array([pa.array(values.astype(values.dtype.newbyteorder("=")))]), None


def _expanded_names(entries: dict[str, _Entry], target: str) -> list[str]:
    return [
        name for entry in entries.values() if entry.name != target for name in feature_names(entry.name, entry.shape)
    ]


def read_features(
    path: Path,
    archive: np.lib.npyio.NpzFile | dict[str, np.ndarray],
    entries: list[_Entry],
    n_rows: int | None,
    target: str,
    wanted: Wanted,
    as_named: str | None = None,
) -> tuple[np.ndarray | None, tuple[str, ...], list[str]]:
    """Return arrays as one matrix, its columns' names and what is wrong; `n_rows` is what the target has, if known."""
    problems = []
    blocks, names = [], []
    refuse_bomb(path, sum(8 * prod(entry.shape) for entry in entries))
    for entry in entries:
        place = f"{path}, array {shown(entry.name)}"
        if problem := _no_features(place, entry, n_rows, target):
            problems.append(problem)
            continue
        values = archive[entry.name]
        if problem := not_finite(place, values):
            problems.append(problem)
        columns = feature_names(as_named or entry.name, entry.shape)
        whole = wanted.features is None or (as_named or entry.name) in wanted.features
        kept = [
            k
            for k, name in enumerate(columns)
            if name not in (wanted.drop or ()) and (whole or name in (wanted.features or ()))
        ]
        flat = values.reshape(len(values), len(columns))
        blocks.append(flat if len(kept) == len(columns) else flat[:, kept])
        names += [columns[k] for k in kept]
    if problems or not blocks:
        return None, tuple(names), problems
    return np.concatenate(blocks, axis=1).astype(np.float64), tuple(names), problems


def _no_features(place: str, entry: _Entry, n_rows: int | None, target: str) -> str | None:
    if entry.dtype.hasobject:
        return f"{place}: found Python objects, which need pickle; allowed: numbers: {entry.name}.astype(float)"
    if entry.dtype.kind not in "biuf":
        return f"{place}: found values of the type {entry.dtype}, which are no numbers; allowed: numbers"
    if not entry.shape:
        return f"{place}: found a single value; allowed: one row for each example"
    if n_rows is not None and entry.shape[0] != n_rows:
        return f"{place}: found {entry.shape[0]:,} rows; allowed: {n_rows:,}, as in the target {shown(target)}"
    return None


FORMAT = Format(
    place=3,
    endings=".npz",
    pattern=r"\.npz",
    content="an archive of arrays of numbers or texts, as numpy.savez writes, without pickle",
    about="An NPZ file has one array of features, in which an image is one feature for each pixel, and one of labels, "
    "or Keras' four (`x_train`, `y_train`, `x_test`, `y_test`), or MedMNIST's (`train_images`, `train_labels`, "
    "`test_images`, `test_labels`).",
    read=read_npz_table,
    target="possible",
    signature=rb"(?s)PK\x03\x04.{22}.{0,100}?\.npy",
    last=rb"PK\x05\x06",
    own_split=True,
)
