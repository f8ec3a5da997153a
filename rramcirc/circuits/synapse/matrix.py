"""Matrices of synapses [PRE, POST] as the records of networks take them."""

from __future__ import annotations

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown


def synapse_array(owner: str, values: object, shape: tuple[int, int], without_diagonal: bool = False) -> FloatArray:
    """Return a (PRE, POST) array of floats, from one for all or one each."""
    try:
        array = np.array(values)
    except (TypeError, ValueError):
        array = np.array(None)
    if array.dtype.kind not in "iuf":
        raise ParameterError(f"{owner}: {shown(values)} is not an array of numbers.")
    array = np.array(np.broadcast_to(array, shape) if array.ndim == 0 else array, dtype=float)
    if array.shape != shape:
        raise ParameterError(f"{owner}: has shape {array.shape}; it must be {shape} [PRE, POST].")
    if without_diagonal and shape[0] > 1:
        np.fill_diagonal(array, array[0, 1])
    if not np.all(np.isfinite(array)):
        raise ParameterError(f"{owner}: holds values that are not finite.")
    array.setflags(write=False)
    return array
