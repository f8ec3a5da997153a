"""Networks of neurons and 1T1R synapses."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.bench.stimuli import Constant, Floating
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.cell_netlist import cell_subcircuit, device_variables, state_defaults
from rramcirc.circuits.elements import GROUND, CellProbes, Circuit, Group, Instances, Probe, Source
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron, acting_neuron
from rramcirc.circuits.neuron.netlist import PORTS, check_analysis, neuron_subcircuit
from rramcirc.circuits.neuron.neuron import LifNeuron

MATRICES = {"exc": "te", "inh": "ti"}  # matrix -> top-electrode line of its columns


def hopfield_circuit(bench: Testbench) -> Circuit:
    """Return the circuit of a Hopfield network: two matrices of cells without diagonal, and the neurons."""
    network = bench.design
    assert isinstance(network, HopfieldNetwork)  # by the table of circuits
    check_analysis(bench, network.neuron)
    pairs = [(i, j) for i in range(network.neurons) for j in range(network.neurons) if i != j]
    synapses: list[Group] = []
    states = {
        "exc": synapse_states(network.cell, network.excitatory_state, network.excitatory_conductance, network.shape),
        "inh": synapse_states(network.cell, network.inhibitory_state, network.inhibitory_conductance, network.shape),
    }
    defaults = {name: float(values.flat[1]) for name, values in states["exc"].items()}
    block = cell_subcircuit(network.cell, {}, defaults)
    for matrix, electrode in MATRICES.items():
        synapses.append(_cells(matrix, electrode, "gate", pairs, block.name, defaults, states[matrix]))
    neurons, count = neuron_subcircuit(acting_neuron(network)), network.neurons
    return Circuit(
        title=network.description,
        subcircuits=(block, neurons),
        block=(*synapses, _neurons(neurons.name, count), *_levels(network)),
        drivers=tuple(_external(bench, network.neuron)),
        lines=network.lines,
        probes=_neuron_probes(network.neuron, count, ("mem", "gate", "te", "ti")),
        cell_probes=_synapse_probes(network.cell, tuple(MATRICES)),
        shape=network.shape,
        cards=network.cards,
        missing=frozenset((i, i) for i in range(count)),
    )


def perceptron_circuit(bench: Testbench) -> Circuit:
    """Return the circuit of a perceptron: gate lines from the testbench, one matrix of cells, and the neurons."""
    network = bench.design
    assert isinstance(network, Perceptron)  # by the table of circuits
    check_analysis(bench, network.neuron)
    pairs = [(i, j) for i in range(network.inputs) for j in range(network.outputs)]
    states = synapse_states(network.cell, network.state, network.conductance, network.shape)
    defaults = {name: float(values.flat[0]) for name, values in states.items()}
    block = cell_subcircuit(network.cell, {}, defaults)
    neurons = neuron_subcircuit(acting_neuron(network))
    gates = tuple(Probe(f"v(pre{i})", "V", "voltage", f"pre{i}", (), "gate line") for i in range(network.inputs))
    return Circuit(
        title=network.description,
        subcircuits=(block, neurons),
        block=(
            _cells("exc", "te", "pre", pairs, block.name, defaults, states),
            _neurons(neurons.name, network.outputs),
            *_levels(network),
        ),
        drivers=tuple(_external(bench, network.neuron)),
        lines=network.lines,
        probes=(*gates, *_neuron_probes(network.neuron, network.outputs, ("mem", "gate", "te"))),
        cell_probes=_synapse_probes(network.cell, ("exc",)),
        shape=network.shape,
        cards=network.cards,
    )


def synapse_states(
    cell: Cell, states: Mapping[str, FloatArray], conductance: FloatArray | None, shape: tuple[int, int]
) -> dict[str, FloatArray]:
    """Return the initial value of every state of every synapse: its own, else the cell's, else the card's."""
    found = {name: np.full(shape, value) for name, value in state_defaults(cell.rram).items()}
    if conductance is None and cell.initial_conductance is not None and not states:
        conductance = np.full(shape, cell.initial_conductance)
    if conductance is not None:
        from rramcirc.devices.compiled.conductance import states_for_conductance

        return found | states_for_conductance(cell.rram, conductance, dict(cell.rram_parameters))
    return found | {name: np.full(shape, float(v)) for name, v in cell.initial_state.items()} | dict(states)


def _cells(
    matrix: str,
    electrode: str,
    gate: str,
    pairs: list[tuple[int, int]],
    subcircuit: str,
    defaults: Mapping[str, float],
    states: Mapping[str, FloatArray],
) -> Instances:
    """Return the cells of one matrix; row i has its gates on `gate`i, column j its top electrodes on `electrode`j."""
    rows, columns = np.array(pairs).T
    chosen = {f"{name}_ini": values[rows, columns].tolist() for name, values in states.items()}
    overrides = {name: v for name, v in chosen.items() if any(x != defaults[name.removesuffix("_ini")] for x in v)}
    ports = (
        [f"{electrode}{j}" for _, j in pairs],
        [f"{gate}{i}" for i, _ in pairs],
        [f"in{j}" for _, j in pairs],
        GROUND,
    )
    names = [f"{matrix}_{i}_{j}" for i, j in pairs]
    return Instances(names, ports, subcircuit, overrides, f"synapses {matrix} [PRE row, POST column]")


def _neurons(subcircuit: str, count: int) -> Instances:
    nodes = tuple(p if p in ("vdd", "cm") else [f"{p}{j}" for j in range(count)] for p in PORTS)
    return Instances([f"neuron{j}" for j in range(count)], nodes, subcircuit, {}, "neurons")


def _levels(network: HopfieldNetwork | Perceptron) -> list[Group]:
    neuron = network.neuron
    return [Source("vdd", "vdd", Constant(neuron.supply)), Source("cm", "cm", Constant(neuron.common_mode))]


def _external(bench: Testbench, neuron: LifNeuron) -> list[Group]:
    """Return the sources of the driven lines; gate lines that nothing drives are at 0 V, inputs without drive open."""
    groups: list[Group] = []
    for line in bench.design.lines:
        kind = line.rstrip("0123456789")
        stimulus = bench.stimuli.get(line) or bench.stimuli.get(kind)
        unit = "V" if kind == "pre" else "A"
        if stimulus is None or isinstance(stimulus, Floating):
            if unit == "A":
                continue
            stimulus = Constant(0.0)
        if stimulus.unit != unit:
            wanted = "a voltage (unit V)" if unit == "V" else "a current (unit A)"
            raise ParameterError(f"stimuli[{line!r}]: this line takes {wanted}, but its stimulus is {shown(stimulus)}.")
        highest = float(np.max(stimulus.corners()[1]))
        if unit == "V" and highest > neuron.supply * (1 + 1e-12):
            raise ParameterError(
                f"stimuli[{line!r}]: a gate level of {highest:g} V is above the supply of the neurons, "
                f"{neuron.supply:g} V."
            )
        groups.append(Source(line, line, stimulus))
    return groups


def _neuron_probes(neuron: LifNeuron, count: int, ports: tuple[str, ...]) -> tuple[Probe, ...]:
    what = {
        "mem": "membrane voltage",
        "gate": "gate line of its row",
        "te": "top-electrode line, excitatory",
        "ti": "top-electrode line, inhibitory",
    }
    found = [
        Probe(f"v({port}{j})", "V", "voltage", f"{port}{j}", (), f"neuron {j}: {what[port]}")
        for port in ports
        for j in range(count)
    ]
    if neuron.detail == "ideal":
        text = "timer, falls to 0 V at a spike"
        found += [
            Probe(f"v(timer{j})", "V", "voltage", "u", (f"neuron{j}",), f"neuron {j}: {text}") for j in range(count)
        ]
    return tuple(found)


def _synapse_probes(cell: Cell, matrices: tuple[str, ...]) -> tuple[CellProbes, ...]:
    return tuple(
        CellProbes(
            f"{name}_{matrix}" if len(matrices) > 1 else name, unit, "variable", name,
            (f"{matrix}_{{i}}_{{j}}", "rram"), text, by_default=name in cell.states,
        )
        for matrix in matrices
        for name, unit, text in device_variables(cell.rram)
    )  # fmt: skip
