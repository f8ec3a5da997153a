"""Learning against the density of noise N, at P = 25 %.   [Pedretti2018, Fig. 7]

Noise speeds up the depression of the background, and makes the POST fire at the wrong input.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.pedretti2018.sweep import (
    SweepParameters,
    at,
    draw_sweep,
    false_at,
    quick_of,
    rates,
    remarks,
    settings,
    sweep_table,
    true_at,
)

if TYPE_CHECKING:
    import pandas as pd

NOISE = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2)


def noise_table(parameters: SweepParameters, engine: str) -> pd.DataFrame:
    """Return one row per density of noise, see `sweep_table`."""
    return sweep_table(parameters, {n: replace(parameters.learning, noise=n) for n in NOISE})


def _window(table: pd.DataFrame, value: float) -> float:
    """Return pattern minus background at the end, Monte Carlo [S]."""
    return float(at(table, value)["pattern"] - at(table, value)["background"])


THRESHOLD = "the voltage on the synapses was chosen so that patterns in LRS pass the threshold"
EXPERIMENT = Experiment(
    name="pedretti2018-noise",
    paper="Pedretti2018",
    figure="Fig. 7",
    claim="with more noise learning is faster and less stable",
    parameters=SweepParameters(),
    quick=quick_of(SweepParameters()),
    run=noise_table,
    plot=draw_sweep("noise density N"),
    expected=(
        Expected(
            "P_learn at N = 3 %", true_at(0.03), "1", 0.91, 0.95, "best trade-off", "assumed", "Fig. 7(a)", "searched",
            THRESHOLD,
        ),
        Expected(
            "P_err at N = 3 %", false_at(0.03), "1", None, 0.01, "best trade-off", "assumed", "Fig. 7(a)", "searched",
            THRESHOLD,
        ),
        Expected(
            "largest step of P_learn with N", lambda t: float(np.diff(rates(t, "true")).max()), "1", None, 0.0,
            "decreasing", "published", "Sec. IV C", "independent", "fails if noise helped the pattern to fire",
        ),
        Expected(
            "smallest step of P_err with N", lambda t: float(np.diff(rates(t, "false")).min()), "1", 0.0, None,
            "increasing", "published", "Sec. IV C", "independent", "fails if depression outran false fires",
        ),
        Expected(
            "window at N = 15 % over that at 3 %", lambda t: _window(t, 0.15) / _window(t, 0.03),
            "1", None, 0.6, "window closure", "assumed", "Fig. 7(b)", "independent",
            "fails if false fires did not randomise the weights",
        ),
        Expected(
            "learning time at N = 3 % over that at 10 %", lambda t: float(at(t, 0.03)["time"] / at(t, 0.1)["time"]),
            "1", 1.2, None, "faster with N", "assumed", "Fig. 7(c)", "independent",
            "fails if learning were limited by the pattern",
        ),
        Expected(
            "t_learn of the rate equations, P = 25 %, N = 3 %", lambda t: float(at(t, 0.03)["rate_time"]),
            "s", 2.86, 2.87, "not in the text", "assumed", "Eqs. 1 and 2", "cannot fail",
            "checks the integration against one with error control, 2.865 s",
        ),
        Expected(
            "t_learn, Monte Carlo over rate equations, N = 3 %",
            lambda t: float(at(t, 0.03)["time"] / at(t, 0.03)["rate_time"]),
            "1", 0.5, 2.0, "agree", "assumed", "Fig. 7(c)", "independent", "neither was tuned to the other",
        ),
    ),
    engines=("network",),
    settings=settings,
    remarks=remarks("N"),
)  # fmt: skip
