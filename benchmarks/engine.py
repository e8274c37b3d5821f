"""Depthsounder's own training loop, as the jobs of a sweep run it, but for the logging between steps."""

from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.problem import LEARNING_RATE, ROOT_SEED, Outcome, Problem
from depthsounder.engine.training import Recipe, Trace, train


def run(problem: Problem) -> Outcome:
    """Train all networks of a problem.

    Memory for the passes is taken while the clock runs, and the batches are drawn inside the loop, from the same
    streams as those that the problem holds. The last pass makes no update.
    """
    case = problem.case
    recipe = Recipe("sgd", case.batch, case.updates, logged_steps=())
    traces = [Trace(seed, LEARNING_RATE) for seed in range(case.networks)]
    parameters = problem.parameters.copy()
    with threadpool_limits(1):
        start = perf_counter()
        train(parameters, problem.spec, problem.dataset, recipe, traces, ROOT_SEED)
        seconds = perf_counter() - start
    return Outcome(seconds, 0.0, np.array([trace.losses for trace in traces]))
