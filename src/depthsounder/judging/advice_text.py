"""Advice as lines for a terminal, with the rule behind it and how often that was right."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from depthsounder.elements.gaussian import critical_gain
from depthsounder.judging.advice import Advice, Network, critical_with_biases
from depthsounder.judging.foretelling import Foretold, accuracy, by_run, rule_in_words
from depthsounder.process.options import DEEPEST
from depthsounder.process.text import count, join, number, percent

_HEADS = ("D", "by the rule", "fails from depth", "σw²", "init")


def advice_lines(network: Network, advice: Sequence[Advice], refused: Mapping[str, str]) -> list[str]:
    """Return what is asked, what is critical, the ranking, and what cures those that fail."""
    fans = network.fans
    units = f"{count(network.depth, 'hidden layer')} of {count(fans.width, 'unit')}"
    asked = f"{network.activation.name}, {network.architecture.name}: {units}, {count(fans.n_inputs, 'input')}"
    asked += f", trained for {count(network.steps, 'step')}"
    return [
        asked,
        critical_sentence(network),
        "",
        *_table([_HEADS, *(_row(row) for row in advice)]),
        *(f"{name} is left out: {reason}" for name, reason in refused.items()),
        "Which of those that do not fail learns fastest D does not say. The readout is drawn whatever the init.",
        *_remedies(advice),
    ]


def critical_sentence(network: Network) -> str:
    """Return the σw² at which errors keep their size in a plain network without biases, or why there is none."""
    critical = critical_gain(network.activation)
    if critical.gain is None:
        beside = critical_with_biases(network.activation)
        instead = "" if beside is None else f" With biases {beside.name} is critical."
        return f"In a plain network without biases {critical.reason}.{instead}"
    return f"Critical in a plain network without biases: σw² = {critical.gain:g}; {critical.reason}."


def _row(row: Advice) -> tuple[str, ...]:
    outcome = f"fails, {'vanishing' if row.delta_ratio < 1.0 else 'exploding'}" if row.fails else "does not fail"
    since = f"not before {DEEPEST}" if row.first_failure is None else str(row.first_failure)
    biases = f", σb² = {row.law.bias_variance:g}" if row.law.bias_variance else ""
    return number(row.delta_ratio), outcome, since, f"{row.law.gain:.4g}", f"{', '.join(row.law.names)}{biases}"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _remedies(advice: Sequence[Advice]) -> list[str]:
    """Return, behind an empty line, one for each set of architectures that cures inits, and for those none cures."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in advice:
        if row.fails:
            groups.setdefault(row.cures, []).extend(row.law.names)
    sentences = [
        f"By the rule {join(names)} would not fail at this depth with {join(cures, 'or')}."
        if cures
        else f"No architecture of the registry cures {join(names)} at this depth."
        for cures, names in groups.items()
    ]
    return ["", *sentences] if sentences else []


def confidence_lines(record: Sequence[Foretold], network: Network) -> list[str]:
    """Return the rule in a sentence, and its accuracy on each run of a record and on the network's architecture."""
    name = network.architecture.name
    # A cell that two runs have is one.
    alike = list({replace(cell, run="") for cell in record if cell.architecture == name})
    return [
        f"The rule: {rule_in_words(network.steps)}.",
        "How sure that is, on cells that were trained:",
        *(f"  {run}: {_right(cells)}" for run, cells in by_run(record).items()),
        f"  {name}, in all runs: {_right(alike) if alike else 'never tried'}",
    ]


def _right(cells: Sequence[Foretold]) -> str:
    found = accuracy(cells)
    balanced = "" if found.balanced is None else f", a balanced accuracy of {percent(found.balanced)}"
    return f"right in {len(cells) - found.missed:,} of {count(len(cells), 'cell')}{balanced}"
