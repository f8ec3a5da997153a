"""Measurements on edges and pulses by the definitions of IEEE Std 181.

Unless levels are given, they are the state levels of :func:`rramcirc.analysis.levels.state_levels`: where the waveform
rests, found from a histogram weighted by time, so that ringing does not move them. The amplitude is their difference;
0 % is the low and 100 % the high level. A transition passes the 50 % level.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.analysis.columns import finite, rising
from rramcirc.analysis.levels import Transitions, state_levels, transitions
from rramcirc.analysis.measurements import EDGES, crossings
from rramcirc.analysis.spikes import spike_times
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown, unknown_name


def low_level(values: ArrayLike, axis: ArrayLike) -> float:
    """Return the low state level [unit of `values`].

    Parameters
    ----------
    values, axis : (n_points,) arrays
        Waveform [any unit] and rising axis [any unit; s for a transient].
    """
    return state_levels(values, axis).low


def high_level(values: ArrayLike, axis: ArrayLike) -> float:
    """Return the high state level [unit of `values`].

    Parameters
    ----------
    values, axis : (n_points,) arrays
        Waveform [any unit] and rising axis [any unit; s for a transient].
    """
    return state_levels(values, axis).high


def rise_time(
    values: ArrayLike,
    axis: ArrayLike,
    low: float = 0.1,
    high: float = 0.9,
    base: float | None = None,
    top: float | None = None,
) -> float:
    """Return the time from `low` to `high` of the amplitude on the first rising edge [unit of `axis`].

    From the last passage of the lower level before, to the first one of the upper level after the transition (a
    passage through 50 %).

    Parameters
    ----------
    values, axis : (n_points,) arrays
        Waveform [any unit] and rising axis [any unit; s for a transient].
    low, high
        Fractions of the amplitude [1].
    base, top
        Levels of 0 % and 100 % [unit of `values`]; None is the state level.

    Returns
    -------
    float
        NaN if there is no such edge.

    Examples
    --------
    >>> round(rise_time([0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 2.0, 3.0]), 9)
    0.8
    """
    values, axis = rising(values, axis, real=True)
    if not 0 < low < high < 1:
        raise ParameterError(f"low = {shown(low)}, high = {shown(high)}: fractions with 0 < low < high < 1 are needed.")
    bottom, full = _levels(values, axis, base, top)
    if not full > bottom:
        return math.nan
    starts = crossings(values, axis, bottom + low * (full - bottom), "rise")
    ends = crossings(values, axis, bottom + high * (full - bottom), "rise")
    places, rises = transitions(values, axis, bottom, full)
    bounds = [-math.inf, *places, math.inf]
    # (from, transition, to); without a transition, as given levels may lie beyond the waveform, the first edge counts
    spans = [(bounds[k], places[k], bounds[k + 2]) for k in np.flatnonzero(rises)]
    for first, place, last in spans if places.size else [(-math.inf, -math.inf, math.inf)]:
        after = ends[(ends >= (place if high >= 0.5 else first)) & (ends <= last)][:1]
        before = starts[(starts >= first) & (starts <= after)] if after.size else after
        if before.size:
            return float(after[0] - before[-1])
    return math.nan


def fall_time(
    values: ArrayLike,
    axis: ArrayLike,
    low: float = 0.1,
    high: float = 0.9,
    base: float | None = None,
    top: float | None = None,
) -> float:
    """Return the time from `high` to `low` of the amplitude on the first falling edge [unit of `axis`].

    Parameters
    ----------
    values, axis : (n_points,) arrays
        Waveform [any unit] and rising axis [any unit; s for a transient].
    low, high
        Fractions of the amplitude [1].
    base, top
        Levels of 0 % and 100 % [unit of `values`]; None is the state level.
    """
    values, axis = rising(values, axis, real=True)
    bottom, full = _levels(values, axis, base, top)
    if not full > bottom:
        return math.nan
    return rise_time(-values, axis, 1 - high, 1 - low, -full, -bottom)


def slew_rate(
    values: ArrayLike,
    axis: ArrayLike,
    low: float = 0.1,
    high: float = 0.9,
    base: float | None = None,
    top: float | None = None,
) -> float:
    """Return the slope of the first edge from `low` to `high` of the amplitude [unit of `values` per unit of `axis`].

    Positive on a rising edge, negative on a falling one.

    Parameters
    ----------
    values, axis : (n_points,) arrays
        Waveform [any unit] and rising axis [any unit; s for a transient].
    low, high
        Fractions of the amplitude [1].
    base, top
        Levels of 0 % and 100 % [unit of `values`]; None is the state level.
    """
    values, axis = rising(values, axis, real=True)
    bottom, full = _levels(values, axis, base, top)
    found = transitions(values, axis, bottom, full)
    if not found.places.size:
        return math.nan
    rises = bool(found.rises[0])
    duration = (rise_time if rises else fall_time)(values, axis, low, high, bottom, full)
    return (high - low) * (full - bottom) / duration * (1 if rises else -1) if duration > 0 else math.nan


def overshoot(values: ArrayLike, axis: ArrayLike, base: float | None = None, top: float | None = None) -> float:
    """Return by how much the waveform goes beyond its level after the first transition [% of the amplitude].

    Above the high level after a rising edge, below the low level after a falling one, up to the next transition; at
    least 0.

    Parameters
    ----------
    values, axis : (n_points,) arrays
        Waveform [any unit] and rising axis [any unit; s for a transient].
    base, top
        Levels of 0 % and 100 % [unit of `values`]; None is the state level.
    """
    values, axis = rising(values, axis, real=True)
    bottom, full = _levels(values, axis, base, top)
    found = transitions(values, axis, bottom, full)
    if not found.places.size:
        return math.nan
    after = _after_first(values, axis, found)
    beyond = float(after.max()) - full if found.rises[0] else bottom - float(after.min())
    return max(0.0, 100 * beyond / (full - bottom))


def settling_time(
    values: ArrayLike, axis: ArrayLike, tolerance: float = 0.01, base: float | None = None, top: float | None = None
) -> float:
    """Return the time from the first transition until the waveform stays close to its level [unit of `axis`].

    From the 50 % level to the last time that it enters ``level +- tolerance * amplitude`` before the next transition.

    Parameters
    ----------
    values, axis : (n_points,) arrays
        Waveform [any unit] and rising axis [any unit; s for a transient].
    tolerance
        Fraction of the amplitude [1].
    base, top
        Levels of 0 % and 100 % [unit of `values`]; None is the state level.

    Returns
    -------
    float
        NaN if there is no transition, or it does not settle.
    """
    values, axis = rising(values, axis, real=True)
    if not 0 < tolerance < 0.5:
        raise ParameterError(
            f"tolerance = {shown(tolerance)}: a fraction of the amplitude between 0 and 0.5 is needed."
        )
    bottom, full = _levels(values, axis, base, top)
    found = transitions(values, axis, bottom, full)
    if not found.places.size:
        return math.nan
    last = len(values) if len(found.places) == 1 else int(np.searchsorted(axis, found.places[1]))
    level, band = (full if found.rises[0] else bottom), tolerance * (full - bottom)
    distance = np.abs(values[:last] - level)
    if len(found.places) > 1:  # the next edge leaves the band for good
        inside = np.flatnonzero(distance <= 0.5 * band)
        last = int(inside[-1]) + 1 if inside.size else 0
        distance = distance[:last]
    if not last or distance[-1] > band:
        return math.nan
    k = int(np.flatnonzero(distance > band)[-1])
    edge = level + math.copysign(band, values[k] - level)
    place = axis[k] + (edge - values[k]) / (values[k + 1] - values[k]) * (axis[k + 1] - axis[k])
    return float(max(0.0, place - found.places[0]))


def pulse_width(values: ArrayLike, axis: ArrayLike, level: float | None = None) -> float:
    """Return the time from the first rise through `level` to the next fall [unit of `axis`].

    Parameters
    ----------
    values, axis : (n_points,) arrays
        Waveform [any unit] and rising axis [any unit; s for a transient].
    level
        [unit of `values`]; None is the 50 % level.

    Returns
    -------
    float
        NaN if there is no whole pulse.
    """
    values, axis = rising(values, axis, real=True)
    if level is None:
        places, rises = transitions(values, axis, *state_levels(values, axis))
        up, down = places[rises == 1], places[rises == 0]
    else:
        up, down = (crossings(values, axis, level, edge) for edge in ("rise", "fall"))
    down = down[down >= up[0]] if up.size else down[:0]
    return float(down[0] - up[0]) if down.size else math.nan


def delay(values: ArrayLike, other: ArrayLike, axis: ArrayLike, edge: str = "both", other_edge: str = "both") -> float:
    """Return the time from a waveform's first transition to another's first one at or after it [unit of `axis`].

    Parameters
    ----------
    values, other, axis : (n_points,) arrays
        Waveforms [any unit] and their rising axis [any unit; s for a transient]. Each has state levels of its own.
    edge, other_edge
        Which transitions count: ``rise``, ``fall`` or ``both``.

    Returns
    -------
    float
        NaN if one of them has no such transition.
    """
    first = _places(transitions(values, axis, *state_levels(values, axis)), edge)[:1]
    second = _places(transitions(other, axis, *state_levels(other, axis)), other_edge)
    second = second[second >= first[0]] if first.size else second[:0]
    return float(second[0] - first[0]) if second.size else math.nan


def period(values: ArrayLike, axis: ArrayLike) -> float:
    """Return the mean time between successive rising transitions [unit of `axis`]; NaN if there are fewer than two.

    Parameters
    ----------
    values, axis : (n_points,) arrays
        Waveform [any unit] and rising axis [any unit; s for a transient].
    """
    up = _places(transitions(values, axis, *state_levels(values, axis)), "rise")
    return float((up[-1] - up[0]) / (len(up) - 1)) if len(up) > 1 else math.nan


def frequency(values: ArrayLike, axis: ArrayLike) -> float:
    """Return 1 / :func:`period` [1 / unit of `axis`].

    Parameters
    ----------
    values, axis : (n_points,) arrays
        Waveform [any unit] and rising axis [any unit; s for a transient].
    """
    return 1 / period(values, axis)


def duty_cycle(values: ArrayLike, axis: ArrayLike) -> float:
    """Return the share of the time above the 50 % level, over whole periods [%]; NaN without a whole period.

    Parameters
    ----------
    values, axis : (n_points,) arrays
        Waveform [any unit] and rising axis [any unit; s for a transient].
    """
    places, rises = transitions(values, axis, *state_levels(values, axis))
    up = places[rises == 1]
    if len(up) < 2:
        return math.nan
    down = places[(rises == 0) & (places > up[0]) & (places < up[-1])]
    return float(100 * np.sum(down - up[:-1]) / (up[-1] - up[0]))


def spike_count(values: ArrayLike, axis: ArrayLike, level: float | None = None) -> float:
    """Return how often the waveform rises through `level`.

    Between two spikes it must fall below by a tenth of its range, so that ripple does not count.

    Parameters
    ----------
    values, axis : (n_points,) arrays
        Waveform [any unit] and rising axis [any unit; s for a transient].
    level
        [unit of `values`]; None is half-way between the least and the greatest value.
    """
    return float(len(_spikes(values, axis, level)))


def inter_spike_interval(values: ArrayLike, axis: ArrayLike, level: float | None = None) -> float:
    """Return the mean time between the spikes of :func:`spike_count` [unit of `axis`]; NaN if there are not two.

    Parameters
    ----------
    values, axis : (n_points,) arrays
        Waveform [any unit] and rising axis [any unit; s for a transient].
    level
        [unit of `values`]; None is half-way between the least and the greatest value.
    """
    times = _spikes(values, axis, level)
    return float((times[-1] - times[0]) / (len(times) - 1)) if len(times) > 1 else math.nan


def _spikes(values: ArrayLike, axis: ArrayLike, level: float | None) -> FloatArray:
    values, axis = rising(values, axis, real=True)
    least, most = float(values.min()), float(values.max())
    threshold = 0.5 * (least + most) if level is None else finite(level, "level")
    if not most > least:
        return axis[:0]
    return spike_times(values, axis, threshold, 0.1 * (most - least))


def _levels(values: FloatArray, axis: FloatArray, base: float | None, top: float | None) -> tuple[float, float]:
    """Return the levels that are given, or the state levels."""
    if base is not None and top is not None:
        low, high = finite(base, "base"), finite(top, "top")
        if not low < high:
            raise ParameterError(f"base = {shown(base)}, top = {shown(top)}: the base must lie below the top.")
        return low, high
    found = state_levels(values, axis)
    return (found.low if base is None else finite(base, "base")), (found.high if top is None else finite(top, "top"))


def _after_first(values: FloatArray, axis: FloatArray, found: Transitions) -> FloatArray:
    """Return the points from the first transition to the second."""
    start = int(np.searchsorted(axis, found.places[0]))
    stop = int(np.searchsorted(axis, found.places[1])) if len(found.places) > 1 else len(values)
    return values[min(start, len(values) - 1) : max(stop, start + 1)]


def _places(found: Transitions, edge: str) -> FloatArray:
    if edge not in EDGES:
        raise ParameterError(unknown_name("edge", str(edge), EDGES))
    return found.places if edge == "both" else found.places[found.rises == (edge == "rise")]
