"""Run one deck in ngspice and judge the outcome by exit status, raw file and log together."""

from __future__ import annotations

import os
import resource
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from rramcirc.errors import EnvironmentProblem, WaveformError
from rramcirc.ngspice.log import reference_value, suspect_lines
from rramcirc.rawfile import RawPlot, normalise_vector, read_raw

RAW_FILE, LOG_FILE = "waves.raw", "ngspice.log"
LARGEST_VALUE = 1e12  # a solution beyond this is nonsense of a failed operating point

Progress = Callable[[float], None]


@dataclass(frozen=True)
class NgspiceRun:
    """Outcome of one run.

    Attributes
    ----------
    status
        ``"done"``, ``"failed"``, ``"timeout"``, ``"killed"`` or ``"interrupted"``.
    problems
        One sentence per reason why the run is not ``"done"``.
    plots
        What the raw file holds; may be partial.
    exit_code
        Exit status of ngspice; negative if a signal ended it.
    wall_seconds, cpu_seconds
        Time from start to end, and processor time of the child [s].
    log
        Everything that ngspice printed.
    """

    status: str
    problems: tuple[str, ...]
    plots: tuple[RawPlot, ...]
    exit_code: int
    wall_seconds: float
    cpu_seconds: float
    log: str


def find_ngspice() -> Path:
    """Return the ngspice program: ``RRAMCIRC_NGSPICE`` or the one on PATH.

    Raises
    ------
    EnvironmentProblem
        If there is none.
    """
    name = os.environ.get("RRAMCIRC_NGSPICE", "ngspice")
    found = shutil.which(name)
    if found is None:
        raise EnvironmentProblem(
            f"{name!r} was not found on PATH. rramcirc needs ngspice 44 or newer with OSDI: run `make setup` in the "
            "checkout, or on Debian 12 apt-get install -t bookworm-backports ngspice."
        )
    return Path(found)


@lru_cache(maxsize=4)
def ngspice_version(program: Path, modified: float) -> str:
    """Return the version line of an ngspice program; `modified` is its change time, for the cache."""
    text = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    words = [line for line in text.splitlines() if "ngspice-" in line]
    return words[0].replace("*", "").split(":")[0].strip() if words else "unknown"


def run_deck(
    folder: Path,
    deck: str = "netlist.cir",
    *,
    vectors: Sequence[str] = (),
    stop: float | None = None,
    own_run_command: bool = True,
    timeout: float | None = None,
    progress: Progress | None = None,
) -> NgspiceRun:
    """Run a deck in its folder and say whether the result can be trusted.

    Parameters
    ----------
    folder, deck
        The run folder and the netlist in it.
    vectors
        Vectors that must be in the raw file.
    stop
        Last time that the raw file must reach [s]; None for other analyses.
    own_run_command
        The deck's ``.control`` block runs it and writes waves.raw (as rramcirc's decks do); else ``-r`` is added.
    timeout
        Wall-clock limit [s].
    progress
        Called with the simulated time [s] about twice a second.
    """
    program = find_ngspice()
    raw = folder / RAW_FILE
    raw.unlink(missing_ok=True)
    command = [str(program), "-n", "-b", *([] if own_run_command else ["-r", RAW_FILE]), deck]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    exit_code, ended_by, log = _run_child(command, folder, timeout, progress)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    try:
        (folder / LOG_FILE).write_text(log)
    except OSError as error:
        raise EnvironmentProblem(f"cannot write {folder / LOG_FILE}: {error.strerror}.") from error
    plots, problems = _read_result(raw, vectors, stop)
    if ended_by == "timeout":
        problems.insert(0, f"stopped after the time limit of {timeout:g} s")
    elif ended_by == "interrupted":
        problems.insert(0, "interrupted by the user")
    elif exit_code < 0:
        problems.insert(0, f"ngspice was ended by signal {-exit_code} ({_signal_name(-exit_code)})")
    elif exit_code > 0:
        problems.insert(0, f"ngspice ended with exit status {exit_code}")
    problems += [f"ngspice said: {line}" for line in suspect_lines(log)]
    status = ended_by or ("killed" if exit_code < 0 else "failed" if problems else "done")
    return NgspiceRun(status, tuple(problems), tuple(plots), exit_code, wall, cpu, log)


def _run_child(
    command: list[str], folder: Path, timeout: float | None, progress: Progress | None
) -> tuple[int, str, str]:
    """Run ngspice, follow its output; return (exit status, why we ended it or "", output)."""
    try:
        child = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            bufsize=0,
        )
    except OSError as error:
        raise EnvironmentProblem(f"cannot start {command[0]}: {error.strerror}.") from error
    deadline = None if timeout is None else time.monotonic() + timeout
    chunks: list[bytes] = []
    ended_by = ""
    try:
        ended_by = _follow(child, chunks, deadline, progress)
    except KeyboardInterrupt:
        ended_by = "interrupted"
    finally:
        if ended_by:
            _end_group(child)
        exit_code = child.wait()
        child.stdout.close()
    return exit_code, ended_by, b"".join(chunks).decode(errors="replace")


def _follow(child: subprocess.Popen, chunks: list[bytes], deadline: float | None, progress: Progress | None) -> str:
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return "timeout"
            if not selector.select(left):
                continue
            chunk = os.read(child.stdout.fileno(), 65536)
            if not chunk:
                return ""
            chunks.append(chunk)
            if progress is not None and (value := reference_value(chunk)) is not None:
                progress(value)


def _end_group(child: subprocess.Popen) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:
            return
        try:
            child.wait(timeout=2.0)
            return
        except subprocess.TimeoutExpired:
            continue


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def _read_result(raw: Path, vectors: Sequence[str], stop: float | None) -> tuple[list[RawPlot], list[str]]:
    """Return (plots, problems): the raw file must be whole, reach `stop` and hold every vector, finite."""
    if not raw.exists():
        return [], ["no raw file was written"]
    try:
        plots = read_raw(raw)
    except WaveformError as error:
        return [], [str(error)]
    if not plots or all(plot.n_points == 0 for plot in plots):
        return plots, ["the raw file holds no points"]
    plot = plots[-1]
    problems = []
    if not plot.complete:
        problems.append(f"the raw file is truncated after {plot.n_points} points{_full_disk(raw)}")
    axis = np.asarray(plot.column(0)).real
    if stop is not None and axis[-1] < stop * (1 - 1e-9):
        problems.append(f"the simulation ended at {axis[-1]:.6g} s of {stop:.6g} s")
    present = {normalise_vector(name): k for k, name in enumerate(plot.names)}
    missing = [name for name in vectors if normalise_vector(name) not in present]
    if missing:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        problems.append(f"the raw file lacks {shown}")
    problems += _bad_values(plot)
    return plots, problems


def _full_disk(raw: Path) -> str:
    free = shutil.disk_usage(raw.parent).free
    return "; the disk is full" if free < 1 << 20 else ""


def _bad_values(plot: RawPlot) -> list[str]:
    problems = []
    for k, name in enumerate(plot.names[1:], start=1):
        column = plot.column(k)
        if not np.all(np.isfinite(column)):
            problems.append(f"{name} has values that are not finite")
        elif plot.kinds[k] in ("voltage", "current") and not name.startswith(("@", "v(@", "i(@")):
            largest = float(np.max(np.abs(column)))
            if largest > LARGEST_VALUE:
                problems.append(f"{name} reaches {largest:.3g}, which no circuit does")
    return problems[:5]
