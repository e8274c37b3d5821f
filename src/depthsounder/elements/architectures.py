"""Architectures: how a hidden layer's signal is normalized, and what carries it past a layer.

With row vectors, a shortcut s of 0 or 1, a branch scale α and a normalization N with its gain γ and its shift β:

    z^1 = h^0 W^1 + b^1
    z^l = s z^(l-1) + α (h^(l-1) W^l + b^l)        l = 2 … L
    h^l = φ(γ^l ⊙ N(z^l) + β^l)                    l = 1 … L

The first layer changes the width, so that the shortcut starts at the second; the readout has neither. Without a
normalization there is no γ and no β, and h^l = φ(z^l).

This module says what architectures are; `engine.network` carries signals through them.
"""

from dataclasses import dataclass

EPSILON = 1e-5
"""What is added to a variance or a mean square under the root."""

EXAMPLES, UNITS = -2, -1
"""The axes of a layer's signal (…, B, units) over which a normalization takes its moments."""


@dataclass(frozen=True)
class Normalization:
    """N(z) = (z - mean) / √(variance + ε), or z / √(mean square + ε) where it is not centered; moments are biased.

    Attributes
    ----------
    axis
        `EXAMPLES`, for each unit over the batch, or `UNITS`, for each example over the layer.
    centered
        Whether the mean is taken away. Only then is there a shift β.
    """

    axis: int
    centered: bool


@dataclass(frozen=True)
class Architecture:
    """What stands between the affine maps of a network.

    Attributes
    ----------
    name
        The name in configs, tables and paths.
    normalization
        N, or None.
    shortcut
        Whether z^l contains z^(l-1): s.
    branch_decay
        α = L^-branch_decay: 0 for a branch that is not scaled.
    source
        Where the architecture comes from.
    """

    name: str
    normalization: Normalization | None
    shortcut: bool
    branch_decay: float
    source: str

    @property
    def mixes_examples(self) -> bool:
        """Whether an example's signal depends on the others of its batch."""
        return self.normalization is not None and self.normalization.axis == EXAMPLES

    @property
    def cancels_biases(self) -> bool:
        """Whether no hidden layer's bias has a part in the cost: the mean over the examples takes it away."""
        return self.normalization is not None and self.mixes_examples and self.normalization.centered

    def branch_scale(self, depth: int) -> float:
        """Return α of a network with `depth` hidden layers."""
        return float(depth) ** -self.branch_decay


BATCH_NORM, LAYER_NORM, RMS_NORM = (
    Normalization(EXAMPLES, True),
    Normalization(UNITS, True),
    Normalization(UNITS, False),
)

PLAIN = Architecture("plain", None, shortcut=False, branch_decay=0.0, source="the course note")

ARCHITECTURES: dict[str, Architecture] = {
    architecture.name: architecture
    for architecture in (
        PLAIN,
        Architecture("batch_norm", BATCH_NORM, shortcut=False, branch_decay=0.0, source="Ioffe & Szegedy 2015"),
        Architecture("layer_norm", LAYER_NORM, shortcut=False, branch_decay=0.0, source="Ba, Kiros & Hinton 2016"),
        Architecture("rms_norm", RMS_NORM, shortcut=False, branch_decay=0.0, source="Zhang & Sennrich 2019"),
        Architecture("residual", None, shortcut=True, branch_decay=0.0, source="He et al. 2016"),
        Architecture("residual_sqrt", None, shortcut=True, branch_decay=0.5, source="Hayou et al. 2021"),
        Architecture("residual_inverse", None, shortcut=True, branch_decay=1.0, source="α = 1/L"),
        Architecture("residual_layer_norm", LAYER_NORM, shortcut=True, branch_decay=0.0, source="Xiong et al. 2020"),
    )
}
"""Architectures by the config's names."""
