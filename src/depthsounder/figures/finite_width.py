"""How far single networks scatter around the theory of infinite width: one input's q, over networks, layer by layer."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import chi2

from depthsounder.figures.layers import LAYER_KEYS, Measure, combined, draw_layers, measured
from depthsounder.figures.style import themed
from depthsounder.figures.wording import count, number
from depthsounder.runs import Run

_CONFIDENCE = 0.95
_ROUNDING = 1e-6
"""A predicted spread below this is one of rounding."""

_AGREES = 1.5
"""A measured spread within this factor of the predicted one is called right."""


def _single(run: Run) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one input's q over the theory's in each network of the deepest cells, and what theory expects of it."""
    depth = run.depths[-1]
    signal = run.initial_signal
    hidden = signal[(signal["depth"] == depth) & (signal["layer"] <= depth)].astype({"activation": str, "init": str})
    columns = [*LAYER_KEYS, "z_second_moment_single", "z_log_variance_single"]
    theory = run.theory.loc[run.theory["depth"] == depth, columns]
    theory = theory.rename(columns={"z_second_moment_single": "q", "z_log_variance_single": "variance"})
    networks = hidden[[*LAYER_KEYS, "seed", "z_second_moment_single"]].merge(theory, on=LAYER_KEYS)
    networks = networks[networks["variance"].notna()]
    with np.errstate(all="ignore"):
        networks = networks.assign(ratio=networks["z_second_moment_single"] / networks["q"])
    expected = theory.assign(spread=np.sqrt(theory["variance"]), ratio=np.exp(-theory["variance"] / 2))
    return networks, expected


def _spread(networks: pd.DataFrame, expected: pd.DataFrame) -> pd.DataFrame:
    """Return the standard deviation of ln q over networks, with the interval that it has for normal logarithms."""
    positive = networks[(networks["ratio"] > 0) & np.isfinite(networks["ratio"])]
    groups = positive.assign(logarithm=np.log(positive["ratio"])).groupby(LAYER_KEYS)["logarithm"]
    table = groups.agg(median="std", seeds="size").reset_index()
    table = table[table["seeds"] > 1]
    freedom = table["seeds"] - 1
    for name, share in (("low", (1 + _CONFIDENCE) / 2), ("high", (1 - _CONFIDENCE) / 2)):
        table[name] = table["median"] * np.sqrt(freedom / chi2.ppf(share, freedom))
    keyed = expected[[*LAYER_KEYS, "spread"]].rename(columns={"spread": "theory"})
    # Where orthogonal weights carry the norm on exactly, nothing scatters but rounding.
    scattering = keyed[keyed["theory"] > _ROUNDING]
    return table[[*LAYER_KEYS, "median", "low", "high", "seeds"]].merge(scattering, on=LAYER_KEYS)


def _measures(run: Run) -> list[Measure]:
    networks, expected = _single(run)
    return [
        Measure("spread_of_log_q", "SD over networks of ln q", _spread(networks, expected), decades=2),
        Measure("q_over_theory", "median q over theory's", measured(networks, "ratio", expected, "ratio"), decades=3),
    ]


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
    right = int(factor.between(1 / _AGREES, _AGREES).sum())
    return (
        f"At layer {depth} the spread of ln q over networks is within a factor of {number(_AGREES)} of the predicted "
        f"one in {right} of {count(len(last), 'combination')}; measured over predicted, it lies between "
        f"{number(factor.min())} and {number(factor.max())}."
    )


@themed
def draw(run: Run) -> Figure:
    """Draw the spread (upper row) and the median against the theory of infinite width (lower row), by layer."""
    return draw_layers(run, _measures(run))
