"""The 1T1R (or 1R) cell: its subcircuit, its drivers, and a testbench of one cell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import NetlistError
from rramcirc.bench.stimuli import Floating
from rramcirc.bench.testbench import Testbench, describe
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.elements import (
    GROUND,
    Behavioural,
    Circuit,
    Devices,
    Group,
    Instances,
    Probe,
    Resistors,
    Source,
    Subcircuit,
)
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.veriloga.declarations import Module

FLOATING_OHM = 1e12  # keeps a floating line solvable; 1 pA at 1 V


def cell_circuit(bench: Testbench) -> Circuit:
    """Return the circuit of one cell with a driver on each of its lines."""
    cell = bench.design
    assert isinstance(cell, Cell)  # by the table of circuits
    with_noise = "nz" in bench.stimuli or bench.cycle_noise is not None
    states = initial_states(cell)
    block = cell_subcircuit(cell, {}, states, noise_port=with_noise)
    lines = [line for line in cell.lines if line != "nz" or with_noise]
    instance = Instances(("cell",), block.ports, block.name, {})
    drivers = tuple(group for line in lines for group in drive(bench, line))
    probes = [Probe(f"v({line})", "V", "voltage", line, (), f"voltage of {LINE_NAMES[line]}") for line in lines]
    probes += [
        Probe(
            f"i({line})",
            "A",
            current_kind(bench, line),
            line,
            (),
            f"current from the driver into {LINE_NAMES[line]}",
        )
        for line in lines
        if is_voltage_driven(bench, line) and line != "nz"
    ]
    if cell.selector:
        probes.append(Probe("v(be)", "V", "voltage", "be", ("cell",), "voltage of the bottom electrode"))
    probes += [
        Probe(name, unit, "variable", name, ("cell", "rram"), text) for name, unit, text in device_variables(cell.rram)
    ]
    return Circuit(
        describe(cell), (block,), (instance,), drivers, tuple(lines), tuple(probes), cards=cell.cards,
        electrodes=cell.electrodes,
    )  # fmt: skip


def is_voltage_driven(bench: Testbench, line: str) -> bool:
    """Whether a voltage source drives the line, so that its current can be recorded."""
    stimulus = bench.stimulus(line)
    return not isinstance(stimulus, Floating) and stimulus.unit == "V"


def is_swept(bench: Testbench, line: str) -> bool:
    """Whether a `VectorSweep` changes the level of the line."""
    levels = bench.swept(line)
    return levels is not None and bool((levels != levels[0]).any())


def current_kind(bench: Testbench, line: str) -> str:
    """Return the kind of the probe of a driver's current."""
    return "swept current" if is_swept(bench, line) else "current"


def _by_index(levels: FloatArray) -> str:
    """Return the level of a line as a function of the number of the input vector, in SPICE's words."""
    return f"pwl(v(index), {', '.join(f'{k}, {level!r}' for k, level in enumerate(levels.tolist()))})"


LINE_NAMES = {
    "bl": "the bit line",
    "wl": "the word line",
    "sl": "the source line",
    "bulk": "the bulk",
    "nz": "the noise terminal",
}


def declared(card: ModelCard) -> Module:
    """Return the Verilog-A module of a card that a record has checked to have one."""
    assert card.declaration is not None
    return card.declaration


def device_variables(card: ModelCard) -> list[tuple[str, str, str]]:
    """Return (name, unit, description) of the op-variables of a card's module, states first."""
    module = declared(card)
    names = [*module.states, *(name for name in module.op_variables if name not in module.states)]
    return [(name, module.op_variables[name].unit, module.op_variables[name].description) for name in names]


def fits_cell(card: ModelCard) -> bool:
    """Whether a card's device can be the RRAM of a cell: states, terminals te and be, and at most nz besides."""
    return bool(card.states) and len(declared(card).ports) >= 2 and set(declared(card).ports[2:]) <= {"nz"}


def rram_nodes(module: Module, noise_node: str) -> tuple[str, ...]:
    """Return the nodes of an RRAM device inside the cell: TE to BL, BE to the selector, noise terminal or ground."""
    extra = module.ports[2:]
    if len(module.ports) < 2 or any(port != "nz" for port in extra):
        raise NetlistError(
            f"module {module.name} ({Path(module.path).name}) has the ports {', '.join(module.ports)}; "
            "an RRAM cell needs te, be and optionally nz."
        )
    return ("bl", "be", *([noise_node] if extra else []))


