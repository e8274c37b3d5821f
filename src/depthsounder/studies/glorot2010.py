"""Glorot & Bengio 2010, figures 6 and 7: activations and gradients by layer, before any training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from depthsounder.data.dataset import Dataset, load_dataset
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.initializers import initializer
from depthsounder.engine.drawing import draw_stack
from depthsounder.engine.loss import cross_entropy
from depthsounder.engine.network import NetworkStack
from depthsounder.engine.spec import NetworkSpec, layer_sizes
from depthsounder.figures import FigureRecord
from depthsounder.figures.form import canvas, stroke
from depthsounder.figures.panels import legend_below, note_alone
from depthsounder.figures.style import label, layer_colors, themed
from depthsounder.process.text import count, join, number, setting
from depthsounder.storage.frames import rows_of
from depthsounder.studies.glorot2010_stated import leaving, shrinking, staying
from depthsounder.studies.record import Finding, Study, at_home
from depthsounder.sweep.runs import Run

STANDARD, NORMALIZED = "uniform_standard", "glorot_uniform"
_SHORT = {STANDARD: "standard", NORMALIZED: "normalized"}

PUBLISHED_JACOBIANS = {STANDARD: 0.5, NORMALIZED: 0.8}
"""The average singular value of the Jacobian from layer to layer in tanh networks, section 4.2.1 of the paper."""

_AS_PUBLISHED = 0.1
"""An average singular value this near counts as the paper's."""

NETWORKS = 10
"""How many networks of a cell the histograms put together."""

_BINS = 61
_SPREADS = 3.0
"""A gradient's histogram reaches so many times the largest standard deviation of a layer."""


@dataclass(frozen=True)
class Layers:
    """What the networks of a cell hold before training.

    Attributes
    ----------
    activities, errors
        For layers 1 to L, all values of h^l and of δ^l, each (networks · examples · units,).
    jacobian
        The average singular value of ∂z^(l+1)/∂z^l over layers 1 to L - 1, over networks and a few examples.
    """

    activities: list[np.ndarray]
    errors: list[np.ndarray]
    jacobian: float


_JACOBIAN_EXAMPLES = 4

_SATURATION = (
    "inputs of variance 1 reach where tanh is flat, and each layer loses by it; where tanh is linear, the ratio would "
    "be 1 and the singular value 0.85"
)


def layers_of(run: Run, dataset: Dataset, activation: str, init: str) -> Layers:
    """Draw the first networks of a cell of the deepest depth, and carry the probe through them, in float64."""
    sizes = layer_sizes(dataset.n_inputs, run.config.width, run.depths[-1], dataset.n_classes)
    spec = NetworkSpec(sizes, ACTIVATIONS[activation])
    seeds = range(min(NETWORKS, run.config.seeds.measure))
    drawn = draw_stack(run.config.root_seed, seeds, spec, initializer(init)).astype(np.float64)
    stack = NetworkStack(drawn, spec, len(dataset.probe_inputs))
    stack.inputs[:] = dataset.probe_inputs
    stack.forward()
    activities = [h.ravel().copy() for h in stack.activities[1:]]
    slopes = []
    for z, h in zip(stack.preactivations[:-1], stack.activities[1:], strict=True):
        slopes.append(np.empty_like(z))
        spec.activation.derivative(z, h, slopes[-1])
    singular_values = [
        np.linalg.svd(slope[:, :_JACOBIAN_EXAMPLES, :, None] * weights[:, None], compute_uv=False)
        for slope, weights in zip(slopes[:-1], stack.weights[1:-1], strict=True)
    ]
    cross_entropy(stack.logits, np.broadcast_to(dataset.probe_labels, stack.logits.shape[:2]))
    stack.backward()
    errors = [delta.ravel().copy() for delta in stack.preactivations[:-1]]
    return Layers(activities, errors, float(np.mean(singular_values)) if singular_values else np.nan)


def _cells(run: Run) -> Iterator[tuple[str, str, Layers]]:
    dataset = load_dataset(run.folder / "data.npz")
    for activation in run.activations:
        for init in (STANDARD, NORMALIZED):
            if init in run.inits:
                yield activation, init, layers_of(run, dataset, activation, init)


