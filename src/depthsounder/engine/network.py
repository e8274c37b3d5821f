"""The engine: forward and backward passes over a stack of fully connected networks.

A *stack* is S networks of one shape side by side, along the first axis of every array: seeds, learning rates or, in the
gradient check, perturbed copies. No network's bits depend on its neighbors (`products`).

With row vectors, z^l = h^(l-1) W^l + b^l and h^l = φ(z^l), from the input h^0 = x to the logits z^(L+1):

    forward     z^l = h^(l-1) W^l + b^l                  δ^l = ∂C/∂z^l
    backward    δ^l = (δ^(l+1) W^(l+1)ᵀ) ⊙ φ'(z^l)
    gradients   ∂C/∂W^l = h^(l-1)ᵀ δ^l,   ∂C/∂b^l = Σ_examples δ^l

This module knows no cost and no update: errors δ^(L+1) come in, gradients go out.
"""

from itertools import pairwise

import numpy as np

from depthsounder.engine.products import multiply, transpose
from depthsounder.engine.spec import NetworkSpec


class NetworkStack:
    """S networks of one shape, with all the memory that their passes over a batch need.

    Parameters
    ----------
    parameters
        (S, P), float32, float64 or complex128. The stack works on this array itself: who updates it in place
        updates the networks.
    spec
        What the networks are.
    n_examples
        B, the examples of a batch.

    Attributes
    ----------
    weights, biases
        Views of `parameters`, for each of the L + 1 layers.
    gradients, weight_gradients, bias_gradients
        (S, P) and its views: sums over the batch, filled by `backward`.
    preactivations
        z^1 to z^(L+1), each (S, B, units): filled by `forward` and overwritten by `backward`, which leaves δ^l there.
    activities
        h^0 to h^L, each (S, B, units): filled by `forward`.
    """

    def __init__(self, parameters: np.ndarray, spec: NetworkSpec, n_examples: int) -> None:
        n_networks, dtype, sizes = len(parameters), parameters.dtype, spec.sizes
        if parameters.shape[1] != spec.parameter_count:
            raise ValueError(f"{parameters.shape[1]} parameters do not fit the layers {sizes}")
        self.spec = spec
        self.parameters = parameters
        self.weights, self.biases = spec.views(parameters)
        self.gradients = np.empty_like(parameters)
        self.weight_gradients, self.bias_gradients = spec.views(self.gradients)
        self.activities = [np.empty((n_networks, n_examples, units), dtype) for units in sizes[:-1]]
        self.preactivations = [np.empty((n_networks, n_examples, units), dtype) for units in sizes[1:]]
        # One set of buffers serves all hidden layers: the error that comes down, the slope it meets, and the transposed
        # weights between. Their views are made once, since small networks' passes have no time for it.
        hidden = sizes[1:-1]
        widest = (n_networks, n_examples, max(hidden))
        errors, slopes = np.empty(widest, dtype), np.empty(widest, dtype)
        transposed = np.empty((n_networks, max(sizes[1:]), max(hidden)), dtype)
        self._errors = [errors[:, :, :units] for units in hidden]
        self._slopes = [slopes[:, :, :units] for units in hidden]
        self._transposed_weights = [transposed[:, :above, :units] for units, above in pairwise(sizes[1:])]
        self._transposed_activities = [h.swapaxes(1, 2) for h in self.activities]

        # A sum over the batch, as a product: BLAS adds rows five times as fast as NumPy's reduction.
        self._ones = np.ones((1, n_examples), dtype)

    @property
    def depth(self) -> int:
        """L, the number of hidden layers."""
        return self.spec.depth

    @property
    def inputs(self) -> np.ndarray:
        """h^0 (S, B, n_inputs): write a batch here before `forward`."""
        return self.activities[0]

    @property
    def logits(self) -> np.ndarray:
        """z^(L+1) (S, B, n_outputs): read after `forward`; write δ^(L+1) here before `backward`."""
        return self.preactivations[-1]

    def forward(self) -> None:
        """Carry `inputs` down to `logits`."""
        for layer in range(self.depth + 1):
            z = self.preactivations[layer]
            multiply(self.activities[layer], self.weights[layer], out=z)
            np.add(z, self.biases[layer], out=z)
            if layer < self.depth:
                self.spec.activation.function(z, self.activities[layer + 1])

    def backward(self) -> None:
        """Carry δ^(L+1), which stands in `logits`, up to layer 1, and fill the gradients on the way."""
        for layer in range(self.depth, -1, -1):
            delta = self.preactivations[layer]
            multiply(self._transposed_activities[layer], delta, out=self.weight_gradients[layer])
            np.matmul(self._ones, delta, out=self.bias_gradients[layer])
            if layer > 0:
                self._descend(layer, delta)

    def _descend(self, layer: int, delta: np.ndarray) -> None:
        """Turn the preactivations below a layer into their errors."""
        below = layer - 1
        z, h = self.preactivations[below], self.activities[layer]
        errors, slopes, transposed = self._errors[below], self._slopes[below], self._transposed_weights[below]
        transpose(self.weights[layer], out=transposed)
        multiply(delta, transposed, out=errors)
        self.spec.activation.derivative(z, h, slopes)
        np.multiply(errors, slopes, out=z)
