"""Run one deck in ngspice and judge the outcome by exit status, raw file and log together."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from rramcirc.basics.child import ChildRun, run_child
from rramcirc.basics.errors import EnvironmentProblem, cannot_write
from rramcirc.engines.ngspice.confinement import confined, failed, kept_environment, why_not
from rramcirc.engines.ngspice.log import read_log, reference_value
from rramcirc.engines.ngspice.result import RAW_FILE, Expected, disk_is_full, judge_temperature, read_result
from rramcirc.waveforms.raw import RawPlot

LOG_FILE = "ngspice.log"

Progress = Callable[[float], None]


@dataclass(frozen=True)
class NgspiceRun:
    """Outcome of one run.

    Attributes
    ----------
    status
        ``"done"``, ``"failed"``, ``"timeout"``, ``"killed"`` or ``"interrupted"``.
    problems
        One sentence per reason why the run is not ``"done"``, causes first.
    plots
        What the raw file holds; may be partial.
    exit_code
        Exit status of ngspice; negative if a signal ended it.
    wall_seconds, cpu_seconds
        Time from start to end, and processor time of the child [s].
    log
        What ngspice printed, but for its reports of progress.
    remarks
        What ngspice warned of beside a result that can be trusted.
    signal
        The signal that interrupted us, else 0.
    machine
        The machine is to blame: the disk is full, or this ngspice has no OSDI.
    version
        What ngspice calls itself, empty if it did not come to say so.
    """

    status: str
    problems: tuple[str, ...]
    plots: tuple[RawPlot, ...]
    exit_code: int
    wall_seconds: float
    cpu_seconds: float
    log: str
    remarks: tuple[str, ...] = ()
    signal: int = 0
    machine: bool = False
    version: str = ""


def find_ngspice() -> Path:
    """Return the ngspice program: ``RRAMCIRC_NGSPICE`` or the one on PATH.

    Raises
    ------
    EnvironmentProblem
        If there is none.
    """
    name = os.environ.get("RRAMCIRC_NGSPICE", "ngspice")
    found = _which(name, os.environ.get("PATH", os.defpath))
    if found is None or not os.access(found, os.X_OK):
        _which.cache_clear()
        raise EnvironmentProblem(
            f"{name!r} was not found on PATH. rramcirc needs ngspice 44 or newer with OSDI: run `make setup` in the "
            "checkout, or on Debian 12 apt-get install -t bookworm-backports ngspice."
        )
    return Path(os.path.abspath(found))


@lru_cache(maxsize=4)
def _which(name: str, path: str) -> str | None:
    return shutil.which(name, path=path)


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
    expected: Expected | None = None,
    reads: Sequence[Path] | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
) -> NgspiceRun:
    """Run a deck in its folder and say whether the result can be trusted.

    Parameters
    ----------
    folder, deck
        The run folder and the netlist in it, which must leave waves.raw (`rramcirc.engines.ngspice.deck` sees to that).
    expected
        What must come out of it.
    reads
        If the deck is not trusted: the only folders that ngspice may read beside its own; it may write in the run
        folder only. The kernel sees to that; a remark says so where it does not.
    timeout
        Wall-clock limit [s].
    progress
        Called with the simulated time [s] about twice a second.

    Raises
    ------
    EnvironmentProblem
        If ngspice is missing or a file cannot be written.
    """
    expected = expected or Expected()
    program = find_ngspice()
    (folder / RAW_FILE).unlink(missing_ok=True)

    def follow(chunk: bytes) -> None:
        value = reference_value(chunk)
        if value is not None and progress is not None:
            progress(value)

    command = [str(program), "-n", "-b", deck]
    child, remarks = _run(command, folder, reads, timeout, follow)
    log = re.sub(r" Reference value :[^\r\n]*\r", "", child.output)
    try:
        (folder / LOG_FILE).write_text(log, encoding="utf-8")
    except OSError as error:
        raise cannot_write(folder / LOG_FILE, error) from error
    outcome = _judge(child, log, folder, expected, timeout)
    return replace(outcome, remarks=(*outcome.remarks, *remarks))


def _run(
    command: list[str],
    folder: Path,
    reads: Sequence[Path] | None,
    timeout: float | None,
    follow: Callable[[bytes], None],
) -> tuple[ChildRun, list[str]]:
    """Run ngspice, confined if it is not trusted; return also a remark if it had to be confined and was not."""
    if reads is None:
        return run_child(command, folder, timeout=timeout, on_output=follow), []
    program = Path(command[0])
    reason = why_not(program)
    if not reason:
        words = [*confined(program, folder, reads), str(program.resolve()), *command[1:]]
        child = run_child(words, folder, timeout=timeout, on_output=follow, environment=kept_environment())
        reason = failed(child.exit_code, child.output)
        if not reason:
            return child, _without_dotfiles(folder)
    child = run_child(command, folder, timeout=timeout, on_output=follow, environment=kept_environment())
    unconfined = f"only the scan of the netlist held ngspice back, not the kernel: {reason}"
    return child, [unconfined, *_without_dotfiles(folder)]


def _without_dotfiles(folder: Path) -> list[str]:
    """Remove what other programs, ngspice among them, would read by itself in this folder; return remarks."""
    found = [path for path in folder.iterdir() if path.name.startswith(".") and not path.is_dir()]
    for path in found:
        path.unlink(missing_ok=True)
    return [f"the netlist wrote {path.name}, which was removed: a run folder holds no dotfile" for path in found]


def _judge(child: ChildRun, log: str, folder: Path, expected: Expected, timeout: float | None) -> NgspiceRun:
    report = read_log(log, expected.own_stepping)
    plots, structure, remarks = read_result(folder, expected)
    ending = child.ending("ngspice", timeout)
    said = [f"ngspice said: {line.rstrip('.')}" for line in report.problems]
    problems = [*judge_temperature(report, expected), *said, *structure]
    early = bool(child.ended_by) or child.exit_code < 0
    problems = [*ending, *problems] if early or not problems else [*problems, *ending]
    machine = False
    if problems and not early:
        if disk_is_full(folder):
            machine, problems = True, [f"the disk with {folder} is full", *problems]
        elif any("osdi: no such command" in line for line in report.problems):
            machine = True
            problems.insert(0, "this ngspice cannot load compiled models; rramcirc needs 44 or newer, with OSDI")
    status = child.ended_by or ("killed" if child.exit_code < 0 else "failed" if problems else "done")
    return NgspiceRun(
        status,
        tuple(problems),
        tuple(plots),
        child.exit_code,
        child.wall_seconds,
        child.cpu_seconds,
        log,
        (*expected.remarks, *report.remarks, *remarks),
        child.signal,
        machine,
        report.version,
    )
