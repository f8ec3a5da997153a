"""Compiled loops of a transient: cells kept as straight lines around the point where their models were evaluated."""

from __future__ import annotations

import numba

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray, LoopCompiler

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)


@compiled
def stale_cells(
    voltages: FloatArray, centres: FloatArray, bounds: FloatArray, awake: BoolArray, found: IntArray
) -> int:
    """Write the numbers of the cells that left the neighbourhood of their centres; return how many.

    Parameters
    ----------
    voltages, centres : (cells, nodes) arrays
        Where the local nodes are, and where the models were evaluated [V]; NaN marks a cell that never was.
    bounds : (2, nodes) array
        Largest distance of every node of cells that sleep, and of those that are awake [V].
    awake : (cells,) array of bool
        Which cells are awake.
    found : (cells,) int64 array
        Result.
    """
    count = 0
    for c in range(voltages.shape[0]):
        row = 1 if awake[c] else 0
        for a in range(voltages.shape[1]):
            if not abs(voltages[c, a] - centres[c, a]) <= bounds[row, a]:
                found[count] = c
                count += 1
                break
    return count


@compiled
def gather_points(which: IntArray, place: IntArray, voltages: FloatArray, held: FloatArray, points: FloatArray) -> None:
    """Write the voltages of the nodes of a device in the cells `which`; places behind those of `voltages` are held."""
    live = voltages.shape[1]
    for m in range(which.shape[0]):
        c = which[m]
        for a in range(place.shape[0]):
            if place[a] < 0:
                points[m, a] = 0.0
            else:
                points[m, a] = voltages[c, place[a]] if place[a] < live else held[c, place[a] - live]


@compiled
def add_device(
    which: IntArray, place: IntArray, current: FloatArray, charge: FloatArray, conductance: FloatArray,
    capacitance: FloatArray, weights: FloatArray, currents: FloatArray, charges: FloatArray, conductances: FloatArray,
    capacitances: FloatArray,
) -> None:  # fmt: skip
    """Add a device to the cells `which`.

    Parameters
    ----------
    which : (m,) int64 array
        Cells; the rows of `current`, `charge` and their Jacobians are theirs.
    place : (n,) int64 array
        Local node of every node of the device; -1 or behind the last one if there is none.
    weights : (nodes,) array
        0 at local nodes whose charges are left out, else 1.
    currents, charges, conductances, capacitances
        Of all cells at their local nodes; are added to. No capacitances if only states have charges.
    """
    live = currents.shape[1]
    for m in range(which.shape[0]):
        c = which[m]
        for a in range(place.shape[0]):
            row = place[a]
            if row < 0 or row >= live:
                continue
            currents[c, row] += current[m, a]
            charges[c, row] += weights[row] * charge[m, a]
            for b in range(place.shape[0]):
                column = place[b]
                if 0 <= column < live:
                    conductances[c, row, column] += conductance[m, a, b]
                    if capacitances.shape[0]:
                        capacitances[c, row, column] += weights[row] * capacitance[m, a, b]


@compiled
def clear_cells(
    which: IntArray, farads: FloatArray, voltages: FloatArray, centres: FloatArray, currents: FloatArray,
    charges: FloatArray, conductances: FloatArray, capacitances: FloatArray,
) -> None:  # fmt: skip
    """Start the cells `which` anew at their present voltages, with a capacitance `farads` to ground at every node."""
    for m in range(which.shape[0]):
        c = which[m]
        currents[c] = 0.0
        conductances[c] = 0.0
        for a in range(voltages.shape[1]):
            centres[c, a] = voltages[c, a]
            charges[c, a] = farads[a] * voltages[c, a]
        if capacitances.shape[0]:
            capacitances[c] = 0.0
            for a in range(voltages.shape[1]):
                capacitances[c, a, a] = farads[a]


@compiled
def charges_at(
    which: IntArray, voltages: FloatArray, centres: FloatArray, charges: FloatArray, capacitances: FloatArray,
    out: FloatArray,
) -> None:  # fmt: skip
    """Write the charges of all local nodes of the cells `which` at the present voltages [C]."""
    total = voltages.shape[1]
    for m in range(which.shape[0]):
        c = which[m]
        for a in range(total):
            value = charges[c, a]
            for b in range(total):
                value += capacitances[c, a, b] * (voltages[c, b] - centres[c, b])
            out[c, a] = value


@compiled
def calm_cells(
    which: IntArray, values: FloatArray, slots: IntArray, times: FloatArray, ahead: float, left: float,
    frozen: BoolArray, voltages: FloatArray, centres: FloatArray, currents: FloatArray, conductances: FloatArray,
    scales: FloatArray, found: IntArray,
) -> int:  # fmt: skip
    """Write the numbers of the cells in which nothing will move, if all goes on as it does; return how many.

    Parameters
    ----------
    which : (m,) int64 array
        Cells to look at.
    values : (points, cells, nodes) array
        Voltages at the last points.
    slots, times
        Slots and times [s] of the last three points.
    ahead, left
        Times for which voltages and states go on [s].
    frozen : (nodes,) array of bool
        Which nodes are states.
    voltages, centres, currents, conductances
        As for `reduce.reduce_lines`; the current into the node of a state is its rate, with the sign turned.
    scales : (nodes,) array
        One over the move that does not count, for every node.
    found : (cells,) int64 array
        Result.
    """
    count = 0
    for m in range(which.shape[0]):
        c, calm = which[m], True
        for a in range(values.shape[2]):
            first = abs(values[slots[0], c, a] - values[slots[1], c, a]) / (times[0] - times[1])
            second = abs(values[slots[1], c, a] - values[slots[2], c, a]) / (times[1] - times[2])
            if not max(first, second) * ahead * scales[a] < 1.0:
                calm = False
                break
        for a in range(frozen.shape[0]):
            if calm and frozen[a]:
                rate = currents[c, a]
                for b in range(frozen.shape[0]):
                    rate += conductances[c, a, b] * (voltages[c, b] - centres[c, b])
                calm = abs(rate) * left * scales[a] < 1.0
        if calm:
            found[count] = c
            count += 1
    return count


@compiled
def fill_charges(
    which: IntArray, last: FloatArray, centres: FloatArray, charges: FloatArray, capacitances: FloatArray,
    weights: FloatArray, rate: float, history: FloatArray, past: FloatArray,
) -> None:  # fmt: skip
    """Give cells that wake a past in which their charges did not change.

    Parameters
    ----------
    which : (m,) int64 array
        Cells.
    last : (cells, nodes) array
        Voltages at the last point [V].
    centres, charges, capacitances, weights, rate, past
        As for `reduce.reduce_lines`; `past` is written.
    history : (points, cells, nodes) array
        Charges of the last points [C]; are written.
    """
    total = last.shape[1]
    for m in range(which.shape[0]):
        c = which[m]
        for a in range(total):
            value = weights[a] * last[c, a]
            if capacitances.shape[0]:
                value = charges[c, a]
                for b in range(total):
                    value += capacitances[c, a, b] * (last[c, b] - centres[c, b])
            past[c, a] = -rate * value
            for k in range(history.shape[0]):
                history[k, c, a] = value
