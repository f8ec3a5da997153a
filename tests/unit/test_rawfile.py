"""Raw files: what ngspice writes is read, what we write ngspice reads, what is broken is named."""

from __future__ import annotations

import signal
import subprocess
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rramcirc.basics.errors import EnvironmentProblem, ParameterError, WaveformError
from rramcirc.waveforms.foreign import read_any
from rramcirc.waveforms.raw import RawPlot, normalise_vector, read_raw, write_raw

RC = """* RC low-pass
v1 in 0 dc 1 ac 1 pulse(0 1 1u 1n 1n 5u 10u)
r1 in out 1k
c1 out 0 1n
.save v(in) v(out) i(v1)
.control
set num_threads=1
{commands}
quit $sim_status
.endc
.end
"""


def run_ngspice(folder: Path, commands: str) -> None:
    (folder / "rc.cir").write_text(RC.format(commands=commands))
    subprocess.run(["ngspice", "-b", "rc.cir"], cwd=folder, check=True, capture_output=True, timeout=30)


@pytest.fixture(scope="module")
def ngspice_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    analyses = ["tran 20n 8u", "ac dec 5 1 1meg", "dc v1 0 1 0.25", "op"]
    both = "\n".join(f"{a}\nwrite all.raw" for a in analyses)
    text = "\n".join(f"setplot {p}\nwrite text.raw" for p in ("tran1", "ac1", "dc1", "op1"))
    run_ngspice(folder, f"set appendwrite\n{both}\nset filetype=ascii\n{text}")
    return folder


def test_reads_every_plot_of_a_file(ngspice_files):
    plots = read_raw(ngspice_files / "all.raw")
    assert [p.plotname for p in plots] == [
        "Transient Analysis",
        "AC Analysis",
        "DC transfer characteristic",
        "Operating Point",
    ]
    assert [p.has_axis for p in plots] == [True, True, True, False]
    assert [(p.complete, p.problem) for p in plots] == [(True, "")] * 4
    assert {p.title.lower() for p in plots} == {"* rc low-pass"}


def test_transient_follows_the_formula(ngspice_files):
    plot = read_raw(ngspice_files / "all.raw")[0]
    time_axis, out = plot.axis, plot.column("V(OUT)")
    charging = (time_axis > 1.1e-6) & (time_axis < 5.9e-6)
    expected = 1 - np.exp(-(time_axis - 1.0005e-6) / 1e-6)
    np.testing.assert_allclose(out[charging], expected[charging], atol=3e-3)  # reltol 1e-3
    assert plot.kinds[plot.names.index("v(out)")] == "voltage"


def test_complex_plot_follows_the_formula(ngspice_files):
    plot = read_raw(ngspice_files / "all.raw")[1]
    assert plot.flags == ("complex",)
    assert plot.axis.dtype == np.float64
    expected = 1 / (1 + 2j * np.pi * plot.axis * 1e-6)
    np.testing.assert_allclose(plot.column("v(out)"), expected, rtol=1e-6)


def test_ascii_and_binary_hold_the_same_numbers(ngspice_files):
    for binary, text in zip(read_raw(ngspice_files / "all.raw"), read_raw(ngspice_files / "text.raw"), strict=True):
        assert text.complete
        for name in binary.names:
            np.testing.assert_allclose(text.column(name), binary.column(name), rtol=1e-14, atol=1e-300)


