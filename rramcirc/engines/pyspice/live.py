"""Transients that Python follows: live values, sources computed while it runs, stop on a condition.

ngspice runs as a library, through PySpice, in a child process: after an error the library is not usable any more, it
may crash, and only a process can be stopped. The functions of the caller run here; the child asks through a pipe.
"""

from __future__ import annotations

import ctypes.util
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rramcirc.basics.errors import EnvironmentProblem, ParameterError, SimulationError, a_kind, shown, unknown_name
from rramcirc.basics.mistakes import some_of
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.elements import chosen_probes, select_probes
from rramcirc.circuits.table import build_circuit
from rramcirc.engines.build import build_netlist
from rramcirc.engines.netlist import Netlist, osdi_name
from rramcirc.engines.ngspice.log import read_log
from rramcirc.engines.provenance import bench_origin, netlist_origin, provenance
from rramcirc.engines.pyspice.blocks import circuit_lines
from rramcirc.engines.pyspice.live_pipe import Condition, Drive, Ended, Listener, OnPoint, run_child
from rramcirc.waveforms.raw import normalise_vector
from rramcirc.waveforms.waveforms import Signal, Waveforms

NETLIST, RAW, LOG = "netlist.cir", "waves.raw", "ngspice.log"
_INSTALL = (
    "Run `make setup` in the checkout, or on Debian 12 apt-get install -t bookworm-backports libngspice0; "
    "or set NGSPICE_LIBRARY_PATH to the library."
)


def run_live(
    bench: Testbench | Netlist,
    *,
    watch: Sequence[str] = (),
    on_point: OnPoint | None = None,
    stop_when: Condition | None = None,
    drive: Mapping[str, Drive] | None = None,
    timeout: float | None = None,
) -> Waveforms:
    """Run a transient and follow it point by point.

    Parameters
    ----------
    bench
        A testbench or an ngspice netlist (of a PySpice circuit: ``netlist_of(circuit, Transient(...))``).
    watch
        Signals handed to `on_point` and `stop_when`; they are recorded too. Empty: all that are recorded.
    on_point
        Called as ``on_point(time, values)`` with the time [s] and ``{signal: value}`` of every accepted point.
    stop_when
        Called the same way; True ends the run at this point.
    drive
        Line -> function of the time [s], in volts, or in amperes if the line has a current stimulus; it takes the place
        of the stimulus. ngspice asks it at every time it tries, also later than the points it accepts, and knows
        no corners: choose ``Transient.max_step`` shorter than the shortest edge or pulse.
    timeout
        Wall-clock limit [s], the time spent in the functions included.

    Returns
    -------
    Waveforms
        If the condition was met, `complete` is False and `stopped` says when.

    Raises
    ------
    SimulationError
        If the simulation failed, crashed or ran out of time; what was computed is in the folder it names.
    EnvironmentProblem
        If libngspice or PySpice is missing.

    Examples
    --------
    >>> from rramcirc import Cell, Transient, triangle
    >>> bench = Testbench(Cell("hfo2_filament"), Transient(2e-6), {"bl": triangle(2.0, ramp_rate=2e6)})
    >>> waves = run_live(bench, watch=["i(bl)"], stop_when=lambda time, values: values["i(bl)"] > 50e-6)
    >>> waves.provenance["status"]
    'stopped by condition'
    """
    drive = {str(line).lower(): function for line, function in (drive or {}).items()}
    _check_functions({"on_point": on_point, "stop_when": stop_when} | {f"drive[{k!r}]": f for k, f in drive.items()})
    if timeout is not None and not (isinstance(timeout, (int, float)) and timeout > 0):
        raise ParameterError(f"timeout: {shown(timeout)} is no positive number of seconds.")
    netlist = _transient(_netlist(bench, watch))
    listener = Listener(_watched(bench, netlist, watch), on_point, stop_when, drive)
    text, driven = _with_external_sources(netlist.text, drive)
    netlist = replace(netlist, text=text)
    order: dict[str, object] = {"library": find_library(), "deck": NETLIST, "driven": driven}
    folder = Path(tempfile.mkdtemp(prefix="rramcirc-"))
    keep = False
    try:
        return _run_in(folder, netlist, bench, order, listener, timeout)
    except SimulationError:
        keep = True
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _run_in(
    folder: Path,
    netlist: Netlist,
    bench: Testbench | Netlist,
    order: dict[str, object],
    listener: Listener,
    timeout: float | None,
) -> Waveforms:
    """Run the netlist in a folder and return the waveforms if they can be trusted."""
    netlist.write(folder / NETLIST)
    order["commands"] = ["set num_threads=1", *(f"osdi {osdi_name(source)}" for source in netlist.sources)]
    ended = run_child(folder, order, folder / LOG, listener, timeout)
    if listener.reason:
        raise EnvironmentProblem(f"ngspice cannot be used as a library ({listener.reason}). {_INSTALL}")
    waves = _waveforms(netlist, bench, listener, ended)
    problems = _problems(netlist, listener, ended, waves, timeout)
    if problems:
        raise _failure(problems, folder, waves)
    return waves


