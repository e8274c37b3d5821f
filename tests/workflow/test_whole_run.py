"""What a user finds after a run of the whole workflow, and what a run needs of its surroundings."""

import os
import re
from itertools import product

import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest
import yaml

from depthsounder.figures import FIGURES
from depthsounder.storage.schemas import SCHEMAS
from depthsounder.storage.tables import read_table

pytestmark = pytest.mark.workflow

CELL = ("depth", "architecture", "activation", "init")
KEYS = {
    "signal": (*CELL, "seed", "step", "layer"),
    "jacobian": (*CELL, "seed", "index"),
    "traces": (*CELL, "phase", "seed", "learning_rate", "step"),
    "gradient_check": (*CELL, "parameter", "method"),
    "theory": (*CELL, "layer"),
    "verdicts": CELL,
    "comparisons": (*CELL, "against"),
    "claims": ("claim",),
}
STEPS = range(6)
LOGGED_IN_TRAINING = (2, 5)
MEASURED, EVALUATED, TUNED, RATES = (0, 1), (0, 1), (10_000,), (0.1, 1.0)
NETWORKS = 8 * (len(MEASURED) + len(TUNED) * len(RATES) + len(EVALUATED))


@pytest.fixture(scope="module")
def cells(finished_run):
    """Every cell of the tiny sweep."""
    sweep = yaml.safe_load((finished_run / "config/config.yaml").read_text())
    return list(product(sweep["depths"], sweep["architectures"], sweep["activations"], sweep["inits"]))


def table(run, name):
    return read_table(run / f"results/default/{name}.parquet")


def keys(run, name):
    """The key of each row of a table."""
    columns = (table(run, name)[column].to_pylist() for column in KEYS[name])
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_table_has_exactly_its_columns_types_and_units(finished_run, name):
    found = table(finished_run, name).schema

    assert found.names == SCHEMAS[name].names
    for field in SCHEMAS[name]:
        assert found.field(field.name).equals(field, check_metadata=True), field.name


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_key_names_one_row(finished_run, name):
    found = keys(finished_run, name)

    assert len(found) == len(set(found)) > 0


def test_the_signal_of_every_layer_of_every_network_is_there(finished_run, cells):
    moments = [(seed, 0) for seed in MEASURED] + list(product(EVALUATED, LOGGED_IN_TRAINING))
    expected = {(*cell, *moment, layer) for cell in cells for moment in moments for layer in range(1, cell[0] + 2)}

    assert set(keys(finished_run, "signal")) == expected


def test_every_network_has_as_many_singular_values_as_its_width(finished_run, cells):
    expected = {(*cell, seed, index) for cell in cells for seed in MEASURED for index in range(1, 9)}

    assert set(keys(finished_run, "jacobian")) == expected


def test_the_traces_have_every_rate_in_tuning_and_the_best_in_evaluation(finished_run, cells):
    verdicts = table(finished_run, "verdicts")
    best = dict(zip(keys(finished_run, "verdicts"), verdicts["best_learning_rate"].to_pylist(), strict=True))
    tuned = {(*cell, "tune", *rest) for cell in cells for rest in product(TUNED, RATES, STEPS)}
    evaluated = {(*cell, "evaluate", *rest) for cell in cells for rest in product(EVALUATED, [best[cell]], STEPS)}

    assert set(keys(finished_run, "traces")) == tuned | evaluated


def test_every_record_is_tried_and_every_parameter_checked_by_both_methods(finished_run, cells):
    methods = ("complex_step", "central_difference")
    expected = {
        (*cell, f"{letter}{layer}", method)
        for cell in cells
        for letter, layer, method in product("Wb", range(1, cell[0] + 2), methods)
    }

    found = keys(finished_run, "gradient_check")
    assert {key for key in found if key[-1] != "contract"} == expected
    promises = {key for key in found if key[-1] == "contract"}
    assert {key[: len(CELL)] for key in promises} == {(0, *cell[1:]) for cell in cells}


def test_every_cell_has_its_theory_and_its_verdict_in_the_order_of_the_config(finished_run, cells):
    assert set(keys(finished_run, "theory")) == {(*cell, layer) for cell in cells for layer in range(1, cell[0] + 1)}
    assert keys(finished_run, "verdicts") == cells


def test_parts_are_partitions_that_other_tools_read(finished_run, cells):
    seeds_of = {"initial": MEASURED, "jacobian": MEASURED, "tuning": TUNED, "training": EVALUATED, "traces": EVALUATED}
    for kind, seeds in seeds_of.items():
        folder = finished_run / "results/default/parts" / kind
        found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        block = f"seeds={seeds[0]}-{seeds[-1]}.parquet"
        assert found == {
            f"depth={depth}/architecture={architecture}/activation={phi}/init={init}/{block}"
            for depth, architecture, phi, init in cells
        }, kind

        of_tanh = ds.dataset(folder, partitioning="hive").to_table(filter=pc.field("activation") == "tanh")
        assert set(CELL) <= set(of_tanh.schema.names)
        assert set(of_tanh["depth"].to_pylist()) == {1, 2}


