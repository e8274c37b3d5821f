"""The check that all implementations compute the same thing: their losses, batch by batch and network by network.

Nothing here is about time. The tolerances are those of float32, whose operations round by at most 6e-8: errors of
random sign grow by √(64 · 20) over the sums of 64 terms in 20 layers, to 2e-6.
"""

from collections.abc import Mapping

import numpy as np

from benchmarks.problem import Outcome, Problem

TIGHT = 1e-5
"""Relative difference that rounding explains: five times the estimate above. Seen on the default cases: 2e-7."""

EARLY_PASSES = 3
"""Batches that must agree tightly whatever the activation; the third loss already shows the effect of two updates."""

LOOSE = 0.05
"""Relative difference of later losses where φ has a kink; where it is smooth, all losses must agree tightly.

A unit whose preactivation lies within rounding of 0 may be active in one implementation and not in the other, and then
sends back an error in one only. From there on two networks differ by more than rounding. Seen: 1e-2 at depth 50."""


class Disagreement(RuntimeError):
    """Two implementations did not compute the same losses, so that their times say nothing."""


def tolerances(problem: Problem) -> np.ndarray:
    """Return the relative difference of losses that is allowed in each pass, as (passes,)."""
    allowed = np.full(problem.case.passes, LOOSE if problem.spec.activation.kinks else TIGHT)
    allowed[:EARLY_PASSES] = TIGHT
    return allowed


def require_agreement(problem: Problem, outcomes: Mapping[str, Outcome]) -> None:
    """Compare all losses with those of the first implementation.

    Raises
    ------
    Disagreement
        If losses differ by more than float32 explains, or are not finite; it names where they first do.
    """
    (reference, expected), *others = outcomes.items()
    for name, outcome in others:
        differences = np.abs(outcome.losses - expected.losses)
        # Written so that NaN fails.
        wrong = ~(differences <= tolerances(problem) * np.abs(expected.losses))
        if wrong.any():
            step, network = np.argwhere(wrong.T)[0]
            raise Disagreement(
                f"{problem.case}: the loss of network {network} at step {step} is "
                f"{outcome.losses[network, step]:.9g} by {name} and {expected.losses[network, step]:.9g} by {reference}"
            )
