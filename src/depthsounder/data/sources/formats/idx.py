"""IDX files, as MNIST and Fashion-MNIST come in: images and labels in files of their own, packed or not.

The source names the training images; labels, and test images with theirs, are found beside it by their names.
"""

import struct
from pathlib import Path

import numpy as np
import pyarrow as pa

from depthsounder.data.sources.arrays import feature_names, joined
from depthsounder.data.sources.encoding import unpacked
from depthsounder.data.sources.features import not_finite
from depthsounder.data.sources.foreign import advice_on_content
from depthsounder.data.sources.formats.record import Format
from depthsounder.data.sources.problems import DataError, refuse_bomb
from depthsounder.data.sources.selection import Wanted
from depthsounder.data.sources.table import Table

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx_table(path: Path, wanted: Wanted) -> Table:
    """Read images and labels, and their test part if it lies beside them.

    Raises
    ------
    DataError
        If one of the files is missing, damaged, or does not belong to the others.
    """
    files = _files(path)
    if missing := [file for file in files if not file.is_file()]:
        raise DataError(f"{missing[0]}: found no such file; allowed: the labels of the images beside them")
    parts = []
    problems: list[str] = []
    shapes = set()
    for images, labels in zip(files[::2], files[1::2], strict=True):
        pixels, classes = _array(images), _array(labels)
        if classes.ndim != 1 or pixels.ndim < 2 or len(pixels) != len(classes):
            raise DataError(
                f"{images}: found the shape {pixels.shape} beside labels of the shape {classes.shape}; allowed: one "
                "label for each image"
            )
        shapes.add(pixels.shape[1:])
        problems += filter(None, [not_finite(str(images), pixels)])
        refuse_bomb(images, 8 * pixels.size)
        names = feature_names("pixel", pixels.shape)
        kept = [k for k, name in enumerate(names) if wanted.keeps(name)]
        flat = pixels.reshape(len(pixels), -1)[:, kept].astype(np.float64)
        parts.append((flat, tuple(names[k] for k in kept), pa.chunked_array([pa.array(classes)])))
    problems += wanted.names_problems(path, names)
    if len(shapes) > 1:
        problems.append(f"{path}: found images of the shapes {sorted(shapes)}; allowed: one shape in both parts")
    if len(parts) == 2:
        return joined(parts, "labels", problems)
    inputs, columns, target = parts[0]
    return Table(len(inputs), inputs, columns, "labels", target, tuple(problems))


def _files(path: Path) -> list[Path]:
    """Return training images and labels, and those of a test part that lies beside them."""
    tests = [path.with_name(path.name.replace("train", name)) for name in ("t10k", "test")]
    test = next((other for other in tests if other.exists() and other != path), None)
    return [file for images in filter(None, [path, test]) for file in (images, _labels_beside(images))]


def _labels_beside(images: Path) -> Path:
    return images.with_name(images.name.replace("images", "labels").replace("idx3", "idx1"))


def _array(path: Path) -> np.ndarray:
    content = unpacked(path)
    if advice := None if content[:2] == b"\0\0" else advice_on_content(content[:4096]):
        raise DataError(f"{path}: found a file that {advice}")
    try:
        zero, kind, n_dimensions = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{n_dimensions}I", content, 4)
        values = np.frombuffer(content, _TYPES[kind], offset=4 + 4 * n_dimensions).reshape(shape)
    except (struct.error, KeyError, ValueError) as error:
        raise DataError(
            f"{path}: the file cannot be read: it is damaged, or no IDX file; allowed: the file as it was published"
        ) from error
    if zero or not len(values):
        raise DataError(f"{path}: found no examples; allowed: an IDX file of images and one of labels")
    return values.astype(values.dtype.newbyteorder("="))


FORMAT = Format(
    place=4,
    endings="-images-idx3-ubyte (packed too) beside its labels",
    pattern=r"images[-._]idx3-ubyte(\.gz)?",
    content="an IDX file as it was published",
    about="Of IDX files, the training images are named; what lies beside them is found.",
    read=read_idx_table,
    target="none",
    signature=rb"\x00\x00[\x08-\x0e][\x01-\x04]",
    packed=True,
    own_split=True,
    files=_files,
)
