"""Cross-entropy of a softmax, of each example or as the mean over a batch, with its gradient.

This module knows logits and labels; it knows no networks.
"""

import numpy as np


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the cost of each example in nats, and turn the logits into ∂C_example/∂logits in place.

    Parameters
    ----------
    logits
        (S, B, K), real or complex; overwritten with softmax(logits) − one-hot(labels).
    labels
        (S, B), whole numbers below K.

    Returns
    -------
    costs
        (S, B): log Σ_k exp(z_k) − z_label.
    """
    n_networks, n_examples, _ = logits.shape
    # The shift by the greatest real part keeps exp from overflowing, and has no part in the derivative. NumPy compares
    # rows three times as fast as neighbors.
    greatest = np.ascontiguousarray(np.moveaxis(logits.real, 2, 0)).max(axis=0)
    np.subtract(logits, greatest[:, :, None], out=logits)
    of_label = np.arange(n_networks)[:, None], np.arange(n_examples), labels
    logits_of_label = logits[of_label]
    np.exp(logits, out=logits)
    total = logits.sum(axis=2, keepdims=True)
    costs = np.log(total[:, :, 0]) - logits_of_label
    np.divide(logits, total, out=logits)
    logits[of_label] -= 1.0
    return costs


def mean_cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return J, the mean cost over the batch in nats, and turn the logits into ∂J/∂logits in place.

    Parameters
    ----------
    logits, labels
        (S, B, K) and (S, B), as for `cross_entropy`.

    Returns
    -------
    costs
        (S,).
    """
    costs = cross_entropy(logits, labels).mean(axis=1)
    # The 1/B of the mean is taken here, where the numbers are fewest.
    np.divide(logits, labels.shape[1], out=logits)
    return costs
