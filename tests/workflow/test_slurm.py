"""A run on a cluster gives the tables of a run on one machine, also when a node fails; docs/scale.md rests on this."""

import subprocess
import time
from collections import Counter

import pytest
from slurm_cluster import NODES, Cluster

from depthsounder.storage.schemas import SCHEMAS

pytestmark = [pytest.mark.workflow, pytest.mark.slurm]

TABLES = [f"results/smoke/{name}.parquet" for name in SCHEMAS]
# Half of the cells of the smoke sweep: enough for three nodes.
SMOKE = (
    "--configfile=config/smoke.yaml",
    *("--config", "depths=[1,3]", "inits=[naive_small,he_normal,critical]", "comparisons=[]"),
)
PATIENCE = 600

# A cluster without accounts knows its jobs by squeue alone, and a test does not wait where a person would.
SLURM = [
    "--workflow-profile=profiles/slurm",
    "--slurm-status-command=squeue",
    "--slurm-init-seconds-before-status-checks=1",
    "--seconds-between-status-checks=1",
    "--latency-wait=5",
]


@pytest.fixture(scope="module")
def undisturbed(sources, once):
    """The tables of half of the smoke sweep, computed on this machine alone."""
    return once("smoke on one machine", lambda folder: sources.copy(folder).run(*TABLES, *SMOKE))


@pytest.fixture
def cluster(tmp_path):
    """Three nodes without work."""
    cluster = Cluster(tmp_path / "slurm")
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def assert_same_tables(project, undisturbed):
    for name in SCHEMAS:
        assert project.rows(name, "smoke") == undisturbed.rows(name, "smoke"), name


def test_a_run_on_three_nodes_gives_the_tables_of_a_run_on_one_machine(fresh, undisturbed, cluster):
    run = fresh.snakemake(*TABLES, *SMOKE, *SLURM)

    assert run.code == 0, run.output + cluster.logs()
    jobs = cluster.finished()
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    assert {job["NodeList"] for job in jobs} == set(NODES)
    # The profile sends jobs together: the sweep has more of them than Slurm has seen.
    assert len(jobs) < len(list((fresh / "results/smoke/parts").rglob("*.parquet")))
    assert_same_tables(fresh, undisturbed)


def test_a_node_that_fails_while_it_computes_loses_nothing(fresh, undisturbed, cluster):
    run = subprocess.Popen(
        fresh.command(*TABLES, *SMOKE, *SLURM),
        cwd=fresh.folder,
        env=fresh.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        # Trainings, which are most of the sweep, are under way.
        while not (list((fresh / "results/smoke/parts").rglob("*.parquet")) and "node2" in cluster.running().values()):
            assert run.poll() is None, run.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.2)
        cluster.kill_node("node2")
        output, _ = run.communicate(timeout=PATIENCE)
    finally:
        run.kill()

    assert run.returncode == 0, output + cluster.logs()
    jobs = cluster.finished()
    states = Counter(job["JobState"] for job in jobs)
    assert set(states) == {"COMPLETED", "NODE_FAIL"}, states
    assert {job["NodeList"] for job in jobs if job["JobState"] == "NODE_FAIL"} == {"node2"}
    assert_same_tables(fresh, undisturbed)
