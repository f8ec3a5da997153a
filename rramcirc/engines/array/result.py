"""A run of the engine ``numpy`` as every engine gives it: a raw file with the names, units and signs of rramcirc."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rramcirc.basics.version import __version__
from rramcirc.bench.analyses import DcSweep, Transient, VectorSweep
from rramcirc.bench.testbench import Testbench
from rramcirc.devices.veriloga.compile import compile_module
from rramcirc.engines.array import engine
from rramcirc.engines.array.bench_solver import cell_of
from rramcirc.engines.array.ending import Ending, limited, noted
from rramcirc.engines.array.record import EngineRun
from rramcirc.waveforms.raw import RawPlot, read_raw, write_raw
from rramcirc.waveforms.waveforms import Signal

RAW_FILE = "waves.raw"
_KINDS = {"V": "voltage", "A": "current"}


@dataclass(frozen=True)
class NumpyRun:
    """Outcome of one run; the fields are those of `rramcirc.engines.ngspice.run.NgspiceRun`."""

    plots: tuple[RawPlot, ...]
    signals: tuple[Signal, ...]
    wall_seconds: float
    cpu_seconds: float
    newton_steps: int
    kcl_residual: float
    status: str = "done"
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    exit_code: int = 0
    signal: int = 0
    machine: bool = False
    log: str = ""
    version: str = f"rramcirc {__version__} numpy"
    cause: BaseException | None = None


def run_bench(
    bench: Testbench,
    folder: Path,
    progress: Callable[[float], None] | None = None,
    timeout: float | None = None,
) -> NumpyRun:
    """Solve a testbench and write waves.raw; after a failure or an interruption, what was computed until then.

    Parameters
    ----------
    bench
        A cell or crossbar of compiled models with an operating point, a DC sweep or a transient.
    folder
        The run folder.
    progress
        Called with the swept voltage [V] or the time [s] after every point.
    timeout
        Wall-clock limit [s].

    Raises
    ------
    ParameterError
        If the engine cannot do the testbench; names what.
    SimulationError
        If there is no operating point.
    """
    run, ending = None, Ending()
    with noted(ending):  # the engine itself notes what happens once there are points
        run = engine.run_bench(bench, limited(progress, timeout), partial=True)
    if run is None and ending.status == "failed":
        raise ending.cause
    if run is None:
        return NumpyRun((), (), 0.0, 0.0, 0, 0.0, ending.status, ending.problems, signal=ending.signal)
    plots: tuple[RawPlot, ...] = ()
    ending = run.ending
    if len(run.axis):
        write_raw(folder / RAW_FILE, [_plot(bench, run)])
        plots = tuple(read_raw(folder / RAW_FILE))
    signals = tuple(Signal(p.name, p.unit, p.name, 1, p.description) for p in run.probes)
    return NumpyRun(
        plots, signals, run.wall_seconds, run.cpu_seconds, run.steps, run.residual, ending.status, ending.problems,
        run.remarks, signal=ending.signal, cause=ending.cause,
    )  # fmt: skip


def _plot(bench: Testbench, run: EngineRun) -> RawPlot:
    """Return the values in the form of ngspice; a kind that it does not know is the unit itself."""
    names = [p.name for p in run.probes]
    kinds = [_KINDS.get(p.unit, p.unit) or "notype" for p in run.probes]
    columns, plotname = list(run.values.T), "Operating Point"
    if isinstance(bench.analysis, DcSweep):
        names, kinds, columns = ["v(v-sweep)", *names], ["voltage", *kinds], [run.axis, *columns]
        plotname = "DC transfer characteristic"
    if isinstance(bench.analysis, VectorSweep):
        names, kinds, columns = ["index", *names], ["notype", *kinds], [run.axis, *columns]
        plotname = "DC transfer characteristic"
    if isinstance(bench.analysis, Transient):
        names, kinds, columns = ["time", *names], ["time", *kinds], [run.axis, *columns]
        plotname = "Transient Analysis"
    complete = run.ending.status == "done"
    return RawPlot.from_columns(names, kinds, columns, title=bench.title, plotname=plotname, complete=complete)


def provenance(bench: Testbench) -> dict[str, object]:
    """Return what the waveforms come from: circuit, models, cards, seed, temperature."""
    cell = cell_of(bench)
    cards = [cell.rram] + ([cell.selector] if cell.selector else [])
    compiled = [compile_module(card.declaration.path) for card in cards if card.declaration is not None]
    return {
        "circuit": bench.title,
        "models": {m.source.name: {"osdi_sha256": m.sha256, "compiler": m.compiler} for m in compiled},
        "cards": [card.name for card in cards],
        "seed": bench.seed,
        "temperature_K": bench.temperature,
    }
