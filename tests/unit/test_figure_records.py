"""A figure tells its whole story in its module: the workflow, the report and the page take it from there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
from made_up_run import write_run

from depthsounder.figures import FIGURES, SECTIONS
from depthsounder.figures.style import save
from depthsounder.process.commands import Refusal
from depthsounder.studies import STUDIES
from depthsounder.sweep.figure_tables import tables_of_figure
from depthsounder.sweep.runs import load_run

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "src" / "depthsounder"
RECORDS = {**FIGURES, **{name: study.figure for name, study in STUDIES.items()}}
CELLS = {
    "depths": [2, 5],
    "activations": ["tanh", "sigmoid"],
    "inits": ["glorot_uniform", "uniform_standard", "gaussian_w1.5_b0.05"],
    "seeds": {"measure": 2, "tune": 1, "evaluate": 2},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("results"), **CELLS)


def all_of(record, run):
    """Do everything for which a figure may read a table."""
    record.draw(run), record.rows(run), record.message(run)


@pytest.mark.parametrize("name", RECORDS)
def test_a_figure_reads_the_tables_that_it_names_and_no_other(results, tmp_path, name):
    for kept in ("config.json", "data.npz", *(f"{table}.parquet" for table in RECORDS[name].reads)):
        shutil.copy(results / kept, tmp_path / kept)

    all_of(RECORDS[name], load_run(tmp_path))

    for table in RECORDS[name].reads:
        moved = (tmp_path / f"{table}.parquet").rename(tmp_path / "elsewhere")
        with pytest.raises(OSError, match=rf"/{table}\.parquet"):
            all_of(RECORDS[name], load_run(tmp_path))
        moved.rename(tmp_path / f"{table}.parquet")


@pytest.mark.parametrize("name", RECORDS)
def test_the_source_of_a_figure_says_what_its_record_says(name):
    assert tables_of_figure(LIBRARY, name) == RECORDS[name].reads
    assert RECORDS[name].name == name


def test_figures_stand_in_the_order_of_the_story():
    sections = [SECTIONS.index(record.section) for record in FIGURES.values()]

    assert sections == sorted(sections)
    assert list(FIGURES)[-4:] == ["finite_width", "jacobian_spectrum", "phase_diagram", "gradient_check"]


@pytest.mark.parametrize(
    ("module", "complaint"),
    [
        (None, r"workflow/report/mine\.rst: there is no module figures or studies/mine\.py"),
        ("X = 1", r"mine\.py: no FigureRecord"),
        (
            'X = 1\nFIGURE = FigureRecord(name="mine", reads=("verdict",))',
            r"mine\.py, line 2: reads=\('verdict',\); allowed: ",
        ),
        ("FIGURE = FigureRecord(reads=TABLES)", r"mine\.py, line 1: reads=TABLES; allowed: "),
    ],
)
def test_a_figure_that_does_not_write_out_what_it_reads_is_refused_by_name(tmp_path, module, complaint):
    (tmp_path / "figures").mkdir()
    if module is not None:
        (tmp_path / "figures" / "mine.py").write_text(module)

    with pytest.raises(Refusal, match=complaint):
        tables_of_figure(tmp_path, "mine")


def test_a_new_figure_is_its_module_and_its_caption(results, tmp_path):
    copy = tmp_path / "project"
    for folder in ("src", "scripts", "workflow"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    module = (LIBRARY / "figures" / "learning_rates.py").read_text()
    module = module.replace('name="learning_rates"', 'name="my_figure"').replace('title="', 'title="Mine: ')
    (copy / "src/depthsounder/figures/my_figure.py").write_text(module)
    (copy / "workflow/report/my_figure.rst").write_text("What I want you to see.")

    environment = os.environ | {"PYTHONPATH": str(copy / "src")}
    drawn = "figures/my_figure.svg"
    program = (
        "import sys; from pathlib import Path; from depthsounder.figures import FIGURES\n"
        "from depthsounder.figures.style import save; from depthsounder.sweep.runs import load_run\n"
        "run = load_run(Path(sys.argv[1]))\n"
        "for name, record in FIGURES.items(): save(record.draw(run), Path('figures', f'{name}.svg'))"
    )
    commands = [
        [copy / "scripts/plot_figure.py", "--results", results, "--figure", "my_figure", "--output", drawn],
        ["-c", program, results],
        [
            *(copy / "scripts/render_report.py", "--results", results, "--figures", "figures"),
            *("--captions", copy / "workflow/report", "--output", "index.html"),
        ],
    ]
    (tmp_path / "figures").mkdir()
    for command in commands:
        done = subprocess.run(
            [sys.executable, *command], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    page = (tmp_path / "index.html").read_text()
    assert (tmp_path / drawn).is_file()
    assert (
        page.index("figure-learning_rates") < page.index('id="figure-my_figure"') < page.index("figure-training_signal")
    )
    assert "Mine: The rate that each cell chose" in page
    assert "What I want you to see." in page
    assert "snakemake reports/made-up/figures/my_figure.svg" in page
    assert tables_of_figure(copy / "src/depthsounder", "my_figure") == ("verdicts",)


@pytest.mark.parametrize("setting", ["figure.autolayout", "figure.constrained_layout.use"])
def test_a_users_matplotlibrc_lays_out_no_figure(results, tmp_path, setting):
    def files(folder):
        folder.mkdir()
        figure = FIGURES["phase_diagram"].draw(load_run(results))
        for name in ("figure.svg", "figure.png"):
            save(figure, folder / name)
        return [(folder / name).read_bytes() for name in ("figure.svg", "figure.png")]

    expected = files(tmp_path / "without")
    with mpl.rc_context({setting: True}):
        assert files(tmp_path / "with") == expected


def test_no_figure_reaches_another_by_the_registry():
    """The code of a figure's job leaves out other figures, and has to see which it uses."""
    modules = [path for room in ("figures", "studies") for path in (LIBRARY / room).glob("*.py")]
    users = {path for path in modules if re.search(r"\b(FIGURES|STUDIES|import_module)\b", path.read_text())}
    assert users == {LIBRARY / "figures/__init__.py", LIBRARY / "studies/__init__.py"}