def cell_subcircuit(
    cell: Cell, varying: Mapping[str, float], states: Mapping[str, float], noise_port: bool = False
) -> Subcircuit:
    """Return the subcircuit of a cell.

    Parameters
    ----------
    cell
        RRAM and selector.
    varying
        RRAM instance parameters that instances of the subcircuit override, with their defaults.
    states
        Initial states; they are parameters of the subcircuit.
    noise_port
        Whether the RRAM's noise terminal is a port; else it is grounded.
    """
    module = declared(cell.rram)
    if noise_port and "nz" not in module.ports:
        raise NetlistError(f"module {module.name} has no noise terminal nz, so it cannot be driven.")
    inits = {f"{name}_ini": value for name, value in states.items()}
    fixed = {k: v.value for k, v in cell.rram.parameters.items() if v.instance and k not in inits}
    fixed |= {k: v for k, v in cell.rram_parameters.items() if k not in varying}
    parameters = inits | dict(varying)
    rram_parameters = {name: f"{{{name}}}" for name in parameters} | {
        k: v for k, v in fixed.items() if k not in parameters
    }
    nodes = rram_nodes(module, "nz" if noise_port else GROUND)
    if cell.selector is None:
        nodes = tuple("wl" if node == "be" else node for node in nodes)
        body: tuple[Group, ...] = (Devices(("rram",), nodes, cell.rram, rram_parameters),)
        ports: tuple[str, ...] = ("bl", "wl")
        name, comment = "cell_1r", "1R cell: BL - TE [RRAM] BE - WL"
    else:
        own = {k: v.value for k, v in cell.selector.parameters.items() if v.instance} | dict(cell.selector_parameters)
        body = (
            Devices(("rram",), nodes, cell.rram, rram_parameters),
            Devices(("sel",), ("be", "wl", "sl", "bulk"), cell.selector, own),
        )
        ports = ("bl", "wl", "sl", "bulk")
        name, comment = "cell_1t1r", "1T1R cell: BL - TE [RRAM] BE - drain [selector] source - SL, gate WL"
    return Subcircuit(name, (*ports, *(["nz"] if noise_port else [])), parameters, body, comment)


def initial_states(cell: Cell) -> dict[str, float]:
    """Return the initial value of every state: the cell's, else from its conductance, else the card's."""
    defaults = state_defaults(cell.rram)
    if cell.initial_conductance is not None:
        from rramcirc.devices.compiled.conductance import states_for_conductance

        found = states_for_conductance(cell.rram, cell.initial_conductance, dict(cell.rram_parameters))
        return defaults | {name: float(value) for name, value in found.items()}
    return defaults | {name: float(value) for name, value in cell.initial_state.items()}


def state_defaults(card: ModelCard) -> dict[str, float]:
    """Return the initial states that the card, or else the Verilog-A file, gives."""
    return {name: float(card.number(f"{name}_ini")) for name in declared(card).states}


def drive(bench: Testbench, line: str, driver_resistance: float = 0.0) -> list[Group]:
    """Return source and driver resistor of one line; its terminal is the node of the line's name.

    The source is its own ammeter. A 0 V source in series with it, the usual ammeter, made KLU pick bad pivots on arrays
    with wires: 70 times more Newton iterations at 8 x 8, no convergence at 32 x 32.
    """
    stimulus = bench.stimulus(line)
    levels = bench.swept(line)
    if levels is not None and is_swept(bench, line):
        output = line if driver_resistance == 0.0 else f"drv_{line}"
        resistor = [Resistors((output,), (output,), (line,), driver_resistance)] if output != line else []
        return [Behavioural((line,), output, GROUND, _by_index(levels)), *resistor]
    if line == "nz" and bench.cycle_noise is not None:
        stimulus = bench.cycle_noise.stimulus(bench.cycle_noise.deviates((1, 1))[:, 0, 0])
    if isinstance(stimulus, Floating):
        return [Resistors((f"open_{line}",), (line,), GROUND, FLOATING_OHM)]
    ac = 1.0 if bench.analysis.signal_line == line else 0.0
    if driver_resistance == 0.0:
        return [Source(line, line, stimulus, ac)]
    output = f"drv_{line}"
    return [Source(line, output, stimulus, ac), Resistors((output,), (output,), (line,), driver_resistance)]
