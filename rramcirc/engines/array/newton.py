"""Newton's method on the lines of an array whose cells are compiled devices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.errors import SimulationError
from rramcirc.basics.units import format_number
from rramcirc.engines.array import balance_kernels as kernels
from rramcirc.engines.array.cells import Cells
from rramcirc.engines.array.coupled import TOLERANCE
from rramcirc.engines.array.line_network import Family, Network
from rramcirc.engines.array.line_solvers import line_solver
from rramcirc.engines.array.moving_cells import MovingCells

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]
FEW_NODES = 150  # up to so many, a matrix of all entries is solved faster than a sparse one is made
FEW_CELLS = 1000  # up to so many, it is remembered where their entries stand
LARGEST_STEP = 0.5  # [V] per node and iteration
FEW_STEPS, MOST_STEPS = 40, 80  # from the first on steps may be longer, or are kept shorter
LONGEST_STEP = 512.0  # [V]; a current can ask for hundreds of volts
FIRST_MOVE = 0.05  # [V]; inner nodes are brought this close to balance before lines and cells move together
RESIDUAL = 1e-10  # of Kirchhoff's current law, relative to the largest current of a node
LEAST = 1e-200  # [A]; of numbers below that, products are 0
FOLLOWED = 1e-7  # the same in one step of time, at least
SHARE = 0.2  # of the currents that may be missing: what the solution for the lines may leave of them
ROUGHEST = 1e-2  # of the currents that are missing: what it may leave at most
LAST_MOVE = 1e-10  # [V]; of the step that is not taken any more, as the ones before let expect it
MOST_DOUBT = 1e-3  # [V]; what rounding may move a line by
RUN_AWAY = 1e3  # [V]; no line of a circuit is there
LOOSE = 1e9  # [ohm]; a driver behind that holds nothing
DOUBTED = 1e-4  # of the largest voltage; what rounding leaves open is told beyond
PATIENCE = 20  # steps, before they may be taken for rounding
STALLED = 4  # steps that no longer become smaller, all currents balanced: rounding moves the node, not Newton's method
LOST = 4.0 * float(np.finfo(float).eps)  # of the largest voltage; a smaller step is lost in rounding
CURVATURE = 1.0  # [1/V]; by which a step is at least taken to follow from the square of the one before


@dataclass
class ArrayState:
    """Cells, lines and the voltages of all nodes; `solve` brings them to balance."""

    cells: Cells | MovingCells
    network: Network
    voltages: Array
    steps: int = 0
    residual: float = 0.0  # what is missing to Kirchhoff's current law, relative to `through`
    through: float = 0.0  # [A]; the largest current of a node, in a transient the largest so far
    missing: float = 0.0  # [A]; what is missing after a step of time
    doubt: float = 0.0  # [V]; how far rounding moves a node that next to nothing holds

    def __post_init__(self) -> None:
        ports = self.cells.ports
        self._active = [(ports.index(kind), family) for kind, family in self.network.families.items()]
        self._fresh, self._balanced, self._line_moved = True, False, 0.0
        self._held_somewhere = [(p, f) for p, f in self._active if self.network.holds(f)]
        self._lines = line_solver(self.network, self.cells)
        self._entries: tuple[tuple[Numbers, Numbers, Numbers], Numbers, Numbers] | None = None

    def solve(self, sources: Array, fixed: dict[str, Array | float]) -> None:
        """Find the operating point.

        Parameters
        ----------
        sources : (nodes,) array
            Voltage of the source of every line at the place of its terminal [V].
        fixed
            Voltage of ports that are no lines: bulk, nz; () or (cells,) arrays [V].

        Raises
        ------
        SimulationError
            If there is no convergence; says how far it came.
        """
        self.voltages[self.network.held] = sources[self.network.held]
        cells = self.cells
        assert isinstance(cells, Cells)  # those that move `follow`
        held = self._hold(fixed) or self._fresh
        known = not (self._to_cells() or held) and self._balanced
        if held:  # inner nodes take the first of Newton's steps together with the lines
            known = cells.settle(LARGEST_STEP, FIRST_MOVE)
        self._fresh = self._balanced = False
        injected = self.network.injected(sources)
        before, moved, expected, stalled, limit = np.inf, np.inf, np.inf, 0, LARGEST_STEP
        for step in range(MOST_STEPS):
            if step or not known:  # else the cells are as they were left
                cells.linearise()
            residual, scale, missing = self._residual(injected)
            self.steps, self.through, self.residual = step, scale, missing / max(scale, 1e-300)
            whole = np.isfinite(expected)  # the last step was not cut
            small = missing <= max(RESIDUAL * scale, LEAST) or missing <= self._rounding()
            small = small or (whole and self._is_lost(moved))
            # lines, not inner nodes: those can run in circles without being anywhere near a solution
            by_rounding = small and whole and 0.25 * before < moved < MOST_DOUBT and self._line_moved > 0.1 * moved
            stalled = stalled + 1 if by_rounding and expected >= LAST_MOVE and step > PATIENCE else 0
            if small and (expected < LAST_MOVE or stalled >= STALLED):
                self.doubt = max(self.doubt, self._moved_by_rounding(), moved if stalled >= STALLED else 0.0)
                cells.check_determined()
                self._balanced = True
                return
            if step > FEW_STEPS:  # far away, or in circles
                limit = min(2.0 * limit, LONGEST_STEP) if moved >= limit else 0.5 * moved
            before, moved = moved, self._advance(residual, limit=limit)
            # a step that was cut says nothing of how close the end is
            expected = _next_move(before, moved) if moved < 0.999 * limit else np.inf
        cells.check_determined()
        raise SimulationError(
            f"numpy failed: no operating point after {MOST_STEPS} Newton steps; Kirchhoff's current law is off by "
            f"{self.residual:.1e} of the largest current, the last step moved a node by {moved:.1e} V."
            + self._run_away()
        )

    def _run_away(self) -> str:
        """Say which line without a voltage source is farther away than any device can be, if one is."""
        for kind, family in self.network.families.items():
            by_line = np.abs(self.voltages[family.nodes]).max(axis=1 if family.along_rows else 0)
            by_line = np.where(family.driver >= LOOSE, by_line, 0.0)
            line = int(np.argmax(by_line))
            if by_line[line] > RUN_AWAY:
                return (
                    f" {kind}{line} is at {format_number(by_line[line], 'V')} and goes on: its source is a current (or "
                    "stands behind 1 Gohm or more) that its cells do not carry. Open a transistor there, or drive it "
                    "by a voltage."
                )
        return ""

    def keep(self) -> tuple[Array, ...]:
        """Return a copy of a solution, for `put_back`."""
        assert isinstance(self.cells, Cells)
        return (self.voltages.copy(), *self.cells.keep())

    def put_back(self, kept: tuple[Array, ...], rows: NDArray[np.bool_]) -> None:
        """Return some rows of cells, and their nodes, to a solution that was kept; the next one begins there."""
        assert isinstance(self.cells, Cells)
        for _, family in self._active:
            nodes = family.nodes[rows]
            self.voltages[nodes] = kept[0][nodes]
        columns = self.cells.count // len(rows)
        self.cells.put_back(kept[1:], np.flatnonzero(np.repeat(rows, columns)))

    def follow(
        self, sources: Array, fixed: dict[str, Array | float], followed: float, least: float, most: int = 10
    ) -> bool:
        """Find the balance of `MovingCells` from a prediction close to it; return whether it was found.

        Only cells that a step took out of their neighbourhood are evaluated again; those of all others are straight
        lines, on which they stay.

        Parameters
        ----------
        sources, fixed
            As for `solve`.
        followed, least
            What may be missing to Kirchhoff's current law, relative to the largest current of a node, and in any case
            [A].
        most
            Largest number of Newton steps.
        """
        cells = self.cells
        assert isinstance(cells, MovingCells)
        self._balanced = False
        self.voltages[self.network.held] = sources[self.network.held]
        self._hold(fixed)
        for port, family in self._held_somewhere:  # all other nodes are where the cells are
            cells.take(port, self.voltages[family.nodes.ravel()])
        injected = self.network.injected(sources)
        cells.linearise()
        residual, scale, missing = self._residual(injected)
        for _ in range(most):
            wanted = SHARE * max(followed * scale, least) / max(missing, LEAST)
            moved = self._advance(residual, tolerance=min(max(wanted, TOLERANCE), ROUGHEST))
            self.steps += 1
            settled = cells.renew(LARGEST_STEP)
            residual, scale, missing = self._residual(injected)
            self.through, self.missing = max(self.through, scale), missing
            small = missing <= max(followed * scale, least) or missing <= self._rounding()
            if moved < LARGEST_STEP and small and settled:
                cells.check_determined()
                return True
        return False

    def _hold(self, fixed: dict[str, Array | float]) -> bool:
        """Set the ports that are no lines; return whether a voltage changed."""
        changed = False
        for kind, value in fixed.items():
            changed |= self.cells.hold(kind, value)
        return changed

    def _to_cells(self) -> bool:
        """Give the cells the voltages of their nodes; return whether one changed."""
        changed = False
        for port, family in self._active:
            at_lines = self.voltages[family.nodes.ravel()]
            changed |= bool(np.any(self.cells.voltages[:, port] != at_lines))
            self.cells.voltages[:, port] = at_lines
        return changed

    def _residual(self, injected: Array) -> tuple[Array, float, float]:
        """Return the current missing at every free node, the largest through a node, and the largest missing [A]."""
        network, into = self.network, np.zeros(self.network.total)
        for port, family in self._active:
            kernels.add_currents(family.nodes.ravel(), port, self.cells.currents, into)
        through = kernels.largest_current(into, injected)
        into -= injected
        network.add_wire_currents(self.voltages, into)
        missing = into[network.free]
        return missing, through, float(np.max(np.abs(missing), initial=0.0))

    def _is_lost(self, moved: float) -> bool:
        """Whether a step is smaller than what rounding leaves of the voltages."""
        return moved <= float(LOST * np.max(np.abs(self.cells.voltages), initial=0.0))

    def _rounding(self) -> float:
        """Return what rounding may leave of the currents of wires and cells at a node [A]."""
        steepest, slopes = 0.0, np.zeros(0 if self.network.ladders else self.network.total)
        for port, family in self._active:
            own = np.abs(self.cells.conductances[:, port, port])
            if self.network.ladders:  # one cell at every node
                steepest = max(steepest, float(own.max()))
            else:
                slopes += np.bincount(family.nodes.ravel(), own, self.network.total)
        if not self.network.ladders:
            steepest = float(np.max(slopes[self.network.free], initial=0.0))
        stiffest = self.network.stiffest + steepest
        return 8.0 * np.finfo(float).eps * stiffest * self._largest_voltage()

    def _largest_voltage(self) -> float:
        """Return that of the free nodes and the cells [V]; a source of current is held at 1e15 V for 1 A."""
        largest = float(np.max(np.abs(self.voltages[self.network.free]), initial=0.0))
        return max(largest, float(np.max(np.abs(self.cells.voltages), initial=0.0)))

    def _moved_by_rounding(self) -> float:
        """Return how far rounding moves a line that no driver holds, if that is more than `DOUBTED`; else 0 [V].

        Voltages are numbers of 16 digits, and a wire's current changes with the last one. All these currents in one
        direction are the worst that can be, and the lines are solved for it.
        """
        largest = self._largest_voltage()
        loose = any(family.leak.size or np.any(family.driver >= LOOSE) for _, family in self._active)
        if not loose or not len(self.network.free):
            return 0.0
        rounded = np.full(len(self.network.free), np.finfo(float).eps * self.network.stiffest * largest)
        moved = float(np.max(np.abs(self._solve_lines(rounded, ROUGHEST))))
        return moved if moved > DOUBTED * largest else 0.0

    def _solve_lines(self, residual: Array, tolerance: float) -> Array:
        """Return the step of the free nodes that balances `residual`."""
        solved = None
        if self._lines is not None:
            self._lines.factor()
            solved = self._lines.solve(residual, tolerance)
        return self._direct(residual) if solved is None else solved

    def _advance(self, residual: Array, tolerance: float = TOLERANCE, limit: float = LARGEST_STEP) -> float:
        """Take one Newton step, lines solved to a `tolerance`; return the largest move of any node [V]."""
        network = self.network
        step = np.zeros(network.total)
        if len(network.free):
            step[network.free] = self._solve_lines(residual, tolerance)
        np.clip(step, -limit, limit, out=step)
        self.voltages += step
        moves = np.zeros((self.cells.count, len(self.cells.ports)))
        for port, family in self._active:
            kernels.gather_steps(family.nodes.ravel(), port, step, moves)
        moved = self.cells.move(moves, limit)
        self._line_moved = float(np.max(np.abs(step), initial=0.0))
        return max(moved, self._line_moved)

    def _direct(self, residual: Array) -> Array:
        """Solve for the step with a factorisation: of all entries where nodes are few, else of a sparse matrix."""
        size, wires = len(self.network.free), self.network.free_wires
        own, rows, columns = self._entries or self._cell_entries()
        if self.cells.count <= FEW_CELLS:
            self._entries = own, rows, columns
        slopes = self.cells.conductances[own]
        try:
            if size <= FEW_NODES:
                entries = np.concatenate([wires.data, slopes])
                places = np.concatenate([wires.row * size + wires.col, rows * size + columns])
                matrix = np.bincount(places, entries, size * size).reshape(size, size)
                step: Array = np.linalg.solve(matrix, -residual).astype(np.float64, copy=False)
                return step
            some = slopes != 0.0
            rows, columns = np.concatenate([wires.row, rows[some]]), np.concatenate([wires.col, columns[some]])
            return _sparse_step(np.concatenate([wires.data, slopes[some]]), rows, columns, residual)
        except (np.linalg.LinAlgError, RuntimeError) as error:
            raise SimulationError(f"numpy failed: the lines have no unique solution ({error}).") from error

    def _cell_entries(self) -> tuple[tuple[Numbers, Numbers, Numbers], Numbers, Numbers]:
        """Return where entries stand in the conductances of the cells, and rows and columns of the free nodes."""
        found: list[tuple[Numbers, ...]] = []
        for p, to in self._active:
            for q, by in self._active:
                a, b = self.network.position[to.nodes.ravel()], self.network.position[by.nodes.ravel()]
                cell = np.flatnonzero((a >= 0) & (b >= 0))
                found.append((cell, np.full(len(cell), p), np.full(len(cell), q), a[cell], b[cell]))
        cell, p_all, q_all, rows, columns = (np.concatenate(part) for part in zip(*found, strict=True))
        return (cell, p_all, q_all), rows, columns

    def line_currents(self, family: Family) -> Array:
        """Return the current from the driver into every line [A]."""
        shape = family.nodes.shape
        into = self.cells.currents[:, self.cells.ports.index(family.kind)].reshape(shape)
        if family.leak.size:
            into = into + family.leak * self.voltages[family.nodes]
        return family.line_sums(into)

    def line_voltages(self, family: Family, sources: Array) -> Array:
        """Return the voltage of every line behind its driver [V]."""
        if family.wires.both:
            return self.voltages[family.first]
        nodes = family.nodes if family.along_rows else family.nodes.T
        near = self.voltages[nodes[:, -1 if family.wires.turned else 0]]
        whole = np.isfinite(family.resistance)
        behind = near + np.where(whole, family.resistance, 0.0) * self.line_currents(family)
        return np.where(whole & (family.driver > 0.0), behind, sources[family.first])


def _sparse_step(entries: Array, rows: Numbers, columns: Numbers, residual: Array) -> Array:
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import splu

    size = len(residual)
    step: Array = splu(coo_matrix((entries, (rows, columns)), shape=(size, size)).tocsc()).solve(-residual)
    return step


def _next_move(before: float, moved: float) -> float:
    """Return how far the next Newton step will go, after two that went so far [V]."""
    if not 0.0 < before**2 < np.inf:  # the square of 1e-170 V is 0
        return moved
    return max(moved / before**2, CURVATURE) * moved**2
