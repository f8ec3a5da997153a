"""Compiled elimination of the inner nodes of many cells, all with the same local nodes.

Static analyses add up the devices of every cell (`reduce_cells`). In a transient a cell is a straight line around the
point where its models were evaluated (`reduce_lines`). The elimination is one, and stands in one file with its users,
because numba keeps machine code by file.
"""

from __future__ import annotations

import numba
import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray, LoopCompiler

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)


inlined: LoopCompiler = numba.njit(nogil=True, forceinline=True)  # a call costs 10 ns a cell
SWALLOWED = 1e-9  # of what is added to a diagonal: less than that must not be left of it, nor have been there
SINGULAR = 1e-13  # of the numbers whose difference an entry is: less is none
UNBALANCED = 1e-12  # of the slopes of an equation [V]: what may be missing to it where no node is left for it
DISTRUSTED = -2  # a cell whose elimination has to be done again
LEAK = 1e-12  # [S]; as gmin in circuit simulators
LANES = 32  # cells that are eliminated side by side


@inlined
def eliminate(
    matrix: FloatArray, vector: FloatArray, frozen: BoolArray, ports: int, offsets: FloatArray, slopes: FloatArray,
    good: BoolArray,
) -> None:  # fmt: skip
    """Eliminate the inner nodes of some cells side by side, by their own rows, the last one first.

    The last axis of all arrays are the cells, so that every loop over them is one of vectors. The result cannot be
    trusted where a node does not stand in its own row, as the current of a voltage contribution, or where a difference
    keeps too few digits. `matrix` and `vector` are written to; their ports are a result, as of `reduce_cells`.

    Parameters
    ----------
    matrix : (nodes, nodes, cells) array
        Derivative [S] of the currents into the local nodes: ports first, inner nodes behind them.
    vector : (nodes, cells) array
        These currents [A].
    frozen : (nodes,) array of bool
        Inner nodes that stay where they are.
    ports
        Number of ports.
    offsets, slopes : (inner, cells) and (inner, nodes, cells) arrays
        Results, as of `reduce_cells`.
    good : (cells,) array of bool
        Result: whether it can be trusted.
    """
    cells = good.shape[0]
    inverse, before = np.empty(cells), np.empty(cells)
    for i in range(cells):
        good[i] = True
    for e in range(vector.shape[0] - 1, ports - 1, -1):
        k = e - ports
        if frozen[e]:
            for i in range(cells):
                offsets[k, i] = 0.0
            for b in range(e):
                for i in range(cells):
                    slopes[k, b, i] = 0.0
            continue
        for i in range(cells):
            pivot = matrix[e, e, i]
            good[i] &= pivot != 0.0
            inverse[i] = 1.0 / pivot if pivot != 0.0 else 0.0
            offsets[k, i] = vector[e, i] * inverse[i]
        for b in range(e):
            for i in range(cells):
                slopes[k, b, i] = matrix[e, b, i] * inverse[i]
        for a in range(e):
            for i in range(cells):
                factor = matrix[a, e, i]
                before[i] = matrix[a, a, i]
                vector[a, i] -= factor * offsets[k, i] if factor != 0.0 else 0.0
            for b in range(e):
                for i in range(cells):
                    factor = matrix[a, e, i]
                    matrix[a, b, i] -= factor * slopes[k, b, i] if factor != 0.0 else 0.0
            if a >= ports:
                for i in range(cells):
                    old, new = before[i], matrix[a, a, i]
                    good[i] &= old == 0.0 or abs(new - old) * SWALLOWED <= min(abs(old), abs(new))


@inlined
def _write(
    i: int, c: int, matrix: FloatArray, vector: FloatArray, away: FloatArray, along: FloatArray, trusted: bool,
    ports: int, currents: FloatArray, conductances: FloatArray, offsets: FloatArray, slopes: FloatArray,
    stuck: IntArray,
) -> None:  # fmt: skip
    """Write what `eliminate` found for its cell `i` to the results of cell `c`."""
    for a in range(ports):
        currents[c, a] = vector[a, i]
        for b in range(ports):
            conductances[c, a, b] = matrix[a, b, i]
    for k in range(offsets.shape[1]):
        offsets[c, k] = away[k, i]
        for b in range(ports + k):
            slopes[c, k, b] = along[k, b, i]
    stuck[c] = -1 if trusted else DISTRUSTED


