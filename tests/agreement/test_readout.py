"""Readout circuits in ngspice against closed forms, and arrays with readouts against the array engine.

The closed forms are those of one-pole amplifiers with feedback; ngspice solves the same equations, so with reltol 1e-8
they agree to about 1e-9 of the supply. `A` is the open-loop gain, `Rf` the feedback resistance.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.analysis.noise import integrated_noise
from rramcirc.circuits.readout.bench import (
    array_bench,
    channel_bench,
    differential_array,
    outputs_of_currents,
    products,
    read_pulse_bench,
    vector_bench,
)
from rramcirc.circuits.request import Request
from rramcirc.circuits.table import default_bench
from rramcirc.engines.ngspice.spelling import subcircuit_files
from rramcirc.studies.readout import channel
from rramcirc.studies.readout_array import array_read

BOLTZMANN = 1.380649e-23  # [J/K]
KELVIN = 300.15
FINE = {"reltol": "1e-8", "vntol": "1e-9"}  # with vntol below 1e-12, 1 of 10 of these circuits finds no end with KLU
REFEREE = {"reltol": "1e-10", "vntol": "1e-14", "abstol": "1e-18"}
CELL_1T1R, CELL_1R = rc.Cell("hfo2_filament", "nmos_select"), rc.Cell("hfo2_filament")


def conductances(rows, columns, seed=3):
    return np.random.default_rng(seed).uniform(5e-6, 50e-6, (rows, columns))


def static(readout, currents):
    """Return the currents that flowed into the channel, the line and the output."""
    waves = rc.simulate(replace(channel_bench(readout, currents), options=FINE))
    return waves[f"i({readout.inputs[0]})"], waves[f"v({readout.inputs[0]})"], waves["v(out)"]


# one channel, static --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gain", [1e2, 1e4])
@pytest.mark.parametrize("offset", [0.0, 3e-3, -2e-3])
def test_a_tia_has_the_closed_form_of_finite_gain_and_offset(gain, offset):
    readout = rc.Readout(gain=gain, offset=offset, feedback_resistance=5e3)
    current, line, out = static(readout, np.linspace(-1e-4, 1e-4, 9))
    expected = 1.2 + gain / (1 + gain) * (offset - 5e3 * current)
    np.testing.assert_allclose(out, expected, rtol=0, atol=2e-8)
    np.testing.assert_allclose(line, 1.2 + offset - (expected - 1.2) / gain, rtol=0, atol=2e-8)


@pytest.mark.parametrize("offset", [0.0, 3e-3])
def test_a_virtual_ground_has_the_closed_form_of_finite_gain_and_offset(offset):
    readout = rc.Readout("virtual_ground", gain=1e3, offset=offset, sense_resistance=2e3)
    current, line, out = static(readout, np.linspace(-5e-5, 5e-5, 9))
    np.testing.assert_allclose(line, 1.2 + (1e3 * offset + 2e3 * current) / 1001, rtol=0, atol=2e-8)
    np.testing.assert_allclose(out, 1.2 + 1e4 * current, rtol=0, atol=2e-8)


@pytest.mark.parametrize("kind", ["tia", "virtual_ground", "mirror"])
def test_an_output_stays_within_the_supply(kind):
    current, line, out = static(rc.Readout(kind), np.array([-1e-3, -3e-4, 3e-4, 1e-3]))
    over = (
        0.0 if kind == "mirror" else 0.01 * (np.abs(line - 1.2) + 1e4 * np.abs(current))
    )  # 1 / CLAMP of the overdrive
    assert np.all(out > 0.0 - over)
    assert np.all(out < 3.3 + over)
    assert np.ptp(out) > 1.9  # and is driven to both ends; a mirror only to the upper one


def test_a_mirror_copies_its_current():
    current, line, out = static(rc.Readout("mirror"), np.linspace(0.0, 1e-4, 21))
    copied = (out - 1.2) / 1e4
    assert np.all(np.diff(copied) > 0)
    # channel-length modulation: 2e-8 m/V and 2.5e-8 m/V over 1 um, two copies, up to 2.5 V
    np.testing.assert_allclose(copied, current, rtol=0.06)
    # the line is at the gate voltage of the diode: it rises with the current
    assert np.all(np.diff(line) > 0)
    assert 0.5 < line[0] < line[-1] < 1.1


def test_the_offset_of_a_mirror_changes_its_copy():
    nominal = static(rc.Readout("mirror"), np.linspace(0.0, 1e-4, 5))[2]
    higher = static(rc.Readout("mirror", offset=5e-3), np.linspace(0.0, 1e-4, 5))[2]
    assert np.all(higher < nominal - 1e-3)  # a higher threshold copies less


@pytest.mark.parametrize("kind", ["tia", "virtual_ground", "mirror"])
def test_a_differential_channel_reads_the_difference(kind):
    readout = rc.Readout(kind, pairing="differential")
    lines = {"in_plus": [1.6, 1.8, 1.6, 2.0], "in_minus": [1.6, 1.6, 1.8, 1.7]}
    waves = rc.simulate(rc.Testbench(readout, rc.VectorSweep(lines), options=FINE))
    difference = waves["i(in_plus)"] - waves["i(in_minus)"]
    tolerance = 0.06 * 1e4 * waves["i(in_plus)"].max() if kind == "mirror" else 1e-3 * 0.4  # 1 / gain
    np.testing.assert_allclose(waves["v(out)"] - 1.2, 1e4 * difference, rtol=0, atol=tolerance)


def test_a_reference_channel_subtracts_the_reference():
    readout = rc.Readout(pairing="reference", sense_threshold=0.0)
    lines = {"in": [1.3, 1.5, 1.4], "in_reference": [1.4, 1.4, 1.4]}
    waves = rc.simulate(rc.Testbench(readout, rc.VectorSweep(lines), options=FINE))
    difference = waves["i(in)"] - waves["i(in_reference)"]
    np.testing.assert_allclose(waves["v(out)"] - 1.2, 1e4 * difference, rtol=0, atol=1e-4)
    np.testing.assert_allclose(waves["v(bit)"][:2], [0.0, 3.3], atol=1e-9)


@pytest.mark.parametrize("bits", [1, 4, 10])
def test_codes_are_those_of_an_ideal_quantiser(bits):
    _, _, out = static(rc.Readout(), np.linspace(-1.5e-4, 1.1e-4, 40))
    bench = replace(channel_bench(rc.Readout(bits=bits), np.linspace(-1.5e-4, 1.1e-4, 40)), options=FINE)
    codes = rc.simulate(bench)["code"]
    np.testing.assert_array_equal(codes, np.clip(np.floor(out / 3.3 * 2**bits), 0, 2**bits - 1))
    assert len(set(codes)) > 1


@pytest.mark.parametrize("kind", ["tia", "virtual_ground"])
def test_the_sense_amplifier_compares_with_its_threshold(kind):
    bench = channel_bench(rc.Readout(kind, sense_threshold=2e-5), [1.8e-5, 1.99e-5, 2.01e-5, 2.2e-5])
    bits = rc.simulate(replace(bench, options=FINE))["v(bit)"]
    np.testing.assert_allclose(bits, [0.0, 0.0, 3.3, 3.3], atol=1e-9)


# one channel against frequency and time -------------------------------------------------------------------------------


def test_a_tia_has_the_transimpedance_of_its_two_poles():
    readout = rc.Readout(gain=1e3, gain_bandwidth=2e8, feedback_resistance=2e4, feedback_capacitance=20e-15)
    waves = rc.simulate(rc.Testbench(readout, rc.Ac("in", 1e4, 1e10, 10), {"in": rc.Constant(1.2)}, options=FINE))
    s = 2j * np.pi * waves.axis
    amplifier = 1e3 / (1 + s * 1e3 / (2 * np.pi * 2e8))
    feedback = 1 / 2e4 + s * 20e-15
    expected = -amplifier / ((1 + amplifier) * feedback + s * readout.input_capacitance)
    np.testing.assert_allclose(waves["v(out)"] / waves["i(in)"], expected, rtol=1e-6)


def test_a_tia_settles_as_its_step_response_says():
    readout = rc.Readout(gain=1e3, gain_bandwidth=1e9, feedback_resistance=1e5, feedback_capacitance=100e-15)
    stimulus = rc.Pulse(1.3, 1e-6, delay=1e-9, rise=1e-11, base=1.2)
    bench = rc.Testbench(readout, rc.Transient(1e-7, 1e-9), {"in": stimulus}, options={"reltol": "1e-6"})
    waves = rc.simulate(bench)
    # poles of the loop with the source resistance at the input
    c_in, g_in, tau = readout.input_capacitance, 1e-4, 1e3 / (2 * np.pi * 1e9)
    a, b, c = tau * (c_in + 1e-13), c_in + 1001e-15 * 100 + tau * (g_in + 1e-5), g_in + 1001e-5
    poles = np.roots([a, b, c])
    time = waves.time - 1e-9 - 0.5e-11
    later = time > 1e-10
    decay = sum(np.exp(p * time[later]) / (p * (p - q)) for p, q in zip(poles, poles[::-1], strict=True))
    final = -1e3 * 0.1 * g_in / c
    expected = 1.2 + final * (1 + np.real(decay * poles[0] * poles[1]))
    np.testing.assert_allclose(waves["v(out)"][later], expected, rtol=0, atol=2e-3 * abs(final))


def test_sample_and_hold_tracks_and_holds():
    readout = rc.Readout(hold_capacitance=1e-12, bits=8)
    stimuli = {
        "in": rc.PiecewiseLinear([0.0, 1e-7, 1.01e-7], [1.3, 1.3, 1.7]),
        "sample": rc.Pulse(3.3, 4e-8, delay=1e-8),
    }
    waves = rc.simulate(rc.Testbench(readout, rc.Transient(2e-7, 1e-9), stimuli))
    at = [4.5e-8, 9e-8, 1.9e-7]
    held, out, code = (np.interp(at, waves.time, waves[name]) for name in ("v(held)", "v(out)", "code"))
    np.testing.assert_allclose(out, [1.1, 1.1, 0.7], atol=1e-3)
    np.testing.assert_allclose(held, [1.1, 1.1, 1.1], atol=2e-3)
    np.testing.assert_array_equal(code, np.floor(held / 3.3 * 256))


def test_the_supply_gives_the_idle_current_and_the_output():
    waves = rc.simulate(replace(channel_bench(rc.Readout(), [-5e-5, 0.0, 5e-5]), options=FINE))
    expected = 50e-6 + np.maximum((waves["v(out)"] - waves["v(in)"]) / 1e4, 0)
    np.testing.assert_allclose(waves["i(vdd)"], expected, rtol=1e-6)


# noise ----------------------------------------------------------------------------------------------------------------


def quiet_cell(resistance, capacitance=0.0):
    """A 1R cell in HRS behind a driver resistance, both with thermal noise."""
    line = rc.Line(driver_resistance=resistance, capacitance=capacitance)
    return rc.Crossbar(CELL_1R, 1, 1, bl=line, initial_conductance=[[4e-6]])


@pytest.mark.parametrize("resistance", [1e3, 1e5])
@pytest.mark.parametrize("temperature", [300.15, 400.0])
def test_a_resistor_has_its_thermal_noise(resistance, temperature):
    crossbar = quiet_cell(resistance)
    bench = rc.Testbench(crossbar, rc.Noise("bl0", "bl0", 1e3, 1e5), temperature=temperature, options=FINE)
    waves = rc.simulate(bench)
    johnson = np.sqrt(4 * BOLTZMANN * temperature * resistance)
    assert waves.axis_name == "frequency"
    assert waves.units == {"onoise": "V/sqrt(Hz)", "inoise": "V/sqrt(Hz)"}
    at_line = rc.simulate(rc.Testbench(crossbar, rc.Ac("bl0", 1e3, 1e5), temperature=temperature, options=FINE))
    share = abs(at_line["v(bl0)"])  # of the driver; cell and driver together are a resistor of share * resistance
    np.testing.assert_allclose(waves["onoise"], johnson * np.sqrt(share), rtol=1e-6)
    np.testing.assert_allclose(waves["inoise"], johnson / np.sqrt(share), rtol=1e-6)


def test_noise_referred_to_a_current_is_one_of_currents():
    bench = rc.Testbench(
        rc.Readout(noise_density=0.0), rc.Noise("out", "in", 1e3, 1e4), {"in": rc.Constant(2e-5, "A")}, options=FINE
    )
    waves = rc.simulate(bench)
    assert waves.units["inoise"] == "A/sqrt(Hz)"
    # a current source leaves the source resistance no say: only Rf is left, 4 k T / Rf
    expected = np.sqrt(4 * BOLTZMANN * KELVIN / 1e4)
    np.testing.assert_allclose(waves["inoise"], expected, rtol=1e-3)  # 1 / gain; the source's 1e12 ohm


@pytest.mark.parametrize("capacitance", [1e-12, 1e-14])
def test_a_resistor_with_a_capacitor_has_k_t_over_c(capacitance):
    crossbar = quiet_cell(1e4, capacitance)
    waves = rc.simulate(rc.Testbench(crossbar, rc.Noise("bl0", "bl0", 1e2, 1e16, 50), options=FINE))
    # k T / C whatever the resistances are; the cell has 1 fF of its own
    expected = np.sqrt(BOLTZMANN * KELVIN / (capacitance + 1e-15))
    # the corner lies between grid points, where the spectrum is no power law: 3e-5 at 50 points per decade
    assert rc.integrated_noise(waves.axis, waves["onoise"]) == pytest.approx(expected, rel=2e-4, abs=0)


def test_the_noise_of_a_tia_is_that_of_its_resistors_and_amplifier():
    readout = rc.Readout(noise_density=8e-9, feedback_resistance=2e4, source_resistance=5e3, gain=1e5)
    bench = rc.Testbench(readout, rc.Noise("out", "in", 1e2, 1e3), {"in": rc.Constant(1.2)}, options=FINE)
    waves = rc.simulate(bench)
    four_k_t = 4 * BOLTZMANN * KELVIN
    expected = np.sqrt(four_k_t * 2e4 + four_k_t / 5e3 * 2e4**2 + (8e-9 * (1 + 2e4 / 5e3)) ** 2)
    np.testing.assert_allclose(waves["onoise"], expected, rtol=1e-4)  # (1 + Rf / Rs) / gain = 5e-5


def test_the_noise_of_the_amplifier_does_not_move_with_temperature():
    readout = rc.Readout(noise_density=1e-6, gain=1e5)  # far above all resistors
    for temperature in (250.0, 400.0):
        analysis, stimuli = rc.Noise("out", "in", 1e2, 1e3), {"in": rc.Constant(1.2)}
        bench = rc.Testbench(readout, analysis, stimuli, temperature=temperature, options=FINE)
        np.testing.assert_allclose(rc.simulate(bench)["onoise"], 2e-6, rtol=2e-3)


# input vectors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", [CELL_1T1R, CELL_1R], ids=["1t1r", "1r"])
def test_a_vector_sweep_is_the_same_in_both_engines_and_vector_by_vector(cell):
    wires = {"bl": rc.Line(3.0, driver_resistance=20.0), "wl": rc.Line(2.0)}
    crossbar = rc.Crossbar(cell, 3, 5, source_line="row", initial_conductance=conductances(3, 5), **wires)
    rng = np.random.default_rng(5)
    levels = {"bl": rng.uniform(-0.1, 0.2, (6, 5)), "wl1": rng.uniform(1.5, 2.5, 6) if cell.selector else np.zeros(6)}
    others = {"wl0": rc.Constant(2.0 if cell.selector else 0.05)}
    bench = rc.Testbench(crossbar, rc.VectorSweep(levels), others, options=REFEREE, probes=("i(*)", "v(*)", "gap[*,*]"))
    spice, numpy = rc.simulate(bench), rc.simulate(bench, "numpy")
    assert spice.names == numpy.names
    assert spice.axis_name == numpy.axis_name == "index"
    np.testing.assert_array_equal(spice.axis, np.arange(6))
    np.testing.assert_array_equal(numpy.axis, np.arange(6))
    largest = max(np.abs(spice[f"i(bl{j})"]).max() for j in range(5))
    for name in spice.names:
        scale = largest if name.startswith("i(") else 1.0
        np.testing.assert_allclose(numpy[name], spice[name], rtol=0, atol=1e-9 * scale + 1e-13, err_msg=name)
    for k in range(6):
        single = others | {line: rc.Constant(float(values[k])) for line, values in bench.analysis.levels.items()}
        point = rc.simulate(replace(bench, analysis=rc.OperatingPoint(), stimuli=single))
        for name in ("i(bl0)", "i(bl4)", "v(bl2)"):
            assert spice[name][k] == pytest.approx(point[name][0], rel=1e-9, abs=1e-9 * largest)


def test_a_single_vector_can_be_swept():
    bench = rc.Testbench(rc.Readout(), rc.VectorSweep({"in": [1.3]}), options=FINE)
    assert rc.simulate(bench)["v(out)"].tolist() == pytest.approx([1.1], rel=1e-4, abs=0)


def read(design, vectors, options=FINE):
    """Return outputs of ngspice and of perfect readouts on the array engine, and the span of the latter."""
    bench = replace(vector_bench(design, vectors), options=options)
    waves = rc.simulate(bench, timeout=200.0)
    alone = rc.simulate(array_bench(bench), "numpy")
    currents = -np.array([alone[f"i({line})"] for line in design.read_lines]).T
    perfect = outputs_of_currents(design, currents)
    return np.array([waves[f"v({node})"] for node in design.outputs]).T, perfect, float(np.ptp(perfect))


@pytest.mark.parametrize("kind", ["tia", "virtual_ground"])
@pytest.mark.parametrize("pairing", ["single", "differential", "reference"])
def test_amplifiers_of_high_gain_read_what_the_array_engine_finds(kind, pairing):
    columns = (2, 5) if pairing == "reference" else ()
    crossbar = rc.Crossbar(
        CELL_1T1R, 5, 6, source_line="row", bl=rc.Line(4.0), sl=rc.Line(3.0), initial_conductance=conductances(5, 6)
    )
    readout = rc.Readout(kind, 5e3, gain=1e8, pairing=pairing, reference_columns=columns)
    vectors = np.random.default_rng(2).uniform(-0.1, 0.1, (4, 5))
    outputs, perfect, span = read(rc.ReadoutArray(crossbar, readout), vectors)
    np.testing.assert_allclose(outputs, perfect, rtol=0, atol=1e-6 * span)


def test_a_1r_array_and_source_lines_are_read_as_well():
    readout = rc.Readout(feedback_resistance=5e3, gain=1e8)
    of_1r = rc.Crossbar(CELL_1R, 4, 3, wl=rc.Line(2.0), bl=rc.Line(1.0), initial_conductance=conductances(4, 3))
    of_1t1r = rc.Crossbar(CELL_1T1R, 4, 3, source_line="row", initial_conductance=conductances(4, 3))
    for crossbar, line, inputs in ((of_1r, "bl", 4), (of_1r, "wl", 3), (of_1t1r, "sl", 3)):
        vectors = np.random.default_rng(4).uniform(-0.1, 0.1, (3, inputs))
        outputs, perfect, span = read(rc.ReadoutArray(crossbar, readout, line), vectors)
        np.testing.assert_allclose(outputs, perfect, rtol=0, atol=1e-6 * span)


def test_the_error_of_finite_gain_is_the_noise_gain_over_the_gain():
    crossbar, conductance = differential_array(np.full((8, 2), 0.5), CELL_1R, wire_resistance=0.0)
    readout = rc.Readout(feedback_resistance=4e3, gain=1e3)
    vectors = np.random.default_rng(6).uniform(0.02, 0.1, (4, 8))
    outputs, perfect, _ = read(rc.ReadoutArray(crossbar, readout), vectors)
    noise_gain = 1 + 4e3 * conductance.sum(axis=0)
    relative = (perfect - outputs) / (perfect - 1.2)
    # the sum of the conductances is that at 0.1 V; the cells are not quite linear
    np.testing.assert_allclose(relative, np.broadcast_to(noise_gain / (1e3 + noise_gain), relative.shape), rtol=0.05)


def test_offsets_of_columns_appear_at_their_outputs():
    crossbar = rc.Crossbar(CELL_1R, 4, 3, initial_conductance=np.full((4, 3), 2e-5))
    readout = rc.Readout(feedback_resistance=4e3, gain=1e6)
    offsets = np.array([2e-3, -1e-3, 0.0])
    plain, _, _ = read(rc.ReadoutArray(crossbar, readout), [[0.0] * 4])
    moved, _, _ = read(rc.ReadoutArray(crossbar, readout, offsets=offsets), [[0.0] * 4])
    noise_gain = 1 + 4e3 * 4 * 2e-5
    np.testing.assert_allclose((moved - plain)[0], noise_gain * offsets, rtol=0.01, atol=1e-9)


def test_sense_amplifiers_with_reference_columns_read_stored_bits():
    rng = np.random.default_rng(8)
    bits = rng.integers(0, 2, (6, 8))
    conductance = np.where(bits == 1, 5e-5, 5e-6)
    conductance[:, 3], conductance[:, 6] = 5e-5, 5e-6  # the references: an LRS and an HRS column
    crossbar = rc.Crossbar(CELL_1T1R, 6, 8, source_line="row", bl=rc.Line(2.0), initial_conductance=conductance)
    readout = rc.Readout(pairing="reference", reference_columns=(3, 6), sense_threshold=0.0)
    design = rc.ReadoutArray(crossbar, readout)
    waves = rc.simulate(vector_bench(design, 0.1 * np.eye(6)))  # one row at a time
    found = np.array([waves[f"v(bit{k})"] > 1.65 for k in design.output_numbers]).T
    np.testing.assert_array_equal(found, bits[:, list(design.output_numbers)] == 1)


def check_differential_product(size, limits):
    """Compare TIA outputs with the array engine and the ideal product; `limits` are shares of the span."""
    rng = np.random.default_rng(0)
    cell = rc.Cell("hfo2_filament", "nmos_select", selector_parameters={"w": 5e-6})
    crossbar, conductance = differential_array(rng.uniform(-1, 1, (size, size // 2)), cell)
    readout = rc.Readout(feedback_resistance=8e4 / size, pairing="differential", gain=1e6)
    design, vectors = rc.ReadoutArray(crossbar, readout), rng.uniform(0, 0.1, (16, size))
    outputs, perfect, span = read(design, vectors, {"reltol": "1e-6"})
    ideal = outputs_of_currents(design, products(design, conductance, vectors))
    assert outputs.shape == (16, size // 2)
    assert np.abs(outputs - perfect).max() < limits[0] * span
    assert np.abs(outputs - ideal).max() < limits[1] * span
    assert np.abs(outputs - ideal).max() > 10 * np.abs(outputs - perfect).max()  # wires and transistors, not readouts


def test_16_vectors_on_an_8_x_8_differential_array_in_one_sweep():
    check_differential_product(8, (1e-4, 0.03))


def test_16_vectors_on_a_32_x_32_differential_array_in_one_sweep():
    check_differential_product(32, (1e-4, 0.04))  # measured 2e-5; 0.025, of wires and transistors


# blocks and studies ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["tia", "mirror"])
def test_an_exported_channel_works_in_a_deck_written_by_hand(kind, tmp_path):
    readout = rc.Readout(kind, pairing="differential", bits=6)
    bench = rc.Testbench(
        readout, rc.OperatingPoint(), {"in_plus": rc.Constant(1.9), "in_minus": rc.Constant(1.7)}, options=FINE
    )
    ours = rc.simulate(bench)
    files = subcircuit_files(rc.build_circuit(bench), tmp_path / "channel.subckt")
    loads = [f"pre_osdi {file.name}" for file in files if file.suffix == ".osdi"]
    lines = [
        "vplus p 0 1.9",
        "rplus p plus 10k",
        "vminus m 0 1.7",
        "rminus m minus 10k",
        "vdd vdd 0 3.3",
        "vcm cm 0 1.2",
    ]
    deck = ["my deck", ".include channel.subckt", *lines, "x1 plus minus out code cm vdd channel", ".op", ".save all",
            ".options klu reltol=1e-8", ".control", *loads, "set num_threads=1", ".endc", ".end", ""]  # fmt: skip
    (tmp_path / "own.cir").write_text("\n".join(deck))
    theirs = rc.simulate_netlist(tmp_path / "own.cir")
    assert theirs["v(out)"][0] == pytest.approx(ours["v(out)"][0], rel=1e-7, abs=0)
    assert theirs["v(code)"][0] == ours["code"][0]


def test_a_read_pulse_gives_the_static_product():
    crossbar, _ = differential_array(np.linspace(-1, 1, 8).reshape(4, 2), CELL_1T1R)
    readout = rc.Readout(pairing="differential", hold_capacitance=1e-12, bits=8)
    design, vector = rc.ReadoutArray(crossbar, readout), np.array([0.1, 0.05, 0.08, 0.02])
    moving = rc.simulate(read_pulse_bench(design, vector))
    still = rc.simulate(vector_bench(design, [vector]))
    for k in design.output_numbers:
        # 40 ns after the end of the sample, held; the cells are disturbed by less than 1e-3
        assert moving[f"v(held{k})"][-1] == pytest.approx(still[f"v(out{k})"][0], abs=1e-3)
        assert abs(moving[f"code{k}"][-1] - still[f"code{k}"][0]) <= 1


def test_the_figures_of_a_channel_are_those_of_its_record():
    readout = rc.Readout(gain=1e4, offset=1e-3, noise_density=0.0, feedback_capacitance=100e-15, gain_bandwidth=20e9)
    found = {name: value for name, (value, _) in channel(readout, points=9).figures.items()}
    assert found["transresistance"] == pytest.approx(-1e4 * 1e4 / 10001, rel=1e-6)
    assert found["offset"] == pytest.approx(1e-3, rel=1e-3)
    assert found["input resistance"] == pytest.approx(1e4 / 10001, rel=1e-4)
    assert found["nonlinearity"] < 1e-9
    # a fast amplifier: one pole of Rf and Cf, and thermal noise of Rf and Rs
    pole = 1 / (2 * np.pi * 1e4 * 100e-15)
    assert found["bandwidth"] == pytest.approx(pole, rel=0.03)
    assert found["settling time"] == pytest.approx(np.log(1000) / (2 * np.pi * pole), rel=0.05)
    assert found["noise at 1 kHz"] == pytest.approx(np.sqrt(8 * BOLTZMANN * KELVIN / 1e4), rel=1e-3, abs=0)
    # 100 ns: the idle supply, the source at 0.48 V above the common mode, the common mode that takes what flows
    assert found["energy"] == pytest.approx(100e-9 * (3.3 * 50e-6 + 1.68 * 48e-6), rel=0.05, abs=0)


@pytest.mark.parametrize("farad", [1e-12, 10e-12])
def test_the_noise_that_is_held_is_that_of_kt_over_c(farad):
    """A noiseless amplifier in front (1 ohm, no amplifier noise): the switch alone gives sqrt(kT/C), any resistance."""
    readout = rc.Readout(
        hold_capacitance=farad, noise_density=0.0, feedback_resistance=1.0, feedback_capacitance=0.0,
        source_resistance=1e9, switch_resistance=2e3,
    )  # fmt: skip
    stimuli = {"in": rc.Constant(1.2), "sample": rc.Constant(3.3)}
    spectrum = rc.simulate(rc.Testbench(readout, rc.Noise("held", "in", 1.0, 1e12, 20), stimuli))
    total = integrated_noise(spectrum.axis, spectrum["onoise"])
    assert total == pytest.approx(np.sqrt(BOLTZMANN * KELVIN / farad), rel=0.01, abs=0)


@pytest.mark.parametrize(("level", "gain"), [(3.3, 1.0), (0.0, 0.0)])
def test_small_signals_see_the_sampling_switch_as_its_control_says(level, gain):
    """ngspice itself takes switches as open in .ac: the held node would be silent with the switch closed, too."""
    readout = rc.Readout(hold_capacitance=1e-12)
    bench = rc.Testbench(readout, rc.Ac("in", 1e3, 1e4, 2), {"in": rc.Constant(1.3), "sample": rc.Constant(level)})
    waves = rc.simulate(bench)
    assert np.abs(waves["v(held)"][0] / waves["v(out)"][0]) == pytest.approx(gain, abs=1e-3)


def test_noise_at_a_design_without_outputs_is_refused_by_name():
    network = rc.Perceptron(CELL_1T1R, 2, 1)
    with pytest.raises(rc.RramcircError, match="output: unknown node 'out'"):
        rc.Testbench(network, rc.Noise("out", "pre0", 1.0, 1e3))


@pytest.mark.parametrize(("kind", "supply"), [("tia", 50e-6), ("virtual_ground", 98e-6)])
def test_the_energy_of_a_read_is_that_of_supply_and_input_also_with_a_slow_amplifier(kind, supply):
    """100 ns at half scale, 48 uA: the supply, and the source at 1.68 V; the pole's charge costs nothing."""
    figures = channel(rc.Readout(kind), points=5).figures
    assert figures["energy"][0] == pytest.approx(100e-9 * (3.3 * supply + 1.68 * 48e-6), rel=0.01, abs=0)


def test_the_study_of_an_array_finds_the_readout_better_than_the_array():
    found = {name: value for name, (value, _) in array_read(size=8, vectors=4).figures.items()}
    assert found["largest error against the array engine"] < 2e-3
    assert found["largest error against the ideal product"] > 3e-3
    assert found["largest code error"] <= 1
    assert 0.9 < found["gain"] < 1
    assert found["energy per product"] == pytest.approx(32 * found["energy per multiplication"], rel=1e-12)


def test_the_committed_netlist_is_the_default_one():
    committed = Path(__file__).resolve().parents[2] / "netlists" / "readout.cir"
    assert rc.build_netlist(default_bench("readout", Request())).text == committed.read_text()
