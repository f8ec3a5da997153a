"""What drives the lines of a transient: levels at any time, and the corners at which a step has to end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rramcirc.bench.stimuli import Floating
from rramcirc.bench.testbench import CycleNoise, Testbench
from rramcirc.engines.array.bench_solver import BenchSolver

Array = NDArray[np.float64]
SAME = 1e-13  # of the stop time: corners that are closer are one


class LineDrive:
    """The stimuli of a testbench, applied to a solver until a time `stop` [s].

    Attributes
    ----------
    corners : (n,) array
        Times up to the end of the run at which a level begins to change or stops changing, ascending [s].
    remarks
        What the user should know about the wires, in words.
    """

    def __init__(self, bench: Testbench, solver: BenchSolver, stop: float) -> None:
        self._solver, self._noise = solver, bench.cycle_noise
        moving: dict[bytes, tuple[Array, Array, list[str]]] = {}  # lines that are driven alike are set together
        names = [name for lines in solver.line_names.values() for name in lines]
        for name in (*names, *solver.fixed):
            stimulus = bench.stimulus(name)
            if isinstance(stimulus, Floating) or (name == "nz" and self._noise is not None):
                continue
            times, levels = stimulus.corners()
            if np.any(levels != levels[0]):
                moving.setdefault(times.tobytes() + levels.tobytes(), (times, levels, []))[2].append(name)
        self._moving = list(moving.values())
        self._deviates: Array = np.empty(0)
        if self._noise is not None:
            self._deviates = self._noise.deviates(solver.array.shape).reshape(len(self._noise.times), -1)
        self.corners = self._all_corners(stop)
        self.remarks = _time_constants(solver)

    def _all_corners(self, stop: float) -> Array:
        parts = [np.array([stop]), *(times for times, _, _ in self._moving)]
        if self._noise is not None:
            parts += [self._noise.times[1:], self._noise.times[1:] + self._noise.edge]
        times = np.unique(np.concatenate(parts))
        times = times[(times > 0.0) & (times <= stop)]
        apart = np.append(np.diff(times) > SAME * stop, True)
        corners: Array = times[apart]
        return corners

    def next_corner(self, now: float) -> float:
        """Return the first corner behind a time [s]."""
        return float(self.corners[np.searchsorted(self.corners, now, side="right")])

    def set_levels(self, now: float) -> None:
        """Give all sources their level at a time [s]."""
        for times, levels, names in self._moving:
            self._solver.set_levels(names, float(np.interp(now, times, levels)))
        if self._noise is not None and len(self._noise.times) > 1:
            self._solver.fixed["nz"] = self._deviates_at(self._noise, now)

    def _deviates_at(self, noise: CycleNoise, now: float) -> Array:
        k = int(np.searchsorted(noise.times[1:], now, side="right"))
        if k == 0:
            start: Array = self._deviates[0]
            return start
        share = min(float((now - noise.times[k]) / noise.edge), 1.0)
        between: Array = self._deviates[k - 1] + share * (self._deviates[k] - self._deviates[k - 1])
        return between


def _time_constants(solver: BenchSolver) -> tuple[str, ...]:
    """Return a sentence on the RC time constant of every kind of line that has wires."""
    found = []
    for kind in solver.line_names:
        line, length = getattr(solver.array, kind), solver.array.columns if kind == "wl" else solver.array.rows
        if kind == "sl" and solver.array.source_line == "row":
            length = solver.array.columns
        ohm = line.resistance if line.segments is None else float(line.segments.mean())
        if ohm > 0 and line.capacitance > 0:
            constant = 0.5 * ohm * line.capacitance * length**2
            found.append(f"{kind.upper()} wires: RC time constant {constant:.2g} s, included")
    return tuple(found)
