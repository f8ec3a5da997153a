"""The gallery: every example runs, uses public names only, fits on a screen, and is on the list with its picture."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest

import rramcirc

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SCRIPTS = sorted(file for file in EXAMPLES.glob("*.py") if file.name != "regenerate.py")
LONGEST = 75  # lines, one screen
MOST = 120.0  # processor seconds of all short forms, each in a process of its own
ALONE = ("iv_loop", "pyspice_circuit")  # as typed in a shell; the second takes ngspice into its process
OTHERS = {"ast", "dataclasses", "pathlib", "subprocess", "sys", "matplotlib", "numpy", "PySpice"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.stem)
def test_example_runs_in_its_quick_form_and_leaves_its_picture(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the process of the tests: importing everything anew takes half of an example's time."""
    monkeypatch.chdir(tmp_path)
    if script.stem in ALONE:
        environment = os.environ | {"MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, script, "--quick"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    else:
        monkeypatch.setattr(sys, "argv", [str(script), "--quick"])
        with matplotlib.rc_context({"backend": "Agg"}):
            runpy.run_path(str(script), run_name="__main__")
            plt.close("all")
    assert (tmp_path / f"{script.stem}.png").stat().st_size > 10_000


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.stem)
def test_example_is_one_screen_of_public_names(script: Path) -> None:
    text = script.read_text()
    assert len(text.splitlines()) <= LONGEST
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names} <= OTHERS | {"rramcirc"}
            assert not any(alias.name.startswith("rramcirc.") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert str(node.module).split(".")[0] in OTHERS
    for name in re.findall(r"\brc\.(\w+)", text):
        assert name in rramcirc.__all__, f"{script.name}: rc.{name} is no public name"


def test_gallery_lists_every_example_with_time_and_picture() -> None:
    spec = importlib.util.spec_from_file_location("gallery", EXAMPLES / "regenerate.py")
    assert spec is not None
    assert spec.loader is not None
    gallery = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(gallery)
    listed = [name for names in gallery.SUBJECTS.values() for name in names]
    assert sorted(listed) == [file.stem for file in SCRIPTS]
    assert len(listed) >= 20
    assert (EXAMPLES / "README.md").read_text() == gallery.readme(), "examples/README.md is old: run `make gallery`"
    assert all((EXAMPLES / f"{name}.png").exists() for name in listed)
    assert sum(float(quick) for quick, _ in gallery.read_times().values()) < MOST
