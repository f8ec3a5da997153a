"""The signals of a testbench, with the names of every engine, read from the solution of an array."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from rramcirc.behavioural.bench_solver import BenchSolver
from rramcirc.circuits.cell import cards_of, cell_circuit
from rramcirc.circuits.crossbar import cell_probes, line_families, line_probes
from rramcirc.design import Cell
from rramcirc.elements import Circuit, Probe
from rramcirc.testbench import Testbench, describe

Array = NDArray[np.float64]
_PLACE = re.compile(r"\[(\d+),(\d+)\]")
_LINE = re.compile(r"([a-z]+)(\d*)$")


def circuit_of(bench: Testbench) -> Circuit:
    """Return the circuit of a testbench as far as its probes go: without the elements, which large arrays have many."""
    design = bench.design
    if isinstance(design, Cell):
        return cell_circuit(bench)
    return Circuit(
        title=describe(design),
        subcircuits=(),
        block=(),
        drivers=(),
        lines=design.lines,
        probes=line_probes(bench),
        cell_probes=cell_probes(design, line_families(design)),
        shape=design.shape,
        cards=cards_of(design.cell),
    )


def read_probes(probes: tuple[Probe, ...], solver: BenchSolver) -> Array:
    """Return the present values of all probes."""
    variables = tuple(dict.fromkeys(p.item for p in probes if p.kind == "variable"))
    found = solver.cells.variables(variables) if variables else {}
    lines: dict[str, Array] = {}
    columns = solver.array.columns
    values = np.empty(len(probes))
    for k, probe in enumerate(probes):
        place = _PLACE.search(probe.name)
        cell = int(place[1]) * columns + int(place[2]) if place else 0
        if probe.kind == "variable":
            values[k] = found[probe.item][cell]
        elif place or probe.path:
            node = probe.name.removeprefix("v(").partition("[")[0].rstrip(")")
            values[k] = solver.cells.voltages[cell, solver.cells.names.index(node)]
        else:
            values[k] = _line_value(probe, solver, lines)
    return values


def _line_value(probe: Probe, solver: BenchSolver, lines: dict[str, Array]) -> float:
    """Return voltage or current of one line; `lines` keeps what was computed for all lines of a kind."""
    kind, index = _LINE.match(probe.item).groups()
    state = solver.state
    if kind in ("bulk", "nz"):
        port = solver.cells.ports.index(kind)
        return state.cells.currents[:, port].sum() if probe.kind == "current" else state.cells.voltages[0, port]
    key = f"{probe.kind} {kind}"
    if key not in lines:
        family = solver.families[kind]
        if kind in solver.inert:
            levels = solver.line_levels(family)
            lines[key] = np.zeros(len(levels)) if probe.kind == "current" else levels
        elif probe.kind == "current":
            lines[key] = state.line_currents(family)
        else:
            lines[key] = state.line_voltages(family, solver.sources)
    return lines[key][int(index or 0)]
