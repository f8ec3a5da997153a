"""The compiled loop of `pulse_response`: RODAS3 for a device, with or without a transistor in series.

Loops of one signature with addresses as arguments, as in `osdi_kernels`.
"""

from __future__ import annotations

from typing import TypeAlias

import numba
import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray, LoopCompiler
from rramcirc.devices.compiled import kernels

_SETTLE_STEPS, _SETTLED, _LARGEST_STEP = 60, 1e-11, 0.5  # Newton's method for inner nodes [V]
_FAR = 16.0  # units; beyond, a node is as large as its value
_FOLLOWED = 20.0  # error of a recorded step relative to the tolerance, above which it is not taken
_FIRST_CHANGE = 0.01  # of a state in the first step after a jump [unit of the state]
_njit: LoopCompiler = numba.njit
_t = numba.types
_REAL, _INTEGER = _t.float64, _t.int64
_VECTOR, _MATRIX, _INTEGERS = _REAL[::1], _REAL[:, ::1], _INTEGER[::1]
# functions, handle, model, simulator with and without Jacobian, block, solution, sums, entries, places, Jacobian
_MODEL = _t.Tuple(
    (_INTEGERS, _INTEGER, _INTEGER, _INTEGER, _INTEGER, _INTEGER, _VECTOR, _VECTOR, _VECTOR, _INTEGERS, _VECTOR)
)  # fmt: skip
ModelCall: TypeAlias = tuple[
    IntArray, int, int, int, int, int, FloatArray, FloatArray, FloatArray, IntArray, FloatArray
]  # fmt: skip


@_njit
def _evaluate(model: ModelCall, n: int, stiff: bool) -> bool:
    """Evaluate one model at its `solution`: currents into `sums`, and the Jacobian if `stiff`; False if it failed."""
    functions, handle, data, simulator, plain, block, _, sums, entries, places, jacobian = model
    call = (handle, block, data, simulator if stiff else plain)
    if kernels._call_eval(functions[kernels.EVAL], call) & kernels.REFUSED:
        return False
    sums[:] = 0.0
    kernels._call_load(functions[kernels.RESIDUAL], (block, data, sums.ctypes.data))
    if stiff:
        kernels._call_load(functions[kernels.CONDUCTANCES], (block, data, entries.ctypes.data))
        jacobian[:] = 0.0
        for k in range(places.shape[0]):
            if places[k] >= 0:
                jacobian[places[k]] += entries[k]
    good = True
    for k in range(n):
        good &= np.isfinite(sums[k])
    return good


@_njit
def _forces(
    device: ModelCall, transistor: ModelCall, in_series: bool, free: IntArray, nodes: FloatArray, v: float, gate: float,
    slope: float, gate_slope: float, level: float, stiff: bool, force: FloatArray, stiffness: FloatArray,
    drift: FloatArray,
) -> bool:  # fmt: skip
    """Compute F, and if `stiff` its derivatives by nodes and time, for given nodes and cell and gate voltage [V]."""
    n, solution, sums, jacobian = nodes.shape[0], device[6], device[7], device[10]
    held = not np.isnan(level)
    raised = in_series and v < 0.0 and not held  # the source line carries -v
    source = level if held else -v if raised else 0.0
    for k in range(n):
        solution[k] = nodes[k]
    solution[0] = 0.0 if raised else source + v
    if not in_series:
        solution[1] = 0.0
    if not _evaluate(device, n, stiff):
        return False
    for a in range(free.shape[0]):
        force[a] = -sums[free[a]]
    if stiff:
        top = 0.0 if raised else slope
        for a in range(free.shape[0]):
            drift[a] = -jacobian[free[a] * n] * top
            for b in range(free.shape[0]):
                stiffness[a, b] = -jacobian[free[a] * n + free[b]]
    if in_series:
        last, other, slopes = free.shape[0] - 1, transistor[6], transistor[10]
        other[0], other[1], other[2], other[3] = nodes[1], gate, source, 0.0
        if not _evaluate(transistor, 4, stiff):
            return False
        force[last] -= transistor[7][0]
        if stiff:
            stiffness[last, last] -= slopes[0]
            drift[last] -= slopes[1] * gate_slope - (slopes[2] * slope if raised else 0.0)
    return True


