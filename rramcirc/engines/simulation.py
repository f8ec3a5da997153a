"""Simulate: a testbench or a netlist in, waveforms out."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rramcirc.basics.errors import (
    EnvironmentProblem,
    ParameterError,
    RramcircError,
    SimulationError,
    WaveformError,
    unknown_name,
)
from rramcirc.engines.netlist import Netlist
from rramcirc.engines.ngspice.deck import read_foreign
from rramcirc.engines.ngspice.overlooked import check_options
from rramcirc.engines.ngspice.result import Expected
from rramcirc.engines.ngspice.run import NgspiceRun, find_ngspice, ngspice_version, run_deck
from rramcirc.waveforms.folder import NETLIST, RAW, RUNNING, main_plot, prepare_folder, read_record, write_record
from rramcirc.waveforms.signals import header_fields, read_signals
from rramcirc.waveforms.waveforms import Waveforms

if TYPE_CHECKING:
    from PySpice.Spice.Netlist import Circuit

    from rramcirc.bench.analyses import Analysis
    from rramcirc.bench.testbench import Testbench
    from rramcirc.engines.array.result import NumpyRun
    from rramcirc.engines.vacask.run import VacaskRun

ENGINES = ("ngspice", "vacask", "numpy")
_NETLISTS = {"ngspice": NETLIST, "vacask": "netlist.sim"}
Progress = Callable[[float], None]


def simulate(
    bench: Testbench | Netlist | Circuit,
    engine: str = "ngspice",
    *,
    analysis: Analysis | None = None,
    probes: Sequence[str] = (),
    output: Path | str | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
) -> Waveforms:
    """Simulate a testbench and return its waveforms.

    Parameters
    ----------
    bench
        Design, stimuli and analysis; or a netlist made from them; or a PySpice circuit (ngspice only).
    engine
        ``"ngspice"``, ``"vacask"``, or ``"numpy"`` (cells and crossbars of compiled models, all but AC).
    analysis, probes
        For a PySpice circuit, which has none: what to compute and what to record
        (:func:`rramcirc.engines.pyspice.netlist.netlist_of`).
    output
        Run folder to keep; without it the run leaves nothing behind unless it fails.
    timeout
        Wall-clock limit [s].
    progress
        Called with the simulated time [s] about twice a second.

    Raises
    ------
    SimulationError
        If the simulation failed or its result cannot be trusted; what was computed is in the folder it names.
    """
    # a netlist file is run without what makes netlists; its 0.1 s of imports come with the first testbench
    from rramcirc.bench.testbench import Testbench
    from rramcirc.engines.build import build_netlist

    _check_call(output, timeout, progress)
    if engine not in ENGINES:
        raise ParameterError(unknown_name("engine", str(engine), ENGINES, "The engines are ngspice, vacask and numpy."))
    if engine == "numpy":
        if not isinstance(bench, Testbench):
            raise ParameterError(f"simulate: engine 'numpy' needs a testbench, not a {type(bench).__name__}.")
        return _in_folder(output, lambda folder: _run_numpy(bench, folder, timeout, progress))
    if not isinstance(bench, Testbench):
        bench, netlist = None, _given_netlist(bench, engine, analysis, probes)
    elif analysis is not None or probes:
        raise ParameterError("simulate: analysis and probes are for PySpice circuits; a testbench has its own.")
    else:
        netlist = build_netlist(bench, engine)
    if engine == "ngspice" and bench is not None:
        check_options(bench.options, "Testbench.options")
    run = _run_vacask if engine == "vacask" else _run_ngspice
    return _in_folder(output, lambda folder: run(netlist, bench, folder, timeout, progress))


def _given_netlist(
    circuit: Netlist | Circuit, engine: str, analysis: Analysis | None, probes: Sequence[str]
) -> Netlist:
    """Return the netlist that is given, or the one of a PySpice circuit; it must be one for `engine`."""
    if not isinstance(circuit, Netlist):
        from rramcirc.engines.pyspice.blocks import is_pyspice
        from rramcirc.engines.pyspice.netlist import netlist_of

        if not is_pyspice(circuit):
            raise ParameterError(f"simulate: {circuit!r} is no testbench, netlist or PySpice circuit.")
        circuit = netlist_of(circuit, analysis, probes)
    if circuit.simulator != engine:
        raise ParameterError(f"simulate: the netlist is one for {circuit.simulator}; engine={engine!r} cannot run it.")
    return circuit


def simulate_netlist(
    path: Path | str,
    *,
    output: Path | str | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
    options: Mapping[str, str] | None = None,
    temperature: float | None = None,
    trust: bool = False,
    allow_read: Sequence[Path | str] | Path | str = (),
) -> Waveforms:
    """Run a netlist file in ngspice and return its waveforms.

    Parameters
    ----------
    path
        A netlist that rramcirc wrote, or any other.
    options, temperature
        Simulator options and ambient temperature [K] that win over those of the netlist.
    trust
        Run it even if it reads, writes or loads what lies outside its folder.
    allow_read
        Folders beside its own that it may read without trust, such as that of a design kit.

    Raises
    ------
    NetlistError, ParameterError
        If it cannot be read, must not be run without trust, or an option is none of ngspice.
    SimulationError
        If the simulation failed or its result cannot be trusted; what was computed is in the folder it names.
    """
    _check_call(output, timeout, progress)
    if not isinstance(path, (str, os.PathLike)):
        raise ParameterError(f"path: {path!r} is not the name of a netlist.")
    path = Path(path)
    deck = read_foreign(path, options, temperature, trust, allow_read)
    signals = read_signals(path)
    if output is not None and path.resolve().is_relative_to(Path(output).resolve()):
        raise ParameterError(f"{path} lies in the run folder {output}, which is emptied first. Choose another with -o.")

    def run(folder: Path) -> Waveforms:
        deck.write(folder / NETLIST)
        expected = replace(deck.expected, vectors=(*deck.expected.vectors, *(s.vector for s in signals)))
        expected = replace(expected, ours=bool(signals))
        outcome = run_deck(folder, expected=expected, reads=deck.reads, timeout=timeout, progress=progress)
        record = {"netlist": str(path), "netlist_sha256": deck.sha256}
        told = header_fields(path)
        record |= {
            "circuit": told.get("circuit"),
            "seed": int(told["seed"]) if told.get("seed", "").isdigit() else None,
        }
        return _finish(outcome, folder, signals, record)

    return _in_folder(output, run)


def _check_call(output: object, timeout: object, progress: object) -> None:
    if output is not None and not isinstance(output, (str, os.PathLike)):
        raise ParameterError(f"output: {output!r} is not the name of a folder.")
    if timeout is not None and (not isinstance(timeout, (int, float)) or isinstance(timeout, bool) or not timeout > 0):
        raise ParameterError(f"timeout: {timeout!r} is not a positive number of seconds.")
    if progress is not None and not callable(progress):
        raise ParameterError(f"progress: {progress!r} cannot be called.")


def _in_folder(output: Path | str | None, run: Callable[[Path], Waveforms]) -> Waveforms:
    """Call `run` with the run folder; a temporary one goes when all went well (read columns stay valid)."""
    if output is not None:
        folder = prepare_folder(Path(output))
        try:
            return run(folder)
        except RramcircError as error:
            if read_record(folder).get("status") == RUNNING:
                write_record(folder, {"status": "failed", "problems": [str(error)]})
            raise
    folder = Path(tempfile.mkdtemp(prefix="rramcirc-"))
    keep = False
    try:
        return run(folder)
    except (SimulationError, KeyboardInterrupt):
        keep = True
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _run_ngspice(
    netlist: Netlist, bench: Testbench | None, folder: Path, timeout: float | None, progress: Progress | None
) -> Waveforms:
    netlist.write(folder / NETLIST)
    expected = Expected(
        vectors=tuple(s.vector for s in netlist.signals),
        stop=netlist.stop,
        analyses=(netlist.analysis,),
        celsius=bench.temperature - 273.15 if bench is not None else None,
        ours=True,
    )
    outcome = run_deck(folder, expected=expected, timeout=timeout, progress=progress)
    if bench is not None and outcome.status == "done":
        from rramcirc.engines.driven import undriven_lines

        lies = undriven_lines(bench, Waveforms.from_raw(main_plot(outcome.plots), netlist.signals))
        if lies:
            lies.append("the solution is wrong: with KLU, ngspice 46 does this if a node's voltage is used by nothing")
            outcome = replace(outcome, status="failed", problems=(*outcome.problems, *lies))
    return _finish(outcome, folder, list(netlist.signals), _provenance(netlist, bench))


def _run_vacask(
    netlist: Netlist, bench: Testbench | None, folder: Path, timeout: float | None, progress: Progress | None
) -> Waveforms:
    from rramcirc.engines.vacask.run import run_netlist

    outcome = run_netlist(netlist, folder, timeout, progress)
    return _finish(outcome, folder, list(outcome.signals), _provenance(netlist, bench), "vacask")


def _run_numpy(bench: Testbench, folder: Path, timeout: float | None, progress: Progress | None) -> Waveforms:
    from rramcirc.engines.array.result import provenance, run_bench

    try:
        outcome = run_bench(bench, folder, progress, timeout)
    except SimulationError as error:
        write_record(folder, provenance(bench) | {"status": "failed", "engine": "numpy", "problems": [str(error)]})
        raise
    record = provenance(bench) | {"newton_steps": outcome.newton_steps, "kcl_residual": outcome.kcl_residual}
    try:
        return _finish(outcome, folder, list(outcome.signals), record, "numpy")
    except SimulationError as error:
        if isinstance(outcome.cause, (SimulationError, TimeoutError, type(None))):
            raise
        raise outcome.cause from error


def _provenance(netlist: Netlist, bench: Testbench | None) -> dict[str, object]:
    models = {
        m.source.name: {
            "sha256": _sha256(m.source, m.source.stat().st_mtime_ns),
            "osdi_sha256": m.sha256,
            "compiler": m.compiler,
        }
        for m in netlist.compiled
    }
    record: dict[str, object] = {
        "circuit": netlist.title,
        "netlist_sha256": netlist.content_hash,
        "models": models,
    }
    if bench is not None:
        cell = getattr(bench.design, "cell", bench.design)
        cards = (getattr(cell, "rram", None), getattr(cell, "selector", None))
        record["cards"] = [card.name for card in cards if card is not None]
        record |= {"seed": bench.seed, "temperature_K": bench.temperature}
    return record


@lru_cache(maxsize=64)
def _sha256(file: Path, mtime_ns: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _finish(
    outcome: NgspiceRun | VacaskRun | NumpyRun,
    folder: Path,
    signals: list,
    record: Mapping[str, object],
    engine: str = "ngspice",
) -> Waveforms:
    """Write run.json and return the waveforms, or raise with what is known about the failure."""
    plot = main_plot(outcome.plots)
    record = dict(record) | {
        "status": outcome.status,
        "engine": engine,
        "engine_version": getattr(outcome, "version", "") or _engine_version(engine, outcome.log),
        "problems": list(outcome.problems),
        "exit_code": outcome.exit_code,
        "wall_seconds": round(outcome.wall_seconds, 6),
        "cpu_seconds": round(outcome.cpu_seconds, 6),
        "points": plot.n_points if plot else 0,
        "plots": [{"name": p.plotname, "points": p.n_points} for p in outcome.plots],
        "remarks": list(outcome.remarks),
    }
    write_record(folder, record)
    if outcome.status == "interrupted":
        if outcome.signal not in (0, signal.SIGINT):
            raise SystemExit(128 + outcome.signal)
        raise KeyboardInterrupt(f"interrupted; what was computed is in {folder}")
    if outcome.status != "done":
        blame = EnvironmentProblem if outcome.machine else SimulationError
        raise blame(failure_text(engine, outcome.problems, folder, bool(record["points"])))
    try:
        return Waveforms.from_raw(plot, signals or None, record)
    except WaveformError as error:
        raise SimulationError(failure_text(engine, (str(error),), folder, True)) from error


def _engine_version(engine: str, log: str) -> str:
    if engine == "vacask":
        from rramcirc.engines.vacask.run import vacask_version

        return vacask_version(log)
    program = find_ngspice()
    return ngspice_version(program, program.stat().st_mtime)


def failure_text(engine: str, problems: tuple[str, ...], folder: Path, partial: bool) -> str:
    """Return the one paragraph that a failed run prints."""
    shown = "; ".join(dict.fromkeys(problems[:4])) + (f"; and {len(problems) - 4} more" if len(problems) > 4 else "")
    kept = f" What was computed until then is in {folder / RAW} (`rramcirc inspect {folder}`)." if partial else ""
    if engine == "numpy":
        return f"{engine} failed: {shown.removesuffix('.')}.{kept}"
    return f"{engine} failed: {shown}.{kept} Netlist: {folder / _NETLISTS[engine]}, log: {folder / f'{engine}.log'}."


__all__ = ["ENGINES", "simulate", "simulate_netlist"]
