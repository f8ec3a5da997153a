"""Default testbenches of neuron and networks: small, in seconds of CPU time, and something happens in them."""

from __future__ import annotations

import numpy as np

from rramcirc.bench.analyses import Transient
from rramcirc.bench.spike_trains import poisson_trains
from rramcirc.bench.stimuli import Constant, PiecewiseLinear, SpikeTrain
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron, spike_currents
from rramcirc.circuits.neuron.netlist import step_control
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.circuits.readout.benches import conductance_window
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork

#: Pulses at which a 1T1R cell of the default card switches gradually, in several overlaps (assumed, by simulation).
NETWORK_NEURON = LifNeuron(
    capacitance=67e-12, leak_time=90e-3, te_amplitude=0.93, ti_amplitude=-0.75, gate_amplitude=3.0, common_mode=1.6
)
RATE = 200.0  # [Hz], external spikes [Milo2018, Sec. III]
CHARGE = 0.45  # of the threshold charge, external spike


def neuron_bench(neuron: LifNeuron | None = None, current: float = 10e-9, duration: float = 0.1) -> Testbench:
    """Return a neuron alone that gets a step of current.

    Parameters
    ----------
    neuron
        Default: one with te and ti pulses.
    current
        Membrane current after the step [A].
    duration
        [s]
    """
    neuron = neuron or LifNeuron(te_amplitude=0.93, ti_amplitude=-0.75)
    begin = 0.05 * duration
    step = PiecewiseLinear([0.0, begin, begin + 1e-6], [0.0, 0.0, current], "A")
    longest = min(0.01 * duration, neuron.refractory / 10)
    return Testbench(neuron, Transient(duration, max_step=longest), {"ext": step}, options=step_control(neuron))


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
    gate = SpikeTrain(starts, NETWORK_NEURON.gate_amplitude, NETWORK_NEURON.gate_width, 1e-6, 1e-6)
    stimuli: dict = {f"pre{i}": gate for i in range((inputs + 1) // 2)}
    teacher = 1.2 * NETWORK_NEURON.capacitance * NETWORK_NEURON.threshold
    times, posts = np.repeat(starts + period, outputs), np.tile(np.arange(outputs), starts.size)
    stimuli |= spike_currents(times, posts, teacher)
    return Testbench(
        network, Transient(duration, max_step=1e-3), stimuli, options=step_control(NETWORK_NEURON, 1e-2)
    )  # fmt: skip


def recurrent_bench(card: str, neurons: int = 4, duration: float = 100.0, seed: int = 1) -> Testbench:
    """Return a recurrent network that learns to answer half a pattern of +1 and -1 V with 0.9 of it [Zoppo2019].

    Weights start at random between -0.1 and 0.1, as in the paper; the pattern alternates.
    """
    weights = np.random.default_rng(seed).uniform(-0.1, 0.1, (neurons, neurons))
    pattern = np.where(np.arange(neurons) % 2, -1.0, 1.0)
    stimuli = {f"in{k}": Constant(0.5 * level) for k, level in enumerate(pattern)}
    stimuli |= {f"target{k}": Constant(0.9 * level) for k, level in enumerate(pattern)}
    network = RecurrentNetwork(card, neurons, weights)
    return Testbench(network, Transient(duration, max_step=0.01 * duration), stimuli, seed=seed)
