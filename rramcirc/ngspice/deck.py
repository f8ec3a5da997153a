"""Netlists that rramcirc did not just make: check them, bring them into a run folder, set options."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rramcirc.errors import NetlistError, ParameterError
from rramcirc.ngspice.scan import check_foreign, logical_lines
from rramcirc.units import parse_number

_INCLUDE = re.compile(r"^(\s*\.(?:include|incl|inc|lib)\s+)([\"']?)([^\"'\s]+)\2(.*)$", re.IGNORECASE)


@dataclass(frozen=True)
class Deck:
    """A netlist in its run folder."""

    path: Path
    has_run_command: bool
    sha256: str


def prepare_foreign(
    source: Path, target: Path, options: Mapping[str, str], temperature: float | None, trust: bool
) -> Deck:
    """Copy a netlist and the compiled models it loads into a run folder.

    Relative includes are rewritten to where they are; options and temperature are added before ``.end``, where they
    win over earlier ones.

    Raises
    ------
    NetlistError
        If the file cannot be read, or reaches outside its folder and `trust` is not given.
    ParameterError
        If an option is not ``name=value``.
    """
    try:
        text = source.read_text(errors="replace")
    except OSError as error:
        raise NetlistError(f"cannot read the netlist {source}: {error.strerror}.") from error
    if not text.strip():
        raise NetlistError(f"the netlist {source} is empty.")
    if not trust:
        check_foreign(source)
    commands = _control_commands(source)
    for name in (n for words in commands if words[0] in ("pre_osdi", "osdi") for n in words[1:]):
        _bring_osdi(source.parent / name.strip("\"'"), target.parent, source)
    lines = [_absolute_include(line, source.parent) for line in text.splitlines()]
    lines = _add_before_end(lines, _extra_lines(options, temperature))
    text = "\n".join(lines) + "\n"
    target.write_text(text)
    writes_raw = any(words[0] == "run" and len(words) > 1 and words[1].endswith("waves.raw") for words in commands)
    return Deck(target, writes_raw, hashlib.sha256(text.encode()).hexdigest())


def transient_stop(netlist: Path) -> float | None:
    """Return the stop time [s] of a netlist's ``.tran`` line, None if there is none or it is an expression."""
    for _, line in logical_lines(netlist):
        words = line.split()
        if words and words[0].lower() == ".tran" and len(words) > 2:
            try:
                return parse_number(words[2], "s")
            except ParameterError:
                return None
    return None


def _control_commands(path: Path) -> list[list[str]]:
    commands, inside = [], False
    for _, line in logical_lines(path):
        words = line.split()
        if not words:
            continue
        head = words[0].lower()
        if head in (".control", ".endc"):
            inside = head == ".control"
        elif inside:
            commands.append([head, *words[1:]])
    return commands


def _bring_osdi(file: Path, folder: Path, netlist: Path) -> None:
    try:
        shutil.copyfile(file, folder / file.name)
    except OSError as error:
        raise NetlistError(
            f"{netlist} loads {file.name}, which is not beside it ({error.strerror}). "
            "`rramcirc build-netlist -o` puts compiled models beside the netlist."
        ) from error


def _absolute_include(line: str, folder: Path) -> str:
    match = _INCLUDE.match(line)
    if match is None or not (folder / match[3]).is_file():
        return line
    return f'{match[1]}"{(folder / match[3]).resolve()}"{match[4]}'


def _extra_lines(options: Mapping[str, str], temperature: float | None) -> list[str]:
    lines = []
    for name, value in options.items():
        if not re.fullmatch(r"[A-Za-z_]\w*", name) or not re.fullmatch(r"[\w.+-]*", value):
            raise ParameterError(f"--option {name}={value}: write name=value, as in --option reltol=1e-5.")
        lines.append(f".options {name}={value}" if value else f".options {name}")
    if temperature is not None:
        lines.append(f".temp {temperature - 273.15:.6g}")
    return ["* set for this run", *lines] if lines else []


def _add_before_end(lines: list[str], extra: list[str]) -> list[str]:
    if not extra:
        return lines
    for k in range(len(lines) - 1, -1, -1):
        if lines[k].strip().lower() == ".end":
            return [*lines[:k], *extra, *lines[k:]]
    return [*lines, *extra, ".end"]
