"""MNIST for arrays of 100 inputs: the middle of each image in 2 x 2 boxes, as spikes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from rramcirc.basics.arrays import BoolArray
from rramcirc.bench.images import ImageSet, drawn_digits, has_mnist, load_mnist

BOX_PIXELS = 2  # of four that spike make a box spike (assumed)
MARGIN = {28: 4, 14: 0}  # rows and columns cut off at every side


@dataclass(frozen=True)
class Tally:
    """How many images of each part are used."""

    train: int
    validation: int
    test: int


@cache
def small_images(folder: str, tally: Tally, complementary: bool) -> ImageSet:
    """Return images of 10 x 10 boxes, from MNIST; of 7 x 7 from drawn digits for ``"drawn"`` or where there is none.

    Parameters
    ----------
    folder
        Of MNIST; empty is the cache folder.
    tally
        Number of images of each part.
    complementary
        Whether every input has a second one that spikes where it does not.
    """
    found = drawn_digits() if folder == "drawn" or (not folder and not has_mnist()) else load_mnist(folder or None)
    part = found.part(tally.train, tally.validation, tally.test)
    boxed = (boxes(part.train), boxes(part.validation), boxes(part.test))
    if complementary:
        boxed = tuple(np.concatenate([x, ~x], axis=1) for x in boxed)  # type: ignore[assignment]
    return replace(part, train=boxed[0], validation=boxed[1], test=boxed[2])


def boxes(images: BoolArray) -> BoolArray:
    """Return (count, boxes) images of boxes of 2 x 2 pixels, without the margin."""
    side = round(images.shape[1] ** 0.5)
    cut = MARGIN.get(side, 0)
    middle = images.reshape(-1, side, side)[:, cut : side - cut, cut : side - cut]
    half = middle.shape[1] // 2
    sums = middle.reshape(-1, half, 2, half, 2).sum(axis=(2, 4))
    found: BoolArray = (sums >= BOX_PIXELS).reshape(len(images), half * half)
    return found
