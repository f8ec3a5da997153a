"""`rramcirc new` writes start files that work as they are."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

import rramcirc as rc
from rramcirc.basics.errors import ParameterError
from rramcirc.cli.main import rramcirc


def new(*words: str) -> str:
    done = CliRunner().invoke(rramcirc, ["new", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def python(file: str) -> str:
    environment = os.environ | {"MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-W", "error", file], env=environment, capture_output=True, text=True,
                          timeout=300, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_new_device_switches_in_its_loop_and_has_nothing_to_correct(tmp_path):
    assert "switch.va, switch.toml" in new("device", "switch")
    assert not rc.lint(tmp_path / "switch.va").findings
    answer = rc.study.iv("switch.toml", quick=True)
    assert 0.3 < answer.quantities["SET voltage"][0] < 1.2
    assert -1.2 < answer.quantities["RESET voltage"][0] < -0.3
    assert answer.quantities["window HRS / LRS"][0] > 10


def test_new_circuit_runs_plots_and_draws_itself(tmp_path):
    new("circuit", "divider")
    assert "max(v(mid))" in python("divider.py")
    assert (tmp_path / "divider.png").stat().st_size > 10_000
    assert "<svg" in (tmp_path / "divider.svg").read_text()


def test_new_experiment_runs_and_goes_on_from_its_record(tmp_path):
    new("experiment", "closing")
    text = (tmp_path / "closing.py").read_text()
    (tmp_path / "closing.py").write_text(
        text.replace("devices: int = field(default=5", "devices: int = field(default=1")
    )
    assert "final(gap)" in python("closing.py")
    assert len(rc.load_sweep("closing-runs").table) == 3
    assert (tmp_path / "closing.png").stat().st_size > 10_000


def test_new_overwrites_nothing_and_wants_a_name(tmp_path):
    (tmp_path / "mine.py").write_text("precious")
    with pytest.raises(ParameterError, match="--force"):
        new("circuit", "mine")
    assert (tmp_path / "mine.py").read_text() == "precious"
    new("circuit", "mine", "--force")
    with pytest.raises(ParameterError, match="a letter first"):
        new("circuit", "../mine")
