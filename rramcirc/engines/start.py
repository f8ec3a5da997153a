"""How a transient begins, and begins again behind a corner of a stimulus: with steps whose error is seen.

ngspice does not check the error of its very first step, nor does VACASK.

It takes a tenth of the print step of ``.tran``. Where a state is driven at t = 0, that step can throw it anywhere: a
VTEAM cell behind 300 ohm went from 10 nm to -22,000 nm, with exit status 0. A first step of 1e-10 of the largest one,
ten times above the least that ngspice takes, costs some thirty points, because steps may double.

Behind a corner of a stimulus both estimate the error of a step with the step before the corner, which may be a thousand
times longer: the estimate is too small by that factor, and how a cell charges or a SET begins is stepped over (a tenth
of random transients in VACASK ended apart by more than 1e-3). A source that drives nothing has a second corner a
thousandth of the way to the next one. A first step is a part of that, and the error is seen from the second one on.
"""

from __future__ import annotations

import numpy as np

from rramcirc.bench.stimuli import PiecewiseLinear
from rramcirc.circuits.elements import Circuit, Source

FIRST_SHARE = 1e-9  # of the largest step, as the print step, of which ngspice takes a tenth
LEAST = 1e-12  # [s]; steps of attoseconds do not grow: the charges of a cell drown in rounding, and the run never ends


SECOND_CORNER = 1e-3  # of the way from one corner to the next
MOST_CORNERS = 2000  # a spike train of more has corners so close together that its steps are short anyway


def second_corners(circuit: Circuit, stop: float) -> Source | None:
    """Return the source that drives nothing and has two corners where the stimuli have one; None without states.

    Parameters
    ----------
    stop
        End of the transient [s].
    """
    if not any(card.states for card in circuit.cards):
        return None
    sources = [group for group in circuit.drivers if isinstance(group, Source)]
    corners = np.unique(np.concatenate([np.zeros(1), *(source.stimulus.corners()[0] for source in sources)]))
    corners = corners[corners < stop]
    behind = corners + SECOND_CORNER * np.diff(corners, append=stop)
    behind = behind[behind > corners * (1.0 + 1e-12)]
    if not behind.size or len(corners) > MOST_CORNERS:
        return None
    times = np.unique(np.concatenate([np.zeros(1), behind]))
    return Source("corners", "corners", PiecewiseLinear(times, np.zeros(len(times))))


def first_step(largest: float) -> float:
    """Return the print step [s] with which a transient begins slowly enough; `largest` is its largest step [s]."""
    return min(largest, max(FIRST_SHARE * largest, LEAST))


def is_driven_at_start(circuit: Circuit) -> bool:
    """Whether a voltage or current may move a state of the circuit right after t = 0."""
    if not any(card.states for card in circuit.cards):
        return False
    known = circuit.electrodes
    sources = [g for g in circuit.drivers if isinstance(g, Source) and (known is None or g.name in known)]
    levels = [] if known else [0.0]
    for source in sources:
        level = float(source.stimulus.corners()[1][0])
        if source.stimulus.unit == "A":
            if level != 0.0:
                return True
        else:
            levels.append(level)
    return bool(levels) and max(levels) != min(levels)
