"""What is counted on every device and cycle of a population: thresholds, LRS and HRS of a loop, results of pulses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.studies.fit.model import Protocol
from rramcirc.studies.fit.observe import noise_of_sweep

_READ = 0.15  # of a branch's largest voltage, below which a resistance is read off it
_LEAST = 0.02  # below this part of it nothing is read
_FEWEST = 3  # readings of a resistance
_MEDIAN = np.pi / 2.0  # variance of a median over that of a mean


@dataclass(frozen=True)
class Features:
    """F figures of N runs (cycles of a sweep, single pulses, trains).

    Attributes
    ----------
    names, units : tuples of F
        ``ln`` figures have the unit 1.
    values : (N, F) array
        NaN where a run does not have it (no SET in it).
    noise : (N, F) array
        Variance that the noise of the readings makes.
    start : (N,) array
        Conductance at the start of each run [S].
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    values: FloatArray
    noise: FloatArray
    start: FloatArray


def features(protocol: Protocol, current: FloatArray | None = None) -> Features:
    """Return the figures of the data, or of currents that a card predicts.

    Parameters
    ----------
    protocol
        The runs.
    current : (N, M) array
        At all corners of the protocol [A]; None: those that were measured.
    """
    if current is None:
        current = measured_currents(protocol)
    return {"sweep": _loops, "pulses": _pulses, "train": _trains}[protocol.data.kind](protocol, np.abs(current))


def measured_currents(protocol: Protocol) -> FloatArray:
    """Return the measured currents at the corners of a protocol [A]; NaN where nothing was read."""
    table = np.full(protocol.times.shape, np.nan)
    if protocol.data.kind == "sweep":  # readings at the compliance too: every row is a corner
        there = np.isfinite(protocol.times)
        table[there] = np.abs(protocol.data.columns["current"])
        return table
    table[protocol.device, protocol.corner] = protocol.current
    return table


def _pulses(protocol: Protocol, current: FloatArray) -> Features:
    """The resistance after every pulse."""
    values = np.log(protocol.voltages[protocol.device, protocol.corner] / current[protocol.device, protocol.corner])
    return Features(("ln R after",), ("1",), values[:, None], np.zeros((len(values), 1)), protocol.start)


def _trains(protocol: Protocol, current: FloatArray) -> Features:
    """Conductance at the largest, the smallest and the last reading of every train, as the readings stand."""
    logs = np.log(current / np.abs(protocol.voltages))
    read = np.full(logs.shape, np.nan)
    read[protocol.device, protocol.corner] = logs[protocol.device, protocol.corner]
    last = read[np.arange(len(read)), np.array([np.flatnonzero(np.isfinite(row))[-1] for row in read])]
    values = np.stack([np.nanmax(read, 1), np.nanmin(read, 1), last], 1)
    names = ("ln G largest", "ln G smallest", "ln G last")
    return Features(names, ("1",) * 3, values, np.zeros_like(values), protocol.start)


def _loops(protocol: Protocol, current: FloatArray) -> Features:
    """V_SET, ln R_LRS, V_RESET and ln R_HRS of every loop."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(current / np.abs(protocol.voltages))
    noise = noise_of_sweep(protocol)
    values, variance = np.full((len(logs), 4), np.nan), np.zeros((len(logs), 4))
    start = np.array(protocol.start)
    for k, (v, g) in enumerate(zip(protocol.voltages, logs, strict=True)):
        values[k], variance[k], first = _loop(v, g, noise)
        start[k] = np.exp(first) if np.isfinite(first) else start[k]
    names = ("V_SET", "ln R_LRS", "V_RESET", "ln R_HRS")
    return Features(names, ("V", "1", "V", "1"), values, variance, start)


def _loop(voltage: FloatArray, logs: FloatArray, noise: float) -> tuple[FloatArray, FloatArray, float]:
    """Return the four figures of one loop, their variances, and ln(conductance) at its start."""
    up, down = _branches(voltage, logs, 1.0)
    minus, back = _branches(voltage, logs, -1.0)
    (first, _), (low, n_low), (high, n_high) = (_resting(b, voltage, logs) for b in (up, down, back))
    ends = [
        _crossing(voltage, logs, up, first, low),
        _crossing(voltage, logs, np.r_[minus, back], low, high),
    ]
    step = np.nanmedian(np.abs(np.diff(voltage)))
    seen = [_MEDIAN * noise**2 / max(n, 1) for n in (n_low, n_high)]
    variance = np.array([step**2 / 12.0, seen[0], step**2 / 12.0, seen[1]])
    return np.array([ends[0], -low, ends[1], -high]), variance, first


def _branches(voltage: FloatArray, logs: FloatArray, sign: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of one polarity on the way to its largest voltage, and back."""
    good = np.flatnonzero((sign * voltage > 0.0) & np.isfinite(logs))
    if not len(good):
        return good, good
    peak = int(np.argmax(sign * voltage[good]))
    return good[: peak + 1], good[peak + 1 :]


def _resting(places: np.ndarray, voltage: FloatArray, logs: FloatArray) -> tuple[float, int]:
    """Return ln(conductance) at small voltages of a branch, and of how many readings it is the median."""
    if not len(places):
        return np.nan, 0
    size = np.abs(voltage[places])
    top = np.nanmax(np.abs(voltage))
    near = places[(size > _LEAST * top) & (size < _READ * top)]
    if len(near) < _FEWEST:
        near = places[size > _LEAST * top]
        near = near[np.argsort(np.abs(voltage[near]))[:_FEWEST]]
    return (float(np.median(logs[near])), len(near)) if len(near) else (np.nan, 0)


def _crossing(voltage: FloatArray, logs: FloatArray, places: np.ndarray, before: float, after: float) -> float:
    """Return the voltage at which ln(conductance) passes the middle of two levels; NaN if it does not."""
    middle = 0.5 * (before + after)
    if not np.isfinite(middle) or len(places) < 2:
        return np.nan
    beyond = (logs[places] - middle) * np.sign(after - before) > 0.0
    firsts = np.flatnonzero(beyond[1:] & ~beyond[:-1])
    if not len(firsts):
        return np.nan
    a, b = places[firsts[0]], places[firsts[0] + 1]
    part = (middle - logs[a]) / (logs[b] - logs[a])
    return float(voltage[a] + part * (voltage[b] - voltage[a]))


__all__ = ["Features", "features", "measured_currents"]
