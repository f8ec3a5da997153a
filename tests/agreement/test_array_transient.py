"""The engine numpy against ngspice: transients of cells and arrays with the same compiled models.

Tolerances: final states to 1e-3 of their range and a line current to 1e-3 of its maximum at every point, which is what
users are promised. ngspice runs at reltol=1e-7, because at 1e-6 it is itself up to 1.4e-3 off where a filament switches
(differences shrink with *its* tolerance and not with ours). Behind a corner of a stimulus a current can jump; the runs
are compared as `rramcirc.engines.compare.differences` does it.
"""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.basics.errors import ParameterError
from rramcirc.circuits.array.bench import array_read
from rramcirc.engines.array.bdf import HIGHEST_ORDER, Formula, History, next_step
from rramcirc.engines.array.engine import run_bench
from rramcirc.engines.array.history_kernels import derivative_weights, value_weights
from rramcirc.engines.array.moving_cells import MovingCells
from rramcirc.engines.array.team import LEAST_CELLS, Team
from rramcirc.engines.array.transient import _Run
from rramcirc.engines.compare import Difference, corners_of, differences

REFEREE = {"reltol": "1e-7"}
FEMTOFARADS = {"reltol": "1e-6", "chgtol": "1e-18"}  # the default chgtol, 10 fC, is more than a cell holds
OURS = {"reltol": "1e-6"}
RANGES = {"gap": 1.2, "diameter": 5.2}  # [nm] of the card hfo2_filament
EDGE = 1e-8
SETTLE = 2e-11  # [s]; behind a corner charges settle within some ps, to which both engines take first-order steps


def uncharged(name: str) -> rc.ModelCard:
    """A card whose device carries no charge."""
    card = rc.load_card(name)
    zero = {key: 0.0 for key in ("capacitance", "cox", "cgdo", "cgso", "cj") if key in card.declaration.parameters}
    return card.with_values(zero)


def crossbar(rows: int, columns: int, selector: str | rc.ModelCard | None = "nmos_select", **changes) -> rc.Crossbar:
    """Cells that all differ, in state and in device, and lines of three kinds with different wires."""
    rng, shape = np.random.default_rng(7), (rows, columns)
    fields = {
        "initial_state": {"gap": rng.uniform(0, 1, shape), "diameter": rng.uniform(1, 4, shape)},
        "rram_parameters": {"ea_delta": rng.normal(0, 0.02, shape), "rho_factor": rng.uniform(0.8, 1.2, shape)},
        "bl": rc.Line(5.0, driver_resistance=200.0),
        "wl": rc.Line(8.0, driver_resistance=100.0),
        "sl": rc.Line(3.0, end="last"),
    }
    rram = changes.pop("rram", "hfo2_filament")
    return rc.Crossbar(rc.Cell(rram, selector), rows, columns, **(fields | changes))


def write(array: rc.Crossbar, reset: bool = False, row: int = 1, column: int = 1) -> rc.Testbench:
    """One SET or RESET pulse on one cell."""
    if array.cell.selector is None:
        pulse = rc.Pulse(-1.5 if reset else 1.4, 5e-7, delay=1e-7, rise=EDGE, fall=EDGE)
        stimuli = rc.half_select(array, row, column, pulse)
        probes = (f"i(bl{column})", "gap[*,*]", "diameter[*,*]")
    else:
        line = f"bl{column}" if not reset else f"sl{column if array.source_line == 'column' else row}"
        gate = rc.Pulse(3.0 if reset else 1.4, 6e-7, delay=5e-8, rise=EDGE, fall=EDGE)
        stimuli = {line: rc.Pulse(1.8, 5e-7, delay=1e-7, rise=EDGE, fall=EDGE), f"wl{row}": gate}
        probes = (f"i({line})", "gap[*,*]", "diameter[*,*]")
    return rc.Testbench(array, rc.Transient(8e-7), stimuli, probes=probes)


def compared(bench: rc.Testbench, referee: dict[str, str] = REFEREE) -> tuple[rc.Waveforms, dict[str, Difference]]:
    """Run both engines; hold the promise on states and currents."""
    ours = rc.simulate(replace(bench, options=OURS), "numpy")
    theirs = rc.simulate(replace(bench, options=referee), "ngspice", timeout=280.0)
    assert ours.names == theirs.names
    assert ours.units == theirs.units
    assert ours.time[-1] == theirs.time[-1]
    last, expected = ours.final(), theirs.final()
    for name in ours.names:
        kind = name.partition("[")[0]
        if kind in RANGES:
            assert abs(last[name] - expected[name]) <= 1e-3 * RANGES[kind], name
    found = {d.signal: d for d in differences(ours, theirs, corners_of(bench), SETTLE)}
    for name in ours.names:
        if name.startswith("i("):
            assert found[name].largest <= 1e-3 * np.max(np.abs(theirs[name])), found[name]
    return ours, found


