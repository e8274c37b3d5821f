"""The Jacobian of the last hidden layer by the input: logarithms of its singular values, whatever the depth.

J = ∂h^L/∂x is the product of the layers' D^l W^lᵀ with D^l = diag φ'(z^l), for one input (Pennington, Schoenholz &
Ganguli 2017, section 2); `factors` has those of every architecture. Its singular values soon span more decades than a
number has digits: those of a Gaussian product of width 64 do from depth 14 on, so that an SVD of the product itself
gives noise for the smaller ones. Here no product is ever formed. It is kept as Q diag(exp l) U, with logarithms l, and
a QR decomposition takes in each layer (Stewart 1995, "On graded QR decompositions of products of matrices").

This module computes the Jacobian of one network at one input; `theory.spectra` predicts those of many.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from depthsounder.data.dataset import Dataset
from depthsounder.engine.factors import input_factors
from depthsounder.engine.network import NetworkStack
from depthsounder.engine.spec import NetworkSpec

SWEEPS = 6
"""QR decompositions that part what is graded, after the last layer."""

MARGIN = 3.0
"""Distance in nats beyond which singular values do not touch: exp(-2 · (SWEEPS + 1) · MARGIN) is below rounding."""

SPAN = 12.0
"""Nats of the values that go into one SVD, of whose smallest it keeps eleven digits."""


class InputJacobian:
    """∂h^L/∂x at the probe's first example, for any network of one shape.

    Batch norm is given the moments of the whole probe, and they are held while the example moves, as when a network is
    used. A batch's own would move with it by a share of 1/B, and carry its motion into all other examples and back.

    Parameters
    ----------
    spec
        What the networks are.
    dataset
        The data whose probe is used.
    """

    def __init__(self, spec: NetworkSpec, dataset: Dataset) -> None:
        inputs = dataset.probe_inputs if spec.architecture.mixes_examples else dataset.probe_inputs[:1]
        self.stack = NetworkStack(np.empty((1, spec.parameter_count)), spec, len(inputs))
        self.stack.inputs[0] = inputs

    def measure(self, parameters: np.ndarray) -> np.ndarray:
        """Return the logarithms of the singular values of one network's Jacobian, from the largest.

        Parameters
        ----------
        parameters
            (P,), of any real precision.

        Returns
        -------
        logarithms
            (k,), k the smaller of input and width, in nats: -∞ for those that units with φ' = 0, weights of 0 or a mean
            that is taken away make exactly 0, and all NaN if the signal or a slope is no number.
        """
        stack = self.stack
        stack.parameters[0] = parameters
        with np.errstate(all="ignore"):
            stack.forward()
            factors = input_factors(stack)
        measured = np.full(min(stack.spec.sizes[:-1]), -np.inf)
        numbers = (stack.parameters, *chain.from_iterable(factors))
        if not all(np.isfinite(values).all() for values in numbers) or np.isnan(stack.preactivations[-2][0, 0]).any():
            measured.fill(np.nan)
            return measured
        logarithms = log_singular_values(*zip(*factors, strict=True))
        measured[: len(logarithms)] = logarithms
        return measured


def log_singular_values(weights: Sequence[np.ndarray], slopes: Sequence[np.ndarray]) -> np.ndarray:
    """Return the logarithms of the singular values that are not 0, in descending order.

    Parameters
    ----------
    weights
        W^l, (fan_in, fan_out), from the first layer.
    slopes
        φ'(z^l), (fan_out,); a unit whose slope is exactly 0 takes no part.

    Returns
    -------
    logarithms
        In nats, with an error of about 1e-15 of the span of their values; one for each dimension that no layer closes.
    """
    scales, rows = _graded_product(weights, slopes)
    if not len(scales):
        return scales
    triangle = _lower_triangle(rows.T)
    for _ in range(SWEEPS):
        # L becomes the transposed R of D L D⁻¹, D = diag(exp scales): each entry shrinks by its two rows' distance.
        falls = np.exp(np.minimum(scales[:, None] - scales, SPAN))
        triangle = _lower_triangle(np.tril(falls * triangle))
        scales, triangle = _rescaled(scales, triangle)
    return _in_windows(scales, triangle)


def _graded_product(weights: Sequence[np.ndarray], slopes: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return l (k,) descending and U (k, n_inputs) of a product Q diag(exp l) U; Q, which is orthonormal, is left out.

    Units go by descending slope: Householder's QR then keeps the digits of small rows (Cox & Higham 1998).
    """
    n_inputs = len(weights[0])
    scales, rows, directions, below = np.zeros(n_inputs), np.eye(n_inputs), np.eye(n_inputs), np.arange(n_inputs)
    for weight, slope in zip(weights, slopes, strict=True):
        units = np.argsort(-np.abs(slope), kind="stable")[: np.count_nonzero(slope)]
        factor = slope[units, None] * weight[np.ix_(below, units)].T
        directions, triangle = np.linalg.qr(factor @ directions)
        n_kept = len(triangle)
        # Scales descend, so that nothing above the diagonal grows, and what is below it is 0.
        rows = (triangle * np.exp(np.minimum(scales - scales[:n_kept, None], 0.0))) @ rows
        scales, rows = _rescaled(scales[:n_kept], rows)
        order = np.argsort(-scales, kind="stable")[: np.count_nonzero(scales > -np.inf)]
        scales, rows, directions, below = scales[order], rows[order], directions[:, order], units
    return scales, rows


def _lower_triangle(matrix: np.ndarray) -> np.ndarray:
    """Return Rᵀ of a matrix's QR decomposition: lower triangular, and of the same singular values."""
    return np.transpose(np.linalg.qr(matrix, mode="r"))


def _rescaled(scales: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return diag(exp scales) rows with the largest entry of each row at 1; a row of zeros has a scale of -∞."""
    largest = np.abs(rows).max(axis=1, initial=0.0)
    with np.errstate(divide="ignore"):
        return scales + np.log(largest), rows / np.where(largest > 0.0, largest, 1.0)[:, None]


def _in_windows(scales: np.ndarray, triangle: np.ndarray) -> np.ndarray:
    """Return the logarithms of the singular values of diag(exp scales) L, whose far rows no longer touch.

    Each SVD sees the values that it is to give, and those within `MARGIN` of them on both sides.
    """
    logarithms, start = np.empty(len(scales)), 0
    while start < len(scales):
        top = scales[start]
        first = np.searchsorted(-scales, -(top + MARGIN))
        last = np.searchsorted(-scales, SPAN - MARGIN - top, side="right")
        end = last if last == len(scales) else np.searchsorted(-scales, -(scales[last] + MARGIN), side="right")
        end = max(end, start + 1)
        block = np.exp(scales[first:last, None] - top) * triangle[first:last, first:last]
        values = np.linalg.svd(block, compute_uv=False)
        logarithms[start:end] = top + np.log(values[start - first : end - first])
        start = end
    return logarithms
