"""What would change if a threshold were another: all cells judged again, by the same rules.

The networks stay as they are, and so does the learning rate that each cell trained at: a tail of another length might
have chosen another one, which nobody has trained at.

This module moves one threshold at a time and counts the verdicts that flip; the rules themselves are `verdicts`' own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from depthsounder.engine.tuning import NetworkLosses
from depthsounder.judging.cell_verdicts import network_losses
from depthsounder.judging.thresholds import Thresholds, signal_word
from depthsounder.judging.verdicts import cell_fates, forward_word, training_word
from depthsounder.process.text import count
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.runs import Run

_OF_SIGNAL = ("exploding_ratio", "vanishing_ratio")
_OF_FORWARD = ("collapsed_share",)
_OF_TRAINING = ("trains_loss", "trains_share", "stalled_loss", "plateau_loss", "diverged_loss", "tail_steps")
_MOVES = ("halved", "doubled")
_NEAR_ONE = ("trains_share", "stalled_loss", "plateau_loss")
"""So near to 1 that their distance from it is what can be halved or doubled."""


@dataclass(frozen=True)
class Variation:
    """A threshold's other value, and how many cells then go from one verdict to another."""

    value: float
    flips: Counter[tuple[str, str]]

    @property
    def changed(self) -> int:
        """How many cells then have another verdict."""
        return self.flips.total()


@dataclass(frozen=True)
class Sensitivity:
    """A threshold's name and value in this run, halved and doubled."""

    name: str
    value: float
    halved: Variation
    doubled: Variation


@dataclass(frozen=True)
class _Cell:
    verdict: str
    tuning: NetworkLosses
    evaluation: NetworkLosses


def sensitivities(run: Run) -> list[Sensitivity]:
    """Return for each threshold of the verdicts how many verdicts change when it is halved and when it is doubled."""
    cells = list(_cells(run))
    found = []
    for name in (*_OF_SIGNAL, *_OF_FORWARD, *_OF_TRAINING):
        value = float(getattr(run.config.verdicts, name))
        halved, doubled = (
            Variation(moved, _flips(run, cells, name, moved))
            for moved in (_scaled(run, name, value, 0.5), _scaled(run, name, value, 2))
        )
        found.append(Sensitivity(name, value, halved, doubled))
    return found


def most_moving(run: Run, found: Sequence[Sensitivity]) -> str:
    """Say which threshold's other value changes most verdicts, and how; that none does, if so."""
    moves = [(item, how, variation) for item in found for how, variation in vars(item).items() if how in _MOVES]
    item, how, variation = max(moves, key=lambda move: move[2].changed)
    if not variation.changed:
        return "No verdict changes with any of them."
    (before, after), most = variation.flips.most_common(1)[0]
    sentence = (
        f"Most verdicts change when `{item.name}` is {how}: {variation.changed:,} of "
        f"{count(len(run.verdicts), 'cell')}, {'all' if most == variation.changed else most} of them "
        f"from {before} to {after}."
    )
    if item.name == "diverged_loss" and variation.value < run.config.verdicts.plateau_loss:
        sentence += " Below `plateau_loss` it takes a network for diverged that stands on its plateau."
    return sentence


def _scaled(run: Run, name: str, value: float, factor: float) -> float:
    if name == "tail_steps":
        # A number of steps, of which there are no more than the training has.
        return min(max(1, int(value * factor)), run.config.training.steps)
    return 1 - (1 - value) * factor if name in _NEAR_ONE else value * factor


def _flips(run: Run, cells: list[_Cell], name: str, value: float) -> Counter[tuple[str, str]]:
    thresholds = Thresholds(**{**run.config.verdicts.model_dump(), name: value})
    if name in _OF_SIGNAL:
        known = run.verdicts.dropna(subset=["signal_verdict"])
        # The rule looks at the median over seeds, which the table holds.
        return _unlike(known["signal_verdict"], [signal_word(ratio, thresholds) for ratio in known["delta_ratio"]])
    if name in _OF_FORWARD:
        known = run.verdicts.dropna(subset=["forward_verdict"])
        words = [forward_word(share, thresholds) for share in known["variance_share"]]
        return _unlike(known["forward_verdict"], words)
    fates = [cell_fates(cell.tuning, cell.evaluation, run.references, thresholds) for cell in cells]
    words = [training_word(Counter(each), usable, thresholds.trains_share) for each, usable in fates]
    return _unlike([cell.verdict for cell in cells], words)


def _unlike(before: Iterable[str], after: Iterable[str]) -> Counter[tuple[str, str]]:
    """Count the pairs of two verdicts on the same cells that differ."""
    return Counter((str(one), other) for one, other in zip(before, after, strict=True) if one != other)


def _cells(run: Run) -> Iterator[_Cell]:
    """Yield the losses of each cell's networks, beside the verdict that the run gave it."""
    verdicts = run.verdicts.set_index(CELL_KEYS)["training_verdict"]
    for cell, (tuning, evaluation) in network_losses(run.table_path("traces")):
        yield _Cell(str(verdicts[cell]), tuning, evaluation)
