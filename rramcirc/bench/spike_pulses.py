"""Drivers: the pulses that spikes put on the lines of a circuit.

`GatePulse` and `BipolarPulse` say what one spike does; `train_stimuli` turns a train of `bench.spike_trains` or
`bench.spike_sources` into one stimulus per line, for a `Testbench`. The network level takes the same train as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.fields import number, record
from rramcirc.bench.spike_sources import split_train
from rramcirc.bench.stimuli import Constant, PiecewiseLinear, pulse_sequence

__all__ = ["BipolarPulse", "GatePulse", "prolonged", "train_stimuli"]


def prolonged(begins: ArrayLike, lengths: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return start and end of pulses [s]; one that begins during another, its edges included, prolongs it.

    Parameters
    ----------
    begins : (n,) array
        Where pulses begin, ascending [s].
    lengths : (n,) array
        From the start of the rising to the end of the falling edge [s].

    Examples
    --------
    >>> prolonged([0.0, 1.0, 3.0], [1.5, 1.5, 1.5])
    (array([0., 3.]), array([2.5, 4.5]))
    """
    starts = np.asarray(begins, float)
    ends = np.maximum.accumulate(starts + np.asarray(lengths, float))
    slack = 1e-9 * np.asarray(lengths, float)[1:]
    new = np.append(True, starts[1:] > ends[:-1] + slack)
    return starts[new], np.append(ends[np.flatnonzero(new)[1:] - 1], ends[-1])


@record
class GatePulse:
    """What a PRE spike does to a gate line; a spike during a pulse, edges included, prolongs it, as a one-shot does.

    ::

        amplitude        _________
                        /         \\
        base     ______/           \\______
                      t  edge       t + width + edge
    """

    amplitude: float = number("level of the pulse", "V")
    width: float = number("from half the rising to half the falling edge", "s", above=0.0)
    edge: float = number("rise and fall time", "s", default=1e-6, above=0.0)
    base: float = number("level between pulses", "V", default=0.0)

    def _check(self) -> None:
        if self.edge >= self.width:
            raise ParameterError(f"GatePulse.width: {self.width:g} s leaves no time for an edge of {self.edge:g} s.")

    def stimulus(self, times: ArrayLike) -> PiecewiseLinear | Constant:
        """Return the voltage of the line.

        Parameters
        ----------
        times : (n_spikes,) array
            Ascending times of the spikes [s].

        Returns
        -------
        PiecewiseLinear or Constant
            Voltage of the line [V]; the level at rest if there are no spikes.

        Raises
        ------
        ParameterError
            If the times do not ascend.

        Examples
        --------
        >>> GatePulse(3.0, 1e-3, edge=1e-5).stimulus([0.0, 5e-4]).times[-1]  # one pulse of 1.5 ms
        np.float64(0.00151)
        """
        begins = _spike_times("GatePulse.stimulus", times)
        if not begins.size:
            return Constant(self.base)
        starts, ends = prolonged(begins, np.full(begins.size, self.width + self.edge))
        return pulse_sequence(starts, ends - starts - 2 * self.edge, self.amplitude, edge=self.edge, base=self.base)


