"""Waveforms: names, units and signs from a raw file, selection, windows, saving."""

from __future__ import annotations

import pickle
import subprocess

import numpy as np
import pytest

from rramcirc.basics.errors import ParameterError, WaveformError
from rramcirc.waveforms.raw import RawPlot, read_raw
from rramcirc.waveforms.waveforms import Signal, Waveforms


def crossbar_plot(complete: bool = True) -> RawPlot:
    names = ["time", "v(bl0)", "vbl0#branch", "i(vbl1)", "@n.xcell_2_3.nrram[gap]", "v(n.xcell_2_3.nrram#s)"]
    kinds = ["time", "voltage", "current", "current", "voltage", "voltage"]
    columns = [np.arange(4) * 1e-6, *(np.arange(4.0) + 10 * k for k in range(5))]
    problem = "" if complete else "stops early"
    return RawPlot.from_columns(names, kinds, columns, title="* array", complete=complete, problem=problem)


TABLE = [
    Signal("v(bl0)", "V", "V(BL0)"),
    Signal("i(bl0)", "A", "i(vbl0)", -1),
    Signal("i(bl1)", "A", "vbl1#branch"),
    Signal("gap[2,3]", "nm", "v(@n.xcell_2_3.nrram[gap])"),
    Signal("s[2,3]", "nm", "n.xcell_2_3.nrram#s"),
]


@pytest.fixture
def wf() -> Waveforms:
    return Waveforms.from_raw(crossbar_plot(), TABLE, {"seed": 1})


def test_table_gives_names_units_and_signs(wf):
    assert wf.names == ("v(bl0)", "i(bl0)", "i(bl1)", "gap[2,3]", "s[2,3]")
    np.testing.assert_array_equal(wf["i(bl0)"], -(np.arange(4.0) + 10))
    np.testing.assert_array_equal(wf["gap[2,3]"], np.arange(4.0) + 30)
    np.testing.assert_array_equal(wf["s[2,3]"], np.arange(4.0) + 40)
    assert wf.units["gap[2,3]"] == wf.unit("gap[2, 3]") == "nm"
    assert wf.provenance["seed"] == 1
    np.testing.assert_array_equal(wf.time, np.arange(4) * 1e-6)
    assert (wf.axis_name, wf.axis_unit, wf.title) == ("time", "s", "* array")


def test_without_table_units_come_from_names_only():
    wf = Waveforms.from_raw(crossbar_plot())
    assert list(wf.units.values()) == ["V", "A", "A", "", "V"]
    assert wf.names[0] == "v(bl0)"


def test_vector_missing_in_the_file_is_an_error():
    with pytest.raises(WaveformError, match=r"1 requested vector\(s\) missing.*v\(bl9\)"):
        Waveforms.from_raw(crossbar_plot(), [*TABLE, Signal("v(bl9)", "V", "v(bl9)")])


def test_columns_are_read_once_and_only_when_asked(wf, monkeypatch):
    read = []
    original = RawPlot.column
    monkeypatch.setattr(RawPlot, "column", lambda self, which: read.append(which) or original(self, which))
    assert wf["i(bl1)"] is wf["i(bl1)"]
    assert read == [3]


def test_values_cannot_be_changed(wf):
    for values in (wf["i(bl0)"], wf.time):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1.0


def test_unknown_signal_names_the_nearest_and_the_saved(wf):
    with pytest.raises(WaveformError, match=r"no signal 'v\(bl8\)'. Nearest: v\(bl0\).*Saved: v\(bl0\), i\(bl0\)"):
        wf["v(bl8)"]
    for nonsense in (None, 3, object()):
        with pytest.raises(WaveformError, match="no signal"):
            wf[nonsense]
        assert nonsense not in wf


def test_case_and_blanks_do_not_matter(wf):
    assert wf["GAP[2, 3]"] is wf["gap[2,3]"]
    assert "V(BL0)" in wf


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["i(bl*)"], ["i(bl0)", "i(bl1)"]),
        (["gap[2,*]"], ["gap[2,3]"]),
        (["*[2,3]"], ["gap[2,3]", "s[2,3]"]),
        (["i(bl?)", "v(*)", "i(bl1)"], ["i(bl0)", "i(bl1)", "v(bl0)"]),
        (["I(BL1)"], ["i(bl1)"]),
    ],
)
def test_patterns_select_in_order(wf, patterns, expected):
    assert wf.select(*patterns) == expected


def test_brackets_are_no_character_class(wf):
    with pytest.raises(WaveformError, match=r"no signal fits 'gap\[23\]'"):
        wf.select("gap[23]")
    with pytest.raises(WaveformError, match="no signal fits"):
        wf.select("gap[3,*]")


def test_time_of_a_sweep_is_refused():
    sweep = Waveforms("v-sweep", "V", [0.0, 1.0, 0.0], {"i(d)": [0.0, 1.0, 0.5]}, {"i(d)": "A"})
    with pytest.raises(WaveformError, match="v-sweep"):
        _ = sweep.time
    np.testing.assert_array_equal(sweep["v-sweep"], [0.0, 1.0, 0.0])


def test_swept_source_is_named_by_the_table():
    plot = RawPlot.from_columns(
        ["v(v-sweep)", "i(vbl)"],
        ["voltage", "current"],
        [np.arange(3.0), np.arange(3.0)],
        plotname="DC transfer characteristic",
    )
    assert (Waveforms.from_raw(plot).axis_name, Waveforms.from_raw(plot).axis_unit) == ("v-sweep", "V")
    wf = Waveforms.from_raw(plot, [Signal("v(bl)", "V", "v-sweep"), Signal("i(bl)", "A", "i(vbl)", -1)])
    assert (wf.axis_name, wf.names) == ("v(bl)", ("i(bl)",))
    np.testing.assert_array_equal(wf["v(bl)"], np.arange(3.0))


