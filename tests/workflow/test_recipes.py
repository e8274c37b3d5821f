"""The recipes of CONTRIBUTING.md, followed to the letter: each says all that there is to do."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytestmark = [pytest.mark.recipes, pytest.mark.workflow]

NOT_IN_A_CLONE = shutil.ignore_patterns(
    ".git", ".venv*", ".snakemake", "results", "logs", "dist", "__pycache__", ".*_cache", ".hypothesis"
)
LIBRARY = "src/depthsounder"
LONGEST = 3000
REFERENCE = ["scripts/write_config_reference.py"]

ARCTAN = """\

def _arctan(z, out):
    np.arctan(z, out=out)


def _arctan_slope(z, h, out):
    np.multiply(z, z, out=out)
    np.add(out, 1.0, out=out)
    np.reciprocal(out, out=out)


ARCTAN = Activation(
    "arctan", _arctan, _arctan_slope, kinks=(), rectifier=False, source="an example", formula="arctan(z)"
)

"""

ARCTAN_REFERENCE = '    "arctan": ActivationReference(jax.numpy.arctan, (-np.pi / 2, np.pi / 2, 0.0, 0.0)),\n'

TWO_THIRDS = """\
TWO_THIRDS = Initializer(
    "two_thirds", lambda fan_in, fan_out, activation: 2.0 / (3.0 * fan_in), "an example", formula="2/(3 n_in)"
)

"""

CLAIM = '''\
"""How many of the cells train."""

from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, untested


def _judge(evidence: Evidence) -> Judgement:
    cells = len(evidence.verdicts)
    if not cells:
        return untested("all cells train", "The run has no cells.")
    trained = int((evidence.verdicts["training_verdict"] == "trains").sum())
    return Judgement(
        "confirmed" if trained == cells else "refuted",
        f"{trained} of {cells} cells train",
        "all cells train",
        "Counted in the table of verdicts.",
    )


CLAIMS = (
    Claim(
        name="all_cells_train",
        statement="Every cell trains.",
        source="An example.",
        hypothesis="The training verdict of every cell is that it trains.",
        test=_judge,
        reads={"verdicts": ("training_verdict",)},
    ),
)
'''

FIGURE = '''\
"""What differs between inputs at the last layer, by depth."""

import pandas as pd
from matplotlib.figure import Figure

from depthsounder.figures.record import FigureRecord
from depthsounder.figures.style import themed
from depthsounder.process.text import number
from depthsounder.sweep.runs import Run


def rows(run: Run) -> pd.DataFrame:
    """Return the largest share at each depth."""
    return run.verdicts.groupby("depth")[["variance_share"]].max().reset_index()


def message(run: Run) -> str:
    """Return the largest share at the greatest depth."""
    return f"At depth {run.depths[-1]} the largest share is {number(rows(run)['variance_share'].iloc[-1])}."


@themed
def draw(run: Run) -> Figure:
    """Draw the largest share over depth."""
    figure = Figure(figsize=(8.0, 4.5), layout="constrained")
    axes = figure.subplots()
    table = rows(run)
    axes.plot(table["depth"], table["variance_share"], marker="o")
    axes.set(xlabel="depth", ylabel="largest share of variance")
    return figure


FIGURE = FigureRecord(
    name="largest_share",
    title="What inputs keep of their differences",
    picture="A curve over depth.",
    section="forward",
    draw=draw,
    rows=rows,
    message=message,
    reads=("verdicts",),
)
'''

FORMAT = '''\
"""JSON Lines: an object a line, with one value for each column."""

from pathlib import Path

from pyarrow import json

from depthsounder.data.sources.features import feature_matrix
from depthsounder.data.sources.formats.record import Format
from depthsounder.data.sources.selection import Wanted, select
from depthsounder.data.sources.table import Table


def read_json_lines_table(path: Path, wanted: Wanted) -> Table:
    """Read a file of JSON Lines."""
    table = json.read_json(path)
    selection = select(path, table.column_names, wanted)
    names = [table.column_names[position] for position in selection.features]
    inputs, problems = feature_matrix(path, names, [table.column(name) for name in names])
    labels = None if selection.target is None else table.column(selection.target)
    return Table(
        table.num_rows, inputs, tuple(names), wanted.target or "", labels, (*selection.problems, *problems)
    )


FORMAT = Format(
    place=5,
    endings=".jsonl or .ndjson",
    pattern=r"[.](jsonl|ndjson)",
    content="a file of JSON Lines",
    about="",
    read=read_json_lines_table,
    signature=rb"[ \\t]*[{][^\\n]*[}]\\s*(\\n|$)",
)
'''

JSON_LINES = ['{"length": 1.5, "width": 2, "kind": "a"}', '{"length": 2.5, "width": 3, "kind": "b"}']
JSON_LINES += ['{"length": 3.5, "width": 5, "kind": "a"}']
LAYOUT_READ = f"""    "JSON Lines": (
        text(
            {JSON_LINES[0] + chr(10)!r}
            {JSON_LINES[1] + chr(10)!r}
            {JSON_LINES[2]!r},
            name="data.jsonl",
        ),
        {{}},
    ),
