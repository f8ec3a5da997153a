"""The deviate of a cycle, V(nz), moves what the card declares, by as much as declared and in the documented direction.

A device with the deviate z is the same device as one without, whose parameter is shifted by z of its standard
deviations; both are swept in ngspice. The sign can then not be lost in a sorted list of voltages.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.devices.cards.card import card_names

Z = 2.0
BOUNDED = Z / np.sqrt(1 + 0.01 * Z * Z)  # rram_jart and rram_tiox bound the deviate to 10

# what one sigma moves: (names, their values for a deviate, whether +z lowers the conductance while the voltage rises:
# a higher barrier or threshold makes a SET later; a higher mobility makes it earlier; more vacancies left conduct more)
Shift = tuple[tuple[str, ...], Callable[[float, float], float], bool]
SHIFTS: dict[str, Shift] = {
    "ea_sigma_c2c": (("ea",), lambda value, amount: value + amount, True),
    "gap_max_sigma_c2c": (
        ("gap_max",),
        lambda value, amount: value * np.exp(-amount / np.sqrt(1 + (Z / 5) ** 2)),
        False,
    ),
    "threshold_sigma_c2c": (("threshold_factor",), lambda value, amount: value * np.exp(amount), True),
    "mobility_sigma_c2c": (("mobility_factor",), lambda value, amount: value * np.exp(amount), False),
    "alpha_sigma_c2c": (("alpha_p", "alpha_d"), lambda value, amount: value * np.exp(amount), False),
    "n_min_sigma_c2c": (("n_disc_min",), lambda value, amount: value * np.exp(amount), False),
}
# card: peaks of the sweep [V], its rate [V/s], a state in or near HRS
SWEEPS: dict[str, tuple[float, float, float, dict[str, float]]] = {
    "hfo2_filament": (1.3, 1.2, 1.0, {"diameter": 1.0, "gap": 1.2}),
    "stanford_gap_v1": (2.0, 2.0, 500.0, {"gap": 1.7}),
    "hfox_gap_jiang2016": (1.5, 2.5, 500.0, {"gap": 1.21}),
    "vteam_technion": (1.0, 1.0, 1e6, {"w": 3.0}),
    "vteam_kvatinsky2015": (1.0, 1.5, 2.0, {"w": 10.0}),
    "yakopcic_oblea": (0.5, 0.5, 50.0, {"x": 0.0}),
    "hp_tio2_drift": (2.0, 2.0, 1.0, {"x": 0.01}),
    "hfo2_jart_v1b": (1.5, 1.6, 1.0, {"log_n_disc": -2.0}),
    "tiox_fouda2020": (3.0, 3.0, 1e6, {"g": 120.0}),
}
DEVIATES = [
    (name, sigma) for name in SWEEPS for sigma in rc.load_card(name).parameters if sigma.endswith("_sigma_c2c")
]  # fmt: skip


def loop(card: rc.ModelCard, start: dict[str, float], deviate: float) -> tuple[np.ndarray, np.ndarray]:
    """Return voltage and conductance on 2,000 points of a SET and RESET sweep."""
    up, down, rate, _ = SWEEPS[card.name]
    stop = 2 * (up + down) / rate
    stimuli = {"bl": rc.triangle(up, -down, ramp_rate=rate), "nz": rc.Constant(deviate)}
    bench = rc.Testbench(
        rc.Cell(card, initial_state=start), rc.Transient(stop, stop / 400), stimuli, options={"reltol": 1e-6}
    )
    waves = rc.simulate(bench)
    time = np.linspace(0.0, stop, 2000)
    return np.interp(time, waves.time, waves["v(bl)"]), np.interp(time, waves.time, waves["conductance"])


def test_every_sigma_of_a_cycle_is_among_them() -> None:
    cards = [rc.load_card(name) for name in card_names()]
    found = {s for card in cards for s in card.parameters if s.endswith("_sigma_c2c")}
    assert found == set(SHIFTS), "a new sigma needs a line in SHIFTS: what it moves, and which way"


@pytest.mark.parametrize(("name", "sigma"), DEVIATES)
def test_a_deviate_is_a_shift_of_its_parameter_by_that_many_sigmas(name: str, sigma: str) -> None:
    others = {s: 0.0 for n, s in DEVIATES if n == name and s != sigma}
    card, (*_, start) = rc.load_card(name).with_values(others), SWEEPS[name]
    names, moved, lowers = SHIFTS[sigma]
    z = BOUNDED if card.module in ("rram_jart", "rram_tiox") else Z
    shifted = card.with_values({n: moved(card.value(n), card.value(sigma) * z) for n in names})
    voltage, drawn = loop(card, start, Z)
    _, expected = loop(shifted, start, 0.0)
    _, nominal = loop(card, start, 0.0)
    away = np.abs(np.log(drawn / expected))
    effect = np.abs(np.log(nominal / expected))
    # as an area, since an abrupt edge may lie a time step aside: 1.8 % of the effect in stanford_gap_v1
    assert away.mean() < 0.05 * effect.mean()
    # where the parameter counts: on the way to the SET, or for the end of the RESET in the branch behind it
    rising = slice(0, int(np.argmax(voltage))) if sigma != "gap_max_sigma_c2c" else slice(int(np.argmin(voltage)), None)
    change = np.log(drawn[rising]).mean() - np.log(nominal[rising]).mean()
    assert (change < 0) == lowers
