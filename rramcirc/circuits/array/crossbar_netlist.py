"""The crossbar array: cells, wires, drivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray
from rramcirc.bench.testbench import Testbench, describe
from rramcirc.circuits.array.cell_netlist import (
    FLOATING_OHM,
    cell_subcircuit,
    current_kind,
    device_variables,
    drive,
    is_voltage_driven,
    state_defaults,
)
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.defects import segment_resistance, undriven_pieces
from rramcirc.circuits.array.line import Line
from rramcirc.circuits.elements import (
    GROUND,
    Capacitors,
    CellProbes,
    Circuit,
    Group,
    Instances,
    Probe,
    Resistors,
    Source,
    Subcircuit,
)

_Item = TypeVar("_Item")


def crossbar_circuit(bench: Testbench) -> Circuit:
    """Return the circuit of an array: one subcircuit instance per cell, wires, one driver per line."""
    array = bench.design
    assert isinstance(array, Crossbar)  # by the table of circuits
    rows, columns = array.shape
    absent = frozenset(array.defects.missing)
    there = np.array([(i, j) not in absent for i in range(rows) for j in range(columns)])
    cells = [f"{i}_{j}" for i in range(rows) for j in range(columns) if (i, j) not in absent]
    values = cell_values(array)
    defaults, overrides = _split_uniform(values, there)
    states = {name: defaults.pop(f"{name}_ini") for name in array.states}
    noise = bench.cycle_noise
    block = cell_subcircuit(array.cell, defaults, states, noise_port=noise is not None)
    families = line_families(array)
    nodes = {f.kind: _those(there, f.cell_nodes()) for f in families} | {"nz": [f"nz_{c}" for c in cells]}
    ports = tuple("bulk" if port == "bulk" else nodes[port] for port in block.ports)
    comment = f"cells [row, column], {rows} x {columns}"
    instances = Instances([f"cell_{c}" for c in cells], ports, block.name, overrides, comment)
    shorted = set(array.defects.shorted)
    short = np.array([(i, j) in shorted for i in range(rows) for j in range(columns)])[there]
    blocks: tuple[Subcircuit, ...] = (block,)
    cells_and_wires: list[Group] = [instances]
    if shorted:
        blocks = (block, _with_short(block, array))
        cells_and_wires = [
            _part(instances, ~short, block.name, comment),
            _part(instances, short, blocks[1].name, f"shorted cells, {array.defects.short_resistance:g} ohm"),
        ]
    # all cells may be missing, or all shorted
    cells_and_wires = [group for group in cells_and_wires if not isinstance(group, Instances) or group.names]
    drivers: list[Group] = []
    for family in families:
        cells_and_wires += family.wires()
    for line in array.lines:
        kind = line.rstrip("0123456789")
        drivers += drive(bench, line, getattr(array, kind).driver_resistance if kind != "bulk" else 0.0)
    if noise is not None:
        deviates = noise.deviates(array.shape).reshape(len(noise.times), -1)[:, there]
        drivers += [Source(f"nz_{c}", f"nz_{c}", noise.stimulus(deviates[:, k])) for k, c in enumerate(cells)]
    return Circuit(
        title=describe(array),
        subcircuits=blocks,
        block=tuple(cells_and_wires),
        drivers=tuple(drivers),
        lines=array.lines,
        probes=line_probes(bench),
        cell_probes=cell_probes(array, families),
        shape=array.shape,
        cards=array.cards,
        missing=absent,
        electrodes=tuple(line for line in array.lines if line.rstrip("0123456789") in array.cell.electrodes),
    )


def _those(chosen: BoolArray, items: Sequence[_Item]) -> list[_Item]:
    """Return the items that are chosen."""
    return [item for item, wanted in zip(items, chosen, strict=True) if wanted]


def _part(instances: Instances, chosen: BoolArray, subcircuit: str, comment: str) -> Instances:
    """Return some of the instances, of another subcircuit."""
    nodes = tuple(n if isinstance(n, str) else _those(chosen, n) for n in instances.nodes)
    parameters = {
        name: values if isinstance(values, float) else _those(chosen, values)
        for name, values in instances.parameters.items()
    }
    return Instances(_those(chosen, instances.names), nodes, subcircuit, parameters, comment)


def _with_short(block: Subcircuit, array: Crossbar) -> Subcircuit:
    """Return a cell's subcircuit with the resistor that shorts its RRAM."""
    bottom = "be" if array.cell.selector else "wl"
    short = Resistors(("short",), ("bl",), (bottom,), array.defects.short_resistance)
    comment = f"{block.comment}, RRAM shorted"
    return Subcircuit(f"{block.name}_shorted", block.ports, block.parameters, (*block.body, short), comment)


def cell_values(array: Crossbar) -> dict[str, FloatArray]:
    """Return (rows, columns) arrays of every RRAM instance parameter that may differ from cell to cell."""
    cell = array.cell
    values: dict[str, FloatArray] = dict(array.rram_parameters)
    states: dict[str, FloatArray] = {k: np.full(array.shape, v) for k, v in state_defaults(cell.rram).items()}
    conductance = array.initial_conductance
    if conductance is None and cell.initial_conductance is not None:
        conductance = np.full(array.shape, cell.initial_conductance)
    if conductance is not None:
        from rramcirc.devices.compiled.conductance import states_for_conductance

        states |= states_for_conductance(cell.rram, conductance, {**cell.rram_parameters, **values})
    states |= {k: np.full(array.shape, float(v)) for k, v in cell.initial_state.items()}
    states |= dict(array.initial_state)
    return {f"{k}_ini": v for k, v in states.items()} | values


