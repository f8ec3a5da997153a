"""Testbenches of cells and crossbars solved without a circuit simulator: the engine ``numpy``."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import cast

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.memory import check_memory
from rramcirc.basics.units import format_number
from rramcirc.bench.analyses import Analysis, DcSweep, OperatingPoint, Transient, VectorSweep
from rramcirc.bench.testbench import Testbench, describe
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.elements import chosen_probes
from rramcirc.devices.cards.card import card_names, load_card
from rramcirc.engines.array.bench_solver import BenchSolver, cell_of
from rramcirc.engines.array.moving_cells import HELD_PORTS
from rramcirc.engines.array.probes import ProbeReader, circuit_of
from rramcirc.engines.array.record import EngineRun, Points
from rramcirc.engines.array.transient import run_transient
from rramcirc.engines.array.watch import Watch
from rramcirc.engines.ending import Ending, noted

Progress = Callable[[float], None]


STATIC_BYTES, MOVING_BYTES = 600.0, 4000.0  # a cell with wires; measured: 380 at 2048 x 2048, 3900 at 1024 x 1024


def check_bench(bench: Testbench) -> None:
    """Refuse by name what this engine cannot do.

    Raises
    ------
    ParameterError
        For small-signal analyses, built-in transistors, and a current into the bulk.
    """
    if not isinstance(bench.design, (Cell, Crossbar)):
        kind = type(bench.design).__name__
        raise ParameterError(
            f"engine numpy: it cannot do a {kind}, only a Cell, Crossbar, HopfieldNetwork, Perceptron or "
            "RecurrentNetwork; ngspice runs it."
        )
    if type(bench.analysis) not in _RUNS:
        kind = type(bench.analysis).__name__
        *most, last = (record.__name__ for record in _RUNS)
        known = f"{', '.join(most)} and {last}"
        raise ParameterError(f"engine numpy: it cannot do {kind}, only {known}; ngspice runs it.")
    selector = cell_of(bench).selector
    if selector is not None and selector.module is None:
        family = "pmos_ekv" if selector.spice == "pmos" else "nmos_ekv"
        fits = [name for name in card_names() if load_card(name).module == family]
        raise ParameterError(
            f"engine numpy: the selector {selector.name} is no compiled Verilog-A model, so it runs in ngspice only. "
            f"Nearest: {', '.join(fits)} (module {family})."
        )
    cells = bench.design.rows * bench.design.columns if isinstance(bench.design, Crossbar) else 1
    moving = bench.analysis.kind == "tran"
    needed, seconds = (MOVING_BYTES, 1e-4) if moving else (STATIC_BYTES, 1e-5)
    check_memory(f"engine numpy: {describe(bench.design)}", cells, needed, seconds)
    for line in ("bulk", "nz"):
        if line in bench.design.lines and getattr(bench.stimulus(line), "unit", "V") != "V":
            raise ParameterError(f"engine numpy: Testbench.stimuli[{line!r}]: the {line} terminal needs a voltage.")


def run_bench(
    bench: Testbench, progress: Progress | None = None, partial: bool = False, folder: Path | None = None
) -> EngineRun:
    """Solve a testbench: operating point, DC sweep or transient.

    With `partial`, what was computed until a failure or an interruption is returned with its `ending`. What is recorded
    beyond 64 MB waits in a nameless file in `folder`.

    Raises
    ------
    ParameterError
        If the engine cannot do the testbench; names what.
    SimulationError
        If there is no convergence.
    """
    check_bench(bench)
    return _RUNS[type(bench.analysis)](bench, progress, partial, folder)


def _run_transient(bench: Testbench, progress: Progress | None, partial: bool, folder: Path | None) -> EngineRun:
    """Solve a transient."""
    return run_transient(bench, cast(Transient, bench.analysis), progress, partial, folder)


def run_static(
    bench: Testbench, progress: Progress | None = None, partial: bool = False, folder: Path | None = None
) -> EngineRun:
    """Solve the operating point, DC sweep or vector sweep of a testbench; `partial`, `folder` as for `run_bench`.

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
    reader = ProbeReader(probes)
    solver = BenchSolver(bench, [port for port in HELD_PORTS if reader.reads_current(port)])
    watch = Watch(bench, solver, moving=False)
    points = Points(len(probes), folder)
    axis, levels = _points(bench.analysis)
    steps, residual, ending = 0, 0.0, Ending()
    with noted(ending) if partial else nullcontext():
        for k, place in enumerate(axis):
            for line, values in levels.items():
                solver.set_level(line, float(values[k]))
            solver.solve()
            steps, residual = steps + solver.state.steps, max(residual, solver.state.residual)
            points.add(float(place), reader.read(solver))
            watch.see(float(place), solver.cells.voltages)
            if progress is not None:
                progress(float(place))
    used = time.perf_counter() - wall, time.process_time() - cpu
    problems, remarks = watch.told()
    remarks = (*remarks, *doubts(solver.state.doubt))
    return EngineRun(probes, points.table(), steps, residual, *used, remarks, ending, problems)


def doubts(volt: float) -> tuple[str, ...]:
    """Return a remark if rounding moves a node by `volt` [V]."""
    moved = format_number(volt, "V")
    return (f"a node is known to {moved} only: next to nothing holds it, and rounding moves it so far",) if volt else ()


def _points(analysis: Analysis) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Return the axis of a static analysis, and the levels [V] of the lines that change along it."""
    axis = np.zeros(1) if analysis.grid is None else analysis.grid
    return axis, dict(analysis.line_levels) | ({analysis.swept_line: axis} if analysis.swept_line else {})


_RUNS: dict[type, Callable[[Testbench, Progress | None, bool, Path | None], EngineRun]] = {
    OperatingPoint: run_static,
    DcSweep: run_static,
    VectorSweep: run_static,
    Transient: _run_transient,
}
