"""The report explains, with the run's numbers, why networks fail: what a layer leaves of the error, and what is flat.

The error is what a layer learns from; it has to come back through every layer above it. How much is left of it at the
first layer is measured before training; what one layer leaves is the root of that.
"""

from collections.abc import Iterable
from math import isfinite
from typing import Any

import pandas as pd
from markupsafe import Markup

from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.axes import Cell, Design
from depthsounder.elements.saturation import maximum_slope
from depthsounder.figures.style import label
from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import count, join, number
from depthsounder.report.links import cell_link, init_link, joined
from depthsounder.storage.frames import rows_of
from depthsounder.sweep.runs import Run

_FLAT = 0.25
"""The share of units where the curve is flat from which on that is named as the cause: one in four."""


def left_by_a_layer(row: dict[str, Any]) -> float | None:
    """Return the factor by which one layer multiplies the error on its way back; None where it is not known.

    Parameters
    ----------
    row
        Has depth and delta_ratio, which is the error at layer 1 over that at the last of depth layers.
    """
    ratio = row["delta_ratio"]
    if row["depth"] < 2 or pd.isna(ratio) or not isfinite(ratio):
        return None
    return float(ratio ** (1 / (row["depth"] - 1)))


def cause_of_activation(row: dict[str, Any]) -> Markup:
    """Say why an activation fails, by one of its initializations, at the first depth at which that one fails."""
    activation, init, depth = row["activation"], init_link(row["init"]), int(row["depth"])
    factor, signal = left_by_a_layer(row), row["signal_verdict"]
    link = cell_link(count(depth, "layer"), Cell(depth, *Design.of(row)))
    if depth < 2:
        return Markup("With one hidden layer nothing gets lost on the way: look to the data, rates and steps.")
    if signal == "vanishing":
        slope = maximum_slope(ACTIVATIONS[activation])
        steep = f" ({label(activation)} is nowhere steeper than {number(slope)})" if (factor or 0) <= slope < 1 else ""
        return Markup(
            "The error that a layer learns from comes back through all layers above it, and with {} each passes on "
            "only {}{}: of {}, the first gets {}."
        ).format(init, percent(factor or 0.0), steep, link, part(row["delta_ratio"] if factor else 0.0))
    if signal == "exploding":
        grown = f"is multiplied by {times([factor])} in each layer" if factor else "overflows"
        end = Markup("until at {} a single step throws the weights far off")
        if row["outcome"] == "stalled":
            end = Markup("and at {} most networks still guess")
        return Markup("With {} the error that comes back {}, {}.").format(init, grown, end.format(link))
    arrives = percent(row["delta_ratio"]) if row["delta_ratio"] <= 1 else f"{times([row['delta_ratio']])} times as much"
    return Markup(
        "That is not for want of an error to learn from: with {} at {}, {} of what the last layer gets reaches the "
        "first."
    ).format(init, link, arrives)


def causes_of_naive(run: Run, table: pd.DataFrame) -> Markup:
    """Say how initializations fail whose weights have one size at any width.

    Parameters
    ----------
    table
        A row for each activation and initialization: its outcome, the depth at which it first fails, what was seen
        there, and the spread of the weights.
    """
    sizes = [
        Markup("±{} ({})").format(number(row["spread"], 1), init_link(row["init"]))
        for row in rows_of(table.drop_duplicates("init"))
    ]
    sentences = [Markup("Weights of about {} at any width. ").format(joined(sizes, "or"))]
    blown, dead = (table[table["outcome"] == verdict] for verdict in ("diverged", "stalled"))
    if len(blown):
        sentences.append(Markup("{} blow up {}{}. ").format(_who(blown), _since(run, blown), _found(blown)))
    if len(dead):
        sentences.append(Markup("{} learn nothing {}{}. ").format(_who(dead), _since(run, dead), _found(dead)))
    return Markup("").join([*sentences, *_spared(run, table)]).strip()


def _spared(run: Run, table: pd.DataFrame) -> list[Markup]:
    """Say which activations fail under none of the initializations: those that always train, and those that learn."""
    kinds = table.groupby("activation", sort=False)["outcome"].agg(set)
    unfailing = kinds[[not found & set(FAILURES) for found in kinds]]
    always = [label(str(name)) for name, found in unfailing.items() if found == {"trains"}]
    others = [label(str(name)) for name, found in unfailing.items() if found != {"trains"}]
    depth = count(run.depths[-1], "layer")
    sentences = [(always, "trained at every depth up to {}. "), (others, "still learned at {}, but too slowly. ")]
    return [Markup("{} ").format(_sentence(join(names))) + text.format(depth) for names, text in sentences if names]


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]


