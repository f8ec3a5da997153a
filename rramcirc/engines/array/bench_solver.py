"""A testbench as cells, lines and the levels of its sources; read by the probes, brought to balance by the analyses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rramcirc.bench.stimuli import Floating, Stimulus
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.crossbar_netlist import cell_values
from rramcirc.engines.array.cells import Cells
from rramcirc.engines.array.line_network import FLOATING_OHM, SOURCE_OHM, Family, Network, make_family
from rramcirc.engines.array.moving_cells import HELD_PORTS, MovingCells
from rramcirc.engines.array.newton import ArrayState
from rramcirc.engines.array.team import Team, threads_of

Array = NDArray[np.float64]


def _level(stimulus: Stimulus) -> float:
    """Return the level of a stimulus in static analyses, that of time 0; 0 for a floating line."""
    return 0.0 if isinstance(stimulus, Floating) else float(stimulus.corners()[1][0])


def cell_of(bench: Testbench) -> Cell:
    """Return the cell of a testbench that `engine.check_bench` passes: the design itself, or that of the array."""
    design = bench.design
    if isinstance(design, Crossbar):
        return design.cell
    assert isinstance(design, Cell)
    return design


class BenchSolver:
    """Cells and lines of a testbench, and the levels of its lines; `watched`: bulk and nz if their current counts."""

    def __init__(self, bench: Testbench, watched: Sequence[str] = ()) -> None:
        design = bench.design
        self.bench = bench
        self.array = design if isinstance(design, Crossbar) else Crossbar(cell_of(bench), 1, 1)
        parameters: dict[str, Array | float] = dict(self.array.cell.rram_parameters)
        parameters |= {name: values.ravel() for name, values in cell_values(self.array).items()}
        self.instance_values = parameters
        count = self.array.rows * self.array.columns
        defects = self.array.defects
        missing, shorted = (
            [i * self.array.columns + j for i, j in pairs] for pairs in (defects.missing, defects.shorted)
        )
        self._read_levels()
        sample = Cells(self.array.cell, 1, {}, bench.temperature)
        sample.check_held()
        self.inert = ["wl"] if self.array.cell.selector is not None and sample.is_inert("wl") else []
        self.cells: Cells | MovingCells = Cells(
            self.array.cell, count, parameters, bench.temperature, missing, shorted, 1.0 / defects.short_resistance,
            held=[*self.inert, *(port for port in HELD_PORTS if port not in watched)], team=Team(threads_of(bench)),
        )  # fmt: skip
        self.families: dict[str, Family] = {}
        self.state = self._build()

    def _read_levels(self) -> None:
        """Set the levels of all lines to those of static analyses."""
        lines = [line for line in self.bench.design.lines if line not in ("bulk", "nz")]
        kinds = ("bl", "wl", "sl") if self.array.cell.selector is not None else ("bl", "wl")
        self.line_names = {kind: [name for name in lines if name.startswith(kind)] for kind in kinds}
        self._place_of = {name: (kind, k) for kind, names in self.line_names.items() for k, name in enumerate(names)}
        given = {name: self.bench.stimulus(name) for name in lines}
        self.levels: dict[str, Array] = {
            kind: np.array([_level(given[name]) for name in names]) for kind, names in self.line_names.items()
        }
        self._factors: dict[str, Array] = {
            kind: np.array([SOURCE_OHM if getattr(given[name], "unit", "V") == "A" else 1.0 for name in names])
            for kind, names in self.line_names.items()
        }
        self.fixed: dict[str, Array | float] = {"nz": _level(self.bench.stimulus("nz"))}
        if self.array.cell.selector is not None:
            self.fixed["bulk"] = _level(self.bench.stimulus("bulk"))
        if self.bench.cycle_noise is not None:
            self.fixed["nz"] = self.bench.cycle_noise.deviates(self.array.shape)[0].ravel()

    def set_level(self, line: str, level: float) -> None:
        """Set the level of the source of one line [V or A]."""
        self.set_levels([line], level)

    def set_levels(self, lines: Sequence[str], level: float) -> None:
        """Set the sources of some lines to one level [V or A]."""
        for line in lines:
            if line in self.fixed:
                self.fixed[line] = level
            else:
                kind, number = self._place_of[line]
                self.levels[kind][number] = level

    def _build(self) -> ArrayState:
        array, start = self.array, 0
        for kind in self.line_names:
            along_rows = array.along_rows(kind)
            line = getattr(array, kind)
            driver = np.array([self._driver(name, line.driver_resistance) for name in self.line_names[kind]])
            family, after = make_family(kind, line, array.shape, along_rows, driver, start, array.opened(kind))
            self.families[kind] = family
            start = start if kind in self.inert else after
        active = [family for kind, family in self.families.items() if kind not in self.inert]
        network = Network(active, start)
        return ArrayState(self.cells, network, np.zeros(start))

    def _driver(self, name: str, ohm: float) -> float:
        stimulus = self.bench.stimulus(name)
        if isinstance(stimulus, Floating):
            return FLOATING_OHM
        return ohm if stimulus.unit == "V" else SOURCE_OHM

    def line_levels(self, family: Family) -> Array:
        """Return the source voltage of every line of one kind [V]."""
        return self.levels[family.kind] * self._factors[family.kind]

    def solve(self) -> None:
        """Find the operating point at the present levels."""
        state = self.state
        fixed = self.drive()
        if state.steps == 0 and not state.voltages.any():
            for family in state.network.families.values():
                start = np.where(family.driver >= FLOATING_OHM, 0.0, self.line_levels(family))
                state.voltages[family.nodes] = start[:, None] if family.along_rows else start[None, :]
        state.solve(self.sources, fixed)

    def drive(self) -> dict[str, Array | float]:
        """Set `sources` to the present levels and return the voltages of the ports that are no active lines."""
        self.sources, fixed = np.zeros(self.state.network.total), dict(self.fixed)
        for kind, family in self.families.items():
            levels = self.line_levels(family)
            if kind in self.inert:
                at_cells = levels[:, None] if family.along_rows else levels[None, :]
                at_cells = np.broadcast_to(at_cells, self.array.shape)
                fixed[kind] = (np.where(family.undriven, 0.0, at_cells) if family.undriven.size else at_cells).ravel()
            else:
                self.sources[family.first] = levels
        return fixed

    def let_move(self, cells: MovingCells) -> None:
        """Go on with cells that move, from the present operating point; gates that take charges become active lines."""
        old_families, old_voltages = self.families, self.state.voltages
        were_inert, self.cells = self.inert, cells
        self.inert = [kind for kind in were_inert if cells.is_inert(kind)]
        self.families = {}
        self.state = self._build()
        for kind, family in self.state.network.families.items():
            self.state.voltages[family.nodes.ravel()] = cells.voltages[:, cells.ports.index(kind)]
            old = self.line_levels(family) if kind in were_inert else old_voltages[old_families[kind].first]
            self.state.voltages[family.first] = old
        self.drive()
