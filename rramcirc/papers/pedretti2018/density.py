"""Learning against the density of the pattern P, at N = 3 %.   [Pedretti2018, Fig. 8]"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.pedretti2018.sweep import (
    SweepParameters,
    at,
    draw_sweep,
    false_at,
    learnt_at,
    quick_of,
    remarks,
    settings,
    sweep_table,
    true_at,
)

if TYPE_CHECKING:
    import pandas as pd

ACTIVE = (1, 2, 3, 4, 5, 6, 7, 8)  # of 16 pixels


def density_table(parameters: SweepParameters, engine: str) -> pd.DataFrame:
    """Return one row per density of the pattern, see `sweep_table`."""
    cases = [replace(parameters.learning, active=n) for n in ACTIVE]
    return sweep_table(parameters, {case.density: case for case in cases})


def _times(table: pd.DataFrame) -> float:
    """Return the learning time at P = 2/16 over that at 8/16 [1]."""
    return float(at(table, 2 / 16)["time"] / at(table, 8 / 16)["time"])


EXPERIMENT = Experiment(
    name="pedretti2018-density",
    paper="Pedretti2018",
    figure="Fig. 8",
    claim="learning is fast and stable where the pattern is much denser than the noise",
    parameters=SweepParameters(),
    quick=quick_of(SweepParameters()),
    run=density_table,
    plot=draw_sweep("pattern density P"),
    expected=(
        Expected(
            "P_learn at P = 25 %", true_at(0.25), "1", 0.9, None, "high for P > 20 %", "assumed", "Fig. 8(a)",
            "searched", "the voltage on the synapses was chosen at this density",
        ),
        Expected(
            "P_learn at P = 1/16, near N", true_at(1 / 16), "1", None, 0.6, "learning inhibited", "assumed",
            "Sec. IV D", "independent", "fails if one pixel could be told from noise",
        ),
        Expected(
            "P_err at P = 1/16, near N", false_at(1 / 16), "1", 0.1, None, "learning inhibited", "assumed",
            "Sec. IV D", "independent", "fails if noise could not fire a POST of one pixel",
        ),
        Expected(
            "runs that learn at P = 1/16", learnt_at(1 / 16), "1", None, 0.3, "learning inhibited", "assumed",
            "Sec. IV D", "independent", "fails if the background was depressed all the same",
        ),
        Expected(
            "P_err at P = 50 %", false_at(0.5), "1", None, 0.002, "decreasing", "assumed", "Fig. 8(a)", "independent",
            "fails if P_err did not fall with P",
        ),
        Expected(
            "learning time, P = 2/16 over 8/16", _times, "1", 1.2, None, "faster with P", "assumed", "Fig. 8(c)",
            "independent", "fails if the threshold, which grows with P, kept the time",
        ),
    ),
    engines=("network",),
    settings=settings,
    remarks=remarks("P"),
)  # fmt: skip
