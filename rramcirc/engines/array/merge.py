"""Port merging: the admittance between all line ends of a passive crossbar, without its inner nodes.

The array is cut into small tiles whose inner nodes are eliminated one by one (star-mesh transformation, which never
subtracts); neighbours are then joined by eliminating the nodes that they share (Kron reduction, dense linear algebra).
Work grows with the cube of the number of lines, whatever the number of inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numba
import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.arrays import FloatArray, LoopCompiler
from rramcirc.engines.array.wires import Wires

Array = NDArray[np.float64]
LEAF = 8  # lines of each kind in a tile that is eliminated node by node
MOST_CELLS_OF_LEAF = LEAF * LEAF
SMALL = 256  # ports up to which a full product beats half of it and a copy
compiled: LoopCompiler = numba.njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})


@compiled
def leaf_links(g: FloatArray, row: FloatArray, column: FloatArray, open_right: bool, open_bottom: bool) -> FloatArray:
    """Return the conductances (ports, ports) that join the ports of a tile after all other nodes are eliminated.

    Parameters
    ----------
    g : (m, n) array
        Conductances [S].
    row, column : (m, n) arrays
        Conductance of the segment before every node, on row and column lines [S].
    open_right, open_bottom
        Whether the lines end here; else the last nodes are ports.

    Notes
    -----
    Ports are the outer ends of the first row segments (left), the last row nodes (right), the outer ends of the first
    column segments (top), and the last column nodes (bottom), in this order.
    """
    m, n = g.shape
    right, bottom = 0 if open_right else m, 0 if open_bottom else n
    ports = m + right + n + bottom
    total = 2 * m * n + m + n
    links = np.zeros((total, total))
    number = np.empty((2, m, n), np.int64)
    inner = ports
    for i in range(m):
        for j in range(n):
            if j == n - 1 and right:
                number[0, i, j] = m + i
            else:
                number[0, i, j] = inner
                inner += 1
    for i in range(m):
        for j in range(n):
            if i == m - 1 and bottom:
                number[1, i, j] = m + right + n + j
            else:
                number[1, i, j] = inner
                inner += 1
    for i in range(m):
        for j in range(n):
            u, v = number[0, i, j], number[1, i, j]
            before = number[0, i, j - 1] if j > 0 else i
            above = number[1, i - 1, j] if i > 0 else m + right + j
            links[u, v] = links[v, u] = g[i, j]
            links[u, before] = links[before, u] = row[i, j]
            links[v, above] = links[above, v] = column[i, j]
    neighbours = np.empty(total, np.int64)
    for node in range(ports, inner):
        count, star = 0, 0.0
        for k in range(inner):
            if links[node, k] != 0.0 and (k < ports or k > node):
                neighbours[count] = k
                star += links[node, k]
                count += 1
        for a in range(count):
            first = neighbours[a]
            part = links[node, first] / star
            for b in range(a):
                second = neighbours[b]
                links[first, second] += part * links[node, second]
                links[second, first] = links[first, second]
    return links[:ports, :ports].copy()


@compiled
def mirror(matrix: FloatArray) -> None:
    """Copy the lower triangle of a matrix to the upper one."""
    n = matrix.shape[0]
    for first in range(0, n, 32):
        for other in range(0, first + 1, 32):
            for i in range(first, min(first + 32, n)):
                for j in range(other, min(other + 32, i)):
                    matrix[j, i] = matrix[i, j]


@dataclass(frozen=True)
class Tile:
    """Part of an array: the admittance between its ports, and how many ports are left, right, top and bottom."""

    admittance: Array
    sides: tuple[int, int, int, int]

    @property
    def slices(self) -> list[slice]:
        """Where the ports of each side stand."""
        ends = np.cumsum((0, *self.sides)).tolist()
        return [slice(a, b) for a, b in pairwise(ends)]


def _leaf(g: Array, row: Array, column: Array, open_right: bool, open_bottom: bool) -> Tile:
    links = leaf_links(g, row, column, open_right, open_bottom)
    m, n = g.shape
    np.fill_diagonal(links, 0.0)
    admittance = -links
    np.fill_diagonal(admittance, links.sum(axis=1))
    return Tile(admittance, (m, 0 if open_right else m, n, 0 if open_bottom else n))


def _join(first: Tile, second: Tile, across: bool) -> Tile:
    """Join two tiles: the right side of the first to the left of the second or, not `across`, its bottom to the top."""
    from scipy.linalg.blas import dsyrk, dtrsm
    from scipy.linalg.lapack import dpotrf

    shared = (1, 0) if across else (3, 2)
    a, b = first.slices, second.slices
    kept_a = [k for k in range(4) if k != shared[0] and first.sides[k]]
    kept_b = [k for k in range(4) if k != shared[1] and second.sides[k]]
    counts = [[t.sides[k] if k in kept else 0 for k in range(4)] for t, kept in ((first, kept_a), (second, kept_b))]
    sides = tuple(x + y for x, y in zip(*counts, strict=True))
    ends = np.cumsum((0, *sides)).tolist()
    to_a = {k: slice(ends[k], ends[k] + counts[0][k]) for k in kept_a}
    to_b = {k: slice(ends[k + 1] - counts[1][k], ends[k + 1]) for k in kept_b}
    size, middle = ends[-1], first.sides[shared[0]]
    outer, link = np.zeros((size, size), order="F"), np.empty((size, middle), order="F")
    for tile, cut, to, side in ((first, a, to_a, shared[0]), (second, b, to_b, shared[1])):
        for k, place in to.items():
            link[place] = tile.admittance[cut[k], cut[side]]
            for other, there in to.items():
                outer[place, there] += tile.admittance[cut[k], cut[other]]
    inner = first.admittance[a[shared[0]], a[shared[0]]] + second.admittance[b[shared[1]], b[shared[1]]]
    del first, second
    lower, failed = dpotrf(inner, lower=1, overwrite_a=1)
    if failed:
        raise np.linalg.LinAlgError(f"shared nodes are not positive definite (pivot {failed})")
    link = dtrsm(1.0, lower, link, side=1, lower=1, trans_a=1, overwrite_b=1)
    if size <= SMALL:
        outer -= link @ link.T
    else:
        outer = dsyrk(-1.0, link, 1.0, outer, lower=1, overwrite_c=1)
        mirror(outer)
    return Tile(outer, sides)


def _tile(g: Array, row: Array, column: Array, open_right: bool, open_bottom: bool) -> Tile:
    """Reduce an array to its ports by halving it until the parts are leaves."""
    m, n = g.shape
    if m <= LEAF and n <= LEAF:
        g, row, column = (np.ascontiguousarray(x) for x in (g, row, column))
        return _leaf(g, row, column, open_right, open_bottom)
    across = n >= m
    half = -(-max(m, n) // (2 * LEAF)) * LEAF
    cuts = [(slice(None), part) for part in (slice(0, half), slice(half, None))]
    if not across:
        cuts = [(part, every) for every, part in cuts]
    parts = [
        _tile(g[cut], row[cut], column[cut], open_right and (last or not across), open_bottom and (last or across))
        for cut, last in zip(cuts, (False, True), strict=True)
    ]
    return _join(parts.pop(0), parts.pop(), across)


def terminal_admittance(g: Array, row: Wires, column: Wires) -> Array:
    """Return the admittance between the sources of all lines, row lines first.

    Parameters
    ----------
    g : (rows, columns) array
        Conductances [S], turned as the wires are.
    row, column
        Wires, with more than 0 ohm in every segment.

    Returns
    -------
    (rows + columns, rows + columns) array
        Current from each source into its line per volt at each source [S].
    """
    segments = (np.broadcast_to(1.0 / row.segment, g.shape), np.broadcast_to((1.0 / column.segment).T, g.shape))
    tile = _tile(g, *segments, not row.both, not column.both)
    admittance, (left, right, top, bottom) = tile.admittance, (np.r_[cut] for cut in tile.slices)
    del tile
    for first, last, wires in ((left, right, row), (top, bottom, column)):
        if wires.both:
            far = 1.0 / wires.far
            admittance[first, first] += far
            admittance[last, last] += far
            admittance[first, last] -= far
            admittance[last, first] -= far
    terminals, nodes = np.concatenate([left, top]), np.concatenate([right, bottom])
    if len(nodes):
        link = admittance[np.ix_(terminals, nodes)]
        inner = admittance[np.ix_(nodes, nodes)]
        admittance = admittance[np.ix_(terminals, terminals)] - link @ np.linalg.solve(inner, link.T)
    np.fill_diagonal(admittance, 0.0)
    np.fill_diagonal(admittance, -admittance.sum(axis=1))  # equal voltages drive no current
    driver = np.concatenate([row.driver, column.driver])
    if driver.any():
        admittance = np.linalg.solve(np.eye(len(driver)) + admittance * driver, admittance)
    return admittance
