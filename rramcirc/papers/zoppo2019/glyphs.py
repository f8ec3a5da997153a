"""Patterns: the characters 0-9 and A-F as images of -1 and 1, at any size.

The paper shows 16 such images without their size or pixels, so both sets here are assumed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.basics.files import load_array

CHARACTERS = "0123456789ABCDEF"
# 5 x 7 pixels, a row after another: the dots of a character display
_DOTS = """
.###. ..#.. .###. ##### ...#. ##### ..##. ##### .###. .###. .###. ####. .###. ####. ##### #####
#...# .##.. #...# ...#. ..##. #.... .#... ....# #...# #...# #...# #...# #...# #...# #.... #....
#..## ..#.. ....# ..#.. .#.#. ####. #.... ...#. #...# #...# #...# #...# #.... #...# #.... #....
#.#.# ..#.. ...#. ...#. #..#. ....# ####. ..#.. .###. .#### ##### ####. #.... #...# ####. ####.
##..# ..#.. ..#.. ....# ##### ....# #...# .#... #...# ....# #...# #...# #.... #...# #.... #....
#...# ..#.. .#... #...# ...#. #...# #...# .#... #...# ...#. #...# #...# #...# #...# #.... #....
.###. .###. ##### .###. ...#. .###. .###. .#... .###. .##.. #...# ####. .###. ####. ##### #....
"""
# a to g of a seven-segment display: 0-9, A, b, C, d, E, F
_SEGMENTS = ("abcdef", "bc", "abdeg", "abcdg", "bcfg", "acdfg", "acdefg", "abc", "abcdefg", "abcdfg",
             "abcefg", "cdefg", "adef", "bcdeg", "adefg", "aefg")  # fmt: skip
_PLACES = {  # (rows, columns) of each segment in 7 x 5 pixels
    "a": (slice(0, 1), slice(0, 5)), "b": (slice(0, 4), slice(4, 5)), "c": (slice(3, 7), slice(4, 5)),
    "d": (slice(6, 7), slice(0, 5)), "e": (slice(3, 7), slice(0, 1)), "f": (slice(0, 4), slice(0, 1)),
    "g": (slice(3, 4), slice(0, 5)),
}  # fmt: skip
SETS = ("dots", "segments")
# 4 x 4 pixels, for circuits
_SMALL = {"T": "#### .##. .##. .##.", "L": "#... #... #... ####", "O": "#### #..# #..# ####"}


def dot_images() -> FloatArray:
    """Return (16, 7, 5) images of the characters of a dot-matrix display, 0 and 1."""
    rows = [line.split() for line in _DOTS.strip().splitlines()]
    return np.array([[[p == "#" for p in row[k]] for row in rows] for k in range(len(CHARACTERS))], np.float64)


def segment_images() -> FloatArray:
    """Return (16, 7, 5) images of the characters of a seven-segment display, 0 and 1."""
    images = np.zeros((len(_SEGMENTS), 7, 5))
    for k, segments in enumerate(_SEGMENTS):
        for segment in segments:
            images[k][_PLACES[segment]] = 1.0
    return images


def resized(images: FloatArray, rows: int, columns: int) -> FloatArray:
    """Return images of another size: every pixel is the nearest one of the given image."""
    height, width = images.shape[1:]
    across = ((np.arange(columns) + 0.5) * width / columns).astype(np.int64)
    down = ((np.arange(rows) + 0.5) * height / rows).astype(np.int64)
    return images[:, down[:, None], across[None, :]]


def glyph_patterns(name: str = "dots", size: int = 12) -> FloatArray:
    """Return (P, size x size) patterns of -1 and 1.

    Parameters
    ----------
    name
        ``"dots"`` or ``"segments"``: the 16 characters, with a margin of one pixel left and right from 10 pixels on;
        ``"TLO"``: three letters of 4 x 4 pixels; or a file ``.npy`` of (P, rows, columns) images, 1 or 0 or True or
        False, which are resized.
    size
        Number of rows and of columns.

    Raises
    ------
    ParameterError
        If there is no such set, or the file holds no images of two values.
    """
    if name == "TLO":
        images = np.array([[[p == "#" for p in row] for row in text.split()] for text in _SMALL.values()], np.float64)
    elif name == "dots":
        images = dot_images()
    elif name == "segments":
        images = segment_images()
    elif str(name).endswith(".npy"):
        images = _given_images(Path(name))
    else:
        text = "Or give a file .npy of (patterns, rows, columns) images."
        raise ParameterError(unknown_name("glyph set", str(name), (*SETS, "TLO"), text))
    if name in SETS and size >= 10:
        inner = resized(images, size, size - 2)
        images = np.pad(inner, ((0, 0), (0, 0), (1, 1)))
    elif images.shape[1:] != (size, size):
        images = resized(images, size, size)
    return 2.0 * images.reshape(len(images), -1) - 1.0


def _given_images(path: Path) -> FloatArray:
    images = np.asarray(load_array(path), np.float64)
    if images.ndim != 3 or not np.isin(images, (0.0, 1.0)).all():
        raise ParameterError(f"{path}: {shown(images)} is no (patterns, rows, columns) array of 0 and 1.")
    return images


def corrupted(patterns: FloatArray, probability: float, count: int, seed: int) -> FloatArray:
    """Return (P, count, N) patterns in which every pixel was flipped with a probability.

    The draws of a pattern depend on the seed, the probability and the number of the pattern only.
    """
    drawn = []
    for k, pattern in enumerate(patterns):
        rng = np.random.default_rng([seed, k, round(1e6 * probability)])
        drawn.append(np.where(rng.random((count, pattern.size)) < probability, -pattern, pattern))
    return np.array(drawn)


def correlations(patterns: FloatArray) -> FloatArray:
    """Return the (P, P) Pearson correlation coefficients of the patterns.   [Zoppo2019, Fig. 2]"""
    found: FloatArray = np.atleast_2d(np.corrcoef(patterns))
    return found
