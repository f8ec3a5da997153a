"""Run one deck in ngspice and judge the outcome by exit status, raw file and log together."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from rramcirc.basics.child import ChildRun, run_child
from rramcirc.basics.errors import EnvironmentProblem, cannot_write
from rramcirc.engines.ngspice.confinement import confined, failed, kept_environment, why_not
from rramcirc.engines.ngspice.dialects import behaviour_of
from rramcirc.engines.ngspice.log import excuse, read_log, reference_value
from rramcirc.engines.ngspice.measured import is_consequence, read_measured
from rramcirc.engines.ngspice.result import RAW_FILE, Expected, disk_is_full, judge_temperature, read_result
from rramcirc.engines.outcome import Outcome

LOG_FILE = "ngspice.log"

Progress = Callable[[float], None]


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
    dialect: str = "ngspice",
) -> Outcome:
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
    dialect
        Whose netlist it is, of `rramcirc.engines.ngspice.dialects.DIALECTS`.

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

    behaviour = behaviour_of(dialect)
    words = ["-n", "-b", *(["-D", f"ngbehavior={behaviour}"] if behaviour else []), deck]
    command = [str(program), *words]
    before = set(folder.iterdir())
    child, notes = _run(command, folder, reads, timeout, follow)
    remarks = _without_dotfiles(folder, before) if reads is not None else []
    log = re.sub(r" Reference value :[^\r\n]*\r", "", child.output)
    try:
        (folder / LOG_FILE).write_text(log, encoding="utf-8")
    except OSError as error:
        raise cannot_write(folder / LOG_FILE, error) from error
    outcome = _judge(child, log, folder, expected, timeout)
    outcome = replace(outcome, remarks=(*outcome.remarks, *remarks), notes=(*outcome.notes, *notes))
    if behaviour:  # not plain `ngspice -n -b netlist.cir`
        outcome = replace(outcome, figures={**outcome.figures, "rerun": " ".join(["ngspice", *words])})
    if outcome.version:
        return outcome
    return replace(outcome, version=ngspice_version(program, program.stat().st_mtime))


def _run(
    command: list[str],
    folder: Path,
    reads: Sequence[Path] | None,
    timeout: float | None,
    follow: Callable[[bytes], None],
) -> tuple[ChildRun, list[str]]:
    """Run ngspice, confined if it is not trusted; return also a note if it had to be confined and was not."""
    if reads is None:
        return run_child(command, folder, timeout=timeout, on_output=follow), []
    program = Path(command[0])
    reason = why_not(program)
    if not reason:
        words = [*confined(program, folder, reads), str(program.resolve()), *command[1:]]
        child = run_child(words, folder, timeout=timeout, on_output=follow, environment=kept_environment())
        reason = failed(child.exit_code, child.output)
        if not reason or child.ended_by:
            return child, []
    child = run_child(command, folder, timeout=timeout, on_output=follow, environment=kept_environment())
    return child, [f"only the scan of the netlist held ngspice back, not the kernel: {reason}"]


def _without_dotfiles(folder: Path, before: Collection[Path]) -> list[str]:
    """Remove what a run wrote that other programs, ngspice among them, would read by themselves; return remarks."""
    new = [path for path in folder.iterdir() if path not in before]
    found = [path for path in new if path.name.startswith(".") and not path.is_dir()]
    for path in found:
        path.unlink(missing_ok=True)
    return [f"the netlist wrote {path.name}, which was removed: a run folder holds no dotfile" for path in found]


def _judge(child: ChildRun, log: str, folder: Path, expected: Expected, timeout: float | None) -> Outcome:
    report = read_log(log, expected.own_stepping)
    if expected.foreign and not expected.ours:
        report = excuse(report, expected.backward)
    measured = read_measured(log, expected.measurements)
    plots, structure, remarks = read_result(folder, expected)
    ending = child.ending("ngspice", timeout)
    said = [
        f"ngspice said: {line.rstrip('.')}" for line in report.problems if not is_consequence(line, measured.failed)
    ]
    warned = [line for line in report.remarks if not is_consequence(line, measured.failed)]
    problems = [*judge_temperature(report, expected), *said, *structure]
    (warned if expected.allow_failed or problems else problems).extend(measured.failed)
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
    return Outcome(
        engine="ngspice",
        status=status,
        problems=tuple(problems),
        plots=tuple(plots),
        exit_code=child.exit_code,
        wall_seconds=child.wall_seconds,
        cpu_seconds=child.cpu_seconds,
        log=log,
        remarks=(*expected.remarks, *warned, *remarks),
        signal=child.signal,
        machine=machine,
        version=report.version,
        temperature=report.celsius[0] + 273.15 if len(set(report.celsius)) == 1 else None,
        measurements=measured.values,
    )
