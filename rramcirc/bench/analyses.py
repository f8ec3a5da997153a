"""Analyses: what a testbench computes.

A new analysis is a record here that says what `AnalysisRecord` lists, a place in `Analysis`, and one function in the
table of every dialect and engine that can do it; the others refuse it by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, get_args

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.fields import Kept, number, record, table, text, whole
from rramcirc.bench.analysis_record import AnalysisRecord, Axis


def _line_name(where: str, line: object) -> None:
    if not isinstance(line, str):
        raise ParameterError(f"{where}: {shown(line)} is not the name of a line.")


@record
class OperatingPoint(AnalysisRecord):
    """Currents and voltages at t = 0, device states frozen at their initial values."""

    kind: ClassVar[str] = "op"
    plot_name: ClassVar[str] = "Operating Point"

    @property
    def grid(self) -> FloatArray:
        """One 0."""
        return np.zeros(1)


@record
class DcSweep(AnalysisRecord):
    """Static sweep of one line's voltage, device states frozen at their initial values."""

    kind: ClassVar[str] = "dc"
    plot_name: ClassVar[str] = "DC transfer characteristic"
    axis: ClassVar[Axis] = Axis("v(v-sweep)", "voltage", "V")

    line: str = text("line whose driver is swept")
    start: float = number("first voltage", "V")
    stop: float = number("last voltage", "V")
    points: int = whole("number of voltages", default=101, low=2)

    def _check(self) -> None:
        if self.start == self.stop:
            raise ParameterError(f"DcSweep: start and stop are both {self.start!r} V; they must differ.")

    @property
    def step(self) -> float:
        """Distance of two voltages [V]."""
        return (self.stop - self.start) / (self.points - 1)

    @property
    def grid(self) -> FloatArray:
        """The voltages [V]."""
        return np.asarray(self.start + np.arange(self.points) * self.step, dtype=np.float64)

    @property
    def line_fields(self) -> tuple[tuple[str, str], ...]:
        """The swept line."""
        return (("line", self.line),)

    @property
    def swept_line(self) -> str:
        """Line whose driver is swept."""
        return self.line

    @property
    def voltage_line(self) -> str:
        """The swept line."""
        return self.line


@record
class Transient(AnalysisRecord):
    """Waveforms from 0 to `stop`.

    `max_step` bounds the time step; without it, it is `stop` / 50 where the devices switch, as SPICE does. Corners of
    stimuli are always hit, and error control shortens the steps where states move.
    """

    kind: ClassVar[str] = "tran"
    plot_name: ClassVar[str] = "Transient Analysis"
    axis: ClassVar[Axis] = Axis("time", "time", "s")

    stop: float = number("last time", "s", above=0.0, unit_told=False)
    max_step: float | None = number("largest time step; default stop / 50", "s", default=None, above=0.0)
    record_from: float = number(
        "time from which signals are recorded; it is simulated from 0", "s", default=0.0, low=0.0
    )

    def _check(self) -> None:
        if self.record_from >= self.stop:
            raise ParameterError(
                f"Transient.record_from: {self.record_from:g} s is not between 0 and the stop of {self.stop:g} s."
            )

    @property
    def last_time(self) -> float:
        """Its `stop` [s]."""
        return self.stop

    @property
    def largest_step(self) -> float:
        """Its `max_step`, else `stop` / 50 [s]."""
        return self.max_step or self.stop / 50


@record
class Ac(AnalysisRecord):
    """Small-signal response to 1 V on one line, around the operating point."""

    kind: ClassVar[str] = "ac"
    plot_name: ClassVar[str] = "AC Analysis"
    axis: ClassVar[Axis] = Axis("frequency", "frequency", "Hz")
    small_signal: ClassVar[bool] = True

    line: str = text("line that carries the 1 V signal")
    start: float = number("lowest frequency", "Hz", above=0.0)
    stop: float = number("highest frequency", "Hz", above=0.0)
    points_per_decade: int = whole("points per decade", default=10, low=1)

    def _check(self) -> None:
        if self.stop < self.start:
            raise ParameterError(f"Ac: stop {self.stop:g} Hz is below start {self.start:g} Hz.")

    @property
    def line_fields(self) -> tuple[tuple[str, str], ...]:
        """The line of the signal."""
        return (("line", self.line),)

    @property
    def signal_line(self) -> str:
        """Line that carries 1 V."""
        return self.line

    @property
    def voltage_line(self) -> str:
        """Line that carries 1 V."""
        return self.line


