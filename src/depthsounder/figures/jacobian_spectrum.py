"""How a network stretches its input: the singular values of the Jacobian of the deepest networks, before training."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import scipy
from matplotlib.figure import Figure

from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import PLAIN
from depthsounder.elements.axes import Design, Model
from depthsounder.elements.initializers import initializer
from depthsounder.figures.aggregate import median_interval, spread
from depthsounder.figures.form import text_size
from depthsounder.figures.layers import Measure, combined, draw_layers
from depthsounder.figures.record import FigureRecord
from depthsounder.figures.style import MUTED, label, themed
from depthsounder.process.text import count, join, names_of, number, superscript
from depthsounder.storage.frames import matching, rows_of, with_texts
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import Run
from depthsounder.theory.spectra import deep_spectrum

_POINTS = 12
"""Singular values that a curve shows."""

_DECADES = 60
_DRAWABLE = 300
"""Powers of ten that a number can have: what is beyond is beyond the frame as well."""

_AGREES = 1.5
"""A measured root mean square within this factor of the predicted one is called right."""

_MODEL = [*Model._fields]
_LOGARITHMS = ["median", "low", "high", "theory"]


def _spectra(run: Run) -> pd.DataFrame:
    """Return the decadic logarithms of some singular values, from the largest, beside the theory."""
    jacobian = run.deepest_jacobian
    table = median_interval(_shown(jacobian), [*CELL_KEYS, "index"], "log_singular_value")
    table = with_texts(table).assign(theory=np.nan)
    shape = (run.data.n_inputs, run.config.width, run.depths[-1])
    for model, init in product(run.models, run.inits):
        design = Design(*model, init)
        # The theory is that of products of plain layers.
        if design in run.withheld or model.architecture != PLAIN.name:
            continue
        index = matching(table, design)["index"]
        spectrum = deep_spectrum(ACTIVATIONS[model.activation], initializer(init), *shape, index.to_numpy())
        table.loc[index.index, "theory"] = spectrum
    table[_LOGARITHMS] /= np.log(10.0)
    return table


def _shown(jacobian: pd.DataFrame) -> pd.DataFrame:
    """Return some indices of each model, as far as some initialization has values other than 0, and one more."""
    values = jacobian.assign(value=jacobian["log_singular_value"].fillna(np.inf))
    medians = values.groupby([*Design._fields, "index"], observed=True)["value"].median()
    last = medians[medians > -np.inf].reset_index().groupby(_MODEL, observed=True)["index"].max()
    most = int(jacobian["index"].max()) if len(jacobian) else 1
    chosen = {name: spread(range(1, min(int(last.get(name, 1)) + 1, most) + 1), _POINTS) for name in last.index}
    kept = [own[own["index"].isin(chosen.get(name, [1]))] for name, own in jacobian.groupby(_MODEL, observed=True)]
    return pd.concat(kept) if kept else jacobian


def _networks(run: Run) -> pd.DataFrame:
    """Return for each network the decadic logarithms of its condition number and of its root mean square value.

    Without a condition number are networks whose Jacobian is 0 or was not measured.
    """
    values = run.deepest_jacobian.pivot(index=[*CELL_KEYS, "seed"], columns="index", values="log_singular_value")
    logarithms = values.to_numpy()
    with np.errstate(invalid="ignore"):
        condition = logarithms[:, 0] - logarithms[:, -1]
        mean_square = scipy.special.logsumexp(2.0 * logarithms, axis=1) - np.log(logarithms.shape[1])
    table = pd.DataFrame({"condition": condition, "root_mean_square": mean_square / 2.0}, index=values.index)
    return with_texts((table / np.log(10.0)).reset_index())


def _root_mean_squares(run: Run) -> pd.DataFrame:
    """Return the decadic logarithm of the root mean square value of each cell, beside mean-field theory's."""
    table = median_interval(_networks(run), CELL_KEYS, "root_mean_square")
    theory = run.theory[run.theory["layer"] == run.depths[-1]]
    with np.errstate(divide="ignore"):
        keyed = theory[CELL_KEYS].assign(theory=np.log10(theory["jacobian_mean_square_single"]) / 2.0)
    return table.merge(keyed, on=CELL_KEYS)


def rows(run: Run) -> pd.DataFrame:
    """Return decadic logarithms: of singular values, each with its index, and of the root of their mean square."""
    return combined(
        [
            Measure("log10_singular_value", "", _spectra(run), along="index"),
            Measure("log10_root_mean_square", "", _root_mean_squares(run), along="index"),
        ]
    )


