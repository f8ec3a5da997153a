"""The compiled event loop of the device level: exact membranes, timers, lines and gates, from event to event.

Between events all currents are straight lines. The loop stops where something is to be done outside: pulses that ended
(their cells are integrated before currents are summed again), a full buffer, the end.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray, LoopCompiler
from rramcirc.engines.network.membrane import move_membrane

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)
NEVER = 1e300  # [s]; finite, so that no NaN can arise from it
DONE, PULSES, FULL = 0, 1, 2  # why the loop stopped
TIE = 1e-15  # of the time: crossings closer than this are at the same time

# rows of `clock`, one column per neuron
V, SPIKE, HELD_UNTIL, GATE_UNTIL, TE_UNTIL, TE_FROM, TE_SPIKE, X0, XS = range(9)
# rows of `phase`, one column per neuron, and what TE may be
TE, GATE = range(2)
IDLE, FIRST, GAP, SECOND = range(4)
# places in `heads`
EXT, PRE, FORCED, GRID, SPIKES, POINTS, ENDED, DIRTY = range(8)
# places in `intervals`, since the spike [s]; RESET is a time constant
GATE_WIDTH, REFRACTORY, TE_WIDTH, SECOND_START, SECOND_END, RESET = range(6)
# places in `levels`
TAU, LEAK, THRESHOLD, CLAMP, GAIN, READ, READ_OHM, GATE_LEVEL, CAPACITANCE = range(9)


class Neurons(NamedTuple):
    """What neurons are doing, and what they are: see the names of places above."""

    clock: FloatArray
    phase: IntArray
    heads: IntArray
    intervals: FloatArray
    levels: FloatArray


class Synapses(NamedTuple):
    """What the columns see of the cells."""

    on: BoolArray  # (rows,)
    kept: FloatArray  # (matrices, rows, columns), read current of an open cell [A]
    edge_current: FloatArray  # read currents, ascending [A]
    edge_share: FloatArray  # charge of an edge of the gate, over its length and the read current
    drive: FloatArray  # (columns,) current into the membranes [A]
    work: FloatArray  # (3, columns)
    flow: FloatArray  # (matrices, columns) read current of the cells [A]
    charge: FloatArray  # (matrices,) that reads have let through so far [C]


class Inputs(NamedTuple):
    """What comes from outside, ordered in time; the last time of each is `NEVER`."""

    ext_time: FloatArray
    ext_neuron: IntArray
    ext_level: FloatArray  # [A]
    ext_slope: FloatArray  # [A/s]
    pre_time: FloatArray
    pre_row: IntArray
    pre_on: IntArray  # 1 on, 0 off, -1 neither
    pre_edge: FloatArray  # length of the edge whose charge comes here [s]
    forced_time: FloatArray
    forced_neuron: IntArray
    grid: FloatArray  # times to record


class Gates(NamedTuple):
    """Corners of the gates of all rows; row i has `corners` of them from `first` on."""

    time: FloatArray
    level: FloatArray
    first: IntArray
    corners: IntArray
    size: int  # room of a row
    horizon: float  # how long a corner is needed [s]


class Outputs(NamedTuple):
    """What the loop writes."""

    time: FloatArray  # spikes
    neuron: IntArray
    points: FloatArray  # (points, 2 + 4 columns): time, 1 if just behind an edge, V, gate, te, last spike
    ended: FloatArray  # (pulses, 4): neuron, FIRST or SECOND, from, until


@compiled
def held_voltage(neurons: Neurons, j: int, t: float) -> float:
    """Return what is left of a membrane at `t` that is reset since its spike [V]."""
    since = t - neurons.clock[SPIKE, j]
    if since > 1e200:
        return 0.0
    levels = neurons.levels
    return float(levels[THRESHOLD] * np.exp(-since * (1.0 / neurons.intervals[RESET] + 1.0 / levels[TAU])))


@compiled
def log_gate(gates: Gates, row: int, t: float, before: float, after: float) -> None:
    """Write an edge of a row's gate behind its corners; what is older than the horizon makes room."""
    first, n = gates.first[row], gates.corners[row]
    if n + 2 > gates.size:
        old = 0
        while old < n - 1 and gates.time[first + old + 1] < t - gates.horizon:
            old += 1
        for k in range(old, n):
            gates.time[first + k - old] = gates.time[first + k]
            gates.level[first + k - old] = gates.level[first + k]
        n -= old
    gates.time[first + n], gates.level[first + n] = t, before
    gates.time[first + n + 1], gates.level[first + n + 1] = t, after
    gates.corners[row] = n + 2


