"""Compiled loops over the last points of a transient: polynomials through them, and errors of predictions."""

from __future__ import annotations

import numba
import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray, LoopCompiler

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)
BLOCK = 1024  # numbers that are worked on together


@compiled
def combine(which: IntArray, weights: FloatArray, history: FloatArray, out: FloatArray) -> None:
    """Write, for the cells `which`, the sum of weights times the arrays of a history.

    Those of weight 0 are not looked at. `which` is ascending; cells without a gap are worked on as one row.
    """
    nodes = out.shape[1]
    cells = max(1, BLOCK // nodes)
    total = out.reshape(-1)
    for begin in range(0, which.shape[0], cells):
        end = min(begin + cells, which.shape[0])
        for m in range(begin, end):
            out[which[m]] = 0.0
        whole = which[end - 1] - which[begin] == end - begin - 1
        first, last = which[begin] * nodes, (which[end - 1] + 1) * nodes
        for k in range(history.shape[0]):
            weight, values = weights[k], history[k].reshape(-1)
            if weight == 0.0:
                continue
            if whole:
                into, part = total[first:last], values[first:last]
                for i in range(last - first):
                    into[i] += weight * part[i]
            else:
                for m in range(begin, end):
                    for i in range(which[m] * nodes, (which[m] + 1) * nodes):
                        total[i] += weight * values[i]


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
        Prediction p is the sum of weights[p, k] * history[k].
    scales : (predictions, nodes) array
        One over the tolerated error of every node; 0 where errors do not count.
    largest : (predictions,) array
        Result.

    Notes
    -----
    Some cells at a time, all nodes in a row, so that loops are long and what they look at stays in the cache. Rows are
    views, whose indices are known not to be negative: 2.3 times faster, as the loops become vectors.
    """
    nodes = scales.shape[1]
    cells = max(1, BLOCK // nodes)
    found = values.reshape(-1)
    off, most = np.empty(cells * nodes), np.zeros((weights.shape[0], cells * nodes))
    scaled = np.empty((weights.shape[0], cells * nodes))
    for p in range(weights.shape[0]):
        for i in range(cells * nodes):
            scaled[p, i] = scales[p, i % nodes]
    for begin in range(0, which.shape[0], cells):
        end = min(begin + cells, which.shape[0])
        size, first = (end - begin) * nodes, which[begin] * nodes
        whole = which[end - 1] - which[begin] == end - begin - 1
        for p in range(weights.shape[0]):
            if whole:
                here = found[first : first + size]
                for i in range(size):  # an assignment of slices takes numba 6 s to compile
                    off[i] = here[i]
            else:
                for m in range(begin, end):
                    for a in range(nodes):
                        off[(m - begin) * nodes + a] = values[which[m], a]
            for k in range(weights.shape[1]):
                weight = weights[p, k]
                if weight == 0.0:
                    continue
                past = history[k].reshape(-1)
                if whole:
                    row = past[first : first + size]
                    for i in range(size):
                        off[i] -= weight * row[i]
                else:
                    for m in range(begin, end):
                        shift = which[m] * nodes - (m - begin) * nodes
                        for i in range((m - begin) * nodes, (m - begin + 1) * nodes):
                            off[i] -= weight * past[i + shift]
            top, every = most[p], scaled[p]
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
