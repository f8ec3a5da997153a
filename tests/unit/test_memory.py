"""Circuits that do not fit into the memory are refused before it is taken, with an estimate."""

from __future__ import annotations

import numpy as np
import pytest
from command import call

import rramcirc as rc
from rramcirc.basics import memory
from rramcirc.basics.memory import check_memory, machine_memory


def test_memory_of_the_machine_is_a_sensible_number():
    assert 1e8 < machine_memory() < 1e15


def test_estimate_says_memory_and_time(monkeypatch):
    monkeypatch.setattr(memory, "machine_memory", lambda: 16e9)
    check_memory("an array", 1e6, 1e3)
    said = r"an array: about 20 GB of memory and 2\.8 hours; this machine has 16 GB.*Choose fewer rows and columns"
    with pytest.raises(rc.ParameterError, match=said):
        check_memory("an array", 1e7, 2e3, 1e-3)


@pytest.mark.parametrize("circuit", ["crossbar", "readout", "hopfield", "perceptron", "recurrent"])
def test_a_circuit_beyond_every_machine_is_refused_at_once(circuit, tmp_path):
    square = [] if circuit in ("hopfield", "recurrent") else ["--columns", "1000000"]
    done = call("build-netlist", circuit, "--rows", "1000000", *square, "-o", "x.cir", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert " TB of memory" in done.stderr
    assert not (tmp_path / "x.cir").exists()


@pytest.mark.parametrize("engine", ["ngspice", "vacask", "numpy"])
def test_every_engine_estimates_before_it_begins(engine, monkeypatch):
    bench = rc.Testbench(rc.Crossbar(rc.Cell("hfo2_filament"), 100, 100), rc.OperatingPoint())
    monkeypatch.setattr(memory, "machine_memory", lambda: 5e6)
    with pytest.raises(rc.ParameterError, match=r"100 x 100 1R crossbar.* of memory"):
        rc.simulate(bench, engine)


@pytest.mark.parametrize("engine", ["network", "numpy"])
def test_memory_of_a_recurrent_network_grows_with_its_synapses(engine, monkeypatch):
    """Two for every pair of neurons: 32 neurons have 2,048, of 1.2 kB each."""
    weights = 0.01 * (np.ones((32, 32)) - np.eye(32))
    network = rc.RecurrentNetwork(rc.load_card("plastic_zoppo2019"), 32, weights)
    bench = rc.Testbench(network, rc.Transient(1e-6))
    monkeypatch.setattr(memory, "machine_memory", lambda: 2e6)
    with pytest.raises(rc.ParameterError, match=r"of memory"):
        rc.simulate(bench, engine)
