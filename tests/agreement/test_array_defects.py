"""Arrays with defects, engine numpy against ngspice: the same testbench, referee options.

Line currents agree to 1e-6 of the largest of their kind and cell voltages to 1e-6 of the largest: what is promised.
Measured differences are 1e-12 and below.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from array_data import ALL_1R, ALL_1T1R, CELL_1R, CELL_1T1R, REFEREE, assert_agree, crossbar, read_stimuli
from test_array_transient import compared, write
from test_array_transient import crossbar as moving_crossbar

import rramcirc as rc
from rramcirc.basics.errors import ParameterError
from rramcirc.engines.array.engine import run_static

TOLERANCE = 1e-6
DEFECTS = rc.Defects(missing=[[0, 1]], shorted=[(1, 0)], open_segments={"bl2": 1})


def lines(shape: tuple[int, int], source_line: str = "row") -> dict[str, rc.Line]:
    """Segments that all differ, rows far from columns."""
    rng = np.random.default_rng(3)
    rows, columns = shape
    sl = shape if source_line == "row" else (rows, columns)
    return {
        "bl": rc.Line(segments=rng.uniform(1.0, 6.0, shape), driver_resistance=200.0),
        "wl": rc.Line(segments=rng.uniform(8.0, 20.0, (rows, columns + 1)), end="both"),
        "sl": rc.Line(segments=rng.uniform(1.0, 4.0, sl), end="last"),
    }


def bench(array: rc.Crossbar, probes: tuple[str, ...]) -> rc.Testbench:
    return rc.Testbench(array, rc.OperatingPoint(), read_stimuli(array), options=REFEREE, probes=probes)


@pytest.mark.parametrize("shape", [(2, 3), (8, 8)])
@pytest.mark.parametrize("source_line", ["row", "column"])
def test_1t1r_array_with_defects_agrees_with_ngspice(shape, source_line):
    array = crossbar(CELL_1T1R, *shape, source_line=source_line, defects=DEFECTS, **lines(shape))
    assert_agree(bench(array, ALL_1T1R), TOLERANCE)


@pytest.mark.parametrize("shape", [(2, 3), (8, 8)])
def test_1r_array_with_defects_agrees_with_ngspice(shape):
    array = crossbar(CELL_1R, *shape, defects=DEFECTS, **lines(shape))
    assert_agree(bench(array, ALL_1R), TOLERANCE)


@pytest.mark.parametrize(("cell", "source_line"), [(CELL_1T1R, "row"), (CELL_1T1R, "column"), (CELL_1R, "column")])
def test_32_x_32_array_with_defects_agrees_with_ngspice(cell, source_line):
    assert_large_agrees(cell, source_line, 32)


@pytest.mark.long
@pytest.mark.parametrize(("cell", "source_line"), [(CELL_1T1R, "row"), (CELL_1T1R, "column"), (CELL_1R, "column")])
def test_64_x_64_array_with_defects_agrees_with_ngspice(cell, source_line):
    assert_large_agrees(cell, source_line, 64)


def assert_large_agrees(cell: rc.Cell, source_line: str, size: int) -> None:
    shape = (size, size)
    rng = np.random.default_rng(5)
    defects = rc.Defects(
        missing=rng.random(shape) < 0.02, shorted=[[3, 4], [20, 7]], short_resistance=2e3,
        open_segments={"bl5": 9, "wl7": (12, 20), "bl30": 0},
    )  # fmt: skip
    array = crossbar(cell, size, size, source_line=source_line, defects=defects, **lines(shape, source_line))
    probes = ("v(*)", "i(*)", "current[*,3]", "v(bl[*,*])", "v(wl[*,*])") + (("v(be[*,*])",) if cell.selector else ())
    assert_agree(bench(array, probes), TOLERANCE)


@pytest.mark.parametrize("end", ["first", "last", "both"])
@pytest.mark.parametrize("cut", [(0,), (1,), (1, 2)])
def test_every_place_of_a_break_agrees(end, cut):
    wires = {kind: rc.Line(4.0, driver_resistance=50.0, end=end) for kind in ("bl", "sl", "wl")}
    opened = {"bl1": cut, "sl0": cut, "wl2": cut}
    array = crossbar(CELL_1T1R, 3, 4, source_line="row", defects=rc.Defects(open_segments=opened), **wires)
    assert_agree(bench(array, ALL_1T1R), TOLERANCE)


@pytest.mark.parametrize(
    ("selector", "source_line"), [("nmos_select", "row"), ("nmos_select", "column"), (None, "row")]
)
def test_a_pulse_on_an_array_with_defects_agrees(selector, source_line):
    defects = rc.Defects(missing=[[0, 1]], shorted=[[1, 0]], short_resistance=2e4, open_segments={"bl1": 2, "wl2": 2})
    array = moving_crossbar(3, 3, selector, source_line=source_line, defects=defects)
    ours, _ = compared(write(array))
    assert "gap[0,1]" not in ours.names
    assert abs(ours["gap[1,1]"][-1] - array.initial_state["gap"][1, 1]) > 0.01  # the pulse does something


def test_what_a_break_cuts_off_is_the_side_away_from_the_driver():
    array = crossbar(CELL_1R, 4, 2, bl=rc.Line(5.0), wl=rc.Line(0.0), defects=rc.Defects(open_segments={"bl0": 2}))
    stimuli = {"bl": rc.Constant(0.3)}
    waves = rc.simulate(rc.Testbench(array, rc.OperatingPoint(), stimuli, probes=("v(bl[*,0])",)), "numpy")
    volts = np.array([waves[f"v(bl[{i},0])"][0] for i in range(4)])
    assert np.all(volts[:2] > 0.29)
    np.testing.assert_allclose(volts[2:], 0.0, atol=1e-6)


@pytest.mark.parametrize("source_line", ["row", "column"])
def test_a_missing_cell_is_a_cell_that_carries_nothing(source_line):
    whole = crossbar(CELL_1T1R, 24, 20, source_line=source_line)
    missing = replace(whole, defects=rc.Defects(missing=[(5, 6)]))
    waves = rc.simulate(bench(missing, ("i(*)", "current[*,6]")), "numpy")
    assert "current[5,6]" not in waves.names
    assert "current[4,6]" in waves.names
    total = sum(waves[f"current[{i},6]"][0] for i in range(24) if i != 5)
    np.testing.assert_allclose(waves["i(bl6)"][0], total, rtol=1e-9)
    with pytest.raises(ParameterError, match="current"):
        rc.simulate(bench(missing, ("current[5,6]",)), "numpy")


def test_a_short_carries_its_share_of_the_current():
    array = crossbar(CELL_1R, 2, 3, wires=False, defects=rc.Defects(shorted=[[1, 2]], short_resistance=5e3))
    stimuli = {"bl": rc.Constant(0.2)}
    waves = rc.simulate(rc.Testbench(array, rc.OperatingPoint(), stimuli, probes=("i(bl2)", "current[*,2]")), "numpy")
    through = waves["i(bl2)"][0] - waves["current[0,2]"][0] - waves["current[1,2]"][0]
    np.testing.assert_allclose(through, 0.2 / 5e3, rtol=1e-9)


def test_equal_segments_are_the_uniform_line():
    uniform = crossbar(CELL_1T1R, 4, 5, source_line="row", bl=rc.Line(3.0))
    single = replace(uniform, bl=rc.Line(segments=np.full((4, 5), 3.0)))
    first, second = (run_static(bench(array, ALL_1T1R)).values for array in (uniform, single))
    np.testing.assert_allclose(first, second, rtol=1e-12, atol=1e-15)


def test_defects_survive_a_file(tmp_path):
    array = crossbar(CELL_1T1R, 2, 3, source_line="row", defects=DEFECTS, **lines((2, 3)))
    rc.save_bench(bench(array, ()), tmp_path / "bench.toml")
    again = rc.load_bench(tmp_path / "bench.toml").design
    assert again.defects == array.defects
    assert (again.bl, again.wl, again.sl) == (array.bl, array.wl, array.sl)
    assert again.bl != rc.Line(segments=2 * array.bl.segments, driver_resistance=200.0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: rc.Line(2.0, segments=[[1.0]]), ["resistance", "segments"]),
        (lambda: rc.Line(segments=[[1.0, -1.0]]), ["segments", "positive", "open_segments"]),
        (lambda: rc.Line(segments=[[1.0, np.nan]]), ["segments", "positive"]),
        (lambda: rc.Line(segments=[1.0, 2.0]), ["segments", "[row, column]"]),
        (lambda: rc.Crossbar(CELL_1R, 2, 3, bl=rc.Line(segments=np.ones((3, 2)))), ["bl.segments", "(3, 2)", "(2, 3)"]),
        (
            lambda: rc.Crossbar(CELL_1R, 2, 3, wl=rc.Line(segments=np.ones((2, 3)), end="both")),
            ["wl.segments", "(2, 4)", "both ends"],
        ),
        (lambda: rc.Defects(missing=[3]), ["Defects.missing", "pairs"]),
        (lambda: rc.Defects(missing=[[0, -1]]), ["Defects.missing", "-1"]),
        (lambda: rc.Defects(shorted=[[0, 0]], missing=[[0, 0]]), ["[0, 0]", "both"]),
        (lambda: rc.Defects(short_resistance=0.0), ["short_resistance"]),
        (lambda: rc.Crossbar(CELL_1R, 2, 3, defects=rc.Defects(missing=[[2, 0]])), ["missing", "[2, 0]"]),
        (lambda: rc.Crossbar(CELL_1R, 2, 3, defects=rc.Defects(open_segments={"bl0": 1})), ["bl0", "no wire"]),
        (
            lambda: rc.Crossbar(CELL_1R, 2, 3, bl=rc.Line(1.0), defects=rc.Defects(open_segments={"bl7": 1})),
            ["'bl7'", "bl0"],
        ),
        (
            lambda: rc.Crossbar(CELL_1R, 2, 3, bl=rc.Line(1.0), defects=rc.Defects(open_segments={"bl1": 2})),
            ["bl1", "0 ... 1"],
        ),
        (lambda: rc.Crossbar(CELL_1R, 2, 3, defects={"missing": []}), ["defects", "Defects"]),
    ],
)
def test_defects_that_make_no_sense_are_refused_by_name(make, words):
    with pytest.raises(ParameterError) as refused:
        make()
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize("selector", [None, "nmos_select"])
@pytest.mark.parametrize(("missing", "shorted"), [([[0, 0]], []), ([], [[0, 0]]), ([[1, 0]], [[0, 0]])])
def test_an_array_without_a_sound_cell_is_simulated(selector, missing, shorted):
    rows = 1 + len(missing) * len(shorted)
    defects = rc.Defects(missing=missing, shorted=shorted)
    array = rc.Crossbar(rc.Cell("hfo2_filament", selector), rows, 1, defects=defects)
    stimuli = {"bl": rc.Constant(0.3), "wl0": rc.Constant(2.0 if selector else 0.0)}
    bench = rc.Testbench(array, rc.OperatingPoint(), stimuli)
    ours, theirs = (rc.simulate(bench, engine) for engine in ("numpy", "ngspice"))
    assert ours["i(bl0)"][0] == pytest.approx(theirs["i(bl0)"][0], rel=1e-4, abs=1e-15)
    assert bool(ours["i(bl0)"][0]) == bool(shorted)