def test_final_values(wf):
    assert wf.final()["i(bl0)"] == -13.0
    with pytest.raises(WaveformError, match="no points"):
        Waveforms("time", "s", [], {}, {}).final()


def test_pandas_frame_carries_units(wf):
    frame = wf.to_pandas()
    assert frame.index.name == "time"
    assert frame.attrs["units"] == {
        "time": "s",
        "v(bl0)": "V",
        "i(bl0)": "A",
        "i(bl1)": "A",
        "gap[2,3]": "nm",
        "s[2,3]": "nm",
    }
    assert frame["gap[2,3]"].iloc[-1] == 33.0


@pytest.mark.parametrize("complete", [True, False])
def test_saved_waveforms_come_back(tmp_path, complete):
    wf = Waveforms.from_raw(crossbar_plot(complete), TABLE)
    wf.save(tmp_path / "a.raw")
    back = Waveforms.from_raw(read_raw(tmp_path / "a.raw")[0])
    assert (back.names, dict(back.units), back.complete, back.title) == (wf.names, dict(wf.units), complete, wf.title)
    assert bool(back.stopped) is not complete
    for name in wf.names:
        np.testing.assert_array_equal(back[name], wf[name])


@pytest.mark.parametrize(
    ("axis_name", "axis_unit", "values"),
    [
        ("frequency", "Hz", np.array([1 + 1j, 2.0])),
        ("v(bl)", "V", np.array([1.0, 2.0])),
        ("point", "", np.array([3.0])),
    ],
)
def test_every_kind_of_axis_is_saved(tmp_path, axis_name, axis_unit, values):
    axis = np.arange(len(values), dtype=float)
    Waveforms(axis_name, axis_unit, axis, {"v(a)": values}, {"v(a)": "V"}).save(tmp_path / "a.raw")
    back = Waveforms.from_raw(read_raw(tmp_path / "a.raw")[0])
    assert (back.axis_name, back.axis_unit) == (axis_name, axis_unit)
    np.testing.assert_array_equal(back["v(a)"], values)
    np.testing.assert_array_equal(back.axis, axis)


def test_window_interpolates_its_ends():
    wf = Waveforms("time", "s", [0.0, 1.0, 2.0, 3.0], {"v(a)": np.array([0.0, 10.0, 0.0, 5.0])}, {"v(a)": "V"})
    part = wf.between(0.5, 2.5)
    np.testing.assert_allclose(part.time, [0.5, 1.0, 2.0, 2.5])
    np.testing.assert_allclose(part["v(a)"], [5.0, 10.0, 0.0, 2.5])
    np.testing.assert_allclose(wf.between(start=2.0)["v(a)"], [0.0, 5.0])
    assert wf.between() is wf
    with pytest.raises(WaveformError, match="time runs from 0 to 3"):
        wf.between(4.0, 5.0)
    with pytest.raises(WaveformError, match="nothing between"):
        wf.between(2.0, 1.0)


def test_window_of_a_butterfly_takes_the_points_inside():
    wf = Waveforms("v-sweep", "V", [0, 1, 2, 1, 0, -1, 0], {"i(d)": np.arange(7.0)}, {"i(d)": "A"})
    np.testing.assert_array_equal(wf.between(1.0, 2.0)["i(d)"], [1, 2, 3])


def test_lengths_must_agree():
    with pytest.raises(WaveformError, match=r"signal v\(a\) has shape \(3,\)"):
        Waveforms("time", "s", [0.0, 1.0], {"v(a)": np.zeros(3)}, {})
    with pytest.raises(WaveformError, match="one-dimensional"):
        Waveforms("time", "s", np.zeros((2, 2)), {}, {})
    with pytest.raises(ParameterError, match="sign"):
        Signal("a", "V", "a", sign=0)


def test_waveforms_can_be_pickled(wf):
    back = pickle.loads(pickle.dumps(Waveforms.from_raw(wf.signals._plot, TABLE)))
    np.testing.assert_array_equal(back["i(bl0)"], wf["i(bl0)"])


def test_signs_and_internal_vectors_of_a_real_run(tmp_path):
    deck = """* divider
v1 in 0 2
r1 in out 1k
d1 out 0 dm
.model dm d rs=10
.save v(out) i(v1) @r1[i] v(d1#internal)
.control
set num_threads=1
dc v1 0 2 1
write w.raw
quit $sim_status
.endc
.end
"""
    (tmp_path / "d.cir").write_text(deck)
    subprocess.run(["ngspice", "-b", "d.cir"], cwd=tmp_path, check=True, capture_output=True, timeout=30)
    table = [
        Signal("v(in)", "V", "v-sweep"),
        Signal("i(in)", "A", "v1#branch", -1),
        Signal("i(r)", "A", "@r1[i]"),
        Signal("v(inner)", "V", "d1#internal"),
    ]
    wf = Waveforms.from_raw(read_raw(tmp_path / "w.raw")[-1], table)
    np.testing.assert_allclose(wf["i(in)"], wf["i(r)"], rtol=1e-6, atol=1e-12)
    assert wf["i(in)"][-1] > 1e-3
    np.testing.assert_array_equal(wf.axis, [0.0, 1.0, 2.0])
