"""Inner nodes of Verilog-A modules in the engine numpy: voltage contributions, rates on nodes, units far from a volt.

The right answers of the first group are known: w = 0.1 + integral of V, a conductance of 0.1 mS + 0.9 mS w.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.basics.errors import ModelCompileError, ParameterError, SimulationError
from rramcirc.devices.compiled.devices import CompiledDevices
from rramcirc.devices.compiled.units import node_units
from rramcirc.devices.pulses.response import pulse_response
from rramcirc.engines.array.reduce import eliminate, eliminate_pivoting, reduce_lines
from rramcirc.engines.compare import STATIC_OPTIONS, corners_of, differences

RAMPS = rc.PiecewiseLinear([0.0, 2.0, 5.2, 6.4], [0.0, 2.0, -1.2, 0.0])
AT, RIGHT = (1.0, 2.0, 3.0), (0.640e-3, 3.98e-3, 3.34e-3)  # [s], [A]
HELD = "if ($abstime <= 0.0) f = -V(s);\n I(s) <+ ddt(V(s));\n I(s) <+ -f;"
INTEGRALS = {
    "idt of a voltage contribution": ("rate", "w = 0.1 + idt(V(rate), 0.0);\n V(rate) <+ V(te, be);"),
    "idt of a current contribution": ("rate", "w = 0.1 + idt(V(rate), 0.0);\n I(rate) <+ V(rate) - V(te, be);"),
    "ddt of a voltage contribution": ("rate, s", f"w = 0.1 + V(s);\n V(rate) <+ V(te, be);\n f = V(rate);\n {HELD}"),
    "two nodes, one of them 1e6": (
        "rate, far, s",
        f"w = 0.1 + V(s);\n V(far) <+ 1e6 * V(te, be);\n V(rate, far) <+ V(far);\n f = 0.5e-6 * V(rate);\n {HELD}",
    ),
    "a state of 1e-9": ("rate, s", f"w = 0.1 + 1e9 * V(s);\n V(rate) <+ V(te, be);\n f = 1e-9 * V(rate);\n {HELD}"),
}


def card_of(folder: Path, nodes: str, body: str, name: str = "device", declarations: str = "") -> rc.ModelCard:
    """Write a module and its card."""
    text = (
        f'`include "disciplines.vams"\nmodule {name}(te, be);\n inout te, be;\n electrical te, be, {nodes};\n'
        f"{declarations} real w, f;\n analog begin\n {body}\n end\nendmodule\n"
    )
    (folder / f"{name}.va").write_text(text, encoding="utf-8")
    (folder / f"{name}.toml").write_text(f'name = "{name}"\ntitle = "a test"\nmodule = "{name}.va"\n', encoding="utf-8")
    return rc.load_card(folder / f"{name}.toml")


def gap(bench: rc.Testbench, **options: str) -> float:
    """Return how far numpy and ngspice are apart, relative to the largest of a kind."""
    found = rc.simulate(bench, "numpy"), rc.simulate(bench, "ngspice")
    return differences(*found, corners_of(bench))[0].relative


@pytest.mark.parametrize("engine", ["numpy", "ngspice", "vacask"])
@pytest.mark.parametrize("way", INTEGRALS)
def test_a_state_moves_whatever_carries_its_rate(way, engine, tmp_path):
    nodes, body = INTEGRALS[way]
    card = card_of(tmp_path, nodes, f"{body}\n I(te, be) <+ (1.0e-4 + 9.0e-4 * w) * V(te, be);")
    bench = rc.Testbench(
        rc.Cell(card, None), rc.Transient(6.4, max_step=0.016), {"bl": RAMPS}, options={"vntol": "1e-15"}
    )
    waves = rc.simulate(bench, engine)
    assert np.interp(AT, waves.axis, waves["i(bl)"]) == pytest.approx(RIGHT, rel=2e-3)


@pytest.mark.parametrize("branch", ["te, m", "m, be"])
@pytest.mark.parametrize("element", ["V({}) <+ 1000.0 * I({});", "I({}) <+ V({}) / 1000.0;"])
def test_a_series_element_is_one_by_voltage_or_current(element, branch, tmp_path):
    other = "m, be" if branch == "te, m" else "te, m"
    body = f"w = 0.1 + idt(V({other}), 0.0);\n I({other}) <+ (1.0e-4 + 9.0e-4 * w) * V({other});\n" + element.format(
        branch, branch
    )
    card = card_of(tmp_path, "m", body)
    waves = rc.simulate(rc.Testbench(rc.Cell(card, None), rc.Transient(6.4, max_step=0.016), {"bl": RAMPS}), "numpy")
    assert np.interp(AT, waves.axis, waves["i(bl)"]) == pytest.approx([0.3429e-3, 1.107e-3, 0.6400e-3], rel=1e-3)


def test_a_state_that_is_only_behind_another_state_keeps_its_unit(tmp_path):
    body = "w = 1e-9 * idt(V(te, be), 0.0);\n f = tanh(1e9 * w);\n"
    body += "I(te, be) <+ 1e-4 * (1.1 + tanh(idt(f, 0.0))) * V(te, be);"
    card = card_of(tmp_path, "unused", f"{body}\n I(unused) <+ V(unused);")
    assert gap(rc.Testbench(rc.Cell(card, None), rc.Transient(6.4, max_step=0.016), {"bl": RAMPS})) < 3e-3


def test_a_voltage_between_the_lines_is_refused_by_name(tmp_path):
    card = card_of(tmp_path, "unused", "V(te, be) <+ 0.3;\n I(unused) <+ V(unused);")
    line = rc.Line(0.0, driver_resistance=100.0)
    array = rc.Crossbar(rc.Cell(card, None), 1, 1, bl=line, wl=line)
    for analysis in (rc.OperatingPoint(), rc.Transient(1.0)):
        bench = rc.Testbench(array, analysis, {"bl": rc.Constant(0.5)})
        with pytest.raises(ParameterError, match=r"module device: flow\(te,be\).*holds the terminals.*use ngspice"):
            rc.simulate(bench, "numpy")
        assert rc.simulate(bench, "ngspice")["i(bl0)"][-1] == pytest.approx(1e-3, rel=1e-6)


def test_a_voltage_between_bit_line_and_transistor_is_solved(tmp_path):
    card = card_of(tmp_path, "unused", "V(te, be) <+ 0.3;\n I(unused) <+ V(unused);")
    drive = {"bl": rc.Constant(0.5), "wl": rc.Constant(2.0)}
    sweep = rc.DcSweep("bl", 0.0, 1.0, 11)
    assert gap(rc.Testbench(rc.Cell(card, "nmos_select"), sweep, drive, options=STATIC_OPTIONS)) < 1e-6


def test_equations_that_contradict_one_another_are_said(tmp_path):
    body = "V(p) <+ 1.0;\n V(q, p) <+ 0.5;\n V(q) <+ 2.0;\n I(te, be) <+ 1e-3 * V(te, be) * V(q);"
    card = card_of(tmp_path, "p, q", body)
    with pytest.raises(SimulationError, match=r"module device: flow.*no equation determines it"):
        rc.simulate(rc.Testbench(rc.Cell(card, None), rc.OperatingPoint(), {"bl": rc.Constant(0.5)}), "numpy")


def test_a_state_that_moves_at_rest_behind_an_inner_node_is_refused(tmp_path):
    declarations = (
        ' (* type="instance", desc="start", units="1" *) parameter real x_ini = 0.2;\n'
        ' (* desc="state", units="1" *) real x;\n'
    )
    body = "x = x_ini + V(s);\n V(rate) <+ V(te, be) - x;\n I(s) <+ ddt(V(s));\n I(s) <+ -V(rate);\n"
    card = card_of(tmp_path, "s, rate", f"{body} I(te, be) <+ 1e-4 * x * V(te, be);", declarations=declarations)
    with pytest.raises(ParameterError, match="lets its states move in static analyses"):
        rc.simulate(rc.Testbench(rc.Cell(card, None), rc.OperatingPoint(), {"bl": rc.Constant(0.5)}), "numpy")


STATE = (
    ' (* type="instance", desc="start", units="1" *) parameter real x_ini = 0.2;\n'
    ' (* desc="state", units="1" *) real x;\n'
)
HEATED = (
    "x = x_ini + V(s);\n I(te, be) <+ 1e-4 * (1.0 + tanh(x)) * (1.0 + 0.01 * V(t)) * V(te, be);\n"
    " I(t) <+ V(t) - 30.0 * V(te, be) * V(te, be);\n I(t) <+ ddt(0.02 * V(t));\n"
    f" V(rate) <+ 1e6 * V(te, be) * (1.0 + 0.05 * V(t));\n f = 1e-6 * V(rate);\n {HELD}"
)


def test_pulses_follow_heat_and_rates_on_inner_nodes(tmp_path):
    card = card_of(tmp_path, "s, t, rate", HEATED, declarations=STATE)
    times, volts = np.array([0.0, 0.01, 0.02, 0.03, 0.1, 0.11, 0.12]), np.array([0.0, 1.0, 1.0, 0.0, 0.0, -0.5, -0.5])
    found = pulse_response(card, times[None], volts[None], {"x": 0.2})
    drive = {"bl": rc.PiecewiseLinear(times, volts)}
    waves = rc.simulate(rc.Testbench(rc.Cell(card, None), rc.Transient(0.12, max_step=2e-5), drive), "ngspice")
    assert found.states["x"][0] == pytest.approx(np.interp(times, waves.axis, waves["x"]), abs=1e-5)
    expected = np.interp(times, waves.axis, waves["i(bl)"])
    assert found.current[0] == pytest.approx(expected, abs=1e-5 * np.abs(expected).max())


def test_pulses_refuse_capacitances_that_a_jump_would_charge(tmp_path):
    card = card_of(tmp_path, "s, t, rate", f"{HEATED}\n I(te, t) <+ ddt(1e-3 * V(te, t));", declarations=STATE)
    with pytest.raises(ModelCompileError, match=r"couples inner nodes to terminals.*\(s, t\)"):
        pulse_response(card, [[0.0, 1.0]], [[0.5, 0.5]], {"x": 0.2})


@pytest.mark.parametrize("name", [name for name in rc.card_names() if rc.load_card(name).declaration])
def test_nodes_of_the_library_have_the_unit_1(name):
    assert np.all(node_units(CompiledDevices(rc.load_card(name), 1)) == 1.0)


def test_a_sweep_through_zero_volts_ends():
    array = rc.Crossbar(rc.Cell("hp_tio2_drift", None), 3, 3, bl=rc.Line(2.0), wl=rc.Line(2.0))
    sweep = rc.DcSweep("bl1", -1.0, 1.0, 7)
    waves = rc.simulate(rc.Testbench(array, sweep, {"bl1": rc.Constant(0.0)}), "numpy")
    assert abs(waves["i(bl1)"][3]) < 1e-15


def test_both_eliminations_solve_the_same_equations():
    rng = np.random.default_rng(3)
    ports, inner = 2, 3
    for trial in range(50):
        full = rng.normal(size=(5, 5)) * 10.0 ** rng.uniform(-9, 9, (5, 1)) * 10.0 ** rng.uniform(-9, 9, (1, 5))
        if trial % 2:
            full[[2, 3, 4], [2, 3, 4]] = 0.0  # as the currents of voltage contributions
        vector = np.abs(full).max(axis=1) * rng.normal(size=5)
        block = full[2:, 2:]
        size = np.abs(block).max(axis=1)
        answer = -np.linalg.solve(block / size[:, None], vector[2:] / size)
        results = [np.zeros((1, 2)), np.zeros((1, 2, 2)), np.zeros((1, inner)), np.zeros((1, inner, 5))]
        frozen = np.zeros(5, bool)
        assert eliminate_pivoting(0, full.copy(), vector.copy(), frozen, ports, *results) == -1
        assert -results[2][0] == pytest.approx(answer, rel=1e-6)
        matrix, currents, good = full[..., None].copy(), vector[:, None].copy(), np.zeros(1, bool)
        eliminate.py_func(matrix, currents, frozen, ports, np.zeros((inner, 1)), np.zeros((inner, 5, 1)), good)
        if good[0]:
            assert trial % 2 == 0
            scale = np.abs(full[:2]).max(axis=1)
            assert currents[:2, 0] / scale == pytest.approx(results[0][0] / scale, rel=1e-5, abs=1e-5)
        elif trial % 2 == 0:
            continue


@pytest.mark.parametrize("charged", [False, True])
def test_cells_side_by_side_are_eliminated_as_one_alone(charged):
    """70 cells do not fill their rows; of every third, a node does not stand in its own equation."""
    rng, count, ports, inner = np.random.default_rng(5), 70, 2, 3
    nodes = ports + inner
    conductances, capacitances = rng.normal(size=(2, count, nodes, nodes))
    conductances[::3, ports, ports] = capacitances[::3, ports, ports] = 0.0
    capacitances = 1e-15 * capacitances if charged else np.empty((0, 0, 0))
    vectors = rng.normal(size=(5, count, nodes))
    own, frozen = np.zeros(nodes), np.array([False, False, False, False, True])

    def reduced(which: np.ndarray) -> list[np.ndarray]:
        shapes = (ports,), (ports, ports), (inner,), (inner, nodes)
        results = [np.zeros((count, *shape)) for shape in shapes]
        stuck = np.full(count, -7)
        voltages, centres, currents, charges, past = vectors
        reduce_lines(
            which, voltages, centres, currents, charges, conductances, capacitances, own, 1e9, past, frozen, ports,
            *results, stuck,
        )  # fmt: skip
        return [*results, stuck]

    together = reduced(np.arange(count))
    for c in range(count):
        for whole, alone in zip(together, reduced(np.array([c])), strict=True):
            assert np.array_equal(whole[c], alone[c])
            assert not np.array_equal(alone[c], alone[c - 1]) or np.all(alone[c] == -1)  # the others are untouched
    assert np.all(together[-1] == -1)
