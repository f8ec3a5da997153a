"""Readout records, vector sweeps and noise analyses: what is refused, by name, before a simulator starts."""

from __future__ import annotations

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.basics.errors import NetlistError, ParameterError
from rramcirc.circuits.readout.bench import differential_array, outputs_of_currents, products, vector_bench

CELL_1T1R, CELL_1R = rc.Cell("hfo2_filament", "nmos_select"), rc.Cell("hfo2_filament")


def array(rows=2, columns=4, cell=CELL_1T1R, **fields):
    return rc.Crossbar(cell, rows, columns, source_line="row", **fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "opamp"}, ["Readout.kind", "tia"]),
        ({"pairing": "triple"}, ["Readout.pairing", "differential"]),
        ({"feedback_resistance": -1e4}, ["Readout.feedback_resistance", "positive"]),
        ({"feedback_resistance": 0.0}, ["Readout.feedback_resistance"]),
        ({"source_resistance": -1.0}, ["Readout.source_resistance"]),
        ({"feedback_capacitance": -1e-15}, ["Readout.feedback_capacitance"]),
        ({"gain": float("nan")}, ["Readout.gain"]),
        ({"gain_bandwidth": 0.0}, ["Readout.gain_bandwidth"]),
        ({"noise_density": -1e-9}, ["Readout.noise_density"]),
        ({"supply": 0.0}, ["Readout.supply"]),
        ({"common_mode": 3.4}, ["Readout.common_mode", "supply of 3.3 V"]),
        ({"offset": 2.5}, ["Readout.offset", "3.7 V", "supply"]),
        ({"offset": -1.3}, ["Readout.offset", "supply"]),
        ({"bits": 17}, ["Readout.bits", "0 ... 16"]),
        ({"bits": -1}, ["Readout.bits"]),
        ({"bits": 2.5}, ["Readout.bits"]),
        ({"hold_capacitance": -1e-12}, ["Readout.hold_capacitance"]),
        ({"sense_threshold": "much"}, ["Readout.sense_threshold"]),
        ({"reference_columns": (1,)}, ["reference_columns", "pairing"]),
        ({"reference_columns": (1, 1), "pairing": "reference"}, ["twice"]),
        ({"reference_columns": "01", "pairing": "reference"}, ["reference_columns"]),
        ({"kind": "mirror", "pairing": "reference"}, ["mirror", "reference"]),
        ({"nmos": "pmos_select"}, ["Readout.nmos", "nmos_ekv", "pmos_select"]),
        ({"pmos": "no_such_card"}, ["Readout.pmos", "no_such_card"]),
    ],
)
def test_a_readout_that_cannot_be_is_refused_by_name(fields, words):
    with pytest.raises(ParameterError) as refused:
        rc.Readout(**fields)
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("crossbar", "fields", "words"),
    [
        (None, {}, ["ReadoutArray.array"]),
        (array(), {"readout": "tia"}, ["ReadoutArray.readout"]),
        (array(), {"line": "wl"}, ["'wl'", "bl, sl", "gates"]),
        (array(cell=CELL_1R), {"line": "sl"}, ["'sl'", "no SL"]),
        (array(2, 3), {"readout": rc.Readout(pairing="differential")}, ["bl2", "unconnected", "even"]),
        (array(), {"readout": rc.Readout(pairing="reference")}, ["reference_columns"]),
        (array(), {"readout": rc.Readout(pairing="reference", reference_columns=(4,))}, ["4", "0 ... 3"]),
        (array(), {"readout": rc.Readout(pairing="reference", reference_columns=(0, 1, 2, 3))}, ["not all"]),
        (array(), {"offsets": [0.0, 0.0]}, ["ReadoutArray.offsets", "4 offsets"]),
        (array(), {"offsets": [0.0, 0.0, 2.2, 0.0]}, ["ReadoutArray.offsets", "supply"]),
    ],
)
def test_an_array_that_cannot_be_read_is_refused_by_name(crossbar, fields, words):
    with pytest.raises(ParameterError) as refused:
        rc.ReadoutArray(crossbar, **fields)
    for word in words:
        assert word in str(refused.value)


