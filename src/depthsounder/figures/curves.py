"""Curves of initializations on a logarithmic panel: drawn once where they coincide, and marked where they leave it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import offset_copy

from depthsounder.figures.ends import End
from depthsounder.figures.form import stroke
from depthsounder.figures.style import MUTED, PAPER, Marker, init_style

SAME = 0.008
"""A share of a panel's height, about the width of a line: curves that stay nearer are one to the eye."""

_BESIDE = 0.05
"""A share of a panel's width, about two triangles: those that would lie upon one another are stacked."""

_MARKS = 5
"""Markers on a curve."""


@dataclass(frozen=True)
class Curve:
    """A curve that one initialization has, or several.

    Attributes
    ----------
    inits
        Their names; the curve is drawn in the style of the first.
    x, y
        Both (points,). A y of 0 lies below every frame, an infinite one above, and one that is no number nowhere.
    """

    inits: tuple[str, ...]
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class _Exit:
    """Where a curve leaves the frame.

    Attributes
    ----------
    x
        In data.
    top
        At the upper edge, and else at the lower one.
    final
        From here on it is exactly 0, or not finite: nothing that a larger frame would show.
    """

    x: float
    top: bool
    final: bool
    color: str

    @property
    def marker(self) -> Marker:
        return "^" if self.top else "v"

    @property
    def fill(self) -> str:
        return PAPER if self.final else self.color


def heights(panel: Axes, y: np.ndarray) -> np.ndarray:
    """Return where values stand in a logarithmic panel: from 0, at its foot or below, to 1, at its top or above."""
    low, high = np.log10(panel.get_ylim())
    with np.errstate(divide="ignore"):
        return np.clip((np.log10(np.asarray(y, dtype=float)) - low) / (high - low), 0.0, 1.0)


def united(panel: Axes, curves: Sequence[Curve]) -> list[Curve]:
    """Return the curves, those that coincide in the panel as one: the first's, with the names of all."""
    found: list[Curve] = []
    for curve in curves:
        if np.isnan(curve.y).all():
            continue
        for position, known in enumerate(found):
            if np.array_equal(known.x, curve.x) and coincide(heights(panel, known.y), heights(panel, curve.y)):
                found[position] = replace(known, inits=known.inits + curve.inits)
                break
        else:
            found.append(curve)
    return found


