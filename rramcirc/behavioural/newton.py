"""Newton's method on the lines of an array whose cells are compiled devices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rramcirc.behavioural.cells import Cells
from rramcirc.behavioural.coupled import CoupledLines
from rramcirc.behavioural.line_network import Family, Network
from rramcirc.errors import SimulationError

Array = NDArray[np.float64]
LARGEST_STEP = 0.5  # [V] per node and iteration
MOST_STEPS = 80
FIRST_MOVE = 0.05  # [V]; inner nodes are brought this close to balance before lines and cells move together
RESIDUAL = 1e-10  # of Kirchhoff's current law, relative to the largest current of a node
LAST_MOVE = 1e-8  # [V]; Newton's method squares it once more


@dataclass
class ArrayState:
    """Cells, lines and the voltages of all nodes; `solve` brings them to balance."""

    cells: Cells
    network: Network
    voltages: Array
    steps: int = 0
    residual: float = 0.0

    def __post_init__(self) -> None:
        ports = self.cells.ports
        self._active = [(ports.index(kind), family) for kind, family in self.network.families.items()]
        self._fresh = True
        self._coupled = CoupledLines.of(self.network, self.cells)

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
        if self._hold(fixed) or self._fresh:
            self._to_cells()
            self.cells.settle(LARGEST_STEP, FIRST_MOVE)
        self._fresh = False
        self._to_cells()
        injected = self.network.injected(sources)
        moved = np.inf
        for step in range(MOST_STEPS):
            self.cells.linearise()
            residual, scale = self._residual(injected)
            missing = float(np.max(np.abs(residual), initial=0.0))
            self.steps, self.residual = step, missing / max(scale, 1e-300)
            if moved < LAST_MOVE and missing <= RESIDUAL * scale + self._rounding():
                return
            moved = self._advance(residual)
        raise SimulationError(
            f"numpy failed: no operating point after {MOST_STEPS} Newton steps; Kirchhoff's current law is off by "
            f"{self.residual:.1e} of the largest current, the last step moved a node by {moved:.1e} V."
        )

    def _hold(self, fixed: dict[str, Array | float]) -> bool:
        """Set the ports that are no lines; return whether a voltage changed."""
        changed = False
        for kind, value in fixed.items():
            at_cells = self.cells.voltages[:, self.cells.ports.index(kind)]
            changed |= bool(np.any(at_cells != value))
            at_cells[:] = value
        return changed

    def _to_cells(self) -> None:
        for port, family in self._active:
            self.cells.voltages[:, port] = self.voltages[family.nodes.ravel()]

    def _residual(self, injected: Array) -> tuple[Array, float]:
        """Return the current that is missing at every free node, and the largest one through a node [A]."""
        network = self.network
        into = np.zeros(network.total)
        for port, family in self._active:
            into += np.bincount(family.nodes.ravel(), self.cells.currents[:, port], network.total)
        through = max(float(np.max(np.abs(into))), float(np.max(np.abs(injected))))
        into += network.wires @ self.voltages
        return (into - injected)[network.free], through

    def _rounding(self) -> float:
        """Return what rounding may leave of the currents of wires at a node [A]."""
        stiffest = self.network.stiffest
        return 8.0 * np.finfo(float).eps * stiffest * float(np.max(np.abs(self.voltages), initial=0.0))

    def _advance(self, residual: Array) -> float:
        """Take one Newton step; return the largest move of any node [V]."""
        network = self.network
        step = np.zeros(network.total)
        if len(network.free):
            solved = self._coupled.solve(residual) if self._coupled else None
            step[network.free] = self._direct(residual) if solved is None else solved
        np.clip(step, -LARGEST_STEP, LARGEST_STEP, out=step)
        self.voltages += step
        moves = np.zeros((self.cells.count, len(self.cells.ports)))
        for port, family in self._active:
            moves[:, port] = step[family.nodes.ravel()]
        moved = self.cells.move(moves, LARGEST_STEP)
        return max(moved, float(np.max(np.abs(step), initial=0.0)))

    def _direct(self, residual: Array) -> Array:
        """Solve for the step with a sparse factorisation."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.linalg import splu

        network, wires = self.network, self.network.free_wires
        rows, columns, values = [wires.row], [wires.col], [wires.data]
        for p, to in self._active:
            for q, by in self._active:
                slope = self.cells.conductances[:, p, q]
                a, b = network.position[to.nodes.ravel()], network.position[by.nodes.ravel()]
                inside = (a >= 0) & (b >= 0) & (slope != 0.0)
                rows.append(a[inside])
                columns.append(b[inside])
                values.append(slope[inside])
        size = len(network.free)
        entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        try:
            return splu(coo_matrix(entries, shape=(size, size)).tocsc()).solve(-residual)
        except RuntimeError as error:
            raise SimulationError(f"numpy failed: the lines have no unique solution ({error}).") from error

    def line_currents(self, family: Family) -> Array:
        """Return the current from the driver into every line [A]."""
        shape = family.nodes.shape
        return family.line_sums(self.cells.currents[:, self.cells.ports.index(family.kind)].reshape(shape))

    def line_voltages(self, family: Family, sources: Array) -> Array:
        """Return the voltage of every line behind its driver [V]."""
        if family.wires.both:
            return self.voltages[family.first]
        nodes = family.nodes if family.along_rows else family.nodes.T
        near = self.voltages[nodes[:, -1 if family.wires.turned else 0]]
        behind = near + family.resistance * self.line_currents(family)
        return np.where(family.driver == 0.0, sources[family.first], behind)