@record
class BipolarPulse:
    """What a POST spike does to a top electrode: +V then -V against the common mode, as in the STDP papers.

    ::

        common_mode + first    ____
                              /    \\
        common_mode   _______/      \\___________        ____
                                                \\      /
        common_mode + second                     \\____/
                      t        width      gap     second_width

    Either level may be 0 V, which leaves that pulse out; `rest` is the level between spikes against the common mode.
    """

    first: float = number("first pulse against the common mode", "V")
    width: float = number("first pulse, edge included", "s", above=0.0)
    second: float = number("second pulse against the common mode", "V", default=0.0)
    second_width: float = number("second pulse, edge included", "s", default=0.0, low=0.0)
    gap: float = number("end of the first pulse to start of the second", "s", default=0.0, low=0.0)
    common_mode: float = number("V_cm of the line against the bulk", "V", default=0.0)
    rest: float = number("level at rest against the common mode", "V", default=0.0)
    edge: float = number("rise and fall time", "s", default=1e-6, above=0.0)

    def _check(self) -> None:
        shortest = min(self.width, self.second_width) if self.second else self.width
        if self.edge >= shortest:
            which = "width" if shortest == self.width else "second_width"
            raise ParameterError(f"BipolarPulse.{which}: {shortest:g} s leaves no time for an edge of {self.edge:g} s.")
        if self.second and self.gap < self.edge:
            raise ParameterError(
                f"BipolarPulse.gap: {self.gap:g} s is shorter than the edge of {self.edge:g} s, so the pulses overlap."
            )
        for name in ("first", "second"):
            if self.common_mode + getattr(self, name) < 0 <= self.common_mode:
                raise ParameterError(
                    f"BipolarPulse.{name}: takes the line {-self.common_mode - getattr(self, name):g} V below the "
                    "bulk, where select transistors conduct with the gate off and unselected cells are written; raise "
                    f"common_mode ({self.common_mode:g} V)."
                )

    @property
    def duration(self) -> float:
        """From the spike to the end of the last edge [s]."""
        end = self.width + self.gap + self.second_width if self.second else self.width
        return end + self.edge

    def stimulus(self, times: ArrayLike) -> PiecewiseLinear | Constant:
        """Return the voltage of the line.

        Parameters
        ----------
        times : (n_spikes,) array
            Ascending times of the spikes [s].

        Returns
        -------
        PiecewiseLinear or Constant
            Voltage of the line against the bulk [V]; the level at rest if there are no spikes.

        Raises
        ------
        ParameterError
            If the times do not ascend, or the pulses of a spike are not over before the next one.
        """
        begins = _spike_times("BipolarPulse.stimulus", times)
        level = self.common_mode + self.rest
        if not begins.size or not (self.first or self.second):
            return Constant(level)
        close = np.flatnonzero(np.diff(begins) < self.duration * (1 - 1e-9))
        if close.size:
            k = int(close[0])
            raise ParameterError(
                f"BipolarPulse: the pulses take {self.duration:g} s, longer than the {begins[k + 1] - begins[k]:g} s "
                f"between the spikes at {begins[k]:g} s and {begins[k + 1]:g} s; shorten them, or drop spikes that "
                "fall into the refractory time."
            )
        parts = [(0.0, self.width, self.first)] if self.first else []
        parts += [(self.width + self.gap, self.second_width, self.second)] if self.second else []
        offsets, widths, levels = np.array(parts).T
        starts = (begins[:, None] + offsets).ravel()
        widths, levels = np.tile(widths, begins.size), np.tile(levels, begins.size)
        return pulse_sequence(
            starts, widths - self.edge, self.common_mode + levels, edge=self.edge, base=level
        )  # fmt: skip


def train_stimuli(
    times: ArrayLike, neurons: ArrayLike, pulse: GatePulse | BipolarPulse, lines: Sequence[str]
) -> dict[str, PiecewiseLinear | Constant]:
    """Return the stimuli of the lines that a train drives, for a `Testbench`: line k gets the spikes of neuron k.

    Parameters
    ----------
    times, neurons : (n_spikes,) arrays
        Train: time [s] and neuron of each spike.
    pulse
        What a spike does to its line.
    lines
        Names of the lines, for example ``["wl0", "wl1"]``.

    Returns
    -------
    dict
        Line -> stimulus [V].

    Raises
    ------
    ParameterError
        If the train has a neuron without a line, or the pulses of a neuron overlap.

    Examples
    --------
    >>> stimuli = train_stimuli([0.0, 1e-3], [1, 0], GatePulse(3.0, 1e-4), ["wl0", "wl1"])
    >>> stimuli["wl1"].times[:2]
    array([0.e+00, 1.e-06])
    """
    if not isinstance(pulse, (GatePulse, BipolarPulse)):
        raise ParameterError(f"train_stimuli: pulse: {shown(pulse)} is neither a GatePulse nor a BipolarPulse.")
    if isinstance(lines, str) or not all(isinstance(line, str) for line in lines):
        raise ParameterError(f"train_stimuli: lines: {shown(lines)} is not a list of names.")
    trains = split_train(times, neurons, len(lines))
    return {line: pulse.stimulus(train) for line, train in zip(lines, trains, strict=True)}


def _spike_times(owner: str, times: ArrayLike) -> FloatArray:
    array = np.asarray(times)
    if array.ndim != 1 or (array.size and (array.dtype.kind not in "iuf" or not np.isfinite(array).all())):
        raise ParameterError(f"{owner}: times: {shown(times)} is not a list of times [s].")
    if array.size and (array[0] < 0 or np.any(np.diff(array) < 0)):
        raise ParameterError(f"{owner}: times: must be ascending and not negative [s].")
    return array.astype(float)
