"""Random streams derived from names, so that adding a cell to a sweep shifts no other cell's numbers.

A stream belongs to a purpose and to the names that identify its use, never to a position in a list. The names are
hashed, so that neighbouring seeds give unrelated streams.
"""

import hashlib

import numpy as np


def stream(root_seed: int, purpose: str, *names: int) -> np.random.Generator:
    """Return the generator of one purpose.

    Parameters
    ----------
    root_seed
        The config's `root_seed`: another one gives another, independent sweep.
    purpose
        What the numbers are for, such as ``"weights"``.
    names
        The whole numbers that identify the use, such as seed, depth and layer.
    """
    label = "/".join(str(name) for name in (root_seed, purpose, *names))
    digest = hashlib.sha256(label.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
