"""SciPy's special functions for the few jobs that need them.

Importing `scipy.special` takes 0.1 s, half of the start of a job, and most activations and inits do without it. This
module defers that import to the first call; it adds nothing to the functions.
"""

import numpy as np


def erf(z: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Return the error function of real or complex z, written into `out` where it is given."""
    from scipy import special  # noqa: PLC0415

    return special.erf(z, out=out)


def ndtr(z: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Return the standard normal distribution function of real or complex z, written into `out` where it is given."""
    from scipy import special  # noqa: PLC0415

    return special.ndtr(z, out=out)