@record
class Noise(AnalysisRecord):
    """Spectral density of the noise at one node, and referred to one source, around the operating point.

    The signals are ``onoise`` [V/sqrt(Hz)] and ``inoise`` [V/sqrt(Hz), or A/sqrt(Hz) if the source is a current];
    `rramcirc.integrated_noise` integrates them. Counted is the thermal noise of every resistor and what a
    device model says of its own: RRAM devices and transistors of the library have thermal noise, shot noise where they
    have a contact or junctions, and 1/f noise where their card has a number. A run remarks on models without any.
    """

    kind: ClassVar[str] = "noise"
    plot_name: ClassVar[str] = "Noise Spectral Density Curves"
    axis: ClassVar[Axis] = Axis("frequency", "frequency", "Hz")
    small_signal: ClassVar[bool] = True

    output: str = text("line or output of the design at which the noise is computed")
    source: str = text("line whose driver the noise is referred to")
    start: float = number("lowest frequency", "Hz", above=0.0)
    stop: float = number("highest frequency", "Hz", above=0.0)
    points_per_decade: int = whole("points per decade", default=10, low=1)

    def _check(self) -> None:
        if self.stop <= self.start:
            raise ParameterError(f"Noise: stop {self.stop:g} Hz is not above start {self.start:g} Hz.")

    @property
    def line_fields(self) -> tuple[tuple[str, str], ...]:
        """The line that the noise is referred to."""
        return (("source", self.source),)

    @property
    def signal_line(self) -> str:
        """Line that the noise is referred to."""
        return self.source

    @property
    def output_node(self) -> str:
        """Its `output`."""
        return self.output


@record
class VectorSweep(AnalysisRecord):
    """Static read of many input vectors in one run, device states frozen: one point of the result per vector.

    Lines that are not in `levels` keep their stimulus. ngspice runs it as one DC sweep over the number of the vector.

    Examples
    --------
    >>> sweep = VectorSweep({"bl": [[0.1, 0.0], [0.0, 0.1], [0.1, 0.1]], "wl0": [1.5, 2.0, 1.5]})
    >>> sweep.vectors, sweep.lines
    (3, ('bl0', 'bl1', 'wl0'))
    """

    kind: ClassVar[str] = "dc"
    plot_name: ClassVar[str] = "DC transfer characteristic"
    axis: ClassVar[Axis] = Axis("index", "notype", "")

    levels: Kept[Mapping[str, FloatArray], Mapping[str, ArrayLike]] = table(
        "line -> (vectors,) levels, or kind of lines -> (vectors, lines) levels", "V"
    )

    def _check(self) -> None:
        if not self.levels:
            raise ParameterError("VectorSweep.levels: is empty; give a dict of lines and their levels [V].")
        lines: dict[str, FloatArray] = {}
        for name, values in self.levels.items():
            _line_name("VectorSweep.levels", name)
            array = _level_array(f"VectorSweep.levels[{name!r}]", values)
            parts = {name: array} if array.ndim == 1 else {f"{name}{k}": array[:, k] for k in range(array.shape[1])}
            twice = [line for line in parts if line in lines]
            if twice:
                raise ParameterError(f"VectorSweep.levels: {twice[0]} is there twice, by its name and by its kind.")
            lines |= parts
        counts = {line: len(values) for line, values in lines.items()}
        if len(set(counts.values())) > 1:
            shortest, longest = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
            raise ParameterError(
                f"VectorSweep.levels: {shortest} has {counts[shortest]} levels, {longest} {counts[longest]}; "
                "every line needs one level per vector."
            )
        object.__setattr__(self, "levels", lines)

    @property
    def vectors(self) -> int:
        """Number of input vectors."""
        return len(next(iter(self.levels.values())))

    @property
    def lines(self) -> tuple[str, ...]:
        """Names of the swept lines."""
        return tuple(self.levels)

    @property
    def grid(self) -> FloatArray:
        """Numbers of the vectors."""
        return np.arange(float(self.vectors))

    @property
    def line_fields(self) -> tuple[tuple[str, str], ...]:
        """All its lines."""
        return tuple(("levels", line) for line in self.levels)

    @property
    def line_levels(self) -> Mapping[str, FloatArray]:
        """Its `levels` [V]."""
        return self.levels


def _level_array(where: str, values: object) -> FloatArray:
    """Return (vectors,) or (vectors, lines) finite levels, read-only."""
    try:
        array = np.array(values)
    except (TypeError, ValueError):
        array = np.array(None)
    if array.dtype.kind not in "iuf" or array.ndim not in (1, 2) or array.size == 0:
        raise ParameterError(f"{where}: is no list of levels [V], one per vector, nor one of lists, one per vector.")
    levels: FloatArray = array.astype(float)
    if not np.all(np.isfinite(levels)):
        raise ParameterError(f"{where}: holds levels that are not finite.")
    levels.setflags(write=False)
    return levels


Analysis = OperatingPoint | DcSweep | Transient | Ac | Noise | VectorSweep
ANALYSES: tuple[type[AnalysisRecord], ...] = get_args(Analysis)
