"""Initial states from conductances: where on a device's path of states the read conductance has a given value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.devices.cards.model_card import ModelCard, check_instance
from rramcirc.devices.cards.values import known_values
from rramcirc.devices.compiled.devices import ROOM_TEMPERATURE, CompiledDevices, check_card
from rramcirc.devices.compiled.reading import held_current
from rramcirc.devices.veriloga.constants import evaluate

READ_VOLTAGE = 0.1  # [V]
_SAMPLES = 8  # per segment of the path: checked to be monotone, and brackets of the solution
_STEPS, _TOLERANCE, _ACCEPTED = 100, 1e-13, 1e-9  # of the logarithm of the conductance: aim and limit
_EDGE = 1e-12  # a conductance that is so little (relative) out of reach counts as the end of the path


def states_for_conductance(
    card: ModelCard,
    conductance: ArrayLike,
    parameters: Mapping[str, ArrayLike] | None = None,
    *,
    temperature: float = ROOM_TEMPERATURE,
) -> dict[str, FloatArray]:
    """Return the states in which devices have given conductances at 0.1 V.

    Several states give the same conductance, so the states are taken from a path: the card's `conductance_path`, or,
    for a model with one state, from ``<state>_min`` to ``<state>_max`` (parameters of the model), or the declared range
    of ``<state>_ini``. The conductance must change in one direction along the path.

    Parameters
    ----------
    card
        An RRAM card with a Verilog-A module.
    conductance
        Current at 0.1 V divided by 0.1 V, a number or an array [S].
    parameters
        Instance parameters, numbers or arrays of the same shape [the parameter's unit].
    temperature
        Device temperature [K].

    Returns
    -------
    dict of arrays
        Value of every state [its unit], in the common shape of `conductance` and `parameters`.

    Raises
    ------
    ParameterError
        If a conductance is out of reach (names the first such device and the range), the card has no usable path, or a
        parameter is unknown, out of range or an initial state.

    Examples
    --------
    >>> from rramcirc.devices.cards.card import load_card
    >>> card = load_card("hfo2_filament")
    >>> {name: value.round(3) for name, value in states_for_conductance(card, [100e-6, 8e-6]).items()}
    {'diameter': array([2.996, 1.999]), 'gap': array([0.004, 1.001])}
    """
    check_card(card)
    path = _Path(card)
    targets, values = _aligned(card, conductance, parameters or {})
    given = {name: array.ravel() if array.ndim else array for name, array in values.items()}
    table = path.table(given, targets.size, temperature)
    _refuse_out_of_reach(card, targets, table)
    found = _on_path(path, table, targets.ravel(), given, temperature)[0]
    return {name: np.reshape(value, targets.shape) for name, value in found.items()}


def nearest_states(
    card: ModelCard,
    conductance: FloatArray,
    parameters: Mapping[str, FloatArray] | None = None,
    *,
    temperature: float = ROOM_TEMPERATURE,
) -> tuple[dict[str, FloatArray], FloatArray]:
    """Return the states whose conductances are nearest to those given, and these conductances.

    As :func:`states_for_conductance`; what is out of reach gets the end of the path.

    Parameters
    ----------
    conductance : (N,) array
        [S].
    parameters : dict of () or (N,) arrays
        Instance parameters [the parameter's unit].
    temperature
        Device temperature [K].

    Returns
    -------
    dict of (N,) arrays
        Value of every state [its unit].
    (N,) array
        Conductances that are reached [S].
    """
    path = _Path(card)
    table = path.table(parameters or {}, len(conductance), temperature)
    return _on_path(path, table, conductance, parameters or {}, temperature)


def _on_path(
    path: _Path, table: FloatArray, wanted: FloatArray, parameters: Mapping[str, FloatArray], temperature: float
) -> tuple[dict[str, FloatArray], FloatArray]:
    """Return the states of (N,) conductances [S] or of the ends of the path, and the conductances that are reached."""
    wanted = np.clip(wanted, table[-1], table[0])
    devices = CompiledDevices(path.card, wanted.size, parameters, temperature=temperature)
    first = np.clip((table >= wanted).sum(axis=0) - 1, 0, len(table) - 2)
    low, high = path.samples[first], path.samples[first + 1]

    def excess(position: FloatArray) -> FloatArray:
        return np.log(held_current(devices, path.states(position), READ_VOLTAGE) / READ_VOLTAGE / wanted)

    position = _root(excess, low, high)
    missed = np.abs(excess(position)) > _ACCEPTED
    if missed.any():
        k = int(np.argmax(missed))
        raise ParameterError(
            f"card {path.card.name}: no state on the path has a conductance of {wanted[k]:.6g} S to {_ACCEPTED:g}; it "
            "jumps or changes too steeply there. Write a conductance_path into the card that leaves such states out."
        )
    return path.states(position), wanted


def _aligned(
    card: ModelCard, conductance: ArrayLike, parameters: Mapping[str, ArrayLike]
) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Return conductances and array parameters in their common shape; checked."""
    try:
        targets = np.asarray(conductance, dtype=np.float64)
    except (TypeError, ValueError):
        raise ParameterError(f"conductance: {shown(conductance)} is no number or array of numbers.") from None
    if targets.size == 0 or not np.isfinite(targets).all():
        raise ParameterError("conductance: the array is empty or holds values that are not finite.")
    values = check_instance(card, parameters)
    for name in values:
        if name.removesuffix("_ini") in card.states:
            raise ParameterError(f"card {card.name}: the conductance fixes the states, so do not give {name} as well.")
    try:
        shape = np.broadcast_shapes(targets.shape, *(array.shape for array in values.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in values.items() if array.shape)
        raise ParameterError(
            f"card {card.name}: conductance has shape {targets.shape}, which does not fit {shapes}."
        ) from None
    spread = {name: np.broadcast_to(array, shape) if array.ndim else array for name, array in values.items()}
    return np.broadcast_to(targets, shape), spread


class _Path:
    """A card's path of states, by a position that is a whole number at each of its points."""

    def __init__(self, card: ModelCard) -> None:
        self.card = card
        self.points = _card_points(card) if card.conductance_path else _range_points(card)
        check_instance(card, {f"{name}_ini": values for name, values in self.points.items()})
        self.count = len(next(iter(self.points.values())))
        self.samples = np.linspace(0.0, self.count - 1.0, _SAMPLES * (self.count - 1) + 1)

    def states(self, position: FloatArray) -> dict[str, FloatArray]:
        """Return the states at positions."""
        return {name: np.interp(position, np.arange(self.count), values) for name, values in self.points.items()}

    def table(self, parameters: Mapping[str, FloatArray], count: int, temperature: float) -> FloatArray:
        """Return conductances [S] at the samples, (samples, count), or (samples, 1) if the devices are equal."""
        if any(array.ndim for array in parameters.values()):
            devices = CompiledDevices(self.card, count, parameters, temperature=temperature)
            currents = np.stack([held_current(devices, self.states(s), READ_VOLTAGE) for s in self.samples])
        else:
            devices = CompiledDevices(self.card, len(self.samples), parameters, temperature=temperature)
            currents = held_current(devices, self.states(self.samples), READ_VOLTAGE)[:, None]
        if not self.card.conductance_path and currents[-1, 0] > currents[0, 0]:  # a range has no direction
            self.points = {name: values[::-1] for name, values in self.points.items()}
            currents = currents[::-1]
        table = currents / READ_VOLTAGE
        falls = np.diff(table, axis=0) < 0.0
        if not falls.all() or not (table[-1] > 0.0).all():
            where = int(np.argwhere(~falls)[0][0]) if not falls.all() else len(falls)
            at = ", ".join(f"{name} = {float(value):.4g}" for name, value in self.states(self.samples[where]).items())
            raise ParameterError(
                f"card {self.card.name}: the conductance does not fall, or is not positive, along the path of states "
                f"after {at}. Order conductance_path from the most to the least conductive state."
            )
        return table


def path_points(card: ModelCard) -> dict[str, FloatArray]:
    """Return the points of a card's path of states, from the most to the least conductive one.

    Returns
    -------
    dict of arrays
        State to values [its unit]; as `states_for_conductance` says.

    Raises
    ------
    ParameterError
        If the card has no usable path.
    """
    check_card(card)
    path = _Path(card)
    path.table({}, 1, ROOM_TEMPERATURE)
    return path.points


def _card_points(card: ModelCard) -> dict[str, FloatArray]:
    """Return the points of the card's own path, names of parameters replaced by their values."""

    def number(given: float | str) -> float:
        return card.number(given) if isinstance(given, str) else float(given)

    return {state: np.array([number(point[state]) for point in card.conductance_path]) for state in card.states}


def _range_points(card: ModelCard) -> dict[str, FloatArray]:
    """Return the bounds of the only state: its parameters ``_min`` and ``_max``, else the range of ``_ini``."""
    advice = "Write a conductance_path into the card: points from the most to the least conductive one."
    if len(card.states) != 1 or card.declaration is None:
        has = f"{len(card.states)} states" if card.states else "no state"
        raise ParameterError(f"card {card.name} has {has}, so a conductance does not fix its states. {advice}")
    (state,) = card.states
    declared = card.declaration.parameters
    if {f"{state}_min", f"{state}_max"} <= set(declared):
        return {state: np.array([card.number(f"{state}_{end}") for end in ("min", "max")])}
    known = known_values(card.declaration, {name: v.value for name, v in card.parameters.items()})
    ranges = [r for r in declared[f"{state}_ini"].ranges if not r.exclude]
    ends = [evaluate(text, known) for text in (ranges[0].low, ranges[0].high)] if ranges else [None]
    finite = [float(end) for end in ends if end is not None and math.isfinite(end)]
    if len(finite) != 2:
        raise ParameterError(
            f"card {card.name}: the range of {state}_ini has no end, so a conductance does not fix the state. {advice}"
        )
    low, high = finite
    inset = 1e-9 * (high - low)  # from ends that do not belong to the range
    return {state: np.array([low + inset * (not ranges[0].low_closed), high - inset * (not ranges[0].high_closed)])}


def _refuse_out_of_reach(card: ModelCard, targets: FloatArray, table: FloatArray) -> None:
    """Raise if a conductance is outside what its device reaches; name the first one."""
    flat = targets.ravel()
    most, least = (np.broadcast_to(row, flat.shape) for row in (table[0], table[-1]))
    bad = np.flatnonzero((flat > most * (1.0 + _EDGE)) | (flat < least * (1.0 - _EDGE)))
    if bad.size == 0:
        return
    k = int(bad[0])
    place = ",".join(str(int(index)) for index in np.unravel_index(k, targets.shape))
    count = f" {bad.size} of {flat.size} conductances are out of reach." if flat.size > 1 else ""
    raise ParameterError(
        f"conductance{f'[{place}]' if targets.ndim else ''} = {flat[k]:.6g} S is out of reach of card {card.name}: "
        f"allowed is {least[k]:.6g} S to {most[k]:.6g} S ({1e-3 / most[k]:.4g} to {1e-3 / least[k]:.4g} kohm at "
        f"{READ_VOLTAGE:g} V).{count}"
    )


def _root(
    excess: Callable[[FloatArray], FloatArray],
    low: FloatArray,
    high: FloatArray,
) -> FloatArray:
    """Return where a function falls through zero, elementwise, by the Illinois variant of false position."""
    at_low, at_high = excess(low), excess(high)
    root, last = low.copy(), np.zeros(low.shape)
    unsolved = np.ones(low.shape, dtype=bool)
    for _ in range(_STEPS):
        with np.errstate(invalid="ignore", divide="ignore"):
            trial = np.clip(high - at_high * (high - low) / (at_high - at_low), low, high)
        root = np.where(unsolved, trial, root)
        value = excess(root)
        unsolved &= np.abs(value) > _TOLERANCE
        if not unsolved.any():
            return root
        side = np.sign(value)
        above, twice = side > 0.0, side == last
        at_high = np.where(above, np.where(twice, 0.5 * at_high, at_high), value)
        at_low = np.where(above, value, np.where(twice, 0.5 * at_low, at_low))
        low, high, last = np.where(above, root, low), np.where(above, high, root), side
    return root
