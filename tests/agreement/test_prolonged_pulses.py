"""A spike during a pulse, edges included, prolongs it and the line does not fall between: at every level."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.bench.stimuli import sample
from rramcirc.circuits.network.bench import NETWORK_NEURON
from rramcirc.circuits.network.networks import spike_currents
from rramcirc.circuits.neuron.netlist import step_control

CELL = rc.Cell("hfo2_filament", "nmos_select")
EDGE, WIDTH, VOLTS = 1e-4, 1e-3, 3.0
PULSES = rc.SynapsePulses(gate_voltage=VOLTS, gate_width=WIDTH, te_width=WIDTH, edge=EDGE, reset_delay=5e-3)


@pytest.mark.parametrize("gap", [0.5e-3, 1.0e-3, 1.05e-3, 1.1e-3, 1.15e-3, 1.19e-3, 1.3e-3])
def test_all_records_of_a_gate_pulse_mean_the_same(gap):
    spikes, time = [1e-3, 1e-3 + gap], np.linspace(0.0, 6e-3, 6001)
    level = sample(rc.gate_stimulus(PULSES, spikes), time)
    assert level == pytest.approx(sample(rc.GatePulse(VOLTS, WIDTH, EDGE).stimulus(spikes), time), abs=1e-9)
    assert PULSES.gate_pulse == rc.GatePulse(VOLTS, WIDTH, EDGE)
    between = level[(time > 1e-3 + EDGE) & (time < 1e-3 + gap + WIDTH)]
    during = gap <= WIDTH + EDGE + 1e-12  # the pulse takes a width and an edge
    assert between.min() == pytest.approx(VOLTS if during else 0.0, abs=0.31)
    assert (between.min() > VOLTS - 1e-9) == during


def test_a_read_prolongs_a_gate_pulse_and_a_short_pulse_shortens_none():
    gate = rc.gate_stimulus(replace(PULSES, gate_width=10e-3), [0.0], [2e-3])
    assert gate.times[-1] == pytest.approx(10e-3 + EDGE)


def test_a_bipolar_pulse_is_that_of_the_synapse():
    time = np.linspace(0.0, 12e-3, 12001)
    ours, theirs = rc.te_stimulus(PULSES, [1e-3]), PULSES.te_pulse.stimulus([1e-3])
    assert sample(ours, time) == pytest.approx(sample(theirs, time), abs=1e-9)


@pytest.mark.parametrize("engine", ["ngspice", "network"])
@pytest.mark.parametrize(("gap", "falls"), [(9.8e-3, False), (10.5e-3, True)])
def test_a_neuron_that_fires_during_its_gate_pulse_prolongs_it(engine, gap, falls):
    charge = 2.5 * NETWORK_NEURON.capacitance * NETWORK_NEURON.threshold
    stimuli = spike_currents([2e-3, 2e-3 + gap], [0, 0], charge)
    network = rc.HopfieldNetwork(CELL, 2, NETWORK_NEURON, excitatory_conductance=5e-6, inhibitory_conductance=5e-6)
    bench = rc.Testbench(
        network, rc.Transient(0.03, 2e-5), stimuli, options=step_control(NETWORK_NEURON, 1e-3), probes=("v(gate0)",)
    )
    waves = rc.simulate(bench, engine)
    assert waves.spikes.neurons.tolist() == [0, 0]
    first, last = waves.spikes.times
    on = (waves.time > first + 50e-6) & (waves.time < last + NETWORK_NEURON.pulses.gate_width - 100e-6)
    assert (waves["v(gate0)"][on].min() < 0.1) == falls
    after = waves["v(gate0)"][waves.time > last + NETWORK_NEURON.pulses.gate_width + 100e-6]
    assert after.max() < 0.1
