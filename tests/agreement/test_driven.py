"""A wrong solution that ngspice returns without a word is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import rramcirc as rc

# the voltage of node gnd, taken to be ground, is used by nothing: an empty column of the matrix
UNREAD = """`include "disciplines.vams"
module rram_unread(te, be);
    inout te, be;
    electrical te, be;
    electrical gnd; ground gnd; electrical s;
    (* desc="conductance", units="S" *) parameter real g = 1e-4 from (0:1];
    (* desc="current te to be", units="A" *) real current;
    analog begin
        current = g * V(te, be);
        I(te, be) <+ current;
        I(s, gnd) <+ V(s, gnd) - 0.5;
    end
endmodule
"""
CARD = """name = "unread"
module = "unread.va"
title = "t"
[parameters]
g = {value = 1e-4, unit = "S", status = "assumed", source = "x"}
"""


@pytest.fixture
def cell(tmp_path: Path) -> rc.Cell:
    (tmp_path / "unread.va").write_text(UNREAD)
    (tmp_path / "unread.toml").write_text(CARD)
    return rc.Cell(rram=str(tmp_path / "unread.toml"))


@pytest.mark.parametrize(
    ("analysis", "stimulus"),
    [(rc.OperatingPoint(), rc.Constant(2.0)), (rc.Transient(1e-6), rc.Pulse(2.0, 4e-7, delay=1e-7))],
    ids=["op", "tran"],
)
def test_line_that_does_not_follow_its_source_fails_the_run(cell: rc.Cell, analysis, stimulus) -> None:
    with pytest.raises(rc.SimulationError, match=r"bl is at .* although its source forces 2 V"):
        rc.simulate(rc.Testbench(cell, analysis, {"bl": stimulus}))