def coincide(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether two curves, by their `heights`, are one to the eye."""
    return one.shape == other.shape and np.allclose(one, other, rtol=0.0, atol=SAME, equal_nan=True)


def draw_curves(panel: Axes, curves: Sequence[Curve], right: bool = True) -> list[End]:
    """Draw curves on a logarithmic panel, with a triangle where one leaves the frame, and return their ends.

    A filled triangle: the curve goes on beyond the frame. A hollow one: from there on it is exactly 0, or not finite.
    The panel's limits must be set before.

    Parameters
    ----------
    right
        Whether the right ends are returned, or the left ones.
    """
    exits: list[_Exit] = []
    ends = []
    for position, curve in enumerate(curves):
        own = [mark for mark in (_exit(panel, curve, top=False), _exit(panel, curve, top=True)) if mark]
        _draw_line(panel, curve, position / max(len(curves), 1))
        exits += own
        ends.append(_end(panel, curve, own, -1 if right else 0))
    _draw_exits(panel, exits)
    return ends


def _draw_line(panel: Axes, curve: Curve, phase: float) -> None:
    """Draw the curve and some markers on it, which sit elsewhere than those of other curves."""
    style = init_style(curve.inits[0])
    low, high = panel.get_ylim()
    shown = np.where(np.isfinite(curve.y) & (curve.y > 0), curve.y, np.nan)
    panel.plot(curve.x, shown, color=style.color, linewidth=stroke(1.5), zorder=3)
    every = max(1, len(curve.x) // _MARKS)
    marked = slice(int(phase * every), None, every)
    inside = np.where((shown >= low) & (shown <= high), shown, np.nan)
    panel.plot(
        curve.x[marked], inside[marked], linestyle="", marker=style.marker, color=style.color, markersize=stroke(4.2),
        markeredgewidth=0, zorder=4,
    )  # fmt: skip


def _exit(panel: Axes, curve: Curve, top: bool) -> _Exit | None:
    """Return where the curve leaves the frame at this edge, if it does."""
    low, high = panel.get_ylim()
    edge = high if top else low
    with np.errstate(invalid="ignore"):
        outside = curve.y > high if top else curve.y < low
    if not outside.any():
        return None
    x, beyond = _crossing(curve.x, curve.y, outside, edge)
    return _Exit(x, top, bool(curve.y[beyond] in (0.0, np.inf)), init_style(curve.inits[0]).color)


def _crossing(x: np.ndarray, y: np.ndarray, outside: np.ndarray, edge: float) -> tuple[float, int]:
    """Return where a curve crosses the frame's edge, and the index of its first point beyond."""
    from_beyond = outside[0] and not outside.all()
    beyond = int(np.argmin(outside)) - 1 if from_beyond else int(np.argmax(outside))
    inside = beyond + 1 if from_beyond else beyond - 1
    drawable = np.isfinite(y) & (y > 0)
    if outside.all() or not drawable[beyond] or not drawable[inside]:
        return float(x[beyond]), beyond
    share = np.log(edge / y[inside]) / np.log(y[beyond] / y[inside])
    return float(x[inside] + share * (x[beyond] - x[inside])), beyond


def _draw_exits(panel: Axes, exits: Sequence[_Exit]) -> None:
    """Draw the triangles at the edges; one that would hide another stands farther in."""
    figure = panel.get_figure(root=True)
    to_share = panel.transScale + panel.transLimits
    taken: list[tuple[bool, int, float]] = []
    for mark in exits:
        edge = panel.get_ylim()[mark.top]
        place = float(to_share.transform((mark.x, edge))[0])
        floor = 0
        while any(top == mark.top and level == floor and abs(x - place) < _BESIDE for top, level, x in taken):
            floor += 1
        taken.append((mark.top, floor, place))
        inward = (-1 if mark.top else 1) * floor * stroke(6.0)
        panel.plot(
            mark.x, edge, linestyle="", marker=mark.marker, color=mark.color, markerfacecolor=mark.fill,
            markersize=stroke(5.0), clip_on=False, zorder=5,
            transform=offset_copy(panel.transData, figure, y=inward, units="points"),
        )  # fmt: skip


def _end(panel: Axes, curve: Curve, exits: Sequence[_Exit], side: int) -> End:
    """Return what stands at the first (0) or the last (-1) point of a curve."""
    known = np.flatnonzero(~np.isnan(curve.y))[side]
    low, high = panel.get_ylim()
    x, y = float(curve.x[known]), float(curve.y[known])
    style = init_style(curve.inits[0])
    place = float((panel.transScale + panel.transLimits).transform((x, low))[0])
    height = float(heights(panel, np.array([y]))[0])
    if low <= y <= high:
        return End(curve.inits, place, height, style.marker, style.color, style.color)
    mark = next(mark for mark in exits if mark.top == (y > high))
    # What has left first has gone farthest, and its name stands farthest out.
    gone = abs(mark.x - x) / max(abs(float(curve.x[-1] - curve.x[0])), 1.0)
    return End(curve.inits, None, height + (1e-3 if mark.top else -1e-3) * gone, mark.marker, mark.color, mark.fill)


def exit_handles(panels: Sequence[Axes]) -> list[Line2D]:
    """Return the legend's entries of the triangles that stand in the panels."""
    seen = {
        line.get_markerfacecolor() == PAPER
        for panel in panels
        for line in panel.lines
        if line.get_marker() in ("^", "v")
    }
    words = {False: (MUTED, "goes on beyond the frame"), True: (PAPER, "exactly 0, or not finite, from here on")}
    return [
        Line2D([], [], linestyle="", marker="^", color=MUTED, markerfacecolor=fill, markersize=stroke(5), label=text)
        for final, (fill, text) in words.items()
        if final in seen
    ]
