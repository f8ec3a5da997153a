"""The voltage that is left for the device of a 1T1R cell in a sweep, where its current was measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.devices.compiled.devices import CompiledDevices
from rramcirc.studies.fit.model import Protocol

_HALVINGS = 40
_LEAST = 0.01  # [V] of the device, below which a reading tells nothing of it


def without_transistor(protocol: Protocol, temperature: float) -> Protocol:
    """Return a sweep as if the device had been measured alone, at the voltage that the transistor leaves to it.

    Current, gate and lines are known at every reading, so is the drop across the transistor. Readings at which it
    takes nearly the whole voltage are left out.

    Parameters
    ----------
    protocol
        A sweep of a cell with a transistor.
    temperature
        [K].
    """
    assert protocol.series is not None  # what has a transistor
    assert protocol.gates is not None
    across = protocol.voltages[protocol.device, protocol.corner]
    gate = protocol.gates[protocol.device, protocol.corner]
    raised = np.maximum(-across, 0.0) if protocol.source_line is None else np.full(len(across), protocol.source_line)
    top = across + raised
    bottom = _bottom_electrode(protocol, np.sign(across) * protocol.current, (top, gate, raised), temperature)
    alone = top - bottom
    kept = np.abs(alone) > _LEAST
    voltages = protocol.voltages.copy()
    voltages[protocol.device, protocol.corner] = alone
    cut = {name: getattr(protocol, name)[kept] for name in ("device", "corner", "row", "current")}
    return replace(protocol, voltages=voltages, gates=None, series=None, source_line=None, **cut)


def _bottom_electrode(
    protocol: Protocol, current: FloatArray, lines: tuple[FloatArray, FloatArray, FloatArray], temperature: float
) -> FloatArray:
    """Return the drain voltage at which the transistor carries a current into the drain [V], by halving."""
    top, gate, source = lines
    assert protocol.series is not None
    transistor = CompiledDevices(protocol.series, len(top), temperature=temperature)
    low, high = np.minimum(top, source), np.maximum(top, source)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        points = np.stack([middle, gate, source, 0.0 * gate], 1)
        found = transistor.evaluate(points, jacobian=False, reactive=False).resistive[:, 0]
        low, high = np.where(found < current, middle, low), np.where(found < current, high, middle)
    result: FloatArray = 0.5 * (low + high)
    return result


__all__ = ["without_transistor"]