def moved(waves: rc.Waveforms, name: str) -> float:
    """How far a state has gone."""
    return float(np.ptp(waves[name]))


@pytest.mark.parametrize("reset", [False, True], ids=["SET", "RESET"])
@pytest.mark.parametrize("source_line", ["column", "row"])
def test_write_pulses_on_a_small_1t1r_array_agree(source_line, reset):
    ours, _ = compared(write(crossbar(2, 3, source_line=source_line), reset))
    assert moved(ours, "gap[1,1]") > 0.2


@pytest.mark.parametrize("reset", [False, pytest.param(True, marks=pytest.mark.long)], ids=["SET", "RESET"])
def test_write_pulses_agree_without_charges(reset):
    array = crossbar(2, 3, uncharged("nmos_select"), rram=uncharged("hfo2_filament"), source_line="row")
    bench = write(array, reset)  # without charges nothing but a step limit makes points on edges
    ours, _ = compared(replace(bench, analysis=rc.Transient(8e-7, max_step=5e-10)))
    assert moved(ours, "gap[1,1]") > 0.2


def test_charges_off_is_what_cards_without_charges_give():
    plain, bare = crossbar(2, 3), crossbar(2, 3, uncharged("nmos_select"), rram=uncharged("hfo2_filament"))
    off = rc.simulate(replace(write(plain), options=OURS | {"charges": "off"}), "numpy")
    none = rc.simulate(replace(write(bare), options=OURS), "numpy")
    for name in off.names:
        at_corners = np.interp(none.time, off.time, off[name])
        assert np.max(np.abs(at_corners - none[name])) <= 1e-4 * np.max(np.abs(none[name])), name


@pytest.mark.parametrize("reset", [False, True], ids=["SET", "RESET"])
def test_half_selected_1r_array_agrees(reset):
    ours, _ = compared(write(crossbar(2, 3, None), reset))
    assert moved(ours, "gap[1,1]") > 0.1


@pytest.mark.parametrize("source_line", ["column", pytest.param("row", marks=pytest.mark.long)])
def test_8_x_8_array_agrees(source_line):
    compared(write(crossbar(8, 8, source_line=source_line), row=3, column=5))


@pytest.mark.parametrize("size", [10, *(pytest.param(size, marks=pytest.mark.long) for size in (14, 32))])
def test_larger_arrays_agree(size):
    lines = {"bl": rc.Line(2.0), "wl": rc.Line(3.0), "sl": rc.Line(1.0, end="last")}
    compared(write(crossbar(size, size, source_line="row", **lines), row=min(13, size - 1), column=7), FEMTOFARADS)


@pytest.mark.long
@pytest.mark.parametrize("reset", [False, True], ids=["SET", "RESET"])
@pytest.mark.parametrize("source_line", ["column", "row"])
def test_64_x_64_array_agrees(source_line, reset):
    lines = {"bl": rc.Line(2.0), "wl": rc.Line(3.0), "sl": rc.Line(1.0, end="last")}
    compared(write(crossbar(64, 64, source_line=source_line, **lines), reset, 20, 7), FEMTOFARADS)


def test_wire_capacitance_agrees():
    lines = {kind: rc.Line(20.0, 2e-14, end="last" if kind == "sl" else "first") for kind in ("bl", "wl", "sl")}
    bench = write(crossbar(3, 4, **lines))
    ours, found = compared(replace(bench, probes=(*bench.probes, "v(bl[*,*])")))
    assert any("RC time constant" in remark for remark in ours.provenance["remarks"])
    assert found["v(bl[2,1])"].relative < 2e-3


def test_cycle_noise_agrees():
    noise = rc.CycleNoise([0.0, 3e-7], seed=3)
    cell = rc.Cell("hfo2_filament", initial_state={"gap": 0.9, "diameter": 2.0})
    stimuli = {"bl": rc.PulseTrain(1.0, 1e-7, 3e-7, 2, delay=5e-8, rise=EDGE, fall=EDGE)}
    bench = rc.Testbench(
        cell, rc.Transient(6e-7, 5e-10), stimuli, cycle_noise=noise, probes=("i(bl)", "gap", "diameter")
    )
    ours, _ = compared(bench)
    quiet = rc.simulate(replace(bench, cycle_noise=None), "numpy")
    assert abs(ours.final()["gap"] - quiet.final()["gap"]) > 1e-4


