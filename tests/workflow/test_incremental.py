"""What a change of config or code makes the workflow compute again, and what it leaves alone."""

import json
import os
import re

import pytest

from depthsounder.elements.axes import Cell
from depthsounder.figures import FIGURES

pytestmark = pytest.mark.workflow

OF_CELLS = {"check_gradients", "measure_signal", "tune_rate", "train_networks"}
ENGINE = "src/depthsounder/engine/network.py"
ACTIVATIONS = "src/depthsounder/elements/activations.py"
ARCHITECTURES = "src/depthsounder/elements/architectures.py"
CELLS = 8


def of_cells(jobs):
    """The jobs that compute cells, and not what is made of them."""
    return [job for job in jobs if job.rule in OF_CELLS]


def rules(jobs):
    """How many jobs of each rule there are."""
    names = [job.rule for job in jobs]
    return {name: names.count(name) for name in names}


def test_a_second_run_does_nothing(finished):
    before = finished.files("results", "reports")

    assert "Nothing to be done" in finished.run()
    assert finished.files("results", "reports") == before


def test_a_command_keeps_the_digests_of_the_code_for_the_next(finished):
    file = finished / ".snakemake/depthsounder/digests.json"
    kept = json.loads(file.read_text())

    finished.plan()
    assert json.loads(file.read_text()) == kept
    # Digests that differ from those of the last run plan every cell again: they are read.
    kept["digests"] = dict.fromkeys(kept["digests"], "forged")
    file.write_text(json.dumps(kept))
    assert set(rules(of_cells(finished.plan()))) == OF_CELLS


def test_a_dry_run_keeps_the_costs_that_it_measured_for_the_next(finished):
    file = finished / ".snakemake/depthsounder/costs.json"
    finished.configure({"seeds.evaluate": 4})
    finished.plan()
    kept = json.loads(file.read_text())

    kept["costs"]["start"] = 3600.0
    file.write_text(json.dumps(kept))

    said = finished.snakemake("--dry-run", "--cores=2").output
    # An hour for the start of each of as many jobs as there are cells, which two cores share.
    assert re.search(rf"^0 networks to measure, {2 * CELLS} to train: about {CELLS // 2} h", said, re.MULTILINE), said


@pytest.mark.parametrize(
    "folder",
    ["src/depthsounder/elements", "src/depthsounder/report/templates", "scripts", "workflow/report", "config"],
)
def test_what_an_editor_leaves_beside_a_file_of_the_project_plans_nothing(finished, folder):
    file = next(path for path in sorted((finished / folder).iterdir()) if path.is_file())
    # As Emacs marks a file that is being edited.
    (finished / folder / f".#{file.name}").symlink_to("me@host.1")

    assert finished.plan() == []


@pytest.mark.parametrize(
    ("changes", "new", "mark"),
    [
        ({"seeds.evaluate": 4}, {"train_networks": CELLS}, ("seeds", "2-3")),
        ({"seeds.evaluate": 3}, {"train_networks": CELLS}, ("seeds", "2-2")),
        (
            {"depths": [1, 3, 2]},
            {"measure_signal": 4, "tune_rate": 4, "train_networks": 4},
            ("depth", "3"),
        ),
        (
            {"architectures": ["plain", "layer_norm"]},
            {"check_gradients": 4, "measure_signal": CELLS, "tune_rate": CELLS, "train_networks": CELLS},
            ("architecture", "layer_norm"),
        ),
        (
            {"activations": ["erf", "tanh", "relu"]},
            {"check_gradients": 2, "measure_signal": 4, "tune_rate": 4, "train_networks": 4},
            ("activation", "erf"),
        ),
        (
            {"inits": ["glorot_normal", "gaussian_w1.5_b0.05", "he_normal"]},
            {"check_gradients": 2, "measure_signal": 4, "tune_rate": 4, "train_networks": 4},
            ("init", "gaussian_w1.5_b0.05"),
        ),
    ],
    ids=["a block of seeds", "a part of a block", "a depth", "an architecture", "an activation", "an init"],
)
def test_more_of_an_axis_plans_only_what_is_new(finished, changes, new, mark):
    finished.configure(changes)
    axis, name = mark

    jobs = finished.plan()

    assert rules(of_cells(jobs)) == new
    assert {job[axis] for job in of_cells(jobs)} == {name}
    assert not {"prepare_data"} & set(rules(jobs))
    assert {"collect_table", "judge_cells", "judge_claims", "plot_figure", "render_report"} <= set(rules(jobs))


