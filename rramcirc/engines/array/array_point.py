"""Operating points of arrays as arrays: voltages and currents of cells and lines, for many levels of the drivers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.bench.analyses import OperatingPoint
from rramcirc.bench.testbench import Testbench
from rramcirc.engines.array.bench_solver import BenchSolver
from rramcirc.engines.array.engine import check_bench

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ArrayPoint:
    """One operating point of an array.

    Attributes
    ----------
    cell_voltage : (rows, columns) array
        BL against SL (1T1R) or WL (1R), at the cell [V].
    device_voltage : (rows, columns) array
        TE against BE of the RRAM [V].
    current : (rows, columns) array
        Current of the RRAM, TE to BE [A].
    line_currents : dict of arrays
        ``"bl"``, ``"wl"``, ``"sl"`` -> current from the driver into every line [A].
    residual
        Error of Kirchhoff's current law, relative to the largest current.
    steps
        Newton steps.
    """

    cell_voltage: Array
    device_voltage: Array
    current: Array
    line_currents: dict[str, Array]
    residual: float
    steps: int

    @property
    def conductance(self) -> Array:
        """Current over voltage of every RRAM [S]; not a number where there is no voltage."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.device_voltage == 0.0, np.nan, self.current / self.device_voltage)


def array_point(bench: Testbench) -> ArrayPoint:
    """Return the operating point of a testbench of a cell or an array, at the levels of time 0.

    Raises
    ------
    ParameterError
        If the engine cannot do the testbench.
    SimulationError
        If there is no convergence.
    """
    (point,) = array_points(bench, [{}])
    return point


def array_points(bench: Testbench, levels: Iterable[Mapping[str, float | Array]]) -> Iterator[ArrayPoint]:
    """Solve one array at many levels of its drivers, each solution being the start of the next.

    Parameters
    ----------
    bench
        Array and drivers; its analysis does not count.
    levels
        For every point line name -> source level, or kind of line (``"wl"``) -> levels of all its lines [V or A];
        lines that are not named keep the level of the point before.
    """
    bench = replace(bench, analysis=OperatingPoint(), probes=())
    check_bench(bench)
    solver = BenchSolver(bench)
    for changed in levels:
        for line, level in changed.items():
            _set(solver, line, level)
        solver.solve()
        yield _point(solver)


def _set(solver: BenchSolver, line: str, level: float | Array) -> None:
    if line in solver.levels and line not in solver.line_names[line]:
        solver.levels[line][:] = level
        return
    known = [*solver.fixed, *(name for names in solver.line_names.values() for name in names)]
    if line not in known:
        raise ParameterError(f"array_points: {unknown_name('line', line, known)}")
    solver.set_level(line, float(level))


def _point(solver: BenchSolver) -> ArrayPoint:
    cells, shape = solver.cells, solver.array.shape
    place = {name: k for k, name in enumerate(cells.names)}
    bl = cells.voltages[:, place["bl"]]
    below = cells.voltages[:, place["sl" if "sl" in place else "wl"]]
    bottom = cells.voltages[:, place["be"]] if "be" in place else below
    current = cells.currents[:, cells.ports.index("bl")]
    inert = set(solver.inert)
    lines = {
        kind: np.zeros(len(family.driver)) if kind in inert else solver.state.line_currents(family).copy()
        for kind, family in solver.families.items()
    }
    voltages = ((bl - below).reshape(shape), (bl - bottom).reshape(shape))
    return ArrayPoint(*voltages, current.reshape(shape).copy(), lines, solver.state.residual, solver.state.steps)
