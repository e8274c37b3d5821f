"""What the jobs that a dry run plans will take: how many networks, and about how long.

The costs are measured on the machine that asks, as `make plan` measures them, but for a second only, and kept for the
next dry run. This module knows jobs by their kind and block; which of them are planned is told by whoever plans.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from depthsounder.config import Config, stage_settings
from depthsounder.data.dataset import Dataset, load_dataset
from depthsounder.sweep.cells import PartKind, RunPaths
from depthsounder.sweep.costs import measure_costs, start_of_a_job
from depthsounder.sweep.planning import Costs, computing
from depthsounder.sweep.progress import duration, portion

JOBS_OF_THE_REST = 30
"""So many jobs share `Costs.rest`: data, tables, figures and report."""


@dataclass(frozen=True)
class PlannedJob:
    """A job that computes networks.

    Attributes
    ----------
    kind
        The parts that it makes.
    depth
        Hidden layers of its networks.
    seeds
        Its block, such as ``"0-19"``.
    """

    kind: PartKind
    depth: int
    seeds: str


def costs_now(config: Config, paths: RunPaths) -> Costs:
    """Return the costs of a sweep's networks, measured in about a second.

    Parameters
    ----------
    paths
        Where the run's data lie, if they are prepared already.
    """
    script = Path(__file__).resolve().parents[3] / "scripts/tune_rate.py"
    return measure_costs(config, _dataset(config, paths), start_of_a_job(str(script)), seconds=0.5)


def forecast(config: Config, costs: Costs, jobs: Sequence[PlannedJob], checks: int, others: int, cores: int) -> str:
    """Return in a sentence what planned jobs take.

    Parameters
    ----------
    jobs, checks, others
        The jobs that compute networks, the number of gradient checks, and that of all other jobs.
    cores
        How many jobs run at a time.
    """
    portions = [(job, portion(config, job.kind, job.depth, job.seeds).networks) for job in jobs]
    counts = {
        kind: sum(count for job, count in portions if job.kind == kind) for kind in ("initial", "tuning", "training")
    }
    seconds = (len(jobs) + checks) * costs.start + others * costs.rest / JOBS_OF_THE_REST
    seconds += sum(computing(config, costs, job.kind, job.depth, count) for job, count in portions)
    on = "one core" if cores == 1 else f"{cores:,} cores"
    return (
        f"{counts['initial']:,} networks to measure, {counts['tuning'] + counts['training']:,} to train: "
        f"about {duration(seconds / cores)} on {on}"
    )


def _dataset(config: Config, paths: RunPaths) -> Dataset:
    if paths.dataset.exists():
        return load_dataset(paths.dataset)
    # Imports scikit-learn, for which a dry run would wait a second.
    from depthsounder.data.prepare import prepare_dataset  # noqa: PLC0415

    return prepare_dataset(**stage_settings(config, "prepare"))