def message(run: Run) -> str:
    """Return in sentences the condition numbers of the deepest networks, and how their mean square was predicted."""
    networks = _networks(run).dropna(subset=["condition"])
    if networks.empty:
        return "In this run no Jacobian is a finite number other than 0."
    cells = networks.groupby(CELL_KEYS, as_index=False)["condition"].median()
    full = cells[np.isfinite(cells["condition"])]
    sentences = [_extremes(run.depths[-1], full) if len(full) else _none_is_full(run.depths[-1])]
    pairs = _isometries(run, full)
    if pairs:
        sentences.append(f"Orthogonal against Gaussian weights of the same variance: {join(pairs)}.")
    if 0 < len(full) < len(cells):
        closed = len(cells) - len(full)
        sentences.append(f"In {closed} of {count(len(cells), 'combination')} some singular values are exactly 0.")
    return " ".join([*sentences, *_mean_square_sentence(run)])


def _extremes(depth: int, full: pd.DataFrame) -> str:
    ordered = rows_of(full.sort_values("condition"))
    least, most = ordered[0], ordered[-1]
    return (
        f"At depth {depth} the Jacobian's condition number runs from {_power(least['condition'])} ({_named(least)}) "
        f"to {_power(most['condition'])} ({_named(most)})."
    )


def _none_is_full(depth: int) -> str:
    return f"At depth {depth} each Jacobian that is a number has singular values that are exactly 0."


def _isometries(run: Run, full: pd.DataFrame) -> list[str]:
    """Return for each model the condition number of orthogonal weights against that of Gaussian ones."""
    conditions = {Design.of(cell): cell["condition"] for cell in rows_of(full)}
    pairs = []
    for model in run.models:
        activation, orthogonal = ACTIVATIONS[model.activation], Design(*model, "orthogonal")
        gain = initializer("orthogonal").gain(run.config.width, run.config.width, activation)
        for other in run.inits:
            init = initializer(other)
            gaussian = Design(*model, other)
            same = init.gaussian and init.gain(run.config.width, run.config.width, activation) == gain
            if same and {orthogonal, gaussian} <= set(conditions):
                ours, theirs = _power(conditions[orthogonal]), _power(conditions[gaussian])
                pairs.append(f"{ours} against {theirs} for {names_of(model, label)}")
                break
    return pairs


def _mean_square_sentence(run: Run) -> list[str]:
    """Return how often the root mean square is the predicted one, or nothing where none can be compared."""
    table = _root_mean_squares(run)
    distance = (table["median"] - table["theory"])[np.isfinite(table["median"]) & np.isfinite(table["theory"])]
    if distance.empty:
        return []
    right = int((distance.abs() <= np.log10(_AGREES)).sum())
    sentence = (
        f"The root mean square of the singular values is within a factor of {number(_AGREES)} of mean-field theory's "
        f"in {right:,} of {count(len(distance), 'combination')}; measured over predicted, it lies between "
        f"{_power(distance.min())} and {_power(distance.max())}."
    )
    return [sentence]


def _named(cell: dict[str, Any]) -> str:
    return names_of(Design.of(cell), label)


def _power(exponent: float) -> str:
    """Return 10 to a power that may be too large or too small for a number."""
    return number(10.0**exponent) if abs(exponent) < 5 else f"10{superscript(round(exponent))}"


@themed
def draw(run: Run) -> Figure:
    """Draw the singular values of the deepest networks, from the largest."""
    table = _spectra(run)
    table[_LOGARITHMS] = 10.0 ** table[_LOGARITHMS].where(np.isinf, lambda powers: powers.clip(-_DRAWABLE, _DRAWABLE))
    measure = Measure("singular_value", "singular value", table, _DECADES, along="index")
    figure = draw_layers(run, [measure], height=3.2, theory="theory of deep random products", right=False)
    most = int(run.deepest_jacobian["index"].max())
    for panel, model in zip(figure.axes, run.models, strict=False):
        closed = most - int(matching(table, model)["index"].max()) + 1
        if closed > 1:
            panel.annotate(
                f"the last {closed} of {most}:\nexactly 0", (0.97, 0.97), xycoords="axes fraction", ha="right",
                va="top", color=MUTED, fontsize=text_size(7.5),
            )  # fmt: skip
    return figure


FIGURE = FigureRecord(
    name="jacobian_spectrum",
    title="How a network stretches its input",
    picture="Curves of falling singular values for each activation, one for each initialization, with theory dashed.",
    section="theory",
    draw=draw,
    rows=rows,
    message=message,
    reads=("verdicts", "jacobian", "theory"),
    place=3,
)