def _check_functions(functions: Mapping[str, object]) -> None:
    for name, function in functions.items():
        if function is not None and not callable(function):
            raise ParameterError(f"{name}: {shown(function)} is no function.")


def find_library() -> str:
    """Return the ngspice library: ``NGSPICE_LIBRARY_PATH``, as PySpice has it, or the one the system knows.

    Raises
    ------
    EnvironmentProblem
        If there is none.
    """
    found = os.environ.get("NGSPICE_LIBRARY_PATH") or ctypes.util.find_library("ngspice")
    if not found:
        raise EnvironmentProblem(f"libngspice was not found, which live runs need. {_INSTALL}")
    return found


def _netlist(bench: Testbench | Netlist, watch: Sequence[str]) -> Netlist:
    """Return the netlist, with the watched signals among the recorded ones."""
    if isinstance(watch, str):
        raise ParameterError(f"watch: {shown(watch)} is one string; give a list of signal names.")
    if isinstance(bench, Testbench):
        if watch:
            recorded = [probe.name for probe in chosen_probes(build_circuit(bench), bench.probes)]
            bench = replace(bench, probes=(*recorded, *watch))
        return build_netlist(bench)
    if not isinstance(bench, Netlist):
        raise ParameterError(f"run_live: {a_kind(bench)} is no testbench or netlist.")
    return bench


def _transient(netlist: Netlist) -> Netlist:
    """Return the netlist without its commands; the child gives them."""
    if netlist.simulator != "ngspice" or netlist.analysis != "tran":
        given = f"{netlist.analysis!r} for {netlist.simulator}"
        raise ParameterError(f"run_live: the analysis is {given}; live runs are transients in ngspice.")
    return replace(netlist, text="\n".join([*circuit_lines(netlist.text), ".end", ""]))


def _watched(bench: Testbench | Netlist, netlist: Netlist, watch: Sequence[str]) -> tuple[Signal, ...]:
    if not watch:
        return netlist.signals
    if isinstance(bench, Testbench):
        names = {probe.name for probe in select_probes(build_circuit(bench), watch)}
    else:
        names = set(watch)
        for name in names.difference(s.name for s in netlist.signals):
            raise ParameterError(f"watch: {unknown_name('signal', str(name), [s.name for s in netlist.signals])}")
    return tuple(s for s in netlist.signals if s.name in names)


def _with_external_sources(text: str, lines: Iterable[str]) -> tuple[str, list[str]]:
    """Return the netlist with the sources of some lines asked from outside, and the names of these sources."""
    driven = []
    for line in lines:
        source = re.compile(rf"^([vi]{re.escape(line)})[ \t]+(\S+)[ \t]+(\S+)[^\n]*(\n\+[^\n]*)*$", re.I | re.M)
        found = list(source.finditer(text))
        if len(found) != 1:
            known = [name[1:] for name in re.findall(r"^[vi]\w+", text, re.I | re.M)]
            raise ParameterError(f"drive: {unknown_name('source of the line', line, known)}")
        name, plus, minus = found[0].group(1, 2, 3)
        start, end = found[0].span()
        # ngspice adds the external value to the dc value, at all times
        text = f"{text[:start]}{name} {plus} {minus} dc 0 external{text[end:]}"
        driven.append(name.lower())
    return text, driven


