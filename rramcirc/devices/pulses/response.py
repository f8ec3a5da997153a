"""States and currents of many devices under piecewise-linear voltages: the compiled model, integrated in time.

Every device has its own voltages and its own time steps; a select transistor may stand in series. One compiled loop
does all of it, so that a fit can try thousands of parameter sets where ngspice would run one.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.basics.errors import ModelCompileError, ParameterError, unknown_name
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.compiled import kernels as osdi_kernels
from rramcirc.devices.compiled.devices import ROOM_TEMPERATURE, CompiledDevices, check_card
from rramcirc.devices.compiled.evaluation import wanted
from rramcirc.devices.compiled.reading import settle
from rramcirc.devices.compiled.units import RUNNING, node_units
from rramcirc.devices.pulses import kernels as pulse_kernels

TOLERANCE = 1e-6  # error of a step [unit of the state or V, both of order 1]
MOST_STEPS = 100_000  # per device
_STEPS_EXPECTED = 50  # per corner


@dataclass(frozen=True)
class PulseResponse:
    """What N devices did at the M corners of their voltages; NaN where the integration failed.

    Attributes
    ----------
    current : (N, M) array
        Current into the top electrode [A].
    states : dict of (N, M) arrays
        State to value [the state's unit].
    steps
        The time steps that were taken [s].
    first_step : (N,) array
        Where the steps of each device begin.
    """

    current: NDArray[np.float64]
    states: dict[str, NDArray[np.float64]]
    steps: NDArray[np.float64]
    first_step: NDArray[np.int64]


def pulse_response(
    card: ModelCard,
    times: ArrayLike,
    voltages: ArrayLike,
    states: Mapping[str, ArrayLike],
    *,
    selector: ModelCard | None = None,
    gate_voltages: ArrayLike = 0.0,
    source_line: float | None = None,
    parameters: Mapping[str, ArrayLike] | None = None,
    noise: ArrayLike = 0.0,
    temperature: float = ROOM_TEMPERATURE,
    tolerance: float = TOLERANCE,
    follow: PulseResponse | None = None,
) -> PulseResponse:
    r"""Integrate the states of devices under piecewise-linear voltages.

    The equations of the free nodes (states, inner nodes, the node between device and transistor),
    :math:`M \dot u = F(u, V(t))`, are solved by the stiffly accurate Rosenbrock method RODAS3 of order 3 with the exact
    Jacobian of the compiled model and error control for each device.

    Parameters
    ----------
    card
        A card with a Verilog-A module; first two terminals are the electrodes, all others are at 0 V.
    times : (N, M) array
        Times of the corners [s], not falling; equal times are a jump of the voltage; NaN ends a row early.
    voltages : (N, M) array
        Voltage between the electrodes, or of the whole cell with a selector, at the corners [V].
    states : dict of () or (N,) arrays
        States at the first corner [their units].
    selector
        Card of the select transistor (drain, gate, source, bulk) between bottom electrode and source line; bulk at 0 V.
    gate_voltages : () or (N, M) array
        Gate against bulk [V].
    source_line
        Level of the source line against the bulk [V], to which cell voltages of both signs are added at the top
        electrode. None: the source line is at 0 V, and a negative cell voltage raises it, as an array does, so that no
        junction conducts.
    parameters
        Instance parameters, numbers or (N,) arrays [the parameter's unit]; the card's values for all others.
    noise : () or (N,) array
        Deviate of the present switching cycle at the terminal nz, in standard deviations.
    temperature
        Device temperature [K].
    tolerance
        Largest error of a step [unit of the state].
    follow
        An earlier result for the same voltages: its time steps are taken while their error stays in the order of the
        tolerance, so that the difference of the results is smooth in the parameters of the card.

    Returns
    -------
    PulseResponse
        Currents and states at the corners, currents after the jump.

    References
    ----------
    A. Sandu et al., Atmospheric Environment 31, 3459 (1997), RODAS3.

    Examples
    --------
    >>> from rramcirc.devices.cards.card import load_card
    >>> card, pulse = load_card("hfo2_filament"), [[0.0, 1e-3, 1e-3]]  # 1 ms of -0.8 V, then a read
    >>> found = pulse_response(card, pulse, [[-0.8, -0.8, 0.1]], {"diameter": 3.0, "gap": 0.0})
    >>> (0.1 / found.current[:, 2]).round(-3)  # [ohm]
    array([95000.])
    """
    times, voltages = (np.ascontiguousarray(a, dtype=np.float64) for a in (times, voltages))
    if times.ndim != 2 or times.shape != voltages.shape:
        raise ParameterError(f"times have shape {times.shape}, voltages {voltages.shape}: equal (N, M) needed.")
    gates = np.broadcast_to(np.asarray(gate_voltages, dtype=np.float64), times.shape).copy()
    device = CompiledDevices(card, len(times) if parameters else 1, parameters, temperature=temperature)
    transistor = _transistor(selector, temperature)
    one = CompiledDevices(card, 1, temperature=temperature) if parameters else device
    free, n_states, mass = _free_nodes(one, selector is not None)
    units = node_units(one)[free]
    start = _start(device, states, noise, len(times))
    if n_states > len(device.state_nodes):  # others have a charge: they begin at rest
        _rest(device, start, free, selector is not None)
    if selector is not None and source_line is not None:
        start[:, 1] = source_line
    blocks = device._blocks.instances
    stride = blocks.strides[0] if len(blocks) > 1 else 0
    level = np.nan if source_line is None else float(source_line)
    state_nodes = np.array([device.state_nodes[name] for name in card.states], np.int64)
    record = np.empty(_STEPS_EXPECTED * times.size) if follow is None else follow.steps
    firsts = np.zeros(len(times), np.int64) if follow is None else follow.first_step
    while True:
        current, moved = np.full(times.shape, np.nan), np.full((*times.shape, len(state_nodes)), np.nan)
        taken = pulse_kernels.integrate(
            _model(device), stride, _model(transistor or device), selector is not None, free, n_states, mass, units,
            state_nodes, times, voltages, gates, level, start, float(tolerance), MOST_STEPS, record, firsts,
            follow is not None, current, moved,
        )  # fmt: skip
        if follow or taken <= len(record):
            break
        record = np.empty(taken)
    first = {name: device.parameter(f"{name}_ini") for name in card.states}
    reached = {name: np.reshape(first[name], (-1, 1)) + moved[..., k] for k, name in enumerate(card.states)}
    return PulseResponse(current, reached, record[:taken] if follow is None else record, firsts)


def _transistor(selector: ModelCard | None, temperature: float) -> CompiledDevices | None:
    if selector is None:
        return None
    check_card(selector)
    found = CompiledDevices(selector, 1, temperature=temperature)
    if len(found.nodes) != 4 or len(found.terminals) != 4:
        raise ParameterError(f"card {selector.name}: needed is a transistor with drain, gate, source, bulk only.")
    return found


def _model(devices: CompiledDevices) -> pulse_kernels.ModelCall:
    """Return what the loop needs to call one model, set to the evaluation of currents in a transient."""
    simulator = devices._blocks.simulator
    simulator.abstime, simulator.flags = 1.0, osdi_kernels.eval_flags(True, True, False, False)
    plain = type(simulator).from_buffer_copy(simulator)
    plain.flags = osdi_kernels.eval_flags(True, False, False, False)
    devices._blocks.kept.append(plain)
    return (
        devices._functions, devices._handle, devices._blocks.model.ctypes.data, ctypes.addressof(simulator),
        ctypes.addressof(plain), devices._blocks.instances.ctypes.data, devices._solution, devices._sums,
        devices._entries, devices._places[0], np.zeros(len(devices.nodes) ** 2),
    )  # fmt: skip


def _free_nodes(device: CompiledDevices, in_series: bool) -> tuple[NDArray[np.int64], int, NDArray[np.float64]]:
    """Return the unknown nodes, those with a charge first, their number, and the matrix of the charges.

    States come before other nodes with a charge. The charges are taken as linear in the voltages.

    Raises
    ------
    ModelCompileError
        If a state is not integrated by ddt, or what has a charge cannot be held where the voltage jumps.
    """
    states = list(device.state_nodes.values())
    inner = range(len(device.terminals), len(device.nodes))
    others = [k for k in inner if device.node_of[k] == k and k not in states]
    at_rest = wanted(device.evaluate(np.zeros((1, len(device.nodes))), RUNNING).reactive_jacobian)[0]
    charged = [k for k in others if np.any(at_rest[k])]
    if charged:
        _check_charges(device, [*states, *charged], others, in_series)
    free = [*states, *charged, *(k for k in others if k not in charged)]
    mass = np.array(at_rest[np.ix_(free, free)])
    for name, node in device.state_nodes.items():
        if abs(mass[free.index(node), free.index(node)] - 1.0) > 1e-9:
            raise ModelCompileError(f"module {device.card.module}: the state {name} is not integrated by ddt(V(node)).")
    n_charged = len(states) + len(charged)
    if in_series:  # the bottom electrode, without the capacitances beside it
        free, mass = [*free, 1], np.pad(mass, (0, 1))
    return np.array(free, np.int64), n_charged, np.ascontiguousarray(mass)


def _check_charges(device: CompiledDevices, charged: list[int], others: list[int], in_series: bool) -> None:
    """Refuse charges of inner nodes that a jump of the voltage would move, or that are not linear."""
    n, names = len(device.nodes), ", ".join(device.nodes[k] for k in charged)
    points = np.array([np.zeros(n), np.full(n, 0.25)])
    points[1, 0] = 0.5
    one = np.zeros(1, np.int64)
    first, second = (wanted(device.evaluate(p[None], RUNNING, which=one).reactive_jacobian)[0] for p in points)
    block = first[np.ix_(charged, charged)]
    scaled = block / np.abs(block).max(axis=1, initial=0.0, keepdims=True).clip(1e-300)
    terminals = [k for k in range(len(device.terminals)) if k != 1 or in_series]
    outside = [k for k in [*terminals, *others] if k not in charged]
    if np.any(first[np.ix_(charged, outside)]) or np.linalg.matrix_rank(scaled, tol=1e-9) < len(charged):
        raise ModelCompileError(
            f"module {device.card.module}: a capacitance couples inner nodes to terminals or to one another "
            f"({names}), so that a jump of the voltage moves them. Pulses are "
            "computed for capacitances from an inner node to ground only; simulate runs the module."
        )
    if not np.allclose(first[charged], second[charged], rtol=1e-9, atol=0.0):
        raise ModelCompileError(
            f"module {device.card.module}: a charge of the inner nodes {names} is not linear in the voltages. Pulses "
            "are computed for constant capacitances; simulate runs the module."
        )


def _rest(device: CompiledDevices, start: NDArray[np.float64], free: NDArray[np.int64], in_series: bool) -> None:
    """Bring the nodes that are no states to where they rest without a voltage, in place."""
    states = set(device.state_nodes.values())
    inner = [int(k) for k in (free[:-1] if in_series else free) if k not in states]
    if device.count == len(start):
        settle(device, start, inner)
        return
    for row in start:  # one block for all devices
        settle(device, row[None], inner)


def _start(
    device: CompiledDevices, states: Mapping[str, ArrayLike], noise: ArrayLike, count: int
) -> NDArray[np.float64]:
    """Return the nodes of all devices at their first corner, all but the states and the noise terminal zero."""
    start = np.zeros((count, len(device.nodes)))
    if "nz" in device.terminals:
        start[:, device.terminals.index("nz")] = noise
    elif np.any(np.asarray(noise) != 0.0):
        raise ParameterError(f"card {device.card.name}: module {device.card.module} has no noise terminal nz.")
    for name, values in states.items():
        if name not in device.state_nodes:
            raise ParameterError(f"card {device.card.name}: {unknown_name('state', str(name), device.state_nodes)}")
        start[:, device.state_nodes[name]] = np.asarray(values, dtype=np.float64) - device.parameter(f"{name}_ini")
    return start
