"""How far two runs of one testbench are apart, signal by signal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import WaveformError
from rramcirc.bench.stimuli import Floating
from rramcirc.bench.testbench import Testbench
from rramcirc.waveforms.waveforms import Waveforms

Array = FloatArray
FLOORS = {"A": 1e-12, "V": 1e-9}  # [A], [V]; differences below are none: rounding in lines that carry nothing


@dataclass(frozen=True)
class Difference:
    """How far two runs are apart in one signal.

    Attributes
    ----------
    signal, unit
        Its name and unit.
    largest
        Largest difference [unit].
    at
        Where on the axis it is: time [s], swept voltage [V], or 0.
    relative
        The same over the largest value of all signals of its kind.
    """

    signal: str
    unit: str
    largest: float
    at: float
    relative: float

    def __str__(self) -> str:
        """Name and difference."""
        return f"{self.signal} by {self.largest:.3g} {self.unit} ({self.relative:.1e})"


def corners_of(bench: Testbench) -> Array:
    """Return the times at which what drives a testbench has corners, ascending [s]."""
    times = [np.zeros(1)]
    for line in dict.fromkeys([*bench.design.lines, *bench.stimuli]):
        stimulus = bench.stimulus(line)
        if not isinstance(stimulus, Floating):
            times.append(stimulus.corners()[0])
    if bench.cycle_noise is not None:
        times += [bench.cycle_noise.times, bench.cycle_noise.times + bench.cycle_noise.edge]
    return np.unique(np.concatenate(times))


@dataclass(frozen=True)
class Stretch:
    """A run between two corners, and another run there.

    Attributes
    ----------
    times : (points,) array
        Its own points [s].
    mine, there : (points, signals) arrays
        Its values, and those of the other run interpolated.
    other_times, other
        Points and values of the other run.
    """

    times: Array
    mine: Array
    there: Array
    other_times: Array
    other: Array


def differences(
    first: Waveforms, second: Waveforms, corners: Array | None = None, settle: float = 0.0
) -> list[Difference]:
    """Compare all signals of two runs.

    At every point of each run its value is compared with the other run, interpolated there by cubics that do not
    overshoot, each stretch between two corners of what drives the circuit by itself: behind a corner a current can
    jump, and a run shows that only from its next point on.

    Parameters
    ----------
    first, second
        Runs of the same testbench.
    corners
        Times of those corners [s].
    settle
        How long behind a corner they are not compared [s].

    Raises
    ------
    WaveformError
        If they do not have the same signals and the same kind of axis.
    """
    names, a, b = real_columns(first, second)
    scale = scales_of(names, first.units, np.maximum(np.abs(a).max(axis=0), np.abs(b).max(axis=0)))
    if first.axis_name == "time":
        corners = np.unique(np.append(0.0, () if corners is None else corners))
        runs = (first.axis, a), (second.axis, b)
        sides = [(np.abs(a[:1] - b[:1]), first.axis[:1])]
        for k in (0, 1):
            there = stretches(*runs[k], *runs[1 - k], corners, settle)
            sides += [(np.abs(s.mine - s.there), s.times) for s in there if len(s.times)]
    elif a.shape != b.shape:
        raise WaveformError(f"the runs cannot be compared: they have {len(a)} and {len(b)} points.")
    else:
        sides = [(np.abs(a - b), first.axis)]
    found = []
    for k, name in enumerate(names):
        largest, at = max((float(gap[:, k].max()), float(axis[gap[:, k].argmax()])) for gap, axis in sides)
        relative = largest / scale[k] if scale[k] > 0 else (0.0 if largest == 0.0 else np.inf)
        found.append(Difference(name, first.units[name], largest, at, float(relative)))
    return sorted(found, key=lambda d: -d.relative)


def real_columns(first: Waveforms, second: Waveforms) -> tuple[list[str], Array, Array]:
    """Return the names of the signals of two runs, and their values: (points, signals).

    Raises
    ------
    WaveformError
        If they do not have the same signals and the same kind of axis.
    """
    if set(first.names) != set(second.names) or first.axis_name != second.axis_name:
        odd = sorted(set(first.names) ^ set(second.names))[:5] or [first.axis_name, second.axis_name]
        raise WaveformError(f"the runs cannot be compared: {', '.join(odd)} is not in both.")
    names = list(first.names)
    a, b = (np.array([np.real(run[name]) for name in names]).T for run in (first, second))
    return names, a, b


def stretches(
    time: Array, values: Array, other_time: Array, other: Array, corners: Array, settle: float = 0.0
) -> Iterator[Stretch]:
    """Yield one run between corners at its points where the other can be interpolated."""
    from scipy.interpolate import PchipInterpolator

    near = 1e-12 * float(max(time[-1], other_time[-1]))
    starts = corners[corners < min(time[-1], other_time[-1]) - near]
    ends = np.append(starts[1:], np.inf)
    for start, end in zip(starts, ends, strict=True):
        first, last = np.searchsorted(other_time, (start + near, end + near))
        grid, points = other_time[first:last], other[first:last]
        rising = np.append(True, np.diff(grid) > 0)[: len(grid)]
        grid, points = grid[rising], points[rising]
        if not len(grid):
            continue
        inside = slice(*np.searchsorted(time, (max(grid[0], start + settle) - near, grid[-1] + near)))
        there = np.clip(time[inside], grid[0], grid[-1])
        with np.errstate(over="ignore"):  # slopes of signals that die away to nothing
            found = PchipInterpolator(grid, points, axis=0)(there) if len(grid) > 1 else points[[0] * len(there)]
        yield Stretch(there, values[inside], found, grid, points)


def scales_of(names: list[str], units: Mapping[str, str], largest: Array) -> Array:
    """Return the largest value of the kind of every signal: all voltages, all line currents, each op-variable."""
    kinds = []
    for name in names:
        base = re.sub(r"\[.*?\]", "", name)
        kinds.append(base[:2] + units[name] if base[:2] in ("v(", "i(") else base)
    top: dict[str, float] = {}
    for kind, value in zip(kinds, largest, strict=True):
        top[kind] = max(top.get(kind, 0.0), float(value))
    return np.array([top[kind] for kind in kinds])
