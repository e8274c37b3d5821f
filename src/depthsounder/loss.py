"""Cross-entropy of a softmax, per example, with its gradient.

This module knows logits and labels; the mean over a batch is its callers' business.
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
    # The shift by the greatest real part keeps exp from overflowing, and has no part in the derivative.
    np.subtract(logits, logits.real.max(axis=2, keepdims=True), out=logits)
    chosen = labels[:, :, None]
    of_label = np.take_along_axis(logits, chosen, axis=2)
    np.exp(logits, out=logits)
    total = logits.sum(axis=2, keepdims=True)
    costs = np.log(total) - of_label
    np.divide(logits, total, out=logits)
    np.put_along_axis(logits, chosen, np.take_along_axis(logits, chosen, axis=2) - 1.0, axis=2)
    return costs[:, :, 0]
