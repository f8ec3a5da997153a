"""What a run leaves behind, in whatever engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rramcirc.waveforms.raw import RawPlot
from rramcirc.waveforms.spikes import Spikes
from rramcirc.waveforms.waveforms import Signal


@dataclass(frozen=True)
class Outcome:
    """Outcome of one run.

    Attributes
    ----------
    engine
        ``"ngspice"``, ``"vacask"`` or ``"numpy"``.
    status
        ``"done"``, ``"failed"``, ``"timeout"``, ``"killed"`` or ``"interrupted"``.
    problems
        One sentence per reason why the run is not ``"done"``, causes first.
    plots
        What the raw file holds; may be partial.
    signals
        Names, units and signs of what is in the raw file; empty if nobody knows them.
    exit_code
        Exit status of the simulator; negative if a signal ended it.
    wall_seconds, cpu_seconds
        Time from start to end, and processor time [s].
    log
        What the simulator printed, but for its reports of progress.
    remarks
        What it warned of beside a result that can be trusted.
    notes
        What it has to say of this machine; no number depends on it.
    signal
        The signal that interrupted us, else 0.
    machine
        The machine is to blame: the disk is full, or the simulator cannot load compiled models.
    version
        What the engine calls itself.
    temperature
        Where all of it ran, by the simulator's own word [K]; None if it says nothing.
    figures
        What only this engine tells of the run, for run.json.
    spikes
        Output spikes of a network; None for everything else.
    measurements
        Results of the ``.meas`` of the netlist, by name.
    cause
        The exception to raise instead of a sentence made of `problems`.
    """

    engine: str
    status: str = "done"
    problems: tuple[str, ...] = ()
    plots: tuple[RawPlot, ...] = ()
    signals: tuple[Signal, ...] = ()
    exit_code: int = 0
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    log: str = ""
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    signal: int = 0
    machine: bool = False
    version: str = ""
    temperature: float | None = None
    figures: Mapping[str, float | str] = field(default_factory=dict)
    measurements: Mapping[str, float] = field(default_factory=dict)
    cause: BaseException | None = None
    spikes: Spikes | None = None