def test_floating_line_and_current_source_agree():
    array = crossbar(2, 3)
    stimuli = {"wl": rc.Constant(1.4), "bl1": rc.Pulse(2e-5, 5e-7, delay=1e-7, rise=EDGE, fall=EDGE, unit="A")}
    stimuli |= {"sl2": rc.Floating()}
    bench = rc.Testbench(array, rc.Transient(8e-7), stimuli, probes=("v(bl*)", "v(sl*)", "gap[*,*]", "diameter[*,*]"))
    _, found = compared(bench)
    assert max(d.relative for name, d in found.items() if name.startswith("v(")) < 2e-3


@pytest.mark.parametrize(
    ("card", "peak"),
    [("hp_tio2_drift", 1.5), ("tiox_fouda2020", 1.5), ("yakopcic_oblea", 1.2)],
)
def test_every_kind_of_model_agrees(card, peak):
    stimulus = rc.PiecewiseLinear([0, 1e-7, 3e-7, 5e-7, 7e-7], [0, 0, peak, -peak, 0])
    bench = rc.Testbench(rc.Cell(card), rc.Transient(8e-7), {"bl": stimulus}, options={"reltol": "1e-6"})
    found = differences(rc.simulate(bench, "numpy"), rc.simulate(bench, "ngspice"), corners_of(bench))
    assert found[0].relative < 2e-3, found[0]


def test_two_runs_with_the_states_carried_over_are_one():
    array = crossbar(2, 3)
    pulses = rc.PulseTrain(1.5, 1e-7, 4e-7, 2, delay=5e-8, rise=EDGE, fall=EDGE)
    one = rc.Pulse(1.5, 1e-7, delay=5e-8, rise=EDGE, fall=EDGE)
    fields = {"probes": ("gap[*,*]", "diameter[*,*]"), "options": {"reltol": "1e-6"}}
    gate = {"wl1": rc.Constant(1.4)}
    whole = rc.simulate(rc.Testbench(array, rc.Transient(8e-7), gate | {"bl1": pulses}, **fields), "numpy").final()
    first = rc.Testbench(array, rc.Transient(4e-7), gate | {"bl1": one}, **fields)
    middle = rc.with_state(array, rc.simulate(first, "numpy").final())
    second = rc.simulate(replace(first, design=middle), "numpy").final()
    for name, value in whole.items():
        assert abs(second[name] - value) < 1e-4, name
    assert abs(whole["gap[1,1]"] - first.design.initial_state["gap"][1, 1]) > 0.05


def test_corners_are_hit_and_progress_is_told():
    bench = write(crossbar(2, 3))
    told: list[float] = []
    run = run_bench(bench, told.append)
    for corner in corners_of(bench):
        assert np.min(np.abs(run.axis - corner)) <= 1e-13 * 8e-7
    assert np.all(np.diff(run.axis) > 0)
    assert told[-1] == run.axis[-1] == 8e-7
    assert np.max(np.diff(run.axis)) <= 8e-7 / 50 * (1 + 1e-9)


def test_the_line_solvers_give_what_a_factorisation_gives(monkeypatch):
    for source_line in ("row", "column"):
        lines = {"bl": rc.Line(2.0), "wl": rc.Line(3.0, end="last"), "sl": rc.Line(1.0, end="last")}
        bench = replace(write(crossbar(7, 5, source_line=source_line, **lines)), options={"reltol": "1e-5"})
        direct = run_bench(bench)
        with monkeypatch.context() as patch:
            patch.setattr("rramcirc.engines.array.line_solvers.FEWEST_CELLS", 1)
            quick = run_bench(bench)
        assert np.max(np.abs(quick.values[-1] - direct.values[-1])) < 1e-4
        current = np.interp(direct.axis, quick.axis, quick.values[:, 0])
        assert np.max(np.abs(current - direct.values[:, 0])) < 5e-3 * np.max(np.abs(direct.values[:, 0]))


