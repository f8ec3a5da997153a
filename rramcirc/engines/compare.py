"""Two engines on one testbench: how far apart are their waveforms?"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.arguments import file_name
from rramcirc.basics.errors import ParameterError, SimulationError, WaveformError
from rramcirc.basics.units import positive_number
from rramcirc.bench.stimuli import Floating
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.table import needs_bench
from rramcirc.engines.provenance import bench_origin, provenance
from rramcirc.engines.simulation import simulate
from rramcirc.waveforms.folder import run_folder, write_record
from rramcirc.waveforms.waveforms import Waveforms

Array = NDArray[np.float64]
STATIC_OPTIONS = {"reltol": "1e-10", "vntol": "1e-14", "abstol": "1e-18"}
TRANSIENT_OPTIONS = {"reltol": "1e-6", "chgtol": "1e-18"}
STATIC_TOLERANCE = 1e-6
TRANSIENT_TOLERANCE = 1e-2  # ngspice at reltol=1e-6 is off by 2e-3 where a filament switches, more behind corners
FLOORS = {"A": 1e-12, "V": 1e-9}  # [A], [V]; differences below are none: rounding in lines that carry nothing


@dataclass(frozen=True)
class Difference:
    """How far two runs are apart in one signal.

    Attributes
    ----------
    signal, unit
        Its name and unit.
    largest
        Largest difference [unit].
    at
        Where on the axis it is: time [s], swept voltage [V], or 0.
    relative
        The same over the largest value of all signals of its kind.
    """

    signal: str
    unit: str
    largest: float
    at: float
    relative: float


def simulate_both(
    bench: Testbench,
    output: Path,
    *,
    timeout: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[Difference]:
    """Run a testbench in ngspice and in the engine numpy and compare them.

    The runs are kept in ``output/ngspice`` and ``output/numpy``. Where the testbench says nothing about tolerances, the
    referee's are used (`STATIC_OPTIONS`, `TRANSIENT_OPTIONS`), as those of everyday runs are wider than the engines
    are apart.

    Parameters
    ----------
    bench
        What both can do.
    output
        Run folder.
    timeout
        Wall-clock limit of the run in ngspice [s].
    progress
        Called with the simulated time [s] of the one, then of the other.

    Returns
    -------
    list of Difference
        One for every signal, the largest relative difference first.
    """
    if not isinstance(bench, Testbench):
        raise ParameterError(f"simulate_both: {needs_bench(bench)}")
    referee = STATIC_OPTIONS if bench.analysis.last_time is None else TRANSIENT_OPTIONS
    if "reltol" not in bench.options:
        bench = replace(bench, options=referee | dict(bench.options))
    with run_folder(file_name(output, "simulate_both: output")) as folder:
        return _both(bench, folder, timeout, progress)


def _both(
    bench: Testbench, output: Path, timeout: float | None, progress: Callable[[float], None] | None
) -> list[Difference]:
    runs = {}
    for engine in ("numpy", "ngspice"):  # what numpy cannot do is refused before ngspice has worked
        limit = timeout if engine == "ngspice" else None
        runs[engine] = simulate(bench, engine, output=output / engine, timeout=limit, progress=progress)
    found = differences(runs["numpy"], runs["ngspice"], corners_of(bench))
    worst = found[0].__dict__ if found else None
    seconds = {engine: waves.provenance.get("cpu_seconds") for engine, waves in runs.items()}
    record = {"status": "done", "engine": "both", "worst": worst, "seconds": seconds}
    write_record(output, provenance(bench_origin(bench)) | record)
    return found


def default_tolerance(bench: Testbench) -> float:
    """Return how far the engines may be apart: relative to the largest of a kind."""
    return STATIC_TOLERANCE if bench.analysis.last_time is None else TRANSIENT_TOLERANCE


def beyond(found: list[Difference], tolerance: float) -> list[Difference]:
    """Return the differences that are larger than a tolerance, relative to the largest of their kind.

    Raises
    ------
    ParameterError
        If the tolerance is not a positive number.
    """
    positive_number(tolerance, "tolerance")
    return [d for d in found if not (d.relative <= tolerance or d.largest <= FLOORS.get(d.unit, 0.0))]


def corners_of(bench: Testbench) -> Array:
    """Return the times at which what drives a testbench has corners, ascending [s]."""
    times = [np.zeros(1)]
    for line in dict.fromkeys([*bench.design.lines, *bench.stimuli]):
        stimulus = bench.stimulus(line)
        if not isinstance(stimulus, Floating):
            times.append(stimulus.corners()[0])
    if bench.cycle_noise is not None:
        times += [bench.cycle_noise.times, bench.cycle_noise.times + bench.cycle_noise.edge]
    return np.unique(np.concatenate(times))


def differences(
    first: Waveforms, second: Waveforms, corners: Array | None = None, settle: float = 0.0
) -> list[Difference]:
    """Compare all signals of two runs.

    At every point of each run its value is compared with the other run, interpolated there by cubics that do not
    overshoot, each stretch between two corners of what drives the circuit by itself: behind a corner a current can
    jump, and a run shows that only from its next point on.

    Parameters
    ----------
    first, second
        Runs of the same testbench.
    corners
        Times of those corners [s].
    settle
        How long behind a corner they are not compared [s].

    Raises
    ------
    WaveformError
        If they do not have the same signals and the same kind of axis.
    """
    if set(first.names) != set(second.names) or first.axis_name != second.axis_name:
        odd = sorted(set(first.names) ^ set(second.names))[:5] or [first.axis_name, second.axis_name]
        raise WaveformError(f"the runs cannot be compared: {', '.join(odd)} is not in both.")
    names = list(first.names)
    a, b = (np.array([np.real(run[name]) for name in names]).T for run in (first, second))
    scale = _scales(names, first.units, np.maximum(np.abs(a).max(axis=0), np.abs(b).max(axis=0)))
    if first.axis_name == "time":
        corners = np.unique(np.append(0.0, () if corners is None else corners))
        runs = (first.axis, a), (second.axis, b)
        sides = [_apart(*runs[k], *runs[1 - k], corners, settle) for k in (0, 1)]
    elif a.shape != b.shape:
        raise WaveformError(f"the runs cannot be compared: they have {len(a)} and {len(b)} points.")
    else:
        sides = [(np.abs(a - b), first.axis)]
    found = []
    for k, name in enumerate(names):
        largest, at = max((float(gap[:, k].max()), float(axis[gap[:, k].argmax()])) for gap, axis in sides)
        relative = largest / scale[k] if scale[k] > 0 else (0.0 if largest == 0.0 else np.inf)
        found.append(Difference(name, first.units[name], largest, at, float(relative)))
    return sorted(found, key=lambda d: -d.relative)


def _apart(
    time: Array, values: Array, other_time: Array, other: Array, corners: Array, settle: float
) -> tuple[Array, Array]:
    """Return the differences at the points of one run where the other can be interpolated, and their times."""
    from scipy.interpolate import PchipInterpolator

    gaps, times = [np.zeros((1, values.shape[1]))], [time[:1]]
    near = 1e-12 * float(max(time[-1], other_time[-1]))
    starts = corners[corners < min(time[-1], other_time[-1]) - near]
    ends = np.append(starts[1:], np.inf)
    for start, end in zip(starts, ends, strict=True):
        first, last = np.searchsorted(other_time, (start + near, end + near))
        grid, points = other_time[first:last], other[first:last]
        rising = np.append(True, np.diff(grid) > 0)[: len(grid)]
        grid, points = grid[rising], points[rising]
        if not len(grid):
            continue
        inside = slice(*np.searchsorted(time, (max(grid[0], start + settle) - near, grid[-1] + near)))
        there = np.clip(time[inside], grid[0], grid[-1])
        with np.errstate(over="ignore"):  # slopes of signals that die away to nothing
            found = PchipInterpolator(grid, points, axis=0)(there) if len(grid) > 1 else points[[0] * len(there)]
        gaps.append(np.abs(values[inside] - found))
        times.append(there)
    return np.concatenate(gaps), np.concatenate(times)


def _scales(names: list[str], units: Mapping[str, str], largest: Array) -> Array:
    """Return the largest value of the kind of every signal: all voltages, all line currents, each op-variable."""
    kinds = []
    for name in names:
        base = re.sub(r"\[.*?\]", "", name)
        kinds.append(base[:2] + units[name] if base[:2] in ("v(", "i(") else base)
    top: dict[str, float] = {}
    for kind, value in zip(kinds, largest, strict=True):
        top[kind] = max(top.get(kind, 0.0), float(value))
    return np.array([top[kind] for kind in kinds])


def difference_table(found: list[Difference], most: int = 20) -> str:
    """Return the differences as text, the largest first."""
    lines = [f"{'signal':24s} {'unit':5s} {'difference':>12s} {'at':>14s} {'relative':>10s}"]
    lines += [f"{d.signal:24s} {d.unit:5s} {d.largest:12.3e} {d.at:14.6e} {d.relative:10.1e}" for d in found[:most]]
    if len(found) > most:
        lines.append(f"and {len(found) - most} signals with smaller differences")
    return "\n".join(lines)


def check_differences(found: list[Difference], tolerance: float, output: Path) -> None:
    """Raise SimulationError if the engines are further apart than the tolerance."""
    wrong = beyond(found, tolerance)
    if wrong:
        worst = wrong[0]
        raise SimulationError(
            f"the engines differ: {len(wrong)} of {len(found)} signals by more than {tolerance:g} of the largest of "
            f"their kind; {worst.signal} by {worst.largest:.3g} {worst.unit} ({worst.relative:.1e}) at {worst.at:.6g}. "
            f"A smaller --option reltol brings both closer to the truth; --tolerance sets the bound. Runs: "
            f"{output / 'ngspice'} and {output / 'numpy'}."
        )
