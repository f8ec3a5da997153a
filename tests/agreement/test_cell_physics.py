"""One RRAM cell in ngspice: what the card promises, and what any two-terminal device must obey.

Resistances are read at 0.1 V or at 0 V (they differ by the 3 % of cosh(0.1 V / 0.4 V) in the HRS at most).
"""

from __future__ import annotations

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.analysis.measurements import crossings

CARD = rc.load_card("hfo2_filament")
NMOS = rc.load_card("nmos_select")
BOUNDS = {"diameter": (CARD.value("diameter_min"), CARD.value("diameter_max")), "gap": (0.0, CARD.value("gap_max"))}
FULL_HRS = {"diameter": BOUNDS["diameter"][0], "gap": BOUNDS["gap"][1]}  # 330 kohm
HRS = {"diameter": 2.0, "gap": 1.0}  # 140 kohm, after a partial RESET
LRS_10K = {"diameter": 2.9854, "gap": 0.0}
LRS_40K = {"diameter": 1.4927, "gap": 0.0}
REFEREE = {"reltol": 1e-10, "vntol": 1e-14, "abstol": 1e-18}
GATES = (0.9, 1.0, 1.2, 1.4)  # [V], SET currents of 19 to 129 uA
V_CM = 1.6  # [V], common-mode level, as high as the largest negative TE pulse


def run(state, analysis, stimuli, selector=NMOS, card=CARD, **bench):
    cell = rc.Cell(card, selector, initial_state=state)
    return rc.simulate(rc.Testbench(cell, analysis, stimuli, **bench))


def final_resistance(waves):
    return 1 / waves["conductance"][-1]


# SET ------------------------------------------------------------------------------------------------------------------


def slow_ramp(gate, **bench):
    """SET from the full HRS by a ramp 0 - 2 V - 0 at 1 V/s."""
    stimuli = {"bl": rc.triangle(2.0, ramp_rate=1.0), "wl": rc.Constant(gate)}
    return run(FULL_HRS, rc.Transient(4.0), stimuli, **bench)


def set_voltage(waves):
    """TE voltage [V] at which the current passes half its maximum."""
    current = waves["i(bl)"]
    return np.interp(crossings(current, waves.time, 0.5 * current.max(), "rise")[0], waves.time, waves["v(bl)"])


@pytest.mark.parametrize("gate", GATES)
def test_slow_ramp_sets_the_cell_near_one_volt(gate):
    waves = slow_ramp(gate)
    assert 0.9 < set_voltage(waves) < 1.1  # "about 1 V"; measured 0.97 to 1.00 V
    assert final_resistance(waves) < 0.1 / waves["conductance"][0]


@pytest.mark.parametrize("gate", GATES)
def test_the_gate_limits_the_current_of_a_set(gate):
    largest = slow_ramp(gate)["i(bl)"].max()
    short = CARD.with_values({"rho": 1e-9})  # 0.2 ohm: the selector alone
    stimuli = {"bl": rc.Constant(2.0), "wl": rc.Constant(gate)}
    saturation = run({"diameter": 6.0, "gap": 0.0}, rc.OperatingPoint(), stimuli, card=short)["i(bl)"][0]
    assert largest <= saturation * (1 + 1e-4)  # reltol; the selector alone has the larger V_DS
    assert largest > 0.9 * saturation


@pytest.fixture(scope="module")
def compliance_series():
    """Compliance current [A] and resistance [ohm] of SET pulses of 2 V, 1 ms from the full HRS, gate after gate."""
    currents, resistances = [], []
    for gate in np.arange(0.85, 1.46, 0.05):
        pulse = rc.Pulse(2.0, 1e-3, delay=1e-5, rise=1e-6, fall=1e-6)
        waves = run(FULL_HRS, rc.Transient(1.1e-3), {"bl": pulse, "wl": rc.Constant(float(gate))})
        currents.append(np.interp(1e-3, waves.time, waves["i(bl)"]))
        resistances.append(final_resistance(waves))
    return np.array(currents), np.array(resistances)


def test_more_gate_voltage_gives_more_current_and_less_resistance(compliance_series):
    currents, resistances = compliance_series
    assert np.all(np.diff(currents) > 0)
    assert np.all(np.diff(resistances) < 0)