@pytest.mark.parametrize("reset", [False, pytest.param(True, marks=pytest.mark.long)], ids=["SET", "RESET"])
def test_cells_that_sleep_change_nothing(monkeypatch, reset):
    bench = replace(write(crossbar(6, 7, source_line="row"), reset), options=OURS)
    fewest, let_sleep = [], MovingCells.let_sleep

    def watched(cells: MovingCells, *given: float) -> None:
        let_sleep(cells, *given)
        fewest.append(len(cells.history.which))

    monkeypatch.setattr(MovingCells, "let_sleep", watched)
    some = run_bench(bench)
    assert min(fewest) < 42 / 2
    monkeypatch.setattr(MovingCells, "let_sleep", lambda *_: None)
    none = run_bench(bench)
    assert np.max(np.abs(some.values[-1] - none.values[-1])) < 1e-5
    current = np.interp(some.axis, none.axis, none.values[:, 0])
    assert np.max(np.abs(some.values[:, 0] - current)) < 5e-4 * np.max(np.abs(current))


def test_tolerances_far_below_the_default_still_find_steps():
    array = crossbar(4, 4, rram_parameters={})
    run = run_bench(replace(write(array, reset=True), options={"reltol": "1e-7"}))
    assert run.axis[-1] == 8e-7


def test_tighter_tolerances_bring_the_result_closer_to_one_value():
    bench = write(crossbar(2, 3))
    finals = [run_bench(replace(bench, options={"reltol": r})).values[-1] for r in ("1e-3", "1e-4", "1e-5", "1e-6")]
    errors = [float(np.max(np.abs(final - finals[-1]))) for final in finals[:-1]]
    assert errors[0] < 1e-2
    assert errors[1] < 2e-3
    assert errors[2] < 2e-4


@pytest.mark.parametrize("order", range(1, HIGHEST_ORDER + 1))
def test_weights_are_exact_for_polynomials_of_the_order(order):
    times = np.array([3.0, 2.2, 1.9, 0.7, 0.1, -0.4])[: order + 1]
    polynomial = np.polynomial.Polynomial(np.arange(1.0, order + 2.0))
    assert derivative_weights(times) @ polynomial(times) == pytest.approx(polynomial.deriv()(3.0), rel=1e-10, abs=0)
    assert value_weights(times, 4.0) @ polynomial(times) == pytest.approx(polynomial(4.0), rel=1e-10, abs=0)


def test_a_history_gives_back_what_was_pushed_last():
    history = History.of(1, 1)
    for k in range(8):
        history.values[history.push(float(k))][:] = k**2
    out = np.zeros((1, 1))
    history.predict(9.0, Formula(2, bent=False), out)
    assert out[0, 0] == pytest.approx(81.0, rel=1e-12, abs=0)
    assert history.forget() == 7.0
    assert history.times[0] == 6.0
    history.predict(9.0, Formula(2, bent=False), out)
    assert out[0, 0] == pytest.approx(81.0, rel=1e-12, abs=0)


def test_the_order_with_the_smallest_error_goes_on():
    both = [Formula(1, bent=False), Formula(2, bent=False)]
    step, formula = next_step(1e-9, both, np.array([1.0, 1e-3]))
    assert formula == both[1]
    assert step > 1e-9
    assert next_step(1e-9, both, np.array([100.0, 50.0]))[0] < 1e-9


@pytest.mark.parametrize("bent", [False, True])
def test_a_formula_finds_its_own_polynomial_without_error_and_its_derivative(bent):
    """Values that are a cubic in the time, or in the logarithm of the time since a corner at 2 s and a first step."""
    corner, first, formula = 2.0, 0.25, Formula(3, bent)
    cubic = np.polynomial.Polynomial([1.0, -2.0, 0.5, 3.0])

    def at(time: float) -> float:
        return np.log1p((time - corner) / first) if bent else time

    history = History.of(1, 1)
    history.start, history.first = corner, first
    for time in (2.0, 2.25, 3.0, 7.0):
        slot = history.push(time)
        history.values[slot][:] = history.charges[slot][:] = cubic(at(time))
    out, past, now = np.zeros((1, 1)), np.zeros((1, 1)), np.array([[cubic(at(9.0))]])
    history.predict(9.0, formula, out)
    assert out == pytest.approx(now, rel=1e-10, abs=0)
    own, other = history.errors(9.0, now, [formula, Formula(3, not bent)], np.ones(1))
    assert own < 1e-9 < 1e-3 < other
    rate = history.derivative(9.0, formula, past)
    inner = 1.0 / (9.0 - corner + first) if bent else 1.0
    assert rate * now + past == pytest.approx(np.array([[cubic.deriv()(at(9.0)) * inner]]), rel=1e-10, abs=0)
    step, _ = next_step(2.0, [formula], np.array([0.5]), history.since(9.0))
    assert at(9.0 + step) - at(9.0) == pytest.approx(at(9.0) - at(7.0), rel=1e-5, abs=0)  # an error that just stands


