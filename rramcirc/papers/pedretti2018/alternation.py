"""Learning against the share of pattern epochs R_P, and with strict alternation.   [Pedretti2018, Fig. 9, Sec. IV E]

Beyond R_P = 50 % nothing more is gained here, where the paper lets P_learn rise on: patterns that follow a pattern are
silent, and the background is depressed by noise only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from rramcirc.analysis.counts import Count
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.pedretti2018.monte_carlo import run_trials
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

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def alternation_table(parameters: SweepParameters, engine: str) -> pd.DataFrame:
    """Return one row per share of pattern epochs, see `sweep_table`; strict alternation is in its attributes."""
    table = sweep_table(parameters, {r: replace(parameters.learning, shown=r) for r in SHARES})
    strict = run_trials(replace(parameters.learning, strict=True), parameters.trials, parameters.seed)
    table.attrs["strict"] = {"true": strict.true_fires, "false": strict.false_fires, "learnt": strict.learnt}
    return table


def _gain(table: pd.DataFrame) -> float:
    """Return P_learn at R_P = 90 % minus that at 50 % [1]."""
    found = rates(table, "true", 0.5)
    return float(found[-1] - found[0])


def _strict(kind: str) -> Callable[[pd.DataFrame], Count]:
    def measure(table: pd.DataFrame) -> Count:
        count: Count = table.attrs["strict"][kind]
        return count

    return measure


def _lines(table: pd.DataFrame) -> list[str]:
    strict = table.attrs["strict"]
    return [
        *remarks("R_P")(table),
        f"strict alternation: P_learn {strict['true']}; P_err {strict['false']}; median learning time "
        f"{sorted(strict['learnt'])[len(strict['learnt']) // 2]:.3g} s",
    ]


EXPERIMENT = Experiment(
    name="pedretti2018-alternation",
    paper="Pedretti2018",
    figure="Fig. 9",
    claim="with more patterns than noise learning is stable; R_P = 50 %, alternated strictly, is the optimum",
    parameters=SweepParameters(),
    quick=quick_of(SweepParameters()),
    run=alternation_table,
    plot=draw_sweep("pattern probability R_P"),
    expected=(
        Expected(
            "P_learn at R_P = 10 %", true_at(0.1), "1", None, 0.9, "increases with R_P", "assumed", "Fig. 9(a)",
            "independent", "fails if few patterns were enough",
        ),
        Expected(
            "P_err at R_P = 10 %", false_at(0.1), "1", 0.02, None, "decreases with R_P", "assumed", "Fig. 9(a)",
            "independent", "fails if noise alone never fired",
        ),
        Expected(
            "P_learn, R_P = 90 % minus 50 %", _gain, "1", 0.0, None, "increases with R_P", "published", "Sec. IV E",
            "independent", "fails where a higher R_P depresses the background too rarely",
            "it falls by 0.01 to 0.02 from 50 to 90 %, and fewer runs learn within 10 s; the cause was not separated",
        ),
        Expected(
            "window at R_P = 50 % over that at 10 %",
            lambda t: float((at(t, 0.5)["pattern"] - at(t, 0.5)["background"])
                            / (at(t, 0.1)["pattern"] - at(t, 0.1)["background"])),
            "1", 1.2, None, "window increases", "assumed", "Fig. 9(b)", "independent", "fails if R_P did not matter",
        ),
        Expected(
            "P_learn, strict alternation", _strict("true"), "1", 0.99, None, "optimum", "assumed",
            "Sec. IV E", "independent", "fails if the threshold were missed by spread alone",
        ),
        Expected(
            "P_err, strict alternation", _strict("false"), "1", None, 0.01, "optimum", "assumed",
            "Sec. IV E", "independent", "fails if noise fired a POST that has learnt",
        ),
    ),
    engines=("network",),
    settings=settings,
    remarks=_lines,
)  # fmt: skip
