"""Currents and rates of a card along its path of states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.compiled.conductance import path_points
from rramcirc.devices.compiled.devices import CompiledDevices
from rramcirc.devices.compiled.reading import held_current, settle
from rramcirc.devices.compiled.units import RUNNING

_TRIED = 0.5, -0.5, 1.0, -1.0, 2.0, -2.0  # [V] under which some state must move
_GRID = 33  # places of the path at which currents are known, closer towards the ends


def within_bounds(card: ModelCard) -> ModelCard:
    """Return a card whose path of states is that between the bounds of its only state, if it names no path.

    The declared range of an initial state is wider than what the state can reach, which a fit would make use of.
    """
    if card.conductance_path or len(card.states) != 1 or card.declaration is None:
        return card
    (state,) = card.states
    if {f"{state}_min", f"{state}_max"} <= set(card.declaration.parameters):
        return card
    variable = card.declaration.op_variables[state]
    ends = [_point(card, text) for text in (variable.lower, variable.upper)]
    if ends[0] is None or ends[1] is None:
        return card
    points = [{state: end} for end in ends if end is not None]
    low, high = (card.number(end) if isinstance(end, str) else end for end in ends if end is not None)
    devices = CompiledDevices(card, 2)
    currents = held_current(devices, {state: np.array([low, high])}, 0.1)
    return replace(card, conductance_path=tuple(points if currents[0] > currents[1] else points[::-1]))


def _point(card: ModelCard, text: str) -> str | float | None:
    """Return the bound of a state as a path names it: a parameter or a number."""
    assert card.declaration is not None
    if text in card.declaration.parameters:
        return text
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def refuse_unmoved(card: ModelCard) -> None:
    """Raise if no state of a card moves under a voltage between its first two terminals.

    Raises
    ------
    ParameterError
        Names the other terminals, which a measurement of two holds at 0 V.
    """
    assert card.declaration is not None
    ports = card.declaration.ports
    others = [p for p in ports[2:] if p != "nz"]
    if not others:
        return
    devices = CompiledDevices(card, 1)
    points = np.zeros((len(_TRIED), len(devices.nodes)))
    points[:, 0] = _TRIED
    which = np.zeros(len(_TRIED), np.int64)
    rates = devices.evaluate(points, RUNNING, which=which, jacobian=False, reactive=False).resistive
    if not np.any(rates[:, list(devices.state_nodes.values())]):
        raise ParameterError(
            f"card {card.name}: no state of module {card.module} moves under a voltage between {ports[0]} and "
            f"{ports[1]}; it follows {', '.join(others)}, held at 0 V in a measurement of two terminals, which cannot "
            "tell its parameters. Give a model that switches between two terminals with --model."
        )


class PathOfStates:
    """A card's path of states by a place between 0, the most, and 1, the least conductive end.

    Parameters
    ----------
    card
        With a Verilog-A module.
    temperature
        [K].
    """

    def __init__(self, card: ModelCard, temperature: float, points: dict[str, FloatArray] | None = None) -> None:
        self.card, self.temperature = card, temperature
        self.points = path_points(card) if points is None else points
        self.corners = np.linspace(0.0, 1.0, len(next(iter(self.points.values()))))
        self.grid = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, _GRID))

    def with_card(self, card: ModelCard, *, same: bool = False) -> PathOfStates:
        """Return the path of another card of the same module; `same` says that its points are the same."""
        return PathOfStates(card, self.temperature, self.points if same else None)

    def states(self, place: FloatArray) -> dict[str, FloatArray]:
        """Return the states at places [their units]."""
        return {name: np.interp(place, self.corners, values) for name, values in self.points.items()}

    def current(self, place: FloatArray, voltage: FloatArray) -> FloatArray:
        """Return the currents [A] of (n,) devices at places and voltages [V]."""
        devices = CompiledDevices(self.card, len(place), temperature=self.temperature)
        return held_current(devices, self.states(np.asarray(place, float)), np.asarray(voltage, float))

    def places(self, voltage: FloatArray, current: FloatArray) -> FloatArray:
        """Return the places at which devices have currents [A] at voltages [V]; an end if it is out of reach."""
        n = len(voltage)
        table = self.current(np.tile(self.grid, n), np.repeat(voltage, _GRID)).reshape(n, _GRID)
        logs = np.log(np.maximum(np.abs(table), 1e-300))
        wanted = np.log(np.abs(current))
        below = np.clip((logs >= wanted[:, None]).sum(1) - 1, 0, _GRID - 2)
        rows = np.arange(n)
        high, low = logs[rows, below], logs[rows, below + 1]
        share = np.clip((high - wanted) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
        found: FloatArray = self.grid[below] + share * (self.grid[below + 1] - self.grid[below])
        return found

    def rate(self, place: FloatArray, voltage: FloatArray) -> FloatArray:
        """Return how fast devices move along the path [1/s] at places and voltages [V]."""
        devices = CompiledDevices(self.card, 1, temperature=self.temperature)
        nodes, which = devices.state_nodes, np.zeros(len(place), np.int64)
        points = np.zeros((len(place), len(devices.nodes)))
        points[:, 0] = voltage
        for name, values in self.states(place).items():
            points[:, nodes[name]] = values - devices.parameter(f"{name}_ini")
        held = {*range(len(devices.terminals)), *nodes.values()}
        free = [k for k in range(len(devices.nodes)) if k not in held and devices.node_of[k] == k]
        if free:
            devices = CompiledDevices(self.card, len(place), temperature=self.temperature)
            settle(devices, points, free)
            which = np.arange(len(place))
        moving = -devices.evaluate(points, RUNNING, which=which, jacobian=False, reactive=False).resistive
        ahead, behind = (self.states(np.clip(place + s * 1e-6, 0.0, 1.0)) for s in (1.0, -1.0))
        tangents = {name: (ahead[name] - behind[name]) / 2e-6 for name in ahead}
        square = sum(t**2 for t in tangents.values())
        along: FloatArray = sum(t * moving[:, nodes[n]] for n, t in tangents.items()) / np.maximum(square, 1e-300)
        return along


__all__ = ["PathOfStates", "refuse_unmoved", "within_bounds"]
