"""The passive crossbar: conductances, wires and voltages in; currents and node voltages out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.basics.errors import ParameterError, shown
from rramcirc.engines.array.direct import DirectSolver
from rramcirc.engines.array.iterative import IterativeSolver
from rramcirc.engines.array.ladders import Array
from rramcirc.engines.array.merge import MOST_CELLS_OF_LEAF, terminal_admittance
from rramcirc.engines.array.wires import Wires, checked_array, make_wires

OUTPUTS = ("row_currents", "column_currents", "device_currents", "row_nodes", "column_nodes")
METHODS = ("auto", "iterative", "merge", "direct")
MANY_INPUTS = 100  # from here on, merging ports once is faster than solving for every input
LARGEST_CONDUCTANCE = 1e6  # [S]
_LARGEST = np.finfo(np.float64).max


@dataclass(frozen=True)
class PassiveSolution:
    """What `solve_passive` found; what was not asked for is ``None``.

    Attributes
    ----------
    row_currents : (n_inputs, rows) array
        Current from the row driver into the line [A].
    column_currents : (n_inputs, columns) array
        Current from the line into the column driver [A]: the output ``G^T V`` of an array without wires.
    device_currents : (n_inputs, rows, columns) array
        Current through every device from row to column [A].
    row_nodes, column_nodes : (n_inputs, rows, columns) arrays
        Voltage of the row and column line at every device [V].
    method
        ``"iterative"``, ``"merge"`` or ``"direct"``.
    iterations : (n_inputs,) array
        Iterations of conjugate gradients; 0 for the other methods.
    """

    row_currents: Array | None
    column_currents: Array | None
    device_currents: Array | None
    row_nodes: Array | None
    column_nodes: Array | None
    method: str
    iterations: NDArray[np.int64]


@dataclass(frozen=True)
class _Problem:
    conductance: Array
    row: Wires
    column: Wires


def _problem(
    conductance: ArrayLike, row_resistance: ArrayLike, column_resistance: ArrayLike, row_end: str, column_end: str,
    row_driver: ArrayLike, column_driver: ArrayLike,
) -> _Problem:  # fmt: skip
    shape = np.shape(conductance) if isinstance(conductance, (np.ndarray, list, tuple)) else ()
    if len(shape) != 2 or 0 in shape:
        raise ParameterError(f"conductance has shape {shape}; give a (rows, columns) array, at least 1 x 1.")
    g = checked_array("conductance", conductance, (shape,), least=0.0, top=LARGEST_CONDUCTANCE)
    rows, columns = shape
    row = make_wires("row", rows, columns, row_resistance, row_end, row_driver)
    column = make_wires("column", columns, rows, column_resistance, column_end, column_driver)
    row, column = (
        (row.with_lines_turned() if column.turned else row),
        (column.with_lines_turned() if row.turned else column),
    )
    turn = (slice(None, None, -1 if column.turned else 1), slice(None, None, -1 if row.turned else 1))
    return _Problem(np.ascontiguousarray(g[turn]), row, column)


def solve_passive(
    conductance: ArrayLike,
    row_voltages: ArrayLike,
    column_voltages: ArrayLike = 0.0,
    *,
    row_resistance: ArrayLike = 0.0,
    column_resistance: ArrayLike = 0.0,
    row_end: str = "first",
    column_end: str = "last",
    row_driver_resistance: ArrayLike = 0.0,
    column_driver_resistance: ArrayLike = 0.0,
    outputs: Collection[str] = ("row_currents", "column_currents"),
    method: str = "auto",
    tolerance: float = 1e-11,
) -> PassiveSolution:
    r"""Solve a crossbar of linear devices with resistive lines, for one input vector or many.

    Kirchhoff's current law on all nodes of the row lines, :math:`u`, and of the column lines, :math:`v`:

    .. math:: (W + D) u - D v = i_u, \qquad (B + D) v - D u = i_v

    with the wires :math:`W, B` and the devices :math:`D`. Rows are eliminated exactly and conjugate gradients run on
    the rest, preconditioned by the column lines and by a uniform array on its 16 x 16 smoothest modes ([Xie2021]_ and
    an effective-medium correction); from 100 inputs on, if only line currents are wanted, ports are merged instead.

    Parameters
    ----------
    conductance : (rows, columns) array
        Devices [S]; 0 is a missing device.
    row_voltages : (n_inputs, rows) or (rows,) array
        Voltages of the row drivers [V].
    column_voltages : () or (columns,) or (n_inputs, columns) array
        Voltages of the column drivers [V].
    row_resistance : () or (rows, columns) array
        Resistance of every segment of the row lines [ohm]: entry ``[i, j]`` is the one before device j where the driver
        is at the first end, after it where it is at the last; ``(rows, columns + 1)`` if it is at both. 0 merges two
        nodes, infinity is a broken wire.
    column_resistance : () or (rows, columns) array
        The same for column lines, with the driver at the last end by default; ``(rows + 1, columns)`` for both ends.
    row_end, column_end
        Where the drivers are: ``"first"``, ``"last"`` or ``"both"`` (joined behind one driver resistance).
    row_driver_resistance, column_driver_resistance : () or (lines,) array
        Between source and line [ohm]; infinity leaves a line floating.
    outputs
        Which arrays of `PassiveSolution` are wanted; node voltages and device currents of many inputs are large.
    method
        ``"iterative"``, ``"merge"`` (line currents only), ``"direct"`` (sparse factorisation) or ``"auto"``.
    tolerance
        Of the iterative method: error in the energy norm, relative to that of the solution.

    Returns
    -------
    PassiveSolution
        Currents [A] and voltages [V], one row per input vector.

    Raises
    ------
    ParameterError
        If an argument has the wrong shape or is negative, infinite or not a number; names it.

    References
    ----------
    .. [Xie2021] R. Xie et al., A Fast Method for Steady-State Memristor Crossbar Array Circuit Simulation, ICTA 2021.

    Examples
    --------
    >>> found = solve_passive([[1e-4, 2e-4], [3e-4, 4e-4]], [0.1, 0.2])
    >>> found.column_currents * 1e6  # [uA]
    array([[ 70., 100.]])
    """
    problem = _problem(
        conductance, row_resistance, column_resistance, row_end, column_end, row_driver_resistance,
        column_driver_resistance,
    )  # fmt: skip
    rows, columns = problem.conductance.shape
    wanted = _checked_outputs(outputs)
    at_rows = _inputs("row_voltages", row_voltages, rows)
    at_columns = _inputs("column_voltages", column_voltages, columns)
    count = max(len(at_rows), len(at_columns))
    if len(at_columns) not in (1, count) or len(at_rows) not in (1, count):
        raise ParameterError(
            f"column_voltages holds {len(at_columns)} input vectors, row_voltages {len(at_rows)}; give equally many."
        )
    at_rows = np.broadcast_to(at_rows, (count, rows))
    at_columns = np.broadcast_to(at_columns, (count, columns))
    tolerance = float(checked_array("tolerance", tolerance, ((),), least=1e-16, top=0.1))
    chosen = _choose(problem, method, wanted, count)
    if chosen == "merge":
        return _by_merging(problem, at_rows, at_columns, wanted)
    return _one_by_one(problem, at_rows, at_columns, wanted, chosen, tolerance)


def effective_matrix(
    conductance: ArrayLike,
    *,
    row_resistance: ArrayLike = 0.0,
    column_resistance: ArrayLike = 0.0,
    row_end: str = "first",
    column_end: str = "last",
    row_driver_resistance: ArrayLike = 0.0,
    column_driver_resistance: ArrayLike = 0.0,
) -> Array:
    """Return the matrix that a crossbar with resistive lines multiplies by.

    Parameters are those of `solve_passive`.

    Returns
    -------
    (rows, columns) array
        E [S]: with all column drivers at 0 V the column currents are ``row_voltages @ E``.

    Examples
    --------
    >>> effective_matrix([[1e-4, 2e-4]], row_resistance=100.0) * 1e6  # [uS]
    array([[ 97.12435727, 190.43991621]])
    """
    problem = _problem(
        conductance, row_resistance, column_resistance, row_end, column_end, row_driver_resistance,
        column_driver_resistance,
    )  # fmt: skip
    rows, columns = problem.conductance.shape
    if _can_merge(problem):
        return -_turned_admittance(problem)[:rows, rows:]
    inputs, grounds = np.eye(rows), np.zeros((rows, columns))
    matrix = _one_by_one(problem, inputs, grounds, {"column_currents"}, "iterative", 1e-11).column_currents
    assert matrix is not None
    return matrix


def _checked_outputs(outputs: Collection[str]) -> set[str]:
    names = [outputs] if isinstance(outputs, str) else list(outputs) if isinstance(outputs, Collection) else [outputs]
    for name in names:
        if name not in OUTPUTS:
            raise ParameterError(f"outputs: {shown(name)} is not one of {', '.join(OUTPUTS)}.")
    return set(names)


def _inputs(name: str, values: ArrayLike, lines: int) -> Array:
    shape = np.shape(values) if isinstance(values, (np.ndarray, list, tuple)) else ()
    shapes: tuple[tuple[int, ...], ...] = ((lines,), (shape[0] if len(shape) == 2 and shape[0] else 1, lines))
    if name == "column_voltages":
        shapes = ((), *shapes)
    array = checked_array(name, values, shapes, least=-_LARGEST, top=_LARGEST)
    return np.broadcast_to(array, (1, lines)) if array.ndim < 2 else array


def _can_merge(problem: _Problem) -> bool:
    return problem.row.distributed and problem.column.distributed


def _choose(problem: _Problem, method: str, wanted: set[str], count: int) -> str:
    if not isinstance(method, str) or method not in METHODS:
        raise ParameterError(f"method: {shown(method)} is not one of {', '.join(METHODS)}.")
    only_lines = wanted <= {"row_currents", "column_currents"}
    if method == "merge" and not only_lines:
        raise ParameterError("method: merge gives line currents only; ask for fewer outputs or use 'iterative'.")
    if method == "merge" and not _can_merge(problem):
        raise ParameterError("method: merge needs segments of more than 0 ohm on all lines; use 'iterative'.")
    if method != "auto":
        return method
    large = problem.conductance.size > MOST_CELLS_OF_LEAF
    return "merge" if count >= MANY_INPUTS and only_lines and large and _can_merge(problem) else "iterative"


def _turned_admittance(problem: _Problem) -> Array:
    """Return the admittance between the sources, rows first, in the order of the array."""
    rows, columns = problem.conductance.shape
    found = terminal_admittance(problem.conductance, problem.row, problem.column)
    order = np.arange(rows + columns)
    if problem.column.turned:
        order[:rows] = order[:rows][::-1]
    if problem.row.turned:
        order[rows:] = order[rows:][::-1]
    ordered: Array = found[np.ix_(order, order)]
    return ordered


def _by_merging(problem: _Problem, at_rows: Array, at_columns: Array, wanted: set[str]) -> PassiveSolution:
    rows = len(problem.conductance)
    currents = np.hstack([at_rows, at_columns]) @ _turned_admittance(problem)
    into_rows = currents[:, :rows] if "row_currents" in wanted else None
    outof_columns = -currents[:, rows:] if "column_currents" in wanted else None
    return PassiveSolution(
        into_rows, outof_columns, None, None, None, "merge", np.zeros(len(at_rows), np.int64)
    )  # fmt: skip


def _one_by_one(
    problem: _Problem, at_rows: Array, at_columns: Array, wanted: set[str], method: str, tolerance: float
) -> PassiveSolution:
    """Solve for one input vector after the other."""
    g, count = problem.conductance, len(at_rows)
    turn_rows = slice(None, None, -1 if problem.column.turned else 1)
    turn_columns = slice(None, None, -1 if problem.row.turned else 1)
    solver: IterativeSolver | DirectSolver
    if method == "iterative":
        solver = IterativeSolver(*_parts(problem), tolerance, driven_columns=bool(at_columns.any()))
    else:
        solver = DirectSolver(*_parts(problem))
    sizes = {"row_currents": g.shape[:1], "column_currents": g.shape[1:]}
    found = {name: np.empty((count, *sizes.get(name, g.shape))) for name in OUTPUTS if name in wanted}
    iterations = np.zeros(count, np.int64)
    for k in range(count):
        sources = np.ascontiguousarray(at_rows[k, turn_rows]), np.ascontiguousarray(at_columns[k, turn_columns])
        u, v, iterations[k] = solver.solve(*sources)
        if iterations[k] < 0:
            solver, method = DirectSolver(*_parts(problem)), "direct"
            u, v, iterations[k] = solver.solve(*sources)
        values = {"row_nodes": u[turn_rows, turn_columns], "column_nodes": v[turn_rows, turn_columns]}
        if wanted - {"row_nodes", "column_nodes"}:
            across = np.subtract(u, v)
            current = np.multiply(g, across, out=across)[turn_rows, turn_columns]
            sums = {"row_currents": current.sum(axis=1), "column_currents": current.sum(axis=0)}
            values |= sums | {"device_currents": current}
        for name, array in found.items():
            array[k] = values[name]
    row_currents, column_currents, device_currents, row_nodes, column_nodes = (found.get(name) for name in OUTPUTS)
    return PassiveSolution(
        row_currents, column_currents, device_currents, row_nodes, column_nodes, method, iterations
    )  # fmt: skip


def _parts(problem: _Problem) -> tuple[Array, Wires, Wires]:
    return problem.conductance, problem.row, problem.column
