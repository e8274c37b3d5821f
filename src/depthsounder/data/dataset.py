"""The prepared data: what every compute job reads, as one NPZ file.

This module holds the arrays; `prepare` reads, splits and scales them.
"""

import zlib
from dataclasses import dataclass, field, fields
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np

from depthsounder.storage.file_errors import reading
from depthsounder.storage.replacing import replacing

# A flipped bit can also make an entry look encrypted, or packed in a way that nobody knows: a runtime error.
_SIGNS_OF_DAMAGE = (BadZipFile, EOFError, KeyError, RuntimeError, ValueError, zlib.error)


@dataclass(frozen=True)
class Dataset:
    """A classification problem, split and scaled.

    Attributes
    ----------
    train_inputs, test_inputs
        (n_examples, n_inputs), float64; the training mean of ‖x‖²/n_inputs is 1.
    train_labels, test_labels
        (n_examples,), int64, from 0.
    probe
        (n_probe,), int64: the training examples on which layers are measured.
    classes
        (n_classes,), the names of the labels.
    features
        (n_inputs,), the names of the inputs.
    warnings
        Texts: what a person should look at.
    """

    train_inputs: np.ndarray
    train_labels: np.ndarray
    test_inputs: np.ndarray
    test_labels: np.ndarray
    probe: np.ndarray
    classes: np.ndarray
    features: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=str))
    warnings: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=str))

    @property
    def n_inputs(self) -> int:
        """The number of features."""
        return self.train_inputs.shape[1]

    @property
    def n_classes(self) -> int:
        """The number of classes."""
        return len(self.classes)

    @property
    def part_sizes(self) -> tuple[int, int]:
        """The examples of the training and of the test part."""
        return len(self.train_labels), len(self.test_labels)

    @property
    def class_counts(self) -> np.ndarray:
        """(n_classes,), the examples of each class in both parts."""
        return np.bincount(np.concatenate([self.train_labels, self.test_labels]), minlength=self.n_classes)

    @property
    def class_entropy(self) -> float:
        """H, the entropy of the training part's class prior in nats: the loss of the best constant prediction."""
        prior = np.bincount(self.train_labels, minlength=self.n_classes) / len(self.train_labels)
        present = prior[prior > 0.0]
        return float(-(present @ np.log(present)))

    @property
    def probe_inputs(self) -> np.ndarray:
        """(n_probe, n_inputs), the inputs of the probe."""
        return self.train_inputs[self.probe]

    @property
    def probe_labels(self) -> np.ndarray:
        """(n_probe,), the labels of the probe."""
        return self.train_labels[self.probe]


def save_dataset(path: Path, dataset: Dataset) -> None:
    """Write a dataset as an NPZ file, in one step."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **{array.name: getattr(dataset, array.name) for array in fields(Dataset)})


def load_dataset(path: Path) -> Dataset:
    """Read a dataset, without pickle, and verify its checksums.

    Raises
    ------
    DamagedFile
        If the file is no such dataset any more. It is moved aside, so that the workflow prepares it again.
    OSError
        If it is missing, cannot be read or does not fit into memory; the message names it.
    """
    # The file is opened here: of a damaged archive NumPy leaves it open if it opened it.
    with reading(path, "data", _SIGNS_OF_DAMAGE), path.open("rb") as file:
        with ZipFile(file) as archive:
            # NumPy reads an array as far as its description says, and a checksum is verified only at an entry's end.
            if broken := archive.testzip():
                raise BadZipFile(f"the checksum of {broken} does not match")
        file.seek(0)
        with np.load(file, allow_pickle=False) as arrays:
            return Dataset(**{array.name: arrays[array.name] for array in fields(Dataset)})
