"""Schoenholz et al. 2017, figure 5: over depth and weight variance, tanh networks train where ξ_c allows it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.initializers import initializer
from depthsounder.figures import FigureRecord
from depthsounder.figures.form import canvas, stroke
from depthsounder.figures.panels import legend_below, note
from depthsounder.figures.style import PAPER, themed
from depthsounder.process.text import count, number
from depthsounder.studies.record import Agreement, Finding, Study, at_home
from depthsounder.sweep.runs import Run
from depthsounder.theory.meanfield import mean_field
from depthsounder.theory.phase_plane import critical_line

ACTIVATION = "tanh"
PUBLISHED_MULTIPLE = 6.0
PUBLISHED_CUSP = 1.76
PUBLISHED_BIAS = 0.05
"""σb² of the paper's figure, and so of its cusp."""


_NEAR = 1.5
"""A multiple within this factor of the published one is about the same."""

LEARNED = 0.5
"""A share of the reference loss: half-way from the plateau to a loss of 0."""

_MULTIPLES: dict[float, Any] = {1.0: (0, (1, 1)), 3.0: (0, (4, 2)), PUBLISHED_MULTIPLE: "-"}
"""Multiples of ξ_c, and how their lines are drawn."""

_CURVE_POINTS = 121


def rows(run: Run) -> pd.DataFrame:
    """Return each cell's place, its depth scale and its training; a cell whose theory is withheld has no place.

    Returns
    -------
    pandas.DataFrame
        init, weight_gain (σw²), bias_variance (σb²), depth, xi_c, tail_share (median tail loss over the reference
        loss), learned (whether that is at most `LEARNED`) and training_verdict.
    """
    withheld = {design.init for design in run.withheld if design.activation == ACTIVATION}
    placed = [init for init in run.inits if init not in withheld]
    cells = run.verdicts[(run.verdicts["activation"] == ACTIVATION) & run.verdicts["init"].isin(placed)]
    scales = run.theory.drop_duplicates(["activation", "init"])[["activation", "init", "xi_c"]]
    table = cells.merge(scales, on=["activation", "init"])
    laws = [initializer(name) for name in table["init"]]
    width = run.config.width
    return pd.DataFrame(
        {
            "init": table["init"],
            "weight_gain": [law.gain(width, width, ACTIVATIONS[ACTIVATION]) for law in laws],
            "bias_variance": [law.bias_variance for law in laws],
            "depth": table["depth"],
            "xi_c": table["xi_c"],
            "tail_share": table["tail_loss"] / table["reference_loss"],
            "learned": table["tail_loss"] <= LEARNED * table["reference_loss"],
            "training_verdict": table["training_verdict"],
        }
    ).sort_values(["weight_gain", "depth"], ignore_index=True)


def deepest(run: Run) -> pd.DataFrame:
    """Return for each σw² the deepest networks that learn, and the shallowest deeper ones that do not.

    Networks learn if their median tail loss has come down half-way from the plateau, to `LEARNED` times the reference
    loss.

    Returns
    -------
    pandas.DataFrame
        weight_gain, xi_c, learns (0 if none does) and fails (∞ if none does).
    """
    found = []
    for (gain, scale), cells in rows(run).groupby(["weight_gain", "xi_c"], dropna=False):
        failing = cells.loc[~cells["learned"], "depth"]
        fails = float(failing.min()) if len(failing) else np.inf
        learning = cells.loc[cells["learned"] & (cells["depth"] < fails), "depth"]
        found.append({"weight_gain": gain, "xi_c": scale, "learns": learning.max(), "fails": fails})
    return pd.DataFrame(found, columns=["weight_gain", "xi_c", "learns", "fails"]).fillna({"learns": 0})


def message(run: Run) -> str:
    """Return in sentences where the deepest networks learn, and how their depth compares with ξ_c elsewhere."""
    table = deepest(run)
    if table.empty:
        return f"This run has no networks with {ACTIVATION}."
    best = table[table["learns"] == table["learns"].max()]
    if not best["learns"].iloc[0]:
        return f"The loss of no cell's networks halves within {run.config.training.steps:,} steps."
    sentence = (
        f"The deepest networks whose loss halves within {run.config.training.steps:,} steps have "
        f"{best['learns'].iloc[0]:g} layers, with {_range(best['weight_gain'])} as σw²."
    )
    multiples = _multiples(table)
    if multiples.empty:
        return sentence
    return (
        f"{sentence} Where {PUBLISHED_MULTIPLE:g} ξ_c is less than that, networks learn down to {_reach(multiples)} "
        f"ξ_c, the median over {count(len(multiples), 'σw²', 'σw²')}."
    )