@compiled
def eliminate_pivoting(
    c: int, matrix: FloatArray, vector: FloatArray, frozen: BoolArray, ports: int, currents: FloatArray,
    conductances: FloatArray, offsets: FloatArray, slopes: FloatArray,
) -> int:  # fmt: skip
    """Eliminate the inner nodes of cell `c` by the largest pivots, rows and columns brought to one size before.

    The offsets and slopes do not depend on an order: every node's slopes are those by the ports alone. The parameters
    are those of `eliminate`; `matrix` and `vector` are written to.

    Returns
    -------
    int
        -1; or the local node that no equation determines, although one is left that is not fulfilled: such a node
        moves as if `LEAK` were its pivot. The number of local nodes is added if the equation that is left holds ports.
    """
    total = vector.shape[0]
    open_rows, open_columns = np.zeros(total, np.bool_), np.zeros(total, np.bool_)
    added = np.empty((total, total))  # the largest number that went into each entry: what is far smaller is rounding
    pivot_row = np.empty(total, np.int64)
    for a in range(total):
        open_rows[a] = open_columns[a] = a >= ports and not frozen[a]
        pivot_row[a] = -1
        for b in range(total):
            added[a, b] = abs(matrix[a, b])
    for _ in range(total - ports):
        p, q = _largest_entry(matrix, ports, open_rows, open_columns)
        if p < 0:
            break
        open_rows[p] = open_columns[q] = False
        pivot_row[q] = p
        _clear_column(matrix, vector, added, p, q)
    stuck = -1
    for b in range(ports, total):
        offsets[c, b - ports] = 0.0
        slopes[c, b - ports] = 0.0
    for b in range(ports, total):
        if not open_columns[b]:
            continue
        a = b  # the equation that is left for this node: its own, or another one
        while not open_rows[a]:
            a = ports + (a + 1 - ports) % (total - ports)
        open_rows[a] = False
        size, coupled = LEAK, False
        for port in range(ports):
            coupled |= matrix[a, port] != 0.0
        for other in range(ports, total):
            size = max(size, added[a, other])
        if coupled:
            stuck = b + total
        elif abs(vector[a]) > UNBALANCED * size:
            stuck = max(stuck, b)
            offsets[c, b - ports] = vector[a] / LEAK
    for b in range(ports, total):
        p = pivot_row[b]
        if p >= 0:
            offsets[c, b - ports] = vector[p] / matrix[p, b]
            for port in range(ports):
                slopes[c, b - ports, port] = matrix[p, port] / matrix[p, b]
    for a in range(ports):
        currents[c, a] = vector[a]
        for port in range(ports):
            conductances[c, a, port] = matrix[a, port]
    return stuck


@compiled
def _largest_entry(
    matrix: FloatArray, ports: int, open_rows: BoolArray, open_columns: BoolArray
) -> tuple[int, int]:  # fmt: skip
    """Return row and column of the largest entry left, rows and columns brought to one size; -1 if all are 0."""
    total = matrix.shape[0]
    row_size, column_size = np.zeros(total), np.zeros(total)
    for a in range(ports, total):
        for b in range(ports, total):
            if open_rows[a] and open_columns[b]:
                row_size[a] = max(row_size[a], abs(matrix[a, b]))
    for a in range(ports, total):
        for b in range(ports, total):
            if open_rows[a] and open_columns[b] and row_size[a] > 0.0:
                column_size[b] = max(column_size[b], abs(matrix[a, b]) / row_size[a])
    largest, p, q = 0.0, -1, -1
    for a in range(ports, total):
        for b in range(ports, total):
            if open_rows[a] and open_columns[b] and row_size[a] > 0.0 and column_size[b] > 0.0:
                size = abs(matrix[a, b]) / (row_size[a] * column_size[b])
                if size > largest:
                    largest, p, q = size, a, b
    return p, q


@compiled
def _clear_column(matrix: FloatArray, vector: FloatArray, added: FloatArray, p: int, q: int) -> None:
    """Take column `q` out of all rows but `p`; entries of which only rounding is left become 0."""
    for a in range(vector.shape[0]):
        factor = matrix[a, q] / matrix[p, q]
        if a != p and factor != 0.0:
            for b in range(vector.shape[0]):
                change = factor * matrix[p, b]
                added[a, b] = max(added[a, b], abs(change))
                matrix[a, b] -= change
                if abs(matrix[a, b]) < SINGULAR * added[a, b]:
                    matrix[a, b] = 0.0
            matrix[a, q] = 0.0
            vector[a] -= factor * vector[p]


