"""Simulate: a testbench or a netlist in, waveforms out."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from rramcirc.circuits import build_netlist
from rramcirc.errors import ParameterError, SimulationError, WaveformError, unknown_name
from rramcirc.netlist import Netlist, header_fields, read_signals
from rramcirc.ngspice.deck import prepare_foreign, transient_stop
from rramcirc.ngspice.run import NgspiceRun, find_ngspice, ngspice_version, run_deck
from rramcirc.runs import NETLIST, RAW, prepare_folder, write_record
from rramcirc.testbench import Testbench
from rramcirc.waveforms import Waveforms

ENGINES = ("ngspice", "vacask")
Progress = Callable[[float], None]


def simulate(
    bench: Testbench,
    engine: str = "ngspice",
    *,
    output: Path | str | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
) -> Waveforms:
    """Simulate a testbench and return its waveforms.

    Parameters
    ----------
    bench
        Design, stimuli and analysis.
    engine
        ``"ngspice"`` or ``"vacask"``.
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
    if engine not in ENGINES:
        raise ParameterError(unknown_name("engine", str(engine), ENGINES, "The engines are ngspice and vacask."))
    netlist = build_netlist(bench, engine)
    if engine == "vacask":
        from rramcirc.vacask.run import run_netlist as run

        return _in_folder(output, lambda folder: run(netlist, folder, _provenance(netlist, bench), timeout, progress))
    return _in_folder(output, lambda folder: _run_ngspice(netlist, bench, folder, timeout, progress))


def simulate_netlist(
    path: Path | str,
    *,
    output: Path | str | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
    options: Mapping[str, str] | None = None,
    temperature: float | None = None,
    trust: bool = False,
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
    """
    path = Path(path)
    signals = read_signals(path) if path.is_file() else []

    def run(folder: Path) -> Waveforms:
        deck = prepare_foreign(path, folder / NETLIST, options or {}, temperature, trust)
        outcome = run_deck(
            folder,
            NETLIST,
            vectors=[s.vector for s in signals],
            stop=transient_stop(folder / NETLIST),
            own_run_command=deck.has_run_command,
            timeout=timeout,
            progress=progress,
        )
        record = {"netlist": str(path), "netlist_sha256": deck.sha256, "seed": header_fields(path).get("seed")}
        return _finish(outcome, folder, signals, record)

    return _in_folder(output, run)


def _in_folder(output: Path | str | None, run: Callable[[Path], Waveforms]) -> Waveforms:
    """Call `run` with the run folder; a temporary one goes when all went well (read columns stay valid)."""
    if output is not None:
        return run(prepare_folder(Path(output)))
    folder = Path(tempfile.mkdtemp(prefix="rramcirc-"))
    keep = False
    try:
        return run(folder)
    except SimulationError:
        keep = True
        raise
    finally:
        if not keep:
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()


def _run_ngspice(
    netlist: Netlist, bench: Testbench, folder: Path, timeout: float | None, progress: Progress | None
) -> Waveforms:
    netlist.write(folder / NETLIST)
    outcome = run_deck(
        folder,
        NETLIST,
        vectors=[s.vector for s in netlist.signals],
        stop=netlist.stop,
        timeout=timeout,
        progress=progress,
    )
    return _finish(outcome, folder, list(netlist.signals), _provenance(netlist, bench))


def _provenance(netlist: Netlist, bench: Testbench) -> dict[str, object]:
    models = {
        m.source.name: {
            "sha256": hashlib.sha256(m.source.read_bytes()).hexdigest(),
            "osdi_sha256": m.sha256,
            "compiler": m.compiler,
        }
        for m in netlist.compile()
    }
    cell = getattr(bench.design, "cell", bench.design)
    cards = [cell.rram.name] + ([cell.selector.name] if cell.selector else [])
    return {
        "circuit": netlist.title,
        "netlist_sha256": netlist.content_hash,
        "models": models,
        "cards": cards,
        "seed": bench.seed,
        "temperature_K": bench.temperature,
    }


def _finish(outcome: NgspiceRun, folder: Path, signals: list, record: Mapping[str, object]) -> Waveforms:
    """Write run.json and return the waveforms, or raise with what is known about the failure."""
    program = find_ngspice()
    record = dict(record) | {
        "status": outcome.status,
        "engine": "ngspice",
        "engine_version": ngspice_version(program, program.stat().st_mtime),
        "problems": list(outcome.problems),
        "exit_code": outcome.exit_code,
        "wall_seconds": round(outcome.wall_seconds, 6),
        "cpu_seconds": round(outcome.cpu_seconds, 6),
        "points": outcome.plots[-1].n_points if outcome.plots else 0,
    }
    write_record(folder, record)
    if outcome.status == "interrupted":
        raise KeyboardInterrupt
    if outcome.status != "done":
        raise SimulationError(failure_text("ngspice", outcome.problems, folder, bool(record["points"])))
    try:
        return Waveforms.from_raw(outcome.plots[-1], signals or None, record)
    except WaveformError as error:
        raise SimulationError(failure_text("ngspice", (str(error),), folder, True)) from error


def failure_text(engine: str, problems: tuple[str, ...], folder: Path, partial: bool) -> str:
    """Return the one paragraph that a failed run prints."""
    shown = "; ".join(dict.fromkeys(problems[:4])) + (f"; and {len(problems) - 4} more" if len(problems) > 4 else "")
    kept = f" What was computed until then is in {folder / RAW} (`rramcirc inspect {folder}`)." if partial else ""
    return f"{engine} failed: {shown}.{kept} Netlist: {folder / NETLIST}, log: {folder / f'{engine}.log'}."


__all__ = ["ENGINES", "simulate", "simulate_netlist"]