def _split_uniform(values: dict[str, FloatArray], there: BoolArray) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Return (value of the first cell, per-cell lists of what is not uniform) of the cells that are `there`."""
    defaults = {name: float(array.flat[0]) for name, array in values.items()}
    differ = {name: array for name, array in values.items() if np.any(array != array.flat[0])}
    overrides = {name: array.ravel()[there].tolist() for name, array in differ.items()}
    return defaults, overrides


@dataclass(frozen=True)
class _LineFamily:
    """All lines of one kind: BL, WL or SL."""

    kind: str
    line: Line
    shape: tuple[int, int]
    along_rows: bool  # True: one line per row (WL), cells counted along the columns
    opened: Mapping[int, tuple[int, ...]]  # broken segments of the lines that have some

    @property
    def count(self) -> int:
        return self.shape[0] if self.along_rows else self.shape[1]

    @property
    def length(self) -> int:
        return self.shape[1] if self.along_rows else self.shape[0]

    @property
    def node_form(self) -> str:
        if self.line.has_resistance:
            return f"{self.kind}_{{i}}_{{j}}"
        return f"{self.kind}{{i}}" if self.along_rows else f"{self.kind}{{j}}"

    def cell_nodes(self) -> list[str]:
        """Node of this line at each cell, row by row."""
        rows, columns = self.shape
        kind = self.kind
        if self.line.has_resistance:
            return [f"{kind}_{i}_{j}" for i in range(rows) for j in range(columns)]
        if self.along_rows:
            return [f"{kind}{i}" for i in range(rows) for _ in range(columns)]
        return [f"{kind}{j}" for _ in range(rows) for j in range(columns)]

    def _suffix(self, k: int, position: int) -> str:
        return f"{k}_{position}" if self.along_rows else f"{position}_{k}"

    def wires(self) -> list[Group]:
        """Segment resistors and capacitors of all lines of this kind."""
        kind, line, lines = self.kind, self.line, range(self.count)
        groups: list[Group] = self._segments() if line.has_resistance else []
        if line.capacitance > 0:
            comment = f"{kind.upper()} wires, capacitance to ground"
            if line.has_resistance:
                nodes = self.cell_nodes()
                groups.append(Capacitors(nodes, nodes, GROUND, line.capacitance, comment))
            else:
                nodes = [f"{kind}{k}" for k in lines]
                groups.append(Capacitors(nodes, nodes, GROUND, line.capacitance * self.length, comment))
        return groups

    def _segments(self) -> list[Group]:
        """Segment resistors, and what holds pieces of line that no driver reaches."""
        kind, end = self.kind, self.line.end
        ohm = segment_resistance(self.line, self.shape, self.along_rows, self.opened)
        names, a, b = [], [], []
        for k in range(self.count):
            cells = [f"{kind}_{self._suffix(k, p)}" for p in range(self.length)]
            if end in ("first", "both"):
                names.append(f"{kind}{k}_first")
                a.append(f"{kind}{k}")
                b.append(cells[0])
            names += cells[1:]
            a += cells[:-1]
            b += cells[1:]
            if end in ("last", "both"):
                names.append(f"{kind}{k}_last")
                a.append(cells[-1])
                b.append(f"{kind}{k}")
        if isinstance(ohm, np.ndarray):
            flat = (ohm if self.along_rows else ohm.T).ravel()
            whole = np.isfinite(flat)
            names, a, b = (_those(whole, items) for items in (names, a, b))
            values: float | list[float] = flat[whole].tolist()
        else:
            values = ohm
        groups: list[Group] = [Resistors(names, a, b, values, f"{kind.upper()} wires, one resistor per segment")]
        loose = [
            f"{kind}_{self._suffix(k, piece[0])}" for k, piece in undriven_pieces(self.line, self.length, self.opened)
        ]
        if loose:
            holders = [f"loose_{node}" for node in loose]
            comment = f"pieces of {kind.upper()} that no driver reaches"
            groups.append(Resistors(holders, loose, GROUND, FLOATING_OHM, comment))
        return groups


def line_families(array: Crossbar) -> list[_LineFamily]:
    kinds = ("bl", "wl", "sl") if array.cell.selector else ("bl", "wl")
    return [
        _LineFamily(kind, getattr(array, kind), array.shape, array.along_rows(kind), array.opened(kind))
        for kind in kinds
    ]


def line_probes(bench: Testbench) -> tuple[Probe, ...]:
    lines = [line for line in bench.design.lines if line != "bulk"]
    voltages = [Probe(f"v({n})", "V", "voltage", n, (), f"voltage of {n} behind its driver") for n in lines]
    currents = [
        Probe(f"i({n})", "A", current_kind(bench, n), n, (), f"current from the driver into {n}")
        for n in bench.design.lines
        if is_voltage_driven(bench, n)
    ]
    return (*voltages, *currents)


def cell_probes(array: Crossbar, families: list[_LineFamily]) -> tuple[CellProbes, ...]:
    cell = "cell_{i}_{j}"
    states = set(array.states)
    found = [
        CellProbes(name, unit, "variable", name, (cell, "rram"), text, by_default=name in states)
        for name, unit, text in device_variables(array.cell.rram)
    ]
    found += [
        CellProbes(f"v({f.kind})", "V", "voltage", f.node_form, (), f"{f.kind.upper()} voltage at the cell")
        for f in families
    ]
    if array.cell.selector:
        found.append(CellProbes("v(be)", "V", "voltage", "be", (cell,), "voltage of the bottom electrode"))
    return tuple(found)
