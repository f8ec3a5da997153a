"""Static currents of devices whose states are held: what a read sees."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.basics.errors import ParameterError, SimulationError, shown, unknown_name
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.compiled.devices import ROOM_TEMPERATURE, CompiledDevices, check_card
from rramcirc.devices.compiled.evaluation import wanted

_STEPS, _LARGEST_STEP, _TOLERANCE = 100, 0.5, 1e-12  # of Newton's method; [V], relative to 1 V or the voltage
_FAR = 16.0  # [V]; what is larger is no voltage, but perhaps a rate in 1/s


def read_current(
    card: ModelCard,
    states: Mapping[str, ArrayLike],
    voltage: ArrayLike,
    parameters: Mapping[str, ArrayLike] | None = None,
    *,
    temperature: float = ROOM_TEMPERATURE,
) -> NDArray[np.float64]:
    """Return the static current of devices at fixed states.

    Parameters
    ----------
    card
        A card with a Verilog-A module whose first two terminals are the electrodes.
    states
        State to value, a number or an array [the state's unit]; states that are not given stand at their initial
        values.
    voltage
        Voltage from the first to the second terminal [V]; other terminals are at 0 V.
    parameters
        Instance parameters, numbers or arrays [the parameter's unit].
    temperature
        Device temperature [K].

    Returns
    -------
    array
        Current [A], positive from top to bottom electrode, in the common shape of all arrays.

    Raises
    ------
    ParameterError
        If a name is unknown, a value is not finite or out of range, or the shapes do not fit.
    SimulationError
        If inner nodes of a device, for example behind a series resistance, have no solution.

    Notes
    -----
    Devices that differ only in their states share one instance block: the state's node holds the difference between the
    value and ``<state>_ini``, and its row of the equations is dropped.

    Examples
    --------
    >>> from rramcirc.devices.cards.card import load_card
    >>> read_current(load_card("hfo2_filament"), {"gap": [0.0, 0.5, 1.0]}, 0.1) * 1e6  # [uA]
    array([4.48609037, 2.34122023, 0.80225094])
    """
    check_card(card)
    for what, given in (("states", states), ("parameters", parameters or {})):
        if not isinstance(given, Mapping):
            raise ParameterError(f"card {card.name}: {what} = {shown(given)} is no dict of names and values.")
    arrays = {
        name: _real(card, name, value) for name, value in {"voltage": voltage, **states, **(parameters or {})}.items()
    }
    try:
        shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items() if array.shape)
        raise ParameterError(f"card {card.name}: the shapes of {shapes} do not fit.") from None
    flat = {name: np.broadcast_to(array, shape).ravel() if array.ndim else array for name, array in arrays.items()}
    devices = CompiledDevices(
        card, math.prod(shape), {name: flat[name] for name in parameters or {}}, temperature=temperature
    )
    return held_current(devices, {name: flat[name] for name in states}, flat["voltage"]).reshape(shape)


def held_current(devices: CompiledDevices, states: Mapping[str, ArrayLike], voltage: ArrayLike) -> NDArray[np.float64]:
    """Return the static current from the first to the second terminal of prepared devices, states held.

    Parameters
    ----------
    devices
        N devices.
    states : dict of () or (N,) arrays
        State to value [the state's unit]; states that are not given stand at their initial values.
    voltage : () or (N,) array
        Voltage from the first to the second terminal [V]; other terminals are at 0 V.

    Returns
    -------
    (N,) array
        Current [A], positive from top to bottom electrode.
    """
    card, nodes = devices.card, devices.state_nodes
    points = np.zeros((devices.count, len(devices.nodes)))
    points[:, 0] = _column(devices, "voltage", voltage)
    for name, values in states.items():
        if name not in nodes:
            raise ParameterError(f"card {card.name}: {unknown_name('state', str(name), nodes)}")
        points[:, nodes[name]] = _column(devices, name, values) - devices.parameter(f"{name}_ini")
    held = {*range(len(devices.terminals)), *nodes.values()}
    free = [k for k in range(len(devices.nodes)) if k not in held and devices.node_of[k] == k]
    if free:
        settle(devices, points, free)
    return devices.evaluate(points, jacobian=False, reactive=False).resistive[:, 0]


def settle(devices: CompiledDevices, points: NDArray[np.float64], free: list[int]) -> None:
    """Find the static voltages of the nodes `free` by Newton's method, in place.

    Raises
    ------
    SimulationError
        If there is no solution; names the nodes.
    """
    result = None
    for _ in range(_STEPS):
        result = devices.evaluate(points, reactive=False, out=result)
        try:
            matrices = wanted(result.resistive_jacobian)[:, free][:, :, free]
            step = np.linalg.solve(matrices, result.resistive[:, free, None])[..., 0]
        except np.linalg.LinAlgError:
            break
        most = np.maximum(_LARGEST_STEP, np.abs(points[:, free]) - _FAR)
        points[:, free] -= np.clip(step, -most, most)
        late = np.abs(step) > _TOLERANCE * (1.0 + np.abs(points[:, free]))
        if not late.any():
            return
    names = ", ".join(devices.nodes[k] for k in free)
    raise SimulationError(
        f"card {devices.card.name}: no static solution for the inner nodes ({names}) of all {devices.count} devices "
        f"between {points[:, 0].min():g} and {points[:, 0].max():g} V."
    )


def _real(card: ModelCard, name: str, value: ArrayLike) -> NDArray[np.float64]:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ParameterError(f"card {card.name}: {name}: {shown(value)} is no number or array of numbers.") from None


def _column(devices: CompiledDevices, name: str, value: ArrayLike) -> NDArray[np.float64]:
    """Return one value per device, or one for all."""
    array = _real(devices.card, name, value)
    if array.size != 1 and array.shape != (devices.count,):
        raise ParameterError(
            f"card {devices.card.name}: {name} has shape {array.shape}; give a number, or one for each of the "
            f"{devices.count} devices."
        )
    return array
