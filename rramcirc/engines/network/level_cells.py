"""Curves of a network's own cell under its own pulses, measured with the compiled model.

A synapse of the network level is one number, its current at the read voltage. Each pulse that its neurons can give it,
SET or RESET, moves it along a curve: current and states against number of full overlaps of gate and top-electrode
pulse. The curves begin at the states that the network begins with, so that synapses which are alike follow their cell
exactly; those that begin elsewhere are put on the curve at the same current.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron
from rramcirc.devices.pulses.response import PulseResponse, pulse_response

EDGE = 1e-6  # [s], at most; of the pulses that measure
FIRST, LAST, POINTS = 0.02, 5000.0, 160  # full overlaps
States = Mapping[str, FloatArray]


@dataclass(frozen=True)
class PulseTrack:
    """What equal pulses make of a cell: (n,) overlaps and currents at the read voltage [A], (n,) of each state."""

    dose: FloatArray
    current: FloatArray
    states: dict[str, FloatArray]

    def at(self, dose: float) -> dict[str, FloatArray]:
        """Return the states after some overlaps, (1,) each."""
        return {name: np.array([np.interp(dose, self.dose, values)]) for name, values in self.states.items()}


def read_currents(network: HopfieldNetwork | Perceptron, states: States, sign: float, temperature: float) -> FloatArray:
    """Return the current [A] of cells in given states at the read voltage times `sign`, gate open; any shape."""
    shape = np.broadcast_shapes(*(np.shape(values) for values in states.values()))
    flat = {name: np.broadcast_to(values, shape).astype(float).ravel() for name, values in states.items()}
    times = np.zeros((max(1, int(np.prod(shape))), 2))
    found = _response(network, times, np.full_like(times, sign * network.neuron.pulses.read_voltage), flat, temperature)
    return found.current[:, -1].reshape(shape)


def pulse_track(
    network: HopfieldNetwork | Perceptron, start: States, amplitude: float, width: float, sign: float,
    temperature: float,
) -> PulseTrack:  # fmt: skip
    """Return what pulses of an amplitude [V] and width [s] make of one cell that begins with `start`."""
    dose = np.concatenate([[0.0], np.geomspace(FIRST, LAST, POINTS)])
    lengths = np.diff(dose) * width
    edges = np.minimum(EDGE, 0.05 * lengths)
    read = sign * network.neuron.pulses.read_voltage
    # edges of half the area on both sides: the top is shorter by one edge
    parts = np.stack([edges, lengths - edges, edges, EDGE * np.ones_like(edges)], axis=1).ravel()
    times = np.concatenate([[0.0], np.cumsum(parts)])
    levels = np.concatenate([[read], np.tile([amplitude, amplitude, read, read], lengths.size)])
    found = _response(network, times[None], levels[None], {k: np.atleast_1d(v) for k, v in start.items()}, temperature)
    looks = np.arange(0, times.size, 4)
    current = found.current[0, looks]
    ordered = np.maximum.accumulate(current) if current[-1] > current[0] else np.minimum.accumulate(current)
    return PulseTrack(dose, ordered, {name: values[0, looks] for name, values in found.states.items()})


def _response(
    network: HopfieldNetwork | Perceptron, times: FloatArray, levels: FloatArray, states: States, temperature: float
) -> PulseResponse:
    neuron, cell = network.neuron, network.cell
    selector = cell.selector
    if selector is not None and cell.selector_parameters:
        selector = selector.with_values(dict(cell.selector_parameters))
    return pulse_response(
        cell.rram, times, levels, states, selector=selector, gate_voltages=neuron.pulses.gate_voltage,
        source_line=neuron.pulses.common_mode, parameters=dict(cell.rram_parameters) or None, temperature=temperature,
    )  # fmt: skip
