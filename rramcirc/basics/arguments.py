"""What functions ask of their arguments before they work: a file name, a kind of record, numbers."""

from __future__ import annotations

import os
from pathlib import Path
from types import UnionType

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, a_kind


def file_name(given: object, where: str) -> Path:
    """Return a path; raise ParameterError unless a text or path was given.

    Examples
    --------
    >>> file_name("waves.raw", "read_raw").suffix
    '.raw'
    """
    if isinstance(given, str | os.PathLike):
        return Path(given)
    raise ParameterError(f"{where}: the name of a file is needed, not {a_kind(given)}.")


def check_kind(given: object, kind: type | UnionType, where: str, wanted: str) -> None:
    """Raise ParameterError unless the argument is of a kind; `wanted` says in words what is needed."""
    if not isinstance(given, kind):
        raise ParameterError(f"{where}: {wanted} is needed, not {a_kind(given)}.")


def real_array(given: object, where: str) -> FloatArray:
    """Return an array of real numbers, of any shape; raise ParameterError if it is none."""
    try:
        found = np.asarray(given)
    except ValueError:
        found = np.asarray(None)
    if found.dtype.kind not in "buif" and found.size:
        raise ParameterError(f"{where}: numbers are needed, not {a_kind(given)}.")
    return found.astype(float)


def real_curve(across: object, up: object, where: str) -> tuple[FloatArray, FloatArray]:
    """Return two equally long columns of at least two real numbers; raise ParameterError if they are none."""
    x, y = real_array(across, where), real_array(up, where)
    if x.ndim != 1 or x.shape != y.shape or x.size < 2:
        raise ParameterError(f"{where}: two equally long columns are needed; shapes are {x.shape} and {y.shape}.")
    return x, y
