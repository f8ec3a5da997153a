"""The door ``import rramcirc as rc``: complete, typed, and its messages and texts are short."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import jedi
import numpy as np
import pytest
from click.testing import CliRunner

import rramcirc as rc
from rramcirc.cli.study.group import STUDIES
from rramcirc.cli.study.group import study as study_command
from rramcirc.figures.waveforms import plot_waveforms

ROOT = Path(__file__).resolve().parents[2]
MOST = 500  # characters of a message or repr
CELL = rc.Cell("hfo2_filament", "nmos_select")


def things() -> dict[str, object]:
    """Return every public name, studies as ``study.name``."""
    plain = {name: getattr(rc, name) for name in rc.__all__ if name not in ("study", "elements", "__version__")}
    return plain | {f"study.{name}": getattr(rc.study, name) for name in rc.study.__all__}


def small(size: int) -> rc.study.ReadArray:
    """Return a square array."""
    return rc.study.ReadArray(rows=size, columns=size)


# Completeness --------------------------------------------------------------------------------------------------------


def test_every_public_name_is_there_and_listed():
    assert sorted(dir(rc)) == sorted(rc.__all__)
    assert all(thing is not None for thing in things().values())
    assert rc.plot is plot_waveforms
    assert rc.study.stdp is rc.stdp


def test_every_study_of_the_command_line_is_a_call():
    for name in STUDIES:
        called = {"yield": "yield_"}.get(name, name.replace("-", "_"))
        assert callable(getattr(rc.study, called))
        assert called in rc.study.__all__


@pytest.mark.parametrize(
    ("words", "call"),
    [
        (["ir-drop", "--rows", "4", "--seed", "3"], lambda: rc.study.ir_drop(small(4), seed=3)),
        (["iv", "--quick"], lambda: rc.study.iv(quick=True)),
        (["read-margin", "--rows", "4"], lambda: rc.study.read_margin(small(4))),
    ],
)  # fmt: skip
def test_command_and_call_write_the_same_files(words, call, tmp_path):
    done = CliRunner().invoke(study_command, [*words, "-o", str(tmp_path / "command")])
    assert done.exit_code == 0, done.output
    answer = call()
    files = answer.save(tmp_path / "call")
    assert sorted(f.name for f in files) == sorted(f.name for f in (tmp_path / "command").iterdir())
    for file in files:
        assert file.read_bytes() == (tmp_path / "command" / file.name).read_bytes()
    for name, (value, _) in answer.quantities.items():
        assert name in done.output
        assert np.isfinite(value)


def test_answer_of_a_study_has_table_with_units_and_a_figure_drawn_when_asked_for():
    drawn = []
    answer = rc.study.max_size(rc.study.ReadArray("hfo2_filament", wire_resistance=10.0), 0.2, largest=4)
    object.__setattr__(answer, "draw", lambda path, draw=answer.draw: drawn.append(path) or draw(path))
    assert answer.table.attrs["units"]["error"] == "1"
    assert not drawn
    assert answer.figure is answer.figure
    assert drawn == [None]
    assert answer.figure.axes[0].get_xlabel() == "rows and columns"


def test_studies_say_what_they_need():
    for call in (
        lambda: rc.study.ir_drop(CELL),
        lambda: rc.study.stdp(rc.Line()),
        lambda: rc.study.f_i(CELL),
        lambda: rc.study.readout("hfo2_filament", CELL),
        lambda: rc.study.iv(np.zeros(3)),
        lambda: rc.study.program(rc.study.ReadArray(rows=2, columns=2), np.zeros((3, 3))),
    ):
        with pytest.raises(rc.ParameterError) as caught:
            call()
        assert len(str(caught.value)) < MOST


def test_fit_takes_a_file_and_the_name_of_a_card(tmp_path):
    from rramcirc.studies.fit.example import write_example

    data = write_example(rc.load_card("hfo2_filament"), tmp_path / "pulses.csv", 1)
    result = rc.fit(str(data), "hfo2_filament", free=["rho"])
    assert [f.name for f in result.fitted] == ["rho"]


def test_plot_returns_the_figure_and_writes_only_to_a_given_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    waves = rc.Waveforms("time", "s", [0.0, 1.0], {"v(a)": [0.0, 1.0]}, {"v(a)": "V"})
    assert rc.plot(waves).axes[0].get_ylabel() == "voltage [V]"
    assert not list(tmp_path.iterdir())
    rc.plot(waves, "v(a)", "a.png")
    assert (tmp_path / "a.png").stat().st_size > 1000


# Types ---------------------------------------------------------------------------------------------------------------


def test_types_of_the_door_name_the_same_things_as_its_table():
    tree = ast.parse((ROOT / "rramcirc" / "__init__.pyi").read_text())
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname] = (node.module, alias.name)
    assert set(found) == set(rc.__all__)
    for public, (module, name) in found.items():
        home = importlib.import_module(module)
        there = getattr(home, name) if hasattr(home, name) else importlib.import_module(f"{module}.{name}")
        assert there is getattr(rc, public), public
    listed = next(n for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "__all__")
    assert sorted(ast.literal_eval(listed.value)) == rc.__all__


def test_types_are_shipped_with_the_package():
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["rramcirc"]
    assert not {"exclude", "include", "only-include"} & set(wheel)  # so that all files of the folder are in it
    assert (ROOT / "rramcirc" / "py.typed").is_file()


def completions(source: str) -> list[str]:
    """Return what an editor offers at the end of a text."""
    script = jedi.Script(source, project=jedi.Project(ROOT, smart_sys_path=False, added_sys_path=[str(ROOT)]))
    lines = source.split("\n")
    return [c.name for c in script.complete(len(lines), len(lines[-1]))]


def test_editors_complete_names_and_results():
    assert completions("import rramcirc as rc\nrc.Cr") == ["Crossbar", "crossings"]
    assert {"stdp", "srdp"} <= set(completions("import rramcirc as rc\nrc.study.s"))
    assert {"names", "time", "to_pandas"} <= set(completions("import rramcirc as rc\nw = rc.simulate(1)\nw."))
    assert {"table", "figure", "save"} <= set(completions("import rramcirc as rc\nrc.study.iv()."))


def test_editors_show_the_fields_of_a_record():
    project = jedi.Project(ROOT, smart_sys_path=False, added_sys_path=[str(ROOT)])
    found = jedi.Script("import rramcirc as rc\nrc.Line(", project=project).get_signatures(2, 8)
    assert [p.name for p in found[0].params][:3] == ["resistance", "capacitance", "driver_resistance"]


def test_type_checker_finds_a_wrong_type_and_an_unknown_field(tmp_path):
    """And only those: names of cards are as good as cards."""
    script = tmp_path / "script.py"
    script.write_text(
        "import rramcirc as rc\n"
        'cell = rc.Cell(rram="hfo2_filament", selector="nmos_select")\n'
        "x: int = rc.Line(resistance=2.5)\n"
        "rc.Line(resistnce=2.5)\n"
        "answer = rc.study.iv('stanford_gap_v1')\n"
        "answer.figure.savefig('a.png')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(script)],  # the settings of the project: what it has cached is used
        cwd=ROOT, env=os.environ | {"MYPYPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    errors = [line.split(": error: ")[1] for line in done.stdout.splitlines() if ": error: " in line]
    assert len(errors) == 2, done.stdout + done.stderr
    assert "Incompatible types in assignment" in errors[0]
    assert 'Unexpected keyword argument "resistnce"' in errors[1]


# Messages ------------------------------------------------------------------------------------------------------------

GIVEN = {
    "card": CELL.rram,
    "cell": CELL,
    "bench": rc.default_bench("cell"),
    "line": rc.Line(),
    "array": np.zeros((3, 3)),
    "long list": list(range(1000)),
    "text": "nonsense " * 20,
    "none": None,
    "number": 3,
    "object": object(),
}
MEANT = {  # what these take is no mistake, and would run
    "stdp", "characterise", "stored_table", "study.stdp", "study.srdp", "study.potentiation", "study.iv", "study.pulse",
    "study.readout",
}  # fmt: skip
RUNS = {"doctor", "library", "card_names", "experiment_names"}


def wrong_calls(function, given: object) -> list[dict[str, object]]:
    """Return calls with one thing as every argument that must be given, else as the first one."""
    parameters = list(inspect.signature(function).parameters.values())
    needed = [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
    first = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD][:1]
    return [dict.fromkeys(needed or first, given)] if needed or first else []


@pytest.mark.parametrize("name", [n for n, f in things().items() if callable(f) and n not in RUNS])
def test_a_wrong_argument_is_told_in_a_few_words(name, tmp_path, monkeypatch):
    """Whatever is given, a call works or raises an error of rramcirc: no TypeError, and no repr of a record."""
    monkeypatch.chdir(tmp_path)
    function = things()[name]
    if isinstance(function, type) and (issubclass(function, Exception) or getattr(function, "_is_protocol", False)):
        return
    for what, given in GIVEN.items():
        if what in ("card", "cell", "none") and (name in MEANT or name.startswith("study.")):
            continue
        for arguments in wrong_calls(function, given):
            message = ""
            try:
                function(**arguments)
            except rc.RramcircError as error:
                message = str(error)
            assert len(message) <= MOST, f"{name}({what}): {message}"


@pytest.mark.parametrize(
    "call", [rc.simulate, lambda cell: rc.simulate(cell, "numpy"), rc.build_netlist, rc.build_circuit]
)
def test_a_design_without_testbench_is_told_what_it_needs(call):
    with pytest.raises(rc.ParameterError, match="a Cell needs a Testbench around it") as caught:
        call(CELL)
    assert "rramcirc.Testbench(" in str(caught.value)
    assert len(str(caught.value)) < MOST


def test_an_unknown_field_is_answered_with_the_nearest():
    for error in (rc.ParameterError, TypeError):
        with pytest.raises(error, match=r"unknown field 'resistnce' of Line\. Nearest: resistance"):
            rc.Line(resistnce=2.5)
    with pytest.raises(AttributeError, match=r"'simulat'\. Nearest: simulate"):
        rc.simulat  # noqa: B018


# What is shown -------------------------------------------------------------------------------------------------------


class Balanced(HTMLParser):
    """Checks that every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def shown_things() -> dict[str, object]:
    """Return one of every kind of thing that a user looks at."""
    bench = rc.default_bench("crossbar")
    waves = rc.simulate(bench, "numpy")
    found = {c: rc.default_bench(c).design for c in ("cell", "crossbar", "readout", "lif", "hopfield", "recurrent")}
    found |= {"bench": bench, "waves": waves, "netlist": rc.build_netlist(bench), "card": CELL.rram, "line": rc.Line()}
    found |= {"pulses": rc.SynapsePulses(), "study": rc.study.ir_drop(rc.study.ReadArray(rows=3, columns=2))}
    found |= {"point": rc.simulate(rc.Testbench(CELL, rc.OperatingPoint()), "numpy")}
    return found


