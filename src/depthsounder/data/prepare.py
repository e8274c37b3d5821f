"""From a data source to the prepared data: the split, the scaling and the probe.

The split and the probe are drawn from streams of their own, so that they depend on the root seed and on nothing else.

This module alone imports scikit-learn; it knows nothing of networks.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.model_selection import train_test_split

from depthsounder.data.dataset import Dataset
from depthsounder.data.sources import (
    BUILT_IN,
    DataError,
    Examples,
    Wanted,
    data_sentences,
    read_examples,
    size_problems,
    split_problems,
    take_census,
)
from depthsounder.elements.streams import stream

_LOADERS: Mapping[str, Callable[[], Any]] = {
    "digits": load_digits,
    "iris": load_iris,
    "wine": load_wine,
    "breast_cancer": load_breast_cancer,
}


def load_examples(wanted: Wanted) -> Examples:
    """Return the examples of a source: a built-in set, or a file.

    Raises
    ------
    DataError
        If the file cannot be used.
    """
    if wanted.source not in BUILT_IN:
        return read_examples(wanted)
    bunch = _LOADERS[wanted.source]()
    inputs, labels = bunch.data.astype(np.float64), bunch.target.astype(np.int64)
    return Examples(inputs, labels, bunch.target_names.astype(str), np.array(bunch.feature_names))


def standardize(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standardize each feature on the training part, then scale both parts by one number.

    Parameters
    ----------
    train, test
        (n_train, n_inputs) and (n_test, n_inputs), finite.

    Returns
    -------
    train, test
        A feature has mean 0 and the same variance as any other on the training part; one that is constant there is 0 in
        both parts. The training mean of ‖x‖²/n_inputs is 1.

    Raises
    ------
    DataError
        If every feature is constant on the training part, or a test value is too far away for a float64.
    """
    varies = (train != train[0]).any(axis=0)
    if not varies.any():
        raise DataError("found only features that are constant on the training part; allowed: at least one that varies")
    # In units of its largest value no feature overflows or underflows where it is squared.
    units = np.where(varies, np.abs(train).max(axis=0), 1.0)
    means = (train / units).mean(axis=0)
    deviations = np.where(varies, (train / units).std(axis=0), 1.0)
    with np.errstate(over="ignore"):
        scaled_train, scaled_test = (
            np.where(varies, (part / units - means) / deviations, 0.0) for part in (train, test)
        )
    if not np.isfinite(scaled_test).all():
        raise DataError(
            "found test values that are more than 1e300 standard deviations away; allowed: comparable values"
        )
    norm = np.sqrt(np.mean(scaled_train**2))
    scaled_train, scaled_test = scaled_train / norm, scaled_test / norm
    if abs(np.mean(scaled_train**2) - 1.0) > 1e-12:
        raise ArithmeticError("the scaled training inputs do not have the second moment 1")
    return scaled_train, scaled_test


def prepare_dataset(
    source: str,
    target: str | None,
    test_fraction: float | None,
    root_seed: int,
    probe_examples: int,
    features: tuple[str, ...] | None = None,
    drop: tuple[str, ...] | None = None,
    header: bool | None = None,
) -> Dataset:
    """Read, split and scale a data source, and choose its probe.

    Parameters
    ----------
    source, target, features, drop, header
        As in `Wanted`.
    test_fraction
        Share of the examples in the test part, the same for each class; None for the source's own split.
    root_seed
        Origin of the split and of the probe.
    probe_examples
        Training examples on which layers are measured.

    Raises
    ------
    DataError
        If the source cannot be used, or is too small for the split or the probe.
    """
    examples = load_examples(Wanted(source, target, features, drop, header))
    census = take_census(examples.classes, examples.labels, examples.test)
    n_train = census.n_train(test_fraction)
    problems = split_problems(source, census, test_fraction)
    problems += size_problems(source, n_train, {"probe_examples": probe_examples})
    if problems:
        raise DataError(*problems)
    train, test = _parts(examples, test_fraction, root_seed)
    train_inputs, test_inputs = standardize(examples.inputs[train], examples.inputs[test])
    probe = np.sort(stream(root_seed, "probe").choice(n_train, size=probe_examples, replace=False))
    return Dataset(
        train_inputs=train_inputs,
        train_labels=examples.labels[train],
        test_inputs=test_inputs,
        test_labels=examples.labels[test],
        probe=probe.astype(np.int64),
        classes=examples.classes,
        features=examples.features,
        warnings=np.array(examples.warnings, dtype=str),
    )


def describe(dataset: Dataset, own_split: bool) -> list[str]:
    """Return what goes into the networks, in sentences; `own_split` is whether the source says what is for testing."""
    facts = dataset.features.tolist(), dataset.classes.tolist(), dataset.class_counts.tolist(), dataset.part_sizes
    return data_sentences(*facts, own_split)


def _parts(examples: Examples, test_fraction: float | None, root_seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of the training and of the test examples."""
    if examples.test is not None:
        return np.flatnonzero(~examples.test), np.flatnonzero(examples.test)
    train, test = train_test_split(
        np.arange(len(examples.labels)),
        test_size=test_fraction,
        stratify=examples.labels,
        random_state=int(stream(root_seed, "split").integers(2**32)),
    )
    return train, test
