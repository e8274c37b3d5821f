"""What no equation of the theory has: architectures for which none is derived, and biases with a mean."""

from depthsounder.elements.architectures import Architecture
from depthsounder.elements.initializers import Initializer


def not_derived(architecture: Architecture) -> str | None:
    """Return in a clause that no equation is known for an architecture of the user's; None if one is."""
    if architecture.mixes_examples and (architecture.shortcut or not architecture.cancels_biases):
        return (
            f"none is derived for '{architecture.name}', whose normalization over the examples stands beside a "
            "shortcut or is not centered"
        )
    return None


def biased(init: Initializer) -> str | None:
    """Return in a clause that biases have a mean, which no equation of the theory has; None if they have none."""
    if init.bias_mean == 0.0:
        return None
    return f"biases of '{init.name}' have mean {init.bias_mean:.3g}, and theory takes it to be 0"
