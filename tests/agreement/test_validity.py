"""Operating conditions outside a card's validity: told once per run, with value, time and number of devices."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from command import call

import rramcirc as rc
from rramcirc.devices.cards.model_card import Validity
from rramcirc.engines.drift import ReadDose
from rramcirc.engines.validity import Farthest

CELL = rc.Cell("hfo2_filament", "nmos_select")


def remarks(bench: rc.Testbench, engine: str = "ngspice") -> list[str]:
    return [r for r in rc.simulate(bench, engine).provenance["remarks"] if "does not hold there" in r]


@pytest.mark.parametrize("engine", ["ngspice", "vacask", "numpy"])
def test_a_run_within_the_card_says_nothing(engine):
    bench = rc.Testbench(CELL, rc.Transient(1e-6), {"bl": rc.Pulse(1.0, 5e-7), "wl": rc.Constant(1.2)})
    assert remarks(bench, engine) == []


@pytest.mark.parametrize("engine", ["ngspice", "vacask", "numpy"])
def test_a_voltage_outside_is_told_with_value_and_time(engine):
    pulse = rc.Pulse(-3.0, 2e-6, delay=1e-6, rise=1e-7, fall=1e-7)
    bench = rc.Testbench(rc.Cell("stanford_gap_v1"), rc.Transient(5e-6), {"bl": pulse})
    (told,) = remarks(bench, engine)
    assert "cell_voltage of xcell.nrram is -3 V, outside -2 V ... 2 V" in told
    lasted = float(told.split(", for ")[1].split(" us")[0])
    assert lasted == pytest.approx(2.0 + 2 * 0.1 / 3.0, rel=0.05)  # and the parts of the edges beyond -2 V


@pytest.mark.parametrize("engine", ["ngspice", "vacask", "numpy"])
@pytest.mark.parametrize(("rows", "columns"), [(3, 2), (20, 20)], ids=["saved one by one", "saved all"])
def test_the_worst_of_several_devices_is_named_and_the_others_are_counted(rows, columns, engine):
    array = rc.Crossbar(rc.Cell("stanford_gap_v1", initial_state={"gap": 1.7}), rows, columns)
    levels = {"bl0": rc.Constant(-2.2), "bl1": rc.Constant(-2.6)}
    (told,) = remarks(rc.Testbench(array, rc.Transient(1e-9), levels, probes=("i(bl*)",)), engine)
    assert "_1.nrram is -2.6 V" in told
    assert f"(and {2 * rows - 1} devices more)" in told


@pytest.mark.parametrize("engine", ["ngspice", "vacask", "numpy"])
def test_gate_and_temperature_are_told(engine):
    bench = rc.Testbench(CELL, rc.Transient(1e-6), {"wl": rc.Constant(5.0), "bl": rc.Constant(0.1)}, temperature=450.0)
    told = " | ".join(remarks(bench, engine))
    assert "nmos_select: gate_voltage of xcell.nsel is 5 V, outside 0 V ... 3.6 V" in told
    assert "hfo2_filament: temperature is 450 K, outside 250 ... 400 K" in told
    assert "nmos_select: temperature is 450 K" in told


def test_a_pulse_shorter_than_the_card_knows_is_told():
    bench = rc.Testbench(
        CELL, rc.Transient(1e-9), {"bl": rc.Pulse(0.2, 1e-10, rise=1e-11, fall=1e-11), "wl": rc.Constant(2.0)}
    )
    (told,) = remarks(bench)
    assert "a pulse is 100 ps wide, outside 1 ns ... 10 s" in told


@pytest.mark.parametrize("engine", ["ngspice", "vacask", "numpy"])
def test_static_analyses_are_looked_at_too(engine):
    sweep = rc.Testbench(rc.Cell("stanford_gap_v1"), rc.DcSweep("bl", 0.0, -2.5, 21))
    point = rc.Testbench(rc.Cell("stanford_gap_v1"), rc.OperatingPoint(), {"bl": rc.Constant(-2.5)})
    for bench in (sweep, point):
        (told,) = remarks(bench, engine)
        assert "is -2.5 V, outside -2 V ... 2 V" in told
        assert ", for " not in told


def test_a_current_that_no_device_carries_fails_the_run():
    bench = rc.Testbench(
        rc.Cell("stanford_gap_v1"), rc.Transient(16e-3), {"bl": rc.triangle(6.0, -6.0, ramp_rate=1500.0)}
    )
    with pytest.raises(
        rc.SimulationError, match=r"current of xcell\.nrram is 7\.\d+ kA, outside -10 A \.\.\. 10 A.*no dev"
    ):
        rc.simulate(bench)


def test_checks_leave_no_trace_in_the_waveforms(tmp_path):
    array = rc.Crossbar(CELL, 20, 20)
    bench = rc.Testbench(array, rc.Transient(1e-8), {"wl": rc.Constant(2.0)}, probes=("i(bl0)",))
    waves = rc.simulate(bench, output=tmp_path / "run")
    assert waves.names == rc.load_run(tmp_path / "run").names == ("i(bl0)",)
    assert (tmp_path / "run" / "waves.raw").stat().st_size < 10_000
    assert np.all(np.isfinite(waves["i(bl0)"]))


def test_strict_ends_with_one_on_a_remark_about_a_number(tmp_path):
    bench = rc.Testbench(rc.Cell("stanford_gap_v1"), rc.Transient(1e-6), {"bl": rc.Constant(-2.5)})
    rc.save_bench(bench, tmp_path / "out.toml")
    rc.save_bench(replace(bench, stimuli={"bl": rc.Constant(-1.5)}), tmp_path / "in.toml")
    for name, words, code in (("out", (), 0), ("out", ("--strict",), 1), ("in", ("--strict",), 0)):
        done = call("simulate", f"{name}.toml", *words, cwd=tmp_path)
        assert done.returncode == code, done.stderr
        assert ("Remark: stanford_gap_v1: cell_voltage" in done.stderr) == (name == "out")


def test_temperature_that_is_set_is_checked_as_the_option_is(tmp_path):
    rc.save_bench(rc.Testbench(CELL, rc.OperatingPoint()), tmp_path / "b.toml")
    for words in (("--set", "temperature=5000"), ("--temperature", "5000")):
        done = call("simulate", "b.toml", *words, cwd=tmp_path)
        assert done.returncode == 2
        assert "100 K to 1000 K" in done.stderr


@pytest.mark.parametrize("engine", ["ngspice", "vacask", "numpy"])
def test_a_current_is_told_or_fails_in_every_engine(engine):
    on = {"bl": rc.Constant(2.4), "wl": rc.Constant(3.5)}
    wide = rc.Cell("hfo2_filament", "nmos_select", selector_parameters={"w": 5e-6})
    (told,) = remarks(rc.Testbench(wide, rc.Transient(1e-6), on), engine)
    assert "current of xcell" in told
    assert "outside -500 uA ... 500 uA, for" in told
    ramp = {"bl": rc.PiecewiseLinear([0.0, 1.0], [0.0, 60.0])}
    with pytest.raises(rc.SimulationError, match=r"current of xcell\S* is \d+ mA.*no device carries that"):
        rc.simulate(rc.Testbench(rc.Cell("hp_tio2_drift"), rc.Transient(1.0), ramp), engine)


def test_states_that_cannot_be_followed_are_told(monkeypatch):
    monkeypatch.setattr("rramcirc.engines.states.LARGEST_FILE", 0.0)
    monkeypatch.setattr("rramcirc.engines.states.MOST_COMPARISONS", 0.0)
    array = rc.Crossbar(rc.Cell("stanford_gap_v1"), 20, 20)
    bench = rc.Testbench(array, rc.Transient(1e-9), {"bl": rc.Constant(0.1)}, probes=("i(bl*)",))
    told, currents = rc.simulate(bench, "ngspice").provenance["remarks"]
    assert told.startswith("gap was not compared with bounds")
    assert currents.startswith("currents of single cells were not compared with the 10 A that a device survives: what")
    recorded = replace(bench, probes=("gap[0,*]",))
    assert rc.simulate(recorded, "ngspice").provenance["remarks"] == [currents]


def test_a_current_of_one_cell_of_a_large_array_is_found():
    """400 cells, more than ngspice saves one by one."""
    array = rc.Crossbar(rc.Cell("hfo2_filament"), 20, 20, initial_state={"gap": np.full((20, 20), 0.0)})
    half = {"bl": rc.Constant(1.75), "wl": rc.Constant(1.75), "bl7": rc.Constant(3.5), "wl3": rc.Constant(0.0)}
    bench = rc.Testbench(array, rc.Transient(1e-7), half)
    for engine in ("ngspice", "numpy"):
        found = sorted(text.partition(" and")[0] for text in remarks(bench, engine))
        assert len(found) == 2
        assert found[0].startswith("hfo2_filament: cell_voltage of xcell_3_7.nrram is 3.5 V, outside")
        assert re.match(r"hfo2_filament: current of xcell_3_7\.nrram is 1\.4\d* mA, outside", found[1])


def test_where_currents_of_cells_are_too_many_the_drivers_tell(monkeypatch):
    """Nothing is said where all drivers together give less than one device survives."""
    monkeypatch.setattr("rramcirc.engines.states.CHEAP", 0.0)
    array = rc.Crossbar(rc.Cell("hfo2_filament"), 20, 20, initial_state={"gap": np.full((20, 20), 0.0)})
    bench = rc.Testbench(array, rc.Transient(1e-7), {"bl": rc.Constant(0.2)})
    assert rc.simulate(bench).provenance["remarks"] == []
    told = rc.simulate(replace(bench, stimuli={"bl": rc.Constant(3.5)})).provenance["remarks"][-1]
    assert "not compared with the 0.1 A that a device survives: all drivers give 0.565 A together" in told
    push = {f"bl{k}": rc.Constant(6e-3, "A") for k in range(20)}
    told = rc.simulate(replace(bench, stimuli=push)).provenance["remarks"][-1]
    assert "all drivers give 0.12 A together" in told


@pytest.mark.parametrize("engine", ["ngspice", "vacask", "numpy"])
def test_what_charges_a_line_is_no_current_of_a_device(engine):
    """1 pF behind an edge of 2 ps: the driver gives 0.7 A, no cell more than 1 mA."""
    line = rc.Line(1.0, capacitance=1e-12)
    array = rc.Crossbar(rc.Cell("hfox_gap_jiang2016"), 1, 1, bl=line)
    drive = rc.Pulse(1.4, 1e-9, delay=1e-10, rise=2e-12, fall=2e-12)
    waves = rc.simulate(rc.Testbench(array, rc.Transient(2e-9), {"bl0": drive}), engine)
    assert waves["i(bl0)"].max() > 0.1


def test_a_thousandth_of_the_range_beyond_its_ends_is_no_remark() -> None:
    """Coupling and rounding do that; the range is 4 V wide."""
    for value, outside in ((3.0039, False), (3.0041, True), (-1.0039, False), (-1.0041, True)):
        farthest = Farthest(Validity(-1.0, 3.0, "V"), 2)
        farthest.add(np.array([[0.0, 0.0], [0.0, value]]))
        assert bool(farthest.text(["first", "second"])) == outside, value
        assert ("second" in farthest.text(["first", "second"])) == outside


@pytest.mark.parametrize("row", CELL.rram.read_advice[1:6])
def test_the_dose_of_reads_is_one_after_the_longest_time_that_the_card_allows(row):
    allowed = max(
        other.time
        for other in CELL.rram.read_advice
        if other.voltage >= row.voltage and other.temperature >= row.temperature and other.resistance <= row.resistance
    )
    reads = ReadDose(CELL.rram, row.temperature, np.array([row.resistance]))
    reads.add(np.full((3, 1), row.voltage), allowed * np.array([0.5, 0.25, 0.25]))
    assert reads.most == pytest.approx([1.0])
