"""Orders, signs and names, pinned on an asymmetric 2 x 3 array in the text of the netlist."""

from __future__ import annotations

import numpy as np
import pytest

import rramcirc as rc

ROWS, COLUMNS = 2, 3
ALL = ("v(*)", "i(*)", "gap[*,*]", "current[*,*]", "v(bl[*,*])", "v(wl[*,*])")


def array(kind, **fields):
    """A 2 x 3 array: "1R", or 1T1R with SL along the columns ("column") or rows ("row")."""
    cell = rc.Cell("hfo2_filament", None if kind == "1R" else "nmos_select")
    return rc.Crossbar(cell, ROWS, COLUMNS, source_line="row" if kind == "row" else "column", **fields)


def netlist(design, stimuli=None, probes=()):
    return rc.build_netlist(rc.Testbench(design, rc.OperatingPoint(), stimuli or {}, probes=probes))


def elements(text):
    """Element name -> its words, continuation lines joined; subcircuit bodies too, their parameters left out."""
    lines = text.replace("\n+", "").splitlines()
    return {w[0]: w[1:] for w in (line.split() for line in lines) if len(w) > 3 and w[0][0] in "xnmrcvi"}


@pytest.mark.parametrize(
    ("kind", "nodes"),
    [
        ("1R", ["bl2", "wl1", "cell_1r"]),
        ("column", ["bl2", "wl1", "sl2", "bulk", "cell_1t1r"]),
        ("row", ["bl2", "wl1", "sl1", "bulk", "cell_1t1r"]),
    ],
)
def test_cell_1_2_hangs_on_bl2_and_wl1_and_the_source_line_of_its_column_or_row(kind, nodes):
    assert elements(netlist(array(kind)).text)["xcell_1_2"][: len(nodes)] == nodes


def test_there_is_one_cell_per_crossing_and_one_source_per_line():
    found = elements(netlist(array("row")).text)
    cells = [name for name in found if name.startswith("x")]
    assert cells == [f"xcell_{i}_{j}" for i in range(ROWS) for j in range(COLUMNS)]
    sources = {name for name in found if name.startswith("v")}
    assert sources == {"vwl0", "vwl1", "vbl0", "vbl1", "vbl2", "vsl0", "vsl1", "vbulk"}


def test_the_series_order_is_bl_te_be_drain_source_sl():
    found = elements(netlist(array("column")).text)
    assert found["nrram"][:4] == ["bl", "be", "0", "hfo2_filament"]  # te, be, nz
    assert found["nsel"][:5] == ["be", "wl", "sl", "bulk", "nmos_select"]  # d, g, s, b


def test_without_selector_the_bottom_electrode_is_the_word_line():
    assert elements(netlist(array("1R")).text)["nrram"][:4] == ["bl", "wl", "0", "hfo2_filament"]


@pytest.mark.parametrize("kind", ["1R", "column", "row"])
def test_currents_count_from_the_driver_into_the_line(kind):
    design = array(kind)
    table = {s.name: s for s in netlist(design, probes=ALL).signals}
    found = elements(netlist(design).text)
    for line in design.lines:
        if line == "bulk":
            continue
        # SPICE counts a source's current from plus through the source to minus: from the line into the driver
        assert found[f"v{line}"][:2] == [line, "0"]
        signal = table[f"i({line})"]
        assert (signal.vector, signal.sign, signal.unit) == (f"i(v{line})", -1, "A")
        assert (table[f"v({line})"].vector, table[f"v({line})"].sign) == (f"v({line})", +1)


def test_device_current_counts_from_te_to_be_as_the_model_does():
    signal = next(s for s in netlist(array("row"), probes=("current[1,2]",)).signals)
    assert (signal.name, signal.unit, signal.sign) == ("current[1,2]", "A", 1)
    assert signal.vector == "@n.xcell_1_2.nrram[current]"
    assert "te to be" in signal.description


def test_a_current_stimulus_flows_into_the_line():
    # SPICE drives the current of an i source from its first node through itself to its second
    found = elements(netlist(array("1R"), {"bl1": rc.Constant(1e-6, unit="A")}).text)
    assert found["ibl1"] == ["0", "bl1", "1e-06"]
    assert "vbl1" not in found


def test_a_driver_resistance_stands_between_the_source_and_the_line():
    found = elements(netlist(array("1R", bl=rc.Line(driver_resistance=150.0))).text)
    assert found["vbl2"][:2] == ["drv_bl2", "0"]
    assert found["rdrv_bl2"] == ["drv_bl2", "bl2", "150"]


@pytest.mark.parametrize(
    ("kind", "line", "end", "wires"),
    [
        ("1R", "bl2", "first", [("bl2", "bl_0_2"), ("bl_0_2", "bl_1_2")]),
        ("1R", "bl2", "last", [("bl_0_2", "bl_1_2"), ("bl_1_2", "bl2")]),
        ("1R", "bl2", "both", [("bl2", "bl_0_2"), ("bl_0_2", "bl_1_2"), ("bl_1_2", "bl2")]),
        ("1R", "wl1", "first", [("wl1", "wl_1_0"), ("wl_1_0", "wl_1_1"), ("wl_1_1", "wl_1_2")]),
        ("1R", "wl1", "last", [("wl_1_0", "wl_1_1"), ("wl_1_1", "wl_1_2"), ("wl_1_2", "wl1")]),
        ("column", "sl2", "last", [("sl_0_2", "sl_1_2"), ("sl_1_2", "sl2")]),
        ("row", "sl1", "first", [("sl1", "sl_1_0"), ("sl_1_0", "sl_1_1"), ("sl_1_1", "sl_1_2")]),
    ],
)
def test_segments_run_from_cell_to_cell_and_to_the_driver(kind, line, end, wires):
    design = array(kind, **{line[:2]: rc.Line(resistance=7.0, end=end)})
    resistors = [words for name, words in elements(netlist(design).text).items() if name[0] == "r"]
    nodes = {node for wire in wires for node in wire}
    assert [(a, b) for a, b, ohm in resistors if a in nodes or b in nodes] == wires
    assert {ohm for _, _, ohm in resistors} == {"7"}


def test_a_conductance_array_is_row_by_column():
    gaps = np.array([[0.0, 0.1, 0.2], [0.3, 0.4, 0.5]])
    found = elements(netlist(array("1R", initial_state={"gap": gaps})).text)
    for i in range(ROWS):
        for j in range(COLUMNS):
            assert f"gap_ini={gaps[i, j]}" in found[f"xcell_{i}_{j}"]


def test_arrays_are_named_row_first():
    names = [s.name for s in netlist(array("1R"), probes=("gap[*,*]",)).signals]
    assert names == ["gap[0,0]", "gap[0,1]", "gap[0,2]", "gap[1,0]", "gap[1,1]", "gap[1,2]"]
    wired = array("1R", bl=rc.Line(resistance=1.0))
    vectors = {s.name: s.vector for s in netlist(wired, probes=("v(bl[*,*])", "v(wl[*,*])")).signals}
    assert vectors["v(bl[1,2])"] == "v(bl_1_2)"
    assert vectors["v(wl[1,2])"] == "v(wl1)"  # a perfect wire is one node
