"""What Glorot & Bengio 2010 state of ratios and of sigmoid's plateau, and whether a number agrees with it."""

import numpy as np

from depthsounder.studies.record import Agreement

LEAVES_AT, NEVER_AT = 4, 5
"""Hidden layers with which the paper's sigmoid networks left their plateau late, and with which they never did."""

PUBLISHED_EPOCHS = 100.0
"""After about which the networks of `LEAVES_AT` layers left it, by the paper's section 3.1."""

_ABOUT = 2.0
"""A number of epochs within this factor of the published one is about the same."""


def shrinking(ratio: float) -> Agreement:
    """Tell whether a ratio shrinks, as in the paper: less than half does, and two thirds or more does not."""
    return "agrees" if ratio < 1 / 2 else "open" if ratio < 2 / 3 else "differs"


def staying(ratio: float) -> Agreement:
    """Tell whether a ratio is about 1, as in the paper: within two thirds of it either way, and not beyond half."""
    off = min(ratio, 1 / ratio) if ratio > 0 else 0.0
    return "agrees" if off >= 2 / 3 else "open" if off >= 1 / 2 else "differs"


def leaving(depth: int, escape: float, within: float) -> tuple[str, Agreement, str]:
    """Compare the epochs after which sigmoid networks leave their plateau with what the paper states of the depth.

    Parameters
    ----------
    escape
        In epochs; NaN if the median network does not leave.
    within
        The run's epochs.

    Returns
    -------
    tuple
        What was published, whether the run agrees, and a remark.
    """
    left, too_short = np.isfinite(escape), within < PUBLISHED_EPOCHS
    short = f"the run ends before the {PUBLISHED_EPOCHS:g} epochs of the paper" if too_short else ""
    if depth == LEAVES_AT:
        published = f"late, after about {PUBLISHED_EPOCHS:g} epochs"
        if not left:
            return published, "open" if too_short else "differs", short
        about = 1 / _ABOUT <= escape / PUBLISHED_EPOCHS <= _ABOUT
        sooner = "it leaves, but sooner" if escape < PUBLISHED_EPOCHS else "it leaves, but later"
        return published, "agrees" if about else "differs", "" if about else sooner
    if depth == NEVER_AT:
        if left:
            return "never", "differs", "slow, not dead"
        return "never", "open" if too_short else "agrees", short
    return f"of {LEAVES_AT} and {NEVER_AT} layers only", "open", ""
