"""The cells of an array in a transient: their states move, and their charges count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rramcirc.devices.compiled.devices import CompiledDevices
from rramcirc.devices.compiled.evaluation import Evaluation, wanted
from rramcirc.engines.array import moving_kernels as kernels
from rramcirc.engines.array.bdf import History
from rramcirc.engines.array.cells import Cells
from rramcirc.engines.array.local_nodes import hold_ports, local_nodes, local_units, refuse_undetermined
from rramcirc.engines.array.moves import move_lines
from rramcirc.engines.array.reduce import reduce_lines

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]
ASLEEP = 0.1  # of the bound: how far a voltage moves before a cell wakes
HELD_PORTS = ("bulk", "nz")
RUNNING = 1.0  # [s]; any time after 0 tells a model that its states move


class MovingCells:
    """The devices of `Cells`, with their states and charges, one step of time at a time.

    A cell is kept as a straight line (current, charge and their derivatives) around the point where its models were
    evaluated last, and they are evaluated again only if one of its voltages or states has moved by more than `bound`
    from there. So the cells that nothing happens to cost next to nothing, and what is neglected is of second order:
    half the curvature of a current or rate times the bound squared.

    A cell sleeps (`let_sleep`) while its voltages and states stand still: it is a resistor then, and wakes when a
    voltage moves by a tenth of the bound, or by what would make its charges count in the present step.

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
    watched
        Bulk and nz if their currents are wanted; otherwise they are no ports here, only held voltages.

    Attributes
    ----------
    ports, names, count, voltages, currents, conductances
        As those of `Cells`; the states are among the inner nodes.
    state_places : dict of int
        Local node of every state that has a name.
    own_places : list of int
        Local nodes inside the RRAM whose equations have a derivative by time: states with and without a name.
    nameless : list of int
        Those without a name.
    units : (n,) array
        Units of the local nodes, as those of `Cells`.
    evaluations
        Number of times that the models of a cell were evaluated.
    """

    def __init__(
        self, cells: Cells, bound: float, charges: bool, farads: Mapping[str, float], watched: Sequence[str] = ()
    ) -> None:
        self.count, self.rram, self.selector = cells.count, cells.rram, cells.selector
        self._static, self._devices, self.team = cells, cells.devices, cells.team
        self._name_nodes(watched)
        nodes = {name: cells.rram.nodes[k] for name, k in cells.rram.state_nodes.items()}
        self.state_places = {name: self.names.index(f"rram.{node}") for name, node in nodes.items()}
        n, ports = len(self.names), len(self.ports)
        self.voltages = np.zeros((self.count, n))
        for k, name in enumerate(self.names):
            if name in (*cells.names, *cells.held_ports):
                self.voltages[:, k] = cells.node_voltages(name)
        self._held = np.column_stack([cells.port_voltages(port) for port in self._held_ports] or [np.zeros(self.count)])
        self.units = local_units(self.names, self.rram)
        self.own_places, self._rates = self._find_states()
        self._weights = np.full(n, float(charges))
        self._weights[self.own_places] = 1.0
        self._farads = np.array([farads.get(name, 0.0) for name in self.names])
        self._bounds = bound * np.ones((2, n)) * self.units
        self._bounds[0] *= ASLEEP
        self._bound = bound
        self._frozen = np.zeros(n, bool)
        self._frozen[list(self.state_places.values())] = True
        self._none_frozen = np.zeros(n, bool)
        self._centres = np.full_like(self.voltages, np.nan)
        self._current, self._charge = np.empty_like(self.voltages), np.empty_like(self.voltages)
        self._conductance = np.empty((self.count, n, n))
        only_states = not charges and not self._farads.any() and not self.nameless and self._states_are_their_charges()
        self._capacitance = np.empty((0, 0, 0)) if only_states else np.empty((self.count, n, n))
        self.currents, self.conductances = np.empty((self.count, ports)), np.empty((self.count, ports, ports))
        self._offsets, self._slopes = np.empty((self.count, n - ports)), np.empty((self.count, n - ports, n))
        self._found, self._stuck = np.empty(self.count, np.int64), np.full(self.count, -1)
        self._results: dict[tuple[str, int], Evaluation] = {}
        self._all, self._still = np.arange(self.count), np.zeros((self.count, ports))
        self._awake, self.history = np.ones(self.count, bool), History.of(self.count, n, self.team)
        self.rate, self.past = 0.0, np.zeros_like(self.voltages)
        self.evaluations = 0

    def _name_nodes(self, watched: Sequence[str]) -> None:
        """Set ports and names, without the ports whose voltage alone counts, and the places of the devices' nodes."""
        found = local_nodes(self.rram, self.selector, set())
        self._held_ports = [port for port in found[0] if port in HELD_PORTS and port not in watched]
        self.ports, self.names, self._places = hold_ports(self._held_ports, *found)

    def hold(self, port: str, value: Array | float) -> bool:
        """Set the voltage of a port that is no line: () or (count,) [V]; return whether one changed."""
        at_cells = self.port_voltages(port)
        changed = at_cells != value
        if not changed.any():
            return False
        if port not in self._held_ports:
            self.take(self.ports.index(port), np.broadcast_to(value, self.count))
        else:
            at_cells[:] = value
            changed = np.flatnonzero(np.broadcast_to(changed, self.count))
            self._wake(changed[~self._awake[changed]])
            self._centres[changed, 0] = np.nan
        return True

    def take(self, port: int, values: Array) -> None:
        """Set the voltages of one port of all cells [V]; those that sleep follow at once."""
        asleep = np.flatnonzero(~self._awake & (values != self.voltages[:, port]))
        if len(asleep):
            steps = np.zeros((self.count, len(self.ports)))
            steps[asleep, port] = values[asleep] - self.voltages[asleep, port]
            self._move(asleep, steps, np.inf)
        self.voltages[:, port] = values

    def port_voltages(self, port: str) -> Array:
        """Return the voltages of one port of all cells [V]; a view."""
        if port in self._held_ports:
            return self._held[:, self._held_ports.index(port)]
        return self.voltages[:, self.ports.index(port)]

    def node_voltages(self, name: str) -> Array:
        """Return the voltages of a local node of all cells, held or not [V]; a view."""
        if name in self._held_ports:
            return self._held[:, self._held_ports.index(name)]
        return self.voltages[:, self.names.index(name)]

    def _find_states(self) -> tuple[list[int], dict[int, float]]:
        """Return the local nodes inside the RRAM whose equation has a charge, and of those that stand alone in theirs.

        The latter with their capacitance: their rate follows from their equation. A state need not have a name: idt
        makes a node of its own.
        """
        rram, first = self.rram, len(self.rram.terminals)
        points = np.full((1, len(rram.nodes)), 0.125)
        seen = rram.evaluate(points, RUNNING, which=np.zeros(1, np.int64))
        rows = wanted(seen.reactive_jacobian)[0]
        named, own, alone = set(self.state_places.values()), [], {}
        for k in range(first, len(rram.nodes)):
            place = int(self._places[0][k])
            charged = np.flatnonzero(rows[k])
            if rram.node_of[k] != k or not (len(charged) or place in named):
                continue
            own.append(place)
            if place in named:
                alone[place] = 1.0
            elif list(charged) == [k]:
                alone[place] = float(rows[k, k])
        self.nameless = sorted(set(own) - named)
        return own, alone

    def _states_are_their_charges(self) -> bool:
        """Whether ``I(s) <+ ddt(V(s))`` is all that makes the states move, as in every model of the library."""
        rram, nodes = self.rram, list(self.rram.state_nodes.values())
        points = np.full((1, len(rram.nodes)), 0.125)
        seen = rram.evaluate(points, RUNNING, which=np.zeros(1, np.int64))
        rows = np.eye(len(rram.nodes))[nodes]
        slopes, charges = wanted(seen.reactive_jacobian)[0, nodes], wanted(seen.reactive)[0, nodes]
        return np.array_equal(slopes, rows) and bool(np.all(charges == 0.125))

    def refresh(self) -> Numbers:
        """Evaluate the models of the cells that left their neighbourhood, and wake who sleeps; return their numbers."""
        found = kernels.stale_cells(self.voltages, self._centres, self._bounds, self._awake, self._found)
        stale = self._found[:found].copy()
        woken = stale[~self._awake[stale]]
        if len(woken):
            self._wake(woken)
            found = kernels.stale_cells(self.voltages, self._centres, self._bounds, self._awake, self._found)
        self._evaluate(self._found[:found].copy())
        return stale

    def _evaluate(self, stale: Numbers) -> None:
        """Evaluate the models of some cells, and keep them as straight lines from there on."""
        kernels.clear_cells(
            stale, self._farads, self.voltages, self._centres, self._current, self._charge, self._conductance,
            self._capacitance,
        )  # fmt: skip
        parts = np.searchsorted(stale, [(cut.start, cut.stop) for cut, _, _ in self._devices])
        there = [k for k, (first, last) in enumerate(parts) if last > first]
        self.team.share(lambda member, k: self._add_chunk(member, k, stale[slice(*parts[k])]), there)
        self.evaluations += len(stale)

    def _add_chunk(self, member: int, chunk: int, which: Numbers) -> None:
        """Add the devices of the cells `which` of a chunk."""
        cut, rram, selectors = self._devices[chunk]
        if len(self._static.missing):
            which = which[~np.isin(which, self._static.missing)]
        if len(which):
            self._add(("rram", member), rram, cut, which, self._places[0])
            if selectors:
                self._add(("sel", member), selectors[member], cut, which, self._places[1])

    def _add(
        self, label: tuple[str, int], devices: CompiledDevices, cut: slice, which: Numbers, place: Numbers
    ) -> None:
        points = np.empty((len(which), len(place)))
        kernels.gather_points(which, place, self.voltages, self._held, points)
        old: Evaluation | None = self._results.get(label)
        inside = which - cut.start
        found = self._results[label] = devices.evaluate(points, RUNNING, out=old, which=inside)
        if label[0] == "rram":
            self._static.add_shorts(which, points, found.resistive, wanted(found.resistive_jacobian))
        kernels.add_device(
            which, place, found.resistive, wanted(found.reactive), wanted(found.resistive_jacobian),
            wanted(found.reactive_jacobian), self._weights, self._current, self._charge, self._conductance,
            self._capacitance,
        )  # fmt: skip

    def linearise(self) -> None:
        """Set `currents` and `conductances` of the ports at `voltages`, inner nodes eliminated to first order."""
        self.refresh()
        self._reduce(self.history.which, self.rate, self._none_frozen)

    def renew(self, limit: float, most: int = 4) -> bool:
        """Evaluate cells that left their neighbourhood again, and balance their inner nodes; return whether all did."""
        for _ in range(most):
            stale = self.refresh()
            if not len(stale):
                return True
            self._reduce(stale, self.rate, self._none_frozen)
            self._move(stale, self._still, limit)
        return False

    def _move(self, which: Numbers, steps: Array, limit: float) -> float:
        def move(part: Numbers) -> float:
            return move_lines(
                part, steps, limit, self.units, self.conductances, self._slopes, self._offsets, self.currents,
                self.voltages,
            )  # fmt: skip

        return max(self.team.split(move, which))

    def check_determined(self) -> None:
        """Raise what `refuse_undetermined` says of the cells as they were linearised last."""
        refuse_undetermined(int(self._stuck.max(initial=-1)), self.names, self.rram)

    def _reduce(self, which: Numbers, rate: float, frozen: NDArray[np.bool_]) -> None:
        def reduce(part: Numbers) -> None:
            reduce_lines(
                part, self.voltages, self._centres, self._current, self._charge, self._conductance,
                self._capacitance, self._weights, rate, self.past, frozen, len(self.ports), self.currents,
                self.conductances, self._offsets, self._slopes, self._stuck,
            )  # fmt: skip

        self.team.split(reduce, which)

    def watch_sleepers(self, move: float) -> None:
        """Set how far a voltage may move before a cell wakes [V], `ASLEEP` times the bound at most."""
        self._bounds[0] = min(move, ASLEEP * self._bound) * self.units

    def let_sleep(self, ahead: float, left: float, state: float) -> None:
        """Let the cells sleep that nothing happens to.

        They are resistors from then on: their states stand still and their charges do not count until a voltage has
        moved by what `watch_sleepers` says.

        Parameters
        ----------
        ahead
            Time to the next corner of what drives the lines [s]; at their present pace voltages move by less than a
            tenth of `ASLEEP` times the bound until then.
        left
            Time to the end of the run [s].
        state
            At its present rate, a state moves by less than this until then [its unit].
        """
        history = self.history
        if ahead <= 0.0 or len(history.times) < 3 or self.nameless:
            return
        scales = np.full(len(self.names), 10.0 / (ASLEEP * self._bound))
        scales[self._frozen] = 1.0 / state
        scales /= self.units
        found = kernels.calm_cells(
            history.which, history.values, np.array(history.slots[:3]), np.array(history.times[:3]), ahead, left,
            self._frozen, self.voltages, self._centres, self._current, self._conductance, scales, self._found,
        )  # fmt: skip
        if not found:
            return
        calm = self._found[:found].copy()
        away = np.abs(self.voltages[calm] - self._centres[calm])
        self._evaluate(calm[np.any(away > 0.0, axis=1)])
        self.past[calm] = 0.0
        self._reduce(calm, 0.0, self._frozen)
        self._move(calm, self._still, np.inf)
        self._awake[calm] = False
        history.which = np.flatnonzero(self._awake)

    def _wake(self, cells: Numbers) -> None:
        if not len(cells):
            return
        history = self.history
        kernels.fill_charges(
            cells, history.values[history.slots[0]], self._centres, self._charge, self._capacitance, self._weights,
            self.rate, history.charges, self.past,
        )  # fmt: skip
        self._awake[cells] = True
        history.which = np.flatnonzero(self._awake)

    def put_back(self) -> None:
        """Return the cells that sleep to the last point; all others are predicted from there."""
        asleep = np.flatnonzero(~self._awake)
        if len(asleep):
            steps = np.zeros((self.count, len(self.ports)))
            last = self.history.values[self.history.slots[0], :, : len(self.ports)]
            steps[asleep] = last[asleep] - self.voltages[asleep, : len(self.ports)]
            self._move(asleep, steps, np.inf)

    def move(self, steps: Array, limit: float) -> float:
        """Move the ports by `steps` (count, ports) [V] and the inner nodes along; return the largest move."""
        return self._move(self._all, steps, limit)

    def charges(self, out: Array) -> Array:
        """Return the charges of all local nodes at the present voltages [C], written into `out`."""
        if not self._capacitance.size:
            np.multiply(self.voltages, self._weights, out=out)
            return out
        line = self.voltages, self._centres, self._charge, self._capacitance
        self.team.split(lambda part: kernels.charges_at(part, *line, out), self.history.which)
        return out

    @property
    def largest_capacitance(self) -> float:
        """Largest derivative of a charge that is no state by a voltage, at the present voltages [F]."""
        others = [k for k in range(len(self.names)) if k not in self.own_places]
        return float(np.max(np.abs(self._capacitance[:, others]), initial=0.0))

    def rates(self) -> Array:
        """Return the derivative of all local nodes by time that is known: (count, n), 0 except for the states."""
        found = np.zeros_like(self.voltages)
        away = self.voltages - self._centres
        for place, capacitance in self._rates.items():
            found[:, place] = -self._current[:, place] - np.einsum("cb,cb->c", self._conductance[:, place], away)
            found[:, place] /= capacitance
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
                values = initial[part - cut.start] if isinstance(initial, np.ndarray) and initial.ndim else initial
                found[name][where] = values + self.voltages[part, place]
            if others:
                points = np.empty((len(part), len(self._places[0])))
                kernels.gather_points(part, self._places[0], self.voltages, self._held, points)
                seen = rram.evaluate(points, RUNNING, jacobian=False, op_variables=others, which=part - cut.start)
                for name in others:
                    found[name][where] = seen.op_variables[name]
        return found
