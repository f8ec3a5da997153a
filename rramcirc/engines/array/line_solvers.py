"""Which solver takes the Newton step of an array: elimination along its lines where that fits, else a factorisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rramcirc.engines.array.balance_kernels import add_products, subtract_part
from rramcirc.engines.array.cells import Cells
from rramcirc.engines.array.coupled import FEWEST_CELLS, TOLERANCE, CoupledLines, Rotations
from rramcirc.engines.array.gate_kernels import follow_gates, gather_gates
from rramcirc.engines.array.ladders import Ladders, factor
from rramcirc.engines.array.line_network import Family, Network
from rramcirc.engines.array.moving_cells import MovingCells
from rramcirc.engines.array.parallel_kernels import factor_pairs, gather_pairs, solve_pairs

Array = NDArray[np.float64]
AnyCells = Cells | MovingCells
INNER = 0.02  # of the residual, to which lines without the gates are solved in an iteration
MOST_SWEEPS = 30
NOTHING = np.empty((0, 0))


class LineSolver(Protocol):
    """Solves for the Newton step of the free nodes; `exact`: whether it leaves nothing, whatever the tolerance."""

    exact: bool

    def factor(self) -> None:
        """Take over the present conductances of the cells."""

    def solve(self, residual: Array, tolerance: float = TOLERANCE) -> Array | None:
        """Return the step [V] for the currents that are missing at the free nodes [A]; None without convergence.

        Solvers that iterate leave `tolerance` of them.
        """


def line_solver(network: Network, cells: AnyCells) -> LineSolver | None:
    """Return a solver that is faster than a factorisation, or None where none fits."""
    if cells.count < FEWEST_CELLS:
        return None
    free = [f for f in network.families.values() if f.wires.distributed or np.any(network.position[f.nodes] >= 0)]
    gates = [f for f in free if f.kind == "wl" and "sl" in cells.ports]
    others = [f for f in free if f not in gates]
    ladders = all(f.wires.distributed and not f.wires.ring for f in free)
    if not ladders or len(gates) > 1 or not others:
        return None
    rows, columns = [f for f in others if f.along_rows], [f for f in others if not f.along_rows]
    main: LineSolver
    if len(rows) == len(columns) == 1:
        main = CoupledLines(network, cells, rows[0], columns[0])
    elif not rows and len(columns) <= 2:
        main = ParallelLines(network, cells, columns)
    else:
        return None
    return GatesFirst(network, cells, gates[0], main, others) if gates else main


class ParallelLines:
    """Solver for lines that all run along the columns, so that nothing joins one column to the next."""

    exact = True

    def __init__(self, network: Network, cells: AnyCells, columns: list[Family]) -> None:
        self._network, self._cells, self._families = network, cells, columns
        self._ports = [cells.ports.index(family.kind) for family in columns]
        shape = columns[0].nodes.shape
        self._wires, self._links = np.ones((*shape, 2)), np.zeros((*shape, 2))
        self._blocks, self._x = np.empty((*shape, 2, 2)), np.zeros((*shape, 2))
        for k, family in enumerate(columns):
            self._wires[..., k], self._links[..., k] = line_conductances(family, shape)

    def factor(self) -> None:
        """Eliminate the lines at the present conductances of the cells."""
        first, second = self._ports[0], self._ports[-1]
        gather_pairs(self._cells.conductances, first, second, self._blocks.reshape(-1, 2, 2))
        if len(self._ports) == 1:
            self._blocks[..., 1, 1] = 0.0
        self._by_columns(lambda part: factor_pairs(part[0], part[-1] + 1, self._blocks, self._wires, self._links))

    def solve(self, residual: Array, tolerance: float = TOLERANCE) -> Array | None:
        """Return the Newton step of all free nodes for a residual; exact, whatever the tolerance."""
        for k, family in enumerate(self._families):
            np.negative(self._network.among_free(family, residual), out=self._x[..., k])
        self._by_columns(lambda part: solve_pairs(part[0], part[-1] + 1, self._blocks, self._links, self._x))
        step = np.zeros(len(self._network.free))
        for k, family in enumerate(self._families):
            self._network.among_free(family, step)[:] = self._x[..., k]
        return step if np.isfinite(self._x).all() else None

    def _by_columns(self, work: Callable[[NDArray[np.int64]], None]) -> None:
        rows, columns = self._x.shape[:2]
        self._cells.team.split(work, np.arange(columns), rows)


def line_conductances(family: Family, shape: tuple[int, int]) -> tuple[Array, Array]:
    """Return (rows, columns) conductances of column lines: of every node to all its neighbours, and to the one before.

    Nodes are in the order of the array [S].
    """
    wires, (rows, columns) = family.wires, shape
    between = 1.0 / np.broadcast_to(wires.segment, (columns, rows)).T
    total = between.copy()
    total[:-1] += between[1:]
    if wires.both:
        total[-1] += 1.0 / wires.far
    before = between.copy()
    if wires.turned:
        total = total[::-1]
        before[1:] = between[:0:-1]
    if family.leak.size:
        total = total + family.leak
    return total, before


class GatesFirst:
    """Solver for arrays with gate lines, to which only charges couple: gates are eliminated, lines along the rows.

    In steps of nanoseconds the coupling is weak (a femtofarad per cell against some ohms of wire), in steps of
    picoseconds it is not, so the solution for the other lines alone is the preconditioner of flexible GMRES. A cell
    that stays near where its models were evaluated is a straight line: what is left of the currents after a Newton
    step is what this leaves, and an iteration costs a tenth of a Newton step.
    """

    exact = False

    def __init__(
        self, network: Network, cells: AnyCells, gates: Family, main: LineSolver, others: list[Family]
    ) -> None:
        self._network, self._cells, self._gates, self._main = network, cells, gates, main
        self._port = cells.ports.index(gates.kind)
        self._turned = gates.wires.turned
        self._others = np.array([cells.ports.index(f.kind) for f in others])
        self._begins = np.array([network.free_begin(f) for f in others])
        self._ladders: Ladders | None = None
        self._felt, self._drawn_by = np.empty((2, len(others), cells.count))

    def factor(self) -> None:
        """Eliminate the gates, and the other lines, at the present conductances of the cells."""
        gather_gates(self._cells.conductances, self._port, self._others, self._felt, self._drawn_by)
        gate, shape = self._port, self._gates.nodes.shape
        own = self._cells.conductances[:, gate, gate].reshape(shape)
        own = own + self._gates.leak if self._gates.leak.size else own
        own = np.ascontiguousarray(own[:, ::-1] if self._turned else own)
        self._ladders = factor(self._gates.wires, own, rows=True, driven=False)
        self._main.factor()

    def solve(self, residual: Array, tolerance: float = TOLERANCE) -> Array | None:
        """Return the Newton step of all free nodes for a residual, or None without convergence."""
        whole = float(np.linalg.norm(residual))
        if whole == 0.0:
            return np.zeros_like(residual)
        missing = self._network.among_free(self._gates, residual).copy()
        rest = residual.copy()
        self._network.among_free(self._gates, rest)[:] = 0.0
        self._follow(np.zeros_like(rest), rest, missing)
        step = self._gmres(rest, tolerance * whole)
        if step is None:
            return None
        moves = np.empty_like(missing)
        self._follow(step, rest, missing, moves)
        self._network.among_free(self._gates, step)[:] = moves
        return step

    def _follow(self, step: Array, into: Array, missing: Array = NOTHING, moves: Array = NOTHING) -> None:
        """Solve the gates for a `step` of the others; parameters as those of `gate_kernels.follow_gates`."""
        assert self._ladders is not None  # `factor` comes first
        rows, columns = self._gates.nodes.shape
        given = (
            self._felt, self._drawn_by, self._begins, *self._ladders.factors, self._turned, missing, step, into, moves,
        )  # fmt: skip
        self._cells.team.split(lambda part: follow_gates(part, *given), np.arange((rows + 3) // 4), 4 * columns)

    def _drawn(self, step: Array) -> Array:
        """Return the currents that a step of the other lines draws from them, gates held [A]."""
        network = self._network
        voltages, currents = np.zeros(network.total), np.zeros(network.total)
        voltages[network.free] = step
        network.add_wire_currents(voltages, currents)
        found: Array = currents[network.free]
        add_products(
            self._cells.conductances, self._others, self._begins, self._others, self._begins, step, found
        )  # fmt: skip
        return found

    def _gmres(self, right: Array, tolerance: float) -> Array | None:
        """Return the moves of the other lines for the currents `right` that are missing at them, gates following [V].

        They leave `tolerance` [A] of these.
        """
        norm = float(np.linalg.norm(right))
        if norm <= tolerance:
            return self._main.solve(right, INNER)
        basis, solved, rotated = [right / norm], [], Rotations(norm)
        for _ in range(MOST_SWEEPS):
            moved = self._main.solve(basis[-1], INNER)
            if moved is None:
                return None
            solved.append(moved)
            after = np.negative(basis[-1]) if self._main.exact else self._drawn(moved)
            self._follow(moved, after)
            np.negative(after, out=after)
            entries = [subtract_part(vector, after) for vector in basis]
            length = float(np.linalg.norm(after))
            left = rotated.add(entries, length)
            if left <= tolerance or length == 0.0:
                break
            after /= length
            basis.append(after)
        weights = rotated.weights()
        step: Array = np.multiply(weights[0], solved[0], out=solved[0])
        for weight, moved in zip(weights[1:], solved[1:], strict=True):
            step += weight * moved
        return step
