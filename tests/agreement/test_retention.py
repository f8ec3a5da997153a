"""Retention of the filament card: what is stored or read stays, what switches switches as without it.

The reference of storage is the closed form of the narrowing; that of switching is the module with its defaults, which
has no retention.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.devices.compiled.reading import read_current

CARD = rc.load_card("hfo2_filament")
PLAIN = CARD.with_values({"ea_retention": 0.0, "relaxation": 0.0})
DAY, YEAR = 86400.0, 3.15576e7
STATES = ((0.8, 1.2), (1.8, 1.2), (2.0, 1.0), (2.4, 0.6), (2.7, 0.3), (3.0, 0.0), (4.0, 0.0), (5.0, 0.0), (6.0, 0.0))
FINE = {"reltol": "1e-6"}
BOLTZMANN_EV = 8.617333262e-5


def ohm(card, diameter, gap):
    return 0.1 / np.asarray(read_current(card, {"diameter": diameter, "gap": gap}, 0.1))


def held(card, volts, kelvin, seconds, states, engine="numpy"):
    """Return R at the end over R at the start of devices without selector that are held at a voltage [V]."""
    diameter, gap = np.array(states).T[:, None, :]
    count = diameter.size
    cell = rc.Cell(card)
    array = rc.Crossbar(cell, 1, count, initial_state={"diameter": diameter, "gap": gap})
    probes = tuple(f"{state}[0,{k}]" for state in ("diameter", "gap") for k in range(count))
    stimuli = {f"bl{k}": rc.Constant(volts) for k in range(count)}
    bench = rc.Testbench(array, rc.Transient(seconds), stimuli, temperature=kelvin, options=FINE, probes=probes)
    waves = rc.simulate(bench, engine)
    end = [np.array([waves[f"{state}[0,{k}]"][-1] for k in range(count)]) for state in ("diameter", "gap")]
    return ohm(card, *end) / ohm(card, diameter[0], gap[0])


@pytest.mark.parametrize("engine", ["ngspice", "numpy"])
@pytest.mark.parametrize("kelvin", [300.15, 358.15, 400.0])
def test_an_hrs_keeps_its_state_at_the_advised_voltage(kelvin, engine):
    assert held(CARD, 0.2, kelvin, 10.0, [(2.0, 1.0)], engine) == pytest.approx(1.0, abs=1e-3)


def test_an_hrs_keeps_its_state_for_27_days_at_half_of_it():
    assert held(CARD, 0.1, 300.15, 27 * DAY, [(2.0, 1.0)])[0] == pytest.approx(1.0, abs=1e-3)


def test_without_the_new_parameters_the_module_drifts_as_before():
    assert held(PLAIN, 0.2, 400.0, 10.0, [(2.0, 1.0)])[0] == pytest.approx(0.380, abs=0.002)
    assert held(PLAIN, 0.1, 300.15, 27 * DAY, [(2.0, 1.0)])[0] == pytest.approx(0.497, abs=0.002)
    assert held(PLAIN, 0.0, 400.0, 10 * YEAR, [(2.0, 1.0), (3.0, 0.0)]) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(("kelvin", "years"), [(400.0, 5.0), (420.0, 0.5)])
def test_storage_narrows_the_filament_by_the_closed_form(kelvin, years):
    rate = CARD.number("rate_prefactor") * np.exp(
        -(CARD.number("ea") + CARD.number("ea_retention")) / (BOLTZMANN_EV * kelvin)
    )
    lost = rate * years * YEAR  # [nm]; the window of D_min is 1 - 2e-4 here
    assert 0.01 < lost < 0.5
    found = held(CARD, 0.0, kelvin, years * YEAR, [(3.0, 0.0)])[0]
    assert found == pytest.approx((3.0 / (3.0 - lost)) ** 2, rel=1e-3, abs=0)


def test_ten_years_at_85_degrees_leave_every_state():
    ratio = held(CARD, 0.0, 358.15, 10 * YEAR, STATES)
    assert np.all(np.abs(ratio - 1) < 2e-3)
    assert np.any(ratio > 1 + 1e-5)  # but time does something


@pytest.mark.parametrize("row", CARD.read_advice, ids=str)
def test_every_line_of_the_read_advice_holds(row):
    states = [s for s in STATES if ohm(CARD, *s) >= 0.99 * row.resistance]
    assert len(states) >= 6
    for volts in {row.voltage, -row.voltage}:
        ratio = held(CARD, volts, row.temperature, row.time, states)
        assert np.all(np.abs(np.log(ratio)) < row.change)


PULSES = [("set", 2.0, 1.4), ("set", 2.0, 1.0), ("reset", 0.6, 3.0), ("reset", 0.8, 3.0), ("reset", 1.0, 3.0)]


@pytest.mark.parametrize(("kind", "volts", "gate"), PULSES)
@pytest.mark.parametrize("width", [1e-3, 1e-6])
def test_set_and_reset_are_those_without_retention(kind, volts, gate, width):
    start = {"diameter": 1.8, "gap": 1.2} if kind == "set" else {"diameter": 3.0, "gap": 0.0}
    pulse = rc.Pulse(volts, width, delay=0.05 * width, rise=0.01 * width, fall=0.01 * width)
    stimuli = {"bl" if kind == "set" else "sl": pulse, "wl": rc.Constant(gate)}
    found = []
    for card in (CARD, PLAIN):
        cell = rc.Cell(card, "nmos_select", initial_state=start)
        waves = rc.simulate(rc.Testbench(cell, rc.Transient(1.3 * width), stimuli, options={"reltol": "1e-7"}), "numpy")
        found.append(ohm(card, waves["diameter"][-1], waves["gap"][-1]))
    assert found[0] == pytest.approx(found[1], rel=1e-3, abs=0)


# remarks --------------------------------------------------------------------------------------------------------------


def remarks(volts, seconds, kelvin, engine, state=(2.0, 1.0), stimulus=None):
    cell = rc.Cell(CARD, initial_state={"diameter": state[0], "gap": state[1]})
    stimuli = {"bl": stimulus or rc.Constant(volts)}
    bench = rc.Testbench(cell, rc.Transient(seconds), stimuli, temperature=kelvin)
    return [r for r in rc.simulate(bench, engine).provenance["remarks"] if "read advice" in r]


@pytest.mark.parametrize("engine", ["ngspice", "numpy"])
def test_a_read_beyond_the_advice_is_told(engine):
    assert remarks(0.2, 10.0, 400.0, engine) == []
    (told,) = remarks(-0.2, 1300.0, 400.0, engine)
    assert "hfo2_filament: xcell.nrram is read at up to 200 mV 2 times as long as the card's read advice allows" in told
    assert "650 s at 400 K" in told
    (told,) = remarks(0.2, 0.1, 400.0, engine, state=(5.5, 0.0))  # an LRS of 3 kohm
    assert "4 times as long" in told
    assert remarks(0.1, 0.1, 400.0, engine, state=(5.5, 0.0)) == []
    (told,) = remarks(0.0, 1.4e8, 400.0, "numpy")
    assert "is stored 2 times as long" in told


@pytest.mark.parametrize("engine", ["ngspice", "numpy"])
def test_a_write_begins_the_time_anew(engine):
    read, write = 400.0, 1.0
    corners = [0.0, read, read + 1e-3, read + 1e-3 + write, read + 2e-3 + write, 2 * read + write]
    once = rc.PiecewiseLinear(corners, [0.2, 0.2, 0.45, 0.45, 0.2, 0.2])
    assert remarks(0.0, corners[-1], 400.0, engine, stimulus=once) == []
    assert len(remarks(0.2, 2 * read, 400.0, engine)) == 1


def test_a_card_with_a_wrong_line_of_advice_names_the_mistake(tmp_path):
    text = CARD.path.read_text()
    for old, new, said in (
        ("voltage = 0.2, temperature = 400", "voltage = -0.2, temperature = 400", "voltage = -0.2 is not a number"),
        ("change = 0.05, ", "", "every row needs voltage, temperature"),
        ('status = "published", source = "class', 'status = "sure", source = "class', "it needs a source and a status"),
    ):
        assert old in text
        (tmp_path / "wrong.toml").write_text(text.replace(old, new, 1))
        with pytest.raises(rc.RramcircError, match=said):
            rc.load_card(tmp_path / "wrong.toml")


def test_other_cards_say_how_long_they_may_be_read():
    for name in ("hfo2_jart_v1b", "hfox_gap_jiang2016", "stanford_gap_v1", "vteam_kvatinsky2015", "yakopcic_oblea"):
        card = rc.load_card(name)
        (state,) = card.states
        low, high = card.state_bounds()[state]
        values = low + (high - low) * np.array([0.05, 0.3, 0.5, 0.7, 0.95])
        for row in card.read_advice:
            for volts in (row.voltage, -row.voltage):
                array = rc.Crossbar(rc.Cell(card), 1, 5, initial_state={state: values[None]})
                probes = tuple(f"{state}[0,{k}]" for k in range(5))
                stimuli = {f"bl{k}": rc.Constant(volts) for k in range(5)}
                bench = rc.Testbench(array, rc.Transient(row.time), stimuli, temperature=row.temperature, probes=probes)
                waves = rc.simulate(replace(bench, options={"reltol": "1e-5"}), "numpy")
                end = np.array([waves[p][-1] for p in probes])
                ratio = np.asarray(read_current(card, {state: end}, 0.01)) / read_current(card, {state: values}, 0.01)
                assert np.all(np.abs(np.log(ratio)) < 1.05 * row.change), (name, str(row))
