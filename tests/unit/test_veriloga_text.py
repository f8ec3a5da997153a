"""The front end for Verilog-A text: files, words, includes, conditions, macros; the same for declarations and lint."""

from __future__ import annotations

import ast
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rramcirc.basics import paths
from rramcirc.basics.errors import ModelCompileError
from rramcirc.devices import veriloga
from rramcirc.devices.veriloga.declaration_reader import read_modules
from rramcirc.devices.veriloga.lexer import split
from rramcirc.devices.veriloga.lint.lint import lint
from rramcirc.devices.veriloga.lint.modules import read_lint_modules
from rramcirc.devices.veriloga.lint.states import defaults_of
from rramcirc.devices.veriloga.preprocessor import preprocess, read_source
from rramcirc.devices.veriloga.text import encode, read_text, source_files, strip_comments

FOLDERS = (paths.verilog_a_folder(), Path(__file__).resolve().parent.parent / "data" / "models_check")
REFUSED = {"no_module", "range_with_commas"}  # as declarations; the lint reads them
MODELS = [file for folder in FOLDERS for file in sorted(folder.glob("*.va")) if file.stem not in REFUSED]
# what stands later may import what stands before it
ORDER = [
    "text", "lexer", "preprocessor", "constants", "declarations", "declaration_reader", "osdi", "compile", "library",
    "lint", "cure",
]  # fmt: skip


def written(tmp_path: Path, text: str, name: str = "m.va") -> Path:
    """Return a file that holds a text."""
    file = tmp_path / name
    file.write_text(text)
    return file


