"""The speed that no implementation can pass: that of the matrix products alone, as the installed BLAS computes them.

This module counts and times products; activations, losses and updates are the overhead that it leaves out.
"""

from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.problem import Problem

MEASURED_SECONDS = 0.3
"""How long the products are repeated: thousands of times."""


def product_flop(fans: list[tuple[int, int]], batch: int) -> float:
    """Return the floating-point operations of one network's matrix products in one step.

    A layer has three products, of 2 · B · fan_in · fan_out each: h W forward, hᵀ δ for the gradient and δ Wᵀ for the
    error below, which the first layer does without.
    """
    products = [2.0 * batch * fan_in * fan_out for fan_in, fan_out in fans]
    return 3.0 * sum(products) - products[0]


def sgemm_rate(problem: Problem) -> float:
    """Return the rate, in flop/s, of a hidden layer's three products, stacked over the networks as in the engine."""
    case = problem.case
    random = np.random.default_rng(0)
    units, square = (case.networks, case.batch, case.width), (case.networks, case.width, case.width)
    activities, deltas = (random.standard_normal(units, dtype=np.float32) for _ in range(2))
    weights = random.standard_normal(square, dtype=np.float32)
    preactivations, errors, gradients = np.empty_like(activities), np.empty_like(activities), np.empty_like(weights)

    def three_products() -> None:
        np.matmul(activities, weights, out=preactivations)
        np.matmul(activities.swapaxes(1, 2), deltas, out=gradients)
        np.matmul(deltas, weights.swapaxes(1, 2), out=errors)

    rounds, seconds = 0, 0.0
    with threadpool_limits(1):
        three_products()
        start = perf_counter()
        while seconds < MEASURED_SECONDS:
            three_products()
            rounds += 1
            seconds = perf_counter() - start
    return rounds * 6.0 * case.networks * case.batch * case.width**2 / seconds
