"""Compiled loops over the last points of a transient: polynomials through them, and errors of predictions."""

from __future__ import annotations

import numba
import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray, LoopCompiler

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)
inlined: LoopCompiler = numba.njit(nogil=True, forceinline=True)
POINTS = 6  # of a history; the loops over numbers have all of them in one expression
BLOCK = 256  # numbers that are worked on together: nine rows of them stay in the fastest cache


@inlined
def _is_whole(which: IntArray, begin: int, end: int) -> bool:
    """Whether there is no gap between ascending cells."""
    whole: bool = which[end - 1] - which[begin] == end - begin - 1
    return whole


@compiled
def combine(which: IntArray, weights: FloatArray, history: FloatArray, out: FloatArray) -> None:
    """Write, for the cells `which`, the sum of weights times the `POINTS` arrays of a history.

    `which` is ascending; cells without a gap are worked on as one row.
    """
    nodes = out.shape[1]
    cells = max(1, BLOCK // nodes)
    total, rows = out.reshape(-1), history.reshape(POINTS, -1)
    w0, w1, w2, w3, w4, w5 = weights[0], weights[1], weights[2], weights[3], weights[4], weights[5]
    for begin in range(0, which.shape[0], cells):
        end = min(begin + cells, which.shape[0])
        pieces = 1 if _is_whole(which, begin, end) else end - begin
        for m in range(pieces):
            first = which[begin + m] * nodes
            last = (which[end - 1] + 1) * nodes if pieces == 1 else first + nodes
            into = total[first:last]
            a, b, c = rows[0, first:last], rows[1, first:last], rows[2, first:last]
            d, e, f = rows[3, first:last], rows[4, first:last], rows[5, first:last]
            for i in range(last - first):
                into[i] = w0 * a[i] + w1 * b[i] + w2 * c[i] + w3 * d[i] + w4 * e[i] + w5 * f[i]


@compiled
def largest_errors(
    which: IntArray, values: FloatArray, weights: FloatArray, history: FloatArray, scales: FloatArray,
    largest: FloatArray,
) -> None:  # fmt: skip
    """Write the largest error of several predictions of `values`, each in units of what is tolerated.

    Parameters
    ----------
    which : (m,) int64 array
        The cells that count, ascending.
    values : (cells, nodes) array
        What was found.
    weights : (predictions, points) array
        Prediction p is the sum of weights[p, k] * history[k] over `POINTS` arrays.
    scales : (predictions, nodes) array
        One over the tolerated error of every node; 0 where errors do not count.
    largest : (predictions,) array
        Result.

    Notes
    -----
    Some cells at a time, all nodes in a row, so that loops are long and what they look at stays in the cache; cells
    with gaps between them are copied to such rows. Rows are views, whose indices are known not to be negative, so that
    loops become vectors.
    """
    nodes = scales.shape[1]
    cells = max(1, BLOCK // nodes)
    found, rows = values.reshape(-1), history.reshape(POINTS, -1)
    most, scaled = np.zeros((2, weights.shape[0], cells * nodes))
    off, copied, past = np.empty(cells * nodes), np.empty(cells * nodes), np.empty((POINTS, cells * nodes))
    for p in range(weights.shape[0]):
        for i in range(cells * nodes):
            scaled[p, i] = scales[p, i % nodes]
    for begin in range(0, which.shape[0], cells):
        end = min(begin + cells, which.shape[0])
        first, size = which[begin] * nodes, (end - begin) * nodes
        last = first + size
        here, a, b, c = found[first:last], rows[0, first:last], rows[1, first:last], rows[2, first:last]
        d, e, f = rows[3, first:last], rows[4, first:last], rows[5, first:last]
        if not _is_whole(which, begin, end):
            for m in range(end - begin):
                shift = (which[begin + m] - m) * nodes
                for i in range(m * nodes, (m + 1) * nodes):
                    copied[i] = found[i + shift]
                    for k in range(POINTS):
                        past[k, i] = rows[k, i + shift]
            here, a, b, c = copied[:size], past[0, :size], past[1, :size], past[2, :size]
            d, e, f = past[3, :size], past[4, :size], past[5, :size]
        for p in range(weights.shape[0]):
            w0, w1, w2 = weights[p, 0], weights[p, 1], weights[p, 2]
            w3, w4, w5 = weights[p, 3], weights[p, 4], weights[p, 5]
            top, every = most[p], scaled[p]
            for i in range(size):
                off[i] = here[i] - w0 * a[i] - w1 * b[i] - w2 * c[i] - w3 * d[i] - w4 * e[i] - w5 * f[i]
            for i in range(size):
                error = abs(off[i]) * every[i]
                top[i] = error if error > top[i] else top[i]
    for p in range(weights.shape[0]):
        largest[p] = 0.0
        for i in range(cells * nodes):
            largest[p] = max(largest[p], most[p, i])


@compiled
def derivative_weights(times: FloatArray) -> FloatArray:
    """Return the weights of values at `times` in the derivative of their polynomial at the first time [1/s]."""
    n = times.shape[0]
    weights = np.zeros(n)
    for k in range(1, n):
        weights[0] += 1.0 / (times[0] - times[k])
        weights[k] = 1.0 / (times[k] - times[0])
        for m in range(1, n):
            if m != k:
                weights[k] *= (times[0] - times[m]) / (times[k] - times[m])
    return weights


@compiled
def value_weights(times: FloatArray, at: float) -> FloatArray:
    """Return the weights of values at `times` in their polynomial at another time."""
    weights = np.ones(times.shape[0])
    for k in range(times.shape[0]):
        for m in range(times.shape[0]):
            if m != k:
                weights[k] *= (at - times[m]) / (times[k] - times[m])
    return weights
