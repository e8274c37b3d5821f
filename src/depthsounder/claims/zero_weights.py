"""The claim that weights may not start at 0, because units that start alike stay alike."""

from dataclasses import dataclass

import numpy as np

from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement, Verdict
from depthsounder.elements.activation import Activation
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.initializers import initializer
from depthsounder.elements.streams import stream
from depthsounder.engine.drawing import draw_network
from depthsounder.engine.loss import mean_cross_entropy
from depthsounder.engine.network import NetworkStack
from depthsounder.engine.optimizers import GradientDescent
from depthsounder.engine.spec import NetworkSpec
from depthsounder.process.text import at_most, join, setting

SIZES = (4, 6, 6, 3)
EXAMPLES, STEPS, RATE = 30, 50, 1.0
ALIKE = 1e-10


@dataclass(frozen=True)
class Symmetry:
    """Two hidden layers after a little training from weights of 0.

    Attributes
    ----------
    spreads
        For each hidden layer, the largest difference between the incoming weights of two of its units.
    largest
        The largest weight of a hidden layer.
    """

    spreads: tuple[float, ...]
    largest: float


def train_from_zero(activation: Activation, root_seed: int, zero_readout: bool) -> Symmetry:
    """Train a tiny network from hidden weights of 0, by the engine and plain gradient descent on all examples.

    Parameters
    ----------
    zero_readout
        Whether the readout starts at 0 too, or is drawn as in every sweep.
    """
    spec = NetworkSpec(SIZES, activation)
    weights, biases = draw_network(root_seed, 0, spec, initializer("zeros"))
    weights[-1] *= 0.0 if zero_readout else 1.0
    generator = stream(root_seed, "zeros")
    inputs = generator.standard_normal((1, EXAMPLES, SIZES[0]))
    labels = generator.integers(SIZES[-1], size=(1, EXAMPLES))
    stack = NetworkStack(spec.pack(weights, biases)[None, :], spec, EXAMPLES)
    optimizer = GradientDescent(stack.parameters, np.array([RATE]))
    stack.inputs[:] = inputs
    for _ in range(STEPS):
        stack.forward()
        mean_cross_entropy(stack.logits, labels)
        stack.backward()
        optimizer.update(stack.parameters, stack.gradients)
    hidden = [layer[0] for layer in stack.weights[:-1]]
    return Symmetry(
        tuple(float(np.ptp(layer, axis=1).max()) for layer in hidden),
        max(float(np.abs(layer).max()) for layer in hidden),
    )


def _judge(evidence: Evidence) -> Judgement:
    root_seed, names = evidence.settings.root_seed, evidence.settings.activations
    zero = {name: train_from_zero(ACTIVATIONS[name], root_seed, zero_readout=True) for name in names}
    drawn = {name: train_from_zero(ACTIVATIONS[name], root_seed, zero_readout=False) for name in names}
    alike = [name for name in names if max(zero[name].spreads) <= ALIKE]
    still = [name for name in names if zero[name].largest == 0.0]
    broken = [name for name in names if max(drawn[name].spreads) > ALIKE]
    verdict: Verdict = "confirmed" if len(alike) == len(names) else "conditional" if alike else "refuted"
    spread = max(max(symmetry.spreads) for symmetry in zero.values())
    parting = (
        f" With a readout that is drawn, the units of the last hidden layer part for {join(broken)}, for it is the "
        "readout that tells them apart; those of the layer below stay alike."
        if broken and all(drawn[name].spreads[0] <= ALIKE for name in names)
        else ""
    )
    return Judgement(
        verdict,
        f"largest difference between two units after {STEPS} steps {at_most(spread, ALIKE)}",
        f"at most {setting(ALIKE)}: units that start alike stay alike",
        f"Two hidden layers with all weights 0, trained by the engine, for {join(names)}; the hidden weights of "
        f"{join(still) if still else 'none of them'} do not move at all.{parting}",
    )


CLAIMS = (
    Claim(
        name="zero_weights",
        statement="From weights of 0 all units of a layer learn the same, and the symmetry never breaks.",
        source="The note's reason against initializing with zeros.",
        hypothesis="After a short training from zeros, the incoming weights of a layer's units are equal, to "
        "rounding, for every activation of the run.",
        test=_judge,
        reads={},
    ),
)
