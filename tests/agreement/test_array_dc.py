"""The engine numpy against ngspice: the same testbench, the same compiled models, static analyses.

Both solve the same equations, so with referee options they agree to rounding times the condition of the circuit:
measured 1e-11 of the largest value of a kind. The bound of 1e-6 is what users are promised; tests hold it at 1e-9.
"""

from __future__ import annotations

import numpy as np
import pytest
from array_data import ALL_1R, ALL_1T1R, CELL_1R, CELL_1T1R, REFEREE, assert_agree, crossbar, read_stimuli

import rramcirc as rc
from rramcirc.basics.errors import ParameterError
from rramcirc.engines.array import cells
from rramcirc.engines.array.engine import run_static


@pytest.mark.parametrize("shape", [(2, 3), (8, 8)])
@pytest.mark.parametrize("source_line", ["column", "row"])
@pytest.mark.parametrize("wires", [True, False])
def test_1t1r_array_agrees_with_ngspice(shape, source_line, wires):
    array = crossbar(CELL_1T1R, *shape, wires, source_line=source_line)
    bench = rc.Testbench(array, rc.OperatingPoint(), read_stimuli(array), options=REFEREE, probes=ALL_1T1R)
    assert_agree(bench)


@pytest.mark.parametrize("shape", [(2, 3), (8, 8)])
@pytest.mark.parametrize("wires", [True, False])
def test_1r_array_agrees_with_ngspice(shape, wires):
    array = crossbar(CELL_1R, *shape, wires)
    bench = rc.Testbench(array, rc.OperatingPoint(), read_stimuli(array), options=REFEREE, probes=ALL_1R)
    assert_agree(bench)


@pytest.mark.parametrize(("cell", "source_line"), [(CELL_1T1R, "row"), (CELL_1T1R, "column"), (CELL_1R, "column")])
def test_32_x_32_array_agrees_with_ngspice(cell, source_line):
    wire = rc.Line(2.0)
    array = crossbar(cell, 32, 32, source_line=source_line, bl=rc.Line(3.0), wl=wire, sl=rc.Line(2.0, end="last"))
    probes = ("v(*)", "i(*)", "current[*,3]", "v(bl[*,*])") + (("v(be[*,*])",) if cell.selector else ())
    assert_agree(rc.Testbench(array, rc.OperatingPoint(), read_stimuli(array), options=REFEREE, probes=probes))


def test_devices_that_are_made_anew_for_each_use_give_the_same_bits(monkeypatch):
    array = crossbar(CELL_1T1R, 24, 24)
    bench = rc.Testbench(array, rc.OperatingPoint(), read_stimuli(array), probes=("i(*)", "current[*,*]"))
    kept = run_static(bench).values
    monkeypatch.setattr(cells, "CHUNK", 100)
    monkeypatch.setattr(cells, "MOST_KEPT", 0)
    anew = run_static(bench).values
    assert np.abs(kept).max() > 1e-6
    np.testing.assert_array_equal(anew, kept)


@pytest.mark.parametrize("end", ["first", "last", "both"])
def test_every_end_of_lines_agrees(end):
    lines = {kind: rc.Line(4.0, driver_resistance=50.0, end=end) for kind in ("bl", "sl")}
    array = crossbar(CELL_1T1R, 3, 4, source_line="row", **lines)
    bench = rc.Testbench(array, rc.OperatingPoint(), read_stimuli(array), options=REFEREE, probes=ALL_1T1R)
    assert_agree(bench)


@pytest.mark.parametrize("source_line", ["column", "row"])
def test_floating_lines_and_current_sources_agree(source_line):
    array = crossbar(CELL_1T1R, 4, 3, source_line=source_line)
    stimuli = {"wl": rc.Constant(1.2), "bl": rc.Constant(0.3), "sl1": rc.Floating(), "bl0": rc.Constant(1e-6, "A")}
    bench = rc.Testbench(array, rc.OperatingPoint(), stimuli, options=REFEREE, probes=ALL_1T1R)
    assert_agree(bench)


@pytest.mark.parametrize("cell", [CELL_1T1R, CELL_1R], ids=["1t1r", "1r"])
def test_sweep_of_one_cell_agrees(cell):
    stimuli = {"wl": rc.Constant(1.4)} if cell.selector else {}
    assert_agree(rc.Testbench(cell, rc.DcSweep("bl", -0.5, 2.0, 26), stimuli, options=REFEREE))


def test_sweep_of_a_gate_line_agrees():
    array = crossbar(CELL_1T1R, 3, 3, source_line="row")
    stimuli = {"bl": rc.Constant(0.4), "wl": rc.Constant(1.0)}
    assert_agree(rc.Testbench(array, rc.DcSweep("wl1", 0.0, 3.0, 7), stimuli, options=REFEREE, probes=ALL_1T1R))


def test_temperature_and_cycle_noise_agree():
    array = crossbar(CELL_1T1R, 2, 3)
    noise = rc.CycleNoise([0.0], seed=3)
    bench = rc.Testbench(
        array, rc.OperatingPoint(), read_stimuli(array), temperature=350.0, options=REFEREE, cycle_noise=noise
    )
    assert_agree(bench)


def test_the_iterative_step_gives_what_the_factorisation_gives(monkeypatch):
    array = crossbar(CELL_1T1R, 24, 20, source_line="row", bl=rc.Line(2.0), wl=rc.Line(2.0))
    bench = rc.Testbench(array, rc.OperatingPoint(), read_stimuli(array), probes=("i(*)",))
    iterative = run_static(bench)
    monkeypatch.setattr("rramcirc.engines.array.line_solvers.FEWEST_CELLS", 10**9)
    direct = run_static(bench)
    np.testing.assert_allclose(iterative.values, direct.values, rtol=0, atol=1e-11 * np.max(np.abs(direct.values)))
    assert max(iterative.residual, direct.residual) < 1e-9


def test_cells_in_several_chunks_give_the_same(monkeypatch):
    array = crossbar(CELL_1T1R, 5, 6)
    bench = rc.Testbench(array, rc.OperatingPoint(), read_stimuli(array), probes=ALL_1T1R)
    whole = run_static(bench)
    monkeypatch.setattr("rramcirc.engines.array.cells.CHUNK", 7)
    np.testing.assert_array_equal(run_static(bench).values, whole.values)


def test_a_run_folder_can_be_read_again(tmp_path):
    array = crossbar(CELL_1T1R, 2, 3)
    bench = rc.Testbench(array, rc.OperatingPoint(), read_stimuli(array))
    waves = rc.simulate(bench, "numpy", output=tmp_path / "run")
    again = rc.load_run(tmp_path / "run")
    assert again.names == waves.names
    assert again.units == waves.units
    assert again["i(bl1)"][0] == waves["i(bl1)"][0]
    assert waves.provenance["kcl_residual"] < 1e-9


@pytest.mark.parametrize(
    ("cell", "analysis", "words"),
    [
        (CELL_1T1R, rc.Ac("bl", 1.0, 1e6), ["numpy", "Ac"]),
        (rc.Cell("hfo2_filament", "nmos_level1"), rc.OperatingPoint(), ["nmos_level1", "nmos_select"]),
    ],
)
def test_what_the_engine_cannot_do_is_refused_by_name(cell, analysis, words):
    with pytest.raises(ParameterError) as refused:
        rc.simulate(rc.Testbench(cell, analysis), "numpy")
    for word in words:
        assert word in str(refused.value)