"""

REFUSED_AFTER = """text('{"x": 1, "kind": "a"}\\n{"x": 2, "kind": "b"}\\n'), {}, ["has to end so: .jsonl"]),
    "JSON Lines, cut off": (
        text('{"x": 1, "kind": "a"}\\n{"x": ', name="data.jsonl"),
        {},
        ["cannot be read", "a file of JSON Lines"],
    ),
"""

# What advised against the format: the words, the endings and the first bytes.
ADVICE = [
    r"""_JSON_LINES = (
    "holds JSON, a record a line: pandas.read_json(…, lines=True).to_csv('data.csv', index=False) makes a table of them"
)
""",
    r"""    (r"\.(jsonl|ndjson)$", _JSON_LINES),
""",
    r"""    (rb"\s*\{[^\n]*\}\s*\n\s*\{", _JSON_LINES),
""",
]
REFUSED_BEFORE = """text('{"x": 1, "kind": "a"}\\n{"x": 2, "kind": "b"}\\n'), {}, ["lines=True"]),
"""

COLUMN = '        _field("last_layer_q", pa.float64(), "mean of z² at layer L, the median over seeds"),\n'

CAPTION = "The largest share of the last layer's mean square that differs between inputs, at each depth.\n"


def ahead(additions):
    """Edits that put text in front of what stands in a file."""
    return {successor: added + successor for successor, added in additions.items()}


# What following each recipe does: a new file, or pieces of a file with what takes their place.
FOLLOWED = {
    "An activation.": {
        f"{LIBRARY}/elements/activations.py": ahead({"ACTIVATIONS = {": ARCTAN, "        ERF,\n": "        ARCTAN,\n"}),
        "tests/references.py": ahead({'    "tanh": ActivationReference(': ARCTAN_REFERENCE}),
    },
    "An init.": {
        f"{LIBRARY}/elements/initializers.py": ahead(
            {"INITIALIZERS = {": TWO_THIRDS, "        ZEROS,\n": "        TWO_THIRDS,\n"}
        ),
        "tests/references.py": ahead({'    "zeros": lambda': '    "two_thirds": lambda n, m: 2.0 / (3.0 * n),\n'}),
    },
    "A claim.": {f"{LIBRARY}/claims/all_cells_train.py": CLAIM},
    "A figure.": {
        f"{LIBRARY}/figures/largest_share.py": FIGURE,
        "workflow/report/largest_share.rst": CAPTION,
    },
    "A data format.": {
        f"{LIBRARY}/data/sources/formats/json_lines.py": FORMAT,
        f"{LIBRARY}/data/sources/foreign.py": dict.fromkeys(ADVICE, ""),
        "tests/unit/test_layouts.py": {
            **ahead({'    "UCI\'s .data":': LAYOUT_READ}),
            REFUSED_BEFORE: REFUSED_AFTER,
        },
        "README.md": {"`.parquet`), and ": "`.jsonl`, `.ndjson`, `.parquet`), and\n  "},
    },
    "A column of a table.": {
        f"{LIBRARY}/storage/schemas.py": ahead({'        _field("variance_share",': COLUMN}),
        f"{LIBRARY}/judging/cell_verdicts.py": ahead(
            {
                "    dead_seeds: frozenset[int]\n": "    last_layer_q: float\n",
                "        dead_seeds=frozenset(": "        last_layer_q=float(np.median(q[:, -1])),\n",
                '            "dead_at_birth": dead_at_birth,\n': '            "last_layer_q": initial.last_layer_q,\n',
            }
        ),
        "tests/unit/test_tables.py": ahead({'"variance_share", "dead_units"': '"last_layer_q", '}),
    },
}


def follow(folder, edits):
    """Do to a copy of the project what a recipe says."""
    for path, edit in edits.items():
        file = folder / path
        if isinstance(edit, str):
            assert not file.exists()
            file.write_text(edit)
            continue
        text = file.read_text()
        for before, after in edit.items():
            assert text.count(before) == 1, (path, before)
            text = text.replace(before, after)
        file.write_text(text)


def recipes(root):
    """The recipes by their names, each as its numbered steps and the command that tries what was added."""
    text = (root / "CONTRIBUTING.md").read_text().split("## Add …")[1]
    parts = re.split(r"^\*\*(.+)\*\*$", text, flags=re.MULTILINE)[1:]
    return {
        name: (
            re.findall(r"^\d\. .*(?:\n   .*)*", text, re.MULTILINE),
            re.search(r"^```sh\n(.*)\n```$", text, re.MULTILINE)[1],
        )
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    }


def call(folder, *command):
    """Call Python in a copy of the project, whose own library it sees."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "src")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:]
    return done.stdout


