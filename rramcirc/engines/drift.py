"""Reads that last longer than the read advice of a card allows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray
from rramcirc.basics.units import format_number
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.cards.read_advice import duration

NO_VOLTAGE = 1e-3  # [V]; below it a device is stored, not read, and tells no resistance
_WRITE = 2.0  # times the largest advised voltage: beyond it a device is written, and its time begins anew


class ReadDose:
    """For every device the time at read voltages since its last write, over the time that the card allows there.

    Parameters
    ----------
    card
        A card with read advice.
    temperature
        Ambient temperature [K].
    resistance : (devices,) array
        Of the devices at the start [ohm].
    """

    def __init__(self, card: ModelCard, temperature: float, resistance: FloatArray) -> None:
        self.card, self.temperature = card, temperature
        rows = [row for row in card.read_advice if row.temperature >= temperature - 1e-6]
        self.levels = np.unique([row.voltage for row in rows])
        count = len(resistance)
        # (levels + 1, devices); behind the last level nothing counts
        self.allowed = np.full((len(self.levels) + 1, count), np.inf)
        for k, level in enumerate(self.levels):
            times = np.zeros(count)
            for row in rows:
                if row.voltage >= level:
                    times = np.maximum(times, np.where(resistance >= 0.99 * row.resistance, row.time, 0.0))
            self.allowed[k] = np.where(times > 0, times, np.inf)
        self.dose, self.most, self.at = np.zeros(count), np.zeros(count), np.zeros(count)

    def rate(self, volts: FloatArray) -> FloatArray:
        """Return how fast the dose of devices grows [1/s] at voltages across them, (..., devices) [V]."""
        level = np.searchsorted(self.levels, np.abs(volts) - NO_VOLTAGE)
        found: FloatArray = 1.0 / self.allowed[level, np.arange(volts.shape[-1])]
        return found

    def add(self, volts: FloatArray, weight: FloatArray) -> None:
        """Add (points, devices) voltages [V]; `weight` (points,) is the time [s] that each point stands for."""
        if not len(self.levels):
            return
        grown = self.rate(volts) * weight[:, None]
        written: BoolArray = np.abs(volts) > _WRITE * self.levels[-1] + NO_VOLTAGE
        for step, write, volt in zip(grown, written, volts, strict=True):
            self.dose = np.where(write, 0.0, self.dose + step)
            new = self.dose > self.most
            self.at = np.where(new & (step > 0), np.maximum(self.at, np.abs(volt)), self.at)
            self.most = np.maximum(self.most, self.dose)

    def text(self, places: Sequence[str]) -> str:
        """Say which device was read longest against the advice, and how many were; empty if none was."""
        bad = np.flatnonzero(self.most > 1.0 + 1e-6)
        if not bad.size:
            return ""
        k = int(bad[np.argmax(self.most[bad])])
        level = min(int(np.searchsorted(self.levels, self.at[k] - NO_VOLTAGE)), len(self.levels) - 1)
        more = f" (and {bad.size - 1} devices more)" if bad.size > 1 else ""
        what = f"read at up to {format_number(float(self.levels[level]), 'V')}" if self.levels[level] else "stored"
        return (
            f"{self.card.name}: {places[k]} is {what} {self.most[k]:.3g} times as long as the card's read advice allows"
            f"{more}: {duration(float(self.allowed[level, k]))} at {self.temperature:g} K; its state may have drifted"
        )
