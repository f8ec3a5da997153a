"""Designs: what they accept, what they refuse by name, and how states go from one run to the next."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.circuits.table import build_circuit
from rramcirc.engines.start import is_driven_at_start

CARD = rc.load_card("hfo2_filament")
NMOS = rc.load_card("nmos_select")
CELL = rc.Cell(CARD, NMOS)
ARRAY = rc.Crossbar(CELL, 2, 3)
GAPS = np.array([[0.0, 0.1, 0.2], [0.3, 0.4, 0.5]])

MAKERS = {
    "Line": (rc.Line, {"resistance": 1.0, "capacitance": 1e-15, "driver_resistance": 1.0, "end": "first"}),
    "Cell": (
        rc.Cell,
        {
            "rram": CARD,
            "selector": NMOS,
            "initial_state": {},
            "initial_conductance": None,
            "rram_parameters": {},
            "selector_parameters": {},
        },
    ),
    "Crossbar": (
        rc.Crossbar,
        {
            "cell": CELL,
            "rows": 2,
            "columns": 3,
            "source_line": "column",
            "bl": rc.Line(),
            "wl": rc.Line(),
            "sl": rc.Line(),
            "initial_state": {},
            "initial_conductance": None,
            "rram_parameters": {},
        },
    ),
    "with_state": (rc.with_state, {"design": CELL, "state": {}}),
}
NONSENSE = {
    "object": object(),
    "NaN": math.nan,
    "infinity": math.inf,
    "negative": -1.0,
    "bool": True,
    "NumPy bool": np.True_,
    "text": "nonsense",
    "empty text": "",
    "None": None,
    "complex": 1j,
    "unknown name": {"nonsense": 1.0},
    "number as name": {1: 1.0},
    "list of texts": ["a", "b"],
    "wrong shape": np.ones((4, 4)),
    "objects": np.array([object()]),
    "huge": 10**400,
}
MAY_BE_NONE = {"selector", "initial_conductance"}
ARGUMENTS = [(maker, argument) for maker, (_, good) in MAKERS.items() for argument in good]


def refusal(make, arguments):
    """Return what the error says, or that there was none."""
    try:
        make(**arguments)
    except rc.ParameterError as error:
        return str(error)
    return "accepted"


@pytest.mark.parametrize(("maker", "argument"), ARGUMENTS)
def test_nonsense_is_refused_by_name(maker, argument):
    make, good = MAKERS[maker]
    allowed = {"None"} if argument in MAY_BE_NONE else {"huge"} if argument in ("rows", "columns") else set()
    said = {name: refusal(make, good | {argument: v}) for name, v in NONSENSE.items() if name not in allowed}
    owners = (maker, "Cell.initial_state") if maker == "with_state" else (maker,)
    assert not {name: text for name, text in said.items() if not text.startswith(owners) or argument not in text}


@pytest.mark.parametrize(
    ("maker", "change", "said"),
    [
        ("Cell", {"rram": "hfo2_filamant"}, "Cell.rram: unknown card 'hfo2_filamant'. Nearest: hfo2_filament"),
        ("Cell", {"rram": rc.load_card("nmos_level1")}, "Cell.rram: the RRAM needs a card with a Verilog-A module"),
        ("Cell", {"selector": CARD}, "Cell.selector: card hfo2_filament is no transistor"),
        ("Cell", {"initial_state": {"gap": -0.5}}, "gap_ini = -0.5 nm is outside [0:20]"),
        ("Cell", {"initial_state": {"gap": True}}, "Cell.initial_state: "),
        ("Cell", {"initial_state": {"gap": [0.1, 0.2]}}, "a cell has one value"),
        ("Cell", {"initial_state": {"gpa": 0.5}}, "unknown state 'gpa'. Nearest: gap"),
        ("Cell", {"initial_state": {"gap": 0.5}, "initial_conductance": 1e-5}, "not both"),
        ("Cell", {"initial_conductance": 0.0}, "Cell.initial_conductance: 0.0 is not a positive number"),
        ("Cell", {"rram_parameters": {"ea": 1.1}}, "ea is the same for all devices of a card"),
        ("Cell", {"rram_parameters": {"gap_ini": 0.1}}, "gap_ini is an initial state; give gap in initial_state"),
        ("Cell", {"selector": None, "selector_parameters": {"w": 1e-6}}, "the cell has no selector"),
        ("Cell", {"selector_parameters": {"w": -1e-6}}, "Cell.selector_parameters: card nmos_select: w = -1e-06 m"),
        ("Crossbar", {"rows": 0}, "Crossbar.rows: 0 is not a whole number of at least 1"),
        ("Crossbar", {"columns": 2.0}, "Crossbar.columns: 2.0 is not a whole number"),
        ("Crossbar", {"initial_state": {"gap": GAPS.T}}, "initial_state.gap has shape (3, 2); the crossbar is 2 word"),
        ("Crossbar", {"initial_state": {"gap": GAPS - 1}}, "gap_ini[0,0] = -1 nm is outside [0:20]"),
        (
            "Crossbar",
            {"initial_state": {"gap": GAPS * math.nan}},
            "initial_state.gap: holds values that are not finite",
        ),
        ("Crossbar", {"initial_state": {"gap": GAPS > 0.2}}, "initial_state.gap:"),
        ("Crossbar", {"initial_state": {"gap": GAPS}, "initial_conductance": 1e-5}, "not both"),
        ("Crossbar", {"initial_conductance": -GAPS}, "initial_conductance: holds values that are not positive"),
        ("Crossbar", {"rram_parameters": {"rho_factor": GAPS}}, "rho_factor[0,0] = 0 is outside (0:100]"),
        ("Crossbar", {"rram_parameters": {"gap_ini": GAPS}}, "give gap in initial_state"),
        ("Crossbar", {"cell": rc.Cell(CARD, initial_state={"gap": 1.0}), "initial_conductance": 1e-5}, "not both"),
        ("Crossbar", {"cell": rc.Cell(CARD, initial_conductance=1e-5), "initial_conductance": 1e-5}, "not in both"),
        ("Line", {"resistance": 0.0, "segments": [[1.0, 0.0]]}, "Line.segments: holds values that are not positive"),
        ("with_state", {"state": {"gap": 30.0}}, "gap_ini = 30 nm is outside [0:20]"),
        ("with_state", {"state": {"gapp": 1.0}}, "unknown state 'gapp'. Nearest: gap"),
        ("with_state", {"design": ARRAY, "state": {"gap[0,0]": 0.1}}, "state: gap[0,1], gap[0,2], gap[1,0] missing"),
        ("with_state", {"design": ARRAY, "state": {"gap": GAPS[0]}}, "has shape (3,)"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(maker, change, said):
    make, good = MAKERS[maker]
    with pytest.raises(rc.ParameterError) as error:
        make(**(good | change))
    assert said in str(error.value)


def test_a_transistor_is_no_rram():
    with pytest.raises(rc.NetlistError, match=r"nmos_ekv.*has the ports d, g, s, b; an RRAM cell needs te, be"):
        rc.build_netlist(rc.Testbench(rc.Cell(NMOS), rc.OperatingPoint()))


def test_lines_of_a_design_are_those_it_has():
    assert CELL.lines == ("bl", "wl", "sl", "bulk", "nz")
    assert rc.Cell(CARD).lines == ("bl", "wl", "nz")
    assert ARRAY.lines == ("wl0", "wl1", "bl0", "bl1", "bl2", "sl0", "sl1", "sl2", "bulk")
    assert rc.Crossbar(CELL, 2, 3, source_line="row").lines[5:] == ("sl0", "sl1", "bulk")
    assert rc.Crossbar(rc.Cell(CARD), 2, 3).lines == ("wl0", "wl1", "bl0", "bl1", "bl2")


def test_cards_may_be_given_by_name():
    assert rc.Cell("hfo2_filament", "nmos_select") == CELL


def test_texts_with_units_become_numbers():
    cell = rc.Cell(CARD, NMOS, {"gap": "500 pm"}, None, {"ea_delta": "10 meV"}, {"w": "2u"})
    assert dict(cell.initial_state) == {"gap": 0.5}
    assert dict(cell.rram_parameters) == {"ea_delta": 0.01}
    assert dict(cell.selector_parameters) == {"w": 2e-6}


def test_one_number_stands_for_all_cells():
    array = rc.Crossbar(CELL, 2, 3, initial_state={"gap": 0.5}, rram_parameters={"ea_delta": 0.01})
    np.testing.assert_array_equal(array.initial_state["gap"], np.full((2, 3), 0.5))
    np.testing.assert_array_equal(array.rram_parameters["ea_delta"], np.full((2, 3), 0.01))


def test_records_keep_a_copy_of_what_they_were_given():
    gaps, state, spread = GAPS.copy(), {"gap": 0.5}, {"ea_delta": 0.01}
    array = rc.Crossbar(CELL, 2, 3, initial_state={"gap": gaps})
    cell = rc.Cell(CARD, initial_state=state, rram_parameters=spread)
    gaps[0, 0] = state["gap"] = spread["ea_delta"] = 9.0
    assert array.initial_state["gap"][0, 0] == 0.0
    assert (cell.initial_state["gap"], cell.rram_parameters["ea_delta"]) == (0.5, 0.01)
    with pytest.raises(ValueError, match="read-only"):
        array.initial_state["gap"][0, 0] = 9.0


def test_with_state_takes_the_final_values_of_a_run():
    final = {"v(bl)": 0.0, "i(bl)": 1e-6, "gap": 0.25, "diameter": 3.0, "current": 1e-6, "conductance": 1e-5}
    assert dict(rc.with_state(CELL, final).initial_state) == {"gap": 0.25, "diameter": 3.0}


def test_with_state_gathers_the_cells_of_an_array():
    final = {"v(bl0)": 0.0, "v(be[1,2])": 0.1} | {f"current[{i},{j}]": 1e-6 for i in range(2) for j in range(3)}
    final |= {f"gap[{i},{j}]": GAPS[i, j] for j in range(3) for i in range(2)}  # in any order
    array = rc.with_state(ARRAY, final)
    np.testing.assert_array_equal(array.initial_state["gap"], GAPS)
    assert array.cell == CELL
    assert array.shape == ARRAY.shape


def test_with_state_replaces_an_initial_conductance():
    cell = rc.Cell(CARD, initial_conductance=1e-5)
    assert rc.with_state(cell, {"gap": 0.5, "diameter": 2.0}).initial_conductance is None
    array = rc.with_state(rc.Crossbar(cell, 2, 3), {"gap": GAPS, "diameter": 2.0})
    assert array.initial_conductance is array.cell.initial_conductance is None


def test_with_state_puts_the_overshoot_of_a_run_on_the_bound():
    # the error of the time steps may leave a gap of -1e-6 nm, which the model's range [0:20] does not allow
    assert rc.with_state(CELL, {"gap": -1e-6}).initial_state["gap"] == 0.0
    array = rc.with_state(ARRAY, {"gap": GAPS - 1e-6})
    np.testing.assert_array_equal(array.initial_state["gap"], np.maximum(GAPS - 1e-6, 0.0))
    with pytest.raises(rc.ParameterError, match=r"gap_ini = -0.02 nm is outside"):
        rc.with_state(CELL, {"gap": -0.02})


@pytest.mark.parametrize("values", [[[1e-5, 2e-5, 3e-5], [4e-5, 5e-5, 6e-5]], ((1, 2, 3), (4, 5, 6)), 2e-5])
def test_conductances_of_a_crossbar_are_kept_as_an_array_of_its_shape(values):
    kept = rc.Crossbar(rc.Cell(CARD), 2, 3, initial_conductance=values).initial_conductance
    assert isinstance(kept, np.ndarray)
    assert kept.dtype == float
    assert kept.tolist() == np.broadcast_to(values, (2, 3)).tolist()


@pytest.mark.parametrize(
    ("stimulus", "driven"),
    [
        (rc.Constant(0.0), False),
        (rc.Constant(0.5), True),
        (rc.Constant(-1e-6, unit="A"), True),
        (rc.Constant(0.0, unit="A"), False),
        (rc.PiecewiseLinear([0.0, 1e-6], [0.0, 1.0]), False),
        (rc.PiecewiseLinear([0.0, 1e-6], [1e-6, 0.0], unit="A"), True),
    ],
)
def test_a_source_that_may_move_a_state_right_after_the_start_is_known(stimulus, driven):
    bench = rc.Testbench(rc.Cell(CARD), rc.Transient(1e-6), {"bl": stimulus})
    assert is_driven_at_start(build_circuit(bench)) == driven


def test_a_netlist_is_its_text_whatever_a_run_watches_besides():
    bench = rc.Testbench(ARRAY, rc.Transient(1e-6), {"bl0": rc.Constant(0.1)})
    netlist = rc.build_netlist(bench)
    assert netlist.states
    assert netlist.devices
    assert replace(netlist, states=(), devices=()) == netlist == rc.build_netlist(bench)
    assert replace(netlist, text=netlist.text + "*") != netlist


def test_a_network_whose_synapses_cannot_be_held_is_refused_before_they_are_made():
    with pytest.raises(rc.ParameterError, match=r"a Hopfield network of 3000000 neurons"):
        rc.HopfieldNetwork(CELL, 3_000_000)
