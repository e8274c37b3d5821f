"""The largest slope of an activation, by which the saturation of its units is measured.

This module knows one activation at a time; what counts as saturated is the engine's to say.
"""

from functools import cache

import numpy as np

from depthsounder.elements.activation import Activation


@cache
def maximum_slope(activation: Activation) -> float:
    """Return max |φ'|, by which saturation is measured, from a grid of step 1e-3 on [-20, 20] (to 1e-6)."""
    return float(np.abs(activation.slope(np.linspace(-20.0, 20.0, 40_001))).max())
