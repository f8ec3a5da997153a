"""Schematics of run folders: netlists of ours as what they are, others as they stand, and why there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rramcirc.basics.errors import NetlistError
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.line import Line
from rramcirc.circuits.deck import read_elements
from rramcirc.circuits.known import NoSchematicError, schematic_of
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron
from rramcirc.circuits.table import default_bench, drawn_sheet
from rramcirc.engines.build import build_netlist
from rramcirc.figures.page.schematic import page_schematic

CELL = Cell("hfo2_filament", "nmos_select")
ONE_R = Cell("hfo2_filament")


def folder_of(tmp_path, circuit, design=None):
    """Return a folder with the netlist of a circuit's default testbench around a design."""
    bench = default_bench(circuit)
    if design is not None:
        lines = {name.rstrip("0123456789") for name in design.lines}
        bench = replace(bench, design=design, stimuli={k: v for k, v in bench.stimuli.items() if k in lines})
    (tmp_path / "netlist.cir").write_text(build_netlist(bench).text)
    return tmp_path, bench.design


@pytest.mark.parametrize(
    ("circuit", "design"),
    [
        ("cell", None),
        ("cell", ONE_R),
        ("crossbar", None),
        ("crossbar", Crossbar(CELL, 2, 3, source_line="row", bl=Line(2.5), sl=Line(1.5))),
        ("crossbar", Crossbar(CELL, 3, 2, source_line="row")),
        ("crossbar", Crossbar(ONE_R, 2, 2, wl=Line(4.0))),
        ("perceptron", None),
        ("hopfield", None),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_a_netlist_of_ours_is_drawn_as_its_design(circuit, design, tmp_path):
    folder, design = folder_of(tmp_path, circuit, design)
    found = schematic_of(folder)
    assert found.svg() == drawn_sheet(design, most=found.most, zoom=found.zoom).svg()


def test_every_signal_of_an_array_belongs_to_one_part(tmp_path):
    folder, _ = folder_of(tmp_path, "crossbar", Crossbar(CELL, 2, 2))
    names = ["v(bl0)", "i(bl0)", "v(bl10)", "v(wl1)", "gap[0,1]", "v(be[0,1])", "gap[0,11]", "v(sl1)"]
    parts = {part["name"]: part["signals"] for part in page_schematic(folder, names)["parts"]}
    assert parts == {
        "cell [0,1]": ["gap[0,1]", "v(be[0,1])"], "bl0": ["v(bl0)", "i(bl0)"], "wl1": ["v(wl1)"], "sl1": ["v(sl1)"],
    }  # fmt: skip


def test_what_no_other_part_has_belongs_to_the_single_cell(tmp_path):
    parts = page_schematic(CELL, ["v(bl)", "i(bl)", "v(be)", "gap", "current"])["parts"]
    assert {part["name"]: part["signals"] for part in parts} == {
        "cell": ["gap", "current"], "bl": ["v(bl)", "i(bl)"], "be": ["v(be)"],
    }  # fmt: skip


def test_elements_of_a_deck_are_read_with_their_nets():
    deck = """title r1 is none
* v9 a b 1
R1 in OUT
+ 1k ; load
V1 in gnd dc 1 $ source
e1 a 0 in out 2
x1 a b amplifier gain=3
n1 te be rram1 gap_ini=1
m1 d g s b nch w=1u
.subckt amplifier p q
r9 p q 1
.ends
.control
run
.endc
k1 l1 l2 0.9
.end
"""
    assert [(e.name, e.nets, e.value) for e in read_elements(deck)] == [
        ("r1", ("in", "out"), "1k"),
        ("v1", ("in", "0"), "dc 1"),
        ("e1", ("a", "0", "in", "out"), "2"),
        ("x1", ("a", "b"), "amplifier gain=3"),
        ("n1", ("te", "be"), "rram1 gap_ini=1"),
        ("m1", ("d", "g", "s", "b"), "nch w=1u"),
    ]


def test_parts_of_a_deck_have_its_vectors(tmp_path):
    (tmp_path / "netlist.cir").write_text("deck\nv1 in 0 1\nr1 in out 1k\nc1 out 0 1n\n.end\n")
    parts = page_schematic(tmp_path, ["v(in)", "v(out)", "i(v1)", "@r1[i]"])["parts"]
    assert {part["name"]: part["signals"] for part in parts} == {
        "v1": ["i(v1)"], "r1": ["@r1[i]"], "net in": ["v(in)"], "net out": ["v(out)"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("design", "text"),
    [
        (Crossbar(CELL, 64, 32), "64 x 32 do not fit. The array map"),
        (Perceptron(CELL, 9, 1), "9 x 1 do not fit"),
        (HopfieldNetwork(CELL, 5), "5 x 5 do not fit"),
    ],
    ids=["crossbar", "perceptron", "hopfield"],
)
def test_what_does_not_fit_is_not_drawn_and_says_so(design, text):
    with pytest.raises(NoSchematicError, match=text):
        schematic_of(design)
    assert text in page_schematic(design, [])["why"]


def test_folders_without_a_small_netlist_say_why(tmp_path):
    assert "no netlist" in page_schematic(tmp_path, [])["why"]
    rows = [f"r{k} n{k} n{k + 1} 1" for k in range(40)]
    (tmp_path / "netlist.cir").write_text("\n".join(["ladder", *rows, ".end"]))
    assert "40 elements on 41 nets do not fit" in page_schematic(tmp_path, [])["why"]
    (tmp_path / "netlist.cir").write_text("empty\n.end\n")
    assert "no elements" in page_schematic(tmp_path, [])["why"]
    (tmp_path / "netlist.cir").write_text("1R\n* circuit: 1R cell, no_such_card\nr1 a 0 1\n*| signals\n*| x\n.end\n")
    assert [part["name"] for part in page_schematic(tmp_path, ["v(a)"])["parts"]] == ["net a"]


def test_a_damaged_signal_table_is_refused(tmp_path):
    (tmp_path / "netlist.cir").write_text("t\nr1 a 0 1\n*| signals\n*| signal unit\n*| v(a) V v(a) 7\n.end\n")
    with pytest.raises(NetlistError, match="sign"):
        page_schematic(tmp_path, ["v(a)"])
