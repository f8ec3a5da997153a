"""Studies take values of one's own: fields by --set, testbench files, any cell and amplitude, built-in selectors."""

from __future__ import annotations

import re

import numpy as np
import pytest
from click.testing import CliRunner

import rramcirc as rc
from rramcirc.basics.errors import RramcircError
from rramcirc.cli.main import rramcirc


def said(*words: str) -> str:
    done = CliRunner().invoke(rramcirc, ["study", *words], prog_name="rramcirc", catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def figure(text: str, name: str) -> float:
    """Return a printed quantity, without its prefix."""
    found = re.search(rf"^{name} +([-\d.]+)", text, flags=re.MULTILINE)
    assert found, text
    return float(found[1])


def test_f_i_measures_the_neuron_that_was_set():
    text = said("f-i", "--quick", "--set", "capacitance=10p", "--set", "leak_time=20m", "--set", "threshold=0.8",
                "--set", "refractory=1m")  # fmt: skip
    assert figure(text, "threshold of the record") == 800  # mV
    assert figure(text, "threshold") == pytest.approx(800, rel=0.01)
    assert figure(text, "refractory time") == pytest.approx(1000, rel=0.02)  # us
    assert figure(text, "leak time constant") == pytest.approx(20, rel=0.01)


def test_f_i_takes_the_neuron_of_a_testbench_file(tmp_path):
    rc.save_bench(rc.with_settings(rc.default_bench("lif"), ["design.refractory=2m"]), tmp_path / "lif.toml")
    assert figure(said("f-i", "--quick", str(tmp_path / "lif.toml")), "refractory time of the record") == 2


def test_stdp_takes_pulses_and_delays():
    """A POST spike 4 ms after PRE meets a gate pulse of 10 ms and misses one of 2 ms."""
    words = ("stdp", "--no-table", "--repeats", "1", "--delays", "4m", "--engine", "numpy")
    changed, missed = (said(*words, "--set", f"gate_width={width}") for width in ("10m", "2m"))
    assert re.search(r"4 ms +HRS +[\d.]+ uS", changed)
    assert re.search(r"4 ms +HRS +0 S", missed)


def test_stdp_takes_cell_and_pulses_of_a_network_file(tmp_path):
    bench = rc.with_settings(rc.default_bench("hopfield"), ["design.neuron.pulses.gate_width=2m"])
    rc.save_bench(bench, tmp_path / "net.toml")
    words = ("--no-table", "--repeats", "1", "--delays", "4m", "--engine", "numpy")
    assert re.search(r"4 ms +HRS +0 S", said("stdp", str(tmp_path / "net.toml"), *words))


def test_disturb_and_write_energy_take_any_cell_and_amplitude():
    corner = said(
        "disturb", "--rows", "2", "--selector", "none", "--cell", "0,1", "--amplitude", "1.5", "--pulses", "1"
    )
    assert "SET 1.5 V" in corner
    assert "change [1]" in corner
    rows = said("write-energy", "--rows", "2", "--cell", "1,0", "--set-amplitude", "1.7").splitlines()
    assert [row.split()[:3] for row in rows[1:]] == [["SET", "1", "0"], ["RESET", "1", "0"]]


def test_built_in_selector_runs_in_ngspice_without_being_told():
    rows = said("write-energy", "--rows", "1", "--selector", "nmos_level1", "--cell", "0,0").splitlines()
    assert len(rows) == 3


def test_array_of_a_testbench_file(tmp_path):
    bench = rc.default_bench("crossbar", rc.Request(rows=2, columns=3, wire_resistance=7.0))
    rc.save_bench(bench, tmp_path / "array.toml")
    rows = said("write-energy", str(tmp_path / "array.toml"), "--cell", "1,2").splitlines()
    assert [row.split()[1:3] for row in rows[1:]] == [["1", "2"], ["1", "2"]]


def test_loop_and_pulses_take_the_cell_of_a_testbench_file(tmp_path):
    """Twice the width of the transistor: a larger SET current."""
    bench = rc.default_bench("cell")
    wide = rc.with_settings(bench, ["design.selector_parameters.w=2u"])
    currents = []
    for name, one in (("narrow", bench), ("wide", wide)):
        rc.save_bench(one, tmp_path / f"{name}.toml")
        currents.append(figure(said("iv", str(tmp_path / f"{name}.toml"), "--quick"), "largest SET current"))
    assert currents[1] > 1.3 * currents[0]
    assert rc.study.pulse(wide.design, widths=(1e-6,), points=1).table["after"].gt(0).all()


def test_readout_takes_card_rows_and_channels_of_a_testbench_file(tmp_path):
    bench = rc.default_bench("readout", rc.Request(rows=2, columns=2))
    rc.save_bench(rc.with_settings(bench, ["design.readout.feedback_resistance=20k"]), tmp_path / "r.toml")
    text = said("readout", str(tmp_path / "r.toml"), "--quick", "--vectors", "2")
    assert figure(text, "transresistance") == -20  # kohm
    assert "differential array, 2 x 2" in text


def test_reads_of_arrays_with_built_in_transistors_run_in_ngspice():
    """Where both engines can, they agree; what only ngspice has, keeps Kirchhoff's law."""
    from rramcirc.studies.array.points import bit_line_currents, read_point
    from rramcirc.studies.array.reading import read_stimuli
    from rramcirc.studies.array.setup import ReadArray, random_bits, states_of_bits

    setup = ReadArray(rows=2, columns=3, wire_resistance=20.0, driver_resistance=50.0, selector="nmos_select")
    array = setup.array(states_of_bits(setup.card, random_bits(setup, 1)))
    bench = setup.bench(array, read_stimuli(setup, 1, 2, "selected"))
    fast, spice = (read_point(bench, array, engine) for engine in ("numpy", "ngspice"))
    for name in ("cell_voltage", "device_voltage", "current"):
        assert getattr(spice, name) == pytest.approx(getattr(fast, name), rel=1e-4, abs=1e-9)
    for kind, currents in fast.line_currents.items():
        assert spice.line_currents[kind] == pytest.approx(currents, rel=1e-4, abs=1e-11)
    gates, reading = [[2.0, 0.0], [2.0, 2.0]], setup.bench(array, {"bl": rc.Constant(0.2)})
    both = [bit_line_currents(reading, array, np.array(gates), engine) for engine in ("numpy", "ngspice")]
    assert both[0] == pytest.approx(both[1], rel=1e-4, abs=1e-11)
    drop = rc.study.ir_drop(rc.study.ReadArray(rows=2, columns=2, selector="nmos_level1"))
    assert drop.quantities["KCL residual"][0] < 1e-4
    assert 0 < drop.quantities["worst loss"][0] < 0.01


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("f-i", "--set", "capacitence=1p"), "capacitance"),
        (("f-i", "--set", "capacitance"), "FIELD=VALUE"),
        (("f-i", "--set", "capacitance=-1p"), "is not positive"),
        (("f-i", "--set", "pulses=3"), "gate_width"),
        (("f-i", "--detail", "mixd"), "mixed"),
        (("disturb", "--rows", "2", "--cell", "2,0"), "2 x 2"),
        (("disturb", "--rows", "2", "--cell", "a"), "ROW,COLUMN"),
    ],
)
def test_wrong_values_are_refused_with_what_is_allowed(words, told):
    with pytest.raises(RramcircError, match=re.escape(told)):
        CliRunner().invoke(rramcirc, ["study", *words], catch_exceptions=False)
