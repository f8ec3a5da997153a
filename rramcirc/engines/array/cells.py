"""The cells of an array: compiled devices between the ports of a cell, evaluated and reduced for all cells at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.errors import ParameterError
from rramcirc.circuits.array.cell import Cell
from rramcirc.devices.compiled.devices import CompiledDevices
from rramcirc.devices.compiled.evaluation import Evaluation, wanted
from rramcirc.engines.array.local_nodes import hold_ports, local_nodes, local_units, refuse_undetermined
from rramcirc.engines.array.moves import move_cells
from rramcirc.engines.array.reduce import reduce_cells
from rramcirc.engines.array.team import Team

Array = NDArray[np.float64]
CHUNK = 8192  # cells evaluated together: their Jacobians stay in the cache until they are reduced
MOST_KEPT = 1 << 18  # cells whose devices are kept from one evaluation to the next: 0.13 GB
FEW = 2048  # the same in larger arrays: their devices, of 0.5 kB, stay in the cache as well
_NOTHING = np.empty((0, 0)), np.empty((0, 0, 0))


class Cells:
    """All cells of one array, their states held at their initial values.

    Parameters
    ----------
    cell
        RRAM and selector.
    count
        Number of cells.
    parameters : dict of () or (count,) arrays
        RRAM instance parameters, initial states among them.
    temperature
        [K].
    missing, shorted
        Numbers of the cells that are not there, and of those with the conductance `short` [S] across their RRAM.
    held
        Ports whose voltage alone counts, as that of a gate: no currents or conductances are kept for them.
    team
        Threads that share the cells; one if it is not given.

    Attributes
    ----------
    ports : tuple of str
        The kinds of lines that a cell touches: bl, wl, and with a selector sl and bulk; nz last. Without those `held`.
    names : tuple of str
        Ports and inner nodes, in the order of the columns of `voltages`.
    voltages : (count, n) array
        Voltages of all of them [V].
    units : (n,) array
        Their units: 1 for volts, else as `node_units` says.
    """

    def __init__(
        self, cell: Cell, count: int, parameters: Mapping[str, Array | float], temperature: float,
        missing: Sequence[int] = (), shorted: Sequence[int] = (), short: float = 0.0, held: Collection[str] = (),
        team: Team | None = None,
    ) -> None:  # fmt: skip
        self.count, self.team = count, team or Team()
        chunk = CHUNK if count <= MOST_KEPT else FEW
        self._cuts = [slice(first, min(first + chunk, count)) for first in range(0, count, chunk)]
        self._cell, self._parameters, self._temperature = cell, parameters, temperature
        self._kept: dict[int, CompiledDevices] = {}
        self._used: dict[tuple[int, int], CompiledDevices] = {}
        self._checked: set[int] = set()  # chunks whose parameters were found to be within their ranges
        self.rram, self.selector = self._rram_of(self._cuts[0]), None
        self._selectors: dict[tuple[int, int], CompiledDevices] = {}
        if cell.selector is not None:
            for size in {cut.stop - cut.start for cut in self._cuts}:
                for member in range(self.team.threads):  # one's work space is for one thread at a time
                    self._selectors[size, member] = CompiledDevices(
                        cell.selector, size, dict(cell.selector_parameters), temperature=temperature
                    )
            self.selector = next(iter(self._selectors.values()))
        found = local_nodes(self.rram, self.selector, set(self.rram.state_nodes.values()))
        self.held_ports = tuple(port for port in found[0] if port in held)
        self.ports, self.names, self._places = hold_ports(self.held_ports, *found)
        self._live = [np.where(place < len(self.names), place, -1) for place in self._places]
        self._held: dict[str, Array] = {port: np.zeros(()) for port in self.held_ports}
        self.voltages = np.zeros((count, len(self.names)))
        self.units = local_units(self.names, self.rram)
        self.missing, self.shorted = np.array(missing, np.int64), np.array(shorted, np.int64)
        self.short = short
        self._allocate(len(self.names) - len(self.ports))

    @property
    def devices(self) -> list[tuple[slice, CompiledDevices, list[CompiledDevices]]]:
        """Cells, RRAM devices and selectors of every chunk, all of them kept from now on; a selector for each thread.

        A cell without a selector has none.
        """
        self._used = {}
        for cut in self._cuts:
            self._kept[cut.start] = self._rram_of(cut)
            self._used = {}
        members = range(self.team.threads if self._selectors else 0)
        return [
            (cut, self._kept[cut.start], [self._selectors[cut.stop - cut.start, k] for k in members])
            for cut in self._cuts
        ]

    def _rram_of(self, cut: slice, member: int = 0) -> CompiledDevices:
        """Return the RRAM devices of a chunk; in arrays beyond `MOST_KEPT` cells a thread has one set for all chunks.

        A device has 0.5 kB, more than all else that is known of a cell, and is set up in 0.05 us.
        """
        found = self._kept.get(cut.start)
        if found is not None:
            return found
        count, values = cut.stop - cut.start, _part(self._parameters, cut)
        found = self._used.get((count, member))
        if found is not None:
            found.change_parameters(values, checked=cut.start in self._checked)
            self._checked.add(cut.start)
            return found
        found = CompiledDevices(self._cell.rram, count, values, temperature=self._temperature)
        if self.count <= MOST_KEPT or cut.start == 0:
            self._kept[cut.start] = found
        else:
            self._used[count, member] = found
        return found

    def _allocate(self, inner: int) -> None:
        ports = len(self.ports)
        self.currents = np.empty((self.count, ports))
        self.conductances = np.empty((self.count, ports, ports))
        self._offsets = np.empty((self.count, inner))
        self._slopes = np.empty((self.count, inner, ports + inner))
        self._stuck, self._worst = np.full((self.team.threads, self._cuts[0].stop), -1), -1
        self._results: dict[tuple[str, int], Evaluation] = {}

    def add_shorts(self, which: NDArray[np.int64], points: Array, currents: Array, slopes: Array) -> None:
        """Add the current of shorts to that of the RRAM devices of the cells `which`, whose first nodes are te and be.

        Parameters
        ----------
        which : (m,) int64 array
            Numbers of the cells; the rows of the other arrays are theirs.
        points, currents : (m, n) arrays
            Voltages of the nodes [V], and the currents into them, which are added to [A].
        slopes : (m, n, n) array
            Derivative of the currents, which is added to [S].
        """
        if not len(self.shorted):
            return
        here = np.flatnonzero(np.isin(which, self.shorted))
        through = self.short * (points[here, 0] - points[here, 1])
        currents[here, 0] += through
        currents[here, 1] -= through
        for a in range(2):
            for b in range(2):
                slopes[here, a, b] += self.short if a == b else -self.short

    def check_held(self) -> None:
        """Refuse models whose states are not frozen in static analyses.

        Raises
        ------
        ParameterError
            If a state would move; names the card.
        """
        states, moves = list(self.rram.state_nodes.values()), False
        for level in (0.0, 0.5, -0.5) if states else ():  # a rate can come from an inner node, which has to follow
            self.hold("bl", level)
            self.settle(0.5, 1e-6)
            points = self._points(self._cuts[0], self._places[0])
            rates = self.rram.evaluate(points, reactive=False).resistive[:, states]
            moves |= bool(np.any(np.abs(rates) > 1e-12))
        if moves:
            raise ParameterError(
                f"card {self.rram.card.name}: module {self.rram.card.module} lets its states move in static analyses; "
                "the engine numpy needs them frozen (f = -V(s) at $abstime <= 0). ngspice runs it."
            )

    def _points(self, cut: slice, place: NDArray[np.int64]) -> Array:
        """Return the voltages of the nodes of one device in the cells of a chunk."""
        points = np.zeros((cut.stop - cut.start, len(place)))
        live = len(self.names)
        for k, local in enumerate(place):
            if local >= live:
                held = self._held[self.held_ports[local - live]]
                points[:, k] = held[cut] if held.ndim else held
            elif local >= 0:
                points[:, k] = self.voltages[cut, local]
        return points

    def _evaluate(self, which: tuple[str, int], devices: CompiledDevices, points: Array) -> tuple[Array, Array]:
        """Return currents and their derivatives; both are written again by the next call for the same `which`."""
        found = devices.evaluate(points, reactive=False, out=self._results.get(which))
        self._results[which] = found
        return found.resistive, wanted(found.resistive_jacobian)

    def linearise(self) -> None:
        """Set `currents` and `conductances` of the ports at `voltages`, inner nodes eliminated to first order."""
        self._worst = max(self.team.share(self._linearise, self._cuts))
        if len(self.missing):
            for array in (self.currents, self.conductances, self._offsets, self._slopes):
                array[self.missing] = 0.0

    def _linearise(self, member: int, cut: slice) -> int:
        """Do it for a chunk; return the largest that `eliminate_pivoting` said of its cells."""
        rram, points = self._rram_of(cut, member), self._points(cut, self._places[0])
        first = self._evaluate(("rram", member), rram, points)
        self.add_shorts(np.arange(cut.start, cut.stop), points, *first)
        second = _NOTHING
        if self.selector is not None:
            selector = self._selectors[cut.stop - cut.start, member]
            second = self._evaluate(("sel", member), selector, self._points(cut, self._places[1]))
        stuck = self._stuck[member, : cut.stop - cut.start]
        reduce_cells(
            *first, self._live[0], *second, self._live[1], len(self.ports), self.currents[cut],
            self.conductances[cut], self._offsets[cut], self._slopes[cut], stuck,
        )  # fmt: skip
        if len(self.missing):
            stuck[self.missing[(self.missing >= cut.start) & (self.missing < cut.stop)] - cut.start] = -1
        return int(stuck.max())

    def hold(self, port: str, value: Array | float) -> bool:
        """Set the voltage of a port that is no line: () or (count,) [V]; return whether one changed."""
        if port in self._held:
            changed = bool(np.any(self._held[port] != value))
            self._held[port] = np.asarray(value, float)
            return changed
        at_cells = self.port_voltages(port)
        changed = bool(np.any(at_cells != value))
        at_cells[:] = value
        return changed

    def port_voltages(self, port: str) -> Array:
        """Return the voltages of one port of all cells [V]; a view, not to be written to if the port is held."""
        if port in self._held:
            return np.broadcast_to(self._held[port], self.count)
        return self.voltages[:, self.ports.index(port)]

    def node_voltages(self, name: str) -> Array:
        """Return the voltages of a local node of all cells, held or not [V]; a view."""
        return self.port_voltages(name) if name in self._held else self.voltages[:, self.names.index(name)]

    def keep(self) -> tuple[Array, ...]:
        """Return a copy of the voltages and of what `linearise` found, for `put_back`."""
        held = (self.port_voltages(port) for port in self.held_ports)
        return tuple(array.copy() for array in (*self._linear, *held))

    def put_back(self, kept: tuple[Array, ...], which: NDArray[np.int64]) -> None:
        """Return the cells `which` to where they were kept."""
        for array, old in zip(self._linear, kept[: len(self._linear)], strict=True):
            array[which] = old[which]
        for port, old in zip(self.held_ports, kept[len(self._linear) :], strict=True):
            held = self.port_voltages(port).copy()
            held[which] = old[which]
            self._held[port] = held

    @property
    def _linear(self) -> tuple[Array, ...]:
        return self.voltages, self.currents, self.conductances, self._offsets, self._slopes

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
        """Move the ports by `steps` (count, ports) [V] and the inner nodes along; return the largest move [units]."""
        return move_cells(steps, self._offsets, self._slopes, limit, self.units, self.voltages)

    def check_determined(self) -> None:
        """Raise what `refuse_undetermined` says of the cells as they were linearised last."""
        refuse_undetermined(self._worst, self.names, self.rram)

    def settle(self, limit: float, tolerance: float, most: int = 60) -> bool:
        """Balance the inner nodes with the ports held, until they would move by less than `tolerance` [V].

        Returns
        -------
        bool
            Whether they would: then that move is not taken, and the cells are linearised where they are.
        """
        still = np.zeros((self.count, len(self.ports)))
        for _ in range(most):
            self.linearise()
            if self._offsets.shape[1] == 0:
                return True
            moved = self.voltages.copy()
            if move_cells(still, self._offsets, self._slopes, limit, self.units, moved) < tolerance:
                return True
            self.voltages[:] = moved
        return False

    def variables(self, names: tuple[str, ...], which: NDArray[np.int64] | None = None) -> dict[str, Array]:
        """Return op-variables of the RRAM of the cells `which`, or of all, at the present voltages."""
        found: dict[str, list[Array]] = {name: [] for name in names}
        for cut in self._cuts:
            rram, points = self._rram_of(cut), self._points(cut, self._places[0])
            part = rram.evaluate(points, jacobian=False, reactive=False, op_variables=names).op_variables
            for name in names:
                found[name].append(part[name])
        whole = {name: np.concatenate(parts) for name, parts in found.items()}
        return whole if which is None else {name: values[which] for name, values in whole.items()}


def _part(parameters: Mapping[str, Array | float], cut: slice) -> dict[str, Array | float]:
    """Return the parameters of the cells of a chunk."""
    return {
        name: values[cut] if isinstance(values, np.ndarray) and values.ndim else values
        for name, values in parameters.items()
    }
