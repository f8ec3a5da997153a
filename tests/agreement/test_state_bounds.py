"""States and their bounds: declared once in the Verilog-A file, returned to from far outside in every engine."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.devices.cards.card import card_names
from rramcirc.devices.veriloga.library import find_module, library

BOUNDED = sorted(name for name in card_names() if rc.load_card(name).states and name != "plastic_zoppo2019")
AWAY = 10.0  # ranges
RETURN_TIME = 1e-6  # [s]; the headers of the models state it


def far_card(name: str, folder: Path) -> rc.ModelCard:
    """Return a card whose model takes any initial state."""
    card = rc.load_card(name)
    assert card.declaration is not None
    text, changed = re.subn(
        r"(parameter real \w+_ini = [^;]*?) from [\[(][^;]*;", r"\1;", card.declaration.path.read_text()
    )
    assert changed == len(card.states)
    source = folder / card.declaration.path.name
    source.write_text(text)
    module = find_module(source)
    return replace(card, declaration=module, module=module.name)


@pytest.mark.parametrize("module", [n for n in library() if n.startswith("rram_")])
def test_every_state_of_the_library_declares_its_bounds(module):
    declared = find_module(module)
    for state in declared.states:
        bounds = declared.bounds(state, declared.defaults)
        assert bounds is not None, f"{module}: {state} says no lower and upper bound"
        assert bounds[0] < bounds[1]


@pytest.mark.parametrize("name", BOUNDED)
def test_card_puts_its_states_inside_their_bounds(name):
    card = rc.load_card(name)
    for state, bounds in card.state_bounds().items():
        assert bounds is not None
        low, high = bounds
        start = float(card.value(f"{state}_ini"))
        assert low - 1e-12 <= start <= high + 1e-12, f"{state}_ini = {start} is outside {low} ... {high}"


def test_bounds_of_every_device_follow_its_own_parameters():
    card = rc.load_card("tiox_fouda2020")
    (bounds,) = card.state_bounds({"g_max_factor": np.array([[1.0, 2.0]])}).values()
    assert bounds is not None
    np.testing.assert_allclose(bounds[1], float(card.value("g_max")) * np.array([[1.0, 2.0]]))
    assert np.ndim(bounds[0]) == 0


def test_a_file_that_says_no_bounds_has_unknown_ones(tmp_path):
    source = tmp_path / "plain.va"
    text = find_module("rram_gap").path.read_text().replace(', lower="gap_min", upper="gap_max"', "")
    source.write_text(text.replace("rram_gap(", "rram_plain("))
    module = find_module(source)
    assert module.bounds("gap", module.defaults) is None


@pytest.mark.parametrize("engine", ["ngspice", "numpy", "vacask"])
@pytest.mark.parametrize("side", [-1, 1], ids=["below", "above"])
@pytest.mark.parametrize("name", BOUNDED)
def test_state_returns_from_far_outside_within_a_microsecond(name, side, engine, tmp_path):
    """Whether nothing drives it, or a voltage pushes it outwards."""
    card = far_card(name, tmp_path)
    start = {}
    for state, bounds in card.state_bounds().items():
        assert bounds is not None
        low, high = bounds
        start[state] = low - AWAY * (high - low) if side < 0 else high + AWAY * (high - low)
    cell = rc.Cell(card, initial_state=start)
    for volt in (0.0, 0.5, -0.5):
        bench = rc.Testbench(cell, rc.Transient(RETURN_TIME, max_step=RETURN_TIME / 50), {"bl": rc.Constant(volt)})
        waves = rc.simulate(bench, engine)
        for state, bounds in card.state_bounds().items():
            low, high = bounds
            margin = 0.01 * (high - low)
            assert waves[state][0] == pytest.approx(start[state], rel=1e-6)
            assert low - margin <= waves[state][-1] <= high + margin, f"{state} at {volt} V"


@pytest.mark.parametrize("name", BOUNDED)
def test_inside_its_bounds_and_on_them_nothing_returns(name):
    """A state that nothing drives rests exactly where it is."""
    card = rc.load_card(name)
    for place in (0.0, 0.5, 1.0):
        start = {}
        for state, bounds in card.state_bounds().items():
            assert bounds is not None
            low, high = bounds
            start[state] = low + place * (high - low)
        bench = rc.Testbench(rc.Cell(card, initial_state=start), rc.Transient(1e-3), {"bl": rc.Constant(0.0)})
        waves = rc.simulate(bench)
        for state, value in start.items():
            np.testing.assert_allclose(waves[state], value, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("engine", ["ngspice", "vacask", "numpy"])
def test_a_cell_that_is_driven_at_once_stops_where_its_voltage_no_longer_moves_it(engine):
    """The driver's resistance takes the voltage off the cell: i = (1 V - 0.52 V)/300 ohm at the end.

    Right by the two other engines and by ngspice with steps of 1 us; at its own first step ngspice said 2.857 mA.
    """
    array = rc.Crossbar(rc.Cell("vteam_kvatinsky2015"), 1, 1, wl=rc.Line(driver_resistance=300.0))
    waves = rc.simulate(rc.Testbench(array, rc.Transient(10e-3), {"bl0": rc.Constant(1.0)}), engine)
    assert waves["i(bl0)"][-1] == pytest.approx(1.596e-3, rel=1e-3)
    assert waves["w[0,0]"][-1] == pytest.approx(0.945, abs=2e-3)
    assert waves["w[0,0]"].min() >= -0.01


@pytest.mark.parametrize("stop", [1e-6, 1e-3, 1.0])
@pytest.mark.parametrize("name", BOUNDED)
def test_default_deck_follows_states_that_are_driven_at_once_behind_a_resistance(name, stop):
    card = rc.load_card(name)
    sweep = card.butterfly
    start, span = {}, {}
    for state, bounds in card.state_bounds().items():
        low, high = bounds
        start[state], span[state] = 0.5 * (low + high), high - low
    for volt in (1.3 * sweep.set_voltage, -1.3 * sweep.reset_voltage):
        array = rc.Crossbar(rc.Cell(card, initial_state=start), 1, 1, wl=rc.Line(driver_resistance=300.0))
        # 3 nm in 3 ps, followed for a second: at stop / 50 ngspice ends with an error (next test)
        longest = 1e-3 if (name, stop) == ("vteam_technion", 1.0) else None
        bench = rc.Testbench(array, rc.Transient(stop, max_step=longest), {"bl0": rc.Constant(volt)})
        spice, fast = rc.simulate(bench), rc.simulate(bench, "numpy")
        for state, whole in span.items():
            ends = spice[f"{state}[0,0]"][-1], fast[f"{state}[0,0]"][-1]
            assert ends[0] == pytest.approx(ends[1], abs=1e-3 * whole), f"{state} at {volt} V"


def test_a_device_too_fast_for_the_largest_step_is_a_failure_with_its_cure():
    cell = rc.Cell("vteam_technion", initial_state={"w": 1.5})
    array = rc.Crossbar(cell, 1, 1, wl=rc.Line(driver_resistance=300.0))
    bench = rc.Testbench(array, rc.Transient(1.0), {"bl0": rc.Constant(1.3)})
    with pytest.raises(rc.SimulationError, match=r"no step below 200 fs.*set analysis\.max_step"):
        rc.simulate(bench)


def test_states_at_rest_at_the_start_cost_no_points():
    array = rc.Crossbar(rc.Cell("hfo2_filament", "nmos_select"), 2, 2)
    gates = {"wl": rc.Constant(2.0)}

    def print_step(stimuli: dict[str, rc.Constant | rc.Pulse]) -> float:
        text = rc.build_netlist(rc.Testbench(array, rc.Transient(100e-9), stimuli)).text
        return float(re.findall(r"^\.tran (\S+)", text, re.MULTILINE)[0])

    assert print_step(gates | {"bl": rc.Pulse(0.2, 80e-9, delay=5e-9)}) == pytest.approx(2e-9)
    assert print_step(gates | {"bl": rc.Constant(0.2)}) == pytest.approx(1e-12)
    assert print_step(gates | {"bl": rc.Constant(1.6), "sl": rc.Constant(1.6)}) == pytest.approx(2e-9)


LOOSE = """`include "constants.vams"
`include "disciplines.vams"
module rram_loose(te, be);
    inout te, be;
    electrical te, be;
    electrical w_s;
    (* type="instance", desc="width at the start", units="nm" *) parameter real w_ini = 5.0 from [-1e6:1e6];
    (* desc="speed", units="nm/(V s)" *) parameter real speed = 1e6 from (0:1e12];
    (* desc="width", units="nm", lower="0", upper="10" *) real w;
    (* desc="current te to be", units="A" *) real current;
    real f;
    analog begin
        w = w_ini + V(w_s);
        current = 1.0e-4 * V(te, be);
        f = speed * V(te, be);
        if ($abstime <= 0.0)
            f = -V(w_s);
        I(w_s) <+ ddt(V(w_s));
        I(w_s) <+ -f;
        I(te, be) <+ current;
    end
