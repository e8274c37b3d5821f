"""The layouts in which people's files come: each is read rightly, or refused by its cause."""

import codecs
import gzip
import io
import pickle
import re
import struct

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from depthsounder.data.sources import ENDINGS, FORMATS, Wanted, advice_on_ending, format_of, read_source

PLAIN = "length,width,kind\n1.5,2,a\n2.5,3,b\n3.5,5,a\n"
INPUTS = [[1.5, 2.0], [2.5, 3.0], [3.5, 5.0]]
CLASSES = ["a", "b"]


def text(content, encoding="utf-8", name="data.csv", pack=False):
    """A text file."""
    content = content if isinstance(content, bytes) else content.encode(encoding)
    return lambda folder: (folder / name).write_bytes(gzip.compress(content) if pack else content) and name


def lines(*rows, end="\n"):
    return text(end.join(rows) + end)


def parquet(**columns):
    def write(folder):
        pa.parquet.write_table(pa.table(columns), folder / "data.parquet")
        return "data.parquet"

    return write


def frame(table, name="data.csv", **options):
    def write(folder):
        writer = table.to_csv if name.endswith("csv") else table.to_parquet
        writer(folder / name, **options)
        return name

    return write


def npz(**arrays):
    def write(folder):
        np.savez(folder / "data.npz", **arrays)
        return "data.npz"

    return write


def cut(write, name):
    """A file of which the second half is missing."""

    def write_half(folder):
        write(folder)
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: len(whole) // 2])
        return name

    return write_half


def feather(folder):
    pa.feather.write_feather(pa.table({"x": [1, 2], "kind": ["a", "b"]}), folder / "data.csv")
    return "data.csv"


def npy(folder):
    with (folder / "data.csv").open("wb") as file:
        np.save(file, np.eye(3))
    return "data.csv"


def parquet_under_another_name(folder):
    pa.parquet.write_table(pa.table({"x": [1, 2], "kind": ["a", "b"]}), folder / "data.csv")
    return "data.csv"


def bunch():
    """What numpy.savez makes of scikit-learn's iris."""
    return {
        "data": np.array(INPUTS),
        "target": np.array([0, 1, 0]),
        "target_names": np.array(CLASSES),
        "feature_names": np.array(["length", "width"]),
    }


def idx(values):
    """An array as an IDX file of bytes."""
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.astype(np.uint8).tobytes()


IMAGES = np.arange(24).reshape(6, 2, 2) % 7
LABELS = np.array([0, 1, 0, 1, 0, 1])


def mnist(folder, pack=False, test=True):
    """MNIST as it is published: four files, here of six images."""
    parts = {"train-images-idx3": IMAGES[:4], "train-labels-idx1": LABELS[:4]}
    parts |= {"t10k-images-idx3": IMAGES[4:], "t10k-labels-idx1": LABELS[4:]} if test else {}
    ending = ".gz" if pack else ""
    for name, values in parts.items():
        (folder / f"{name}-ubyte{ending}").write_bytes(gzip.compress(idx(values)) if pack else idx(values))
    return f"train-images-idx3-ubyte{ending}"


KERAS = {"x_train": IMAGES[:4], "y_train": LABELS[:4], "x_test": IMAGES[4:], "y_test": LABELS[4:]}
MEDMNIST = {
    f"{part}_{what}": values
    for part, rows in (("train", slice(4)), ("test", slice(4, 6)))
    for what, values in (("images", IMAGES[rows]), ("labels", LABELS[rows, None].astype(np.uint8)))
}
CAPITALS = {name.replace("x", "X", 1): values for name, values in KERAS.items()}

