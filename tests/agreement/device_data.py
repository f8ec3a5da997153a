"""Made-up measurements of every model with known parameters: what a device engineer would measure to fit it.

A set of data is two SET and RESET sweeps at different ramp rates, a train of potentiating and depressing pulses, and
single pulses from all states. Every current and resistance carries 2 % noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import rramcirc as rc
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.studies.fit.data import Measurement
from rramcirc.studies.fit.model import make_protocol, path_ends, predict
from rramcirc.studies.fit.path import within_bounds
from rramcirc.studies.fit.settings import Settings

NOISE = 0.02
_TOLERANCE = 1e-7  # of the integration that makes the data


@dataclass(frozen=True)
class Sweep:
    """A loop 0, `set_voltage`, 0, -`reset_voltage`, 0 [V] at `ramp_rate` [V/s] from a state near HRS."""

    set_voltage: float
    reset_voltage: float
    ramp_rate: float


@dataclass(frozen=True)
class Train:
    """Equal pulses up, then down: amplitudes [V] and widths [s], starting near HRS."""

    set_pulse: tuple[float, float]
    reset_pulse: tuple[float, float]


@dataclass(frozen=True)
class Case:
    """A card, what is measured on it, and how the true device differs from the card.

    Attributes
    ----------
    set_volts, reset_volts, set_widths, reset_widths
        Ranges of the single pulses [V, V, s, s].
    factors
        What must be determined: true value over that of the card.
    read_voltage
        [V]; the threshold of one card is below the usual 0.1 V.
    points
        Readings on each of the four branches of a sweep.
    n_pulses
        Single pulses.
    """

    card: str
    sweeps: tuple[Sweep, ...]
    train: Train
    set_volts: tuple[float, float]
    reset_volts: tuple[float, float]
    set_widths: tuple[float, float]
    reset_widths: tuple[float, float]
    factors: dict[str, float]
    read_voltage: float = 0.1
    points: int = 40
    n_pulses: int = 60

    @property
    def settings(self) -> Settings:
        """What the files do not say."""
        return Settings(read_voltage=self.read_voltage)

    @property
    def truth(self) -> ModelCard:
        """The true device."""
        card = within_bounds(rc.load_card(self.card))
        return card.with_values({name: card.value(name) * factor for name, factor in self.factors.items()})


def measured(case: Case, seed: int | Sequence[int], noise: float = NOISE) -> list[Measurement]:
    """Return the whole set of data of a case."""
    rng = np.random.default_rng(seed)
    found = [sweep(case, s, rng, noise) for s in case.sweeps]
    return [*found, train(case, rng, noise), pulses(case, case.n_pulses, rng, noise)]


def pulses(case: Case, count: int, seed: int | np.random.Generator, noise: float = NOISE) -> Measurement:
    """Return single pulses from random states, with noise on the resistances before and after."""
    card, settings, rng = case.truth, case.settings, np.random.default_rng(seed)
    rising = rng.random(count) < 0.5
    amplitude = np.where(rising, rng.uniform(*case.set_volts, count), -rng.uniform(*case.reset_volts, count))
    widths = (10 ** rng.uniform(*np.log10(both), count) for both in (case.set_widths, case.reset_widths))
    width = np.where(rising, *widths)
    most, least = path_ends(card, settings.temperature)
    before = np.exp(rng.uniform(np.log(1.05 / most), np.log(0.95 / max(least, 2e-3 * most)), count))
    columns = {"amplitude": amplitude, "width": width, "before": before, "after": before}
    exact = Measurement(Path("pulses.csv"), "0" * 64, "pulses", columns, np.arange(count) + 2)
    protocol = make_protocol(exact, settings)
    after = settings.read_voltage / predict(card, protocol, protocol.start, settings, _TOLERANCE).current
    noisy = {n: r * np.exp(noise * rng.normal(size=count)) for n, r in (("before", before), ("after", after))}
    return Measurement(exact.path, exact.sha256, "pulses", columns | noisy, exact.lines)


def cell_pulses(case: Case, selector: ModelCard, count: int, seed: int, noise: float = NOISE) -> Measurement:
    """Return single pulses on a cell with a transistor: the gate limits the current of a SET, a RESET has 3 V."""
    rng, settings = np.random.default_rng(seed), Settings(selector=selector)
    rising = rng.random(count) < 0.5
    amplitude = np.where(rising, rng.uniform(0.9, 1.8, count), -rng.uniform(0.6, 1.3, count))
    gate = np.where(rising, rng.uniform(0.9, 1.6, count), 3.0)
    width = 10 ** rng.uniform(-8, -3, count)
    most, least = path_ends(case.truth, settings.temperature)
    before = 5e3 + np.exp(rng.uniform(np.log(1.05 / most), np.log(0.95 / least), count))
    columns = {"amplitude": amplitude, "width": width, "gate": gate, "before": before, "after": before}
    exact = Measurement(Path("cells.csv"), "0" * 64, "pulses", columns, np.arange(count) + 2)
    protocol = make_protocol(exact, settings)
    after = settings.read_voltage / predict(case.truth, protocol, protocol.start, settings, _TOLERANCE).current
    noisy = {n: r * np.exp(noise * rng.normal(size=count)) for n, r in (("before", before), ("after", after))}
    return Measurement(exact.path, exact.sha256, "pulses", columns | noisy, exact.lines)


def sweep(case: Case, loop: Sweep, seed: int | np.random.Generator, noise: float = NOISE) -> Measurement:
    """Return a SET and RESET loop."""
    card, settings, points = case.truth, case.settings, case.points
    corners = np.array([0.0, loop.set_voltage, 0.0, -loop.reset_voltage, 0.0])
    voltage = np.interp(np.linspace(0, 4, 4 * points + 1), np.arange(5), corners)
    columns = {"voltage": voltage, "current": np.ones_like(voltage), "ramp": np.full_like(voltage, loop.ramp_rate)}
    name = Path(f"sweep_{loop.ramp_rate:g}.csv")
    exact = Measurement(name, "0" * 64, "sweep", columns, np.arange(len(voltage)) + 2)
    protocol = make_protocol(exact, settings)
    current = np.full_like(voltage, 1e-15)
    found = predict(card, protocol, _near_hrs(card, settings.temperature), settings, _TOLERANCE).current
    current[protocol.row] = found * np.exp(noise * np.random.default_rng(seed).normal(size=len(found)))
    return Measurement(exact.path, exact.sha256, "sweep", columns | {"current": current}, exact.lines)


def train(case: Case, seed: int | np.random.Generator, noise: float = NOISE, count: int = 40) -> Measurement:
    """Return potentiation and depression."""
    card, settings = case.truth, case.settings
    (up, up_width), (down, down_width) = case.train.set_pulse, case.train.reset_pulse
    columns = {
        "pulse": np.arange(2 * count + 1.0),
        "amplitude": np.repeat([up, down], [count + 1, count]),
        "width": np.repeat([up_width, down_width], [count + 1, count]),
        "conductance": np.full(2 * count + 1, _near_hrs(card, settings.temperature)[0]),
    }
    exact = Measurement(Path("train.csv"), "0" * 64, "train", columns, np.arange(2 * count + 1) + 2)
    protocol = make_protocol(exact, settings)
    read = predict(card, protocol, protocol.start, settings, _TOLERANCE).current / settings.read_voltage
    noisy = read * np.exp(noise * np.random.default_rng(seed).normal(size=len(read)))
    return Measurement(exact.path, exact.sha256, "train", columns | {"conductance": noisy}, exact.lines)


def _near_hrs(card: ModelCard, temperature: float) -> np.ndarray:
    """Return 1.3 times the smallest conductance, but not less than a thousandth of the largest [S]."""
    most, least = path_ends(card, temperature)
    return np.array([max(1.3 * least, 1e-3 * most)])


CASES = (
    Case(
        "hfo2_filament", (Sweep(1.3, 1.2, 1.0), Sweep(1.8, 1.6, 1e4)), Train((1.4, 1e-6), (-1.2, 1e-6)),
        (0.6, 1.3), (0.6, 1.3), (1e-8, 1e-3), (1e-8, 1e-3),
        {
            "rho": 0.86, "gap_resistance": 1.15, "gap_decay_length": 1.05, "gap_voltage": 1.1, "ea": 1.03,
            "ea_lowering": 1.08, "thermal_resistance": 0.9,
        },
        points=200,
    ),
    Case(
        "hfox_gap_jiang2016", (Sweep(1.5, 2.5, 500.0), Sweep(1.9, 3.0, 1e6)), Train((1.3, 1e-6), (-1.7, 1e-6)),
        (0.5, 1.5), (0.8, 2.2), (1e-8, 1e-3), (1e-8, 1e-3),
        {
            "current_prefactor": 1.1, "gap_decay_length": 0.97, "current_voltage": 0.92, "gamma0": 1.04,
            "gamma0_reset": 0.97, "ea": 1.01,
        },
    ),
    Case(
        "stanford_gap_v1", (Sweep(2.0, 2.0, 500.0), Sweep(2.5, 2.5, 1e6)), Train((1.7, 1e-6), (-1.5, 1e-6)),
        (0.8, 2.0), (0.8, 2.0), (1e-9, 1e-3), (1e-9, 1e-3),
        {
            "current_prefactor": 1.1, "gap_decay_length": 0.97, "current_voltage": 0.92, "gamma0": 1.04,
            "gamma0_reset": 0.97, "ea": 1.01,
        },
    ),
    Case(
        "vteam_kvatinsky2015", (Sweep(1.0, 1.5, 2.0), Sweep(1.2, 2.5, 100.0)), Train((0.6, 5e-9), (-0.8, 5e-3)),
        (0.54, 0.8), (0.52, 1.5), (1e-10, 1e-7), (1e-3, 1e-1),
        {
            "r_on": 1.1, "r_off": 0.9, "v_on": 1.03, "v_off": 0.97, "k_on": 1.3, "k_off": 0.8,
        },
        n_pulses=150,
    ),
    Case(
        "vteam_technion", (Sweep(1.0, 1.0, 1e6), Sweep(1.0, 1.0, 1e8)), Train((0.3, 1e-9), (-0.2, 1e-7)),
        (0.22, 0.5), (0.025, 0.2), (1e-11, 1e-8), (1e-8, 1e-4),
        {
            "r_on": 1.1, "r_off": 0.9, "v_on": 1.05, "v_off": 0.95, "k_on": 1.3, "k_off": 0.8,
        },
        read_voltage=0.015, points=100, n_pulses=150,
    ),
    Case(
        "yakopcic_oblea", (Sweep(0.5, 0.5, 50.0), Sweep(0.6, 0.6, 1e3)), Train((0.25, 1e-4), (-0.25, 1e-4)),
        (0.2, 1.0), (0.2, 1.0), (1e-6, 1e-3), (1e-6, 1e-3),
        {
            "a1": 1.1, "a2": 0.95, "a_p": 1.2, "a_n": 0.9, "v_p": 1.05, "v_n": 0.96, "alpha_p": 1.1,
            "alpha_n": 0.95,
        },
    ),
    Case(
        "hp_tio2_drift", (Sweep(2.0, 2.0, 1.0), Sweep(3.0, 3.0, 10.0)), Train((1.5, 2e-2), (-1.5, 2e-2)),
        (0.3, 1.5), (0.3, 1.5), (1e-3, 1e-1), (1e-3, 1e-1), {"r_on": 1.1, "r_off": 0.9, "mobility": 0.8},
    ),
    Case(
        "tiox_fouda2020", (Sweep(3.0, 3.0, 1e5), Sweep(3.0, 3.0, 1e6)), Train((3.0, 1e-6), (-3.0, 1e-6)),
        (2.5, 3.5), (2.5, 3.5), (1e-7, 1e-4), (1e-7, 1e-5),
        {"g_max": 1.1, "g_min": 0.9, "alpha_p": 1.2, "alpha_d": 0.8, "threshold": 1.05},
    ),
    Case(
        "hfo2_jart_v1b", (Sweep(1.5, 1.6, 1.0), Sweep(1.5, 1.8, 1e4)), Train((0.8, 1e-7), (-1.3, 1e-7)),
        (0.5, 1.3), (0.5, 1.5), (1e-9, 1e-5), (1e-9, 1e-5),
        {
            "series_resistance": 1.1, "barrier": 1.05, "n_disc_max": 0.93, "n_disc_min": 1.15, "ea": 1.01,
            "thermal_resistance": 0.95,
        },
        points=200,
    ),
)  # fmt: skip