endmodule
"""


@pytest.fixture
def loose(tmp_path: Path) -> rc.ModelCard:
    """A device that declares bounds and does not hold them."""
    (tmp_path / "rram_loose.va").write_text(LOOSE)
    (tmp_path / "loose.toml").write_text('name = "loose"\ntitle = "no window"\nmodule = "rram_loose.va"\n')
    return rc.load_card(tmp_path / "loose.toml")


@pytest.mark.parametrize("engine", ["ngspice", "numpy"])
@pytest.mark.parametrize("probes", [(), ("i(bl*)",)], ids=["recorded", "not recorded"])
@pytest.mark.parametrize(("rows", "columns"), [(2, 3), (18, 18)], ids=["saved one by one", "saved all"])
def test_a_state_outside_its_bounds_fails_the_run_recorded_or_not(loose, rows, columns, probes, engine, tmp_path):
    array = rc.Crossbar(rc.Cell(loose), rows, columns)
    bench = rc.Testbench(array, rc.Transient(10e-6), {"bl1": rc.Constant(0.9)}, probes=probes)
    said = (
        r"w of xcell_\d+_1 left its bounds 0 \.\.\. 10 nm: 14 nm at 1e-05 s \(and \d+ devices more\).*(max_step|reltol)"
    )
    with pytest.raises(rc.SimulationError, match=said):
        rc.simulate(bench, engine, output=tmp_path / "run")
    waves = rc.load_run(tmp_path / "run")  # what was computed is there, without what was saved for the check
    wanted = {"i(bl0)", "i(bl1)"} if probes else {"w[0,0]"}
    assert wanted <= set(waves.names) or (rows == 18 and not probes)
    assert not any("#" in name for name in waves.names)
    with pytest.raises(rc.SimulationError, match="left its bounds"):
        rc.simulate(replace(bench, stimuli={"bl1": rc.Constant(-0.9)}), engine)
    assert rc.simulate(replace(bench, stimuli={"bl1": rc.Constant(0.3)}), engine).complete


def test_a_device_too_fast_for_the_usual_tolerances_runs_with_coarser_ones_and_says_so():
    """3 nm in 3 ps, followed for 50 ms: ngspice takes no step below 10 fs there."""
    array = rc.Crossbar(rc.Cell("vteam_kvatinsky2015"), 1, 1, wl=rc.Line(driver_resistance=300.0))
    bench = rc.Testbench(array, rc.Transient(1.0), {"bl0": rc.Constant(1.3)})
    waves = rc.simulate(bench)
    (told,) = (text for text in waves.provenance["remarks"] if "no step short enough" in text)
    assert "reltol=1e-4" in told
    assert waves["w[0,0]"][-1] == pytest.approx(rc.simulate(bench, "numpy")["w[0,0]"][-1], abs=1e-2)


def test_differences_are_measured_by_the_range_of_a_device_without_cycle_spread():
    card = rc.load_card("hfo2_filament")
    assert card.state_ranges()["gap"] == (0.0, card.value("gap_max"))
    assert card.state_bounds()["gap"][1] > 1.5 * card.value("gap_max")
