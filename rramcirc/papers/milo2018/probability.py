"""Which of two patterns is recalled if both are cued: probability map.   [Milo2018, Fig. 6]

1000 runs per point of (X cues, C cues). P is the share of X among the runs that recalled; a random draw decides if both
patterns are complete in the same step. Seeds of the points are hashed, so all runs are independent.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.milo2018.recall import recall_patterns, trained_chips
from rramcirc.papers.milo2018.sets import load_set, settings
from rramcirc.papers.milo2018.tables import grid

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ProbabilityParameters:
    """Recalls with cues of both patterns."""

    parameter_sets: tuple[str, ...] = ("D", "A", "B", "C")
    largest: int = field(default=12, metadata={"desc": "cues of each pattern, from 0"})
    runs: int = field(default=1000, metadata={"status": "published", "where": "Sec. IV C", "desc": "per point"})
    chips: int = 20
    limit: float = field(default=2.0, metadata={"units": "s"})
    seed: int = 1


def probability(parameters: ProbabilityParameters, engine: str) -> pd.DataFrame:
    """Return one row per set and point: runs that recalled X, C and nothing, P, and the mean time [s]."""
    import pandas as pd

    rows = []
    for name in parameters.parameter_sets:
        chosen, chips = load_set(name), trained_chips(name, parameters.chips)
        for x_cues in range(parameters.largest + 1):
            for c_cues in range(parameters.largest + 1):
                if x_cues + c_cues == 0:
                    continue
                found = recall_patterns(
                    chosen, (x_cues, c_cues), runs=parameters.runs, seed=(parameters.seed, 6), chips=chips,
                    limit=parameters.limit,
                )  # fmt: skip
                x, c = int((found.winner == 0).sum()), int((found.winner == 1).sum())
                share = x / (x + c) if x + c else np.nan
                rows.append((name, x_cues, c_cues, x, c, parameters.runs - x - c, share, found.mean_time))
    columns = ["set", "x_cues", "c_cues", "x_recalled", "c_recalled", "none", "probability", "mean_time"]
    table = pd.DataFrame(rows, columns=columns)
    table.attrs["units"] = {"mean_time": "s"}
    return table


def diagonal_error(table: pd.DataFrame, name: str | None = None) -> float:
    """Return the largest distance of P from 0.5 for 4 and more cues of each."""
    return float(np.abs(np.diag(grid(table, name=name))[4:] - 0.5).max())


def complement_scores(table: pd.DataFrame, name: str | None = None) -> NDArray[np.float64]:
    r"""Return z-scores of :math:`P(a, b) + P(b, a) - 1` over all pairs a > b in which each P lies within 0.02 and 0.98.

    The standard deviation is that of two independent binomial shares with the pooled probability
    :math:`(P(a, b) + 1 - P(b, a)) / 2`.
    """
    share = grid(table, name=name)
    count = grid(table, "x_recalled", name) + grid(table, "c_recalled", name)
    a, b = np.tril_indices(len(share), -1)
    first, second, n, m = share[a, b], share[b, a], count[a, b], count[b, a]
    pooled = (np.nan_to_num(first) * n + np.nan_to_num(1 - second) * m) / np.maximum(n + m, 1)
    use = (n > 0) & (m > 0) & (pooled > 0.02) & (pooled < 0.98)
    deviation = np.sqrt(pooled[use] * (1 - pooled[use]) * (1 / n[use] + 1 / m[use]))
    return (first + second - 1)[use] / deviation


def draw_probability(table: pd.DataFrame, path: Path) -> None:
    """Draw the map of every set."""
    from rramcirc.papers.milo2018.maps import draw_probability_maps

    draw_probability_maps(table, path)


def _point(x: int, c: int, low: float | None, high: float | None) -> Expected:
    said = "near 1" if high is None else "intermediate"
    return Expected(
        f"P({x} X cues, {c} C cues)", lambda t: grid(t)[x, c], "1", low, high, said, "assumed", "Fig. 6"
    )  # fmt: skip


PARAMETERS = ProbabilityParameters()
EXPERIMENT = Experiment(
    name="milo2018-probability",
    paper="Milo2018",
    figure="Fig. 6",
    claim="the pattern with more cues is recalled; with equal cues either, with the same probability",
    parameters=PARAMETERS,
    quick=replace(PARAMETERS, parameter_sets=("D",), chips=4),
    run=probability,
    plot=draw_probability,
    expected=(
        Expected(
            "largest |P - 0.5| on the diagonal, 4 to 12 cues", diagonal_error,
            "1", None, 0.05, "about 0.5", "published", "Sec. IV C",
        ),
        _point(6, 3, 0.9, None), _point(12, 6, 0.55, 0.95), _point(9, 6, 0.55, 0.95),
        Expected(
            "complement z-scores, standard deviation", lambda t: complement_scores(t).std(),
            "1", 0.8, 1.25, "complementary", "assumed", "Sec. IV C",
        ),
        Expected(
            "complement z-scores, largest", lambda t: abs(complement_scores(t)).max(),
            "1", None, 4.5, "complementary", "assumed", "Sec. IV C",
        ),
    ),
    engines=("network",),
    settings=settings,
)  # fmt: skip