def test_the_report_and_every_figure_are_there(finished_run):
    figures = finished_run / "reports/default/figures"

    assert {path.name for path in figures.iterdir()} == {f"{name}.{end}" for name in FIGURES for end in ("svg", "png")}
    for name in FIGURES:
        assert "<svg" in (figures / f"{name}.svg").read_text()
        assert (figures / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    page = (finished_run / "reports/default/index.html").read_text()
    assert page.count("<svg") >= len(FIGURES)
    assert page.rstrip().endswith("</html>")


def test_a_figure_is_made_for_a_slide_on_request(finished):
    finished.run("reports/default/figures/answer.slide.svg")

    for suffix in ("svg", "png"):
        assert (finished / f"reports/default/figures/answer.slide.{suffix}").is_file()
    assert 'viewBox="0 0 960 540"' in (finished / "reports/default/figures/answer.slide.svg").read_text()


def test_a_figure_is_made_as_pdf_on_request(finished):
    finished.run("reports/default/figures/answer.pdf")

    assert (finished / "reports/default/figures/answer.pdf").read_bytes().startswith(b"%PDF")


def test_a_run_counts_its_networks_and_ends_with_its_answer(finished_run):
    said = finished_run.said()

    assert f"{NETWORKS} of {NETWORKS} networks (100% of the work)" in said
    assert "Execute" not in said
    assert re.search(
        r"cells: \d+ trains, \d+ partial, \d+ mixed, \d+ stalled, \d+ diverged\nThe report is .*index\.html \(", said
    )


def test_a_run_leaves_nothing_half_written_and_nothing_elsewhere(finished_run, sources):
    assert not list(finished_run.folder.rglob("*.tmp"))
    new = {path.name for path in finished_run.folder.iterdir()} - {path.name for path in sources.folder.iterdir()}
    assert new == {"results", "reports", "logs", ".snakemake"}
    for folder in ("results", "reports", "logs"):
        assert [path.name for path in (finished_run / folder).iterdir()] == ["default"]


def test_no_job_warned_of_anything(finished_run, cells):
    logs = list((finished_run / "logs").rglob("*.log"))
    assert len(logs) > 3 * len(cells)
    assert not [path for path in logs if "Warning" in path.read_text()]


def test_jobs_run_in_snakemakes_own_python_whatever_is_on_the_path(fresh, tmp_path):
    stranger = tmp_path / "bin" / "python"
    stranger.parent.mkdir()
    stranger.write_text("#!/bin/sh\necho 'this is another Python' >&2\nexit 1\n")
    stranger.chmod(0o755)
    path = os.pathsep.join([str(stranger.parent), fresh.environment()["PATH"]])

    run = fresh.snakemake("results/default/config.json", environment={"PATH": path})

    assert run.code == 0, run.output
    assert (fresh / "results/default/config.json").is_file()


def test_a_lock_that_a_crash_left_behind_stops_nobody(finished):
    config = "results/default/config.json"
    locks = finished / ".snakemake/locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text(f"{config}\n")
    (locks / "0.input.lock").write_text("results/default/data.npz\n")
    (finished / config).unlink()

    finished.run(config)

    assert (finished / config).is_file()


def test_a_broken_back_propagation_stops_every_cell_and_says_where(fresh):
    fresh.configure({"depths": [1]})
    fresh.edit(
        "src/depthsounder/engine/network.py",
        "np.multiply(errors, slopes, out=z)",
        "np.multiply(errors, 1.001 * slopes, out=z)",
    )

    run = fresh.snakemake("--cores=2")

    assert run.code != 0
    assert "nothing is left to report. tanh with glorot_normal: The gradient of W1 (layer 1) of a network" in run.output
    assert "against the complex step" in run.output
    assert "Traceback" not in run.output
    checks = table(fresh, "gradient_check").to_pylist()
    failed = {(row["activation"], row["parameter"]) for row in checks if row["verdict"] == "failed"}
    assert failed >= {(activation, parameter) for activation in ("tanh", "relu") for parameter in ("W1", "b1")}
    assert not any(table(fresh, name).num_rows for name in ("signal", "traces"))
    # These figures read no verdicts: that of the check shows which gradients failed.
    assert {path.stem for path in (fresh / "reports").rglob("*.*")} <= {"gradient_check", "comparisons"}