@_njit
def _factor(a: FloatArray, order: IntArray) -> bool:
    """LU factors of a small matrix in place, with row exchange; False if it is singular."""
    n = a.shape[0]
    for k in range(n):
        p = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[p, k]):
                p = i
        order[k] = p
        if not abs(a[p, k]) > 0.0:
            return False
        for j in range(n):
            a[k, j], a[p, j] = a[p, j], a[k, j]
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
    return True


@_njit
def _solve(a: FloatArray, order: IntArray, b: FloatArray) -> None:
    """Solve with the factors of `_factor`, in place."""
    n = a.shape[0]
    for k in range(n):
        p = order[k]
        b[k], b[p] = b[p], b[k]
    for k in range(n):
        for j in range(k):
            b[k] -= a[k, j] * b[j]
    for k in range(n - 1, -1, -1):
        for j in range(k + 1, n):
            b[k] -= a[k, j] * b[j]
        b[k] /= a[k, k]


@_njit
def _settle(
    device: ModelCall, transistor: ModelCall, in_series: bool, free: IntArray, nodes: FloatArray, v: float, gate: float,
    level: float, n_states: int, units: FloatArray, force: FloatArray, stiffness: FloatArray, drift: FloatArray,
    inner: FloatArray, order: IntArray,
) -> bool:  # fmt: skip
    """Solve the inner nodes without a charge, those with one held; leaves the currents of the solution."""
    n_inner = free.shape[0] - n_states
    for _ in range(_SETTLE_STEPS):
        if not _forces(
            device, transistor, in_series, free, nodes, v, gate, 0.0, 0.0, level, True, force, stiffness, drift
        ):
            return False
        if n_inner == 0:
            return True
        for a in range(n_inner):
            for b in range(n_inner):
                inner[a, b] = stiffness[n_states + a, n_states + b]
            drift[a] = force[n_states + a]
        if not _factor(inner, order):
            return False
        _solve(inner, order, drift)
        largest = 0.0
        for a in range(n_inner):
            unit, place = units[n_states + a], abs(nodes[free[n_states + a]])
            most = max(_LARGEST_STEP * unit, place - _FAR * unit)
            step = min(max(-drift[a], -most), most)
            nodes[free[n_states + a]] += step
            largest = max(largest, abs(step) / max(unit, place / _FAR))
        if not largest > _SETTLED:
            return True
    return False


