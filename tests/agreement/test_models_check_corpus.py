"""`models check` on small files, one trap or healthy style each, and its word on hidden unknowns and lost charges."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rramcirc.basics import paths
from rramcirc.devices.veriloga.lint.compile import compile_for_lint
from rramcirc.devices.veriloga.lint.lint import lint
from rramcirc.studies.check.charges import charge_findings, own_charges
from rramcirc.studies.check.check_model import check_model

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "unit"))
from test_lint import CONDUCT, module

CORPUS = Path(__file__).resolve().parent.parent / "data" / "models_check"

# file: what is found (rule, line), and whether the model can be used as it is
VERDICTS = {
    "hidden_variable": ({("hidden-state", 25)}, False),
    "hidden_gap": ({("hidden-state", 14), ("random", 14)}, False),
    "idt_with_start": ({("idt", 12)}, False),
    "cross_window": ({("event", 11), ("hidden-state", 13)}, False),
    "random_cycle": ({("random", 10)}, False),
    "transition_read": ({("operator", 11)}, False),
    "range_with_commas": ({("range", 8), ("range", 9)}, False),
    "ground_without_discipline": ({("ground", 8)}, False),
    "name_collision": ({("name", 5)}, False),
    "no_module": ({("no-module", 3)}, False),
    "unassigned_variable": ({("unassigned", 10)}, True),
    "contribution_behind_ddt": ({("conditional", 13)}, True),
    "switch_branch": ({("switch", 18)}, True),
    "unbounded_exponential": ({("exponential", 8)}, True),
    "state_in_metres": ({("metres", 12)}, False),
    "healthy_state_node": (set(), True),
    "healthy_collapsed_node": (set(), True),
    "healthy_chosen_law": (set(), True),
}
SWITCHING = {n for n in VERDICTS if n.startswith("healthy")} | {"contribution_behind_ddt", "switch_branch"}


def test_every_file_has_its_verdict() -> None:
    assert {file.stem for file in CORPUS.glob("*.va")} == set(VERDICTS)


@pytest.mark.parametrize("name", VERDICTS)
def test_each_file_gets_its_true_reason(name: str) -> None:
    expected, works = VERDICTS[name]
    report = check_model(CORPUS / f"{name}.va", amplitudes=(1.0,), durations=(1e-3,))
    found = [*report.findings, *(f for m in report.modules for f in m.findings)]
    assert {(f.rule, f.line) for f in found} == expected
    assert all(len(f.instead) > 1 for f in found)
    assert report.works == works
    if name in SWITCHING:
        assert report.modules[0].best.window > 10


# contributions under conditions: openvaf-r itself is the judge

BEHIND = "I(te, be) <+ ddt(1e-12 * V(te, be));"
STATE = "I(s) <+ ddt(V(s));"
BODIES = {
    "plain current": "if (V(te, be) > 0) I(te, be) <+ V(te, be); else I(te, be) <+ 2 * V(te, be);",
    "before the ddt": "if (V(te, be) > 0) I(te, be) <+ V(te, be);" + BEHIND,
    "behind the ddt": BEHIND + "if (V(te, be) > 0) I(te, be) <+ V(te, be);",
    "behind it, turned round": BEHIND + "if (V(te, be) > 0) I(be, te) <+ V(te, be);",
    "behind it in a case": BEHIND + "case (V(te, be) > 0) 1: I(te, be) <+ V(te, be); default: ; endcase",
    "behind ddt and current": BEHIND + CONDUCT + "if (V(te, be) > 0) I(te, be) <+ V(te, be);",
    "behind another branch": BEHIND + CONDUCT + "if (V(te, be) > 0) I(te) <+ 1e-3 * V(te);",
    "noise": BEHIND + "if (V(te, be) > 0) I(te, be) <+ white_noise(1e-20);",
    "ternary": BEHIND + "I(te, be) <+ V(te, be) > 0 ? V(te, be) : 2 * V(te, be);",
    "chosen by a parameter": BEHIND + "if (p > 0) I(te, be) <+ V(te, be); else I(te, be) <+ 2 * V(te, be);",
    "state on time": STATE + "if ($abstime <= 0.0) I(s) <+ V(s); else I(s) <+ -V(te, be);" + CONDUCT,
    "state with a drain": STATE + "I(s) <+ V(s); if (V(te, be) > 0) I(s) <+ -V(te, be);" + CONDUCT,
    "derivative in a variable": "f = ddt(V(s)); I(s) <+ f; if (V(te, be) > 0) I(s) <+ -1;" + CONDUCT,
}


@pytest.mark.parametrize("name", BODIES)
def test_a_hidden_unknown_is_told_exactly_where_the_compiler_adds_one(tmp_path: Path, name: str) -> None:
    file = tmp_path / "model.va"
    # a state of its own makes it a memory: there an unknown is worth a warning
    memory = "I(m) <+ ddt(V(m)); I(m) <+ V(m);"
    file.write_text(module(memory + BODIES[name], "electrical s, m; real f; parameter real p = 1;"))
    (compiled,) = compile_for_lint(file, tmp_path).modules
    hidden = any(node.startswith("implicit_equation") for node in compiled.internal_nodes)
    told = [f for f in lint(file).findings if f.rule == "conditional" and f.severity == "warning"]
    assert bool(told) == hidden
    assert all(f.line == 5 for f in told)


def test_other_contributions_under_a_condition_are_notes(tmp_path: Path) -> None:
    file = tmp_path / "model.va"
    file.write_text(module(BODIES["plain current"], "electrical s, m; real f;"))
    (finding,) = (f for f in lint(file).findings if f.rule != "unused-net")
    assert (finding.rule, finding.severity, finding.line) == ("conditional", "note", 5)


def test_transistor_without_state_gets_no_warning_for_a_hidden_unknown(tmp_path: Path) -> None:
    file = tmp_path / "model.va"
    file.write_text(module(BODIES["behind the ddt"]))
    assert {f.severity for f in lint(file).findings} == {"note"}


# charges of states


LOST = Path(__file__).resolve().parent.parent / "data" / "lost_charge" / "rram_reworded.va"


def test_a_charge_that_the_compiler_lost_is_found() -> None:
    report = check_model(LOST, amplitudes=(3.0,), durations=(1e-5,))
    (finding,) = [f for m in report.modules for f in m.findings if f.severity == "error"]
    assert (finding.rule, finding.path) == ("charge", LOST)
    assert LOST.read_text().splitlines()[finding.line - 1].strip() == "I(g_s) <+ ddt(V(g_s));"
    assert "1e-15 V(te)" in finding.text
    assert not report.works


@pytest.mark.parametrize("file", sorted(paths.verilog_a_folder().glob("rram_*.va")), ids=lambda f: f.stem)
def test_charges_of_the_library_are_as_written(file: Path) -> None:
    (read,) = lint(file).modules
    assert own_charges(read)
    assert list(charge_findings(file, read)) == []


# states without an equation at rest, reads before assignment, keywords

AT_REST = {
    "thresholds": "f = 0; if (V(te, be) > 0.5) f = V(te, be) - 0.5; if (V(te, be) < -0.5) f = V(te, be) + 0.5;",
    "cubic rate": "f = V(te, be) * V(te, be) * V(te, be);",
    "linear rate": "f = V(te, be);",
    "healthy: leak": "f = V(te, be) - V(s);",
    "healthy: pinned": "f = V(te, be); if ($abstime <= 0.0) f = -V(s);",
}


@pytest.mark.parametrize("name", AT_REST)
def test_a_state_without_an_equation_at_rest_is_named(tmp_path: Path, name: str) -> None:
    file = tmp_path / "model.va"
    conduct = "I(te, be) <+ 1u * (1.001 + tanh(10.0 * (V(s) - 0.25))) * V(te, be);"
    file.write_text(module(f"{AT_REST[name]} I(s) <+ ddt(V(s)) - 1k * f; {conduct}", "electrical s; real f;"))
    report = check_model(file, amplitudes=(1.0,), durations=(1e-3,))
    (found,) = report.modules
    rules = [f.rule for f in (*report.findings, *found.findings)]
    assert report.works == name.startswith("healthy"), found.verdict
    assert rules == ([] if report.works else ["no-equation"])
    assert report.works or "(no-equation)" in found.verdict
    assert "does not switch" not in found.verdict


def test_a_read_before_assignment_that_makes_the_current_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "model.va"
    body = "g = 1e-4 * n / tanh(n); n = 0.5 + idt(V(te, be), 0.0); I(te, be) <+ g * V(te, be);"
    file.write_text(module(body, "real g, n;"))
    report = check_model(file, amplitudes=(1.0,), durations=(1e-3,))
    errors = [f for f in report.findings if f.severity == "error"]
    assert [(f.rule, f.line) for f in errors] == [("unassigned", 5)]
    assert "(unassigned)" in report.modules[0].verdict


def test_a_keyword_as_a_name_is_said_once(tmp_path: Path) -> None:
    file = tmp_path / "model.va"
    file.write_text(module(f"time = $abstime; {CONDUCT}", "real time;"))
    report = check_model(file)
    assert [f.rule for f in report.findings] == ["keyword"]
    assert "time_value" in report.findings[0].instead