def test_a_sweep_that_grows_keeps_its_old_parts_untouched(finished):
    old_rows = {name: set(finished.rows(name)) for name in ("signal", "traces", "gradient_check")}
    before = finished.files("results/default/parts", "results/default/checks")
    finished.configure({"seeds.evaluate": 3, "depths": [2, 3, 1], "activations": ["relu", "tanh"]})

    finished.run(*(f"results/default/{name}.parquet" for name in (*old_rows, "verdicts")))

    after = finished.files("results/default/parts", "results/default/checks")
    assert before.items() < after.items()
    for name, rows in old_rows.items():
        assert rows <= set(finished.rows(name)), name
    assert len(finished.rows("verdicts")) == CELLS + 4


def test_an_added_architecture_computes_its_own_cells_and_leaves_the_plain_ones_and_their_times(finished):
    parts = ("results/default/parts", "results/default/checks")
    tables = ("signal", "jacobian", "traces", "gradient_check", "theory", "verdicts")
    old_rows = {name: finished.rows(name) for name in tables}
    before = finished.files(*parts)
    finished.configure({"architectures": ["layer_norm", "plain"]})

    finished.run(*(f"results/default/{name}.parquet" for name in tables))

    after = finished.files(*parts)
    assert before.items() < after.items()
    new = {path for path in after if path not in before}
    assert len(new) == len(before)
    assert all("architecture=layer_norm" in path.parts for path in new)
    for name, rows in old_rows.items():
        plain = [row for row in finished.rows(name) if "'architecture': 'plain'" in row]
        assert plain == rows, name
        assert len(finished.rows(name)) > len(rows), name
    of_a_depth = ["layer_norm"] * 4 + ["plain"] * 4
    assert [row["architecture"] for row in finished.table("verdicts")] == 2 * of_a_depth


def test_a_sweep_that_shrinks_computes_nothing_and_forgets_the_parts_of_before(finished):
    before = finished.rows("traces")
    finished.configure({"depths": [2]})
    table = "results/default/traces.parquet"
    assert of_cells(finished.plan(table)) == []

    finished.run(table)

    assert finished.rows("traces") == [row for row in before if row.startswith("{'depth': 2,")]


def test_a_part_that_was_lost_is_computed_again_and_is_the_same(finished):
    part = "results/default/parts/training/depth=2/architecture=plain/activation=tanh/init=he_normal/seeds=0-1.parquet"
    before = finished.rows("signal")
    (finished / part).unlink()

    lost = [(job.rule, *(job[axis] for axis in Cell._fields)) for job in of_cells(finished.plan())]
    assert lost == [("train_networks", "2", "plain", "tanh", "he_normal")]

    (finished / "results/default/signal.parquet").unlink()
    finished.run("results/default/signal.parquet")
    assert (finished / part).is_file()
    assert finished.rows("signal") == before


def test_an_edit_of_the_engine_plans_every_cell(finished):
    finished.edit(ENGINE, "np.add(z, self.biases[layer], out=z)", "np.add(self.biases[layer], z, out=z)")

    jobs = finished.plan()

    assert rules(of_cells(jobs)) == {
        "check_gradients": 4,
        "measure_signal": CELLS,
        "tune_rate": CELLS,
        "train_networks": CELLS,
    }
    assert "prepare_data" not in rules(jobs)


def test_an_edit_of_comments_and_docstrings_plans_nothing(finished):
    finished.edit(ENGINE, "    def forward(", "    # From here on all is downhill.\n    def forward(")
    finished.edit(ENGINE, "Carry `inputs` down to `logits`.", "Carry `inputs` to `logits`.")
    finished.edit("scripts/train_networks.py", "Write a part of the traces", "Write one part of the traces")
    finished.edit("src/depthsounder/figures/style.py", "\n\n\n", "\n\n\n# How figures look.\n")

    assert finished.plan() == []


