"""Print the figures of the array engine, each beside its peer in the same run.

CPU seconds of one process and one thread, set-up and matrix build included, compilation of the loops apart (every case
runs once on a small array first). Peers: scipy's splu on the same nodal equations; badcrossbar where it is installed;
ngspice on the same testbench.
"""

# ruff: noqa: E402
from __future__ import annotations

import os

for _name in ("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import importlib.util
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

import rramcirc as rc
from rramcirc.circuits.array.bench import array_read
from rramcirc.engines.array.engine import run_bench, run_static
from rramcirc.engines.array.passive import effective_matrix, solve_passive

OHM = {"row_resistance": 1.0, "column_resistance": 1.0}


def cpu(work: Callable[[], object], runs: int = 3) -> tuple[float, object]:
    """Return the median of the CPU seconds of several runs, and what the last one returned."""
    times, found = [], None
    for _ in range(runs):
        started = time.process_time()
        found = work()
        times.append(time.process_time() - started)
    return statistics.median(times), found


def passive_case(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Conductances over two decades and 100 input vectors."""
    conductance = 10 ** np.random.default_rng(0).uniform(-6, -4, (size, size))
    return conductance, np.random.default_rng(1).uniform(0, 0.2, (size, 100)).T


def read_bench(size: int, source_line: str = "row", selector: str | None = "nmos_select") -> rc.Testbench:
    """A read of random states at 0.1 V with 2 ohm wires."""
    rng, shape, wire = np.random.default_rng(1), (size, size), rc.Line(2.0)
    states = {"gap": rng.uniform(0, 1, shape), "diameter": rng.uniform(1, 4, shape)}
    array = rc.Crossbar(
        rc.Cell("hfo2_filament", selector), size, size, source_line=source_line, bl=wire, wl=wire,
        sl=rc.Line(2.0, end="last"), initial_state=states,
    )  # fmt: skip
    stimuli = {"bl": rc.Constant(0.1), "wl": rc.Constant(2.0 if selector else 0.0)}
    return rc.Testbench(array, rc.OperatingPoint(), stimuli, probes=("i(*)",))


def show(case: str, ours: float, peer: str, theirs: float | None, error: float | None) -> None:
    """Print one row."""
    other = "-" if theirs is None else f"{theirs:.3g}"
    difference = "-" if error is None else f"{error:.1e}"
    print(f"{case:58s} {ours:9.3g}   {peer:18s} {other:>8s}   {difference:>8s}", flush=True)


def passive_rows(sizes: list[int], largest_direct: int) -> None:
    """One vector, 100 vectors, effective matrix."""
    for size in sizes:
        g, volts = passive_case(size)
        ours, found = cpu(lambda: solve_passive(g, volts[0], **OHM))  # noqa: B023
        theirs = error = None
        if size <= largest_direct:
            theirs, exact = cpu(lambda: solve_passive(g, volts[0], **OHM, method="direct"), 1)  # noqa: B023
            error = relative(found.column_currents, exact.column_currents)
        show(f"passive {size} x {size}, one vector", ours, "scipy splu", theirs, error)
        if size <= largest_direct and importlib.util.find_spec("badcrossbar"):
            from badcrossbar.compute import compute  # prints what it does, to stdout

            what = {"r_i": 1.0, "node_voltages": False, "all_currents": False}
            theirs, exact = cpu(lambda: compute(volts[:1].T.copy(), 1.0 / g, **what), 1)  # noqa: B023
            error = relative(np.ravel(found.column_currents), np.ravel(exact.currents.output))
            show(f"passive {size} x {size}, one vector", ours, "badcrossbar", theirs, error)
        ours, many = cpu(lambda: solve_passive(g, volts, **OHM), 1)  # noqa: B023
        show(
            f"passive {size} x {size}, 100 vectors ({many.method})", ours, "one by one", 100 * one_time(g, volts), None
        )
        ours, matrix = cpu(lambda: effective_matrix(g, **OHM), 1)  # noqa: B023
        error = relative(volts @ matrix, many.column_currents)
        error = max(error, relative(volts[:1] @ matrix, found.column_currents))
        show(f"passive {size} x {size}, effective matrix", ours, "one by one", size * one_time(g, volts), error)


def one_time(g: np.ndarray, volts: np.ndarray) -> float:
    """Return the CPU seconds of one more vector, set-up shared."""
    few, more = (cpu(lambda n=n: solve_passive(g, volts[:n], **OHM, method="iterative"), 1)[0] for n in (1, 3))
    return max(more - few, 1e-6) / 2


def hard_rows(size: int) -> None:
    """Cases on which line solvers are slow."""
    stripes = np.full((size, size), 1e-7)
    stripes[::2] = 1e-3
    decades = 10 ** np.random.default_rng(2).uniform(-12, -3, (size, size))
    cases = [
        ("all 1e-4 S, 10 ohm", np.full((size, size), 1e-4), 10.0),
        ("row stripes 1e-3/1e-7 S, 5 ohm", stripes, 5.0),
    ]
    cases += [("nine decades, 20 ohm", decades, 20.0), ("no column resistance", decades, 0.0)]
    volts = passive_case(size)[1][0]
    for name, g, ohm in cases:
        ohms = {"row_resistance": ohm or 1.0, "column_resistance": ohm}
        ours, found = cpu(lambda: solve_passive(g, volts, **ohms))  # noqa: B023
        lost = abs(found.row_currents.sum() - found.column_currents.sum()) / np.abs(found.row_currents).max()
        show(f"passive {size} x {size}, {name}", ours, f"{found.iterations[0]} iterations", None, lost)


def device_rows(sizes: list[int], largest_ngspice: int) -> None:
    """Compiled models, one read; the peer is ngspice with its default options here."""
    kinds = [("1T1R, SL parallel to WL", "row", "nmos_select"), ("1T1R, SL parallel to BL", "column", "nmos_select")]
    kinds.append(("1R", "column", None))
    for name, source_line, selector in kinds:
        for size in sizes:
            bench = read_bench(size, source_line, selector)
            ours, run = cpu(lambda: run_static(bench), 3 if size < 512 else 1)  # noqa: B023
            theirs = error = None
            if size <= largest_ngspice:
                waves = rc.simulate(bench, "ngspice", timeout=300.0)
                theirs = float(waves.provenance["cpu_seconds"])
                expected = np.array([waves[p.name][0] for p in run.probes])
                error = relative(run.values[0], expected)
            show(f"{name}, {size} x {size}, one read", ours, "ngspice", theirs, error)


def sweep_row(size: int, points: int) -> None:
    """Time of one more vector: a sweep of one line, set-up shared."""
    bench = replace(read_bench(size), analysis=rc.DcSweep("bl3", 0.05, 0.15, points))
    ours, run = cpu(lambda: run_static(bench), 1)
    waves = rc.simulate(bench, "ngspice", timeout=300.0)
    error = relative(run.values.T, np.array([waves[p.name] for p in run.probes]))
    theirs = float(waves.provenance["cpu_seconds"]) / points
    show(
        f"1T1R, SL parallel to WL, {size} x {size}, one of {points} reads", ours / points, "ngspice .dc", theirs, error
    )


def product_rows(size: int, count: int) -> None:
    """Products of random vectors in a batch, per vector; the peer is one run of ngspice for each of two of them."""
    array, rng = read_bench(size).design, np.random.default_rng(4)
    for drive in ("rows", "columns", "gates"):
        vectors = rng.uniform(0.0, 0.2, (count, size))
        if drive == "gates":
            vectors = (vectors > 0.1).astype(float)
        ours, found = cpu(lambda: rc.multiply(array, vectors, drive=drive), 1)  # noqa: B023
        theirs, error = 0.0, 0.0
        for k in (0, count - 1):
            waves = rc.simulate(rc.product_bench(array, vectors[k], drive=drive), "ngspice", timeout=300.0)
            theirs += float(waves.provenance["cpu_seconds"]) / 2
            expected = np.array([waves[name][0] for name in waves.names]) * (1 if drive == "gates" else -1)
            error = max(error, relative(found.currents[k], expected))
        name = f"1T1R {size} x {size}, product by {drive}, one of {count}"
        show(name, ours / count, "ngspice", theirs, error)
        if drive != "gates":
            ours, found = cpu(lambda: rc.multiply(array, vectors, drive=drive, method="linear"), 1)  # noqa: B023
            show(f"{name}, linear", ours / count, "estimated error", found.error, None)


def hard_device_rows(size: int) -> None:
    """Compiled cells in patterns on which line solvers are slow; no peer can do them."""
    on = np.ones((size, size), bool)
    stripes = np.repeat(np.arange(size)[:, None] % 2 == 0, size, axis=1)
    for name, low, ohm in (("all LRS, 10 ohm", on, 10.0), ("row stripes, 5 ohm", stripes, 5.0)):
        for kind, selector in (("1T1R", "nmos_select"), ("1R", None)):
            bench, wire = read_bench(size, "row", selector), rc.Line(ohm)
            states = {"gap": np.where(low, 0.0, 1.0), "diameter": np.where(low, 4.0, 1.2)}
            array = replace(bench.design, bl=wire, wl=wire, sl=replace(wire, end="last"), initial_state=states)
            ours, run = cpu(lambda: run_static(replace(bench, design=array)), 1)  # noqa: B023
            show(f"{kind} {size} x {size}, {name}", ours, f"{run.steps} Newton steps", None, run.residual)


def default_read(size: int) -> rc.Testbench:
    """The read of `build-netlist crossbar`: 100 ns, 2.5 ohm wires on all lines, charges on; currents of all lines."""
    wire = rc.Line(2.5)
    array = rc.Crossbar(
        rc.Cell("hfo2_filament", "nmos_select"), size, size, bl=wire, wl=wire, sl=replace(wire, end="last")
    )
    return replace(array_read(array), probes=("i(*)",))


def default_read_rows(sizes: list[int], largest_ngspice: int) -> None:
    """The default read; the error is that of the currents on the plateau, at 50 ns."""
    for size in sizes:
        bench = default_read(size)
        ours, run = cpu(lambda: run_bench(bench), 3 if size <= 64 else 1)  # noqa: B023
        theirs = error = None
        if size <= largest_ngspice:
            waves = rc.simulate(bench, "ngspice", timeout=600.0)
            theirs = float(waves.provenance["cpu_seconds"])
            plateau = [[np.interp(5e-8, waves.axis, waves[p.name])] for p in run.probes]
            mine = [[np.interp(5e-8, run.axis, run.values[:, k])] for k in range(len(run.probes))]
            error = relative(np.array(mine), np.array(plateau))
        name = f"default read, {size} x {size}, {run.steps} steps, {len(run.axis)} points"
        show(name, ours, "ngspice", theirs, error)


def write_bench(size: int, source_line: str = "row", charges: str = "on", all_states: bool = True) -> rc.Testbench:
    """One SET pulse of 1 us on one cell of an array with 2 ohm wires; the states of all cells are recorded."""
    rng, shape, wire, middle = np.random.default_rng(1), (size, size), rc.Line(2.0), size // 2
    states = {"gap": rng.uniform(0.3, 1, shape), "diameter": rng.uniform(1, 4, shape)}
    array = rc.Crossbar(
        rc.Cell("hfo2_filament", "nmos_select"), size, size, source_line=source_line, bl=wire, wl=wire,
        sl=rc.Line(2.0, end="last"), initial_state=states,
    )  # fmt: skip
    pulse = {"rise": 1e-8, "fall": 1e-8}
    stimuli = {f"bl{middle}": rc.Pulse(1.8, 1e-6, delay=1e-7, **pulse)}
    stimuli[f"wl{middle}"] = rc.Pulse(1.4, 1.1e-6, delay=5e-8, **pulse)
    probes = (f"i(bl{middle})", *(("gap[*,*]", "diameter[*,*]") if all_states else (f"gap[{middle},{middle}]",)))
    return rc.Testbench(array, rc.Transient(1.3e-6), stimuli, probes=probes, options={"charges": charges})


def write_rows(sizes: list[int], largest_ngspice: int) -> None:
    """A write pulse; the peer is ngspice with its default options here, the error that of the final states [nm]."""
    for size in sizes:
        waves = None
        for source_line in ("row", "column"):
            name = f"SL parallel to {'WL' if source_line == 'row' else 'BL'}"
            for charges in ("off", "on"):
                bench = write_bench(size, source_line, charges, all_states=size <= 128)
                ours, run = cpu(lambda: run_bench(bench), 3 if size <= 64 else 1)  # noqa: B023
                theirs = error = None
                if size <= largest_ngspice and charges == "on":
                    waves = rc.simulate(replace(bench, options={}), "ngspice", timeout=600.0)
                    theirs = float(waves.provenance["cpu_seconds"])
                    last = np.array([waves[p.name][-1] for p in run.probes[1:]])
                    error = float(np.max(np.abs(run.values[-1, 1:] - last)))
                show(f"write pulse, {name}, {size} x {size}, charges {charges}", ours, "ngspice", theirs, error)


def relative(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference relative to the largest value; of the vectors that both have."""
    count = min(len(found), len(expected))
    return float(np.max(np.abs(found[:count] - expected[:count])) / np.max(np.abs(expected)))


def peak_memory() -> float:
    """Peak memory of this process [GB]; that of getrusage begins with the peak of the parent."""
    return int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1e6


def memory_row(code: str, case: str) -> None:
    """Peak memory of a process that does one thing, without that of one that only imports."""
    peaks = []
    for body in ("pass", code):
        script = f"import arrays as a\n{body}\nprint(a.peak_memory())"
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parent
        )
        peaks.append(float(done.stdout.split()[-1]))
    print(f"{case:58s} {peaks[1]:9.3g} GB, of which {peaks[0]:.2g} GB are the libraries", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="sizes up to 128 only")
    quick = parser.parse_args().quick
    g, volts = passive_case(20)
    for method in ("iterative", "merge", "direct"):
        solve_passive(g, volts[:2], **OHM, method=method)
    for source_line, selector in (("row", "nmos_select"), ("column", "nmos_select"), ("column", None)):
        run_static(read_bench(24, source_line, selector))
    print(f"{'case':58s} {'CPU s':>9s}   {'peer':18s} {'CPU s':>8s}   {'error':>8s}")
    passive_rows([128] if quick else [128, 256, 1024], 128 if quick else 256)
    hard_rows(128 if quick else 1024)
    device_rows([32, 64] if quick else [32, 64, 128, 256], 32 if quick else 64)
    sweep_row(64, 5 if quick else 100)
    for source_line, charges in (("row", "on"), ("row", "off"), ("column", "on")):
        run_bench(write_bench(24, source_line, charges))
    run_bench(default_read(24))
    default_read_rows([32, 64] if quick else [64, 128, 256], 32 if quick else 64)
    write_rows([16, 32] if quick else [64, 512], 32 if quick else 64)
    product_rows(64, 10 if quick else 100)
    hard_device_rows(128 if quick else 1024)
    if not quick:
        bench = read_bench(1024)
        show(
            "1T1R, SL parallel to WL, 1024 x 1024, one read", cpu(lambda: run_static(bench), 1)[0], "nobody", None, None
        )
        memory_row(
            "a.solve_passive(*[x[:1] if k else x for k, x in enumerate(a.passive_case(1024))], **a.OHM)",
            "memory, passive 1024 x 1024",
        )
        for size in (256, 1024):
            memory_row(f"a.run_static(a.read_bench({size}))", f"memory, 1T1R {size} x {size}")
    print(f"peak memory of this process {peak_memory():.2g} GB")


if __name__ == "__main__":
    main()