def _reach(multiples: pd.DataFrame) -> str:
    """Return the median multiple in words: a bound where no deeper network was tried."""
    middle = float(multiples["middle"].median())
    return number(middle) if np.isfinite(middle) else f"at least {number(float(multiples['low'].median()))}"


def _multiples(table: pd.DataFrame) -> pd.DataFrame:
    """Return the bracket of depth over ξ_c for each σw² whose published border is no deeper than any network learns.

    Where it is deeper, what ends learning is the number of steps, and no scale of the signal's.
    """
    scales = table["xi_c"].astype(float)
    seen = table[(table["learns"] > 0) & (PUBLISHED_MULTIPLE * scales <= table["learns"].max())]
    low, high = seen["learns"] / seen["xi_c"], seen["fails"] / seen["xi_c"]
    return pd.DataFrame({"weight_gain": seen["weight_gain"], "low": low, "high": high, "middle": np.sqrt(low * high)})


def _range(values: pd.Series) -> str:
    low, high = number(values.min(), 3), number(values.max(), 3)
    return low if low == high else f"{low} to {high}"


@themed
def draw(run: Run) -> Figure:
    """Draw the tail loss over σw² and depth, and multiples of ξ_c over it."""
    table = rows(run)
    figure = canvas(8.5, 5.0)
    panel = figure.subplots()
    if table.empty:
        panel.set_axis_off()
        note(panel, message(run))
        return figure
    wide = table.pivot_table("tail_share", "depth", "weight_gain", dropna=False)
    gains, depths = wide.columns.to_numpy(dtype=float), wide.index.to_numpy(dtype=float)
    shares = np.clip(np.nan_to_num(wide.to_numpy(dtype=float), nan=np.inf, posinf=1.0), 0.0, 1.0)
    mesh = panel.pcolormesh(
        _edges(gains), _edges(depths), shares, cmap="cividis_r", vmin=0.0, vmax=1.0, edgecolors=PAPER,
        linewidth=stroke(0.6),
    )  # fmt: skip
    panel.grid(False)
    panel.set_xlim(_edges(gains)[0], _edges(gains)[-1])
    panel.set_ylim(_edges(depths)[-1], _edges(depths)[0])
    panel.set_xticks(gains, [f"{gain:g}" for gain in gains], rotation=70)
    panel.set_yticks(depths, [f"{depth:g}" for depth in depths])
    panel.set_xlabel("σw²")
    panel.set_ylabel("depth")
    figure.colorbar(mesh, ax=panel, label="median tail loss over that of guessing (1: on the plateau)", pad=0.01)
    _draw_scales(panel, gains, table["bias_variance"].iloc[0])
    lines = [
        Line2D([], [], color="#BF4A1D", linestyle=dashes, label=f"{multiple:g} ξ_c")
        for multiple, dashes in _MULTIPLES.items()
    ]
    legend_below(figure, lines)
    return figure


def _edges(places: np.ndarray) -> np.ndarray:
    """Return the borders between cells, half-way between their places."""
    if len(places) == 1:
        return places[0] + np.array([-0.5, 0.5])
    middles = (places[1:] + places[:-1]) / 2
    return np.array([2 * places[0] - middles[0], *middles, 2 * places[-1] - middles[-1]])


def _draw_scales(panel: Axes, gains: np.ndarray, bias_variance: float) -> None:
    """Draw multiples of ξ_c over the map, dense enough to show the cusp."""
    ends = _edges(gains)
    fine = np.linspace(ends[0], ends[-1], _CURVE_POINTS)
    limits = [
        mean_field(ACTIVATIONS[ACTIVATION], gain, bias_variance, start=gain + bias_variance).xi_c for gain in fine
    ]
    scales = np.array([np.nan if scale is None else scale for scale in limits])
    for multiple, dashes in _MULTIPLES.items():
        panel.plot(fine, multiple * scales, color="#BF4A1D", linestyle=dashes, linewidth=stroke(1.6))


