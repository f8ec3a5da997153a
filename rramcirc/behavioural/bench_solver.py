"""A testbench as cells, lines and the levels of its sources; read by the probes, brought to balance by the analyses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rramcirc.behavioural.cells import Cells
from rramcirc.behavioural.line_network import FLOATING_OHM, SOURCE_OHM, Family, Network, make_family
from rramcirc.behavioural.newton import ArrayState
from rramcirc.circuits.crossbar import cell_values
from rramcirc.design import Cell, Crossbar
from rramcirc.stimuli import Floating, Stimulus
from rramcirc.testbench import Testbench

Array = NDArray[np.float64]


def _level(stimulus: Stimulus) -> float:
    """Return the level of a stimulus in static analyses, that of time 0; 0 for a floating line."""
    return 0.0 if isinstance(stimulus, Floating) else float(stimulus.corners()[1][0])


class BenchSolver:
    """Cells and lines of a testbench, and the levels of its lines."""

    def __init__(self, bench: Testbench) -> None:
        design = bench.design
        self.bench = bench
        self.array = design if isinstance(design, Crossbar) else Crossbar(design, 1, 1)
        self.single = isinstance(design, Cell)
        parameters = {name: values.ravel() for name, values in cell_values(self.array).items()}
        parameters = dict(self.array.cell.rram_parameters) | parameters
        self.cells = Cells(self.array.cell, self.array.rows * self.array.columns, parameters, bench.temperature)
        names = [line for line in design.lines if line != "nz"]
        self.levels = {name: _level(bench.stimulus(name)) for name in (*names, "nz")}
        self.families: dict[str, Family] = {}
        self.state = self._build()

    def _build(self) -> ArrayState:
        array, kinds, start = self.array, ["bl", "wl"], 0
        if array.cell.selector is not None:
            kinds.append("sl")
        sample = Cells(array.cell, 1, {}, self.bench.temperature)
        sample.check_held()
        self.inert = ["wl"] if array.cell.selector is not None and sample.is_inert("wl") else []
        for kind in kinds:
            along_rows = kind == "wl" or (kind == "sl" and array.source_line == "row")
            line, count = getattr(array, kind), array.rows if along_rows else array.columns
            driver = np.array([self._driver(name, line.driver_resistance) for name in self.names(kind, count)])
            family, after = make_family(kind, line, array.shape, along_rows, driver, start)
            self.families[kind] = family
            start = start if kind in self.inert else after
        active = [family for kind, family in self.families.items() if kind not in self.inert]
        network = Network(active, start)
        return ArrayState(self.cells, network, np.zeros(start))

    def names(self, kind: str, count: int) -> list[str]:
        """Names of the lines of one kind."""
        return [kind] if self.single else [f"{kind}{k}" for k in range(count)]

    def _driver(self, name: str, ohm: float) -> float:
        stimulus = self.bench.stimulus(name)
        if isinstance(stimulus, Floating):
            return FLOATING_OHM
        return ohm if stimulus.unit == "V" else SOURCE_OHM

    def line_levels(self, family: Family) -> Array:
        """Return the source voltage of every line of one kind [V]."""
        names = self.names(family.kind, len(family.driver))
        currents = [getattr(self.bench.stimulus(name), "unit", "V") == "A" for name in names]
        levels = np.array([self.levels[name] for name in names])
        return np.where(currents, levels * SOURCE_OHM, levels)

    def solve(self) -> None:
        """Find the operating point at the present levels."""
        state = self.state
        sources, fixed = np.zeros(state.network.total), {}
        fresh = state.steps == 0 and not state.voltages.any()
        for kind, family in self.families.items():
            levels = self.line_levels(family)
            if kind in self.inert:
                at_cells = levels[:, None] if family.along_rows else levels[None, :]
                fixed[kind] = np.broadcast_to(at_cells, self.array.shape).ravel()
                continue
            sources[family.first] = levels
            if fresh:
                start = np.where(family.driver >= FLOATING_OHM, 0.0, levels)
                state.voltages[family.nodes] = start[:, None] if family.along_rows else start[None, :]
        noise = self.bench.cycle_noise
        fixed["nz"] = self.levels["nz"] if noise is None else noise.deviates(self.array.shape)[0].ravel()
        if "bulk" in self.levels:
            fixed["bulk"] = self.levels["bulk"]
        state.solve(sources, fixed)
        self.sources = sources
