"""`models check --fix`: one file for each pattern that makes a model fail in ngspice, and the cure.

Chosen after results were seen: parameters of `started_flag`, `idt_itself`, `idt_start`, `state_array` and
`names_and_words`, and thresholds of `two_states_combined`, so that they switch in the sweeps below; `rth` of
`current_heating`, the mobility of `branch_current` and the slope of `current_compliance` at its limit; the time step
`h_step` of the cure (1 ns), so that ngspice converges; and ngspice's options in the proof (reltol 1e-6, 1,000 steps),
since three proofs failed by up to 10 % at 1e-5.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rramcirc.devices.veriloga.cure.cure import cure
from rramcirc.devices.veriloga.lint.lint import lint
from rramcirc.studies.check.check_model import check_model
from rramcirc.studies.check.proof import prove

FOLDER = Path(__file__).resolve().parent.parent / "data" / "models_cure"

# file: what is wrong with it as it is, amplitude [V] and duration [s] of a triangle at which it switches
PATTERNS = {
    "previous_time": ({"hidden-state"}, 1.0, 1e-3),
    "first_evaluation": ({"hidden-state"}, 1.0, 1e-3),
    "started_flag": ({"hidden-state"}, 5.0, 1e-3),
    "step_parameter": ({"hidden-state"}, 3.0, 1e-3),
    "timer_step": ({"event", "hidden-state"}, 5.0, 1e-3),
    "cross_latch": ({"event", "hidden-state"}, 1.0, 1e-3),
    "idt_start": ({"idt"}, 1.0, 1e-3),
    "idt_itself": ({"idt", "hidden-state"}, 5.0, 1e-3),
    "drawn_barrier": ({"random", "hidden-state"}, 3.0, 1e-3),
    "random_resistance": ({"random", "hidden-state"}, 1.0, 1e-3),
    "state_array": ({"array", "hidden-state"}, 5.0, 1e-3),
    "names_and_words": (
        {"name", "keyword", "operator", "attribute", "range", "number", "ground-net", "hidden-state"}, 3.0, 1e-3,
    ),
    "filament_combined": ({"range", "random", "hidden-state"}, 1.5, 1e-3),
    "two_states_combined": ({"event", "idt", "hidden-state"}, 3.0, 1e-3),
    "current_heating": ({"hidden-state"}, 3.0, 1e-3),
    "current_compliance": ({"idt", "hidden-state"}, 2.0, 1e-3),
    "branch_current": ({"current", "hidden-state"}, 5.0, 1e-3),
    "port_current": ({"current", "hidden-state", "unused-net"}, 1.5, 1e-3),
    "array_combined": ({"array", "event", "attribute", "operator", "hidden-state"}, 5.0, 1e-3),
}  # fmt: skip


def test_every_file_is_a_pattern() -> None:
    assert {file.stem for file in FOLDER.glob("*.va")} == set(PATTERNS)


IN_SHORT = (
    "previous_time",
    "timer_step",
    "idt_start",
    "state_array",
    "names_and_words",
    "two_states_combined",
    "branch_current",
    "array_combined",
)  # all kinds of findings; the others take as long again


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in IN_SHORT else pytest.mark.long) for n in PATTERNS])
def test_a_cured_model_switches_and_the_file_stays_as_it_was_elsewhere(name: str, tmp_path: Path) -> None:
    wrong, amplitude, duration = PATTERNS[name]
    source = FOLDER / f"{name}.va"
    found = {f.rule for f in lint(source).errors}
    assert found <= wrong
    assert found, name
    cured = cure(source, tmp_path / f"{name}.va")
    assert cured.left == ()
    assert all(r.what and r.line > 0 for r in cured.repairs)
    (tmp_path / f"{name}.va").write_text(cured.text)
    assert cure(tmp_path / f"{name}.va").repairs == ()
    comments = [line for line in source.read_text().splitlines() if line.lstrip().startswith("//")]
    assert all(line in cured.text.splitlines() for line in comments)
    report = check_model(tmp_path / f"{name}.va", amplitudes=(amplitude,), durations=(duration,))
    assert report.works, report.modules[0].verdict
    (module,) = report.modules
    assert module.best is not None
    assert module.sweeps[0].option == ""
    assert module.sweeps[0].series_resistance == 0.0
    (proof,) = prove(source, report, scales=(1.0,))
    assert proof.proven, proof.verdict


@pytest.mark.long
@pytest.mark.parametrize("name", PATTERNS)
def test_a_cure_is_proven_over_two_decades_of_time(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.va").write_text(cure(FOLDER / f"{name}.va").text)
    report = check_model(tmp_path / f"{name}.va", durations=(1e-3,))
    (proof,) = prove(FOLDER / f"{name}.va", report)
    assert len(proof.sweeps) == 9
    assert proof.proven, proof.verdict


def test_a_wrong_cure_is_not_proven(tmp_path: Path) -> None:
    source = FOLDER / "previous_time.va"
    (tmp_path / "wrong.va").write_text(cure(source).text.replace("k_on = -1e4", "k_on = -1.1e4"))
    report = check_model(tmp_path / "wrong.va", amplitudes=(1.0,), durations=(1e-3,))
    (proof,) = prove(source, report, scales=(1.0,))
    assert not proof.proven
    assert "differs by" in proof.verdict


def test_an_array_with_an_index_that_is_no_constant_is_left(tmp_path: Path) -> None:
    source = tmp_path / "model.va"
    body = "i = V(te, be) > 0.0; v[0] = 1m; v[1] = 2m; I(te, be) <+ V(te, be) * v[i];"
    source.write_text(f"{OPEN} real v[0:1]; integer i;\nanalog begin {body} end\nendmodule\n")
    assert cure(source).text == source.read_text()
    source.write_text(f"{OPEN} real v[0:1]; integer i;\nanalog begin {body.replace('[i]', '[1]')} end\nendmodule\n")
    assert "v_0 = 1m; v_1 = 2m; I(te, be) <+ V(te, be) * v_1;" in cure(source).text


@pytest.mark.parametrize(
    ("body", "unit"),
    [
        ("gap = idt(1e-6 * V(te, be), 2e-9);", 1e-9),
        ("gap = idt(V(te, be), 0.5);", 1.0),
        ("gap = idt(1e7 * V(te, be), 2.5e4);", 1e4),
        ("y = gap; gap = idt(1e-6 * V(te, be)); if (gap > 30n) gap = 30n;", 1e-8),
        ("y = gap; gap = idt(V(te, be)); if (0.0 > gap) gap = 0.0;", 1.0),
    ],
)
def test_the_node_of_an_integral_has_the_unit_of_its_size(tmp_path: Path, body: str, unit: float) -> None:
    source = tmp_path / "model.va"
    rest = "I(te, be) <+ V(te, be) * (gap + y);"
    source.write_text(f"{OPEN} real gap, y;\nanalog begin {body} {rest} end\nendmodule\n")
    text = cure(source).text
    held = re.search(r"(?:([\d.e+-]+) \* )?V\(gap_node\)\)", text)
    rate = re.search(r"gap_rate = [^;]*?\)(?: / ([\d.e+-]+))?;", text)
    assert held
    assert rate
    assert float(held[1] or 1.0) == float(rate[1] or 1.0) == unit  # both, as else the integral is another


OPEN = """`include "disciplines.vams"
module rram_integral(te, be); inout te, be; electrical te, be;"""
HEAD = """`include "disciplines.vams"
module rram_inner(te, be); inout te, be; electrical te, be, m;
branch (te, m) top;"""
GROWTH = "x = x + 1k * V(te, m) * ($abstime - last); last = $abstime;"


def test_an_inner_net_is_solved_for(tmp_path: Path) -> None:
    source = tmp_path / "model.va"
    body = f"{GROWTH} I(top) <+ 1m * V(top) * (2.0 + tanh(x)); I(m, be) <+ 1m * V(m, be);"
    source.write_text(f"{HEAD} real x, last;\nanalog begin {body} end\nendmodule\n")
    (tmp_path / "cured.va").write_text(cure(source).text)
    report = check_model(tmp_path / "cured.va", amplitudes=(1.0,), durations=(1e-3,))
    (proof,) = prove(source, report, scales=(1.0,))
    assert proof.proven, proof.verdict


def test_what_cannot_be_followed_is_said(tmp_path: Path) -> None:
    source = tmp_path / "model.va"
    body = f"{GROWTH} I(te, m) <+ V(te, m) * (2.0 + tanh(x)); if (x > 9.0) V(m, be) <+ 0.0; else I(m, be) <+ V(m, be);"
    source.write_text(f"{HEAD} real x, last;\nanalog begin {body} end\nendmodule\n")
    (tmp_path / "cured.va").write_text(cure(source).text)
    report = check_model(tmp_path / "cured.va", amplitudes=(1.0,), durations=(1e-3,))
    (proof,) = prove(source, report)
    assert proof.verdict.startswith("not proven: the original's equations are not followed")
    assert "line 4: a branch is a voltage in one case and a current in another" in proof.verdict
