"""Stimuli: what a driver puts on a line, volts or amperes against seconds."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.checks import check_choice
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.fields import Kept, choice, number, other, record, whole
from rramcirc.basics.units import positive_number, real_number

Unit = Literal["V", "A"]


_LEVELS = "V or A"
_UNIT = "V drives the line with a voltage, A with a current into the line"


@record
class Constant:
    """The same level at all times."""

    value: float = number("level", _LEVELS)
    unit: Unit = choice(_UNIT, default="V")

    def corners(self) -> tuple[FloatArray, FloatArray]:
        """Return the corner times [s] and levels of the piecewise-linear waveform."""
        return np.array([0.0]), np.array([self.value])


@record
class Pulse:
    """One trapezoidal pulse; `width` is the time at full amplitude, as SPICE's PW.

    ::

        amplitude        ________
                        /        \\
        base     ______/          \\______
                 delay rise width fall
    """

    amplitude: float = number("level at the top", _LEVELS)
    width: float = number("time at full amplitude", "s", above=0.0)
    delay: float = number("start of the rising edge", "s", default=0.0, low=0.0)
    rise: float = number("rising edge, base to amplitude", "s", default=1e-9, above=0.0)
    fall: float = number("falling edge, amplitude to base", "s", default=1e-9, above=0.0)
    base: float = number("level before and after", _LEVELS, default=0.0)
    unit: Unit = choice(_UNIT, default="V")

    def corners(self) -> tuple[FloatArray, FloatArray]:
        """Return the corner times [s] and levels of the piecewise-linear waveform."""
        return _pulse_corners(np.array([self.delay]), self)


@record
class PulseTrain:
    """`count` equal trapezoidal pulses, one every `period`."""

    amplitude: float = number("level at the top", _LEVELS)
    width: float = number("time at full amplitude", "s", above=0.0)
    period: float = number("from one rising edge to the next", "s", above=0.0)
    count: int = whole("number of pulses", low=1)
    delay: float = number("start of the first rising edge", "s", default=0.0, low=0.0)
    rise: float = number("rising edge", "s", default=1e-9, above=0.0)
    fall: float = number("falling edge", "s", default=1e-9, above=0.0)
    base: float = number("level between the pulses", _LEVELS, default=0.0)
    unit: Unit = choice(_UNIT, default="V")

    def _check(self) -> None:
        if self.rise + self.width + self.fall > self.period * (1 + 1e-12):
            raise ParameterError(
                f"PulseTrain: rise + width + fall = {self.rise + self.width + self.fall:g} s "
                f"do not fit into a period of {self.period:g} s."
            )

    def corners(self) -> tuple[FloatArray, FloatArray]:
        """Return the corner times [s] and levels of the piecewise-linear waveform."""
        return _pulse_corners(self.delay + self.period * np.arange(self.count, dtype=np.float64), self)


@record
class SpikeTrain:
    """Equal trapezoidal pulses that start at given times."""

    times: Kept[FloatArray, ArrayLike] = other("start of each rising edge, ascending", "s")
    amplitude: float = number("level at the top", _LEVELS)
    width: float = number("time at full amplitude", "s", above=0.0)
    rise: float = number("rising edge", "s", default=1e-9, above=0.0)
    fall: float = number("falling edge", "s", default=1e-9, above=0.0)
    base: float = number("level between the spikes", _LEVELS, default=0.0)
    unit: Unit = choice(_UNIT, default="V")

    def _check(self) -> None:
        times = number_list("SpikeTrain.times", self.times)
        if times.size and times[0] < 0:
            raise ParameterError(f"SpikeTrain.times: the first time {times[0]:g} s is negative.")
        length = self.rise + self.width + self.fall
        overlaps = np.diff(times) < length * (1 - 1e-12) - _resolution(times[1:])
        if np.any(overlaps):
            k = int(np.argmax(overlaps))
            raise ParameterError(
                f"SpikeTrain.times: spikes {k} and {k + 1} at {times[k]:g} s and {times[k + 1]:g} s overlap or are "
                f"out of order; each takes rise + width + fall = {length:g} s."
            )
        object.__setattr__(self, "times", times)

    def corners(self) -> tuple[FloatArray, FloatArray]:
        """Return the corner times [s] and levels of the piecewise-linear waveform."""
        return _pulse_corners(self.times, self)


@record
class PiecewiseLinear:
    """Straight lines between (time, value) corners; constant before the first and after the last."""

    times: Kept[FloatArray, ArrayLike] = other("corner times, ascending", "s")
    values: Kept[FloatArray, ArrayLike] = other("levels at the corners", _LEVELS)
    unit: Unit = choice(_UNIT, default="V")

    def _check(self) -> None:
        times, values = (number_list(f"PiecewiseLinear.{n}", getattr(self, n)) for n in ("times", "values"))
        if times.size != values.size or times.size == 0:
            raise ParameterError(
                f"PiecewiseLinear: {times.size} times and {values.size} values; give equally many, at least one."
            )
        if times[0] < 0 or np.any(np.diff(times) <= 0):
            raise ParameterError("PiecewiseLinear.times: must be ascending and not negative [s].")
        if np.any(np.diff(times) <= _resolution(times[1:])):
            k = int(np.argmax(np.diff(times) <= _resolution(times[1:])))
            raise ParameterError(
                f"PiecewiseLinear.times: corners {k} and {k + 1} at {times[k]:g} s are so close that a simulator "
                "cannot tell them apart."
            )
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "values", values)

    def corners(self) -> tuple[FloatArray, FloatArray]:
        """Return the corner times [s] and levels of the piecewise-linear waveform."""
        return self.times, self.values


@record
class Floating:
    """No driver: the line is left open."""


Stimulus = Constant | Pulse | PulseTrain | SpikeTrain | PiecewiseLinear | Floating
Driven = Constant | Pulse | PulseTrain | SpikeTrain | PiecewiseLinear


def sample(stimulus: Driven, time: ArrayLike) -> FloatArray:
    """Return the level of a stimulus at the given times.

    Parameters
    ----------
    stimulus
        Any stimulus that drives its line.
    time
        Times [s], any shape.

    Returns
    -------
    array, same shape as `time`
        Level [V] or [A].

    Examples
    --------
    >>> sample(Pulse(amplitude=2.0, width=1e-6, delay=1e-6), [0.0, 1.5e-6, 3e-6])
    array([0., 2., 0.])
    """
    corners, levels = check_driven(stimulus, "sample: stimulus").corners()
    return np.interp(_numbers("sample: time", time), corners, levels)


def breakpoints(stimulus: Driven) -> FloatArray:
    """Return the times [s] at which the slope of a stimulus changes."""
    return check_driven(stimulus, "breakpoints: stimulus").corners()[0]


def check_driven(stimulus: object, name: str) -> Driven:
    """Return the stimulus if it drives its line.

    Raises
    ------
    ParameterError
        If it is none, or leaves the line open; the error starts with `name`.
    """
    if isinstance(stimulus, Driven):
        return stimulus
    if isinstance(stimulus, Floating):
        raise ParameterError(f"{name}: Floating() leaves its line open, it has no level.")
    raise ParameterError(f"{name}: {shown(stimulus)} is not a stimulus.")


def triangle(*peaks: float, ramp_rate: float, unit: Unit = "V") -> PiecewiseLinear:
    """Return a sweep from zero through all `peaks` back to zero at a constant rate.

    Parameters
    ----------
    peaks
        Turning points [V], for example ``2.0, -1.5`` for a SET and RESET butterfly.
    ramp_rate
        Slope [V/s].

    Examples
    --------
    >>> triangle(2.0, -1.0, ramp_rate=1.0).times
    array([0., 2., 5., 6.])
    """
    positive_number(ramp_rate, "triangle: ramp_rate")
    check_choice("triangle.unit", unit, get_args(Unit))
    levels = np.array([0.0, *(real_number(peak, "triangle: peaks") for peak in peaks), 0.0])
    if not peaks or np.any(np.diff(levels) == 0.0):
        raise ParameterError(
            f"triangle: peaks {shown(peaks)} must differ from their neighbours and from zero at the ends."
        )
    return PiecewiseLinear(np.concatenate([[0.0], np.cumsum(np.abs(np.diff(levels)))]) / ramp_rate, levels, unit)


def number_list(name: str, values: ArrayLike) -> FloatArray:
    """Return a read-only copy of a one-dimensional list of finite numbers."""
    vector = _numbers(name, values).copy()
    if vector.ndim != 1:
        raise ParameterError(f"{name}: has {vector.ndim} dimensions; give a list of numbers.")
    vector.setflags(write=False)
    return vector


def _numbers(name: str, values: ArrayLike) -> FloatArray:
    """Return finite numbers of any shape as an array of floats; texts and truth values are none."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        array = np.array(None)
    if array.dtype.kind not in "iuf":
        raise ParameterError(f"{name}: {shown(values)} is not a list of numbers.")
    array = array.astype(float)
    if not np.all(np.isfinite(array)):
        raise ParameterError(f"{name}: holds values that are not finite.")
    return array