def test_reprs_are_short_and_notebooks_show_more():
    for name, thing in shown_things().items():
        assert len(repr(thing)) <= 300, f"{name}: {thing!r}"
        assert "\n" not in repr(thing)
        if name != "card":
            Balanced(thing._repr_html_())


def test_circuits_show_their_schematic():
    for name in ("cell", "crossbar", "readout", "lif", "perceptron", "hopfield", "recurrent"):
        text = rc.default_bench(name).design._repr_html_()
        picture = ElementTree.fromstring(text[text.index("<svg") :])
        assert picture.tag.endswith("svg")
        assert len(list(picture.iter())) > 10


def test_waveforms_show_signals_units_points_and_a_line():
    time = np.linspace(0.0, 1e-6, 50_000)
    signals = {"x<y": time} | {f"v(a{k})": np.sin(1e7 * time + k) for k in range(30)}
    waves = rc.Waveforms("time", "s", time, signals, dict.fromkeys(signals, "V"), complete=False, stopped="timeout")
    text = waves._repr_html_()
    assert text.count("<svg") == 24
    assert "and 7 more" in text
    assert "50000 points of time from 0 to 1e-06 s" in text
    assert "partial: timeout" in text
    assert "x&lt;y" in text
    assert "x<y" not in text
    assert len(text) < 200_000
    assert "50000 points" in repr(waves)


@pytest.mark.parametrize("values", [[np.nan] * 5, [1.0] * 5, [np.inf, 0.0, 1.0, -np.inf, np.nan], np.arange(5) * 1j])
def test_any_values_have_a_line(values):
    waves = rc.Waveforms("frequency", "Hz", np.arange(5.0), {"v(a)": np.array(values)}, {"v(a)": "V"})
    assert waves._repr_html_().count("<polyline") == 1
