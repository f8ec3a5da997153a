"""A run of the engine ``numpy`` as every engine gives it: a raw file with the names, units and signs of rramcirc."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from rramcirc.basics.errors import SimulationError
from rramcirc.basics.version import __version__
from rramcirc.bench.testbench import Testbench
from rramcirc.engines.array import engine
from rramcirc.engines.array.record import EngineRun
from rramcirc.engines.ending import Ending, limited, noted
from rramcirc.engines.outcome import Outcome
from rramcirc.waveforms.raw import RawPlot, read_raw, write_raw
from rramcirc.waveforms.waveforms import Signal

RAW_FILE = "waves.raw"
VERSION = f"rramcirc {__version__} numpy"
_KINDS = {"V": "voltage", "A": "current"}


def run_bench(
    bench: Testbench,
    folder: Path,
    progress: Callable[[float], None] | None = None,
    timeout: float | None = None,
) -> Outcome:
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
    """
    run, ending = None, Ending()
    with noted(ending):  # the engine itself notes what happens once there are points
        run = engine.run_bench(bench, limited(progress, timeout), partial=True, folder=folder)
    if run is None:
        cause = ending.cause if ending.status == "failed" else None
        problems = ending.problems if cause is None else (str(cause),)
        return Outcome("numpy", ending.status, problems, signal=ending.signal, version=VERSION, cause=cause)
    plots: tuple[RawPlot, ...] = ()
    ending = run.ending
    status, problems = ending.status, ending.problems
    if status == "done" and run.problems:
        status, problems = "failed", run.problems
    if len(run.axis):
        write_raw(folder / RAW_FILE, [_plot(bench, run)])
        plots = tuple(read_raw(folder / RAW_FILE))
    return Outcome(
        engine="numpy",
        status=status,
        problems=problems,
        plots=plots,
        signals=tuple(Signal(p.name, p.unit, p.name, 1, p.description) for p in run.probes),
        wall_seconds=run.wall_seconds,
        cpu_seconds=run.cpu_seconds,
        remarks=run.remarks,
        signal=ending.signal,
        version=VERSION,
        figures={"newton_steps": run.steps, "kcl_residual": run.residual, "numba": version("numba")},
        cause=None if isinstance(ending.cause, (SimulationError, TimeoutError)) else ending.cause,
    )


def _plot(bench: Testbench, run: EngineRun) -> RawPlot:
    """Return the values in the form of ngspice; a kind that it does not know is the unit itself."""
    names = [p.name for p in run.probes]
    kinds = [_KINDS.get(p.unit, p.unit) or "notype" for p in run.probes]
    data, axis = run.values, bench.analysis.axis
    if axis is not None:
        names, kinds, data = [axis.name, *names], [axis.kind, *kinds], run.table
    plot = RawPlot.from_columns(
        names, kinds, list(data[:0].T), title=bench.title, plotname=bench.analysis.plot_name,
        complete=run.ending.status == "done",
    )  # fmt: skip
    return replace(plot, data=data)  # which may be mapped from a file, larger than the memory
