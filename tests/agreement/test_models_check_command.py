"""`rramcirc models check`: each defect of a Verilog-A file is named with its line; good models pass without a word."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from command import call

from rramcirc.devices.veriloga.library import library
from rramcirc.devices.veriloga.lint.lint import lint

HEAD = '`include "disciplines.vams"\nmodule rram_probe(te, be);\ninout te, be; electrical te, be;\n'

DEFECTS = {
    "real x;\nanalog begin\nx = x + 1e-3 * V(te, be);\nI(te, be) <+ x * V(te, be);\nend": ("hidden-state", 6),
    "electrical s;\nanalog begin\nV(s) <+ idt(V(te, be), 0.5);\nI(te, be) <+ V(s) * V(te, be);\nend": ("idt", 6),
    "real x;\nanalog begin\n@(cross(V(te, be), 0)) x = 1;\nI(te, be) <+ V(te, be);\nend": ("event", 6),
    "analog I(te, be) <+ V(te, be) * $rdist_normal(1, 0, 1);": ("random", 4),
    "parameter real r = 1 from [1,10];\nanalog I(te, be) <+ V(te, be) / r;": ("range", 4),
}


@pytest.mark.parametrize("name", sorted(library()))
def test_models_of_the_library_pass_without_a_finding(name: str) -> None:
    assert lint(library()[name]).findings == ()


@pytest.mark.parametrize("body", DEFECTS, ids=lambda body: body[:40])
def test_every_defect_is_found_where_it_stands(body: str, tmp_path: Path) -> None:
    rule, line = DEFECTS[body]
    file = tmp_path / "probe.va"
    file.write_text(f"{HEAD}{body}\nendmodule\n")
    found = lint(file).findings
    assert any(rule in f.rule and f.line == line for f in found), found
    assert all(f.instead for f in found if f.severity == "error")


def check(*words: str, cwd: Path) -> subprocess.CompletedProcess:
    return call("models", "check", *words, cwd=cwd)


def test_a_model_that_switches_passes_with_its_voltages(tmp_path: Path) -> None:
    done = check(str(library()["rram_filament"]), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "switches: SET at positive voltage" in done.stdout


def test_only_a_message_behind_what_is_refused_may_follow_from_it(tmp_path: Path) -> None:
    wrong = 'analog I(te, be) <+ V(te, be) * "text";'
    refused = "real x;\nanalog begin\nx = V(te, be) * $rdist_normal(1, 0, 1);\nend"
    advice = {}
    for name, body in (("alone", wrong), ("behind", f"{refused}\n{wrong}")):
        (tmp_path / f"{name}.va").write_text(f"{HEAD}{body}\nendmodule\n")
        told = json.loads(check(f"{name}.va", "--json", cwd=tmp_path).stdout)
        advice[name] = [f["instead"] for f in told["findings"] if "type mismatch" in f["text"]]
    assert all("real variables" in text for text in advice["alone"])
    assert all("first mend what stands above" in text for text in advice["behind"])
    assert advice["alone"]
    assert advice["behind"]


def test_a_model_with_hidden_state_fails_with_the_reason(tmp_path: Path) -> None:
    body = next(iter(DEFECTS))
    (tmp_path / "probe.va").write_text(f"{HEAD}{body}\nendmodule\n")
    done = check("probe.va", cwd=tmp_path)
    assert done.returncode == 1
    assert "hidden state" in done.stdout
    assert "Traceback" not in done.stderr


def test_mechanical_defects_are_mended_in_a_new_file(tmp_path: Path) -> None:
    source = tmp_path / "probe.va"
    body = "parameter real r = 1000 from [1,1e6];\nanalog I(te, be) <+ V(te, be) / r;"
    source.write_text(f"{HEAD}{body}\nendmodule\n")
    before = source.read_text()
    check("probe.va", "--fix", "-o", "mended.va", cwd=tmp_path)
    assert "[1:1e6]" in (tmp_path / "mended.va").read_text()
    assert source.read_text() == before
    assert not [f for f in lint(tmp_path / "mended.va").findings if f.rule == "range"]


@pytest.mark.parametrize(
    "text", ["", "module", "module x(", "\0\0", "`include", "analog begin", "module a; endmodule " * 50]
)
def test_nothing_crashes_on_fragments(text: str, tmp_path: Path) -> None:
    (tmp_path / "odd.va").write_text(text)
    done = check("odd.va", "--json", cwd=tmp_path)
    assert done.returncode in (1, 2), done.stderr
    assert "bug in rramcirc" not in done.stderr
    if done.stdout:
        json.loads(done.stdout)
