"""Testbenches of cells and crossbars solved without a circuit simulator: the engine ``numpy``."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rramcirc.behavioural.cells import Cells
from rramcirc.behavioural.network import FLOATING_OHM, SOURCE_OHM, Family, Network, make_family
from rramcirc.behavioural.newton import ArrayState
from rramcirc.behavioural.probes import circuit_of, read_probes
from rramcirc.circuits.crossbar import cell_values
from rramcirc.design import Cell, Crossbar
from rramcirc.devices.card import card_names, load_card
from rramcirc.elements import Probe, chosen_probes
from rramcirc.errors import ParameterError
from rramcirc.stimuli import Floating, Stimulus
from rramcirc.testbench import DcSweep, OperatingPoint, Testbench

Array = NDArray[np.float64]
Progress = Callable[[float], None]


@dataclass(frozen=True)
class StaticRun:
    """Outcome of one run.

    Attributes
    ----------
    probes
        What was recorded.
    values : (n_points, n_probes) array
        Their values, in their units.
    axis : (n_points,) array
        Voltage of the swept line [V]; one 0 for an operating point.
    steps, residual
        Newton steps of all points; largest error of Kirchhoff's current law, relative to the largest current.
    wall_seconds, cpu_seconds
        Time of the run [s].
    """

    probes: tuple[Probe, ...]
    values: Array
    axis: Array
    steps: int
    residual: float
    wall_seconds: float
    cpu_seconds: float


def check_bench(bench: Testbench) -> None:
    """Refuse by name what this engine cannot do.

    Raises
    ------
    ParameterError
        For transients and small-signal analyses, built-in transistors, and a current into the bulk.
    """
    if not isinstance(bench.analysis, (OperatingPoint, DcSweep)):
        kind = type(bench.analysis).__name__
        raise ParameterError(f"engine numpy: it cannot do {kind}, only OperatingPoint and DcSweep; ngspice runs it.")
    selector = getattr(bench.design, "cell", bench.design).selector
    if selector is not None and selector.module is None:
        family = "pmos_ekv" if selector.spice == "pmos" else "nmos_ekv"
        fits = [name for name in card_names() if load_card(name).module == family]
        raise ParameterError(
            f"engine numpy: the selector {selector.name} is no compiled Verilog-A model, so it runs in ngspice only. "
            f"Nearest: {', '.join(fits)} (module {family})."
        )
    for line in ("bulk", "nz"):
        if line in bench.design.lines and getattr(bench.stimulus(line), "unit", "V") != "V":
            raise ParameterError(f"engine numpy: Testbench.stimuli[{line!r}]: the {line} terminal needs a voltage.")


def run_static(bench: Testbench, progress: Progress | None = None) -> StaticRun:
    """Solve the operating point or DC sweep of a testbench.

    Raises
    ------
    ParameterError
        If the engine cannot do the testbench; names what.
    SimulationError
        If there is no convergence.
    """
    check_bench(bench)
    wall, cpu = time.perf_counter(), time.process_time()
    circuit = circuit_of(bench)
    probes = tuple(chosen_probes(circuit, bench.probes))
    solver = _Solver(bench)
    analysis, rows = bench.analysis, []
    axis = np.zeros(1)
    if isinstance(analysis, DcSweep):
        axis = analysis.start + np.arange(analysis.points) * ((analysis.stop - analysis.start) / (analysis.points - 1))
    steps, residual = 0, 0.0
    for volts in axis:
        if isinstance(analysis, DcSweep):
            solver.levels[analysis.line] = float(volts)
        solver.solve()
        steps, residual = steps + solver.state.steps, max(residual, solver.state.residual)
        rows.append(read_probes(probes, solver))
        if progress is not None:
            progress(float(volts))
    used = time.perf_counter() - wall, time.process_time() - cpu
    return StaticRun(probes, np.array(rows).reshape(len(axis), len(probes)), axis, steps, residual, *used)


def _level(stimulus: Stimulus) -> float:
    """Return the level of a stimulus in static analyses, that of time 0; 0 for a floating line."""
    return 0.0 if isinstance(stimulus, Floating) else float(stimulus.corners()[1][0])


class _Solver:
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