@compiled
def sum_columns(synapses: Synapses, levels: FloatArray) -> None:
    """Write the membrane current of every column [A]: open rows in their order, lowered by the driver's resistance."""
    drive, work = synapses.drive, synapses.work[0]
    drive[:] = 0.0
    for m in range(synapses.kept.shape[0]):
        work[:] = 0.0
        for row in range(synapses.on.shape[0]):
            if synapses.on[row]:
                kept = synapses.kept[m, row]
                for j in range(drive.shape[0]):
                    work[j] += kept[j]
        volts = levels[READ] if m == 0 else -levels[READ]
        for j in range(drive.shape[0]):
            if work[j] != 0.0:
                drive[j] += work[j] / (1.0 + levels[READ_OHM] * work[j] / volts)
            synapses.flow[m, j] = work[j]
    for j in range(drive.shape[0]):
        drive[j] *= levels[GAIN]


@compiled
def note(neurons: Neurons, out: Outputs, t: float, behind: bool) -> None:
    """Record membranes and lines."""
    k, n = neurons.heads[POINTS], neurons.clock.shape[1]
    row = out.points[k]
    row[0], row[1] = t, 1.0 if behind else 0.0
    for j in range(n):
        held = neurons.clock[HELD_UNTIL, j] < NEVER
        row[2 + j] = held_voltage(neurons, j, t) if held else neurons.clock[V, j]
        row[2 + n + j], row[2 + 2 * n + j] = neurons.phase[GATE, j], neurons.phase[TE, j]
        row[2 + 3 * n + j] = neurons.clock[SPIKE, j]
    neurons.heads[POINTS] = k + 1


@compiled
def end_pulse(neurons: Neurons, out: Outputs, j: int, t: float) -> None:
    """Note that the te pulse of a neuron ended at `t`: its column's cells are to be integrated."""
    if t > neurons.clock[TE_FROM, j]:
        row = out.ended[neurons.heads[ENDED]]
        row[0], row[1], row[2], row[3] = j, neurons.phase[TE, j], neurons.clock[TE_FROM, j], t
        neurons.heads[ENDED] += 1


@compiled
def fire(
    neurons: Neurons, synapses: Synapses, gates: Gates, out: Outputs, j: int, t: float, learning: bool,
    gates_are_rows: bool,
) -> None:  # fmt: skip
    """Let a neuron fire: all its intervals begin again."""
    clock, phase, heads, intervals = neurons.clock, neurons.phase, neurons.heads, neurons.intervals
    out.time[heads[SPIKES]], out.neuron[heads[SPIKES]] = t, j
    heads[SPIKES] += 1
    clock[V, j], clock[SPIKE, j], clock[HELD_UNTIL, j] = 0.0, t, t + intervals[REFRACTORY]
    if not phase[GATE, j]:
        phase[GATE, j] = 1
        if gates_are_rows:
            synapses.on[j] = True
            log_gate(gates, j, t, 0.0, neurons.levels[GATE_LEVEL])
            heads[DIRTY] = 1
    clock[GATE_UNTIL, j] = t + intervals[GATE_WIDTH]
    if learning:
        if phase[TE, j] in (FIRST, SECOND):  # cut off by the new spike
            end_pulse(neurons, out, j, t)
        phase[TE, j] = FIRST
        clock[TE_FROM, j], clock[TE_SPIKE, j], clock[TE_UNTIL, j] = t, t, t + intervals[TE_WIDTH]