@compiled
def reduce_cells(
    first: FloatArray, first_jacobian: FloatArray, first_place: IntArray, second: FloatArray,
    second_jacobian: FloatArray, second_place: IntArray, ports: int, currents: FloatArray, conductances: FloatArray,
    offsets: FloatArray, slopes: FloatArray, stuck: IntArray,
) -> None:  # fmt: skip
    """Add up the devices of every cell and eliminate its inner nodes.

    Parameters
    ----------
    first, second : (cells, n) arrays
        Current into two devices at their nodes [A]; no second device if it is empty.
    first_jacobian, second_jacobian : (cells, n, n) arrays
        Their derivatives [S].
    first_place, second_place : (n,) int64 arrays
        Local node of every node of a device, or -1 if its voltage is held.
    ports
        Number of local nodes that are ports; the others, behind them, are inner nodes.
    currents : (cells, ports) array
        Result: current into the cell at every port when the inner nodes have moved to where they balance [A].
    conductances : (cells, ports, ports) array
        Result: its derivative [S].
    offsets : (cells, inner) array
        Result: what inner node k moves by, with the signs turned, if nothing before it moves [V].
    slopes : (cells, inner, ports + inner) array
        Result: derivative of that by the local nodes before it.
    stuck : (cells,) int64 array
        Result: -1, or the inner node that no equation determines, as `eliminate_pivoting` says.
    """
    total, inner = slopes.shape[2], offsets.shape[1]
    matrix, vector, frozen = np.empty((total, total, LANES)), np.empty((total, LANES)), np.zeros(total, np.bool_)
    away, along, good = np.empty((inner, LANES)), np.empty((inner, total, LANES)), np.empty(LANES, np.bool_)
    one = np.flatnonzero(first_place >= 0)
    two = np.flatnonzero(second_place >= 0) if second.shape[0] else np.empty(0, np.int64)
    distrusted = 0
    for begin in range(0, currents.shape[0], LANES):
        width = min(LANES, currents.shape[0] - begin)
        _add_devices(
            begin, width, one, first, first_jacobian, first_place, two, second, second_jacobian, second_place, matrix,
            vector,
        )  # fmt: skip
        eliminate(matrix, vector, frozen, ports, away, along, good)
        for i in range(width):
            c = begin + i
            _write(i, c, matrix, vector, away, along, good[i], ports, currents, conductances, offsets, slopes, stuck)
            distrusted += not good[i]
    if distrusted:
        whole, right = np.empty((total, total)), np.empty(total)
        for c in range(currents.shape[0]):
            if stuck[c] == DISTRUSTED:
                _add_devices(
                    c, 1, one, first, first_jacobian, first_place, two, second, second_jacobian, second_place, matrix,
                    vector,
                )  # fmt: skip
                _take_first(matrix, vector, whole, right)
                stuck[c] = eliminate_pivoting(
                    c, whole, right, frozen, ports, currents, conductances, offsets, slopes
                )  # fmt: skip


@inlined
def _add_devices(
    begin: int, width: int, one: IntArray, first: FloatArray, first_jacobian: FloatArray, first_place: IntArray,
    two: IntArray, second: FloatArray, second_jacobian: FloatArray, second_place: IntArray, matrix: FloatArray,
    vector: FloatArray,
) -> None:  # fmt: skip
    """Write the sums of the devices of `width` cells from `begin` on, side by side; the rest of a row becomes 0."""
    for a in range(vector.shape[0]):
        for i in range(LANES):
            vector[a, i] = 0.0
        for b in range(vector.shape[0]):
            for i in range(LANES):
                matrix[a, b, i] = 0.0
    _add_device(begin, width, one, first, first_jacobian, first_place, matrix, vector)
    _add_device(begin, width, two, second, second_jacobian, second_place, matrix, vector)


@inlined
def _add_device(
    begin: int, width: int, live: IntArray, currents: FloatArray, jacobian: FloatArray, place: IntArray,
    matrix: FloatArray, vector: FloatArray,
) -> None:  # fmt: skip
    """Add the nodes `live` of one device of every cell."""
    for a in live:
        for i in range(width):
            vector[place[a], i] += currents[begin + i, a]
        for b in live:
            for i in range(width):
                matrix[place[a], place[b], i] += jacobian[begin + i, a, b]


