"""The unit of every inner node of a device: by how much it moves where a voltage moves by 1 V.

Nodes inside a Verilog-A module hold what its author likes: volts, the ampere of a voltage contribution, a rate of 1e7
per second, a charge of 1e-12 C. Steps, tolerances and neighbourhoods that are made for volts hold for such a node in
its unit.
"""

from __future__ import annotations

import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import ParameterError, SimulationError
from rramcirc.devices.compiled.devices import CompiledDevices
from rramcirc.devices.compiled.evaluation import wanted

LEVELS = (0.0, 0.5, -0.5, 1.0, -1.0)  # [V] between the first two terminals
VOLTS = 1 / 256, 8.0  # responses that are those of a voltage
STATES = 1 / 1024, 1024.0  # states are of the order of 1, which is wide
RUNNING = 1.0  # [s]; any time after 0 tells a model that its states move
ROUNDING = 1e-13
SMALLEST = 1e-30  # a unit below that, or above its inverse, is a mistake of this estimate
STEPS, LARGEST_STEP = 60, 0.5  # of Newton's method for the inner nodes; [their unit]


def node_units(devices: CompiledDevices) -> FloatArray:
    """Return the unit of every node of a device, a power of 2: 1 for volts and for all that is of the order of 1.

    A node that follows the terminals in static analyses has the unit of its response to 1 V; a state the one that
    changes the current as much as 1 V does, or, where it does not change the current, the rate of another state; or
    else its range, where the module declares its bounds.

    Returns
    -------
    (n,) array
        Units, in the order of `devices.nodes`.
    """
    n, first = len(devices.nodes), len(devices.terminals)
    units = np.ones(n)
    inner = np.array([k for k in range(first, n) if devices.node_of[k] == k], np.int64)
    spans = {devices.state_nodes[name]: span for name, span in _spans(devices).items()}
    if spans.keys() >= set(inner.tolist()):  # nothing is left to be estimated
        for node, span in spans.items():
            units[node] = _unit(span, STATES)
        return units
    points = [point for point in (_settled(devices, level, inner) for level in LEVELS) if point is not None]
    responses = [_response(matrix, inner) for matrix in _slopes(devices, points, 0.0)]
    if not responses:
        return units
    response = np.max(responses, axis=0)
    follows = response > 0.0
    units[inner[follows]] = [_unit(value, VOLTS) for value in response[follows]]
    states = inner[~follows]
    if len(states):
        shares = np.array([_share(matrix, inner[follows], states) for matrix in _slopes(devices, points, RUNNING)])
        units[states] = [_unit(_middle(1.0 / values[values > 0.0]), STATES) for values in shares.T]
    for node, span in spans.items():
        units[node] = _unit(span, STATES)
    return units


def _spans(devices: CompiledDevices) -> dict[str, float]:
    """Return the ranges of the states whose module says their bounds: far outside, a response says nothing of them."""
    spans = {}
    for name, bounds in devices.card.state_bounds().items():
        if bounds is not None and name in devices.state_nodes:
            span = float(np.max(bounds[1]) - np.min(bounds[0]))
            if np.isfinite(span) and span > 0.0:
                spans[name] = span
    return spans


def _middle(values: FloatArray) -> float:
    return float(np.median(values)) if len(values) else 1.0


def _unit(value: float, ordinary: tuple[float, float]) -> float:
    """Return 1 where a value is an ordinary one or none at all, else the power of 2 below it."""
    if ordinary[0] <= value <= ordinary[1] or not SMALLEST < value < 1.0 / SMALLEST:
        return 1.0
    return float(2.0 ** np.floor(np.log2(value)))


def _slopes(devices: CompiledDevices, points: list[FloatArray], time: float) -> list[FloatArray]:
    """Return the Jacobians at the points at which the model can be evaluated."""
    seen = [_evaluated(devices, point, time) for point in points]
    return [slopes for _, slopes in (found for found in seen if found is not None)]


def _evaluated(devices: CompiledDevices, point: FloatArray, time: float) -> tuple[FloatArray, FloatArray] | None:
    """Return currents and Jacobian of the first device; None where its model gives up: that is for the run to say."""
    try:
        seen = devices.evaluate(point[None], time, reactive=False, which=np.zeros(1, np.int64))
    except (ParameterError, SimulationError):
        return None
    currents, slopes = seen.resistive[0], wanted(seen.resistive_jacobian)[0]
    return (currents, slopes) if np.isfinite(currents).all() and np.isfinite(slopes).all() else None


def _response(matrix: FloatArray, inner: IntArray) -> FloatArray:
    """Return how far the inner nodes move with one of the first two terminals, the other held; 0 for those at rest."""
    moved = _solve(matrix[np.ix_(inner, inner)], matrix[inner, :2])
    return np.asarray(np.abs(moved).max(axis=1))


def _share(matrix: FloatArray, follows: IntArray, states: IntArray) -> FloatArray:
    """Return the change of the current by states, relative to that by the voltage; else that of other states' rates."""
    rows, columns = np.concatenate([[0], states]), np.concatenate([[0], states])
    moved = _solve(matrix[np.ix_(follows, follows)], matrix[np.ix_(follows, columns)])
    change = np.abs(matrix[np.ix_(rows, columns)] - matrix[np.ix_(rows, follows)] @ moved)
    np.fill_diagonal(change[1:, 1:], 0.0)
    relative = np.divide(change[:, 1:], change[:, :1], out=np.zeros_like(change[:, 1:]), where=change[:, :1] > 0.0)
    return np.asarray(np.where(relative[0] > 0.0, relative[0], relative[1:].max(axis=0)))


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Solve by least squares, rows and columns brought to the size 1 before."""
    rows = np.abs(matrix).max(axis=1, initial=0.0)
    rows[rows == 0.0] = 1.0
    columns = np.abs(matrix / rows[:, None]).max(axis=0, initial=0.0)
    columns[columns == 0.0] = 1.0
    scaled = matrix / rows[:, None] / columns
    found: FloatArray = np.linalg.lstsq(scaled, right / rows[:, None], rcond=ROUNDING)[0]
    found[np.abs(found) < ROUNDING * np.abs(found).max(initial=0.0)] = 0.0
    found /= columns[:, None]
    return found


def _settled(devices: CompiledDevices, level: float, inner: IntArray) -> FloatArray | None:
    """Return the nodes at a voltage, the inner ones near to balance; states stay, nothing is missing to theirs."""
    point = np.zeros(len(devices.nodes))
    point[0] = level
    for _ in range(STEPS):
        seen = _evaluated(devices, point, 0.0)
        if seen is None:
            return None
        step = _solve(seen[1][np.ix_(inner, inner)], seen[0][inner][:, None])[:, 0]
        most = np.maximum(LARGEST_STEP, np.abs(point[inner]))
        point[inner] -= np.clip(step, -most, most)
        if np.all(np.abs(step) <= 1e-6 * most):
            break
    return point
