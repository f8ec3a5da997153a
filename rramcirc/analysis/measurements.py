"""Measurements on arrays: crossings, averages, energies, edges, resistances.

Between two points a waveform is taken as a straight line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.analysis.expressions import evaluate, split_arguments
from rramcirc.basics.arguments import real_curve
from rramcirc.basics.arrays import AnyArray, FloatArray
from rramcirc.basics.errors import ParameterError, WaveformError, shown, unknown_name
from rramcirc.basics.units import parse_number
from rramcirc.waveforms.waveforms import Waveforms

EDGES = ("both", "rise", "fall")
_INTEGRAL_UNITS = {("W", "s"): "J", ("A", "s"): "C", ("A", "V"): "W", ("V", "A"): "W"}


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
    values, axis = _pair(values, axis, real=True)
    level = _finite(level, "level")
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
    return float(np.min(_column(values, real=True)))


def maximum(values: ArrayLike) -> float:
    """Return the largest value [unit of `values`].

    Parameters
    ----------
    values : (n_points,) array
        Waveform [any unit].
    """
    return float(np.max(_column(values, real=True)))


def final(values: ArrayLike) -> float:
    """Return the last value [unit of `values`].

    Parameters
    ----------
    values : (n_points,) array
        Waveform [any unit].
    """
    last: float = _column(values)[-1].item()
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
    values, axis = _pair(values, axis)
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
    values, axis = _rising(values, axis)
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
    values, axis = _rising(values, axis)
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
    voltage, axis = _pair(voltage, time, real=True)
    current, axis = _pair(current, time, real=True)
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
    values, axis = _rising(values, axis)
    at = _finite(at, "at")
    if not axis[0] <= at <= axis[-1]:
        raise ParameterError(f"at = {at:g} is outside the axis, which is {axis[0]:g} to {axis[-1]:g}.")
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
    values, axis = _rising(values, axis)
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


def rise_time(values: ArrayLike, axis: ArrayLike, low: float = 0.1, high: float = 0.9) -> float:
    """Return the time from `low` to `high` (fractions of minimum to maximum) on the first rising edge [unit of `axis`].

    Parameters
    ----------
    values : (n_points,) array
        Waveform [any unit].
    axis : (n_points,) array
        Axis [any unit; s for a transient], rising.
    low, high
        Where the edge begins and ends [1], fractions of the way from minimum to maximum.

    Returns
    -------
    float
        NaN if there is no such edge.
    """
    values, axis = _rising(values, axis, real=True)
    if not 0 < low < high < 1:
        raise ParameterError(f"low = {shown(low)}, high = {shown(high)}: fractions with 0 < low < high < 1 are needed.")
    base, top = float(values.min()), float(values.max())
    ends = crossings(values, axis, base + high * (top - base), "rise")
    starts = crossings(values, axis, base + low * (top - base), "rise")
    starts = starts[starts <= ends[0]] if ends.size else starts[:0]
    return float(ends[0] - starts[-1]) if starts.size else math.nan


def fall_time(values: ArrayLike, axis: ArrayLike, low: float = 0.1, high: float = 0.9) -> float:
    """Return the time from `high` to `low` on the first falling edge [unit of `axis`].

    Parameters
    ----------
    values : (n_points,) array
        Waveform [any unit].
    axis : (n_points,) array
        Axis [any unit; s for a transient], rising.
    low, high
        Where the edge ends and begins [1], fractions of the way from minimum to maximum.

    Returns
    -------
    float
        NaN if there is no such edge.
    """
    return rise_time(-_column(values, real=True), axis, low, high)


def pulse_width(values: ArrayLike, axis: ArrayLike, level: float | None = None) -> float:
    """Return the time from the first rise through `level` to the next fall [unit of `axis`].

    Parameters
    ----------
    values, axis : (n_points,) arrays
        Waveform [any unit] and rising axis [any unit; s for a transient].
    level
        [unit of `values`]; None is half-way between minimum and maximum.

    Returns
    -------
    float
        NaN if there is no whole pulse.
    """
    values, axis = _rising(values, axis, real=True)
    level = 0.5 * (minimum(values) + maximum(values)) if level is None else level
    rises = crossings(values, axis, level, "rise")
    falls = crossings(values, axis, level, "fall")
    falls = falls[falls >= rises[0]] if rises.size else falls[:0]
    return float(falls[0] - rises[0]) if falls.size else math.nan


def settling_time(values: ArrayLike, axis: ArrayLike, tolerance: float = 0.01) -> float:
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
    values, axis = _rising(values, axis, real=True)
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


def measure(text: str, waveforms: Waveforms) -> list[tuple[str, float, str]]:
    """Return the rows of one measurement written as text.

    Parameters
    ----------
    text
        ``NAME(EXPRESSION, ...)`` with NAME one of crossing, min, max, mean, rms, integral, final, at, rise_time,
        fall_time, pulse_width, settling_time, energy, resistance; see the examples and :data:`MEASUREMENTS`.
    waveforms
        Where the signals are.

    Returns
    -------
    list of (label, value, unit)
        One row; one for each crossing (NaN if there is none).

    Raises
    ------
    ParameterError
        If the text cannot be read.
    WaveformError
        If a signal is unknown.

    Examples
    --------
    >>> wf = Waveforms("time", "s", [0.0, 1.0], {"v(a)": [0.0, 2.0], "i(a)": [0.0, 1.0]}, {"v(a)": "V", "i(a)": "A"})
    >>> measure("crossing(v(a), 500m, rise)", wf)
    [('crossing(v(a), 500m, rise)', 0.25, 's')]
    >>> measure("integral(v(a)*i(a))", wf)
    [('integral(v(a)*i(a))', 1.0, 'J')]
    """
    text = text.strip() if isinstance(text, str) else str(text)
    call = re.fullmatch(r"(\w+)\s*\((.*)\)", text, re.DOTALL)
    if call is None or call[1].lower() not in MEASUREMENTS:
        known = unknown_name("measurement", call[1] if call else text, MEASUREMENTS)
        raise ParameterError(f"{known} Write for example 'crossing(i(bl3), 50u)'. Known: {', '.join(MEASUREMENTS)}.")
    usage, fewest, function = MEASUREMENTS[call[1].lower()]
    arguments = split_arguments(call[2])
    if not fewest <= len(arguments) <= usage.count(",") + 1 or not all(arguments):
        raise ParameterError(f"{shown(text)}: write {usage}.")
    rows = function(arguments, waveforms)
    labels = [text] if len(rows) == 1 else [f"{text}[{k}]" for k in range(len(rows))]
    return [(label, value, unit) for label, (value, unit) in zip(labels, rows, strict=True)]


Rows = list[tuple[float, str]]


def _of_values(function: Callable[[AnyArray], float]) -> Callable[[list[str], Waveforms], Rows]:
    def rows(arguments: list[str], waveforms: Waveforms) -> Rows:
        values, unit = evaluate(arguments[0], waveforms)
        return [(function(values), unit)]

    return rows


def _of_waveform(
    function: Callable[[AnyArray, AnyArray], float], along_axis: bool = False
) -> Callable[[list[str], Waveforms], Rows]:
    def rows(arguments: list[str], waveforms: Waveforms) -> Rows:
        values, unit = evaluate(arguments[0], waveforms)
        numbers = [parse_number(a, "" if along_axis else unit, arguments[0]) for a in arguments[1:]]
        return [(function(values, waveforms.axis, *numbers), waveforms.axis_unit if along_axis else unit)]

    return rows


def _crossing(arguments: list[str], waveforms: Waveforms) -> Rows:
    values, unit = evaluate(arguments[0], waveforms)
    found = crossings(values, waveforms.axis, parse_number(arguments[1], unit, "level"), *arguments[2:])
    return [(float(x), waveforms.axis_unit) for x in found] or [(math.nan, waveforms.axis_unit)]


def _at(arguments: list[str], waveforms: Waveforms) -> Rows:
    values, unit = evaluate(arguments[0], waveforms)
    return [(value_at(values, waveforms.axis, parse_number(arguments[1], waveforms.axis_unit, "at")), unit)]


def _integral(arguments: list[str], waveforms: Waveforms) -> Rows:
    values, unit = evaluate(arguments[0], waveforms)
    axis_unit = waveforms.axis_unit
    product = _INTEGRAL_UNITS.get((unit, axis_unit), f"{unit} {axis_unit}" if unit and axis_unit else "")
    return [(integral(values, waveforms.axis), product)]


def _pulse_width(arguments: list[str], waveforms: Waveforms) -> Rows:
    values, unit = evaluate(arguments[0], waveforms)
    level = parse_number(arguments[1], unit, "level") if arguments[1:] else None
    return [(pulse_width(values, waveforms.axis, level), waveforms.axis_unit)]


def _energy(arguments: list[str], waveforms: Waveforms) -> Rows:
    voltage, current = (evaluate(a, waveforms)[0] for a in arguments)
    return [(energy(voltage, current, waveforms.time), "J")]


def _resistance(arguments: list[str], waveforms: Waveforms) -> Rows:
    voltage, current = (evaluate(a, waveforms)[0] for a in arguments[:2])
    start, stop = (parse_number(a, waveforms.axis_unit, "window") for a in arguments[2:])
    return [(resistance(voltage, current, waveforms.axis, start, stop), "ohm")]


#: How each measurement is written, the fewest arguments, and the function that makes its rows.
MEASUREMENTS: dict[str, tuple[str, int, Callable[[list[str], Waveforms], Rows]]] = {
    "crossing": ("crossing(EXPRESSION, LEVEL, rise|fall|both)", 2, _crossing),
    "min": ("min(EXPRESSION)", 1, _of_values(minimum)),
    "max": ("max(EXPRESSION)", 1, _of_values(maximum)),
    "mean": ("mean(EXPRESSION)", 1, _of_waveform(mean)),
    "rms": ("rms(EXPRESSION)", 1, _of_waveform(rms)),
    "integral": ("integral(EXPRESSION)", 1, _integral),
    "final": ("final(EXPRESSION)", 1, _of_values(final)),
    "at": ("at(EXPRESSION, PLACE)", 2, _at),
    "rise_time": ("rise_time(EXPRESSION, LOW, HIGH)", 1, _of_waveform(rise_time, along_axis=True)),
    "fall_time": ("fall_time(EXPRESSION, LOW, HIGH)", 1, _of_waveform(fall_time, along_axis=True)),
    "pulse_width": ("pulse_width(EXPRESSION, LEVEL)", 1, _pulse_width),
    "settling_time": ("settling_time(EXPRESSION, TOLERANCE)", 1, _of_waveform(settling_time, along_axis=True)),
    "energy": ("energy(VOLTAGE, CURRENT)", 2, _energy),
    "resistance": ("resistance(VOLTAGE, CURRENT, START, STOP)", 4, _resistance),
}


def _column(values: ArrayLike, real: bool = False, name: str = "values") -> AnyArray:
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


def _pair(values: ArrayLike, axis: ArrayLike, real: bool = False) -> tuple[AnyArray, FloatArray]:
    values, axis = _column(values, real), _column(axis, real=True, name="axis")
    if values.shape != axis.shape:
        raise ParameterError(f"values have {values.size} points and the axis has {axis.size}.")
    return values, axis


def _rising(values: ArrayLike, axis: ArrayLike, real: bool = False) -> tuple[AnyArray, FloatArray]:
    values, axis = _pair(values, axis, real)
    if np.any(np.diff(axis) < 0):
        raise WaveformError("the axis goes back (a sweep forth and back?); this measurement needs a rising axis.")
    return values, axis


def _finite(value: float, name: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ParameterError(f"{name} = {shown(value)} is no number.") from None
    if not math.isfinite(number):
        raise ParameterError(f"{name} = {shown(value)} must be finite.")
    return number