def test_killed_run_is_read_up_to_where_it_stopped(tmp_path):
    deck = RC.replace("dc 1 ac 1 pulse(0 1 1u 1n 1n 5u 10u)", "sin(0 1 1meg)")
    (tmp_path / "rc.cir").write_text(
        deck.format(commands="run waves.raw").replace(".control", ".tran 1n 1 0 1n\n.control")
    )
    process = subprocess.Popen(
        ["ngspice", "-b", "rc.cir"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    raw = tmp_path / "waves.raw"
    try:
        deadline = time.monotonic() + 60
        while not (raw.exists() and raw.stat().st_size > 100_000):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert b"No. Points: 0" in raw.read_bytes()[:400]
    (plot,) = read_raw(raw)
    assert plot.n_points > 1000
    assert not plot.complete
    assert plot.problem.startswith(f"stops after time = {plot.axis[-1]:.6g} s")
    assert np.all(np.diff(plot.axis) > 0)


@pytest.mark.parametrize("file", ["all.raw", "text.raw"])
@pytest.mark.parametrize("cut", [1, 7, 9, 41])
def test_truncated_file_says_where_it_stops(ngspice_files, tmp_path, file, cut):
    content = (ngspice_files / file).read_bytes()
    second = content.index(b"Title:", 10)
    (tmp_path / "cut.raw").write_bytes(content[: second - cut - 1])
    whole = read_raw(ngspice_files / file)[0]
    (plot,) = read_raw(tmp_path / "cut.raw")
    assert not plot.complete
    assert whole.n_points - 3 < plot.n_points < whole.n_points
    assert f"{whole.n_points} points promised" in plot.problem
    np.testing.assert_array_equal(plot.column("v(out)"), whole.column("v(out)")[: plot.n_points])


def test_file_cut_inside_a_later_header_keeps_the_plots_before(ngspice_files, tmp_path):
    content = (ngspice_files / "all.raw").read_bytes()
    (tmp_path / "cut.raw").write_bytes(content[: content.index(b"Title:", 10) + 60])
    first, second = read_raw(tmp_path / "cut.raw")
    assert first.complete
    assert not second.complete
    assert second.n_points == 0


def test_plot_without_points_is_incomplete(tmp_path):
    run = RawPlot.from_columns(["time", "v(a)"], ["time", "voltage"], [np.zeros(0), np.zeros(0)])
    good = RawPlot.from_columns(["time", "v(a)"], ["time", "voltage"], [np.arange(3.0), np.ones(3)])
    write_raw(tmp_path / "two.raw", [run, good])
    empty, second = read_raw(tmp_path / "two.raw")
    assert empty.problem.startswith("holds no points")
    assert second.n_points == 3


def head(flags: str, variables: int, section: str) -> bytes:
    """Return a header with one variable line, whatever it promises."""
    return (
        f"Title: a\nPlotname: t\nFlags: {flags}\nNo. Variables: {variables}\nNo. Points: 1\n"
        f"Variables:\n\t0\ttime\ttime\n{section}:\n"
    ).encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n", "not a raw file"),
        (b"x" * 100_000, "not a raw file"),
        (b"Title: a\nDate: b\nPlotname: c\n", "ends inside the header"),
        ("Title: a\n".encode("utf-16-le"), "read_any"),
        (b"Title: a\nhello\n", "not a raw file"),
        (b"Title: a\nPlotname: t\nFlags: real\nNo. Variables: x\nNo. Points: 1\nVariables:\n", "no number"),
        (
            head("real", 2, "Binary"),
            "variable 1 of 2",
        ),
        (
            head("odd", 1, "Binary") + bytes(8),
            "Flags",
        ),
        (
            head("real", 1, "Binary") + bytes(24),
            "where the next plot should start",
        ),
        (
            head("real", 1, "Values") + b"0\tabc\n",
            "is no number",
        ),
        (
            head("real", 1, "Values") + b"4\t1.0\n",
            "is numbered 4",
        ),
        (
            head("real", 1, "Values") + b"0\t1.0\n1\t2.0\n",
            "more than the 1 points",
        ),
        (b"Title: a\nPlotname: t\nFlags: real\nNo. Points: 1\nBinary:\n", "variables"),
        (
            b"Title: a\nCommand: LTspice 24\nPlotname: t\nFlags: real\nNo. Variables: 1\nNo. Points: 1\nVariables:\n"
            b"\t0\ttime\ttime\nBinary:\n" + bytes(8),
            "written by ltspice",
        ),
    ],
)
def test_broken_file_is_named_with_what_was_found(tmp_path, content, message):
    file = tmp_path / "bad.raw"
    file.write_bytes(content)
    with pytest.raises(WaveformError, match=message) as error:
        read_raw(file)
    assert str(file) in str(error.value)


def test_missing_file_and_folder_are_refused(tmp_path):
    with pytest.raises(WaveformError, match="No such file"):
        read_raw(tmp_path / "none.raw")
    with pytest.raises(WaveformError, match="cannot be read"):
        read_any(tmp_path)


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=200), cut=st.integers(0, 400))
def test_no_content_crashes_the_reader(tmp_path_factory, content, cut):
    head = b"Title: a\nPlotname: t\nFlags: complex\nNo. Variables: 2\nNo. Points: 3\nVariables:\n"
    file = tmp_path_factory.getbasetemp() / "fuzz.raw"
    file.write_bytes((head + b"\t0\tfrequency\tfrequency\n\t1\tv(a)\tvoltage\nBinary:\n" + bytes(96))[:cut] + content)
    try:
        plots = read_raw(file)
    except WaveformError:
        return
    assert all(isinstance(p.column(0), np.ndarray) for p in plots if p.names)


@settings(max_examples=25, deadline=None)
@given(data=hnp.arrays(st.sampled_from([np.float64, np.complex128]), st.tuples(st.integers(1, 9), st.integers(1, 5))))
def test_round_trip_keeps_every_byte(tmp_path_factory, data):
    names = tuple(f"v({i})" for i in range(data.shape[1]))
    flag = "complex" if np.iscomplexobj(data) else "real"
    plot = RawPlot("tïtle", "today", "Operating Point", (flag,), names, ("voltage",) * len(names), data)
    file = tmp_path_factory.getbasetemp() / "round.raw"
    write_raw(file, [plot, plot])
    for back in read_raw(file):
        assert (back.title, back.date, back.names) == (plot.title, plot.date, plot.names)
        assert np.asarray(back.data).tobytes() == data.tobytes()


