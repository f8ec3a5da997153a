"""Two transients of one testbench taken apart: what they end at, values between edges, and times of edges.

Where a device switches abruptly, two right runs differ by its whole current for the moment by which their edges are
apart; a comparison point by point says nothing then. So what a run shows at a time is looked for in the other run
nearby: the way to it is a shift of an edge, and what is not found at all is a difference of values.

Lines of a few ohms charge gates within femtoseconds of a corner, of which no engine follows every one: a shift by less
than a picosecond in which the stimuli move by less than a thousandth of their step is none. The charge that flows there
is compared at the end with all other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rramcirc.basics.arrays import FloatArray, IndexArray
from rramcirc.basics.units import format_number
from rramcirc.bench.stimuli import Floating
from rramcirc.bench.testbench import Testbench
from rramcirc.engines.differences import FLOORS, Difference, Stretch, corners_of, real_columns, scales_of, stretches
from rramcirc.waveforms.waveforms import Waveforms

END_TOLERANCE = 1e-3  # of its range: a state or a charge at the end
VALUE_TOLERANCE = 1e-2  # of the largest of its kind: a value between edges
EDGE_TOLERANCE = 1e-2  # of the time from stimulus to edge: a shift
FARTHEST = 0.1  # of that time: what is found only farther away is another value, no shifted edge
UNRESOLVED = 1e-12  # [s], and at most SHARE of the way from one corner of the stimuli to the next: no shift at all
SHARE = 1e-3


@dataclass(frozen=True)
class Shift:
    """By how much an edge of a signal comes at another time in the second run.

    Attributes
    ----------
    signal
        Its name.
    at
        When [s].
    shift
        How far apart [s].
    relative
        The same over the time from the stimulus that causes it.
    """

    signal: str
    at: float
    shift: float
    relative: float

    def __str__(self) -> str:
        """Name, shift and time."""
        shift, at = (format_number(value, "s") for value in (self.shift, self.at))
        return f"{self.signal} by {shift} ({self.relative:.1e}) at {at}"


@dataclass(frozen=True)
class Agreement:
    """How far two transients are apart, the largest first in each list.

    Attributes
    ----------
    ends
        States and charges of drivers at the end, relative to their range.
    values
        Signals between their edges, relative to the largest of their kind.
    edges
        Edges that are apart.
    """

    ends: tuple[Difference, ...]
    values: tuple[Difference, ...]
    edges: tuple[Shift, ...]

    def beyond(
        self, ends: float = END_TOLERANCE, values: float = VALUE_TOLERANCE, edges: float = EDGE_TOLERANCE
    ) -> str:
        """Say what is further apart than it may be, relative to range, kind and time; empty if nothing is."""
        said = []
        wrong = [d for d in self.ends if not d.relative <= ends]
        if wrong:
            said.append(
                f"{len(wrong)} of {len(self.ends)} states and charges end apart by more than {ends:g}: {wrong[0]}"
            )
        wrong = [d for d in self.values if not d.relative <= values]
        if wrong:
            said.append(
                f"between edges {len(wrong)} of {len(self.values)} signals differ by more than {values:g}: {wrong[0]} "
                f"at {format_number(wrong[0].at, 's')}"
            )
        late = [e for e in self.edges if not e.relative <= edges]
        if late:
            said.append(f"{len(late)} edges are apart by more than {edges:g} of their time: {late[0]}")
        return "; ".join(said)


def agreement(first: Waveforms, second: Waveforms, bench: Testbench) -> Agreement:
    """Compare two transients of a testbench.

    Raises
    ------
    WaveformError
        If they do not have the same signals.
    """
    names, a, b = real_columns(first, second)
    scales = scales_of(names, first.units, np.maximum(np.abs(a).max(axis=0), np.abs(b).max(axis=0)))
    floors = np.array([FLOORS.get(first.units[name], 0.0) for name in names])
    runs = (first.axis, a), (second.axis, b)
    corners, starts = corners_of(bench), starts_of(bench)
    values, edges = _Largest(names, first.units, scales), dict[str, Shift]()
    for time, mine, other_time, other in ((*runs[0], *runs[1]), (*runs[1], *runs[0])):
        for stretch in stretches(time, mine, other_time, other, corners):
            _look(stretch, np.maximum(VALUE_TOLERANCE * scales, floors), scales, starts, values, edges)
    late = sorted(edges.values(), key=lambda e: -e.relative)
    ends = sorted(_ends(first, second, bench), key=lambda d: -d.relative)
    return Agreement(tuple(ends), tuple(values.found()), tuple(late))


def starts_of(bench: Testbench) -> FloatArray:
    """Return the times [s] at which a stimulus begins: where its line leaves a level or turns back, and 0."""
    times = [np.zeros(1)]
    for line in dict.fromkeys([*bench.design.lines, *bench.stimuli]):
        stimulus = bench.stimulus(line)
        if isinstance(stimulus, Floating):
            continue
        at, levels = stimulus.corners()
        slopes = np.diff(levels, prepend=levels[0], append=levels[-1])
        before, behind = slopes[:-1], slopes[1:]
        times.append(at[(behind != 0) & (before * behind <= 0)])
    if bench.cycle_noise is not None:
        times.append(bench.cycle_noise.times)
    return np.unique(np.concatenate(times))


class _Largest:
    """The largest difference of every signal so far."""

    def __init__(self, names: Sequence[str], units: Mapping[str, str], scales: FloatArray) -> None:
        self.names, self.units, self.scales = names, units, scales
        self.largest, self.at = np.zeros(len(names)), np.zeros(len(names))

    def add(self, times: FloatArray, gaps: FloatArray) -> None:
        """Add (points, signals) differences at times [s]."""
        if not len(times):
            return
        k = gaps.argmax(axis=0)
        top = gaps[k, np.arange(gaps.shape[1])]
        self.at = np.where(top > self.largest, times[k], self.at)
        self.largest = np.maximum(top, self.largest)

    def found(self) -> list[Difference]:
        """Return the differences, the largest relative to its kind first."""
        rows = []
        for name, largest, at, scale in zip(self.names, self.largest, self.at, self.scales, strict=True):
            seen = float(largest) if largest > FLOORS.get(self.units[name], 0.0) else 0.0
            rows.append(Difference(name, self.units[name], seen, float(at), seen / float(scale) if seen else 0.0))
        return sorted(rows, key=lambda d: -d.relative)


def _look(
    stretch: Stretch, allowed: FloatArray, scales: FloatArray, starts: FloatArray, values: _Largest,
    edges: dict[str, Shift],
) -> None:  # fmt: skip
    gaps = _gaps(stretch)
    wide = gaps > allowed
    start = starts[np.searchsorted(starts, stretch.times, side="right") - 1]
    unresolved = min(UNRESOLVED, SHARE * float(np.ptp(stretch.other_times)))
    for k in np.flatnonzero(wide.any(axis=0)):
        which = np.flatnonzero(wide[:, k])
        since = np.maximum(stretch.times[which] - start[which], np.spacing(stretch.times[which]))
        reach = np.maximum(2 * FARTHEST * since, unresolved)
        shifts = _shifts(stretch, int(k), which, float(allowed[k]), reach)
        same = shifts <= unresolved
        gaps[which[same], k] = 0.0
        which, shifts, since = which[~same], shifts[~same], since[~same]
        relative = shifts / since
        # beside an edge that the other run does not have, its values are found on the edge: no shift
        is_edge = relative <= (FARTHEST if np.all(relative <= FARTHEST) else EDGE_TOLERANCE)
        gaps[which[is_edge], k] = 0.0
        if is_edge.any():
            w = int(np.argmax(np.where(is_edge, relative, -1.0)))
            name = values.names[int(k)]
            if name not in edges or edges[name].relative < relative[w]:
                edges[name] = Shift(name, float(stretch.times[which[w]]), float(shifts[w]), float(relative[w]))
    values.add(stretch.times, gaps)


def _gaps(stretch: Stretch) -> FloatArray:
    """Return the (points, signals) differences that are not explained by what is not known of the other run.

    Between two of its points the other run is known by interpolation only. Cubics and straight lines tell how well:
    what is within twice their distance, and within the values of the two points, is no difference.
    """
    grid, values, last = stretch.other_times, stretch.other, len(stretch.other_times) - 1
    if last < 1:
        return np.abs(stretch.mine - stretch.there)
    right = np.clip(np.searchsorted(grid, stretch.times), 1, last)
    left = right - 1
    share = ((stretch.times - grid[left]) / (grid[right] - grid[left]))[:, None]
    line = (1.0 - share) * values[left] + share * values[right]
    cubic, doubt = stretch.there, np.abs(stretch.there - line)
    low = np.maximum(np.minimum(cubic, line) - doubt, np.minimum(values[left], values[right]))
    high = np.minimum(np.maximum(cubic, line) + doubt, np.maximum(values[left], values[right]))
    found: FloatArray = np.maximum(np.maximum(low - stretch.mine, stretch.mine - high), 0.0)
    return found


def _shifts(stretch: Stretch, k: int, which: IndexArray, allowed: float, reach: FloatArray) -> FloatArray:
    """Return how far in time the other run has the value of signal `k` at the points `which` [s]; inf if not within."""
    found = np.full(len(which), np.inf)
    at = stretch.times[which]
    first_near = np.maximum(np.searchsorted(stretch.other_times, at - reach) - 1, 0)
    last_near = np.searchsorted(stretch.other_times, at + reach) + 1
    for n, point in enumerate(which):
        near = slice(first_near[n], last_near[n])
        times, levels = stretch.other_times[near], stretch.other[near, k]
        left, right = levels[:-1], levels[1:]
        rise = np.where(right == left, 1.0, right - left)
        low, high = stretch.mine[point, k] - allowed, stretch.mine[point, k] + allowed
        with np.errstate(over="ignore"):  # next to flat
            ends = np.sort(np.stack([(low - left) / rise, (high - left) / rise]), axis=0)
        flat = right == left
        ends[:, flat] = np.where((left[flat] >= low) & (left[flat] <= high), np.array([[0.0], [1.0]]), np.inf)
        first, last = np.clip(ends[0], 0.0, None), np.clip(ends[1], None, 1.0)
        there = first <= last
        if there.any():
            span = np.diff(times)[there]
            begin, end = times[:-1][there] + first[there] * span, times[:-1][there] + last[there] * span
            time = stretch.times[point]
            found[n] = np.min(np.maximum(np.maximum(begin - time, time - end), 0.0))
    return found


def _ends(first: Waveforms, second: Waveforms, bench: Testbench) -> list[Difference]:
    """Return the differences of states and of charges of drivers at the end."""
    found, ranges, stop = [], _ranges(bench), float(first.axis[-1])
    for name in first.names:
        base = name.partition("[")[0]
        if base in ranges:
            a, b = (np.real(run[name]) for run in (first, second))
            extent = ranges[base] or float(max(np.ptp(a), np.ptp(b), np.abs(a).max(), 1e-300))
            away = abs(float(a[-1]) - float(b[-1]))
            found.append(Difference(name, first.units[name], away, stop, away / extent))
    drivers = [name for name in first.names if name.startswith("i(")]
    one, two = (_charges(run, drivers, corners_of(bench)) for run in (first, second))
    whole = float(max(one[1].max(initial=0.0), two[1].max(initial=0.0)))
    for name, away in zip(drivers, np.abs(one[0] - two[0]).tolist(), strict=True):
        seen = away if away > FLOORS["A"] * stop else 0.0
        found.append(Difference(f"charge of {name}", "C", seen, stop, seen / whole if seen else 0.0))
    return found


def _charges(run: Waveforms, drivers: Sequence[str], corners: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the charge that went through every driver [C], and the same of the current's size.

    A current may jump at a corner of what drives the circuit, and a run shows that only from its next points on: the
    straight line through them tells where it begins, between its value at the corner and at the next point.
    """
    whole = np.zeros((2, len(drivers)))
    currents = np.array([np.real(run[name]) for name in drivers]).reshape(len(drivers), len(run.axis)).T
    near = 1e-12 * float(run.axis[-1])
    ends = np.unique(np.append(np.searchsorted(run.axis, corners - near), len(run.axis) - 1))
    for first, last in pairwise(ends):
        grid, values = run.axis[first : last + 1], currents[first : last + 1].copy()
        rising = np.append(True, np.diff(grid) > 0)
        grid, values = grid[rising], values[rising]
        if len(grid) < 2:
            continue
        if len(grid) > 2:
            back = (grid[1] - grid[0]) / (grid[2] - grid[1])
            begin = values[1] - back * (values[2] - values[1])
            values[0] = np.clip(begin, np.minimum(values[0], values[1]), np.maximum(values[0], values[1]))
        whole += [_integral(grid, values), np.trapezoid(np.abs(values), grid, axis=0)]
    return whole[0], whole[1]


def _integral(grid: FloatArray, values: FloatArray) -> FloatArray:
    from scipy.interpolate import PchipInterpolator

    with np.errstate(over="ignore"):  # slopes of signals that die away to nothing
        found: FloatArray = PchipInterpolator(grid, values).integrate(grid[0], grid[-1])
    return found


def _ranges(bench: Testbench) -> dict[str, float | None]:
    """Return the width of the range of every state of the circuit's devices [its unit], None where it is unknown."""
    found: dict[str, float | None] = {}
    for card in bench.design.cards:
        for state, bounds in card.state_ranges().items():
            known = bounds is not None and np.all(np.isfinite(bounds))
            found[state] = float(bounds[1] - bounds[0]) if bounds is not None and known else None
    return found