def test_lines_and_outputs_of_every_pairing():
    single = rc.ReadoutArray(array())
    assert single.read_lines == ("bl0", "bl1", "bl2", "bl3")
    assert single.lines == ("wl0", "wl1", "sl0", "sl1", "bulk")
    assert single.line_kinds == ("wl", "sl")
    assert single.outputs == ("out0", "out1", "out2", "out3")
    assert rc.ReadoutArray(array(), rc.Readout(pairing="differential")).outputs == ("out0", "out1")
    reference = rc.Readout(pairing="reference", reference_columns=(1, 3))
    assert rc.ReadoutArray(array(), reference).outputs == ("out0", "out2")
    assert rc.ReadoutArray(array(), line="sl").read_lines == ("sl0", "sl1")


@pytest.mark.parametrize(
    ("readout", "stimuli", "words"),
    [
        (rc.Readout(), {"bl0": rc.Constant(1.0)}, ["'bl0'", "ends in the readout"]),
        (rc.Readout(), {"bl": rc.Constant(1.0)}, ["'bl'", "ends in the readout"]),
        (rc.Readout(hold_capacitance=1e-12), {}, ["sample", "unconnected"]),
        (rc.Readout(hold_capacitance=1e-12), {"sample": rc.Floating()}, ["sample", "unconnected"]),
        (rc.Readout(), {"sample": rc.Constant(1.0)}, ["sample"]),
    ],
)
def test_lines_that_are_unconnected_or_taken_are_refused_by_name(readout, stimuli, words):
    with pytest.raises(ParameterError) as refused:
        rc.Testbench(rc.ReadoutArray(array(), readout), rc.OperatingPoint(), stimuli)
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        ({}, ["VectorSweep.levels"]),
        ([0.1], ["VectorSweep.levels"]),
        ({"bl0": [0.1, 0.2], "bl1": [0.1]}, ["bl1 has 1", "bl0 2"]),
        ({"bl": [[0.1, 0.2]], "bl1": [0.1]}, ["bl1", "twice"]),
        ({"bl0": [0.1, float("inf")]}, ["bl0", "finite"]),
        ({"bl0": ["high"]}, ["bl0"]),
        ({"bl0": []}, ["bl0"]),
        ({"bl0": 0.1}, ["bl0"]),
        ({0: [0.1]}, ["0"]),
    ],
)
def test_a_vector_sweep_that_cannot_be_is_refused_by_name(levels, words):
    with pytest.raises(ParameterError) as refused:
        rc.VectorSweep(levels)
    for word in words:
        assert word in str(refused.value)


def test_a_vector_sweep_needs_lines_that_are_there_and_free():
    sweep = rc.VectorSweep({"sl": [[0.1, 0.2, 0.3]]})
    with pytest.raises(ParameterError, match="sl2"):
        rc.Testbench(array(), sweep)
    with pytest.raises(ParameterError, match="the VectorSweep drives this line"):
        rc.Testbench(array(), rc.VectorSweep({"sl0": [0.1]}), {"sl0": rc.Constant(0.0)})


def test_a_kind_in_a_vector_sweep_means_its_lines_one_by_one():
    sweep = rc.VectorSweep({"sl": [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], "wl1": [1.0, 2.0, 3.0]})
    assert sweep.lines == ("sl0", "sl1", "wl1")
    assert sweep.vectors == 3
    np.testing.assert_array_equal(sweep.levels["sl1"], [0.2, 0.4, 0.6])


@pytest.mark.parametrize(
    ("analysis", "words"),
    [
        (("nowhere", "sl0", 1.0, 1e6), ["Testbench.analysis.output", "nowhere"]),
        (("out0", "bl0", 1.0, 1e6), ["bl0", "readout"]),
        (("out0", "sl9", 1.0, 1e6), ["sl9"]),
    ],
)
def test_noise_at_or_from_what_is_not_there_is_refused_by_name(analysis, words):
    with pytest.raises(ParameterError) as refused:
        rc.Testbench(rc.ReadoutArray(array()), rc.Noise(*analysis))
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize(("start", "stop", "points"), [(0.0, 1.0, 10), (10.0, 1.0, 10), (1.0, 1.0, 10), (1.0, 10.0, 0)])
def test_a_noise_band_that_cannot_be_is_refused(start, stop, points):
    with pytest.raises(ParameterError, match="Noise"):
        rc.Noise("out", "in", start, stop, points)


def test_noise_has_no_other_signals():
    bench = rc.Testbench(rc.Readout(), rc.Noise("out", "in", 1.0, 1e6), probes=("v(out)",))
    with pytest.raises(ParameterError, match="onoise and inoise"):
        rc.build_netlist(bench)


