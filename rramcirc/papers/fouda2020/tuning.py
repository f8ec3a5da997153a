"""The learning rate of every rule: the same search, the same number of short runs, judged on validation images.

From a centre the rate is doubled or halved towards the better side until `RATES` rates were tried, then the other decay
of Adam is tried at the best. The centre of ternary rules falls with the sum of the gammas, because a wanted change is
written that much larger. Test images are not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rramcirc.papers.fouda2020.runs import FoudaRun, outer, result_of
from rramcirc.sweeps.record import RunRecord

RATES = 4
DECAYS = (0.97, 0.9)
SEED = 1  # of tuning only
CENTRE, TERNARY_CENTRE = 1e-3, 1.8e-2  # from runs that looked at validation images


@dataclass(frozen=True)
class Tuned:
    """The best rate and decay, and all that were tried: (rate, decay, validation accuracy of the outer layer [%])."""

    run: FoudaRun
    tried: tuple[tuple[float, float, float], ...]


def centre_of(run: FoudaRun) -> float:
    """Return the rate at which the search begins."""
    return TERNARY_CENTRE * 2 / sum(run.gammas) if run.rule == "ternary" else CENTRE


def tune(run: FoudaRun, folder: str, record: RunRecord, *, epochs: int = 4) -> Tuned:
    """Return the run with its best rate and decay; its seed and epochs are kept."""
    short = replace(run, epochs=epochs, seed=SEED, test=False)
    tried: dict[tuple[float, float], float] = {}

    def judged(rate: float, decay: float) -> float:
        if (rate, decay) not in tried:
            result = result_of(replace(short, rate=rate, decay1=decay), folder, record)
            tried[rate, decay] = outer(result, "validation")
        return tried[rate, decay]

    best = centre_of(run)
    judged(best, DECAYS[0])
    for factor in (2.0, 0.5):
        while len(tried) < RATES and judged(best * factor, DECAYS[0]) > judged(best, DECAYS[0]):
            best *= factor
    if len(tried) < RATES:  # both neighbours are worse: between the best and the better one
        side = max((0.5, 2.0), key=lambda factor: tried.get((best * factor, DECAYS[0]), -1.0))
        judged(best * side**0.5, DECAYS[0])
    best = max(tried, key=tried.__getitem__)[0]
    judged(best, DECAYS[1])
    rate, decay = max(tried, key=tried.__getitem__)
    return Tuned(replace(run, rate=rate, decay1=decay), tuple((*key, value) for key, value in tried.items()))
