"""The names of curves at their ends, where the eye looks for them, and not in a legend far away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import offset_copy

from depthsounder.figures.form import stroke, text_size
from depthsounder.figures.style import INK, MUTED, Marker, init_style, label

_SIZE = 7.5
"""Points of a name on a page."""

_GAP = 9.0
"""Points between a panel and the marker before a name."""


@dataclass(frozen=True)
class End:
    """The end of a curve.

    Attributes
    ----------
    inits
        Whose curve it is.
    place
        Across, as a share of the panel's width; None if the curve has left the frame before its end.
    height
        As a share of the panel's height.
    marker, color, fill
        The marker before the name: the init's own, or the triangle of a curve that has left.
    """

    inits: tuple[str, ...]
    place: float | None
    height: float
    marker: Marker
    color: str
    fill: str


def name_ends(figure: Figure, ends: Mapping[Axes, Sequence[End]], right: bool) -> bool:
    """Write each curve's names beside its end, at the right or the left of its panel, none over another.

    Returns
    -------
    bool
        Whether there was room; where there was none, nothing is written.
    """
    line = 1.22 * text_size(_SIZE)
    side = 1.0 if right else -1.0
    # As many names as there are take room of the panels before it is known how high these are.
    written: list[Artist] = [_name(panel, end, side, end.height) for panel in ends for end in ends[panel]]
    figure.draw_without_rendering()
    rooms = {panel: _points_high(figure, panel) for panel in ends}
    for artist in written:
        artist.remove()
    if any(line * sum(len(end.inits) for end in ends[panel]) > rooms[panel] for panel in ends):
        return False
    for panel, of_panel in ends.items():
        sizes = np.array([line * len(end.inits) for end in of_panel])
        for end, height in zip(of_panel, _apart(of_panel, sizes / rooms[panel]), strict=True):
            _name(panel, end, side, height)
            _mark(panel, end, end.marker, side, height, 0)
    return True


def mark_ends(figure: Figure, ends: Mapping[Axes, Sequence[End]]) -> None:
    """Put the markers of all inits that share a curve beside its right end: names in short, for small panels."""
    figure.draw_without_rendering()
    for panel, of_panel in ends.items():
        sizes = np.full(len(of_panel), stroke(6.0) / _points_high(figure, panel))
        for end, height in zip(of_panel, _apart(of_panel, sizes), strict=True):
            for position, init in enumerate(end.inits):
                style = init_style(init)
                own = End((init,), end.place, end.height, style.marker, style.color, style.color)
                _mark(panel, own, style.marker, 1.0, height, position)


def _points_high(figure: Figure, panel: Axes) -> float:
    """Return the height of a panel of a figure that has been laid out."""
    return float(panel.get_window_extent().height) * 72 / figure.dpi


def _apart(ends: Sequence[End], sizes: np.ndarray) -> np.ndarray:
    """Return heights as near to the ends' as they can be without overlap, in the panel; sizes are shares of it."""
    if not len(ends):
        return np.zeros(0)
    wanted = np.array([end.height for end in ends])
    order = np.argsort(wanted, kind="stable")
    sorted_sizes = sizes[order]
    # Distances between neighbors taken away, what is left must rise: an isotonic regression, within the panel.
    below = np.concatenate([[0.0], np.cumsum((sorted_sizes[1:] + sorted_sizes[:-1]) / 2)])
    risen = scipy.optimize.isotonic_regression(wanted[order] - below).x
    lowest, highest = sorted_sizes[0] / 2, 1.0 - sorted_sizes[-1] / 2 - below[-1]
    placed = np.empty(len(ends))
    placed[order] = np.clip(risen, min(lowest, highest), max(lowest, highest)) + below
    return placed


def _name(panel: Axes, end: End, side: float, height: float) -> Artist:
    """Write the names of a curve at a height beside the panel."""
    edge = 1.0 if side > 0 else 0.0
    return panel.annotate(
        "\n".join(map(label, end.inits)), (edge, height), xycoords="axes fraction",
        xytext=(side * stroke(_GAP + 5.0), 0), textcoords="offset points", va="center",
        ha="left" if side > 0 else "right", fontsize=text_size(_SIZE), color=INK, linespacing=1.1,
        annotation_clip=False,
    )  # fmt: skip


def _mark(panel: Axes, end: End, marker: Marker, side: float, height: float, position: int) -> None:
    """Put a marker beside the panel, and for the first of a curve a line that leads from its end to there.

    The line is thin and gray, so that nobody takes it for a piece of the curve.
    """
    figure = panel.get_figure(root=True)
    edge = 1.0 if side > 0 else 0.0
    across = side * stroke(_GAP + 6.5 * position)
    beside = offset_copy(panel.transAxes, figure, x=across, units="points")
    panel.plot(
        [edge], [height], linestyle="", marker=marker, color=end.color, markerfacecolor=end.fill,
        markersize=stroke(4.5), clip_on=False, transform=beside, zorder=5,
    )  # fmt: skip
    if end.place is not None and position == 0:
        panel.annotate(
            "", (end.place, end.height), xycoords="axes fraction", xytext=(edge, height), textcoords=beside,
            arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": stroke(0.4), "shrinkA": 0, "shrinkB": 0},
            annotation_clip=False,
        )  # fmt: skip
