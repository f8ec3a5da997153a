"""What a card predicts: every kind of measurement as corners of a voltage, and currents read at some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.arrays import BoolArray, FloatArray, IndexArray, IntArray
from rramcirc.basics.errors import ParameterError
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.compiled.conductance import _Path, nearest_states
from rramcirc.studies.fit.circuit import check_gate, gates_of, limited, read_voltages, source_line
from rramcirc.studies.fit.data import KINDS, Measurement
from rramcirc.studies.fit.settings import Settings

if TYPE_CHECKING:
    from rramcirc.devices.pulses.response import PulseResponse

FAILED = 10.0  # residual [1, logarithm] of a device that could not be integrated
_GATE_OPEN = 3.0  # [V] at which a cell with a transistor is read


@dataclass(frozen=True)
class Protocol:
    """N devices under piecewise-linear voltages, and what was read.

    Attributes
    ----------
    data
        The measurement.
    times, voltages, gates : (N, M) arrays
        Corners [s, V, V]; NaN in `times` ends a device early. `gates` is None without a transistor.
    device, corner, row : (n,) arrays
        Device and corner of every reading, and its row in the file.
    current : (n,) array
        What was read [A].
    start : (N,) array
        Conductance at the first corner, as measured [S].
    start_known
        Whether `start` is a measured value for each device, or a first guess that is fitted with the card.
    series
        What is in series: the select transistor, or what limits the current; None without.
    source_line
        Level of the source line [V]; None: it is raised where the voltage is negative.
    """

    data: Measurement
    times: FloatArray
    voltages: FloatArray
    gates: FloatArray | None
    device: IntArray
    corner: IntArray
    row: IntArray
    current: FloatArray
    start: FloatArray
    start_known: bool
    series: ModelCard | None = None
    source_line: float | None = None

    def __len__(self) -> int:
        return len(self.current)

    def subset(self, devices: IntArray) -> Protocol:
        """Return the protocol with some of its devices."""
        place = np.full(len(self.start), -1)
        place[devices] = np.arange(len(devices))
        kept = place[self.device] >= 0
        cut = {name: getattr(self, name)[kept] for name in ("corner", "row", "current")}
        gates = None if self.gates is None else self.gates[devices]
        return replace(
            self, times=self.times[devices], voltages=self.voltages[devices], gates=gates,
            device=place[self.device[kept]], start=self.start[devices], **cut,
        )  # fmt: skip


@dataclass(frozen=True)
class Prediction:
    """What a card predicts for a protocol.

    Attributes
    ----------
    current : (n,) array
        At the readings [A].
    missed : (N,) array
        By how much the starts are out of reach of the card [1, logarithm].
    states : dict of (N,) arrays
        States at the start [their units].
    response
        At all corners.
    """

    current: FloatArray
    missed: FloatArray
    states: dict[str, FloatArray]
    response: PulseResponse


def make_protocol(data: Measurement, settings: Settings) -> Protocol:
    """Return what was done to the devices and what was read.

    Raises
    ------
    ParameterError
        If the file needs something that `settings` does not have.
    """
    check_gate(data, settings)
    data = with_pulses(data, settings)
    return {"sweep": _sweep, "pulses": _pulses, "train": _train}[data.kind](data, settings)


def with_pulses(data: Measurement, settings: Settings) -> Measurement:
    """Return single pulses of which only the direction is known with the pulses of the settings.

    Raises
    ------
    ParameterError
        If the settings do not have them.
    """
    if data.kind != "pulses" or {"amplitude", "width"} <= set(data.columns):
        return data
    rising = data.columns["direction"] > 0.0
    amplitude, width = _set_and_reset(data, settings, rising)
    return replace(data, columns={**data.columns, "amplitude": amplitude, "width": width})


def predict(
    card: ModelCard, protocol: Protocol, start: FloatArray, settings: Settings, tolerance: float = 1e-5,
    follow: Prediction | None = None,
) -> Prediction:  # fmt: skip
    """Return the currents of a card at the readings.

    Parameters
    ----------
    start : (N,) array
        Conductances at the first corner [S].
    tolerance
        Error of a step of the integration [unit of the states].
    follow
        A prediction for the same protocol whose time steps are taken.
    """
    return predict_all(card, [protocol], [start], settings, tolerance, [follow])[0]


def predict_all(
    card: ModelCard, protocols: Sequence[Protocol], starts: Sequence[FloatArray], settings: Settings,
    tolerance: float = 1e-5, follow: Sequence[Prediction | None] | None = None,
) -> list[Prediction]:  # fmt: skip
    """Return the currents of a card for several protocols; see :func:`predict`.

    The states of all starts are found together, which is most of the work of a fit otherwise.
    """
    from rramcirc.devices.pulses.response import pulse_response

    bounds = np.cumsum([len(s) for s in starts])[:-1]
    start = np.concatenate(starts)
    states, reached = nearest_states(card, start, temperature=settings.temperature)
    pieces = {name: np.split(values, bounds) for name, values in states.items()}
    missed = np.split(np.log(start / reached), bounds)
    predictions = []
    for k, protocol in enumerate(protocols):
        own, earlier = {name: values[k] for name, values in pieces.items()}, follow[k] if follow else None
        found = pulse_response(
            card, protocol.times, protocol.voltages, own, temperature=settings.temperature, tolerance=tolerance,
            selector=protocol.series, source_line=protocol.source_line,
            gate_voltages=0.0 if protocol.gates is None else protocol.gates,
            follow=None if earlier is None else earlier.response,
        )  # fmt: skip
        predictions.append(Prediction(found.current[protocol.device, protocol.corner], missed[k], own, found))
    return predictions


def path_ends(card: ModelCard, temperature: float) -> tuple[float, float]:
    """Return the largest and smallest conductance on a card's path of states [S]."""
    reach = _Path(card).table({}, 1, temperature)[:, 0]
    return float(reach[0]), float(reach[-1])