def _pulse_corners(starts: FloatArray, pulse: Pulse | PulseTrain | SpikeTrain) -> tuple[FloatArray, FloatArray]:
    """Return the corners of trapezoids at `starts`; adjoining pulses share a corner."""
    offsets = np.cumsum([0.0, pulse.rise, pulse.width, pulse.fall])
    times = (starts[:, None] + offsets).ravel()
    levels = np.tile([pulse.base, pulse.amplitude, pulse.amplitude, pulse.base], starts.size)
    if times.size == 0 or times[0] > 0:
        times, levels = np.concatenate([[0.0], times]), np.concatenate([[pulse.base], levels])
    return _without_repeats(type(pulse).__name__, times, levels)


def _resolution(times: FloatArray) -> FloatArray:
    """Return the distance [s] below which two times are one: a few last bits, which simulators round."""
    return 4.0 * np.spacing(np.abs(times))


def _without_repeats(name: str, times: FloatArray, levels: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Drop corners that repeat the one before, as where one pulse ends and the next begins."""
    same = np.diff(times) <= _resolution(times[1:])
    if np.any(same & (np.diff(levels) != 0.0)):
        at = times[1:][same & (np.diff(levels) != 0.0)][0]
        raise ParameterError(f"{name}: an edge at {at:g} s is too short to be told from a jump at that time.")
    keep = np.concatenate([[True], ~same])
    return times[keep], levels[keep]


def pulse_sequence(
    starts: ArrayLike,
    widths: ArrayLike,
    amplitudes: ArrayLike,
    *,
    edge: float = 1e-9,
    base: float = 0.0,
    unit: Unit = "V",
) -> PiecewiseLinear:
    """Return trapezoidal pulses of different width and height as one piecewise-linear stimulus.

    Parameters
    ----------
    starts
        Start of each rising edge [s], ascending.
    widths, amplitudes
        Time at full amplitude [s] and level [V or A] of each pulse; one number holds for all.
    edge
        Rise and fall time [s].
    base
        Level between the pulses [V or A].

    Examples
    --------
    >>> pulse_sequence([0.0, 1e-6], 1e-7, [0.2, 2.0], edge=1e-8).values
    array([0. , 0.2, 0.2, 0. , 0. , 2. , 2. , 0. ])
    """
    starts = np.atleast_1d(_numbers("pulse_sequence: starts", starts))
    widths = _per_pulse("pulse_sequence: widths", widths, starts)
    amplitudes = _per_pulse("pulse_sequence: amplitudes", amplitudes, starts)
    positive_number(edge, "pulse_sequence: edge")
    real_number(base, "pulse_sequence: base")
    check_choice("pulse_sequence.unit", unit, get_args(Unit))
    if np.any(widths < 0):
        raise ParameterError("pulse_sequence: widths holds negative values.")
    times = np.stack([starts, starts + edge, starts + edge + widths, starts + 2 * edge + widths], axis=1).ravel()
    ends = np.full_like(starts, base)
    levels = np.stack([ends, amplitudes, amplitudes, ends], axis=1).ravel()
    if times.size == 0 or np.any(np.diff(times) < -_resolution(times[1:])) or times[0] < 0:
        raise ParameterError(
            "pulse_sequence: starts, at least one, must be in order, at 0 s or later, and the pulses must not overlap."
        )
    return PiecewiseLinear(*_without_repeats("pulse_sequence", times, levels), unit)


def _per_pulse(name: str, values: ArrayLike, starts: FloatArray) -> FloatArray:
    """Return one value per pulse from one for each or one for all."""
    array = _numbers(name, values)
    if starts.ndim != 1 or array.shape not in ((), starts.shape):
        raise ParameterError(
            f"{name}: has shape {array.shape}, starts has {starts.shape}; give one value per pulse or one for all."
        )
    return np.broadcast_to(array, starts.shape)
