"""Compiled loops that make the jobs of the device level: which cells of a column a pulse moves, through which pieces.

A pulse on the top electrodes of a column moves the cells whose gates are open meanwhile. When it ends, all gates are
known, so nothing is integrated beyond an event of its row or column, and nothing twice. The resistance of the column's
driver lowers the pulse by the current of all its cells: the drop is guessed, found, and the cells are done again if
they differ.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.arrays import FloatArray, IntArray, LoopCompiler
from rramcirc.engines.network.deviates import cycle_deviate
from rramcirc.engines.network.event_kernel import Gates

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)


class Noise(NamedTuple):
    """Cycle deviates: key of every cell's stream, and the length of a slot [s]; 0 is none."""

    keys: NDArray[np.uint64]
    slot: float


NO_NOISE = Noise(np.zeros(1, np.uint64), 0.0)


class Jobs(NamedTuple):
    """Cells to integrate, with room for more; see `device_kernel.run_cells`."""

    cells: IntArray
    first_piece: IntArray
    where: IntArray  # slice of each piece, among those of all pulses
    durations: FloatArray
    volts: FloatArray
    gates: FloatArray
    noise: FloatArray
    read_volts: FloatArray
    read_gates: FloatArray
    currents: FloatArray
    reached: FloatArray
    read: FloatArray
    rates: FloatArray
    pulse_job: IntArray  # where the jobs and the pieces of each pulse begin
    pulse_piece: IntArray


def new_jobs(jobs: int, pieces: int, pulses: int, n_states: int) -> Jobs:
    """Return room for so many jobs, pieces and pulses."""
    return Jobs(
        np.zeros(jobs, np.int64), np.zeros(jobs + 1, np.int64), np.zeros(pieces, np.int64), np.zeros((pieces, 1)),
        np.zeros((pieces, 2)), np.zeros((pieces, 2)), np.zeros(pieces), np.zeros(jobs), np.zeros(jobs),
        np.zeros((pieces, 2)), np.zeros((jobs, n_states)), np.zeros(jobs), np.zeros((jobs, n_states)),
        np.zeros(pulses + 1, np.int64), np.zeros(pulses + 1, np.int64),
    )  # fmt: skip


@compiled
def level_at(times: FloatArray, levels: FloatArray, first: int, count: int, t: float, after: bool) -> float:
    """Return the level of a row at a time, just before or after it, from its corners first ... first + count."""
    low, high = first, first + count
    while low < high:  # the first corner at t or later; after it if `after`
        middle = (low + high) // 2
        if times[middle] < t or (after and times[middle] == t):
            low = middle + 1
        else:
            high = middle
    if after:
        if low > first and times[low - 1] == t:
            return float(levels[low - 1])
    elif low < first + count and times[low] == t:
        return float(levels[low])
    if low == first:
        return float(levels[first])
    if low == first + count:
        return float(levels[low - 1])
    share = (t - times[low - 1]) / (times[low] - times[low - 1])
    return float(levels[low - 1] + share * (levels[low] - levels[low - 1]))


@compiled
def pulse_slices(start: float, stop: float, parts: int, gates: Gates, slot: float) -> FloatArray:
    """Return the boundaries of a pulse: its ends, `parts` equal parts, all corners of rows and edges of slots in it."""
    found, n, times, firsts, counts = np.empty(16), 0, gates.time, gates.first, gates.corners
    for k in range(parts + 1):
        if n == found.shape[0]:
            found = np.concatenate((found, np.empty(n)))
        found[n] = start + (stop - start) * k / parts if k < parts else stop
        n += 1
    for row in range(firsts.shape[0]):
        k = firsts[row] + counts[row] - 1
        while k >= firsts[row] and times[k] >= stop:
            k -= 1
        while k >= firsts[row] and times[k] > start:
            if n == found.shape[0]:
                found = np.concatenate((found, np.empty(n)))
            found[n] = times[k]
            n += 1
            k -= 1
    if slot > 0.0:
        k = int(np.floor(start / slot)) + 1
        while k * slot < stop:
            if k * slot > start:
                if n == found.shape[0]:
                    found = np.concatenate((found, np.empty(n)))
                found[n] = k * slot
                n += 1
            k += 1
    return np.unique(found[:n])


@compiled
def all_slices(pulses: FloatArray, parts: int, gates: Gates, slot: float) -> tuple[FloatArray, IntArray]:
    """Return the boundaries of all pulses, one after the other, and where those of each begin.

    Parameters
    ----------
    pulses : (pulses, 6) array
        Column, matrix, start, stop [s], amplitude [V], resistance of the driver [ohm].
    parts
        In how many equal parts each pulse is divided at least.
    """
    firsts = np.zeros(pulses.shape[0] + 1, np.int64)
    bounds = np.empty(0)
    for p in range(pulses.shape[0]):
        bounds = np.concatenate((bounds, pulse_slices(pulses[p, 2], pulses[p, 3], parts, gates, slot)))
        firsts[p + 1] = bounds.shape[0]
    return bounds, firsts


@compiled
def gate_pieces(bounds: FloatArray, gates: Gates, row: int, levels: FloatArray) -> int:
    """Write the gate of a row at both ends of each slice; return in how many it is open."""
    first, count, opened = gates.first[row], gates.corners[row], 0
    for k in range(bounds.shape[0] - 1):
        levels[k, 0] = level_at(gates.time, gates.level, first, count, bounds[k], True)
        levels[k, 1] = level_at(gates.time, gates.level, first, count, bounds[k + 1], False)
        opened += 1 if levels[k, 0] > 0.0 or levels[k, 1] > 0.0 else 0
    return opened


