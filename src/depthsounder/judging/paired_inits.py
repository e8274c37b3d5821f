"""Two initializations against each other, seed by seed: how much lower the tail loss is, and whether that is chance.

Inits are paired: the networks of one seed have the same normals behind their weights, and see the same batches. What is
tested is the family that the config names, on the scale of the logarithm of the ratio of tail losses; every other pair
gets effect sizes, and no test. Whoever named the family may have seen another run of the same seeds: this module cannot
know.

This module compares losses; what is a failure is decided by `verdicts`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd
import scipy

from depthsounder.elements.axes import Cell, Model
from depthsounder.engine.tuning import tail_loss
from depthsounder.judging.equal_inits import Laws, are_one_law
from depthsounder.judging.verdicts import CONFIDENCE
from depthsounder.storage.frames import cell_of
from depthsounder.storage.schemas import CELL_KEYS

SIGNIFICANT = 0.05
"""The largest probability of one false finding or more in the whole family."""

PairFinding = Literal["lower", "higher", "not told apart", "one law"]


@dataclass(frozen=True, order=True)
class Pair:
    """Two inits, all else being the same."""

    depth: int
    architecture: str
    activation: str
    init: str
    against: str

    @property
    def cells(self) -> tuple[Cell, Cell]:
        """The cell of each init."""
        first = Cell(**{name: getattr(self, name) for name in Cell._fields})
        return first, first._replace(init=self.against)


@dataclass(frozen=True)
class Effect:
    """How the tail losses of a pair differ; None stands for null."""

    seeds: int
    lower: int
    higher: int
    tail_ratio: float | None
    tail_ratio_low: float | None
    tail_ratio_high: float | None
    pairing_gain: float | None


def evaluation_tails(traces: pd.DataFrame, steps: int, tail_steps: int) -> pd.Series:
    """Return the tail loss of each evaluated network, indexed by cell and seed.

    Parameters
    ----------
    traces
        Rows of the traces table, in the order of steps: the cell, phase, seed and train_loss.
    """
    evaluated = traces[traces["phase"] == "evaluate"]
    networks = evaluated.groupby([*CELL_KEYS, "seed"], observed=True, sort=False)["train_loss"]
    return networks.agg(lambda losses: tail_loss(losses.to_numpy(), steps, tail_steps)).astype(float)


def log_ratios(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return ln(one/other) for each seed (seeds,): 0 for equal losses, also where both networks diverged."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(ones == others, 0.0, np.log(ones) - np.log(others))


def effect(ones: np.ndarray, others: np.ndarray) -> Effect:
    """Return the effect sizes of a pair.

    The ratio is that of Hodges and Lehmann, and its interval the one that belongs to the signed-rank test: on the scale
    of logarithms both come from the means of two seeds' differences (`walsh_averages`). The pairing's gain is how many
    times as many seeds two independent samples would need for the same standard error. Where every network of both
    inits diverged, there is no ratio.

    Parameters
    ----------
    ones, others
        (seeds,), the tail losses of both inits on the same seeds; infinite where a network diverged.
    """
    ratios = log_ratios(ones, others)
    if np.isinf(ones).all() and np.isinf(others).all():
        return Effect(len(ratios), 0, 0, None, None, None, None)
    averages = walsh_averages(ratios)
    left_out = interval_rank(len(ratios))
    gain = None
    if len(ratios) > 1 and np.isfinite(ratios).all() and np.isfinite(ones).all() and ratios.var() > 0.0:
        gain = float((np.log(ones).var() + np.log(others).var()) / ratios.var())
    return Effect(
        seeds=len(ratios),
        lower=int(np.sum(ratios < 0.0)),
        higher=int(np.sum(ratios > 0.0)),
        tail_ratio=float(np.exp(_middle(averages))),
        tail_ratio_low=float(np.exp(averages[left_out - 1])) if left_out else None,
        tail_ratio_high=float(np.exp(averages[-left_out])) if left_out else None,
        pairing_gain=gain,
    )


def walsh_averages(differences: np.ndarray) -> np.ndarray:
    """Return the means of all pairs of differences, each with itself too, ascending (n (n + 1)/2,).

    Their median estimates the center of symmetry (Hodges & Lehmann 1963), and the values of it that the signed-rank
    test does not reject lie between two of them (Hollander, Wolfe & Chicken 2014, sections 3.2 and 3.3). An infinite
    difference and one of the other sign leave the middle undecided, which is 0.
    """
    first, second = np.triu_indices(len(differences))
    with np.errstate(invalid="ignore"):
        averages = (differences[first] + differences[second]) / 2.0
    return np.sort(np.where(np.isnan(averages), 0.0, averages))


def _middle(ascending: np.ndarray) -> float:
    """Return the median, also where its two middles are infinite."""
    low, high = ascending[(len(ascending) - 1) // 2], ascending[len(ascending) // 2]
    return float(low if low == high else (low + high) / 2.0)


@lru_cache(maxsize=8)
def interval_rank(seeds: int) -> int:
    """Return which of the Walsh averages, from either end, bounds the 95 % interval; 0 where so few seeds have none.

    It is the exact test turned round: if no two differences are equal, a ratio of 1 lies outside the interval if and
    only if the p-value is at most 5 %.
    """
    at_most = np.cumsum(_rank_sum_chances(np.arange(1, seeds + 1)))
    return int(np.sum(at_most <= (1.0 - CONFIDENCE) / 2.0))


def least_p_value(seeds: int) -> float:
    """Return the p-value of differences of one sign, below which the two-sided test cannot come with so many seeds."""
    return min(1.0, 2.0 / 2.0**seeds)


def paired_p_value(ratios: np.ndarray) -> float:
    """Return the two-sided p-value of Wilcoxon's signed-rank test, over all signs that the ranks could have had.

    Ranks know no size, so that one network that diverged is one large difference and not an infinite one. Equal losses
    count for neither side.
    """
    ranks, observed = _signed_ranks(ratios)
    chances = _rank_sum_chances(ranks)
    return float(min(1.0, 2.0 * min(chances[: observed + 1].sum(), chances[observed:].sum())))


def _signed_ranks(ratios: np.ndarray) -> tuple[np.ndarray, int]:
    """Return twice the ranks of the sizes that are not 0, and the sum of those of positive ratios."""
    ratios = ratios[ratios != 0.0]
    # A tie has the mean of its ranks, which may end in a half: doubled, all are whole numbers.
    ranks = (2.0 * scipy.stats.rankdata(np.abs(ratios))).astype(int)
    return ranks, int(ranks[ratios > 0.0].sum())


def _rank_sum_chances(ranks: np.ndarray) -> np.ndarray:
    """Return the probability of each sum, from 0 to that of all ranks, if each is in it or not with equal chances."""
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0] = 1.0
    for rank in ranks:
        with_rank = np.zeros_like(chances)
        with_rank[rank:] = chances[: len(chances) - rank]
        chances = (chances + with_rank) / 2.0
    return chances


def holm(p_values: np.ndarray) -> np.ndarray:
    """Return p-values (tests,) adjusted so that the whole family errs with the probability of one test (Holm 1979)."""
    order = np.argsort(p_values)
    steps = (len(p_values) - np.arange(len(p_values))) * p_values[order]
    adjusted = np.empty_like(steps)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


Losses = tuple[np.ndarray, np.ndarray]
"""Tail losses (seeds,) of both inits of a pair."""


def other_pairs(cells: Iterable[Cell], family: Iterable[Pair], inits: tuple[str, ...]) -> list[Pair]:
    """Return the pairs of inits that no family names, cell by cell and in the order of `inits`."""
    named = {frozenset(pair.cells) for pair in family}
    pairs = [
        Pair(**alike._asdict() | {"init": init, "against": against})
        for alike in dict.fromkeys(cell._replace(init="") for cell in cells)
        for init, against in combinations(inits, 2)
    ]
    return [pair for pair in pairs if frozenset(pair.cells) not in named]


def compare(
    tails: pd.Series, family: list[Pair], inits: tuple[str, ...], laws: Mapping[Model, Laws] | None = None
) -> list[dict[str, object]]:
    """Return the rows of the comparisons table: the family, in its order, and then every other pair.

    A pair of which one init has no networks, because its cell was refused, has no row.

    Parameters
    ----------
    tails
        From `evaluation_tails`.
    laws
        The inits that are one law, from `equal_laws`; without it, none are. Losses would not tell: two
        inits that diverge everywhere have equal ones, and one law's may differ in their last bits.
    """
    wide = tails.unstack("seed")
    names = [wide.index.get_level_values(key) for key in CELL_KEYS]
    cells = dict(zip(map(cell_of, zip(*names, strict=True)), wide.to_numpy(dtype=float), strict=True))
    family, others = (
        [pair for pair in pairs if {*pair.cells} <= cells.keys()]
        for pairs in (family, other_pairs(cells, family, inits))
    )
    pairs = [*family, *others]
    losses: list[Losses] = [(cells[pair.cells[0]], cells[pair.cells[1]]) for pair in pairs]
    rows = [_row(pair, of_pair, laws or {}) for pair, of_pair in zip(pairs, losses, strict=True)]
    for row in rows[: len(family)]:
        row["in_family"] = True
    tested = [position for position in range(len(family)) if rows[position]["finding"] is None]
    for position, found in zip(tested, _findings([losses[position] for position in tested]), strict=True):
        rows[position] |= dict(zip(("p_value", "p_holm", "finding"), found, strict=True))
    return rows


def _row(pair: Pair, losses: Losses, laws: Mapping[Model, Laws]) -> dict[str, object]:
    """Return the row of a pair that is not tested."""
    finding: PairFinding | None = None
    if are_one_law(laws.get(pair.cells[0].design.model, []), pair.init, pair.against):
        finding = "one law"
    untested = {"in_family": False, "p_value": None, "p_holm": None, "finding": finding}
    return {**vars(pair), **vars(effect(*losses)), **untested}


def _findings(tested: list[Losses]) -> list[tuple[float, float, PairFinding]]:
    """Return each test's p-value, Holm's over all of them, and the finding."""
    ratios = [log_ratios(*losses) for losses in tested]
    p_values = np.array([paired_p_value(ratio) for ratio in ratios])
    findings: list[tuple[float, float, PairFinding]] = []
    for ratio, p_value, p_holm in zip(ratios, p_values.tolist(), holm(p_values).tolist(), strict=True):
        ranks, positive = _signed_ranks(ratio)
        finding: PairFinding = "lower" if 2 * positive < ranks.sum() else "higher"
        findings.append((p_value, p_holm, finding if p_holm <= SIGNIFICANT else "not told apart"))
    return findings
