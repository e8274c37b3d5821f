"""A plan: the counts are those of the sweep, and the time is the sum of what was measured."""

import sys
from pathlib import Path

import pytest
from made_up_run import make_config
from support import small_dataset

import depthsounder
from depthsounder.process.commands import Refusal
from depthsounder.sweep import costs as measuring
from depthsounder.sweep.cells import blocks, cells
from depthsounder.sweep.costs import measure_costs, start_of_a_job
from depthsounder.sweep.forecast import PlannedJob, forecast
from depthsounder.sweep.planning import Costs, Line, advice, computing, make_plan

NOTHING = Line(0.0, 0.0)
CONFIG = make_config([2, 10], ["tanh", "relu"], ["glorot_normal", "he_normal"], seeds_per_block=2)
# Each of 8 cells: 7 networks measured, 2 × 3 tuned, 3 evaluated.


def costs(**changes):
    lines = dict.fromkeys(("drawing", "step", "measurement", "spectrum", "evaluation"), NOTHING)
    return Costs(**{"start": 0.0, "rest": 0.0, "rest_of_a_cell": 0.0, **lines, **changes})


def test_networks_and_jobs_are_counted_as_the_sweep_has_them():
    plan = make_plan(CONFIG, costs())
    assert (plan.cells, plan.measured, plan.trained) == (8, 8 * 7, 8 * 9)
    per_cell = sum(len(blocks(CONFIG, kind)) for kind in ("initial", "tuning", "training"))
    assert plan.jobs == len(list(cells(CONFIG))) * per_cell + 4


@pytest.mark.parametrize(
    ("cost", "seconds"),
    [
        ({"start": 1.0}, 8 * (4 + 1 + 2) + 4),
        ({"rest": 5.0}, 5.0),
        ({"rest_of_a_cell": 2.0}, 8 * 2.0),
        ({"drawing": Line(0.0, 1.0)}, 4 * (2 + 10) * (7 + 2 + 3)),
        ({"step": Line(1.0, 0.0)}, 8 * 9 * 30),
        ({"step": Line(0.0, 1.0)}, 4 * (2 + 10) * 9 * 30),
        ({"measurement": Line(1.0, 0.0)}, 8 * (7 + 3 * 3)),
        ({"spectrum": Line(0.0, 1.0)}, 4 * (2 + 10) * 7),
        ({"evaluation": Line(0.0, 1.0)}, 4 * (2 + 10) * 9 * 4),
    ],
)
def test_each_cost_is_paid_as_often_as_the_sweep_does_it(cost, seconds):
    assert make_plan(CONFIG, costs(**cost)).seconds == seconds


def test_the_size_grows_with_the_networks():
    more = make_config([2, 10], ["tanh", "relu"], ["glorot_normal", "he_normal"],
                       seeds={"measure": 14, "tune": 4, "evaluate": 6})  # fmt: skip
    assert make_plan(more, costs()).size == 2 * make_plan(CONFIG, costs()).size


def test_a_script_that_does_not_start_is_named_with_what_it_said(tmp_path, capfd):
    script = tmp_path / "job.py"
    script.write_text("import nothing_of_this_name\n")
    with pytest.raises(Refusal, match=r"job.py --help does not start: ModuleNotFoundError: No module named 'nothing"):
        measure_costs(CONFIG, small_dataset(), start_of_a_job(str(script)), seconds=0.0)
    assert capfd.readouterr().err == ""


def test_many_jobs_that_mostly_start_are_advised_against():
    wide = make_config([2], ["tanh"], ["glorot_normal"], seeds_per_block=1,
                       seeds={"measure": 10_000, "tune": 1, "evaluate": 1})  # fmt: skip
    words = advice(wide, make_plan(wide, costs(start=0.2)))
    assert words.startswith("10,003 jobs, whose starts take 100% of the time, are many: seeds_per_block = ")
    suits = make_config([2], ["tanh"], ["glorot_normal"])
    assert "seeds_per_block = 10 suits it" in advice(suits, make_plan(suits, costs(start=0.2, step=Line(1.0, 0.0))))