def parameters(file: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Return the lines of the parameters of the first module: as its declarations have them, and as the lint does."""
    return (
        {p.name: p.line for p in read_modules(file)[0].parameters.values()},
        {p.name: p.at.line for p in read_lint_modules(read_source(file))[0].parameters.values()},
    )


# two readers, one text


@pytest.mark.parametrize("file", MODELS, ids=lambda file: file.stem)
def test_declarations_and_lint_see_the_same_modules(file: Path) -> None:
    declared, linted = read_modules(file), read_lint_modules(read_source(file))
    assert [m.name for m in declared] == [m.name for m in linted]
    for one, other in zip(declared, linted, strict=True):
        assert one.ports == tuple(other.ports)
        assert one.line == other.at.line
        assert {p.name: p.line for p in one.parameters.values()} == {
            p.name: p.at.line for p in other.parameters.values()
        }
        values = {name: value for name, value in one.defaults.items() if isinstance(value, (int, float))}
        assert defaults_of(other) == values
        nets = [name for name in other.nets if name not in other.ports and name not in other.grounds]
        assert one.internal_nodes == tuple(nets)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_the_declarations_refuse_is_an_error_of_the_lint(name: str) -> None:
    file = FOLDERS[1] / f"{name}.va"
    with pytest.raises(ModelCompileError, match=rf"{name}\.va:"):
        read_modules(file)
    assert lint(file).errors


@pytest.mark.parametrize("file", MODELS, ids=lambda file: file.stem)
def test_line_ends_do_not_change_the_words(file: Path, tmp_path: Path) -> None:
    plain = file.read_bytes().replace(b"\r\n", b"\n")
    (tmp_path / "m.va").write_bytes(plain.replace(b"\n", b"\r\n"))
    words = [(w.kind, w.text, w.line) for w in preprocess(source_files(file)).words]
    exact = read_source(tmp_path / "m.va")
    assert [(w.kind, w.text, w.line) for w in exact.words] == words
    assert encode(exact.text) == (tmp_path / "m.va").read_bytes()
    assert read_text(tmp_path / "m.va") == plain.decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('`define NUM(n, d, u) (* units=u *) parameter real n = d;\nmodule a(p);\n`NUM(k, 1.5, "nm")\nendmodule',
         {"k": 3}),
        ("module a(p);\n`define A\n`ifdef A\nparameter real k = 1;\n`elsif B\nparameter real l = 2;\n`else\n"
         "parameter real m = 3;\n`endif\nendmodule", {"k": 4}),
        ("module a(p);\n`ifdef A parameter real k = 1; `else parameter real l = 2; `endif parameter real m = 3;\n"
         "endmodule", {"l": 2, "m": 2}),
        ("module a(p);\n`ifdef __OPENVAF__\nparameter real k = 1;\n`endif\nendmodule", {"k": 3}),
        ("`define LOW `HIGH\n`define HIGH 2\nmodule a(p);\nparameter real k = `LOW;\nendmodule", {"k": 4}),
        ("module a(p);\n/* parameter real k = 1;\n*/ parameter real l = // m\n2;\nendmodule", {"l": 3}),
        ("`define LONG parameter \\\n  real k \\\n  = 3;\nmodule a(p);\n`LONG parameter real l = 1;\nendmodule",
         {"k": 5, "l": 5}),
    ],
    ids=["macro with arguments", "chain of conditions", "conditions in a line", "macro of the compiler",
         "macro of a later macro", "comments", "continued line"],
)  # fmt: skip
def test_both_readers_find_these_parameters(tmp_path: Path, text: str, expected: dict[str, int]) -> None:
    declared, linted = parameters(written(tmp_path, text))
    assert declared == expected
    assert linted == expected


def test_parameter_of_a_macro_has_value_unit_and_range(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        '`define INST(n, d, u, low) (* units=u, type="instance" *) parameter real n = d from [low:inf);\n'
        '`define TWICE(x) 2*(x)\nmodule a(p);\n`INST(k, `TWICE(1.5), "nm", 0)\nendmodule\n',
    )
    k = read_modules(file)[0].parameters["k"]
    assert (k.default, k.unit, k.instance, k.range_text, k.line) == (3.0, "nm", True, "[0:inf)", 4)


# files


def test_every_file_that_may_be_included_is_a_source(tmp_path: Path) -> None:
    for name in ("always.va", "never.va", "beside.va", "inner.va", "commented.va"):
        written(tmp_path, '`include "inner.va"\n' if name == "always.va" else "", name)
    file = written(
        tmp_path,
        '`include "disciplines.vams"\n`include "always.va"\n`ifdef NEVER\n  `include "never.va"\n`endif\n'
        '`ifdef NEVER `include <beside.va> `endif `include "gone.va"\n// `include "commented.va"\n',
    )
    found = [path.name for path, _ in source_files(file)]
    assert found[0] == "m.va"
    assert set(found) == {"m.va", "always.va", "never.va", "beside.va", "inner.va"}


def test_text_given_takes_the_place_of_the_file(tmp_path: Path) -> None:
    written(tmp_path, "real y;", "part.va")
    source = read_source(tmp_path / "nowhere.va", 'real x;\n`include "part.va"\n')
    assert [(w.text, w.path.name, w.line) for w in source.words if w.kind == "name"] == [
        ("real", "nowhere.va", 1), ("x", "nowhere.va", 1), ("real", "part.va", 1), ("y", "part.va", 1)
    ]  # fmt: skip


def test_bytes_that_are_no_text_are_kept_for_the_lint_and_refused_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "m.va"
    file.write_bytes(b"module a(p); // \xb5m\r\nendmodule")
    assert encode(read_source(file).text) == file.read_bytes()
    with pytest.raises(ModelCompileError, match=r"m\.va is not a Verilog-A file \(no UTF-8 text at byte 16\)"):
        read_modules(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('`include "m.va"\n`include "m.va"\n', r"m\.va: files include one another in a circle"),
        ("`define A `A `A\nmodule a(p);\n`A\nendmodule\n", r"m\.va:3: macros call one another without end"),
        ("`define A0 1\n" + "".join(f"`define A{k} `A{k - 1}+`A{k - 1}\n" for k in range(1, 40))
         + "module a(p); parameter real k = `A39; endmodule", r"m\.va:41: macros call one another without end"),
        ('module a(p);\n\n  `include "sub/gone.va"\nendmodule\n', r"m\.va:3: there is no file .*sub/gone\.va to"),
    ],
    ids=["file of itself, twice", "macro of itself, twice", "macro that doubles", "missing file"],
)  # fmt: skip
def test_text_that_has_no_end_or_parts_missing_is_refused_in_short_time(
    tmp_path: Path, text: str, message: str
) -> None:
    started = time.process_time()
    file = written(tmp_path, text)
    assert read_source(file).problems
    with pytest.raises(ModelCompileError, match=message):
        read_modules(file)
    assert time.process_time() - started < 20.0  # the macro that doubles takes 1 s on an idle core


# words

PIECES = st.sampled_from(
    ["module", "endmodule", "a", "(", ")", "p", ",", ";", "inout", "electrical", "analog", "begin", "end", "else",
     "real", "parameter", "integer", "string", "k", "=", "1", "2.5e-9", "1n", "[", "]", "'{", "}", "(*", "*)", "(*)",
     '"text"', ":", "from", "exclude", "`define", "`A", "`A(1, k)", "`A(x, y)", "`ifdef", "`elsif", "`else", "`endif",
     "`include", "\n", "\\\n", "//", "/*", "*/", "\\", '"', "function", "endfunction", "<<", "\r\n", "\v"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(pieces=st.lists(PIECES, max_size=60))
def test_words_are_the_text_without_space_and_comments(pieces: list[str]) -> None:
    text = " ".join(pieces)
    words, clean = split(text, Path("m.va")), strip_comments(text)
    assert len(clean) == len(text)
    for word, following in pairwise(words):
        assert clean[word.start :].startswith(word.text)
        assert word.line == clean[: word.start].count("\n") + 1
        assert not clean[word.start + len(word.text) : following.start].replace("\\\n", "").strip()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=60))
def test_any_words_are_declarations_or_refused(tmp_path: Path, pieces: list[str]) -> None:
    file = written(tmp_path, "module a(p); inout p;\n" + " ".join(pieces) + "\nendmodule\n")
    with suppress(ModelCompileError):
        assert read_modules(file)


# the order of the folder


def test_imports_of_the_folder_run_one_way() -> None:
    folder = Path(str(veriloga.__file__)).parent
    files = {file: file.relative_to(folder).with_suffix("").parts[0] for file in sorted(folder.rglob("*.py"))}
    assert set(files.values()) == {*ORDER, "__init__"}
    wrong = []
    for file, name in files.items():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith(veriloga.__name__):
                inner = str(node.module).removeprefix(veriloga.__name__).strip(".").split(".")[0]
                for other in [inner] if inner else [alias.name for alias in node.names]:
                    if other != name and not ORDER.index(other) < ORDER.index(name):
                        wrong.append(f"{name} -> {other}")
    assert not wrong, "\n".join(wrong)