@_njit
def _advance(
    device: ModelCall, transistor: ModelCall, in_series: bool, free: IntArray, n_states: int, mass: FloatArray,
    units: FloatArray, nodes: FloatArray, trial: FloatArray, duration: float, v0: float, v1: float, g0: float,
    g1: float, level: float, h: float, tolerance: float, most: int, record: FloatArray, cursor: int, recording: bool,
    follow: bool,
    force: FloatArray, stiffness: FloatArray, drift: FloatArray, matrix: FloatArray, order: IntArray, k1: FloatArray,
    k2: FloatArray, k3: FloatArray, k4: FloatArray,
) -> tuple[float, int, int, bool]:  # fmt: skip
    """Integrate one straight piece of the voltage.

    Returns the next step [s], the place in the record, the number of steps or -1, and whether the record still fits.
    """
    n, slope, gate_slope, t, steps = free.shape[0], (v1 - v0) / duration, (g1 - g0) / duration, 0.0, 0
    while t < duration:
        v, gate = v0 + slope * t, g0 + gate_slope * t
        if not _forces(
            device, transistor, in_series, free, nodes, v, gate, slope, gate_slope, level, True, force, stiffness, drift
        ):
            return h, cursor, -1, follow
        if h <= 0.0:
            h = duration
            for a in range(n_states):
                first = _FIRST_CHANGE * abs(mass[a, a]) * units[a]
                if abs(force[a]) * h > first > 0.0:
                    h = first / abs(force[a])
        accepted, last, step = False, False, 0.0
        while not accepted:
            steps += 1
            if steps > most or h < 1e-30 or (follow and cursor >= record.shape[0]):
                return h, cursor, -1, follow
            left = duration - t
            last = h >= left * (1.0 - 1e-9)
            step = left if last else min(h, 0.5 * left)
            if follow:
                last, step = record[cursor] < 0.0, abs(record[cursor])
            for a in range(n):
                for b in range(n):
                    matrix[a, b] = 2.0 * mass[a, b] / step - stiffness[a, b]
            good = _factor(matrix, order)
            if good:
                good = _stages(
                    device, transistor, in_series, free, mass, nodes, trial, v + slope * step, gate + gate_slope * step,
                    level, step, force, drift, matrix, order, k1, k2, k3, k4,
                )  # fmt: skip
            error = 0.0
            for a in range(n):
                error = max(error, abs(k4[a]) / (tolerance * (units[a] + abs(nodes[free[a]]))))
            if follow and (not good or not error < _FOLLOWED):
                follow, h = False, step  # the record does not fit: from here on with steps of its own
                continue
            if not good or not np.isfinite(error):
                h = 0.1 * step
                continue
            factor = min(5.0, max(0.1, 0.9 / max(error, 1e-9) ** (1.0 / 3.0)))
            h = step * factor if not last or factor < 1.0 else max(h, step * factor)
            accepted = error <= 1.0 or follow
        for a in range(n):
            nodes[free[a]] = trial[free[a]]
        if recording and cursor < record.shape[0]:
            record[cursor] = -step if last else step
        cursor += 1
        t = duration if last else t + step
    return h, cursor, steps, follow


@_njit
def _stages(
    device: ModelCall, transistor: ModelCall, in_series: bool, free: IntArray, mass: FloatArray, nodes: FloatArray,
    trial: FloatArray, v: float, gate: float, level: float, step: float, force: FloatArray, drift: FloatArray,
    matrix: FloatArray, order: IntArray, k1: FloatArray, k2: FloatArray, k3: FloatArray, k4: FloatArray,
) -> bool:  # fmt: skip
    """Compute the four stages of RODAS3 and the new nodes in `trial`; `k4` is the estimate of the error."""
    n = free.shape[0]
    for a in range(n):
        k1[a] = force[a] + 0.5 * step * drift[a]
    _solve(matrix, order, k1)
    for a in range(n):
        k2[a] = force[a] + 1.5 * step * drift[a]
        for b in range(n):
            k2[a] += mass[a, b] * 4.0 * k1[b] / step
    _solve(matrix, order, k2)
    for k in range(nodes.shape[0]):
        trial[k] = nodes[k]
    for a in range(n):
        trial[free[a]] += 2.0 * k1[a]
    if not _forces(device, transistor, in_series, free, trial, v, gate, 0.0, 0.0, level, False, k3, matrix, k4):
        return False
    for a in range(n):
        for b in range(n):
            k3[a] += mass[a, b] * (k1[b] - k2[b]) / step
    _solve(matrix, order, k3)
    for a in range(n):
        trial[free[a]] += k3[a]
    if not _forces(device, transistor, in_series, free, trial, v, gate, 0.0, 0.0, level, False, k4, matrix, k3):
        return False
    for a in range(n):
        for b in range(n):
            k4[a] += mass[a, b] * (k1[b] - k2[b] - 8.0 / 3.0 * k3[b]) / step
    _solve(matrix, order, k4)
    for a in range(n):
        trial[free[a]] += k4[a]
    return True


