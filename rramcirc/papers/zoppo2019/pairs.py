"""Weights as differences of two devices, read and programmed as an array does it.

All currents and states come from the compiled model of the card; there is no copy of the weights in numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.cards.variability import sample_devices
from rramcirc.devices.compiled.conductance import states_for_conductance
from rramcirc.devices.compiled.devices import CompiledDevices
from rramcirc.devices.pulses.response import pulse_response

EDGE = 0.01  # of a pulse, over its width
POINTS = 5  # on the top of a pulse, for its energy


@dataclass(frozen=True)
class PulsedCell:
    """A device, the pulses that move it and the conductances that weights are counted in.

    Attributes
    ----------
    card, selector
        Names of the cards; without selector the array is 1R, written by the V/3 scheme.
    set_voltage, reset_voltage : float
        Of the whole cell [V].
    set_gate, reset_gate : float
        Gate of the select transistor [V].
    width
        Of a pulse [s].
    middle, unit : float
        Mean conductance at the start, and conductance of the weight 1 [S].
    """

    card: str
    selector: str | None
    set_voltage: float
    reset_voltage: float
    set_gate: float
    reset_gate: float
    width: float
    middle: float
    unit: float


CELLS = {
    "hfo2_filament": PulsedCell("hfo2_filament", "nmos_select", 0.9, -0.75, 1.2, 3.0, 10e-6, 70e-6, 140e-6),
    "tiox_fouda2020": PulsedCell("tiox_fouda2020", None, 3.0, -3.0, 0.0, 0.0, 1e-6, 250e-9, 1000e-9),
}


class DevicePairs:
    """The (N, N) weights of a network without self-connections: device 2 k is G+ of pair k, 2 k + 1 is G-.

    Parameters
    ----------
    cell
        Device and pulses.
    weights : (N, N) array
        Wanted at the start [to, from]; devices that differ miss them.
    spread
        Factor on the card's spreads from device to device and from cycle to cycle; 0 is none [1].
    volts
        Read voltage of a state of 1 [V].
    limit
        No device sees more while it is read [V].
    rng
        Source of devices and cycles.
    """

    def __init__(
        self, cell: PulsedCell, weights: FloatArray, spread: float, volts: float, limit: float,
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        self.cell, self.spread, self.volts, self.limit, self.rng = cell, spread, volts, limit, rng
        self.card = load_card(cell.card)
        self.selector = None if cell.selector is None else load_card(cell.selector)
        self.neurons = len(weights)
        to, start = np.nonzero(~np.eye(self.neurons, dtype=bool))
        self.to, self.start = np.repeat(to, 2), np.repeat(start, 2)
        self.sign = np.tile([1.0, -1.0], to.size)
        self.parameters = _drawn(self.card, self.sign.size, spread, rng)
        half = 0.5 * cell.unit * np.repeat(weights[to, start], 2) * self.sign
        self.states = dict(states_for_conductance(self.card, cell.middle + half))
        self.devices = CompiledDevices(self.card, self.sign.size, self.parameters)
        self.pulses, self.energy, self.read_energy = np.zeros(self.sign.size, np.int64), 0.0, 0.0
        self.highest = 0.0

    def currents(self, voltages: FloatArray) -> FloatArray:
        """Return the currents [A] of all devices under (M, devices) read voltages [V], states held."""
        which = np.tile(np.arange(self.sign.size), len(voltages))
        points = np.zeros((which.size, len(self.devices.nodes)))
        points[:, 0] = voltages.ravel()
        for name, values in self.states.items():
            points[:, self.devices.state_nodes[name]] = np.tile(
                values - self.devices.parameter(f"{name}_ini"), len(voltages)
            )
        found: FloatArray = self.devices.evaluate(points, jacobian=False, reactive=False, which=which).resistive[:, 0]
        return found.reshape(voltages.shape)

    def forward(self, v: FloatArray) -> FloatArray:
        """Return sum_j w_ij v_j for (M, N) states: columns are driven, rows give the sums."""
        return self._sums(self._applied(v)[:, self.start], self.to)

    def backward(self, y: FloatArray) -> FloatArray:
        """Return sum_i w_ij y_i for (M, N) states: rows of the same array are driven, columns give the sums."""
        return -self._sums(-self._applied(y)[:, self.to], self.start)

    def _applied(self, states: FloatArray) -> FloatArray:
        return np.clip(self.volts * states, -self.limit, self.limit)

    def _sums(self, voltages: FloatArray, into: IntArray) -> FloatArray:
        self.highest = max(self.highest, float(np.abs(voltages).max()))
        pairs = self.currents(voltages) * self.sign
        lines = np.eye(self.neurons)[into]
        found: FloatArray = pairs @ lines / (self.cell.unit * self.volts)
        return found

    def conductance(self) -> FloatArray:
        """Return the conductance of all devices at 0.1 V [S]."""
        found: FloatArray = self.currents(np.full((1, self.sign.size), 0.1))[0] / 0.1
        return found

    def hold(self, v: FloatArray, y: FloatArray, time_v: float, time_y: float) -> None:
        """Let the states drift while v, then y, (N,) each, are on the lines for times [s]; add the energy."""
        first, second = self._applied(v)[self.start], -self._applied(y)[self.to]
        times = np.tile([0.0, time_v, time_v, time_v + time_y], (self.sign.size, 1))
        volts = np.stack([first, first, second, second], axis=1)
        found = pulse_response(self.card, times, volts, self.states, parameters=self.parameters)
        self.read_energy += float(
            np.sum(first * found.current[:, 0]) * time_v + np.sum(second * found.current[:, 2]) * time_y
        )
        self.states = {name: values[:, -1] for name, values in found.states.items()}

    def drift(self, time: float) -> float:
        """Return the largest relative change of a conductance after a time [s] at the largest read voltage [1]."""
        before, kept = self.conductance(), self.states
        times = np.tile([0.0, time], (self.sign.size, 1))
        volts = np.full(times.shape, self.limit)
        found = pulse_response(self.card, times, volts, kept, parameters=self.parameters)
        self.states = {name: values[:, -1] for name, values in found.states.items()}
        change = np.abs(self.conductance() / before - 1.0).max()
        self.states = kept
        return float(change)

    def program(self, counts: IntArray) -> None:
        """Give every device its number of pulses: positive SET, negative RESET; each pulse is a cycle of its own."""
        for k in range(int(np.abs(counts).max(initial=0))):
            chosen = np.flatnonzero(np.abs(counts) > k)
            self._pulse(chosen, counts[chosen] > 0)
        self.pulses += np.abs(counts)

    def _pulse(self, chosen: IntArray, up: BoolArray) -> None:
        cell, width = self.cell, self.cell.width
        edge = EDGE * width  # a full pulse is `width` long at half height
        tops = np.linspace(edge, width, POINTS)
        times = np.tile(np.concatenate([[0.0], tops, [width + edge]]), (chosen.size, 1))
        shape = np.concatenate([[0.0], np.ones(POINTS), [0.0]])
        volts = np.where(up, cell.set_voltage, cell.reset_voltage)[:, None] * shape
        gates = np.broadcast_to(np.where(up, cell.set_gate, cell.reset_gate)[:, None], volts.shape)
        found = pulse_response(
            self.card, times, volts, {name: values[chosen] for name, values in self.states.items()},
            selector=self.selector, gate_voltages=gates, noise=self.spread * self.rng.standard_normal(chosen.size),
            parameters={name: values[chosen] for name, values in self.parameters.items()},
        )  # fmt: skip
        self.energy += float(np.trapezoid(volts * found.current, times).sum())
        for name, values in found.states.items():
            self.states[name][chosen] = values[:, -1]

    def steps(self) -> tuple[float, float]:
        """Return the weight by which a SET and a RESET pulse move one nominal device in the middle of its range."""
        nominal = DevicePairs(self.cell, np.zeros((2, 2)), 0.0, self.volts, self.limit, np.random.default_rng(0))
        before = nominal.conductance()
        nominal.program(np.array([1, -1, 0, 0]))
        moved = (nominal.conductance() - before) / self.cell.unit
        return float(moved[0]), float(-moved[1])


def _drawn(card: ModelCard, count: int, spread: float, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Return instance parameters of devices that differ `spread` times as much as the card says."""
    if not spread:
        return {}
    wider = [replace(one, sigma_d2d=spread * one.sigma_d2d) for one in card.variability]
    return sample_devices(card, count, rng, wider)
