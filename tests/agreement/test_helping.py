"""A run that fails in ngspice and works with another option: `simulate` names the option, and it works."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from command import call

from rramcirc.basics.errors import SimulationError
from rramcirc.engines.ngspice.helping import can_be_helped, helping_options

NOISE = "divider\nv1 a 0 1 ac 1\nr1 a b 1k\nr2 b 0 1k\n.options klu\n.noise v(b) v1 dec 5 1 1k\n.end\n"
LOOP = "two sources on one node\nv1 a 0 1\nv2 a 0 2\nr1 a 0 1k\n.op\n.end\n"
UNKNOWN = "nothing to do with numbers\nv1 a 0 1\nr1 a 0 nosuch\n.op\n.end\n"
LTSPICE = "divider\nV1 a 0 1\nR1 a b 1k\nR2 b 0 1k\nB1 c 0 V=2*V(b)\nR3 c 0 1k\n.op\n.backanno\n.end\n"


def simulated(folder: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "deck.cir").write_text(text)
    return call("simulate", "deck.cir", *words, cwd=folder)


def test_the_option_that_helps_is_named_and_helps(tmp_path: Path) -> None:
    failed = simulated(tmp_path, NOISE)
    assert failed.returncode == 1
    assert "It runs with --option sparse." in failed.stderr
    assert simulated(tmp_path, NOISE, "--option", "sparse").returncode == 0


def test_where_nothing_helps_it_says_so(tmp_path: Path) -> None:
    failed = simulated(tmp_path, LOOP)
    assert failed.returncode == 1
    assert "With sparse and reltol=1e-5 it fails, too." in failed.stderr


def test_a_run_that_failed_by_its_text_is_not_tried_again(tmp_path: Path) -> None:
    failed = simulated(tmp_path, UNKNOWN)
    assert failed.returncode == 1
    assert "sparse" not in failed.stderr


def test_options_that_were_chosen_stay() -> None:
    tried = []

    def again(options: Mapping[str, str], folder: Path) -> None:
        tried.append(dict(options))
        raise SimulationError("no")

    assert helping_options(again, {"reltol": "1e-3"}) == {}
    assert tried == [{"reltol": "1e-3", "sparse": ""}]


@pytest.mark.parametrize("said", ["ngspice said: doAnalyses: TRAN: Timestep too small", "singular matrix: node a"])
def test_failures_of_numbers_are_told_from_others(said: str) -> None:
    assert can_be_helped([said])
    assert not can_be_helped(["ngspice said: unknown model nosuch"])


def test_a_run_in_a_dialect_is_repeated_by_hand(tmp_path: Path) -> None:
    done = simulated(tmp_path, LTSPICE, "--dialect", "ltspice")
    assert "by hand: cd deck.run && ngspice -n -b -D ngbehavior=lta netlist.cir" in done.stderr
    rerun = json.loads((tmp_path / "deck.run" / "run.json").read_text())["rerun"]
    (tmp_path / "deck.run" / "waves.raw").unlink()
    by_hand = subprocess.run(shlex.split(rerun), cwd=tmp_path / "deck.run", capture_output=True, timeout=60)
    assert by_hand.returncode == 0
    assert (tmp_path / "deck.run" / "waves.raw").exists()