@kernels._compiled(
    _INTEGER(
        _MODEL, _INTEGER, _MODEL, _t.boolean, _INTEGERS, _INTEGER, _MATRIX, _VECTOR, _INTEGERS, _MATRIX, _MATRIX,
        _MATRIX, _REAL, _MATRIX, _REAL, _INTEGER, _VECTOR, _INTEGERS, _t.boolean, _MATRIX, _REAL[:, :, ::1]
    )
)  # fmt: skip
def integrate(
    device: ModelCall, stride: int, transistor: ModelCall, in_series: bool, free: IntArray, n_states: int,
    mass: FloatArray, units: FloatArray, state_nodes: IntArray, times: FloatArray, voltages: FloatArray,
    gates: FloatArray, level: float, start: FloatArray, tolerance: float, most: int, record: FloatArray,
    firsts: IntArray, follow: bool, currents: FloatArray, states: FloatArray,
) -> int:  # fmt: skip
    """Integrate all devices one after the other.

    Parameters
    ----------
    device, transistor
        What is needed to call a model; the second one is used if `in_series`.
    stride
        Distance of the devices' instance blocks [bytes]; 0 if all share one.
    free : (n_free,) int64 array
        Unknown nodes: those with a charge first, states before all, then the other inner nodes, then the bottom
        electrode if `in_series`.
    n_states
        Number of nodes with a charge among them.
    mass : (n_free, n_free) array
        Derivative of their charges by their voltages [F].
    units : (n_free,) array
        Their units, 1 for volts and states of the order of 1.
    state_nodes : int64 array
        Nodes of the states that are returned.
    times, voltages, gates : (N, M) arrays
        Corners [s], cell and gate voltage [V].
    level
        Voltage of the source line against the bulk [V]; NaN: 0 V, raised by a negative cell voltage.
    start : (N, n) array
        Nodes at the first corner.
    tolerance, most
        Largest error of a step; most steps per device.
    record
        The steps that were taken [s], negative at the end of a piece; with `follow` those to be taken while their error
        is not far too large, so that results are smooth functions of the parameters.
    firsts : (N,) int64 array
        Where the steps of each device begin in the record.
    currents, states : (N, M) and (N, M, n_states) arrays
        Results [A] and [unit of the state], as deviations from the initial values of the card.

    Returns
    -------
    int
        Number of recorded steps; those beyond the length of the record are not in it.
    """
    n, cursor = free.shape[0], 0
    force, drift, order = np.empty(n), np.empty(n), np.empty(n, np.int64)
    k1, k2, k3, k4 = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    stiffness, matrix = np.empty((n, n)), np.empty((n, n))
    inner, inner_order = np.empty((n - n_states, n - n_states)), np.empty(n, np.int64)
    nodes, trial = np.empty(start.shape[1]), np.empty(start.shape[1])
    first = device
    for i in range(times.shape[0]):
        device = (
            first[0], first[1], first[2], first[3], first[4], first[5] + i * stride, first[6], first[7], first[8],
            first[9], first[10],
        )  # fmt: skip
        nodes[:] = start[i]
        h, used, fits = 0.0, 0, follow
        if follow:
            cursor = firsts[i]
        else:
            firsts[i] = cursor
        for m in range(times.shape[1]):
            if not np.isfinite(times[i, m]):
                break
            if m > 0:
                duration = times[i, m] - times[i, m - 1]
                if duration > 0.0:
                    h, cursor, steps, fits = _advance(
                        device, transistor, in_series, free, n_states, mass, units, nodes, trial, duration,
                        voltages[i, m - 1], voltages[i, m], gates[i, m - 1], gates[i, m], level, h, tolerance,
                        most - used, record, cursor, not follow, fits, force, stiffness, drift, matrix, order, k1, k2,
                        k3, k4,
                    )  # fmt: skip
                    if steps < 0:
                        break
                    used += steps
                else:
                    h = 0.0
            if not _settle(
                device, transistor, in_series, free, nodes, voltages[i, m], gates[i, m], level, n_states, units, force,
                stiffness, drift, inner, inner_order,
            ):  # fmt: skip
                break
            currents[i, m] = device[7][0]
            for k in range(state_nodes.shape[0]):
                states[i, m, k] = nodes[state_nodes[k]]
    return cursor
