"""16 PREs, 1T1R synapses and one POST as a circuit: its testbench, the same for ngspice and the device level.

An active PRE opens its gate from 0.2 to 9.2 ms of the epoch; the synapses are read at 0.1 V meanwhile. The POST adds up
their charge without leak. When it fires, its top electrodes get a positive pulse (SET of the synapses whose gates are
open) and, 9.3 ms later, that is in the next epoch, a negative one against the common mode (RESET). A fire before that
cancels the negative pulse, as the neuron starts its pulses anew.

At 0.1 V and an LRS of 47 uS a synapse brings 42 nC in an epoch, in the paper 0.5 uC at the threshold; with 0.5 V and
100 uS, which would be that charge, HRS is disturbed. The neuron's current gain makes it 0.5 uC at the membrane.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray
from rramcirc.bench.analyses import Transient
from rramcirc.bench.stimuli import Stimulus, pulse_sequence
from rramcirc.bench.synapse_pulses import SynapsePulses
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.network.networks import Perceptron
from rramcirc.circuits.neuron.netlist import step_control
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.variability import sample_devices
from rramcirc.devices.pulses.response import pulse_response
from rramcirc.papers.pedretti2018.setup import Learning
from rramcirc.waveforms.waveforms import Waveforms

OPEN = 0.2e-3  # [s] from the beginning of an epoch to the opening of a gate
_CORNER = 1e-6  # [s], edges of pulses in `pulsed`


@dataclass(frozen=True)
class SynapseCircuit:
    """Pulses and neuron. LRS is limited by the gate, HRS follows from the RESET; both were looked for to give 10x."""

    card: str = "hfo2_filament"
    selector: str = "nmos_select"
    set_voltage: float = field(
        default=1.2, metadata={"units": "V", "status": "fitted", "desc": "at 1.5 V steps of ngspice get too small"}
    )
    reset_voltage: float = field(default=-1.0, metadata={"units": "V", "status": "fitted"})
    set_width: float = field(default=0.5e-3, metadata={"units": "s", "status": "assumed"})
    reset_width: float = field(default=1e-3, metadata={"units": "s", "status": "assumed"})
    delay: float = field(default=9.3e-3, metadata={"units": "s", "status": "assumed", "desc": "of the negative pulse"})
    gate: float = field(default=3.0, metadata={"units": "V", "status": "fitted"})
    common_mode: float = field(default=1.6, metadata={"units": "V", "status": "assumed"})
    read_voltage: float = field(default=0.1, metadata={"units": "V", "status": "assumed"})
    opened: float = field(default=9e-3, metadata={"units": "s", "status": "assumed", "desc": "gate pulse"})
    edge: float = field(default=10e-6, metadata={"units": "s", "status": "assumed"})
    lrs: float = field(default=47e-6, metadata={"units": "S", "status": "fitted", "desc": "after two SET pulses"})
    share: float = field(
        default=0.8, metadata={"units": "1", "status": "assumed", "desc": "threshold over the charge of LRS"}
    )
    refractory: float = field(default=0.6e-3, metadata={"units": "s", "status": "assumed"})

    @property
    def cell(self) -> Cell:
        """The synapse."""
        return Cell(load_card(self.card), load_card(self.selector))

    def gain(self, setting: Learning) -> float:
        """Return the current gain of the neuron: the published threshold over the charge of the array [1]."""
        return setting.threshold / (self.share * self.lrs * self.read_voltage * self.opened)

    def neuron(self, setting: Learning) -> LifNeuron:
        """Return the POST: threshold 1 V on the capacitance that makes it the published charge."""
        return LifNeuron(
            capacitance=setting.threshold * setting.active, leak_time=1e4, refractory=self.refractory,
            input_gain=self.gain(setting), pulses=self.pulses(setting),
        )  # fmt: skip

    def pulses(self, setting: Learning) -> SynapsePulses:
        """Return what a spike of the POST does."""
        return SynapsePulses(
            self.common_mode, self.gate, self.set_voltage, -self.reset_voltage, setting.epoch + self.reset_width,
            self.set_width, self.delay, self.edge, self.read_voltage, self.reset_width,
        )  # fmt: skip


def draw_epochs(setting: Learning, seed: int) -> tuple[IntArray, BoolArray]:
    """Return the kind of every epoch (1 pattern, 0 noise) and which PREs spike in it, (epochs, inputs)."""
    rng = np.random.default_rng([seed, 2])
    kinds = np.arange(setting.epochs) % 2 == 0 if setting.strict else rng.random(setting.epochs) < setting.shown
    wanted = np.where(kinds[:, None], setting.pattern, rng.random((setting.epochs, setting.inputs)) < setting.noise)
    active = np.zeros_like(wanted)
    for e in range(setting.epochs):
        active[e] = wanted[e] & ~active[e - 1] if e else wanted[e]
    return kinds.astype(np.int64), active


def draw_start(setting: Learning, circuit: SynapseCircuit, seed: int) -> tuple[dict[str, FloatArray], FloatArray]:
    """Return the spread of the synapses and their first conductances [S]: LRS or a tenth of it, at random."""
    rng = np.random.default_rng([seed, 3])
    spread = sample_devices(circuit.cell.rram, (setting.inputs, 1), rng)
    high = rng.permutation(setting.inputs) < setting.inputs // 2
    return spread, np.where(high, circuit.lrs, 0.1 * circuit.lrs)[:, None]


def synapse_bench(
    setting: Learning, circuit: SynapseCircuit, active: BoolArray, spread: Mapping[str, FloatArray], start: FloatArray
) -> Testbench:
    """Return the testbench of epochs in which given PREs spike, (epochs, inputs); states are recorded once an epoch."""
    stimuli: dict[str, Stimulus] = {}
    for i in range(setting.inputs):
        begins = setting.epoch * np.flatnonzero(active[:, i]) + OPEN - 0.5 * circuit.edge
        if begins.size:
            stimuli[f"pre{i}"] = pulse_sequence(begins, circuit.opened - circuit.edge, circuit.gate, edge=circuit.edge)
    neuron = circuit.neuron(setting)
    network = Perceptron(
        circuit.cell, setting.inputs, 1, neuron, learning=True, conductance=start, rram_parameters=dict(spread)
    )
    return Testbench(
        network, Transient(len(active) * setting.epoch, 0.1 * setting.epoch), stimuli,
        probes=("v(mem0)", *(f"{name}[*,*]" for name in circuit.cell.states)), options=step_control(neuron, 1e-5),
        name="Pedretti 2018, 16 synapses",
    )  # fmt: skip


def conductances(
    circuit: SynapseCircuit, setting: Learning, waves: Waveforms, spread: Mapping[str, FloatArray]
) -> FloatArray:
    """Return the conductance of every synapse at the end of every epoch, transistor included, (epochs, inputs) [S]."""
    count = round(waves.time[-1] / setting.epoch)
    looks = setting.epoch * np.arange(1, count + 1)
    states = {
        name: np.array([np.interp(looks, waves.time, waves[f"{name}[{i},0]"]) for i in range(setting.inputs)])
        for name in circuit.cell.states
    }
    parameters = {name: np.repeat(values[:, 0], count) for name, values in spread.items()}
    flat = {name: np.maximum(values, 0.0).ravel() for name, values in states.items()}
    read = pulsed(circuit, flat, circuit.read_voltage, 1e-6, parameters)[0]
    return read.reshape(setting.inputs, count).T


def pulsed(
    circuit: SynapseCircuit, states: Mapping[str, FloatArray], voltage: float, width: float,
    parameters: Mapping[str, FloatArray] | None = None,
) -> tuple[FloatArray, dict[str, FloatArray]]:  # fmt: skip
    """Return the conductances [S] of cells with open gates behind one pulse, and their states.

    Parameters
    ----------
    states, parameters
        State or instance parameter -> (n,) array [its unit].
    voltage, width
        Of the pulse [V, s].
    """
    count, read = len(next(iter(states.values()))), circuit.read_voltage
    times = np.array([0.0, 1.0, 1.0, 2.0, 3.0]) * _CORNER + np.array([0.0, 0.0, 1.0, 1.0, 1.0]) * width
    found = pulse_response(
        load_card(circuit.card), np.tile(times, (count, 1)), np.tile([read, voltage, voltage, read, read], (count, 1)),
        states, selector=load_card(circuit.selector), gate_voltages=np.full((count, 5), circuit.gate),
        source_line=circuit.common_mode, parameters=parameters,
    )  # fmt: skip
    return found.current[:, -1] / read, {name: values[:, -1] for name, values in found.states.items()}
