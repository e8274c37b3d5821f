"""How the figures look: palette, theme, and how they are saved.

An initialization has one color and one marker in every figure, a verdict one color, one letter and one word. Triangles
that point up or down are no init's marker: they stand where a curve leaves its frame. Color never stands alone: cells
carry letters, lines carry markers. The colors of lines are Okabe and Ito's and Tol's, which readers with any of the
common color deficiencies tell apart; an initialization or an activation that is not named here gets a color and a
marker that nobody else has.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol
from zlib import crc32

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.initializers import INITIALIZERS
from depthsounder.figures.form import PAGE, Form, in_form, scaled
from depthsounder.storage.replacing import replacing

if TYPE_CHECKING:
    from depthsounder.sweep.runs import Run

INK = "#1f2933"
MUTED = "#5f6b76"
FAINT = "#e4e7eb"
PAPER = "#ffffff"
BLACK = "#000000"

READABLE = 4.5
"""The least contrast of text that reads well, by WCAG 2."""

_WHITEGRID: Any = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "legend.title_fontsize": 9.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.8,
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "w",
    "patch.force_edgecolor": True,
    "patch.linewidth": 0.8,
    "xtick.bottom": False,
    "xtick.major.size": 4.8,
    "xtick.major.width": 1.0,
    "xtick.minor.size": 3.2,
    "xtick.minor.width": 0.8,
    "ytick.left": False,
    "ytick.major.size": 4.8,
    "ytick.major.width": 1.0,
    "ytick.minor.size": 3.2,
    "ytick.minor.width": 0.8,
}
"""Seaborn's style of this name in its context "paper", written out: to import seaborn takes as long as to draw.

