"""Trainability against depth scale: how many times ξ_∇ a network can be deep, fitted instead of assumed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from depthsounder.elements.streams import stream
from depthsounder.figures import FigureRecord
from depthsounder.figures.form import canvas, stroke
from depthsounder.figures.panels import init_handles, legend_below, log_axis, note
from depthsounder.figures.style import INK, MUTED, activation_marker, init_style, label, themed
from depthsounder.judging.fates import fate
from depthsounder.judging.thresholds import Thresholds
from depthsounder.process.text import count, join, number
from depthsounder.storage.frames import rows_of
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.studies.depth_scale import UNLIKELY, Brackets, DepthScaleFit, bracket, fit
from depthsounder.studies.record import Finding, Study, at_home
from depthsounder.sweep.runs import Run

PUBLISHED_MULTIPLE = 6.0

RESAMPLES = 400
_CONFIDENCE = 0.95
_LAW = ["activation", "init"]


def rows(run: Run) -> pd.DataFrame:
    """Return for each activation and law the bracket of L50, its depth scale, and the fit's L50.

    Returns
    -------
    pandas.DataFrame
        activation, init (the first of its law), scale (|ξ_∇|), low, high, fitted, likelihood, and recovers (whether
        a deeper network trains again).
    """
    laws = _laws(run)
    trained = _trained(run)
    table = _bracketed(laws, trained)
    if table.empty:
        return table.assign(fitted=[], likelihood=[], recovers=[])
    model = fit(_brackets(table))
    shares = _shares(trained, table)
    recovers = [
        bool((row[shares.columns > high] >= 0.5).any())
        for row, high in zip(shares.to_numpy(), table["high"], strict=True)
    ]
    fitted = model.median_depth(table["scale"].to_numpy())
    return table.assign(fitted=fitted, likelihood=model.likelihoods(_brackets(table)), recovers=recovers)


def _laws(run: Run) -> pd.DataFrame:
    """Return activation, init and ξ of each law; two inits that are one law under an activation count once."""
    theory = run.theory[run.theory["xi_grad"].notna()]
    laws = theory.drop_duplicates(_LAW)[[*_LAW, "chi_1", "q_star", "xi_grad"]]
    laws = laws.assign(scale=laws["xi_grad"].abs(), order=laws["init"].map(list(run.config.inits).index))
    # A scale of 0 is that of zero weights, at which nothing lasts a layer.
    laws = laws[laws["scale"] > 0].sort_values(["activation", "order"])
    rounded = laws.assign(chi_1=laws["chi_1"].map("{:.9e}".format), q_star=laws["q_star"].map("{:.9e}".format))
    first = ~rounded.duplicated(["activation", "chi_1", "q_star"])
    return laws.loc[first, [*_LAW, "scale"]].reset_index(drop=True)


def _trained(run: Run) -> pd.DataFrame:
    """Return whether each evaluated network trains, a row for each cell and a column for each seed."""
    thresholds = Thresholds(**dict(run.config.verdicts))
    steps, window = run.config.training.steps, thresholds.tail_steps
    trained = {
        (*cell, seed): fate(losses, run.references.guessing(seed, window), steps, thresholds) == "trained"
        for cell, seed, losses in run.evaluated_networks()
    }
    index = pd.MultiIndex.from_tuples(trained, names=[*CELL_KEYS, "seed"])
    return pd.Series(list(trained.values()), index=index, dtype=bool).unstack("seed")


def _shares(trained: pd.DataFrame, laws: pd.DataFrame) -> pd.DataFrame:
    """Return the share of networks that train, a row for each law and a column for each depth."""
    shares = trained.mean(axis=1).droplevel("architecture")
    return shares.unstack("depth").reindex(pd.MultiIndex.from_frame(laws[_LAW]))


def _bracketed(laws: pd.DataFrame, trained: pd.DataFrame) -> pd.DataFrame:
    """Return the laws with the bracket of each."""
    shares = _shares(trained, laws)
    depths = shares.columns.to_numpy(dtype=float)
    ends = [bracket(depths, row) for row in shares.to_numpy(dtype=float)]
    return laws.assign(low=[low for low, _ in ends], high=[high for _, high in ends])


def _brackets(table: pd.DataFrame) -> Brackets:
    return Brackets(*(table[name].to_numpy(dtype=float) for name in ("scale", "low", "high")))


def resampled_fits(run: Run) -> list[DepthScaleFit]:
    """Return the fits to resampled seeds: each draw takes the same seeds for all cells, whose inits are paired."""
    laws, trained = _laws(run), _trained(run)
    seeds = trained.shape[1]
    generator = stream(run.config.root_seed, "resampled seeds")
    # A few seeds have few distinct draws, and a fit takes longer than a draw.
    known: dict[bytes, DepthScaleFit] = {}
    fits = []
    for _ in range(RESAMPLES):
        brackets = _brackets(_bracketed(laws, trained.iloc[:, generator.integers(0, seeds, seeds)]))
        key = np.concatenate([brackets.low, brackets.high]).tobytes()
        known[key] = known.get(key) or fit(brackets)
        fits.append(known[key])
    return fits


def _interval(values: Sequence[float]) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    return float(low), float(high)


def _worded(interval: tuple[float, float]) -> str:
    return f"{number(interval[0])} to {number(interval[1])}"


def message(run: Run) -> str:
    """Return in sentences what the fit says, and how many laws it does not describe."""
    table = rows(run)
    if table.empty:
        return "This run has no law with a depth scale."
    model = fit(_brackets(table))
    odd = table[table["likelihood"] < UNLIKELY]
    described = (
        "and describes every law."
        if odd.empty
        else f"and does not describe {join(_name(law) for law in rows_of(odd))}."
    )
    return (
        f"Half of the networks train down to {number(model.multiple)} times |ξ_∇|, as long as that is well below "
        f"{number(model.budget)} layers, which is what {run.config.training.steps:,} steps can train at all: one fit "
        f"to {count(len(table), 'law')}, {described}"
    )


def _name(law: dict[str, object]) -> str:
    return f"{label(str(law['activation']))} with {label(str(law['init']))}"


@themed
def draw(run: Run) -> Figure:
    """Draw the bracket of each law over its depth scale, and the fit with its interval."""
    table = rows(run)
    figure = canvas(9, 4.6)
    panel = figure.subplots()
    if table.empty:
        panel.set_axis_off()
        note(panel, message(run))
        return figure
    finite = table.loc[np.isfinite(table["scale"]), "scale"]
    lowest, highest = min([0.3, *finite]), 3 * max([30.0, *finite])
    depths = run.depths
    log_axis(panel, (lowest / 1.5, highest * 1.6), "x")
    log_axis(panel, (depths[0] / 2, depths[-1] * 2))
    fine = np.geomspace(lowest / 1.5, highest, 200)
    curves = np.array([model.median_depth(fine) for model in resampled_fits(run)])
    low, high = np.quantile(curves, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2], axis=0)
    panel.fill_between(fine, low, high, color=INK, alpha=0.12, linewidth=0)
    panel.plot(fine, fit(_brackets(table)).median_depth(fine), color=INK, linewidth=stroke(1.4))
    panel.plot(fine, PUBLISHED_MULTIPLE * fine, color=MUTED, linestyle=(0, (3, 2)), linewidth=stroke(1.0))
    for position, law in enumerate(rows_of(table)):
        # Laws of one depth scale stand beside one another.
        x = min(law["scale"], highest) * 1.06 ** (position % 7 - 3)
        ends = np.clip([law["low"], law["high"]], depths[0] / 2, depths[-1] * 2)
        style = init_style(law["init"])
        panel.plot([x, x], ends, color=style.color, linewidth=stroke(1.6), zorder=3)
        middle = float(np.sqrt(ends[0] * ends[1]))
        marker = activation_marker(law["activation"])
        panel.plot(x, middle, linestyle="", marker=marker, color=style.color, markersize=stroke(6), zorder=4)
    panel.set_xlabel("|ξ_∇| in layers; at the right edge: ∞")
    panel.set_ylabel("depth at which half train")
    markers = [
        Line2D([], [], linestyle="", marker=activation_marker(name), color=INK, label=label(name))
        for name in run.activations
    ]
    lines = [
        Line2D([], [], color=INK, linewidth=stroke(1.4), label="one fit to all"),
        Line2D([], [], color=MUTED, linestyle=(0, (3, 2)), label=f"{PUBLISHED_MULTIPLE:g} |ξ_∇|"),
    ]
    legend_below(figure, [*init_handles(list(dict.fromkeys(table["init"]))), *markers, *lines])
    return figure


def findings(run: Run) -> Sequence[Finding]:
    """Return the fitted multiple and budget with their intervals, and each law that the fit does not describe."""
    table = rows(run)
    if table.empty:
        return []
    model, fits = fit(_brackets(table)), resampled_fits(run)
    multiple, budget = (_interval([getattr(drawn, name) for drawn in fits]) for name in ("multiple", "budget"))
    exact = np.isinf(table["high"]).sum()
    found = [
        Finding(
            quantity="m, the depth that trains over |ξ_∇|",
            published=f"about {PUBLISHED_MULTIPLE:g}, of ξ_c",
            observed=f"{number(model.multiple)} (resampled seeds, 95 %: {_worded(multiple)})",
            agreement="open",
            remark=f"another scale: |ξ_∇| is ξ_c in order, and not in chaos; {PUBLISHED_MULTIPLE:g} lies "
            f"{'within' if multiple[0] <= PUBLISHED_MULTIPLE <= multiple[1] else 'outside'} the interval",
        ),
        Finding(
            quantity="L_budget, the depth that so many steps can train",
            published="not separated from the depth scale",
            observed=f"{number(model.budget)} layers (95 %: {_worded(budget)}); "
            f"{count(int(exact), 'law')} of {len(table):,} train down to the deepest networks",
            agreement="open",
        ),
    ]
    for law in rows_of(table[(table["likelihood"] < UNLIKELY) | table["recovers"]]):
        deeper = "; deeper networks train again" if law["recovers"] else ""
        found.append(
            Finding(
                quantity=_name(law),
                published=f"|ξ_∇| = {number(law['scale'])}: L50 = {number(law['fitted'])} by the fit",
                observed=f"between {number(law['low'])} and {number(law['high'])} layers{deeper}",
                agreement="differs" if law["likelihood"] < UNLIKELY else "open",
                remark=_beyond(law),
            )
        )
    return found


def _beyond(law: dict[str, Any]) -> str:
    """Say on which side of its fitted depth a law's bracket lies; empty if it holds it."""
    if law["low"] > law["fitted"]:
        return "deeper than its gradient's scale says"
    return "less deep than its gradient's scale says" if law["high"] < law["fitted"] else ""


def cut(run: Run) -> str:
    """Say how the fit goes beyond the source's, and how coarse its brackets are."""
    return (
        "The multiple is not assumed but fitted, for several activations at once, to |ξ_∇|, with a second limit: what "
        "so many steps can do however healthy the signal is. Brackets are as coarse as the sweep's depths, "
        f"{join(map(str, run.depths))}."
    )


STUDY = at_home(
    Study(
        name="trainability",
        title="How many times its depth scale a network can be deep",
        question="Is there one multiple of the gradient's depth scale down to which networks train?",
        source="Schoenholz, Gilmer, Ganguli & Sohl-Dickstein 2017, whose networks train down to about 6 ξ_c.",
        cut=cut,
        figure=FigureRecord(
            name="trainability",
            title="Depth that trains against depth scale",
            picture="Scatter plot of depth brackets over depth scales, with a fitted curve.",
            section="study",
            draw=draw,
            rows=rows,
            message=message,
            reads=("verdicts", "traces", "theory"),
        ),
        findings=findings,
    )
)
