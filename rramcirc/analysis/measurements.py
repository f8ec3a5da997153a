"""Measurements on arrays: crossings, averages, energies, resistances.

Between two points a waveform is taken as a straight line.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.analysis.columns import column, finite, pair, rising
from rramcirc.basics.arguments import real_curve
from rramcirc.basics.arrays import AnyArray, FloatArray
from rramcirc.basics.errors import NoSuchValue, ParameterError, WaveformError, shown, unknown_name

EDGES = ("both", "rise", "fall")


def set_voltage(voltage: ArrayLike, current: ArrayLike) -> float:
    """Return the SET voltage of an I-V loop [V]: where the current rises most steeply before the positive peak.

    Parameters
    ----------
    voltage, current : (n,) arrays
        The loop, from 0 V to the positive peak, to the negative peak and back [V, A].
    """
    voltage, current = real_curve(voltage, current, "set_voltage")
    up = slice(1, int(voltage.argmax()) + 1)
    if voltage[up].size < 2:
        raise WaveformError("set_voltage: the loop does not rise to a positive peak.")
    steps = np.diff(voltage[up])
    slope = np.divide(np.diff(current[up]), steps, out=np.zeros_like(steps), where=steps > 0)
    return float(voltage[up][int(np.argmax(slope))])


def reset_voltage(voltage: ArrayLike, current: ArrayLike) -> float:
    """Return the RESET voltage of an I-V loop [V]: that of the largest current of the way to the negative peak.

    From there on the resistance grows faster than the voltage.

    Parameters
    ----------
    voltage, current : (n,) arrays
        The loop, from 0 V to the positive peak, to the negative peak and back [V, A].
    """
    voltage, current = real_curve(voltage, current, "reset_voltage")
    down = slice(int(voltage.argmax()), int(voltage.argmin()) + 1)
    if not voltage[down].size:
        raise WaveformError("reset_voltage: the loop does not go from its positive to a negative peak.")
    return float(voltage[down][int(np.argmin(current[down]))])


def crossings(values: ArrayLike, axis: ArrayLike, level: float, edge: str = "both") -> FloatArray:
    """Return where a waveform crosses a level, by linear interpolation.

    Parameters
    ----------
    values : (n_points,) array
        Waveform [any unit]; real.
    axis : (n_points,) array
        Axis [s for a transient]; need not rise.
    level
        Level [unit of `values`]. A value equal to the level counts as above it.
    edge
        ``rise``, ``fall`` or ``both``.

    Returns
    -------
    (n_crossings,) array
        Axis values, in the order of the points.

    Examples
    --------
    >>> crossings([0.0, 1.0, 0.0], [0.0, 1.0, 2.0], 0.25)
    array([0.25, 1.75])
    """
    values, axis = pair(values, axis, real=True)
    level = finite(level, "level")
    if edge not in EDGES:
        raise ParameterError(unknown_name("edge", str(edge), EDGES))
    below, above = values < level, values >= level
    rise, fall = below[:-1] & above[1:], above[:-1] & below[1:]
    k = np.flatnonzero({"rise": rise, "fall": fall, "both": rise | fall}[edge])
    fraction = (level - values[k]) / (values[k + 1] - values[k])
    places: FloatArray = axis[k] + fraction * (axis[k + 1] - axis[k])
    return places


def minimum(values: ArrayLike) -> float:
    """Return the smallest value [unit of `values`].

    Parameters
    ----------
    values : (n_points,) array
        Waveform [any unit].
    """
    return float(np.min(column(values, real=True)))


def maximum(values: ArrayLike) -> float:
    """Return the largest value [unit of `values`].

    Parameters
    ----------
    values : (n_points,) array
        Waveform [any unit].
    """
    return float(np.max(column(values, real=True)))


def final(values: ArrayLike) -> float:
    """Return the last value [unit of `values`].

    Parameters
    ----------
    values : (n_points,) array
        Waveform [any unit].
    """
    last: float = column(values)[-1].item()
    return last


def integral(values: ArrayLike, axis: ArrayLike) -> float:
    """Return the integral by the trapezoid rule [unit of `values` times unit of `axis`].

    Over a DC sweep that goes forth and back it is the area of the loop.

    Parameters
    ----------
    values : (n_points,) array
        Waveform [any unit].
    axis : (n_points,) array
        Axis [any unit; s for a transient]; need not rise.
    """
    values, axis = pair(values, axis)
    area: float = (0.5 * np.sum((values[1:] + values[:-1]) * np.diff(axis))).item()
    return area


def mean(values: ArrayLike, axis: ArrayLike) -> float:
    r"""Return the mean, weighted by the axis steps: :math:`\int v\,dt / (t_1 - t_0)` [unit of `values`].

    Parameters
    ----------
    values : (n_points,) array
        Waveform [any unit].
    axis : (n_points,) array
        Axis [any unit; s for a transient], rising.
    """
    values, axis = rising(values, axis)
    if axis[-1] > axis[0]:
        return integral(values, axis) / float(axis[-1] - axis[0])
    return final(values)


def rms(values: ArrayLike, axis: ArrayLike) -> float:
    r"""Return :math:`\sqrt{\int v^2\,dt / (t_1 - t_0)}`, exact for straight lines [unit of `values`].

    Parameters
    ----------
    values : (n_points,) array
        Waveform [any unit].
    axis : (n_points,) array
        Axis [any unit; s for a transient], rising.
    """
    values, axis = rising(values, axis)
    if axis[-1] == axis[0]:
        return abs(final(values))
    return math.sqrt(max(0.0, energy(values, values, axis) / (axis[-1] - axis[0]).item()))


def energy(voltage: ArrayLike, current: ArrayLike, time: ArrayLike) -> float:
    r"""Return :math:`\int v\,i\,dt` [J], exact for voltage and current that are straight between the points.

    Parameters
    ----------
    voltage, current : (n_points,) arrays
        [V] and [A]; positive energy is taken up.
    time : (n_points,) array
        [s].
    """
    voltage, axis = pair(voltage, time, real=True)
    current, axis = pair(current, time, real=True)
    v0, v1, i0, i1 = voltage[:-1], voltage[1:], current[:-1], current[1:]
    return float(np.sum(np.diff(axis) * (2 * v0 * i0 + v0 * i1 + v1 * i0 + 2 * v1 * i1)) / 6)


def value_at(values: ArrayLike, axis: ArrayLike, at: float) -> float:
    """Return the value at one place of the axis, by linear interpolation [unit of `values`].

    Parameters
    ----------
    values : (n_points,) array
        Waveform [any unit].
    axis : (n_points,) array
        Axis [any unit; s for a transient], rising.
    at
        Place [unit of `axis`].

    Raises
    ------
    ParameterError
        If `at` is outside the axis.
    """
    values, axis = rising(values, axis)
    at = finite(at, "at")
    if not axis[0] <= at <= axis[-1]:
        raise NoSuchValue(f"at = {at:g} is outside the axis, which is {axis[0]:g} to {axis[-1]:g}.")
    return np.interp(at, axis, values).item()


def clip(values: ArrayLike, axis: ArrayLike, start: float, stop: float) -> tuple[AnyArray, AnyArray]:
    """Return the part of a waveform between `start` and `stop` [unit of `axis`], with interpolated ends.

    Parameters
    ----------
    values : (n_points,) array
        Waveform [any unit].
    axis : (n_points,) array
        Axis [any unit; s for a transient], rising.
    start, stop
        Ends of the part [unit of `axis`].

    Returns
    -------
    values, axis : (n_inside + 2,) arrays
    """
    values, axis = rising(values, axis)
    if not start <= stop:
        raise ParameterError(f"window {start:g} to {stop:g}: the start must come before the stop.")
    inside = (axis > start) & (axis < stop)
    ends = [value_at(values, axis, start), value_at(values, axis, stop)]
    return np.r_[ends[0], values[inside], ends[1]], np.r_[float(start), axis[inside], float(stop)]


def resistance(voltage: ArrayLike, current: ArrayLike, time: ArrayLike, start: float, stop: float) -> float:
    """Return mean voltage over mean current in a read window [ohm].

    Parameters
    ----------
    voltage, current : (n_points,) arrays
        [V] and [A].
    time : (n_points,) array
        [s].
    start, stop
        Read window [s].

    Returns
    -------
    float
        [ohm]; inf if no current flows.
    """
    mean_current = mean(*clip(current, time, start, stop))
    return mean(*clip(voltage, time, start, stop)) / mean_current if mean_current else math.inf


def time_to_final(values: ArrayLike, axis: ArrayLike, tolerance: float = 0.01) -> float:
    """Return the time from the first point until the waveform stays close to its last value [unit of `axis`].

    Close means within `tolerance` times the step from the first to the last value (or, without a step, times the
    largest excursion).

    Parameters
    ----------
    values : (n_points,) array
        Waveform [any unit].
    axis : (n_points,) array
        Axis [any unit; s for a transient], rising.
    tolerance
        Share of the step [1].
    """
    values, axis = rising(values, axis, real=True)
    if not 0 < tolerance < 1:
        raise ParameterError(f"tolerance = {shown(tolerance)}: a fraction between 0 and 1 is needed.")
    distance = np.abs(values - values[-1])
    band = tolerance * float(distance[0] or distance.max())
    outside = np.flatnonzero(distance > band)
    if not outside.size:
        return 0.0
    k = int(outside[-1])
    fraction = (distance[k] - band) / (distance[k] - distance[k + 1])
    return float(axis[k] + fraction * (axis[k + 1] - axis[k]) - axis[0])
