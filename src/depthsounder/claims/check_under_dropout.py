"""The gradient check under dropout: with fresh masks at every evaluation, and with one mask held fixed.

Dropout lives in this demonstration only. The engine needs none of it: to drop unit i is to multiply row i of the
next layer's weights by 0, so that each example is carried by a masked copy of the network, in a stack of one copy an
example.
"""

from functools import partial

import numpy as np

from depthsounder.checking.checked_network import CheckedNetwork, draw_checked_network
from depthsounder.checking.gradcheck import CENTRAL_STEP, relative_error
from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict
from depthsounder.elements.activations import TANH
from depthsounder.elements.initializers import initializer
from depthsounder.elements.streams import stream
from depthsounder.engine.loss import cross_entropy
from depthsounder.engine.network import NetworkStack
from depthsounder.engine.spec import NetworkSpec
from depthsounder.process.text import at_most, number, setting

DEPTH, WIDTH, EXAMPLES = 2, 8, 5
KEPT = 0.5
RIGHT_BELOW, WRONG_ABOVE = 1e-6, 1e-2


def draw_masks(generator: np.random.Generator, spec: NetworkSpec) -> np.ndarray:
    """Return what dropout multiplies each parameter by, for each example (EXAMPLES, P): 0 or 1/KEPT for units' rows."""
    masks = np.ones((EXAMPLES, spec.parameter_count))
    for rows in spec.views(masks).weights[1:]:
        rows *= (generator.random((EXAMPLES, rows.shape[1], 1)) < KEPT) / KEPT
    return masks


def cost_and_gradient(network: CheckedNetwork, parameters: np.ndarray, masks: np.ndarray) -> tuple[float, np.ndarray]:
    """Return J and ∂J/∂θ (P,) under dropout, by the engine's own passes over one masked copy for each example."""
    stack = NetworkStack(parameters * masks, network.spec, 1)
    stack.inputs[:, 0] = network.inputs
    stack.forward()
    costs = cross_entropy(stack.logits, network.labels[:, None])
    stack.backward()
    return float(costs.mean()), (stack.gradients * masks).mean(axis=0)


def check(network: CheckedNetwork, generator: np.random.Generator, fresh: bool) -> float:
    """Return the relative error of the gradient under one mask against central differences.

    Parameters
    ----------
    fresh
        Whether each evaluation of J draws masks of its own, as training code does, or all share the gradient's.
    """
    draw = partial(draw_masks, generator, network.spec)
    masks = draw()
    _, analytic = cost_and_gradient(network, network.parameters, masks)
    numeric = np.empty_like(analytic)
    for position in range(len(numeric)):
        step = np.zeros_like(numeric)
        step[position] = CENTRAL_STEP
        above, _ = cost_and_gradient(network, network.parameters + step, draw() if fresh else masks)
        below, _ = cost_and_gradient(network, network.parameters - step, draw() if fresh else masks)
        numeric[position] = (above - below) / (2.0 * CENTRAL_STEP)
    return relative_error(analytic, numeric)


def _judge(evidence: Evidence) -> Judgement:
    root_seed = evidence.settings.root_seed
    network = draw_checked_network(root_seed, DEPTH, WIDTH, EXAMPLES, TANH, initializer("glorot_normal"))
    generator = stream(root_seed, "dropout")
    fresh, fixed = check(network, generator, fresh=True), check(network, generator, fresh=False)
    verdict: Verdict = "refuted" if fresh < WRONG_ABOVE else "conditional" if fixed < RIGHT_BELOW else "confirmed"
    return Judgement(
        verdict,
        f"relative error {number(fresh, 3)} with fresh masks, {at_most(fixed, RIGHT_BELOW)} with the mask held fixed",
        f"above {setting(WRONG_ABOVE)}, with either",
        "A tanh network whose units are dropped with probability 0.5, through the engine's own passes. With fresh "
        "masks the two costs of a difference belong to two networks, and their gap is divided by 2ε."
        + (
            " The gradient is right all the while: the check needs its masks fixed, and dropout may stay on."
            if fixed < RIGHT_BELOW
            else ""
        ),
    )


CLAIMS = (
    Claim(
        name="check_under_dropout",
        statement="Under dropout the gradient check fails.",
        source="The note's caution to switch dropout off for the check, since the cost is then random.",
        hypothesis="The relative error is that of a wrong gradient; conditional if it is so with fresh masks only, "
        "and that of a right one with the mask held fixed.",
        test=_judge,
        reads={},
    ),
)
