"""The relative difference of the gradient check, on a right gradient and on planted errors."""

import numpy as np

from depthsounder.checking.checked_network import CheckedNetwork, draw_checked_network
from depthsounder.checking.gradcheck import central_difference, relative_error
from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict
from depthsounder.elements.activation import Activation
from depthsounder.elements.activations import SIGMOID, TANH
from depthsounder.elements.initializers import initializer
from depthsounder.process.text import at_most, number, setting

DEPTH, WIDTH, EXAMPLES = 3, 8, 5
TENSOR = "W1"
RIGHT_BELOW, WRONG_ABOVE = 1e-7, 1e-2
"""The outer bands of the note: good below, a mistake above."""


def _network(activation: Activation, init: str, evidence: Evidence) -> CheckedNetwork:
    root_seed = evidence.settings.root_seed
    return draw_checked_network(root_seed, DEPTH, WIDTH, EXAMPLES, activation, initializer(init))


def planted_errors(network: CheckedNetwork) -> dict[str, float]:
    """Return the relative error of the first weights' gradient, right and with mistakes; and of all parameters at once.

    Returns
    -------
    errors
        By ``"right"``, ``"doubled"``, ``"sign"`` and ``"forgotten"``; and ``"doubled, all parameters"``, where the
        formula takes the whole gradient as one vector.
    """
    positions = network.spec.tensors()[TENSOR]
    analytic = network.gradient()
    numeric, _ = central_difference(network, np.arange(len(network.parameters)))
    doubled = analytic.copy()
    doubled[positions] *= 2.0
    tensor, truth = analytic[positions], numeric[positions]
    return {
        "right": relative_error(tensor, truth),
        "doubled": relative_error(2.0 * tensor, truth),
        "sign": relative_error(-tensor, truth),
        "forgotten": relative_error(0.0 * tensor, truth),
        "doubled, all parameters": relative_error(doubled, numeric),
    }


def _judge(evidence: Evidence) -> Judgement:
    healthy = planted_errors(_network(TANH, "glorot_normal", evidence))
    vanishing = planted_errors(_network(SIGMOID, "naive_small", evidence))
    tells = healthy["right"] <= RIGHT_BELOW and all(
        healthy[mistake] >= WRONG_ABOVE for mistake in ("doubled", "sign", "forgotten")
    )
    missed = vanishing["doubled, all parameters"] < WRONG_ABOVE
    verdict: Verdict = "refuted" if not tells else "conditional" if missed else "confirmed"
    return Judgement(
        verdict,
        f"right {at_most(healthy['right'], RIGHT_BELOW)}; doubled {number(healthy['doubled'], 3)}; sign flipped "
        f"{number(healthy['sign'], 3)}; forgotten {number(healthy['forgotten'], 3)}",
        f"right below {setting(RIGHT_BELOW)}; each mistake above {setting(WRONG_ABOVE)}",
        f"∂{TENSOR} of a tanh network of depth {DEPTH} with Glorot's weights, one tensor at a time. Over all "
        "parameters at once, the same doubling in a sigmoid network with naive_small weights gives "
        f"{number(vanishing['doubled, all parameters'], 2)}"
        + (": a vanishing tensor's mistake drowns in the norm of the others." if missed else "."),
    )


CLAIMS = (
    Claim(
        name="check_formula",
        statement="‖analytic − numeric‖ / (‖analytic‖ + ‖numeric‖) tells a right gradient from a wrong one.",
        source="The note's formula for the relative error of the gradient check.",
        hypothesis="A right gradient is below 10⁻⁷ and each planted mistake above 0.01; conditional if a mistake "
        "escapes when the formula takes all parameters as one vector.",
        test=_judge,
        reads={},
    ),
)
