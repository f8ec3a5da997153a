"""IDX files, the format of MNIST: a header with the sizes, then the numbers, plain or gzipped."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.errors import ParameterError

_UNSIGNED_BYTE = 8  # the code of the type that images and labels have
MOST_BYTES = 1 << 30


def read_idx(path: Path | str, sha256: str | None = None) -> NDArray[np.uint8]:
    """Return the array of an IDX file of unsigned bytes; a name that ends in ``.gz`` is unpacked.

    Parameters
    ----------
    path
        File.
    sha256
        SHA-256 that the unpacked file must have, in hexadecimal; None takes any.

    Raises
    ------
    ParameterError
        If the file cannot be read, is no such file, holds another number of bytes than its header says or more than
        1 GiB, or has another SHA-256.
    """
    path = Path(path)
    data = _unpacked(path)
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise ParameterError(
            f"{path}: its SHA-256 is {hashlib.sha256(data).hexdigest()}, not {sha256}. Get the file again."
        )
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != _UNSIGNED_BYTE or not data[3]:
        raise ParameterError(f"{path}: is no IDX file of unsigned bytes; it begins with {data[:4].hex(' ')}.")
    start = 4 + 4 * data[3]
    shape = tuple(int.from_bytes(data[k : k + 4], "big") for k in range(4, min(start, len(data)), 4))
    if len(data) - start != math.prod(shape):
        raise ParameterError(f"{path}: its header says {shape}, but {max(0, len(data) - start)} bytes follow it.")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _unpacked(path: Path) -> bytes:
    """Return the bytes of a file; never more than the limit, whatever a packed file would grow to."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ParameterError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}).") from None
    if len(data) > MOST_BYTES:
        raise ParameterError(f"{path}: is larger than {MOST_BYTES >> 20} MiB, the most that is read.")
    return data
