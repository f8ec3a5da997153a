"""Default testbenches of spiking networks: small, in seconds of CPU time, and something happens in them."""

from __future__ import annotations

import numpy as np

from rramcirc.bench.analyses import Transient
from rramcirc.bench.spike_trains import poisson_trains
from rramcirc.bench.stimuli import SpikeTrain, Stimulus
from rramcirc.bench.synapse_pulses import SynapsePulses
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.bench import synapse_cell
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron, spike_currents
from rramcirc.circuits.neuron.netlist import step_control
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.circuits.readout.bench import conductance_window
from rramcirc.circuits.request import Request

#: Pulses at which a 1T1R cell of the default card switches gradually: the mean over a pool of devices needs 5 to 15
#: overlaps of 1 ms to go half the way (fitted, by simulation). Levels of a network with inhibitory synapses.
NETWORK_PULSES = SynapsePulses(
    common_mode=1.6, gate_voltage=3.0, set_voltage=0.93, reset_voltage=0.0, inhibitory_voltage=0.75
)
NETWORK_NEURON = LifNeuron(capacitance=67e-12, leak_time=90e-3, pulses=NETWORK_PULSES)
RATE = 200.0  # [Hz], external spikes [Milo2018, Sec. III]
CHARGE = 0.45  # of the threshold charge, external spike


def hopfield_bench(cell: Cell, neurons: int = 4, duration: float = 0.1, seed: int = 1) -> Testbench:
    """Return a Hopfield network that learns: all neurons but the last get external Poisson spikes.

    Excitatory synapses start in HRS, inhibitory ones in LRS.
    """
    high_resistance, low_resistance = conductance_window(cell.rram)
    network = HopfieldNetwork(
        cell, neurons, NETWORK_NEURON, learning=True, excitatory_conductance=high_resistance,
        inhibitory_conductance=low_resistance,
    )  # fmt: skip
    rates = np.full(neurons, RATE)
    rates[-1] = 0.0
    train = poisson_trains(rates, duration, seed)
    charge = CHARGE * NETWORK_NEURON.capacitance * NETWORK_NEURON.threshold
    return Testbench(
        network, Transient(duration, max_step=1e-3), spike_currents(*train, charge),
        options=step_control(NETWORK_NEURON, 1e-2), seed=seed,
    )  # fmt: skip


def perceptron_bench(cell: Cell, inputs: int = 4, outputs: int = 1, duration: float = 0.1) -> Testbench:
    """Return a perceptron that learns: the first half of the PRE lines fires every 25 ms, the POST neurons are taught.

    All synapses start in HRS; a current spike fires every POST neuron 3 ms after the PRE lines.
    """
    network = Perceptron(
        cell, inputs, outputs, NETWORK_NEURON, learning=True, conductance=conductance_window(cell.rram)[0]
    )
    starts, period = np.arange(5e-3, duration - 12e-3, 25e-3), 3e-3
    gate = SpikeTrain(starts, NETWORK_PULSES.gate_voltage, NETWORK_PULSES.gate_width, 1e-6, 1e-6)
    stimuli: dict[str, Stimulus] = {f"pre{i}": gate for i in range((inputs + 1) // 2)}
    teacher = 1.2 * NETWORK_NEURON.capacitance * NETWORK_NEURON.threshold
    times, posts = np.repeat(starts + period, outputs), np.tile(np.arange(outputs), starts.size)
    stimuli |= spike_currents(times, posts, teacher)
    return Testbench(
        network, Transient(duration, max_step=1e-3), stimuli, options=step_control(NETWORK_NEURON, 1e-2)
    )  # fmt: skip


def default_hopfield(request: Request) -> Testbench:
    """Return a Hopfield network of the size that was asked for."""
    request.refuse("hopfield")
    neurons = request.square(least=2)
    return hopfield_bench(synapse_cell(request), neurons, seed=1 if request.seed is None else request.seed)


def default_perceptron(request: Request) -> Testbench:
    """Return a perceptron of the size that was asked for."""
    request.refuse("perceptron")
    inputs, outputs = (4 if request.rows is None else request.rows), (1 if request.columns is None else request.columns)
    return request.seeded(perceptron_bench(synapse_cell(request), inputs, outputs))
