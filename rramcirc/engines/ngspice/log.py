"""What ngspice says, and whether it means that the result cannot be trusted.

A *problem* makes a run fail: an analysis was not done, or not the circuit of the netlist was simulated. A *remark* is
passed on to the user with a result that is otherwise whole. Every other warning of ngspice is a remark, so that
nothing it complains about is swallowed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

# Beginnings of lines that were seen beside a wrong or missing result, many of them with exit status 0.
_PROBLEM = re.compile(
    r"(internal |fatal )?error(?! *: *measure\b)\b|fatal:|doAnalyses:|PPerror|Illegal value|OSDI\((err|fatal)\)|"
    r"Too (few|many) parameters for|warning, can't find model|Warning ?: Model issue|"
    r"Warning ?: (voltage|current) source \S+ has non-increasing|Warning: Could not set temperature|"
    r"Warning: Unusual leading characters|Warning: rawfile write error|Warning: *can't set option|"
    r"Warning: Cannot (convert|copy|read)|Warning: clearing control structures",
    re.IGNORECASE,
)
# The same anywhere in a line.
_PROBLEM_INSIDE = re.compile(
    r"\bsimulation(\(s\))? (aborted|not started)$|: no such command available in|: too (few|many) args|"
    r": command is not implemented|\bincorrect model type\b|\bunrecognized (parameter|variable)\b",
    re.IGNORECASE,
)
# A warning that something was left out. Many are harmless, and listed; of an unknown one the worst is assumed.
_LEFT_OUT = re.compile(r"^Warning\b.*\b(in?gnored|skipped)\b", re.IGNORECASE)
_HARMLESS = re.compile(
    r"is not available during batch simulation|is ignored because|is not supported, in?gnored|"
    r"ignored extra junk",
    re.IGNORECASE,
)
_REMARK = re.compile(r"^warning\b|^Error *: *measure\b|^\.?meas\b.* failed!|OSDI\(warn\)", re.IGNORECASE)
# What follows from something that was said before, and of stepping towards an operating point.
_CONSEQUENCE = re.compile(
    r"Error: incomplete or empty netlist|ERROR: fatal error in ngspice|Error: The operating point could not|"
    r"Error: Finding the operating point|Error: sim_status: no such|Warning: (Dynamic|True|spice3) gmin stepping|"
    r"Warning: source stepping failed|Error: Transient op failed",
    re.IGNORECASE,
)
_ABORTED = re.compile(r"\bsimulation\(s\) aborted$|^doAnalyses: not found$", re.IGNORECASE)
# A trial step went there; it is repeated smaller, and if that fails, more is said.
_OUT_OF_RANGE = re.compile(r"Error: .* out of range for ", re.IGNORECASE)
_SINGULAR = re.compile(r"Warning: singular matrix", re.IGNORECASE)
_FOUND = re.compile(r"^Note: .*stepping completed", re.IGNORECASE)
_PSEUDO_TRANSIENT = re.compile(r"^Note: Transient op started", re.IGNORECASE)
_NO_MESSAGE = re.compile(r"^Circuit: |^\S+\s+[-+]?\d[-+.\de]*(\s+[-+]?\d[-+.\de]*( \*)?)?$")
_TEMPERATURE = re.compile(r"^Doing analysis at TEMP = ([-+]?\d++(?:\.\d*+)?(?:e[-+]?\d++)?)", re.MULTILINE)
_VERSION = re.compile(r"^(ngspice-\S+) done", re.MULTILINE)
_REFERENCE = re.compile(rb"Reference value :\s*([-+0-9.eE]+)")
_VERTICAL = re.compile(r"Warning : (voltage|current) source (\S+) has non-increasing PWL time points", re.IGNORECASE)
_LEFT_OUT_OF_MODEL = re.compile(
    r"(Warning: Model issue on line \d+ : \| .* \| )?unrecognized parameter \([^)]*\) - ignored$", re.IGNORECASE
)
_ANNOUNCES = re.compile(r"(:|substitute|from line|syntax of line|like '.*|line segment|level\.)$")
_BEGINS = re.compile(r"(warning|error|note|ngspice-\d)", re.IGNORECASE)
_MOST = 12  # lines of each sort; a device that complains does so at every step


@dataclass(frozen=True)
class LogReport:
    """What a log says: why the run failed, what the user should know, and at which temperatures [C] it ran."""

    problems: tuple[str, ...]
    remarks: tuple[str, ...]
    celsius: tuple[float, ...]
    version: str


def read_log(log: str, own_stepping: bool = False) -> LogReport:
    """Return what a log of ngspice says about the run.

    Parameters
    ----------
    log
        Everything that ngspice printed.
    own_stepping
        The netlist itself asks for the pseudo-transient search of the operating point (``optran``).
    """
    lines = [line for raw in re.split(r"[\r\n]+", log) if (line := raw.strip()) and not _NO_MESSAGE.match(line)]
    problems: dict[str, None] = {}
    remarks: dict[str, None] = {}
    trials: dict[str, None] = {}
    told = 0  # lines that belong to a message before them
    for k, line in enumerate(lines):
        if k < told or _CONSEQUENCE.match(line) or _SINGULAR.match(line):
            continue
        sort = trials if _OUT_OF_RANGE.match(line) else problems if _is_problem(line) else remarks
        if sort is not remarks or _REMARK.search(line):
            told = _end_of_message(lines, k)
            sort[" | ".join(lines[k:told])] = None
    first, remark, rejected = _stepping(lines, own_stepping)
    problems = dict.fromkeys(first) | problems
    causes = [line for line in problems if not _ABORTED.search(line)]
    problems = dict.fromkeys(causes or problems)
    trials = dict.fromkeys(rejected) | trials
    problems, remarks = (problems | trials, remarks) if problems else (problems, trials | remarks)
    remarks = dict.fromkeys(remark) | remarks
    version = _VERSION.search(log)
    celsius = tuple(float(t) for t in _TEMPERATURE.findall(log))
    return LogReport(tuple(problems)[:_MOST], tuple(remarks)[:_MOST], celsius, version[1] if version else "")


def _is_problem(line: str) -> bool:
    if _HARMLESS.search(line):
        return False
    return bool(_PROBLEM.match(line) or _PROBLEM_INSIDE.search(line) or _LEFT_OUT.match(line))


def _end_of_message(lines: list[str], k: int) -> int:
    """Return the number of the line after a message: one that announces something has up to two more lines."""
    if not _ANNOUNCES.search(lines[k]):
        return k + 1
    end = k + 1
    while end < min(k + 3, len(lines)) and not _BEGINS.match(lines[end]):
        end += 1
    return end


def _stepping(lines: list[str], own_stepping: bool) -> tuple[list[str], list[str], list[str]]:
    """Judge how operating points were found; return (problems, remarks, what was tried in vain).

    A singular matrix from which gmin or source stepping led to a solution is a remark: the last step is a solution of
    the circuit itself. The pseudo-transient search that ngspice tries last is a problem: in it time passes, so device
    states move, and its end is taken for a solution without a check (a loop without one came out at 1e12 V). A singular
    matrix of which nothing more is said was a trial step of a transient, which is repeated with a smaller one.
    """
    problems: list[str] = []
    remarks: list[str] = []
    singular = ""
    for line in lines:
        if _SINGULAR.match(line):
            singular = singular or line.removeprefix("Warning: ")
        elif _FOUND.match(line):
            if singular:
                remarks.append(f"{singular}; {line.removeprefix('Note: ')}")
            singular = ""
        elif _PSEUDO_TRANSIENT.match(line):
            what = "no operating point was found (gmin and source stepping failed)"
            cause = f"{what}: {singular}" if singular else what
            (remarks if own_stepping else problems).append(cause)
            singular = ""
    return list(dict.fromkeys(problems)), list(dict.fromkeys(remarks)), [singular] if singular else []


def excuse(report: LogReport, backward: Sequence[str]) -> LogReport:
    """Return the report of a netlist that is not ours: some of what would be our mistake is its own affair.

    A model parameter that ngspice does not know is left out, and told. A source whose waveform has two points at one
    time has a vertical edge, which ngspice takes within a step; one that goes back in time stays a problem.

    Parameters
    ----------
    report
        From :func:`read_log`.
    backward
        Names of the sources whose waveform goes back in time.
    """
    problems, remarks = [], []
    for line in report.problems:
        edge = _VERTICAL.match(line)
        if edge and edge[2].lower().rpartition(".")[2] not in backward:
            remarks.append(
                f"{edge[1]} source {edge[2]} has points at one time: a vertical edge, which ngspice takes within a step"
            )
        elif _LEFT_OUT_OF_MODEL.match(line):
            remarks.append(line)
        else:
            problems.append(line)
    return replace(report, problems=tuple(problems), remarks=(*remarks, *report.remarks))


def reference_value(chunk: bytes) -> float | None:
    """Return the last simulated time [s] (or swept value) that a piece of output reports."""
    hits = _REFERENCE.findall(chunk)
    try:
        return float(hits[-1]) if hits else None
    except ValueError:
        return None
