"""The cells of an array in a transient: their states move, and their charges count."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rramcirc.behavioural import moving_kernels as kernels
from rramcirc.behavioural.cells import Cells, local_nodes
from rramcirc.behavioural.reduce import move_cells
from rramcirc.devices.compiled import CompiledDevices
from rramcirc.devices.evaluation import Evaluation

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]
RUNNING = 1.0  # [s]; any time after 0 tells a model that its states move


class MovingCells:
    """The devices of `Cells`, with their states and charges, one step of time at a time.

    A cell is kept as a straight line (current, charge and their derivatives) around the point where its models were
    evaluated last, and they are evaluated again only if one of its voltages or states has moved by more than `bound`
    from there. So the cells that nothing happens to cost next to nothing, and what is neglected is of second order:
    half the curvature of a current or rate times the bound squared.

    Parameters
    ----------
    cells
        The static cells; their devices are used, and their voltages are where this begins.
    bound
        Largest distance of a voltage [V] or state [its unit] from where a cell was evaluated.
    charges
        Whether the charges of the devices count; those of the states always do.
    farads
        Capacitance of the wires to ground per cell and kind of line [F].

    Attributes
    ----------
    ports, names, count, voltages, currents, conductances
        As those of `Cells`; the states are among the inner nodes.
    state_places : dict of int
        Local node of every state.
    evaluations
        Number of times that the models of a cell were evaluated.
    """

    def __init__(self, cells: Cells, bound: float, charges: bool, farads: Mapping[str, float]) -> None:
        self.count, self.rram, self.selector = cells.count, cells.rram, cells.selector
        self._static, self._devices = cells, cells.devices
        self.ports, self.names, *self._places = local_nodes(cells.rram, cells.selector, set())
        nodes = {name: cells.rram.nodes[k] for name, k in cells.rram.state_nodes.items()}
        self.state_places = {name: self.names.index(f"rram.{node}") for name, node in nodes.items()}
        n, ports = len(self.names), len(self.ports)
        self.voltages = np.zeros((self.count, n))
        for k, name in enumerate(self.names):
            if name in cells.names:
                self.voltages[:, k] = cells.voltages[:, cells.names.index(name)]
        self._weights = np.full(n, float(charges))
        self._weights[list(self.state_places.values())] = 1.0
        self._farads = np.array([farads.get(name, 0.0) for name in self.names])
        self.bounds = np.full(n, bound)
        self._centres = np.full_like(self.voltages, np.nan)
        self._current, self._charge = np.empty_like(self.voltages), np.empty_like(self.voltages)
        self._conductance = np.empty((self.count, n, n))
        only_states = not charges and not self._farads.any() and self._states_are_their_charges()
        self._capacitance = np.empty((0, 0, 0)) if only_states else np.empty((self.count, n, n))
        self.currents, self.conductances = np.empty((self.count, ports)), np.empty((self.count, ports, ports))
        self._offsets, self._slopes = np.empty((self.count, n - ports)), np.empty((self.count, n - ports, n))
        self._found, self._results = np.empty(self.count, np.int64), {}
        self.rate, self.past = 0.0, np.zeros_like(self.voltages)
        self.evaluations = 0

    def _states_are_their_charges(self) -> bool:
        """Whether ``I(s) <+ ddt(V(s))`` is all that makes the states move, as in every model of the library."""
        rram, nodes = self.rram, list(self.rram.state_nodes.values())
        points = np.full((1, len(rram.nodes)), 0.125)
        seen = rram.evaluate(points, RUNNING, which=np.zeros(1, np.int64))
        rows = np.eye(len(rram.nodes))[nodes]
        return np.array_equal(seen.reactive_jacobian[0, nodes], rows) and bool(np.all(seen.reactive[0, nodes] == 0.125))

    def refresh(self) -> int:
        """Evaluate the models of the cells that left their neighbourhood; return how many these are."""
        found = kernels.stale_cells(self.voltages, self._centres, self.bounds, self._found)
        stale = self._found[:found]
        kernels.clear_cells(
            stale, self._farads, self.voltages, self._centres, self._current, self._charge, self._conductance,
            self._capacitance,
        )  # fmt: skip
        for cut, rram, selector in self._devices:
            first, last = np.searchsorted(stale, (cut.start, cut.stop))
            which = stale[first:last]
            if len(self._static.missing):
                which = which[~np.isin(which, self._static.missing)]
            if len(which):
                self._add("rram", rram, cut, which, self._places[0])
                if selector is not None:
                    self._add("sel", selector, cut, which, self._places[1])
        self.evaluations += found
        return found

    def _add(self, label: str, devices: CompiledDevices, cut: slice, which: Numbers, place: Numbers) -> None:
        points = np.empty((len(which), len(place)))
        kernels.gather_points(which, place, self.voltages, points)
        old: Evaluation | None = self._results.get(label)
        inside = which - cut.start
        found = self._results[label] = devices.evaluate(points, RUNNING, out=old, which=inside)
        if label == "rram":
            self._static.add_shorts(which, points, found.resistive, found.resistive_jacobian)
        kernels.add_device(
            which, place, found.resistive, found.reactive, found.resistive_jacobian, found.reactive_jacobian,
            self._weights, self._current, self._charge, self._conductance, self._capacitance,
        )  # fmt: skip

    def linearise(self) -> None:
        """Set `currents` and `conductances` of the ports at `voltages`, inner nodes eliminated to first order."""
        self.refresh()
        kernels.reduce_lines(
            self.voltages, self._centres, self._current, self._charge, self._conductance, self._capacitance,
            self._weights, self.rate, self.past, len(self.ports), self.currents, self.conductances, self._offsets,
            self._slopes,
        )  # fmt: skip

    def move(self, steps: Array, limit: float) -> float:
        """Move the ports by `steps` (count, ports) [V] and the inner nodes along; return the largest move."""
        kernels.follow_ports(steps, self.conductances, self.currents)
        return move_cells(steps, self._offsets, self._slopes, limit, self.voltages)

    @property
    def is_near(self) -> bool:
        """Whether no cell has left its neighbourhood, so that the last step stands."""
        return kernels.stale_cells(self.voltages, self._centres, self.bounds, self._found) == 0

    def charges(self, out: Array) -> Array:
        """Return the charges of all local nodes at the present voltages [C], written into `out`."""
        if not self._capacitance.size:
            return np.multiply(self.voltages, self._weights, out=out)
        kernels.charges_at(self.voltages, self._centres, self._charge, self._capacitance, out)
        return out

    def rates(self) -> Array:
        """Return the derivative of all local nodes by time that is known: (count, n), 0 except for the states."""
        found = np.zeros_like(self.voltages)
        away = self.voltages - self._centres
        for place in self.state_places.values():
            found[:, place] = -self._current[:, place] - np.einsum("cb,cb->c", self._conductance[:, place], away)
        return found

    def is_inert(self, port: str) -> bool:
        """Whether nothing flows into a port, neither current nor charge, in any cell at the present voltages."""
        k = self.ports.index(port)
        self.refresh()
        charged = self._capacitance.size and (np.any(self._charge[:, k]) or np.any(self._capacitance[:, k]))
        return not (charged or np.any(self._current[:, k]) or np.any(self._conductance[:, k]))

    def variables(self, names: tuple[str, ...], which: Numbers | None = None) -> dict[str, Array]:
        """Return op-variables of the RRAM of the cells `which`, or of all, at the present voltages."""
        chosen = np.arange(self.count) if which is None else which
        found = {name: np.empty(len(chosen)) for name in names}
        order = np.argsort(chosen, kind="stable")
        ordered = chosen[order]
        states = {name: place for name, place in self.state_places.items() if name in names}
        others = tuple(name for name in names if name not in states)
        for cut, rram, _ in self._devices:
            first, last = np.searchsorted(ordered, (cut.start, cut.stop))
            part, where = ordered[first:last], order[first:last]
            if not len(part):
                continue
            for name, place in states.items():
                initial = rram.parameter(f"{name}_ini")
                values = initial[part - cut.start] if np.ndim(initial) else initial
                found[name][where] = values + self.voltages[part, place]
            if others:
                points = np.empty((len(part), len(self._places[0])))
                kernels.gather_points(part, self._places[0], self.voltages, points)
                seen = rram.evaluate(points, RUNNING, jacobian=False, op_variables=others, which=part - cut.start)
                for name in others:
                    found[name][where] = seen.op_variables[name]
        return found
