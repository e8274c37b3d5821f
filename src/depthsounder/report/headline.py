"""The answer in sentences, computed from the verdicts.

The words are exact: within so many steps, on this grid of rates, up to this depth. Nothing here knows what the sweep is
expected to find.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from depthsounder.figures.outcomes import laws_of, of_distinct_laws, outcomes, repeated_laws
from depthsounder.figures.style import FAILURES, label
from depthsounder.figures.wording import count, depths, join, number
from depthsounder.judging.verdicts import DISTINCT
from depthsounder.sweep.runs import Run, records

MOST_SCATTER = 0.1
"""Of H: the standard deviation of what guessing costs on a tail, above which the page says that little can be seen."""

_ORDER = ("failure", "mixed", "partial", "trains")
"""In which order an activation's initializations are told of."""


@dataclass(frozen=True)
class Sounding:
    """What became of one activation: `phrases` go from the first depth that fails to what trains throughout."""

    activation: str
    phrases: tuple["Phrase", ...]


@dataclass(frozen=True)
class Phrase:
    """What happened to some initializations of an activation, in words, with the verdict that colors it."""

    verdict: str
    words: str
    inits: tuple[str, ...]


def answer_sentences(run: Run) -> list[str]:
    """Return the answer: how many fail and how, what trains deepest, and what cannot be laid to the depth."""
    table = outcomes(run)
    return [sentence for sentence in (_failures(run, table), _deepest(run, table), _shallow_failures(run)) if sentence]


def _failures(run: Run, table: pd.DataFrame) -> str:
    kinds = table["outcome"].value_counts()
    steps, rates = run.config.training.steps, run.config.training.learning_rates
    failing = int(sum(kinds.get(kind, 0) for kind in FAILURES))
    parts = []
    if kinds.get("stalled", 0):
        parts.append(f"{kinds['stalled']} stalled within {steps} steps")
    if kinds.get("diverged", 0):
        parts.append(f"{kinds['diverged']} diverged even at the best of the grid's {count(len(rates), 'rate')}")
    how = f" ({join(parts)})" if parts else ""
    slow, trained = (kinds.get(kind, 0) or "none" for kind in ("partial", "trains"))
    mixed = f"{kinds['mixed']} became mixed, some seeds learning and others not, " if kinds.get("mixed", 0) else ""
    laws = of_distinct_laws(table, repeated_laws(run))
    return (
        f"Of the {count(len(table), 'combination')} of activation and initialization in this sweep{laws}, {failing} "
        f"failed at some depth up to {run.depths[-1]}{how}, {mixed}{slow} only became too slow to finish, and "
        f"{trained} trained at every depth."
    )


def _deepest(run: Run, table: pd.DataFrame) -> str:
    trained = table.dropna(subset=["deepest_training"])
    if trained.empty:
        return f"Nothing in this sweep trained within {run.config.training.steps} steps, at any depth."
    depth = int(trained["deepest_training"].max())
    best = trained[trained["deepest_training"] == depth]
    where = f"The deepest networks that trained have depth {depth}"
    if depth == run.depths[-1]:
        where += ", the deepest of the sweep"
    equal = laws_of(run)
    names = [
        f"{label(str(name))} with {_named(group['init'], equal.get(str(name), []))}"
        for name, group in _by_activation(best)
    ]
    sentence = f"{where}: {'; '.join(names)}."
    slow = run.verdicts[(run.verdicts["depth"] == run.depths[-1]) & (run.verdicts["training_verdict"] == "partial")]
    if depth < run.depths[-1]:
        sentence += (
            f" At depth {run.depths[-1]}, {count(len(slow), 'combination')} still learned, too slowly to finish."
        )
    return sentence


def _shallow_failures(run: Run) -> str:
    """Name the activations whose shallowest networks fail though signal and inputs arrive; empty if there are none.

    With one hidden layer there is no ratio of errors, and nothing that could spoil it.
    """
    healthy = run.verdicts[run.verdicts["signal_verdict"].fillna("healthy") == "healthy"]
    healthy = healthy[healthy["forward_verdict"] == DISTINCT]
    found: dict[int, list[str]] = {}
    for activation in run.activations:
        cells = healthy[healthy["activation"] == activation]
        shallowest = cells[cells["depth"] == cells["depth"].min()]
        if len(shallowest) and shallowest["training_verdict"].isin(FAILURES).all():
            found.setdefault(int(shallowest["depth"].iloc[0]), []).append(label(activation))
    if not found:
        return ""
    where = join(f"{join(names)} at depth {depth}" for depth, names in sorted(found.items()))
    return (
        f"Not even the shallowest cells whose signal is healthy both ways learned with {where}: that speaks of the "
        "data, the rates or the number of steps, and not of the depth."
    )


def rare_classes(run: Run) -> str:
    """Say where rare classes leave too little to judge in a tail; empty where they do not."""
    references, tail_steps = run.references, run.config.verdicts.tail_steps
    scatter = references.scatter(tail_steps)
    if scatter <= MOST_SCATTER:
        return ""
    share = references.frequencies[references.frequencies > 0].min()
    examples = tail_steps * run.config.training.batch_size
    return (
        f"Rare classes leave little to judge: a tail has {count(examples, 'example')}, of which the rarest class has "
        f"{number(share * examples)} in the mean, so that what guessing costs there scatters by {scatter:.0%} of H "
        "from seed to seed. Each network is compared with guessing on its own batches, so that one that learns nothing "
        "is not said to learn; but few examples decide whether one that learns is seen to."
    )


def _by_activation(table: pd.DataFrame) -> Iterable[tuple[object, pd.DataFrame]]:
    return table.groupby("activation", sort=False)


def _named(inits: Iterable[str], equal: list[list[str]]) -> str:
    """Return the names joined, equal laws as one: "glorot_normal = critical"."""
    left, names = list(inits), []
    while left:
        group = next((group for group in equal if left[0] in group), [left[0]])
        together = [init for init in left if init in group]
        names.append(" = ".join(map(label, together)))
        left = [init for init in left if init not in together]
    return join(names)


def soundings(run: Run) -> list[Sounding]:
    """Return for each activation which initializations fail, from which depth and how."""
    table = outcomes(run)
    return [
        Sounding(activation, tuple(_phrases(run, table[table["activation"] == activation])))
        for activation in run.activations
    ]


def _phrases(run: Run, table: pd.DataFrame) -> Iterable[Phrase]:
    groups: dict[tuple[int, int, str, str], list[str]] = {}
    for row in records(table):
        verdict = row["outcome"]
        order = _ORDER.index("failure" if verdict in FAILURES else verdict)
        words = _words(verdict, int(row["depth"]), run, list(row["failing_depths"]))
        groups.setdefault((order, int(row["depth"]), verdict, words), []).append(row["init"])
    for (_, _, verdict, words), inits in sorted(groups.items(), key=lambda item: item[0][:2]):
        yield Phrase(verdict, words, tuple(inits))


def _words(verdict: str, depth: int, run: Run, failing: list[int]) -> str:
    if verdict == "trains":
        return f"trains to depth {depth}"
    if verdict == "partial":
        return f"slow from depth {depth}"
    if verdict == "mixed":
        return f"mixed from depth {depth}"
    if failing == [known for known in run.depths if known >= depth]:
        return f"{verdict} at depth {depth}" if depth == run.depths[-1] else f"{verdict} from depth {depth}"
    return f"{verdict} first at depth {depth}, of the failing {depths(failing)}"
