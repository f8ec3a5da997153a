"""The lint of Verilog-A files: each defect alone, what looks like one and is none, repairs, and text of any kind."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rramcirc.basics import paths
from rramcirc.basics.errors import ModelCompileError
from rramcirc.devices.veriloga.declaration_reader import read_modules
from rramcirc.devices.veriloga.lint.finding import Finding
from rramcirc.devices.veriloga.lint.fix import repair
from rramcirc.devices.veriloga.lint.lint import lint
from rramcirc.devices.veriloga.lint.modules import read_lint_modules
from rramcirc.devices.veriloga.lint.numbers import state_nodes
from rramcirc.devices.veriloga.lint.tree import walk, written
from rramcirc.devices.veriloga.preprocessor import read_source
from rramcirc.devices.veriloga.text import encode

STATE = "x = x_ini + V(s); f = {rate}; if ($abstime <= 0.0) f = -V(s); I(s) <+ ddt(V(s)); I(s) <+ -f;"
STATES = "electrical s; parameter real x_ini = 0.5 from [0:1]; real x, f;"
CONDUCT = "I(te, be) <+ V(te, be) * 1e-3;"


def module(body: str, declarations: str = "", ports: str = "te, be", name: str = "rram_test") -> str:
    """Return the text of a module; the body starts in line 5."""
    return (
        f'`include "disciplines.vams"\nmodule {name}({ports}); inout {ports}; electrical {ports};\n{declarations}\n'
        f"analog begin\n{body}\nend\nendmodule\n"
    )


def check(tmp_path: Path, text: str) -> tuple[Finding, ...]:
    """Return the findings of a text, without the notes."""
    file = tmp_path / "model.va"
    file.write_text(text)
    return tuple(f for f in lint(file).findings if f.severity != "note")


def rules(tmp_path: Path, text: str) -> set[str]:
    """Return the rules that a text breaks."""
    return {f.rule for f in check(tmp_path, text)}


CLEAN = module(STATE.format(rate="tanh(V(te, be))") + "I(te, be) <+ V(te, be) * x;", STATES)

# rule, text
DEFECTS = {
    "cross": ("event", module("@(cross(V(te, be), 1)) $strobe(\"x\");" + CONDUCT)),
    "timer": ("event", module("@(timer(0, 1n)) $strobe(\"x\");" + CONDUCT)),
    "above": ("event", module("@(above(V(te, be))) $strobe(\"x\");" + CONDUCT)),
    "current of another branch": (
        "current", module("y = I(te, be); I(b) <+ V(b) * 1e-3;", "branch (te, be) b; real y;")
    ),
    "current of a port": ("current", module("y = I(<te>);" + CONDUCT, "real y;")),
    "current of no branch": (
        "current", module("y = I(te, be); I(te, m) <+ V(te, m); I(m, be) <+ V(m, be);", "real y; electrical m;")
    ),
    "two events": ("event", module('@(initial_step or initial_step("static")) y = 1;' + CONDUCT, "real y;")),
    "$random": ("random", module("I(te, be) <+ V(te, be) * $random;")),
    "$rdist_normal": ("random", module("I(te, be) <+ V(te, be) * $rdist_normal(n, 0, 1);", "integer n;")),
    "transition": ("operator", module("I(te, be) <+ transition(1, 0, 1n);")),
    "slew": ("operator", module("I(te, be) <+ slew(V(te, be), 1);")),
    "last_crossing": ("operator", module("I(te, be) <+ last_crossing(V(te, be), 1);")),
    "laplace_nd": ("operator", module("I(te, be) <+ laplace_nd(V(te, be), '{1}, '{1, 1n});")),
    "zi_nd": ("operator", module("I(te, be) <+ zi_nd(V(te, be), '{1}, '{1, 1}, 1n);")),
    "$realtime": ("operator", module("I(te, be) <+ V(te, be) * $realtime;")),
    "absdelay": ("delay", module("I(te, be) <+ absdelay(V(te, be), 1n);")),
    "idtmod": ("idtmod", module("I(te, be) <+ idtmod(V(te, be), 0, 1);")),
    "$table_model": ("table-model", module('I(te, be) <+ $table_model(V(te, be), "f.tbl", "1L");')),
    "vector port": ("vector", "module rram_a(b); inout [0:3] b; electrical [0:3] b; analog I(b[0]) <+ 1; endmodule"),
    "vector net": ("vector", module(CONDUCT, "electrical [0:3] inner;")),
    "array": ("array", module("y[0] = 1; I(te, be) <+ V(te, be) * y[0];", "real y[0:1];")),
    "array parameter": ("array", module("I(te, be) <+ V(te, be) * p[0];", "parameter real p[0:1] = '{1, 2};")),
    "genvar": ("genvar", module(CONDUCT, "genvar i;")),
    "generate": ("genvar", "module rram_a(a); inout a; electrical a; generate if (1) begin end endgenerate endmodule"),
    "instance": ("instance", module(CONDUCT, "other #(.r(1)) o1(te, be);")),
    "digital": ("digital", module(CONDUCT, "always @(posedge te) ;")),
    "range": ("range", module("I(te, be) <+ V(te, be) * p;", "parameter real p = 1 from [0, 2];")),
    "ground": ("ground", module("I(te, gnd) <+ V(te, be);", "ground gnd;")),
    "ground with discipline": ("ground-net", module("I(te, gnd) <+ V(te, gnd);", "electrical gnd, a; ground gnd;")),
    "direction": ("direction", "module rram_a(a, b); electrical a, b; analog I(a, b) <+ V(a, b); endmodule"),
    "discipline": ("discipline", "module rram_a(a, b); inout a, b; electrical b; analog I(a, b) <+ V(a, b); endmodule"),
    "name": ("name", module(CONDUCT, name="Memristor")),
    "no module": ("no-module", "// a Spectre netlist\nsimulator lang=spectre\nsubckt memristor (p n)\nends\n"),
    "include": ("include", '`include "gone.va"\n' + module(CONDUCT)),
    "macro": ("macro", module("I(te, be) <+ `GONE * V(te, be);")),
    "directive": ("directive", "`timescale 1ns/1ps\n" + module(CONDUCT)),
    "indirect": ("indirect", module("V(s): V(s) == V(te, be);" + CONDUCT, "electrical s;")),
    "repeat": ("loop", module("y = 0; repeat (3) y = y + 1; I(te, be) <+ V(te, be) * y;", "real y;")),
    "initializer": ("initializer", module("I(te, be) <+ V(te, be) * b;", "real a = 1; real b = 2 * a;")),
    "initializer in a function": (
        "initializer",
        module("I(te, be) <+ g(V(te, be));",
               "analog function real g; input a; real a; real b = 2 * a; g = b; endfunction"),
    ),
    "attribute": ("attribute", module("I(te, be) <+ V(te, be) * p;", 'parameter real p = 1 (* units="S" *);')),
    "point": ("number", module("I(te, be) <+ V(te, be) * .5;")),
    "meg": ("number", module("I(te, be) <+ V(te, be) / 1meg;")),
    "header parameters": ("header", "module rram_a #(parameter r = 1) (a); inout a; electrical a; endmodule"),
    "twins": ("twins", module("I(te, be) <+ V(te, be) * (L + l);", "parameter real L = 1; parameter real l = 2;")),
    "division": ("division", module("I(te, be) <+ V(te, be) * pow(2.0, 3/2);")),
    "idt": ("idt", module("y = idt(V(te, be), 0.5); I(te, be) <+ V(te, be) * y;", "real y;")),
    "clamp": ("clamp", module("y = idt(V(te, be), 0); if (y > 1) y = 1; I(te, be) <+ V(te, be) * y;", "real y;")),
    "metres": (
        "metres",
        module(STATE.format(rate="tanh(V(te, be))") + "if (x > x_max) x = x_max; I(te, be) <+ V(te, be) * x;",
               "electrical s; parameter real x_ini = 1n; parameter real x_max = 2n; real x, f;"),
    ),
    "metres in idt": ("metres", module("y = 1n + idt(V(te, be), 0); if (y > m) $strobe(\"\"); " + CONDUCT,
                                       "real y; parameter real m = 5n;")),
    "analysis": (
        "analysis",
        module('f = V(te, be); if (analysis("static")) f = -V(s); I(s) <+ ddt(V(s)); I(s) <+ -f;' + CONDUCT,
               "electrical s; real f;"),
    ),
    "conditional": (
        "conditional",
        module("I(s) <+ ddt(V(s)); if ($abstime <= 0.0) I(s) <+ V(s); else I(s) <+ -V(te, be);" + CONDUCT,
               "electrical s;"),
    ),
    "exp": ("exponential", module("I(te, be) <+ exp(V(te, be) / 0.1) - 1.0;")),
    "sinh": ("exponential", module("v = V(te, be); I(te, be) <+ sinh(v / 0.1);", "real v;")),
    "cosh": ("exponential", module("v = -V(te, be); z = 2 * v; I(te, be) <+ V(te, be) / cosh(z);", "real v, z;")),
    "exp of a square": ("exponential", module("I(te, be) <+ exp(V(te, be) * V(te, be));")),
    "pole": ("pole", module("I(te, be) <+ V(te, be) / sin(V(s)); I(s) <+ ddt(V(s)); I(s) <+ V(s);", "electrical s;")),
    "unassigned": ("unassigned", module("I(te, be) <+ V(te, be) * g;", "real g;")),
    "gap in a variable": (
        "hidden-state",
        module("@(initial_step) g = 1; g = g + 1e-9 * V(te, be); I(te, be) <+ V(te, be) * g;", "real g;"),
    ),
    "initial value": ("hidden-state", module("g = g + 1n * V(te, be); I(te, be) <+ V(te, be) * g;", "real g = 0.5;")),
    "latch": (
        "hidden-state",
        module("if (V(te, be) > 1) on = 1; if (V(te, be) < -1) on = 0; I(te, be) <+ V(te, be) * (1 + on);", "real on;"),
    ),
    "first call": (
        "hidden-state",
        module("if (first == 0) last = 1; y = last + V(te, be); last = y; first = 1; I(te, be) <+ V(te, be) * y;",
               "real first, last, y;"),
    ),
    "state machine": (
        "hidden-state",
        module("@(initial_step) q = 0; if (V(te, be) > 1 && q == 0) q = 1; I(te, be) <+ V(te, be) * (q ? 1 : 2);",
               "integer q;"),
    ),
    "rate before its time": (
        "hidden-state",
        module("g = idt(rate, 0); rate = V(te, be) - g; I(te, be) <+ V(te, be) * g;", "real g, rate;"),
    ),
    "clock": (
        "hidden-state",
        module("dt = $abstime - last; I(te, be) <+ V(te, be) * dt; last = $abstime;", "real dt, last;"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DEFECTS)
def test_each_defect_alone_is_told_alone(tmp_path: Path, name: str) -> None:
    rule, text = DEFECTS[name]
    found = check(tmp_path, text)
    assert {f.rule for f in found} == {rule}, found
    for finding in found:
        assert finding.path == tmp_path / "model.va"
        assert 1 <= finding.line <= text.count("\n") + 1
        assert len(finding.instead) > 1
        assert finding.severity in ("error", "warning")


def test_clean_model_has_no_finding(tmp_path: Path) -> None:
    assert check(tmp_path, CLEAN) == ()


@pytest.mark.parametrize("file", sorted(paths.verilog_a_folder().glob("*.va")), ids=lambda f: f.stem)
def test_library_has_no_finding(file: Path) -> None:
    assert lint(file).findings == ()


def test_several_defects_are_told_each_at_its_line(tmp_path: Path) -> None:
    text = (
        '`include "disciplines.vams"\n'
        "module memristor(p, n);\n"
        "inout p, n; electrical p, n;\n"
        "ground gnd;\n"
        "parameter real ron = 100 from [1, 1e6];\n"
        "parameter real k = 1e3;\n"
        "real x, t_last;\n"
        "integer seed;\n"
        "analog begin\n"
        "@(initial_step) x = 0.5;\n"
        "@(cross(V(p, n), 1)) seed = seed + 1;\n"
        "x = x + k * V(p, n) * ($abstime - t_last) + 0.01 * $rdist_normal(seed, 0, 1);\n"
        "t_last = $abstime;\n"
        "I(p, n) <+ x / ron * sinh(V(p, n) / 0.1);\n"
        "end endmodule\n"
    )
    places = {(f.line, f.rule) for f in check(tmp_path, text)}
    assert places == {
        (2, "name"), (4, "ground"), (5, "range"), (11, "event"), (12, "hidden-state"), (12, "random"),
        (14, "exponential"), (11, "hidden-state"),
    }  # fmt: skip


def test_hidden_state_is_named_with_both_lines(tmp_path: Path) -> None:
    text = module("@(initial_step) gap = 1;\ngap = gap + 1n * V(te, be);\nI(te, be) <+ V(te, be) * gap;", "real gap;")
    (finding,) = check(tmp_path, text)
    assert finding.line == 6
    assert "gap is read here before it is assigned (line 6)" in finding.text
    assert "@(initial_step) (line 5)" in finding.text
    assert "gap in a node" in finding.instead
    assert "ddt" in finding.instead


def test_a_declaration_that_is_missing_is_put_behind_the_head_of_its_module(tmp_path: Path) -> None:
    file = tmp_path / "model.va"
    file.write_text("// two lines\n// of comment\n" + module("y = V(te, be);\nI(te, be) <+ y;"))
    mended, _ = repair(file)
    assert "module rram_test(te, be); real y; inout te, be;" in mended


@pytest.mark.parametrize(("count", "told"), [(3, "(a, b, c)"), (4, "(a, b, c, d)"), (5, "(a, b, c, d and 1 more)")])
def test_of_many_arrays_four_are_named(tmp_path: Path, count: int, told: str) -> None:
    (finding,) = check(tmp_path, module(CONDUCT, f"real {', '.join(f'{name}[0:1]' for name in 'abcde'[:count])};"))
    assert finding.text == f"arrays {told} are refused"


def test_the_selector_of_a_case_is_read(tmp_path: Path) -> None:
    case = "case (q) 0: y = 1; default: y = 2; endcase\n"
    for rest, rule in (("q = q + V(te, be);", "hidden-state"), ("", "unassigned")):
        (finding,) = check(tmp_path, module(f"{case}{rest} I(te, be) <+ y * V(te, be);", "real q, y;"))
        assert (finding.rule, finding.line) == (rule, 5)


def test_clock_gets_advice_of_its_own(tmp_path: Path) -> None:
    (finding,) = check(tmp_path, DEFECTS["clock"][1])
    assert finding.instead.startswith("no last and no time step")


# what looks like a hidden state and is none

HARMLESS = {
    "constant set up once": module(
        "@(initial_step) g = 2 * p; I(te, be) <+ V(te, be) * g;", "real g; parameter real p = 1;"
    ),
    "both branches": module("if (V(te, be) > 0) g = 1; else g = 2; I(te, be) <+ V(te, be) * g;", "real g;"),
    "same condition again": module(
        "if (V(te, be) > 0) g = 1; I(te, be) <+ V(te, be); if (V(te, be) > 0) I(te, be) <+ V(te, be) * g;", "real g;"
    ),
    "conditions that cover all": module(
        "v = V(te, be); if (v >= a) g = 1; if (v <= -a) g = 2; if (v < a && v > -a) g = 3; I(te, be) <+ v * g;",
        "real g, v; parameter real a = 0.3;",
    ),
    "part of a condition": module(
        "if (V(te, be) > 0 && p > 1) g = 1; if (p > 1) begin if (V(te, be) > 0) I(te, be) <+ g; end" + CONDUCT,
        "real g; parameter real p = 2;",
    ),
    "parameters only": module(
        "if (p == 1) g = 1; else if (p == 2) g = 2; I(te, be) <+ V(te, be) * g;", "real g; parameter integer p = 1;"
    ),
    "case with default": module(
        "case (p) 0: g = 1; 1, 2: g = 2; default: g = 3; endcase I(te, be) <+ V(te, be) * g;",
        "real g; parameter integer p = 0;",
    ),
    "loop": module(
        "g = 1; for (i = 0; i < 3; i = i + 1) g = g + V(te, be); I(te, be) <+ g;", "real g; integer i;"
    ),
    "local of a block": module(
        "begin : one real g; g = 1; I(te, be) <+ g * V(te, be); end begin : two real g; g = 2; I(te, be) <+ g; end"
    ),
    "output of a function": module(
        "h = split(V(te, be), g); I(te, be) <+ g + h;",
        "real g, h; analog function real split; input a; output b; real a, b; begin b = a; split = a; end endfunction",
    ),
    "old value that changes nothing": module(
        "if (V(te, be) > 0) $strobe(\"%g\", count); count = V(te, be);" + CONDUCT, "real count;"
    ),
    "initial value that stays": module("I(te, be) <+ V(te, be) * g;", "real g = 1e-3;"),
    "op-variable": module("g = V(te, be); I(te, be) <+ g;", '(* desc="g", units="S" *) real g;'),
    "ternary": module("g = V(te, be) > 0 ? 1 : 2; I(te, be) <+ g;", "real g;"),
    "swapped branch": module(
        "if (V(te, be) < 0) begin r = 1; m = -1; end else begin r = 2; m = 1; end I(te, be) <+ V(te, be) * r * m;",
        "real r, m;",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_variables_are_not_told(tmp_path: Path, name: str) -> None:
    assert check(tmp_path, HARMLESS[name]) == ()


@pytest.mark.parametrize(
    "body",
    [
        "I(te, be) <+ limexp(V(te, be) / 0.1);",
        "z = V(te, be) / 0.1; z = 20.0 * z / sqrt(400.0 + z * z); I(te, be) <+ sinh(z);",
        "z = tanh(V(te, be)); I(te, be) <+ exp(z);",
        "z = V(te, be); if (z > 3.0) z = 3.0; I(te, be) <+ exp(z);",
        "if (V(te, be) < 1.0) I(te, be) <+ exp(V(te, be)); else I(te, be) <+ 2.7;",
        "I(te, be) <+ V(te, be) * exp(-abs(V(te, be)));",
        "I(te, be) <+ V(te, be) * exp(-V(te, be) * V(te, be));",
        "z = 300.0 + abs(V(te, be)); I(te, be) <+ V(te, be) * exp(-1.0 / z) + V(te, be) * exp((450.0 - z) / 500.0);",
        "I(te, be) <+ V(te, be) * exp(min(V(te, be), 10.0));",
        "I(te, be) <+ V(te, be) * exp(-V(s)); I(s) <+ ddt(V(s)); I(s) <+ V(s);",
    ],
)
def test_bounded_exponentials_are_not_told(tmp_path: Path, body: str) -> None:
    assert check(tmp_path, module(body, "real z; electrical s;")) == ()


@pytest.mark.parametrize(
    "body",
    [
        "I(s) <+ ddt(V(s)); if (p > 0) I(s) <+ V(s); else I(s) <+ -V(te, be);",
        "if ($abstime <= 0.0) I(s) <+ V(s); else I(s) <+ -V(te, be); I(s) <+ ddt(V(s));",
        "I(s) <+ ddt(V(s)) + V(s); if (V(te, be) > 0) I(te, be) <+ V(te, be);",
    ],
)
def test_contributions_without_an_extra_unknown_are_not_told(tmp_path: Path, body: str) -> None:
    assert check(tmp_path, module(body + CONDUCT, "electrical s; parameter real p = 1;")) == ()


def test_analysis_for_reports_is_not_told(tmp_path: Path) -> None:
    body = 'if (analysis("static") && V(te, be) > 1) $strobe("high"); if (analysis("noise")) y = 1;' + CONDUCT
    assert check(tmp_path, module(body, "real y;")) == ()


def test_read_before_assignment_without_memory_is_a_note(tmp_path: Path) -> None:
    file = tmp_path / "model.va"
    file.write_text(module("I(te, be) <+ V(te, be) * g; g = 2;", "real g;"))
    (finding,) = lint(file).findings
    assert (finding.severity, finding.rule, finding.line) == ("note", "unassigned", 5)


# preprocessor


def test_macros_and_included_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "part.va").write_text("g = g + 1n * V(te, be);\n")
    text = module(
        '`include "part.va"\n`SEND(te, be, g)\n`ifdef NEVER `include "gone.va" `else\n`endif', "real g;"
    ).replace("module", "`define SEND(a, b, c) I(a, b) <+ V(a, b) * (c); `EMPTY\n`define EMPTY\nmodule", 1)
    (finding,) = check(tmp_path, text)
    assert (finding.rule, finding.path.name, finding.line) == ("hidden-state", "part.va", 1)


def test_finding_in_a_macro_has_the_line_of_the_call_and_no_repair(tmp_path: Path) -> None:
    text = "`define BAD exp(V(te, be) / 0.1)\n" + module("\n\nI(te, be) <+ `BAD;")
    (finding,) = check(tmp_path, text)
    assert (finding.line, finding.fixable) == (8, False)


@pytest.mark.parametrize("name", ["__OPENVAF__", "__VAMS__", "__VAMS_COMPACT_MODELING__"])
def test_macros_of_the_compiler_are_known(tmp_path: Path, name: str) -> None:
    text = f"`ifndef {name}\nthis is nonsense\n`else\n{module(CONDUCT)}\n`endif\n"
    assert check(tmp_path, text) == ()


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a + b*c - d", "a + b*c - d"),
        ("(a + b)*c", "(a + b)*c"),
        ("a - (b - c)", "a - (b - c)"),
        ("-a**2", "-a**2"),
        ("a ? b : c ? d : e", "a ? b : c ? d : e"),
        ("f(a, -b)/(c*d)", "f(a, -b)/(c*d)"),
        ("a <= b && !(c == d || e)", "a <= b && !(c == d || e)"),
        ("v[2]*b + v[i - 1]", "v[2]*b + v[i - 1]"),
        ("v[w[i]] - w[1:0]", "v[w[i]] - w[1:0]"),
    ],
)
def test_expressions_are_written_as_they_are_read(tmp_path: Path, text: str, same: str) -> None:
    file = tmp_path / "model.va"
    file.write_text(module(f"y = {text};", "real y, a, b, c, d, e, v[0:2], w[0:2]; integer i;"))
    (read,) = read_lint_modules(read_source(file))
    (assignment,) = [n for n in walk(read.analog[0]) if n.kind == "assign"]
    assert written(assignment.parts[1]) == same


@pytest.mark.parametrize(
    ("body", "nodes"),
    [
        (STATE.format(rate="V(te, be)"), ("s",)),
        ("I(s, be) <+ ddt(-1e-3 * y) + V(te, be); y = V(s, be);", ("s",)),
        ("I(te, s) <+ V(te, s) / 10.0; I(s, be) <+ ddt(1e-12 * V(s, be)) + V(s, be);", ()),
        ("I(te, be) <+ ddt(V(te, be));", ()),
        ("I(dt) <+ ddt(1e-9 * V(dt)) + V(dt) / 1e6 - V(te, be);", ()),
    ],
)
def test_state_nodes_are_told_from_inner_nodes(tmp_path: Path, body: str, nodes: tuple[str, ...]) -> None:
    file = tmp_path / "model.va"
    file.write_text(module(body, "electrical s, dt; parameter real x_ini = 0.5; real x, f, y;"))
    (read,) = lint(file).modules
    assert state_nodes(read) == nodes


# repairs

FIXABLE = [
    "current of another branch", "current of a port",
    "two events", "range", "ground", "ground with discipline", "direction", "discipline", "name", "directive",
    "initializer", "attribute", "point", "meg", "idt", "analysis", "$realtime", "exp", "sinh", "cosh",
    "exp of a square",
]  # fmt: skip


@pytest.mark.parametrize("name", FIXABLE)
def test_mechanical_repair_leaves_no_finding(tmp_path: Path, name: str) -> None:
    _, text = DEFECTS[name]
    assert all(f.fixable for f in check(tmp_path, text))
    fixed, repairs = repair(tmp_path / "model.va")
    assert repairs
    assert rules(tmp_path, fixed) == set(), fixed
    assert repair(tmp_path / "model.va") == (fixed, ())
    assert fixed.count("\n") == text.count("\n")


@pytest.mark.parametrize("name", [n for n in DEFECTS if n not in FIXABLE])
def test_what_needs_thought_is_left_alone(tmp_path: Path, name: str) -> None:
    assert not any(f.fixable for f in check(tmp_path, DEFECTS[name][1]))
    assert repair(tmp_path / "model.va") == (DEFECTS[name][1], ())


@pytest.mark.parametrize(
    ("body", "fixed"),
    [
        ("y = idt(a*b, ic);", "y = (ic + idt(a*b, 0.0));"),
        ("y = 2*idt(f(a, b), max(ic, 0.1));", "y = 2*(max(ic, 0.1) + idt(f(a, b), 0.0));"),
        ("I(te,be) <+ exp(V(te,be)/0.1);", "I(te,be) <+ limexp(V(te,be)/0.1);"),
        ("I(te,be) <+ sinh( V(te,be) );", "I(te,be) <+ (0.5*(limexp( V(te,be) ) - limexp(-( V(te,be) ))));"),
        ("I(te,be) <+ exp(exp(V(te,be)));", "I(te,be) <+ exp(limexp(V(te,be)));"),
        ("new = a; /* exp(V(te,be)) */ // idt(a, ic)", "real new;"),
    ],
)
def test_repairs_keep_the_rest_of_the_text(tmp_path: Path, body: str, fixed: str) -> None:
    declarations = (
        "parameter real ic = 1; real y, a, b; analog function real f; input p, q; real p, q; f = p + q; endfunction"
    )
    (tmp_path / "model.va").write_text(module("a = 1; b = V(te, be);" + body + CONDUCT, declarations))
    assert fixed in repair(tmp_path / "model.va")[0]


@pytest.mark.parametrize(
    ("declarations", "body", "fixed"),
    [
        (
            "electrical a, gnd; ground gnd;",
            "V(a, gnd) <+ V(gnd, te);",
            "electrical a; \nanalog begin\nV(a) <+ (-V(te));",
        ),
        ("electrical gnd; ground gnd; electrical a;", "I(a,gnd) <+ 1;", " electrical a;\nanalog begin\nI(a) <+ 1;"),
        ("electrical gnd, a; branch (a, gnd) b; ground gnd;", "I(b) <+ 1;", "electrical a; branch (a) b; \n"),
        ("ground gnd;", "I(te, /* down */ gnd) <+ 1;", "I(te) <+ 1;"),
        ("ground gnd;", "I(te, be) <+ V(te, gnd) * V(be);", "I(te, be) <+ V(te) * V(be);"),  # other pairs stay
    ],
)
def test_ground_nets_are_left_out(tmp_path: Path, declarations: str, body: str, fixed: str) -> None:
    text = module(body, declarations)
    assert rules(tmp_path, text) <= {"ground", "ground-net"}
    mended, _ = repair(tmp_path / "model.va")
    assert fixed in mended
    assert rules(tmp_path, mended) == set()


def test_ground_net_that_cannot_be_left_out_stays(tmp_path: Path) -> None:
    text = module("I(gnd, te) <+ 1;", "electrical gnd; ground gnd;")
    (finding,) = check(tmp_path, text)
    assert not finding.fixable
    assert repair(tmp_path / "model.va") == (text, ())


def test_exponential_under_a_condition_is_not_made_limexp(tmp_path: Path) -> None:
    body = "for (i = 0; i < 2; i = i + 1) g = exp(V(te, be)); I(te, be) <+ g + exp(V(te, be));"
    (tmp_path / "model.va").write_text(module(body, "real g; integer i;"))
    text, _ = repair(tmp_path / "model.va")
    assert "g = exp(" in text
    assert "g + limexp(" in text


def test_attribute_of_a_macro_moves_too(tmp_path: Path) -> None:
    text = "`define attr(t) (*t*)\n" + module(
        "I(te, be) <+ V(te, be) * p;", 'parameter real p = 1 from (0:inf) `attr(info="p" type="instance");'
    )
    assert rules(tmp_path, text) == {"attribute"}
    fixed, _ = repair(tmp_path / "model.va")
    assert "parameter real p = 1 from (0:inf);" in fixed
    assert rules(tmp_path, fixed) == set()


def test_repaired_file_elsewhere_still_finds_its_includes(tmp_path: Path) -> None:
    (tmp_path / "part.va").write_text("real g;\n")
    (tmp_path / "model.va").write_text(module("g = 1;" + CONDUCT, '`include "part.va"', name="memristor"))
    other = tmp_path / "other"
    other.mkdir()
    text, _ = repair(tmp_path / "model.va", other / "model.va")
    assert '`include "../part.va"' in text
    assert '`include "disciplines.vams"' in text
    (other / "model.va").write_text(text)
    assert lint(other / "model.va").findings == ()


def test_bytes_that_are_no_utf8_survive(tmp_path: Path) -> None:
    file = tmp_path / "model.va"
    content = b"// Gonz\xe1lez, \xb5m\r\n" + module(CONDUCT, name="memristor").encode()
    file.write_bytes(content)
    text, _ = repair(file)
    assert encode(text) == content.replace(b"module memristor", b"module rram_memristor")
    assert file.read_bytes() == content


# any text


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelCompileError, match="No such file"):
        lint(tmp_path / "gone.va")


BROKEN = {
    "empty": "",
    "binary": "\0\1\2" * 500,
    "open comment": "/*" * 999,
    "open string": '"' * 999,
    "open conditions": "`ifdef A\n" * 999,
    "open module": "module a(b, c",
    "no name": "module (te); inout te; endmodule",
    "end of file in a statement": module("x = ").split("end")[0],
    "brackets": module("y = " + "(" * 5000 + "1" + ")" * 5000 + ";", "real y;"),
    "signs": module("y = " + "-" * 5000 + "1;", "real y;"),
    "sum": module("y = " + " + ".join(["V(te, be)"] * 5000) + ";", "real y;"),
    "blocks": module("begin " * 5000 + "end " * 5000),
    "else if": module("".join(f"if (V(te, be) > {k}) y = {k}; else " for k in range(1000)) + "y = 0;", "real y;"),
    "macro of itself": "`define A `A\n" + module("y = `A;", "real y;"),
    "macro that doubles": "`define A0 1\n" + "".join(f"`define A{k} `A{k - 1}+`A{k - 1}\n" for k in range(1, 40))
    + module("y = `A39;", "real y;"),
    "file of itself": '`include "model.va"\n',
    "keywords": "module endmodule analog begin end case endcase if else for while branch ground generate",
    "header that stops": "module a(inout electrical endmodule",
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_text_is_read_in_short_time(tmp_path: Path, name: str) -> None:
    started = time.process_time()
    check(tmp_path, BROKEN[name])
    repair(tmp_path / "model.va")
    assert time.process_time() - started < 20.0  # the doubling macro takes 3 s, the others less than 1 s


WORDS = st.sampled_from(
    ["module", "endmodule", "rram_a", "(", ")", "te", "be", ",", ";", "inout", "electrical", "analog", "begin",
     "end", "if", "else", "case", "endcase", "default", "for", "while", "@", "initial_step", "real",
     "parameter", "x", "y", "=", "<+", "I", "V", "ddt", "idt", "exp", "1", "2.5e-9", "1n", "+", "-", "*", "/",
     "**", "?", ":", "&&", "[", "]", "{", "'{", "}", "(*", "*)", '"text"', "`define", "`A", "`ifdef", "`endif",
     "`include", "\n", "function", "endfunction", "branch", "ground", "genvar", "#", ".", "from", "exclude",
     "$abstime", "$limit", "$random", "//", "/*", "*/", "\\"]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(WORDS, max_size=120))
def test_any_words_are_read_without_an_accident(tmp_path: Path, words: list[str]) -> None:
    file = tmp_path / "words.va"
    file.write_text("module rram_a(te, be); inout te, be; electrical te, be; real x, y;\n" + " ".join(words))
    lint(file)
    repair(file)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1), length=st.integers(0, 40), piece=st.text(max_size=8))
def test_damaged_library_file_is_read_without_an_accident(
    tmp_path: Path, place: float, length: int, piece: str
) -> None:
    text = (paths.verilog_a_folder() / "rram_filament.va").read_text()
    at = int(place * len(text))
    file = tmp_path / "damaged.va"
    file.write_bytes(encode(text[:at] + piece.encode("utf-8", "replace").decode() + text[at + length :]))
    lint(file)
    repair(file)


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("<nope.va>", 'there is no file "nope.va" to include'), ('"../x/no.va"', 'there is no file "../x/no.va" to'),
        ("", "`include names no file"), ('"nope.va"', 'there is no file "nope.va" to include'),
    ],
)  # fmt: skip
def test_a_missing_include_is_named(tmp_path, named, told):
    path = tmp_path / "m.va"
    path.write_text(f"`include {named}\n`include <other.va>\nmodule m(a, b); inout a, b; endmodule\n")
    found = [finding.text for finding in lint(path).findings if finding.rule == "include"]
    assert found[0].startswith(told)
    assert found[1] == 'there is no file "other.va" to include'


def test_an_attribute_moves_in_front_of_its_own_parameter(tmp_path: Path) -> None:
    file = tmp_path / "model.va"
    declared = (
        'parameter real a = 1k from (0:inf) (* type="instance", desc="a" *), // first\n'
        '  b = 2k, c = 3k (* desc="c", units="ohm" *), d = 4k (* desc="d" *); '
        '(* desc="e" *) parameter real e = 1 (* units="V" *);'
    )
    file.write_text(module("I(te, be) <+ V(te, be) / (a + b + c + d + e);", declared))
    (tmp_path / "mended.va").write_text(repair(file)[0])
    assert "// first" in repair(file)[0]
    (mended,) = read_modules(tmp_path / "mended.va")
    told = {p.name: (p.default, p.instance, p.description, p.unit) for p in mended.parameters.values()}
    assert told == {
        "a": (1000.0, True, "a", ""), "b": (2000.0, False, "", ""), "c": (3000.0, False, "c", "ohm"),
        "d": (4000.0, False, "d", ""), "e": (1.0, False, "e", "V"),
    }  # fmt: skip


def test_a_variable_called_like_a_keyword_gets_another_name(tmp_path: Path) -> None:
    file = tmp_path / "model.va"
    file.write_text(module("time = $abstime; max = max(time, 1.0); I(te, be) <+ V(te, be) * max;", "real time, max;"))
    mended = repair(file)[0]
    assert "time_value = $abstime; max_value = max(time_value, 1.0);" in mended
    assert "V(te, be) * max_value;" in mended