def _edges(samples: Sequence[np.ndarray], kind: str) -> np.ndarray:
    """Return the bins that all layers of an activation share."""
    if kind == "h":
        ends = min(float(sample.min()) for sample in samples), max(float(sample.max()) for sample in samples)
    else:
        reach = _SPREADS * max(float(sample.std()) for sample in samples)
        ends = -reach, reach
    return np.linspace(*ends, _BINS + 1)


def rows(run: Run) -> pd.DataFrame:
    """Return the histograms: for each activation, init, layer and kind (h or δ), a density in each bin.

    Returns
    -------
    pandas.DataFrame
        activation, init, layer, kind, value (the bin's middle), density (1/value), sd (the layer's standard deviation)
        and jacobian (the cell's average singular value from layer to layer).
    """
    cells = list(_cells(run))
    found = []
    for activation in dict.fromkeys(name for name, _, _ in cells):
        own = [(init, layers) for name, init, layers in cells if name == activation]
        for kind in ("h", "δ"):
            samples = {init: layers.activities if kind == "h" else layers.errors for init, layers in own}
            edges = _edges([sample for of_init in samples.values() for sample in of_init], kind)
            for init, layers in own:
                for layer, sample in enumerate(samples[init], start=1):
                    inside = np.histogram(sample, edges)[0] / (len(sample) * np.diff(edges))
                    found.append(
                        pd.DataFrame(
                            {
                                "activation": activation, "init": init, "layer": layer, "kind": kind,
                                "value": (edges[:-1] + edges[1:]) / 2, "density": inside, "sd": sample.std(),
                                "jacobian": layers.jacobian,
                            }
                        )
                    )  # fmt: skip
    columns = ["activation", "init", "layer", "kind", "value", "density", "sd", "jacobian"]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)


def spreads(table: pd.DataFrame) -> pd.DataFrame:
    """Return for each activation, init and kind the standard deviations of the first and the last layer."""
    layers = table.drop_duplicates(["activation", "init", "kind", "layer"]).sort_values("layer")
    groups = layers.groupby(["activation", "init", "kind"], sort=False)
    return groups.agg(first=("sd", "first"), last=("sd", "last"), jacobian=("jacobian", "first")).reset_index()


def message(run: Run) -> str:
    """Return in sentences how far activations and gradients shrink under either initialization."""
    table = spreads(rows(run))
    words = []
    for init in (STANDARD, NORMALIZED):
        chosen = table[(table["init"] == init) & (table["activation"] != "sigmoid")]
        if chosen.empty:
            continue
        forward, backward = (
            join(
                f"{number(cell['last'] / cell['first'] if kind == 'h' else cell['first'] / cell['last'])} "
                f"({label(cell['activation'])})"
                for cell in rows_of(chosen[chosen["kind"] == kind])
            )
            for kind in ("h", "δ")
        )
        words.append(
            f"With the {_SHORT[init]} initialization, activations reach the last hidden layer with a standard "
            f"deviation that is {forward} of the first layer's, and gradients come back to the first layer with "
            f"{backward} of the last one's."
        )
    return " ".join(words) or "This run has neither of the two initializations."


@themed
def draw(run: Run) -> Figure:
    """Draw the histograms of h (left) and δ (right) by layer: the standard initialization above the normalized one."""
    table = rows(run)
    if table.empty:
        return note_alone(message(run))
    activations = list(dict.fromkeys(table["activation"]))
    inits = list(dict.fromkeys(table["init"]))
    n_rows = len(activations) * len(inits)
    figure = canvas(9, 1.0 + 1.45 * n_rows)
    grid = figure.subplots(n_rows, 2, squeeze=False)
    colors = layer_colors(run.depths[-1])
    for row, (activation, init) in enumerate((activation, init) for activation in activations for init in inits):
        for column, kind in enumerate(("h", "δ")):
            chosen = (table["activation"] == activation) & (table["kind"] == kind)
            panel = grid[row, column]
            _draw_panel(panel, table[chosen & (table["init"] == init)], colors)
            # Rows of one activation share their scale, so that what shrinks is seen to shrink.
            panel.set_ylim(0, 1.05 * float(table.loc[chosen, "density"].quantile(0.995)))
            if column == 0:
                panel.set_ylabel(f"{label(activation)}\n{_SHORT[init]}")
            if row == n_rows - 1:
                panel.set_xlabel("activation h" if kind == "h" else "back-propagated error δ")
    handles = [Line2D([], [], color=color, label=f"layer {layer}") for layer, color in enumerate(colors, start=1)]
    legend_below(figure, handles, columns=10)
    return figure


