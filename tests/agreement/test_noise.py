"""Noise of devices: in equilibrium the theorem of Nyquist, out of it the closed form of every source.

At rest a circuit at one temperature has 4 k T Re(Z) at every node, whatever it is made of; the impedance comes from an
AC analysis, so the reference shares no noise source with the run. ngspice rounds k and q in the 6th digit: 1e-6.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.devices.veriloga.compile import compile_module

BOLTZMANN, CHARGE = 1.380649e-23, 1.602176634e-19
KELVIN = 300.15
FINE = {"reltol": "1e-9", "vntol": "1e-12", "abstol": "1e-16"}
ROUNDING = 1e-6
DRIVER = 1e4  # [ohm]
NMOS, PMOS = rc.load_card("nmos_select"), rc.load_card("pmos_select")
RRAM_CARDS = tuple(name for name in rc.card_names() if name not in ("plastic_zoppo2019",) and rc.load_card(name).states)


def behind_a_driver(cell: rc.Cell) -> rc.Crossbar:
    return rc.Crossbar(cell, 1, 1, bl=rc.Line(driver_resistance=DRIVER))


def noise_and_impedance(crossbar, stimuli, temperature=KELVIN, line="bl0"):
    """Return onoise [V/sqrt(Hz)] and Re(Z) [ohm] at a bit line, at 1 kHz."""
    given = {"stimuli": stimuli, "temperature": temperature, "options": FINE}
    noise = rc.simulate(rc.Testbench(crossbar, rc.Noise(line, line, 1e3, 1e4, 1), **given))
    response = rc.simulate(rc.Testbench(crossbar, rc.Ac(line, 1e3, 1e4, 1), **given))
    return noise["onoise"][0], DRIVER * response[f"v({line})"][0].real


@pytest.mark.parametrize("card", RRAM_CARDS)
@pytest.mark.parametrize("temperature", [KELVIN, 380.0])
def test_every_device_at_rest_has_4_k_t_of_its_impedance(card, temperature):
    onoise, ohm = noise_and_impedance(behind_a_driver(rc.Cell(card)), {}, temperature)
    assert 1e-6 < 1.0 - ohm / DRIVER < 1.0 - 1e-4  # the device is seen, and the driver
    assert onoise == pytest.approx(np.sqrt(4 * BOLTZMANN * temperature * ohm), rel=ROUNDING, abs=0)


@pytest.mark.parametrize("selector", ["nmos_select", "nmos_level1"])
@pytest.mark.parametrize("gate", [0.7, 1.0, 2.0])
def test_a_1t1r_cell_at_rest_has_4_k_t_of_its_impedance(selector, gate):
    cell = rc.Cell("hfo2_filament", selector, initial_state={"diameter": 5.0, "gap": 0.0})
    onoise, ohm = noise_and_impedance(behind_a_driver(cell), {"wl0": rc.Constant(gate)})
    assert 0.01 < ohm / DRIVER < 0.99
    assert onoise == pytest.approx(np.sqrt(4 * BOLTZMANN * KELVIN * ohm), rel=ROUNDING, abs=0)


def test_a_device_under_bias_has_4_k_t_of_its_chord_at_its_own_temperature():
    crossbar = behind_a_driver(rc.Cell("hfo2_filament", initial_state={"diameter": 3.0, "gap": 0.1}))
    stimuli = {"bl0": rc.Constant(0.6)}
    onoise, ohm = noise_and_impedance(crossbar, stimuli)
    point = rc.simulate(
        rc.Testbench(
            crossbar, rc.OperatingPoint(), stimuli, probes=("current[0,0]", "conductance[0,0]", "t_filament[0,0]")
        )
    )
    hot, chord = point["t_filament[0,0]"][0], point["conductance[0,0]"][0]
    assert hot > KELVIN + 20
    density = 4 * BOLTZMANN * (hot * chord + KELVIN / DRIVER)
    assert onoise == pytest.approx(np.sqrt(density) * ohm, rel=ROUNDING, abs=0)


def test_flicker_noise_follows_the_current_and_one_over_f():
    card = rc.load_card("hfo2_filament").with_values({"noise_flicker": 1e-8, "noise_thermal": 0.0})
    crossbar = behind_a_driver(rc.Cell(card))
    for volts in (0.05, 0.1):
        stimuli = {"bl0": rc.Constant(volts)}
        bench = rc.Testbench(crossbar, rc.Noise("bl0", "bl0", 1.0, 1e4, 1), stimuli, options=FINE)
        waves = rc.simulate(bench)
        _, ohm = noise_and_impedance(crossbar, stimuli)
        current = rc.simulate(rc.Testbench(crossbar, rc.OperatingPoint(), stimuli, options=FINE))["i(bl0)"][0]
        density = 1e-8 * current**2 / waves.axis + 4 * BOLTZMANN * KELVIN / DRIVER
        np.testing.assert_allclose(waves["onoise"], np.sqrt(density) * ohm, rtol=2 * ROUNDING)


def test_an_array_counts_its_cells():
    """Four cells of 100 uS into an amplifier with 10 kohm: 38.1 nV/sqrt(Hz), 28.1 without the cells."""
    four_k_t, gain = 4 * BOLTZMANN * KELVIN, 1e4
    array = rc.Crossbar(rc.Cell("hfo2_filament"), 4, 1, initial_conductance=np.full((4, 1), 1e-4))
    stimuli = {f"wl{k}": rc.Constant(1.2) for k in range(4)}
    for amplifier in (5e-9, 1e-12):
        readout = rc.ReadoutArray(array, rc.Readout(noise_density=amplifier, gain=gain))
        waves = rc.simulate(rc.Testbench(readout, rc.Noise("out0", "wl0", 1e3, 1e5, 2), stimuli))
        expected = np.sqrt(four_k_t * 1e4 + four_k_t * 4e-4 * 1e4**2 + (5 * amplifier) ** 2) / (1 + 5 / gain)
        assert waves["onoise"][0] == pytest.approx(expected, rel=3e-4, abs=0)  # the amplifier's own pole: 129 nV / gain
    assert np.sqrt(four_k_t * 1e4 + four_k_t * 4e-4 * 1e8 + 25e-9**2) == pytest.approx(38.1e-9, rel=1e-3, abs=0)


def test_vacask_finds_the_same_noise():
    for card, selector in (("hfo2_filament", "nmos_select"), ("hfo2_jart_v1b", "nmos_level1")):
        array = rc.Crossbar(rc.Cell(card, selector), 2, 2, bl=rc.Line(3.0, driver_resistance=3e3))
        stimuli = {"bl0": rc.Constant(0.3), "wl0": rc.Constant(1.2)}
        bench = rc.Testbench(array, rc.Noise("bl0", "bl0", 1e3, 1e9, 2), stimuli, options=FINE)
        first, second = (rc.simulate(bench, engine) for engine in ("ngspice", "vacask"))
        assert (first.names, first.units, first.axis_name) == (second.names, second.units, second.axis_name)
        for name in first.names:
            np.testing.assert_allclose(second[name], first[name], rtol=1e-8)


# transistors ----------------------------------------------------------------------------------------------------------


def channel(
    folder: Path, card: rc.ModelCard, drain: float, gate: float, kelvin: float = KELVIN, seen: str = "vs"
):  # fmt: skip
    """Return source current [A] and spectral density of the current in a source of voltage [A^2/Hz] of a transistor."""
    model = compile_module(card.declaration.path)
    shutil.copyfile(model.path, folder / f"{card.module}.osdi")
    size = " ".join(f"{name}={value!r}" for name, value in card.instance_values.items())
    values = " ".join(f"{k}={v.value!r}" for k, v in card.parameters.items() if not v.instance)
    head = ["one transistor", f".model m {card.module} {values}", f"n1 d g s 0 m {size}", "vs s 0 0"]
    head.append(f"h1 o 0 {seen} 1")
    body = [f"vd d 0 {drain!r} ac 1", f"vg g 0 {gate!r}", f".temp {kelvin - 273.15!r}", ".options sparse reltol=1e-9"]
    load = f"pre_osdi {card.module}.osdi"
    ends = [".control", "set num_threads=1", load, "run waves.raw", "quit $sim_status", ".endc", ".end"]
    found = {}
    for analysis, vector in ((".op", "i(vs)"), (".noise v(o) vd dec 1 1e3 1e4", "onoise_spectrum")):
        (folder / "one.cir").write_text("\n".join([*head, *body, analysis, *ends, ""]))
        found[vector] = rc.simulate_netlist(folder / "one.cir")[vector][0]
    return found["i(vs)"], found["onoise_spectrum"] ** 2


@pytest.mark.parametrize("kelvin", [KELVIN, 390.0])
def test_a_transistor_in_weak_inversion_has_shot_noise(tmp_path, kelvin):
    card = NMOS.with_values({"lambda_length": 0.0})
    current, density = channel(tmp_path, card, 1.0, 0.05, kelvin)
    assert 1e-14 < current < 1e-10
    assert density == pytest.approx(2 * CHARGE * current, rel=5e-3, abs=0)  # sqrt(i_f) / 2 is 6e-4 here, 3e-3 at 390 K
    # near the origin: both directions add, 2 q I coth(V_DS / 2U)
    thermal = BOLTZMANN * kelvin / CHARGE
    current, density = channel(tmp_path, card, thermal, 0.05, kelvin)
    assert density == pytest.approx(2 * CHARGE * current / np.tanh(0.5), rel=5e-3, abs=0)


def test_a_long_transistor_in_saturation_has_two_thirds(tmp_path):
    card = NMOS.with_values({"lambda_length": 0.0, "theta": 0.0, "e_critical": 1e12})
    _, at_rest = channel(tmp_path, card, 0.0, 3.0)
    _, saturated = channel(tmp_path, card, 3.0, 3.0)
    assert saturated / at_rest == pytest.approx(2 / 3, rel=0.02, abs=0)  # U / (V_G - V_T) is 1 %


def test_channel_noise_of_both_kinds_is_the_same_mirrored(tmp_path):
    values = {name: -v.value if name == "vto" else v.value for name, v in NMOS.parameters.items()}
    mirror = PMOS.with_values(values)
    for drain, gate in ((0.0, 1.2), (1.5, 1.0), (0.2, 2.0)):
        current, density = channel(tmp_path, NMOS, drain, gate)
        other, mirrored = channel(tmp_path, mirror, -drain, -gate)
        assert other == pytest.approx(-current, rel=1e-9, abs=1e-25)
        assert mirrored == pytest.approx(density, rel=1e-9, abs=0)


BOTH = pytest.mark.parametrize(("card", "sign"), [(NMOS, 1.0), (PMOS, -1.0)], ids=["nmos", "pmos"])


@BOTH
def test_a_junction_in_reverse_has_the_shot_noise_of_its_current(tmp_path, card, sign):
    card = card.with_values({"js": 1e3, "noise_thermal": 0.0, "diffusion_length": 1e-6})
    saturation = 1e3 * 1e-6 * card.number("w")
    _, density = channel(tmp_path, card, sign, 0.0)  # the source junction is at 0 V: both directions
    assert density == pytest.approx(4 * CHARGE * saturation, rel=1e-5, abs=0)
    _, density = channel(tmp_path, card, sign, 0.0, seen="vd")  # the drain junction has its current in reverse
    assert density == pytest.approx(2 * CHARGE * saturation, rel=1e-5, abs=0)


@BOTH
def test_flicker_noise_of_a_transistor_is_that_of_its_gate(tmp_path, card, sign):
    card = card.with_values({"noise_flicker": 1e-24, "noise_thermal": 0.0, "noise_shot": 0.0})
    step = 1e-4
    _, density = channel(tmp_path, card, sign, 1.2 * sign)
    above, below = (channel(tmp_path, card, sign, 1.2 * sign + side)[0] for side in (step, -step))
    area = card.number("cox") * card.number("w") * card.number("l")
    expected = 1e-24 / area / 1e3 * ((above - below) / (2 * step)) ** 2
    assert density == pytest.approx(expected, rel=1e-5, abs=0)


# models without noise -------------------------------------------------------------------------------------------------

QUIET = """`include "disciplines.vams"
module rram_quiet(te, be);
    inout te, be;
    electrical te, be;
    (* desc="resistance", units="ohm" *) parameter real r = 1e4 from (0:1e9);
    (* desc="current te to be", units="A" *) real current;
    analog begin
        current = V(te, be) / r;
        I(te, be) <+ current;
    end
endmodule
"""
QUIET_CARD = """
name = "quiet"
module = "rram_quiet"
title = "a resistor"
[parameters]
r = {value = 1e4, unit = "ohm", status = "assumed", source = "a test"}
"""


def test_a_model_without_noise_is_named(tmp_path):
    (tmp_path / "rram_quiet.va").write_text(QUIET)
    (tmp_path / "quiet.toml").write_text(QUIET_CARD)
    quiet = rc.Testbench(rc.Cell(rc.load_card(tmp_path / "quiet.toml"), "nmos_select"), rc.Noise("bl", "bl", 1e3, 1e4))
    for engine in ("ngspice", "vacask"):
        remarks = rc.simulate(quiet, engine).provenance["remarks"]
        assert ["rram_quiet has no noise of its own" in remark for remark in remarks] == [True]
    response = replace(quiet, analysis=rc.Ac("bl", 1e3, 1e4))
    assert not rc.simulate(response).provenance["remarks"]
    noisy = replace(quiet, design=rc.Cell("hfo2_filament", "nmos_select"))
    assert not rc.simulate(noisy).provenance["remarks"]
