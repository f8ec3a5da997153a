"""Compiled elimination of pairs of lines that run side by side: BL and SL of a column, joined by the cells."""

from __future__ import annotations

import numba

from rramcirc.basics.arrays import FloatArray, LoopCompiler

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)


@compiled
def factor_pairs(begin: int, end: int, cells: FloatArray, wires: FloatArray, links: FloatArray) -> None:
    """Eliminate the lines of ``cells + wires`` from the first row down; all arrays in the order of the array's nodes.

    Parameters
    ----------
    begin, end
        The columns from `begin` on, before `end`.
    cells : (rows, columns, 2, 2) array
        Derivative of the currents into a cell by the voltages of its two nodes [S]; then the inverse of what is left of
        every block [ohm].
    wires : (rows, columns, 2) array
        Conductance from every node to its neighbours and its terminal [S].
    links : (rows, columns, 2) array
        Conductance to the node before [S]; that of the first node is not looked at.

    Notes
    -----
    Thomas' algorithm with blocks of two; columns are independent, and the inner loop runs over them.
    """
    for k in range(cells.shape[0]):
        for j in range(begin, end):
            a, b = cells[k, j, 0, 0] + wires[k, j, 0], cells[k, j, 0, 1]
            c, d = cells[k, j, 1, 0], cells[k, j, 1, 1] + wires[k, j, 1]
            if k:
                f, g = links[k, j, 0], links[k, j, 1]
                a -= f * cells[k - 1, j, 0, 0] * f
                b -= f * cells[k - 1, j, 0, 1] * g
                c -= g * cells[k - 1, j, 1, 0] * f
                d -= g * cells[k - 1, j, 1, 1] * g
            scale = 1.0 / (a * d - b * c)
            cells[k, j, 0, 0], cells[k, j, 0, 1] = d * scale, -b * scale
            cells[k, j, 1, 0], cells[k, j, 1, 1] = -c * scale, a * scale


@compiled
def solve_pairs(begin: int, end: int, inverse: FloatArray, links: FloatArray, x: FloatArray) -> None:
    """Solve for the voltages of the pairs of lines `begin` to `end` in place, with what `factor_pairs` left.

    `x` (rows, columns, 2) holds the current into every node [A], then its voltage [V].
    """
    rows = x.shape[0]
    for k in range(rows):
        for j in range(begin, end):
            p, q = x[k, j, 0], x[k, j, 1]
            if k:
                p += links[k, j, 0] * x[k - 1, j, 0]
                q += links[k, j, 1] * x[k - 1, j, 1]
            x[k, j, 0] = inverse[k, j, 0, 0] * p + inverse[k, j, 0, 1] * q
            x[k, j, 1] = inverse[k, j, 1, 0] * p + inverse[k, j, 1, 1] * q
    for k in range(rows - 2, -1, -1):
        for j in range(begin, end):
            p, q = links[k + 1, j, 0] * x[k + 1, j, 0], links[k + 1, j, 1] * x[k + 1, j, 1]
            x[k, j, 0] += inverse[k, j, 0, 0] * p + inverse[k, j, 0, 1] * q
            x[k, j, 1] += inverse[k, j, 1, 0] * p + inverse[k, j, 1, 1] * q


@compiled
def gather_pairs(conductances: FloatArray, first: int, second: int, out: FloatArray) -> None:
    """Write the (cells, 2, 2) conductances between two ports of every cell; of one port alone if they are the same."""
    for c in range(out.shape[0]):
        out[c, 0, 0] = conductances[c, first, first]
        out[c, 1, 1] = conductances[c, second, second]
        out[c, 0, 1] = out[c, 1, 0] = 0.0
        if first != second:
            out[c, 0, 1] = conductances[c, first, second]
            out[c, 1, 0] = conductances[c, second, first]
