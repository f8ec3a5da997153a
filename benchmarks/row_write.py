"""Write one row of a 1T1R array and draw what that does to all other cells; print time, memory and disturbance.

    python benchmarks/row_write.py --size 1024 --charges off --figure row_write.png

Every `--every`-th cell of the row in the middle gets a SET pulse of 1.8 V and 1 us on its bit line, its gate is at
1.4 V and all other lines at 0 V; wires of 2 ohm a segment, SL parallel to BL, states drawn with seed 1.
"""

# ruff: noqa: E402
from __future__ import annotations

import os

for _name in ("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from arrays import peak_memory

import rramcirc as rc
from rramcirc.engines.array.engine import run_bench
from rramcirc.figures.maps import plot_maps

LEAST = 1e-12  # [nm]; smaller changes are drawn as this
PART = 64  # rows and columns of the map of a part


def row_bench(size: int, charges: str, every: int) -> rc.Testbench:
    """Return the write of one row; the gaps of all cells [nm] are recorded at its end."""
    rng, shape, wire, middle = np.random.default_rng(1), (size, size), rc.Line(2.0), size // 2
    states = {"gap": rng.uniform(0.3, 1, shape), "diameter": rng.uniform(1, 4, shape)}
    array = rc.Crossbar(
        rc.Cell("hfo2_filament", "nmos_select"), size, size, source_line="column", bl=wire, wl=wire,
        sl=rc.Line(2.0, end="last"), initial_state=states,
    )  # fmt: skip
    edges = {"rise": 1e-8, "fall": 1e-8}
    stimuli = {f"bl{j}": rc.Pulse(1.8, 1e-6, delay=1e-7, **edges) for j in written(size, every)}
    stimuli[f"wl{middle}"] = rc.Pulse(1.4, 1.1e-6, delay=5e-8, **edges)
    analysis = rc.Transient(1.3e-6, record_from=1.29e-6)
    return rc.Testbench(array, analysis, stimuli, probes=("gap[*,*]",), options={"charges": charges})


def written(size: int, every: int) -> range:
    """Return the columns of the cells that are written."""
    return range(every // 2, size, every)


def told(change: np.ndarray, every: int) -> str:
    """Say how far cells moved that are not written: in their columns with gates off, in their row, elsewhere."""
    size, middle = len(change), len(change) // 2
    columns, row = np.zeros(change.shape, bool), np.zeros(change.shape, bool)
    columns[:, list(written(size, every))] = True
    row[middle] = True
    parts = {
        "written": columns & row, "bit line driven, gate off": columns & ~row,
        "gate on, bit line at 0 V": row & ~columns, "neither": ~row & ~columns,
    }  # fmt: skip
    return "; ".join(f"{name}: up to {np.max(change[where], initial=0.0):.2e} nm" for name, where in parts.items())


def draw(change: np.ndarray, path: Path) -> None:
    """Draw the change of the gap [nm] of all cells, the largest of a block, and of the cells around the middle."""
    size = len(change)
    logged = np.log10(np.maximum(change, LEAST))
    side = min(PART, size)
    block = size // side
    whole = logged[: block * side, : block * side].reshape(side, block, side, block).max(axis=(1, 3))
    first = size // 2 - side // 2
    maps = {
        f"all {size} x {size} cells, largest of {block} x {block}": whole,
        f"cells of rows {first} to {first + side - 1}, columns 0 to {side - 1}": logged[first : first + side, :side],
    }
    plot_maps(
        maps, path, quantity="log10 of the change of the gap in nm", row_label="row of the map",
        column_label="column of the map",
    )  # fmt: skip


def main() -> None:
    """Run, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=64, help="rows and columns (64)")
    parser.add_argument("--every", type=int, default=16, help="distance of the cells that are written (16)")
    parser.add_argument("--charges", choices=("on", "off"), default="on", help="whether devices take charges (on)")
    parser.add_argument("--figure", type=Path, help="where the map is drawn")
    given = parser.parse_args()
    run_bench(row_bench(24, given.charges, 4))  # compiles
    bench = row_bench(given.size, given.charges, given.every)
    started, shown = time.process_time(), [time.time()]

    def progress(now: float) -> None:
        if time.time() - shown[0] > 30.0:
            shown[0] = time.time()
            used = time.process_time() - started
            print(f"{now:.4g} s of 1.3e-06 s simulated, {used:.0f} CPU s", file=sys.stderr, flush=True)

    run = run_bench(bench, progress)
    used = time.process_time() - started
    change = np.abs(run.values[-1].reshape(given.size, given.size) - bench.design.initial_state["gap"])
    law = f"Kirchhoff's current law to {run.residual:.0e} of the largest current"
    case = f"{given.size} x {given.size}, charges {given.charges}"
    print(f"{case}: {used:.1f} CPU s, {run.steps} Newton steps, {law}, {peak_memory():.2f} GB")
    print(told(change, given.every))
    if given.figure:
        draw(change, given.figure)


if __name__ == "__main__":
    main()
