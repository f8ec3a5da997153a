"""Live transients: what is seen, what is driven, how they stop, and what happens when they fail."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.engines.pyspice.live import find_library, run_live
from rramcirc.waveforms.raw import read_raw

CELL = rc.Cell("hfo2_filament", "nmos_select")
RAMP = rc.PiecewiseLinear([0.0, 1e-6, 1.5e-6, 2e-6], [0.0, 2.0, 2.0, 0.0])
COMPLIANCE = 50e-6  # [A]


@pytest.fixture(autouse=True)
def _failed_runs_are_kept_in_the_test_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def bench(bl=RAMP, max_step=1e-8, **options):
    stimuli = {"bl": bl, "wl": rc.Constant(1.5)}
    return rc.Testbench(CELL, rc.Transient(2e-6, max_step), stimuli, options={"reltol": 1e-6} | options)


def child_of_this_process() -> int:
    return int(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()[-1])


def kept_folder(error: pytest.ExceptionInfo) -> Path:
    return Path(re.search(r"Netlist: (\S+)/netlist\.cir", str(error.value))[1])


def test_live_run_equals_the_batch_run():
    live, batch = run_live(bench()), rc.simulate(bench())
    assert live.names == batch.names
    assert live.units == batch.units
    assert live.complete
    for name in batch.names:  # the same deck and the same code of ngspice
        assert np.array_equal(live[name], batch[name])


def test_every_accepted_point_is_shown_once():
    seen = []
    waves = run_live(bench(), watch=["gap", "i(bl)"], on_point=lambda time, values: seen.append((time, values)))
    assert np.array_equal([time for time, _ in seen], waves.time)
    assert [values["i(bl)"] for _, values in seen] == waves["i(bl)"].tolist()
    assert seen[0][1].keys() == {"gap", "i(bl)"}


def test_a_netlist_without_signals_shows_all_vectors():
    text = "divider\nva a 0 1\nr1 a b 1k\nr2 b 0 1k\n.tran 1n 10n\n.end\n"
    seen = []
    waves = run_live(
        rc.Netlist(text, (), (), "divider", "tran", 1e-8), on_point=lambda time, values: seen.append(values)
    )
    assert seen[-1] == pytest.approx({"v(a)": 1.0, "v(b)": 0.5, "i(va)": -0.5e-3})
    assert waves.units == {"v(a)": "V", "v(b)": "V", "i(va)": "A"}


def test_stops_when_the_current_exceeds_compliance():
    waves = run_live(bench(), watch=["i(bl)"], stop_when=lambda time, values: values["i(bl)"] > COMPLIANCE)
    current = waves["i(bl)"]
    assert current[-1] > COMPLIANCE
    assert np.all(current[:-1] <= COMPLIANCE)
    assert not waves.complete
    assert waves.provenance["status"] == "stopped by condition"
    assert "stopped by condition at" in waves.stopped
    whole = rc.simulate(bench())
    assert np.array_equal(current, whole["i(bl)"][: waves.n_points])


def test_source_driven_from_python_equals_the_pwl_run():
    """Steps differ at the corners, which ngspice knows only of a PWL source; max_step bounds what that moves."""
    times, levels = RAMP.corners()
    asked = []

    def drive(time):
        asked.append(time)
        return np.interp(time, times, levels)

    waves = run_live(bench(bl=rc.Constant(0.7)), drive={"bl": drive})
    reference = rc.simulate(bench())
    grid = np.linspace(0.0, 2e-6, 1001)
    current = np.interp(grid, reference.time, reference["i(bl)"])
    assert np.interp(grid, waves.time, waves["i(bl)"]) == pytest.approx(current, abs=2e-3 * current.max())
    assert waves["diameter"][-1] == pytest.approx(reference["diameter"][-1], abs=1e-3)
    assert waves["v(bl)"] == pytest.approx(np.interp(waves.time, times, levels), abs=1e-12)
    assert len(asked) < 1.5 * waves.n_points, "one question per time, not per Newton iteration"


@pytest.mark.parametrize("unit", ["V", "A"])
def test_driven_level_at_zero_time_is_the_operating_point(unit):
    """ngspice adds a source's own dc value to the external one; it must be counted once."""
    level = {"V": 0.2, "A": 1e-6}[unit]
    driven = run_live(bench(bl=rc.Constant(0.0, unit)), drive={"bl": lambda time: level})
    constant = rc.simulate(bench(bl=rc.Constant(level, unit)))
    for k in (0, -1):
        assert driven["v(bl)"][k] == pytest.approx(constant["v(bl)"][k], rel=1e-6)


