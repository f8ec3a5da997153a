"""Netlists: the text, what it needs beside it, and which vector is which signal."""

from __future__ import annotations

import hashlib
import shlex
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rramcirc.devices.veriloga import CompiledModel, compile_module
from rramcirc.errors import NetlistError, cannot_write
from rramcirc.waveforms import Signal

if TYPE_CHECKING:
    from PySpice.Spice.Netlist import Circuit

TABLE_MARK = "*|"  # comment lines that carry the signal table


@dataclass(frozen=True)
class Netlist:
    """A netlist ready for its simulator.

    Attributes
    ----------
    text
        The whole file.
    sources
        Verilog-A files whose compiled models the netlist loads.
    signals
        One row per recorded signal: name, unit, vector, sign.
    title
        What the circuit is.
    analysis
        ``"op"``, ``"dc"``, ``"tran"`` or ``"ac"``.
    stop
        Last time of a transient [s], else None.
    simulator
        ``"ngspice"`` or ``"vacask"``.
    """

    text: str
    sources: tuple[Path, ...]
    signals: tuple[Signal, ...]
    title: str
    analysis: str
    stop: float | None = None
    simulator: str = "ngspice"

    @property
    def content_hash(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def to_pyspice(self) -> Circuit:
        """Return the circuit for PySpice, without its analysis; `rramcirc.simulate` runs it with a new one."""
        from rramcirc.circuits.pyspice import to_pyspice

        return to_pyspice(self)

    @cached_property
    def compiled(self) -> tuple[CompiledModel, ...]:
        """The compiled models of `sources`, made now or taken from the cache."""
        return tuple(compile_module(source) for source in self.sources)

    def write(self, path: Path) -> list[Path]:
        """Write the netlist to `path` and the compiled models beside it; return all files written.

        Raises
        ------
        NetlistError
            If a file cannot be written.
        """
        compiled = self.compiled
        try:
            path.write_text(self.text)
            return [path, *(_place(model.path, path.parent / osdi_name(model.source)) for model in compiled)]
        except OSError as error:
            raise cannot_write(error.filename or path, error) from error


def osdi_name(source: Path) -> str:
    """Return the name of the compiled model of a Verilog-A file, as netlists load it."""
    return f"{source.stem}.osdi"


def _place(source: Path, target: Path) -> Path:
    """Copy `source` to `target` unless it is there already."""
    if (
        target.exists()
        and target.stat().st_size == source.stat().st_size
        and target.read_bytes() == source.read_bytes()
    ):
        return target
    temporary = target.with_name(f".{target.name}.new")
    shutil.copyfile(source, temporary)
    temporary.replace(target)
    return target


def signal_table(signals: tuple[Signal, ...], simulator: str = "ngspice") -> list[str]:
    """Return the comment lines that map every signal to its vector, unit and sign."""
    rows = [("signal", "unit", "vector", "sign", "meaning")]
    rows += [(s.name, s.unit, s.vector, f"{s.sign:+d}", s.description) for s in signals]
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    form = f"{TABLE_MARK} {{:<{widths[0]}}}  {{:<{widths[1]}}}  {{:<{widths[2]}}}  {{:<{widths[3]}}}  {{}}"
    note = "; the raw file may write @x[y] as v(@x[y])" if simulator == "ngspice" else ""
    return [f"{TABLE_MARK} signals of this netlist and the {simulator} vectors that carry them{note}"] + [
        form.format(row[0], row[1] or "-", row[2], row[3], row[4]).rstrip() for row in rows
    ]


def read_signals(path: Path) -> list[Signal]:
    """Read the signal table of a netlist that rramcirc wrote; empty for any other netlist.

    Raises
    ------
    NetlistError
        If the table is there but damaged.
    """
    with path.open(errors="replace") as lines:
        table = [line[len(TABLE_MARK) :].strip() for line in lines if line.startswith(TABLE_MARK)]
    signals = []
    for line in table[2:]:
        cells = line.split(None, 4)
        if len(cells) < 4 or cells[3] not in ("+1", "-1"):
            raise NetlistError(f"{path}: the signal table has a line that is not 'name unit vector sign': {line!r}.")
        unit = "" if cells[1] == "-" else cells[1]
        signals.append(Signal(cells[0], unit, cells[2], int(cells[3]), cells[4] if len(cells) > 4 else ""))
    return signals


def header_fields(path: Path) -> dict[str, str]:
    """Read the ``* key: value`` lines at the top of a netlist that rramcirc wrote."""
    fields = {}
    with path.open(errors="replace") as lines:
        for line in lines:
            if line.startswith(TABLE_MARK) or not (line.startswith("*") or not fields):
                break
            key, colon, value = line[1:].partition(":")
            if colon and key.strip().isidentifier():
                fields[key.strip()] = value.strip()
    return fields


def rerun_command(netlist_name: str, simulator: str) -> str:
    """Return the shell command that runs a netlist by hand in its folder."""
    program = {"ngspice": "ngspice -b", "vacask": "vacask"}[simulator]
    return f"{program} {shlex.quote(netlist_name)}"
