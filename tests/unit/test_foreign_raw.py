"""Raw files of LTspice, QSPICE and Xyce: every step and axis is there, with the values that spicelib reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rramcirc.analysis.measure import measure
from rramcirc.basics.errors import WaveformError
from rramcirc.waveforms.aliases import alias_values
from rramcirc.waveforms.foreign import read_any
from rramcirc.waveforms.raw import RawPlot, read_raw, write_raw
from rramcirc.waveforms.steps import log_steps, split_xyce_name, step_starts
from rramcirc.waveforms.waveforms import Waveforms

FILES = Path(__file__).parents[1] / "data" / "raw"
LTSPICE = "Linear Technology Corporation LTspice XVII"


def header(
    plotname: str, flags: str, names: list[str], points: int | str, extra: str = "", section: str = "Binary"
) -> str:
    """Return a header; a name is followed by its kind."""
    rows = "".join(f"\t{k}\t{name.rpartition(' ')[0]}\t{name.rpartition(' ')[2]}\n" for k, name in enumerate(names))
    return (
        f"Title: * test\nDate: Mon Jan  5 10:00:00 2026\nPlotname: {plotname}\nFlags: {flags}\n"
        f"No. Variables: {len(names)}\nNo. Points: {points}\n{extra}Variables:\n{rows}{section}:\n"
    )


def ltspice(plotname: str, flags: str, names: list[str], columns: list[list[float]], types: str = "84") -> bytes:
    """Return a file of LTspice; `types` are the bytes of the first and of the other columns."""
    kinds = [types[0], *[types[1]] * (len(names) - 1)]
    table = np.empty(len(columns[0]), [(str(k), f"<f{size}") for k, size in enumerate(kinds)])
    for k, column in enumerate(columns):
        table[str(k)] = column
    head = header(plotname, flags, names, f"{len(columns[0]):12d}", f"Offset:   0.0\nCommand: {LTSPICE}\n")
    return head.encode("utf-16-le") + table.tobytes()


def only(text: str, plot: RawPlot) -> tuple[float, str]:
    """Return value and unit of a measurement that has one row."""
    ((_, value, unit),) = measure(text, Waveforms.from_raw(plot))
    return value, unit


def test_steps_and_sweeps_of_xyce_keep_their_axis():
    plots = read_any(FILES / "xyce_step_dc.raw")
    assert [plot.plotname for plot in plots] == [
        "DC transfer characteristic (step 1: TEMP=25)",
        "DC transfer characteristic (step 2: TEMP=85)",
    ]
    assert only("at(i(v1), 0.3)", plots[0]) == (pytest.approx(-300e-6), "A")
    (plot,) = read_any(FILES / "xyce_dc_mangled.raw")
    assert only("crossing(v(r), 0.25)", plot) == (pytest.approx(0.25), "V")
    assert plot.plotname == "DC transfer characteristic"


def test_steps_of_xyce_are_whole_although_their_headers_promise_no_points():
    plots = read_any(FILES / "xyce_step_ac.raw")
    assert [(plot.complete, plot.n_points) for plot in plots] == [(True, 4)] * 3
    assert plots[2].plotname == "AC Analysis (step 3: R1:R=3000)"
    assert Waveforms.from_raw(plots[0]).unit("v(out)") == "V"


def test_binary_steps_of_xyce_without_number_of_points_are_told_apart(tmp_path):
    first, second = np.arange(12.0).reshape(4, 3), np.arange(15.0).reshape(5, 3)
    names = ["time time", "OUT voltage", "V1#branch current"]
    head = "Step Analysis: Step {} of 2 params:  name = R1:R value = {}  Transient Analysis"
    one = header(head.format(1, 10), "real", names, "0")
    two = header(head.format(2, 20), "real", names, "0").partition("Plotname")
    text = one.encode() + first.tobytes() + ("Plotname" + two[2]).encode() + second.tobytes()
    (tmp_path / "a.raw").write_bytes(text)
    plots = read_any(tmp_path / "a.raw")
    np.testing.assert_array_equal(plots[0].data, first)
    np.testing.assert_array_equal(plots[1].data, second)
    assert plots[0].names == ("time", "V(OUT)", "I(V1)")
    assert plots[0].complete
    assert not plots[1].complete  # nobody says that the last one has ended
    (tmp_path / "b.raw").write_bytes(one.replace("Points: 0", "Points: ").encode() + first.tobytes())
    (plot,) = read_any(tmp_path / "b.raw")
    assert (plot.n_points, plot.complete) == (4, False)


@pytest.mark.parametrize("section", ["Binary", "Values"])
def test_table_of_sensitivities_behind_a_plot_of_xyce_is_left_out(tmp_path, section):
    values = np.arange(6.0).reshape(3, 2)
    text = "".join(f"{k}\t{a:.8e}\n\t{b:.8e}\n\n" for k, (a, b) in enumerate(values)).encode()
    head = header("Transient Analysis", "real", ["time time", "V1#branch current"], 3, section=section).encode()
    table = b"TIME,V(1),d_{V(2)}/d_R2:R_adj\n2.5e-01,2.5e-01,6.2e-02\n"
    (tmp_path / "a.raw").write_bytes(head + (values.tobytes() if section == "Binary" else text) + table)
    (plot,) = read_any(tmp_path / "a.raw")
    assert plot.complete
    np.testing.assert_array_equal(plot.column("i(v1)"), values[:, 1])


def test_nested_sweep_of_xyce_is_one_plot_for_each_sweep(tmp_path):
    name = "DC Sweep: Step 2 of 6 params:  name = V1 value = 0  name = V2 value = 1  DC transfer characteristic"
    values = np.array([[0, 1], [1, 2], [2, 3], [0, 4], [1, 5], [2, 6.0]])
    head = header(name, "real", ["sweep voltage", "OUT voltage"], 6)
    (tmp_path / "a.raw").write_bytes(head.encode() + values.tobytes())
    plots = read_any(tmp_path / "a.raw")
    assert [plot.plotname[-9:] for plot in plots] == ["(sweep 1)", "(sweep 2)"]
    assert only("at(v(out), 1.5)", plots[1])[0] == 5.5


def test_axis_of_xyce_has_a_unit_only_where_the_source_is_named(tmp_path):
    values = np.array([[0.0, 1.0], [1.0, 2.0]])
    for name, unit in (
        ("DC transfer characteristic", ""),
        ("DC Sweep: Step 1 of 2 params:  name = I1 value = 0  ", "A"),
    ):
        head = header(f"{name}DC transfer characteristic", "real", ["sweep voltage", "OUT voltage"], 2)
        (tmp_path / "a.raw").write_bytes(head.encode() + values.tobytes())
        assert Waveforms.from_raw(read_any(tmp_path / "a.raw")[0]).axis_unit == unit


def test_currents_of_ltspice_are_in_amperes(tmp_path):
    (plot,) = read_any(FILES / "lt_plain.raw")
    assert Waveforms.from_raw(plot).unit("I(V1)") == "A"
    names = ["time time", "Ix(u1:4) subckt_current", "V(x) voltage", "P(R1) power", "k odd_word"]
    (tmp_path / "a.raw").write_bytes(ltspice("Transient Analysis", "real forward", names, [[0.0, 1.0]] * 5))
    waves = Waveforms.from_raw(read_any(tmp_path / "a.raw")[0])
    assert [waves.unit(name) for name in waves.names] == ["A", "V", "W", ""]


def test_densities_of_ltspice_are_not_called_volts(tmp_path):
    names = ["frequency frequency", "gain gain", "V(onoise) voltage"]
    plotname = "Noise Spectral Density - (V/Hz½ or A/Hz½)"
    (tmp_path / "a.raw").write_bytes(ltspice(plotname, "real forward log", names, [[1.0, 10.0]] * 3))
    waves = Waveforms.from_raw(read_any(tmp_path / "a.raw")[0])
    assert (waves.axis_unit, waves.unit("v(onoise)"), waves.unit("gain")) == ("Hz", "V/sqrt(Hz)", "")


def test_stepped_file_of_ltspice_needs_no_log():
    plots = read_any(FILES / "lt_step.raw")
    assert [plot.n_points for plot in plots] == [11, 21]
    assert [plot.plotname for plot in plots] == ["Transient Analysis (step 1)", "Transient Analysis (step 2)"]
    assert all(plot.axis[0] == 0 and plot.complete for plot in plots)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_log_gives_the_values_of_the_steps(tmp_path, encoding):
    (tmp_path / "a.raw").write_bytes((FILES / "lt_step.raw").read_bytes())
    log = "LTspice 24\nCircuit: * µ\n\n.step vin=1 r1=1k\n.step vin=1.5 r1=1e+03\n\nMeasurement: x\n"
    (tmp_path / "a.log").write_bytes(log.encode(encoding))
    assert [plot.plotname for plot in read_any(tmp_path / "a.raw")] == [
        "Transient Analysis (step 1: vin=1, r1=1k)",
        "Transient Analysis (step 2: vin=1.5, r1=1e+03)",
    ]


def test_log_of_another_run_gives_no_values(tmp_path):
    (tmp_path / "a.raw").write_bytes((FILES / "lt_step.raw").read_bytes())
    (tmp_path / "a.log").write_text(".step a=1\n.step a=2\n.step a=3\n")
    assert [plot.plotname[-8:] for plot in read_any(tmp_path / "a.raw")] == ["(step 1)", "(step 2)"]
    (tmp_path / "a.log").write_text("1 of 2 steps:  .step vin=1\nC:\\a.net\n2 of 2 steps:  .step vin=2\n")
    assert log_steps(tmp_path / "a.op.raw") == [{"vin": "1"}, {"vin": "2"}]


@pytest.mark.parametrize(
    ("axis", "starts"),
    [
        ([0, 1, 2, 0, 1], [0, 3]),
        ([0, 1, 2, 0.5, 1], [0, 3]),  # another first value
        ([5, 3, 1, 5, 3], [0, 3]),  # a falling sweep
        ([1, 1, 10, 1, 10], [0, 1, 3]),  # the first step lacks its last point
        ([1, 1, 1], [0, 1, 2]),
        ([1, 2, 3], [0]),
        ([], []),
    ],
)
def test_step_starts_where_the_axis_does_again(axis, starts):
    assert step_starts(np.array(axis, dtype=float)) == starts


@pytest.mark.parametrize("kind", ["time", "voltage"])
def test_first_point_of_a_step_counts_once_where_it_is_written_twice(tmp_path, kind):
    names = [f"x {kind}", "V(a) voltage"]
    columns = [[0.0, 1.0, 0.0, 0.0, 1.0], [1.0, 2.0, 3.0, 3.0, 4.0]]
    plotname = {"time": "Transient Analysis", "voltage": "DC transfer characteristic"}[kind]
    (tmp_path / "a.raw").write_bytes(ltspice(plotname, "real forward stepped", names, columns))
    assert [plot.column("v(a)").tolist() for plot in read_any(tmp_path / "a.raw")] == [[1.0, 2.0], [3.0, 4.0]]


def test_transient_that_has_its_first_time_twice_is_one_step(tmp_path):
    names = ["time time", "V(a) voltage"]
    columns = [[0.0, 0.0, 1.0, 0.0, -0.5, 1.0], [0, 1, 2, 3, 4, 5.0]]
    (tmp_path / "a.raw").write_bytes(ltspice("Transient Analysis", "real forward stepped", names, columns))
    first, second = read_any(tmp_path / "a.raw")
    assert first.column(1).tolist() == [0, 1, 2]
    assert second.axis.tolist() == [0.0, 0.5, 1.0]


def test_operating_points_of_ltspice(tmp_path):
    (plot,) = read_any(FILES / "ltspice_op.raw")
    assert not plot.has_axis
    assert (only("final(v(a))", plot), only("final(i(r1))", plot)) == ((1.5, "V"), (pytest.approx(1.5e-3), "A"))
    names, columns = ["vin voltage", "V(a) voltage"], [[1.0, 2.0, 3.0], [0.5, 1.0, 1.5]]
    (tmp_path / "a.raw").write_bytes(ltspice("Operating Point", "real stepped", names, columns))
    (plot,) = read_any(tmp_path / "a.raw")
    assert only("at(v(a), 2.5)", plot)[0] == 1.25


def test_operating_points_over_two_parameters_are_one_sweep_for_each_value_of_the_outer_one(tmp_path):
    columns = [[1.0, 2.0, 1.0, 2.0], [1.0, 2.0, 3.0, 4.0]]
    text = ltspice("Operating Point", "real stepped", ["vin param", "V(a) voltage"], columns)
    (tmp_path / "a.op.raw").write_bytes(text)
    (tmp_path / "a.log").write_text("".join(f".step vin={v} r1={r}\n" for r in (10, 20) for v in (1, 2)))
    plots = read_any(tmp_path / "a.op.raw")
    assert [plot.plotname for plot in plots] == ["Operating Point (step 1: r1=10)", "Operating Point (step 2: r1=20)"]


def test_more_points_than_a_file_holds_are_told(tmp_path):
    whole = (FILES / "lt_plain.raw").read_bytes()
    (tmp_path / "a.raw").write_bytes(whole[:-20])
    (plot,) = read_any(tmp_path / "a.raw")
    assert (plot.complete, plot.n_points) == (False, 9)
    assert plot.problem == "9 of 11 points are there"
    (tmp_path / "a.raw").write_bytes(whole + bytes(16))  # LTspice may write one record too many
    assert read_any(tmp_path / "a.raw")[0].n_points == 11


@pytest.mark.parametrize("types", ["84", "88", "44"])
def test_precision_follows_from_the_size_of_the_file(tmp_path, types):
    columns = [[0.0, 0.5, 1.0], [1.0, 2.0, 0.1]]
    text = ltspice("DC transfer characteristic", "real forward", ["v1 voltage", "V(a) voltage"], columns, types)
    (tmp_path / "a.raw").write_bytes(text)
    (plot,) = read_any(tmp_path / "a.raw")
    np.testing.assert_allclose(plot.data.T, columns, rtol=1e-7)


QSPICE = "Command: QSPICE64, Build Jan  1 2026\n.param R=2k\n.param temp=27\n.alias I(R1) (0.001mho*V(in,out))\n"


def test_files_of_qspice_are_read_with_their_aliases(tmp_path):
    (plot,) = read_any(FILES / "qspice.qraw")
    assert plot.column("v(a)").tolist() == [0.0, 0.5]
    assert only("at(v(a), 0.5)", plot) == (0.25, "V")
    table = np.zeros(3, [("f", "<f8"), ("a", "<c16"), ("b", "<c16")])
    table["f"], table["a"], table["b"] = [1.0, 10.0, 100.0], 1.0, [1.0, 1j, -1j]
    extra = QSPICE + ".alias Freq Frequency\n.alias I(R2) V(in)/R\n.alias I(odd) table(V(in),1,2)\n"
    head = header("AC Analysis", "complex", ["Frequency frequency", "V(in) voltage", "V(out) voltage"], 3, extra)
    (tmp_path / "a.qraw").write_bytes(head.encode() + table.tobytes())
    (plot,) = read_any(tmp_path / "a.qraw")
    assert plot.names == ("Frequency", "V(in)", "V(out)", "I(R1)", "I(R2)")
    np.testing.assert_array_equal(plot.axis, [1.0, 10.0, 100.0])
    np.testing.assert_allclose(plot.column("i(r1)"), 1e-3 * (1 - table["b"]))
    np.testing.assert_allclose(plot.column("i(r2)"), [5e-4] * 3)
    assert Waveforms.from_raw(plot).unit("I(R1)") == "A"


def test_text_of_qspice_has_a_real_frequency(tmp_path):
    head = header("AC Analysis", "complex", ["Frequency frequency", "V(a) voltage"], 2, QSPICE, "Values")
    (tmp_path / "a.qraw").write_text(head + "0\t\t1.0e0\n\t1.0,-2.0\n1\t\t1.0e1\n\t3.0,4.0\n")
    (plot,) = read_any(tmp_path / "a.qraw")
    assert plot.axis.tolist() == [1.0, 10.0]
    assert plot.column("v(a)").tolist() == [1 - 2j, 3 + 4j]


def test_stepped_parameters_that_qspice_stores_are_told(tmp_path):
    names = ["Time time", "V(a) voltage", "R1 parameter"]
    values = np.array([[0, 1, 10], [1, 2, 10], [0, 3, 20], [1, 4, 20], [2, 5, 20.0]])
    (tmp_path / "a.qraw").write_bytes(
        header("Transient Analysis", "real stepped", names, 5, QSPICE).encode() + values.tobytes()
    )
    plots = read_any(tmp_path / "a.qraw")
    assert [(plot.plotname, plot.n_points) for plot in plots] == [
        ("Transient Analysis (step 1: R1=10)", 2),
        ("Transient Analysis (step 2: R1=20)", 3),
    ]


def test_header_decides_against_a_wrong_dialect(tmp_path):
    with pytest.raises(WaveformError, match="its header says that ltspice wrote it"):
        read_any(FILES / "lt_plain.raw", "qspice")
    with pytest.raises(WaveformError, match="dialect"):
        read_any(FILES / "lt_plain.raw", "hspice")
    plot = RawPlot.from_columns(["TIME", "OUT"], ["time", "voltage"], [np.arange(4.0), np.arange(4.0) ** 2])
    write_raw(tmp_path / "a.raw", [plot])
    assert read_any(tmp_path / "a.raw")[0].names == ("TIME", "OUT")
    assert read_any(tmp_path / "a.raw", "xyce")[0].names == ("TIME", "V(OUT)")
    assert Waveforms.from_raw(read_any(tmp_path / "a.raw")[0]).unit("out") == "V"
    with pytest.raises(WaveformError, match="read_any"):
        read_raw(FILES / "lt_plain.raw")


@pytest.mark.parametrize("name", ["lt_plain.raw", "ltspice_op.raw", "xyce_step_dc.raw", "qspice.qraw"])
def test_cut_file_is_refused_or_told_incomplete(tmp_path, name):
    whole, file = (FILES / name).read_bytes(), tmp_path / "cut.raw"
    missing = 0
    for cut in range(0, len(whole), 7):
        file.write_bytes(whole[:cut])
        try:
            plots = read_any(file)
        except WaveformError:
            missing += 1
        else:
            assert not plots[-1].complete or len(plots) < len(read_any(FILES / name))
    assert missing


def test_big_endian_numbers_and_text_are_refused(tmp_path):
    values = np.array([[0.0, 1.0], [1e-9, 0.75], [2e-9, 0.3]])
    head = header("Transient Analysis", "real", ["time time", "v(a) voltage"], 3).encode()
    (tmp_path / "a.raw").write_bytes(head + values.astype(">f8").tobytes())
    for dialect in (None, "ngspice", "xyce", "ltspice", "qspice"):
        with pytest.raises(WaveformError, match="big-endian"):
            read_any(tmp_path / "a.raw", dialect)
    (tmp_path / "a.raw").write_bytes(head + values.tobytes())
    assert read_any(tmp_path / "a.raw")[0].n_points == 3
    (tmp_path / "a.raw").write_bytes(head.decode().encode("utf-16-be"))
    with pytest.raises(WaveformError, match="big-endian"):
        read_any(tmp_path / "a.raw")


def test_shorter_vectors_are_not_filled_up_with_zeros(tmp_path):
    names = ["time time", "v(a) voltage", "pk notype dims=1", "b notype dims=2"]
    rows = "".join(f"\t{k}\t{name.split(' ', 1)[0]}\t{name.split(' ', 1)[1]}\n" for k, name in enumerate(names))
    head = header("Transient Analysis", "real", names, 3).partition("Variables:\n")
    values = np.array([[0, 1, 0.3, 7], [1, 2, 0, 8], [2, 3, 0, 0.0]])
    (tmp_path / "a.raw").write_bytes(f"{head[0]}{head[1]}{rows}Binary:\n".encode() + values.tobytes())
    (plot,) = read_raw(tmp_path / "a.raw")
    assert plot.column("pk").tolist() == [0.3] * 3
    np.testing.assert_array_equal(plot.column("b"), [7, 8, np.nan])
    write_raw(tmp_path / "b.raw", [plot])
    assert only("final(pk)", read_raw(tmp_path / "b.raw")[0])[0] == 0.3


def test_unknown_aliases_are_left_out():
    vectors = {"V(a)": np.array([1.0, 2.0]), "V(b)": np.array([0.5, 0.5])}
    assert alias_values("-2*V(b,A)+V(0,b)", vectors, {}).tolist() == [0.5, 2.5]
    assert alias_values("1e-3mho * (V(a) - .5)**2 / k", vectors, {"K": "1m"}).tolist() == [0.25, 2.25]
    for formula in ("V(c)", "V(a).__class__", "abs(V(a))", "V(a) if 1 else 2", "", "(" * 300, "x"):
        assert alias_values(formula, vectors, {}) is None


def test_names_of_xyce_without_steps_stay():
    assert split_xyce_name("Transient Analysis") == ("Transient Analysis", "", [])
    text = "Step Analysis: Step 3 of 4 params:  name = R1:R value = 1e3   name = T value = 2  AC Analysis"
    assert split_xyce_name(text) == ("AC Analysis", "(step 3: R1:R=1e3, T=2)", [])


@settings(max_examples=40, deadline=None)
@given(data=st.data(), kind=st.sampled_from(["time", "frequency", "dc"]), fast=st.booleans())
def test_what_spicelib_writes_reads_as_it_reads_it(tmp_path_factory, data, kind, fast):
    raw_write = pytest.importorskip("spicelib.raw.raw_write")
    raw_read = pytest.importorskip("spicelib.raw.raw_read")
    points, vectors = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 3))
    axis = np.sort(data.draw(st.lists(st.floats(1e-9, 1e6), min_size=points, max_size=points, unique=True)))
    numbers = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)
    columns = data.draw(
        st.lists(st.lists(numbers, min_size=points, max_size=points), min_size=vectors, max_size=vectors)
    )
    file = tmp_path_factory.getbasetemp() / "spicelib.raw"
    encoding = data.draw(st.sampled_from(["utf_16_le", "utf_8"]))
    precision = {"time": "real", "frequency": "complex", "dc": "double"}[kind]
    plotname = {"time": "Transient Analysis", "frequency": "AC Analysis", "dc": "DC transfer characteristic"}[kind]
    out = raw_write.RawWrite(plotname, fast and kind != "frequency", precision, encoding)
    axis_kind = "complex" if kind == "frequency" else "double"
    out.add_trace(raw_write.Trace({"dc": "v1"}.get(kind, kind), axis, "voltage", axis_kind))
    for k, numbers in enumerate(columns):
        values = np.array(numbers) * ((1 + 1j) if precision == "complex" else 1)
        out.add_trace(raw_write.Trace(f"V(n{k})", values, "voltage", precision))
    out.save(file)
    reference = raw_read.RawRead(str(file), traces_to_read="*", verbose=False)
    (plot,) = read_any(file)
    assert plot.complete
    assert list(plot.names) == reference.get_trace_names()
    for name in plot.names:
        np.testing.assert_array_equal(plot.column(name), np.asarray(reference.get_trace(name).get_wave(0)))


@pytest.mark.parametrize("name", ["lt_step.raw", "xyce_step_dc.raw", "qspice.qraw"])
def test_a_stepped_file_without_its_first_point_is_empty(tmp_path, name):
    content = (FILES / name).read_bytes()
    marks = ("Binary:\n".encode("utf-16-le"), b"Binary:\n", b"Values:\n")
    ends = [content.find(mark) + len(mark) for mark in marks if mark in content]
    (tmp_path / name).write_bytes(content[: min(ends)])
    assert [plot.n_points for plot in read_any(tmp_path / name)] == [0]