def test_touched_files_plan_nothing(finished):
    for folder in ("scripts", "src", "workflow", "config", "profiles"):
        for path in (finished / folder).rglob("*"):
            os.utime(path)
    os.utime(finished / "Snakefile")

    assert finished.plan() == []


def test_an_edit_of_one_activation_plans_its_own_cells_only(finished):
    finished.edit(ACTIVATIONS, "def _tanh_slope(z, h, out):\n", "def _tanh_slope(z, h, out):\n    h = 1.0 * h\n")

    jobs = of_cells(finished.plan())

    assert rules(jobs) == {"check_gradients": 2, "measure_signal": 4, "tune_rate": 4, "train_networks": 4}
    assert {job["activation"] for job in jobs} == {"tanh"}


def test_an_edit_of_an_architecture_plans_its_own_cells_only(finished):
    normalized, plain = 'Architecture("layer_norm", LAYER_NORM, shortcut=', 'Architecture("plain", None, shortcut='
    finished.edit(ARCHITECTURES, f"{normalized}False", f"{normalized}True")
    assert of_cells(finished.plan()) == []

    finished.edit(ARCHITECTURES, f"{plain}False", f"{plain}True")

    assert rules(of_cells(finished.plan())) == {
        "check_gradients": 4,
        "measure_signal": CELLS,
        "tune_rate": CELLS,
        "train_networks": CELLS,
    }


def test_a_new_activation_of_ones_own_is_one_record_and_one_line_and_plans_no_old_cell(finished):
    record = 'CUBE = Activation("cube", lambda z, out: np.power(z, 3, out=out), _cube_slope, (), False, "a test")\n'
    slope = "def _cube_slope(z, h, out):\n    np.multiply(3.0, z * z, out=out)\n\n\n"
    finished.edit(ACTIVATIONS, "ACTIVATIONS = {", f"{slope}{record}\nACTIVATIONS = {{")
    finished.edit(ACTIVATIONS, "        ERF,\n", "        ERF,\n        CUBE,\n")
    finished.configure({"activations": ["tanh", "cube", "relu"]})

    jobs = of_cells(finished.plan())

    assert rules(jobs) == {"check_gradients": 2, "measure_signal": 4, "tune_rate": 4, "train_networks": 4}
    assert {job["activation"] for job in jobs} == {"cube"}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("src/depthsounder/report/templates/report.html", "</body>", "<!-- the end --></body>"),
        ("src/depthsounder/report/counts.py", "\n\n\n", "\n\n\nTHE_ANSWER = 42\n\n\n"),
        ("workflow/report/answer.rst", "\n", "\n\nLook at the first column.\n"),
    ],
    ids=["template", "module", "caption"],
)
def test_an_edit_of_the_report_plans_the_report_only(finished, file, old, new):
    finished.edit(file, old, new)

    assert rules(finished.plan()) == {"render_report": 1}


def test_a_figure_waits_for_no_table_that_it_does_not_read(finished):
    for table in ("theory", "comparisons", "claims", "jacobian"):
        (finished / f"results/default/{table}.parquet").unlink()
    for figure in ("failure_map", "comparisons"):
        (finished / f"reports/default/figures/{figure}.svg").unlink()

    assert rules(finished.plan("reports/default/figures/failure_map.svg")) == {"plot_figure": 1}
    assert rules(finished.plan("reports/default/figures/comparisons.svg")) == {"compare_inits": 1, "plot_figure": 1}


@pytest.mark.parametrize("figure", ["failure_map", "loss_traces"])
def test_an_edit_of_a_figures_module_plans_that_figure_and_the_report_only(finished, figure):
    finished.edit(f"src/depthsounder/figures/{figure}.py", "\n\n\n", "\n\n\nTHE_ANSWER = 42\n\n\n")

    jobs = finished.plan()

    assert rules(jobs) == {"plot_figure": 1, "render_report": 1}
    assert [job["figure"] for job in jobs if job.rule == "plot_figure"] == [figure]


def test_an_edit_of_what_figures_share_plans_figures_and_report_only(finished):
    finished.edit("src/depthsounder/figures/layers.py", "\n\n\n", "\n\n\nTHE_ANSWER = 42\n\n\n")

    assert rules(finished.plan()) == {"plot_figure": len(FIGURES), "render_report": 1}