def _waveforms(netlist: Netlist, bench: Testbench | Netlist, listener: Listener, ended: Ended) -> Waveforms:
    """Return what was recorded until the child ended."""
    count = len(listener.vectors)
    table = np.frombuffer(b"".join(listener.rows)).reshape(-1, count) if count else np.empty((0, 1))
    place = {name: k for k, name in enumerate(listener.vectors)}
    signals = netlist.signals or [Signal(name, _unit(name), name) for name in listener.vectors if name != "time"]
    found = {s: place.get(normalise_vector(s.vector)) for s in signals}
    columns = {s.name: s.sign * table[:, k] for s, k in found.items() if k is not None}
    stop = table[-1, place["time"]] if len(table) else 0.0
    finished = len(table) > 0 and (netlist.stop is None or stop >= netlist.stop * (1 - 1e-9))
    status = "stopped by condition" if listener.stopped else "done" if finished else "failed"
    version = re.search(r"ngspice-\d+\S*", ended.log)
    origin = bench_origin(bench, netlist) if isinstance(bench, Testbench) else netlist_origin(netlist)
    record = provenance(origin) | {
        "status": status,
        "engine": "ngspice",
        "engine_version": f"{version[0] if version else 'unknown'} (library)",
        "remarks": list(read_log(ended.log).remarks),
        "points": len(table),
        "drive_requests": listener.requests if listener.drive else 0,
    }
    return Waveforms(
        "time",
        "s",
        table[:, place.get("time", 0)],
        columns,
        {s.name: s.unit for s in signals},
        complete=finished,
        provenance=record,
        stopped="" if finished else f"{status} at {stop:g} s of {netlist.stop:g} s",
        title=netlist.title,
    )


def _unit(vector: str) -> str:
    return {"v(": "V", "i(": "A"}.get(vector[:2], "")


def _problems(netlist: Netlist, listener: Listener, ended: Ended, waves: Waveforms, timeout: float | None) -> list[str]:
    """Return why the result cannot be trusted, a sentence each, causes first."""
    problems = []
    if ended.timed_out:
        problems.append(f"stopped after the time limit of {timeout:g} s")
    elif ended.exit_code:
        how = f"signal {-ended.exit_code}" if ended.exit_code < 0 else f"exit status {ended.exit_code}"
        problems.append(f"the child process with libngspice ended with {how}")
    problems += [f"ngspice said: {line}" for line in read_log(ended.log).problems]
    if not waves.complete and not listener.stopped:
        last = waves.time[-1] if waves.n_points else 0.0
        problems.append(f"the simulation ended at {last:.6g} s of {netlist.stop:.6g} s")
    missing = [s.name for s in netlist.signals if s.name not in waves.signals] if listener.vectors else []
    infinite = [name for name in waves.names if not np.all(np.isfinite(waves[name]))]
    problems += [f"{name} was not recorded" for name in missing[:5]]
    return problems + [f"{name} has values that are not finite" for name in infinite[:5]]


def _failure(problems: list[str], folder: Path, waves: Waveforms) -> SimulationError:
    """Keep what was computed and return the one paragraph about it."""
    kept = ""
    if waves.n_points:
        waves.save(folder / RAW)
        kept = f" What was computed until then is in {folder / RAW}."
    problems = [problem.rstrip(". ") for problem in dict.fromkeys(problems)]
    where = f"Netlist: {folder / NETLIST}, log: {folder / LOG}."
    return SimulationError(f"live run in ngspice failed: {some_of(problems, 4)}.{kept} {where}")
