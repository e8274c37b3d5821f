"""The first screen: where sigmoid and naive initialization fail, why, and what works instead.

Every word is chosen by the numbers of the run, of one architecture (`Run.home`), and none needs to be looked up. A
sweep without sigmoid, or without naive initializations, is told of by what it has.

What the numbers say of the cause is `causes`; this module finds who failed, where, and who did not.
"""

from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup, escape

from depthsounder.elements.activations import ACTIVATIONS, SIGMOID
from depthsounder.elements.axes import Cell, Design
from depthsounder.elements.initializers import initializer
from depthsounder.figures.outcomes import outcomes, repeated_laws
from depthsounder.figures.style import label
from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import count, join, tally
from depthsounder.report.causes import cause_of_activation, causes_of_naive
from depthsounder.report.links import cell_link, init_link, joined
from depthsounder.storage.frames import rows_of, with_texts
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.studies.rescue import remedies
from depthsounder.sweep.runs import Run

_BELIEVED = ("glorot_normal", "glorot_uniform", "lecun_normal", "xavier_note")
"""Initializations that mean to keep the signal; the first of them that failed tells the cause."""

_NAMED = 3
"""So many initializations at most are named, and more are counted."""


@dataclass(frozen=True)
class Point:
    """A line of the first screen: what it is about, and what there is to say."""

    about: str
    text: Markup


def title(run: Run) -> str:
    """Return the headline, of what failed in this run, or of what several architectures did about it."""
    if len(run.architectures) > 1:
        return "What rescues networks that fail"
    table = _distinct(run)
    failing = table[table["outcome"].isin(FAILURES)]
    subject = _subject(run, table)
    subjects = [label(subject)] if (failing["activation"] == subject).any() else []
    subjects += ["naive initialization"] if _naive(failing).any() else []
    if not subjects:
        return "Where networks failed, and why" if len(failing) else f"Nothing failed, up to {_layers(run.depths[-1])}"
    return f"Where {join(subjects)} {'fails' if len(subjects) == 1 else 'fail'}, and why"


def points(run: Run) -> list[Point]:
    """Return the lines of the first screen, in the order in which they are read."""
    rescued = [Point("What rescues", escape(remedies(run)))] if len(run.architectures) > 1 else []
    return [*rescued, *_of_one_architecture(run.home)]


def _of_one_architecture(run: Run) -> list[Point]:
    """Return the lines on what fails, why, and what works, of the networks of one architecture."""
    table = _distinct(run)
    subject = _subject(run, table)
    lines = [Point(label(subject).capitalize(), _of_activation(run, table[table["activation"] == subject]))]
    naive = table[_naive(table)].assign(spread=lambda rows: [_spread(run, row) for row in rows_of(rows)])
    # A layer of n inputs keeps the size of what it is given if its weights have the spread 1/√n.
    large = naive["spread"] ** 2 * run.config.width > 1
    for about, chosen in (("Naive, too small", naive[~large]), ("Naive, too large", naive[large])):
        if len(chosen):
            lines.append(Point(about, causes_of_naive(run, chosen)))
    return [*lines, Point("What works", _what_works(run, table))]


def _distinct(run: Run) -> pd.DataFrame:
    """Return what became of each activation and initialization, with what was seen in the network of that depth.

    Laws that have another name already are left out.

    Returns
    -------
    pandas.DataFrame
        The columns of `outcomes`, and signal_verdict, delta_ratio and saturated (the share of units where the curve is
        flat, before training; null for rectifiers) at `depth`.
    """
    table = outcomes(run)
    table = table[table["same_law_as"].isna()]
    signal = run.initial_signal
    hidden = with_texts(signal[signal["layer"] <= signal["depth"]])
    saturated = hidden.groupby(CELL_KEYS)["saturated_fraction"].median().rename("saturated").reset_index()
    seen = run.verdicts[[*CELL_KEYS, "signal_verdict", "delta_ratio"]].merge(saturated, on=CELL_KEYS, how="left")
    return table.merge(seen, on=CELL_KEYS, how="left")


def _naive(table: pd.DataFrame) -> pd.Series:
    """Return for each row whether its initialization has one size of weights whatever the width of the layer."""
    found = [initializer(row["init"]).fixed(ACTIVATIONS[row["activation"]]) for row in rows_of(table)]
    return pd.Series(found, index=table.index, dtype=bool)


def _spread(run: Run, row: dict[str, str]) -> float:
    width, activation = run.config.width, ACTIVATIONS[row["activation"]]
    return float(initializer(row["init"]).weight_variance(width, width, activation)) ** 0.5


def _subject(run: Run, table: pd.DataFrame) -> str:
    """Return sigmoid, or the activation with the most failing initializations; of equals the first."""
    if SIGMOID.name in run.activations:
        return SIGMOID.name
    failing = table.loc[table["outcome"].isin(FAILURES), "activation"].value_counts()
    return max(run.activations, key=lambda name: failing.get(name, 0))


