"""The same sweep gives the same numbers and pictures, however it is computed."""

import subprocess
import time

import pytest

from depthsounder.tables import SCHEMAS

pytestmark = pytest.mark.workflow

TABLES = [f"results/default/{name}.parquet" for name in SCHEMAS]
DONE_BEFORE_THE_KILL = 6
PATIENCE = 300


@pytest.fixture(scope="module")
def resumed(sources, finished_run, tmp_path_factory):
    """A run in another folder and on one core, which was killed in the middle and then called again."""
    project = sources.copy(tmp_path_factory.mktemp("resumed") / "project")
    figures = [
        f"reports/default/figures/{path.stem}.svg" for path in sorted((project / "workflow/report").glob("*.rst"))
    ]
    arguments = ["--cores=1", *TABLES, *figures]
    with (project / "output.txt").open("w") as output:
        process = subprocess.Popen(
            project.command(*arguments),
            cwd=project.folder,
            env=project.environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + PATIENCE
        while len(project.files("results/default/parts")) < DONE_BEFORE_THE_KILL:
            assert process.poll() is None, (project / "output.txt").read_text()
            assert time.monotonic() < deadline, (project / "output.txt").read_text()
            time.sleep(0.05)
        process.kill()
        process.wait()
    parts = project.files("results/default/parts")
    assert not any((project / path).exists() for path in TABLES)
    project.run(*TABLES, *figures, cores=1)
    return project, parts


def test_a_killed_run_goes_on_where_it_was(resumed):
    project, before = resumed

    # The job that was under way is the one that is computed again; it may have been writing two files.
    kept = before.items() & project.files("results/default/parts").items()
    assert len(kept) >= DONE_BEFORE_THE_KILL - 2


@pytest.mark.parametrize("name", SCHEMAS)
def test_folder_cores_and_a_kill_in_between_change_no_number(resumed, finished_run, name):
    project, _ = resumed

    assert project.rows(name) == finished_run.rows(name)


def test_two_runs_draw_the_same_bytes(resumed, finished_run):
    project, _ = resumed
    drawn = {path.name: path.read_bytes() for path in (project / "reports/default/figures").iterdir()}

    assert len(drawn) == 20
    for name, content in drawn.items():
        assert content == (finished_run / "reports/default/figures" / name).read_bytes(), name


def test_blocks_order_and_neighbors_change_no_number(fresh, finished_run):
    fresh.configure(
        {"seeds_per_block": 1, "depths": [2, 1], "activations": ["relu"], "inits": ["he_normal", "glorot_normal"]}
    )
    names = ("signal", "traces", "gradient_check", "theory", "verdicts")

    fresh.run(*(f"results/default/{name}.parquet" for name in names))

    for name in names:
        assert fresh.rows(name) == [row for row in finished_run.rows(name) if "'activation': 'relu'" in row], name
