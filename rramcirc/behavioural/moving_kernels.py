"""Compiled loops of a transient: cells kept as straight lines around the point where their models were evaluated."""

from __future__ import annotations

import numba
import numpy as np

compiled = numba.njit(cache=True, nogil=True)


@compiled
def stale_cells(voltages, centres, bounds, found):
    """Write the numbers of the cells that left the neighbourhood of their centres; return how many.

    Parameters
    ----------
    voltages, centres : (cells, nodes) arrays
        Where the local nodes are, and where the models were evaluated [V]; NaN marks a cell that never was.
    bounds : (nodes,) array
        Largest distance of every node [V].
    found : (cells,) int64 array
        Result.
    """
    count = 0
    for c in range(voltages.shape[0]):
        for a in range(voltages.shape[1]):
            if not abs(voltages[c, a] - centres[c, a]) <= bounds[a]:
                found[count] = c
                count += 1
                break
    return count


@compiled
def gather_points(which, place, voltages, points):
    """Write the voltages of the nodes of a device in the cells `which`; a held node is at 0 V."""
    for m in range(which.shape[0]):
        for a in range(place.shape[0]):
            points[m, a] = voltages[which[m], place[a]] if place[a] >= 0 else 0.0


@compiled
def add_device(
    which, place, current, charge, conductance, capacitance, weights, currents, charges, conductances, capacitances
):  # fmt: skip
    """Add a device to the cells `which`.

    Parameters
    ----------
    which : (m,) int64 array
        Cells; the rows of `current`, `charge` and their Jacobians are theirs.
    place : (n,) int64 array
        Local node of every node of the device, or -1.
    weights : (nodes,) array
        0 at local nodes whose charges are left out, else 1.
    currents, charges, conductances, capacitances
        Of all cells at their local nodes; are added to. No capacitances if only states have charges.
    """
    for m in range(which.shape[0]):
        c = which[m]
        for a in range(place.shape[0]):
            row = place[a]
            if row < 0:
                continue
            currents[c, row] += current[m, a]
            charges[c, row] += weights[row] * charge[m, a]
            for b in range(place.shape[0]):
                column = place[b]
                if column >= 0:
                    conductances[c, row, column] += conductance[m, a, b]
                    if capacitances.shape[0]:
                        capacitances[c, row, column] += weights[row] * capacitance[m, a, b]


@compiled
def clear_cells(which, farads, voltages, centres, currents, charges, conductances, capacitances):
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
def reduce_lines(
    voltages, centres, currents, charges, conductances, capacitances, own, rate, past, ports, port_currents,
    port_conductances, offsets, slopes,
):  # fmt: skip
    """Eliminate the inner nodes of every cell: ``current + rate * charge + past = 0`` there, to first order.

    Parameters
    ----------
    voltages, centres, currents, charges, conductances, capacitances
        Where the local nodes are, and the straight lines around the centres.
    own : (nodes,) array
        Without capacitances: what of its voltage the charge of a node is; 1 for states, 0 for all others.
    rate
        Weight of the new point in the derivative by time [1/s].
    past : (cells, nodes) array
        What the points before add to the derivative of the charges [A].
    ports, port_currents, port_conductances, offsets, slopes
        As in `reduce.reduce_cells`.
    """
    total = voltages.shape[1]
    matrix, vector, away = np.empty((total, total)), np.empty(total), np.empty(total)
    for c in range(voltages.shape[0]):
        for a in range(total):
            away[a] = voltages[c, a] - centres[c, a]
        for a in range(total):
            value = currents[c, a] + past[c, a]
            if capacitances.shape[0]:
                value += rate * charges[c, a]
                for b in range(total):
                    slope = conductances[c, a, b] + rate * capacitances[c, a, b]
                    matrix[a, b] = slope
                    value += slope * away[b]
            else:
                for b in range(total):
                    matrix[a, b] = conductances[c, a, b]
                    value += conductances[c, a, b] * away[b]
                matrix[a, a] += rate * own[a]
                value += rate * own[a] * voltages[c, a]
            vector[a] = value
        for e in range(total - 1, ports - 1, -1):
            pivot = matrix[e, e]
            inverse = 1.0 / pivot if pivot != 0.0 else 0.0
            for b in range(e):
                slopes[c, e - ports, b] = matrix[e, b] * inverse
            offsets[c, e - ports] = vector[e] * inverse
            for a in range(e):
                factor = matrix[a, e]
                if factor != 0.0:
                    for b in range(e):
                        matrix[a, b] -= factor * slopes[c, e - ports, b]
                    vector[a] -= factor * offsets[c, e - ports]
        for a in range(ports):
            port_currents[c, a] = vector[a]
            for b in range(ports):
                port_conductances[c, a, b] = matrix[a, b]


@compiled
def follow_ports(steps, conductances, currents):
    """Add to the currents of the ports what their own moves `steps` change."""
    for c in range(steps.shape[0]):
        for a in range(steps.shape[1]):
            for b in range(steps.shape[1]):
                currents[c, a] += conductances[c, a, b] * steps[c, b]


@compiled
def charges_at(voltages, centres, charges, capacitances, out):
    """Write the charges of all local nodes at the present voltages [C]."""
    total = voltages.shape[1]
    for c in range(voltages.shape[0]):
        for a in range(total):
            value = charges[c, a]
            for b in range(total):
                value += capacitances[c, a, b] * (voltages[c, b] - centres[c, b])
            out[c, a] = value


@compiled
def combine(weights, history, out):
    """Write the sum of weights times the arrays of a history; those of weight 0 are not looked at."""
    out[:] = 0.0
    for k in range(history.shape[0]):
        if weights[k] != 0.0:
            for c in range(out.shape[0]):
                for a in range(out.shape[1]):
                    out[c, a] += weights[k] * history[k, c, a]


@compiled
def largest_errors(values, weights, history, scales, largest):
    """Write the largest error of several predictions of `values`, each in units of what is tolerated.

    Parameters
    ----------
    values : (cells, nodes) array
        What was found.
    weights : (predictions, points) array
        Prediction p is the sum of weights[p, k] * history[k].
    scales : (nodes,) array
        One over the tolerated error of every node; 0 where errors do not count.
    largest : (predictions,) array
        Result.
    """
    nodes = values.shape[1]
    off = np.empty(nodes)
    most = np.zeros((weights.shape[0], nodes))
    for c in range(values.shape[0]):
        for p in range(weights.shape[0]):
            for a in range(nodes):
                off[a] = values[c, a]
            for k in range(weights.shape[1]):
                weight = weights[p, k]
                if weight != 0.0:
                    for a in range(nodes):
                        off[a] -= weight * history[k, c, a]
            for a in range(nodes):
                most[p, a] = max(most[p, a], abs(off[a]))
    for p in range(weights.shape[0]):
        largest[p] = 0.0
        for a in range(nodes):
            if scales[a] != 0.0:
                largest[p] = max(largest[p], most[p, a] * scales[a])


@compiled
def derivative_weights(times):
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
def value_weights(times, at):
    """Return the weights of values at `times` in their polynomial at another time."""
    weights = np.ones(times.shape[0])
    for k in range(times.shape[0]):
        for m in range(times.shape[0]):
            if m != k:
                weights[k] *= (at - times[m]) / (times[k] - times[m])
    return weights
