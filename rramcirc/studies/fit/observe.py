"""What can be read off measured data without a model: whether anything switches, and in which direction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.studies.fit.data import Measurement
from rramcirc.studies.fit.model import Protocol
from rramcirc.studies.fit.problem import typical
from rramcirc.studies.fit.verdict import null_residuals, rms

_CHANCE = 1e-3  # probability of noise that looks like switching
_OUTLIERS, _LARGE = 3, 6.0  # so many changes of so many standard deviations are none of the noise
_BINS, _LEAST_GROUP = 10, 4  # of amplitudes, among which the changes are compared; pulses in each at least
_NO_NOISE = 0.3  # changes of ln(resistance) that no reading is off by
_MEMORY = 3.0  # the best curve without memory misses a sweep by so many times its noise
_LEAST = 0.01  # smallest hysteresis that counts [1, logarithm]
_CLEAR = 0.8  # share of the changes that must have one direction
_NEAR_ZERO = 0.1  # of the largest voltage, at which half loops of a sweep begin and end
_BIG = 0.1  # changes of ln(conductance) that tell a direction


def switching(protocol: Protocol) -> bool:
    """Return whether the resistance changes by more than the noise."""
    return {"sweep": _sweep, "pulses": _pulses, "train": _train}[protocol.data.kind](protocol)


def no_switching(protocol: Protocol) -> str:
    """Return in words that data contain no switching."""
    null = 100 * rms(null_residuals(protocol))
    said = {
        "sweep": f"one curve without a memory has rms {null:.2g} %",
        "pulses": f"R after = R before has rms {null:.2g} %, whatever the amplitude",
        "train": f"a constant conductance has rms {null:.2g} %",
    }[protocol.data.kind]
    return f"{protocol.data.path}: the data contain no switching ({said})"


def _pulses(protocol: Protocol) -> bool:
    """Compare the changes of resistance among amplitudes: noise does not know the voltage."""
    from scipy.stats import f_oneway

    changes = null_residuals(protocol)
    if rms(changes) > _NO_NOISE:
        return True
    noise = typical(changes - np.median(changes))
    if np.sum(np.abs(changes - np.median(changes)) > _LARGE * noise) >= min(_OUTLIERS, len(changes)):
        return True
    if len(changes) < 2 * _LEAST_GROUP or rms(changes) < 1e-12:
        return rms(changes) > _LEAST
    order = np.argsort(protocol.data.columns["amplitude"][protocol.row], kind="stable")
    groups = np.array_split(changes[order], max(min(_BINS, len(changes) // _LEAST_GROUP), 2))
    return bool(f_oneway(*groups).pvalue < _CHANCE)


def _train(protocol: Protocol) -> bool:
    """Compare neighbours with the whole: a conductance that drifts is not white."""
    for k in range(len(protocol.start)):
        values = np.log(protocol.current[protocol.device == k])
        if len(values) < 4 or np.ptp(values) < 1e-9:
            continue
        ratio = np.sum(np.diff(values) ** 2) / np.sum((values - values.mean()) ** 2)  # 2 for white noise
        if (2.0 - ratio) / 2.0 > 3.3 / np.sqrt(len(values)) or np.ptp(values) > _LARGE * typical(np.diff(values)):
            return True
    return False


def _sweep(protocol: Protocol) -> bool:
    return rms(null_residuals(protocol)) > max(_MEMORY * noise_of_sweep(protocol), _LEAST)


def noise_of_sweep(protocol: Protocol) -> float:
    """Return the scatter of ln(current) from reading to reading, free of the curve itself [1]."""
    values = np.log(protocol.current / np.abs(protocol.voltages[protocol.device, protocol.corner]))
    near = (np.diff(protocol.device) == 0) & (np.diff(protocol.corner) == 1)
    second = (values[2:] - 2 * values[1:-1] + values[:-2])[near[1:] & near[:-1]]
    return typical(second) / np.sqrt(6.0) if len(second) else 0.0


def direction(data: Measurement) -> float:
    """Return +1 if the conductance grows at positive voltage and falls at negative, -1 if the reverse, 0 if unclear.

    A direction is clear if four fifths of the large changes of ln(conductance) say so.
    """
    voltage, change = _changes(data)
    large = np.abs(change) > _BIG
    total = float(np.sum(np.abs(change[large])))
    if not total:
        return 0.0
    share = float(np.sum(np.sign(voltage[large]) * change[large])) / total
    return float(np.sign(share)) if abs(share) > 2 * _CLEAR - 1 else 0.0


def _changes(data: Measurement) -> tuple[FloatArray, FloatArray]:
    """Return voltages [V] and the changes of ln(conductance) that they made; of a sweep, of its half loops."""
    columns = data.columns
    if data.kind == "pulses":
        return columns["amplitude"], np.log(columns["before"] / columns["after"])
    if data.kind == "train":
        if "amplitude" not in columns:
            return np.empty(0), np.empty(0)
        change = np.diff(np.log(columns["conductance"]))
        same = np.diff(columns.get("cycle", np.zeros(len(data)))) == 0
        return columns["amplitude"][1:][same], change[same]
    voltage, current = columns["voltage"], np.abs(columns["current"])
    good = (np.abs(voltage) > _NEAR_ZERO * np.abs(voltage).max()) & (current > 1e-6 * current.max())
    rows = np.flatnonzero(good)
    key = columns.get("cycle", np.zeros(len(data)))[rows] * 2 + (voltage[rows] > 0)
    loops = [r for r in np.split(rows, 1 + np.flatnonzero(np.diff(key))) if len(r) > 2]
    ends = [np.log(current[r[-1]] / abs(voltage[r[-1]]) * abs(voltage[r[0]]) / current[r[0]]) for r in loops]
    return np.array([voltage[r[0]] for r in loops]), np.array(ends)


def exchanged(data: Measurement) -> Measurement:
    """Return the data with the electrodes exchanged: all voltages and currents between them change their sign."""
    turned = {n: -v if n in ("voltage", "amplitude", "current") else v for n, v in data.columns.items()}
    said = (
        "the conductance grows at negative voltage: the electrodes are taken as exchanged, voltages and currents "
        "change their sign"
    )
    return replace(data, columns=turned, remarks=(*data.remarks, said))


def refuse_few(count: int, unknown: int, names: str) -> None:
    """Raise if there are not more readings than unknowns.

    Raises
    ------
    ParameterError
        With both counts.
    """
    if count <= unknown:
        raise ParameterError(
            f"{count} usable reading{'s' if count != 1 else ''} for {unknown} unknowns ({names}): too few to fit and "
            "to judge. Measure more, or fit fewer with --free."
        )


__all__ = ["direction", "exchanged", "no_switching", "noise_of_sweep", "refuse_few", "switching"]
