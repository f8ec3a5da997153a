"""The circuit of a measurement: the select transistor, the compliance of the source meter, leads, and the lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.devices.cards.card import card_of_defaults
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.veriloga.library import find_module
from rramcirc.studies.fit.data import Measurement
from rramcirc.studies.fit.settings import Settings

LIMITER = Path(__file__).with_name("limiter.va")
LINES = ("auto", "sl", "bl")
_FLAT = 3e-3  # a plateau of the current is flat to this
_PART, _FEWEST = 0.1, 5  # of the largest voltage that a plateau spans, in as many readings
_WHOLE = 0.9  # of the readings at this sign: a current that never changes is no limit
_TREND, _NUMBERS = 2.0, 1e-5  # a plateau changes no more than so many times its noise, or its last digit
_FEWEST_NOISY, _DEEP, _NO_SLOPE = 15, 6.0, 0.15  # readings on it; its depth in the noise; of ln(current) by ln(voltage)
_MOST_NOISE, _AS_NOISY = 0.025, 1.15  # of readings that can tell a plateau; their scatter about it over the noise
_BEND, _LEADS = 1e-3, 0.1  # voltage of the bend of a limiter [V], which the integration follows; least leads [ohm]
_AT_LIMIT = 0.98  # of the compliance: what is above it is read off the limiter


def check_gate(data: Measurement, settings: Settings) -> None:
    """Raise if a gate voltage or its transistor is missing.

    Raises
    ------
    ParameterError
        Says which, and the option that gives it.
    """
    gated = "gate" in data.columns
    if gated and settings.selector is None:
        raise ParameterError(f"{data.path} has a gate voltage: name the card of the transistor with --selector.")
    if settings.selector is not None and not gated and settings.gate is None:
        raise ParameterError(
            f"{data.path}: a cell with the transistor {settings.selector.name}, but no gate voltage: give a column "
            "'Vg [V]', or --gate 1.2V for all readings."
        )
    if settings.selector is not None and (settings.compliance is not None or settings.series_resistance):
        raise ParameterError(
            "--compliance and --series-resistance hold for cells without a transistor; with --selector the transistor "
            "limits the current."
        )
    if settings.negative_line not in LINES:
        raise ParameterError(f"--negative-on {settings.negative_line}: allowed are {', '.join(LINES)}.")


def gates_of(data: Measurement, settings: Settings) -> FloatArray | None:
    """Return the gate voltage of every row [V]; None without a transistor."""
    if settings.selector is None:
        return None
    return data.columns["gate"] if "gate" in data.columns else np.full(len(data), settings.gate)


def read_voltages(data: Measurement, settings: Settings) -> FloatArray:
    """Return the voltage at which the resistance of every row was read [V]."""
    return data.columns.get("read", np.full(len(data), settings.read_voltage))


def source_line(settings: Settings) -> float | None:
    """Return the level of the source line; None: it is raised where the cell voltage is negative."""
    return 0.0 if settings.selector is None or settings.negative_line == "bl" else None


def limited(data: Measurement, settings: Settings) -> tuple[Measurement, ModelCard | None, BoolArray]:
    """Return the data with a remark, what is in series with the device, and which readings are at the compliance."""
    none = np.zeros(len(data), bool)
    if settings.selector is not None:
        return data, settings.selector, none
    if data.kind != "sweep" or settings.voltage_measured:
        return data, None, none
    current = data.columns["current"]
    levels, said = _levels(data, settings)
    at_limit = none.copy()
    for sign, level in levels.items():
        at_limit |= sign * current > _AT_LIMIT * level
    if not levels and not settings.series_resistance:
        return data, None, none
    bend = _BEND / min(levels.values()) if levels else _LEADS
    values = {"resistance": max(settings.series_resistance, bend)}
    values |= {"positive_limit" if sign > 0 else "negative_limit": level for sign, level in levels.items()}
    card = card_of_defaults(find_module(str(LIMITER))).with_values(values)
    if at_limit.any():
        rows = data.lines[np.flatnonzero(at_limit)]
        said += f"; {int(at_limit.sum())} readings there (lines {rows.min()} to {rows.max()}) are the limiter's"
        data = replace(data, remarks=(*data.remarks, said))
    return data, card, at_limit


def _levels(data: Measurement, settings: Settings) -> tuple[dict[int, float], str]:
    """Return the compliance of each sign of the current [A], and how it is known."""
    if settings.compliance is not None:
        return {1: settings.compliance, -1: settings.compliance}, f"compliance {settings.compliance:.4g} A as given"
    if "compliance" in data.columns:
        given = np.unique(np.abs(data.columns["compliance"]))
        if len(given) > 1:
            raise ParameterError(
                f"{data.path}: the column compliance has {len(given)} values: split the file, one compliance in each."
            )
        return {1: float(given[0]), -1: float(given[0])}, f"compliance {given[0]:.4g} A as in the file"
    found = {sign: level for sign in (1, -1) if (level := _plateau(data, sign))}
    levels = " and ".join(f"{sign * level:+.4g} A" for sign, level in found.items())
    said = f"the current stands at {levels} while the voltage changes: taken as the compliance of the source meter"
    return found, said + " (--compliance sets it, --voltage-measured says that there is none)"


def _plateau(data: Measurement, sign: int) -> float | None:
    """Return the level [A] of a plateau of the current at its largest values, if it is flat within the noise."""
    current, voltage = sign * data.columns["current"], data.columns["voltage"]
    top = float(current.max())
    if top <= 0.0:
        return None
    high = np.flatnonzero((current > (1.0 - _FLAT) * top) & (sign * voltage > 0.0))
    for run in np.split(high, 1 + np.flatnonzero(np.diff(high) > 1)):
        values = current[run]
        some = _FEWEST <= len(run) < _WHOLE * np.sum(sign * voltage > 0.0)
        if not some or np.ptp(voltage[run]) < _PART * np.abs(voltage).max():
            continue
        noise = float(np.median(np.abs(np.diff(values, 2)))) / np.sqrt(6.0) * 1.48
        trend = float(np.ptp(np.polyval(np.polyfit(np.arange(len(run)), values, 2), np.arange(len(run)))))
        if trend < max(_TREND * noise, _NUMBERS * top):
            return float(np.median(values))
    return _noisy_plateau(current, sign * voltage, top)


def _noisy_plateau(current: FloatArray, voltage: FloatArray, top: float) -> float | None:
    """Return the level [A] of a plateau that is flat but for noise: ln(current) has no slope against ln(voltage).

    A device without compliance has a slope of about one there, or more, or switches at one current (RESET of a drift
    model does) on the way out, and not on the way back: that one must be flat, or at least begin on the plateau.
    """
    upper = np.flatnonzero((current > 0.5 * top) & (voltage > 0.0))
    if len(upper) < _FEWEST_NOISY:
        return None
    logs = np.log(current[upper])
    noise = 1.4826 * float(np.median(np.abs(np.diff(logs, 2)))) / np.sqrt(6.0)
    if noise > _MOST_NOISE:
        return None
    level = float(np.median(logs[logs >= np.log(top) - _DEEP * noise]))
    high = upper[np.abs(logs - level) < 0.5 * _DEEP * noise]
    if len(high) >= _WHOLE * np.sum(voltage > 0.0):
        return None
    if not len(high):
        return None
    rising = np.gradient(voltage) > 0.0
    inside = np.isin(np.arange(len(voltage)), high)
    out, back = (np.flatnonzero(way & (voltage > 0.0)) for way in (rising, ~rising))
    flat_out, flat_back = (
        _flat(voltage[w[inside[w]]], current[w[inside[w]]], noise, voltage.max()) for w in (out, back)
    )
    top_of_back = back[np.argsort(-voltage[back], kind="stable")[:_FEWEST]]
    stays = len(back) < _FEWEST_NOISY or np.sum(inside[top_of_back]) >= _FEWEST - 1
    return float(np.exp(level)) if flat_back or (flat_out and stays) else None


def _flat(voltage: FloatArray, current: FloatArray, noise: float, largest: float) -> bool:
    """Return whether readings of one direction lie on a plateau."""
    if len(voltage) < _FEWEST_NOISY or np.ptp(voltage) < _PART * largest:
        return False
    across, logs = np.log(voltage), np.log(current)
    spread = float(np.std(across))
    slope = float(np.cov(across, logs, bias=True)[0, 1]) / spread**2
    error = noise / (spread * np.sqrt(len(logs)))
    within = float(np.std(logs)) < _AS_NOISY * noise
    return within and abs(slope) + 3.0 * error < _NO_SLOPE


__all__ = ["LINES", "check_gate", "gates_of", "limited", "read_voltages", "source_line"]