def _of_activation(run: Run, table: pd.DataFrame) -> Markup:
    """Say how many initializations of one activation fail at which depth, and why."""
    failing = table[table["outcome"].isin(FAILURES)]
    repeats = _repeats(run, table["activation"].iloc[0])
    aside = Markup(" ({})").format(repeats) if repeats else ""
    if failing.empty:
        trained, depth = int((table["outcome"] == "trains").sum()), run.depths[-1]
        rest = len(table) - trained
        others = "the other" if rest == 1 else f"the other {rest}"
        slow = f"; {others} learned, but not fast enough" if rest else ""
        return Markup("Nothing failed: {}{} trained at every depth up to {} layers{}.").format(
            _share(trained, len(table)), aside, depth, slow
        )
    example = min(rows_of(failing), key=lambda row: (_rank(row["init"]), row["depth"]))
    first, last = int(failing["depth"].min()), run.depths[-1]
    at_first, at_last = (sum(depth in depths for depths in failing["failing_depths"]) for depth in (first, last))
    shallowest = example if first in example["failing_depths"] else min(rows_of(failing), key=lambda row: row["depth"])
    steps = count(run.config.training.steps, "step")
    sentence = Markup("At {} most networks {} in {} with {}{}").format(
        cell_link(_layers(first), Cell(first, *Design.of(shallowest))),
        _fate(failing[failing["depth"] == first]),
        steps,
        _share(at_first, len(table)),
        aside,
    )
    if last > first:
        link = cell_link(_layers(last), Cell(last, *Design.of(example)))
        sentence += Markup(", at {} with {}").format(link, "all" if at_last == len(table) else at_last or "none")
    return sentence + ". " + cause_of_activation(example)


def _layers(depth: int) -> str:
    return count(depth, "layer")


def _rank(init: str) -> int:
    return _BELIEVED.index(init) if init in _BELIEVED else len(_BELIEVED)


def _fate(rows: pd.DataFrame) -> str:
    return {"stalled": "learn nothing", "diverged": "blow up"}.get("".join(set(rows["outcome"])), "fail")


def _share(amount: int, of: int) -> str:
    if of == 1:
        return "the one initialization" if amount else "no initialization"
    return f"all {of} initializations" if amount == of else f"{tally(amount)} of {of} initializations"


def _repeats(run: Run, activation: str) -> Markup:
    """Return "critical is he normal", for an activation of whose initializations each law counts once; or nothing."""
    found = {design.init: first for design, first in repeated_laws(run).items() if design.activation == activation}
    if len(found) > _NAMED:
        return Markup("{} draw what others draw").format(len(found))
    return joined(Markup("{} is {}").format(init_link(init), init_link(first)) for init, first in found.items())


def _what_works(run: Run, table: pd.DataFrame) -> Markup:
    """Say for each activation how deep it trains and with what, and how much else still learns at the deepest."""
    steps, deepest = count(run.config.training.steps, "step"), run.depths[-1]
    trained = table.dropna(subset=["deepest_training"])
    if trained.empty:
        return Markup("Nothing trained within {}, at any depth.").format(steps)
    best = trained.groupby("activation", sort=False)["deepest_training"].max().astype(int)
    chosen = trained[trained["deepest_training"] == trained["activation"].map(best)]
    alike: dict[tuple[int, tuple[str, ...], str], list[str]] = {}
    for activation, rows in chosen.groupby("activation", sort=False):
        inits, of = tuple(rows["init"]), int((table["activation"] == activation).sum())
        parts = [escape(_share(len(inits), of)), _repeats(run, str(activation))] if len(inits) > _NAMED else []
        counted = Markup("; ").join(filter(None, parts))
        alike.setdefault((int(best[activation]), inits, counted), []).append(str(activation))
    phrases = [
        _trained_at(run, depth, activations, inits, counted)
        for (depth, inits, counted), activations in sorted(alike.items(), key=lambda item: -item[0][0])
    ]
    never = [label(name) for name in run.activations if name not in best.index]
    sentence = Markup("Trained within {}: {}").format(steps, Markup("; ").join(phrases))
    sentence += f"; {join(never)} at no depth." if never else "."
    slow = table[[deepest in depths for depths in table["partial_depths"]]]
    if len(slow):
        sentence += Markup(" Still learning at {}, too slowly to finish: {}.").format(
            deepest, _learning(run, slow, deepest)
        )
    return sentence


def _learning(run: Run, table: pd.DataFrame, depth: int) -> Markup:
    """Return "tanh and relu (he normal)" for each initialization, or how many they are where they are many."""
    if table["init"].nunique() > _NAMED:
        return Markup(count(len(table), "other combination"))  # noqa: S704 - a number and our own words
    phrases = []
    for init, rows in table.groupby("init", sort=False):
        links = joined(_link(run, label(name), depth, name, str(init)) for name in rows["activation"])
        phrases.append(Markup("{} ({})").format(links, init_link(str(init))))
    return Markup("; ").join(phrases)


def _link(run: Run, words: str, depth: int, activation: str, init: str) -> Markup:
    (architecture,) = run.architectures
    return cell_link(words, Cell(depth, architecture, activation, init))


def _trained_at(run: Run, depth: int, activations: list[str], inits: tuple[str, ...], counted: str) -> Markup:
    """Return "tanh and linear at 50 layers (orthogonal)", with links from what is named to its cells.

    Parameters
    ----------
    counted
        How many initializations these are, where they are too many to be named; else empty.
    """
    links = joined(_link(run, label(name), depth, name, inits[0]) for name in activations)
    how = counted or joined(_link(run, label(init), depth, activations[0], init) for init in inits)
    return Markup("{} at {} ({})").format(links, _layers(depth), how)