@compiled
def move_all(neurons: Neurons, synapses: Synapses, d: float, free: bool, crossings: FloatArray) -> float:
    """Write all membranes after `d` seconds into the work space and when they cross; return the first crossing or -1.

    Held membranes are left alone; during the own te pulse nothing flows in.
    """
    clock, levels, found = neurons.clock, neurons.levels, -1.0
    threshold = levels[THRESHOLD] if free else NEVER
    for j in range(clock.shape[1]):
        crossings[j] = -1.0
        if clock[HELD_UNTIL, j] < NEVER:
            continue
        own = neurons.phase[TE, j] == FIRST or neurons.phase[TE, j] == SECOND
        i = 0.0 if own else synapses.drive[j] + clock[X0, j]
        s = 0.0 if own else clock[XS, j]
        synapses.work[1, j], crossings[j] = move_membrane(
            clock[V, j], i, s, d, levels[TAU], levels[LEAK], threshold, levels[CLAMP]
        )
        if crossings[j] >= 0.0 and (found < 0.0 or crossings[j] < found):
            found = crossings[j]
    return found


@compiled
def lines_due(neurons: Neurons, synapses: Synapses, gates: Gates, out: Outputs, t: float, gates_are_rows: bool) -> None:
    """Carry out what the timers of neurons have for `t`: te before gate before refractory time."""
    clock, phase = neurons.clock, neurons.phase
    for j in range(clock.shape[1]):
        while clock[TE_UNTIL, j] <= t:
            if phase[TE, j] == GAP:
                phase[TE, j], clock[TE_FROM, j] = SECOND, t
                clock[TE_UNTIL, j] = clock[TE_SPIKE, j] + neurons.intervals[SECOND_END]
                continue
            end_pulse(neurons, out, j, t)
            if phase[TE, j] == FIRST and neurons.intervals[SECOND_END] > 0.0:
                phase[TE, j], clock[TE_UNTIL, j] = GAP, clock[TE_SPIKE, j] + neurons.intervals[SECOND_START]
            else:
                phase[TE, j], clock[TE_UNTIL, j] = IDLE, NEVER
    for j in range(clock.shape[1]):
        if clock[GATE_UNTIL, j] <= t:
            phase[GATE, j], clock[GATE_UNTIL, j] = 0, NEVER
            if gates_are_rows:
                synapses.on[j] = False
                log_gate(gates, j, t, neurons.levels[GATE_LEVEL], 0.0)
                neurons.heads[DIRTY] = 1
    for j in range(clock.shape[1]):
        if clock[HELD_UNTIL, j] <= t:
            clock[V, j], clock[HELD_UNTIL, j] = held_voltage(neurons, j, t), NEVER


@compiled
def edge_charge(synapses: Synapses, current: float) -> float:
    """Return the charge that an edge of 1 s of a cell's gate carries [C], from its current while read [A]."""
    table, share, k = synapses.edge_current, synapses.edge_share, 1
    if table.shape[0] < 2 or current == 0.0:
        return 0.0
    size = min(max(abs(current), table[0]), table[-1])
    while table[k] < size:
        k += 1
    part = (size - table[k - 1]) / (table[k] - table[k - 1])
    return float(current * (share[k - 1] + part * (share[k] - share[k - 1])))


@compiled
def inputs_due(neurons: Neurons, synapses: Synapses, inputs: Inputs, t: float) -> None:
    """Carry out what comes from outside at `t`: corners of currents, edges of PRE gates with their charge."""
    clock, levels, heads = neurons.clock, neurons.levels, neurons.heads
    while inputs.ext_time[heads[EXT]] <= t:
        k = heads[EXT]
        clock[X0, inputs.ext_neuron[k]], clock[XS, inputs.ext_neuron[k]] = inputs.ext_level[k], inputs.ext_slope[k]
        heads[EXT] += 1
    while inputs.pre_time[heads[PRE]] <= t:
        k = heads[PRE]
        row, edge = inputs.pre_row[k], inputs.pre_edge[k]
        for j in range(clock.shape[1]):
            own = neurons.phase[TE, j] == FIRST or neurons.phase[TE, j] == SECOND
            if edge > 0.0 and not own and clock[HELD_UNTIL, j] == NEVER:
                for m in range(synapses.kept.shape[0]):
                    charge = edge * levels[GAIN] * edge_charge(synapses, synapses.kept[m, row, j])
                    clock[V, j] = max(levels[CLAMP], clock[V, j] + charge / levels[CAPACITANCE])
        if inputs.pre_on[k] >= 0:
            synapses.on[row] = inputs.pre_on[k] == 1
            heads[DIRTY] = 1
        heads[PRE] += 1


