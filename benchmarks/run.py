"""Print the performance table, each figure beside its peer in the same run; `--write` puts it into RESULTS.md.

Times are CPU seconds (user + system) of whole processes from wait4, or of this process, medians of several runs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np

import rramcirc as rc
from rramcirc.engines.ngspice.run import find_ngspice, ngspice_version
from rramcirc.waveforms.raw import RawPlot, read_raw, write_raw

RESULTS = Path(__file__).with_name("RESULTS.md")


def child_cpu(command: list[str], folder: Path) -> float:
    """CPU seconds of one run of a command."""
    with open(os.devnull, "w") as sink:
        child = subprocess.Popen(command, cwd=folder, stdout=sink, stderr=sink)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime


def median(measure: Callable[[], float], runs: int) -> float:
    """Median of several measurements."""
    return statistics.median(measure() for _ in range(runs))


def array_bench(
    size: int, selector: str, max_step: float | None = 5e-9, probes: tuple[str, ...] = ("i(*)",)
) -> rc.Testbench:
    """A 100 ns read pulse on an array with 2 ohm wires and random states."""
    rng = np.random.default_rng(1)
    state = {"gap": rng.uniform(0, 1, (size, size)), "diameter": rng.uniform(1, 4, (size, size))}
    wire = rc.Line(2.0)
    array = rc.Crossbar(
        rc.Cell("hfo2_filament", selector),
        size,
        size,
        bl=wire,
        wl=wire,
        sl=rc.Line(2.0, end="last"),
        initial_state=state,
    )
    stimuli = {"wl": rc.Constant(2.0), "bl": rc.Pulse(0.2, 70e-9, delay=10e-9)}
    return rc.Testbench(array, rc.Transient(100e-9, max_step), stimuli, probes=probes)


def written(bench: rc.Testbench, folder: Path) -> Path:
    """Write a bench's netlist and return its path."""
    folder.mkdir()
    rc.build_netlist(bench).write(folder / "netlist.cir")
    return folder / "netlist.cir"


def command_line(folder: Path) -> list[tuple[str, str, str]]:
    """`rramcirc simulate` against a bare ngspice run of the same netlist."""
    rows = []
    program = [str(find_ngspice()), "-b", "netlist.cir"]
    cell = rc.Testbench(
        rc.Cell("hfo2_filament", "nmos_select"), rc.Transient(6.4, 0.01), {"bl": rc.triangle(2.0, ramp_rate=1)}
    )
    for name, bench, runs in (("1T1R cell", cell, 9), ("32 x 32 read", array_bench(32, "nmos_select"), 7)):
        netlist = written(bench, folder / f"cli-{name[:2].strip()}")
        ours = [sys.executable, "-m", "rramcirc", "simulate", "netlist.cir", "-o", "out.run"]
        median(lambda c=ours, n=netlist: child_cpu(c, n.parent), 1)
        bare = median(lambda n=netlist: child_cpu(program, n.parent), runs)
        full = median(lambda c=ours, n=netlist: child_cpu(c, n.parent), runs)
        rows.append(
            (f"`rramcirc simulate`, {name}", f"{full:.3f} s", f"bare ngspice {bare:.3f} s; adds {full - bare:.3f} s")
        )
    return rows


def library_call(folder: Path) -> list[tuple[str, str, str]]:
    """`simulate()` in a running Python against a bare ngspice run of the same netlist, wall time."""
    rows = []
    program = [str(find_ngspice()), "-b", "netlist.cir"]
    op = rc.Testbench(rc.Cell("hfo2_filament", "nmos_select"), rc.OperatingPoint(), {"bl": rc.Constant(0.2)})
    for name, bench, runs in (("1T1R cell, op", op, 31), ("32 x 32 read", array_bench(32, "nmos_select"), 9)):
        netlist = written(bench, folder / f"library-{name[:2].strip()}")
        rc.simulate(bench)

        def bare(n: Path = netlist) -> float:
            start = time.perf_counter()
            subprocess.run(program, cwd=n.parent, capture_output=True, check=True)
            return time.perf_counter() - start

        def call(b: rc.Testbench = bench) -> float:
            start = time.perf_counter()
            rc.simulate(b)
            return time.perf_counter() - start

        alone, ours = median(bare, runs), median(call, runs)
        text = (
            f"bare ngspice {1e3 * alone:.1f} ms; adds {1e3 * (ours - alone):.1f} ms ({100 * (ours / alone - 1):.1f} %)"
        )
        rows.append((f"`simulate()`, {name}, wall", f"{1e3 * ours:.1f} ms", text))
    return rows


def netlist_text() -> list[tuple[str, str, str]]:
    """Text of a 128 x 128 array with wires."""
    bench = array_bench(128, "nmos_select")
    lines = rc.build_netlist(bench).text.count("\n")

    def build() -> float:
        start = time.process_time()
        rc.build_netlist(bench)
        return time.process_time() - start

    seconds = median(build, 7)
    return [
        (
            "netlist text, 128 x 128 with wires",
            f"{seconds:.3f} s",
            f"{lines} lines, {lines / seconds / 1e6:.2f} million lines/s",
        )
    ]


NGSPICE_160_MB = """160 MB
v1 n0 0 sin(0 1 1e3)
{rc}
.tran 1u 100m 0 1u
.control
set num_threads=1
run waves.raw
quit $sim_status
.endc
.end
"""