@compiled
def write_jobs(
    pulses: FloatArray, bounds: FloatArray, firsts: IntArray, gates: Gates, shape: tuple[int, int], no_self: bool,
    noise: Noise, on_level: FloatArray, read: float, jobs: Jobs,
) -> tuple[int, int]:  # fmt: skip
    """Write the jobs of all pulses: cells whose gates are open in them, and their pieces.

    Returns how many jobs and pieces there are, also if `jobs` has no room for them: what has none is not written.
    """
    rows, columns = shape
    job = piece = 0
    for p in range(pulses.shape[0]):
        column, matrix = int(pulses[p, 0]), int(pulses[p, 1])
        inside = bounds[firsts[p] : firsts[p + 1]]
        levels = np.empty((inside.shape[0], 2))
        jobs.pulse_job[p], jobs.pulse_piece[p] = min(job, jobs.cells.shape[0]), min(piece, jobs.where.shape[0])
        for row in range(rows):
            if no_self and row == column:
                continue
            opened = gate_pieces(inside, gates, row, levels)
            if not opened:
                continue
            cell = (matrix * rows + row) * columns + column
            if job < jobs.cells.shape[0] and piece + opened <= jobs.where.shape[0]:
                jobs.cells[job], jobs.first_piece[job], jobs.first_piece[job + 1] = cell, piece, piece + opened
                jobs.read_gates[job], jobs.read_volts[job] = on_level[row], read if matrix == 0 else -read
                at = piece
                for k in range(inside.shape[0] - 1):
                    if levels[k, 0] > 0.0 or levels[k, 1] > 0.0:
                        jobs.where[at], jobs.durations[at, 0] = firsts[p] + k, inside[k + 1] - inside[k]
                        jobs.gates[at, 0], jobs.gates[at, 1] = levels[k, 0], levels[k, 1]
                        jobs.noise[at] = 0.0
                        if noise.slot > 0.0:
                            middle = int(np.floor(0.5 * (inside[k] + inside[k + 1]) / noise.slot))
                            jobs.noise[at] = cycle_deviate(noise.keys[cell], middle)
                        at += 1
            job, piece = job + 1, piece + opened
        jobs.pulse_job[p + 1] = min(job, jobs.cells.shape[0])
        jobs.pulse_piece[p + 1] = min(piece, jobs.where.shape[0])
    return job, piece


@compiled
def guess_currents(jobs: Jobs, count: int, last: FloatArray) -> None:
    """Take the current at the end of each cell's last pulse for all of its pieces."""
    for job in range(count):
        for piece in range(jobs.first_piece[job], jobs.first_piece[job + 1]):
            jobs.currents[piece, 0] = jobs.currents[piece, 1] = last[jobs.cells[job]]


@compiled
def drop_changes(
    p: int, pulses: FloatArray, firsts: IntArray, jobs: Jobs, drop: FloatArray, found: FloatArray
) -> float:  # fmt: skip
    """Find the drop of a pulse at the ends of its slices [V] from the currents of its pieces; return how much it moved.

    Pieces are summed in the order of the rows.
    """
    begin, end = firsts[p], firsts[p + 1]
    found[begin:end] = 0.0
    for piece in range(jobs.pulse_piece[p], jobs.pulse_piece[p + 1]):
        for side in range(2):
            found[jobs.where[piece], side] += pulses[p, 5] * jobs.currents[piece, side]
    return float(np.abs(found[begin:end] - drop[begin:end]).max())


@compiled
def set_volts(p: int, pulses: FloatArray, jobs: Jobs, drop: FloatArray) -> None:
    """Write the cell voltages of a pulse's pieces."""
    for piece in range(jobs.pulse_piece[p], jobs.pulse_piece[p + 1]):
        for side in range(2):
            jobs.volts[piece, side] = pulses[p, 4] - drop[jobs.where[piece], side]


@compiled
def pulse_work(p: int, jobs: Jobs) -> FloatArray:
    """Return charge [C] and energy [J] that a pulse brought to the cells of its column."""
    found = np.zeros(2)
    for piece in range(jobs.pulse_piece[p], jobs.pulse_piece[p + 1]):
        for side in range(2):
            charge = 0.5 * jobs.durations[piece, 0] * jobs.currents[piece, side]
            found[0] += charge
            found[1] += jobs.volts[piece, side] * charge
    return found


@compiled
def commit(
    jobs: Jobs, begin: int, end: int, states: FloatArray, kept: FloatArray, last: FloatArray, rates: FloatArray,
    ranges: FloatArray, most: FloatArray,
) -> float:  # fmt: skip
    """Take over what jobs have found: states, read currents, those at the end of the pulse, largest rates and currents.

    Returns the largest rate while read, of the range of the state [1/s].
    """
    fastest = 0.0
    for job in range(begin, end):
        cell = jobs.cells[job]
        kept[cell] = jobs.read[job]
        last[cell] = jobs.currents[jobs.first_piece[job + 1] - 1, 1]
        for piece in range(jobs.first_piece[job], jobs.first_piece[job + 1]):
            most[cell] = max(most[cell], abs(jobs.currents[piece, 0]), abs(jobs.currents[piece, 1]))
        for a in range(states.shape[1]):
            states[cell, a] = jobs.reached[job, a]
            rates[cell, a] = max(rates[cell, a], abs(jobs.rates[job, a]))
            fastest = max(fastest, abs(jobs.rates[job, a]) / ranges[a])
    return float(fastest)
