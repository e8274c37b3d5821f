"""A small sweep of a claim's own, for what the run's sweep leaves out: cells that are trained briefly.

Its networks see the run's data and have the run's width, as far as that is not too wide for an aside. They come from
streams of their own, and are judged by the rules and the thresholds of every cell.

This module makes evidence; the claims judge it.
"""

from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from depthsounder.claims.evidence import JUDGED, Evidence
from depthsounder.data.dataset import Dataset
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.axes import Cell
from depthsounder.elements.initializers import Initializer, initializer
from depthsounder.elements.streams import stream
from depthsounder.engine.drawing import draw_stack
from depthsounder.engine.rows import initial_signal
from depthsounder.engine.spec import NetworkSpec, layer_sizes
from depthsounder.engine.training import Recipe, Trace, train
from depthsounder.engine.tuning import NetworkLosses, choose_rate, tail_loss
from depthsounder.judging.paired_inits import Pair, compare
from depthsounder.judging.reference import References
from depthsounder.judging.thresholds import Thresholds
from depthsounder.judging.verdicts import SignalVerdict, delta_ratios, judge_signal, judge_training
from depthsounder.process.text import join
from depthsounder.storage.schemas import CELL_KEYS

DEPTHS = (20, 50)
MOST_UNITS = 64
MEASURED, TUNED, EVALUATED = 20, 2, 8
"""Networks of a cell: before training, at each rate, and at the rate that those chose. Six evaluated ones would be too
few for the test of two pairs to tell any apart."""

RATES = (0.01, 0.03, 0.1)
BATCH, STEPS, TAIL = 32, 100, 25

_MEASURED = ("z_second_moment", "h_variance", "weight_grad_rms")


def small_sweep(activation: str, inits: tuple[str, str], evidence: Evidence) -> Evidence:
    """Return evidence whose verdicts and comparisons are those of a small sweep over an activation and two inits."""
    phi = ACTIVATIONS[activation]
    workshop = workshop_of(evidence)
    rows: list[dict[str, object]] = []
    tails: dict[tuple[object, ...], float] = {}
    # One thread, as in the sweep's jobs: a product's bits depend on its threads.
    with threadpool_limits(1):
        for depth in DEPTHS:
            spec = NetworkSpec(workshop.layer_sizes(depth), phi)
            for init in inits:
                cell = Cell(depth, JUDGED, activation, init)
                verdicts, traces = workshop.judge_cell(spec, initializer(init))
                rows.append({**cell._asdict(), **verdicts})
                tails |= {(*cell, trace.seed): workshop.tail(trace) for trace in traces}
    family = [Pair(depth, JUDGED, activation, *inits) for depth in DEPTHS]
    compared = compare(pd.Series(tails).rename_axis([*CELL_KEYS, "seed"]), family, inits)
    return replace(evidence, verdicts=pd.DataFrame(rows), comparisons=pd.DataFrame(compared))


def described(evidence: Evidence) -> str:
    """Return in words how large the small sweep of a run is."""
    workshop = workshop_of(evidence)
    return (
        f"{MEASURED} networks of each init at depth {join(DEPTHS)} and width {workshop.width}, measured on the run's "
        f"data, and {EVALUATED} of each trained for {STEPS} steps of gradient descent (batches of "
        f"{workshop.recipe.batch_size}; the tail is the last {workshop.thresholds.tail_steps}), at the rate that was "
        f"best for {TUNED} others, of {join(RATES)}"
    )


@dataclass(frozen=True)
class Workshop:
    """What all cells of a small sweep share: the root of its streams, width and data, and how to train and judge."""

    root_seed: int
    width: int
    dataset: Dataset
    recipe: Recipe
    thresholds: Thresholds

    def judge_cell(self, spec: NetworkSpec, init: Initializer) -> tuple[dict[str, object], list[Trace]]:
        """Return a cell's columns of the verdicts table, and the traces of its evaluated networks."""
        tuned = _losses(self._train(spec, init, range(EVALUATED, EVALUATED + TUNED), RATES))
        rate = choose_rate(tuned, STEPS, self.thresholds.tail_steps)
        evaluated = self._train(spec, init, range(EVALUATED), (rate,))
        training = judge_training(tuned, _losses(evaluated), self.references, self.thresholds)
        return {**asdict(self._signal(spec, init)), **asdict(training)}, evaluated

    def layer_sizes(self, depth: int) -> tuple[int, ...]:
        """Return the units of each layer of a network of that depth."""
        return layer_sizes(self.dataset.n_inputs, self.width, depth, self.dataset.n_classes)

    @property
    def references(self) -> References:
        """What constant predictions cost on the batches of the small sweep's seeds."""
        return References(self.root_seed, self.dataset.train_labels, self.recipe.batch_size, STEPS)

    def tail(self, trace: Trace) -> float:
        """Return the tail loss of a network."""
        return tail_loss(np.array(trace.losses, np.float32), STEPS, self.thresholds.tail_steps)

    def _signal(self, spec: NetworkSpec, init: Initializer) -> SignalVerdict:
        seeds, layers = range(MEASURED), spec.depth + 1
        drawn = draw_stack(self.root_seed, seeds, spec, init)
        columns = initial_signal(drawn, seeds, spec, self.dataset)
        hidden = {
            name: np.asarray(columns[name], float).reshape(MEASURED, layers)[:, :-1]
            for name in (*_MEASURED, "delta_second_moment")
        }
        finite = np.all([np.isfinite(hidden[name]).all(axis=1) for name in _MEASURED], axis=0)
        delta = hidden["delta_second_moment"]
        return judge_signal(delta_ratios(delta[:, 0], delta[:, -1], finite), self.thresholds)

    def _train(self, spec: NetworkSpec, init: Initializer, seeds: range, rates: tuple[float, ...]) -> list[Trace]:
        traces = [Trace(seed, rate) for seed in seeds for rate in rates]
        drawn = draw_stack(self.root_seed, [trace.seed for trace in traces], spec, init)
        train(drawn, spec, self.dataset, self.recipe, traces, self.root_seed)
        return traces


def _losses(traces: list[Trace]) -> NetworkLosses:
    return {(trace.learning_rate, trace.seed): np.array(trace.losses, np.float32) for trace in traces}


def workshop_of(evidence: Evidence) -> Workshop:
    """Return what the cells of a small sweep share, for the evidence of a run."""
    settings, dataset = evidence.settings, evidence.dataset
    return Workshop(
        root_seed=int(stream(settings.root_seed, "small sweep").integers(2**63)),
        width=min(settings.width, MOST_UNITS),
        dataset=dataset,
        recipe=Recipe("sgd", min(BATCH, len(dataset.train_labels)), STEPS, ()),
        thresholds=replace(settings.thresholds, tail_steps=TAIL),
    )
