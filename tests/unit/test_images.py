"""IDX files and image sets: what is read, what is refused."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from rramcirc.basics.errors import ParameterError
from rramcirc.basics.idx import read_idx
from rramcirc.bench import images
from rramcirc.bench.images import drawn_digits, has_mnist, load_mnist


def idx_bytes(array: np.ndarray) -> bytes:
    """Return the IDX file of an array of unsigned bytes."""
    sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def test_array_comes_back_plain_and_gzipped(tmp_path: Path) -> None:
    array = np.arange(24).reshape(2, 3, 4)
    (tmp_path / "a").write_bytes(idx_bytes(array))
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx_bytes(array)))
    for name in ("a", "a.gz"):
        assert read_idx(tmp_path / name).tolist() == array.tolist()
    assert read_idx(tmp_path / "a.gz", hashlib.sha256(idx_bytes(array)).hexdigest()).shape == (2, 3, 4)


def test_files_that_are_none_are_refused_with_their_name(tmp_path: Path) -> None:
    good = idx_bytes(np.arange(6).reshape(2, 3))
    cases = {
        "empty": (b"", "is no IDX file"), "short": (good[:-1], r"header says \(2, 3\), but 5 bytes"),
        "long": (good + b"x", "but 7 bytes"), "floats": (bytes([0, 0, 13]) + good[3:], "is no IDX file"),
        "cut": (good[:6], "0 bytes follow"), "packed.gz": (b"not packed", "cannot be read"),
        "half.gz": (gzip.compress(good)[:-9], "cannot be read"),
    }  # fmt: skip
    for name, (content, message) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ParameterError, match=f"{name}.*{message}"):
            read_idx(tmp_path / name)
    with pytest.raises(ParameterError, match=r"missing.*cannot be read"):
        read_idx(tmp_path / "missing")
    (tmp_path / "good").write_bytes(good)
    with pytest.raises(ParameterError, match="SHA-256"):
        read_idx(tmp_path / "good", "00")


def test_a_file_that_unpacks_to_more_than_the_limit_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rramcirc.basics.idx.MOST_BYTES", 1 << 20)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(3 << 20)))
    with pytest.raises(ParameterError, match="larger than 1 MiB"):
        read_idx(tmp_path / "bomb.gz")


def test_mnist_is_split_and_a_file_of_another_content_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 256, (50, 28, 28)), np.arange(50) % 10, rng.integers(0, 256, (20, 28, 28)), np.arange(20)]
    hashes = {}
    for name, array in zip(images.MNIST_FILES, arrays, strict=True):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(array)))
        hashes[name] = hashlib.sha256(idx_bytes(array)).hexdigest()
    with pytest.raises(ParameterError, match=r"train-images.*SHA-256"):
        load_mnist(tmp_path)
    monkeypatch.setattr(images, "MNIST_FILES", hashes)
    monkeypatch.setattr(images, "HELD_OUT", 10)
    found = load_mnist(tmp_path)
    assert (found.train.shape, found.validation.shape, found.test.shape) == ((40, 784), (10, 784), (20, 784))
    pairs = {(row.tobytes(), label) for row, label in zip(arrays[0].reshape(50, -1) > 127, arrays[1], strict=True)}
    both = [(found.train, found.train_labels), (found.validation, found.validation_labels)]
    assert {(r.tobytes(), n) for rows, ns in both for r, n in zip(rows, ns, strict=True)} == pairs
    assert (found.test == (arrays[2].reshape(20, -1) > 127)).all()


def test_missing_mnist_is_told_with_the_option(tmp_path: Path) -> None:
    assert not has_mnist(tmp_path)
    with pytest.raises(ParameterError, match=r"train-images-idx3-ubyte.*--mnist"):
        load_mnist(tmp_path)


def test_drawn_digits_are_the_same_for_a_seed_and_can_be_told_apart() -> None:
    one, two, other = drawn_digits(1000, 50, 300), drawn_digits(1000, 50, 300), drawn_digits(1000, 50, 300, seed=1)
    assert (one.train == two.train).all()
    assert not (one.train == other.train).all()
    means = np.array([one.train[one.train_labels == k].mean(axis=0) for k in range(10)])
    nearest = ((one.test[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert np.mean(nearest == one.test_labels) > 0.85
    assert (one.pixels, one.classes) == (196, 10)
    part = one.part(7, 5, 3)
    assert (len(part.train), len(part.validation_labels), len(part.test)) == (7, 5, 3)
