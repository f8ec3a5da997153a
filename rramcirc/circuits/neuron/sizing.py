"""Operating points of single transistors, from the compiled model: sizes and biases follow from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.basics.errors import ParameterError
from rramcirc.devices.cards.model_card import ModelCard

if TYPE_CHECKING:
    from rramcirc.devices.compiled.devices import CompiledDevices


def drain_current(
    card: ModelCard, drain: float, gate: float, source: float, bulk: float, width: float, length: float
) -> float:
    """Return the current into the drain of one transistor [A].

    Parameters
    ----------
    card
        With a Verilog-A module of terminals d, g, s, b.
    drain, gate, source, bulk
        Node voltages [V].
    width, length
        Of the channel [m].
    """
    devices = _devices(card, width, length)
    return float(
        devices.evaluate(np.array([[drain, gate, source, bulk]]), jacobian=False, reactive=False).resistive[0, 0]
    )


def _devices(card: ModelCard, width: float, length: float) -> CompiledDevices:
    if not card.module or card.declaration is None or card.declaration.ports[:4] != ("d", "g", "s", "b"):
        raise ParameterError(
            f"card {card.name}: the neuron's transistors are sized with the compiled model, which needs a card with a "
            "Verilog-A module of terminals d, g, s, b. Use nmos_select and pmos_select."
        )
    from rramcirc.devices.compiled.devices import CompiledDevices

    return CompiledDevices(card, 1, {"w": width, "l": length})


def solve(function: Callable[[float], float], low: float, high: float, what: str) -> float:
    """Return the place between two bounds where a function is zero.

    Raises
    ------
    ParameterError
        If the function has the same sign at both ends: the circuit has no such operating point; names `what`.
    """
    from scipy.optimize import brentq

    at_low, at_high = function(low), function(high)
    if not at_low * at_high <= 0:
        raise ParameterError(f"{what}: has no solution between {low:g} and {high:g}.")
    return float(brentq(function, low, high, xtol=1e-12, rtol=1e-10))
