"""Experiments: every one runs in its quick form and holds what the paper says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rramcirc.basics.errors import ParameterError
from rramcirc.papers.reproduction import at_level, experiment_names, load_experiment, reproduce
from rramcirc.papers.table import TWINS

BIBLIOGRAPHY = (Path(__file__).resolve().parents[2] / "models" / "CITATIONS.bib").read_text()


@pytest.mark.parametrize("name", experiment_names())
def test_quick_experiment_holds_what_the_paper_says(name: str, tmp_path: Path) -> None:
    found = reproduce(name, quick=True, output=tmp_path)
    assert found.confirmed, found.table.to_string()
    assert (tmp_path / f"{name}.png").stat().st_size > 10_000
    assert (tmp_path / f"{name}.csv").read_text().splitlines()[0].count("[") == len(found.result.attrs["units"])


@pytest.mark.parametrize("name", experiment_names())
def test_experiment_names_its_paper_and_every_bound_has_a_status(name: str) -> None:
    experiment = load_experiment(name)
    assert experiment.name == name
    assert re.search(rf"\{{{experiment.paper},", BIBLIOGRAPHY), f"{experiment.paper} is not in CITATIONS.bib"
    for expected in experiment.expected:
        assert expected.status in ("published", "assumed")
        assert expected.where
        assert not (expected.low is None and expected.high is None)


def test_no_verdict_depends_on_the_speed_of_the_machine() -> None:
    for name in experiment_names():
        for expected in load_experiment(name).expected:
            assert not re.search(r"\b(CPU|processor|wall)\b", expected.quantity), f"{name}: {expected.quantity}"


def test_unknown_experiment_and_engine_are_named_with_the_nearest() -> None:
    with pytest.raises(ParameterError, match="milo2018-iv"):
        reproduce("milo2018-vi")
    with pytest.raises(ParameterError, match="ngspice"):
        reproduce("milo2018-iv", engine="ngspise")
    with pytest.raises(ParameterError, match="seed"):
        reproduce("milo2018-iv", seed=3)


def test_level_chooses_the_twin_of_a_result() -> None:
    assert at_level("milo2018-learning", "circuit") == "milo2018-circuit-learning"
    assert at_level("milo2018-learning", "network") == at_level("milo2018-learning", None) == "milo2018-learning"
    for name, twins in TWINS.items():
        for level, twin in twins.items():
            assert load_experiment(twin).level == level != load_experiment(name).level
    with pytest.raises(ParameterError, match="network level only"):
        reproduce("milo2018-probability", level="circuit")
    with pytest.raises(ParameterError, match="circuit"):
        reproduce("milo2018-patterns", level="circus")


def test_command_prints_the_comparison(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "rramcirc", "reproduce", "pedretti2018-iv", "--quick", "--json"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [row["verdict"] for row in json.loads(done.stdout)] == ["yes"] * 3
