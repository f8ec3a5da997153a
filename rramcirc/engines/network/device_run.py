"""The device level: a network whose every synapse is the compiled 1T1R cell, with exact membranes, event by event.

Cells are integrated only through pulses on their column while their gate is open; they sleep otherwise, and what they
would have moved is summed up and told. While a read moves a cell by more than `SLEEP` of its range over the run, its
column is followed in time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray
from rramcirc.circuits.neuron.netlist import START
from rramcirc.engines.network.device_cells import CellBank
from rramcirc.engines.network.device_plan import Plan
from rramcirc.engines.network.device_sleep import FOLLOWED, SLEEP, neglected, read_rates
from rramcirc.engines.network.event_kernel import (
    DIRTY,
    DONE,
    ENDED,
    FIRST,
    GATE,
    GATE_UNTIL,
    HELD_UNTIL,
    NEVER,
    POINTS,
    PULSES,
    READ_OHM,
    SECOND,
    SPIKE,
    SPIKES,
    TE,
    TE_FROM,
    TE_UNTIL,
    Gates,
    Inputs,
    Neurons,
    Outputs,
    Synapses,
    V,
    log_gate,
    run_events,
)

POINTS_AT_ONCE = 2000
SECOND_OHM = 2.0  # two switches of the te driver in series, in units of one
Spikes = tuple[FloatArray, IntArray]


@dataclass
class DeviceResult:
    """What a network did at device level.

    Attributes
    ----------
    times, neurons : (spikes,) arrays
        [s]
    points : (points, 2 + 4 columns) array
        See `event_kernel.Outputs`.
    bank
        The cells at the end.
    log_times, log_cells, log_nodes
        Every change of the states of watched cells: time [s], cell, states as deviations.
    """

    times: FloatArray
    neurons: IntArray
    points: FloatArray
    bank: CellBank
    log_times: FloatArray
    log_cells: IntArray
    log_nodes: FloatArray
    first_nodes: FloatArray
    figures: dict[str, float] = field(default_factory=dict)

    def log_of(self, cell: int) -> IntArray:
        """Return where in the log the changes of a cell are, in order of time."""
        first, last = np.searchsorted(self._ordered[0], (cell, cell + 1))
        found: IntArray = self._ordered[1][first:last]
        return found

    @cached_property
    def _ordered(self) -> tuple[IntArray, IntArray]:
        order = np.argsort(self.log_cells, kind="stable")
        return self.log_cells[order], order


class DeviceRun:
    """One run, which can be continued.

    Parameters
    ----------
    plan
        What is run.
    grid : (n,) array
        Times that are recorded [s], ascending.
    edges
        Whether lines are recorded at every edge besides.
    watched : (cells,) array of bool, or None
        Cells whose states are recorded.
    spikes
        Output spikes to replay (times [s], neurons); None: neurons fire at the threshold.
    threads
        Over which cells are divided.
    """

    def __init__(
        self, plan: Plan, grid: FloatArray, *, edges: bool = False, watched: BoolArray | None = None,
        spikes: Spikes | None = None, threads: int = 1, temperature: float = 300.15,
    ) -> None:  # fmt: skip
        self.plan, self.edges, self.watched, self.free = plan, edges, watched, spikes is None
        columns, rows = plan.shape[2], plan.shape[1]
        self.hopfield = not plan.corners
        self.bank = CellBank(
            plan.cell, plan.shape, plan.states, plan.spread, level=plan.neuron.pulses.common_mode,
            read=plan.neuron.pulses.read_voltage, on_level=plan.on_level, no_self=self.hopfield,
            noise=plan.noise, amplitudes=plan.amplitudes, temperature=temperature,
            threads=threads,
        )  # fmt: skip
        clock = np.zeros((9, columns))
        clock[SPIKE], clock[HELD_UNTIL] = -NEVER, 1.5 * START
        clock[GATE_UNTIL] = clock[TE_UNTIL] = NEVER
        heads = np.zeros(8, np.int64)
        heads[DIRTY] = 1
        self.neurons = Neurons(clock, np.zeros((2, columns), np.int64), heads, plan.intervals, plan.levels)
        on = np.array([False] * rows) if self.hopfield else np.array([c[1][0] > 0.0 for c in plan.corners])
        table = np.zeros((2, 1)) if self.hopfield else _edge_table(self.bank)
        self.synapses = Synapses(
            on, self.bank.kept, table[0], table[1], np.zeros(columns), np.zeros((3, columns)),
            np.zeros((plan.shape[0], columns)), np.zeros(plan.shape[0]),
        )  # fmt: skip
        forced = (np.empty(0), np.empty(0, np.int64)) if spikes is None else spikes
        self.inputs = Inputs(
            *plan.ext, *plan.pre, np.append(forced[0], NEVER), np.append(forced[1], 0), np.append(grid, NEVER)
        )
        self.gates = self._gates()
        self.out = Outputs(
            np.zeros(8 * columns + 4096), np.zeros(8 * columns + 4096, np.int64),
            np.zeros((POINTS_AT_ONCE, 2 + 4 * columns)), np.zeros((4 * columns, 4)),
        )  # fmt: skip
        self.now = 0.0
        self.kept_points: list[FloatArray] = []
        self.kept_spikes: list[Spikes] = []
        self.log: list[tuple[FloatArray, IntArray, FloatArray]] = []
        self.first_nodes = self.bank.nodes.copy() if watched is not None else np.empty((0, 0))
        self.events = 0
        self.done, self.pace = np.zeros(columns), NEVER
        self.recent = np.empty(0)

    def _gates(self) -> Gates:
        """Return the corners of all rows: those of PRE lines are known, those of neurons are written as they fire."""
        neuron, rows = self.plan.neuron, self.plan.shape[1]
        if not self.hopfield:
            counts = np.array([len(times) for times, _ in self.plan.corners])
            times, levels = (np.concatenate(parts) for parts in zip(*self.plan.corners, strict=True))
            return Gates(times, levels, np.append(0, np.cumsum(counts)[:-1]), counts, 0, 0.0)
        horizon = 2 * (neuron.pulses.writing_time + neuron.pulses.gate_width)
        size = 8 + 4 * int(horizon / min(neuron.refractory, neuron.pulses.gate_width))
        return Gates(
            np.zeros(rows * size), np.zeros(rows * size), np.arange(rows) * size, np.ones(rows, np.int64), size, horizon
        )

    def advance(self, until: float, learning: bool, progress: Callable[[float], None] | None = None) -> None:
        """Run until a time [s]; spikes start te pulses if `learning`."""
        heads = self.neurons.heads
        learning = learning and self.plan.neuron.pulses.writing_time > 0.0
        self._wake()
        while True:
            look = min(until, self.now + self.pace)
            code, self.now = run_events(
                self.now, look, learning, self.free, self.hopfield, self.edges, self.neurons, self.synapses,
                self.inputs, self.gates, self.out,
            )  # fmt: skip
            self.events += 1
            if code == PULSES:
                self._integrate(self.out.ended[: heads[ENDED]])
                heads[ENDED], heads[DIRTY] = 0, 1
            elif code == DONE and look < until:
                self._follow()
            else:
                self._flush()
            if progress is not None and (code != PULSES or self.events % 64 == 0):
                progress(self.now)
            if code == DONE and look >= until:
                return

    def energy(self) -> dict[str, float]:
        """Return charge [C] and energy [J] of the cells so far, in reads and in pulses that set and reset.

        Pulses count when they have ended.
        """
        read = self.plan.neuron.pulses.read_voltage
        found: dict[str, float] = {}
        for m, (matrix, charge) in enumerate(zip(self.plan.matrices, self.synapses.charge.tolist(), strict=True)):
            found |= {f"charge_read_{matrix}": charge, f"energy_read_{matrix}": (read if m == 0 else -read) * charge}
            for k, kind in enumerate(("reset", "set")):
                moved, heat = self.bank.work[m, k].tolist()
                found |= {f"charge_{kind}_{matrix}": moved, f"energy_{kind}_{matrix}": heat}
        return found

    def reset(self) -> None:
        """Put the network to rest: membranes at 0 V, no refractory time, no pulse; pulses that run end here."""
        clock, phase = self.neurons.clock, self.neurons.phase
        self._end_running()
        for row in np.flatnonzero(phase[GATE]).tolist() if self.hopfield else ():
            log_gate(self.gates, row, self.now, self.plan.neuron.pulses.gate_voltage, 0.0)
            self.synapses.on[row] = False
        phase[:] = 0
        clock[V], clock[SPIKE], clock[HELD_UNTIL] = 0.0, -NEVER, self.now + START
        clock[GATE_UNTIL] = clock[TE_UNTIL] = NEVER
        self.neurons.heads[DIRTY] = 1

    def _end_running(self) -> None:
        """Integrate the te pulses that are running, as far as they have come, and the reads that are followed."""
        clock, phase = self.neurons.clock, self.neurons.phase
        running = np.flatnonzero((phase[TE] == FIRST) | (phase[TE] == SECOND))
        ended = [(j, phase[TE, j], clock[TE_FROM, j], self.now) for j in running if clock[TE_FROM, j] < self.now]
        self._integrate(np.array(ended, np.float64).reshape(-1, 4))
        self._follow()

    def _wake(self) -> None:
        """See which columns hold cells that reads move by more than `SLEEP` until the end; set the pace of looks."""
        rates = read_rates(self.bank).max(axis=(0, 1), initial=0.0)
        awake = rates * (self.plan.stop - self.now) > SLEEP
        self.done[awake & ~self.bank.followed] = self.now
        self.bank.followed |= awake
        fastest = float(rates[self.bank.followed].max(initial=0.0))
        longest = min(self.plan.neuron.pulses.gate_width, FOLLOWED / fastest) if fastest else NEVER
        self.pace = max(longest, 1e-7 * self.plan.stop)

    def _follow(self, until: FloatArray | None = None) -> None:
        """Integrate the reads of the columns that are followed, up to now or up to the beginning of their te pulse."""
        clock, phase, ohm = self.neurons.clock, self.neurons.phase, float(self.plan.levels[READ_OHM])
        own = (phase[TE] == FIRST) | (phase[TE] == SECOND)
        stop = np.where(own, clock[TE_FROM], self.now) if until is None else until
        columns = np.flatnonzero(self.bank.followed & (stop > self.done))
        read = self.plan.neuron.pulses.read_voltage * np.array([1.0, -1.0])
        reads = [(j, m, self.done[j], stop[j], read[m], ohm) for j in columns for m in range(self.plan.shape[0])]
        if reads:
            chosen = np.array(reads)
            self._log_inside(chosen)
            self.bank.integrate(chosen, self.gates, count=False)
            self._log_cells(chosen)
            self.neurons.heads[DIRTY] = 1
        self.done[columns] = stop[columns]
        self._wake()

    def _integrate(self, ended: FloatArray) -> None:
        """Move the cells of columns whose te pulse ended."""
        neuron, pulses = self.plan.neuron, []
        ohm = float(self.plan.levels[READ_OHM])
        for column, kind, start, stop in ended:
            if kind == SECOND:
                pulses.append((column, 0, start, stop, -neuron.pulses.reset_voltage, SECOND_OHM * ohm))
                continue
            for matrix, amplitude in enumerate(self.plan.amplitudes):
                if amplitude:
                    pulses.append((column, matrix, start, stop, amplitude, ohm))
        chosen = np.array(pulses).reshape(-1, 6)
        if not len(chosen):
            return
        if self.bank.followed.any():  # what reads did before the pulse
            self._follow(self._starts(ended))
        self._log_inside(chosen)
        self.bank.integrate(chosen, self.gates)
        self._log_cells(chosen)
        self.done[ended[:, 0].astype(int)] = ended[:, 3]
        if self.bank.fastest * (self.plan.stop - self.now) > SLEEP:
            self._wake()

    def _starts(self, ended: FloatArray) -> FloatArray:
        """Return until when the reads of columns are to be integrated: those with a pulse up to its start."""
        stop = self.done.copy()
        stop[ended[:, 0].astype(int)] = ended[:, 2]
        return stop

    def _log_inside(self, pulses: FloatArray) -> None:
        """Note the states of watched cells at all recorded times inside pulses, by integrating up to there."""
        if self.watched is None:
            return
        heads = self.neurons.heads
        times = np.unique(np.append(self.recent, self.out.points[: heads[POINTS], 0]))
        for pulse in pulses:
            for time in times[(times > pulse[2]) & (times < pulse[3])]:
                part = pulse[None].copy()
                part[0, 3] = time
                jobs = self.bank.integrate(part, self.gates, keep=False)
                self._note(time, jobs.cells[: jobs.pulse_job[1]], jobs.reached[: jobs.pulse_job[1]])

    def _log_cells(self, pulses: FloatArray) -> None:
        """Note the states of watched cells at the end of pulses."""
        if self.watched is None:
            return
        rows, columns = self.plan.shape[1:]
        for pulse in pulses:
            cells = (int(pulse[1]) * rows + np.arange(rows)) * columns + int(pulse[0])
            self._note(pulse[3], cells, self.bank.nodes[cells])

    def _note(self, time: float, cells: IntArray, nodes: FloatArray) -> None:
        assert self.watched is not None
        which = self.watched[cells]
        if which.any():
            self.log.append((np.full(which.sum(), time), cells[which].copy(), nodes[which].copy()))

    def _flush(self) -> None:
        """Put recorded points and spikes away; points inside running pulses are still needed, all are kept."""
        heads = self.neurons.heads
        self.kept_spikes.append((self.out.time[: heads[SPIKES]].copy(), self.out.neuron[: heads[SPIKES]].copy()))
        self.kept_points.append(self.out.points[: heads[POINTS]].copy())
        times = self.out.points[: heads[POINTS], 0]
        self.recent = np.append(self.recent, times)
        self.recent = self.recent[self.recent > self.now - self.plan.neuron.pulses.writing_time]
        heads[SPIKES] = heads[POINTS] = 0

    def finish(self, whole: bool = True) -> DeviceResult:
        """End the run here and return everything; pulses that are running are left out unless it is `whole`."""
        self._flush()
        if whole:
            self._end_running()
        times, neurons = (np.concatenate(parts) for parts in zip(*self.kept_spikes, strict=True))
        log = self.log or [(np.empty(0), np.empty(0, np.int64), np.empty((0, self.bank.n_states)))]
        log_times, log_cells, log_nodes = (np.concatenate(parts) for parts in zip(*log, strict=True))
        return DeviceResult(
            times, neurons, np.concatenate(self.kept_points), self.bank, log_times, log_cells, log_nodes,
            self.first_nodes, self.bank.figures | neglected(self.plan, self.bank, times, neurons, self.now),
        )  # fmt: skip


def _edge_table(bank: CellBank, states: int = 17, levels: int = 33) -> FloatArray:
    """Return (2, states): read current of a cell, ascending, and what an edge of its gate carries of it.

    The states lie between the bounds where the cell conducts least and most; the gate rises in a straight line, and the
    cell follows at once. Simpson's rule over the gate.
    """
    bounds = [bound for bound in bank.cell.rram.state_bounds().values() if bound is not None]
    low, high = (np.array([float(np.max(bound[k])) for bound in bounds]) for k in (0, 1))
    ends = np.array([[low[k] if pick >> k & 1 else high[k] for k in range(len(low))] for pick in range(2 ** len(low))])
    zero = np.zeros(len(ends), np.int64)
    at = bank.read_cells(zero, nodes=ends - bank.first)[0]
    least, most = ends[np.argmin(np.abs(at))], ends[np.argmax(np.abs(at))]
    path = least + np.linspace(0.0, 1.0, states)[:, None] * (most - least)
    gate = np.linspace(0.0, bank.on_level.max(), levels)
    many = np.repeat(path - bank.first, levels, axis=0)
    zeros = np.zeros(len(many), np.int64)
    found = bank.read_cells(zeros, gates=np.tile(gate, states), nodes=many)[0].reshape(states, levels)
    weights = np.where(np.arange(levels) % 2, 4.0, 2.0)
    weights[[0, -1]] = 1.0
    current = np.abs(found[:, -1])
    if not np.all(np.diff(current) > 0.0):
        return np.zeros((2, 1))
    return np.array([current, found @ weights / (3.0 * (levels - 1)) / found[:, -1]])
