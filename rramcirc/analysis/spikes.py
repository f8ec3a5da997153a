"""Measurements on spikes: times, rates, intervals, overlaps, STDP windows, recall and classification.

Plain functions on arrays; every one says its unit and formula. Delays are :math:`\\Delta t = t_{post} - t_{pre}`:
positive where the PRE neuron fires first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray
from rramcirc.basics.errors import ParameterError, WaveformError, shown
from rramcirc.basics.units import number_from_zero, positive_number, real_number, whole_number


def spike_times(values: ArrayLike, time: ArrayLike, threshold: float, hysteresis: float = 0.0) -> FloatArray:
    """Return the times at which a waveform rises through a threshold, straight lines between the points.

    After a spike the waveform must fall below ``threshold - hysteresis`` before the next one counts, so that ripple on
    top of a pulse is no second spike. A waveform that starts above the threshold has not risen through it.

    Parameters
    ----------
    values : (n_points,) array
        Waveform, for example the gate line of a neuron [V].
    time : (n_points,) array
        Ascending [s].
    threshold
        [unit of `values`].
    hysteresis
        At least 0 [unit of `values`].

    Returns
    -------
    (n_spikes,) array
        [s].

    Examples
    --------
    >>> spike_times([0.0, 1.0, 0.4, 1.0, 0.0, 1.0], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 0.5, 0.2)
    array([0.5, 4.5])
    """
    values, time = _vector("values", values), _ascending("time", time)
    if values.size != time.size or not values.size:
        raise ParameterError(
            f"spike_times: {values.size} values and {time.size} times; give equally many, at least one."
        )
    threshold = real_number(threshold, "spike_times: threshold")
    low = threshold - number_from_zero(hysteresis, "spike_times: hysteresis")
    above, below = values >= threshold, values < low
    decided = above | below | (np.arange(values.size) == 0)
    latest = np.maximum.accumulate(np.where(decided, np.arange(values.size), 0))
    state = above[latest]
    k = np.flatnonzero(~state[:-1] & state[1:])
    return time[k] + (threshold - values[k]) / (values[k + 1] - values[k]) * (time[k + 1] - time[k])


def firing_rate(times: ArrayLike, start: float, stop: float) -> float:
    r"""Return the mean rate :math:`N / (t_1 - t_0)` of the spikes with start <= t < stop [Hz].

    Parameters
    ----------
    times : (n_spikes,) array
        [s].
    start, stop
        Window [s].
    """
    times = _vector("firing_rate: times", times)
    length = _window("firing_rate", start, stop)
    return float(np.count_nonzero((times >= start) & (times < stop)) / length)


def rate_curve(times: ArrayLike, edges: ArrayLike) -> FloatArray:
    """Return the rate in each bin [Hz]: spikes of the bin over its width.

    Parameters
    ----------
    times : (n_spikes,) array
        [s].
    edges : (n_bins + 1,) array
        Ascending [s].
    """
    edges = _ascending("rate_curve: edges", edges)
    if edges.size < 2:
        raise ParameterError("rate_curve: edges: give at least two [s].")
    counts, _ = np.histogram(_vector("rate_curve: times", times), edges)
    return counts / np.diff(edges)


@dataclass(frozen=True)
class IntervalStatistics:
    """Statistics of the intervals between successive spikes; NaN where there are too few."""

    count: int = field(metadata={"desc": "number of intervals", "units": "1"})
    mean: float = field(metadata={"desc": "mean interval", "units": "s"})
    deviation: float = field(metadata={"desc": "standard deviation (n - 1)", "units": "s"})
    variation: float = field(
        metadata={"desc": "coefficient of variation, deviation / mean: 1 for Poisson", "units": "1"}
    )
    local_variation: float = field(metadata={"desc": "Lv of Shinomoto 2003: 1 for Poisson, 0 if regular", "units": "1"})
    shortest: float = field(metadata={"desc": "shortest interval", "units": "s"})


def interval_statistics(times: ArrayLike) -> IntervalStatistics:
    r"""Return the statistics of inter-spike intervals :math:`I_k = t_{k+1} - t_k`.

    :math:`C_V = \sigma_I / \bar I`;
    :math:`L_V = \frac{3}{n-1}\sum_k \left(\frac{I_k - I_{k+1}}{I_k + I_{k+1}}\right)^2`
    [Shinomoto2003], which slow changes of the rate leave alone.

    Parameters
    ----------
    times : (n_spikes,) array
        Ascending [s].
    """
    intervals = np.diff(_ascending("interval_statistics: times", times))
    n, nan = intervals.size, float("nan")
    mean = float(intervals.mean()) if n else nan
    deviation = float(intervals.std(ddof=1)) if n > 1 else nan
    local = nan
    if n > 1:
        before, after = intervals[:-1], intervals[1:]
        local = float(3.0 * np.mean(((before - after) / (before + after)) ** 2))
    shortest = float(intervals.min()) if n else nan
    return IntervalStatistics(n, mean, deviation, deviation / mean, local, shortest)


def overlap_time(
    first: ArrayLike, second: ArrayLike, time: ArrayLike, first_level: float, second_level: float
) -> float:
    """Return how long two waveforms are above their levels at the same time [s], straight lines between the points.

    Parameters
    ----------
    first, second : (n_points,) arrays
        For example a gate line and a top-electrode line [V].
    time : (n_points,) array
        Ascending [s].
    first_level, second_level
        [V]. For the negative half of a pulse, give the negated waveform and level.
    """
    time = _ascending("overlap_time: time", time)
    spans = []
    for name, values, level in (("first", first, first_level), ("second", second, second_level)):
        values = _vector(f"overlap_time: {name}", values)
        if values.size != time.size:
            raise ParameterError(f"overlap_time: {name}: {values.size} values, {time.size} times; give equally many.")
        spans.append(_above(values, time, real_number(level, f"overlap_time: {name}_level")))
    (a0, a1), (b0, b1) = spans
    return float(np.sum(np.clip(np.minimum(a1, b1) - np.maximum(a0, b0), 0.0, None)))


def interval_overlap(starts: ArrayLike, widths: ArrayLike, other_starts: ArrayLike, other_widths: ArrayLike) -> float:
    """Return the total time that the pulses of one train share with those of another [s].

    Parameters
    ----------
    starts, other_starts : (n,) and (m,) arrays
        Beginnings of the pulses [s]; the pulses of one train must not overlap each other.
    widths, other_widths
        Pulse widths [s]; one number holds for all.
    """
    trains = []
    for name, begin, width in (("starts", starts, widths), ("other_starts", other_starts, other_widths)):
        begin = _ascending(f"interval_overlap: {name}", begin)
        try:
            width = np.broadcast_to(np.asarray(width, dtype=float), begin.shape)
        except (TypeError, ValueError):
            raise ParameterError(
                f"interval_overlap: widths of {name}: give one number, or one per pulse [s]."
            ) from None
        if not np.all(width >= 0):
            raise ParameterError(f"interval_overlap: widths of {name}: {shown(width)} holds what is not at least 0 s.")
        trains.append((begin, begin + width))
    (a0, a1), (b0, b1) = trains
    shared = np.minimum(a1[:, None], b1[None, :]) - np.maximum(a0[:, None], b0[None, :])
    return float(np.sum(np.clip(shared, 0.0, None)))


def matched_spikes(times: ArrayLike, reference: ArrayLike, tolerance: float) -> int:
    """Return how many spikes of two trains pair off one to one within a tolerance.

    Parameters
    ----------
    times, reference : (n,) and (m,) arrays
        Ascending [s].
    tolerance
        Largest distance of a pair [s].

    Notes
    -----
    Earliest with earliest, which makes as many pairs as possible when all have the same tolerance.
    """
    a, b = _ascending("matched_spikes: times", times), _ascending("matched_spikes: reference", reference)
    tolerance = number_from_zero(tolerance, "matched_spikes: tolerance", "s")
    i = j = pairs = 0
    while i < a.size and j < b.size:
        if abs(a[i] - b[j]) <= tolerance:
            i, j, pairs = i + 1, j + 1, pairs + 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    return pairs


@dataclass(frozen=True)
class StdpWindow:
    """A fitted STDP window; a branch without data has NaN."""

    shape: str = field(metadata={"desc": "exponential or rectangular"})
    potentiation: float = field(metadata={"desc": "change at delays just above 0, A+", "units": "of the change"})
    potentiation_time: float = field(metadata={"desc": "time constant or width at positive delays", "units": "s"})
    depression: float = field(
        metadata={"desc": "change at delays just below 0, A-; its own sign", "units": "of the change"}
    )
    depression_time: float = field(metadata={"desc": "time constant or width at negative delays", "units": "s"})
    residual: float = field(metadata={"desc": "root mean square of data minus fit", "units": "of the change"})

    def __call__(self, delay: ArrayLike) -> FloatArray:
        """Return the fitted change at delays [s]; zero at a delay of 0."""
        delay = np.asarray(delay, dtype=float)
        shape = _SHAPES[self.shape]
        later = self.potentiation * shape(np.abs(delay), self.potentiation_time)
        earlier = self.depression * shape(np.abs(delay), self.depression_time)
        return np.where(delay > 0, later, np.where(delay < 0, earlier, 0.0))


_SHAPES: dict[str, Callable[[FloatArray, float], FloatArray]] = {
    "exponential": lambda distance, constant: np.exp(-distance / constant),
    "rectangular": lambda distance, width: (distance <= width).astype(float),
}


def fit_stdp_window(delay: ArrayLike, change: ArrayLike, shape: str = "exponential") -> StdpWindow:
    r"""Return the least-squares STDP window of measured changes.

    ``exponential``: :math:`\Delta G = A_\pm \exp(-|\Delta t|/\tau_\pm)` for :math:`\Delta t \gtrless 0`
    [S. Song, K. D. Miller, L. F. Abbott, Nat. Neurosci. 3, 919 (2000)].
    ``rectangular``: :math:`\Delta G = A_\pm` for :math:`0 < |\Delta t| \le T_\pm`, else 0, as pulses of constant height
    that overlap make it.

    Parameters
    ----------
    delay : (n,) array
        :math:`t_{post} - t_{pre}` [s]. A delay of 0 belongs to neither branch.
    change : (n,) array
        Change of conductance [S], or any other.
    shape
        ``"exponential"`` or ``"rectangular"``. The width of a rectangle lies half-way between two delays.
    """
    delay, change = _vector("fit_stdp_window: delay", delay), _vector("fit_stdp_window: change", change)
    if delay.size != change.size or delay.size == 0:
        raise ParameterError(f"fit_stdp_window: {delay.size} delays and {change.size} changes; give equally many.")
    if not isinstance(shape, str) or shape not in _SHAPES:
        raise ParameterError(f"fit_stdp_window: shape {shown(shape)} is not one of {', '.join(_SHAPES)}.")
    fit = _fit_exponential if shape == "exponential" else _fit_rectangle
    later, earlier = (
        fit(np.abs(delay[part]), change[part]) if np.any(part) else (float("nan"), float("nan"))
        for part in (delay > 0, delay < 0)
    )
    window = StdpWindow(shape, *later, *earlier, residual=0.0)
    used = delay != 0
    error = change[used] - window(delay[used])
    residual = float(np.sqrt(np.mean(error**2))) if error.size else float("nan")
    return StdpWindow(shape, *later, *earlier, residual=residual)


def _fit_exponential(distance: FloatArray, change: FloatArray) -> tuple[float, float]:
    """Return amplitude and time constant: the amplitude is linear, so only the time constant is searched."""
    from scipy.optimize import minimize_scalar

    def amplitude_at(log_constant: float) -> tuple[float, float]:
        shape = np.exp(-distance / np.exp(log_constant))
        scale = float(shape @ shape)
        amplitude = float(shape @ change) / scale if scale else 0.0
        return amplitude, float(np.sum((change - amplitude * shape) ** 2))

    grid = np.linspace(np.log(distance.min() / 10), np.log(10 * distance.max()), 200)
    best = int(np.argmin([amplitude_at(x)[1] for x in grid]))
    bounds = (grid[max(0, best - 1)], grid[min(grid.size - 1, best + 1)])
    found = minimize_scalar(lambda x: amplitude_at(x)[1], bounds=bounds, method="bounded", options={"xatol": 1e-10})
    return amplitude_at(found.x)[0], float(np.exp(found.x))


def _fit_rectangle(distance: FloatArray, change: FloatArray) -> tuple[float, float]:
    """Return height and width: the width that leaves the least sum of squares, with the mean inside as height."""
    order = np.argsort(distance, kind="stable")
    distance, change = distance[order], change[order]
    inside = np.flatnonzero(np.append(np.diff(distance) > 0, True)) + 1  # how many points each width takes in
    gain = np.cumsum(change)[inside - 1] ** 2 / inside
    k = int(inside[int(np.argmax(gain))])
    width = 0.5 * (distance[k - 1] + distance[k]) if k < distance.size else distance[-1]
    return float(change[:k].mean()), float(width)


def recall_overlap(pattern: ArrayLike, active: ArrayLike) -> float:
    r"""Return the overlap :math:`m = \frac1N \sum_i \xi_i s_i` of a network's state with a stored pattern.

    Neurons in (or active) count +1, the others -1: 1 is perfect recall, 0 is chance, -1 is the complement.
    [J. J. Hopfield, PNAS 79, 2554 (1982)]

    Parameters
    ----------
    pattern, active : (n_neurons,) arrays of 0/1 or bool
        Members of the pattern, and neurons that fire [1].
    """
    pattern, active = _binary("recall_overlap: pattern", pattern), _binary("recall_overlap: active", active)
    if pattern.size != active.size or not pattern.size:
        raise ParameterError(f"recall_overlap: {pattern.size} and {active.size} neurons; give equally many.")
    return float(np.mean(np.where(pattern == active, 1.0, -1.0)))


def confusion_table(true: ArrayLike, predicted: ArrayLike, classes: int) -> IntArray:
    """Return how often each class was taken for each: ``table[true, predicted]``.

    Parameters
    ----------
    true, predicted : (n,) arrays of int
        Classes [1], 0 ... classes - 1. A prediction of -1 (none fired) is counted in a last column.
    classes
        Number of classes.

    Returns
    -------
    (classes, classes + 1) array
        Counts; the last column holds samples without an answer.
    """
    whole_number(classes, "confusion_table: classes", 1)
    true, predicted = np.asarray(true), np.asarray(predicted)
    if true.shape != predicted.shape or true.ndim != 1:
        raise ParameterError(f"confusion_table: shapes {true.shape} and {predicted.shape}; give two equal lists.")
    for name, labels, lowest in (("true", true, 0), ("predicted", predicted, -1)):
        if labels.size and (labels.dtype.kind not in "iu" or labels.min() < lowest or labels.max() >= classes):
            raise ParameterError(f"confusion_table: {name}: must be whole numbers from {lowest} to {classes - 1}.")
    table = np.zeros((classes, classes + 1), dtype=np.int64)
    if true.size:
        np.add.at(table, (true, np.where(predicted < 0, classes, predicted)), 1)
    return table


def accuracy(table: ArrayLike) -> float:
    """Return the share of right answers of a confusion table: its diagonal over all; no answer is a wrong one.

    Parameters
    ----------
    table : (classes, classes + 1) array
        Counts [1], as `confusion_table` returns them.
    """
    table = np.asarray(table)
    if table.dtype.kind not in "iuf" or table.ndim != 2 or table.shape[0] > table.shape[1] or table.sum() <= 0:
        raise ParameterError(f"accuracy: shape {table.shape}; a table of confusion_table with samples is needed.")
    return float(np.trace(table) / table.sum())


def _above(values: FloatArray, time: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Return start and end, on every straight piece, of the part above the level [s]."""
    t0, t1, v0, v1 = time[:-1], time[1:], values[:-1] - level, values[1:] - level
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = t0 + (t1 - t0) * v0 / (v0 - v1)
    start = np.where(v0 > 0, t0, np.where(v1 > 0, crossing, t1))
    end = np.where(v1 > 0, t1, np.where(v0 > 0, crossing, t1))
    return start, end


def _window(owner: str, start: float, stop: float) -> float:
    length = real_number(stop, f"{owner}: stop") - real_number(start, f"{owner}: start")
    return positive_number(length, f"{owner}: stop - start", "s")


def _vector(name: str, values: ArrayLike) -> FloatArray:
    try:
        array = np.asarray(values)
        numbers = array.astype(float) if array.dtype.kind in "iuf" or not array.size else None
    except (TypeError, ValueError):
        numbers = None
    if numbers is None or numbers.ndim != 1 or not np.all(np.isfinite(numbers)):
        raise ParameterError(f"{name}: {shown(values)} is not a list of finite numbers.")
    return numbers


def _ascending(name: str, values: ArrayLike) -> FloatArray:
    array = _vector(name, values)
    if np.any(np.diff(array) < 0):
        raise WaveformError(f"{name}: must be ascending.")
    return array


def _binary(name: str, values: ArrayLike) -> BoolArray:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "biuf" or not np.all((array == 0) | (array == 1)):
        raise ParameterError(f"{name}: {shown(values)} is not a list of 0 and 1.")
    return array.astype(bool)