def test_rewriting_an_ngspice_file_keeps_its_data(ngspice_files, tmp_path):
    plots = read_raw(ngspice_files / "all.raw")
    write_raw(tmp_path / "copy.raw", plots)
    for a, b in zip(plots, read_raw(tmp_path / "copy.raw"), strict=True):
        assert np.asarray(a.data).tobytes() == np.asarray(b.data).tobytes()
        assert (a.names, a.kinds, a.plotname, a.date) == (b.names, b.kinds, b.plotname, b.date)


def test_file_can_be_overwritten_while_it_is_mapped(tmp_path):
    file = tmp_path / "a.raw"
    write_raw(file, [RawPlot.from_columns(["time"], ["time"], [np.arange(9000.0)])])
    plots = read_raw(file)
    write_raw(file, plots)
    np.testing.assert_array_equal(plots[0].axis, np.arange(9000.0))
    assert [p.name for p in tmp_path.iterdir()] == ["a.raw"]


def test_ngspice_loads_what_was_written(ngspice_files, tmp_path):
    columns = [np.arange(5.0), np.array([0.0, 1.0, 2.0, 5.0, 3.0])]
    write_raw(tmp_path / "ours.raw", [RawPlot.from_columns(["time", "gap[2,3]"], ["time", "nm"], columns)])
    deck = "* load\n.control\nload ours.raw\nprint length(time) time[4]\ndisplay\nquit\n.endc\n.end\n"
    (tmp_path / "load.cir").write_text(deck)
    done = subprocess.run(["ngspice", "-b", "load.cir"], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert "length(time) = 5.0" in done.stdout
    assert "time[4] = 4.0" in done.stdout
    assert "gap[2_3]" in done.stdout  # ngspice splits names at commas
    assert "bad var" not in done.stderr
    assert read_raw(tmp_path / "ours.raw")[0].column("gap[2,3]")[-1] == 3.0


def test_partial_plot_stays_partial_in_a_copy(tmp_path):
    write_raw(tmp_path / "p.raw", [RawPlot.from_columns(["time"], ["time"], [np.arange(3.0)], complete=False)])
    (plot,) = read_raw(tmp_path / "p.raw")
    assert not plot.complete
    assert "stops after time = 2 s" in plot.problem
    assert plot.title == ""


def test_unwritable_file_and_full_disk_are_told_apart(tmp_path):
    plot = RawPlot.from_columns(["time"], ["time"], [np.arange(3.0)])
    with pytest.raises(ParameterError, match="cannot be written"):
        write_raw(tmp_path / "no" / "a.raw", [plot])
    with pytest.raises(EnvironmentProblem, match="disk is full"):
        write_raw("/dev/full", [plot])
    with pytest.raises(WaveformError, match="no plot"):
        write_raw(tmp_path / "a.raw", [])


def test_unknown_column_answers_with_the_nearest(ngspice_files):
    plot = read_raw(ngspice_files / "all.raw")[0]
    with pytest.raises(WaveformError, match=r"v\(oot\).*Nearest: v\(out\)"):
        plot.column("v(oot)")
    for nonsense in (99, None, 1.5, True):
        with pytest.raises(WaveformError):
            plot.column(nonsense)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("i(vbl3)", "i(vbl3)"),
        ("vbl3#branch", "i(vbl3)"),
        ("VBL3#Branch", "i(vbl3)"),
        ("v(@n.xcell_2_3.nrram[gap])", "@n.xcell_2_3.nrram[gap]"),
        ("@N.xcell_2_3.nrram[gap]", "@n.xcell_2_3.nrram[gap]"),
        ("i(@r1[i])", "@r1[i]"),
        ("v(n.x#s)", "v(n.x#s)"),
        ("n.x#s", "v(n.x#s)"),
        ("v(v-sweep)", "v-sweep"),
        ("V(a, b)", "v(a,b)"),
        ("time", "time"),
        ("gap[2_3]", "gap[2,3]"),
        ("@n.x#y[gap]", "@n.x#y[gap]"),
    ],
)
def test_spellings_of_one_vector_agree(written, plain):
    assert normalise_vector(written) == plain


def test_one_column_of_a_large_file_is_read_without_the_others(tmp_path):
    data = np.zeros((20_000, 200))
    data[:, 0], data[:, 57] = np.arange(20_000), 7.0
    names = ("time", *(f"v({i})" for i in range(1, 200)))
    write_raw(tmp_path / "big.raw", [RawPlot("", "", "t", ("real",), names, ("time",) + ("voltage",) * 199, data)])
    tracemalloc.start()
    try:
        column = read_raw(tmp_path / "big.raw")[0].column("v(57)")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert column[-1] == 7.0
    assert peak < 10 * column.nbytes  # the whole file is 200 columns
    assert not isinstance(column, np.memmap)


def test_file_of_ngspice_is_recognised(ngspice_files):
    assert len(read_any(ngspice_files / "all.raw")) == 4
