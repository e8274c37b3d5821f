"""Training a stack of networks: the loop, the batches, and what is logged on the way.

Step s is the state after s updates. Its training loss is that of batch s, before the update that the batch then makes;
a network whose loss is no longer finite ends its trace with that loss and costs no more time.

This module trains and records; what is a failure is decided by `verdicts`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np

from depthsounder.data.dataset import Dataset
from depthsounder.elements.streams import stream
from depthsounder.engine.loss import cross_entropy, mean_cross_entropy
from depthsounder.engine.network import NetworkStack
from depthsounder.engine.normalization import Moments, RunningMoments
from depthsounder.engine.optimizers import OPTIMIZERS, Optimizer, clip
from depthsounder.engine.probes import Probe, update_ratios
from depthsounder.engine.spec import NetworkSpec
from depthsounder.process.options import count, from_zero, positive

CACHE_SHARE = 8 * 2**20
"""Bytes that the networks trained side by side may take, unless one alone takes more.

A step goes down and up through all of them, so that a stack which outgrows the processor's last cache waits for memory:
two jobs side by side, of ten networks of depth 20 and width 64, take an eighth longer at 10 MB each than at 5, with
32 MB for both of them and for other machines. Much smaller stacks lose as much to NumPy's calls, so that the
second-level cache, into which one deep network hardly fits, is no measure.
"""


@dataclass(frozen=True)
class Recipe:
    """How networks are trained, the same for every cell: what the config's section `training` says of it.

    From these fields follow the settings that a rule hands over, the options of a script that trains, and what is noted
    in the tables.

    Attributes
    ----------
    optimizer
        A name of `OPTIMIZERS`.
    batch_size
        Examples of a batch.
    steps
        Updates.
    logged_steps
        The steps at which more than the loss is recorded.
    clip_norm
        The greatest norm of a network's whole gradient in an update; None to clip nothing.
    """

    optimizer: str = field(metadata={"help": "the update rule", "choices": OPTIMIZERS})
    batch_size: int = field(metadata={"help": "examples of an update", "type": count})
    steps: int = field(metadata={"help": "updates", "type": count})
    logged_steps: tuple[int, ...] = field(metadata={"help": "such as 0 1 10", "type": from_zero, "nargs": "+"})
    clip_norm: float | None = field(
        default=None, metadata={"help": "greatest norm of a network's gradient", "type": positive}
    )


@dataclass
class Trace:
    """What one network's training left.

    Attributes
    ----------
    seed, learning_rate
        Which network, trained how fast.
    losses
        The training loss of each step, in nats; shorter than steps + 1 if the network diverged.
    evaluations
        By logged step: grad_norm, test_loss, test_accuracy and train_accuracy.
    signals
        By logged step above 0: the probe's statistics (L + 1,) and update_ratio; empty where no probe was given.
    clipped
        Updates whose gradient was longer than `Recipe.clip_norm`.
    """

    seed: int
    learning_rate: float
    losses: list[float] = field(default_factory=list)
    evaluations: dict[int, dict[str, float]] = field(default_factory=dict)
    signals: dict[int, dict[str, np.ndarray]] = field(default_factory=dict)
    clipped: int = 0


def batches(root_seed: int, seed: int, n_examples: int, batch_size: int) -> Iterator[np.ndarray]:
    """Yield the examples (B,) of each batch, epoch after epoch, from the seed alone, without an epoch's remainder."""
    generator = stream(root_seed, "batches", seed)
    while True:
        order = generator.permutation(n_examples)
        for start in range(0, n_examples - batch_size + 1, batch_size):
            yield order[start : start + batch_size]


class Evaluation:
    """Loss and accuracy of one network at a time on the test part, and accuracy on the probe's training examples."""

    def __init__(self, spec: NetworkSpec, dataset: Dataset) -> None:
        inputs = np.concatenate([dataset.test_inputs, dataset.probe_inputs])
        self.labels = np.concatenate([dataset.test_labels, dataset.probe_labels])
        self.n_test = len(dataset.test_labels)
        self.stack = NetworkStack(np.empty((1, spec.parameter_count), np.float32), spec, len(inputs))
        self.stack.inputs[0] = inputs

    def evaluate(self, parameters: np.ndarray, moments: Sequence[Moments] | None = None) -> dict[str, float]:
        """Return test_loss, test_accuracy and train_accuracy of one network (P,).

        Parameters
        ----------
        moments
            Those by which each hidden layer's signal is normalized, as batch norm's running averages; None for its own.
        """
        self.stack.parameters[0] = parameters
        self.stack.forward(moments)
        correct = self.stack.logits[0].argmax(axis=1) == self.labels
        costs = cross_entropy(self.stack.logits, self.labels[None, :])[0]
        return {
            "test_loss": float(costs[: self.n_test].mean()),
            "test_accuracy": float(correct[: self.n_test].mean()),
            "train_accuracy": float(correct[self.n_test :].mean()),
        }


