"""The crossbar array: cells, wires, drivers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rramcirc.circuits.cell import cards_of, cell_subcircuit, device_variables, drive, is_voltage_driven, state_defaults
from rramcirc.design import Crossbar, Line
from rramcirc.elements import GROUND, Capacitors, CellProbes, Circuit, Group, Instances, Probe, Resistors, Source
from rramcirc.testbench import Testbench, describe


def crossbar_circuit(bench: Testbench) -> Circuit:
    """Return the circuit of an array: one subcircuit instance per cell, wires, one driver per line."""
    array: Crossbar = bench.design
    rows, columns = array.shape
    cells = [f"{i}_{j}" for i in range(rows) for j in range(columns)]
    values = cell_values(array)
    defaults, overrides = _split_uniform(values)
    states = {name: defaults.pop(f"{name}_ini") for name in array.states}
    noise = bench.cycle_noise
    block = cell_subcircuit(array.cell, defaults, states, noise_port=noise is not None)
    families = line_families(array)
    nodes = {f.kind: f.cell_nodes() for f in families} | {"nz": [f"nz_{c}" for c in cells]}
    ports = tuple("bulk" if port == "bulk" else nodes[port] for port in block.ports)
    names = [f"cell_{c}" for c in cells]
    comment = f"cells [row, column], {rows} x {columns}"
    cells_and_wires: list[Group] = [Instances(names, ports, block.name, overrides, comment)]
    drivers: list[Group] = []
    for family in families:
        cells_and_wires += family.wires()
    for line in array.lines:
        kind = line.rstrip("0123456789")
        drivers += drive(bench, line, getattr(array, kind).driver_resistance if kind != "bulk" else 0.0)
    if noise is not None:
        deviates = noise.deviates(array.shape).reshape(len(noise.times), -1)
        drivers += [Source(f"nz_{c}", f"nz_{c}", noise.stimulus(deviates[:, k])) for k, c in enumerate(cells)]
    return Circuit(
        title=describe(array),
        subcircuits=(block,),
        block=tuple(cells_and_wires),
        drivers=tuple(drivers),
        lines=array.lines,
        probes=line_probes(bench),
        cell_probes=cell_probes(array, families),
        shape=array.shape,
        cards=cards_of(array.cell),
    )


def cell_values(array: Crossbar) -> dict[str, NDArray]:
    """Return (rows, columns) arrays of every RRAM instance parameter that may differ from cell to cell."""
    cell = array.cell
    values: dict[str, NDArray] = dict(array.rram_parameters)
    states = {k: np.full(array.shape, v) for k, v in state_defaults(cell.rram).items()}
    conductance = array.initial_conductance
    if conductance is None and cell.initial_conductance is not None:
        conductance = np.full(array.shape, cell.initial_conductance)
    if conductance is not None:
        from rramcirc.devices.conductance import states_for_conductance

        states |= states_for_conductance(cell.rram, conductance, dict(cell.rram_parameters) | values)
    states |= {k: np.full(array.shape, float(v)) for k, v in cell.initial_state.items()}
    states |= dict(array.initial_state)
    return {f"{k}_ini": v for k, v in states.items()} | values


def _split_uniform(values: dict[str, NDArray]) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Return (value of the first cell, per-cell lists of what is not uniform)."""
    defaults = {name: float(array.flat[0]) for name, array in values.items()}
    overrides = {name: array.ravel().tolist() for name, array in values.items() if np.any(array != array.flat[0])}
    return defaults, overrides


@dataclass(frozen=True)
class _LineFamily:
    """All lines of one kind: BL, WL or SL."""

    kind: str
    line: Line
    shape: tuple[int, int]
    along_rows: bool  # True: one line per row (WL), cells counted along the columns

    @property
    def count(self) -> int:
        return self.shape[0] if self.along_rows else self.shape[1]

    @property
    def length(self) -> int:
        return self.shape[1] if self.along_rows else self.shape[0]

    @property
    def node_form(self) -> str:
        if self.line.resistance > 0:
            return f"{self.kind}_{{i}}_{{j}}"
        return f"{self.kind}{{i}}" if self.along_rows else f"{self.kind}{{j}}"

    def cell_nodes(self) -> list[str]:
        """Node of this line at each cell, row by row."""
        rows, columns = self.shape
        kind = self.kind
        if self.line.resistance > 0:
            return [f"{kind}_{i}_{j}" for i in range(rows) for j in range(columns)]
        if self.along_rows:
            return [f"{kind}{i}" for i in range(rows) for _ in range(columns)]
        return [f"{kind}{j}" for _ in range(rows) for j in range(columns)]

    def _suffix(self, k: int, position: int) -> str:
        return f"{k}_{position}" if self.along_rows else f"{position}_{k}"

    def wires(self) -> list[Group]:
        """Segment resistors and capacitors of all lines of this kind."""
        kind, line, lines = self.kind, self.line, range(self.count)
        groups: list[Group] = []
        if line.resistance > 0:
            names, a, b = [], [], []
            for k in lines:
                cells = [f"{kind}_{self._suffix(k, p)}" for p in range(self.length)]
                if line.end in ("first", "both"):
                    names.append(f"{kind}{k}_first")
                    a.append(f"{kind}{k}")
                    b.append(cells[0])
                names += cells[1:]
                a += cells[:-1]
                b += cells[1:]
                if line.end in ("last", "both"):
                    names.append(f"{kind}{k}_last")
                    a.append(cells[-1])
                    b.append(f"{kind}{k}")
            groups.append(Resistors(names, a, b, line.resistance, f"{kind.upper()} wires, one resistor per segment"))
        if line.capacitance > 0:
            comment = f"{kind.upper()} wires, capacitance to ground"
            if line.resistance > 0:
                nodes = self.cell_nodes()
                groups.append(Capacitors(nodes, nodes, GROUND, line.capacitance, comment))
            else:
                nodes = [f"{kind}{k}" for k in lines]
                groups.append(Capacitors(nodes, nodes, GROUND, line.capacitance * self.length, comment))
        return groups


def line_families(array: Crossbar) -> list[_LineFamily]:
    families = [_LineFamily("bl", array.bl, array.shape, False), _LineFamily("wl", array.wl, array.shape, True)]
    if array.cell.selector:
        families.append(_LineFamily("sl", array.sl, array.shape, array.source_line == "row"))
    return families


def line_probes(bench: Testbench) -> tuple[Probe, ...]:
    lines = [line for line in bench.design.lines if line != "bulk"]
    voltages = [Probe(f"v({n})", "V", "voltage", n, (), f"voltage of {n} behind its driver") for n in lines]
    currents = [
        Probe(f"i({n})", "A", "current", n, (), f"current from the driver into {n}")
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
