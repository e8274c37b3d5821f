"""The factors of a network's Jacobian at one example, for every architecture.

A factor is a pair of weights W (n, m) and slopes d (m,) and stands for diag(d) Wᵀ; a plain layer is one, W^l and
φ'(z^l). With N' = ∂N/∂z, the other architectures have

    ∂h^l/∂z^l = diag(φ'(a^l) ⊙ γ^l) N'
    ∂z^l/∂h^(l-1) = W^lᵀ                                        without a shortcut
    ∂z^l/∂z^(l-1) = I + α W^lᵀ ∂h^(l-1)/∂z^(l-1)                with one

Over the units N' = r (I - 11ᵀ/m - ẑẑᵀ/m), which is all but singular: it leaves nothing of the mean, and of what is
along ẑ a share s = ε/(variance + ε). Such a difference of nearly equal numbers has no digits; all of them stand in
N' = E diag(r s, r, …, r) Eᵀ, where E is orthonormal, orthogonal to 1, and along ẑ in its first column.

This module knows the derivatives of layers; `jacobian` multiplies them.
"""

from collections.abc import Iterator

import numpy as np

from depthsounder.elements.architectures import EPSILON, EXAMPLES
from depthsounder.engine.network import NetworkStack
from depthsounder.engine.normalization import Normalizer

Factor = tuple[np.ndarray, np.ndarray]
"""W (n, m) and d (m,) of diag(d) Wᵀ."""


def input_factors(stack: NetworkStack) -> list[Factor]:
    """Return the factors of ∂h^L/∂x from the first layer's, at the first example of the first network, after `forward`.

    Moments over the examples are held, as those of the rest of a large batch.
    """
    return list(_of_stream(stack) if stack.spec.architecture.shortcut else _of_layers(stack))


def _of_layers(stack: NetworkStack) -> Iterator[Factor]:
    for layer in range(stack.depth):
        yield from _below_activity(stack, layer, stack.weights[layer][0])


def _of_stream(stack: NetworkStack) -> Iterator[Factor]:
    alpha = stack.spec.architecture.branch_scale(stack.depth)
    yield stack.weights[0][0], np.ones(stack.spec.sizes[1])
    for layer in range(1, stack.depth):
        branch = alpha * stack.weights[layer][0]
        # From the top: ∂z^l/∂z^(l-1) is this matrix's transpose.
        for weights, slopes in reversed(list(_below_activity(stack, layer - 1, np.eye(len(branch))))):
            branch = weights @ (slopes[:, None] * branch)
        yield np.eye(len(branch)) + branch, np.ones(len(branch))
    yield from _below_activity(stack, stack.depth - 1, np.eye(stack.spec.sizes[-2]))


def _below_activity(stack: NetworkStack, layer: int, weights: np.ndarray) -> Iterator[Factor]:
    """Yield the factors of ∂h/∂z · Wᵀ of a layer, counted from 0."""
    slopes = np.empty(stack.spec.sizes[layer + 1])
    stack.spec.activation.derivative(stack.arguments[layer][0, 0], stack.activities[layer + 1][0, 0], slopes)
    if stack.normalizers:
        normalizer = stack.normalizers[layer]
        slopes *= normalizer.scale[0, 0]
        if normalizer.axis == EXAMPLES:
            slopes *= normalizer.inverse_deviation[0, 0]
        else:
            basis, shares = _over_units(normalizer)
            yield weights @ basis, shares
            weights = basis.T
    yield weights, slopes


def _over_units(normalizer: Normalizer) -> Factor:
    """Return E (m, k) and diag(r s, r, …, r) as (k,), of a normalization over the units."""
    normalized = normalizer.normalized[0, 0]
    units = len(normalized)
    directions = [np.ones(units), normalized] if normalizer.centered else [normalized]
    basis = np.linalg.qr(np.stack(directions, axis=1), mode="complete")[0][:, len(directions) - 1 :]
    r, variance = normalizer.inverse_deviation[0, 0, 0], normalizer.moments.variance[0, 0, 0]
    shares = np.full(basis.shape[1], r)
    shares[:1] *= EPSILON / (variance + EPSILON)
    return basis, shares
