"""What large arrays do to save memory changes no result: shared devices, wires without a matrix."""

from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.devices.compiled.devices import CompiledDevices
from rramcirc.engines.array import cells as cells_module
from rramcirc.engines.array import ladders
from rramcirc.engines.array.bench_solver import BenchSolver
from rramcirc.engines.array.engine import run_bench, run_static
from rramcirc.engines.array.passive import solve_passive

CARD = rc.load_card("hfo2_filament")


def small_array(**given) -> rc.Testbench:
    """20 x 21 cells, random states, every wire with resistance."""
    rng, shape, wire = np.random.default_rng(3), (20, 21), rc.Line(2.0)
    states = {"gap": rng.uniform(0.0, 1.0, shape), "diameter": rng.uniform(1.0, 4.0, shape)}
    lines = {"bl": wire, "wl": wire, "sl": replace(wire, end="last")} | given
    array = rc.Crossbar(rc.Cell("hfo2_filament", "nmos_select"), *shape, initial_state=states, **lines)
    return rc.Testbench(
        array, rc.OperatingPoint(), {"bl": rc.Constant(0.1), "wl": rc.Constant(2.0)}, probes=("i(*)", "v(*[3,*])")
    )


def test_devices_that_serve_many_chunks_give_the_same_bits(monkeypatch):
    bench = small_array()
    expected = run_static(bench).values
    monkeypatch.setattr(cells_module, "MOST_KEPT", 10)
    monkeypatch.setattr(cells_module, "FEW", 64)
    assert np.array_equal(run_static(bench).values, expected)


def test_arrays_that_are_made_anew_give_the_same_bits(monkeypatch):
    g, volts = np.random.default_rng(6).uniform(1e-6, 1e-4, (24, 25)), np.linspace(0.0, 0.2, 24)
    given = {"row_resistance": 2.0, "column_resistance": 1.0, "outputs": ("row_currents", "column_nodes")}
    expected = solve_passive(g, volts, 0.05, **given)
    monkeypatch.setattr(ladders, "MOST_KEPT", 10)
    found = solve_passive(g, volts, 0.05, **given)
    assert np.array_equal(found.row_currents, expected.row_currents)
    assert np.array_equal(found.column_nodes, expected.column_nodes)


def test_parameters_that_are_changed_give_the_bits_of_new_devices():
    gaps, points = np.linspace(0.1, 0.9, 7), np.full((7, 5), 0.1)
    devices = CompiledDevices(CARD, 7, {"gap_ini": np.full(7, 0.5)})
    for values in (gaps, np.full(7, 0.3), gaps[::-1]):
        devices.change_parameters({"gap_ini": values})
        found, expected = devices.evaluate(points), CompiledDevices(CARD, 7, {"gap_ini": values}).evaluate(points)
        assert np.array_equal(found.resistive, expected.resistive)
        assert np.array_equal(found.resistive_jacobian, expected.resistive_jacobian)
        assert np.all(devices.parameter("gap_ini") == values)


@pytest.mark.parametrize("given", [{}, {"diameter_ini": 1.0}, {"gap_ini": 0.5, "diameter_ini": 1.0}, None])
def test_only_parameters_that_were_given_can_be_changed(given):
    devices = CompiledDevices(CARD, 2, {"gap_ini": [0.2, 0.4]})
    with pytest.raises(rc.ParameterError, match=r"change_parameters.*gap_ini"):
        devices.change_parameters(given)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"source_line": "column"},
        {"bl": rc.Line(3.0, end="both"), "sl": rc.Line(1.0, driver_resistance=50.0)},
        {"bl": rc.Line(segments=np.random.default_rng(4).uniform(1.0, 5.0, (20, 21)), end="last")},
    ],
)
def test_currents_of_wires_are_those_of_their_matrix(given):
    network = BenchSolver(small_array(**given)).state.network
    assert network.ladders
    voltages, found = np.random.default_rng(5).uniform(-1.0, 1.0, network.total), np.zeros(network.total)
    network.add_wire_currents(voltages, found)
    expected = network.wires @ voltages
    free = network.free
    assert np.max(np.abs(found - expected)[free]) < 1e-14 * np.max(np.abs(expected))
    assert network.stiffest == pytest.approx(network.wires.diagonal()[free].max(), rel=1e-14)


def test_what_is_recorded_late_is_what_is_recorded_from_the_start():
    array = rc.Crossbar(rc.Cell("hfo2_filament", "nmos_select"), 2, 2)
    stimuli = {"bl0": rc.Pulse(1.5, 5e-8, delay=1e-8), "wl0": rc.Constant(1.5)}
    bench = rc.Testbench(array, rc.Transient(1e-7), stimuli, probes=("gap[0,*]", "i(bl0)"))
    whole, late = run_bench(bench), run_bench(replace(bench, analysis=rc.Transient(1e-7, record_from=4e-8)))
    assert 0 < len(late.axis) < len(whole.axis)
    assert late.axis[0] >= 4e-8
    assert np.array_equal(late.table, whole.table[whole.axis >= 4e-8])
