"""The benchmarks: everybody does the same work, times are paired, and a wrong result is no time at all."""

import importlib
import json
import re
import subprocess
import sys
import tomllib
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks.agreement import EARLY_PASSES, Disagreement, require_agreement
from benchmarks.limits import product_flop
from benchmarks.measure import SCHEMA, measure
from benchmarks.page import render_page
from benchmarks.problem import Case, Outcome, pose
from benchmarks.summary import GOALS, judge_goals, read_results, text_tables
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.storage.tables import write_rows

ROOT = Path(__file__).resolve().parents[2]
PEERS = ("torch_loop", "torch_vmap", "jax_scan")
RELU = Case("relu", depth=3, width=8, networks=3, updates=12, batch=16)
TANH = replace(RELU, activation="tanh")


def implementation(name):
    """The `run` of a module; PyTorch's are skipped where it is not installed."""
    if name.startswith("torch"):
        pytest.importorskip("torch")
    return importlib.import_module(f"benchmarks.{name}").run


def losses_of(problem):
    return np.ones((problem.case.networks, problem.case.passes))


def taking(seconds, compile_seconds=0.0):
    """An implementation that takes so long in its first, second … run, after one that is not measured."""
    waiting = iter([0.0, *seconds])
    return lambda problem: Outcome(next(waiting), compile_seconds, losses_of(problem))


def written(path, measured, cases):
    metadata = {"facts": json.dumps({"processor": "abacus"}), "cases": json.dumps([asdict(case) for case in cases])}
    write_rows(path, list(chain.from_iterable(measured)), SCHEMA, metadata)
    return path


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("case", [RELU, TANH], ids=lambda case: case.activation)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_implementation_reaches_the_losses_of_the_engine(architecture, case, name):
    problem = pose(replace(case, architecture=architecture))
    engine, peer = (implementation(each)(problem) for each in ("engine", name))

    require_agreement(problem, {"engine": engine, name: peer})
    assert engine.losses.shape == (case.networks, case.passes)
    assert (engine.losses[:, 0] != engine.losses[:, -1]).all()
    assert peer.seconds > 0


@pytest.mark.parametrize("name", ["engine", *PEERS])
def test_a_run_leaves_the_initial_weights_to_the_next(name):
    problem = pose(TANH)
    before = problem.parameters.copy()
    implementation(name)(problem)

    assert np.array_equal(problem.parameters, before)


def test_only_what_is_compiled_has_a_time_of_compiling():
    problem = pose(TANH)

    assert implementation("jax_scan")(problem).compile_seconds > 0
    assert implementation("engine")(problem).compile_seconds == 0


@pytest.mark.parametrize(
    ("case", "step", "error"),
    [
        (TANH, 0, 1e-4),
        (TANH, 12, 1e-4),
        (TANH, 12, np.nan),
        (RELU, EARLY_PASSES - 1, 1e-4),
        (RELU, 12, 0.1),
        (RELU, 12, np.nan),
    ],
)
def test_a_wrong_loss_is_named_with_its_place(case, step, error):
    problem = pose(case)
    wrong = losses_of(problem)
    wrong[1, step] += error
    outcomes = {"engine": Outcome(1.0, 0.0, losses_of(problem)), "peer": Outcome(1.0, 0.0, wrong)}

    with pytest.raises(Disagreement, match=f"network 1 at step {step} .* by peer and 1 by engine"):
        require_agreement(problem, outcomes)


def test_a_unit_at_the_kink_may_tell_later_losses_apart():
    problem = pose(RELU)
    other = losses_of(problem)
    other[:, EARLY_PASSES:] += 0.01

    require_agreement(problem, {"engine": Outcome(1.0, 0.0, losses_of(problem)), "peer": Outcome(1.0, 0.0, other)})


def test_nothing_is_written_about_implementations_that_differ():
    def wrong(problem):
        return Outcome(1.0, 0.0, 2.0 * losses_of(problem))

    with pytest.raises(Disagreement):
        list(measure([TANH], 1, {"engine": taking([1.0]), "peer": wrong}))


def test_each_repeat_begins_with_another_implementation():
    order = []

    def named(name):
        def run(problem):
            order.append(name)
            return Outcome(1.0, 0.0, losses_of(problem))

        return run

    list(measure([TANH], 3, {name: named(name) for name in "abc"}))

    rehearsal, *repeats = ("".join(order[start : start + 3]) for start in range(0, 12, 3))
    assert (rehearsal, repeats) == ("abc", ["abc", "bca", "cab"])


