"""Spike generators and the pulses that drivers make of spikes.

A train is a pair of arrays (time, neuron), ordered in time, as in `bench.spike_trains`. The network level takes
it as it is; `train_stimuli` turns the same train into one stimulus per line of a netlist.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arguments import file_name, real_array
from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import ParameterError, cannot_write, shown
from rramcirc.basics.fields import number, record
from rramcirc.basics.units import number_from_zero, positive_number, whole_number
from rramcirc.bench.spike_trains import Seed, check_train, poisson_trains
from rramcirc.bench.stimuli import Constant, PiecewiseLinear, pulse_sequence

__all__ = [
    "BipolarPulse",
    "GatePulse",
    "pattern_train",
    "poisson_trains",
    "read_train",
    "regular_train",
    "seeded_train",
    "split_train",
    "train_stimuli",
    "write_train",
]

Train = tuple[FloatArray, IntArray]


# Pulses --------------------------------------------------------------------------------------------------------------


@record
class GatePulse:
    """What a PRE spike does to a gate line; a spike during a pulse makes it last longer, as a one-shot does.

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
        """Return the voltage of the line for spikes at ascending times [s]."""
        begins = _spike_times("GatePulse.stimulus", times)
        if not begins.size:
            return Constant(self.base)
        length = self.width + self.edge
        new = np.append(True, np.diff(begins) > length * (1 + 1e-9))
        starts = begins[new]
        ends = begins[np.append(np.flatnonzero(new)[1:] - 1, begins.size - 1)] + length
        widths = ends - starts - 2 * self.edge
        return pulse_sequence(starts, widths, self.amplitude, edge=self.edge, base=self.base)


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
        """Return the voltage of the line for spikes at ascending times [s].

        Raises
        ------
        ParameterError
            If the pulses of a spike are not over before the next one.
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


# Trains --------------------------------------------------------------------------------------------------------------


def regular_train(rates: ArrayLike, duration: float, *, phases: ArrayLike = 0.0, start: float = 0.0) -> Train:
    """Return evenly spaced spikes of several neurons, merged and ordered in time.

    Parameters
    ----------
    rates : (n_neurons,) array
        Rate of each neuron [Hz]; 0 is silent.
    duration
        Length [s].
    phases
        First spike of each neuron, as a share of its period from 0 to below 1; one number holds for all.
    start
        Time of the beginning [s].
    """
    rates, length = _rates(rates), positive_number(duration, "regular_train: duration", "s")
    begin = number_from_zero(start, "regular_train: start", "s")
    try:
        phases = np.broadcast_to(np.asarray(phases, dtype=float), rates.shape)
    except (TypeError, ValueError):
        raise ParameterError(f"regular_train: phases: {shown(phases)}; give one number, or one per neuron.") from None
    if not np.all((phases >= 0) & (phases < 1)):
        raise ParameterError(f"regular_train: phases: {shown(phases)} must lie from 0 to below 1.")
    found = []
    for rate, phase in zip(rates, phases, strict=True):
        count = int(np.ceil(rate * length - phase - 1e-9)) if rate else 0
        found.append(begin + (np.arange(max(count, 0)) + phase) / (rate or 1.0))
    return _merged(found)


def pattern_train(patterns: ArrayLike, epoch: float, *, start: float = 0.0) -> Train:
    """Return the train of binary patterns shown one after the other: a spike of every member at each epoch's start.

    Parameters
    ----------
    patterns : (n_epochs, n_neurons) array of 0/1 or bool
        Row k says which neurons spike in epoch k.
    epoch
        Length of an epoch [s].
    start
        Time of the beginning [s].
    """
    epochs = np.asarray(patterns)
    if epochs.ndim != 2 or epochs.dtype.kind not in "biuf" or not np.all((epochs == 0) | (epochs == 1)):
        raise ParameterError(
            "pattern_train: patterns: give a table of 0 and 1, one row per epoch, one column per neuron."
        )
    length = positive_number(epoch, "pattern_train: epoch", "s")
    at, neurons = np.nonzero(epochs)
    times: FloatArray = number_from_zero(start, "pattern_train: start", "s") + at.astype(np.float64) * length
    return times, neurons.astype(np.int64)


def read_train(path: str | os.PathLike[str], count: int) -> Train:
    """Return the train of a file.

    Parameters
    ----------
    path
        ``.npy`` holding an (n_spikes, 2) array, or text with two columns, time [s] and neuron, separated by commas or
        blanks; lines that begin with ``#`` or a letter are left out.
    count
        Number of neurons.

    Raises
    ------
    ParameterError
        If the file cannot be read, or its times or neurons are none.
    """
    path = file_name(path, "read_train")
    try:
        if path.suffix == ".npy":
            table = np.load(path, allow_pickle=False)
        else:
            lines = (line.replace(",", " ") for line in path.read_text().splitlines())
            rows = [line.split() for line in lines if line.strip() and not line.lstrip()[0].isalpha()]
            table = np.array([row for row in rows if not row[0].startswith("#")], dtype=float)
    except (OSError, ValueError) as error:
        raise ParameterError(f"read_train: {path}: {error}.") from error
    if table.size and (table.ndim != 2 or table.shape[1] != 2):
        raise ParameterError(
            f"read_train: {path} has shape {table.shape}; two columns are needed, time [s] and neuron."
        )
    table = table.reshape(-1, 2).astype(float)
    if not np.all(table[:, 1] == np.round(table[:, 1])):
        raise ParameterError(f"read_train: {path}: the second column must hold whole numbers, the neurons.")
    return check_train(table[:, 0], table[:, 1].astype(np.int64), whole_number(count, "read_train: count", 1))


def write_train(path: str | os.PathLike[str], times: ArrayLike, neurons: ArrayLike) -> None:
    """Write a train as `read_train` reads it: ``.npy``, or text with all digits."""
    path = file_name(path, "write_train")
    most = np.max(real_array(neurons, "write_train: neurons"), initial=0)
    at, which = check_train(times, neurons, 1 + int(most))
    try:
        if path.suffix == ".npy":
            np.save(path, np.column_stack([at, which]))
        else:
            rows = (f"{t!r},{k}" for t, k in zip(at.tolist(), which.tolist(), strict=True))
            path.write_text("\n".join(["time [s],neuron", *rows, ""]))
    except OSError as error:
        raise cannot_write(path, error) from error


def split_train(times: ArrayLike, neurons: ArrayLike, count: int) -> list[FloatArray]:
    """Return the spike times of each neuron [s], ascending."""
    at, which = check_train(times, neurons, whole_number(count, "split_train: count", 1))
    order = np.argsort(which, kind="stable")
    return np.split(at[order], np.searchsorted(which[order], np.arange(1, count)))


def seeded_train(rates: ArrayLike, duration: float, seed: Seed, *, dead_time: float = 0.0) -> Train:
    """Return Poisson trains without spikes that follow another of the same neuron within a dead time.

    Parameters
    ----------
    rates : (n_neurons,) array
        Mean rates before spikes are dropped [Hz]; after it, r / (1 + r x dead_time).
    duration
        Length [s].
    seed
        A whole number or several.
    dead_time
        For example the duration of a `BipolarPulse` [s].
    """
    at, which = poisson_trains(rates, duration, seed)
    dead = number_from_zero(dead_time, "seeded_train: dead_time", "s")
    kept = [_thinned(train, dead) for train in split_train(at, which, len(np.atleast_1d(rates)))]
    return _merged(kept)


def _thinned(times: FloatArray, dead: float) -> FloatArray:
    kept: list[float] = []
    for t in times.tolist():
        if not kept or t - kept[-1] >= dead:
            kept.append(t)
    return np.array(kept)


def _merged(trains: Sequence[FloatArray]) -> Train:
    at = np.concatenate(trains) if trains else np.empty(0)
    which = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    order = np.argsort(at, kind="stable")
    return at[order], which[order].astype(np.int64)


def _rates(rates: ArrayLike) -> FloatArray:
    array = np.asarray(rates)
    if (
        array.ndim != 1
        or array.dtype.kind not in "iuf"
        or not array.size
        or not np.all((array >= 0) & (array < np.inf))
    ):
        raise ParameterError(f"regular_train: rates: {shown(rates)} is no list of rates of at least 0 Hz.")
    return array.astype(float)


def _spike_times(owner: str, times: ArrayLike) -> FloatArray:
    array = np.asarray(times)
    if array.ndim != 1 or (array.size and (array.dtype.kind not in "iuf" or not np.isfinite(array).all())):
        raise ParameterError(f"{owner}: times: {shown(times)} is not a list of times [s].")
    if array.size and (array[0] < 0 or np.any(np.diff(array) < 0)):
        raise ParameterError(f"{owner}: times: must be ascending and not negative [s].")
    return array.astype(float)
