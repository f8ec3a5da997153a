"""The compiled loop over cells of the device level: each through its own pieces of voltage, then read.

Every cell is computed from what is its own (states, parameters, pieces), never from what the loop did before, so that
any split of the cells over threads gives equal bits.
"""

from __future__ import annotations

from typing import TypeAlias

import numba
import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.arrays import FloatArray, IntArray, LoopCompiler
from rramcirc.devices.compiled import kernels
from rramcirc.devices.pulses import kernels as pulses

_njit: LoopCompiler = numba.njit
_t = numba.types
_REAL, _INTEGER = _t.float64, _t.int64
_VECTOR, _MATRIX, _INTEGERS = _REAL[::1], _REAL[:, ::1], _INTEGER[::1]
# the cell: free nodes, number with a charge, its charges, units, node of the noise, level of the source, tolerance
_CELL = _t.Tuple((_INTEGERS, _INTEGER, _MATRIX, _VECTOR, _INTEGER, _REAL, _REAL))
CellCall: TypeAlias = tuple[IntArray, int, FloatArray, FloatArray, int, float, float]
# the spread: parameters (cells, parameters), their words in the block, block as it is written first, the block,
# temperature, terminals, simulator, memory of what set-up says
_SPREAD = _t.Tuple((_MATRIX, _INTEGERS, _VECTOR, _VECTOR, _REAL, _INTEGER, _INTEGER, _t.uint32[::1]))
SpreadCall: TypeAlias = tuple[FloatArray, IntArray, FloatArray, FloatArray, float, int, int, NDArray[np.uint32]]
MOST_STEPS = 100_000  # of one piece


@_njit
def _set_up(device: pulses.ModelCall, spread: SpreadCall, cell: int) -> bool:
    """Write a cell's own parameters into the block; False if the model refuses them."""
    parameters, places, first, block, temperature, terminals, simulator, outcome = spread
    if places.shape[0] == 0:
        return True
    block[:] = first
    for k in range(places.shape[0]):
        block[places[k]] = parameters[cell, k]
    outcome[:] = 0
    arguments = (device[1], device[5], device[2], temperature, terminals, simulator, outcome.ctypes.data)
    kernels._call_setup(device[0][kernels.SETUP_INSTANCE], arguments)
    return not (outcome[0] & kernels.REFUSED or outcome[1])


@kernels._compiled(
    _INTEGER(
        pulses._MODEL, pulses._MODEL, _CELL, _SPREAD, _INTEGER, _INTEGER, _INTEGERS, _INTEGERS, _INTEGERS, _MATRIX,
        _MATRIX, _MATRIX, _VECTOR, _VECTOR, _VECTOR, _MATRIX, _MATRIX, _MATRIX, _VECTOR, _MATRIX, _MATRIX
    ),
    pulses.__file__,
)  # fmt: skip
def run_cells(
    device: pulses.ModelCall, transistor: pulses.ModelCall, cell: CellCall, spread: SpreadCall, begin: int, end: int,
    cells: IntArray, rows: IntArray, first_piece: IntArray, durations: FloatArray, volts: FloatArray, gates: FloatArray,
    noise: FloatArray, read_volts: FloatArray, read_gates: FloatArray, states: FloatArray, currents: FloatArray,
    reached: FloatArray, read: FloatArray, rates: FloatArray, nodes_out: FloatArray,
) -> int:  # fmt: skip
    """Integrate cells through their pieces and read them.

    Parameters
    ----------
    device, transistor, cell, spread
        What is needed to call the models, of one thread.
    begin, end
        Which jobs to do.
    cells, rows : (jobs,) arrays
        Number of the cell of each job, its row in the parameters of the spread; its row in `states`.
    first_piece : (jobs + 1,) array
        Where the pieces of each job begin.
    durations : (pieces, 1) array
        [s]
    volts, gates : (pieces, 2) arrays
        Cell voltage against the source line and gate against bulk at both ends of each piece [V].
    noise : (pieces,) array
        Deviate at the noise terminal.
    read_volts, read_gates : (jobs,) arrays
        Levels after the last piece [V].
    states : (n, n_states) array
        Nodes with a charge before the first piece, as deviations from the card's initial values.
    currents : (pieces, 2) array
        Result: current at both ends of each piece [A].
    reached : (jobs, n_states) array
        Result: the nodes with a charge at the end.
    read : (jobs,) array
        Result: current at the read levels [A].
    rates : (jobs, n_states) array
        Result: how fast the nodes with a charge move at the read levels [unit/s].
    nodes_out : (jobs, nodes) array
        Result: all nodes at the read levels; with no rows they are not wanted.

    Returns
    -------
    int
        -1, or the job that failed.
    """
    free, n_states, mass, units, nz, level, tolerance = cell
    n, n_nodes = free.shape[0], device[6].shape[0] - 1
    force, drift, order = np.empty(n), np.empty(n), np.empty(n, np.int64)
    k1, k2, k3, k4 = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    stiffness, matrix = np.empty((n, n)), np.empty((n, n))
    inner, inner_order = np.empty((n - n_states, n - n_states)), np.empty(n, np.int64)
    nodes, trial, record = np.empty(n_nodes), np.empty(n_nodes), np.empty(0)
    for job in range(begin, end):
        if not _set_up(device, spread, cells[job]):
            return job
        nodes[:] = 0.0
        nodes[1] = level
        for a in range(n_states):
            nodes[free[a]] = states[rows[job], a]
        h, last_v, last_gate = 0.0, np.nan, np.nan
        for piece in range(first_piece[job], first_piece[job + 1]):
            v0, v1, g0, g1 = volts[piece, 0], volts[piece, 1], gates[piece, 0], gates[piece, 1]
            jump = v0 != last_v or g0 != last_gate
            if nz >= 0 and nodes[nz] != noise[piece]:
                nodes[nz], jump = noise[piece], True
            if jump:
                h = 0.0
                if not pulses._settle(
                    device, transistor, True, free, nodes, v0, g0, level, n_states, units, force, stiffness, drift,
                    inner, inner_order,
                ):  # fmt: skip
                    return job
            currents[piece, 0] = device[7][0]
            h, _, steps, _ = pulses._advance(
                device, transistor, True, free, n_states, mass, units, nodes, trial, durations[piece, 0], v0, v1, g0,
                g1, level, h, tolerance, MOST_STEPS, record, 0, False, False, force, stiffness, drift, matrix, order,
                k1, k2, k3, k4,
            )  # fmt: skip
            if steps < 0 or not pulses._settle(
                device, transistor, True, free, nodes, v1, g1, level, n_states, units, force, stiffness, drift, inner,
                inner_order,
            ):  # fmt: skip
                return job
            currents[piece, 1] = device[7][0]
            last_v, last_gate = v1, g1
        if nz >= 0:
            nodes[nz] = 0.0
        if not pulses._settle(
            device, transistor, True, free, nodes, read_volts[job], read_gates[job], level, n_states, units, force,
            stiffness, drift, inner, inner_order,
        ):  # fmt: skip
            return job
        read[job] = device[7][0]
        for a in range(n_states):
            reached[job, a], rates[job, a] = nodes[free[a]], force[a]
        if nodes_out.shape[0]:
            for k in range(n_nodes):
                nodes_out[job, k] = nodes[k]
            nodes_out[job, 0] = level + read_volts[job]
    return -1
