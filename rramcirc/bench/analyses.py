"""Analyses: what a testbench computes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.fields import Kept, number, record, table, text, whole


def _line_name(where: str, line: object) -> None:
    if not isinstance(line, str):
        raise ParameterError(f"{where}: {shown(line)} is not the name of a line.")


@record
class OperatingPoint:
    """Currents and voltages at t = 0, device states frozen at their initial values."""


@record
class DcSweep:
    """Static sweep of one line's voltage, device states frozen at their initial values."""

    line: str = text("line whose driver is swept")
    start: float = number("first voltage", "V")
    stop: float = number("last voltage", "V")
    points: int = whole("number of voltages", default=101, low=2)

    def _check(self) -> None:
        if self.start == self.stop:
            raise ParameterError(f"DcSweep: start and stop are both {self.start!r} V; they must differ.")


@record
class Transient:
    """Waveforms from 0 to `stop`.

    `max_step` bounds the time step; without it, it is `stop` / 50 where the devices switch, as SPICE does. Corners of
    stimuli are always hit, and error control shortens the steps where states move.
    """

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


@record
class Ac:
    """Small-signal response to 1 V on one line, around the operating point."""

    line: str = text("line that carries the 1 V signal")
    start: float = number("lowest frequency", "Hz", above=0.0)
    stop: float = number("highest frequency", "Hz", above=0.0)
    points_per_decade: int = whole("points per decade", default=10, low=1)

    def _check(self) -> None:
        if self.stop < self.start:
            raise ParameterError(f"Ac: stop {self.stop:g} Hz is below start {self.start:g} Hz.")


@record
class Noise:
    """Spectral density of the noise at one node, and referred to one source, around the operating point.

    The signals are ``onoise`` [V/sqrt(Hz)] and ``inoise`` [V/sqrt(Hz), or A/sqrt(Hz) if the source is a current];
    `rramcirc.integrated_noise` integrates them. Counted is the thermal noise of every resistor and what a
    device model says of its own; the models of the library say nothing (their cards list it as not modelled).
    """

    output: str = text("line or output of the design at which the noise is computed")
    source: str = text("line whose driver the noise is referred to")
    start: float = number("lowest frequency", "Hz", above=0.0)
    stop: float = number("highest frequency", "Hz", above=0.0)
    points_per_decade: int = whole("points per decade", default=10, low=1)

    def _check(self) -> None:
        if self.stop <= self.start:
            raise ParameterError(f"Noise: stop {self.stop:g} Hz is not above start {self.start:g} Hz.")


@record
class VectorSweep:
    """Static read of many input vectors in one run, device states frozen: one point of the result per vector.

    Lines that are not in `levels` keep their stimulus. ngspice runs it as one DC sweep over the number of the vector.

    Examples
    --------
    >>> sweep = VectorSweep({"bl": [[0.1, 0.0], [0.0, 0.1], [0.1, 0.1]], "wl0": [1.5, 2.0, 1.5]})
    >>> sweep.vectors, sweep.lines
    (3, ('bl0', 'bl1', 'wl0'))
    """

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


def _level_array(where: str, values: object) -> FloatArray:
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
