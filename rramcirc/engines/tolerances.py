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

# where ngspice finds no step that is short enough: it takes none below 1e-11 of the largest
COARSE: dict[str, str] = {"reltol": "1e-4", "chgtol": "1e-14", "trtol": "7"}


def default_tolerances(analysis: Analysis) -> dict[str, str]:
    """Return options of ngspice for an analysis."""
    return STATIC if analysis.last_time is None else TRANSIENT


def coarser_bench(bench: Testbench | None, problems: Sequence[str]) -> Testbench | None:
    """Return the testbench with `COARSE` tolerances, if ngspice found no step short enough and nobody chose them."""
    if bench is None or not _where(problems) or not COARSE.keys().isdisjoint(bench.options):
        return None
    return replace(bench, options=COARSE | dict(bench.options))


def why_coarser(problems: Sequence[str]) -> str:
    """Say where ngspice found no step, and what was done."""
    return (
        f"ngspice found no step short enough for its usual tolerances ({_where(problems)}), so this run has "
        f"reltol={COARSE['reltol']}: edges may be off by 4 % and more; a smaller analysis.max_step, or the engine "
        "numpy, is right"
    )


def _where(problems: Sequence[str]) -> str:
    sentence = "Timestep too small; "
    return next((problem.partition(sentence)[2] for problem in problems if sentence in problem), "")
