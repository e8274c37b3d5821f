"""What the tests of the engine share: a small problem, and a network computed the slow way, example by example."""

import re

import numpy as np
from scipy.special import logsumexp

from depthsounder.data.dataset import Dataset
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.judging.reference import Guessing
from depthsounder.judging.thresholds import Thresholds

EVERY_ACTIVATION = list(ACTIVATIONS.values())

DEFAULT_THRESHOLDS = Thresholds(
    exploding_ratio=100.0,
    vanishing_ratio=0.01,
    collapsed_share=0.01,
    trains_loss=0.1,
    trains_share=0.8,
    stalled_loss=0.98,
    plateau_loss=1.1,
    diverged_loss=2.0,
    tail_steps=50,
)
"""Those of the default sweep."""

AS_A_PROGRAM = re.compile(r"\de[-+]?\d|\^[-\dL]")
"""Powers as a program writes them, 9.5e-7 and 0.25^10; texts for readers have 9.5 × 10⁻⁷ and 0.25¹⁰."""


class FlatReferences:
    """Batches in which every class is as frequent as in all examples, so that guessing always costs H."""

    def __init__(self, entropy, steps):
        self.entropy, self.steps = entropy, steps

    def guessing(self, seed, window):
        flat = np.full(self.steps + 2 - window, self.entropy)
        return FlatGuessing(flat, by_frequency=flat, blind=self.entropy, class_counts=np.zeros((self.steps + 1, 0)))


class FlatGuessing(Guessing):
    """Guessing that costs the same on each batch, however few are counted."""

    def least_from(self, first, last):
        return np.full(last - first + 1, self.blind)


def name_of(value):
    """The id of a parametrized test: the name of a record, or the value as it is."""
    return getattr(value, "name", None)


def without_times(page):
    """A report without the elements that say when it was made, and how long that took."""
    shortened, times = re.subn(r"<(\w+)[^<>]* data-varies>.*?</\1>", "", page, flags=re.DOTALL)
    assert times == page.count("data-varies")
    return shortened


def small_dataset(seed=0, n_train=120, n_test=40, n_inputs=6, n_classes=3, n_probe=24):
    """Gaussian clouds around one center for each class, which a small network can tell apart."""
    random = np.random.default_rng(seed)
    centers = random.normal(size=(n_classes, n_inputs))
    labels = random.integers(n_classes, size=n_train + n_test)
    inputs = centers[labels] + 0.5 * random.normal(size=(n_train + n_test, n_inputs))
    return Dataset(
        train_inputs=inputs[:n_train],
        train_labels=labels[:n_train],
        test_inputs=inputs[n_train:],
        test_labels=labels[n_train:],
        probe=np.sort(random.choice(n_train, size=n_probe, replace=False)),
        classes=np.array([str(k) for k in range(n_classes)]),
    )


def balanced_dataset(n_inputs, n_classes):
    """A problem whose classes are equally frequent, so that H is ln K: for what asks for no more than that."""
    labels = np.arange(n_classes)
    inputs = np.ones((n_classes, n_inputs))
    return Dataset(inputs, labels, inputs, labels, labels, labels.astype(str))


def textbook_pass(weights, biases, activation, x, label):
    """One example through one network, with the equations as they are printed.

    Returns the cost, and for each layer z, h (none at the readout) and ∂C/∂z.
    """
    zs, hs = [], [x]
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        zs.append(hs[-1] @ weight + bias)
        if layer < len(weights) - 1:
            hs.append(activation(zs[-1]))
    logits = zs[-1]
    cost = logsumexp(logits) - logits[label]
    delta = np.exp(logits - logsumexp(logits))
    delta[label] -= 1.0
    deltas = [delta]
    for layer in range(len(weights) - 1, 0, -1):
        deltas.insert(0, (deltas[0] @ weights[layer].T) * activation.slope(zs[layer - 1]))
    return cost, zs, hs[1:], deltas


def textbook_gradients(weights, biases, activation, inputs, labels):
    """The mean cost of a batch, and its gradients by layer, summed example by example."""
    weight_gradients = [np.zeros_like(weight) for weight in weights]
    bias_gradients = [np.zeros_like(bias) for bias in biases]
    costs = []
    for x, label in zip(inputs, labels, strict=True):
        cost, _, hs, deltas = textbook_pass(weights, biases, activation, x, label)
        costs.append(cost)
        for layer, (h, delta) in enumerate(zip([x, *hs], deltas, strict=True)):
            weight_gradients[layer] += np.outer(h, delta) / len(inputs)
            bias_gradients[layer] += delta / len(inputs)
    return np.mean(costs), weight_gradients, bias_gradients