def test_resistance_times_compliance_current_is_constant_within_2_5(compliance_series):
    currents, resistances = compliance_series
    grid = np.geomspace(20e-6, 130e-6, 50)
    assert currents[0] < grid[0] < grid[-1] < currents[-1]
    product = np.exp(np.interp(np.log(grid), np.log(currents), np.log(currents * resistances)))
    assert product.max() / product.min() < 2.5  # measured 2.37: 0.76 V at 20 uA, 0.32 V at 130 uA


# RESET ----------------------------------------------------------------------------------------------------------------


def reset_ratio(amplitude, reltol=1e-4):
    """R after / R before a RESET pulse of 1 ms directly across the device, from 10 kohm, both read at 0.1 V."""
    pulse = rc.Pulse(amplitude, 1e-3, delay=1e-5, rise=1e-6, fall=1e-6, base=0.1)
    waves = run(LRS_10K, rc.Transient(1.1e-3), {"bl": pulse}, selector=None, options={"reltol": reltol})
    resistance = waves["v(bl)"][[0, -1]] / waves["i(bl)"][[0, -1]]
    assert resistance[0] == pytest.approx(10e3, rel=0.005)  # LRS_10K, and 10 ohm of the smoothed gap
    return resistance[1] / resistance[0]


def test_reset_is_gradual_in_the_amplitude():
    amplitudes = [-0.4, -0.5, -0.6, -0.7, -0.8, -0.9, -1.0, -1.2]
    ratios = [reset_ratio(v) for v in amplitudes]
    assert np.all(np.diff(ratios) > 0)
    assert ratios[amplitudes.index(-0.6)] < 2.5  # measured 1.89
    assert 7 < ratios[amplitudes.index(-0.8)] < 15  # measured 9.44


def test_default_tolerance_gives_the_resistance_to_a_hundredth_decade():
    pulse = rc.Pulse(2.0, 1e-3, delay=1e-5, rise=1e-6, fall=1e-6)
    for gate in (0.9, 1.4):  # measured 0.0003 decades at most
        stimuli = {"bl": pulse, "wl": rc.Constant(gate)}
        loose, tight = (
            final_resistance(run(FULL_HRS, rc.Transient(1.1e-3), stimuli, options={"reltol": reltol}))
            for reltol in (1e-4, 1e-6)
        )
        assert abs(np.log10(loose / tight)) < 0.01
    for amplitude in (-0.6, -0.8, -1.0):  # measured 0.0007 decades at most
        assert abs(np.log10(reset_ratio(amplitude, 1e-4) / reset_ratio(amplitude, 1e-6))) < 0.01


# unselected cells -----------------------------------------------------------------------------------------------------


def disturb(state, amplitude, selector, common_mode, gate=0.0, bulk=0.0):
    """R after / R before a TE pulse of 1 ms on a cell whose gate is off."""
    pulse = rc.Pulse(common_mode + amplitude, 1e-3, delay=1e-4, rise=1e-6, fall=1e-6, base=common_mode)
    stimuli = {"bl": pulse, "sl": rc.Constant(common_mode), "wl": rc.Constant(gate), "bulk": rc.Constant(bulk)}
    waves = run(state, rc.Transient(1.3e-3), stimuli, selector=rc.load_card(selector))
    return waves["conductance"][0] / waves["conductance"][-1]


SELECTORS = ("nmos_select", "nmos_level1", "nmos_bsim4")


@pytest.mark.parametrize("selector", SELECTORS)
@pytest.mark.parametrize("amplitude", [1.6, -1.6])
@pytest.mark.parametrize("state", [LRS_10K, LRS_40K, HRS], ids=["10k", "40k", "HRS"])
def test_unselected_cell_on_a_common_mode_level_keeps_its_state(state, amplitude, selector):
    assert disturb(state, amplitude, selector, V_CM) == pytest.approx(1, abs=0.01)  # measured below 1e-12


@pytest.mark.parametrize("amplitude", [1.6, -1.6])
def test_gate_at_a_bulk_below_all_pulses_is_as_good_as_a_common_mode_level(amplitude):
    assert disturb(LRS_10K, amplitude, "nmos_select", 0.0, gate=-1.6, bulk=-1.6) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("selector", SELECTORS)
