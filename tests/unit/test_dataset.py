"""The prepared data: what a job may rely on when its file was damaged."""

from dataclasses import fields

import numpy as np
import pytest
from support import small_dataset

from depthsounder.data.dataset import Dataset, load_dataset, save_dataset
from depthsounder.storage.file_errors import DamagedFile


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "data.npz"
    # A run's config is what tells its files from a user's own.
    (tmp_path / "config.json").write_text("{}")
    save_dataset(path, small_dataset(n_train=6, n_test=3, n_probe=2))
    return path


def assert_equal(dataset, written):
    for field in fields(Dataset):
        read, expected = getattr(dataset, field.name), getattr(written, field.name)
        assert read.dtype == expected.dtype
        np.testing.assert_array_equal(read, expected)


def test_an_archive_of_the_users_own_stays_where_it_is(tmp_path):
    own = tmp_path / "mine.npz"
    np.savez(own, X=np.eye(3), y=np.arange(3))
    content = own.read_bytes()
    with pytest.raises(OSError, match=f"{own}: the data cannot be read") as caught:
        load_dataset(own)
    assert not isinstance(caught.value, DamagedFile)
    assert own.read_bytes() == content


@pytest.mark.parametrize("length", [0, 1, 100, 1_000, -1])
def test_truncated_data_is_named_and_moved_aside(path, length):
    content = path.read_bytes()[:length]
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match=f"{path}: the data is damaged .* the same command computes it again"):
        load_dataset(path)
    assert not path.exists()
    assert path.with_name("data.npz.damaged").read_bytes() == content


@pytest.mark.parametrize("turn", [0, 4])
def test_a_flipped_bit_anywhere_in_the_data_is_noticed_or_changes_nothing(path, turn):
    content, written = path.read_bytes(), load_dataset(path)
    noticed = 0
    for place in range(len(content)):
        flipped = bytearray(content)
        # Another bit at each place, so that all eight are flipped in every part of the file.
        flipped[place] ^= 1 << (place + turn) % 8
        path.write_bytes(flipped)
        try:
            assert_equal(load_dataset(path), written)
        except DamagedFile:
            noticed += 1
    assert noticed > len(content) / 2


def test_an_archive_without_one_of_the_arrays_is_damaged(path):
    np.savez(path, probe=np.arange(3))
    with pytest.raises(DamagedFile, match="train_inputs"):
        load_dataset(path)


def test_data_that_does_not_fit_into_memory_is_not_damaged(path, monkeypatch):
    def fail(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr(np, "load", fail)
    with pytest.raises(OSError, match=f"{path}: there is not enough memory to read the data"):
        load_dataset(path)
    assert path.exists()


def test_missing_data_is_named(tmp_path):
    with pytest.raises(OSError, match=r"absent\.npz: the data cannot be read"):
        load_dataset(tmp_path / "absent.npz")
