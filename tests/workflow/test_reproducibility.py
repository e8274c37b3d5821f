"""The same sweep gives the same numbers and pictures, however it is computed."""

import re
import subprocess
import time

import pytest
from support import without_times

from depthsounder.figures import FIGURES
from depthsounder.storage.schemas import SCHEMAS

pytestmark = pytest.mark.workflow

REPORT = "reports/default/index.html"
TABLES = [f"results/default/{name}.parquet" for name in SCHEMAS]
NEED_NO_NETWORKS = {"results/default/theory.parquet", "results/default/gradient_check.parquet"}
KEPT = "parts before the kill.txt"
DONE_BEFORE_THE_KILL = 6
PATIENCE = 300


@pytest.fixture(scope="module")
def resumed(sources, finished_run, once):
    """A run in another folder and on one core, which was killed in the middle and then called again."""

    def make(folder):
        project = sources.copy(folder)
        figures = [f"reports/default/figures/{name}.svg" for name in FIGURES]
        start_and_kill(project, [*TABLES, *figures])
        (project / KEPT).write_text("\n".join(f"{path}\t{facts}" for path, facts in parts_of(project)))
        assert not any((project / path).exists() for path in TABLES if path not in NEED_NO_NETWORKS)
        project.run(*TABLES, *figures, REPORT, cores=1)

    return once("resumed", make)


def start_and_kill(project, targets):
    """Start a run on one core, and kill snakemake as soon as some parts are there; its job lives a little longer."""
    with (project / "output.txt").open("w") as output:
        process = subprocess.Popen(
            project.command("--cores=1", *targets),
            cwd=project.folder,
            env=project.environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    deadline = time.monotonic() + PATIENCE
    while len(parts_of(project)) < DONE_BEFORE_THE_KILL:
        assert process.poll() is None, (project / "output.txt").read_text()
        assert time.monotonic() < deadline, (project / "output.txt").read_text()
        time.sleep(0.05)
    process.kill()
    process.wait()


def parts_of(project):
    """The parts that are there, each with its time and content."""
    return project.files("results/default/parts").items()


def test_a_killed_run_goes_on_where_it_was(resumed):
    before = set((resumed / KEPT).read_text().splitlines())
    after = {f"{path}\t{facts}" for path, facts in parts_of(resumed)}

    # The job that was under way is the one that is computed again; it may have written two files.
    assert len(before & after) >= DONE_BEFORE_THE_KILL - 2


@pytest.mark.parametrize("name", SCHEMAS)
def test_folder_cores_and_a_kill_in_between_change_no_number(resumed, finished_run, name):
    assert resumed.rows(name) == finished_run.rows(name)


def test_two_runs_draw_the_same_bytes(resumed, finished_run):
    drawn = {path.name: path.read_bytes() for path in (resumed / "reports/default/figures").iterdir()}

    assert len(drawn) == 2 * len(FIGURES)
    for name, content in drawn.items():
        assert content == (finished_run / "reports/default/figures" / name).read_bytes(), name


def test_two_runs_give_one_report_but_for_the_times_in_it(resumed, finished_run):
    pages = [(project / REPORT).read_text() for project in (resumed, finished_run)]

    assert pages[0] != pages[1]
    assert without_times(pages[0]) == without_times(pages[1])


def test_blocks_order_and_neighbors_change_no_number(fresh, finished_run):
    fresh.configure(
        {"seeds_per_block": 1, "depths": [2], "activations": ["relu"], "inits": ["he_normal", "glorot_normal"]}
    )
    names = ("signal", "traces", "gradient_check", "theory", "verdicts")

    fresh.run(*(f"results/default/{name}.parquet" for name in names))

    # The gradient check has depths of its own, and 0 for promises.
    # The rows are in the order of the config, which is another one here.
    for name in names:
        depths = "[012]" if name == "gradient_check" else "2"
        of_sweep = re.compile(f"{{'depth': {depths}, 'architecture': 'plain', 'activation': 'relu',")
        expected = [row for row in finished_run.rows(name) if of_sweep.match(row)]
        assert sorted(fresh.rows(name)) == sorted(expected), name
