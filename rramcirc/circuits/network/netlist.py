"""Networks of neurons and 1T1R synapses."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.bench.cycle_deviates import cycle_deviates, synapse_keys
from rramcirc.bench.stimuli import Constant, Floating
from rramcirc.bench.testbench import CycleNoise, Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.cell_netlist import cell_subcircuit, declared, device_variables, state_defaults
from rramcirc.circuits.elements import (
    GROUND,
    CellProbes,
    Circuit,
    Group,
    Instances,
    PerElement,
    Probe,
    Source,
)
from rramcirc.circuits.network.networks import (
    HopfieldNetwork,
    Perceptron,
    SynapseMatrix,
    acting_neuron,
    synapse_matrices,
)
from rramcirc.circuits.neuron.netlist import (
    CLEAR,
    LEARN,
    START,
    check_analysis,
    control_level,
    neuron_subcircuit,
    spike_signals,
)
from rramcirc.circuits.neuron.neuron import LifNeuron

MOST_CORNERS = 2_000_000  # of all noise sources of a network together; more is text that nobody waits for


def hopfield_circuit(bench: Testbench) -> Circuit:
    """Return the circuit of a Hopfield network: two matrices of cells without diagonal, and the neurons."""
    network = bench.design
    assert isinstance(network, HopfieldNetwork)  # by the table of circuits
    return _network_circuit(bench, network, network.neurons, "gate", ("mem", "gate", "te", "ti"))


def perceptron_circuit(bench: Testbench) -> Circuit:
    """Return the circuit of a perceptron: gate lines from the testbench, one matrix of cells, and the neurons."""
    network = bench.design
    assert isinstance(network, Perceptron)  # by the table of circuits
    return _network_circuit(bench, network, network.outputs, "pre", ("mem", "gate", "te"))


def _network_circuit(
    bench: Testbench, network: HopfieldNetwork | Perceptron, count: int, gate: str, ports: tuple[str, ...]
) -> Circuit:
    """Return the circuit of a network of `count` neurons whose row i has its gates on `gate`i."""
    check_analysis(bench, network.neuron)
    pairs, cell = synapse_pairs(network), network.cell
    matrices = [(matrix, synapse_values(network, matrix)) for matrix in synapse_matrices(network)]
    states = {name: float(matrices[0][1][f"{name}_ini"][pairs[0]]) for name in cell.states}
    varying = {
        name: float(cell.rram_parameters.get(name, cell.rram.number(name)))
        for matrix, _ in matrices
        for name in matrix.parameters
    }
    noise = _noise(bench, network, pairs)
    block = cell_subcircuit(cell, varying, states, noise_port=bool(noise))
    defaults = {f"{name}_ini": value for name, value in states.items()} | varying
    synapses = [_cells(matrix, gate, pairs, block.name, defaults, values, bool(noise)) for matrix, values in matrices]
    learning = [span.learning for span in bench.spans]
    acting = acting_neuron(network, any(learning))
    controls = _controls(bench, acting)
    neurons = neuron_subcircuit(acting, controls=tuple(c.name for c in controls))
    gates = tuple(Probe(f"v(pre{i})", "V", "voltage", f"pre{i}", (), "gate line") for i in range(network.shape[0]))
    return Circuit(
        title=network.description,
        subcircuits=(block, neurons),
        block=(*synapses, _neurons(neurons.name, count, neurons.ports), *_levels(network)),
        drivers=(*controls, *_external(bench, network.neuron), *noise),
        lines=network.lines,
        probes=(*(gates if gate == "pre" else ()), *_neuron_probes(network.neuron, count, ports)),
        cell_probes=_synapse_probes(network),
        shape=network.shape,
        cards=network.cards,
        missing=frozenset((i, i) for i in range(count)) if gate == "gate" else frozenset(),
        spikes=spike_signals(acting, [f"neuron{j}" for j in range(count)]),
    )


def synapse_pairs(network: HopfieldNetwork | Perceptron) -> list[tuple[int, int]]:
    """Return [PRE, POST] of the synapses of a matrix, row by row; none joins a neuron to itself."""
    rows, columns = network.shape
    own = isinstance(network, HopfieldNetwork)
    return [(i, j) for i in range(rows) for j in range(columns) if not own or i != j]


def synapse_values(network: HopfieldNetwork | Perceptron, matrix: SynapseMatrix) -> dict[str, FloatArray]:
    """Return (PRE, POST) arrays of every RRAM instance parameter that may differ: initial states and spread."""
    states = synapse_states(network.cell, matrix.states, matrix.conductance, network.shape, matrix.parameters)
    return {f"{name}_ini": value for name, value in states.items()} | dict(matrix.parameters)


def _controls(bench: Testbench, neuron: LifNeuron) -> list[Source]:
    """Return the sources of the control levels that the phases need: learning where it changes, and resets."""
    spans = bench.spans
    starts = [span.start for span in spans]
    found = []
    if neuron.pulses.writing_time and len({span.learning for span in spans}) > 1:
        found.append(Source(LEARN, LEARN, control_level(starts, [float(span.learning) for span in spans])))
    resets = [span.start for span in spans[1:] if span.reset]
    if resets:
        edges = [0.0, *(time for start in resets for time in (start, start + START))]
        found.append(Source(CLEAR, CLEAR, control_level(edges, [0.0, *[1.0, 0.0] * len(resets)])))
    return found


def _noise(bench: Testbench, network: HopfieldNetwork | Perceptron, pairs: list[tuple[int, int]]) -> list[Source]:
    """Return the sources of the noise terminals of all synapses; none without cycle noise."""
    noise, stop = bench.cycle_noise, bench.analysis.last_time
    if noise is None or noise.slot is None or stop is None:
        return []
    if "nz" not in declared(network.cell.rram).ports:
        raise ParameterError(
            f"Testbench.cycle_noise: the model of card {network.cell.rram.name} has no terminal nz for it."
        )
    count = int(np.ceil(stop / noise.slot * (1 - 1e-12)))
    corners = 2 * count * len(pairs) * len(network.synapse_matrices)
    if corners > MOST_CORNERS:
        raise ParameterError(
            f"Testbench.cycle_noise: {count} slots in each of {len(pairs) * len(network.synapse_matrices)} synapses "
            f"make {corners:.2g} corners in a netlist, more than {MOST_CORNERS:.0e}; use a longer slot, a shorter run "
            "or another engine."
        )
    listed = CycleNoise(np.arange(count) * noise.slot, noise.seed, noise.edge)
    rows, columns = np.array(pairs).T
    found = []
    for matrix in network.synapse_matrices:
        keys = synapse_keys(noise.seed, matrix, network.shape)[rows, columns]
        deviates = cycle_deviates(keys[:, None], np.arange(count))
        found += [
            Source(f"nz_{matrix}_{i}_{j}", f"nz_{matrix}_{i}_{j}", listed.stimulus(deviates[k]))
            for k, (i, j) in enumerate(pairs)
        ]
    return found


def synapse_states(
    cell: Cell,
    states: Mapping[str, FloatArray],
    conductance: FloatArray | None,
    shape: tuple[int, int],
    parameters: Mapping[str, FloatArray] | None = None,
) -> dict[str, FloatArray]:
    """Return the initial value of every state of every synapse: its own, else the cell's, else the card's."""
    found = {name: np.full(shape, value) for name, value in state_defaults(cell.rram).items()}
    if conductance is None and cell.initial_conductance is not None and not states:
        conductance = np.full(shape, cell.initial_conductance)
    if conductance is not None:
        from rramcirc.devices.compiled.conductance import states_for_conductance

        return found | states_for_conductance(cell.rram, conductance, {**cell.rram_parameters, **(parameters or {})})
    return found | {name: np.full(shape, float(v)) for name, v in cell.initial_state.items()} | dict(states)


def _cells(
    matrix: SynapseMatrix,
    gate: str,
    pairs: list[tuple[int, int]],
    subcircuit: str,
    defaults: Mapping[str, float],
    values: Mapping[str, FloatArray],
    noise: bool,
) -> Instances:
    """Return the cells of one matrix; row i has its gates on `gate`i, column j its top electrodes on its line j."""
    rows, columns = np.array(pairs).T
    chosen = {name: array[rows, columns].tolist() for name, array in values.items()}
    overrides = {name: v for name, v in chosen.items() if any(x != defaults[name] for x in v)}
    names = [f"{matrix.name}_{i}_{j}" for i, j in pairs]
    ports: list[PerElement] = [
        [f"{matrix.electrode}{j}" for _, j in pairs],
        [f"{gate}{i}" for i, _ in pairs],
        [f"in{j}" for _, j in pairs],
        GROUND,
    ]
    if noise:
        ports.append([f"nz_{name}" for name in names])
    return Instances(names, tuple(ports), subcircuit, overrides, f"synapses {matrix.name} [PRE row, POST column]")


def _neurons(subcircuit: str, count: int, ports: tuple[str, ...]) -> Instances:
    common = ("vdd", "cm", LEARN, CLEAR)
    nodes = tuple(p if p in common else [f"{p}{j}" for j in range(count)] for p in ports)
    return Instances([f"neuron{j}" for j in range(count)], nodes, subcircuit, {}, "neurons")


def _levels(network: HopfieldNetwork | Perceptron) -> list[Group]:
    neuron = network.neuron
    return [Source("vdd", "vdd", Constant(neuron.supply)), Source("cm", "cm", Constant(neuron.pulses.common_mode))]


def _external(bench: Testbench, neuron: LifNeuron) -> list[Group]:
    """Return the sources of the driven lines; gate lines that nothing drives are at 0 V, inputs without drive open."""
    groups: list[Group] = []
    for line in bench.design.lines:
        kind = line.rstrip("0123456789")
        stimulus = bench.given(line)
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


def _synapse_probes(network: HopfieldNetwork | Perceptron) -> tuple[CellProbes, ...]:
    cell = network.cell
    return tuple(
        CellProbes(
            f"{name}{matrix.suffix}", unit, "variable", name, (f"{matrix.name}_{{i}}_{{j}}", "rram"), text,
            by_default=name in cell.states,
        )
        for matrix in synapse_matrices(network)
        for name, unit, text in device_variables(cell.rram)
    )  # fmt: skip
