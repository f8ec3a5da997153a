"""What netlists tell a simulator of its errors, unless the testbench says otherwise.

Random testbenches (`make fuzz-engines`) found what is needed for states and charges to 1e-3 of their range and values
to 1 %; benchmarks/RESULTS.md has the figures. At reltol 1e-4 ngspice is further off in a third of all transients, and
its `chgtol` of 10 fC exceeds the charge of a cell, some fC. A smaller `trtol` with a larger `reltol` asks as much of a
step and less of Newton's method, which fails where it asks for more than rounding leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rramcirc.bench.analyses import Analysis
from rramcirc.bench.testbench import Testbench

STATIC: dict[str, str] = {"reltol": "1e-6"}  # at 1e-4 currents are off by 1e-5, for the same time
TRANSIENT: dict[str, str] = {"reltol": "1e-5", "chgtol": "1e-15", "trtol": "1"}

# where a simulator finds no step that is short enough: ngspice takes none below 1e-11 of the largest
COARSE: dict[str, str] = {"reltol": "1e-4", "chgtol": "1e-14", "trtol": "7"}


# what an option of ngspice is called elsewhere
OWN_NAMES: dict[str, dict[str, str]] = {"vacask": {"trtol": "tran_lteratio"}}


def default_tolerances(analysis: Analysis, simulator: str = "ngspice") -> dict[str, str]:
    """Return options of a simulator for an analysis."""
    return _named(STATIC if analysis.last_time is None else TRANSIENT, simulator)


def coarser_bench(bench: Testbench | None, simulator: str, problems: Sequence[str]) -> Testbench | None:
    """Return the testbench with `COARSE` tolerances, if no step was short enough and nobody chose the tolerances."""
    coarse = _named(COARSE, simulator)
    if bench is None or not _where(problems) or not coarse.keys().isdisjoint(bench.options):
        return None
    return replace(bench, options=coarse | dict(bench.options))


def _named(options: dict[str, str], simulator: str) -> dict[str, str]:
    names = OWN_NAMES.get(simulator, {})
    return {names.get(name, name): value for name, value in options.items()}


def why_coarser(simulator: str, problems: Sequence[str]) -> str:
    """Say where a simulator found no step, and what was done."""
    return (
        f"{simulator} found no step short enough for its usual tolerances ({_where(problems)}), so this run has "
        f"reltol={COARSE['reltol']}: edges may be off by 4 % and more; a smaller analysis.max_step, or the engine "
        "numpy, is right"
    )


def _where(problems: Sequence[str]) -> str:
    """Return where no step was found, as far as the simulator says it; empty if that was not the problem."""
    said = next((problem for problem in problems if "Timestep too small" in problem), "")
    place = said.partition("Timestep too small; ")[2] or next((p for p in problems if "ended at" in p), "no time told")
    return place if said else ""
