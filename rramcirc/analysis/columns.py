"""Checks of what a measurement is given: columns of numbers, axes, levels."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import AnyArray, FloatArray
from rramcirc.basics.errors import ParameterError, WaveformError, shown


def column(values: ArrayLike, real: bool = False, name: str = "values") -> AnyArray:
    """Return `values` as a one-dimensional array of numbers with at least one point."""
    try:
        array = np.asarray(values)
        array = array.astype(np.complex128 if np.iscomplexobj(array) else np.float64, copy=False)
    except (TypeError, ValueError):
        raise ParameterError(f"{name}: an array of numbers is needed, not {type(values).__name__}.") from None
    if array.ndim != 1 or not array.size:
        raise ParameterError(f"{name}: shape {array.shape}; a one-dimensional array with a point or more is needed.")
    if real and np.iscomplexobj(array):
        raise ParameterError(f"{name}: complex (AC analysis). Take the magnitude: abs(...).")
    return array


def pair(values: ArrayLike, axis: ArrayLike, real: bool = False) -> tuple[AnyArray, FloatArray]:
    """Return a waveform and its axis, of equal length."""
    values, axis = column(values, real), column(axis, real=True, name="axis")
    if values.shape != axis.shape:
        raise ParameterError(f"values have {values.size} points and the axis has {axis.size}.")
    return values, axis


def rising(values: ArrayLike, axis: ArrayLike, real: bool = False) -> tuple[AnyArray, FloatArray]:
    """Return a waveform and its axis, which must not go back."""
    values, axis = pair(values, axis, real)
    if np.any(np.diff(axis) < 0):
        raise WaveformError("the axis goes back (a sweep forth and back?); this measurement needs a rising axis.")
    return values, axis


def finite(value: float, name: str) -> float:
    """Return a finite number."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ParameterError(f"{name} = {shown(value)} is no number.") from None
    if not math.isfinite(number):
        raise ParameterError(f"{name} = {shown(value)} must be finite.")
    return number
