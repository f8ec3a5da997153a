"""Generators: testbench in, circuit and netlist text out."""

from __future__ import annotations

from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.cell_netlist import cell_circuit
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.crossbar_netlist import crossbar_circuit
from rramcirc.circuits.elements import Circuit
from rramcirc.circuits.network.netlist import hopfield_circuit, perceptron_circuit
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron
from rramcirc.circuits.neuron.netlist import neuron_circuit
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.circuits.readout.netlist import readout_array_circuit, readout_circuit
from rramcirc.circuits.readout.readout import Readout, ReadoutArray
from rramcirc.circuits.recurrent.netlist import recurrent_circuit
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork
from rramcirc.engines.netlist import Netlist
from rramcirc.engines.ngspice.spelling import spice_netlist

__all__ = ["build_circuit", "build_netlist"]


def build_circuit(bench: Testbench) -> Circuit:
    """Return the circuit of a testbench as groups of elements, in no simulator's syntax."""
    match bench.design:
        case Cell():
            return cell_circuit(bench)
        case Crossbar():
            return crossbar_circuit(bench)
        case Readout():
            return readout_circuit(bench)
        case ReadoutArray():
            return readout_array_circuit(bench)
        case LifNeuron():
            return neuron_circuit(bench)
        case HopfieldNetwork():
            return hopfield_circuit(bench)
        case Perceptron():
            return perceptron_circuit(bench)
        case RecurrentNetwork():
            return recurrent_circuit(bench)
    raise ParameterError(f"build_circuit: no generator for a {type(bench.design).__name__}.")


def build_netlist(bench: Testbench, simulator: str = "ngspice") -> Netlist:
    """Return the netlist of a testbench.

    Parameters
    ----------
    bench
        Design, stimuli and analysis.
    simulator
        ``"ngspice"`` or ``"vacask"``.
    """
    if not isinstance(bench, Testbench):
        raise ParameterError(f"build_netlist: {bench!r} is no Testbench.")
    if simulator not in ("ngspice", "vacask"):
        raise ParameterError(unknown_name("simulator", str(simulator), ("ngspice", "vacask")))
    if simulator == "vacask":
        from rramcirc.engines.vacask.spelling import vacask_netlist

        return vacask_netlist(build_circuit(bench), bench)
    return spice_netlist(build_circuit(bench), bench)