@inlined
def _take_first(matrix: FloatArray, vector: FloatArray, whole: FloatArray, right: FloatArray) -> None:
    """Write the first of several cells that stand side by side."""
    for a in range(right.shape[0]):
        right[a] = vector[a, 0]
        for b in range(right.shape[0]):
            whole[a, b] = matrix[a, b, 0]


@compiled
def reduce_lines(
    which: IntArray, voltages: FloatArray, centres: FloatArray, currents: FloatArray, charges: FloatArray,
    conductances: FloatArray, capacitances: FloatArray, own: FloatArray, rate: float, past: FloatArray,
    frozen: BoolArray, ports: int, port_currents: FloatArray, port_conductances: FloatArray, offsets: FloatArray,
    slopes: FloatArray, stuck: IntArray,
) -> None:  # fmt: skip
    """Eliminate the inner nodes of the cells `which`: ``current + rate * charge + past = 0`` there, to first order.

    Parameters
    ----------
    which : (m,) int64 array
        Cells.
    voltages, centres, currents, charges, conductances, capacitances
        Where the local nodes are, and the straight lines around the centres.
    own : (nodes,) array
        Without capacitances: what of its voltage the charge of a node is; 1 for states, 0 for all others.
    rate
        Weight of the new point in the derivative by time [1/s].
    past : (cells, nodes) array
        What the points before add to the derivative of the charges [A].
    frozen : (nodes,) array of bool
        Inner nodes that stay where they are.
    ports, port_currents, port_conductances, offsets, slopes, stuck
        As in `reduce_cells`.
    """
    total, inner = voltages.shape[1], offsets.shape[1]
    matrix, vector, moved = np.zeros((total, total, LANES)), np.zeros((total, LANES)), np.zeros((total, LANES))
    away, along, good = np.empty((inner, LANES)), np.empty((inner, total, LANES)), np.empty(LANES, np.bool_)
    distrusted = 0
    for begin in range(0, which.shape[0], LANES):
        width = min(LANES, which.shape[0] - begin)
        _take_lines(
            which[begin : begin + width], voltages, centres, currents, charges, conductances, capacitances, own, rate,
            past, moved, matrix, vector,
        )  # fmt: skip
        eliminate(matrix, vector, frozen, ports, away, along, good)
        for i in range(width):
            _write(
                i, which[begin + i], matrix, vector, away, along, good[i], ports, port_currents, port_conductances,
                offsets, slopes, stuck,
            )  # fmt: skip
            distrusted += not good[i]
    if distrusted:
        whole, right = np.empty((total, total)), np.empty(total)
        for m in range(which.shape[0]):
            if stuck[which[m]] == DISTRUSTED:
                _take_lines(
                    which[m : m + 1], voltages, centres, currents, charges, conductances, capacitances, own, rate,
                    past, moved, matrix, vector,
                )  # fmt: skip
                _take_first(matrix, vector, whole, right)
                stuck[which[m]] = eliminate_pivoting(
                    which[m], whole, right, frozen, ports, port_currents, port_conductances, offsets, slopes
                )  # fmt: skip


@inlined
def _take_lines(
    which: IntArray, voltages: FloatArray, centres: FloatArray, currents: FloatArray, charges: FloatArray,
    conductances: FloatArray, capacitances: FloatArray, own: FloatArray, rate: float, past: FloatArray,
    moved: FloatArray, matrix: FloatArray, vector: FloatArray,
) -> None:  # fmt: skip
    """Write the straight lines of the cells `which`, with their part in time, side by side."""
    total, charged = voltages.shape[1], capacitances.shape[0] > 0
    for i in range(which.shape[0]):
        c = which[i]
        for a in range(total):
            moved[a, i] = voltages[c, a] - centres[c, a]
            vector[a, i] = currents[c, a] + past[c, a]
            if charged:
                vector[a, i] += rate * charges[c, a]
                for b in range(total):
                    matrix[a, b, i] = conductances[c, a, b] + rate * capacitances[c, a, b]
            else:
                for b in range(total):
                    matrix[a, b, i] = conductances[c, a, b]
    for a in range(total):
        for b in range(total):
            for i in range(moved.shape[1]):
                vector[a, i] += matrix[a, b, i] * moved[b, i]
        if not charged:
            for i in range(which.shape[0]):
                matrix[a, a, i] += rate * own[a]
                vector[a, i] += rate * own[a] * voltages[which[i], a]
