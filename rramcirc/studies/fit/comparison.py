"""Measured and simulated distributions of a population: their distances, and how large chance makes these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.cards.variability import sample_devices
from rramcirc.studies.fit.runs import Runs

POPULATIONS = 20  # drawn from the card
_SURE = 1.5  # times the distance of chance, which chance exceeds once in about 2,000 cases
_FEWEST = 8  # runs that have a figure


@dataclass(frozen=True)
class Comparison:
    """One figure of a population, measured and drawn from the card.

    Attributes
    ----------
    name, unit
        The figure; of pulses it is told against what the nominal card makes of the same pulse.
    measured, simulated : (n,), (m,) arrays
        Values of all runs that have it; simulated ones of 20 populations.
    distance
        Kolmogorov-Smirnov distance of the two [1].
    chance
        Largest of the distances between each of the 20 populations and the other 19 [1]: what a population of this size
        has by chance in about 95 of 100 cases.
    """

    name: str
    unit: str
    measured: FloatArray = field(repr=False)
    simulated: FloatArray = field(repr=False)
    distance: float
    chance: float

    @property
    def alike(self) -> bool:
        """Whether the distance is not larger than that of chance."""
        return self.distance <= self.chance

    @property
    def different(self) -> bool:
        """Whether the distance is 1.5 times that of chance."""
        return self.distance > _SURE * self.chance


def compare(
    card: ModelCard, runs: Runs, rng: np.random.Generator, say: Callable[[str], None]
) -> tuple[Comparison, ...]:  # fmt: skip
    """Return for every figure the measured distribution beside that of populations drawn from the card."""
    from scipy.stats import ks_2samp

    count, volts = len(runs), np.array([unit == "V" for unit in runs.units])
    nominal = np.zeros_like(runs.values)
    if "ln R after" in runs.names:
        place = runs.names.index("ln R after")
        nominal[:, place] = runs.predict(card, {}, np.zeros(count))[:, place]
    drawn = []
    for k in range(POPULATIONS):
        own = sample_devices(card, runs.devices, rng)
        found = runs.predict(card, {n: v[runs.device] for n, v in own.items()}, rng.standard_normal(count))
        # a threshold has the resolution of the loop's voltages already
        found += np.where(volts, 0.0, np.sqrt(runs.noise)) * rng.standard_normal(found.shape)
        drawn.append(np.where(np.isfinite(runs.values), found, np.nan) - nominal)
        say(f"  population {k + 1} of {POPULATIONS}")
    simulated, result = np.stack(drawn), []
    for f, name in enumerate(runs.names):
        measured = (runs.values - nominal)[:, f]
        measured = measured[np.isfinite(measured)]
        each = [one[np.isfinite(one)] for one in simulated[:, :, f]]
        if len(measured) < _FEWEST or any(len(one) < _FEWEST for one in each):
            continue
        others = [np.concatenate([*each[:k], *each[k + 1 :]]) for k in range(POPULATIONS)]
        chance = max(ks_2samp(one, rest).statistic for one, rest in zip(each, others, strict=True))
        whole = np.concatenate(each)
        distance = float(ks_2samp(measured, whole).statistic)
        result.append(Comparison(name, runs.units[f], measured, whole, distance, float(chance)))
    return tuple(result)


__all__ = ["POPULATIONS", "Comparison", "compare"]