READ = {
    "commas": (text(PLAIN), {}),
    "semicolons, as winequality has them": (text(PLAIN.replace(",", ";")), {}),
    "quoted names between semicolons": (lines('"length";"width";"kind"', "1.5;2;a", "2.5;3;b", "3.5;5;a"), {}),
    "tabs": (text(PLAIN.replace(",", "\t")), {}),
    "tabs in .tsv": (text(PLAIN.replace(",", "\t"), name="data.tsv"), {}),
    "bars in .txt": (text(PLAIN.replace(",", "|"), name="data.txt"), {}),
    "UCI's .data": (text(PLAIN, name="data.data"), {}),
    "Excel's sep= line": (text("sep=;\n" + PLAIN.replace(",", ";")), {}),
    "Excel's sep= line with commas and CRLF": (text(("sep=,\n" + PLAIN).replace("\n", "\r\n")), {}),
    "UTF-8 with a mark and CRLF": (text(codecs.BOM_UTF8 + PLAIN.replace("\n", "\r\n").encode()), {}),
    "UTF-16 with a mark, Excel's Unicode text": (text(PLAIN.replace(",", "\t"), "utf-16"), {}),
    "UTF-16 from the high byte on": (text(codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be")), {}),
    "UTF-16 without a mark": (text(PLAIN, "utf-16-le"), {}),
    "carriage returns alone": (text(PLAIN.replace("\n", "\r")), {}),
    "blank lines before and after": (text("\n\n" + PLAIN + "\n\n"), {}),
    "no newline at the end": (text(PLAIN.rstrip()), {}),
    "packed": (text(PLAIN, name="data.csv.gz", pack=True), {}),
    "packed, and the ending lies": (text(PLAIN, pack=True), {}),
    "not packed, and the ending lies": (text(PLAIN, name="data.csv.gz"), {}),
    "a name that begins with #, as Kaggle's Pokemon has it": (text("#" + PLAIN), {}),
    "semicolons within the fields between bars": (
        lines("length|wi;dth|kind", "1.5|2|a", "2.5|3|b", "3.5|5|a"),
        {},
    ),
    "semicolons within all names and values between bars": (
        lines("length|width|a;b|kind", "1.5|2|c;d|a", "2.5|3|e;f|b", "3.5|5|g;h|a"),
        {"drop": ("a;b",)},
    ),
    "blanks around names and values": (lines(" length , width, kind ", " 1.5, 2, a", "2.5 , 3, b", "3.5,5,a "), {}),
    "a line break in a quoted name": (text(PLAIN.replace("length", '"le\nngth"')), {}),
    "an unnamed row number that is dropped": (
        frame(pd.read_csv(io.StringIO(PLAIN))),
        {"drop": ("column_1",)},
    ),
    "an empty column that is dropped": (
        lines("length,note,width,kind", "1.5,,2,a", "2.5,,3,b", "3.5,,5,a"),
        {"drop": ("note",)},
    ),
    "a column of texts that is not among the features": (
        lines("length,name,width,kind", "1.5,x,2,a", "2.5,y,3,b", "3.5,z,5,a"),
        {"features": ("length", "width")},
    ),
    "two columns of one name that are dropped": (
        lines("length,x,width,x,kind", "1.5,7,2,7,a", "2.5,7,3,7,b", "3.5,7,5,7,a"),
        {"drop": ("x",)},
    ),
    "a trailing separator in each line": (
        lines("length,width,kind,", "1.5,2,a,", "2.5,3,b,", "3.5,5,a,"),
        {"drop": ("column_4",)},
    ),
    "no header, as UCI": (
        lines("1.5,2,a", "2.5,3,b", "3.5,5,a"),
        {"header": False, "target": "column_3"},
    ),
    "numbers as names, and they are": (lines("10,20,kind", "1.5,2,a", "2.5,3,b", "3.5,5,a"), {"header": True}),
    "names that count, as pandas has them": (lines("0,1,kind", "1.5,2,a", "2.5,3,b", "3.5,5,a"), {}),
    "numbers in exponents": (lines("length,width,kind", "15e-1,2E0,a", "2.5,3,b", "3.5,5,a"), {}),
    "Parquet": (frame(pd.read_csv(io.StringIO(PLAIN)), "data.parquet"), {}),
    "Parquet with pandas' row labels": (
        frame(pd.read_csv(io.StringIO(PLAIN)).set_index(pd.Index([7, 8, 9], name="row")), "data.parquet"),
        {},
    ),
    "Parquet with a column without a name that is dropped": (
        parquet(**{"": [0, 1, 2], "length": [1.5, 2.5, 3.5], "width": [2, 3, 5], "kind": ["a", "b", "a"]}),
        {"drop": ("column_1",)},
    ),
    "Parquet with a target without a name": (
        parquet(**{"length": [1.5, 2.5, 3.5], "width": [2, 3, 5], "": ["a", "b", "a"]}),
        {"target": "column_3"},
    ),
    "Parquet with categories": (
        parquet(length=[1.5, 2.5, 3.5], width=[2, 3, 5], kind=pa.array(["a", "b", "a"]).dictionary_encode()),
        {},
    ),
    "NPZ of one X and one y": (npz(X=np.array(INPUTS), kind=np.array(["a", "b", "a"])), {}),
    "NPZ with a column of labels": (npz(X=np.array(INPUTS), kind=np.array([["a"], ["b"], ["a"]])), {}),
    "NPZ of big-endian numbers": (npz(X=np.array(INPUTS, ">f4"), kind=np.array(["a", "b", "a"])), {}),
    "NPZ of a bunch, with the features named": (
        npz(**bunch() | {"target": np.array(["a", "b", "a"])}),
        {"target": "target", "features": ("data",)},
    ),
    "NPZ of a bunch, with the others dropped": (
        npz(**bunch() | {"target": np.array(["a", "b", "a"])}),
        {"target": "target", "drop": ("target_names", "feature_names")},
    ),
    "NPZ of an array a column, named": (
        npz(length=np.array([1.5, 2.5, 3.5]), width=np.array([2, 3, 5]), kind=np.array(["a", "b", "a"])),
        {"features": ("length", "width")},
    ),
    "NPZ with a column of an array dropped": (
        npz(X=np.column_stack([np.arange(3), INPUTS]), kind=np.array(["a", "b", "a"])),
        {"drop": ("X[0]",)},
    ),
}

WITH_A_SPLIT = {
    "Keras' mnist.npz": (npz(**KERAS), {"target": None}),
    "Keras' mnist.npz with its target named": (npz(**KERAS), {"target": "y_train"}),
    "Keras' mnist.npz with its features named": (npz(**KERAS), {"target": None, "features": ("x_train",)}),
    "Keras' mnist.npz and an array that is dropped": (
        npz(**KERAS, x_valid=IMAGES[:2]),
        {"target": None, "drop": ("x_valid",)},
    ),
    "Keras' names in capitals": (npz(**CAPITALS), {"target": None}),
    "Keras' labels as a column, as CIFAR-10 has them": (
        npz(**{name: values[:, None] if name[0] == "y" else values for name, values in KERAS.items()}),
        {"target": None},
    ),
    "MedMNIST": (npz(**MEDMNIST), {"target": None}),
    "MedMNIST with its target named": (npz(**MEDMNIST), {"target": "train_labels"}),
    "MedMNIST and its validation part, which is dropped": (
        npz(**MEDMNIST, val_images=IMAGES[:2], val_labels=LABELS[:2, None]),
        {"target": None, "drop": ("val_images", "val_labels")},
    ),
    "IDX": (mnist, {"target": None}),
    "IDX, packed": (lambda folder: mnist(folder, pack=True), {"target": None}),
}

REFUSED = {
    "another separator than any": (lines("length width kind", "1 2 a", "2 3 b"), {}, ["only blanks between", "sep="]),
    "a name in other capitals": (text(PLAIN), {"target": "KIND"}, ["no target column 'KIND'", "did you mean 'kind'?"]),
    "a feature that is not there": (
        text(PLAIN),
        {"features": ("lenght",)},
        ["data.features", "did you mean 'length'?"],
    ),
    "a dropped column that is not there": (text(PLAIN), {"drop": ("Width",)}, ["data.drop", "did you mean 'width'?"]),
    "the target among the features": (text(PLAIN), {"features": ("kind", "width")}, ["target 'kind' in data.features"]),
    "no header": (
        lines("6,148,72,1", "1,85,66,0", "8,183,64,1"),
        {"target": "1"},
        ["line 1: found '6' as a column's name: the first line looks like data", "data.header: false"],
    ),
    "no header, words among numbers": (
        lines("5.1,3.5,Iris-setosa", "4.9,3.0,Iris-setosa", "7.0,3.2,Iris-virginica"),
        {"target": "Iris-setosa"},
        ["the first line looks like data"],
    ),
    "no header, with a mark for a missing value": (
        lines("?,x,a", "1,2,b", "2,3,a"),
        {"target": "a"},
        ["the first line looks like data", "'?'"],
    ),
    "scikit-learn's breast_cancer.csv": (
        lines("569,3,malignant,benign", "1,2,3,4,0", "2,3,4,5,1"),
        {"target": "benign"},
        ["looks like data", "line 2: found 5 fields; expected 4, as in line 1"],
    ),
    "a header that is none of a file without one": (
        text(PLAIN),
        {"header": False, "target": "column_3"},
        [
            "'column_1', row 1 of the data: found 'length'",
            "line 1: found what seems to be names; leave data.header out",
        ],
    ),
    "a comment first": (text("# made today\n" + PLAIN), {}, ["line 1: found a comment", "begin with #"]),
    "pandas' row number": (
        frame(pd.read_csv(io.StringIO(PLAIN))),
        {},
        ["no name for column 1", "index=False", '["column_1"]'],
    ),
    "two names that are one": (
        lines("x,x,kind", "1,2,a", "3,4,b"),
        {},
        ["'x' more than once", "columns 1, 2", "names of their own"],
    ),
    "a trailing separator in the rows": (
        lines("length,width,kind", "1,2,a,", "2,3,b,"),
        {},
        ["line 2: found 4 fields; expected 3, as in line 1", "line 3", "ends in a separator"],
    ),
    "a trailing separator in the header": (
        lines("length,width,kind,", "1,2,a", "2,3,b"),
        {},
        ["line 2: found 3 fields; expected 4", "line 1 ends in a separator"],
    ),
    "a trailing separator everywhere": (
        lines("length,width,kind,", "1,2,a,", "2,3,b,"),
        {},
        ["no name for column 4", "separator too many"],
    ),
    "a line of another length": (
        lines("length,width,kind", "1,2,a", "2,b", "", "4,5,a,6", "5,6,b"),
        {},
        ["line 3: found 2 fields; expected 3", "line 5: found 4 fields; expected 3"],
    ),
    "all lines of another length": (
        lines("length,width,kind,", *["1,2,a"] * 2_000),
        {},
        ["line 2: found 3 fields; expected 4", "more than"],
    ),
    "a line of another length behind a field of two lines": (
        lines("length,width,kind", '1,2,"a\nb"', "2,b", "4,5,a"),
        {},
        ["line 4: found 2 fields; expected 3"],
    ),
    "an empty column": (
        lines("length,note,kind", "1,,a", "2,,b", "3,,a"),
        {},
        ["column 'note': is empty in 3 rows", "data.drop"],
    ),
    "thousands": (
        lines("length,kind", '"1,234",a', "5,b", '"2,345",a'),
        {},
        ["row 1 of the data: found '1,234', with a mark for thousands or a decimal comma, as in 2 rows of 3"],
    ),
    "thousands behind apostrophes": (
        lines("length,kind", "1'000,a", "5,b"),
        {},
        ['found "1\'000", with the mark "\'" for thousands', 'thousands="\'")'],
    ),
    "thousands behind blanks": (lines("length,kind", "1 000,a", "5,b"), {}, ["mark ' ' for", "(…, thousands=' ')"]),
    "thousands behind narrow blanks, as spreadsheets write them": (
        lines("length,kind", "1\u202f000,a", "5,b"),
        {},
        [r"mark '\u202f' for thousands", r"thousands='\u202f', engine='python')"],
    ),
    "thousands behind points, with a decimal comma": (
        lines("length;kind", "1.000,5;a", "5;b"),
        {},
        ["mark '.' for thousands and a decimal comma", "(…, thousands='.', decimal=',')"],
    ),
    "thousands behind commas, with a decimal point": (
        lines("length;kind", "1,000.5;a", "5;b"),
        {},
        ["mark ',' for thousands", "(…, thousands=',')"],
    ),
    "thousands behind underscores": (lines("length,kind", "1_000,a", "5,b"), {}, ["mark '_'", "thousands='_'"]),
    "millions behind points": (lines("length,kind", "1.000.000,a", "5,b"), {}, ["mark '.'", "thousands='.')"]),
    "decimal commas between semicolons": (
        lines("kind;length;width", "a;-0,93;0,41", "b;1,5;2,25"),
        {},
        ["column 'length', row 1 of the data: found '-0,93', with a decimal comma", "column 'width'", "decimal=','"],
    ),
    "decimal commas in quotes": (
        lines("kind,length", 'a,"3,14"', 'b,"2,7"'),
        {},
        ["found '3,14', with a decimal comma"],
    ),
    "question marks": (
        lines("bare,kind", "1,a", "?,b", "3,a", "?,b"),
        {},
        ["column 'bare', row 2 of the data: found '?', which seems to stand for a missing value, as in 2 rows of 4"],
    ),
    "one blank among numbers, as Telco Churn's total charges have it": (
        lines("total,kind", "29.85,a", " ,b", "108.15,a", ",b"),
        {},
        ["column 'total', row 2 of the data: found a missing value, as in 2 rows of 4; allowed: finite numbers"],
    ),
    "blanks alone": (
        lines("length,note,kind", "1, ,a", "2,  ,b", "3,,a"),
        {},
        ["column 'note': is empty in 3 rows"],
    ),
    "dollars": (lines("price,kind", "$1.20,a", "$3.40,b"), {}, ["found '$1.20', with the sign of a currency"]),
    "percents": (lines("share,kind", "12%,a", "34%,b"), {}, ["found '12%', with a percent sign"]),
    "dates": (lines("day,kind", "2020-01-31,a", "2020-02-01,b"), {}, ["found '2020-01-31", "a date or a time"]),
    "dates of the United States": (
        lines("day,kind", "1/31/2020,a", "2/1/2020,b"),
        {},
        ["'1/31/2020', a date or a time"],
    ),
    "units": (lines("length,kind", "1,a", "2,b", "3 m,a"), {}, ["row 3 of the data: found '3 m', with a unit"]),
    "single quotes": (lines("length,kind", "'1.2',a", "'1.3',b"), {}, ["in quotes that are a part of it"]),
    "words as features, as in the Titanic's list": (
        lines("name,sex,age,kind", "Ada,f,1,a", "Bob,m,,b", "Cyd,f,,a"),
        {},
        [
            "'name', row 1 of the data: found 'Ada', a text, as in 3 rows of 3",
            "'sex'",
            "'age', row 2",
            "in 2 rows of 3",
        ],
    ),
    "control characters": (lines("length,kind", "\x1b[31m1,a", "2,b"), {}, [r"found '\x1b[31m1'"]),
    "infinite": (lines("length,kind", "1,a", "inf,b"), {}, ["row 2 of the data: found an infinite value"]),
    "a missing class": (
        lines("length,kind", "1,a", "2,", "3, "),
        {},
        ["row 2 of the data: found a missing value, as in 2 rows of 3"],
    ),
    "names as classes": (
        lines("length,kind", *(f"{k % 7},person {k}" for k in range(1_000))),
        {},
        ["1,000 different texts in 1,000 rows", "looks like names"],
    ),
    "a quantity as classes": (
        lines("length,kind", *(f"{k % 7},{k / 8}" for k in range(100))),
        {},
        ["100 different numbers in 100 rows", "looks like a quantity"],
    ),
    "a web page": (
        text("<!DOCTYPE html>\n<html><body>404</body></html>"),
        {},
        ["is a web page", "download the file itself"],
    ),
    "a git-lfs pointer": (
        text("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n"),
        {},
        ["git-lfs pointer", "git lfs pull"],
    ),
    "Feather": (feather, {}, ["is a Feather file", "read_feather"]),
    "a pickle": (text(pickle.dumps([1, 2])), {}, ["is a pickle", "run code"]),
    "joblib, packed": (text(__import__("zlib").compress(pickle.dumps(list(range(99))), 3)), {}, ["packed by joblib"]),
    ".npy": (npy, {}, ["is a single array", "numpy.savez"]),
    "Parquet under another name": (
        parquet_under_another_name,
        {},
        ["is a Parquet file: its name has to end so: .parquet"],
    ),
    "an archive of arrays under another name": (
        lambda folder: (npz(**KERAS)(folder), (folder / "data.npz").rename(folder / "data.txt")) and "data.txt",
        {},
        ["is an archive of arrays", "its name has to end so: .npz"],
    ),
    "IDX under another name, packed": (
        text(gzip.compress(idx(IMAGES)), name="images.csv.gz"),
        {},
        ["is an IDX file", "its name has to end so: -images-idx3-ubyte"],
    ),
    "a workbook under another name": (
        text(b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00" + b"\0" * 16 + b"[Content_Types].xml"),
        {},
        ["is a workbook"],
    ),
    "an archive under another name": (
        text(b"PK\x03\x04" + b"\0" * 26 + b"data.txt"),
        {},
        ["is packed: unpack it first"],
    ),
    "ARFF": (text("% iris\n@relation iris\n@attribute x numeric\n@data\n1\n"), {}, ["is an ARFF file"]),
    "JSON": (text('[{"x": 1, "kind": "a"}]'), {}, ["holds JSON"]),
    "bytes that are no text": (text(b"length,kind\n1,a\n\0\0\0,b\n"), {}, ["found bytes that are no text"]),
    "neither UTF-8 nor cp1252": (text(b"length,kind\n1,a\n2,\x81\n"), {}, ["line 3: found a text that is neither"]),
    "UTF-32": (text(PLAIN, "utf-32"), {}, ["UTF-32"]),
    "empty": (text(" \n"), {}, ["it is empty"]),
    "names alone": (text("length,kind\n"), {}, ["found no rows"]),
    "damaged gzip": (text(gzip.compress(PLAIN.encode())[:-9]), {}, ["packed with gzip, and damaged"]),
    "text under the ending of Parquet": (
        text(PLAIN, name="data.parquet"),
        {},
        ["holds text, and not what its name says: name it .csv", "allowed: a Parquet file"],
    ),
    "text under the ending of NPZ": (text(PLAIN, name="data.npz"), {}, ["holds text", "name it .csv"]),
    "text in UTF-16 under the ending of NPZ": (text(PLAIN, "utf-16", name="data.npz"), {}, ["holds text"]),
    "text under the name of IDX": (
        text("größe" + PLAIN, name="train-images-idx3-ubyte"),
        {"target": None},
        ["holds text", "name it .csv"],
    ),
    "Parquet, cut off": (cut(parquet(x=[1, 2], kind=["a", "b"]), "data.parquet"), {}, ["is cut off"]),
    "NPZ, cut off": (cut(npz(**KERAS), "data.npz"), {"target": None}, ["is cut off"]),
    "NPZ without rows": (npz(X=np.empty((0, 3)), kind=np.empty(0, int)), {}, ["found no rows"]),
    "NPZ of images without rows": (
        npz(**{name: values[:0] for name, values in KERAS.items()}),
        {"target": None},
        ["found no rows"],
    ),
    "a pickle under the ending of NPZ": (text(pickle.dumps([1]), name="data.npz"), {}, ["is a pickle"]),
    "Parquet with a column without a name": (
        parquet(**{"": [0, 1], "x": [1.5, 2], "kind": ["a", "b"]}),
        {},
        ["no name for column 1", 'data.drop: ["column_1"]'],
    ),
    "Parquet with lists in a column without a name": (
        parquet(**{"": [[0], [1]], "x": [1.5, 2], "kind": ["a", "b"]}),
        {},
        ["'column_1': found lists or records"],
    ),
    "NPZ with an array without a name": (
        npz(**{"": np.arange(3), "x": np.eye(3)}),
        {"target": None},
        ["found an array without a name"],
    ),
    "Parquet with lists": (parquet(x=[[1], [2]], kind=["a", "b"]), {}, ["'x': found lists or records"]),
    "Parquet with times": (
        parquet(x=pd.to_datetime(["2020-01-01", "2020-01-02"]), kind=["a", "b"]),
        {},
        ["'2020-01-01 00:00:00', a date"],
    ),
    "Parquet with words": (
        parquet(x=pa.array(["red", "red"]).dictionary_encode(), kind=["a", "b"]),
        {},
        ["found 'red', a text, as in 2 rows of 2"],
    ),
    "Parquet with numbers as texts": (
        parquet(x=["1", "2"], kind=["a", "b"]),
        {},
        ["numbers as texts", "astype(float)"],
    ),
    "Parquet with dates as classes": (
        parquet(x=[1, 2], kind=pd.to_datetime(["2020-01-01", "2020-01-02"])),
        {},
        ["target 'kind': found values of the type timestamp"],
    ),
    "Parquet with bytes as classes": (parquet(x=[1, 2], kind=[b"a", b"b"]), {}, ["values of the type binary"]),
    "NPZ with one-hot labels": (npz(X=np.eye(3), kind=np.eye(3)), {}, ["one-hot", "kind.argmax(axis=1)"]),
    "NPZ with several labels for each example, as ChestMNIST has them": (
        npz(X=np.eye(3), kind=np.array([[1, 1], [0, 0], [0, 1]])),
        {},
        ["found the shape (3, 2); allowed: one label for each example, such as kind[:, 0]"],
    ),
    "MedMNIST with its validation part": (
        npz(**MEDMNIST, val_images=IMAGES[:2], val_labels=LABELS[:2, None]),
        {"target": None},
        [
            "'val_images', 'val_labels' beside 'train_images' and 'train_labels'",
            'data.drop: ["val_images", "val_labels"]',
        ],
    ),
    "NPZ with objects as labels": (npz(X=np.eye(2), kind=np.array(["a", None], object)), {}, ["kind.astype(str)"]),
    "NPZ with objects as features": (
        npz(X=np.array([[1, None]], object), kind=np.array(["a"])),
        {},
        ["X.astype(float)"],
    ),
    "NPZ with bytes as labels": (
        npz(X=np.eye(2), kind=np.array([b"a", b"b"])),
        {},
        ["found bytes", "kind.astype(str)"],
    ),
    "NPZ of a bunch": (
        npz(**bunch()),
        {"target": "target"},
        ["'data', 'feature_names', 'target_names'", "one array of features", 'data.features: ["data"]'],
    ),
    "NPZ of a split, not Keras'": (
        npz(train=np.eye(3), test=np.eye(3), kind=np.arange(3)),
        {},
        ["'test', 'train'", "parts of a split", "x_train"],
    ),
    "Keras' arrays and another": (
        npz(**KERAS, x_valid=IMAGES[:2]),
        {"target": None},
        ["'x_valid'", 'data.drop: ["x_valid"]'],
    ),
    "Keras' arrays of two sizes": (
        npz(**KERAS | {"x_test": IMAGES[4:, :1]}),
        {"target": None},
        ["'x_test'", "(1, 2)", "(2, 2)"],
    ),
    "Keras' labels, one-hot": (
        npz(**KERAS | {"y_train": np.eye(4), "y_test": np.eye(4)[:2]}),
        {"target": None},
        ["y_train.argmax", "y_test.argmax"],
    ),
    "NPZ without a name of the target": (
        npz(X=np.eye(3), y=np.arange(3)),
        {"target": None},
        ["no name of a target", "'X', 'y'"],
    ),
    "NPZ of which all is dropped": (
        npz(X=np.eye(3), kind=np.arange(3)),
        {"drop": ("X[0]", "X[1]", "X[2]")},
        ["found no feature that is left"],
    ),
    "IDX of which nothing is left": (
        mnist,
        {"target": None, "features": ("pixel",)},
        ["no column 'pixel'", "'pixel[0,0]'"],
    ),
    "a quotation mark that is not closed": (
        lines("length,kind", '1,"a', "2,b", "3,c"),
        {},
        ["line 2: found a quotation mark that is opened and not closed"],
    ),
    "a quotation mark that is closed in another line": (
        lines("length,name,kind", '1,"a,x', "2,b,x", '3,"c",y', "4,d,x"),
        {"drop": ("name",)},
        ["line 2: found a quotation mark that is closed in another line"],
    ),
    "a quotation mark alone that is not closed": (
        lines("length,kind", "1,a", '2,"', "3,c", "4,a"),
        {},
        ["line 3: found a quotation mark that is opened and not closed"],
    ),
    "blanks before quotation marks": (
        lines('"length", "kind"', '1, "a"', '2, "b"'),
        {},
        ["found blanks before quotation marks", "skipinitialspace=True"],
    ),
    "a title above the names": (
        lines("Measured in 2020", "length,width,kind", "1,2,a", "2,3,b"),
        {},
        ["line 1: found 1 field, 'Measured in 2020', and 3 in each line below", "take out what stands above them"],
    ),
    "a title above the names, of an Excel export": (
        lines("Measured in 2020;;", "length;width;kind", "1;2;a", "2;3;b"),
        {},
        ["line 1: found nothing but 'Measured in 2020'", "take out what stands above them"],
    ),
    "colons between the fields": (lines("length:kind", "1:a", "2:b"), {}, ["found one field", "sep=':'"]),
    "lines of separators below, as Excel leaves them": (
        lines("length;kind", "1;a", "2;b", ";", ";", ";"),
        {},
        ["found 3 lines of separators and nothing between; allowed: rows: take them out"],
    ),
    "names that are dates": (
        lines("2020-01-01,2020-01-02,kind", "1,2,a", "2,3,b"),
        {},
        ["found '2020-01-01' as a column's name: the first line looks like data", "data.header: true"],
    ),
    "no header, and the first line begins with 0": (
        lines("0,1,a", "0,1,b", "1,0,a"),
        {"target": "a"},
        ["found '0' as a column's name: the first line looks like data", "data.target: column_3"],
    ),
    "no header, and words alone": (
        lines("x,s,a", "y,s,b", "x,t,a"),
        {"target": "a"},
        ["found 'a' as the name of the target and as a class, in 1 row: the first line looks like data", "column_3"],
    ),
    "no header, words alone, and a target of no name, as UCI's mushrooms have it": (
        lines("p,x,s", "e,x,y", "e,b,s", "p,b,y"),
        {},
        [
            "no target column 'kind'",
            "line 1: found 'p' as a column's name and as a value below it; allowed: the names of the columns; if it is",
            "an example, data.header: false, with data.target: column_1 to column_3",
        ],
    ),
    "no header, words alone, and a column that is counted": (
        lines("red,round", "green,long", "blue,square"),
        {"target": "column_2"},
        ["found names, and no column_2", "data.header: false, with data.target: column_2"],
    ),
    "two files, one behind the other": (
        lines("length,kind", "1,a", "length,kind", "2,b"),
        {},
        ["line 3: found the names of line 1 again; allowed: names once"],
    ),
    "ARFF with a mark": (text(codecs.BOM_UTF8 + b"@relation x\n@data\n1\n"), {}, ["is an ARFF file"]),
    "a web page in UTF-16": (text("<html><body>1</body></html>", "utf-16"), {}, ["is a web page"]),
    "a web page's table": (text("<table border=1>\n<tr><td>1</td></tr>\n"), {}, ["is a web page"]),
    "a server's refusal": (text("404: Not Found"), {}, ["is an error message of a server"]),
    "JSON, a record a line": (text('{"x": 1, "kind": "a"}\n{"x": 2, "kind": "b"}\n'), {}, ["lines=True"]),
    "svmlight": (text("1 1:0.5 3:2\n-1 2:0.25\n"), {}, ["load_svmlight_file"]),
    "a sparse matrix": (
        npz(data=np.ones(2), indices=np.arange(2), indptr=np.arange(3), format=np.array("csr"), shape=np.array([2, 2])),
        {},
        ["found a sparse matrix", "X.toarray()"],
    ),
    "UTF-8 and another encoding": (
        text("größe,kind\n1,a\n".encode() + "2,ä\n".encode("cp1252")),
        {},
        ["line 3: found bytes that are no UTF-8, and UTF-8 in line 1"],
    ),
    "a remark above rows without names, as adult.test has it": (
        lines("|1x3 Cross validator", "1,2,a", "2,3,b"),
        {"header": False, "target": "column_3"},
        ["line 1: found 1 field", "take out what stands above"],
    ),
    "decimal commas between commas": (
        lines("length,width,kind", "1,5,2,5,a", "2,5,3,5,b"),
        {},
        ["line 2: found 5 fields; expected 3, as in line 1; decimal commas seem to part numbers"],
    ),
    "R's row names without a column's": (
        lines('"length","kind"', '"1",1.5,"a"', '"2",2.5,"b"'),
        {},
        ["line 2: found 3 fields; expected 2, as in line 1; it may be a row's name without a column's"],
    ),
    "marks within quotes behind a backslash": (
        lines("name,length,kind", '"a \\"b\\", c",1,a', '"d",2,b'),
        {"drop": ("name",)},
        ["line 2: found 4 fields", "not behind a backslash"],
    ),
    "a dash as a minus sign": (lines("length,kind", "−1,a", "2,b"), {}, ["found '−1', with a dash"]),
    "errors of a spreadsheet": (
        lines("length,kind", "#DIV/0!,a", "2,b", "####,a"),
        {},
        ["found '#DIV/0!', which is an error of a spreadsheet, as in 2 rows of 3"],
    ),
    "a line of another length among lines that end otherwise": (
        lines("length,kind", "1,a", "2,b\n", "3", "4,a", end="\r"),
        {},
        ["line 5: found 1 field"],
    ),
    "a decimal comma before three digits": (lines("length;kind", "0,837;a"), {}, ["'0,837', with a decimal comma"]),
    "IDX without labels": (
        lambda folder: (folder / "train-images-idx3-ubyte").write_bytes(idx(IMAGES)) and "train-images-idx3-ubyte",
        {"target": None},
        ["train-labels-idx1-ubyte: found no such file"],
    ),
    "IDX, cut off": (
        lambda folder: (
            (mnist(folder), (folder / "train-images-idx3-ubyte").write_bytes(idx(IMAGES)[:20]))
            and "train-images-idx3-ubyte"
        ),
        {"target": None},
        ["train-images-idx3-ubyte: the file cannot be read"],
    ),
}


def read(folder, monkeypatch, write, keys):
    monkeypatch.chdir(folder)
    return read_source(Wanted(**{"source": write(folder), "target": "kind"} | keys))


def test_there_are_many_layouts():
    assert len(READ) + len(WITH_A_SPLIT) + len(REFUSED) >= 60


@pytest.mark.parametrize(("write", "keys"), READ.values(), ids=READ)
def test_a_layout_is_read_as_it_was_meant(tmp_path, monkeypatch, write, keys):
    reading = read(tmp_path, monkeypatch, write, keys)
    assert not reading.problems
    assert reading.examples.inputs.tolist() == INPUTS
    assert reading.examples.classes.tolist() == CLASSES
    assert reading.examples.labels.tolist() == [0, 1, 0]
    assert len(reading.examples.features) == 2
    assert reading.examples.test is None


@pytest.mark.parametrize(("write", "keys"), WITH_A_SPLIT.values(), ids=WITH_A_SPLIT)
def test_a_source_with_a_split_keeps_it(tmp_path, monkeypatch, write, keys):
    reading = read(tmp_path, monkeypatch, write, keys)
    assert not reading.problems
    assert reading.examples.inputs.tolist() == IMAGES.reshape(6, 4).tolist()
    assert reading.examples.classes.tolist() == ["0", "1"]
    assert reading.examples.labels.tolist() == LABELS.tolist()
    assert reading.examples.test.tolist() == [False] * 4 + [True] * 2
    assert reading.census.test_counts == (1, 1)


def test_idx_images_without_a_test_part_have_no_split(tmp_path, monkeypatch):
    reading = read(tmp_path, monkeypatch, lambda folder: mnist(folder, test=False), {"target": None})
    assert reading.examples.inputs.shape == (4, 4)
    assert reading.examples.test is None


@pytest.mark.parametrize(("write", "keys", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_layout_that_cannot_be_read_is_refused_by_its_cause(tmp_path, monkeypatch, write, keys, expected):
    reading = read(tmp_path, monkeypatch, write, keys)
    message = "\n".join(reading.problems)
    assert reading.examples is None
    for words in expected:
        assert words in message
    assert all(line.isprintable() for line in message.splitlines())


def test_a_text_in_cp1252_is_read_and_said_to_be(tmp_path, monkeypatch):
    reading = read(tmp_path, monkeypatch, text(PLAIN.replace("b", "é"), "cp1252"), {})
    assert reading.examples.classes.tolist() == ["a", "é"]
    assert "read as cp1252, because line 3 is no UTF-8" in reading.examples.warnings[0]


def test_every_format_has_an_ending_of_its_own():
    for known in FORMATS:
        example = f"a{known.endings.split(' ')[0].rstrip(',')}"
        assert [other for other in FORMATS if re.search(f"(?:{other.pattern})$", example)] == [known]
        assert known.endings in ENDINGS
        assert format_of(example) is known


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.content)
def test_nothing_advises_against_a_format_that_is_read(known):
    for ending in re.findall(r"[.-][\w.-]+", known.endings.partition(" (")[0]):
        assert advice_on_ending(f"a{ending}") is None


def test_what_was_assumed_of_a_file_is_told_beside_its_problems(tmp_path, monkeypatch):
    reading = read(tmp_path, monkeypatch, text("length,größe,kind\n1,x,a\n2,y,b\n", "cp1252"), {})
    assert "column 'größe', row 1 of the data: found 'x'" in reading.problems[0]
    assert "read as cp1252, because line 1 is no UTF-8" in reading.problems[1]


def test_nothing_is_told_from_the_rows_of_a_file_of_which_others_are_missing(tmp_path, monkeypatch):
    reading = read(tmp_path, monkeypatch, lines("length,kind", "1,a", "1,a", "2,b,c", "3,c,b"), {})
    assert [problem.split("data.csv")[1][:8] for problem in reading.problems] == [", line 4", ", line 5"]
    assert reading.census is None


@pytest.mark.parametrize(
    ("second", "keys"), [("1,b", {}), ("size,kind", {}), ("size,a", {"header": True})], ids=["rows", "twice", "told"]
)
def test_a_misspelt_target_alone_makes_no_example_of_names(tmp_path, monkeypatch, second, keys):
    reading = read(tmp_path, monkeypatch, lines("size,kind", second, "1,a"), {"target": "Kind"} | keys)
    assert "did you mean 'kind'?" in reading.problems[0]
    assert "an example" not in "".join(reading.problems)


def test_the_file_that_was_meant_is_named_if_it_lies_beside(tmp_path, monkeypatch):
    text(PLAIN, name="Iris.csv")(tmp_path)
    reading = read(tmp_path, monkeypatch, lambda folder: "iris.csv.gz", {})
    assert "no such file (did you mean 'Iris.csv', which lies there?)" in reading.problems[0]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("link.csv", "found a link to 'gone.csv', which is no file; allowed"),
        ("link.txt", "found no such file; allowed"),
        (r"C:\iris.csv", "found no such file: drives are Windows', and this system has none; allowed"),
    ],
)
def test_no_file_is_named_that_is_no_help(tmp_path, monkeypatch, source, found):
    (tmp_path / "link.csv").symlink_to("gone.csv")
    text(PLAIN, name="iris.csv")(tmp_path)
    assert found in read(tmp_path, monkeypatch, lambda folder: source, {}).problems[0]


@pytest.mark.parametrize(
    "write", [text(PLAIN * 9), text(PLAIN.encode("utf-16")), npz(**KERAS), mnist, parquet(x=[1, 2], kind=["a", "b"])]
)
def test_a_file_that_was_damaged_anywhere_ends_in_a_sentence(tmp_path, monkeypatch, write):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / write(tmp_path)
    whole, random = path.read_bytes(), np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(whole)
        for place in random.integers(0, len(whole), 1 + random.integers(4)):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged[: random.integers(len(whole) + 1)] if random.random() < 0.2 else damaged)
        reading = read_source(
            Wanted(path.name, None if path.name != "data.csv" and "parquet" not in path.name else "kind")
        )
        assert (reading.examples is None) == bool(reading.problems)
        assert all(problem.isprintable() for problem in reading.problems)
