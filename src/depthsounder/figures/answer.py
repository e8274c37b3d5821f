"""The headline: the first depth at which training fails, and how, for each model and initialization."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from depthsounder.elements.axes import Design
from depthsounder.figures.form import canvas, text_size
from depthsounder.figures.outcomes import of_distinct_laws, outcomes, repeated_laws
from depthsounder.figures.panels import WIDTH, cell_id, legend_below, training_handles
from depthsounder.figures.record import FigureRecord
from depthsounder.figures.style import INK, SHADES, ink_on, label, themed
from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import count, names_of
from depthsounder.storage.frames import rows_of
from depthsounder.sweep.runs import Run

_MOST_WASHED_OUT = 0.5


def rows(run: Run) -> pd.DataFrame:
    """Return one row for each design; lists of depths are joined by spaces."""
    table = outcomes(run)
    for column in ("failing_depths", "mixed_depths", "partial_depths"):
        table[column] = [" ".join(map(str, depths)) for depths in table[column]]
    return table


def message(run: Run) -> str:
    """Return in a sentence how many combinations of activation and initialization fail at some depth."""
    table = outcomes(run)
    kinds = Counter(table["outcome"])
    failing = sum(kinds[kind] for kind in FAILURES)
    laws = of_distinct_laws(table, repeated_laws(run))
    mixed = f"{kinds['mixed']} became mixed, some networks learning and others not, " if kinds["mixed"] else ""
    return (
        f"Of {count(len(table), 'combination')} of activation and initialization{laws}, {failing} failed in training "
        f"at some depth up to {run.depths[-1]}; {mixed}{kinds['partial']} became slow or barely learned, and "
        f"{kinds['trains']} trained throughout."
    )


@themed
def draw(run: Run) -> Figure:
    """Draw a card for each model (row) and initialization (column)."""
    table = outcomes(run)
    models, inits = run.models, run.inits
    width = min(WIDTH, max(4.8, 1.6 + 1.1 * len(inits)))
    figure = canvas(width, 1.5 + 0.66 * len(models))
    panel = figure.subplots()
    panel.set_xlim(-0.5, len(inits) - 0.5)
    panel.set_ylim(len(models) - 0.5, -0.5)
    panel.xaxis.tick_top()
    panel.set_xticks(range(len(inits)), [label(init).replace(" ", "\n") for init in inits], color=INK)
    panel.set_yticks(range(len(models)), [names_of(model, label) for model in models], color=INK)
    panel.tick_params(length=0)
    panel.grid(False)
    for spine in panel.spines.values():
        spine.set_visible(False)
    crowded = len(inits) > 10
    for card in rows_of(table):
        place = (inits.index(card["init"]), models.index(Design.of(card).model))
        _draw_card(panel, place, card, run.depths, crowded)
    legend_below(figure, training_handles(run), columns=3)
    return figure


def _draw_card(panel: Axes, place: tuple[int, int], card: dict[str, Any], depths: list[int], crowded: bool) -> None:
    x, y = place
    style = SHADES[card["shade"]]
    washed = depths.index(card["depth"]) / max(len(depths) - 1, 1) if card["outcome"] in FAILURES else 0.0
    fill = _wash(style.color, _MOST_WASHED_OUT * washed)
    ink = ink_on(fill)
    box = FancyBboxPatch(
        (x - 0.46, y - 0.44), 0.92, 0.88, boxstyle="round,pad=0,rounding_size=0.06", facecolor=fill, linewidth=0
    )
    panel.add_patch(box)
    box.set_gid(cell_id(card))
    big, words, small = _card_text(card)
    size = 8.0 if crowded else 9.5
    panel.text(x, y - 0.2, big, ha="center", va="center", color=ink, fontsize=text_size(size + 3), fontweight="bold")
    panel.text(x, y + 0.1, words, ha="center", va="center", color=ink, fontsize=text_size(size - 1.5))
    if small:
        panel.text(x, y + 0.3, small, ha="center", va="center", color=ink, fontsize=text_size(size - 2))


def _card_text(card: dict[str, Any]) -> tuple[str, str, str]:
    """Return the three lines of a card: a depth, what happens there, and how deep it trains.

    A law that has a card already is no second result, and the third line says whose it is.
    """
    depth, deepest = card["depth"], card["deepest_training"]
    same = "" if pd.isna(card["same_law_as"]) else f"= {label(card['same_law_as'])}"
    if card["outcome"] == "trains":
        return f"to {depth}", "trains", same
    words = card["outcome"] if card["outcome"] in FAILURES else f"{card['shade']} from here"
    trained = "never trains" if pd.isna(deepest) else f"trains to {int(deepest)}"
    return str(depth), words, same or ("not at all deeper" if card["recovers"] else trained)


def _wash(color: str, share: float) -> str:
    mixed = np.array(to_rgb(color)) * (1 - share) + np.ones(3) * share
    return to_hex(tuple(mixed))


FIGURE = FigureRecord(
    name="answer",
    title="The first depth at which training fails",
    picture="Grid of cards, activations down and initializations across.",
    section="answer",
    draw=draw,
    rows=rows,
    message=message,
    reads=("verdicts", "signal"),
)
