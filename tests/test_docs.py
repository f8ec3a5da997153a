"""The documentation is true: commands exist, examples run, sources are cited."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import rramcirc
from rramcirc.cli.main import COMMANDS
from rramcirc.cli.study.group import STUDIES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess:
    """Run the command line in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "rramcirc", *words], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("command", [*COMMANDS, *(f"study {name}" for name in STUDIES)])
def test_help_of_every_command_ends_with_an_example_that_runs(command: str, tmp_path: Path) -> None:
    text = run(*command.split(), "--help", cwd=tmp_path).stdout
    assert "Example:" in text
    lines = [line.strip() for line in text.split("Example:")[1].splitlines()]
    examples = [shlex.split(line)[1:] for line in lines if line.startswith("rramcirc ")]
    assert examples
    if command == "inspect":
        run("build-netlist", "cell", "-o", "cell.cir", cwd=tmp_path)
        run("simulate", "cell.cir", cwd=tmp_path)
    for words in examples:
        done = run(*words, cwd=tmp_path)
        assert done.returncode == 0, f"rramcirc {shlex.join(words)}: {done.stderr}"


def test_readme_names_every_command() -> None:
    for command in COMMANDS:
        assert f"`rramcirc {command}`" in README, f"{command} is not in the README"


def test_readme_commands_run(tmp_path: Path) -> None:
    block = README.split("## From the command line")[1].split("```sh")[1].split("```")[0]
    for line in block.strip().splitlines():
        done = run(*shlex.split(line)[1:], cwd=tmp_path)
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
    assert "make test" in README
    assert (ROOT / ".ci" / "run").read_text().strip().endswith("make test")


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


def page_of_netlists():
    """Return the module that writes netlists/."""
    spec = importlib.util.spec_from_file_location("netlists_page", ROOT / "netlists" / "regenerate.py")
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    return page


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
            assert run(*entry.command.split(), "-o", "n.cir", cwd=tmp_path).returncode == 0
            assert (tmp_path / "n.cir").read_text() == (ROOT / "netlists" / f"{name}.cir").read_text()


def test_page_of_the_cards_is_what_the_cards_say() -> None:
    spec = importlib.util.spec_from_file_location("models_page", ROOT / "models" / "regenerate.py")
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
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
