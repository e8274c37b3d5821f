"""How far single networks scatter around the theory of infinite width: one input's q, over networks, layer by layer."""

import numpy as np
import pandas as pd
import scipy
from matplotlib.figure import Figure

from depthsounder.figures.layers import LAYER_KEYS, Measure, combined, draw_layers, measured
from depthsounder.figures.outcomes import repeated_laws, uncopied
from depthsounder.figures.record import FigureRecord
from depthsounder.figures.style import themed
from depthsounder.process.text import count, number, percent
from depthsounder.storage.frames import with_texts
from depthsounder.sweep.runs import Run

_CONFIDENCE = 0.95
_ENDS = ((1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2)
_ROUNDING = 1e-6
"""A predicted spread below this is one of rounding."""

_AGREES = 1.5
"""A measured spread within this factor of the predicted one is called right."""


def _single(run: Run) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one input's q over the theory's in each network of the deepest cells, and what theory expects of it."""
    depth = run.depths[-1]
    signal = run.initial_signal
    hidden = with_texts(signal[(signal["depth"] == depth) & (signal["layer"] <= depth)])
    columns = [*LAYER_KEYS, "z_second_moment_single", "z_log_variance_single"]
    theory = run.theory.loc[run.theory["depth"] == depth, columns]
    theory = theory.rename(columns={"z_second_moment_single": "q", "z_log_variance_single": "variance"})
    networks = hidden[[*LAYER_KEYS, "seed", "z_second_moment_single"]].merge(theory, on=LAYER_KEYS)
    networks = networks[networks["variance"].notna()]
    with np.errstate(all="ignore"):
        networks = networks.assign(ratio=networks["z_second_moment_single"] / networks["q"])
    spread, reach = np.sqrt(theory["variance"]), scipy.stats.norm.ppf((1 + _CONFIDENCE) / 2)
    middle = -theory["variance"] / 2
    expected = theory.assign(
        spread=spread,
        ratio=np.exp(middle),
        theory_low=np.exp(middle - reach * spread),
        theory_high=np.exp(middle + reach * spread),
    )
    return networks, expected


def _spread(networks: pd.DataFrame, expected: pd.DataFrame) -> pd.DataFrame:
    """Return the standard deviation of ln q over networks, with the interval that it has for normal logarithms."""
    positive = networks[(networks["ratio"] > 0) & np.isfinite(networks["ratio"])]
    groups = positive.assign(logarithm=np.log(positive["ratio"])).groupby(LAYER_KEYS)["logarithm"]
    table = groups.agg(median="std", seeds="size").reset_index()
    table = table[table["seeds"] > 1]
    freedom = table["seeds"] - 1
    for name, share in zip(("high", "low"), _ENDS, strict=True):
        table[name] = table["median"] * np.sqrt(freedom / scipy.stats.chi2.ppf(share, freedom))
    keyed = expected[[*LAYER_KEYS, "spread"]].rename(columns={"spread": "theory"})
    # Where orthogonal weights carry the norm on exactly, nothing scatters but rounding.
    scattering = keyed[keyed["theory"] > _ROUNDING]
    return table[[*LAYER_KEYS, "median", "low", "high", "seeds"]].merge(scattering, on=LAYER_KEYS)


def _scatter(networks: pd.DataFrame, expected: pd.DataFrame) -> pd.DataFrame:
    """Return the median of q over the theory's q, the range that holds 95 % of the networks, and the predicted one."""
    # The interval of the median makes way for the range of the networks, and so does what lies within it.
    table = measured(networks, "ratio", expected, "ratio").drop(columns=["low", "high", "within_interval"])
    ranges = networks.assign(ratio=networks["ratio"].fillna(np.inf)).groupby(LAYER_KEYS)["ratio"]
    low, high = (ranges.quantile(share, interpolation="nearest") for share in _ENDS)
    found = pd.DataFrame({"low": low, "high": high}).reset_index()
    bands = expected[[*LAYER_KEYS, "theory_low", "theory_high"]]
    return table.merge(found, on=LAYER_KEYS).merge(bands, on=LAYER_KEYS)


def _measures(run: Run) -> list[Measure]:
    networks, expected = _single(run)
    return [
        Measure("spread_of_log_q", "SD over networks of ln q", _spread(networks, expected), decades=2),
        Measure("q_over_theory", "q over theory's", _scatter(networks, expected), decades=3),
    ]


def _inside(run: Run) -> tuple[int, int]:
    """Return how many of the deepest networks end with a q within the predicted band, and of how many."""
    networks, expected = _single(run)
    last = networks[networks["layer"] == run.depths[-1]]
    banded = last.merge(expected[[*LAYER_KEYS, "spread", "theory_low", "theory_high"]], on=LAYER_KEYS)
    banded = banded[banded["spread"] > _ROUNDING]
    return int(banded["ratio"].between(banded["theory_low"], banded["theory_high"]).sum()), len(banded)


def rows(run: Run) -> pd.DataFrame:
    """Return spread and median of one input's q at each layer of the deepest networks, beside the theory."""
    return combined(_measures(run))


def message(run: Run) -> str:
    """Return in a sentence how often the spread is the predicted one at the last layer of the deepest networks."""
    depth = run.depths[-1]
    table = _measures(run)[0].table
    last = table[table["layer"] == depth]
    if last.empty:
        return "This run has no cell with a spread to compare."
    factor = last["median"] / last["theory"]
    inside, of = _inside(run)
    alone = uncopied(last, repeated_laws(run))
    right = int(factor.between(1 / _AGREES, _AGREES).sum())
    return (
        f"At layer {depth} the spread of ln q over networks is within a factor of {number(_AGREES)} of the predicted "
        f"one in {right:,} of {count(len(last), 'combination')}{alone}; measured over predicted, it lies between "
        f"{number(factor.min())} and {number(factor.max())}. The band that holds {percent(_CONFIDENCE)} of networks "
        f"in theory holds {inside:,} of {count(of, 'network')}, {100 * inside / max(of, 1):.0f} %."
    )


@themed
def draw(run: Run) -> Figure:
    """Draw the spread (upper row), and median and range around the theory of infinite width (lower row), by layer."""
    return draw_layers(run, _measures(run), theory="theory, to first order in 1/width")


FIGURE = FigureRecord(
    name="finite_width",
    title="How far single networks scatter",
    picture="Curves over the layers for each activation, one for each initialization, with theory dashed over them.",
    section="theory",
    draw=draw,
    rows=rows,
    message=message,
    reads=("verdicts", "signal", "theory"),
    place=2,
)
