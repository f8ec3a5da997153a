"""The cells of an array: compiled devices between the ports of a cell, evaluated and reduced for all cells at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rramcirc.behavioural.reduce import move_cells, reduce_cells
from rramcirc.circuits.cell import rram_nodes
from rramcirc.design import Cell
from rramcirc.devices.compiled import CompiledDevices
from rramcirc.devices.evaluation import Evaluation
from rramcirc.errors import ParameterError

Array = NDArray[np.float64]
CHUNK = 8192  # cells evaluated together: their Jacobians stay in the cache until they are reduced
_NOTHING = np.empty((0, 0)), np.empty((0, 0, 0)), np.empty(0, np.int64)


class Cells:
    """All cells of one array, their states held at their initial values.

    Parameters
    ----------
    cell
        RRAM and selector.
    count
        Number of cells.
    parameters : dict of (count,) arrays
        RRAM instance parameters, initial states among them.
    temperature
        [K].

    Attributes
    ----------
    ports : tuple of str
        The kinds of lines that a cell touches: bl, wl, and with a selector sl and bulk; nz last.
    names : tuple of str
        Ports and inner nodes, in the order of the columns of `voltages`.
    voltages : (count, n) array
        Voltages of all of them [V].
    """

    def __init__(self, cell: Cell, count: int, parameters: Mapping[str, Array], temperature: float) -> None:
        self.count = count
        self._cuts = [slice(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
        self._rrams = [
            CompiledDevices(cell.rram, cut.stop - cut.start, _part(parameters, cut), temperature=temperature)
            for cut in self._cuts
        ]
        self.rram, self.selector = self._rrams[0], None
        self._selectors: dict[int, CompiledDevices] = {}
        inner: list[str] = []
        outside = {"bl": "bl", "be": "be" if cell.selector else "wl", "nz": "nz"}
        terminals = [outside[node] for node in rram_nodes(cell.rram.declaration, "nz")]
        if cell.selector is not None:
            self.ports: tuple[str, ...] = ("bl", "wl", "sl", "bulk", "nz")
            inner.append("be")
            for size in {cut.stop - cut.start for cut in self._cuts}:
                self._selectors[size] = CompiledDevices(
                    cell.selector, size, dict(cell.selector_parameters), temperature=temperature
                )
            self.selector = next(iter(self._selectors.values()))
        else:
            self.ports = ("bl", "wl", "nz")
        held = set(self.rram.state_nodes.values())
        own = [_inner_names(self.rram, "rram", held, inner), []]
        if self.selector is not None:
            own[1] = _inner_names(self.selector, "sel", set(), inner)
        self.names = (*self.ports, *inner)
        self._rram_place = self._places(self.rram, [*terminals, *own[0]])
        self._selector_place = _NOTHING[2]
        if self.selector is not None:
            self._selector_place = self._places(self.selector, ["be", "wl", "sl", "bulk", *own[1]])
        self.voltages = np.zeros((count, len(self.names)))
        self._allocate(len(inner))

    def _places(self, devices: CompiledDevices, nodes: list[str]) -> NDArray[np.int64]:
        """Return the local node of every node of a device; -1 if it is held."""
        places = [self.names.index(name) if name else -1 for name in nodes]
        merged = [*places, -1]
        return np.array([merged[devices.node_of[k]] for k in range(len(places))], np.int64)

    def _allocate(self, inner: int) -> None:
        ports = len(self.ports)
        self.currents = np.empty((self.count, ports))
        self.conductances = np.empty((self.count, ports, ports))
        self._offsets = np.empty((self.count, inner))
        self._slopes = np.empty((self.count, inner, ports + inner))
        self._results: dict[str, Evaluation] = {}

    def check_held(self) -> None:
        """Refuse models whose states are not frozen in static analyses.

        Raises
        ------
        ParameterError
            If a state would move; names the card.
        """
        states = list(self.rram.state_nodes.values())
        points = np.zeros((self.rram.count, len(self._rram_place)))
        rates = self.rram.evaluate(points, reactive=False).resistive[:, states]
        if np.any(np.abs(rates) > 1e-12):
            raise ParameterError(
                f"card {self.rram.card.name}: module {self.rram.card.module} lets its states move in static analyses; "
                "the engine numpy needs them frozen (f = -V(s) at $abstime <= 0). ngspice runs it."
            )

    def _points(self, cut: slice, place: NDArray[np.int64]) -> Array:
        """Return the voltages of the nodes of one device in the cells of a chunk."""
        points = np.zeros((cut.stop - cut.start, len(place)))
        for k, local in enumerate(place):
            if local >= 0:
                points[:, k] = self.voltages[cut, local]
        return points

    def _evaluate(self, which: str, devices: CompiledDevices, points: Array) -> tuple[Array, Array]:
        """Return currents and their derivatives; both are written again by the next call."""
        found = devices.evaluate(points, reactive=False, out=self._results.get(which))
        self._results[which] = found
        return found.resistive, found.resistive_jacobian

    def linearise(self) -> None:
        """Set `currents` and `conductances` of the ports at `voltages`, inner nodes eliminated to first order."""
        for cut, rram in zip(self._cuts, self._rrams, strict=True):
            first = self._evaluate("rram", rram, self._points(cut, self._rram_place))
            second = _NOTHING[:2]
            if self.selector is not None:
                selector = self._selectors[cut.stop - cut.start]
                second = self._evaluate("sel", selector, self._points(cut, self._selector_place))
            reduce_cells(
                *first, self._rram_place, *second, self._selector_place, len(self.ports), self.currents[cut],
                self.conductances[cut], self._offsets[cut], self._slopes[cut],
            )  # fmt: skip

    def is_inert(self, port: str) -> bool:
        """Whether no static current flows into a port, whatever the voltages: a gate. Looks at three points."""
        k, kept = self.ports.index(port), self.voltages.copy()
        found = True
        for level in (0.0, 0.7, -0.3):
            self.voltages[:, : len(self.ports)] = level * np.arange(1, len(self.ports) + 1)
            self.linearise()
            found &= not np.any(self.currents[:, k]) and not np.any(self.conductances[:, k, :])
        self.voltages[:] = kept
        return found

    def move(self, steps: Array, limit: float) -> float:
        """Move the ports by `steps` (count, ports) [V] and the inner nodes along; return the largest move [V]."""
        return move_cells(steps, self._offsets, self._slopes, limit, self.voltages)

    def settle(self, limit: float, tolerance: float, most: int = 60) -> float:
        """Balance the inner nodes with the ports held; return the last move [V]."""
        still, moved = np.zeros((self.count, len(self.ports))), 0.0
        if self._offsets.shape[1] == 0:
            self.linearise()
            return moved
        for _ in range(most):
            self.linearise()
            moved = self.move(still, limit)
            if moved < tolerance:
                break
        return moved

    def variables(self, names: tuple[str, ...]) -> dict[str, Array]:
        """Return op-variables of the RRAM at the present voltages."""
        found: dict[str, list[Array]] = {name: [] for name in names}
        for cut, rram in zip(self._cuts, self._rrams, strict=True):
            points = self._points(cut, self._rram_place)
            part = rram.evaluate(points, jacobian=False, reactive=False, op_variables=names).op_variables
            for name in names:
                found[name].append(part[name])
        return {name: np.concatenate(parts) for name, parts in found.items()}


def _part(parameters: Mapping[str, Array], cut: slice) -> dict[str, Array]:
    """Return the parameters of the cells of a chunk."""
    return {name: values[cut] if np.ndim(values) else values for name, values in parameters.items()}


def _inner_names(devices: CompiledDevices, label: str, held: set[int], inner: list[str]) -> list[str]:
    """Name the internal nodes of a device; append those with a voltage of their own to `inner`."""
    names = []
    for k in range(len(devices.terminals), len(devices.nodes)):
        own = k not in held and devices.node_of[k] == k
        names.append(f"{label}.{devices.nodes[k]}" if own else "")
        if own:
            inner.append(names[-1])
    return names
