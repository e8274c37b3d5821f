"""Stacked matrix products, in the forms at which BLAS is fastest.

Each network's product is a BLAS call of its own, on matrices of one and the same shape, so that its bits do not depend
on the other networks of a stack.

This module knows arrays of matrices (S, rows, columns), and no networks.
"""

from collections.abc import Sequence

import numpy as np

SMALL = 10**6
"""Multiply-adds up to which OpenBLAS takes the operands as they lie in memory, without packing them first."""

COPIED = 40_000
"""Entries up to which a matrix is transposed by a copy: in single precision it fills an eighth of the second cache."""

STRIP = 64
"""Columns that are transposed at a time: as many rows as the first-level cache holds, a line of each."""


def multiply(left: np.ndarray, right: np.ndarray, out: np.ndarray) -> None:
    """Write left (S, m, k) times right (S, k, n) into `out` (S, m, n).

    Two halves that are small each take an eighth less time than the whole that is not.
    """
    _, m, k = left.shape
    n = right.shape[2]
    if SMALL < m * k * n <= 2 * SMALL:
        half = n // 2
        np.matmul(left, right[:, :, :half], out=out[:, :, :half])
        np.matmul(left, right[:, :, half:], out=out[:, :, half:])
    else:
        np.matmul(left, right, out=out)


def room_for_transposes(matrices: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return for each of some stacks (S, m, n) where `multiply_transposed` may copy it to, all in one piece of memory.

    Returns
    -------
    list of numpy.ndarray
        (S, n, m), or an empty array for what is not copied.
    """
    largest = max((_entries(each) for each in matrices if _is_copied(each)), default=0)
    room = np.empty((len(matrices[0]), largest), matrices[0].dtype) if matrices else np.empty((0, 0))
    return [
        room[:, : _entries(each)].reshape(each.swapaxes(1, 2).shape) if _is_copied(each) else room[:0, :0]
        for each in matrices
    ]


def multiply_transposed(left: np.ndarray, right: np.ndarray, room: np.ndarray, out: np.ndarray) -> None:
    """Write left (S, m, k) times the transposes of right (S, n, k) into `out` (S, m, n).

    BLAS is a third to a half slower at a small matrix that is only marked as transposed than at one that is, which is
    more than a copy costs. A large one it packs in either case, and its copy strides through the caches.

    Parameters
    ----------
    room
        From `room_for_transposes`.
    """
    if _is_copied(right):
        transpose(right, out=room)
        multiply(left, room, out=out)
    else:
        np.matmul(left, right.swapaxes(1, 2), out=out)


def _is_copied(matrices: np.ndarray) -> bool:
    return _entries(matrices) <= COPIED


def _entries(matrices: np.ndarray) -> int:
    return matrices.shape[1] * matrices.shape[2]


def transpose(matrices: np.ndarray, out: np.ndarray) -> None:
    """Write the transposes of matrices (S, m, n) into `out` (S, n, m)."""
    for start in range(0, matrices.shape[1], STRIP):
        strip = slice(start, start + STRIP)
        np.copyto(out[:, :, strip], matrices[:, strip].swapaxes(1, 2))
