"""All synapses of a network as compiled 1T1R cells: their states, what they carry when read, and their integration."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import ParameterError, SimulationError
from rramcirc.circuits.array.cell import Cell
from rramcirc.devices.compiled.devices import ROOM_TEMPERATURE, CompiledDevices
from rramcirc.devices.compiled.units import node_units
from rramcirc.devices.pulses import response
from rramcirc.engines.network.column_kernel import (
    Jobs,
    Noise,
    all_slices,
    commit,
    drop_changes,
    guess_currents,
    new_jobs,
    pulse_work,
    set_volts,
    write_jobs,
)
from rramcirc.engines.network.device_kernel import CellCall, SpreadCall, run_cells
from rramcirc.engines.network.event_kernel import Gates

TOLERANCE = 1e-6  # error of a step of a state [unit of the state] and of the bottom electrode [V]
DROP_TOLERANCE = 5e-6  # [V] on the drop of a column's driver in a pulse
BENT = 50e-6  # [V] change of that drop in a slice, above which a pulse is divided into `PARTS`
PARTS, SWEEPS = 4, 20
FEW = 8  # jobs for one thread


class _Models:
    """The compiled models of one thread, with blocks and work space of its own."""

    def __init__(self, cell: Cell, temperature: float, parameters: FloatArray, names: Sequence[str]) -> None:
        first = {name: float(parameters[0, k]) for k, name in enumerate(names)}
        shared = dict(cell.rram_parameters) | first
        self.device = CompiledDevices(cell.rram, 1, shared, temperature=temperature)
        assert cell.selector is not None  # by the record of the network
        self.selector = CompiledDevices(cell.selector, 1, dict(cell.selector_parameters), temperature=temperature)
        self.calls = response._model(self.device), response._model(self.selector)
        blocks = self.device._blocks
        places = blocks.find_parameters(self.device._raw, self.device._module, names)
        self.spread: SpreadCall = (
            parameters, np.array(places, np.int64), blocks.instances[0].copy(), blocks.instances[0],
            self.device.temperature, self.device._raw.num_terminals, ctypes.addressof(blocks.simulator),
            np.zeros(4, np.uint32),
        )  # fmt: skip


class CellBank:
    """The cells of one or two matrices, (matrices, rows, columns), numbered in this order.

    Parameters
    ----------
    cell
        The 1T1R synapse; its card and selector are compiled models.
    shape
        (matrices, rows, columns).
    states
        State name -> (matrices, rows, columns) array [unit].
    spread
        Instance parameter -> (matrices, rows, columns) array [unit].
    level
        Common mode [V].
    read
        Read voltage [V]; that of the second matrix is negative.
    on_level : (rows,) array
        Gate of an open row [V].
    no_self
        Whether the diagonal is missing.
    noise
        Cycle deviates.
    amplitudes
        Of the pulses of each matrix [V]: for a first guess of currents.
    temperature
        [K]
    threads
        Over which many cells are divided; the result is the same to the last bit.

    Attributes
    ----------
    nodes : (cells, n_states) array
        States as deviations from the card's initial values.
    start
        State name -> (matrices, rows, columns) array before the run [unit].
    kept : (matrices, rows, columns) array
        Current of each cell while it is read [A].
    rates : (cells, n_states) array
        How fast its states move meanwhile, the most that was seen [unit/s].
    ranges : (n_states,) array
        Range of each state [unit]; 1 where the model says no bounds.
    fastest
        Largest rate of cells that were switched, of the range [1/s].
    followed : (columns,) array of bool
        Columns of which reads move a cell, so that they are integrated, too.
    """

    def __init__(
        self, cell: Cell, shape: tuple[int, int, int], states: Mapping[str, FloatArray],
        spread: Mapping[str, FloatArray], *, level: float, read: float, on_level: FloatArray, no_self: bool,
        noise: Noise, amplitudes: tuple[float, ...], temperature: float = ROOM_TEMPERATURE, threads: int = 1,
    ) -> None:  # fmt: skip
        count = int(np.prod(shape))
        self.cell, self.shape, self.no_self, self.noise = cell, shape, no_self, noise
        self.level, self.read, self.on_level, self.temperature = level, read, on_level, temperature
        self.names = tuple(spread)
        own = [np.broadcast_to(spread[name], shape).ravel() for name in self.names]
        parameters = np.ascontiguousarray(np.array(own).T.reshape(count, len(own)))
        self.parameters = parameters
        self.models = [_Models(cell, temperature, parameters, self.names) for _ in range(threads)]
        self.pool = ThreadPoolExecutor(threads) if threads > 1 else None
        # not one of the models: what evaluates them sets what the loop asks of them
        device = CompiledDevices(cell.rram, 1, dict(cell.rram_parameters), temperature=temperature)
        self.free, self.n_states, mass = response._free_nodes(device, True)
        units, self.node_count = node_units(device)[self.free], len(device.nodes)
        nz = device.terminals.index("nz") if "nz" in device.terminals else -1
        self.call: CellCall = (self.free, self.n_states, mass, units, nz, level, TOLERANCE)
        self.first = np.array([device.parameter(f"{name}_ini") for name in cell.states])
        if noise.slot > 0.0:
            _check_noise(device, nz)
        if self.n_states > len(cell.states):
            raise ParameterError(
                f"engine numpy: the model of {cell.rram.name} has nodes with a charge besides its states; networks "
                "of it run in ngspice."
            )
        self.nodes = np.zeros((count, self.n_states))
        for k, name in enumerate(cell.states):
            self.nodes[:, k] = np.broadcast_to(states[name], shape).ravel() - self.first[k]
        self.start = {name: np.broadcast_to(values, shape) for name, values in states.items()}
        self.kept, self.last, self.rates = np.zeros(shape), np.zeros(count), np.zeros((count, self.n_states))
        self.ranges, self.fastest = _ranges(cell), 0.0
        self.most = np.zeros(count)  # largest current of each cell in a pulse [A]
        self.begun = self.nodes.copy()
        self.work = np.zeros((shape[0], 2, 2))  # matrix, RESET or SET: charge [C] and energy [J] of all pulses
        self.followed = np.zeros(shape[2], bool)
        self.jobs = new_jobs(64, 64, 64, self.n_states)
        self.figures = {"cells_read": 0, "cells_switched": 0, "sweeps": 0, "pulses": 0}
        self._read_all(amplitudes)

    def _read_all(self, amplitudes: tuple[float, ...]) -> None:
        cells = np.arange(len(self.nodes))
        if self.no_self:
            inside = cells % (self.shape[1] * self.shape[2])
            cells = cells[inside // self.shape[2] != inside % self.shape[2]]
        read, rates = self.read_cells(cells)
        self.kept.ravel()[cells], self.rates[cells] = read, np.abs(rates)
        if self.read:
            times = np.array([amplitude / self.read for amplitude in amplitudes]) * [1.0, -1.0][: self.shape[0]]
            self.last[:] = (self.kept * times[:, None, None]).ravel()

    def read_cells(
        self, cells: IntArray, volts: FloatArray | None = None, gates: FloatArray | None = None,
        nodes: FloatArray | None = None, nodes_out: FloatArray | None = None,
    ) -> tuple[FloatArray, FloatArray]:  # fmt: skip
        """Return the current [A] and the rates of the states of cells, at the read levels or given ones [V].

        With `nodes`, states are its rows, one for each of `cells`; all nodes are written into `nodes_out`.
        """
        count, rows, columns = cells.size, self.shape[1], self.shape[2]
        jobs = new_jobs(count, 0, 0, self.n_states)
        jobs.cells[:] = cells
        row, matrix = cells // columns % rows, cells // (rows * columns)
        jobs.read_volts[:] = np.where(matrix == 0, self.read, -self.read) if volts is None else volts
        jobs.read_gates[:] = self.on_level[row] if gates is None else gates
        rows_of = None if nodes is None else np.arange(count)
        self._run(jobs, 0, count, self.nodes if nodes is None else nodes, nodes_out, rows_of)
        self.figures["cells_read"] += count
        return jobs.read, jobs.rates

    def _run(
        self, jobs: Jobs, begin: int, end: int, nodes: FloatArray, nodes_out: FloatArray | None = None,
        rows: IntArray | None = None,
    ) -> None:  # fmt: skip
        """Do jobs begin ... end, divided over the threads if they are many."""
        out = np.empty((0, 0)) if nodes_out is None else nodes_out
        if end <= begin:
            return

        def part(models: _Models, first: int, last: int) -> int:
            return run_cells(
                *models.calls, self.call, models.spread, first, last, jobs.cells,
                jobs.cells if rows is None else rows, jobs.first_piece, jobs.durations, jobs.volts, jobs.gates,
                jobs.noise, jobs.read_volts, jobs.read_gates, nodes, jobs.currents, jobs.reached, jobs.read,
                jobs.rates, out,
            )  # fmt: skip

        if self.pool is None or end - begin < FEW:
            failed = [part(self.models[0], begin, end)]
        else:
            bounds = np.linspace(begin, end, len(self.models) + 1).astype(int)
            failed = list(self.pool.map(part, self.models, bounds[:-1], bounds[1:]))
        if max(failed) >= 0:
            self._fail(int(jobs.cells[max(failed)]))

    def _fail(self, cell: int) -> None:
        rows, columns = self.shape[1:]
        matrix = ("exc", "inh")[cell // (rows * columns)]
        raise SimulationError(
            f"engine numpy: the synapse {matrix}[{cell // columns % rows},{cell % columns}] could not be integrated: "
            f"the model of {self.cell.rram.name} with {self.cell.card_names} has no solution there."
        )

    def integrate(self, pulses: FloatArray, gates: Gates, *, keep: bool = True, count: bool = True) -> Jobs:
        """Move the cells of columns through pulses of their top electrodes.

        Parameters
        ----------
        pulses : (pulses, 6) array
            Column, matrix, start, stop [s], amplitude [V], resistance of the driver [ohm].
        gates
            Of all rows.
        keep
            Whether the new states are those of the cells from now on.
        count
            Whether their charge and energy count as those of pulses.

        Returns
        -------
        Jobs
            What was done; it is written again by the next call.
        """
        bent = self._batch(pulses, gates, 1, keep, count)
        if len(bent):
            self._batch(bent, gates, PARTS, keep, count)
        return self.jobs

    def _batch(self, pulses: FloatArray, gates: Gates, parts: int, keep: bool, counted: bool) -> FloatArray:
        """Do pulses in so many parts; return those whose drop bends too much for that, which are left undone."""
        bounds, firsts = all_slices(pulses, parts, gates, self.noise.slot)
        count, jobs = self._written(pulses, bounds, firsts, gates), self.jobs
        drop, found = np.zeros((len(bounds), 2)), np.zeros((len(bounds), 2))
        guess_currents(jobs, count, self.last)
        for p in range(len(pulses)):
            drop_changes(p, pulses, firsts, jobs, drop, found)
            drop[firsts[p] : firsts[p + 1]] = found[firsts[p] : firsts[p + 1]]
            set_volts(p, pulses, jobs, drop)
        self._run(jobs, 0, count, self.nodes)
        bent = []
        for p in range(len(pulses)):
            part = slice(firsts[p], firsts[p + 1])
            for sweep in range(SWEEPS):
                if sweep:
                    self._run(jobs, jobs.pulse_job[p], jobs.pulse_job[p + 1], self.nodes)
                self.figures["sweeps"] += 1
                change = drop_changes(p, pulses, firsts, jobs, drop, found)
                if parts == 1 and np.abs(found[part, 1] - found[part, 0]).max() > BENT:
                    bent.append(p)
                    break
                if change <= DROP_TOLERANCE:
                    break
                drop[part] = found[part]
                set_volts(p, pulses, jobs, drop)
            else:
                raise SimulationError(f"engine numpy: the drop of the driver of te{int(pulses[p, 0])} is not found.")
            if keep and p not in bent:
                fastest = commit(
                    jobs, jobs.pulse_job[p], jobs.pulse_job[p + 1], self.nodes, self.kept.reshape(-1), self.last,
                    self.rates, self.ranges, self.most,
                )  # fmt: skip
                self.fastest = max(self.fastest, fastest)
                if counted:
                    self.work[int(pulses[p, 1]), int(pulses[p, 4] > 0.0)] += pulse_work(p, jobs)
                self.figures["cells_switched"] += int(jobs.pulse_job[p + 1] - jobs.pulse_job[p])
        self.figures["pulses"] += len(pulses) - len(bent)
        return pulses[bent]

    def _written(self, pulses: FloatArray, bounds: FloatArray, firsts: IntArray, gates: Gates) -> int:
        """Write the jobs of pulses, with more room if they need it; return how many."""
        while True:
            if len(pulses) >= len(self.jobs.pulse_job):
                self.jobs = new_jobs(len(self.jobs.cells), len(self.jobs.where), 2 * len(pulses), self.n_states)
            count, pieces = write_jobs(
                pulses, bounds, firsts, gates, self.shape[1:], self.no_self, self.noise, self.on_level, self.read,
                self.jobs,
            )  # fmt: skip
            if count <= len(self.jobs.cells) and pieces <= len(self.jobs.where):
                return int(count)
            self.jobs = new_jobs(2 * count, 2 * pieces, len(self.jobs.pulse_job), self.n_states)

    def states(self) -> dict[str, FloatArray]:
        """Return state name -> (matrices, rows, columns) array of the present states [unit]."""
        return {name: (self.nodes[:, k] + self.first[k]).reshape(self.shape) for k, name in enumerate(self.cell.states)}


def _ranges(cell: Cell) -> FloatArray:
    found = []
    for bounds in cell.rram.state_ranges().values():
        span = np.nan if bounds is None else float(np.max(bounds[1]) - np.min(bounds[0]))
        found.append(span if np.isfinite(span) and span > 0.0 else 1.0)
    return np.array(found)


def _check_noise(device: CompiledDevices, nz: int) -> None:
    """Raise ParameterError if the deviate of a cycle changes a current, not only rates: reads do not know the cycle."""
    points = np.zeros((2, len(device.nodes)))
    points[:, 0], points[1, nz] = 0.1, 1.0
    found = device.evaluate(points, 1.0, jacobian=False, reactive=False, which=np.zeros(2, np.int64)).resistive[:, 0]
    if abs(found[1] - found[0]) > 1e-9 * abs(found[0]):
        raise ParameterError(
            f"engine numpy: the noise terminal of {device.card.name} changes its current while it is read; networks "
            "of it with cycle_noise run in ngspice."
        )