def _sweep(data: Measurement, settings: Settings) -> Protocol:
    """Every cycle is a device of its own, whose state at the start is not known."""
    data, series, at_limit = limited(data, settings)
    if not {"time", "ramp"} & set(data.columns):
        said = f"no times: the voltage is taken to change by {settings.ramp_rate:g} V/s (--ramp-rate says it)"
        data = replace(data, remarks=(*data.remarks, said))
    columns, gate = data.columns, gates_of(data, settings)
    voltage, current = columns["voltage"], np.abs(columns["current"])
    cycle = columns.get("cycle", np.zeros(len(data)))
    firsts = np.flatnonzero(np.r_[True, np.diff(cycle) != 0])
    lengths = np.diff(np.r_[firsts, len(data)])
    device = np.repeat(np.arange(len(firsts)), lengths)
    corner = np.arange(len(data)) - firsts[device]
    times = _sweep_times(data, settings, firsts, device)
    tables = [_table(values, device, corner) for values in (times, voltage, voltage if gate is None else gate)]
    floor = settings.noise_floor if settings.noise_floor is not None else max(1e-6 * current.max(), 1e-12)
    smallest = 0.02 * np.abs(voltage).max()
    read = np.flatnonzero((current > floor) & (np.abs(voltage) > smallest) & ~at_limit)
    if not len(read):
        raise ParameterError(f"{data.path}: no current is above the noise floor of {floor:g} A.")
    start = np.empty(len(firsts))
    for k in range(len(firsts)):
        own = read[device[read] == k]
        if not len(own):
            raise ParameterError(
                f"{data.path}: line {data.lines[firsts[k]]}: cycle without currents above {floor:g} A."
            )
        low = own[: max(3, len(own) // 50)]
        start[k] = np.median(current[low] / np.abs(voltage[low]))
    gates = tables[2] if gate is not None else 0.0 * tables[1] if series else None
    return Protocol(
        data, tables[0], tables[1], gates, device[read],
        corner[read], read, current[read], start, False, series, source_line(settings),
    )  # fmt: skip


def _sweep_times(data: Measurement, settings: Settings, firsts: IndexArray, device: IndexArray) -> FloatArray:
    """Return the times of the rows of a sweep, each cycle from zero [s]."""
    if "time" in data.columns:
        times: FloatArray = data.columns["time"] - data.columns["time"][firsts][device]
    else:
        ramp = data.columns.get("ramp", np.full(len(data), settings.ramp_rate))
        steps = np.abs(np.diff(data.columns["voltage"], prepend=0.0)) / ramp
        steps[firsts] = 0.0
        times = np.cumsum(steps)
        times -= times[firsts][device]
    late = np.flatnonzero((np.diff(times) < 0) & (np.diff(device) == 0))
    if len(late):
        raise ParameterError(f"{data.path}: line {data.lines[late[0] + 1]}: the time goes back.")
    return times


def _table(values: FloatArray, device: IndexArray, corner: NDArray[np.integer]) -> FloatArray:
    table = np.full((device[-1] + 1, corner.max() + 1), np.nan)
    table[device, corner] = values
    return table


def _pulses(data: Measurement, settings: Settings) -> Protocol:
    """Every row is a device of its own that starts from the resistance before."""
    columns, count = data.columns, len(data)
    none, width = np.zeros(count), columns["width"]
    read = read_voltages(data, settings)
    gates = None
    gate = gates_of(data, settings)
    if gate is not None:
        gates = np.stack([gate, gate, np.full(count, _GATE_OPEN)], 1)
    rows = np.arange(count)
    return Protocol(
        data, np.stack([none, width, width], 1), np.stack([columns["amplitude"]] * 2 + [read], 1), gates, rows,
        np.full(count, 2), rows, read / columns["after"],
        1.0 / (columns["before"] - _open_resistance(settings, gates, columns["before"])), True, settings.selector,
        source_line(settings),
    )  # fmt: skip


def _open_resistance(settings: Settings, gates: FloatArray | None, whole: FloatArray) -> FloatArray:
    """Return what the open transistor adds to a resistance that was read [ohm]; at most 99 % of it."""
    if gates is None:
        return np.zeros_like(whole)
    from rramcirc.devices.compiled.devices import CompiledDevices

    assert settings.selector is not None  # see make_protocol
    at_rest = CompiledDevices(settings.selector, 1, temperature=settings.temperature).evaluate([[0, _GATE_OPEN, 0, 0]])
    assert at_rest.resistive_jacobian is not None
    channel = float(at_rest.resistive_jacobian[0, 0, 0])
    return np.minimum(1.0 / channel, 0.99 * whole)


def _train(data: Measurement, settings: Settings) -> Protocol:
    """A device (one per cycle) whose state goes on from pulse to pulse; the first row of each is the start."""
    columns, gate = data.columns, gates_of(data, settings)
    cycle = columns.get("cycle", np.zeros(len(data)))
    firsts = np.flatnonzero(np.r_[True, np.diff(cycle) != 0])
    read_at = read_voltages(data, settings)
    amplitude, width = _train_pulses(data, settings, firsts)
    if "amplitude" not in columns:
        turns = 1 + np.flatnonzero(np.diff(amplitude))
        lines = ", ".join(str(data.lines[k]) for k in turns[:6]) or "none"
        said = f"no column amplitude: the pulses are taken to change at the lines {lines}, by the conductance"
        data = replace(data, remarks=(*data.remarks, said))
    number = columns["pulse"]
    step = np.diff(number, prepend=number[0])
    repeats = np.where(step > 0, step, np.where(number > 0, 1, 0)).astype(int)
    repeats[firsts] = 0
    repeats[width == 0.0] = 0  # read without a pulse
    device_of_row = np.cumsum(np.isin(np.arange(len(data)), firsts)) - 1
    times, voltages, gates, device, corner, row = [], [], [], [], [], []
    for first, end in zip(firsts, [*firsts[1:], len(data)], strict=True):
        rows = np.repeat(np.arange(first, end), repeats[first:end])
        ends = np.cumsum(width[rows])
        times.append(np.r_[0.0, np.stack([np.r_[0.0, ends][:-1], ends, ends], 1).ravel()])
        read = read_at[rows]
        voltages.append(np.r_[read_at[first], np.stack([amplitude[rows], amplitude[rows], read], 1).ravel()])
        pulsed = np.zeros(len(rows)) if gate is None else gate[rows]
        gates.append(np.r_[_GATE_OPEN, np.stack([pulsed, pulsed, np.full(len(rows), _GATE_OPEN)], 1).ravel()])
        device.append(device_of_row[first:end])
        corner.append(3 * np.cumsum(repeats[first:end]))
        row.append(np.arange(first, end))
    longest = max(len(t) for t in times)
    padded_times, padded_voltages, padded_gates = (
        np.stack([np.pad(v, (0, longest - len(v)), constant_values=np.nan) for v in a])
        for a in (times, voltages, gates)
    )
    rows = np.concatenate(row)
    return Protocol(
        data, padded_times, padded_voltages, None if gate is None else padded_gates, np.concatenate(device),
        np.concatenate(corner), rows, columns["conductance"][rows] * read_at[rows],
        columns["conductance"][firsts], False, settings.selector, source_line(settings),
    )  # fmt: skip


def _train_pulses(data: Measurement, settings: Settings, firsts: IndexArray) -> tuple[FloatArray, FloatArray]:
    """Return amplitude [V] and width [s] of the pulse before each row."""
    columns = data.columns
    if "amplitude" in columns and "width" in columns:
        return columns["amplitude"], columns["width"]
    rising, value, number = np.zeros(len(data), bool), columns["conductance"], columns["pulse"]
    known = columns.get("direction")
    if known is not None:
        rising = known > 0.0
    for first, end in zip(firsts, [*firsts[1:], len(data)], strict=True) if known is None else ():
        turns = first + 1 + np.flatnonzero(np.diff(number[first:end]) <= 0)
        if not len(turns):
            turns = [first + 1 + _turn(value[first:end])]
        bounds = [first, *(int(t) for t in turns if first < t < end), end]
        for a, b in pairwise(bounds):
            rising[a:b] = value[b - 1] > value[max(a - 1, first)]
    return _set_and_reset(data, settings, rising)


def _set_and_reset(data: Measurement, settings: Settings, rising: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return amplitude [V] and width [s] of pulses of which only the direction is known."""
    if settings.set_pulse is None and settings.reset_pulse is None:
        raise ParameterError(
            f"{data.path}: {KINDS[data.kind]} without columns amplitude and width: give --set-pulse 1.2V,100n and "
            "--reset-pulse -1.2V,100n, or the columns."
        )
    for pulse, name, wanted in ((settings.set_pulse, "set", rising), (settings.reset_pulse, "reset", ~rising)):
        if pulse is None and wanted.any():
            raise ParameterError(
                f"{data.path}: line {data.lines[np.argmax(wanted)]}: needs --{name}-pulse VOLT,SECONDS."
            )
    up, down = settings.set_pulse or (0.0, 1.0), settings.reset_pulse or (0.0, 1.0)
    return np.where(rising, up[0], down[0]), np.where(rising, up[1], down[1])


def _turn(values: FloatArray) -> int:
    """Return the place at which potentiation and depression meet: the extreme that stands out from the ends."""
    peak = values.max() - max(values[0], values[-1])
    dip = min(values[0], values[-1]) - values.min()
    if max(peak, dip) < 0.1 * np.ptp(values):
        return len(values)
    extreme = values if peak >= dip else -values
    # of a plateau the last one
    return int(np.flatnonzero(extreme >= extreme.max() - 0.05 * np.ptp(values))[-1])
