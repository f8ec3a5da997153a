"""Labelled images as spikes: MNIST from its IDX files, and small digits that are drawn where there is no MNIST.

A pixel above the threshold is a spike in the only time step; the input of a network is 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.errors import ParameterError
from rramcirc.basics.idx import read_idx
from rramcirc.basics.paths import cache_folder
from rramcirc.basics.units import whole_number

#: SHA-256 of the four files of MNIST, unpacked
MNIST_FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
THRESHOLD = 127  # of 255; a brighter pixel is a spike
HELD_OUT = 10_000  # images of the training set that are the validation set
SPLIT_SEED = 20200  # of the only permutation by which they are chosen
# the digits 0 to 9 in 5 x 7 dots, row by row, as character displays have them
_FONT = (
    "0E11131519110E", "040C040404040E", "0E11010204081F", "1F02040201110E", "02060A121F0202", "1F101E0101110E",
    "0608101E11110E", "1F010204080808", "0E11110E11110E", "0E11110F01020C",
)  # fmt: skip


@dataclass(frozen=True)
class ImageSet:
    """Images as spikes, and their labels, in three parts that do not overlap.

    Attributes
    ----------
    name
        Of the source.
    train, validation, test : (count, pixels) arrays of bool
        Spikes.
    train_labels, validation_labels, test_labels : (count,) arrays
        Class of each, from 0.
    """

    name: str
    train: NDArray[np.bool_]
    train_labels: NDArray[np.int64]
    validation: NDArray[np.bool_]
    validation_labels: NDArray[np.int64]
    test: NDArray[np.bool_]
    test_labels: NDArray[np.int64]

    @property
    def pixels(self) -> int:
        """Number of inputs."""
        return int(self.train.shape[1])

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.train_labels.max()) + 1

    def part(self, train: int, validation: int, test: int) -> ImageSet:
        """Return the first images of each part; as many as there are if there are fewer."""
        return ImageSet(
            self.name, self.train[:train], self.train_labels[:train], self.validation[:validation],
            self.validation_labels[:validation], self.test[:test], self.test_labels[:test],
        )  # fmt: skip


def mnist_folder() -> Path:
    """Return the folder in which MNIST is looked for when none is named."""
    return cache_folder() / "mnist"


def has_mnist(folder: Path | str | None = None) -> bool:
    """Whether a folder holds the four files, packed or not; their content is not looked at."""
    return all(_file(Path(folder or mnist_folder()), name) is not None for name in MNIST_FILES)


def load_mnist(folder: Path | str | None = None) -> ImageSet:
    """Return MNIST: 50,000 training, 10,000 validation images of the training set, 10,000 test images.

    Parameters
    ----------
    folder
        With the four IDX files, gzipped or not; default ``mnist`` in the cache folder.

    Raises
    ------
    ParameterError
        If a file is missing, or is not the file of MNIST by its SHA-256.
    """
    folder = Path(folder or mnist_folder())
    arrays = {}
    for name, sha256 in MNIST_FILES.items():
        file = _file(folder, name)
        if file is None:
            raise ParameterError(
                f"MNIST: {folder} holds neither {name}.gz nor {name}. Name the folder with the four IDX files "
                f"(--mnist DIR), or put them into {mnist_folder()}."
            )
        arrays[name] = read_idx(file, sha256)
    images, labels, test, test_labels = arrays.values()
    spikes = images.reshape(len(images), -1) > THRESHOLD
    order = np.random.default_rng(SPLIT_SEED).permutation(len(images))
    train, held = order[HELD_OUT:], order[:HELD_OUT]
    classes = labels.astype(np.int64)
    return ImageSet(
        "MNIST", spikes[train], classes[train], spikes[held], classes[held], test.reshape(len(test), -1) > THRESHOLD,
        test_labels.astype(np.int64),
    )  # fmt: skip


def _file(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)


def drawn_digits(train: int = 4000, validation: int = 1000, test: int = 1000, *, seed: int = 0) -> ImageSet:
    """Return digits of a 5 x 7 dot font of 2 x 2 pixels in 14 x 14: shifted by up to 1 pixel, 10 % of pixels wrong.

    They need no file; they are no MNIST, and figures of one say nothing of the other.

    Parameters
    ----------
    train, validation, test
        Numbers of images.
    seed
        Of the draw; the three parts are one sequence.

    Examples
    --------
    >>> drawn_digits(100, 10, 10).train.shape
    (100, 196)
    """
    counts = [whole_number(n, "drawn_digits: number of images", 1) for n in (train, validation, test)]
    rng = np.random.default_rng([whole_number(seed, "drawn_digits: seed", 0), 5, 7])
    total = sum(counts)
    labels = rng.integers(0, 10, total)
    glyphs = np.array([[[int(row, 16) >> (4 - k) & 1 for k in range(5)] for row in _rows(code)] for code in _FONT])
    canvas = np.zeros((total, 16, 16), bool)  # a frame of one dot is cut off at the end
    corner = rng.integers(0, 3, (total, 2))
    large = glyphs.repeat(2, axis=1).repeat(2, axis=2).astype(bool)
    for k, (r, c) in enumerate(corner):
        canvas[k, r : r + 14, c + 2 : c + 12] = large[labels[k]]
    canvas = canvas[:, 1:15, 1:15]
    spikes = canvas.reshape(total, -1) ^ (rng.random((total, 196)) < 0.1)
    a, b = counts[0], counts[0] + counts[1]
    return ImageSet("drawn digits", spikes[:a], labels[:a], spikes[a:b], labels[a:b], spikes[b:], labels[b:])


def _rows(code: str) -> list[str]:
    return [code[k : k + 2] for k in range(0, len(code), 2)]