def test_without_common_mode_a_negative_pulse_resets_an_unselected_cell(selector):
    # the inner node becomes the source and the gate stands above it: why networks need V_cm
    assert disturb(LRS_40K, -1.6, selector, 0.0) > 2  # measured 4.2, level 1 2.7, BSIM4 4.6
    assert disturb(LRS_40K, +1.6, selector, 0.0) == pytest.approx(1, abs=0.01)


# what every device must obey ------------------------------------------------------------------------------------------

STATES = [{"diameter": d, "gap": g} for d in (0.8, 3.4, 6.0) for g in (0.0, 0.6, 1.2)]


def state_id(state):
    return f"{state['diameter']:g}-{state['gap']:g}"


def formula(state, v):
    """Current [A] by equations (1)-(3) of rram_filament.va, written anew."""
    p = {name: CARD.value(name) for name in CARD.parameters}
    g = np.pi * (state["diameter"] * 1e-9) ** 2 / (4 * p["rho"] * p["filament_length"] * 1e-9)
    gap = 0.5 * (state["gap"] + np.hypot(state["gap"], 1e-3))
    z = v / p["gap_voltage"]
    r = p["gap_resistance"] * np.expm1(gap / p["gap_decay_length"]) / np.cosh(z / np.sqrt(1 + (z / 20) ** 2))
    return v * g / (1 + g * r)


@pytest.mark.parametrize("state", STATES, ids=state_id)
def test_static_current_is_passive_zero_at_zero_and_the_models_formula(state):
    waves = run(state, rc.DcSweep("bl", -2.0, 2.0, points=41), {}, selector=None, options=REFEREE)
    v, i = waves["v(bl)"], waves["i(bl)"]
    assert np.all(i * v >= 0)
    assert np.all(np.abs(i[np.abs(v) > 0.05]) > 1e-8)  # below 100 Mohm: the device is there
    np.testing.assert_allclose(i, formula(state, v), rtol=1e-9, atol=1e-18)  # solver tolerance 1e-10
    np.testing.assert_allclose(waves["current"], i, rtol=1e-9, atol=1e-18)


