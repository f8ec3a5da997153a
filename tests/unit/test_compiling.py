"""Loops are compiled ahead, once; who has to wait for a compilation is told so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ONE_LOOP = """
import numpy as np
from rramcirc.engines.prepare import telling_of_compilation
with telling_of_compilation(print):
    from rramcirc.engines.array import balance_kernels as kernels
    kernels.gather_steps(np.zeros(3, np.int64), 0, np.zeros(4), np.zeros((3, 2)))
    kernels.add_currents(np.zeros(3, np.int64), 0, np.zeros((3, 2)), np.zeros(4))
"""
DEFAULT_READ = """
from rramcirc.engines.prepare import prepare, telling_of_compilation
from rramcirc.circuits.array.bench import array_read
import rramcirc as rc
prepare()
wire = rc.Line(2.5)
with telling_of_compilation(print):
    for source_line in ("column", "row"):
        for side in (4, 20):
            array = rc.Crossbar(rc.Cell("hfo2_filament", "nmos_select"), side, side, source_line=source_line,
                bl=wire, wl=wire, sl=rc.Line(2.5, end="last"))
            rc.simulate(array_read(array), "numpy")
"""


def run(script: str, **environment: str) -> str:
    """Return what a script prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=600,
        env={**os.environ, **environment},
    )  # fmt: skip
    return done.stdout


def test_the_first_compilation_is_told_once_and_the_second_run_needs_none(tmp_path: Path) -> None:
    first = run(ONE_LOOP, NUMBA_CACHE_DIR=str(tmp_path))
    assert first.count("compiling loops") == 1
    assert "doctor --prepare" in first
    assert run(ONE_LOOP, NUMBA_CACHE_DIR=str(tmp_path)) == ""


def test_after_preparation_reads_of_arrays_compile_nothing() -> None:
    assert run(DEFAULT_READ) == ""
