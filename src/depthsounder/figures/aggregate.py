"""Many seeds made into one curve: the median, and an interval that the seeds themselves give.

This module knows groups and order statistics; it knows nothing of what is measured.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy

from depthsounder.storage.schemas import CELL_KEYS

_ROUNDING = 1e-9
"""A relative distance that no measurement tells from none: where nothing scatters, an interval has no width."""


def median_interval(frame: pd.DataFrame, keys: Sequence[str], column: str) -> pd.DataFrame:
    """Return the median of a column for each group, with the 95 % interval of order statistics.

    A value that is not a number stands for one that overflowed and counts as infinite. With fewer than six seeds no
    order statistic reaches 95 %: the interval is then the range.

    Returns
    -------
    pandas.DataFrame
        `keys`, median, low, high and seeds (the size of the group), in the order of the keys.
    """
    groups = frame.assign(**{column: frame[column].fillna(np.inf)}).groupby(list(keys), observed=True)[column]
    sizes = groups.size()
    largest = int(sizes.max()) if len(sizes) else 1
    # The quantile of the binomial distribution; all of scipy.stats takes most of a second to import.
    rank = max(int(np.searchsorted(scipy.special.bdtr(np.arange(largest + 1), largest, 0.5), 0.025)), 1)
    share = (rank - 1) / max(largest - 1, 1)
    lower, upper = groups.quantile(0.5, interpolation="lower"), groups.quantile(0.5, interpolation="higher")
    table = pd.DataFrame(
        {
            "median": lower.where(lower == upper, (lower + upper) / 2),
            "low": groups.quantile(share, interpolation="nearest"),
            "high": groups.quantile(1 - share, interpolation="nearest"),
            "seeds": sizes,
        }
    )
    return table.reset_index()


def within(expected: pd.Series, low: pd.Series, high: pd.Series) -> pd.Series:
    """Tell for each row whether what is expected lies in the interval, but for rounding; null where nothing is."""
    with np.errstate(all="ignore"):
        inside = (expected >= low * (1 - _ROUNDING)) & (expected <= high * (1 + _ROUNDING))
    return inside.astype("boolean").where(expected.notna())


def factors_apart(expected: pd.Series, measured: pd.Series) -> pd.Series:
    """Return by which factor, at least 1, each row's two values differ; only of rows where both have a size."""
    known = (expected > 0) & (measured > 0) & np.isfinite(expected) & np.isfinite(measured)
    factors = expected[known].astype(float) / measured[known].astype(float)
    factors = factors[(factors > 0) & np.isfinite(factors)]
    return np.maximum(factors, 1 / factors)


def relative_to_top(signal: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the hidden layers' rows with the column divided by its value at layer L of the same network.

    Where layer L has exactly 0 the ratio has no value, and the network's rows are left out.
    """
    hidden = signal[signal["layer"] <= signal["depth"]]
    network = [*CELL_KEYS, "seed", "step"]
    top = hidden.loc[hidden["layer"] == hidden["depth"], [*network, column]].rename(columns={column: "top"})
    merged = hidden[[*network, "layer", column]].merge(top, on=network)
    merged = merged[merged["top"] != 0]
    with np.errstate(all="ignore"):
        return merged.assign(**{column: merged[column] / merged["top"]}).drop(columns="top")


def spread(values: Sequence[int], most: int) -> list[int]:
    """Return at most so many of the values, evenly over their positions, the first and the last among them."""
    if len(values) <= most:
        return list(values)
    positions = np.unique(np.linspace(0, len(values) - 1, most).round().astype(int))
    return [values[position] for position in positions]


def nearest(values: Sequence[int], wanted: int) -> int:
    """Return the value next to the wanted one in proportion, the smaller of two that are equally near."""
    return min(values, key=lambda value: (abs(np.log(value / wanted)), value))
