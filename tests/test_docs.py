"""The documentation is true: commands exist, examples run, sources are cited."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import inspect
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from command import call

import rramcirc
from rramcirc.cli.main import COMMANDS
from rramcirc.cli.study.group import STUDIES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


EVERY = [*COMMANDS, *(f"study {name}" for name in STUDIES)]
# which lines of the example are run in short where all take long; the other lines have tests of their own
ONE, SECOND = slice(1), slice(1, 2)
SOME = {"reproduce": slice(2), "fit": slice(2), "sweep": slice(3)} | {f"study {name}": ONE for name in STUDIES}
SOME |= {"study stdp": SECOND, "study write-energy": SECOND}


@pytest.mark.parametrize("command", EVERY)
def test_help_of_every_command_ends_with_an_example_that_runs(command: str, tmp_path: Path) -> None:
    run_examples(command, SOME.get(command, slice(None)), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("command", SOME)
def test_all_lines_of_the_example_run(command: str, tmp_path: Path) -> None:
    run_examples(command, slice(None), tmp_path)


def run_examples(command: str, lines: slice, tmp_path: Path) -> None:
    """Run some lines of the example in the help of a command."""
    text = call(*command.split(), "--help", cwd=tmp_path).stdout
    assert "Example:" in text
    told = [line.strip() for line in text.split("Example:")[1].splitlines()]
    examples = [shlex.split(line)[1:] for line in told if line.startswith("rramcirc ")]
    assert examples
    if command == "inspect":
        call("build-netlist", "cell", "-o", "cell.cir", cwd=tmp_path)
        call("simulate", "cell.cir", cwd=tmp_path)
    for words in examples[lines]:
        done = call(*words, cwd=tmp_path)
        assert done.returncode == 0, f"rramcirc {shlex.join(words)}: {done.stderr}"


def test_readme_names_every_command() -> None:
    for command in COMMANDS:
        assert f"`rramcirc {command}`" in README, f"{command} is not in the README"


def test_readme_commands_run(tmp_path: Path) -> None:
    block = README.split("## From the command line")[1].split("```sh")[1].split("```")[0]
    for line in block.strip().splitlines():
        done = call(*shlex.split(line)[1:], cwd=tmp_path)
        assert done.returncode == 0, f"{line}: {done.stderr}"
    assert (tmp_path / "currents.png").stat().st_size > 10_000


def test_readme_python_block_runs(tmp_path: Path) -> None:
    code = README.split("```python")[1].split("```")[0]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[-2]) > 1e-6
    assert done.stdout.split()[-1] == "A"


def test_ci_runs_the_readme_test_command() -> None:
    assert "\nmake test docs " in README
    assert (ROOT / ".ci" / "run").read_text().strip().endswith("make test docs")


@pytest.mark.parametrize(
    "name", [m.name for m in pkgutil.walk_packages(rramcirc.__path__, "rramcirc.") if "__main__" not in m.name]
)
def test_examples_in_docstrings_are_true(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


def test_public_names_have_docstrings() -> None:
    for name in rramcirc.__all__:
        thing = getattr(rramcirc, name)
        if callable(thing):
            assert thing.__doc__, f"{name} has no docstring"


def public_names() -> dict[str, object]:
    """Return every public name of the door, of its studies and elements."""
    plain = {name: getattr(rramcirc, name) for name in rramcirc.__all__}
    studies = {f"study.{name}": getattr(rramcirc.study, name) for name in rramcirc.study.__all__}
    return plain | studies


def test_every_public_name_is_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference.md").read_text()
    for name in public_names():
        if name not in ("study", "elements", "__version__"):
            assert re.search(rf"^\| `{re.escape(name)}[`(]", page, flags=re.MULTILINE), f"{name}: run `make docs`"
    for word in ("rc.study.NAME", "rc.elements", "help(rc.NAME)"):
        assert word in page
    assert "](docs/reference.md)" in README


def test_reference_is_what_the_docstrings_say() -> None:
    page = module_of(ROOT / "docs" / "regenerate.py")
    assert page.REFERENCE.read_text() == page.reference(), "docs/reference.md is old: run `make docs`"
    assert page.STUB.read_text() == page.stub(), "rramcirc/__init__.pyi is old: run `make docs`"


def described_parameters(text: str) -> dict[str, str]:
    """Return what the Parameters section of a docstring says of each parameter."""
    found = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", text, flags=re.DOTALL | re.MULTILINE)
    said: dict[str, str] = {}
    names: list[str] = []
    for line in found[1].splitlines() if found else []:
        if line and not line.startswith(" "):
            names = [name.strip().lstrip("*") for name in line.split(":")[0].split(",")]
        said |= {name: said.get(name, "") + line for name in names}
    return said


@pytest.mark.parametrize("name", [name for name, thing in public_names().items() if inspect.isfunction(thing)])
def test_numbers_that_a_public_function_takes_have_a_unit(name: str) -> None:
    """A number of no unit is [1], one of the unit of the data [any unit]."""
    function = public_names()[name]
    said = described_parameters(inspect.getdoc(function) or "")
    for parameter in inspect.signature(function).parameters.values():
        if re.search(r"float|ArrayLike|\bArray\b|FloatArray", str(parameter.annotation)):
            assert "[" in said.get(parameter.name, ""), f"{name}: {parameter.name} is not described with its unit"


def module_of(file: Path) -> ModuleType:
    """Return a script of the repository as a module."""
    spec = importlib.util.spec_from_file_location(file.parent.name, file)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def page_of_netlists() -> ModuleType:
    """Return the module that writes netlists/."""
    return module_of(ROOT / "netlists" / "regenerate.py")


def test_committed_netlists_are_what_the_generators_write() -> None:
    """Texts byte for byte; schematics only that they are there and small: letters may differ between machines."""
    page, folder = page_of_netlists(), ROOT / "netlists"
    texts = page.texts()
    for name, text in texts.items():
        assert (folder / name).read_text() == text, f"{name} is old: run `make netlists`"
    for name in page.pictures():
        assert 1_000 < (folder / name).stat().st_size < 60_000, f"{name}: run `make netlists`"
        assert f"]({name})" in texts["README.md"]
    assert {file.name for file in folder.glob("*.cir")} == {name for name in texts if name.endswith(".cir")}


def test_commands_of_the_netlist_page_write_its_netlists(tmp_path: Path) -> None:
    for name, entry in page_of_netlists().entries().items():
        if name.startswith("lif"):
            assert call(*entry.command.split(), "-o", "n.cir", cwd=tmp_path).returncode == 0
            assert (tmp_path / "n.cir").read_text() == (ROOT / "netlists" / f"{name}.cir").read_text()


def test_page_of_the_cards_is_what_the_cards_say() -> None:
    page = module_of(ROOT / "models" / "regenerate.py")
    assert (ROOT / "models" / "README.md").read_text() == page.readme(), "models/README.md is old: run `make models`"
    assert len(page.rram_cards()) > 5


def test_sources_named_in_the_code_are_in_the_bibliography() -> None:
    known = set(re.findall(r"@\w+\{(\w+),", (ROOT / "models" / "CITATIONS.bib").read_text()))
    for file in [*(ROOT / "rramcirc").rglob("*.py"), *(ROOT / "verilog-a").glob("*.va")]:
        for key in re.findall(r"\[([A-Z][A-Za-z]+(?:19|20)\d\d)\b", file.read_text()):
            assert key in known, f"{file.name} cites {key}, which is not in CITATIONS.bib"


def test_sources_of_cards_are_in_the_bibliography() -> None:
    known = set(re.findall(r"@\w+\{(\w+),", (ROOT / "models" / "CITATIONS.bib").read_text()))
    for card in sorted((ROOT / "models").glob("*.toml")):
        for key in re.findall(r"\b[A-Z][A-Za-z]+(?:19|20)\d\d\b", card.read_text()):
            assert key in known, f"{card.name} cites {key}, which is not in CITATIONS.bib"
