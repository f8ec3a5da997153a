"""Arrays on which line solvers have a hard time: the iterative step against the factorisation, and conservation.

The two solve the same Newton steps, so they agree to what is left of Kirchhoff's current law, 1e-9 of the largest
current. 64 x 64 here; 1024 x 1024 is in benchmarks/arrays.py.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.basics.errors import SimulationError
from rramcirc.basics.units import parse_number
from rramcirc.engines.array.bench_solver import BenchSolver

SIZE = 64
CELL_1T1R, CELL_1R = rc.Cell("hfo2_filament", "nmos_select"), rc.Cell("hfo2_filament")
LRS, HRS = {"gap": 0.0, "diameter": 4.0}, {"gap": 1.0, "diameter": 1.2}
READ, OPEN = rc.Constant(0.1), rc.Floating()
ALL = np.ones((SIZE, SIZE), bool)
STRIPES = np.repeat(np.arange(SIZE)[:, None] % 2 == 0, SIZE, axis=1)
RANDOM = np.random.default_rng(0).random((SIZE, SIZE)) < 0.5
CASES = {
    "all LRS, 10 ohm": (ALL, 10.0, {"bl": READ}),
    "row stripes, 5 ohm": (STRIPES, 5.0, {"bl": READ}),
    "column stripes, 500 ohm": (STRIPES.T, 500.0, {"bl": READ}),
    "milliohm": (RANDOM, 1e-3, {"bl": READ}),
    "no wire resistance": (RANDOM, 0.0, {"bl": READ}),
    "one row": (RANDOM[:1], 5.0, {"bl": READ}),
    "one column": (RANDOM[:, :1], 5.0, {"bl": READ}),
    "one cell": (RANDOM[:1, :1], 5.0, {"bl": READ}),
    "all but one line floating": (RANDOM, 5.0, {"bl": OPEN, "sl": OPEN, "bl3": READ}),
    "everything floating": (RANDOM, 5.0, {"bl": OPEN, "sl": OPEN}),
    "strong drive": (RANDOM, 2.0, {"bl": rc.Constant(2.0), "sl1": rc.Constant(1.0)}),
}


def solver(cell: rc.Cell, case: str, source_line: str = "row") -> BenchSolver:
    low, ohm, stimuli = CASES[case]
    states = {name: np.where(low, LRS[name], HRS[name]) for name in LRS}
    wire, far = rc.Line(ohm), rc.Line(ohm, end="last")
    array = rc.Crossbar(cell, *low.shape, source_line=source_line, bl=wire, wl=wire, sl=far, initial_state=states)
    kept = {line: stimulus for line, stimulus in stimuli.items() if line in array.lines or line in array.line_kinds}
    if cell.selector is not None:
        kept["wl"] = rc.Constant(2.5)
    elif "sl" in stimuli:
        kept["wl"] = OPEN
    if "bl3" in kept and low.shape[1] < 4:
        del kept["bl3"]
    return BenchSolver(rc.Testbench(array, rc.OperatingPoint(), kept), watched=("bulk",) if cell.selector else ())


def currents(found: BenchSolver) -> dict[str, np.ndarray]:
    found.solve()
    return {kind: found.state.line_currents(family) for kind, family in found.state.network.families.items()}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("cell", "source_line"), [(CELL_1T1R, "row"), (CELL_1T1R, "column"), (CELL_1R, "row")])
def test_a_hard_case_is_solved_as_the_factorisation_solves_it(case, cell, source_line, monkeypatch):
    iterative = solver(cell, case, source_line)
    found = currents(iterative)
    monkeypatch.setattr("rramcirc.engines.array.line_solvers.FEWEST_CELLS", 10**9)
    expected = currents(solver(cell, case, source_line))
    largest = max(float(np.max(np.abs(values))) for values in expected.values())
    ohm = CASES[case][1]
    floor = 4 * np.finfo(float).eps * SIZE * 0.1 / ohm if ohm else 1e-17  # [A]; rounding in the wires of a line
    for kind, values in expected.items():
        np.testing.assert_allclose(found[kind], values, rtol=0, atol=1e-9 * largest + floor)
    lost = sum(float(values.sum()) for values in found.values())
    bulk = float(iterative.cells.currents[:, iterative.cells.ports.index("bulk")].sum()) if cell.selector else 0.0
    assert abs(lost + bulk) <= 1e-8 * largest + 1e-16


def test_lines_without_a_solution_say_so():
    array = rc.Crossbar(CELL_1R, 2, 2, bl=rc.Line(1.0), wl=rc.Line(1.0))
    bench = rc.Testbench(array, rc.OperatingPoint(), {"bl": rc.Constant(1e9)})
    with pytest.raises(SimulationError, match="no operating point") as found:
        rc.simulate(bench, "numpy")
    assert "its source is a current" not in str(found.value)


def test_a_current_into_closed_transistors_names_the_line_that_runs_away():
    """ngspice answers with 2.5 MV, and a remark that no transistor is made for that."""
    array = rc.Crossbar(rc.Cell("hfox_gap_jiang2016", "nmos_select"), 2, 2)
    stimuli = {"bl": rc.Constant(0.5), "bl1": rc.Constant(1e-7, unit="A"), "wl": rc.Constant(0.0)}
    bench = rc.Testbench(array, rc.OperatingPoint(), stimuli)
    with pytest.raises(SimulationError, match=r"bl1 is at \S+ kV and goes on: its source is a current"):
        rc.simulate(bench, "numpy")


def floating_source_line(ohm: float, volts: float) -> rc.Testbench:
    """A floating source line rises until its transistors close; nothing but them holds it then."""
    far, both = rc.Line(1e-4, driver_resistance=18.0, end="last"), rc.Line(ohm, end="both")
    array = rc.Crossbar(CELL_1T1R, 4, 3, source_line="column", bl=rc.Line(end="last"), wl=far, sl=both)
    levels = {"bl": rc.Constant(volts), "wl": rc.Constant(1.677), "sl0": OPEN}
    return rc.Testbench(array, rc.OperatingPoint(), levels)


@pytest.mark.parametrize(("volts", "ohm"), [(2.185, 0.25), (1.5, 0.25), (1.5, 0.05)])
def test_a_line_that_next_to_nothing_holds_is_solved_as_far_as_rounding_lets(volts, ohm):
    """Rounding in wires of 0.05 ohm moves it by 0.1 mV, and ngspice finds no operating point; no current is in them."""
    ours = rc.simulate(floating_source_line(ohm, volts), "numpy")
    theirs = rc.simulate(floating_source_line(0.25, volts))
    assert ours["v(sl0)"][0] == pytest.approx(theirs["v(sl0)"][0], abs=2e-3)
    wires = 0.0 if ohm == 0.25 else 5e-4  # other source lines carry current: 0.2 ohm less of some kohm
    assert ours["i(bl1)"][0] == pytest.approx(theirs["i(bl1)"][0], rel=1e-4 + wires)


def told_doubt(waves: rc.Waveforms) -> float:
    """Return how far a node is known, as the remarks of a run say [V]."""
    (told,) = (remark for remark in waves.provenance["remarks"] if "known to" in remark)
    return parse_number(re.search(r"known to (.*) only", told)[1], "V")


def test_what_rounding_leaves_open_of_a_line_is_told_and_bounds_the_difference():
    """No current flows in the wires of the line, so that their resistance changes nothing but the rounding."""
    best = rc.simulate(floating_source_line(20.0, 1.5), "numpy")
    assert not best.provenance["remarks"]  # 3 uV
    for ohm, least in ((0.25, 1e-4), (0.05, 1e-3)):
        ours = rc.simulate(floating_source_line(ohm, 1.5), "numpy")
        doubt = told_doubt(ours)
        assert least < doubt < 4 * least
        assert abs(ours["v(sl0)"][0] - best["v(sl0)"][0]) < doubt + 3e-5  # 20 ohm move the lines beside it
    bench = floating_source_line(0.05, 1.5)
    driven = replace(bench, stimuli={**bench.stimuli, "bl1": rc.Constant(1e-6, unit="A")})  # as 1e9 V behind 1e15 ohm
    assert 1e-4 < told_doubt(rc.simulate(driven, "numpy")) < 1e-2
    held = rc.simulate(floating_source_line(0.05, 0.1), "numpy")  # transistors hold it: rounding moves it by 0.1 nV
    assert not held.provenance["remarks"]


def test_cells_in_which_nothing_flows_have_an_operating_point():
    """All lines at 0 V, the bulk at 2.6 V: what is left of the junction currents is rounding."""
    wires = {"bl": rc.Line(2e3), "wl": rc.Line(5e5), "sl": rc.Line(2e-6)}
    array = rc.Crossbar(rc.Cell("hfo2_filament", "pmos_select"), 5, 3, **wires)
    bench = rc.Testbench(array, rc.OperatingPoint(), {"bulk": rc.Constant(2.6)}, temperature=392.0)
    assert abs(rc.simulate(bench, "numpy")["i(bl0)"][0]) < 1e-12


def test_a_current_that_asks_for_hundreds_of_volts_has_an_operating_point():
    bench = rc.Testbench(rc.Cell("tiox_fouda2020"), rc.OperatingPoint(), {"bl": rc.Constant(-4.5e-6, "A")})
    ours, theirs = rc.simulate(bench, "numpy"), rc.simulate(bench, "ngspice")
    assert ours["v(bl)"][0] == pytest.approx(theirs["v(bl)"][0], rel=1e-6)
    assert ours["v(bl)"][0] < -40.0


@pytest.mark.parametrize("level", np.linspace(-1.2, 1.2, 13))
@pytest.mark.parametrize("state", [-2.18, -0.5, 1.0])
def test_long_ways_to_an_operating_point_are_not_cut_short(level, state):
    """Inner nodes of the JART model move by tens of mV a step for a while, with all lines held."""
    cell = rc.Cell("hfo2_jart_v1b", initial_state={"log_n_disc": state})
    bench = rc.Testbench(cell, rc.OperatingPoint(), {"wl": rc.Constant(float(level))}, temperature=332.0)
    ours, theirs = rc.simulate(bench, "numpy"), rc.simulate(bench, "ngspice")
    assert ours["current"][0] == pytest.approx(theirs["current"][0], rel=1e-4, abs=1e-13)
    assert ours.provenance["remarks"] == []
