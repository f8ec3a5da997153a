r"""State levels and transitions of a waveform, as IEEE Std 181 defines them.

A waveform of two states rests at a low and at a high *state level*. They are found from the histogram of its values,
each value weighted by the time the waveform spends there (straight lines between the points), not by the number of
points, so that dense points on edges and ringing do not count more:

1. The range from the least to the greatest value is divided in the middle.
2. In each half, the level is where the waveform spends most time: the mean of what lies around the fullest bin.
3. A half without such a place (less than 12 % of its time within 3 % of the range: the flank of a spike, a triangle)
   has its outermost value as level.
4. Strong ringing can put both states into one half, or one state into both. If the waveform rests at two places of
   one half and at none of the other, or if both levels lie within a quarter of the range, the levels are the fullest
   bin and the fullest one that is at least a quarter of the range away.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.analysis.columns import rising
from rramcirc.basics.arrays import FloatArray, IntArray

_BINS = 50  # in half of the range
_MANY = 20_000  # points
_RESTS = 0.12  # least share of the time of a half within three bins around a level
_APART = 0.25  # least distance of two levels in one half, in parts of the range
_HYSTERESIS = 0.1  # of the amplitude, on both sides of the middle, that a transition must cross


class StateLevels(NamedTuple):
    """Low and high state level [unit of the waveform]; NaN where there is no number."""

    low: float
    high: float


class Transitions(NamedTuple):
    """Where a waveform passes the middle between its levels [unit of the axis], and whether it rises there."""

    places: FloatArray
    rises: IntArray


class _Segments(NamedTuple):
    """Straight pieces of a waveform: lower and upper end, and how long they last."""

    low: FloatArray
    high: FloatArray
    weight: FloatArray

    def within(self, start: float, stop: float) -> tuple[float, float]:
        """Return the time spent between two values, and the mean of the waveform there."""
        inside = np.clip(np.minimum(self.high, stop) - np.maximum(self.low, start), 0.0, None)
        span = self.high - self.low
        flat = span <= 0
        share = np.where(flat, (self.low >= start) & (self.low <= stop), inside / np.where(flat, 1.0, span))
        weight = self.weight * share
        total = float(weight.sum())
        middle = 0.5 * (np.maximum(self.low, start) + np.minimum(self.high, stop))
        return total, float((weight * middle).sum() / total) if total > 0 else math.nan

    def histogram(self, edges: FloatArray) -> FloatArray:
        """Return the time spent in each bin; a value on an edge belongs to the bin above it."""
        first = np.searchsorted(edges, self.low, "right") - 1
        last = np.searchsorted(edges, self.high, "right") - 1
        one = first == last
        if len(one) > _MANY:  # with so many points it does not matter on which side of an edge a short piece counts
            middle = np.searchsorted(edges, 0.5 * (self.low + self.high), "right") - 1
            one = last - first <= 3
            first = np.where(one, middle, first)
        inside = one & (first >= 0) & (first < len(edges) - 1)
        full = np.bincount(first[inside], self.weight[inside], len(edges) - 1).astype(np.float64)
        low, rate = self.low[~one], self.weight[~one] / (self.high - self.low)[~one]
        below = np.array(
            [float((rate * np.clip(edge - low, 0.0, (self.high - self.low)[~one])).sum()) for edge in edges]
        )
        return full + np.diff(below)


def state_levels(values: ArrayLike, axis: ArrayLike) -> StateLevels:
    """Return the low and the high state level of a waveform, from its histogram weighted by time.

    Parameters
    ----------
    values, axis : (n_points,) arrays
        Waveform [any unit] and rising axis [any unit; s for a transient].

    Returns
    -------
    StateLevels
        [unit of `values`]; both equal for a constant waveform.

    Examples
    --------
    >>> state_levels([0.0, 0.0, 1.3, 1.0, 1.0], [0.0, 1.0, 1.1, 1.2, 3.0])
    StateLevels(low=0.0, high=1.0)
    """
    values, axis = rising(values, axis, real=True)
    least, most = float(values.min()), float(values.max())
    if not (math.isfinite(least) and math.isfinite(most)):
        return StateLevels(math.nan, math.nan)
    steps = np.diff(axis)
    if not most > least or not steps.any() or not math.isfinite(most - least):
        return StateLevels(least, most)
    ends = values[:-1], values[1:]
    moving = steps > 0
    # in parts of the range, so that scaling the waveform scales the levels
    low, high = ((f(*ends)[moving] - least) / (most - least) for f in (np.minimum, np.maximum))
    segments = _Segments(low, high, steps[moving] / float(steps.sum()))
    found = _halves(segments)
    return StateLevels(*(least + part * (most - least) for part in found))


def _halves(segments: _Segments) -> tuple[float, float]:
    """Return the levels in parts of the range."""
    edges = np.linspace(0.0, 1.0, 2 * _BINS + 1)
    edges[-1] = np.nextafter(1.0, 2.0)
    time = segments.histogram(edges)
    halves = time[:_BINS], time[_BINS:]
    rests = [_rests(half, int(half.argmax()), float(half.sum())) for half in halves]
    bottom = _level(segments, edges, int(halves[0].argmax())) if rests[0] else 0.0
    top = _level(segments, edges, _BINS + int(halves[1].argmax())) if rests[1] else 1.0
    near = top - bottom < _APART  # one state, which the middle of the range divides
    if not near and (all(rests) or not any(rests)):
        return bottom, top
    full = int(time.argmax())
    apart = np.abs(np.arange(len(time)) - full) >= _APART * len(time)
    second = int(np.where(apart, time, 0.0).argmax())
    if not near and not _rests(time, second, 1.0):
        return bottom, top
    return _level(segments, edges, min(full, second)), _level(segments, edges, max(full, second))


def _rests(time: FloatArray, bin_: int, total: float) -> bool:
    """Return whether the waveform spends enough time in and beside a bin."""
    return total > 0 and float(time[max(0, bin_ - 1) : bin_ + 2].sum()) > _RESTS * total


def _level(segments: _Segments, edges: FloatArray, bin_: int) -> float:
    """Return the level around a bin: the mean of what is near, ever nearer as long as most of it stays.

    Where the fullest bin is the outermost one, and again when it is divided by ten, the outermost value is the level.
    """
    for outermost, value, inner in ((0, 0.0, 0), (len(edges) - 2, 1.0, 9)):
        if (
            bin_ == outermost
            and int(segments.histogram(np.linspace(edges[bin_], edges[bin_ + 1], 11)).argmax()) == inner
        ):
            return value
    half = 1.5 / (2 * _BINS)
    level = 0.5 * (edges[bin_] + edges[bin_ + 1])
    near_bin = (segments.high > level - 8 * half) & (segments.low < level + 8 * half)
    segments = _Segments(segments.low[near_bin], segments.high[near_bin], segments.weight[near_bin])
    for _ in range(12):
        for _ in range(10):
            before = level
            near, level = segments.within(level - half, level + half)
            if abs(level - before) < 0.01 * half:
                break
        if segments.within(level - half / 4, level + half / 4)[0] < 0.8 * near:
            break
        half /= 4
    return float(level)


def transitions(values: ArrayLike, axis: ArrayLike, low: float, high: float) -> Transitions:
    """Return where a waveform passes the middle between two levels for good.

    It must go from 10 % of the amplitude below the middle to 10 % above it, or back, so that noise and ringing around
    the middle are no transitions. Each is put where the waveform first passes the middle.

    Parameters
    ----------
    values, axis : (n_points,) arrays
        Waveform [any unit] and rising axis [any unit; s for a transient].
    low, high
        Levels [unit of `values`].
    """
    values, axis = rising(values, axis, real=True)
    nothing = Transitions(np.empty(0), np.empty(0, np.int64))
    if not high > low:
        return nothing
    middle, guard = 0.5 * (low + high), _HYSTERESIS * (high - low)
    state = (values >= middle + guard).astype(np.int64) - (values <= middle - guard)
    decided = np.flatnonzero(state)
    changes = np.flatnonzero(np.diff(state[decided]))
    if not changes.size:
        return nothing
    rises = state[decided[changes + 1]] > 0
    places = np.empty(len(changes))
    for upward in (True, False):
        mirrored, level = (values, middle) if upward else (-values, -middle)
        passes = np.flatnonzero((mirrored[:-1] < level) & (mirrored[1:] >= level))
        own = rises == upward
        k = passes[np.searchsorted(passes, decided[changes[own]])]
        places[own] = axis[k] + (level - mirrored[k]) / (mirrored[k + 1] - mirrored[k]) * (axis[k + 1] - axis[k])
    return Transitions(places, rises.astype(np.int64))
