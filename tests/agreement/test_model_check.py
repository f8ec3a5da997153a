"""`rramcirc models check`: the lint says what openvaf-r and ngspice do, the sweeps measure what they should."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from command import call

from rramcirc.basics import paths
from rramcirc.basics.errors import ParameterError
from rramcirc.devices.veriloga.library import library
from rramcirc.devices.veriloga.lint.compile import compile_for_lint
from rramcirc.devices.veriloga.lint.lint import lint
from rramcirc.devices.veriloga.lint.messages import REFUSALS
from rramcirc.devices.veriloga.lint.words import TAKEN_NAMES
from rramcirc.studies.check.check_model import ModelCheck, check_model
from rramcirc.studies.check.report import as_record, as_text
from rramcirc.studies.check.sweep import NO_DRIVE, Cell, sweep

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "unit"))
from test_lint import CLEAN, CONDUCT, DEFECTS, module

# A threshold switch: its state goes to 1 above v_set and to 0 below -v_reset, at 0.5e9/s times the distance.
THRESHOLD = (
    "v = V(te, be); x = x_ini + V(s);"
    "f = 0.5e9 * ((1.0 + tanh((v - v_set) / 0.01)) * (1.0 - x) - (1.0 + tanh((-v - v_reset) / 0.01)) * x);"
    "if ($abstime <= 0.0) f = -V(s); I(s) <+ ddt(V(s)); I(s) <+ -f; I(te, be) <+ v * (g_off + (g_on - g_off) * x);"
)
PARAMETERS = (
    "electrical s; parameter real x_ini = 0.0; parameter real v_set = 1.0; parameter real v_reset = 1.2;"
    "parameter real g_on = 1e-3; parameter real g_off = 1e-5; real v, x, f;"
)
SWITCH = module(THRESHOLD, PARAMETERS)
SHORT = {"durations": (1e-3,), "amplitudes": (0.5, 2.0)}


def write(folder: Path, text: str, name: str = "model.va") -> Path:
    """Write a model into a folder."""
    file = folder / name
    file.write_text(text)
    return file


def checked(folder: Path, text: str, **options: object) -> ModelCheck:
    """Check a text with few sweeps."""
    return check_model(write(folder, text), **(SHORT | options))


# the lint tells the truth


@pytest.mark.parametrize("name", [n for n in DEFECTS if DEFECTS[n][0] in REFUSALS])
def test_what_the_lint_calls_refused_does_not_compile(tmp_path: Path, name: str) -> None:
    report = checked(tmp_path, DEFECTS[name][1])
    assert not report.compiled
    assert not report.works
    assert DEFECTS[name][0] in {f.rule for f in report.findings}


@pytest.mark.parametrize("name", [n for n in DEFECTS if DEFECTS[n][0] not in {*REFUSALS, "no-module"}])
def test_what_the_lint_calls_wrong_compiles_without_a_word(tmp_path: Path, name: str) -> None:
    compiled = compile_for_lint(write(tmp_path, DEFECTS[name][1]), tmp_path)
    assert compiled.osdi is not None
    assert [m for m in compiled.messages if m.severity == "error"] == []


def test_refusal_carries_the_words_of_the_compiler(tmp_path: Path) -> None:
    (finding,) = checked(tmp_path, DEFECTS["$rdist_normal"][1]).findings
    assert "(openvaf-r: function 'rdist_normal' is currently not supported" in finding.text
    assert finding.line == 5


def test_messages_that_no_rule_explains_are_kept_with_their_line(tmp_path: Path) -> None:
    report = checked(tmp_path, module("y = 1;\nI(te, be) <+ V(te, be) * sqrt(1, 2);"))
    assert {(f.line, f.rule) for f in report.findings} == {(5, "compiler"), (6, "compiler")}
    undeclared = next(f for f in report.findings if f.line == 5)
    assert "'y' was not found" in undeclared.text
    assert undeclared.instead.startswith("declare it: real y;")


def test_many_messages_of_a_kind_are_counted(tmp_path: Path) -> None:
    report = checked(tmp_path, module("\n".join(f"y{k} = 1;" for k in range(9))))
    assert len(report.findings) == 2
    assert "and 7 more, down to line 13" in report.findings[1].text


def test_file_without_a_module_does_not_work_although_it_compiles(tmp_path: Path) -> None:
    report = checked(tmp_path, "// nothing\n")
    assert report.compiled
    assert not report.works
    assert "declares no module" in as_text(report)


def test_integer_division_is_what_the_lint_says(tmp_path: Path) -> None:
    report = checked(tmp_path, module("I(te, be) <+ V(te, be) * 1e-3 * (1 + 3/2);"), amplitudes=(0.5,))
    assert report.modules[0].sweeps[0].resistances[0] == pytest.approx(500.0)  # 1 + 1, not 1 + 1.5


def test_initial_condition_of_idt_is_lost_and_mended(tmp_path: Path) -> None:
    lost = "x = idt(0.0, 1.0); I(te, be) <+ V(te, be) * 1e-3 * (0.01 + x);"
    kept = lost.replace("idt(0.0, 1.0)", "1.0 + idt(0.0, 0.0)")
    first, second = (
        checked(tmp_path, module(body, "real x;"), amplitudes=(0.5,)).modules[0].sweeps[0].resistances[0]
        for body in (lost, kept)
    )
    assert first == pytest.approx(1e5)  # the integral has gone on from 0
    assert second == pytest.approx(1e3 / 1.01)


def test_hidden_state_never_switches_and_the_node_form_does(tmp_path: Path) -> None:
    hidden = module(
        "@(initial_step) begin x = 0.0; last = 0.0; end dt = $abstime - last;"
        "if (V(te, be) > 1.0) x = x + 1e5 * dt; if (V(te, be) < -1.0) x = x - 1e5 * dt;"
        "x = min(max(x, 0.0), 1.0); last = $abstime; I(te, be) <+ V(te, be) * (1e-5 + 1e-3 * x);",
        "real x, dt, last;",
    )
    report = checked(tmp_path, hidden)
    assert {f.rule for f in report.findings} == {"hidden-state"}
    assert all(not s.switches for s in report.modules[0].sweeps)
    wanted = "cannot be trusted as it is (hidden-state): its states were not followed"
    assert wanted in report.modules[0].verdict
    assert not report.works
    assert checked(tmp_path, SWITCH).works


def test_extra_unknown_is_where_the_lint_says(tmp_path: Path) -> None:
    conditional = compile_for_lint(write(tmp_path, DEFECTS["conditional"][1]), tmp_path)
    assert "implicit_equation_0" in conditional.modules[0].internal_nodes
    clean = compile_for_lint(write(tmp_path, CLEAN), tmp_path)
    assert clean.modules[0].internal_nodes == ("s",)


@pytest.mark.parametrize("name", ["memristor", "diode", "core", "sw", "triangle", "r", "bsim4", "d_and"])
def test_taken_names_cannot_be_reached_from_a_netlist(tmp_path: Path, name: str) -> None:
    assert name in TAKEN_NAMES
    compiled = compile_for_lint(write(tmp_path, module(CONDUCT, name=name)), tmp_path)
    assert sweep(compiled.osdi, name, Cell(("te", "be"), "te", "be"), 1.0, 1e-3, tmp_path).status == "failed"


def test_model_of_a_taken_name_is_run_under_another(tmp_path: Path) -> None:
    report = checked(tmp_path, module(THRESHOLD, PARAMETERS, name="memristor"))
    assert not report.works
    assert "(run as rram_memristor)" in report.modules[0].verdict
    assert report.modules[0].best is not None


@pytest.mark.parametrize(
    ("declarations", "body"),
    [
        ("electrical gnd; ground gnd; electrical s;", "I(s, gnd) <+ V(s, gnd) - 0.5;"),
        ("electrical u, s;", "I(s) <+ V(s) - 0.5; I(u) <+ V(te, be);"),
        ("electrical u, s;", "I(s) <+ V(s) - 0.5;"),
    ],
)
def test_net_without_an_equation_is_told(tmp_path: Path, declarations: str, body: str) -> None:
    """With KLU, ngspice 46 computes 0 V at a source of 2 V beside such a net, and says nothing."""
    text = module(body + CONDUCT, declarations, name="plain")
    compiled = compile_for_lint(write(tmp_path, text), tmp_path)
    assert compiled.unread_nodes(compiled.modules[0])
    klu = sweep(compiled.osdi, "plain", Cell(("te", "be"), "te", "be"), 2.0, 1e-3, tmp_path)
    assert klu.problem == NO_DRIVE
    report = checked(tmp_path, text)
    assert not report.works
    told = {f.rule for f in (*report.findings, *report.modules[0].findings)}
    assert told & {"ground-net", "unread-net"}


@pytest.mark.parametrize("name", ["cell", "two nets"])
def test_net_with_an_equation_is_not_called_unread(tmp_path: Path, name: str) -> None:
    text = SWITCH if name == "cell" else module("V(a) <+ V(te, be); I(b) <+ V(b) - V(a);" + CONDUCT, "electrical a, b;")
    compiled = compile_for_lint(write(tmp_path, text), tmp_path)
    assert compiled.unread_nodes(compiled.modules[0]) == ()


# the sweeps measure what they should


def test_switching_voltages_polarity_and_window(tmp_path: Path) -> None:
    (one,) = check_model(write(tmp_path, SWITCH), durations=(1.0,), amplitudes=(2.0,)).modules[0].sweeps
    assert one.set_sign == 1
    assert one.set_voltage == pytest.approx(1.0, abs=0.15)  # tanh of 10 mV width at 1e9/s: moves a little before
    assert one.reset_voltage == pytest.approx(-1.2, abs=0.15)
    assert one.window == pytest.approx(100.0, rel=0.05)


def test_opposite_polarity_is_told(tmp_path: Path) -> None:
    text = module(THRESHOLD.replace("v = V(te, be)", "v = -V(te, be)").replace("<+ v *", "<+ -v *"), PARAMETERS)
    report = checked(tmp_path, text)
    assert report.works
    best = report.modules[0].best
    assert best.set_sign == -1
    assert best.set_voltage == pytest.approx(-1.0, abs=0.15)
    assert best.reset_voltage == pytest.approx(1.2, abs=0.15)
    assert "SET at negative voltage" in report.modules[0].verdict


def test_amplitude_below_the_threshold_does_not_switch(tmp_path: Path) -> None:
    assert [s.switches for s in checked(tmp_path, SWITCH).modules[0].sweeps] == [False, True]


def test_terminals_named_bottom_first_are_turned(tmp_path: Path) -> None:
    (one,) = checked(tmp_path, SWITCH.replace("rram_test(te, be)", "rram_test(be, te)")).modules
    assert (one.cell.top, one.cell.bottom) == ("te", "be")
    assert one.best.set_sign == 1


@pytest.mark.parametrize(
    ("ports", "extra", "grounded", "outputs"),
    [
        ("te, be, nz", "", ("nz",), ()),
        ("nz, te, be", "", ("nz",), ()),
        ("te, be, xsv", "V(xsv) <+ x;", (), ("xsv",)),
    ],
)
def test_extra_terminals_are_grounded_or_left_open(
    tmp_path: Path, ports: str, extra: str, grounded: tuple[str, ...], outputs: tuple[str, ...]
) -> None:
    body = THRESHOLD.replace("x_ini +", "x_ini + 0 * V(nz) +") if "nz" in ports else THRESHOLD
    (one,) = checked(tmp_path, module(body + extra, PARAMETERS, ports)).modules
    assert (one.cell.grounded, one.cell.outputs) == (grounded, outputs)
    assert one.works


def test_state_on_a_terminal_is_left_open(tmp_path: Path) -> None:
    (one,) = checked(tmp_path, module(THRESHOLD, PARAMETERS.replace("electrical s;", ""), "te, be, s")).modules
    assert one.cell.outputs == ("s",)
    assert one.works


def test_electrodes_can_be_named(tmp_path: Path) -> None:
    text = module(THRESHOLD.replace("te, be", "left, right"), PARAMETERS, "left, right")
    (one,) = checked(tmp_path, text, electrodes=("right", "left")).modules
    assert (one.cell.top, one.best.set_sign) == ("right", -1)
    with pytest.raises(ParameterError, match="'lft'"):
        checked(tmp_path, text, electrodes=("lft", "right"))
    with pytest.raises(ParameterError, match="two terminals"):
        checked(tmp_path, text, electrodes=("left", "left"))


def test_parameters_can_be_set(tmp_path: Path) -> None:
    report = checked(tmp_path, SWITCH, values={"v_set": "3", "v_reset": "3"})
    assert not report.works
    assert "does not switch" in report.modules[0].verdict


def test_resistor_works_without_a_memory(tmp_path: Path) -> None:
    report = checked(tmp_path, module(CONDUCT, name="plain"))
    assert report.works
    assert "conducts and keeps nothing" in report.modules[0].verdict


def test_diode_with_series_resistance_is_no_memory(tmp_path: Path) -> None:
    body = (
        "I(te, i) <+ V(te, i) / 10.0; I(i, be) <+ 1e-14 * (limexp(V(i, be) / $vt) - 1.0);"
        "I(i, be) <+ ddt(1e-12 * V(i, be)); I(te, be) <+ 1e-9 * V(te, be);"
    )
    report = checked(tmp_path, module(body, "electrical i;", name="junction"))
    assert report.works, as_text(report)
    assert "no memory" in report.modules[0].verdict


def test_volatile_switch_is_told_apart(tmp_path: Path) -> None:
    body = THRESHOLD.replace("if ($abstime", "f = f - 1e5 * x * (1.0 - tanh((v - 0.5) / 0.05)); if ($abstime").replace(
        "(1.0 + tanh((-v - v_reset) / 0.01)) * x", "0.0"
    )
    report = checked(tmp_path, module(body, PARAMETERS))
    assert report.works
    assert "is volatile" in report.modules[0].verdict


def test_negative_resistance_is_an_error(tmp_path: Path) -> None:
    report = checked(tmp_path, module("I(te, be) <+ -1e-3 * V(te, be);"))
    assert not report.works
    assert [f.rule for f in report.modules[0].findings] == ["sign"]


def test_default_outside_of_its_range_is_named_with_its_line(tmp_path: Path) -> None:
    text = module("I(te, be) <+ V(te, be) * p;", "parameter real p = 0.0 from (0:inf);", name="plain")
    (finding,) = checked(tmp_path, text).modules[0].findings
    assert (finding.rule, finding.line) == ("default", 3)
    assert "p lies outside" in finding.text
    assert checked(tmp_path, text, values={"p": "1m"}).works


def test_model_without_a_rest_does_not_work(tmp_path: Path) -> None:
    report = checked(tmp_path, module("I(te, be) <+ V(te, be) / sin(V(s)); I(s) <+ V(te, be) - 1.0;", "electrical s;"))
    assert not report.works
    assert "pole" in {f.rule for f in report.findings}
    assert "no run came to its end" in report.modules[0].verdict
    assert "convergence" in {f.rule for f in report.modules[0].findings}


def test_step_bound_is_told_and_not_waited_for(tmp_path: Path) -> None:
    text = module("$bound_step(1n);" + THRESHOLD, PARAMETERS)
    report = check_model(write(tmp_path, text), durations=(1.0, 1e-6), amplitudes=(2.0,))
    assert report.works
    assert [s.status for s in report.modules[0].sweeps] == ["slow", "done"]
    assert [f.rule for f in report.modules[0].findings] == ["bound-step"]


def test_state_that_follows_an_input_is_not_called_broken(tmp_path: Path) -> None:
    body = (
        "f = V(a) * V(a); if ($abstime <= 0.0) f = -V(s); I(s) <+ ddt(V(s)); I(s) <+ -f;"
        "I(te, be) <+ V(te, be) * 1e-3 * (0.01 + V(s));"
    )
    (one,) = checked(tmp_path, module(body, "real f; electrical s;", "te, be, a"), durations=(1.0,)).modules
    assert one.works
    assert "follows a" in one.verdict


def test_transistor_is_run_and_not_asked_to_switch() -> None:
    (one,) = check_model(library()["nmos_ekv"]).modules
    assert (one.kind, one.works) == ("device", True)


@pytest.mark.parametrize("name", list(library()))
def test_library_works_without_a_finding(name: str) -> None:
    report = check_model(library()[name])
    assert report.findings == ()
    assert report.works, as_text(report)
    (one,) = report.modules
    assert one.findings == ()
    if name.startswith("rram_") and one.cell.grounded == ("nz",):  # others follow inputs that the sweep grounds
        assert one.best.set_sign == 1
        assert one.best.window > 5


# repairs


def test_mended_model_works(tmp_path: Path) -> None:
    """Directive, name, directions, ground, number, range, initial value and initial condition at once."""
    text = (
        '`timescale 1ns/1ps\n`include "disciplines.vams"\nmodule memristor(p, n);\nelectrical p, n;\n'
        "ground gnd; electrical copy;\nparameter real x0 = .5 from [0, 1];\nreal a = 1e5;\nreal k = a;\n"
        "real x, v;\nanalog begin\nv = V(p, n);\n"
        "x = idt(k * ((1 + tanh(10 * (v - 1))) * (1 - V(copy, gnd)) - (1 + tanh(-10 * (v + 1))) * V(copy, gnd)), x0);\n"
        "V(copy, gnd) <+ x;\nI(p, n) <+ v * (1e-5 + 1e-3 * x);\nend\nendmodule\n"
    )
    file = write(tmp_path, text)
    assert not check_model(file, **SHORT).compiled
    done = call("models", "check", "model.va", "--fix", "-o", "mended.va", "--json", cwd=tmp_path)
    record = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout
    assert record["works"]
    assert record["modules"][0]["name"] == "rram_memristor"
    assert record["modules"][0]["polarity"] == "positive"
    assert {r["line"] for r in record["repairs"]} >= {1, 3, 5, 6, 8, 12, 13}
    assert lint(tmp_path / "mended.va").errors == ()
    assert file.read_text() == text


# the command


def test_command_reports_and_exits_with_0(tmp_path: Path) -> None:
    done = call("models", "check", str(paths.verilog_a_folder() / "rram_filament.va"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "driven te (top), be (bottom); grounded nz" in done.stdout
    assert "works: rram_filament switches: SET at positive voltage" in done.stdout


def test_command_tells_place_and_remedy_and_exits_with_1(tmp_path: Path) -> None:
    write(tmp_path, DEFECTS["gap in a variable"][1])
    done = call("models", "check", "model.va", cwd=tmp_path)
    assert done.returncode == 1
    assert "model.va:5: error (hidden-state)" in done.stdout
    assert "    instead: g in a node" in done.stdout
    assert "model.va: does not work" in done.stdout
    assert "Traceback" not in done.stderr


def test_command_speaks_json(tmp_path: Path) -> None:
    write(tmp_path, DEFECTS["range"][1])
    done = call("models", "check", "model.va", "--json", cwd=tmp_path)
    record = json.loads(done.stdout)
    assert done.returncode == 1
    assert (record["works"], record["compiled"], record["modules"]) == (False, False, [])
    assert record["findings"][0]["rule"] == "range"
    assert "--fix" in record["verdict"]
    one = json.loads(json.dumps(as_record(checked(tmp_path, SWITCH))))["modules"][0]
    assert one["sweeps"][0]["amplitude"] == 0.5
    assert one["set_voltage"] == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["gone.va"], "gone.va is no file"),
        (["model.va", "--fix"], "--fix and -o"),
        (["model.va", "-o", "x.va"], "--fix and -o"),
        (["model.va", "--fix", "-o", "model.va"], "never changed"),
        (["model.va", "--fix", "-o", "no/such/x.va"], "no/such/x.va"),
        (["model.va", "--electrodes", "te"], "two terminals"),
        (["model.va", "--electrodes", "te,bx"], "bx"),
        (["model.va", "--set", "x"], "NAME=VALUE"),
        ([], "FILE.va"),
    ],
)
def test_wrong_usage_exits_with_2(tmp_path: Path, words: list[str], expected: str) -> None:
    write(tmp_path, SWITCH)
    done = call("models", "check", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert expected in done.stderr
    assert (tmp_path / "model.va").read_text() == SWITCH


def test_mended_text_goes_to_stdout(tmp_path: Path) -> None:
    text = (
        "module memristor(te, be); inout te, be; electrical te, be; analog I(te, be) <+ 1e-4 * V(te, be); endmodule\n"
    )
    write(tmp_path, text)
    done = call("models", "check", "model.va", "--fix", "-o", "-", cwd=tmp_path)
    assert done.returncode == 1, "it does not switch"
    assert done.stdout == text.replace("memristor", "rram_memristor")
    assert "1 change made" in done.stderr


def test_examples_of_the_help_run(tmp_path: Path) -> None:
    text = call("models", "check", "--help", cwd=tmp_path).stdout
    lines = [line.strip() for line in text.split("Example:")[1].splitlines() if line.strip().startswith("rramcirc")]
    assert len(lines) == 2
    write(tmp_path, SWITCH, "my_model.va")
    for line in lines:
        assert call(*line.split()[1:], cwd=tmp_path).returncode == 0
    assert (tmp_path / "mended.va").is_file()


def test_models_still_lists_and_shows(tmp_path: Path) -> None:
    listed = call("models", cwd=tmp_path)
    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(library())
    assert "states          diameter, gap" in call("models", "rram_filament", cwd=tmp_path).stdout
    assert json.loads(call("models", "rram_filament", "--json", cwd=tmp_path).stdout)["name"] == "rram_filament"
    assert "rram_filament" in call("models", "rram_filamen", cwd=tmp_path).stderr
    assert "check" in call("models", "--help", cwd=tmp_path).stdout
