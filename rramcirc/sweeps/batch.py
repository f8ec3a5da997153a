"""Many cells of one sweep solved together: the compiled model in bulk, each cell with time steps of its own.

What a cell does depends on its own values alone: a batch gives the numbers of its cells one by one, bit for bit.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, RramcircError, a_kind
from rramcirc.basics.units import parse_number
from rramcirc.bench.file.values import declared_unit
from rramcirc.bench.stimuli import Floating, sample
from rramcirc.sweeps.draws import Value
from rramcirc.sweeps.plan import Point
from rramcirc.sweeps.targets import BAD_INPUT, FAILED, OK, BenchTarget, Finished, plain_values, spelled

if TYPE_CHECKING:
    from rramcirc.bench.testbench import Testbench
    from rramcirc.circuits.array.cell import Cell

CHUNK = 2000  # cells that are solved at a time
TOLERANCE = 1e-5  # error of a step [unit of the state or V]: final states differ by less than 1e-4 from those at 1e-7
_TOGETHER = ("design.rram_parameters.", "design.initial_state.")  # fields that may differ inside a batch
_AT = re.compile(r"\bat\s*\(([^(),]*(?:\([^()]*\))?[^(),]*),([^(),]*)\)", re.IGNORECASE)
_FINAL = re.compile(r"final\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)", re.IGNORECASE)
_NESTED = re.compile(r"\b(?:final|at)\s*\(|[*?]", re.IGNORECASE)  # measurements in it, patterns
_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")
_LINES = ("v", "i")  # v(bl), i(bl): names of signals, no functions


@dataclass(frozen=True)
class BatchTarget:
    """A testbench of one cell whose runs are solved together.

    Attributes
    ----------
    single
        The same testbench, run by run.
    """

    single: BenchTarget

    def check(self, first: Point, last: Point) -> None:
        """Raise ParameterError if the cells cannot be solved together."""
        self.single.check(first, last)
        try:
            self._drive(self.single.bench(first))
        except ParameterError:
            self._drive(self.single.bench(last))
        self._times()

    def parameters(self, point: Point) -> dict[str, Value]:
        """Return the values of a point as the table shows them."""
        return self.single.parameters(point)

    def own_values(self, paths: Iterable[str]) -> dict[str, Value]:
        """Return the values that fields have where no corner sets them."""
        return self.single.own_values(paths)

    def units(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the units of fields that have one."""
        return self.single.units(paths)

    def describe(self) -> dict[str, object]:
        """Return everything that the results depend on besides the plan."""
        return self.single.describe() | {"batch": True}

    def run(self, points: Sequence[Point]) -> Iterator[tuple[list[Point], list[Finished]]]:
        """Yield points with how they ended, many at a time, in their order."""
        for k in range(0, len(points), CHUNK):
            chunk = list(points[k : k + CHUNK])
            yield chunk, [found for together in self._groups(chunk) for found in self._solve(together)]

    def _groups(self, points: Sequence[Point]) -> list[list[Point]]:
        """Return runs of points, their values as numbers, that differ in what may differ inside a batch."""
        resolved = [replace(point, values=self._numbers(point)) for point in points]
        return [list(together) for _, together in groupby(resolved, key=_common)]

    def _numbers(self, point: Point) -> Mapping[str, Value]:
        """Return the values of a point with the card's spread as numbers; as they are, if that cannot be."""
        try:
            return self.single.resolved(point)
        except RramcircError:
            return point.values

    def _solve(self, points: Sequence[Point]) -> list[Finished]:
        """Solve points of one group; one that cannot be solved stops no other."""
        began = time.perf_counter()
        try:
            found = self._solved(points)
        except RramcircError as error:
            if len(points) > 1:
                half = len(points) // 2
                return [*self._solve(points[:half]), *self._solve(points[half:])]
            found = [Finished(BAD_INPUT, str(error))]
        seconds = (time.perf_counter() - began) / len(points)
        return [
            replace(one, seconds=seconds, parameters=plain_values(point.values))
            for one, point in zip(found, points, strict=True)
        ]

    def _solved(self, points: Sequence[Point]) -> list[Finished]:
        from rramcirc.devices.pulses.response import pulse_response

        base = replace(points[0], values=dict(_common(points[0])))
        bench = self.single.bench(base)
        cell = _cell(bench)
        drive = self._drive(bench)
        own = [point.values for point in points]
        parameters = _columns(own, _TOGETHER[0], cell.rram_parameters)
        states = _columns(own, _TOGETHER[1], _start(bench, parameters, len(points)))
        for k in _extremes([*parameters.values(), *states.values()]):  # names and ranges, as a testbench checks them
            self.single.bench(points[k])
        n = len(points)
        found = pulse_response(
            cell.rram, np.tile(drive.times, (n, 1)), np.tile(drive.voltages, (n, 1)), states,
            selector=_selector(cell), gate_voltages=np.tile(drive.gates, (n, 1)), source_line=drive.level,
            parameters=parameters or None, temperature=bench.temperature, tolerance=TOLERANCE,
        )  # fmt: skip
        signals = {**found.states, "i(bl)": found.current}
        units = {name: declared_unit(cell.rram, name, True) for name in found.states} | {"i(bl)": "A"}
        good = np.all([np.isfinite(values).all(axis=1) for values in signals.values()], axis=0)
        measured = [self._measured(text, drive.times, signals, units) for text in self.single.measure]
        labels = {label: unit for rows in measured for label, _, unit in rows}
        values = {label: column for rows in measured for label, column, _ in rows}
        return [
            Finished(OK, "", {label: float(column[k]) for label, column in values.items()}, labels, digest)
            if good[k] else Finished(FAILED, "the integration of the cell failed", digest=digest)
            for k, digest in enumerate(self._digests(self.single.digest(bench, base), own))
        ]  # fmt: skip

    def _measured(
        self, text: str, times: FloatArray, signals: Mapping[str, FloatArray], units: Mapping[str, str]
    ) -> list[tuple[str, FloatArray, str]]:
        """Return a measurement of all cells: label, (cells,) values, unit."""
        from rramcirc.analysis.expressions import evaluate
        from rramcirc.analysis.measure import measure
        from rramcirc.waveforms.waveforms import Waveforms

        column = _column_of(text, times)
        n = len(next(iter(signals.values())))
        if column is None:
            cells = [
                measure(text, Waveforms("time", "s", times, {name: one[k] for name, one in signals.items()}, units))
                for k in range(n)
            ]
            return [(label, np.array([rows[j][1] for rows in cells]), unit) for j, (label, _, unit) in
                    enumerate(cells[0])]  # fmt: skip
        expression, k = column
        at_once = Waveforms("point", "", np.arange(n, dtype=float), {x: v[:, k] for x, v in signals.items()}, units)
        values, unit = evaluate(expression, at_once)
        return [(text, np.broadcast_to(values, n), unit)]

    def _digests(self, common: str, own: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return the hash of what was simulated for each point: what is common, and its own values."""
        return [hashlib.sha256(f"{common} {sorted(values.items())}".encode()).hexdigest()[:16] for values in own]

    def _times(self) -> list[float]:
        """Return the times at which measurements read [s]; refuse those that need what lies between."""
        found = []
        for text in self.single.measure:
            for name in _CALL.findall(text):
                if name.lower() not in (*_LINES, "final", "at", "abs", "log10"):
                    raise ParameterError(
                        f"batch: {text!r}: {name} needs whole waveforms. Batches know final(...) and at(..., TIME) of "
                        "states and i(bl); for anything else leave batch out."
                    )
            found += [parse_number(place, "s", text) for _, place in _AT.findall(text)]
        return found

    def _drive(self, bench: Testbench) -> Drive:
        """Return what drives the cell at all corners and all times that are read."""
        cell = _cell(bench)
        stop = bench.analysis.last_time
        if stop is None or bench.cycle_noise is not None:
            raise ParameterError("batch: needed is a transient without cycle_noise; leave batch out for anything else.")
        lines = {line: bench.stimulus(line) for line in cell.lines}
        for line, stimulus in lines.items():
            if isinstance(stimulus, Floating) or stimulus.unit != "V":
                raise ParameterError(f"batch: {line} needs a voltage; its stimulus is {a_kind(stimulus)}.")
        corners = [stimulus.corners()[0] for stimulus in lines.values() if not isinstance(stimulus, Floating)]
        read = [place for place in self._times() if place <= stop]
        every = np.unique(np.concatenate([[0.0, stop], *corners, read]))
        return _drive_at(cell, every[every <= stop], lines)


def _common(point: Point) -> tuple[tuple[str, str], ...]:
    """Return what all points of a batch share, as settings."""
    return tuple((path, spelled(value)) for path, value in point.values.items() if not path.startswith(_TOGETHER))


def _extremes(columns: Sequence[FloatArray]) -> list[int]:
    """Return the points at which something is smallest or largest: if these are in range, all are."""
    return sorted({0, *(int(pick(column)) for column in columns for pick in (np.argmin, np.argmax))})


def _column_of(text: str, times: FloatArray) -> tuple[str, int] | None:
    """Return expression and place in time of ``final(EXPRESSION)`` or ``at(EXPRESSION, TIME)``; None for all else."""
    found = _FINAL.fullmatch(text.strip())
    if found and not _NESTED.search(found[1]):
        return found[1], len(times) - 1
    found = _AT.fullmatch(text.strip())
    if found and not _NESTED.search(found[1]):
        places = np.flatnonzero(times == parse_number(found[2], "s", text))
        return (found[1], int(places[0])) if places.size else None
    return None


@dataclass(frozen=True)
class Drive:
    """What drives a cell.

    Attributes
    ----------
    times : (M,) array
        Corners, and times that are read [s].
    voltages, gates : (M,) arrays
        Between the electrodes of the cell, and gate against bulk [V].
    level
        Source line against bulk [V]; None where a negative voltage raises it.
    """

    times: FloatArray
    voltages: FloatArray
    gates: FloatArray
    level: float | None


def _drive_at(cell: Cell, times: FloatArray, lines: Mapping[str, Any]) -> Drive:
    levels = {line: sample(stimulus, times) for line, stimulus in lines.items()}
    fixed = [line for line in ("bulk", "nz") if line in levels and np.any(levels[line])]
    if fixed:
        raise ParameterError(f"batch: {', '.join(fixed)} must be at 0 V; leave batch out for anything else.")
    if cell.selector is None:
        return Drive(times, levels["bl"] - levels["wl"], np.zeros_like(times), None)
    bl, sl = levels["bl"], levels["sl"]
    if np.ptp(sl) == 0.0:
        return Drive(times, bl - sl, levels["wl"], float(sl[0]))
    if np.all(bl >= 0) and np.all(sl >= 0) and not np.any(bl * sl) and _apart(bl, sl):
        return Drive(times, bl - sl, levels["wl"], None)
    raise ParameterError(
        "batch: the source line must stand still, or rise only while the bit line is at 0 V; leave batch out for "
        "anything else."
    )


def _apart(bl: FloatArray, sl: FloatArray) -> bool:
    """Whether one line rests between any two corners at which the other moves."""
    return not np.any(((bl[1:] > 0) | (bl[:-1] > 0)) & ((sl[1:] > 0) | (sl[:-1] > 0)))


def _cell(bench: Testbench) -> Cell:
    from rramcirc.circuits.array.cell import Cell

    if not isinstance(bench.design, Cell):
        raise ParameterError(f"batch: cells are solved together, not {a_kind(bench.design)}; leave batch out.")
    return bench.design


def _selector(cell: Cell) -> Any:
    if cell.selector is None or not cell.selector_parameters:
        return cell.selector
    return cell.selector.with_values(cell.selector_parameters)


def _start(bench: Testbench, parameters: Mapping[str, FloatArray], count: int) -> Mapping[str, ArrayLike]:
    """Return the states that cells begin with, where they are not their card's."""
    from rramcirc.devices.compiled.conductance import states_for_conductance

    cell = _cell(bench)
    if cell.initial_conductance is None:
        return cell.initial_state
    wanted = np.full(count, cell.initial_conductance)
    return states_for_conductance(cell.rram, wanted, parameters or None)


def _columns(own: Sequence[Mapping[str, Any]], prefix: str, common: Mapping[str, ArrayLike]) -> dict[str, FloatArray]:
    """Return the values of all points by name: their own, or the common ones."""
    names = dict.fromkeys(path.removeprefix(prefix) for values in own for path in values if path.startswith(prefix))
    found = {name: np.broadcast_to(np.asarray(value, float), len(own)).copy() for name, value in common.items()}
    for name in names:
        column = [values.get(f"{prefix}{name}", found[name][k] if name in found else None) for k, values in
                  enumerate(own)]  # fmt: skip
        if any(isinstance(value, (str, bool)) or value is None for value in column):
            raise ParameterError(f"{prefix}{name}: a batch needs a number in each run.")
        found[name] = np.array(column, dtype=float)
    return found
