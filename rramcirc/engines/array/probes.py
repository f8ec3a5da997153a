"""The signals of a testbench, with the names of every engine, read from the solution of an array."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from rramcirc.bench.testbench import Testbench, describe
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.cell_netlist import cell_circuit
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.crossbar_netlist import cell_probes, line_families, line_probes
from rramcirc.circuits.elements import Circuit, Probe
from rramcirc.engines.array.bench_solver import BenchSolver

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]
_PLACE = re.compile(r"\[(\d+),(\d+)\]")
_LINE = re.compile(r"([a-z]+)(\d*)$")


def circuit_of(bench: Testbench) -> Circuit:
    """Return the circuit of a testbench as far as its probes go: without the elements, which large arrays have many."""
    design = bench.design
    if isinstance(design, Cell):
        return cell_circuit(bench)
    assert isinstance(design, Crossbar)  # see engine.check_bench
    return Circuit(
        title=describe(design),
        subcircuits=(),
        block=(),
        drivers=(),
        lines=design.lines,
        probes=line_probes(bench),
        cell_probes=cell_probes(design, line_families(design)),
        shape=design.shape,
        cards=design.cards,
        missing=frozenset(design.defects.missing),
    )


class ProbeReader:
    """Reads the values of probes from a solver, all of a kind at once.

    Attributes
    ----------
    probes
        What is read, in this order.
    """

    def __init__(self, probes: tuple[Probe, ...]) -> None:
        self.probes = probes
        self._groups: dict[tuple[str, str], tuple[list[int], list[tuple[int, int]]]] = {}
        for k, probe in enumerate(probes):
            place = _PLACE.search(probe.name)
            at = (int(place[1]), int(place[2])) if place else (0, 0)
            if probe.kind == "variable":
                what = ("variable", probe.item)
            elif place or probe.path:
                what = ("node", probe.name.removeprefix("v(").partition("[")[0].rstrip(")"))
            else:
                line = _LINE.match(probe.item)
                assert line is not None  # a source is named by its line
                what, at = (probe.kind.removeprefix("swept "), line[1]), (int(line[2] or 0), 0)
            numbers, places = self._groups.setdefault(what, ([], []))
            numbers.append(k)
            places.append(at)
        self._cells: dict[tuple[str, str], tuple[Numbers, Numbers]] | None = None
        self._variables: list[tuple[tuple[str, ...], Numbers, list[Numbers]]] = []

    def reads_current(self, line: str) -> bool:
        """Whether the current of a kind of line is among the probes."""
        return ("current", line) in self._groups

    def read(self, solver: BenchSolver) -> Array:
        """Return the present values of all probes."""
        values = np.empty(len(self.probes))
        for (kind, name), (numbers, places) in self._placed(solver.array.columns).items():
            if kind == "node":
                values[numbers] = solver.cells.node_voltages(name)[places]
            elif kind != "variable":
                values[numbers] = _line_values(kind, name, solver)[places]
        for names, cells, wheres in self._variables:
            found = solver.cells.variables(names, cells)
            for name, where in zip(names, wheres, strict=True):
                values[where] = found[name]
        return values

    def _placed(self, columns: int) -> dict[tuple[str, str], tuple[Numbers, Numbers]]:
        """Return the groups with numbers of cells and lines; op-variables of the same cells are put together."""
        if self._cells is None:
            self._cells = {}
            together: dict[bytes, tuple[list[str], Numbers, list[Numbers]]] = {}
            for what, (numbers, places) in self._groups.items():
                at = np.array(places, np.int64)
                index = at[:, 0] * columns + at[:, 1] if what[0] in ("variable", "node") else at[:, 0]
                self._cells[what] = np.array(numbers, np.int64), index
                if what[0] == "variable":
                    names, _, where = together.setdefault(index.tobytes(), ([], index, []))
                    names.append(what[1])
                    where.append(self._cells[what][0])
            self._variables = [(tuple(names), index, where) for names, index, where in together.values()]
        return self._cells


def _line_values(kind: str, name: str, solver: BenchSolver) -> Array:
    """Return voltage or current of all lines of one kind, or of bulk or noise terminal."""
    state = solver.state
    if name in ("bulk", "nz"):
        cells = solver.cells
        total = kind == "current" and cells.currents[:, cells.ports.index(name)].sum()
        return np.array([total if kind == "current" else cells.port_voltages(name)[0]])
    family = solver.families[name]
    if name in solver.inert:
        levels = solver.line_levels(family)
        return np.zeros(len(levels)) if kind == "current" else levels
    return state.line_currents(family) if kind == "current" else state.line_voltages(family, solver.sources)
