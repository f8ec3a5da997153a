"""A sweep of real runs on a Dask cluster of two processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import rramcirc as rc
from rramcirc.sweeps.targets import MACHINE


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Sweep a cell in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "rramcirc", "sweep", "cell", *words], cwd=folder, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip


def test_a_dask_cluster_of_two_processes_gives_the_same_table(tmp_path: Path) -> None:
    words = ("--draw", "design.rram_parameters=card", "--count", "2", "--set", "temperature=300.15,350,-5",
             "--measure", "final(gap)", "--measure", "max(i(bl))")  # fmt: skip
    here = command(tmp_path, *words, "--jobs", "2", "-o", "here")
    there = command(tmp_path, *words, "--dask", "local", "--jobs", "2", "-o", "there")
    assert here.returncode == there.returncode == 1, there.stderr  # -5 K is bad input
    one, other = (rc.load_sweep(tmp_path / name).table.drop(columns=list(MACHINE)) for name in ("here", "there"))
    assert one.equals(other)
    assert rc.load_sweep(tmp_path / "there").counts == {"ok": 4, "bad input": 2}


def test_a_scheduler_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = command(tmp_path, "--measure", "final(gap)", "--dask", "tcp://127.0.0.1:9")
    assert done.returncode == 3
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in done.stderr
