"""What a sweep will take, before anything runs: networks, jobs, core-hours and disk.

Every cost is a line over the depth: what a network costs whatever its depth, and what each hidden layer adds. The lines
are measured on the machine that asks, at the sweep's own width, batch and optimizer (`costs`); this module adds up.
A network that diverges ends early, so that the sum is an upper bound.
"""

from dataclasses import dataclass

from depthsounder.config import Config
from depthsounder.sweep.cells import PartKind, blocks, cells, designs

BYTES_PER_NUMBER = 5.0
"""The size of a measured number in a compressed table."""

SIGNAL_NUMBERS, SPECTRUM_NUMBERS, TRACE_NUMBERS = 10, 2, 1
"""Numbers in a row of the signal, Jacobian and traces tables; their other columns repeat themselves or are null."""


MOST_JOBS = 10_000
"""Snakemake plans so many in half a minute, and keeps them in half a gigabyte."""

MOST_STARTS = 0.25
"""The largest share of a sweep's time that starts of jobs may take before the plan advises larger blocks."""


@dataclass(frozen=True)
class Line:
    """A cost in seconds, as a line over the depth."""

    network: float
    layer: float

    def at(self, depth: int) -> float:
        """Return the cost at a depth."""
        return self.network + self.layer * depth


@dataclass(frozen=True)
class Costs:
    """Measured costs in seconds.

    Attributes
    ----------
    start
        The start of a job: the interpreter, its imports, and Snakemake's share.
    drawing, step, measurement, spectrum, evaluation
        The work on one network: to draw its parameters, a training step, a measurement of its layers, the singular
        values of its Jacobian, and its loss and accuracy at a logged step.
    rest, rest_of_a_cell
        Work that does not grow with the networks, such as figures and report; and what each cell adds to it, such as
        its theory.
    """

    start: float
    drawing: Line
    step: Line
    measurement: Line
    spectrum: Line
    evaluation: Line
    rest: float
    rest_of_a_cell: float


@dataclass(frozen=True)
class Plan:
    """What a sweep will take.

    Attributes
    ----------
    cells, jobs
        Their numbers.
    measured, trained
        Networks that are measured before training, and networks that are trained.
    seconds
        On one core.
    starts
        The part of it that starts jobs.
    size
        Bytes of the tables and the parts that they are collected from.
    """

    cells: int
    jobs: int
    measured: int
    trained: int
    seconds: float
    starts: float
    size: float


def make_plan(config: Config, costs: Costs) -> Plan:
    """Return what a sweep takes at most."""
    recipe, logged = config.training, len(config.training.logged_at)
    measured, evaluated = config.seeds.measure, config.seeds.evaluate
    networks: dict[PartKind, int] = {
        "initial": measured,
        "tuning": config.seeds.tune * len(recipe.learning_rates),
        "training": evaluated,
    }
    trained = networks["tuning"] + evaluated
    seconds = numbers = 0.0
    sweep = list(cells(config))
    for cell in sweep:
        measurements = measured + evaluated * (logged - 1)
        seconds += sum(computing(config, costs, kind, cell.depth, count) for kind, count in networks.items())
        numbers += measurements * (cell.depth + 1) * SIGNAL_NUMBERS + trained * (recipe.steps + 1) * TRACE_NUMBERS
        numbers += measured * config.width * SPECTRUM_NUMBERS
    jobs = len(sweep) * sum(len(blocks(config, kind)) for kind in networks) + len(list(designs(config)))
    starts = jobs * costs.start
    return Plan(
        cells=len(sweep),
        jobs=jobs,
        measured=len(sweep) * measured,
        trained=len(sweep) * trained,
        seconds=seconds + starts + costs.rest + len(sweep) * costs.rest_of_a_cell,
        starts=starts,
        size=2 * BYTES_PER_NUMBER * numbers,
    )


def computing(config: Config, costs: Costs, kind: PartKind, depth: int, networks: int) -> float:
    """Return the seconds that networks of one depth take on one core: measured for "initial", and else trained."""
    # What a seed has drawn is trained at every rate.
    drawn = networks // len(config.training.learning_rates) if kind == "tuning" else networks
    drawing = drawn * costs.drawing.at(depth)
    if kind == "initial":
        return drawing + networks * (costs.measurement.at(depth) + costs.spectrum.at(depth))
    logged = len(config.training.logged_at)
    measurements = logged - 1 if kind == "training" else 0
    training = config.training.steps * costs.step.at(depth) + logged * costs.evaluation.at(depth)
    return drawing + networks * (training + measurements * costs.measurement.at(depth))


def advice(config: Config, plan: Plan) -> str:
    """Return in a sentence whether `seeds_per_block` suits the sweep: jobs that are many, or mostly start."""
    most = max(config.seeds.measure, config.seeds.tune, config.seeds.evaluate)
    share = plan.starts / plan.seconds
    if (plan.jobs <= MOST_JOBS and share <= MOST_STARTS) or config.seeds_per_block >= most:
        return f"seeds_per_block = {config.seeds_per_block} suits it: starting jobs takes {share:.0%} of the time."
    factor = max(plan.jobs / MOST_JOBS, share / MOST_STARTS)
    better = min(most, -(-int(config.seeds_per_block * factor * 1.5) // 10) * 10)
    return (
        f"{plan.jobs:,} jobs, whose starts take {share:.0%} of the time, are many: seeds_per_block = {better} "
        f"instead of {config.seeds_per_block} would do with fewer."
    )
