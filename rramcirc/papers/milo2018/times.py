"""Recall time of X against the number of cues, for several leak time constants.   [Milo2018, Fig. 5(g)]

Only the time constant differs between the curves. A point counts where at least 90 % of the runs recalled within 2 s;
elsewhere the mean over the runs that did would be biased low. The smallest such number of cues is the minimum.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.analysis.counts import Count
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.milo2018.completion import CASES, FITTED
from rramcirc.papers.milo2018.recall import recall_patterns, scaled_leak, trained_chips
from rramcirc.papers.milo2018.sets import Factors, chosen_sets, settings
from rramcirc.papers.milo2018.tables import counted, least_cues

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TimesParameters:
    """Recall from 1 to 12 cues at several leaks."""

    parameter_sets: tuple[str, ...] = ("D",)
    time_constants: tuple[float, ...] = field(
        default=(60e-3, 80e-3, 100e-3, 120e-3, 160e-3, 240e-3), metadata={"units": "s", "status": "assumed"}
    )
    cues: tuple[int, ...] = tuple(range(1, 13))
    runs: int = field(default=1000, metadata={"desc": "per point"})
    chips: int = 5
    limit: float = field(default=2.0, metadata={"units": "s"})
    seed: int = 1
    factors: Factors = field(default=(), metadata={"desc": "what is multiplied in the first set"})


def recall_times(parameters: TimesParameters, engine: str) -> pd.DataFrame:
    """Return one row per set, time constant [s] and number of cues: share of runs that recalled, mean time [s]."""
    import pandas as pd

    rows = []
    for k, chosen in enumerate(chosen_sets(parameters)):
        name, chips = chosen.name, trained_chips(chosen.name, parameters.chips, () if k else parameters.factors)
        leak = dict(parameters.factors).get("time_constant", 1.0) if not k else 1.0
        for tau in parameters.time_constants:
            network = scaled_leak(chosen, tau * leak)
            for cues in parameters.cues:
                found = recall_patterns(
                    chosen, (cues, 0), runs=parameters.runs, seed=(parameters.seed, round(tau * 1e6)), chips=chips,
                    network=network, limit=parameters.limit,
                )  # fmt: skip
                spread = (
                    np.nanstd(found.time) / np.sqrt(max(1, (found.winner >= 0).sum())) if found.fraction else np.nan
                )
                share = Count(int((found.winner >= 0).sum()), parameters.runs)
                rows.append((name, tau, cues, share.share, *share.interval(), found.mean_time, spread))
    columns = ["set", "time_constant", "cues", "recalled", "recalled_from", "recalled_to", "mean_time"]
    table = pd.DataFrame(rows, columns=[*columns, "standard_error"])
    table.attrs["units"] = {"time_constant": "s", "mean_time": "s", "standard_error": "s"}
    return table


def largest_rise(table: pd.DataFrame, axis: int) -> float:
    """Return the largest rise of the time over one more cue (1) or to the next longer time constant (0) [s]."""
    steps = np.diff(counted(table).to_numpy(), axis=axis)
    return float("nan") if np.isnan(steps).all() else float(np.nanmax(steps))


def draw_times(table: pd.DataFrame, path: Path) -> None:
    """Draw time against cues, one curve per time constant."""
    from rramcirc.papers.milo2018.maps import draw_recall_times

    draw_recall_times(table, path, {cues: time for pattern, cues, time in CASES if pattern == "X"})


TREND = "parameters were searched at one tau and four numbers of cues; a trend can fail, as at tau = 10 ms in set A"
PARAMETERS = TimesParameters()
EXPERIMENT = Experiment(
    name="milo2018-recall-time",
    paper="Milo2018",
    figure="Fig. 5(g)",
    claim="the recall time falls with the number of cues and with tau; the minimum number of cues falls with tau",
    parameters=PARAMETERS,
    quick=replace(PARAMETERS, time_constants=(80e-3, 120e-3, 240e-3), runs=300, chips=2),
    run=recall_times,
    plot=draw_times,
    expected=(
        Expected(
            "largest change by one more cue", lambda t: largest_rise(t, 1),
            "s", None, 0.0, "falls", "published", "Fig. 5(g)", "independent", TREND,
        ),
        Expected(
            "largest change by a longer tau", lambda t: largest_rise(t, 0),
            "s", None, 0.0, "falls", "published", "Fig. 5(g)", "independent", TREND,
        ),
        Expected(
            "largest change of the minimum cue count by a longer tau", lambda t: float(least_cues(t).diff().max()),
            "1", None, 0.0, "falls", "published", "Sec. IV B", "independent", TREND,
        ),
        Expected(
            "minimum cue count, shortest minus longest tau",
            lambda t: float(least_cues(t).iloc[0] - least_cues(t).iloc[-1]),
            "1", 1.0, None, "increases for decreasing tau", "published", "Sec. IV B", "independent", TREND,
        ),
    ),
    engines=("network",),
    settings=settings,
    fitted=FITTED,
)  # fmt: skip