@compiled
def next_time(neurons: Neurons, inputs: Inputs, until: float) -> float:
    """Return the time of the next event, at most `until` [s]."""
    heads, clock = neurons.heads, neurons.clock
    t = min(until, inputs.ext_time[heads[EXT]], inputs.pre_time[heads[PRE]])
    t = min(t, inputs.forced_time[heads[FORCED]], inputs.grid[heads[GRID]])
    for j in range(clock.shape[1]):
        t = min(t, clock[HELD_UNTIL, j], clock[GATE_UNTIL, j], clock[TE_UNTIL, j])
    return float(t)


@compiled
def run_events(
    now: float, until: float, learning: bool, free: bool, gates_are_rows: bool, edges: bool, neurons: Neurons,
    synapses: Synapses, inputs: Inputs, gates: Gates, out: Outputs,
) -> tuple[int, float]:  # fmt: skip
    """Go from event to event until something is to be done outside; events at `until` are carried out.

    Parameters
    ----------
    now, until
        [s]
    learning
        Whether spikes start te pulses.
    free
        Whether membranes fire at the threshold; otherwise only at the given times.
    gates_are_rows
        Whether the gate of neuron i is that of row i.
    edges
        Whether lines are recorded at every edge, just before and just behind it.
    neurons, synapses, inputs, gates, out
        See there.

    Returns
    -------
    tuple
        `DONE`, `PULSES` (in ``out.ended``) or `FULL`, and the time [s].
    """
    heads, clock = neurons.heads, neurons.clock
    n = clock.shape[1]
    crossings = np.empty(n)
    while True:
        if heads[POINTS] + 3 > out.points.shape[0] or heads[SPIKES] + 2 * n > out.time.shape[0]:
            return FULL, now
        if heads[DIRTY]:
            sum_columns(synapses, neurons.levels)
            heads[DIRTY] = 0
        t = max(now, next_time(neurons, inputs, until))
        first = move_all(neurons, synapses, t - now, free, crossings)
        if first >= 0.0:
            t = min(t, now + first)
            tie = first + TIE * max(t, 1e-3)
            for j in range(n):
                crossings[j] = 1.0 if 0.0 <= crossings[j] <= tie else -1.0
            move_all(neurons, synapses, t - now, False, synapses.work[2])
        for j in range(n):
            if neurons.phase[TE, j] != FIRST and neurons.phase[TE, j] != SECOND:  # else a pulse, not a read
                for m in range(synapses.flow.shape[0]):
                    synapses.charge[m] += synapses.flow[m, j] * (t - now)
            if clock[HELD_UNTIL, j] == NEVER:
                clock[V, j] = synapses.work[1, j]
            clock[X0, j] += clock[XS, j] * (t - now)
        now = t
        grid = inputs.grid[heads[GRID]] <= now
        forced = inputs.forced_time[heads[FORCED]] <= now
        lines = False
        for j in range(n):
            lines |= min(clock[HELD_UNTIL, j], clock[GATE_UNTIL, j], clock[TE_UNTIL, j]) <= now
        edge = edges and (first >= 0.0 or forced or lines)
        if edge or grid:
            note(neurons, out, now, False)
        while inputs.grid[heads[GRID]] <= now:
            heads[GRID] += 1
        if first >= 0.0:  # ties fire together
            for j in range(n):
                if crossings[j] > 0.0:
                    fire(neurons, synapses, gates, out, j, now, learning, gates_are_rows)
        else:
            lines_due(neurons, synapses, gates, out, now, gates_are_rows)
            inputs_due(neurons, synapses, inputs, now)
            while inputs.forced_time[heads[FORCED]] <= now:
                fire(neurons, synapses, gates, out, inputs.forced_neuron[heads[FORCED]], now, learning, gates_are_rows)
                heads[FORCED] += 1
        if edge:
            note(neurons, out, now, True)
        if heads[ENDED]:
            return PULSES, now
        if first < 0.0 and now >= until:
            return DONE, now
