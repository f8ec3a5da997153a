"""Pulse tables: what a pulse of given amplitude, width and gate voltage makes of a synapse, looked up, not simulated.

The network level updates thousands of synapses by these tables; `rramcirc.studies.characterise` measures them on the
1T1R cell.
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arguments import file_name, real_array
from rramcirc.basics.arrays import BoolArray, FloatArray, IndexArray
from rramcirc.basics.errors import ParameterError, cannot_write, shown

_ARRAYS = (
    "state", "amplitude", "width", "gate", "deviate", "new_state", "mean", "device_spread", "cycle_spread",
    "time_shift",
)  # fmt: skip
_AXES = ("state", "amplitude", "width", "gate")
FORMAT = 2  # of the files
Place: TypeAlias = tuple[IndexArray, FloatArray]  # interval on an axis, and share of the way through it


def _about(desc: str, units: str) -> dict[str, str]:
    return {"desc": desc, "units": units}


@dataclass(frozen=True)
class PulseTable:
    """New state of a synapse after one pulse, for a pool of devices that differ.

    The state x is the conductance between the two ends of the range: 0 is the card's HRS, 1 its LRS, each of the device
    itself; G = `g_hrs` + x (`g_lrs` - `g_hrs`) for the nominal one. It may leave 0 ... 1. With n the lengths of the
    axes (x, a, w, g) and z that of `deviate`:

    `new_state` (x, a, w, g, z) is the distribution of the new state over the pool: the value that a synapse reaches
    that is `deviate` standard deviations faster (positive: moves further) than the median. `mean` is its mean,
    `device_spread` the standard deviation between devices, `cycle_spread` that from cycle to cycle of one device.

    Between the points of the grid the new state is linear in x, gate voltage, deviate and the logarithm of the width;
    below the shortest width the change is proportional to the width. Switching times fall exponentially with the
    amplitude, so between two amplitudes each is looked up at a width that is longer or shorter by its part of
    `time_shift`, the logarithm of how much faster the higher one acts, and the two answers are mixed linearly.
    """

    state: FloatArray = field(metadata=_about("state before the pulse, ascending", "1"))
    amplitude: FloatArray = field(metadata=_about("TE against SL, ascending; positive is SET", "V"))
    width: FloatArray = field(metadata=_about("time for which gate and TE pulse overlap, ascending", "s"))
    gate: FloatArray = field(metadata=_about("gate against bulk, ascending", "V"))
    deviate: FloatArray = field(metadata=_about("standard normal deviate of the synapse, ascending", "1"))
    new_state: FloatArray = field(metadata=_about("distribution of the state after the pulse", "1"))
    mean: FloatArray = field(metadata=_about("mean of the state after the pulse", "1"))
    device_spread: FloatArray = field(metadata=_about("standard deviation between devices", "1"))
    cycle_spread: FloatArray = field(metadata=_about("standard deviation from cycle to cycle", "1"))
    time_shift: FloatArray = field(
        metadata=_about("ln of the ratio of times at neighbouring amplitudes, (a - 1, g)", "1")
    )
    g_hrs: float = field(metadata=_about("conductance of the nominal device at x = 0", "S"))
    g_lrs: float = field(metadata=_about("conductance of the nominal device at x = 1", "S"))
    hrs_spread: float = field(metadata=_about("standard deviation of ln(conductance at x = 0) between devices", "1"))
    lrs_spread: float = field(metadata=_about("standard deviation of ln(conductance at x = 1) between devices", "1"))
    device_share: float = field(metadata=_about("share of the variance of the deviate that belongs to the device", "1"))
    error: Mapping[str, float] = field(
        metadata=_about("interpolation error of mean and distribution at held-out points", "1")
    )
    provenance: Mapping[str, Any] = field(
        metadata=_about("card, model, compiler, pulses, pool that it was measured with", "")
    )

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            array = real_array(getattr(self, name), f"PulseTable.{name}").copy()
            if not np.isfinite(array).all():
                raise ParameterError(f"PulseTable.{name}: holds values that are not finite.")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        for name in (*_AXES, "deviate"):
            axis = getattr(self, name)
            if axis.ndim != 1 or axis.size == 0 or np.any(np.diff(axis) <= 0):
                raise ParameterError(f"PulseTable.{name}: is no ascending list of numbers.")
        if self.width[0] <= 0:
            raise ParameterError(f"PulseTable.width: {self.width[0]:g} s is not positive.")
        shape = tuple(getattr(self, name).size for name in _AXES)
        if self.time_shift.shape != (self.amplitude.size - 1, self.gate.size):
            raise ParameterError(
                f"PulseTable.time_shift has shape {self.time_shift.shape}, "
                f"not {(self.amplitude.size - 1, self.gate.size)}."
            )
        for name in ("mean", "device_spread", "cycle_spread", "new_state"):
            wanted = (*shape, self.deviate.size) if name == "new_state" else shape
            if getattr(self, name).shape != wanted:
                raise ParameterError(
                    f"PulseTable.{name} has shape {getattr(self, name).shape}; its axes make it {wanted}."
                )

    def apply(
        self,
        state: ArrayLike,
        amplitude: ArrayLike,
        width: ArrayLike,
        gate: ArrayLike,
        rng: np.random.Generator | None = None,
        *,
        device: ArrayLike | None = None,
    ) -> FloatArray:
        """Return the states of synapses after one pulse.

        Parameters
        ----------
        state, amplitude, width, gate
            State x before it [1], TE against SL [V], duration of the overlap [s], gate against bulk [V]; arrays of any
            shapes that fit together. A width of 0 leaves the state alone.
        rng
            Source of the cycle's deviates, and of the devices' if `device` is not given; without it there is no
            cycle-to-cycle spread.
        device
            Standard normal deviate that each synapse keeps for life; with `rng` drawn for each pulse if not given.

        Returns
        -------
        array
            With neither `rng` nor `device` the mean over the pool.

        Raises
        ------
        ParameterError
            If a value lies outside the table; names it and the range. States beyond the ends of the table are taken as
            at its ends.
        """
        values = [_finite(n, v) for n, v in zip(_AXES, (state, amplitude, width, gate), strict=True)]
        shape = np.broadcast_shapes(*(v.shape for v in values), () if device is None else np.shape(device))
        x, a, w, g = (np.broadcast_to(v, shape).ravel() for v in values)
        if device is not None:
            kept = _finite("device", device)
        elif rng is not None:
            kept = rng.standard_normal(shape)
        else:
            return self._looked_up(self.mean[..., None], x, a, w, g, None).reshape(shape)
        share = self.device_share
        z = np.broadcast_to(kept, shape).ravel() * np.sqrt(share)
        if rng is not None:
            z = z + np.sqrt(1.0 - share) * rng.standard_normal(z.size)
        return self._looked_up(self.new_state, x, a, w, g, z).reshape(shape)

    def spread(
        self, state: ArrayLike, amplitude: ArrayLike, width: ArrayLike, gate: ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """Return the standard deviation of the state after one pulse between devices, and that from cycle to cycle."""
        given = zip(_AXES, (state, amplitude, width, gate), strict=True)
        values = np.broadcast_arrays(*(_finite(name, value) for name, value in given))
        x, a, w, g = (v.ravel() for v in values)
        device, cycle = (
            self._looked_up(spread[..., None], x, a, w, g, None, start=0.0).reshape(values[0].shape)
            for spread in (self.device_spread, self.cycle_spread)
        )
        return device, cycle

    def section(self, amplitude: float, gate: float) -> FloatArray:
        """Return the (x, w, z) distribution of new states for one amplitude [V] and gate voltage [V] of the grid."""
        found = []
        for name, value in (("amplitude", amplitude), ("gate", gate)):
            axis = getattr(self, name)
            hits = np.flatnonzero(np.isclose(axis, value, rtol=1e-9, atol=0))
            if not hits.size:
                raise ParameterError(f"PulseTable.section: {name} {value:g} V is none of {axis.tolist()}.")
            found.append(int(hits[0]))
        return self.new_state[:, found[0], :, found[1], :]

    def conductance(self, state: ArrayLike) -> FloatArray:
        """Return the conductance [S] of the nominal device at the states x."""
        return self.g_hrs + np.asarray(state, float) * (self.g_lrs - self.g_hrs)

    def state_of(self, conductance: ArrayLike) -> FloatArray:
        """Return the state x at which the nominal device has a conductance [S]."""
        return (np.asarray(conductance, float) - self.g_hrs) / (self.g_lrs - self.g_hrs)

    def _looked_up(
        self, values: FloatArray, x: FloatArray, a: FloatArray, w: FloatArray, g: FloatArray, z: FloatArray | None,
        start: float | None = None,
    ) -> FloatArray:  # fmt: skip
        """Interpolate (x, a, w, g, z) values; `start` is the value at zero width, default the state itself."""
        low, share = self._amplitude_place(a, w > 0)
        _place(np.log(self.width), np.log(np.maximum(w, self.width[0])), "width", "s", self.width)
        places = [
            _place(self.state, np.clip(x, self.state[0], self.state[-1]), "state", ""),
            _place(self.gate, g, "gate", "V"),
            (np.zeros(x.size, np.intp), np.zeros(x.size)),
        ]
        if z is not None:
            places[2] = _place(self.deviate, np.clip(z, self.deviate[0], self.deviate[-1]), "deviate", "")
        shift = self._time_shift(low, *places[1])
        least, most = self.width[0], self.width[-1]
        full = np.clip(w, least, most)
        widths = [full * np.exp((share - upper) * shift) for upper in (0, 1)]
        inside = [(width >= least * (1 - 1e-12)) & (width <= most * (1 + 1e-12)) for width in widths]
        # an amplitude whose shifted width is not in the table leaves the answer to the other one
        share = np.where(inside[0] & ~inside[1], 0.0, np.where(inside[1] & ~inside[0], 1.0, share))
        result = np.zeros(x.size)
        for upper, weight in ((0, 1.0 - share), (1, share)):
            k = np.flatnonzero(weight)
            if k.size:
                amplitude = np.minimum(low[k] + upper, self.amplitude.size - 1)
                near = [(index[k], part[k]) for index, part in places]
                result[k] += weight[k] * self._at_amplitude(values, amplitude, widths[upper][k], near)
        before = x if start is None else start
        result = np.where(w < least, before + (result - before) * (w / least), result)
        if start is None:  # beyond the last states a pulse does not move them back
            result = np.where((x > self.state[-1]) & (a > 0), np.maximum(result, x), result)
            result = np.where((x < self.state[0]) & (a < 0), np.minimum(result, x), result)
        return result

    def _at_amplitude(
        self, values: FloatArray, amplitude: IndexArray, width: FloatArray, near: Sequence[Place]
    ) -> FloatArray:
        """Interpolate at amplitudes of the grid, given by index; widths beyond the table are its ends."""
        inside = np.clip(width, self.width[0], self.width[-1])
        places = [near[0], _place(np.log(self.width), np.log(inside), "width", "s", self.width), *near[1:]]
        result = np.zeros(width.size)
        for corner in range(2 ** len(places)):
            weight, index = np.ones(width.size), list[IndexArray]()
            for axis, (low, share) in zip((0, 2, 3, 4), places, strict=True):
                upper = corner >> len(index) & 1
                weight = weight * (share if upper else 1.0 - share)
                index.append(np.minimum(low + upper, values.shape[axis] - 1))
            used = weight != 0.0
            if used.any():
                x, w, g, z = (i[used] for i in index)
                result[used] += weight[used] * values[x, amplitude[used], w, g, z]
        return result

    def _time_shift(self, low: IndexArray, gate: IndexArray, share: FloatArray) -> FloatArray:
        """Return the logarithm of how much faster the amplitude above each interval acts, between gate voltages."""
        if self.amplitude.size == 1:
            return np.zeros(low.size)
        last = self.gate.size - 1
        at = [self.time_shift[low, np.minimum(gate + k, last)] for k in (0, 1)]
        shift: FloatArray = at[0] * (1.0 - share) + at[1] * share
        return shift

    def _amplitude_place(self, a: FloatArray, acts: BoolArray) -> Place:
        """Return interval and share on the amplitude axis; never between a SET and a RESET amplitude."""
        low, share = _place(self.amplitude, np.where(acts, a, self.amplitude[0]), "amplitude", "V")
        above = self.amplitude[np.minimum(low + 1, self.amplitude.size - 1)]
        between = (share % 1.0 > 0) & (self.amplitude[low] * above <= 0)
        if np.any(between):
            raise ParameterError(
                f"PulseTable: amplitude {a[between][0]:g} V lies between the SET and the RESET amplitudes "
                f"{self.amplitude.tolist()} V."
            )
        return low, share

    def save(self, path: Path | str) -> Path:
        """Write the table to a .npz file.

        Raises
        ------
        ParameterError
            If the suffix is not .npz or the file cannot be written.
        """
        path = Path(path)
        if path.suffix != ".npz":
            raise ParameterError(f"{path}: a pulse table is a .npz file.")
        scalars = {n: getattr(self, n) for n in ("g_hrs", "g_lrs", "hrs_spread", "lrs_spread", "device_share")}
        record = {"format": FORMAT, **scalars, "error": dict(self.error), "provenance": dict(self.provenance)}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                np.savez_compressed(file, record=json.dumps(record), **{n: getattr(self, n) for n in _ARRAYS})
        except OSError as error:
            raise cannot_write(path, error) from error
        return path


# what numpy, zipfile and zlib raise at files that are damaged, by a single bit
_DAMAGED = (
    OSError, ValueError, KeyError, TypeError, EOFError, NotImplementedError, RuntimeError, struct.error, zlib.error,
    zipfile.BadZipFile,
)  # fmt: skip


def load_table(path: Path | str) -> PulseTable:
    """Read a pulse table.

    Raises
    ------
    ParameterError
        If the file is missing or none of `PulseTable.save`.
    """
    path = file_name(path, "load_table")
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            record = json.loads(str(file["record"]))
            arrays = {name: file[name] for name in _ARRAYS}
        if record.pop("format") != FORMAT:
            raise ValueError("it has another format")
    except _DAMAGED as error:
        raise ParameterError(f"{path}: no pulse table ({error}); `rramcirc characterise` writes one.") from None
    return PulseTable(**arrays, **record)


def _place(axis: FloatArray, value: FloatArray, name: str, unit: str, shown: FloatArray | None = None) -> Place:
    """Return the interval of each value on an axis and its share of the way through it; exact at the points."""
    slack = 1e-9 * max(1e-300, float(np.abs(axis).max()))
    if np.any(value < axis[0] - slack) or np.any(value > axis[-1] + slack):
        ends = axis if shown is None else shown
        worst = value[(value < axis[0] - slack) | (value > axis[-1] + slack)][0]
        worst = worst if shown is None else np.exp(worst)
        raise ParameterError(
            f"PulseTable: {name} {worst:g} {unit} is outside the table, {ends[0]:g} ... {ends[-1]:g} {unit}."
        )
    if axis.size == 1:
        return np.zeros(value.size, np.intp), np.zeros(value.size)
    low = np.clip(np.searchsorted(axis, value, side="right") - 1, 0, axis.size - 2)
    share = (value - axis[low]) / (axis[low + 1] - axis[low])
    share = np.where(share < 1e-9, 0.0, np.where(share > 1.0 - 1e-9, 1.0, share))  # exact at the points
    return low, share


def _finite(name: str, values: ArrayLike) -> FloatArray:
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        array = np.array(None)
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise ParameterError(f"PulseTable: {name}: {shown(values)} is no finite number or array of finite numbers.")
    if name == "width" and np.any(array < 0):
        raise ParameterError("PulseTable: width: holds negative values.")
    return array.astype(np.float64)