def raw_files(folder: Path) -> list[tuple[str, str, str]]:
    """One signal of a 160 MB raw file (200 variables, 100,000 points), file in the page cache."""
    rng = np.random.default_rng(1)
    columns = [np.linspace(0, 1, 100_000), *rng.random((199, 100_000))]
    kinds = ["time"] + ["voltage"] * 199
    path = folder / "block.raw"
    write_raw(
        path,
        [
            RawPlot.from_columns(
                ["time", *(f"v({k})" for k in range(199))], kinds, columns, plotname="Transient Analysis"
            )
        ],
    )
    rows = [_one_signal("written in large blocks", path)]
    stages = "\n".join(f"r{k} n{k} n{k + 1} 1k\nc{k} n{k + 1} 0 1n" for k in range(197))
    (folder / "ladder.cir").write_text(NGSPICE_160_MB.format(rc=stages))
    subprocess.run([str(find_ngspice()), "-b", "ladder.cir"], cwd=folder, capture_output=True, check=True)
    return [*rows, _one_signal("written by ngspice", folder / "waves.raw")]


def _one_signal(how: str, path: Path) -> tuple[str, str, str]:
    def first() -> float:
        start = time.perf_counter()
        read_raw(path)[0].column(100)
        return time.perf_counter() - start

    opened = read_raw(path)[0]
    opened.column(50)

    def later() -> float:
        start = time.perf_counter()
        opened.column(100)
        return time.perf_counter() - start

    size = path.stat().st_size / 1e6
    once, again = median(first, 9), median(later, 9)
    return (
        f"one signal of a {size:.0f} MB raw file {how}",
        f"{1e3 * once:.1f} ms",
        f"a further signal {1e3 * again:.1f} ms",
    )


def array_read(folder: Path) -> list[tuple[str, str, str]]:
    """64 x 64 read pulse: our time step against SPICE's own, currents compared on the plateau."""
    rows = []
    for selector in ("nmos_level1", "nmos_select"):
        ours = _with_statistics(array_bench(64, selector), folder / f"read-{selector}", None)
        plain = _with_statistics(array_bench(64, selector), folder / f"plain-{selector}", ".tran 0.5n 100n")
        worst = _largest_difference(ours["folder"], plain["folder"])
        text = (
            f"{ours['points']} points, {ours['iterations']} Newton iterations; `.tran 0.5n 100n`: "
            f"{plain['cpu']:.2f} s, {plain['points']} points, {plain['iterations']} iterations; "
            f"line currents on the plateau differ by {worst:.1e} of the largest"
        )
        rows.append((f"64 x 64 read, 100 ns, wires, {selector}", f"{ours['cpu']:.2f} s", text))
    return rows


def _with_statistics(bench: rc.Testbench, folder: Path, tran: str | None) -> dict:
    netlist = written(bench, folder)
    text = netlist.read_text().replace("quit $sim_status", "rusage all\nquit $sim_status")
    if tran:
        text = re.sub(r"^\.tran .*$", tran, text, flags=re.MULTILINE)
    netlist.write_text(text)
    start = os.times()
    done = subprocess.run(
        [str(find_ngspice()), "-b", "netlist.cir"], cwd=folder, capture_output=True, text=True, check=True
    )
    end = os.times()
    found = dict(re.findall(r"(Total iterations|Accepted timepoints) = (\d+)", done.stdout))
    return {
        "cpu": end.children_user + end.children_system - start.children_user - start.children_system,
        "points": int(found["Accepted timepoints"]),
        "iterations": int(found["Total iterations"]),
        "folder": folder,
    }


def _largest_difference(one: Path, other: Path) -> float:
    """Largest difference of line currents at four instants of the pulse, relative to the largest of their kind."""
    first, second = (rc.Waveforms.from_raw(read_raw(f / "waves.raw")[0]) for f in (one, other))
    at, worst = np.array([5e-9, 40e-9, 60e-9, 79e-9]), 0.0
    for kind in ("bl", "sl"):
        names = [n for n in first.names if n.startswith(f"i(v{kind}")]
        a = np.array([np.interp(at, first.time, first[n]) for n in names])
        b = np.array([np.interp(at, second.time, second[n]) for n in names])
        worst = max(worst, float(np.max(np.abs(a - b)) / np.max(np.abs(b))))
    return worst


def processor() -> str:
    """Name of the processor."""
    found = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    chosen = parser.parse_args()
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in (
            lambda: command_line(folder),
            lambda: library_call(folder),
            netlist_text,
            lambda: raw_files(folder),
            lambda: array_read(folder),
        ):
            for row in part():
                print(" | ".join(row), flush=True)
                rows.append(row)
    if chosen.write:
        program = find_ngspice()
        version = ngspice_version(program, program.stat().st_mtime)
        head = (
            f"# Measured\n\n{date.today()}, {processor()}, {os.cpu_count()} cores, {version}, "
            f"Python {platform.python_version()}, numpy {np.__version__}, load {json.dumps(os.getloadavg()[0])}. "
            "`make bench` prints the table; CPU seconds unless it says wall; medians.\n\n"
            "| case | measured | peer in the same run |\n| --- | --- | --- |\n"
        )
        RESULTS.write_text(head + "".join(f"| {' | '.join(row)} |\n" for row in rows))


if __name__ == "__main__":
    main()
