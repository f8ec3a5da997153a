"""Results of ``.meas`` lines and ``meas`` commands: which a netlist asks for, and what the log says they are."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rramcirc.engines.ngspice.lines import Line

_FAILED = re.compile(r"^\s*+(\.?meas\w*+\s++\S++\s++(\S++).*)(?<=\s)failed!$", re.IGNORECASE)
_CAUSE = re.compile(r"^Error: measure\s+(\S+)\s+(.*)$", re.IGNORECASE)
_NUMBER = r"[-+]?(?:\d++(?:\.\d*+)?(?:e[-+]?\d++)?|nan|inf)"
_RESULT = re.compile(rf"^(\S+)\s*=\s+(?:({_NUMBER})((?:\s+\w+=\s*{_NUMBER})*)|failed)\s*$", re.IGNORECASE)
_WINDOW = re.compile(rf"from=\s*({_NUMBER})\s+to=\s*({_NUMBER})", re.IGNORECASE)
_NO_VECTOR = re.compile(r"^Error: no such vector as (.+)\.$", re.IGNORECASE)
_NO_SCALE = re.compile(r"^Error: meas \S+ \.\.\.", re.IGNORECASE)
_WIDTH = 20  # ngspice pads the name so far before the equals sign; `print` does not
ORDER = ("ac", "dc", "tran")  # in which ngspice runs analyses; `run` measures only after the last


@dataclass(frozen=True)
class Measured:
    """What was measured: value by name, and one sentence for each measurement that failed.

    A name that was measured several times, as in a loop, has its last value; the earlier ones are ``name[0]``,
    ``name[1]``...
    """

    values: Mapping[str, float] = field(default_factory=dict)
    failed: tuple[str, ...] = ()


def requested(lines: Sequence[Line]) -> dict[str, bool]:
    """Return the measurements of a netlist by name, and whether there must be a result.

    Those of cards must have one; a command may stand where it is never reached. A name may hold ``$variable`` and
    ``{expression}``.
    """
    found: dict[str, bool] = {}
    for line in lines:
        if line.head.lstrip(".").startswith("meas") and line.kind in ("card", "command"):
            name = (line.words[2] if len(line.words) > 2 else " ".join(line.words)).lower()
            found[name] = found.get(name, False) or line.kind == "card"
    return found


def later_measurements(lines: Sequence[Line]) -> list[str]:
    """Return commands for ``.meas`` lines that ngspice leaves out: of several analyses, ``run`` measures the last."""
    cards = [line for line in lines if line.kind == "card"]
    kinds = [kind for kind in ORDER if any(line.head == f".{kind}" for line in cards)]
    rows = []
    for kind in kinds[:-1]:
        own = [line for line in cards if line.head.startswith(".meas") and _kind(line) == kind]
        rows += [f"setplot {kind}1", *(f"meas {' '.join(line.words[1:])}" for line in own)] if own else []
    return rows


def _kind(line: Line) -> str:
    """Return the analysis of a ``.meas`` line, '' if a command cannot do what the line does."""
    formula = re.search(r"\bparam\s*=", line.text, re.IGNORECASE)
    return line.words[1].lower() if len(line.words) > 1 and not formula else ""


def read_measured(log: str, names: Mapping[str, bool]) -> Measured:
    """Return what a log says of the measurements that were asked for.

    Parameters
    ----------
    log
        Everything that ngspice printed.
    names
        From :func:`requested`.
    """
    lines = log.splitlines()
    results: dict[str, list[float]] = {}
    failed: dict[str, str] = {}
    causes = {match[1].lower(): match[2] for line in lines if (match := _CAUSE.match(line))}
    asked = [re.compile(_pattern(name)) for name in names]
    for line in lines:
        if statement := _FAILED.match(line):
            name = statement[2].lower()
            cause = re.sub(r"\s+", " ", causes.get(name, "")).strip(" :")
            failed[name] = (
                f"measurement {name} failed: {' '.join(statement[1].split())}{f' ({cause})' if cause else ''}"
            )
            continue
        found = _RESULT.match(line)
        if not found or line.find("=") != max(_WIDTH, len(found[1])):
            continue
        name = found[1].lower()
        if not any(pattern.fullmatch(name) for pattern in asked):
            continue
        if wrong := _wrong(found):
            failed.setdefault(name, f"measurement {name} failed{wrong}")
        else:
            results.setdefault(name, []).append(float(found[2]))
    for name, needed in names.items():
        if needed and name not in failed and not any(re.fullmatch(_pattern(name), given) for given in results):
            failed[name] = f"measurement {name} has no result: ngspice did not carry it out"
    values: dict[str, float] = {}
    for name, several in results.items():
        values |= {f"{name}[{k}]": value for k, value in enumerate(several[:-1])} | {name: several[-1]}
    return Measured(values, tuple(failed.values()))


def _wrong(found: re.Match[str]) -> str:
    """Return why a result is none, '' if it is one."""
    if found[2] is None:
        return " (it gives no number)"
    window = _WINDOW.search(found[3])
    if window and float(window[1]) > float(window[2]):  # ngspice then says 0
        return f" (there is nothing between {window[1]} and {window[2]})"
    return "" if math.isfinite(float(found[2])) else f" (it gives {found[2]})"


def _pattern(name: str) -> str:
    """Return the regular expression of a name that may hold variables and expressions."""
    parts = re.split(r"\$\{[^}]*\}|\$&?\w+|\{[^}]*\}", name)
    return r"\S+".join(map(re.escape, parts))


def is_consequence(message: str, failed: Sequence[str]) -> bool:
    """Return whether a message of ngspice only says why one of the failed measurements failed."""
    first = message.partition(" | ")[0]
    if vector := _NO_VECTOR.match(first):
        return any(vector[1].lower() in "".join(sentence.lower().split()) for sentence in failed)
    return bool(failed) and bool(_CAUSE.match(first) or _FAILED.match(first) or _NO_SCALE.match(first))
