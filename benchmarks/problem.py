"""What every implementation is given, and what it hands back.

All of them start from the same weights and see the same examples in the same order: those that the sweep itself would
draw. This module knows no implementation and measures nothing.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from depthsounder.data.dataset import Dataset
from depthsounder.data.prepare import prepare_dataset
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.initializers import initializer
from depthsounder.engine.drawing import draw_stack
from depthsounder.engine.spec import NetworkSpec, layer_sizes
from depthsounder.engine.training import batches

ROOT_SEED = 1

LEARNING_RATE = 0.001
"""One rate for all networks. Speed does not depend on it; it is small, so that rounding errors do not grow much."""

INIT = "critical"
"""He's initialization for ReLU and Glorot's for tanh: losses fall at every depth, and comparing them says something."""


@dataclass(frozen=True)
class Case:
    """The shape of the work.

    Attributes
    ----------
    activation
        A name of `ACTIVATIONS`.
    depth, width
        Hidden layers, and units of each.
    networks
        Networks that are trained, of as many seeds.
    updates
        Updates of each network.
    batch
        Examples of an update.
    """

    activation: str
    depth: int
    width: int
    networks: int
    updates: int
    batch: int = 64

    @property
    def passes(self) -> int:
        """Batches that are carried down and up: as in the sweep, the last one shows where the last update led."""
        return self.updates + 1


@dataclass(frozen=True)
class Problem:
    """A case with its data.

    Attributes
    ----------
    dataset
        The prepared digits.
    spec
        What the networks are.
    parameters
        (S, P), float32, the initial weights and biases. They are shared: work on a copy.
    batches
        (S, passes, B), int64, the training examples of each batch of each network.
    """

    case: Case
    dataset: Dataset
    spec: NetworkSpec
    parameters: np.ndarray
    batches: np.ndarray

    @property
    def inputs(self) -> np.ndarray:
        """(n_train, n_inputs), float32, the training part."""
        return self.dataset.train_inputs.astype(np.float32)

    @property
    def labels(self) -> np.ndarray:
        """(n_train,), int64."""
        return self.dataset.train_labels

    def layers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return copies of the weights (S, fan_in, fan_out) and biases (S, 1, fan_out) of each layer."""
        tensors = self.spec.views(self.parameters.copy())
        return list(zip(tensors.weights, tensors.biases, strict=True))


@dataclass(frozen=True)
class Outcome:
    """What an implementation hands back.

    Attributes
    ----------
    seconds
        Wall time of all passes of all networks, with everything in place and compiled.
    compile_seconds
        Wall time of tracing and compiling before that; 0 where there is none.
    losses
        (S, passes), in nats: the mean loss of each batch, before the update that it makes.
    """

    seconds: float
    compile_seconds: float
    losses: np.ndarray


def pose(case: Case) -> Problem:
    """Return a case with the weights and batches of the seeds from 0 on."""
    dataset = _digits()
    sizes = layer_sizes(dataset.n_inputs, case.width, case.depth, dataset.n_classes)
    spec = NetworkSpec(sizes, ACTIVATIONS[case.activation])
    seeds = range(case.networks)
    n_examples = len(dataset.train_labels)
    feeds = [batches(ROOT_SEED, seed, n_examples, case.batch) for seed in seeds]
    return Problem(
        case=case,
        dataset=dataset,
        spec=spec,
        parameters=draw_stack(ROOT_SEED, seeds, spec, initializer(INIT)),
        batches=np.array([[next(feed) for _ in range(case.passes)] for feed in feeds]),
    )


@cache
def _digits() -> Dataset:
    return prepare_dataset("digits", target=None, test_fraction=0.2, root_seed=ROOT_SEED, probe_examples=256)