def test_two_lines_are_driven_by_their_own_functions():
    waves = run_live(bench(), drive={"wl": lambda time: 1.0 + 1e5 * time, "bl": lambda time: 1e5 * time})
    assert waves["v(wl)"] == pytest.approx(1.0 + 1e5 * waves.time, abs=1e-12)
    assert waves["v(bl)"] == pytest.approx(1e5 * waves.time, abs=1e-12)


def test_a_function_can_act_on_what_it_saw():
    """Compliance in Python: the driver holds the voltage it has when the current first reaches the limit."""
    held = []

    def watch(time, values):
        if not held and values["i(bl)"] > COMPLIANCE:
            held.append(values["v(bl)"])

    waves = run_live(bench(), on_point=watch, drive={"bl": lambda time: held[0] if held else 2e6 * time})
    assert waves["v(bl)"].max() == held[0] < 2.0
    assert waves["v(bl)"][-1] == held[0]


def test_crash_of_the_child_is_one_paragraph_and_keeps_what_was_computed():
    def crash(time, values):
        if time > 1e-7:
            os.kill(child_of_this_process(), signal.SIGSEGV)

    with pytest.raises(rc.SimulationError, match="ended with signal 11") as error:
        run_live(bench(), stop_when=crash)
    assert "\n" not in str(error.value)
    folder = kept_folder(error)
    plot = read_raw(folder / "waves.raw")[0]
    assert plot.n_points > 1
    assert not plot.complete
    assert {file.name for file in folder.iterdir()} >= {"netlist.cir", "ngspice.log", "rram_filament.osdi"}


def test_time_limit_ends_the_child():
    pids = []
    with pytest.raises(rc.SimulationError, match=r"time limit of 2 s"):
        run_live(bench(max_step=1e-13), timeout=2.0, on_point=lambda time, values: pids.append(child_of_this_process()))
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_error_in_a_function_ends_the_child_and_is_raised():
    pids = []

    def fail(time, values):
        pids.append(child_of_this_process())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_live(bench(), on_point=fail)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("xcell bl wl sl bulk cell_1t1r", "xcell bl wl sl bulk nonesuch", "unknown subckt"),
        ("filament_length=", "no_such_parameter=", "unrecognized parameter"),
        ("vsl sl 0 0", "vsl sl 0 dc 0 external", "nothing drives the external source"),
        ("v(xcell.be)", "v(nowhere)", r"v\(be\) was not recorded"),
        ("vsl sl 0 0", "vsl sl 0 0\nva a 0 1\nvb a 0 2", "singular matrix|source stepping|Timestep|ended at 0 s"),
    ],
)
def test_broken_netlist_is_a_failure(old, new, said):
    netlist = rc.build_netlist(bench())
    assert old in netlist.text
    with pytest.raises(rc.SimulationError, match=said):
        run_live(replace(netlist, text=netlist.text.replace(old, new)))


def test_missing_library_says_what_to_install(monkeypatch):
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", "/nowhere/libngspice.so")
    with pytest.raises(rc.EnvironmentProblem, match="apt-get install"):
        run_live(bench())
    monkeypatch.delenv("NGSPICE_LIBRARY_PATH")
    assert "ngspice" in find_library()
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    with pytest.raises(rc.EnvironmentProblem, match="apt-get install"):
        find_library()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"watch": ["gup"]}, "gap"),
        ({"watch": "gap"}, "watch"),
        ({"on_point": 3}, "on_point"),
        ({"stop_when": "now"}, "stop_when"),
        ({"drive": {"bl": 3}}, "bl"),
        ({"drive": {"bk": abs}}, "bulk"),
        ({"drive": {"bl": lambda time: np.nan}}, "nan"),
        ({"timeout": -1}, "timeout"),
    ],
)
def test_names_the_argument_that_is_wrong(arguments, named):
    with pytest.raises(rc.ParameterError, match=named):
        run_live(bench(), **arguments)


def test_rejects_what_is_no_transient():
    with pytest.raises(rc.ParameterError, match="transients"):
        run_live(replace(bench(), analysis=rc.OperatingPoint()))
    with pytest.raises(rc.ParameterError, match="no testbench or netlist"):
        run_live(object())
