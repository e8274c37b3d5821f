"""The engine: forward and backward passes over a stack of fully connected networks.

A *stack* is S networks of one shape side by side, along the first axis of every array: seeds, learning rates or, in the
gradient check, perturbed copies. No network's bits depend on its neighbors (`products`).

With row vectors, from the input h^0 = x to the logits z^(L+1), with δ^l = ∂C/∂z^l and the argument a^l of φ, which is
z^l itself or what N, γ and β make of it (`normalization`):

    forward     z^l = s z^(l-1) + α (h^(l-1) W^l + b^l),   h^l = φ(a^l)
    backward    ∂C/∂a^l = (α δ^(l+1) W^(l+1)ᵀ) ⊙ φ'(a^l)
                δ^l = s δ^(l+1) + ∂C/∂a^l, carried back through N
    gradients   ∂C/∂W^l = h^(l-1)ᵀ α δ^l,   ∂C/∂b^l = Σ_examples α δ^l

The shortcut s and the branch scale α are the architecture's (`elements.architectures`) from layer 2 to L, and 0 and 1
at the first layer and at the readout; plain networks have z^l = h^(l-1) W^l + b^l and h^l = φ(z^l) everywhere.

This module knows no cost and no update: errors δ^(L+1) come in, gradients go out.
"""

from collections.abc import Sequence

import numpy as np

from depthsounder.engine.normalization import Moments, Normalizer
from depthsounder.engine.products import multiply, multiply_transposed, room_for_transposes
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
    weights, biases, scales, shifts
        Views of `parameters`: W and b of each of the L + 1 layers, γ and β of the hidden ones that have them.
    gradients, weight_gradients, bias_gradients, scale_gradients, shift_gradients
        (S, P) and its views: sums over the batch, filled by `backward`.
    preactivations
        z^1 to z^(L+1), each (S, B, units), before any normalization: filled by `forward` and overwritten by `backward`,
        which leaves δ^l there.
    normalizers
        N of each of the L hidden layers; empty where the architecture has none.
    arguments
        a^1 to a^L, of which φ is taken, each (S, B, units): those of `preactivations`, if nothing is normalized.
    activities
        h^0 to h^L, each (S, B, units): filled by `forward`.
    """

    def __init__(self, parameters: np.ndarray, spec: NetworkSpec, n_examples: int) -> None:
        n_networks, dtype, sizes = len(parameters), parameters.dtype, spec.sizes
        if parameters.shape[1] != spec.parameter_count:
            raise ValueError(f"{parameters.shape[1]} parameters do not fit the layers {sizes}")
        self.spec = spec
        self.parameters = parameters
        tensors = spec.views(parameters)
        self.weights, self.biases, self.scales, self.shifts = tensors
        self.gradients = np.empty_like(parameters)
        gradients = spec.views(self.gradients)
        self.weight_gradients, self.bias_gradients, self.scale_gradients, self.shift_gradients = gradients
        self.activities = [np.empty((n_networks, n_examples, units), dtype) for units in sizes[:-1]]
        self.preactivations = [np.empty((n_networks, n_examples, units), dtype) for units in sizes[1:]]
        # One set of buffers serves all hidden layers: the error that comes down, and the slope that it meets. Their
        # views are made once, since small networks' passes have no time for it.
        hidden = sizes[1:-1]
        widest = (n_networks, n_examples, max(hidden))
        errors, slopes = np.empty(widest, dtype), np.empty(widest, dtype)
        self._errors = [errors[:, :, :units] for units in hidden]
        self._slopes = [slopes[:, :, :units] for units in hidden]
        self._room_for_transposes = [np.empty((0, 0)), *room_for_transposes(self.weights[1:])]
        self._transposed_activities = [h.swapaxes(1, 2) for h in self.activities]

        # A sum over the batch, as a product: BLAS adds rows five times as fast as NumPy's reduction.
        self._ones = np.ones((1, n_examples), dtype)

        architecture, depth = spec.architecture, spec.depth
        self.normalizers = [
            Normalizer(architecture.normalization, tensors, gradients, layer, scratch)
            for layer, scratch in enumerate(self._slopes)
            if architecture.normalization is not None
        ]
        self.arguments = [normalizer.arguments for normalizer in self.normalizers] or self.preactivations[:-1]
        self._joins_stream = [False, *[architecture.shortcut] * (depth - 1), False]
        self._branch_scales = [1.0, *[architecture.branch_scale(depth)] * (depth - 1), 1.0]
        scaled = np.empty(widest if architecture.branch_decay else (0, 0, 0), dtype)
        self._branch_errors = [scaled[:, :, :units] for units in hidden]

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

    def carried(self) -> list[np.ndarray]:
        """Return all that `forward` leaves for `backward`."""
        of_normalizers = [
            signal
            for normalizer in self.normalizers
            for signal in (normalizer.normalized, normalizer.arguments, normalizer.inverse_deviation)
        ]
        return [*self.preactivations, *self.activities, *of_normalizers]

    def forward(self, moments: Sequence[Moments] | None = None) -> None:
        """Carry `inputs` down to `logits`.

        Parameters
        ----------
        moments
            Of each hidden layer, those by which its signal is normalized; None for its own.
        """
        for layer in range(self.depth + 1):
            z = self.preactivations[layer]
            multiply(self.activities[layer], self.weights[layer], out=z)
            np.add(z, self.biases[layer], out=z)
            if self._branch_scales[layer] != 1.0:
                np.multiply(z, self._branch_scales[layer], out=z)
            if self._joins_stream[layer]:
                np.add(z, self.preactivations[layer - 1], out=z)
            if layer < self.depth:
                if self.normalizers:
                    self._normalize(layer, moments)
                self.spec.activation.function(self.arguments[layer], self.activities[layer + 1])

    def backward(self) -> None:
        """Carry δ^(L+1), which stands in `logits`, up to layer 1, and fill the gradients on the way."""
        for layer in range(self.depth, -1, -1):
            delta = self.preactivations[layer]
            if self._branch_scales[layer] != 1.0:
                delta = np.multiply(delta, self._branch_scales[layer], out=self._branch_errors[layer])
            multiply(self._transposed_activities[layer], delta, out=self.weight_gradients[layer])
            np.matmul(self._ones, delta, out=self.bias_gradients[layer])
            if layer > 0:
                self._descend(layer, delta)

    def _normalize(self, layer: int, moments: Sequence[Moments] | None) -> None:
        z, normalizer = self.preactivations[layer], self.normalizers[layer]
        if moments is None:
            normalizer.forward(z)
        else:
            normalizer.forward_by(z, moments[layer])

    def _descend(self, layer: int, delta: np.ndarray) -> None:
        """Turn the preactivations below a layer into their errors, given those of its branch, α δ."""
        below = layer - 1
        z, a, h = self.preactivations[below], self.arguments[below], self.activities[layer]
        errors, slopes = self._errors[below], self._slopes[below]
        multiply_transposed(delta, self.weights[layer], self._room_for_transposes[layer], out=errors)
        self.spec.activation.derivative(a, h, slopes)
        if self.normalizers:
            np.multiply(errors, slopes, out=errors)
            self.normalizers[below].backward(errors, out=z)
        else:
            np.multiply(errors, slopes, out=z)
        if self._joins_stream[layer]:
            np.add(z, self.preactivations[layer], out=z)
