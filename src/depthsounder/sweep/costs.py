"""What drawing, a training step, a measurement and an evaluation cost on this machine, measured in some seconds.

This module times the engine at two depths and draws a line through them; `planning` adds up a sweep from it.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits

from depthsounder.config import Config
from depthsounder.data.dataset import Dataset
from depthsounder.elements.activations import TANH
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.elements.initializers import GLOROT_NORMAL
from depthsounder.engine.drawing import draw_stack
from depthsounder.engine.jacobian import InputJacobian
from depthsounder.engine.probes import Probe
from depthsounder.engine.spec import NetworkSpec, layer_sizes
from depthsounder.engine.training import Evaluation, Trace, train
from depthsounder.process.commands import Refusal
from depthsounder.sweep.planning import Costs, Line

DEPTHS = (4, 24)
NETWORKS, STEPS = 4, 30

WORK = 5e9
"""Floating-point operations of one measured training at most, so that wide networks are measured by fewer steps."""

SECONDS = 7.0
"""How long costs are measured: as often as that allows, and once in any case."""

SNAKEMAKES_SHARE = 0.06
"""Seconds of a job's start that the workflow engine takes: its shell, its bookkeeping, its times."""

REST, REST_OF_A_CELL = 50.0, 0.25
"""Seconds of data, theory, verdicts, figures and report on one core: of any sweep, and what each of its cells adds."""


def measure_costs(config: Config, dataset: Dataset, script: Sequence[str], seconds: float = SECONDS) -> Costs:
    """Return the costs of a sweep's networks.

    Parameters
    ----------
    config
        The sweep, of which width, batch size and optimizer matter.
    dataset
        Its data.
    script
        The call of a job's script that only starts: with ``--help``.
    seconds
        How long to measure, but each cost once in any case; the shortest time counts, and the mean over architectures.

    Raises
    ------
    Refusal
        If the script does not start; the message has the last line of what it said.
    """
    pieces = [[_pieces_of_work(config, dataset, name, depth) for depth in DEPTHS] for name in config.architectures]
    end = perf_counter() + seconds
    rounds: list[list[list[list[float]]]] = []
    starts: list[float] = []
    # The first compiles the library.
    _start(script)
    with threadpool_limits(1):
        # The depths in turn, so that a busy moment of the machine strikes both and the shortest times leave it out.
        while not rounds or perf_counter() < end:
            rounds.append([[[timed() for timed in at_depth] for at_depth in of_one] for of_one in pieces])
            starts.append(_seconds(lambda: _start(script)))
    drawing, training, measurement, spectrum, evaluation = np.min(rounds, axis=0).mean(axis=0).T
    return Costs(
        start=SNAKEMAKES_SHARE + min(starts),
        drawing=_line(drawing),
        step=_line(training),
        measurement=_line(measurement),
        spectrum=_line(spectrum),
        evaluation=_line(evaluation),
        rest=REST,
        rest_of_a_cell=REST_OF_A_CELL,
    )


def _pieces_of_work(config: Config, dataset: Dataset, architecture: str, depth: int) -> list[Callable[[], float]]:
    """Return what times drawing, a training step, a measurement, a spectrum and an evaluation, for one network."""
    sizes = layer_sizes(dataset.n_inputs, config.width, depth, dataset.n_classes)
    spec = NetworkSpec(sizes, TANH, ARCHITECTURES[architecture])
    # Each weight takes part in three products, with a multiplication and an addition for each example.
    step = 6.0 * spec.parameter_count * config.training.batch_size
    networks = int(np.clip(WORK // (2.0 * step), 1, NETWORKS))
    steps = int(np.clip(WORK // (networks * step), 2, STEPS))
    parameters = draw_stack(config.root_seed, range(networks), spec, GLOROT_NORMAL)
    recipe = replace(config.training.recipe, steps=steps, logged_steps=())
    probe, evaluation = Probe(spec, dataset), Evaluation(spec, dataset)
    jacobian = InputJacobian(spec, dataset)

    def training() -> None:
        traces = [Trace(seed, 1e-6) for seed in range(networks)]
        train(parameters.copy(), spec, dataset, recipe, traces, config.root_seed)

    return [
        lambda: _seconds(lambda: draw_stack(config.root_seed, range(1), spec, GLOROT_NORMAL)),
        # After the last step the networks are carried over a batch once more.
        lambda: _seconds(training) / (networks * (steps + 1)),
        lambda: _seconds(lambda: probe.measure(parameters[0])),
        lambda: _seconds(lambda: jacobian.measure(parameters[0])),
        lambda: _seconds(lambda: evaluation.evaluate(parameters[0])),
    ]


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def _line(seconds: np.ndarray) -> Line:
    layer = max((seconds[1] - seconds[0]) / (DEPTHS[1] - DEPTHS[0]), 0.0)
    return Line(max(seconds[0] - layer * DEPTHS[0], 0.0), layer)


def _start(script: Sequence[str]) -> None:
    """Run a script to its end as a job does: with this library before any other, and compiled."""
    library = str(Path(__file__).resolve().parents[2])
    found = os.pathsep.join(filter(None, [library, os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": found, "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(script, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        raise Refusal(f"{shlex.join(script)} does not start: {reason}")


def start_of_a_job(script: str) -> list[str]:
    """Return the call of a script that starts, explains itself and ends."""
    return [sys.executable, script, "--help"]