@pytest.mark.parametrize("state", [STATES[0], HRS, STATES[-1]], ids=state_id)
def test_nothing_flows_and_nothing_moves_at_zero_volts(state):
    stimuli = {"wl": rc.Constant(1.5)}
    waves = run(state, rc.Transient(10.0), stimuli, options=REFEREE | {"reltol": 1e-6})
    assert np.max(np.abs(waves["i(bl)"])) < 1e-18  # abstol
    for name, value in state.items():
        # ngspice reads a decimal to the last bit or two; the rate is exactly zero
        np.testing.assert_allclose(waves[name], value, rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize("state", STATES, ids=state_id)
def test_state_starts_where_it_is_put_and_stays_within_its_bounds(state):
    stimuli = {"bl": rc.triangle(1.8, -1.4, 1.8, -1.4, ramp_rate=1e3)}
    waves = run(state, rc.Transient(12.8e-3), stimuli, selector=None)
    for name, (low, high) in BOUNDS.items():
        assert waves[name][0] == pytest.approx(state[name], abs=1e-12)
        margin = 0.01 * (high - low)  # measured 0.0017 of the range: error of the time steps at reltol 1e-4
        assert low - margin <= waves[name].min() <= waves[name].max() <= high + margin
        assert np.ptp(waves[name]) > 0.9 * (high - low)  # the sweep drives both states from bound to bound


@pytest.mark.parametrize("analysis", [rc.OperatingPoint(), rc.DcSweep("bl", -1.5, 1.5, points=31)])
def test_op_and_dc_read_at_the_frozen_state(analysis):
    stimuli = {"bl": rc.Constant(1.5), "wl": rc.Constant(2.0)}
    waves = run(HRS, analysis, stimuli)
    for name, value in HRS.items():
        np.testing.assert_allclose(waves[name], value, rtol=0, atol=1e-12)


def test_positive_voltage_sets_and_negative_voltage_resets():
    conductance = {}
    for v in (1.2, -1.2):
        pulse = rc.Pulse(v, 1e-4, delay=1e-5, rise=1e-6, fall=1e-6)
        waves = run(HRS, rc.Transient(1.5e-4), {"bl": pulse}, selector=None)
        conductance[v] = waves["conductance"][-1] / waves["conductance"][0]
        assert np.sign(np.interp(5e-5, waves.time, waves["current"])) == np.sign(v)
    assert conductance[1.2] > 2
    assert conductance[-1.2] < 0.9


def test_currents_of_all_terminals_of_the_cell_sum_to_zero():
    pulse = rc.Pulse(2.0, 1e-7, delay=1e-8, rise=1e-9, fall=1e-9)
    gate = rc.Pulse(1.3, 1.2e-7, delay=5e-9, rise=1e-9, fall=1e-9)
    waves = run(FULL_HRS, rc.Transient(2e-7), {"bl": pulse, "wl": gate}, options={"reltol": 1e-6})
    currents = np.array([waves[f"i({line})"] for line in ("bl", "wl", "sl", "bulk")])
    largest = np.abs(currents).max()
    assert largest > 1e-5
    # every charge that flows in at one terminal flows out at another: rounding only, measured 3e-14
    assert np.abs(currents.sum(axis=0)).max() < 1e-12 * largest


# temperature ----------------------------------------------------------------------------------------------------------


def test_heat_helps_the_set():
    cold, room, hot = (set_voltage(slow_ramp(1.2, temperature=kelvin)) for kelvin in (250.0, 300.15, 350.0))
    # the barrier that 1 V/s can pass is proportional to kT: 50 K of 300 K times (E_A - alpha V) / alpha = 0.24 V
    assert 0.1 < cold - room < 0.3  # measured 0.16
    assert 0.1 < room - hot < 0.3  # measured 0.17


@pytest.mark.parametrize("kelvin", [250.0, 300.15, 398.15])
def test_filament_at_rest_has_the_ambient_temperature(kelvin):
    waves = run(HRS, rc.OperatingPoint(), {}, temperature=kelvin)
    assert waves["t_filament"][0] == pytest.approx(kelvin, abs=1e-9)


def test_default_temperature_is_that_of_ngspice(tmp_path):
    pulse = rc.Pulse(1.1, 1e-3, delay=1e-5, rise=1e-6, fall=1e-6)
    cell = rc.Cell(CARD, NMOS, initial_state=HRS)
    netlist = rc.build_netlist(rc.Testbench(cell, rc.Transient(1.1e-3), {"bl": pulse, "wl": rc.Constant(1.2)}))
    ours, plain = tmp_path / "ours.cir", tmp_path / "plain.cir"
    netlist.write(ours)
    lines = ours.read_text().splitlines()
    assert ".temp 27" in lines
    plain.write_text("\n".join(line for line in lines if not line.startswith(".temp")) + "\n")
    with_temp, without = rc.simulate_netlist(ours), rc.simulate_netlist(plain)
    for name in with_temp.names:
        np.testing.assert_array_equal(with_temp[name], without[name])
    assert with_temp["t_filament"][0] == pytest.approx(300.15, abs=1e-9)


# runs that continue each other ----------------------------------------------------------------------------------------


def test_a_run_continues_from_the_final_states_of_another():
    times, levels = [0.0, 1e-5, 5e-4, 9.9e-4, 1e-3], [0.0, 1.2, 1.2, 1.2, 0.0]
    gate = {"wl": rc.Constant(1.2)}
    whole = run(HRS, rc.Transient(1e-3), {"bl": rc.PiecewiseLinear(times, levels), **gate})
    first = run(HRS, rc.Transient(5e-4), {"bl": rc.PiecewiseLinear(times, levels), **gate})
    middle = rc.with_state(rc.Cell(CARD, NMOS), first.final())
    rest = rc.PiecewiseLinear([0.0, 4.9e-4, 5e-4], [1.2, 1.2, 0.0])
    second = rc.simulate(rc.Testbench(middle, rc.Transient(5e-4), {"bl": rest, **gate}))
    for name in ("diameter", "gap", "conductance"):
        # the value is written as a decimal that reads back to the same double
        assert second[name][0] == pytest.approx(first[name][-1], rel=1e-4 if name == "conductance" else 1e-12)
    # each run makes its own time steps: the 0.01 decade that reltol 1e-4 allows
    assert abs(np.log10(final_resistance(second) / final_resistance(whole))) < 0.01


def test_a_state_that_overshot_zero_can_start_the_next_run():
    assert rc.with_state(rc.Cell(CARD), {"diameter": 2.0, "gap": -1e-9}).initial_state["gap"] == 0.0
