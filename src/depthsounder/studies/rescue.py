"""What rescues a cell that fails: normalization and shortcuts, beside the plain network of the same weights."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from depthsounder.elements.architectures import PLAIN
from depthsounder.elements.axes import Design
from depthsounder.figures import FigureRecord, prediction
from depthsounder.figures.form import canvas, stroke
from depthsounder.figures.outcomes import shades
from depthsounder.figures.panels import legend_below
from depthsounder.figures.style import INK, SHADES, label, themed
from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import count, join
from depthsounder.storage.frames import rows_of
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.studies.record import Study
from depthsounder.studies.rescue_costs import costs
from depthsounder.studies.rescue_stated import findings
from depthsounder.sweep.runs import Run

_CURE = [*Design._fields]
_TWINS = [key for key in CELL_KEYS if key != "architecture"]
_TRAINS, _SLOW = "deepest_training", "deepest_slow"
_PREDICTED = "deepest_predicted"


def rows(run: Run) -> pd.DataFrame:
    """Return how deep networks train, by activation, init and architecture.

    Returns
    -------
    pandas.DataFrame
        activation, init, architecture; deepest_training and deepest_slow (the deepest that trains, and that trains or
        is half way), and deepest_predicted (the deepest whose signal theory calls healthy), all null where none does;
        failing_depths, joined by blanks.
    """
    cells = run.verdicts.assign(shade=shades(run.verdicts))
    healthy = prediction.rows(run).query("predicted_verdict == 'healthy'")
    groups = {name: group.sort_values("depth") for name, group in cells.groupby(_CURE, sort=False)}
    found = []
    for activation in run.activations:
        for init in run.inits:
            for architecture in run.architectures:
                group = groups.get((architecture, activation, init))
                if group is None:
                    continue
                foreseen = healthy[(healthy[_CURE] == [architecture, activation, init]).all(axis=1)]
                found.append(
                    {
                        "activation": activation,
                        "init": init,
                        "architecture": architecture,
                        _TRAINS: group.loc[group["shade"] == "trains", "depth"].max(),
                        _SLOW: group.loc[group["shade"].isin(["trains", "slow"]), "depth"].max(),
                        _PREDICTED: foreseen["depth"].max(),
                        "failing_depths": " ".join(map(str, group.loc[_failing(group), "depth"])),
                    }
                )
    return pd.DataFrame(found)


def _failing(cells: pd.DataFrame) -> pd.Series:
    return cells["training_verdict"].isin(FAILURES)


def message(run: Run) -> str:
    """Return in sentences which failing cells each architecture rescues, and how deep each activation trains."""
    return remedies(run) or f"All networks of this run are {label(run.architectures[0])} networks."


def remedies(run: Run) -> str:
    """Return the same, or nothing for a run of one architecture."""
    if len(run.architectures) == 1:
        return ""
    table = rows(run)
    depths = [_depths_of(table[table["activation"] == activation]) for activation in run.activations]
    return " ".join([rescued(run), *depths])


def rescued(run: Run) -> str:
    """Say how many of the cells that fail in a plain network train under each architecture."""
    plain = run.verdicts[run.verdicts["architecture"] == PLAIN.name]
    lost = plain.loc[_failing(plain), _TWINS]
    if lost.empty:
        return "No cell fails in a plain network."
    parts = []
    for architecture in run.architectures:
        if architecture != PLAIN.name:
            cured = run.verdicts[run.verdicts["architecture"] == architecture].merge(lost, on=_TWINS)
            trained, standing = int((cured["training_verdict"] == "trains").sum()), int((~_failing(cured)).sum())
            parts.append(f"{label(architecture)} trains {trained} and leaves {len(cured) - standing} failing")
    return f"Of {count(len(plain), 'plain cell')} {len(lost)} fail: of these {join(parts)}."


def _depths_of(table: pd.DataFrame) -> str:
    """Say down to which depth an activation trains under each architecture, with the init that is best for it."""
    best = table.groupby("architecture", sort=False)[_TRAINS].max()
    groups = [
        f"to {count(int(depth), 'layer')} with {join(map(label, best.index[best == depth]))}"
        for depth in sorted(best.dropna().unique(), reverse=True)
    ]
    never = list(best.index[best.isna()])
    groups += [f"at no depth with {join(map(label, never), 'or')}"] if never else []
    return f"{label(table['activation'].iloc[0]).capitalize()} trains {join(groups)}."


@themed
def draw(run: Run) -> Figure:
    """Draw a panel for each activation (down) and init (across): a bar for each architecture, as deep as it trains."""
    table = rows(run)
    figure = canvas(10, max(2.0, 0.32 * len(run.architectures) + 0.5) * len(run.activations) + 0.8)
    grid = figure.subplots(len(run.activations), len(run.inits), squeeze=False, sharex=True, sharey=True)
    for panels, activation in zip(grid, run.activations, strict=True):
        for panel, init in zip(panels, run.inits, strict=True):
            chosen = table[(table["activation"] == activation) & (table["init"] == init)]
            _draw_bars(panel, chosen.set_index("architecture"), run)
            panel.set_title(f"{label(activation)}, {label(init)}")
    for panel in grid[-1]:
        panel.set_xlabel("hidden layers")
    bars = [Patch(color=SHADES[shade].color, label=words) for shade, words in _WORDS.items()]
    theory = Line2D(
        [], [], linestyle="", marker="|", color=INK, markersize=stroke(9), label="deepest healthy signal by theory"
    )
    legend_below(figure, [*bars, theory])
    return figure


_WORDS = {"trains": "deepest that trains", "slow": "deepest that is half way"}


def _draw_bars(panel: Axes, table: pd.DataFrame, run: Run) -> None:
    """Draw depths at equal distances, since those of a sweep lie by factors apart."""
    place = {depth: position + 1 for position, depth in enumerate(run.depths)}
    for position, architecture in enumerate(run.architectures):
        if architecture not in table.index:
            continue
        row = rows_of(table.loc[[architecture]])[0]
        for column, shade in ((_SLOW, "slow"), (_TRAINS, "trains")):
            if np.isfinite(row[column]):
                panel.barh(position, place[int(row[column])], height=0.62, color=SHADES[shade].color)
        reached = place[int(row[_PREDICTED])] if np.isfinite(row[_PREDICTED]) else 0
        panel.plot(reached, position, linestyle="", marker="|", color=INK, markersize=stroke(9), clip_on=False)
    panel.set_yticks(range(len(run.architectures)), [label(name) for name in run.architectures], color=INK)
    panel.set_xticks([0, *place.values()], ["0", *map(str, place)])
    panel.set_ylim(len(run.architectures) - 0.5, -0.5)
    panel.grid(False, axis="y")


def cut(run: Run) -> str:
    """Say what of the sources was read, and how this run's networks differ from theirs."""
    training = run.config.training
    return (
        "Of the four papers the abstracts were read, and of the first that of a talk by its author; their tables and "
        f"their equations were not at hand. The networks here have {run.config.width} units a layer and "
        f"{training.steps:,} steps, where theirs are wider and trained for longer; normalization stands before the "
        "activation, and a shortcut passes by one layer."
    )


STUDY = Study(
    name="rescue",
    title="What rescues a failing cell",
    question="Which normalization or shortcut lets a network train that fails without it?",
    source="Yang, Pennington, Rao, Sohl-Dickstein & Schoenholz 2019 (batch normalization); Yang & Schoenholz 2017 and "
    "Hayou et al. 2021 (shortcuts and their scale); Doshi, He & Gromov 2023 (layer normalization with shortcuts).",
    cut=cut,
    figure=FigureRecord(
        name="rescue",
        title="The deepest network that trains, by architecture",
        picture="Bars of depths for each architecture, in a panel for each activation and initialization.",
        section="study",
        draw=draw,
        rows=rows,
        message=message,
        reads=("verdicts", "theory"),
    ),
    findings=findings,
    asides=costs,
)
