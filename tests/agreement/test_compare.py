"""``--engine both``: two engines on one testbench, and what counts as a difference."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command import call

import rramcirc as rc
from rramcirc.basics.errors import ParameterError, WaveformError
from rramcirc.engines import compare
from rramcirc.engines.agreement import agreement
from rramcirc.engines.compare import beyond, difference_table, simulate_both
from rramcirc.engines.differences import differences


def waves(time: np.ndarray, **signals: np.ndarray) -> rc.Waveforms:
    units = {name: "A" if name.startswith("i") else "V" for name in signals}
    named = {f"{name[0]}({name[1:]})": values for name, values in signals.items()}
    return rc.Waveforms("time", "s", time, named, {f"{k[0]}({k[1:]})": u for k, u in units.items()})


def test_other_points_of_the_same_curve_are_no_difference():
    coarse, fine = np.linspace(0, 1, 101), np.linspace(0, 1, 1013)
    (found,) = differences(waves(coarse, ibl=np.sin(6 * coarse)), waves(fine, ibl=np.sin(6 * fine)))
    assert found.relative < 2e-3


def test_a_difference_is_found_where_it_is():
    time = np.linspace(0, 1, 101)
    bump = 0.02 * np.exp(-(((time - 0.3) / 0.02) ** 2))
    (found,) = differences(waves(time, vbl=time), waves(time, vbl=time + bump))
    assert found.largest == pytest.approx(0.02, rel=1e-6, abs=0)
    assert found.at == pytest.approx(0.3, rel=1e-9, abs=0)
    assert found.relative == pytest.approx(0.02, rel=1e-2, abs=0)


def test_a_jump_behind_a_corner_is_no_difference():
    first, second = np.array([0, 0.5, 0.501, 1.0]), np.array([0, 0.5, 0.52, 1.0])
    a, b = waves(first, iwl=np.array([0, 0, 1, 1.0])), waves(second, iwl=np.array([0, 0, 1, 1.0]))
    assert differences(a, b)[0].largest > 0.5
    assert differences(a, b, np.array([0.5]))[0].largest == 0.0


def test_differences_are_relative_to_the_largest_of_a_kind():
    time = np.linspace(0, 1, 11)
    a = waves(time, ibl0=np.full(11, 1e-3), iwl0=np.full(11, 1e-9), vbl0=np.ones(11))
    b = waves(time, ibl0=np.full(11, 1e-3), iwl0=np.full(11, 3e-9), vbl0=np.ones(11))
    found = {d.signal: d for d in differences(a, b)}
    assert found["i(wl0)"].relative == pytest.approx(2e-6, rel=1e-9, abs=0)
    assert [d.signal for d in beyond(list(found.values()), 1e-6)] == ["i(wl0)"]
    assert beyond(list(found.values()), 1e-5) == []
    assert "i(wl0)" in difference_table(list(found.values()))


def test_runs_with_other_signals_are_refused_by_name():
    time = np.linspace(0, 1, 11)
    with pytest.raises(WaveformError, match=r"v\(sl\)"):
        differences(waves(time, vbl=time), waves(time, vsl=time))


@pytest.mark.parametrize("tolerance", [0.0, -1.0, float("nan")])
def test_nonsense_tolerances_are_refused(tolerance):
    with pytest.raises(ParameterError, match="tolerance"):
        beyond([], tolerance)


def bench_file(folder: Path, selector: str = "nmos_select", analysis: object = None) -> Path:
    cell = rc.Cell("hfo2_filament", selector, initial_state={"gap": 0.8, "diameter": 2.0})
    stimuli = {"bl": rc.Pulse(1.5, 1e-7, delay=2e-8, rise=5e-9, fall=5e-9), "wl": rc.Constant(1.4)}
    path = folder / "cell.toml"
    rc.save_bench(rc.Testbench(cell, analysis or rc.Transient(1.6e-7), stimuli), path)
    return path


@pytest.mark.parametrize("analysis", [rc.Transient(1.6e-7), rc.OperatingPoint(), rc.DcSweep("bl", 0.0, 1.0, 6)])
def test_both_engines_agree_from_the_command_line(tmp_path, analysis):
    done = call("simulate", bench_file(tmp_path, analysis=analysis), "--engine", "both", "-o", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert "i(bl)" in done.stdout
    for engine in ("ngspice", "numpy"):
        assert rc.load_run(tmp_path / "run" / engine).provenance["engine"] == engine
    assert json.loads((tmp_path / "run" / "run.json").read_text())["engine"] == "both"


def step_bench() -> rc.Testbench:
    """A cell whose line is driven from 0.1 s on, for 1 s."""
    drive = rc.PiecewiseLinear([0.0, 0.1, 0.1001, 1.0], [0.0, 0.0, 1.0, 1.0])
    return rc.Testbench(rc.Cell("vteam_kvatinsky2015"), rc.Transient(1.0), {"bl": drive})


def switching(at: float, level: float = 1.0, final: float = 4.0, points: int = 4001) -> rc.Waveforms:
    """A cell that switches within 1 us at a time [s]."""
    time = np.linspace(0.0, 1.0, points)
    edge = np.clip((time - at) / 1e-6, 0.0, 1.0)
    signals = {"i(bl)": 1e-3 * (0.1 + (level - 0.1) * edge) * (time > 0.1001), "w": 10.0 - (10.0 - final) * edge}
    return rc.Waveforms("time", "s", time, signals, {"i(bl)": "A", "w": "nm"})


def test_a_shifted_edge_is_told_as_a_shift_and_not_as_a_value():
    apart = agreement(switching(0.6), switching(0.602), step_bench())
    assert [d.relative for d in apart.values] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert {e.signal for e in apart.edges} == {"i(bl)", "w"}
    for edge in apart.edges:
        assert edge.shift == pytest.approx(2e-3, abs=3e-4)  # a point every 0.25 ms
        assert edge.relative == pytest.approx(2e-3 / 0.5, rel=0.2)  # of the time since the line left 0 V
    assert apart.beyond(ends=1e-2) == ""
    assert "2 edges are apart by more than 0.001" in apart.beyond(ends=1e-2, edges=1e-3)
    (charge,) = (d for d in apart.ends if d.signal == "charge of i(bl)")
    assert charge.largest == pytest.approx(0.9e-3 * 2e-3, rel=0.2)


def test_another_plateau_and_another_end_are_told_as_values():
    apart = agreement(switching(0.6), switching(0.6, level=1.05, final=4.2), step_bench())
    assert all(edge.relative < 1e-2 for edge in apart.edges)
    assert {d.signal: pytest.approx(d.relative, rel=1e-3) for d in apart.values} == {"i(bl)": 0.05 / 1.05, "w": 0.02}
    assert apart.ends[0].signal == "charge of i(bl)"
    assert {d.signal: d.relative for d in apart.ends}["w"] == pytest.approx(0.2 / 10.0)  # of its range, 0 to 10 nm
    assert "end apart" in apart.beyond()
    assert "between edges" in apart.beyond()


def test_runs_that_hold_no_current_are_compared_by_what_they_hold():
    first, second = (
        rc.Waveforms("time", "s", run.axis, {"w": run["w"]}, {"w": "nm"})
        for run in (switching(0.6), switching(0.6, final=4.2))
    )
    assert [d.signal for d in agreement(first, second, step_bench()).ends] == ["w"]


def test_an_edge_that_one_run_does_not_have_is_a_difference_of_values():
    apart = agreement(switching(0.6), switching(2.0), step_bench())
    assert apart.values[0].relative == pytest.approx(0.9)
    assert all(edge.relative < 1e-2 for edge in apart.edges)


def charging(late: float) -> rc.Waveforms:
    """A line whose gates charge within a picosecond of the begin of a ramp of 1 ns, or so much later [s]."""
    time = np.concatenate([np.linspace(0.0, 20e-12, 2001), np.linspace(21e-12, 2e-9, 1000)])
    current = 1e-6 * np.clip((time - late) / 1e-13, 0.0, 1.0) * (time < 1e-9)
    signals = {"i(bl)": current, "w": np.full(len(time), 5.0)}
    return rc.Waveforms("time", "s", time, signals, {"i(bl)": "A", "w": "nm"})


@pytest.mark.parametrize(("late", "same"), [(0.5e-12, True), (5e-12, False)])
def test_what_charges_within_a_picosecond_of_a_corner_may_come_so_much_later(late, same):
    ramp = rc.PiecewiseLinear([0.0, 1e-9, 2e-9], [0.0, 1.0, 1.0])
    bench = rc.Testbench(rc.Cell("vteam_kvatinsky2015"), rc.Transient(2e-9), {"bl": ramp})
    apart = agreement(charging(1e-13), charging(1e-13 + late), bench)
    assert (apart.beyond(ends=1.0) == "") is same
    (charge,) = (d for d in apart.ends if d.unit == "C")
    assert charge.largest == pytest.approx(1e-6 * late, rel=0.1)  # what flows there counts among the charges


def test_the_default_array_agrees(tmp_path):
    """Its lines of 2.5 ohm charge gates within femtoseconds."""
    built = call("build-netlist", "crossbar", "--rows", "3", "--columns", "3", "-o", tmp_path / "array.toml")
    assert built.returncode == 0, built.stderr
    done = call("simulate", tmp_path / "array.toml", "--engine", "both", "-o", tmp_path / "run")
    assert done.returncode == 0, done.stderr


def test_a_bulge_between_points_of_a_straight_run_is_a_difference():
    """Line and cubic say the same of the coarse run there, so nothing is left open."""
    grid, fine = np.linspace(0.1, 1.0, 4), np.linspace(0.1, 1.0, 901)
    units = {"i(bl)": "A", "w": "nm"}
    straight = {"i(bl)": grid, "w": np.full(4, 5.0)}
    bulging = {"i(bl)": fine + 0.1 * np.exp(-(((fine - 0.55) / 0.02) ** 2)), "w": np.full(901, 5.0)}
    runs = rc.Waveforms("time", "s", grid, straight, units), rc.Waveforms("time", "s", fine, bulging, units)
    apart = agreement(*runs, step_bench())
    assert apart.values[0].relative == pytest.approx(0.1, rel=0.1)


def test_points_that_one_run_does_not_have_are_no_difference():
    time = np.linspace(0.1, 1.0, 10)
    drive = {"i(bl)": np.exp(16 * (time - 1)), "w": np.full(10, 5.0)}
    units = {"i(bl)": "A", "w": "nm"}
    fine_time = np.linspace(0.1, 1.0, 1001)
    fine = {"i(bl)": np.exp(16 * (fine_time - 1)), "w": np.full(1001, 5.0)}
    coarse, dense = rc.Waveforms("time", "s", time, drive, units), rc.Waveforms("time", "s", fine_time, fine, units)
    assert agreement(coarse, dense, step_bench()).values[0].relative < 1e-2
    assert differences(coarse, dense)[0].relative > 3e-2  # straight comparison with a curve through ten points


LOOSE = {"reltol": "0.01"}


def test_the_advice_names_who_was_off_and_helps(tmp_path):
    """A VTEAM cell behind 300 ohm with tolerances that are too wide."""
    line = rc.Line(driver_resistance=300.0)
    array = rc.Crossbar(rc.Cell("vteam_kvatinsky2015"), 1, 1, bl=line)
    bench = rc.Testbench(array, rc.Transient(10e-3), {"bl": rc.Constant(1.0)}, options=LOOSE)
    path = tmp_path / "cell.toml"
    rc.save_bench(bench, path)
    failed = call("simulate", path, "--engine", "both", "-o", tmp_path / "run")
    assert failed.returncode == 1, failed.stdout
    told = failed.stderr
    assert "they agree: it was" in told, told
    advice = told[told.index("(--option") + 1 : told.index(") they agree")].split()
    helped = call("simulate", path, "--engine", "both", "-o", tmp_path / "again", *advice)
    assert helped.returncode == 0, helped.stderr


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        (["ngspice"], "leave that of numpy, so that one is the likelier"),
        (["numpy", "ngspice"], "change both"),
        ([], "steps are not the cause"),
    ],
)
def test_the_advice_says_whose_run_finer_steps_change(moved, said):
    assert said in compare._who_moved(moved)


def test_engines_that_differ_by_more_than_the_tolerance_fail(tmp_path):
    done = call("simulate", bench_file(tmp_path), "--engine", "both", "-o", tmp_path / "run", "--tolerance", "1e-9")
    assert done.returncode == 1
    assert "the engines differ" in done.stderr
    assert "i(bl)" in done.stdout


def test_built_in_transistors_are_refused_with_the_nearest_card(tmp_path):
    file = bench_file(tmp_path, "nmos_level1")
    with pytest.raises(ParameterError, match="nmos_select"):
        simulate_both(rc.load_bench(file), tmp_path / "run")
    assert not (tmp_path / "run" / "ngspice").exists()
    done = call("simulate", file, "--engine", "numpy", "-o", tmp_path / "other")
    assert done.returncode == 2
    assert "nmos_select" in done.stderr


def test_a_tolerance_is_for_both_engines_only(tmp_path):
    done = call("simulate", bench_file(tmp_path), "--tolerance", "1e-3")
    assert done.returncode == 2
    assert "both" in done.stderr