def test_lines_that_settle_over_decades_take_half_the_points_of_polynomials_in_time(monkeypatch):
    wire = rc.Line(2.5)
    array = rc.Crossbar(rc.Cell("hfo2_filament", "nmos_select"), 20, 20, bl=wire, wl=wire, sl=replace(wire, end="last"))
    bench = replace(array_read(array), probes=("i(*)",))
    bent = run_bench(bench)
    formulas = _Run._formulas
    monkeypatch.setattr(_Run, "_formulas", lambda run: [f for f in formulas(run) if not f.bent])
    straight = run_bench(bench)
    assert len(bent.axis) < 0.7 * len(straight.axis)
    at = (bent.axis > 1e-8) & (bent.axis < 8e-8)
    plateau = np.array([np.interp(bent.axis[at], straight.axis, line) for line in straight.values.T]).T
    assert np.max(np.abs(bent.values[at] - plateau)) < 1e-6 * np.max(np.abs(plateau))


@pytest.mark.parametrize(("option", "word"), [({"charges": "maybe"}, "charges"), ({"reltol": "much"}, "reltol")])
def test_options_that_cannot_be_meant_are_refused(option, word):
    with pytest.raises(ParameterError, match=word):
        rc.simulate(rc.Testbench(rc.Cell("hfo2_filament"), rc.Transient(1e-7), options=option), "numpy")


@pytest.mark.parametrize("source_line", ["column", "row"])
def test_a_point_of_time_takes_little_more_than_one_newton_step(source_line):
    """Gates and lines are solved together: what is left of Kirchhoff's law after a step is not left by the lines."""
    wire = rc.Line(2.5)
    cell = rc.Cell("hfo2_filament", "nmos_select")
    array = rc.Crossbar(cell, 24, 24, source_line=source_line, bl=wire, wl=wire, sl=replace(wire, end="last"))
    run = run_bench(array_read(array))
    assert len(run.axis) > 50
    assert run.steps < 1.5 * len(run.axis)  # measured 1.1; it was 1.8, and 4.5 at 256 x 256


@pytest.mark.parametrize("source_line", ["column", "row"])
def test_two_threads_give_the_same_bits_as_one(monkeypatch, source_line):
    monkeypatch.setattr("rramcirc.engines.array.team.LEAST_CELLS", 16)
    monkeypatch.setattr("rramcirc.engines.array.cells.CHUNK", 64)
    wire = rc.Line(2.5)
    cell = rc.Cell("hfo2_filament", "nmos_select")
    array = rc.Crossbar(cell, 21, 20, source_line=source_line, bl=wire, wl=wire, sl=replace(wire, end="last"))
    bench = replace(array_read(array), probes=("i(*)", "v(be[*,*])"))
    short = replace(bench, analysis=rc.Transient(6e-9))
    one, two = (run_bench(replace(short, options={"threads": n})) for n in (1, 2))
    assert np.array_equal(one.table, two.table)
    monkeypatch.setattr("rramcirc.engines.array.cells.MOST_KEPT", 16)  # devices that serve all chunks
    monkeypatch.setattr("rramcirc.engines.array.cells.FEW", 64)
    states = {"gap": np.linspace(0.2, 1.0, 420).reshape(21, 20)}
    static = replace(bench, design=replace(array, initial_state=states), analysis=rc.DcSweep("bl3", 0.0, 0.2, 3))
    one, two = (run_bench(replace(static, options={"threads": n})) for n in (1, 2))
    assert np.array_equal(one.table, two.table)


def test_a_team_shares_what_is_worth_it_and_keeps_the_order():
    def work(part: np.ndarray) -> tuple[str, list[int]]:
        return threading.current_thread().name, list(part)

    team, which = Team(2), np.arange(4, 4 + 2 * LEAST_CELLS)
    parts = team.split(work, which)
    assert [name.startswith("rramcirc-cells") for name, _ in parts] == [True, True]
    assert [k for _, part in parts for k in part] == list(which)
    (few,) = team.split(work, which[:LEAST_CELLS])
    assert few == (threading.current_thread().name, list(which[:LEAST_CELLS]))
    assert team.share(lambda member, k: (member, k), [5, 6, 7]) == [(0, 5), (1, 6), (0, 7)]


@pytest.mark.parametrize("threads", [0, 65, 1.5, "many"])
def test_a_number_of_threads_that_cannot_be_meant_is_refused(threads):
    bench = rc.Testbench(rc.Cell("hfo2_filament"), rc.OperatingPoint(), options={"threads": threads})
    with pytest.raises(ParameterError, match="threads"):
        rc.simulate(bench, "numpy")
