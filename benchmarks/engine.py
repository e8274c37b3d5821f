"""Depthsounder's own training loop, as the jobs of a sweep run it, but for the logging between steps."""

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.problem import LEARNING_RATE, ROOT_SEED, Outcome, Problem
from benchmarks.stopwatch import Stopwatch
from depthsounder.training import Recipe, Trace, Trainer


def run(problem: Problem) -> Outcome:
    """Train all networks of a problem as one stack.

    The batches are drawn inside the loop, from the same streams as those that the problem holds. The last pass makes no
    update.
    """
    case = problem.case
    recipe = Recipe("sgd", case.batch, case.updates, logged_steps=())
    traces = [Trace(seed, LEARNING_RATE) for seed in range(case.networks)]
    parameters = problem.parameters.copy()
    trainer = Trainer(parameters, problem.sizes, problem.activation, problem.dataset, recipe, traces)
    with threadpool_limits(1), Stopwatch() as stopwatch:
        trainer.run(ROOT_SEED)
    return Outcome(stopwatch.seconds, 0.0, np.array([trace.losses for trace in traces]))
