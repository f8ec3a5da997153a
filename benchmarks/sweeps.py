"""Print what a sweep adds to its runs: overhead per run, efficiency on two cores, real runs, batches.

CPU seconds are those of this process and its workers. The efficiency is the time of the runs, as their processes
measure it, over that of two workers from their first to the last answer, start-up included; other processes disturb it.
"""

from __future__ import annotations

import platform
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import sweeps as functions

import rramcirc as rc

JOBS, RUNS, WORK = 2, 120, 0.2
MEASURE = ("final(gap)", "final(diameter)", "at(i(bl), 1u)")


def nothing(values: Mapping[str, object], seed: int) -> dict[str, float]:
    """Return at once."""
    return {"one": 1.0}


def busy(values: Mapping[str, object], seed: int) -> dict[str, float]:
    """Compute for 0.2 s of processor time."""
    began = time.process_time()
    while time.process_time() - began < WORK:
        sum(range(1000))
    return {"one": 1.0}


def used(work: Callable[[], rc.SweepResult]) -> tuple[rc.SweepResult, float, float]:
    """Return a result, the CPU seconds of all processes, and the wall seconds."""

    def cpu() -> float:
        return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))

    began, before = time.perf_counter(), cpu()
    found = work()
    return found, cpu() - before, time.perf_counter() - began


def show(name: str, found: rc.SweepResult, cpu: float, wall: float) -> None:
    """Print a line."""
    runs = len(found.table)
    share = found.table["seconds"].sum() / (JOBS * wall)
    print(f"{name:<44} {runs:>7} {1e3 * cpu / runs:>10.3f} {1e3 * wall / runs:>10.3f} {100 * share:>9.1f} %")


def main() -> None:
    """Print the table."""
    load = Path("/proc/loadavg").read_text().split()[0]
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, load {load}")
    print(f"{'case':<44} {'runs':>7} {'CPU ms/run':>10} {'ms/run':>10} {'of 2 cores':>11}")
    for name, function in (("runs that do nothing", functions.nothing), ("runs of 0.2 CPU s", functions.busy)):
        count = 1000 if function is functions.nothing else RUNS
        show(name, *used(lambda f=function, n=count: rc.sweep(f, grid={"x": f"1:{n}:{n}"}, jobs=JOBS)))
    bench = rc.Testbench(
        rc.Cell("hfo2_filament", "nmos_select"),
        rc.Transient(1.1e-6),
        {"bl": rc.Pulse(1.3, 1e-6, 1e-8, 1e-8, 1e-8), "wl": rc.Constant(1.1)},
    )
    draws = {"design.rram_parameters": "card"}
    for engine in ("ngspice", "numpy"):
        show(
            f"1T1R write, {engine}",
            *used(lambda e=engine: rc.sweep(bench, measure=MEASURE, draws=draws, count=RUNS, engine=e, jobs=JOBS)),
        )
    show(
        "1T1R write, batch (one process)",
        *used(lambda: rc.sweep(bench, measure=MEASURE, draws=draws, count=20_000, engine="numpy", batch=True)),
    )


if __name__ == "__main__":
    main()