def test_a_jobs_start_is_measured_with_this_library_whatever_the_python_has_installed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import depthsounder, os, sys; print(depthsounder.__file__, file=open(sys.argv[1], 'w'))")
    # Without site-packages, where the tests' own environment has the library.
    call = [sys.executable, "-S", str(script), str(tmp_path / "found")]
    measure_costs(CONFIG, small_dataset(), call, seconds=0.0)
    assert Path((tmp_path / "found").read_text().strip()) == Path(depthsounder.__file__)


def test_costs_are_measured_and_grow_with_the_depth(root):
    wide = make_config([2], ["tanh"], ["glorot_normal"], width=64)
    found = measure_costs(wide, small_dataset(), ["true"])
    assert found.drawing.layer > 0.0
    assert 0.0 < found.step.layer < 0.01
    assert found.step.at(50) > found.step.at(2)
    assert found.measurement.layer > 0.0
    assert found.spectrum.layer > 0.0
    assert found.evaluation.layer > 0.0
    assert 0.0 < found.start < 5.0


@pytest.mark.parametrize(("width", "networks", "steps"), [(64, 4, 30), (512, 2, 2)])
def test_wide_networks_are_measured_by_fewer_steps_so_that_planning_stays_quick(monkeypatch, width, networks, steps):
    asked = []

    def train(parameters, spec, dataset, recipe, traces, root_seed):
        asked.append((len(traces), recipe.steps))

    monkeypatch.setattr(measuring, "train", train)
    config = make_config([2], ["tanh"], ["glorot_normal"], width=width)
    config = config.model_copy(update={"training": config.training.model_copy(update={"batch_size": 32})})
    measure_costs(config, small_dataset(), ["true"], seconds=0.0)

    assert asked[-1] == (networks, steps)


def test_the_costs_of_several_architectures_are_their_mean(monkeypatch):
    seconds = {"plain": 1.0, "layer_norm": 2.0, "residual": 6.0}
    monkeypatch.setattr(
        measuring, "_pieces_of_work", lambda config, data, name, depth: 5 * [lambda: seconds[name] * depth]
    )
    config = make_config([2], ["tanh"], ["glorot_normal"], architectures=list(seconds))

    found = measure_costs(config, small_dataset(), ["true"], seconds=0.0)

    assert found.step == Line(0.0, pytest.approx(3.0))


def test_a_forecast_counts_the_networks_of_the_planned_jobs_and_shares_their_time_among_the_cores():
    # The tuned networks once for each of three rates; a start for each of 3 + 1 jobs; a thirtieth of the rest.
    jobs = [PlannedJob("initial", 2, "0-1"), PlannedJob("tuning", 2, "10000-10001"), PlannedJob("training", 10, "0-0")]
    given = costs(start=1.0, rest=60.0, step=Line(0.0, 0.1))
    seconds = 4 * 1.0 + 60.0 / 30 + 30 * 0.1 * (2 * 2 * 3 + 10 * 1)
    words = forecast(CONFIG, given, jobs, checks=1, others=1, cores=2)
    assert words == f"2 networks to measure, 7 to train: about {round(seconds / 2)} s on 2 cores"
    assert forecast(CONFIG, given, [], 0, 0, 1) == "0 networks to measure, 0 to train: about 0 s on one core"


def test_a_forecast_of_all_jobs_is_the_plan():
    given = costs(
        start=0.5,
        drawing=Line(0.1, 0.3),
        step=Line(0.1, 0.2),
        measurement=Line(0.3, 0.1),
        spectrum=Line(1.0, 0.5),
        evaluation=Line(0.2, 0.1),
    )
    counts = {"initial": 7, "tuning": 6, "training": 3}
    total = sum(computing(CONFIG, given, kind, cell.depth, n) for cell in cells(CONFIG) for kind, n in counts.items())
    plan = make_plan(CONFIG, given)
    assert plan.seconds == pytest.approx(total + plan.jobs * 0.5)
