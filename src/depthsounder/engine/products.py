"""Stacked matrix products, in the forms at which BLAS is fastest.

Each network's product is a BLAS call of its own, on matrices of one and the same shape, so that its bits do not depend
on the other networks of a stack.

This module knows arrays of matrices (S, rows, columns), and no networks.
"""

import numpy as np

SMALL = 10**6
"""Multiply-adds up to which OpenBLAS takes the operands as they lie in memory, without packing them first."""

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


def transpose(matrices: np.ndarray, out: np.ndarray) -> None:
    """Write the transposes of matrices (S, m, n) into `out` (S, n, m).

    BLAS is a third to a half slower at a matrix that is only marked as transposed than at one that is, which is more
    than the copy costs.
    """
    for start in range(0, matrices.shape[1], STRIP):
        strip = slice(start, start + STRIP)
        np.copyto(out[:, :, strip], matrices[:, strip].swapaxes(1, 2))
