"""Testbenches of cells and crossbars solved without a circuit simulator: the engine ``numpy``."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from rramcirc.behavioural.bench_solver import BenchSolver
from rramcirc.behavioural.probes import circuit_of, read_probes
from rramcirc.behavioural.record import EngineRun
from rramcirc.devices.card import card_names, load_card
from rramcirc.elements import chosen_probes
from rramcirc.errors import ParameterError
from rramcirc.testbench import DcSweep, OperatingPoint, Testbench

Progress = Callable[[float], None]


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


def run_static(bench: Testbench, progress: Progress | None = None) -> EngineRun:
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
    solver = BenchSolver(bench)
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
    return EngineRun(probes, np.array(rows).reshape(len(axis), len(probes)), axis, steps, residual, *used)
