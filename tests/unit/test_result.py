"""A raw file must be whole, hold what was asked for, and hold numbers that a circuit can have."""

from __future__ import annotations

import numpy as np
import pytest

from rramcirc.engines.ngspice.log import LogReport
from rramcirc.engines.ngspice.result import Expected, judge_temperature, read_result
from rramcirc.waveforms.raw import RawPlot, write_raw


def write(folder, values, name="Transient Analysis", kind="voltage", vector="v(1)", file="waves.raw", stop=1e-6):
    values = np.asarray(values)
    axis = np.linspace(0, stop, len(values))
    plot = RawPlot.from_columns(["time", vector], ["time", kind], [axis, values], plotname=name)
    write_raw(folder / file, [plot])


def problems(folder, **expected: object) -> list[str]:
    return read_result(folder, Expected(**expected))[1]


def test_whole_file_is_fine(tmp_path):
    write(tmp_path, [0.0, 1.0])
    plots, bad, remarks = read_result(tmp_path, Expected(("V(1)",), 1e-6, ("tran",)))
    assert (len(plots), bad, remarks) == (1, [], [])


def test_missing_and_empty_files_are_told(tmp_path):
    assert problems(tmp_path) == ["no raw file was written: no analysis left points"]
    said = "no raw file was written: no analysis left points, or one of the saved vectors does not exist (v(1))"
    assert problems(tmp_path, vectors=("v(1)",)) == [said]
    (tmp_path / "waves.raw").write_text("")
    assert "is empty" in problems(tmp_path)[0]
    (tmp_path / "waves.raw").write_text("hello\n")
    assert "not a raw file" in problems(tmp_path)[0]
    write(tmp_path, [])
    assert problems(tmp_path) == ["the raw file holds no points"]


@pytest.mark.parametrize("cut", [1, 8, 17])
def test_truncated_file_is_told(tmp_path, cut):
    write(tmp_path, np.zeros(10))
    raw = tmp_path / "waves.raw"
    raw.write_bytes(raw.read_bytes()[:-cut])
    assert "Transient Analysis: stops after time = " in problems(tmp_path)[0]


def test_early_end_is_told(tmp_path):
    write(tmp_path, [0.0, 1.0])
    assert problems(tmp_path, stop=1e-6 * (1 + 1e-10)) == []
    assert problems(tmp_path, stop=1.1e-6) == ["the simulation ended at 1e-06 s of 1.1e-06 s"]


def test_missing_vectors_and_analyses_are_told(tmp_path):
    write(tmp_path, [0.0, 1.0])
    names = tuple(f"v(n{k})" for k in range(7))
    assert problems(tmp_path, vectors=names) == ["the raw file lacks v(n0), v(n1), v(n2), v(n3), v(n4) and 2 more"]
    assert problems(tmp_path, analyses=("tran", "ac")) == ["there is no result of the analysis .ac"]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_told(tmp_path, value):
    write(tmp_path, [0.0, value, 0.0])
    assert problems(tmp_path) == ["v(1) has values that are not finite"]


def test_complex_values_that_are_not_finite_are_told(tmp_path):
    write(tmp_path, [0j, complex(0, np.nan), 0j], name="AC Analysis")
    assert problems(tmp_path) == ["v(1) has values that are not finite"]


@pytest.mark.parametrize(
    ("value", "name", "kind", "vector", "ours", "theirs"),
    [
        (1e11, "Transient Analysis", "voltage", "v(1)", 0, 0),
        (-1e13, "Transient Analysis", "voltage", "v(1)", 1, 0),
        (1e13, "Operating Point", "current", "i(v1)", 1, 0),
        (1e31, "DC transfer characteristic", "voltage", "v(1)", 1, 1),
        (1e31, "AC Analysis", "voltage", "v(1)", 0, 0),
        (1e31, "Transient Analysis", "notype", "x", 0, 0),
        (1e31, "Transient Analysis", "voltage", "v(@n1[rate])", 0, 0),
    ],
)
def test_values_that_no_circuit_has_are_told(tmp_path, value, name, kind, vector, ours, theirs):
    write(tmp_path, [0.0, value], name=name, kind=kind, vector=vector)
    assert len(problems(tmp_path, ours=True)) == ours
    _, bad, remarks = read_result(tmp_path, Expected())
    assert len(bad) == theirs
    assert len(remarks) == max(ours - theirs, 0)


def test_every_value_of_a_long_file_is_looked_at(tmp_path):
    values = np.zeros(600_000)
    values[-1] = np.nan
    write(tmp_path, values)
    assert problems(tmp_path) == ["v(1) has values that are not finite"]


def test_last_file_that_the_netlist_wrote_serves(tmp_path):
    write(tmp_path, [0.0, 1.0], file="a.raw")
    write(tmp_path, [0.0, 2.0], file="b.raw")
    plots, bad, _ = read_result(tmp_path, Expected(files=("b.raw", "a.raw", "c.raw", "../d.raw")))
    assert bad == []
    assert plots[0].column("v(1)")[-1] == 2.0
    assert (tmp_path / "waves.raw").read_bytes() == (tmp_path / "b.raw").read_bytes()


def test_analysis_at_another_temperature_is_told():
    report = LogReport((), (), (27.0, 50.0), "")
    assert judge_temperature(report, Expected()) == []
    assert judge_temperature(report, Expected(celsius=27.0)) == ["an analysis ran at 323.15 K instead of 300.15 K"]
    assert judge_temperature(LogReport((), (), (26.85,), ""), Expected(celsius=300.0 - 273.15)) == []
