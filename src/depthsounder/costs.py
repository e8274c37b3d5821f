"""What a training step, a measurement and an evaluation cost on this machine, measured in some seconds.

This module times the engine on two depths and draws a line through them; what a sweep makes of that is `planning`'s
business.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits

from depthsounder.activations import TANH
from depthsounder.config import Config
from depthsounder.dataset import Dataset
from depthsounder.initializers import GLOROT_NORMAL, layer_sizes
from depthsounder.jacobian import InputJacobian
from depthsounder.planning import Costs, Line
from depthsounder.probes import Probe
from depthsounder.training import Evaluation, Recipe, Trace, draw_stack, train

DEPTHS = (4, 24)
NETWORKS, STEPS, REPEATS = 4, 30, 15

SNAKEMAKES_SHARE = 0.06
"""Seconds of a job's start that the workflow engine takes: its shell, its bookkeeping, its times."""

REST, REST_OF_A_CELL = 50.0, 0.25
"""Seconds of data, theory, verdicts, figures and report on one core: of any sweep, and what each of its cells adds."""


def measure_costs(config: Config, dataset: Dataset, script: Sequence[str]) -> Costs:
    """Return the costs of a sweep's networks.

    Parameters
    ----------
    config
        The sweep, of which width, batch size and optimizer matter.
    dataset
        Its data.
    script
        The call of a job's script that only starts: with ``--help``.
    """
    with threadpool_limits(1):
        steps, looks, spectra, evaluations = _shortest_at_depths(
            [_pieces_of_work(config, dataset, depth) for depth in DEPTHS]
        )
    return Costs(
        start=SNAKEMAKES_SHARE + _shortest(lambda: subprocess.run(script, check=True, stdout=subprocess.DEVNULL)),
        step=_line(steps),
        look=_line(looks),
        spectrum=_line(spectra),
        evaluation=_line(evaluations),
        rest=REST,
        rest_of_a_cell=REST_OF_A_CELL,
    )


def _pieces_of_work(config: Config, dataset: Dataset, depth: int) -> list[tuple[Callable[[], object], int]]:
    """Return a training, a measurement, a spectrum and an evaluation, and how many of its kind each does."""
    sizes = layer_sizes(dataset.n_inputs, config.width, depth, dataset.n_classes)
    parameters = draw_stack(config.root_seed, range(NETWORKS), sizes, TANH, GLOROT_NORMAL)
    recipe = Recipe(config.training.optimizer, config.training.batch_size, STEPS, logged_steps=())
    probe, evaluation = Probe(sizes, TANH, dataset), Evaluation(sizes, TANH, dataset)
    jacobian = InputJacobian(sizes, TANH, dataset)

    def training() -> None:
        traces = [Trace(seed, 1e-6) for seed in range(NETWORKS)]
        train(parameters.copy(), sizes, TANH, dataset, recipe, traces, config.root_seed)

    return [
        (training, NETWORKS * STEPS),
        (lambda: probe.measure(parameters[0]), 1),
        (lambda: jacobian.measure(parameters[0]), 1),
        (lambda: evaluation.evaluate(parameters[0]), 1),
    ]


def _shortest_at_depths(works: Sequence[Sequence[tuple[Callable[[], object], int]]]) -> np.ndarray:
    """Return the seconds of each piece of work (pieces, depths), the depths in turn, so that noise strikes both."""
    shortest = np.full((len(works[0]), len(works)), np.inf)
    for _ in range(REPEATS):
        for depth, pieces in enumerate(works):
            for piece, (work, times) in enumerate(pieces):
                shortest[piece, depth] = min(shortest[piece, depth], _seconds(work) / times)
    return shortest


def _shortest(work: Callable[[], object]) -> float:
    """Return the shortest of a few times: what the machine can do when nothing else disturbs it."""
    return min(_seconds(work) for _ in range(REPEATS))


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def _line(seconds: np.ndarray) -> Line:
    layer = max((seconds[1] - seconds[0]) / (DEPTHS[1] - DEPTHS[0]), 0.0)
    return Line(max(seconds[0] - layer * DEPTHS[0], 0.0), layer)


def start_of_a_job(script: str) -> list[str]:
    """Return the call of a script that starts, explains itself and ends."""
    return [sys.executable, script, "--help"]
