"""Points of a run wait in a file when they are many, and nobody sees a difference."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.basics.errors import ParameterError
from rramcirc.engines.array import record
from rramcirc.engines.array.engine import run_bench
from rramcirc.engines.array.record import Points


def filled(points: Points) -> Points:
    """Five points, of which the third was taken back and added again."""
    for k in range(3):
        points.add(float(k), np.array([10.0 + k, 20.0 + k]))
    points.take_back()
    for k in range(2, 5):
        points.add(float(k), np.array([30.0 + k, 40.0 + k]))
    return points


@pytest.mark.parametrize("held", [0, 60, 1 << 26])
def test_points_come_back_as_they_were_added(monkeypatch, tmp_path, held):
    monkeypatch.setattr(record, "MOST_HELD", held)
    points = filled(Points(2, tmp_path))
    assert len(points) == 5
    expected = [[0, 10, 20], [1, 11, 21], [2, 32, 42], [3, 33, 43], [4, 34, 44]]
    np.testing.assert_array_equal(points.table(), expected)
    assert not list(tmp_path.iterdir()), "the file has a name"


def test_no_points_are_an_empty_table():
    assert Points(3).table().shape == (0, 4)


def test_memory_does_not_grow_with_the_points(monkeypatch, tmp_path):
    monkeypatch.setattr(record, "MOST_HELD", 100_000)
    tracemalloc.start()
    try:
        points, values = Points(1000, tmp_path), np.zeros(1000)
        for k in range(1000):
            points.add(float(k), values)
        assert points.table().nbytes > 8_000_000
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_folder_that_cannot_be_written_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(record, "MOST_HELD", 0)
    with pytest.raises(ParameterError, match="nowhere"):
        filled(Points(2, tmp_path / "nowhere"))


def test_a_run_that_waits_in_a_file_gives_the_same_bits(monkeypatch):
    cell = rc.Cell("hfo2_filament", "nmos_select")
    stimuli = {"bl": rc.Pulse(1.8, 1e-7, delay=1e-8, rise=1e-8, fall=1e-8), "wl": rc.Constant(1.4)}
    array = rc.Crossbar(cell, 2, 2, bl=rc.Line(2.0), wl=rc.Line(2.0), sl=rc.Line(2.0, end="last"))
    bench = rc.Testbench(array, rc.Transient(2e-7, record_from=5e-8), stimuli, probes=("i(*)", "gap[*,*]"))
    in_memory = run_bench(bench)
    monkeypatch.setattr(record, "MOST_HELD", 0)
    in_file = run_bench(bench)
    assert isinstance(in_file.values, np.memmap)
    assert in_file.axis[0] >= 5e-8
    np.testing.assert_array_equal(in_file.values, in_memory.values)
    np.testing.assert_array_equal(in_file.axis, in_memory.axis)
