"""Analyses: what a testbench computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.errors import ParameterError
from rramcirc.basics.units import positive_number, real_number, whole_number


def _positive(owner: str, **values: float) -> None:
    for name, value in values.items():
        positive_number(value, f"{owner}.{name}")


def _line_name(where: str, line: object) -> None:
    if not isinstance(line, str):
        raise ParameterError(f"{where}: {line!r} is not the name of a line.")


@dataclass(frozen=True)
class OperatingPoint:
    """Currents and voltages at t = 0, device states frozen at their initial values."""


@dataclass(frozen=True)
class DcSweep:
    """Static sweep of one line's voltage, device states frozen at their initial values."""

    line: str = field(metadata={"desc": "line whose driver is swept"})
    start: float = field(metadata={"desc": "first voltage", "units": "V"})
    stop: float = field(metadata={"desc": "last voltage", "units": "V"})
    points: int = field(default=101, metadata={"desc": "number of voltages", "units": "1"})

    def __post_init__(self) -> None:
        _line_name("DcSweep.line", self.line)
        whole_number(self.points, "DcSweep.points", 2)
        if real_number(self.start, "DcSweep.start") == real_number(self.stop, "DcSweep.stop"):
            raise ParameterError(f"DcSweep: start and stop are both {self.start!r} V; they must differ.")


@dataclass(frozen=True)
class Transient:
    """Waveforms from 0 to `stop`.

    `max_step` bounds the time step; without it, it is `stop` / 50 where the devices switch, as SPICE does. Corners of
    stimuli are always hit, and error control shortens the steps where states move.
    """

    stop: float = field(metadata={"desc": "last time", "units": "s"})
    max_step: float | None = field(
        default=None, metadata={"desc": "largest time step; default stop / 50", "units": "s"}
    )
    record_from: float = field(
        default=0.0, metadata={"desc": "time from which signals are recorded; it is simulated from 0", "units": "s"}
    )

    def __post_init__(self) -> None:
        _positive("Transient", stop=self.stop)
        if not 0 <= real_number(self.record_from, "Transient.record_from") < self.stop:
            raise ParameterError(
                f"Transient.record_from: {self.record_from:g} s is not between 0 and the stop of {self.stop:g} s."
            )
        if self.max_step is not None:
            _positive("Transient", max_step=self.max_step)


@dataclass(frozen=True)
class Ac:
    """Small-signal response to 1 V on one line, around the operating point."""

    line: str = field(metadata={"desc": "line that carries the 1 V signal"})
    start: float = field(metadata={"desc": "lowest frequency", "units": "Hz"})
    stop: float = field(metadata={"desc": "highest frequency", "units": "Hz"})
    points_per_decade: int = field(default=10, metadata={"desc": "points per decade", "units": "1"})

    def __post_init__(self) -> None:
        _line_name("Ac.line", self.line)
        _positive("Ac", start=self.start, stop=self.stop)
        whole_number(self.points_per_decade, "Ac.points_per_decade", 1)
        if self.stop < self.start:
            raise ParameterError(f"Ac: stop {self.stop:g} Hz is below start {self.start:g} Hz.")


@dataclass(frozen=True)
class Noise:
    """Spectral density of the noise at one node, and referred to one source, around the operating point.

    The signals are ``onoise`` [V/sqrt(Hz)] and ``inoise`` [V/sqrt(Hz), or A/sqrt(Hz) if the source is a current];
    `rramcirc.integrated_noise` integrates them. Counted is the thermal noise of every resistor and what a
    device model says of its own; the models of the library say nothing (their cards list it as not modelled).
    """

    output: str = field(metadata={"desc": "line or output of the design at which the noise is computed"})
    source: str = field(metadata={"desc": "line whose driver the noise is referred to"})
    start: float = field(metadata={"desc": "lowest frequency", "units": "Hz"})
    stop: float = field(metadata={"desc": "highest frequency", "units": "Hz"})
    points_per_decade: int = field(default=10, metadata={"desc": "points per decade", "units": "1"})

    def __post_init__(self) -> None:
        _line_name("Noise.output", self.output)
        _line_name("Noise.source", self.source)
        _positive("Noise", start=self.start, stop=self.stop)
        whole_number(self.points_per_decade, "Noise.points_per_decade", 1)
        if self.stop <= self.start:
            raise ParameterError(f"Noise: stop {self.stop:g} Hz is not above start {self.start:g} Hz.")


@dataclass(frozen=True)
class VectorSweep:
    """Static read of many input vectors in one run, device states frozen: one point of the result per vector.

    Lines that are not in `levels` keep their stimulus. ngspice runs it as one DC sweep over the number of the vector.

    Examples
    --------
    >>> sweep = VectorSweep({"bl": [[0.1, 0.0], [0.0, 0.1], [0.1, 0.1]], "wl0": [1.5, 2.0, 1.5]})
    >>> sweep.vectors, sweep.lines
    (3, ('bl0', 'bl1', 'wl0'))
    """

    levels: Mapping[str, NDArray] = field(
        metadata={
            "desc": "line -> (vectors,) levels, or kind of lines -> (vectors, lines) levels",
            "units": "V",
        }
    )

    def __post_init__(self) -> None:
        if not isinstance(self.levels, Mapping) or not self.levels:
            raise ParameterError(f"VectorSweep.levels: {self.levels!r} is no dict of lines and their levels [V].")
        lines: dict[str, NDArray] = {}
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
            shortest, longest = min(counts, key=counts.get), max(counts, key=counts.get)
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


def _level_array(where: str, values: object) -> NDArray:
    """Return (vectors,) or (vectors, lines) finite levels, read-only."""
    try:
        array = np.array(values)
    except (TypeError, ValueError):
        array = np.array(None)
    if array.dtype.kind not in "iuf" or array.ndim not in (1, 2) or array.size == 0:
        raise ParameterError(f"{where}: is no list of levels [V], one per vector, nor one of lists, one per vector.")
    array = array.astype(float)
    if not np.all(np.isfinite(array)):
        raise ParameterError(f"{where}: holds levels that are not finite.")
    array.setflags(write=False)
    return array


Analysis = OperatingPoint | DcSweep | Transient | Ac | Noise | VectorSweep
