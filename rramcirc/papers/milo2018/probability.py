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

from rramcirc.analysis.counts import Count
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.milo2018.completion import FITTED
from rramcirc.papers.milo2018.recall import recall_patterns, trained_chips
from rramcirc.papers.milo2018.sets import Factors, chosen_sets, settings
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
    factors: Factors = field(default=(), metadata={"desc": "what is multiplied in the first set"})


def probability(parameters: ProbabilityParameters, engine: str) -> pd.DataFrame:
    """Return one row per set and point: runs that recalled X, C and nothing, P, and the mean time [s]."""
    import pandas as pd

    rows = []
    for k, chosen in enumerate(chosen_sets(parameters)):
        name, chips = chosen.name, trained_chips(chosen.name, parameters.chips, () if k else parameters.factors)
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


def recalled_x(table: pd.DataFrame, x: int, c: int) -> Count:
    """Return how many of the runs that recalled a pattern recalled X, at a point of the first set's map."""
    hits, others = (int(grid(table, f"{name}_recalled")[x, c]) for name in ("x", "c"))
    return Count(hits, hits + others)


def largest_fall(table: pd.DataFrame) -> float:
    """Return the largest fall of P by one more cue of X at the same cues of C, in standard deviations [1].

    Points where one of the two maps has fewer than half of its runs recalled are left out.
    """
    hits, count = grid(table, "x_recalled"), grid(table, "x_recalled") + grid(table, "c_recalled")
    runs = count + grid(table, "none")
    share = (hits + 0.5) / (count + 1.0)  # never 0 or 1, so that every point has a deviation
    variance = share * (1.0 - share) / np.maximum(count, 1.0)
    z = (share[:-1] - share[1:]) / np.sqrt(variance[:-1] + variance[1:])
    use = (count[:-1] > 0.5 * runs[:-1]) & (count[1:] > 0.5 * runs[1:])
    return float(z[use].max())


def largest_beyond_six(table: pd.DataFrame) -> float:
    """Return the largest of P and 1 - P where more than 6 neurons of both patterns are cued."""
    share = grid(table)[7:, 7:]
    return float(np.maximum(share, 1.0 - share).max())


def draw_probability(table: pd.DataFrame, path: Path) -> None:
    """Draw the map of every set."""
    from rramcirc.papers.milo2018.maps import draw_probability_maps

    draw_probability_maps(table, path)


def _point(x: int, c: int, low: float | None, high: float | None) -> Expected:
    said = "near 1" if high is None else "intermediate"
    return Expected(
        f"P({x} X cues, {c} C cues)", lambda t: recalled_x(t, x, c), "1", low, high, said, "assumed", "Fig. 6",
        "searched", "gain, tau, rate and charge of the cues were searched on this probability",
    )  # fmt: skip


SYMMETRY = "X and C are of one size and their chips alike: P(a, b) = 1 - P(b, a) up to the binomial error"
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
        _point(6, 3, 0.9, None), _point(12, 6, 0.55, 0.95), _point(9, 6, 0.55, 0.95),
        Expected(
            "largest fall of P by one more cue of X, in standard deviations", largest_fall,
            "1", None, 4.5, "P increases", "published", "Sec. IV C", "independent",
            "three points were searched, the order of all 168 was not; noise alone gives up to 3",
        ),
        Expected(
            "largest of P and 1 - P, both above 6 cues", largest_beyond_six,
            "1", None, 0.95, "intermediate", "published", "Sec. IV C", "independent",
            "none of these points was searched; fails for maps that are steep everywhere",
        ),
        Expected(
            "largest |P - 0.5| on the diagonal, 4 to 12 cues", diagonal_error,
            "1", None, 0.05, "about 0.5", "published", "Sec. IV C", "cannot fail", SYMMETRY,
        ),
        Expected(
            "complement z-scores, standard deviation", lambda t: complement_scores(t).std(),
            "1", 0.8, 1.25, "complementary", "assumed", "Sec. IV C", "cannot fail", SYMMETRY,
        ),
        Expected(
            "complement z-scores, largest", lambda t: abs(complement_scores(t)).max(),
            "1", None, 4.5, "complementary", "assumed", "Sec. IV C", "cannot fail", SYMMETRY,
        ),
    ),
    engines=("network",),
    settings=settings,
    fitted=FITTED,
)  # fmt: skip
