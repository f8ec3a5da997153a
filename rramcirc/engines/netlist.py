"""Netlists: the text, what it needs beside it, and which vector is which signal."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import NoReturn

from rramcirc.basics.errors import cannot_write
from rramcirc.basics.html import html_table
from rramcirc.devices.veriloga.compile import CompiledModel, compile_module
from rramcirc.engines.spike_marks import SpikeMarks
from rramcirc.engines.states import WatchedState
from rramcirc.engines.validity import WatchedDevices
from rramcirc.waveforms.waveforms import Signal


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
    states
        States that a run compares with their bounds, recorded or not.
    devices
        Devices whose operating conditions a run compares with their cards.
    spikes
        What tells when the neurons of a network fire.
    """

    text: str
    sources: tuple[Path, ...]
    signals: tuple[Signal, ...]
    title: str
    analysis: str
    stop: float | None = None
    simulator: str = "ngspice"
    states: tuple[WatchedState, ...] = field(default=(), compare=False, repr=False)
    devices: tuple[WatchedDevices, ...] = field(default=(), compare=False, repr=False)
    spikes: SpikeMarks = field(default=SpikeMarks(), compare=False, repr=False)

    def __repr__(self) -> str:
        facts = "; ".join(f"{name} {value}" for name, value in self._facts().items() if name != "title")
        return f"<Netlist {self.title[:60]!r}: {facts}>"

    def _repr_html_(self) -> str:
        text = f"<details><summary>text</summary><pre>{escape(self.text)}</pre></details>"
        return html_table(("netlist", ""), [(name, str(value)) for name, value in self._facts().items()]) + text

    def _facts(self) -> dict[str, object]:
        """Return what a netlist is in a few words."""
        return {
            "title": self.title,
            "simulator": self.simulator,
            "analysis": self.analysis,
            "lines": self.text.count("\n"),
            "signals": len(self.signals),
            "models": ", ".join(source.stem for source in self.sources) or "none",
        }

    @property
    def content_hash(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def to_pyspice(self) -> NoReturn:
        """Raise AttributeError: a netlist becomes a PySpice circuit by `rramcirc.to_pyspice`."""
        raise AttributeError("Netlist.to_pyspice is now rramcirc.to_pyspice(netlist).")

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