def train(
    parameters: np.ndarray,
    spec: NetworkSpec,
    dataset: Dataset,
    recipe: Recipe,
    traces: list[Trace],
    root_seed: int,
    probe: Probe | None = None,
) -> None:
    """Train networks of one cell, as many side by side as the cache holds; none of their bits depends on how many.

    Parameters
    ----------
    parameters
        (S, P), float32.
    traces
        Which seed and rate each of the S networks has, and where its record goes.
    spec, dataset, recipe, probe
        As for `Trainer`.
    root_seed
        Origin of the batches.
    """
    side_by_side = max(1, CACHE_SHARE // spec.working_set(recipe.batch_size, parameters.itemsize))
    n_stacks = ceil(len(traces) / side_by_side)
    for members in np.array_split(np.arange(len(traces)), n_stacks):
        stack = slice(members[0], members[-1] + 1)
        Trainer(parameters[stack], spec, dataset, recipe, traces[stack], probe).run(root_seed)


class Trainer:
    """A stack of networks of one cell, trained side by side.

    Parameters
    ----------
    parameters
        (S, P), float32: updated in place.
    spec
        What they are.
    dataset
        The data; batches come from its training part.
    recipe
        How to train.
    traces
        Which seed and rate each of the S networks has, and where its record goes.
    probe
        Where given, measures the layers at the logged steps above 0.
    """

    def __init__(
        self,
        parameters: np.ndarray,
        spec: NetworkSpec,
        dataset: Dataset,
        recipe: Recipe,
        traces: list[Trace],
        probe: Probe | None = None,
    ) -> None:
        self.recipe = recipe
        self.probe = probe
        self.evaluation = Evaluation(spec, dataset)
        self.inputs = dataset.train_inputs.astype(np.float32)
        self.labels = dataset.train_labels
        self.living = list(traces)
        self.stack = NetworkStack(parameters, spec, recipe.batch_size)
        self.moments = RunningMoments(self.stack.normalizers)
        rates = np.array([trace.learning_rate for trace in traces])
        self._before: np.ndarray | None = None
        self.optimizer: Optimizer = OPTIMIZERS[recipe.optimizer](parameters, rates)

    def run(self, root_seed: int) -> None:
        """Train to the last step, or until no network is left."""
        seeds = sorted({trace.seed for trace in self.living})
        feeds = {seed: batches(root_seed, seed, len(self.inputs), self.recipe.batch_size) for seed in seeds}
        with np.errstate(all="ignore"):
            for step in range(self.recipe.steps + 1):
                self._carry({seed: next(feed) for seed, feed in feeds.items()})
                if not self.living:
                    return
                if step in self.recipe.logged_steps:
                    self._log(step)
                if step < self.recipe.steps:
                    self._before = self.stack.parameters.copy() if step + 1 in self.recipe.logged_steps else None
                    if self.recipe.clip_norm is not None:
                        self._clip(self.recipe.clip_norm)
                    self.optimizer.update(self.stack.parameters, self.stack.gradients)

    def _carry(self, batch_of_seed: dict[int, np.ndarray]) -> None:
        """Take every network over its batch: record its loss and fill its gradients, or drop it if it has diverged."""
        losses = self._forward(batch_of_seed)
        for trace, loss in zip(self.living, losses, strict=True):
            trace.losses.append(float(loss))
        finite = np.isfinite(losses)
        if not finite.all():
            self._keep(finite)
            if not self.living:
                return
            self._forward(batch_of_seed)
        self.moments.update(self.stack.normalizers)
        self.stack.backward()

    def _forward(self, batch_of_seed: dict[int, np.ndarray]) -> np.ndarray:
        """Return each network's mean loss over its batch (S,), and leave its gradient by the logits in `logits`."""
        examples = np.array([batch_of_seed[trace.seed] for trace in self.living])
        np.take(self.inputs, examples, axis=0, out=self.stack.inputs, mode="clip")
        self.stack.forward()
        return mean_cross_entropy(self.stack.logits, self.labels[examples])

    def _clip(self, greatest: float) -> None:
        for trace, clipped in zip(self.living, clip(self.stack.gradients, greatest), strict=True):
            trace.clipped += clipped

    def _keep(self, kept: np.ndarray) -> None:
        """Go on with the networks where the mask (S,) is true."""
        stack = self.stack
        self.living = [trace for trace, stays in zip(self.living, kept, strict=True) if stays]
        self.optimizer.keep(kept)
        self.moments.keep(kept)
        if self._before is not None:
            self._before = self._before[kept]
        self.stack = NetworkStack(stack.parameters[kept], stack.spec, self.recipe.batch_size)

    def _log(self, step: int) -> None:
        for network, trace in enumerate(self.living):
            parameters = self.stack.parameters[network]
            gradient_norm = float(np.linalg.norm(self.stack.gradients[network].astype(np.float64)))
            evaluation = self.evaluation.evaluate(parameters, self.moments.of(network))
            trace.evaluations[step] = {"grad_norm": gradient_norm, **evaluation}
            if self.probe is not None and self._before is not None:
                trace.signals[step] = {
                    **self.probe.measure(parameters),
                    "update_ratio": update_ratios(self._before[network], parameters, self.stack.spec),
                }