def findings(run: Run) -> Sequence[Finding]:
    """Return the place of the cusp and the multiple of ξ_c down to which networks learn, beside the paper's."""
    table = deepest(run)
    if table.empty:
        return []
    best = table[table["learns"] == table["learns"].max()]
    gains = np.sort(table["weight_gain"].to_numpy(dtype=float))
    nearest = gains[np.argmin(np.abs(gains - PUBLISHED_CUSP))]
    biases = rows(run)["bias_variance"].unique()
    found = [
        Finding(
            quantity="where the deepest networks learn",
            published=f"σw² = {PUBLISHED_CUSP} at σb² = {PUBLISHED_BIAS}, where ξ_c diverges; "
            f"theory here: {_cusp(run)}",
            observed=f"σw² = {_range(best['weight_gain'])}, down to {best['learns'].iloc[0]:g} layers",
            agreement="open" if set(biases) != {PUBLISHED_BIAS} else peaking(table, nearest),
            remark=f"σw² = {nearest:g}, the nearest of this run, learns down to {_learns(table, nearest):g} layers",
        )
    ]
    multiples = _multiples(table)
    for phase, below in (("order", True), ("chaos", False)):
        chosen = multiples[(multiples["weight_gain"] < nearest) == below]
        if chosen.empty:
            continue
        covered = (chosen["low"] <= PUBLISHED_MULTIPLE) & (chosen["high"] >= PUBLISHED_MULTIPLE)
        found.append(
            Finding(
                quantity=f"how deep networks learn, in {phase}",
                published=f"down to about {PUBLISHED_MULTIPLE:g} ξ_c",
                observed=f"down to {_reach(chosen)} ξ_c, the median over {count(len(chosen), 'σw²', 'σw²')} "
                f"({_range(chosen['low'])}, and not from {_range(chosen['high'])} on)",
                agreement=reaching(chosen),
                remark=f"{PUBLISHED_MULTIPLE:g} ξ_c lies between for {int(covered.sum()):,} of them",
            )
        )
    return found


def peaking(table: pd.DataFrame, gain: float) -> Agreement:
    """Tell whether the deepest networks that learn stand at one σw², as `deepest` has them, and not at some others.

    Where networks of every σw² get as deep, or none learns, the run shows no peak.
    """
    best = table["learns"] == table["learns"].max()
    if best.all():
        return "open"
    return "agrees" if best[table["weight_gain"] == gain].any() else "differs"


def reaching(multiples: pd.DataFrame) -> Agreement:
    """Tell whether networks learn about as deep as the published multiple of ξ_c, from the brackets of some σw²."""
    low, middle = (float(multiples[name].median()) for name in ("low", "middle"))
    if not np.isfinite(middle):
        return "differs" if low >= _NEAR * PUBLISHED_MULTIPLE else "open"
    return "agrees" if 1 / _NEAR < middle / PUBLISHED_MULTIPLE < _NEAR else "differs"


def _learns(table: pd.DataFrame, gain: float) -> float:
    return float(table.loc[table["weight_gain"] == gain, "learns"].iloc[0])


def _cusp(run: Run) -> str:
    """Return σw² of the critical line at the run's bias variance, from the theory."""
    bias_variance = float(rows(run)["bias_variance"].iloc[0])
    q_stars = np.geomspace(1e-4, 1e2, 20_001)
    gains, bias_variances = critical_line(ACTIVATIONS[ACTIVATION], q_stars)
    known = np.isfinite(bias_variances)
    return number(float(np.interp(bias_variance, bias_variances[known], gains[known])), 4)


def cut(run: Run) -> str:
    """Say how much smaller than the paper's the networks are, and how much shorter their training."""
    training = run.config.training
    return (
        "Their networks are 300 units wide, up to 300 layers deep, and learn MNIST at one small rate for up to 14,000 "
        f"steps. Here they are {run.config.width} wide and up to {run.depths[-1]} deep, learn {run.config.data.source} "
        f"for {training.steps:,} steps, and each cell chooses its rate, of {len(training.learning_rates)}: fewer steps "
        "and fewer units both make the deepest networks that learn shallower."
    )


STUDY = at_home(
    Study(
        name="schoenholz2017",
        title="Depth scales of tanh networks",
        question="Does the depth over which two inputs' correlation lasts say how deep a network can be trained?",
        source="Schoenholz, Gilmer, Ganguli & Sohl-Dickstein 2017, Deep information propagation, figure 5.",
        cut=cut,
        figure=FigureRecord(
            name="schoenholz2017",
            title="Where tanh networks learn",
            picture="Map of weight variance across and depth down, with curves over it.",
            section="study",
            draw=draw,
            rows=rows,
            message=message,
            reads=("verdicts", "theory"),
        ),
        findings=findings,
    )
)
