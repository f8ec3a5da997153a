"""The notebooks run from top to bottom, say nothing stale, and use public names only."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import rramcirc

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "examples" / "notebooks").glob("*.ipynb"))


def test_there_is_a_notebook_for_each_person_of_the_tutorials() -> None:
    assert [file.stem for file in NOTEBOOKS] == ["circuit", "device", "network", "pyspice"]


# the blocks of the tutorials of the same names, which the suite runs, are the same steps
@pytest.mark.parametrize(
    "file",
    [pytest.param(f, marks=[] if f.stem == "pyspice" else pytest.mark.long) for f in NOTEBOOKS],
    ids=lambda file: file.stem,
)
def test_notebook_runs_and_is_committed_without_outputs(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    book = nbformat.read(file, as_version=4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    for name in re.findall(r"\brc\.(\w+)", "\n".join(cell.source for cell in code)):
        assert name in rramcirc.__all__, f"rc.{name} is no public name"
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert code[-1].outputs, "the last cell shows something"
