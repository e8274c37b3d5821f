"""Constant predictions cost a reference loss on the very batches on which a network is judged.

A mean over some batches has the noise of the labels that happened to be in them, and with rare classes that noise is
larger than what a verdict looks for. A prediction that ignores the inputs has it too: on the same batches it cancels.

This module knows labels, batches and probabilities; it knows no network.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from depthsounder.engine.training import batches

_SAMPLED_SEEDS = 20
"""So many seeds' batches tell how far tails scatter."""


@dataclass(frozen=True)
class Guessing:
    """What constant predictions cost on each window of one network's batches, in nats.

    Attributes
    ----------
    least
        (windows,): the entropy of the window's own labels. By Gibbs' inequality (Cover & Thomas 2006, theorem 2.6.3) no
        probabilities of the classes, those of the training part or others, have a lower mean loss on them.
    by_frequency
        (windows,): the loss of the training part's class frequencies on the window's labels, or H if that is more.
    blind
        ln K: the loss of equal probabilities for the K classes.
    class_counts
        (steps + 1, K), how many examples of each class a batch has.
    """

    least: np.ndarray
    by_frequency: np.ndarray
    blind: float
    class_counts: np.ndarray

    def least_from(self, first: int, last: int) -> np.ndarray:
        """Return the least that a constant prediction costs on batch `first` alone, on it and the next, … up to `last`.

        Returns
        -------
        least
            (last − first + 1,), each for the batches from the first to one of them.
        """
        return _entropies(self.class_counts[first : last + 1].cumsum(axis=0))


class References:
    """The batches of a run's seeds, counted by class once for all cells and rates that saw them.

    Parameters
    ----------
    root_seed
        Origin of the batches.
    labels
        (n_examples,), of the training part, from 0.
    batch_size
        Examples of a batch.
    steps
        Updates of a full training, which sees one batch more.
    """

    def __init__(self, root_seed: int, labels: np.ndarray, batch_size: int, steps: int) -> None:
        self.root_seed, self.labels, self.batch_size, self.steps = root_seed, labels, batch_size, steps
        self.frequencies = np.bincount(labels) / len(labels)
        self._known: dict[tuple[int, int], Guessing] = {}

    @property
    def entropy(self) -> float:
        """H, the entropy of the class frequencies in nats."""
        return float(scipy.special.entr(self.frequencies).sum())

    def guessing(self, seed: int, window: int) -> Guessing:
        """Return what constant predictions cost on the windows of so many batches, the first ending at window − 1."""
        if (seed, window) not in self._known:
            self._known[seed, window] = self._guessing(self._class_counts(seed), window)
        return self._known[seed, window]

    def scatter(self, window: int) -> float:
        """Return the standard deviation over seeds of what guessing by frequency costs on a last window, over H."""
        surprise = self._surprise()
        ends = [self._class_counts(seed)[-window:].sum(axis=0) @ surprise for seed in range(_SAMPLED_SEEDS)]
        return float(np.std(ends)) / (window * self.batch_size * self.entropy)

    def _class_counts(self, seed: int) -> np.ndarray:
        """Return how many examples of each class each batch has (steps + 1, K)."""
        feed = batches(self.root_seed, seed, len(self.labels), self.batch_size)
        labels = self.labels[np.array([next(feed) for _ in range(self.steps + 1)])]
        n_classes = len(self.frequencies)
        numbered = labels + n_classes * np.arange(self.steps + 1)[:, None]
        return np.bincount(numbered.ravel(), minlength=n_classes * (self.steps + 1)).reshape(-1, n_classes)

    def _surprise(self) -> np.ndarray:
        """Return −ln of each class's frequency (K,); 0 for one that has no example and so never costs anything."""
        return -np.log(np.where(self.frequencies > 0, self.frequencies, 1.0))

    def _guessing(self, counts: np.ndarray, window: int) -> Guessing:
        totals = np.concatenate([np.zeros((1, counts.shape[1]), counts.dtype), counts.cumsum(axis=0)])
        seen = totals[window:] - totals[:-window]
        shares = seen / (window * self.batch_size)
        return Guessing(
            least=_entropies(seen),
            by_frequency=np.maximum(shares @ self._surprise(), self.entropy),
            blind=float(np.log(np.count_nonzero(self.frequencies))),
            class_counts=counts,
        )


def _entropies(counts: np.ndarray) -> np.ndarray:
    """Return the entropy (n,) of labels that are counted by class (n, K), in nats."""
    return np.asarray(scipy.special.entr(counts / counts.sum(axis=1, keepdims=True)).sum(axis=1))