def _who(rows: pd.DataFrame) -> Markup:
    """Return "Most tanh and relu networks", each activation a link to its shallowest failing network.

    A cell fails by what most of its networks do; some of them may learn all the same.
    """
    first = rows.sort_values("depth", kind="stable").drop_duplicates("activation")
    chosen = {row["activation"]: row for row in rows_of(first)}
    names = [chosen[name] for name in dict.fromkeys(rows["activation"])]
    links = [cell_link(label(row["activation"]), Cell(int(row["depth"]), *Design.of(row))) for row in names]
    return Markup("Most {} networks").format(joined(links))


def _since(run: Run, rows: pd.DataFrame) -> str:
    """Say from which depth on networks fail: "from 5 or 10 layers on", "at 50 layers"; "first at" where not all do."""
    firsts = sorted({int(depth) for depth in rows["depth"]})
    words = f"{join(map(str, firsts), 'or')} {'layer' if firsts == [1] else 'layers'}"
    if firsts == [run.depths[-1]]:
        return f"at {words}"
    lasting = all(depths == [depth for depth in run.depths if depth >= depths[0]] for depths in rows["failing_depths"])
    return f"from {words} on" if lasting else f"first at {words}"


def _found(rows: pd.DataFrame) -> str:
    """Say what the failing networks have in common; where they differ, what each activation shows, by its own numbers.

    Parameters
    ----------
    rows
        As for `causes_of_naive`: each measured at the depth at which that network first fails.
    """
    found = [(words, group) for verdict, say in _SIGNS.items()
             if len(group := rows[rows["signal_verdict"] == verdict]) and (words := say(group))]  # fmt: skip
    whole = len(found) == 1 and len(found[0][1]) == len(rows)
    said = [words if whole else f"with {_whose(group, rows)} {words}" for words, group in found]
    return f": {'; '.join(said)}" if said else ""


def _whose(group: pd.DataFrame, rows: pd.DataFrame) -> str:
    """Name the activations of a group, with their initializations where others of theirs show something else."""
    names = []
    for name, own in group.groupby("activation", sort=False):
        inits = "" if len(own) == (rows["activation"] == name).sum() else f" ({join(map(label, own['init']))})"
        names.append(f"{label(str(name))}{inits}")
    return join(names)


def _faded(rows: pd.DataFrame) -> str:
    factors = [factor for factor in map(left_by_a_layer, rows_of(rows)) if factor is not None]
    return f"each layer passes on only {percent(*factors)} of the error" if factors else ""


def _grown(rows: pd.DataFrame) -> str:
    factors = [factor for factor in map(left_by_a_layer, rows_of(rows)) if factor is not None]
    return f"each layer multiplies the error by {times(factors)}" if factors else "the error overflows"


def _arrived(rows: pd.DataFrame) -> str:
    """Say that the error arrives, and how many units are flat if they are many in each of these networks."""
    flat = rows["saturated"].dropna()
    many = len(flat) == len(rows) and flat.min() >= _FLAT
    curve = f", but {percent(*flat)} of the units sit where the curve is flat" if many else ""
    return f"the error arrives{curve}"


_SIGNS = {"vanishing": _faded, "exploding": _grown, "healthy": _arrived}
"""What is said of failing networks, by what became of the error in them before training."""


def percent(*shares: float) -> str:
    """Return "23 %", or "2 to 8 %" for the smallest and the largest of several."""
    texts = [_hundredths(share) for share in (min(shares), max(shares))]
    return f"{' to '.join(dict.fromkeys(texts))} %"


def _hundredths(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.0095 or share == 0 else number(100 * share, 1)


def times(factors: Iterable[float]) -> str:
    """Return "2.8", or "2.8 to 8.0" for the smallest and the largest of several."""
    known = list(factors)
    return " to ".join(dict.fromkeys(number(factor).removesuffix(".0") for factor in (min(known), max(known))))


def part(share: float) -> str:
    """Return a small share as "1 part in 360", to two digits."""
    if share == 0:
        return "nothing at all"
    if share > 0.1:
        return percent(share)
    whole = float(f"{1 / share:.1e}")
    return f"1 part in {whole:,.0f}" if whole < 1e7 else f"1 part in {number(whole, 1)}"
