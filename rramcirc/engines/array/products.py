"""Matrix-vector products of an array: many input vectors in, line currents out, as the wires and cells make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.bench.testbench import ROOM_TEMPERATURE
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.defects import segment_resistance
from rramcirc.circuits.array.line import Line
from rramcirc.engines.array.bench_solver import BenchSolver
from rramcirc.engines.array.cells import Cells
from rramcirc.engines.array.engine import check_bench
from rramcirc.engines.array.passive import effective_matrix
from rramcirc.engines.array.product_lines import ProductLines, checked_vectors, product_bench, product_lines
from rramcirc.engines.array.wires import checked_array

Array = NDArray[np.float64]
Drive = Literal["gates", "rows", "columns"]
METHODS = ("exact", "linear", "auto")
SAMPLES = 3  # vectors that are solved exactly to see how far off the linear array is
_LARGEST = np.finfo(float).max


@dataclass(frozen=True)
class Products:
    """What `multiply` found.

    Attributes
    ----------
    currents : (count, outputs) array
        Output of every vector [A]: out of the array into the drivers of the output lines at 0 V (``"rows"``,
        ``"columns"``), or from the drivers into the bit lines (``"gates"``).
    method
        ``"exact"``: Newton's method for every vector; ``"linear"``: one matrix.
    residual
        What is missing to Kirchhoff's current law, relative to the largest current of a node, of all vectors that were
        solved.
    error
        Estimated error of the linear method relative to the largest current, from `SAMPLES` vectors solved exactly;
        0 for the exact method.
    steps : (count,) array
        Newton steps of every vector; 0 where the matrix was used.
    """

    currents: Array
    method: str
    residual: float
    error: float
    steps: NDArray[np.int64]

    def pairs(self) -> Array:
        """Return (count, outputs / 2) differences of neighbouring outputs, G+ first: 0 - 1, 2 - 3, ... [A].

        Raises
        ------
        ParameterError
            If the number of outputs is odd.
        """
        if self.currents.shape[1] % 2:
            raise ParameterError(f"pairs: {self.currents.shape[1]} outputs are no pairs of G+ and G-.")
        return self.currents[:, 0::2] - self.currents[:, 1::2]

    @property
    def summary(self) -> str:
        """How the products were found, in one line."""
        count, outputs = self.currents.shape
        how = f"Newton's method, {self.steps.mean():.1f} steps each" if self.method == "exact" else "one linear matrix"
        error = "" if self.method == "exact" else f", error {self.error:.1e} of the largest current (estimated)"
        law = f"Kirchhoff's current law to {self.residual:.0e}"
        return f"{count} vectors, {outputs} outputs: {how}{error}; {law}"


def multiply(
    array: Crossbar,
    vectors: ArrayLike,
    *,
    drive: Drive = "rows",
    gate_voltage: float = 2.0,
    read_voltage: float = 0.1,
    minus: Crossbar | None = None,
    method: str = "exact",
    tolerance: float = 1e-2,
    temperature: float = ROOM_TEMPERATURE,
) -> Products:
    """Multiply by an array with its wires, selectors and nonlinear cells.

    Parameters
    ----------
    array
        1T1R or 1R, cells of compiled models.
    vectors : (inputs,) or (count, inputs) array
        Input voltages [V]; for ``"gates"`` 0 or 1, the word lines that are on.
    drive
        1R: ``"rows"``, inputs on WL, outputs at BL, ``G^T V``; ``"columns"``, inputs on BL, outputs at WL, ``G V``.
        1T1R: ``"gates"``, pattern on WL, outputs are the currents of BL at `read_voltage`; with SL parallel to WL also
        ``"rows"``, inputs on SL, outputs at BL, ``G^T V``, and ``"columns"``, inputs on BL, outputs at SL, ``G V``.
    gate_voltage
        Of word lines of 1T1R arrays that are on [V].
    read_voltage
        Of the bit lines for ``"gates"`` [V].
    minus
        Array of the negative weights with the same inputs; its outputs are subtracted. For G+ and G- in neighbouring
        lines of one array see `Products.pairs`.
    method
        ``"exact"``; ``"linear"``: cells as conductances, one matrix for all vectors (`linear_matrix`); ``"auto"``:
        linear if its estimated error is within `tolerance`, else exact.
    tolerance
        Of ``"auto"``, relative to the largest current [1].
    temperature
        [K].

    Raises
    ------
    ParameterError
        If an argument has the wrong shape or value, or the array has no such orientation; names it.
    SimulationError
        If there is no convergence.

    Examples
    --------
    >>> import rramcirc as rc
    >>> array = rc.Crossbar(rc.Cell("hfo2_filament"), 2, 3, initial_conductance=np.full((2, 3), 1e-5))
    >>> multiply(array, [0.1, 0.0]).currents * 1e6  # [uA]
    array([[1., 1., 1.]])
    """
    levels = {"gate_voltage": gate_voltage, "read_voltage": read_voltage, "temperature": temperature}
    given = checked_vectors(array, vectors, drive, **levels)
    if not isinstance(method, str) or method not in METHODS:
        raise ParameterError(f"multiply: {unknown_name('method', str(method), METHODS)}")
    if method != "exact" and drive == "gates":
        raise ParameterError(
            f"multiply: method {method}: drive='gates' switches transistors, which is not linear; use exact."
        )
    tolerance = float(checked_array("multiply: tolerance", tolerance, ((),), least=0.0, top=1.0))
    if minus is not None:
        return _difference(array, minus, given, drive, method, tolerance, levels)
    if method == "exact":
        return _exact(array, given, drive, levels)
    return _linear(array, given, drive, method, tolerance, levels)


def linear_matrix(
    array: Crossbar,
    *,
    drive: Drive = "rows",
    voltage: float = 0.1,
    gate_voltage: float = 2.0,
    temperature: float = ROOM_TEMPERATURE,
) -> Array:
    """Return the matrix that an array multiplies by when its cells are taken as conductances.

    Parameters
    ----------
    array, drive
        As for `multiply`.
    gate_voltage
        Of word lines of 1T1R arrays that are on [V].
    temperature
        [K].
    voltage
        Across the cells, at which their conductance counts [V].

    Returns
    -------
    (inputs, outputs) array
        E [S], wires included: ``currents = vectors @ E``.
    """
    lines = product_lines(array, drive)
    if drive == "gates":
        raise ParameterError("linear_matrix: drive='gates' switches transistors, which is no matrix of voltages.")
    volts = float(checked_array("linear_matrix: voltage", voltage, ((),), least=-_LARGEST, top=_LARGEST))
    if volts == 0.0:
        raise ParameterError("linear_matrix: voltage is 0; give the voltage at which the cells are read.")
    bench = product_bench(
        array, np.zeros(lines.inputs), drive=drive, gate_voltage=gate_voltage, temperature=temperature
    )
    check_bench(bench)
    conductance = _cell_conductance(BenchSolver(bench), lines, volts)
    row, column = (lines.source, lines.sink) if array.along_rows(lines.source) else (lines.sink, lines.source)
    wires: dict[str, Line] = {kind: getattr(array, kind) for kind in (row, column)}
    ohm = {
        kind: segment_resistance(line, array.shape, array.along_rows(kind), array.opened(kind))
        for kind, line in wires.items()
    }
    found = effective_matrix(
        conductance, row_resistance=ohm[row], column_resistance=ohm[column], row_end=wires[row].end,
        column_end=wires[column].end, row_driver_resistance=wires[row].driver_resistance,
        column_driver_resistance=wires[column].driver_resistance,
    )  # fmt: skip
    return found if row == lines.source else np.ascontiguousarray(found.T)


def _cell_conductance(solver: BenchSolver, lines: ProductLines, volts: float) -> Array:
    """Return current over voltage of all cells with `volts` between input and output line and no wires [S]."""
    cells, shape = solver.cells, solver.array.shape
    assert isinstance(cells, Cells)
    fixed = solver.drive()
    for kind, values in fixed.items():
        cells.hold(kind, values)
    cells.voltages[:, cells.ports.index(lines.source)] = volts
    cells.voltages[:, cells.ports.index(lines.sink)] = 0.0
    if not cells.settle(0.5, 1e-9):
        cells.linearise()
    cells.check_determined()
    found = -cells.currents[:, cells.ports.index(lines.sink)] / volts
    return np.maximum(found, 0.0).reshape(shape)


def _exact(array: Crossbar, vectors: Array, drive: Drive, levels: Mapping[str, float]) -> Products:
    """Solve for one vector after the other, each from the solution of the one before."""
    lines = product_lines(array, drive)
    bench = product_bench(array, vectors[0], drive=drive, **levels)
    check_bench(bench)
    solver = BenchSolver(bench)
    currents = np.empty((len(vectors), lines.outputs))
    steps, missing, through = np.zeros(len(vectors), np.int64), 0.0, 1e-300
    known = _gates_on_and_off(solver, levels["gate_voltage"]) if drive == "gates" and len(vectors) > 2 else []
    unit = levels["gate_voltage"] if drive == "gates" else 1.0
    for k, vector in enumerate(vectors):
        solver.levels[lines.source][:] = vector * unit
        for kept, level in known:
            solver.state.put_back(kept, vector == level)
        solver.solve()
        state = solver.state
        steps[k], through = state.steps, max(through, state.through)
        missing = max(missing, state.residual * state.through)
        currents[k] = lines.sign * state.line_currents(solver.families[lines.sink])
    return Products(currents, "exact", missing / through, 0.0, steps)


def _gates_on_and_off(solver: BenchSolver, gate_voltage: float) -> list[tuple[tuple[Array, ...], float]]:
    """Return (solution, level) with all word lines on (1) and off (0): where the rows of every pattern begin."""
    found = []
    for level in (1.0, 0.0):
        solver.levels["wl"][:] = level * gate_voltage
        solver.solve()
        found.append((solver.state.keep(), level))
    return found


def _linear(
    array: Crossbar, vectors: Array, drive: Drive, method: str, tolerance: float, levels: Mapping[str, float]
) -> Products:
    """Multiply by the matrix, and see with some vectors how far off it is."""
    used = vectors[vectors != 0.0]
    volts = float(np.sqrt(np.mean(used**2))) if used.size else 0.1
    matrix = linear_matrix(
        array, drive=drive, voltage=volts, gate_voltage=levels["gate_voltage"], temperature=levels["temperature"]
    )
    currents = vectors @ matrix
    order = np.argsort(-np.abs(vectors).sum(axis=1), kind="stable")
    chosen = order[np.unique(np.linspace(0, len(order) - 1, SAMPLES).astype(int))]
    sample = _exact(array, vectors[chosen], drive, levels)
    largest = float(np.max(np.abs(sample.currents)))
    error = float(np.max(np.abs(sample.currents - currents[chosen]))) / max(largest, 1e-300)
    if method == "auto" and error > tolerance:
        return _exact(array, vectors, drive, levels)
    return Products(currents, "linear", sample.residual, error, np.zeros(len(vectors), np.int64))


def _difference(
    plus: Crossbar, minus: Crossbar, vectors: Array, drive: Drive, method: str, tolerance: float,
    levels: Mapping[str, float],
) -> Products:  # fmt: skip
    """Return the outputs of one array less those of another."""
    other = product_lines(minus, drive)
    lines = product_lines(plus, drive)
    if (other.inputs, other.outputs) != (lines.inputs, lines.outputs):
        raise ParameterError(
            f"multiply: minus has {other.inputs} inputs and {other.outputs} outputs, the array {lines.inputs} and "
            f"{lines.outputs}."
        )

    def product(one: Crossbar, how: str) -> Products:
        return multiply(
            one, vectors, drive=drive, method=how, tolerance=tolerance, gate_voltage=levels["gate_voltage"],
            read_voltage=levels["read_voltage"], temperature=levels["temperature"],
        )  # fmt: skip

    first, second = product(plus, method), product(minus, method)
    if first.method != second.method:  # auto: one of them is not linear enough
        first, second = product(plus, "exact"), product(minus, "exact")
    largest = max(float(np.max(np.abs(part.currents))) for part in (first, second))
    error = 0.0
    if first.method == "linear":
        error = (first.error + second.error) if largest else 0.0
    return replace(
        first, currents=first.currents - second.currents, residual=max(first.residual, second.residual), error=error,
        steps=first.steps + second.steps,
    )  # fmt: skip