def test_flop_are_those_of_the_products():
    # Forward and gradient in the first layer, and the error in the second one only: nobody needs that of the input.
    assert product_flop([(4, 3), (3, 2)], batch=5) == 2 * (2 * 5 * 4 * 3) + 3 * (2 * 5 * 3 * 2)


def test_a_time_is_that_of_one_network_and_step():
    (rows,) = measure([TANH], 1, {"engine": taking([3 * 13 * 0.5])})

    assert rows[0]["seconds_per_network_step"] == pytest.approx(0.5)
    assert rows[0]["final_loss"] == 1.0


def test_the_table_has_exactly_its_columns(tmp_path):
    rows = list(measure([TANH], 1, {"engine": implementation("engine"), "jax_scan": implementation("jax_scan")}))
    path = written(tmp_path / "benchmark.parquet", rows, [TANH])

    assert pq.read_schema(path).names == [
        "implementation",
        "architecture",
        "activation",
        "depth",
        "width",
        "batch",
        "networks",
        "threads",
        "repeat",
        "seconds_per_network_step",
        "compile_seconds",
        "share_of_sgemm",
        "final_loss",
    ]
    assert all(row["share_of_sgemm"] > 0 for row in rows[0])


def test_ratios_are_paired_by_repeat(tmp_path):
    rows = measure([TANH], 2, {"engine": taking([1.0, 10.0]), "jax_scan": taking([2.0, 40.0], compile_seconds=3.0)})
    results = read_results(written(tmp_path / "table.parquet", rows, [TANH]))
    peer = results.rows[results.rows["implementation"] == "jax_scan"].sort_values("repeat")
    summary = results.summarize().set_index("implementation")

    assert peer["ratio"].tolist() == pytest.approx([2.0, 4.0])
    assert peer["ratio_compiled"].tolist() == pytest.approx([5.0, 4.3])
    assert summary.loc["jax_scan", ["ratio_median", "ratio_min", "ratio_max"]].tolist() == pytest.approx([3, 2, 4])


@pytest.mark.parametrize(("seconds", "verdict"), [(3.9, "missed"), (4.1, "reached")])
def test_a_goal_is_judged_where_its_case_was_measured(tmp_path, seconds, verdict):
    goal = GOALS[0]
    case = Case(goal.activation, goal.depth, goal.width, goal.networks, updates=2)
    rows = measure([case], 1, {"engine": taking([1.0]), "torch_loop": taking([seconds])})
    judged = judge_goals(read_results(written(tmp_path / "table.parquet", rows, [case])).summarize())
    judged = judged[judged["implementation"] == "torch_loop"]

    assert (goal.implementation, goal.quantity, goal.at_least) == ("torch_loop", "ratio", 4.0)
    assert judged["verdict"].tolist() == [verdict]
    assert judged["median"].tolist() == pytest.approx([seconds])


def test_the_page_holds_all_that_it_shows(tmp_path):
    cases = [TANH, replace(TANH, width=16), RELU, replace(RELU, networks=2)]
    names = ("engine", *PEERS)
    rows = measure(cases, 1, {name: taking([1.0, 1.5, 2.0, 2.5]) for name in names})
    results = read_results(written(tmp_path / "table.parquet", rows, cases))
    page = render_page(results)

    assert page.count("<svg") == 3
    assert "abacus" in page
    assert not [word for word in ('src="', 'href="http', "@import", "url(http") if word in page]
    assert all(name in text_tables(results) for name in names)


def test_make_installs_the_pytorch_that_is_declared(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    (declared,) = (text for text in project["optional-dependencies"]["bench"] if text.startswith("torch"))

    assert f" {declared}\n" in (root / "Makefile").read_text()


@pytest.mark.slow
def test_the_commands_of_users_are_timed_in_pairs():
    command = [sys.executable, "-m", "benchmarks.commands", "--repeats=1", "--command=dry run of the default sweep"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)

    timed = re.search(r"^dry run of the default sweep: ([\d.]+), ([\d.]+), ([\d.]+) \(", done.stdout, re.MULTILINE)
    before, now, ratio = map(float, timed.groups())
    assert min(before, now) > 0
    assert ratio == pytest.approx(now / before, rel=0.1)