For the same reason seaborn is imported where it is called, and most figures do without it.
"""

THEME: Any = {
    **_WHITEGRID,
    # Each figure says how it is laid out, and a user's matplotlibrc does not.
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "axes.edgecolor": "#9aa5b1",
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlesize": 10,
    "axes.titlecolor": INK,
    "axes.labelsize": 9,
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "Helvetica"],
    "font.size": 9,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "depthsounder",
}

_PNG_DPI = 160


Marker = str | tuple[int, Literal[1, 2], int]
"""As matplotlib has it: a letter, or a number of rays, 1 for stars and 2 for asterisks, and an angle."""


@dataclass(frozen=True)
class LineStyle:
    """The color and the marker of an initialization or an activation."""

    color: str
    marker: Marker


@dataclass(frozen=True)
class VerdictStyle:
    """How a training verdict is shown: fill, color of the text on it, and one letter."""

    color: str
    text: str
    letter: str


_INITS = {
    "naive_small": LineStyle("#0072B2", "P"),
    "naive_large": LineStyle("#D55E00", "s"),
    "naive_unit": LineStyle("#882255", ">"),
    "lecun_normal": LineStyle("#117733", "H"),
    "xavier_note": LineStyle("#56B4E9", "<"),
    "glorot_normal": LineStyle("#009E73", "o"),
    "glorot_uniform": LineStyle("#44AA99", "h"),
    "uniform_standard": LineStyle("#332288", "d"),
    "he_normal": LineStyle("#E69F00", "D"),
    "he_uniform": LineStyle("#999933", "p"),
    "orthogonal": LineStyle("#CC79A7", "*"),
    "critical": LineStyle("#1f2933", "X"),
    "zeros": LineStyle("#888888", "8"),
}

_ACTIVATION_MARKERS = {
    "linear": "s",
    "sigmoid": "o",
    "tanh": "D",
    "relu": "^",
    "leaky_relu": "v",
    "elu": "<",
    "selu": ">",
    "gelu": "P",
    "silu": "X",
    "softplus": "p",
    "softsign": "h",
    "erf": "*",
}

TRAINING = {
    "trains": VerdictStyle("#9AD9C0", INK, "T"),
    "partial": VerdictStyle("#F3E2A9", INK, "P"),
    "mixed": VerdictStyle("#C9B1DC", INK, "M"),
    "stalled": VerdictStyle("#3C5A99", "#ffffff", "S"),
    "diverged": VerdictStyle("#BF4A1D", "#ffffff", "X"),
}
"""The training verdicts, from best to worst."""

SHADES = {
    "trains": TRAINING["trains"],
    "slow": TRAINING["partial"],
    "barely": VerdictStyle("#DDB163", INK, "p"),
    "mixed": TRAINING["mixed"],
    "stalled": TRAINING["stalled"],
    "diverged": TRAINING["diverged"],
}
"""The training verdicts as they are shown: of *partial* cells, those that are half way and those that are not."""

SIGNAL_GLYPHS = {"vanishing": "↓", "exploding": "↑", "healthy": ""}


_GOLDEN = (5**0.5 - 1) / 2
"""Multiples of it, modulo 1, keep their distance however many there are."""


def init_style(name: str) -> LineStyle:
    """Return the style of an initialization: always the same for the same name, and no other's of the registry."""
    if name in _INITS:
        return _INITS[name]
    newcomers = [known for known in INITIALIZERS if known not in _INITS]
    if name in newcomers:
        position = newcomers.index(name)
        return LineStyle(_hue(position * _GOLDEN, 0.4), _star(position))
    # A family has as many members as there are numbers: color and shape follow from the name alone.
    drawn = crc32(name.encode())
    return LineStyle(_hue(drawn % 360 / 360, 0.5), (3 + drawn // 360 % 6, 2, 0))


def activation_marker(name: str) -> Marker:
    """Return the marker of an activation: always the same for the same name, and no other's of the registry."""
    if name in _ACTIVATION_MARKERS:
        return _ACTIVATION_MARKERS[name]
    newcomers = [known for known in ACTIVATIONS if known not in _ACTIVATION_MARKERS]
    return _star(newcomers.index(name) if name in newcomers else len(newcomers) + crc32(name.encode()) % 6)


def _hue(share: float, lightness: float) -> str:
    """Return the color at a share of the circle of hues."""
    import seaborn as sns  # noqa: PLC0415

    return str(sns.husl_palette(1, h=share % 1, s=0.8, l=lightness).as_hex()[0])


def _star(position: int) -> Marker:
    """Return a star-shaped marker, of four rays and more; the five-rayed one has a name, and is somebody's already."""
    return (4 if position == 0 else 5 + position, 1, 0)


def palette(name: str, amount: int) -> list[str]:
    """Return so many colors of one of seaborn's palettes that run from light to dark."""
    import seaborn as sns  # noqa: PLC0415

    return [str(color) for color in sns.color_palette(name, amount).as_hex()]


def layer_colors(amount: int) -> list[str]:
    """Return a color for each layer, from the input (light) to the readout (dark)."""
    return palette("flare", amount)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colors by WCAG 2, from 1 for equal ones to 21 for black on white."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    channels = np.array(to_rgb(color))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def ink_on(color: str) -> str:
    """Return the color of text that reads well on a fill: ink where it does, else white or black, one of which does."""
    return next(ink for ink in (INK, PAPER, BLACK) if contrast(ink, color) >= READABLE)


def label(name: str) -> str:
    """Return a name of the config as it is printed in figures; text is never read as mathematics."""
    return name.replace("_", " ").replace("$", r"\$")


class Drawing(Protocol):
    """Draws a figure of a run, for a page or for a slide."""

    def __call__(self, run: "Run", form: Form = PAGE) -> Figure:
        """Return the figure."""
        ...


def themed(draw: Callable[["Run"], Figure]) -> Drawing:
    """Make a drawing function use the house's theme in either form, and leave matplotlib's settings as they were."""

    @wraps(draw)
    def inside(run: "Run", form: Form = PAGE) -> Figure:
        with in_form(form), mpl.rc_context(scaled(THEME)):
            return draw(run)

    return inside


def save(figure: Figure, path: Path) -> None:
    """Write a figure in the format that the path's ending names; the same figure gives the same bytes.

    The layout of the first file is that of all: it takes as long as drawing, and hardly differs between formats.

    Raises
    ------
    ValueError
        If matplotlib knows no such format.
    """
    kind = path.suffix.removeprefix(".")
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    with mpl.rc_context(THEME), replacing(path) as temporary:
        figure.savefig(temporary, format=kind, dpi=_PNG_DPI, metadata=metadata)
        figure.set_layout_engine(None)