def test_other_engines_refuse_readouts_by_name():
    bench = rc.Testbench(rc.ReadoutArray(array()), rc.OperatingPoint())
    with pytest.raises(ParameterError, match="ReadoutArray"):
        rc.simulate(bench, "numpy")
    with pytest.raises(NetlistError, match="has no spelling"):
        rc.build_netlist(bench, "vacask")
    sweep = rc.Testbench(array(), rc.VectorSweep({"sl0": [0.1, 0.2]}))
    with pytest.raises(NetlistError, match="VectorSweep"):
        rc.build_netlist(sweep, "vacask")


def test_a_read_bench_comes_back_from_its_file(tmp_path):
    readout = rc.Readout("virtual_ground", pairing="reference", reference_columns=(0, 3), bits=6, sense_threshold=0.0)
    design = rc.ReadoutArray(array(initial_conductance=np.full((2, 4), 2e-5)), readout, offsets=[0, 1e-3, 0, 2e-3])
    assert not design.offsets.flags.writeable
    bench = vector_bench(design, np.linspace(0, 0.1, 6).reshape(3, 2))
    rc.save_bench(bench, tmp_path / "read.toml")
    assert rc.build_netlist(rc.load_bench(tmp_path / "read.toml")).text == rc.build_netlist(bench).text
    noise = rc.Testbench(rc.Readout(kind="mirror"), rc.Noise("out", "in", 1.0, 1e6), {"in": rc.Constant(1.5)})
    rc.save_bench(noise, tmp_path / "noise.toml")
    assert rc.build_netlist(rc.load_bench(tmp_path / "noise.toml")).text == rc.build_netlist(noise).text


def test_perfect_outputs_follow_the_pairing():
    currents = np.array([[1e-6, 3e-6, 7e-6, 5e-6]])
    volts = {
        "single": [1.19, 1.17, 1.13, 1.15],
        "differential": [1.2 - 0.02, 1.2 + 0.02],
        "reference": [1.2 - 0.03, 1.2 + 0.03],
    }
    columns = {"reference": (3, 1)}
    for pairing, expected in volts.items():
        readout = rc.Readout(pairing=pairing, reference_columns=columns.get(pairing, ()))
        found = outputs_of_currents(rc.ReadoutArray(array(), readout), currents)
        np.testing.assert_allclose(found[0], expected, rtol=1e-12)


def test_products_follow_the_read_lines():
    conductance, inputs = np.arange(1.0, 7.0).reshape(2, 3), np.array([[1.0, 10.0]])
    at_bl = rc.ReadoutArray(array(2, 3))
    np.testing.assert_array_equal(products(at_bl, conductance, inputs), [[41.0, 52.0, 63.0]])
    at_sl = rc.ReadoutArray(array(2, 3), line="sl")
    np.testing.assert_array_equal(products(at_sl, conductance, [[1.0, 10.0, 100.0]]), [[321.0, 654.0]])


def test_differential_weights_are_differences_of_conductances():
    weights = np.array([[0.5, -1.0], [0.0, 1.0]])
    crossbar, conductance = differential_array(weights, CELL_1T1R, low=5e-6, high=25e-6)
    np.testing.assert_allclose(conductance[:, 0::2] - conductance[:, 1::2], 20e-6 * weights, rtol=1e-12)
    assert crossbar.shape == (2, 4)
    with pytest.raises(ParameterError, match="between -1 and 1"):
        differential_array([[1.5]], CELL_1T1R)


@pytest.mark.parametrize(
    ("power", "band"), [(0.0, (1.0, 1e3)), (-0.5, (1.0, 1e6)), (-1.0, (10.0, 1e4)), (0.3, (1.0, 1e2))]
)
def test_power_laws_are_integrated_exactly(power, band):
    frequency = np.geomspace(*band, 5)  # a coarse grid is enough
    exponent = 2 * power + 1
    exact = np.log(band[1] / band[0]) if exponent == 0 else (band[1] ** exponent - band[0] ** exponent) / exponent
    assert rc.integrated_noise(frequency, 3e-9 * frequency**power) == pytest.approx(3e-9 * exact**0.5, rel=1e-9, abs=0)


@pytest.mark.parametrize(
    ("frequency", "density"),
    [
        ([1.0], [1.0]),
        ([1.0, 2.0], [1.0]),
        ([0.0, 1.0], [1.0, 1.0]),
        ([2.0, 1.0], [1.0, 1.0]),
        ([1.0, 2.0], [1.0, -1.0]),
    ],
)
def test_spectra_that_cannot_be_are_refused(frequency, density):
    with pytest.raises(ParameterError, match="integrated_noise"):
        rc.integrated_noise(frequency, density)
