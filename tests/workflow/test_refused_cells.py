"""What the checks refuse is not computed, and takes nothing else with it: the other cells get verdicts and a report."""

import re

import pytest

pytestmark = pytest.mark.workflow

ACTIVATIONS = "src/depthsounder/elements/activations.py"

OWN = """

def _cube(z, out):
    np.power(z, 3, out=out)


def _cube_slope(z, h, out):
    np.multiply(z, z, out=out)
    np.multiply(out, 2.0, out=out)


CUBE = Activation("cube", _cube, _cube_slope, kinks=(), rectifier=False, source="an example")


def _far(z, out):
    np.copyto(out, np.where(z.real > 1.0, z - 1.0, 0.0))


def _far_slope(z, h, out):
    np.greater(z, 1.0, out=out, casting="unsafe")


FAR = Activation("far", _far, _far_slope, kinks=(1.0,), rectifier=True, source="silent where the signal is small")

"""

SWEEP = {
    "activations": ["cube", "tanh", "far"],
    "inits": ["naive_small", "he_normal", "orthogonal"],
    "comparisons": [
        {"activation": "cube", "depth": 2, "init": "he_normal", "against": "orthogonal"},
        {"activation": "tanh", "depth": 2, "init": "he_normal", "against": "naive_small"},
    ],
    "gradient_check.width": 6,
    "gradient_check.examples": 4,
}


@pytest.fixture(scope="module")
def refused_run(sources, once):
    """A run of which one activation is wrong, and another is silent under one init."""

    def make(folder):
        project = sources.copy(folder)
        registry = "\nACTIVATIONS = {"
        project.edit(ACTIVATIONS, registry, f"{OWN}\n{registry}")
        project.edit(ACTIVATIONS, "        ERF,\n", "        ERF,\n        CUBE,\n        FAR,\n")
        project.configure(SWEEP)
        project.run_for_all()

    return once("a run with refused cells", make)


def pairs(rows):
    return {(row["activation"], row["init"]) for row in rows}


STANDING = {("tanh", "naive_small"), ("tanh", "he_normal"), ("tanh", "orthogonal"), ("far", "he_normal")}


@pytest.mark.parametrize("table", ["signal", "traces", "theory", "verdicts"])
def test_only_what_stands_is_in_the_tables(refused_run, table):
    found = pairs(refused_run.table(table))
    assert found >= STANDING
    assert not {pair for pair in found if pair[0] == "cube"}
    assert ("far", "naive_small") not in found


def test_pairs_of_which_one_is_refused_are_not_compared(refused_run):
    compared = {(row["activation"], row["in_family"]) for row in refused_run.table("comparisons")}
    assert ("tanh", True) in compared
    assert "cube" not in {activation for activation, _ in compared}


def test_the_terminal_says_what_was_refused_and_why(refused_run):
    said = refused_run.said()
    assert "cube with he_normal is refused. φ' is not the derivative of φ: from z =" in said
    closing = said[said.index(" cells: ") :]
    assert "cube with he_normal was refused and is not among them. φ' is not the derivative" in closing
    assert "far with naive_small was refused and is not among them. No comparison of the weights" in closing
    assert "Traceback" not in said


def test_the_page_names_what_was_refused_once_for_each_reason(refused_run):
    page = (refused_run / "reports/default/index.html").read_text()
    box = page[page.index('<div class="refused"') :].partition("</dl>")[0]
    assert len(re.findall(r"<dt>", box)) == 2
    assert "φ&#39; is not the derivative of φ" in box
    assert "<code>naive_small</code>" in box
    assert "<code>he_normal</code>" not in box


def test_a_second_run_has_nothing_to_do(refused_run):
    assert refused_run.plan() == []


def test_a_repaired_activation_is_computed_and_nothing_else(refused_run, tmp_path):
    project = refused_run.copy(tmp_path / "project")
    before = project.rows("signal")
    project.edit(ACTIVATIONS, "np.multiply(out, 2.0, out=out)", "np.multiply(out, 3.0, out=out)")
    computed = {job["activation"] for job in project.plan() if job.rule in {"measure_signal", "tune_rate"}}
    assert computed == {"cube"}
    project.run("results/default/signal.parquet", "results/default/verdicts.parquet")
    assert {row["activation"] for row in project.table("verdicts")} == {"cube", "tanh", "far"}
    assert set(before) <= set(project.rows("signal"))


def test_a_sweep_of_which_nothing_stands_ends_with_the_reason(refused_run, tmp_path):
    project = refused_run.copy(tmp_path / "project")
    project.configure({**SWEEP, "activations": ["cube"], "comparisons": [], "run": "nothing"})
    run = project.snakemake("--cores=2")
    assert run.code != 0
    assert (
        "Every activation of this sweep is refused, and nothing is left to report. cube with naive_small: φ'"
        in run.output
    )
    assert "Traceback" not in run.output
