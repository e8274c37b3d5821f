"""Texts as any program may write them: what is read is what was written, and damage loses no row in silence."""

import csv
import gzip
import io
import random

import pytest

from depthsounder.data.sources import Wanted, read_source

NAMES = ("length", "a b", "x,y", "x;y", "é", "Id", 'x"q', "height [cm]", "p|q", "#n", "temp °C")
CLASSES = (
    "a",
    "Iris-setosa",
    "01",
    "1",
    "1.0",
    "NA",
    "true",
    "<=50K",
    "é",
    "a,b",
    "a;b",
    "a|b",
    'say "hi"',
    "1e5",
    "漢",
)
VALUES = (
    lambda chance: str(chance.randint(-9, 9_999)),
    lambda chance: f"{chance.gauss(0.0, 5.0):.3f}",
    lambda chance: f"{chance.gauss(0.0, 1.0):.3e}",
    lambda chance: chance.choice(["True", "False"]),
)


def table(chance):
    """Names of columns, and rows of texts with the class last."""
    columns = [chance.choice(VALUES) for _ in range(chance.randint(2, 6))]
    classes = chance.sample(CLASSES, chance.randint(2, 4))
    rows = [[value(chance) for value in columns] + [chance.choice(classes)] for _ in range(chance.choice([5, 30]))]
    return [*chance.sample(NAMES, len(columns)), "kind"], rows


def written(chance, names, rows):
    """A table in one of the ways in which programs write it, as bytes."""
    separator, end = chance.choice(",;\t|"), chance.choice(["\n", "\r\n", "\r"])
    quoting = chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=end)
    writer.writerows([names, *rows])
    excel = f"sep={separator}{end}" if chance.random() < 0.2 else ""
    content = excel + (text.getvalue() if chance.random() < 0.5 else text.getvalue().rstrip("\r\n"))
    encoded = content.encode(chance.choice(["utf-8", "utf-8-sig", "utf-16"]))
    return gzip.compress(encoded) if chance.random() < 0.2 else encoded


def number(text):
    return {"True": 1.0, "False": 0.0}[text] if text in ("True", "False") else float(text)


@pytest.mark.parametrize("seed", range(8))
def test_what_is_written_in_any_way_is_what_is_read(tmp_path, seed):
    chance, path = random.Random(seed), tmp_path / "data.csv"
    for _ in range(50):
        names, rows = table(chance)
        path.write_bytes(written(chance, names, rows))
        reading = read_source(Wanted(str(path), "kind"))
        if reading.examples is None:
            # A few rows may happen to be all alike.
            assert "found only constant features" in reading.problems[0]
            continue
        assert reading.examples.features.tolist() == names[:-1]
        assert reading.examples.inputs.tolist() == [[number(text) for text in row[:-1]] for row in rows]
        assert reading.examples.classes[reading.examples.labels].tolist() == [row[-1] for row in rows]


@pytest.mark.parametrize("seed", range(8))
def test_a_text_in_which_one_character_is_wrong_loses_no_row_in_silence(tmp_path, seed):
    chance, path = random.Random(seed), tmp_path / "data.csv"
    for _ in range(100):
        text = io.StringIO()
        quoting = chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
        writer = csv.writer(text, delimiter=chance.choice(",;"), quoting=quoting, lineterminator="\n")
        rows = [[chance.choice(["q", "c;d", "e,f"]), k, chance.choice("ab")] for k in range(chance.choice([4, 30]))]
        writer.writerows([["note", "x", "kind"], *rows])
        damaged = list(text.getvalue())
        place = chance.choice([k for k, character in enumerate(damaged) if character in '",;\n'])
        damaged[place : place + chance.randint(0, 1)] = chance.choice(["", '"', ",", "\n", "'"])
        path.write_text("".join(damaged))
        reading = read_source(Wanted(str(path), "kind", drop=("note",)))
        assert reading.examples is None or len(reading.examples.inputs) == len(rows)
