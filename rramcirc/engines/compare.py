"""Two engines on one testbench: do they agree, and if not, who is wrong?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rramcirc.basics.arguments import file_name
from rramcirc.basics.errors import ParameterError, RramcircError, SimulationError
from rramcirc.basics.units import format_number, parse_number, positive_number
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.table import needs_bench
from rramcirc.engines.agreement import END_TOLERANCE, Agreement, agreement
from rramcirc.engines.differences import FLOORS, Difference, corners_of, differences
from rramcirc.engines.provenance import bench_origin, provenance
from rramcirc.engines.simulation import simulate
from rramcirc.waveforms.folder import run_folder, write_record
from rramcirc.waveforms.waveforms import Waveforms

STATIC_OPTIONS = {"reltol": "1e-10", "vntol": "1e-14", "abstol": "1e-18"}
STATIC_TOLERANCE = 1e-6
TRANSIENT_TOLERANCE = 1e-2
FINER = 10.0  # both are solved once more with a tenth of reltol and of the largest step, to see who was wrong
FINE, FINEST = 1e-5, 1e-6  # reltol for that: at most, at least (SPICE fails where rounding leaves more)
PATIENCE = 60.0  # [s] of processor time of both runs, up to which they are solved once more


@dataclass(frozen=True)
class Comparison:
    """Two engines on one testbench.

    Attributes
    ----------
    found
        One difference for every signal, point by point, the largest relative difference first.
    apart
        Of transients: what they end at, values between edges, and times of edges.
    advice
        Who was wrong and what to do, if they are further apart than they may be.
    """

    found: tuple[Difference, ...]
    apart: Agreement | None = None
    advice: str = ""

    def problems(self, tolerance: float) -> str:
        """Say what is further apart than a tolerance; of transients, states and charges at the end a tenth of it.

        Raises
        ------
        ParameterError
            If the tolerance is not a positive number.
        """
        positive_number(tolerance, "tolerance")
        if self.apart is not None:
            return self.apart.beyond(tolerance * END_TOLERANCE / TRANSIENT_TOLERANCE, tolerance, tolerance)
        wrong = beyond(list(self.found), tolerance)
        return (
            f"{len(wrong)} of {len(self.found)} signals differ by more than {tolerance:g}: {wrong[0]}" if wrong else ""
        )


def simulate_both(
    bench: Testbench,
    output: Path,
    *,
    tolerance: float | None = None,
    timeout: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> Comparison:
    """Run a testbench in ngspice and in the engine numpy and compare them.

    The runs are kept in ``output/ngspice`` and ``output/numpy``. Static analyses are solved with `STATIC_OPTIONS` where
    the testbench says nothing about tolerances; transients as they are.

    Parameters
    ----------
    bench
        What both can do.
    output
        Run folder.
    tolerance
        How far they may be apart (`Comparison.problems`); default 1e-6, of transients 1e-2 [1]. Beyond it, both are
        solved once more with finer steps for the `advice`.
    timeout
        Wall-clock limit of a run in ngspice [s].
    progress
        Called with the simulated time [s] of the one, then of the other.

    Returns
    -------
    Comparison
        How far they are apart.
    """
    if not isinstance(bench, Testbench):
        raise ParameterError(f"simulate_both: {needs_bench(bench)}")
    if bench.analysis.last_time is None and "reltol" not in bench.options:
        bench = replace(bench, options=STATIC_OPTIONS | dict(bench.options))
    allowed = default_tolerance(bench) if tolerance is None else positive_number(tolerance, "simulate_both: tolerance")
    with run_folder(file_name(output, "simulate_both: output")) as folder:
        runs = _both(bench, folder, timeout, progress)
        compared = _compared(runs, bench)
        if compared.apart is not None and compared.problems(allowed):
            compared = replace(compared, advice=_advice(runs, bench, allowed, folder, timeout))
        worst = compared.found[0].__dict__ if compared.found else None
        seconds = {engine: waves.provenance.get("cpu_seconds") for engine, waves in runs.items()}
        record = {"status": "done", "engine": "both", "worst": worst, "seconds": seconds}
        write_record(folder, provenance(bench_origin(bench)) | record)
    return compared


def _both(
    bench: Testbench, output: Path, timeout: float | None, progress: Callable[[float], None] | None = None
) -> dict[str, Waveforms]:
    runs = {}
    for engine in ("numpy", "ngspice"):  # what numpy cannot do is refused before ngspice has worked
        limit = timeout if engine == "ngspice" else None
        given = bench if engine == "numpy" else without_threads(bench)
        runs[engine] = simulate(given, engine, output=output / engine, timeout=limit, progress=progress)
    return runs


def without_threads(bench: Testbench) -> Testbench:
    """Return a testbench without the option that says how many threads the engine numpy takes."""
    options = {name: value for name, value in bench.options.items() if str(name).lower() != "threads"}
    return bench if len(options) == len(bench.options) else replace(bench, options=options)


def _compared(runs: dict[str, Waveforms], bench: Testbench) -> Comparison:
    pair = runs["numpy"], runs["ngspice"]
    apart = agreement(*pair, bench) if bench.analysis.last_time is not None else None
    return Comparison(tuple(differences(*pair, corners_of(bench))), apart)


def _advice(runs: dict[str, Waveforms], bench: Testbench, tolerance: float, folder: Path, timeout: float | None) -> str:
    """Solve a transient once more with finer steps, and say which run was off and what brings the engines together."""
    coarsest = bench.analysis.largest_step
    assert coarsest is not None  # of a transient
    step = coarsest / FINER
    given = bench.options.get("reltol", FINE)
    coarse = parse_number(given, "", "reltol") if isinstance(given, str) else float(given)
    reltol = f"{min(max(coarse / FINER, FINEST), FINE):.2g}"
    how = f"--option reltol={reltol} --set analysis.max_step={step:.3g}"
    if sum(float(run.provenance.get("cpu_seconds") or 0.0) for run in runs.values()) > PATIENCE:
        return f"Which run is off shows when both are solved with finer steps: {how}."
    analysis: Any = bench.analysis
    options = dict(bench.options) | {"reltol": reltol}
    finer = replace(bench, analysis=replace(analysis, max_step=step), options=options)
    try:
        truth = _both(finer, folder / "finer", timeout)
    except RramcircError as error:
        return f"With finer steps ({how}) one of them fails: {error}"
    rest = _compared(truth, finer).problems(tolerance)
    off = [engine for engine, run in runs.items() if agreement(run, truth[engine], bench).beyond(values=tolerance)]
    if rest:
        return f"With finer steps ({how}) they differ, too ({rest}): {_who_moved(off)}."
    return (
        f"With finer steps ({how}) they agree: it was {' and '.join(off) or 'both a little'} that was off, by steps of "
        f"up to {format_number(coarsest, 's')}."
    )


def _who_moved(moved: list[str]) -> str:
    """Say what it means that only some of the runs, or none, changed with finer steps."""
    if len(moved) == 1:
        (stays,) = {"ngspice", "numpy"} - set(moved)
        return f"finer steps change the run of {moved[0]} and leave that of {stays}, so that one is the likelier"
    if moved:
        return "finer steps change both, so steps alone do not settle it"
    return "finer steps change neither, so steps are not the cause; take neither run for right"


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


def difference_table(found: Sequence[Difference], most: int = 20) -> str:
    """Return the differences as text, the largest first."""
    lines = [f"{'signal':24s} {'unit':5s} {'difference':>12s} {'at':>14s} {'relative':>10s}"]
    lines += [f"{d.signal:24s} {d.unit:5s} {d.largest:12.3e} {d.at:14.6e} {d.relative:10.1e}" for d in found[:most]]
    if len(found) > most:
        lines.append(f"and {len(found) - most} signals with smaller differences")
    return "\n".join(lines)


def comparison_table(compared: Comparison, most: int = 10) -> str:
    """Return a comparison as text: of transients the ends, the values between edges and the edges apart."""
    if compared.apart is None:
        return difference_table(compared.found)
    lines = ["states at the end, relative to their range; charges, relative to the largest"]
    lines.append(difference_table(compared.apart.ends, most))
    lines += ["", "values between edges, relative to the largest of their kind"]
    lines.append(difference_table(compared.apart.values, most))
    lines += ["", "edges, relative to the time from stimulus to edge"]
    lines += [f"{'signal':24s} {'apart by [s]':>18s} {'at':>14s} {'relative':>10s}"]
    edges = compared.apart.edges
    lines += [f"{e.signal:24s} {e.shift:18.3e} {e.at:14.6e} {e.relative:10.1e}" for e in edges[:most]]
    lines += ["none is apart by more than the values tell"] if not edges else []
    lines += [f"and {len(edges) - most} edges less apart"] if len(edges) > most else []
    return "\n".join(lines)


def check_comparison(compared: Comparison, tolerance: float, output: Path) -> None:
    """Raise SimulationError if the engines are further apart than the tolerance."""
    problems = compared.problems(tolerance)
    if problems:
        advice = compared.advice or "--tolerance sets the bound."
        raise SimulationError(
            f"the engines differ: {problems}. {advice} Runs: {output / 'ngspice'} and {output / 'numpy'}."
        )
