"""Conductance from a read pulse and energies, on closed forms and on a cell in ngspice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.analysis.readings import cell_energies, line_energies, read_conductance
from rramcirc.basics.errors import NetlistError, WaveformError
from rramcirc.bench.analyses import Transient
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.elements import Instances
from rramcirc.circuits.neuron.netlist import neuron_circuit
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.circuits.ports import check_ports


def test_read_conductance_takes_offsets_out():
    time = np.linspace(0.0, 1.0, 101)
    voltage = np.where(time > 0.5, 0.3, 0.1)
    current = 2e-5 * (voltage - 0.02) + 1e-6
    assert read_conductance(voltage, current, time, 0.6, 0.9, base=(0.1, 0.4)) == pytest.approx(2e-5, rel=1e-9, abs=0)
    with pytest.raises(WaveformError, match="that of the base"):
        read_conductance(voltage, current, time, 0.6, 0.9, base=(0.7, 0.8))


def test_energy_of_lines_and_devices_balance_in_a_cell():
    cell = rc.Cell("hfo2_filament", "nmos_select")
    bench = rc.Testbench(cell, Transient(2e-6, max_step=5e-9), {"bl": rc.Pulse(2.0, 1e-6), "wl": rc.Constant(1.5)})
    waves = rc.simulate(bench)
    lines, devices = line_energies(waves), cell_energies(waves)
    assert devices["rram"] > 0
    assert devices["selector"] > 0
    # the rest charges the transistor's capacitances: femtofarads at volts, a few tens of femtojoule
    assert sum(lines.values()) == pytest.approx(sum(devices.values()), rel=0.01, abs=1e-13)


def test_missing_signals_are_named():
    cell = rc.Cell("hfo2_filament", "nmos_select")
    bench = rc.Testbench(cell, Transient(1e-7), {"bl": rc.Pulse(0.1, 5e-8)}, probes=("v(bl)",))
    waves = rc.simulate(bench)
    with pytest.raises(WaveformError, match="current was not recorded"):
        cell_energies(waves)
    with pytest.raises(WaveformError, match="no line has both"):
        line_energies(waves)


def test_an_unconnected_port_is_refused_by_name_before_ngspice_starts():
    circuit = neuron_circuit(Testbench(LifNeuron(), Transient(1e-3)))
    (instance,) = (g for g in circuit.block if isinstance(g, Instances))
    check_ports(circuit)
    short = replace(circuit, block=(replace(instance, nodes=instance.nodes[:-2]),))
    with pytest.raises(NetlistError, match="port vdd, cm of lif is not connected"):
        check_ports(short)
    blank = replace(circuit, block=(replace(instance, nodes=("in", "", *instance.nodes[2:])),))
    with pytest.raises(NetlistError, match="port ext of lif is not connected"):
        check_ports(blank)
    with pytest.raises(NetlistError, match="9 nodes for the 8 ports"):
        check_ports(replace(circuit, block=(replace(instance, nodes=(*instance.nodes, "more")),)))
    with pytest.raises(NetlistError, match="lif"):
        check_ports(replace(circuit, block=(replace(instance, subcircuit="lyf"),)))