def _draw_panel(panel: Axes, table: pd.DataFrame, colors: Sequence[str]) -> None:
    for layer, curve in table.groupby("layer"):
        panel.plot(curve["value"], curve["density"], color=colors[int(str(layer)) - 1], linewidth=stroke(1.1))
    panel.set_yticks([])
    panel.ticklabel_format(axis="x", style="sci", scilimits=(-3, 4), useMathText=True)


def findings(run: Run) -> Sequence[Finding]:
    """Return what the paper saw of activations, gradients and Jacobians of tanh networks, beside this run."""
    table = spreads(rows(run))
    found = []
    for init in (STANDARD, NORMALIZED):
        chosen = table[(table["activation"] == "tanh") & (table["init"] == init)]
        if chosen.empty:
            continue
        forward, backward = (chosen[chosen["kind"] == kind].iloc[0] for kind in ("h", "δ"))
        shrinks = init == STANDARD
        published = "shrinks from layer to layer" if shrinks else "stays about the same"
        for quantity, ratio in (
            ("standard deviation of activations, last layer over first", forward["last"] / forward["first"]),
            ("standard deviation of gradients, first layer over last", backward["first"] / backward["last"]),
        ):
            agreement = shrinking(ratio) if shrinks else staying(ratio)
            remark = _SATURATION if agreement != "agrees" and not shrinks and ratio < 1 else ""
            found.append(Finding(f"tanh, {_SHORT[init]}: {quantity}", published, number(ratio, 3), agreement, remark))
        value, stated = float(forward["jacobian"]), PUBLISHED_JACOBIANS[init]
        near = abs(value - stated) <= _AS_PUBLISHED
        found.append(
            Finding(
                f"tanh, {_SHORT[init]}: average singular value of the Jacobian from layer to layer",
                f"about {stated:g}",
                number(value, 3),
                "agrees" if near else "differs",
                _SATURATION if not near and not shrinks and value < stated else "",
            )
        )
    return found + _sigmoid_findings(run)


def _sigmoid_findings(run: Run) -> list[Finding]:
    """Return what became of the sigmoid networks with the standard initialization."""
    cells = run.verdicts[(run.verdicts["activation"] == "sigmoid") & (run.verdicts["init"] == STANDARD)]
    epochs_of_run = epochs(run, run.config.training.steps)
    found = []
    for cell in rows_of(cells):
        escape = epochs(run, cell["escape_step"])
        when = f"after {number(escape)} epochs (the median)" if np.isfinite(escape) else "not in the median network"
        published, agreement, remark = leaving(cell["depth"], escape, epochs_of_run)
        at_rate = f", at rate {setting(cell['best_learning_rate'])}, which it chose" if np.isfinite(escape) else ""
        found.append(
            Finding(
                f"sigmoid, standard, depth {cell['depth']}: leaves its plateau",
                published,
                f"{when}, and is called {cell['training_verdict']} after {number(epochs_of_run)}{at_rate}",
                agreement,
                remark,
            )
        )
    return found


def epochs(run: Run, steps: float) -> float:
    """Return how often so many steps go through the training part."""
    return steps * run.config.training.batch_size / len(load_dataset(run.folder / "data.npz").train_labels)


def cut(run: Run) -> str:
    """Say how much smaller than the paper's the networks and the data are."""
    return (
        "Their networks have 1,000 units a layer and learn images of shapes, digits and small photographs. Here they "
        f"have {run.config.width} and learn {run.config.data.source}, of {count(run.data.n_inputs, 'feature')}, so "
        "that error rates cannot be compared, and what happens before training can."
    )


STUDY = at_home(
    Study(
        name="glorot2010",
        title="Activations and gradients before training",
        question="Does the normalized initialization keep activations and gradients alike in all layers?",
        source="Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, "
        "figures 6 and 7 and section 4.2.1.",
        cut=cut,
        figure=FigureRecord(
            name="glorot2010",
            title="Activations and gradients, layer by layer",
            picture="Histograms of activations and gradients for each activation and init, a curve for each layer.",
            section="study",
            draw=draw,
            rows=rows,
            message=message,
            reads=("verdicts",),
        ),
        findings=findings,
    )
)
