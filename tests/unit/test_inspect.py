"""`rramcirc inspect` on raw files and run folders."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from rramcirc.basics.errors import ParameterError, RramcircError, WaveformError
from rramcirc.cli.inspect.command import inspect
from rramcirc.waveforms.raw import RawPlot, write_raw

T = np.linspace(0.0, 4e-6, 401)
DECK = """* RC
v1 in 0 dc 1 ac 1 pulse(0 1 1u 1n 1n 5u 10u)
r1 in out 1k
c1 out 0 1n
.save v(in) v(out) i(v1)
.control
set num_threads=1
set appendwrite
ac dec 5 1 1meg
write waves.raw
tran 20n 8u
write waves.raw
quit $sim_status
.endc
.end
"""
TABLE = """* array
*| signals of this netlist and the ngspice vectors that carry them
*| signal    unit  vector       sign  meaning
*| v(bl0)    V     v(bl0)       +1    bit line 0
*| i(bl0)    A     bl0#branch   -1    current into bit line 0
*| gap[0,0]  nm    @n.x[gap]    +1    gap
"""


def call(*arguments: object) -> Result:
    result = CliRunner().invoke(inspect, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    plot = RawPlot.from_columns(
        ["time", "v(bl0)", "i(bl0)", "v(@n.x[gap])"],
        ["time", "voltage", "current", "voltage"],
        [T, T * 1e6, T * 10, 1.7 - T * 1e5],
        title="* array",
    )
    write_raw(tmp_path / "a.raw", [plot])
    return tmp_path / "a.raw"


@pytest.fixture
def run(raw: Path) -> Path:
    folder = raw.parent / "cell.run"
    folder.mkdir()
    raw.rename(folder / "waves.raw")
    (folder / "netlist.cir").write_text(TABLE)
    (folder / "run.json").write_text(json.dumps({"rramcirc": "0", "status": "done"}))
    return folder


@pytest.fixture(scope="module")
def ngspice_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inspect")
    (folder / "rc.cir").write_text(DECK)
    subprocess.run(["ngspice", "-b", "rc.cir"], cwd=folder, check=True, capture_output=True, timeout=30)
    return folder / "waves.raw"


def test_table_lists_every_signal_with_si_prefixes(raw):
    result = call(raw)
    lines = result.stdout.splitlines()
    assert lines[0] == "401 points, time 0 s to 4 us"
    assert lines[1].split() == ["signal", "unit", "min", "max", "first", "last"]
    assert lines[2].split() == ["v(bl0)", "V", "0", "V", "4", "V", "0", "V", "4", "V"]
    assert lines[3].split() == ["i(bl0)", "A", "0", "A", "40", "uA", "0", "A", "40", "uA"]
    assert result.stderr == ""


def test_run_folder_gives_names_units_and_signs_of_the_netlist(run):
    result = call(run)
    assert "i(bl0)    A     -40 uA" in result.stdout
    assert "gap[0,0]  nm    1.3 nm  1.7 nm" in result.stdout
    assert result.stderr == ""


def test_unit_with_a_prefix_gets_no_second_one(tmp_path):
    plot = RawPlot.from_columns(["time", "gap[0,0]"], ["time", "nm"], [T[:2], np.array([-1e-4, 2e3])])
    write_raw(tmp_path / "a.raw", [plot])
    assert call(tmp_path / "a.raw").stdout.splitlines()[2].split()[2:6] == ["-0.0001", "nm", "2000", "nm"]


def test_signal_missing_in_the_file_is_a_remark(run):
    (run / "netlist.cir").write_text(TABLE + "*| v(sl0)    V     v(sl0)       +1    x\n")
    result = call(run)
    assert "1 signal(s) of the netlist are not in the file: v(sl0)" in result.stderr


def test_partial_run_says_where_and_why(run):
    content = (run / "waves.raw").read_bytes()
    (run / "waves.raw").write_bytes(content[: -100 * 32 - 3])
    record = {"status": "timeout", "problems": ["stopped after the time limit of 60 s"]}
    (run / "run.json").write_text(json.dumps(record))
    result = call(run)
    assert result.stdout.startswith("300 points, time 0 s to 2.99 us (partial run)")
    assert result.stderr.startswith("Partial run: stops after time = 2.99e-06 s (300 points; 401 points promised)")
    assert "status timeout; stopped after the time limit of 60 s" in result.stderr
    shown = json.loads(call(run, "--json").stdout)
    assert (shown["complete"], shown["status"]) == (False, "timeout")


def test_failed_run_with_a_whole_file_says_so(run):
    (run / "run.json").write_text(json.dumps({"status": "failed"}))
    result = call(run)
    assert "(failed run)" in result.stdout
    assert "Failed run: status failed" in result.stderr


def test_patterns_and_expressions_choose_rows(raw):
    lines = call(raw, "i(*)", "v(bl0)*i(bl0)", "v(bl0)/i(bl0)").stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["i(bl0)", "v(bl0)*i(bl0)", "v(bl0)/i(bl0)"]
    assert "160 uW" in lines[3]
    assert "100 kohm" in lines[4]


def test_window_limits_table_and_measurements(raw):
    lines = call(raw, "v(bl0)", "--from", "1u", "--to", "2.5us").stdout.splitlines()
    assert lines[0] == "151 points, time 1 us to 2.5 us"
    assert lines[2].split()[2:6] == ["1", "V", "2.5", "V"]
    measured = call(raw, "--from", "1u", "--to", "2u", "--measure", "integral(v(bl0))").stdout
    assert measured == "integral(v(bl0))  1.5 uV s\n"


def test_measurements_are_printed_instead_of_the_table(raw):
    result = call(
        raw, "--measure", "crossing(i(bl0), 20u)", "--measure", "max(v(bl0))", "--measure", "crossing(i(bl0), 1)"
    )
    assert [line.split(")  ")[-1].strip() for line in result.stdout.splitlines()] == ["2 us", "4 V", "none"]


def test_partial_run_is_measured_only_if_asked(run):
    content = (run / "waves.raw").read_bytes()
    (run / "waves.raw").write_bytes(content[: -100 * 32 - 3])
    (run / "run.json").write_text(json.dumps({"status": "timeout", "problems": ["stopped after 60 s"]}))
    with pytest.raises(WaveformError, match=r"is not measured on partial waveforms.*stopped after 60 s.*--partial"):
        call(run, "--measure", "max(v(*))")
    assert "max(" in call(run, "--measure", "max(v(*))", "--partial").stdout


def test_results_of_the_netlist_are_shown_and_do_not_make_its_waveforms_partial(run):
    record = {"status": "failed", "problems": ["measurement b failed: x"], "measurements": {"a": 1.5e-6}}
    (run / "run.json").write_text(json.dumps(record))
    assert call(run).stdout.splitlines()[-2:] == ["measured by the netlist (.meas)", "a  1.5e-06"]
    assert json.loads(call(run, "--json").stdout)["meas"] == {"a": 1.5e-6}
    assert "max(" in call(run, "--measure", "max(v(*))").stdout


def test_run_folder_has_no_other_dialect(run):
    with pytest.raises(WaveformError, match="run folder"):
        call(run, "--dialect", "xyce")


def test_dialect_of_a_file_can_be_named(raw):
    assert call(raw, "--dialect", "ngspice").stdout == call(raw).stdout
    with pytest.raises(WaveformError, match="dialect"):
        call(raw, "--dialect", "hspice")


def test_csv_has_names_and_units_and_every_digit(raw, tmp_path):
    rows = list(csv.reader(io.StringIO(call(raw, "v(bl0)", "i(bl0)", "--csv", "-").stdout)))
    assert rows[0] == ["time [s]", "v(bl0) [V]", "i(bl0) [A]"]
    np.testing.assert_array_equal(np.array(rows[1:], float)[:, 1], T * 1e6)
    result = call(raw, "--csv", tmp_path / "o.csv")
    assert result.stdout == ""
    assert "4 columns, 401 rows" in result.stderr
    assert (tmp_path / "o.csv").read_text().startswith("time [s],v(bl0) [V],i(bl0) [A],v(@n.x[gap])\n")


def test_csv_of_complex_signals_has_two_columns(ngspice_raw):
    rows = call(ngspice_raw, "v(out)", "--analysis", 1, "--csv", "-").stdout.splitlines()
    assert rows[0] == "frequency [Hz],re(v(out)) [V],im(v(out)) [V]"


def test_last_analysis_is_shown_and_others_can_be_chosen(ngspice_raw):
    result = call(ngspice_raw)
    assert "holds 2 analyses (1 AC Analysis; 2 Transient Analysis); this is the last" in result.stderr
    assert "time 0 s to 8 us" in result.stdout
    chosen = call(ngspice_raw, "--analysis", 1)
    assert "|v(out)|" in chosen.stdout
    assert chosen.stderr == ""
    with pytest.raises(WaveformError, match="holds 2 analyses"):
        call(ngspice_raw, "--analysis", 3)


def test_json_holds_table_and_measurements(raw):
    shown = json.loads(call(raw, "i(bl0)", "--json", "--measure", "crossing(i(bl0), 1)").stdout)
    assert shown["points"] == 401
    assert shown["axis"] == {"name": "time", "unit": "s", "min": 0.0, "max": 4e-6}
    assert shown["signals"][0]["signal"] == "i(bl0)"
    assert shown["signals"][0]["max"] == pytest.approx(4e-5)
    assert shown["measurements"] == [{"label": "crossing(i(bl0), 1)", "value": None, "unit": "s"}]


def test_plot_and_page_are_written(raw, tmp_path):
    result = call(raw, "--plot", tmp_path / "a.png", "--html", tmp_path / "a.html")
    assert result.stdout == ""
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "a.html").read_text()
    assert "<script src=" not in page  # works offline
    assert "v(bl0)" in page


def test_runs_are_compared_by_signal_and_by_measurement(raw, tmp_path):
    other = RawPlot.from_columns(["time", "v(bl0)", "i(bl0)"], ["time", "voltage", "current"], [T, T * 1.1e6, T * 10])
    write_raw(tmp_path / "b.raw", [other])
    result = call(raw, tmp_path / "b.raw")
    assert "1 signal(s) of a.raw are not in b.raw" in result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[1] == ["v(bl0)", "b.raw", "400", "mV", "10", "%", "4", "us"]
    assert lines[2][:4] == ["i(bl0)", "b.raw", "0", "A"]
    measured = call(raw, tmp_path / "b.raw", "--measure", "max(v(bl0))", "--measure", "crossing(v(bl0), 9)").stdout
    lines = [line.split() for line in measured.splitlines()]
    assert lines[0][:3] == ["measurement", "a.raw", "b.raw"]
    assert lines[1] == ["max(v(bl0))", "4", "V", "4.4", "V", "400", "mV", "+10", "%"]
    assert lines[2][-2:] == ["none", "none"]
    assert call(raw, tmp_path / "b.raw", "v(bl0)", "--plot", tmp_path / "c.svg", "--html", tmp_path / "c.html")
    assert "v(bl0) (b.raw)" in (tmp_path / "c.svg").read_text()


def test_runs_over_different_axes_are_not_compared(ngspice_raw, tmp_path):
    write_raw(tmp_path / "dc.raw", [RawPlot.from_columns(["v-sweep", "v(a)"], ["voltage"] * 2, [T, T])])
    for arguments in ([], ["--html", tmp_path / "a.html"], ["--plot", tmp_path / "a.png", "v(*)"]):
        with pytest.raises(RramcircError, match="v-sweep"):
            call(ngspice_raw, tmp_path / "dc.raw", *arguments)
    with pytest.raises(ParameterError, match="take one run"):
        call(ngspice_raw, tmp_path / "dc.raw", "--csv", "-")


def test_many_signals_are_drawn_in_part(tmp_path):
    names = [f"v(n{k})" for k in range(80)]
    plot = RawPlot.from_columns(["time", *names], ["time"] + ["voltage"] * 80, [T[:5]] * 81)
    write_raw(tmp_path / "m.raw", [plot])
    assert "first 64 of 80 signals" in call(tmp_path / "m.raw", "--plot", tmp_path / "a.svg").stderr


def test_wrong_input_is_refused_by_name(raw, run, tmp_path):
    (tmp_path / "x").mkdir()
    raw = run / "waves.raw"
    for arguments, error, message in [
        ([tmp_path / "none.raw"], WaveformError, "none.raw"),
        ([tmp_path / "x"], WaveformError, "holds no waves.raw"),
        ([tmp_path], WaveformError, "Inspect .*cell.run"),
        ([raw, "v(nn)"], WaveformError, r"v\(nn\)"),
        ([raw, "--from", "abc"], ParameterError, "--from"),
        ([raw, "--from", "1V"], ParameterError, "is in V"),
        ([raw, "--from", "9u"], WaveformError, "nothing between"),
        ([raw, "--measure", "nope(v(bl0))"], ParameterError, "nope"),
        ([raw, "--plot", tmp_path / "a.gif"], ParameterError, "format"),
        ([raw, "--csv", tmp_path / "no" / "a.csv"], ParameterError, "a.csv"),
        ([raw, "--csv", tmp_path / "a.parquet"], ParameterError, "--csv writes .csv files"),
        ([raw, "--parquet", tmp_path / "a.csv"], ParameterError, "--parquet writes .parquet files"),
        ([raw, "--export", tmp_path / "a.xls"], ParameterError, "no format of tables"),
        ([raw, "--export", tmp_path / "a"], ParameterError, "no format of tables"),
        ([raw, "--html", tmp_path / "a.png"], ParameterError, ".html"),
    ]:
        with pytest.raises(error, match=message):
            call(*arguments)


def test_damaged_record_is_named(run):
    (run / "run.json").write_text("{")
    with pytest.raises(WaveformError, match=r"run\.json cannot be read"):
        call(run)


def test_help_ends_with_an_example_and_names_every_measurement():
    from rramcirc.analysis.measure import MEASUREMENTS

    text = call("--help").stdout
    assert "Example:" in text.split("Options:")[1]
    assert all(f"{name}(" in text for name in MEASUREMENTS)
