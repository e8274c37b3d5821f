"""What the gradient check costs, in forward passes that are counted and not timed."""

from dataclasses import dataclass, field

import numpy as np

from depthsounder.checking.checked_network import CheckedNetwork, draw_checked_network
from depthsounder.checking.gradcheck import central_difference
from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement
from depthsounder.elements.activations import TANH
from depthsounder.elements.initializers import initializer
from depthsounder.engine.network import NetworkStack
from depthsounder.engine.spec import NetworkSpec, layer_sizes

DEPTH, WIDTH, EXAMPLES = 2, 8, 5
STEP_PASSES = 3
"""A training step in forward passes: one, and a backward pass with two matrix products where that has one."""

FAR_MORE = 100


@dataclass(frozen=True)
class CountedNetwork(CheckedNetwork):
    """A network that notes how many copies of itself were carried forward."""

    passes: list[int] = field(default_factory=list)

    def stack(self, parameters: np.ndarray) -> NetworkStack:
        """Return the copies, carried forward, and count them."""
        self.passes.append(len(parameters))
        return super().stack(parameters)


def count_passes(evidence: Evidence) -> tuple[int, int]:
    """Return P of a small network, and the forward passes that central differences take to check it."""
    root_seed = evidence.settings.root_seed
    drawn = draw_checked_network(root_seed, DEPTH, WIDTH, EXAMPLES, TANH, initializer("glorot_normal"))
    network = CountedNetwork(drawn.spec, drawn.parameters, drawn.inputs, drawn.labels)
    central_difference(network, np.arange(len(network.parameters)))
    return len(network.parameters), sum(network.passes)


def _judge(evidence: Evidence) -> Judgement:
    parameters, passes = count_passes(evidence)
    settings, dataset = evidence.settings, evidence.dataset
    sizes = layer_sizes(dataset.n_inputs, settings.width, min(settings.depths), dataset.n_classes)
    smallest = NetworkSpec(sizes, TANH).parameter_count
    ratio = passes / STEP_PASSES
    return Judgement(
        "confirmed" if passes == 2 * parameters and ratio >= FAR_MORE else "refuted",
        f"{passes:,} forward passes for {parameters} parameters: the work of {ratio:,.0f} training steps",
        f"2P forward passes, at least {FAR_MORE} training steps",
        f"Counted, not timed: two passes for each parameter, where a step costs about {STEP_PASSES}. This run's "
        f"shallowest network has {smallest:,} parameters, and checking it once would cost as much as "
        f"{2 * smallest / STEP_PASSES:,.0f} steps.",
    )


CLAIMS = (
    Claim(
        name="check_cost",
        statement="A gradient check costs far more than a training step, so that it is no part of training.",
        source="The note's caution to check gradients in debugging only.",
        hypothesis=f"Central differences take 2P forward passes, the work of at least {FAR_MORE} training steps even "
        "for a small network.",
        test=_judge,
        reads={},
    ),
)
