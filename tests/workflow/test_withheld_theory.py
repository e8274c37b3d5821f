"""Inits whose weights are not of the law that they state: measured and trained, and set beside no theory."""

import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.workflow

OWN = """
WITH_A_MEAN = Initializer(
    "with_a_mean",
    lambda fan_in, fan_out, activation: 1.0 / fan_in,
    "weights of mean 1/√n",
    shape=lambda normals, variance: (normals + 1.0) * sqrt(variance),
)
FORGETFUL = Initializer(
    "forgetful",
    lambda fan_in, fan_out, activation: 1.0 / fan_in,
    "unit normals",
    shape=lambda normals, variance: normals,
)
FROM_ZERO = Initializer(
    "from_zero",
    lambda fan_in, fan_out, activation: 1.0 / fan_in,
    "uniform from 0, of the right variance",
    shape=lambda normals, variance: ndtr(normals) * sqrt(12.0 * variance),
)
"""
NAMES = ["with_a_mean", "forgetful", "from_zero"]
KEYS = {"depth", "activation", "init", "layer", "note"}


@pytest.fixture(scope="module")
def withheld_run(sources, once):
    """A run with three such inits beside one of the registry."""

    def make(folder):
        project = sources.copy(folder)
        registry = "\nINITIALIZERS = {"
        module = "src/depthsounder/initializers.py"
        project.edit(module, registry, f"{OWN}\n{registry}")
        project.edit(
            module, "        ZEROS,\n", "        ZEROS,\n        WITH_A_MEAN,\n        FORGETFUL,\n        FROM_ZERO,\n"
        )
        project.configure({"inits": ["he_normal", *NAMES], "depths": [2, 3]})
        (folder / "said.txt").write_text(project.run())

    return once("a run with withheld theory", make)


def test_their_theory_is_null_and_says_why(withheld_run):
    rows = [row for row in withheld_run.table("theory") if row["init"] in NAMES]
    assert {row["init"] for row in rows} == set(NAMES)
    for row in rows:
        assert {name for name, value in row.items() if value is not None} == KEYS
        assert re.match(
            rf"theory is withheld: it takes weights to have mean 0 .* that {row['init']} states", row["note"]
        )


def test_they_are_measured_trained_and_judged_all_the_same(withheld_run):
    for table in ("signal", "traces", "verdicts"):
        assert {row["init"] for row in withheld_run.table(table)} == {"he_normal", *NAMES}


def test_the_others_keep_their_theory(withheld_run, finished_run):
    def theory(run):
        rows = [row for row in run.table("theory") if row["init"] == "he_normal" and row["depth"] == 2]
        return [{name: row[name] for name in row if name != "note"} for row in rows]

    assert theory(withheld_run) == theory(finished_run)


LOOK = """
from pathlib import Path
from depthsounder.figures import backward_signal, forward_signal, phase_diagram, prediction
from depthsounder.runs import load_run

run = load_run(Path("results/default"))
for figure in (backward_signal, forward_signal):
    for init, row in figure.rows(run).set_index("init").filter(regex="theory|predicted").iterrows():
        print("beside theory", init, row.notna().any())
for init, ratio in prediction.rows(run).set_index("init")["predicted_delta_ratio"].items():
    print("beside theory", init, ratio == ratio)
print("in the plane", *phase_diagram.rows(run)["init"].unique())
print(prediction.message(run))
"""


def test_no_figure_sets_them_beside_theory(withheld_run):
    environment = withheld_run.environment() | {"PYTHONPATH": "src"}
    command = [sys.executable, "-c", LOOK]
    done = subprocess.run(
        command, cwd=withheld_run.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    seen = set(re.findall(r"beside theory (\w+) (\w+)", done.stdout))
    assert seen == {("he_normal", "True"), *((name, "False") for name in NAMES)}
    assert "in the plane he_normal\n" in done.stdout
    # Two activations at two depths.
    assert "of 4 cells" in done.stdout


def test_the_page_says_whose_theory_is_withheld_and_why(withheld_run):
    page = (withheld_run / "reports/default/index.html").read_text()
    for name in NAMES:
        assert page.count(f"it takes weights to have mean 0 and the variance that {name} states") == 1
    assert "NaN" not in page.partition('id="explorer')[2].partition("</script>")[0]