@pytest.fixture(scope="module")
def followed(root, tmp_path_factory):
    """A copy of the project in which all recipes were followed, one after the other."""
    folder = tmp_path_factory.mktemp("recipes") / "project"
    shutil.copytree(root, folder, ignore=NOT_IN_A_CLONE)
    for edits in FOLLOWED.values():
        follow(folder, edits)
    call(folder, "-m", "ruff", "format", "src", "tests")
    call(folder, *REFERENCE)
    return folder


def test_every_recipe_is_followed_here(root):
    assert list(recipes(root)) == list(FOLLOWED)


@pytest.mark.parametrize("name", FOLLOWED)
def test_a_recipe_has_at_most_five_steps_and_names_every_file(root, name):
    steps, _ = recipes(root)[name]
    assert 1 <= len(steps) <= 5

    text = " ".join(steps)
    for path, edit in FOLLOWED[name].items():
        known = path.removeprefix(f"{LIBRARY}/")
        assert f"`{known}`" in text or (isinstance(edit, str) and f"`{Path(known).parent}/" in text), path


def test_make_reference_calls_what_writes_the_reference(root):
    makefile = (root / "Makefile").read_text()
    assert re.search(rf"^reference: .*\n\t\$\(BIN\)/python {REFERENCE[0]}\n", makefile, re.MULTILINE)


@pytest.mark.parametrize("name", FOLLOWED)
def test_the_command_of_a_recipe_tries_what_was_added(root, followed, name):
    _, command = recipes(root)[name]
    python, *arguments = command.replace("NAME", "largest_share").split()
    assert python == ".venv/bin/python"
    call(followed, *arguments)


def test_every_test_passes_after_all_recipes(followed):
    call(followed, "-m", "ruff", "check", "src", "tests")
    call(followed, "-m", "mypy")
    ran = call(
        followed, "-m", "pytest", "-n", "2", "--dist", "loadfile", "-m", "not slow", "tests/unit", "tests/properties"
    )
    assert int(re.search(r"(\d+) passed", ran)[1]) > 4000


def test_what_was_added_is_in_a_run(sources, followed):
    project = replace(sources, folder=followed)
    project.configure({"activations": ["tanh", "arctan"], "inits": ["glorot_normal", "two_thirds"]})
    project.run()

    added = [row for row in project.table("verdicts") if (row["activation"], row["init"]) == ("arctan", "two_thirds")]
    assert [row["depth"] for row in added] == [1, 2]
    assert all(row["last_layer_q"] > 0 for row in added)
    assert "all_cells_train" in {row["claim"] for row in project.table("claims")}
    assert (followed / "reports/default/figures/largest_share.svg").exists()
    page = (followed / "reports/default/index.html").read_text()
    assert CAPTION.strip() in page
    assert "all_cells_train" in page
